/** What staff ask about one customer and the products. */
import type { ProductRef } from '../../domain/product-catalogue.js';
import type { RefusedProduct } from '../../domain/next-best-product.js';
import type { RiskAssessment } from '../../domain/suitability.js';
import type { Reason } from '../../domain/triggers.js';
import type { CustomerRef, Instant, JourneyId, PlainDate } from '../../domain/types.js';
import type { Sql } from '../database.js';

/** Assessments and recommendations of one customer that are shown, the newest first. */
export const MAX_SHOWN = 20;

export interface AssessmentRecord extends RiskAssessment {
  assessedBy: string;
  recordedAt: Instant;
}

/** A customer's risk assessments, the newest first, at most MAX_SHOWN. */
export async function readAssessments(sql: Sql, customerRef: CustomerRef): Promise<AssessmentRecord[]> {
  const { rows } = await sql.query<AssessmentRecord>(
    `select appetite, assessed_on as "assessedOn", valid_until as "validUntil", assessed_by as "assessedBy",
            recorded_at as "recordedAt"
       from risk_assessments where customer_ref = $1 order by assessed_on desc, assessment_id desc limit $2`,
    [customerRef, MAX_SHOWN],
  );
  return rows;
}

export interface RecommendationRecord {
  recommendedAt: Instant;
  journeyId: JourneyId | null;
  asOf: PlainDate;
  catalogueVersion: number | null;
  /** null: nothing suited */
  product: ProductRef | null;
  reasons: Reason[];
  refused: RefusedProduct[];
  rules: string;
}

/** What was recommended to a customer, the newest first, at most MAX_SHOWN. */
export async function readRecommendations(sql: Sql, customerRef: CustomerRef): Promise<RecommendationRecord[]> {
  const { rows } = await sql.query<RecommendationRecord>(
    `select recommended_at as "recommendedAt", journey_id as "journeyId", as_of as "asOf",
            catalogue_version as "catalogueVersion", product, reasons, refused, rules
       from recommendations where customer_ref = $1 order by recommended_at desc, recommendation_id desc limit $2`,
    [customerRef, MAX_SHOWN],
  );
  return rows;
}
