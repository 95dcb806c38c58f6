import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { moveAnswer, recordedPosition, type MoveAnswer } from '../domain/version-move.js';
import type { CampaignRef, Instant, JourneyId } from '../domain/types.js';
import { refusalIn } from '../domain/refusal.js';
import { readCampaignVersion, type CampaignVersion } from '../store/campaigns.js';
import type { Sql } from '../store/database.js';
import { journeyPlaces, type JourneyPlace } from '../store/reads/journey-positions.js';
import { moveToVersion } from '../workflows/contract.js';
import { askWithin } from './ask.js';

const BATCH = 500;
/** Updates under way at once. */
const AT_ONCE = 16;

/** What would become, or has become, of one open journey. */
export interface PlannedMove extends Pick<JourneyPlace, 'journeyId' | 'customerRef' | 'workflowId' | 'version'> {
  answer: MoveAnswer;
}

/** Classifies every open journey of a campaign for a move to a version; nothing is moved. */
export async function planMoves(
  sql: Sql,
  asked: { campaignRef: CampaignRef; to: CampaignVersion; at: Instant },
): Promise<PlannedMove[]> {
  const { campaignRef, to, at } = asked;
  const versions = new Map<number, CampaignVersion | null>([[to.version, to]]);
  const planned: PlannedMove[] = [];
  for (let after: JourneyId | null = null; ;) {
    const places: JourneyPlace[] = await journeyPlaces(sql, { campaignRef, after, limit: BATCH, at });
    if (places.length === 0) return planned;
    for (const place of places) {
      if (!versions.has(place.version))
        versions.set(place.version, await readCampaignVersion(sql, campaignRef, place.version));
      const from = versions.get(place.version);
      if (!from)
        throw new Error(`version ${place.version} of ${campaignRef} is not there, though a journey runs by it`);
      const { journeyId, customerRef, workflowId, version } = place;
      const answer = moveAnswer(recordedPosition(place, from.definition), from, to);
      planned.push({ journeyId, customerRef, workflowId, version, answer });
    }
    after = places.at(-1)?.journeyId ?? null;
  }
}

/**
 * Moves those that can be moved, some at a time; each run has the last word. Done again it goes on with those that are
 * left.
 * @param told is called after each batch, with how many are done
 */
export async function applyMoves(
  client: Client,
  planned: readonly PlannedMove[],
  move: { version: number; by: string },
  told: (done: number) => void = () => undefined,
): Promise<PlannedMove[]> {
  const result: PlannedMove[] = [];
  for (let i = 0; i < planned.length; i += AT_ONCE) {
    const some = planned.slice(i, i + AT_ONCE);
    result.push(...(await Promise.all(some.map((one) => moveOne(client, one, move)))));
    told(result.length);
  }
  return result;
}

async function moveOne(
  client: Client,
  planned: PlannedMove,
  move: { version: number; by: string },
): Promise<PlannedMove> {
  if (planned.answer.kind !== 'moves') return planned;
  const handle = client.workflow.getHandle(planned.workflowId);
  try {
    const { step } = await askWithin(client, () =>
      handle.executeUpdate(moveToVersion, { args: [{ ...move, undo: false }] }),
    );
    return { ...planned, answer: { kind: 'moves', step } };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError)
      return {
        ...planned,
        answer: { kind: 'blocked', why: 'its run is not there: it has not begun yet, or has just ended' },
      };
    const why = refusalIn(error);
    if (why === null) throw error;
    return { ...planned, answer: { kind: 'blocked', why } };
  }
}
