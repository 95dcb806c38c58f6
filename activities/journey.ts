import { assignManager, ASSIGNMENT_RULES } from '../domain/assignment.js';
import { points, type ComplaintRef, type Instant, type JourneyId } from '../domain/types.js';
import { planOf, type JourneyPlan } from '../domain/journey-plan.js';
import { complaintDue } from '../domain/complaint-rules.js';
import { settle, SETTLEMENT_RULES, type Ending, type Settlement, type SettlementFacts } from '../domain/settlement.js';
import { insertComplaint } from '../store/complaints.js';
import { doorFacts, lockCustomer, tierOn, type CustomerContact } from '../store/customers.js';
import type { Sql } from '../store/database.js';
import { answeredBefore, recordDecisions, type Decision } from '../store/decisions.js';
import { postedBefore } from '../store/ledger.js';
import { grantReward, releaseReward, reserveReward, rewardKey } from '../store/rewards.js';
import { assignJourney, closeJourney, projectStep, readJourney, type JourneyRow } from '../store/journeys.js';
import { lockManagerLoads, managersComplainedAbout } from '../store/managers.js';
import { dataUntil } from '../store/installation.js';
import { answerSurvey, lockSurvey } from '../store/surveys.js';
import { readText } from '../store/texts.js';
import { complaintWorkflowId, type JourneyResult, type SurveyAnswer } from '../workflows/contract.js';
import { now, over, refuse, type Dependencies } from './dependencies.js';

export type Opening = { kind: 'open'; plan: JourneyPlan } | { kind: 'nobody-free' };

/** The journey's result, and whether a reward was posted that the customer should hear of. */
export interface SettledJourney extends JourneyResult {
  rewarded: boolean;
}

export interface RecordedAnswer {
  complaintKey: string | null;
  complaintRef: ComplaintRef | null;
}

/** What a journey does to the bank's records. Each step is done once, whatever is retried. */
export function journeyActivities(deps: Dependencies) {
  return {
    /** Finds the relationship manager and reserves the reward, or says that nobody is free; `attempt` counts the times that it was asked. */
    openJourney: (input: { journeyId: JourneyId; attempt: number; at: Instant }): Promise<Opening> =>
      openJourney(deps, input),
    /** Writes down the customer's answer; an unhappy one opens a complaint in the same transaction. */
    recordAnswer: (input: SurveyAnswer & { journeyId: JourneyId; at: Instant }): Promise<RecordedAnswer> =>
      recordAnswer(deps, input),
    /** Says that a promotion is not sent any more, and why. */
    dropOffer: (input: { journeyId: JourneyId }): Promise<null> => dropOffer(deps, input),
    /** Outcome, reward and the journey's end, in one transaction. */
    settleJourney: (input: { journeyId: JourneyId; ending: Ending; at: Instant }): Promise<SettledJourney> =>
      settleJourney(deps, input),
  };
}
export type JourneyActivities = ReturnType<typeof journeyActivities>;

/** Runs one step of a journey: once, with its decision, holding the customer's row. */
async function step<Result>(
  deps: Dependencies,
  journeyId: JourneyId,
  name: string,
  at: Instant,
  work: (sql: Sql, journey: JourneyRow, customer: CustomerContact, at: Instant) => Promise<Told<Result>>,
): Promise<Result> {
  const key = `journey:${journeyId}:${name}`;
  return deps.database.transaction(async (sql) => {
    const { customerRef } = await readJourney(sql, journeyId);
    const customer = await lockCustomer(sql, customerRef);
    const before = await answeredBefore<{ value: Result }>(sql, key);
    if (before) return before.value;
    // read under the lock: the goal may have been met while this waited for it
    const journey = await readJourney(sql, journeyId);
    const { value, ...told } = await work(sql, journey, customer, at);
    const decision = { ...told, key, customerRef: journey.customerRef, journeyId, result: { value } as never, at };
    await recordDecisions(sql, [decision]);
    return value;
  });
}
type Told<Result> = Pick<Decision, 'kind' | 'verdict' | 'reasons' | 'saw' | 'rules'> & { value: Result };

