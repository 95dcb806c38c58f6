import type { Command } from 'commander';
import type { CustomerRef, Instant, ManagerRef, PlainDate, ZoneId } from '../../domain/types.js';
import type { TaskReceipt } from '../../store/tasks.js';
import { withBank, type BankDesk } from './context.js';
import { instantOption } from './instant-option.js';
import { lineOf } from './line-option.js';
import { does, iso, say, when, WrongUsage, type Answer } from './output.js';
import { addTaskReads } from './task-view.js';

/** Characters of a reason that staff give. */
const MAX_REASON_CHARACTERS = 1000;

/** `task list|show|done|snooze|defer` */
export function addTask(program: Command): void {
  const task = program.command('task').description('what a person has to do for a customer');
  addTaskReads(task);
  does<DoneOptions>(
    task
      .command('done')
      .argument('<task>', "a task's id")
      .requiredOption(
        '--result <result>',
        'reached, busy, refused, wrong-number, call-back, visited, no-show, cheated, not-cheated or arranged',
      )
      .requiredOption('--by <manager>', 'who did it: who has it, who stands in for them, or the team lead')
      .option(
        '--reason <reason>',
        'what the customer said: rate, service, spending, moved, fraud, fees, product, family or none-given',
      )
      .option('--at <time>', 'with call-back: when the customer wants to be called')
      .option('--note <text>', 'free words; they stay in the database')
      .description('writes down what came of it; busy, no-show and call-back leave it open, five times at most')
      .addHelpText('after', '\nExample:\n  $ keepwell task done ID --result reached --reason rate --by m1'),
    ([id = ''], options) => done(id, options),
  );
  does<{ until: string; reason: string; by: string }>(
    task
      .command('snooze')
      .argument('<task>', "a task's id")
      .requiredOption('--until <time>', 'a day or a time: then it is on the list again')
      .requiredOption('--reason <text>', 'why')
      .requiredOption('--by <manager>', 'who puts it off')
      .description('puts a task off')
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell task snooze ID --until 2026-12-01 --reason "on a journey" --by m1',
      ),
    ([id = ''], options) => snooze(id, options),
  );
  does<{ notBefore: string; reason: string; by: string }>(
    task
      .command('defer')
      .argument('<customer>', "the customer's reference, for instance c42")
      .requiredOption('--not-before <time>', 'a day or a time before which nothing is sent')
      .requiredOption('--reason <text>', 'why')
      .requiredOption('--by <manager>', 'who says so')
      .description('lets no message go to a customer before a time; said again, the newest counts')
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell task defer c42 --not-before 2026-12-24T09:00:00+08:00 --reason "asked for it" --by m1',
      ),
    ([customer = ''], options) => defer(customer, options),
  );
}

interface DoneOptions {
  result: string;
  by: string;
  reason?: string;
  at?: string;
  note?: string;
}

function done(id: string, options: DoneOptions): Promise<Answer> {
  return withBank(async (desk) => {
    const { recordTaskResult } = await import('../../store/tasks.js');
    const { zone } = desk.installation;
    const callBackAt = options.at === undefined ? null : await instantOption('--at', options.at, zone);
    const receipt = await recordTaskResult(desk.database, {
      taskId: id,
      by: options.by as ManagerRef,
      result: options.result,
      reason: options.reason ?? null,
      callBackAt,
      note: await noteOf(options.note),
      at: desk.now(),
      day: await today(desk),
    });
    if (receipt.result === 'cheated') {
      const { excludeCheated } = await import('../../store/fraud-checks.js');
      await excludeCheated(desk.database, desk.now());
    }
    const told =
      receipt.journeyWorkflowId === null ? null : await tellJourney(desk, receipt, receipt.journeyWorkflowId);
    const words =
      receipt.state === 'open'
        ? `${receipt.result} is written down; the task stays on the list, due ${when(receipt.dueAt, zone)}.`
        : `The task is done: ${receipt.result}.${told ? " The customer's journey has heard of it." : ''}`;
    return { data: { ...receipt, dueAt: iso(receipt.dueAt), journeyTold: told }, text: () => words };
  });
}

