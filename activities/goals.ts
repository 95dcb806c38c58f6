import { businessTime } from '../domain/business-clock.js';
import { goalStanding, GOAL_RULES, type GoalAnswer, type GoalFacts } from '../domain/goal.js';
import { dateIn } from '../domain/calendar.js';
import { periodAt } from '../domain/tier-periods.js';
import type { TierStanding } from '../domain/tier-standing.js';
import type { Instant, PlainDate } from '../domain/types.js';
import { lockCustomer } from '../store/customers.js';
import { recordDecisions } from '../store/decisions.js';
import { firstEvaluations, forgetGoalLooks, goalLooks, type FirstEvaluation } from '../store/goals.js';
import { dataUntil } from '../store/installation.js';
import { holdoutsWithGoal, markHoldoutGoal } from '../store/holdouts.js';
import { journeysToTell, journeysWithGoal, markGoalMet, type JourneyRow } from '../store/journeys.js';
import { installedTierRule, readTiers } from '../store/tier-rules.js';
import { tierStandings } from '../store/tier-standings.js';
import { goalMet } from '../workflows/contract.js';
import { now } from './dependencies.js';
import { whileBeating, type RoundDependencies } from './round.js';
import { tellRun } from './sweep.js';

/** Bookings looked at together; a bank's month comes in at once. */
const MOST_LOOKS = 1000;

/** Looks at the goals of all open journeys, and tells those whose goal is met. */
export function goalActivities(deps: RoundDependencies) {
  return {
    checkGoals: (input: { asOf: PlainDate }): Promise<{ met: number }> => whileBeating(checkGoals(deps, input.asOf)),
  };
}
export type GoalActivities = ReturnType<typeof goalActivities>;

async function checkGoals(deps: RoundDependencies, asOf: PlainDate): Promise<{ met: number }> {
  const met = await markMet(deps, await journeysWithGoal(deps.database), asOf, now(deps.bank));
  await followHoldouts(deps, asOf);
  // told again on every round until the journey has ended: a signal that was lost in a crash is not lost for good
  for (const journey of await journeysToTell(deps.database)) await tellRun(deps.workflows, journey.workflowId, goalMet);
  return { met: met.length };
}

/**
 * Looks at the goals of those on whose accounts something was booked since the last look, and tells at once. What a crash
 * leaves undone the next look does, or the round.
 * @returns how many goals were met
 */
export async function checkBookedGoals(deps: RoundDependencies): Promise<number> {
  let met = 0;
  for (;;) {
    const looks = await goalLooks(deps.database, MOST_LOOKS);
    if (looks.customerRefs.length === 0) return met;
    const journeys = await journeysWithGoal(deps.database, looks.customerRefs);
    // no activity: the worker's own clock tells the time
    const at = businessTime(deps.bank.clock, Date.now());
    for (const journey of await markMet(deps, journeys, await dataUntil(deps.database), at)) {
      await tellRun(deps.workflows, journey.workflowId, goalMet);
      met += 1;
    }
    await forgetGoalLooks(deps.database, looks.lookIds);
  }
}

/** @returns the journeys whose goal is met from now on */
async function markMet(
  deps: RoundDependencies,
  journeys: JourneyRow[],
  asOf: PlainDate,
  at: Instant,
): Promise<JourneyRow[]> {
  const met: JourneyRow[] = [];
  if (journeys.length === 0) return met;
  const look = await lookAt(deps, journeys, asOf);
  for (const journey of journeys) {
    const { facts, answer, periodEnd } = look(journey);
    if (answer.met && (await writeGoal(deps, journey, facts, answer, periodEnd, at))) met.push(journey);
  }
  return met;
}

/** Who is left alone is followed to the goal that a journey would have had; nobody is told. */
async function followHoldouts(deps: RoundDependencies, asOf: PlainDate): Promise<void> {
  const at = now(deps.bank);
  const holdouts = await holdoutsWithGoal(deps.database, at);
  if (holdouts.length === 0) return;
  const look = await lookAt(deps, holdouts, asOf);
  for (const holdout of holdouts) {
    const { facts, answer, periodEnd } = look(holdout);
    if (!answer.met) continue;
    const evidence = { by: answer.by ?? 'average-secured', daysHeld: facts.daysHeld, periodEnd };
    await markHoldoutGoal(deps.database, holdout.holdoutId, evidence, at);
  }
}

