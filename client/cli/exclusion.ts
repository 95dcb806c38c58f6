import type { Command } from 'commander';
import type { CustomerRef } from '../../domain/types.js';
import type { ExclusionRow } from '../../store/exclusions.js';
import { withBank, type BankDesk } from './context.js';
import { limitOption } from './journey.js';
import { byOption, lineOf } from './line-option.js';
import { does, facts, iso, say, table, when, WrongUsage, type Answer } from './output.js';

const KINDS = 'suspected-fraud, deceased, frozen, guardianship or vulnerable';

/** `exclusion add|list|show|lift` */
export function addExclusion(program: Command): void {
  const exclusion = program.command('exclusion').description('who is in no retention journey, whatever is found');
  does<{ kind: string; reason: string; by?: string }>(
    exclusion
      .command('add')
      .argument('<customer>', "the customer's reference, for instance c42")
      .requiredOption('--kind <kind>', KINDS)
      .requiredOption('--reason <text>', 'the legal reason: recorded, and shown nowhere')
      .option('--by <name>', 'who excludes (default: the user of this terminal)')
      .description(
        'excludes a customer and ends their open journey; a vulnerable customer keeps credit care and service',
      )
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell exclusion add c42 --kind frozen --reason "court order of 3 May" --by li.na',
      ),
    ([customer = ''], options) => add(customer as CustomerRef, options),
  );
  does<{ customer?: string; all?: boolean; limit: string }>(
    exclusion
      .command('list')
      .option('--customer <reference>', 'of this customer alone')
      .option('--all', 'those that were lifted as well')
      .option('--limit <n>', 'how many at most, 1 to 1000', '50')
      .description('exclusions that stand, the newest first; never their legal reasons')
      .addHelpText('after', '\nExample:\n  $ keepwell exclusion list --customer c42 --all'),
    (_args, options) => list(options),
  );
  does(
    exclusion
      .command('show')
      .argument('<exclusion>', "an exclusion's id")
      .description('who excluded whom, and when')
      .addHelpText('after', '\nExample:\n  $ keepwell exclusion show ID'),
    ([id = '']) => show(id),
  );
  does<{ reason: string; by?: string }>(
    exclusion
      .command('lift')
      .argument('<exclusion>', "an exclusion's id")
      .requiredOption('--reason <text>', 'why: recorded, and shown nowhere')
      .option('--by <name>', 'who lifts it (default: the user of this terminal)')
      .description('lifts an exclusion; suspected-fraud and guardianship only by another person than who excluded')
      .addHelpText('after', '\nExample:\n  $ keepwell exclusion lift ID --reason "the court lifted it" --by wang.wei'),
    ([id = ''], options) => lift(id, options),
  );
}

async function add(customerRef: CustomerRef, options: { kind: string; reason: string; by?: string }): Promise<Answer> {
  const { isExclusion, MAX_LEGAL_REASON_CHARACTERS } = await import('../../domain/exclusion.js');
  const { kind } = options;
  if (!isExclusion(kind)) throw new WrongUsage(`--kind is ${KINDS}, not "${kind}".`);
  const reason = lineOf(options.reason, '--reason', MAX_LEGAL_REASON_CHARACTERS);
  const by = await byOption(options.by);
  return withBank(async (desk) => {
    const store = await import('../../store/exclusions.js');
    const added = await store.addExclusion(desk.database, { customerRef, kind, reason, by, at: desk.now() });
    const { exclusionId, journey } = added;
    const told = journey === null ? null : await tellJourney(desk, journey.workflowId);
    const ending =
      journey === null ? '' : ` Journey ${journey.journeyId} ends${told ? '' : ' with the next daily round'}.`;
    return {
      data: { exclusionId, customerRef, kind, journeyId: journey?.journeyId ?? null, journeyTold: told },
      text: () => `${customerRef} is excluded as ${kind} (${exclusionId}).${ending}`,
    };
  });
}

/** What was committed holds: a journey that can't be told now is told by the daily round. */
async function tellJourney(desk: BankDesk, workflowId: string): Promise<boolean> {
  const { excluded } = await import('../../workflows/contract.js');
  const { askWithin } = await import('../ask.js');
  try {
    const client = await desk.temporal();
    await askWithin(client, () => client.workflow.getHandle(workflowId).signal(excluded));
    return true;
  } catch (error) {
    const { inWords } = await import('./words.js');
    say(`keepwell: the journey was not told yet (${inWords(error)}); the daily round tells it.`);
    return false;
  }
}

const forPrograms = (row: ExclusionRow) => ({
  ...row,
  excludedAt: iso(row.excludedAt),
  liftedAt: iso(row.liftedAt),
});

async function list(options: { customer?: string; all?: boolean; limit: string }): Promise<Answer> {
  const { listExclusions, MAX_EXCLUSIONS_LISTED } = await import('../../store/exclusions.js');
  const limit = limitOption(options.limit, MAX_EXCLUSIONS_LISTED);
  return withBank(async ({ database, installation: { zone } }) => {
    const customerRef = (options.customer ?? null) as CustomerRef | null;
    const { exclusions, more } = await listExclusions(database, { customerRef, lifted: options.all ?? false, limit });
    const head = ['exclusion', 'customer', 'kind', 'since', 'by', 'lifted', 'lifted by'];
    const rows = exclusions.map((row) => [
      row.exclusionId,
      row.customerRef,
      row.kind,
      when(row.excludedAt, zone),
      row.excludedBy,
      when(row.liftedAt, zone),
      row.liftedBy,
    ]);
    const next = more ? '\n\nThere are more: raise --limit, or name a --customer.' : '';
    return {
      data: { exclusions: exclusions.map(forPrograms), more },
      text: async () => `${await table(head, rows, 'Nobody is excluded.')}${next}`,
    };
  });
}

async function show(id: string): Promise<Answer> {
  return withBank(async ({ database, installation: { zone } }) => {
    const { readExclusion } = await import('../../store/exclusions.js');
    const row = await readExclusion(database, id);
    if (!row) throw new Error(`there is no exclusion "${id}"; "keepwell exclusion list" shows what there is.`);
    const legalReason = 'recorded, not shown';
    const text = (): string =>
      facts([
        ['exclusion', row.exclusionId],
        ['customer', row.customerRef],
        ['kind', row.kind],
        ['legal reason', legalReason],
        ['since', when(row.excludedAt, zone)],
        ['by', row.excludedBy],
        ['lifted', when(row.liftedAt, zone)],
        ['lifted by', row.liftedBy],
      ]);
    return { data: { ...forPrograms(row), legalReason }, text };
  });
}

async function lift(id: string, options: { reason: string; by?: string }): Promise<Answer> {
  const { MAX_LEGAL_REASON_CHARACTERS } = await import('../../domain/exclusion.js');
  const reason = lineOf(options.reason, '--reason', MAX_LEGAL_REASON_CHARACTERS);
  const by = await byOption(options.by);
  return withBank(async (desk) => {
    const { liftExclusion } = await import('../../store/exclusions.js');
    const row = await liftExclusion(desk.database, { exclusionId: id, reason, by, at: desk.now() });
    const words = `${row.customerRef} is not excluded as ${row.kind} any more; what is found from now on can be admitted again.`;
    return { data: forPrograms(row), text: () => words };
  });
}
