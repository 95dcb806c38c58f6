import type { Command } from 'commander';
import type { CustomerRef } from '../../domain/types.js';
import type { EntitlementCounts } from '../../store/entitlements.js';
import type { EntitlementRecord } from '../../store/reads/entitlement.js';
import { defaultAsOf, withBank, type BankDesk } from './context.js';
import { dayOption } from './detect.js';
import { does, facts, iso, table, when, type Answer } from './output.js';

/** `entitlement list|evaluate` */
export function addEntitlement(program: Command): void {
  const entitlement = program.command('entitlement').description('which customer may have which loyalty offer');
  does(
    entitlement
      .command('list')
      .argument('<customer>', "the customer's reference, for instance c42")
      .description("a customer's entitlements, and what is missing for the other offers")
      .addHelpText('after', '\nExample:\n  $ keepwell entitlement list c42'),
    ([customer = '']) => list(customer),
  );
  does<{ asOf?: string }>(
    entitlement
      .command('evaluate')
      .option('--as-of <day>', "the day whose tiers and tenures count (default: the last day of the bank's data)")
      .description('looks at all customers as the daily round does; twice on a day changes nothing twice')
      .addHelpText('after', '\nExample:\n  $ keepwell entitlement evaluate --as-of 2026-11-24'),
    (_args, options) => evaluate(options.asOf),
  );
}

function list(reference: string): Promise<Answer> {
  return withBank(async (desk) => {
    const { readEntitlements } = await import('../../store/reads/entitlement.js');
    const { reasonWords } = await import('../reason-words.js');
    const { zone } = desk.installation;
    const { inCreditCare, missing } = await standingOf(desk, reference);
    const entitlements = await readEntitlements(desk.database, reference as CustomerRef);
    const rows = entitlements.map((e) => [
      e.offerRef,
      e.version,
      when(e.grantedAt, zone),
      when(e.validUntil, zone),
      stateOf(e, inCreditCare, desk.now()),
      e.reasons.map(reasonWords).join('; '),
    ]);
    const text = async (): Promise<string> => {
      const head = ['offer', 'version', 'since', 'until', 'state', 'because'];
      const held = await table(head, rows, `${reference} was never entitled to anything.`);
      const others = missing.map(({ offerRef, reasons }) => [offerRef, reasons.map(reasonWords).join('; ')]);
      return `${held}\n\n${await table(['not entitled to', 'because'], others, 'Entitled to every offer there is.')}`;
    };
    const data = {
      customerRef: reference,
      entitlements: entitlements.map((e) => ({
        ...e,
        grantedAt: iso(e.grantedAt),
        validUntil: iso(e.validUntil),
        suspendedAt: iso(e.suspendedAt),
        endedAt: iso(e.endedAt),
      })),
      notEntitled: missing,
    };
    return { data, text };
  });
}

interface Standing {
  inCreditCare: boolean;
  /** for each offer that would not be granted now */
  missing: { offerRef: string; reasons: string[] }[];
}

/** Where a customer stands now. @throws Error in words when there is no such customer */
async function standingOf(desk: BankDesk, reference: string): Promise<Standing> {
  const { entitlementFacts } = await import('../../store/entitlements.js');
  const { currentOffers } = await import('../../store/loyalty-offers.js');
  const { entitled } = await import('../../domain/entitlement.js');
  const { dateIn } = await import('../../domain/calendar.js');
  const { zone } = desk.installation;
  const at = desk.now();
  const [found] = await entitlementFacts(desk.database, [reference as CustomerRef], await defaultAsOf(desk), zone);
  if (!found)
    throw new Error(
      `there is no customer "${reference}"; check the reference (it begins with c; it is no name and no account number).`,
    );
  const offers = await currentOffers(desk.database, at);
  const missing = offers.flatMap(({ offerRef, definition }) => {
    const { verdict, reasons } = entitled(found.facts, definition, dateIn(zone, at));
    return verdict === 'refused' ? [{ offerRef, reasons: [...reasons] }] : [];
  });
  return { inCreditCare: found.facts.inCreditCare, missing };
}

/** As the API would have it at that instant: credit care counts before any evaluation has seen it. */
function stateOf(
  { validUntil, suspendedAt, endedAt, endReason }: EntitlementRecord,
  inCreditCare: boolean,
  at: number,
): string {
  if (endedAt !== null) return endReason ?? 'ended';
  if (validUntil <= at) return 'lapsed';
  return suspendedAt === null && !inCreditCare ? 'in force' : 'suspended';
}

async function evaluate(day: string | undefined): Promise<Answer> {
  const given = day === undefined ? undefined : await dayOption(day);
  return withBank(async (desk) => {
    const { dataUntil } = desk.installation;
    const asOf = given ?? (await defaultAsOf(desk));
    if (dataUntil && asOf > dataUntil)
      throw new Error(`the bank's data end on ${dataUntil}; ${asOf} can't be judged, name an earlier day.`);
    const { evaluateEntitlements } = await import('../../store/entitlements.js');
    const counts = await evaluateEntitlements(desk.database, { asOf, at: desk.now() });
    const { isTooOldToGrant, MAX_DAYS_BEHIND } = await import('../../domain/entitlement.js');
    const grants = !dataUntil || !isTooOldToGrant(asOf, dataUntil);
    const why = `\n\nNothing is granted or renewed by ${asOf}: it is more than ${MAX_DAYS_BEHIND} days before the bank's data end (${dataUntil}); name a later day.`;
    return { data: { ...counts, grants }, text: () => inWords(counts) + (grants ? '' : why) };
  });
}

const inWords = (counts: EntitlementCounts): string =>
  facts([
    ['judged', counts.asOf],
    ['customers', counts.customers],
    ['granted', counts.granted],
    ['renewed', counts.renewed],
    ['suspended', counts.suspended],
    ['resumed', counts.resumed],
    ['ended', counts.ended],
  ]);
