import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client, type ScheduleSpec } from '@temporalio/client';
import { wallDuration, type BusinessClock } from '../domain/business-clock.js';
import { days, type ZoneId } from '../domain/types.js';
import {
  ROUND_CATCHUP_WINDOW,
  ROUND_HOUR,
  SCHEDULES,
  TASK_QUEUE,
  WORKFLOWS,
  type RoundInput,
} from '../workflows/contract.js';

/** The server asks a schedule no more often than this. */
const SHORTEST_INTERVAL_MS = 1000;

export interface RoundScheduleSettings {
  zone: ZoneId;
  clock: BusinessClock;
}

/**
 * When the round runs: at ROUND_HOUR of the bank's zone, clock changes included. A clock that is faster than the wall
 * knows no such hour on the wall; there it runs once in each business day, at most once a second.
 */
export function roundSpec({ zone, clock }: RoundScheduleSettings): ScheduleSpec {
  if (clock.rate === 1) return { calendars: [{ hour: ROUND_HOUR, minute: 0, comment: 'daily round' }], timezone: zone };
  return { intervals: [{ every: Math.max(SHORTEST_INTERVAL_MS, wallDuration(clock, days(1))) }] };
}

/**
 * Makes the schedule of the daily round if it is missing, and runs it once at that; one that is there stays as it is, paused or not. A round that
 * still runs when the next is due lets it skip; one that was missed for longer than the catch-up window is not made up.
 * @returns false when it was there
 */
export async function ensureRoundSchedule(client: Client, settings: RoundScheduleSettings): Promise<boolean> {
  const input: RoundInput = { clock: settings.clock, scope: 'all' };
  try {
    await client.schedule.create({
      scheduleId: SCHEDULES.round,
      spec: roundSpec(settings),
      // the first round need not wait for tomorrow morning
      state: { triggerImmediately: true },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: ROUND_CATCHUP_WINDOW },
      action: {
        type: 'startWorkflow',
        workflowType: WORKFLOWS.round,
        workflowId: 'round:daily',
        taskQueue: TASK_QUEUE,
        args: [input],
        staticSummary: 'Daily round: evaluate tiers, find customers at risk, start journeys, look at goals',
      },
    });
    return true;
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return false;
    throw error;
  }
}

export interface ScheduleState {
  scheduleId: string;
  paused: boolean;
  note: string | null;
  /** wall instants */
  lastRuns: number[];
  nextRuns: number[];
}

/** @throws ScheduleNotFoundError when it was never made */
export async function describeSchedule(client: Client, scheduleId: string): Promise<ScheduleState> {
  const { state, info } = await client.schedule.getHandle(scheduleId).describe();
  return {
    scheduleId,
    paused: state.paused,
    note: state.note ?? null,
    lastRuns: info.recentActions.map((action) => action.takenAt.getTime()),
    nextRuns: info.nextActionTimes.map((at) => at.getTime()),
  };
}
