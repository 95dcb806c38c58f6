import type { CampaignDefinition } from '../domain/campaign.js';
import { samePerson } from '../domain/campaign-launch.js';
import { GIFT_RULES, giftRefusal } from '../domain/gift-rules.js';
import type { CampaignRef, Instant } from '../domain/types.js';
import { one, timestamp, type Sql } from './database.js';
import { readInstallation } from './installation.js';

/** Longest name and reason of an approval, in characters; the table's checks say the same. */
export const MAX_APPROVER_CHARACTERS = 100;
export const MAX_REASON_CHARACTERS = 1000;

/** What compliance approved; it holds for this one definition and is never taken back. */
export interface Approval {
  approvedBy: string;
  approvedAt: Instant;
  reason: string;
  /** the table by which it was needed */
  rules: string;
}

export interface NewApproval {
  campaignRef: CampaignRef;
  /** of the definition that is approved, by `definitionDigest` */
  digest: string;
  /** a staff name, 1 to MAX_APPROVER_CHARACTERS */
  by: string;
  at: Instant;
  /** 1 to MAX_REASON_CHARACTERS */
  reason: string;
}

/** A reward that may not be published; the message says why and what to do. */
export class RewardNotApproved extends Error {
  override readonly name = 'RewardNotApproved';
}

/** The approval of this very definition, or null. */
export async function readApproval(sql: Sql, campaignRef: CampaignRef, digest: string): Promise<Approval | null> {
  const { rows } = await sql.query<Approval>(
    `select approved_by as "approvedBy", approved_at as "approvedAt", reason, rules
       from compliance_approvals where campaign_ref = $1 and digest = $2`,
    [campaignRef, digest],
  );
  return rows[0] ?? null;
}

/**
 * Writes down that compliance approved a definition. The first approval of it stands: a second one changes nothing.
 * @returns the approval that stands, and whether it is this one
 */
export async function recordApproval(sql: Sql, approval: NewApproval): Promise<{ approval: Approval; isNew: boolean }> {
  const { campaignRef, digest, by, at, reason } = approval;
  const { rowCount } = await sql.query(
    `insert into compliance_approvals (campaign_ref, digest, approved_by, approved_at, reason, rules)
     values ($1, $2, $3, $4, $5, $6) on conflict (campaign_ref, digest) do nothing`,
    [campaignRef, digest, by, timestamp(at), reason, GIFT_RULES],
  );
  const standing = await readApproval(sql, campaignRef, digest);
  return { approval: one(standing ? [standing] : [], 'the approval that was just written'), isNew: rowCount === 1 };
}

/**
 * Asked in the transaction that publishes. Without a bank nobody knows whose law holds, so a reward waits for one.
 * @param digest of this definition
 * @param by who publishes: compliance's word is another person's
 * @throws RewardNotApproved when the bank's jurisdiction forbids the reward and compliance has not approved it
 */
export async function refuseUnapprovedReward(
  sql: Sql,
  definition: CampaignDefinition,
  digest: string,
  by: string,
): Promise<void> {
  const { campaign, reward } = definition;
  if (!reward) return;
  const installation = await readInstallation(sql);
  if (!installation)
    throw new RewardNotApproved(
      `${campaign} has a reward, and without a bank nobody knows which country's rules it must keep; ` +
        'load the bank first, with "keepwell bank generate" or "keepwell import berka"',
    );
  const approval = await readApproval(sql, campaign as CampaignRef, digest);
  if (approval && samePerson(approval.approvedBy, by))
    throw new RewardNotApproved(
      `${campaign} can't be published by ${by}, who approved its reward for compliance; have another person publish it`,
    );
  const approved = approval !== null;
  const refusal = giftRefusal(installation.jurisdiction, reward.for, approved);
  if (refusal !== null)
    throw new RewardNotApproved(
      `${campaign} can't be published: ${refusal}. Have compliance approve this very file: ` +
        'keepwell campaign approve FILE --by NAME --reason "…"; then publish it again',
    );
}
