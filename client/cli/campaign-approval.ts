import type { CampaignDefinition } from '../../domain/campaign.js';
import type { Rewarded } from '../../domain/gift-rules.js';
import type { CampaignRef } from '../../domain/types.js';
import type { Approval } from '../../store/approvals.js';
import { withBank } from './context.js';
import { lineOf } from './line-option.js';
import { facts, iso, when, type Answer } from './output.js';

type Reward = NonNullable<CampaignDefinition['reward']>;

/** `campaign approve`: records that compliance approved this definition. @throws Error when there is nothing to approve */
export async function approve(definition: CampaignDefinition, given: { by: string; reason: string }): Promise<Answer> {
  const { MAX_APPROVER_CHARACTERS, MAX_REASON_CHARACTERS, recordApproval } = await import('../../store/approvals.js');
  const by = lineOf(given.by, '--by', MAX_APPROVER_CHARACTERS);
  const reason = lineOf(given.reason, '--reason', MAX_REASON_CHARACTERS);
  const { giftRule, needsApproval } = await import('../../domain/gift-rules.js');
  const { definitionDigest } = await import('../../store/definition-digest.js');
  const campaignRef = definition.campaign as CampaignRef;
  const { reward } = definition;
  return withBank(async ({ database, installation: { jurisdiction, zone }, now }) => {
    if (!reward) throw new Error(`there is nothing to approve: ${campaignRef} has no reward, and may be published.`);
    const what = await rewardInWords(reward);
    if (!needsApproval(jurisdiction, reward.for))
      throw new Error(
        `there is nothing to approve: ${jurisdiction} does not forbid ${what}, and ${campaignRef} may be published.`,
      );
    const digest = definitionDigest(definition);
    const { approval, isNew } = await recordApproval(database, { campaignRef, digest, by, at: now(), reason });
    const head = isNew
      ? `Approved: ${campaignRef} may be published as it stands in this file.`
      : `This very definition of ${campaignRef} was approved before, nothing was changed.`;
    const approved = facts([
      ['reward', `${what}, ${reward.budget} in all`],
      ['forbidden', `in ${jurisdiction}: ${giftRule(jurisdiction)?.source ?? 'nobody has looked'} (${approval.rules})`],
      ['digest', digest],
      ['approved', approvedWhen(approval, zone)],
      ['reason', approval.reason],
    ]);
    const tail = 'An edit of anything but a comment is another version, which needs its own approval.';
    const data = { campaignRef, digest, rewards: reward.for, jurisdiction, isNew, ...approvalData(approval) };
    return { data, text: () => `${head}\n\n${approved}\n\n${tail}` };
  });
}

/** Whether compliance approved a published version, in words. */
export async function approvalInWords(
  { reward }: CampaignDefinition,
  approval: Approval | null,
  { jurisdiction, zone }: { jurisdiction: string; zone: string },
): Promise<string> {
  if (approval) return `${approvedWhen(approval, zone)}: ${approval.reason}`;
  const { needsApproval } = await import('../../domain/gift-rules.js');
  const rewards = reward && rewardsOf(reward);
  if (!rewards) return reward ? 'none; it was published before a reward had to say what it is for' : 'none needed';
  return needsApproval(jurisdiction, rewards) ? 'none' : `none needed in ${jurisdiction}`;
}

/** An approval for programs. */
export function approvalData({ approvedAt, ...approval }: Approval): object {
  return { ...approval, approvedAt: iso(approvedAt) };
}

/** `500 points for an average balance kept` */
export async function rewardInWords(reward: Reward): Promise<string> {
  const { rewardedWords } = await import('../../domain/gift-rules.js');
  const rewards = rewardsOf(reward);
  return `${reward.points} points${rewards ? ` for ${rewardedWords(rewards)}` : ''}`;
}

/** Versions that were published before rewards said what they are for don't. */
const rewardsOf = (reward: { for?: Rewarded }): Rewarded | null => reward.for ?? null;

const approvedWhen = ({ approvedAt, approvedBy }: Approval, zone: string): string =>
  `${when(approvedAt, zone)} by ${approvedBy}`;
