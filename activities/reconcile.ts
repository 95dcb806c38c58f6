import { log } from '@temporalio/activity';
import { complaintRestart, WORKFLOWS } from '../workflows/contract.js';
import { unansweredAmong } from '../store/complaints.js';
import { lockCustomer } from '../store/customers.js';
import { answeredBefore, recordDecisions } from '../store/decisions.js';
import { Overdrawn } from '../store/ledger.js';
import { lapsedReservations, releaseReward } from '../store/rewards.js';
import { closeJourney, openAmong, readJourney } from '../store/journeys.js';
import type { Instant, JourneyId } from '../domain/types.js';
import { now } from './dependencies.js';
import { whileBeating, type RoundDependencies } from './round.js';

export const RECONCILE_RULES = 'reconcile@1';
/** Runs that were ended by force within these wall days are looked at; the round runs daily, so this outlasts a week's outage. */
const LOOK_BACK_DAYS = 14;
const BATCH = 500;

/**
 * A terminated workflow runs no clean-up. The open row of its journey would keep the customer out of every campaign for
 * good, so it is closed; a complaint may not lose its clock, so its run is started again.
 */
export function reconcileActivities(deps: RoundDependencies) {
  return {
    closeEndedJourneys: (): Promise<{ closed: number }> => whileBeating(closeEndedJourneys(deps)),
    /** A promise of points that outlived its journey goes back to the campaign's budget. */
    releaseLapsedReservations: (): Promise<{ released: number; stuck: number }> =>
      whileBeating(releaseLapsedReservations(deps)),
    resumeEndedComplaints: (): Promise<{ resumed: number }> => whileBeating(resumeEndedComplaints(deps)),
  };
}
export type ReconcileActivities = ReturnType<typeof reconcileActivities>;

/** The runs of a kind that were ended by force of late, a batch at a time. */
async function* endedByForce(deps: RoundDependencies, workflowType: string): AsyncGenerator<string[]> {
  const since = new Date(Date.now() - LOOK_BACK_DAYS * 86_400_000).toISOString();
  const query = `WorkflowType = '${workflowType}' and CloseTime > '${since}' and ExecutionStatus in ('Terminated', 'Failed', 'Canceled', 'TimedOut')`;
  let batch: string[] = [];
  for await (const run of deps.workflows.list({ query })) {
    batch.push(run.workflowId);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

async function closeEndedJourneys(deps: RoundDependencies): Promise<{ closed: number }> {
  const at = now(deps.bank);
  let closed = 0;
  for await (const batch of endedByForce(deps, WORKFLOWS.journey))
    for (const journeyId of await openAmong(deps.database, batch)) closed += await closeOne(deps, journeyId, at);
  return { closed };
}

async function resumeEndedComplaints(deps: RoundDependencies): Promise<{ resumed: number }> {
  let resumed = 0;
  for await (const batch of endedByForce(deps, WORKFLOWS.complaint))
    for (const complaint of await unansweredAmong(deps.database, batch)) {
      // one that runs (taken up before, or reset) is left alone by the conflict policy
      await deps.workflows.start(...complaintRestart({ ...complaint, textId: null, clock: deps.bank.clock }));
      resumed += 1;
    }
  return { resumed };
}

async function closeOne(deps: RoundDependencies, journeyId: JourneyId, at: Instant): Promise<number> {
  return deps.database.transaction(async (sql) => {
    const { customerRef, workflowId } = await readJourney(sql, journeyId);
    await lockCustomer(sql, customerRef);
    // a run that was reset goes on under the same id: it is not over
    const { status } = await deps.workflows.getHandle(workflowId).describe();
    const key = `${workflowId}:reconcile`;
    if (status.name === 'RUNNING' || (await answeredBefore(sql, key))) return 0;
    const words = `its run was ended by force (${status.name.toLowerCase()})`;
    await closeJourney(sql, journeyId, 'ineligible', words, at);
    await releaseReward(sql, journeyId, 'released', at);
    const saw = { status: status.name };
    const told = { kind: 'settlement', verdict: 'ineligible', reasons: ['run-ended-by-force', 'reward-withhold'], saw };
    await recordDecisions(sql, [
      { ...told, key, customerRef, journeyId, result: { closed: true }, rules: RECONCILE_RULES, at },
    ]);
    return 1;
  });
}

/** What the books do not have is left for `ledger verify` to tell of; it keeps nobody else's points back. */
async function releaseLapsedReservations(deps: RoundDependencies): Promise<{ released: number; stuck: number }> {
  const at = now(deps.bank);
  const stuck: JourneyId[] = [];
  for (let released = 0; ;) {
    const lapsed = await lapsedReservations(deps.database, at, BATCH, stuck);
    if (lapsed.length === 0) return { released, stuck: stuck.length };
    for (const reservation of lapsed)
      try {
        if (await releaseLapsed(deps, reservation, at)) released += 1;
      } catch (error) {
        if (!(error instanceof Overdrawn)) throw error;
        log.error('a lapsed reservation can not be released; ask `keepwell ledger verify`', {
          journeyId: reservation.journeyId,
        });
        stuck.push(reservation.journeyId);
      }
  }
}

function releaseLapsed(
  deps: RoundDependencies,
  { journeyId, customerRef, points }: Awaited<ReturnType<typeof lapsedReservations>>[number],
  at: Instant,
): Promise<boolean> {
  return deps.database.transaction(async (sql) => {
    await lockCustomer(sql, customerRef);
    if (!(await releaseReward(sql, journeyId, 'expired', at))) return false;
    const key = `reservation:${journeyId}:lapsed`;
    const told = { kind: 'reward', verdict: 'released', reasons: ['reservation-lapsed'], rules: RECONCILE_RULES };
    const saw = { points: points.toString() };
    await recordDecisions(sql, [{ ...told, key, customerRef, journeyId, saw, result: { released: true }, at }]);
    return true;
  });
}
