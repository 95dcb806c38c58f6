import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '../domain/canonical-json.js';
import type { CustomerRef, Instant, JourneyId } from '../domain/types.js';
import { timestamp, type Sql } from './database.js';

/** Why something was done or not done: what was seen, under which rules, and what was said. */
export interface Decision {
  /** `workflowId:step`, never the run id: a reset changes that */
  key: string;
  customerRef: CustomerRef;
  journeyId: JourneyId | null;
  kind: string;
  verdict: string;
  reasons: readonly string[];
  saw: Json;
  /** what the step answered to its caller; a retry answers the same */
  result: Json;
  rules: string;
  at: Instant;
}

/** The digest before the first decision on a customer. */
export const FIRST_DIGEST = '0'.repeat(64);

/**
 * What a step answered when it was done before, or null. Every step asks this first, so that a retry changes nothing.
 */
export async function answeredBefore<Result>(sql: Sql, key: string): Promise<Result | null> {
  const { rows } = await sql.query<{ result: Result }>('select result from decisions where decision_key = $1', [key]);
  return rows[0]?.result ?? null;
}

/** The digest of a decision and of all that were taken on this customer before it. */
export function decisionDigest(decision: Decision, sequence: number, previous: string): string {
  const { key, customerRef, journeyId, kind, verdict, reasons, saw, result, rules, at } = decision;
  const told = {
    key,
    customerRef,
    journeyId,
    kind,
    verdict,
    reasons: [...reasons],
    saw,
    result,
    rules,
    at,
    sequence,
    previous,
  };
  return createHash('sha256').update(canonicalJson(told)).digest('hex');
}

/**
 * Adds decisions to their customers' chains, in the order given. The caller has locked those customers' rows.
 * @throws Error of the database when a key was used before (ask answeredBefore first)
 */
export async function recordDecisions(sql: Sql, decisions: readonly Decision[]): Promise<void> {
  if (decisions.length === 0) return;
  const { rows: heads } = await sql.query<{ customer_ref: string; sequence: number; digest: string }>(
    `select distinct on (customer_ref) customer_ref, sequence, digest from decisions
      where customer_ref = any($1) order by customer_ref, sequence desc`,
    [[...new Set(decisions.map((decision) => decision.customerRef))]],
  );
  const chain = new Map(heads.map((head) => [head.customer_ref, { sequence: head.sequence, digest: head.digest }]));
  const rows = decisions.map((decision) => {
    const head = chain.get(decision.customerRef) ?? { sequence: 0, digest: FIRST_DIGEST };
    const sequence = head.sequence + 1;
    const digest = decisionDigest(decision, sequence, head.digest);
    chain.set(decision.customerRef, { sequence, digest });
    return { ...decision, at: timestamp(decision.at), sequence, previous: head.digest, digest };
  });
  await sql.query(
    `insert into decisions (decision_key, customer_ref, journey_id, sequence, kind, verdict, reasons, saw, result,
                            rules, decided_at, previous_digest, digest)
     select key, "customerRef", "journeyId", sequence, kind, verdict, reasons, saw, result, rules, at, previous, digest
       from jsonb_to_recordset($1) as row(key text, "customerRef" text, "journeyId" uuid, sequence int, kind text,
            verdict text, reasons jsonb, saw jsonb, result jsonb, rules text, at timestamptz, previous text, digest text)
      order by sequence`,
    [JSON.stringify(rows)],
  );
}

export type ChainVerdict =
  { whole: true; decisions: number; head: string } | { whole: false; decisions: number; brokenAt: number; why: string };

/** A row of decisions as it stands in the table; `at` in ms with what is left below, so that no shift of time is too small. */
interface ChainRow extends Omit<Decision, 'at'> {
  sequence: number;
  at: string;
  previous: string;
  digest: string;
}

/**
 * Recomputes a customer's chain of digests, for whoever has to believe it: any column of any row that was changed, any
 * row taken out of the middle or put in, is named by its place. Rows cut off at the end leave a chain that is whole but
 * shorter; only a `head` that was noted elsewhere before can show that.
 */
export async function verifyDecisions(sql: Sql, customerRef: CustomerRef): Promise<ChainVerdict> {
  const { rows } = await sql.query<ChainRow>(
    `select decision_key as key, customer_ref as "customerRef", journey_id as "journeyId", sequence, kind, verdict,
            reasons, saw, result, rules, (extract(epoch from decided_at) * 1000)::text as at,
            previous_digest as previous, digest
       from decisions where customer_ref = $1 order by sequence`,
    [customerRef],
  );
  let head = FIRST_DIGEST;
  for (const [index, { sequence, previous, digest, at, ...decision }] of rows.entries()) {
    const broken = (why: string): ChainVerdict => ({ whole: false, decisions: rows.length, brokenAt: index + 1, why });
    if (sequence !== index + 1) return broken('a decision is missing');
    if (previous !== head) return broken('it does not follow the decision before it');
    if (decisionDigest({ ...decision, at: Number(at) as Instant }, sequence, previous) !== digest)
      return broken('it is not what was written');
    head = digest;
  }
  return { whole: true, decisions: rows.length, head };
}