interface Look {
  facts: GoalFacts;
  answer: GoalAnswer;
  periodEnd: PlainDate;
}

/** A journey, or who is left alone and followed to the same goal. */
type Watched = Pick<JourneyRow, 'customerRef' | 'admittedAt' | 'tierRankAtStart' | 'definition'>;

async function lookAt(
  deps: RoundDependencies,
  journeys: readonly Watched[],
  asOf: PlainDate,
): Promise<(journey: Watched) => Look> {
  const customerRefs = journeys.map((journey) => journey.customerRef);
  const admittedOn = (journey: Watched): PlainDate => dateIn(deps.bank.zone, journey.admittedAt);
  const asked = journeys.map((journey) => ({ customerRef: journey.customerRef, after: admittedOn(journey) }));
  const evaluations = await firstEvaluations(deps.database, asked, asOf);
  const ranks = new Map((await readTiers(deps.database)).map((tier) => [tier.tierRef, tier.rank]));
  const running = await standingsWithDays(deps, customerRefs, asOf);
  const ended = await endedStandings(deps, evaluations);
  return (journey) => {
    const evaluation = evaluations.get(journey.customerRef) ?? null;
    const now = running.get(journey.customerRef) ?? null;
    const standing = evaluation ? (ended.get(journey.customerRef) ?? null) : now;
    // a lower tier's threshold proves nothing for the tier that was to be kept
    const counts =
      standing !== null &&
      standing.periodStart > admittedOn(journey) &&
      (ranks.get(standing.tierRef) ?? 0) >= journey.tierRankAtStart;
    const facts: GoalFacts = {
      secured: counts && standing.secured,
      daysHeld: counts ? standing.daysAtThreshold : 0,
      heldDaysAsked: journey.definition.goal.heldDays,
      evaluation: verdictOf(evaluation, journey),
    };
    return { facts, answer: goalStanding(facts), periodEnd: standing?.periodEnd ?? asOf };
  };
}

function verdictOf(evaluation: FirstEvaluation | null, journey: Watched): GoalFacts['evaluation'] {
  if (!evaluation) return null;
  return !evaluation.missed && evaluation.rankAfter >= journey.tierRankAtStart ? 'kept' : 'missed';
}

/** Standings on a day with the days held since the running period began. */
async function standingsWithDays(
  deps: RoundDependencies,
  customerRefs: JourneyRow['customerRef'][],
  asOf: PlainDate,
): Promise<Map<string, TierStanding>> {
  const { start } = periodAt(await installedTierRule(deps.database), asOf);
  const standings = await tierStandings(deps.database, { asOf, customerRefs, heldSince: start });
  return new Map(standings.map((standing) => [standing.customerRef, standing]));
}

/** Standings on the last day of the periods that were evaluated, to know for how many days each was held. */
async function endedStandings(
  deps: RoundDependencies,
  evaluations: Map<JourneyRow['customerRef'], FirstEvaluation>,
): Promise<Map<string, TierStanding>> {
  const all = new Map<string, TierStanding>();
  for (const periodEnd of new Set([...evaluations.values()].map((evaluation) => evaluation.periodEnd))) {
    const some = [...evaluations.values()].filter((evaluation) => evaluation.periodEnd === periodEnd);
    const standings = await standingsWithDays(
      deps,
      some.map((evaluation) => evaluation.customerRef),
      periodEnd,
    );
    standings.forEach((standing, ref) => all.set(ref, standing));
  }
  return all;
}

async function writeGoal(
  deps: RoundDependencies,
  journey: JourneyRow,
  facts: GoalFacts,
  answer: GoalAnswer,
  periodEnd: PlainDate,
  at: Instant,
): Promise<boolean> {
  const by = answer.by ?? 'average-secured';
  return deps.database.transaction(async (sql) => {
    await lockCustomer(sql, journey.customerRef);
    const evidence = { by, daysHeld: facts.daysHeld, periodEnd };
    if (!(await markGoalMet(sql, journey.journeyId, evidence, at))) return false;
    const key = `journey:${journey.journeyId}:goal`;
    const told = {
      kind: 'goal',
      verdict: 'met',
      reasons: [by],
      saw: { ...facts, periodEnd },
      result: evidence,
      rules: GOAL_RULES,
      at,
    };
    await recordDecisions(sql, [{ key, customerRef: journey.customerRef, journeyId: journey.journeyId, ...told }]);
    return true;
  });
}
