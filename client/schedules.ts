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
/** Under a fast clock the letters need not run oftener than this, ms. */
const LETTERS_LEAST_MS = 5000;

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

/** When the letters run: at half past every hour; under a faster clock as often as LETTERS_LEAST_MS allows. */
export function lettersSpec({ clock }: RoundScheduleSettings): ScheduleSpec {
  if (clock.rate === 1) return { calendars: [{ hour: '*', minute: 30, comment: 'owed letters' }] };
  return { intervals: [{ every: LETTERS_LEAST_MS }] };
}

/**
 * Makes the schedules that are missing, and runs a new round once; one that is there stays as it is, paused or not. A run
 * that still goes on when the next is due lets it skip; one that was missed for longer than the catch-up window is not
 * made up.
 * @returns whether the round's was made
 */
export async function ensureSchedules(client: Client, settings: RoundScheduleSettings): Promise<boolean> {
  const input: RoundInput = { clock: settings.clock, scope: 'all' };
  await ensure(client, {
    scheduleId: SCHEDULES.letters,
    spec: lettersSpec(settings),
    triggerImmediately: false,
    workflowType: WORKFLOWS.letters,
    workflowId: 'letters:owed',
    args: [],
    staticSummary: 'Letters that no run waits for: points, talks and salons, digests',
  });
  return ensure(client, {
    scheduleId: SCHEDULES.round,
    spec: roundSpec(settings),
    // the first round need not wait for tomorrow morning
    triggerImmediately: true,
    workflowType: WORKFLOWS.round,
    workflowId: 'round:daily',
    args: [input],
    staticSummary: 'Daily round: evaluate tiers, find customers at risk, start journeys, look at goals',
  });
}

interface NewSchedule {
  scheduleId: string;
  spec: ScheduleSpec;
  triggerImmediately: boolean;
  workflowType: string;
  workflowId: string;
  args: unknown[];
  staticSummary: string;
}

async function ensure(client: Client, schedule: NewSchedule): Promise<boolean> {
  const { scheduleId, spec, triggerImmediately, ...action } = schedule;
  try {
    await client.schedule.create({
      scheduleId,
      spec,
      state: { triggerImmediately },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: ROUND_CATCHUP_WINDOW },
      action: { type: 'startWorkflow', taskQueue: TASK_QUEUE, ...action },
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
