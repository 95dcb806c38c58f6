import type { Command } from 'commander';
import type { CustomerRef } from '../../domain/types.js';
import type { TierStanding } from '../../domain/tier-standing.js';
import type { Sql } from '../../store/database.js';
import { defaultAsOf, withBank } from './context.js';
import { addCustomerChannel } from './customer-channel.js';
import { does, facts, iso, money, table, when, type Answer } from './output.js';

/** Journeys and complaints shown, the newest first. */
const SHOWN = 20;

/** `customer show|verify|channel` */
export function addCustomer(program: Command): void {
  const customer = program.command('customer').description('what is known of one customer');
  does<{ asOf?: string }>(
    customer
      .command('show')
      .argument('<reference>', 'for instance c42')
      .option('--as-of <day>', "the day of the tier's standing (default: the last day of the bank's data)")
      .description('record, tier, findings, journeys, complaints, consents and points')
      .addHelpText('after', '\nExample:\n  $ keepwell customer show c42'),
    ([reference = ''], options) => show(reference, options.asOf),
  );
  does(
    customer
      .command('verify')
      .argument('<reference>', 'for instance c42')
      .description('recomputes the chain of digests over all decisions on a customer; exit 1 when it is broken')
      .addHelpText('after', '\nExample:\n  $ keepwell customer verify c42'),
    ([reference = '']) => verify(reference),
  );
  addCustomerChannel(customer);
}

function verify(reference: string): Promise<Answer> {
  return withBank(async ({ database }) => {
    const { verifyDecisions } = await import('../../store/decisions.js');
    const verdict = await verifyDecisions(database, reference as CustomerRef);
    const { decisions } = verdict;
    if (!verdict.whole)
      throw new Error(`decision ${verdict.brokenAt} of ${decisions} on ${reference} can't be trusted: ${verdict.why}.`);
    const words = `All ${decisions} decisions on ${reference} are as they were written; the last digest is ${verdict.head}.`;
    return { data: { customerRef: reference, decisions, head: verdict.head }, text: () => words };
  });
}

/** All that is known of one customer. @throws Error in words when there is no such customer */
export async function readCustomer(sql: Sql, reference: string, asOf: TierStanding['periodStart']) {
  const reads = await import('../../store/reads/customer.js');
  const { listJourneys } = await import('../../store/reads/journey.js');
  const { listComplaints } = await import('../../store/reads/complaint.js');
  const { customerAccount, ledgerBalance } = await import('../../store/ledger.js');
  const { tierStandings } = await import('../../store/tier-standings.js');
  const record = await reads.findCustomer(sql, reference);
  if (!record)
    throw new Error(
      `there is no customer "${reference}"; check the reference (it begins with c; it is no name and no account number).`,
    );
  const customerRef: CustomerRef = record.customerRef;
  const [standing] = await tierStandings(sql, { asOf, customerRefs: [customerRef] });
  return {
    record,
    standing: standing ?? null,
    findings: await reads.readFindings(sql, customerRef),
    admissions: await reads.readAdmissions(sql, customerRef),
    journeys: (await listJourneys(sql, { customerRef, limit: SHOWN })).journeys,
    complaints: (await listComplaints(sql, { customerRef, limit: SHOWN })).complaints,
    consents: await reads.readConsents(sql, customerRef),
    points: await ledgerBalance(sql, customerAccount(customerRef)),
  };
}

type CustomerView = Awaited<ReturnType<typeof readCustomer>>;

async function show(reference: string, day: string | undefined): Promise<Answer> {
  const { dayOption } = await import('./detect.js');
  const given = day === undefined ? undefined : await dayOption(day);
  return withBank(async (desk) => {
    const view = await readCustomer(desk.database, reference, given ?? (await defaultAsOf(desk)));
    const { zone, currency } = desk.installation;
    return { data: forPrograms(view), text: () => forPeople(view, zone, currency) };
  });
}

