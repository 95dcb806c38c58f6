import { settle, SETTLEMENT_RULES, type Ending, type Settlement, type SettlementFacts } from '../domain/settlement.js';
import { points, type Instant, type JourneyId } from '../domain/types.js';
import { hasOpenComplaint } from '../store/complaints.js';
import { tierOn } from '../store/customers.js';
import type { Sql } from '../store/database.js';
import { dataUntil } from '../store/installation.js';
import { closeJourney, type JourneyRow } from '../store/journeys.js';
import { postedBefore } from '../store/ledger.js';
import { grantReward, releaseReward, rewardKey } from '../store/rewards.js';
import type { JourneyResult } from '../workflows/contract.js';
import type { Dependencies } from './dependencies.js';
import { step } from './journey-step.js';

/** The journey's result, and whether a reward was posted that the customer should hear of. */
export interface SettledJourney extends JourneyResult {
  rewarded: boolean;
}

/** Outcome, reward and the journey's end, in one transaction. */
export function settleJourney(
  deps: Dependencies,
  input: { journeyId: JourneyId; ending: Ending; at: Instant },
): Promise<SettledJourney> {
  return step(deps, input.journeyId, 'settle', input.at, async (sql, journey, _customer, at) => {
    const asOf = await dataUntil(sql);
    const tierNow = await tierOn(sql, journey.customerRef, asOf);
    const openComplaint = await hasOpenComplaint(sql, journey.customerRef);
    const { reward } = journey.definition;
    const facts = {
      ending: input.ending,
      goalMet: journey.goalMetAt !== null,
      daysHeld: journey.goalDaysHeld,
      heldDaysAsked: journey.definition.goal.heldDays,
      tierRankAtStart: journey.tierRankAtStart,
      tierRankNow: tierNow.rank,
      reward: reward ? points(reward.points) : null,
      openComplaint,
      rewardedBefore: await postedBefore(sql, rewardKey(journey.campaignRef, journey.customerRef)),
    };
    const { settlement, funded } = await settleReward(sql, journey, facts, at);
    const words = `${settlement.outcome}: ${settlement.reason}; reward ${rewardWords(settlement)}`;
    await closeJourney(sql, journey.journeyId, settlement.outcome, words, at);
    const saw = { ...facts, reward: facts.reward?.toString() ?? null, funded, asOf };
    const reasons = [settlement.reason, `reward-${settlement.reward.kind}`, settlement.reward.reason];
    const rewarded = settlement.reward.kind === 'post';
    const value = { outcome: settlement.outcome, reason: settlement.reason, rewarded };
    return { kind: 'settlement', verdict: settlement.outcome, reasons, saw, rules: SETTLEMENT_RULES, value };
  });
}

function rewardWords(settlement: Settlement): string {
  return settlement.reward.kind === 'post'
    ? `of ${settlement.reward.points} points posted`
    : `withheld (${settlement.reward.reason})`;
}

/** Grants the reward where it is owed and there are points for it; whatever else was reserved goes back to the budget. */
async function settleReward(
  sql: Sql,
  journey: JourneyRow,
  facts: Omit<SettlementFacts, 'funded'>,
  at: Instant,
): Promise<{ settlement: Settlement; funded: boolean }> {
  const settlement = settle({ ...facts, funded: true });
  if (settlement.reward.kind === 'withhold') {
    await releaseReward(sql, journey.journeyId, 'released', at);
    return { settlement, funded: true };
  }
  const funded = await grantReward(sql, journey, settlement.reward.points, at);
  return { settlement: funded ? settlement : settle({ ...facts, funded }), funded };
}