function openJourney(
  deps: Dependencies,
  input: { journeyId: JourneyId; attempt: number; at: Instant },
): Promise<Opening> {
  return step(deps, input.journeyId, `open-${input.attempt}`, input.at, async (sql, journey, customer, at) => {
    const loads = await lockManagerLoads(sql);
    const complainedAbout = await managersComplainedAbout(sql, journey.customerRef);
    const request = {
      language: customer.language,
      branchRef: customer.branchRef as never,
      dedicated: customer.managerRef,
      complainedAbout,
    };
    const assignment = assignManager(request, loads);
    let reward = null;
    if (assignment.kind === 'assigned') {
      await assignJourney(sql, journey.journeyId, assignment.managerRef);
      // a run that was ended by force may still have this step in hand; nothing is promised in a closed journey
      reward = journey.closedAt === null ? await reserveReward(sql, journey, at) : 'journey-closed';
      await projectStep(sql, journey.journeyId, 'outreach', 'a relationship manager looks after the customer', at);
    } else await projectStep(sql, journey.journeyId, 'waiting-for-manager', 'no relationship manager is free', at);
    const value: Opening =
      assignment.kind === 'assigned' ? { kind: 'open', plan: planOf(journey.definition) } : { kind: 'nobody-free' };
    const free = loads.filter((load) => load.openJourneys < load.capacity).length;
    const saw = { managers: loads.length, free, reward };
    const verdict = assignment.kind === 'assigned' ? assignment.managerRef : assignment.kind;
    return { kind: 'assignment', verdict, reasons: assignment.reasons, saw, rules: ASSIGNMENT_RULES, value };
  });
}

async function recordAnswer(
  deps: Dependencies,
  input: SurveyAnswer & { journeyId: JourneyId; at: Instant },
): Promise<RecordedAnswer> {
  const words = input.textId ? await readText(deps.database, input.textId) : null;
  return step(deps, input.journeyId, 'answer', input.at, async (sql, journey, _customer, at) => {
    const survey = await lockSurvey(sql, journey.journeyId);
    if (!survey || survey.answeredAt !== null) throw refuse('this survey was answered already');
    if (survey.expiresAt <= at) throw over('this survey has expired');
    await answerSurvey(sql, survey.surveyId, input.score, words?.body ?? null, at);
    const unhappy = input.score <= journey.definition.survey.unhappyAtOrBelow;
    const value: RecordedAnswer = unhappy
      ? await openFromAnswer(
          sql,
          journey,
          `survey:${survey.surveyId}`,
          words?.body ?? `answered ${input.score} of 10`,
          at,
        )
      : { complaintKey: null, complaintRef: null };
    const told = unhappy
      ? `answered ${input.score} of 10: complaint ${value.complaintRef} is open`
      : `answered ${input.score} of 10`;
    await projectStep(sql, journey.journeyId, 'goal', told, at);
    const saw = { score: input.score, unhappyAtOrBelow: journey.definition.survey.unhappyAtOrBelow };
    return {
      kind: 'answer',
      verdict: unhappy ? 'unhappy' : 'content',
      reasons: [],
      saw,
      rules: `${journey.campaignRef}@${journey.version}`,
      value,
    };
  });
}

async function openFromAnswer(
  sql: Sql,
  journey: JourneyRow,
  complaintKey: string,
  narrative: string,
  at: Instant,
): Promise<RecordedAnswer> {
  const rules = journey.definition.complaint;
  const { complaintRef } = await insertComplaint(sql, {
    complaintKey,
    workflowId: complaintWorkflowId(complaintKey),
    customerRef: journey.customerRef,
    source: 'survey',
    narrative,
    openedAt: at,
    dueAt: complaintDue(rules, at),
    ruleSet: rules.ruleSet,
  });
  return { complaintKey, complaintRef };
}

function dropOffer(deps: Dependencies, input: { journeyId: JourneyId }): Promise<null> {
  return step(deps, input.journeyId, 'offer-dropped', now(deps.bank), async (_sql, journey) => ({
    kind: 'message',
    verdict: 'withheld',
    reasons: ['complaint-open', 'survey-due'],
    saw: { template: journey.definition.offer?.template ?? null },
    rules: `${journey.campaignRef}@${journey.version}`,
    value: null,
  }));
}

function settleJourney(
  deps: Dependencies,
  input: { journeyId: JourneyId; ending: Ending; at: Instant },
): Promise<SettledJourney> {
  return step(deps, input.journeyId, 'settle', input.at, async (sql, journey, _customer, at) => {
    const asOf = await dataUntil(sql);
    const tierNow = await tierOn(sql, journey.customerRef, asOf);
    const { openComplaint } = await doorFacts(sql, journey.customerRef, null);
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
