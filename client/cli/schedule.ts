import type { Command } from 'commander';
import { withBank } from './context.js';
import { does, iso, table, when, WrongUsage, type Answer } from './output.js';

const NAME = '[name]';
const WHICH = 'which one: daily-round or owed-letters (default: daily-round)';

/** `schedule list|pause|resume|run` */
export function addSchedule(program: Command): void {
  const schedule = program.command('schedule').description('what runs by itself, and when');
  does(
    schedule
      .command('list')
      .description('schedules with their last and next runs')
      .addHelpText('after', '\nExample:\n  $ keepwell schedule list'),
    () => list(),
  );
  does<{ note?: string }>(
    schedule
      .command('pause')
      .argument(NAME, WHICH)
      .option('--note <text>', 'why, for the colleague who finds it paused')
      .description('starts no more of it; what runs goes on')
      .addHelpText('after', '\nExample:\n  $ keepwell schedule pause --note "core banking is down"'),
    ([name], options) => change(name, 'paused', options.note),
  );
  does<{ note?: string }>(
    schedule
      .command('resume')
      .argument(NAME, WHICH)
      .option('--note <text>', 'why')
      .description('goes on with a paused schedule')
      .addHelpText('after', '\nExample:\n  $ keepwell schedule resume'),
    ([name], options) => change(name, 'resumed', options.note),
  );
  does(
    schedule
      .command('run')
      .argument(NAME, WHICH)
      .description('starts it now, as if it were due')
      .addHelpText('after', '\nExample:\n  $ keepwell schedule run'),
    ([name]) => change(name, 'started', undefined),
  );
}

async function list(): Promise<Answer> {
  return withBank(async (desk) => {
    const { SCHEDULES } = await import('../../workflows/contract.js');
    const { describeSchedule } = await import('../schedules.js');
    const client = await desk.temporal();
    const states = await Promise.all(Object.values(SCHEDULES).map((id) => describeSchedule(client, id)));
    const { zone } = desk.installation;
    const rows = states.map((state) => [
      state.scheduleId,
      state.paused ? 'paused' : 'on',
      when(state.lastRuns.at(-1) ?? null, zone),
      when(state.paused ? null : (state.nextRuns[0] ?? null), zone),
      state.note,
    ]);
    const data = states.map((state) => ({
      ...state,
      lastRuns: state.lastRuns.map(iso),
      nextRuns: state.nextRuns.map(iso),
    }));
    return { data, text: () => table(['schedule', 'state', 'last run', 'next run', 'note'], rows, 'No schedule.') };
  });
}

async function change(
  name: string | undefined,
  to: 'paused' | 'resumed' | 'started',
  note: string | undefined,
): Promise<Answer> {
  const { SCHEDULES } = await import('../../workflows/contract.js');
  const scheduleId = name ?? SCHEDULES.round;
  const known: string[] = Object.values(SCHEDULES);
  if (!known.includes(scheduleId))
    throw new WrongUsage(`there is no schedule "${scheduleId}"; there is ${known.join(', ')}.`);
  return withBank(async (desk) => {
    const client = await desk.temporal();
    const handle = client.schedule.getHandle(scheduleId);
    if (to === 'paused') await handle.pause(note ?? 'paused by keepwell schedule pause');
    else if (to === 'resumed') await handle.unpause(note ?? 'resumed by keepwell schedule resume');
    else await handle.trigger();
    return { data: { scheduleId, done: to }, text: () => `${scheduleId} is ${to}.` };
  });
}
