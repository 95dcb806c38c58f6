import type { Outcome, Points } from './types.js';

/** Why a journey stopped waiting. */
export type Ending =
  'goal-met' | 'window-over' | 'opted-out' | 'withdrawn' | 'unreachable' | 'ineligible' | 'excluded' | 'moved-to-care';

export interface SettlementFacts {
  ending: Ending;
  /** the goal may be met and the journey end for another reason */
  goalMet: boolean;
  /** days at or above the threshold in the period that met the goal */
  daysHeld: number;
  heldDaysAsked: number;
  tierRankAtStart: number;
  tierRankNow: number;
  reward: Points | null;
  /** the reward is reserved for this journey, or the campaign's budget still has it */
  funded: boolean;
  openComplaint: boolean;
  /** this campaign has rewarded this customer before; it does so once */
  rewardedBefore: boolean;
}

export type RewardReason =
  | 'goal-met'
  | 'campaign-has-no-reward'
  | 'goal-not-met'
  | 'not-held-long-enough'
  | 'budget-spent'
  | 'complaint-open'
  | 'rewarded-before'
  | 'left-the-journey';

export interface Settlement {
  outcome: Outcome;
  reason: string;
  reward: { kind: 'post'; points: Points; reason: 'goal-met' } | { kind: 'withhold'; reason: RewardReason };
}

export const SETTLEMENT_RULES = 'settlement@3';

/** How the journey ended, and whether the reward is owed. */
export function settle(facts: SettlementFacts): Settlement {
  return { ...outcomeOf(facts), reward: rewardOf(facts) };
}

function outcomeOf(facts: SettlementFacts): { outcome: Outcome; reason: string } {
  switch (facts.ending) {
    case 'opted-out':
      return { outcome: 'opted-out', reason: 'the customer wants no more of these messages' };
    case 'withdrawn':
      return { outcome: 'declined', reason: 'withdrawn' };
    case 'unreachable':
      return { outcome: 'unreachable', reason: 'no address of the customer can be reached' };
    case 'ineligible':
      return { outcome: 'ineligible', reason: 'no relationship manager was free in time' };
    case 'excluded':
      return { outcome: 'ineligible', reason: 'the customer was excluded from retention journeys' };
    case 'moved-to-care':
      return {
        outcome: 'moved-to-care',
        reason: 'credit trouble was found: the customer is helped, not kept in a tier',
      };
    case 'goal-met':
      return { outcome: 'retained', reason: 'the tier is secured' };
    case 'window-over':
      return facts.tierRankNow < facts.tierRankAtStart
        ? { outcome: 'downgraded', reason: 'the tier fell' }
        : { outcome: 'retained', reason: 'the tier stood to the end of the journey' };
  }
}

/** A reward is for a tier that was kept, never for a deposit: money that comes and goes within days earns nothing. */
function rewardOf(facts: SettlementFacts): Settlement['reward'] {
  const withhold = (reason: RewardReason): Settlement['reward'] => ({ kind: 'withhold', reason });
  if (facts.reward === null) return withhold('campaign-has-no-reward');
  if (facts.ending !== 'goal-met' && facts.ending !== 'window-over') return withhold('left-the-journey');
  if (!facts.goalMet) return withhold('goal-not-met');
  if (facts.daysHeld < facts.heldDaysAsked) return withhold('not-held-long-enough');
  if (facts.openComplaint) return withhold('complaint-open');
  if (facts.rewardedBefore) return withhold('rewarded-before');
  if (!facts.funded) return withhold('budget-spent');
  return { kind: 'post', points: facts.reward, reason: 'goal-met' };
}