async function noteOf(note: string | undefined): Promise<{ textId: string; body: string } | null> {
  if (note === undefined) return null;
  const { MAX_TEXT_CHARS } = await import('../../store/texts.js');
  const { randomUUID } = await import('node:crypto');
  const body = note.trim();
  if (body === '' || [...body].length > MAX_TEXT_CHARS || body.includes('\0'))
    throw new WrongUsage(`--note is 1 to ${MAX_TEXT_CHARS} characters of text.`);
  return { textId: randomUUID(), body };
}

/** What was written stays written: a journey that can't be told now is told by the daily round. */
async function tellJourney(desk: BankDesk, { taskId, result }: TaskReceipt, workflowId: string): Promise<boolean> {
  const { taskDone } = await import('../../workflows/contract.js');
  const { taskTold } = await import('../../store/tasks.js');
  try {
    const client = await desk.temporal();
    await client.workflow.getHandle(workflowId).signal(taskDone, { taskId, result });
    await taskTold(desk.database, taskId, desk.now());
    return true;
  } catch (error) {
    const { inWords } = await import('./words.js');
    say(`keepwell: the journey was not told yet (${inWords(error)}); the daily round tells it.`);
    return false;
  }
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** As instantOption, but a day means its beginning: what is put off until then is there again in the morning. */
async function beginningOption(option: string, text: string, zone: ZoneId): Promise<Instant> {
  const at = await instantOption(option, text, zone);
  if (!DAY.test(text)) return at;
  const { Temporal } = await import('temporal-polyfill');
  const { instant } = await import('../../domain/types.js');
  return instant(Temporal.PlainDate.from(text).toZonedDateTime(zone).epochMilliseconds);
}

async function today({ installation, now }: BankDesk): Promise<PlainDate> {
  const { dateIn } = await import('../../domain/calendar.js');
  return dateIn(installation.zone, now());
}

function snooze(id: string, options: { until: string; reason: string; by: string }): Promise<Answer> {
  const reason = lineOf(options.reason, '--reason', MAX_REASON_CHARACTERS);
  return withBank(async (desk) => {
    const { snoozeTask } = await import('../../store/tasks.js');
    const { zone } = desk.installation;
    const until = await beginningOption('--until', options.until, zone);
    const by = options.by as ManagerRef;
    await snoozeTask(desk.database, { taskId: id, by, until, reason, at: desk.now(), day: await today(desk) });
    return {
      data: { taskId: id, until: iso(until) },
      text: () => `The task is put off until ${when(until, zone)}.`,
    };
  });
}

/** "Not before" is a matter of weeks; who is left alone for longer has opted out. */
const MAX_DEFERRAL_DAYS = 366;

function defer(customer: string, options: { notBefore: string; reason: string; by: string }): Promise<Answer> {
  const reason = lineOf(options.reason, '--reason', MAX_REASON_CHARACTERS);
  return withBank(async (desk) => {
    const { addMillis, days } = await import('../../domain/types.js');
    const { deferContact } = await import('../../store/tasks.js');
    const { zone } = desk.installation;
    const notBefore = await beginningOption('--not-before', options.notBefore, zone);
    const at = desk.now();
    if (notBefore > addMillis(at, days(MAX_DEFERRAL_DAYS)))
      throw new WrongUsage(`--not-before is at most ${MAX_DEFERRAL_DAYS} days from now.`);
    const customerRef = customer as CustomerRef;
    await deferContact(desk.database, { customerRef, notBefore, reason, by: options.by as ManagerRef, at });
    const words = `Nothing is sent to ${customer} before ${when(notBefore, zone)}.`;
    return { data: { customerRef, notBefore: iso(notBefore) }, text: () => words };
  });
}
