import type { Command } from 'commander';
import { defaultAsOf, withBank, type BankDesk } from './context.js';
import { dayOption } from './detect.js';
import { does, facts, WrongUsage, type Answer } from './output.js';
import { addProgramme } from './points-programme.js';
import { addPointsReports } from './points-reports.js';
import { addPointsStatement } from './points-statement.js';
import type { PlainDate } from '../../domain/types.js';

/** `points programme|earn|expire|goodwill`, and what points-statement.ts and points-reports.ts add */
export function addPoints(program: Command): void {
  const points = program.command('points').description('points that customers earn, and that expire');
  addProgramme(points);
  does<{ asOf?: string }>(
    points
      .command('earn')
      .option('--as-of <day>', "up to which booking day, YYYY-MM-DD (default: the last day of the bank's data)")
      .description('posts the points for transactions that were not looked at yet; twice earns nothing twice')
      .addHelpText('after', '\nExample:\n  $ keepwell points earn'),
    (_args, options) => earn(options.asOf),
  );
  does<{ asOf?: string }>(
    points
      .command('expire')
      .option(
        '--as-of <day>',
        "points whose last day was before this one, YYYY-MM-DD (default: the last day of the bank's data)",
      )
      .description('posts what is left of points whose last day is over as expired; twice expires nothing twice')
      .addHelpText('after', '\nExample:\n  $ keepwell points expire --as-of 2026-12-01'),
    (_args, options) => expire(options.asOf),
  );
  does<{ reference: string; by: string; memo: string }>(
    points
      .command('goodwill')
      .argument('<customer>', 'for instance c42')
      .argument('<points>', 'how many')
      .requiredOption('--reference <reference>', 'what it is for, by its number: points are given once for each')
      .requiredOption('--by <name>', 'who gives it')
      .requiredOption('--memo <text>', 'why, for the statement; no personal data')
      .description('gives a customer points to make up for something')
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell points goodwill c42 500 --reference K-2026-0000042 --by "Li Jun" --memo "card sent late"',
      ),
    ([customer = '', amount = ''], options) => give(customer, amount, options),
  );
  addPointsStatement(points);
  addPointsReports(points);
}

async function judgedDay(desk: BankDesk, day: string | undefined): Promise<PlainDate> {
  if (day === undefined) return defaultAsOf(desk);
  const asOf = await dayOption(day);
  const { dateIn } = await import('../../domain/calendar.js');
  const today = dateIn(desk.installation.zone, desk.now());
  if (asOf > today) throw new WrongUsage(`${asOf} is still to come, today is ${today}; name a day that is there.`);
  return asOf;
}

function earn(day: string | undefined): Promise<Answer> {
  return withBank(async (desk) => {
    const asOf = await judgedDay(desk, day);
    const { earnPoints } = await import('../../store/earning.js');
    const { readProgrammes } = await import('../../store/points-programmes.js');
    if ((await readProgrammes(desk.database)).length === 0)
      throw new Error('no points programme is published; "keepwell points programme publish FILE" does it.');
    const run = await earnPoints(desk.database, { asOf, at: desk.now() });
    const text = facts([
      ['booked up to', asOf],
      ['transactions looked at', run.lookedAt],
      ['points earned', run.points],
      ['by transactions', run.earned],
      ['capped', run.capped],
      ['put off, booked later', run.putOff],
    ]);
    return { data: { asOf, ...run }, text: () => text };
  });
}

function expire(day: string | undefined): Promise<Answer> {
  return withBank(async (desk) => {
    const asOf = await judgedDay(desk, day);
    const { expirePoints } = await import('../../store/expiry.js');
    const { customers, points } = await expirePoints(desk.database, { asOf, at: desk.now() });
    const words =
      customers === 0
        ? `No points expired: nothing is left of those whose last day was before ${asOf}.`
        : `${points} points of ${customers} customers expired; their last day was before ${asOf}.`;
    return { data: { asOf, customers, points }, text: () => words };
  });
}

async function give(
  reference: string,
  amount: string,
  options: { reference: string; by: string; memo: string },
): Promise<Answer> {
  if (!/^\d{1,9}$/.test(amount)) throw new WrongUsage(`points are a whole number, not "${amount}".`);
  const { goodwill } = await import('../../store/goodwill.js');
  const { points } = await import('../../domain/types.js');
  const { findCustomer } = await import('../../store/reads/customer.js');
  return withBank(async ({ database, now }) => {
    const customer = await findCustomer(database, reference);
    if (!customer)
      throw new Error(
        `there is no customer "${reference}"; check the reference (it begins with c; it is no name and no account number).`,
      );
    const { customerRef } = customer;
    const given = { customerRef, points: points(BigInt(amount)), at: now(), ...options };
    const { postingId, isNew, expiresOn } = await database.transaction((sql) => goodwill(sql, given));
    const words = isNew
      ? `${customerRef} gets ${amount} points, good until ${expiresOn} (posting ${postingId}).`
      : `These points were given before for ${options.reference} (posting ${postingId}), nothing was changed.`;
    return { data: { customerRef, points: given.points, postingId, isNew, expiresOn }, text: () => words };
  });
}