function forPrograms(view: CustomerView): unknown {
  const { record, admissions, journeys, complaints, consents } = view;
  return {
    ...view,
    record: { ...record, emailRefusedAt: iso(record.emailRefusedAt), erasedAt: iso(record.erasedAt) },
    admissions: admissions.map((admission) => ({ ...admission, at: iso(admission.at) })),
    journeys: journeys.map((journey) => ({
      ...journey,
      admittedAt: iso(journey.admittedAt),
      goalMetAt: iso(journey.goalMetAt),
      closedAt: iso(journey.closedAt),
    })),
    complaints: complaints.map((complaint) => ({
      ...complaint,
      openedAt: iso(complaint.openedAt),
      dueAt: iso(complaint.dueAt),
      acknowledgedAt: iso(complaint.acknowledgedAt),
      escalatedAt: iso(complaint.escalatedAt),
      resolvedAt: iso(complaint.resolvedAt),
    })),
    consents: consents.map((consent) => ({ ...consent, changedAt: iso(consent.changedAt) })),
  };
}

async function forPeople(view: CustomerView, zone: string, currency: string): Promise<string> {
  const { record, standing, findings, admissions, journeys, complaints, consents, points } = view;
  const { reasonWords } = await import('../reason-words.js');
  const parts = [
    facts([
      ['customer', record.customerRef],
      ['name', record.name],
      ['mail', record.emailRefusedAt === null ? record.email : `${record.email} (refuses mail for good)`],
      ['language', record.language],
      ['zone', record.zone],
      ['customer since', record.customerSince],
      ['manager', record.managerRef],
      ['risk appetite', record.riskAppetite],
      ['erased', record.erasedAt === null ? 'no' : when(record.erasedAt, zone)],
      ['points', points],
    ]),
    standing ? standingInWords(standing, currency) : 'No tier on that day: not a customer yet, or erased.',
    await table(
      ['found on', 'trigger', 'score', 'because'],
      findings.map((f) => [f.asOf, f.trigger, f.score, f.reasons.map(({ code }) => code).join(', ')]),
      'Nothing was found on this customer.',
    ),
    await table(
      ['decided', 'admission', 'because'],
      admissions.map((a) => [when(a.at, zone), a.verdict, a.reasons.map(reasonWords).join('; ')]),
      'Admission was never asked about this customer.',
    ),
    await table(
      ['journey', 'campaign', 'step', 'admitted', 'outcome'],
      journeys.map((j) => [j.journeyId, `${j.campaignRef} v${j.version}`, j.step, when(j.admittedAt, zone), j.outcome]),
      'No journey.',
    ),
    await table(
      ['complaint', 'opened', 'due', 'handler', 'resolved'],
      complaints.map((c) => [
        c.complaintRef,
        when(c.openedAt, zone),
        when(c.dueAt, zone),
        c.handlerRef,
        when(c.resolvedAt, zone),
      ]),
      'No complaint.',
    ),
    await table(
      ['consent', 'granted', 'since', 'source'],
      consents.map((c) => [`${c.channel} ${c.purpose}`, c.granted ? 'yes' : 'no', when(c.changedAt, zone), c.source]),
      'No consent was ever asked.',
    ),
  ];
  return parts.join('\n\n');
}

/** A tier's standing for people: what decides, when, and what to hold. */
export function standingInWords(standing: TierStanding, currency: string): string {
  const hold =
    standing.balanceToHold === null
      ? 'the period ends today'
      : standing.secured
        ? 'secured: nothing more is needed'
        : `${money(standing.balanceToHold, currency)} on each of the ${standing.daysLeft} days left`;
  return facts([
    ['tier', standing.tierRef],
    ['period', `${standing.periodStart} to ${standing.periodEnd}, ${standing.daysLeft} days left`],
    ['balance', money(standing.balance, currency)],
    ['average so far', money(standing.averageSoFar, currency)],
    ['threshold', money(standing.threshold, currency)],
    ['misses in a row', standing.missesInRow],
    ...(standing.lowest
      ? [['to lose', 'nothing: the lowest tier'] as const]
      : [
          ['to hold', hold] as const,
          ['may fall on', `${standing.decisionOn}, in ${standing.daysUntilDecision} days`] as const,
        ]),
  ]);
}
