import { planOf, type JourneyPlan } from '../domain/journey-plan.js';
import type { Instant, JourneyId } from '../domain/types.js';
import { moveAnswer, MOVE_RULES, type JourneyPosition } from '../domain/version-move.js';
import { readCampaignVersion } from '../store/campaigns.js';
import { isLaunched } from '../store/campaign-launches.js';
import { lockCustomer } from '../store/customers.js';
import type { Sql } from '../store/database.js';
import { answeredBefore, recordDecisions } from '../store/decisions.js';
import { contactedSince, lastMove, moveJourneyRow, undoMove } from '../store/journey-moves.js';
import { readJourney, type JourneyRow } from '../store/journeys.js';
import type { VersionMove } from '../workflows/contract.js';
import type { Dependencies } from './dependencies.js';

export interface MoveInput extends VersionMove {
  journeyId: JourneyId;
  /** as the run itself knows it */
  position: JourneyPosition;
  at: Instant;
}

export type Moved = { kind: 'moved'; plan: JourneyPlan; step: string } | { kind: 'blocked'; why: string };

/** Moves an open journey to another version of its campaign; asked twice, the second finds it there. */
export function moveActivities(deps: Dependencies) {
  return {
    moveJourney: (input: MoveInput): Promise<Moved> =>
      deps.database.transaction(async (sql) => {
        const { customerRef } = await readJourney(sql, input.journeyId);
        await lockCustomer(sql, customerRef);
        return move(sql, await readJourney(sql, input.journeyId), input);
      }),
  };
}
export type MoveActivities = ReturnType<typeof moveActivities>;

async function move(sql: Sql, journey: JourneyRow, input: MoveInput): Promise<Moved> {
  const { version: wanted, at, undo } = input;
  const { campaignRef, version, journeyId, definition } = journey;
  const to = await readCampaignVersion(sql, campaignRef, wanted);
  if (!to) return { kind: 'blocked', why: `${campaignRef} has no version ${wanted}` };
  if (!(await isLaunched(sql, campaignRef, wanted)))
    return {
      kind: 'blocked',
      why: `version ${wanted} of ${campaignRef} is a proposal: a second person launches it first`,
    };
  const { position } = input;
  const answer = moveAnswer(position, { version, definition }, to);
  const plan = planOf(to.definition);
  const key = `journey:${journeyId}:move-${version}-${wanted}:${at}`;
  const before = await answeredBefore<{ why: string }>(sql, key);
  if (before) return { kind: 'blocked', why: before.why };
  // a retry of a move whose answer was lost
  if (version === wanted) return { kind: 'moved', plan, step: input.position.at };
  const refused = answer.kind === 'moves' ? null : answer.why;
  const why = refused ?? (undo ? await undoRefused(sql, journey, wanted) : null);
  const verdict = why === null ? 'moved' : 'blocked';
  if (why === null) await write(sql, journey, input, answer.kind === 'moves' ? answer.step : input.position.at);
  const { customerRef } = journey;
  const saw = { ...position, done: [...position.done], from: version, to: wanted, undo, by: input.by };
  const reasons = why === null ? [] : [why];
  await recordDecisions(sql, [
    {
      key,
      customerRef,
      journeyId,
      kind: 'version-move',
      verdict,
      reasons,
      saw,
      result: { verdict, why },
      rules: MOVE_RULES,
      at,
    },
  ]);
  if (why !== null) return { kind: 'blocked', why };
  return { kind: 'moved', plan, step: answer.kind === 'moves' ? answer.step : input.position.at };
}

async function undoRefused(sql: Sql, { journeyId, campaignRef }: JourneyRow, wanted: number): Promise<string | null> {
  const last = await lastMove(sql, journeyId);
  if (last?.fromVersion !== wanted) return `nothing to undo: it was not moved from version ${wanted} of ${campaignRef}`;
  if (await contactedSince(sql, journeyId, last.movedAt))
    return `too late to undo: the customer has been contacted under version ${last.toVersion} since`;
  return null;
}

async function write(sql: Sql, journey: JourneyRow, input: MoveInput, step: string): Promise<void> {
  const { journeyId, campaignRef, version } = journey;
  const { at, by, version: to, undo } = input;
  const last = undo ? await lastMove(sql, journeyId) : null;
  await moveJourneyRow(sql, { journeyId, campaignRef, from: version, to, step, at, by });
  if (!last) return;
  // the way back is a move like any other, and neither of the two can be undone
  await undoMove(sql, last.moveId, at);
  const back = await lastMove(sql, journeyId);
  if (back) await undoMove(sql, back.moveId, at);
}
