import type { Command } from 'commander';
import { tell } from './campaign-pause.js';
import { withBank } from './context.js';
import { byOption, lineOf } from './line-option.js';
import { does, iso, when, type Answer } from './output.js';

/** Characters of a reason; the table's check says the same. */
const MAX_REASON_CHARACTERS = 1000;

/** `outbound stop|resume|status`: the kill switch */
export function addOutbound(program: Command): void {
  const outbound = program.command('outbound').description('the kill switch: whether anything leaves the bank at all');
  does<{ by?: string; reason: string }>(
    outbound
      .command('stop')
      .requiredOption('--reason <text>', 'why, for the record')
      .option('--by <name>', 'who stops (default: the user of this terminal)')
      .description(
        'stops every message of every campaign and class, at once; what was being handed over ends within 5 s',
      )
      .addHelpText('after', '\nExample:\n  $ keepwell outbound stop --reason "wrong names in letters"'),
    (_args, options) => stop(options),
  );
  does<{ by?: string }>(
    outbound
      .command('resume')
      .option('--by <name>', 'who resumes (default: the user of this terminal)')
      .description('lets messages leave again, each by its own rules')
      .addHelpText('after', '\nExample:\n  $ keepwell outbound resume'),
    (_args, options) => resume(options.by),
  );
  does(
    outbound
      .command('status')
      .description('whether messages may leave, and what waits')
      .addHelpText('after', '\nExample:\n  $ keepwell outbound status'),
    () => status(),
  );
}

async function stop(options: { by?: string; reason: string }): Promise<Answer> {
  const by = await byOption(options.by);
  const reason = lineOf(options.reason, '--reason', MAX_REASON_CHARACTERS);
  return withBank(async ({ database, now }) => {
    const { stopOutbound } = await import('../../store/outbound-stops.js');
    const { stoppedAt } = await stopOutbound(database, { at: now(), by, reason });
    return {
      data: { stopped: true, stoppedAt: iso(stoppedAt), by, reason },
      text: () =>
        'Everything outbound is stopped, letters of the law too: their clocks run on. "keepwell outbound resume" lets messages leave again.',
    };
  });
}

async function resume(given: string | undefined): Promise<Answer> {
  const by = await byOption(given);
  return withBank(async (desk) => {
    const { resumeOutbound } = await import('../../store/outbound-stops.js');
    const { stopId, stoppedAt } = await resumeOutbound(desk.database, { at: desk.now(), by });
    const told = await tell(desk, { kind: 'door-opened', stopId });
    return {
      data: { stopped: false, stoppedAt: iso(stoppedAt), told },
      text: () => `Messages leave again, each by its own rules${told === null ? '' : `; ${told} journeys were told`}.`,
    };
  });
}

function status(): Promise<Answer> {
  return withBank(async ({ database, installation }) => {
    const { openStop } = await import('../../store/outbound-stops.js');
    const { heldMessages } = await import('../../store/reads/held-messages.js');
    const standing = await openStop(database);
    const held = await heldMessages(database);
    const words = standing
      ? `Everything outbound is stopped since ${when(standing.stoppedAt, installation.zone)} by ${standing.stoppedBy}: ${standing.reason}.`
      : 'Messages leave as they are due.';
    const lines = held.map(({ reason, messages }) => `  ${messages} held: ${reason}`);
    const data = {
      stopped: standing !== null,
      ...(standing ? { ...standing, stoppedAt: iso(standing.stoppedAt) } : {}),
      held,
    };
    return {
      data,
      text: () => [words, ...(lines.length > 0 ? ['Held at the door:', ...lines] : ['Nothing is held.'])].join('\n'),
    };
  });
}
