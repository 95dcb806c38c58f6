import type { Command } from 'commander';
import type { Instant } from '../../domain/types.js';
import type { BudgetBurn, CampaignCost } from '../../store/reads/campaign-points.js';
import type { Breakage, Forecast, Liability } from '../../store/reads/points-reports.js';
import { withBank } from './context.js';
import { pastOption } from './instant-option.js';
import { fixed } from './ledger-formats.js';
import { does, facts, iso, table, when, type Answer } from './output.js';

/** `points liability|breakage|budget|cost` */
export function addPointsReports(points: Command): void {
  does<{ asOf?: string }>(
    points
      .command('liability')
      .option('--as-of <instant>', 'as it was then: a past day (its end), or a past time with its zone (default: now)')
      .description('what the bank owes in points, and when it expires if nobody spends it')
      .addHelpText('after', '\nExample:\n  $ keepwell points liability --as-of 2026-10-31'),
    (_args, { asOf }) => liability(asOf),
  );
  does(
    points
      .command('breakage')
      .description('what of the points that customers got expired, by the month in which they got them')
      .addHelpText('after', '\nExample:\n  $ keepwell points breakage --json'),
    () => breakage(),
  );
  does<{ campaign?: string }>(
    points
      .command('budget')
      .option('--campaign <name>', 'of one campaign (default: of all)')
      .description("what was promised and given out of campaigns' budgets, by month")
      .addHelpText('after', '\nExample:\n  $ keepwell points budget --campaign keep-your-tier'),
    (_args, options) => budget(options.campaign),
  );
  does(
    points
      .command('cost')
      .description('what each campaign gave for each customer whom it retained')
      .addHelpText('after', '\nExample:\n  $ keepwell points cost'),
    () => cost(),
  );
}

function liability(given: string | undefined): Promise<Answer> {
  return withBank(async ({ database, installation: { zone }, now }) => {
    const { forecastExpiry, readLiability } = await import('../../store/reads/points-reports.js');
    const { inSnapshot } = await import('../../store/reads/ledger.js');
    const asOf = given === undefined ? undefined : await pastOption('--as-of', given, zone, now());
    const { owed, forecast } = await inSnapshot(database, async (sql) => {
      const liable = await readLiability(sql, asOf);
      return { owed: liable, forecast: await forecastExpiry(sql, liable.spendable, asOf) };
    });
    return {
      data: { asOf: iso(asOf ?? null), ...owed, forecast },
      text: () => liabilityInWords(owed, forecast, asOf, zone),
    };
  });
}

async function liabilityInWords(
  owed: Liability,
  { months, lasting }: Forecast,
  asOf: Instant | undefined,
  zone: string,
): Promise<string> {
  const head = facts([
    ['as of', asOf === undefined ? 'now' : when(asOf, zone)],
    ['owed', `${owed.owed} points to ${owed.customers} customers`],
    ['  spendable', owed.spendable],
    ['  held', `${owed.held} for orders that are under way`],
    ['reserved', `${owed.reserved} promised by campaigns, not owed yet`],
    ['in budgets', owed.inBudgets],
    ['redeemed', owed.redeemed],
    ['expired', owed.expired],
    ['issued', `${owed.issued}, the sum of all these`],
  ]);
  const rows = months.map(({ month, customers, points, left }) => [month, customers, points, left]);
  const forecast = await table(['expires in', 'customers', 'points', 'left after it'], rows, 'Nothing expires.');
  return `${head}\n\nIf nobody spends any:\n${forecast}\n\n${lasting} points do not expire.`;
}

/** Percent with two decimals, rounded half up; a dash when there is no whole. */
function percent(part: bigint, whole: bigint): string {
  return whole === 0n ? '–' : `${hundredths((20_000n * part + whole) / (2n * whole))} %`;
}

const hundredths = (n: bigint): string => fixed(n, 2);

function breakage(): Promise<Answer> {
  return withBank(async ({ database, installation: { zone } }) => {
    const { readBreakage } = await import('../../store/reads/points-reports.js');
    const months = await readBreakage(database, zone);
    const sum = (of: (month: Breakage) => bigint): bigint => months.reduce((total, month) => total + of(month), 0n);
    const all = { issued: sum((m) => m.issued), expired: sum((m) => m.expired), left: sum((m) => m.left) };
    const row = (name: string, m: Omit<Breakage, 'month'>): (string | bigint)[] => [
      name,
      m.issued,
      m.issued - m.expired - m.left,
      m.expired,
      m.left,
      percent(m.expired, m.issued),
    ];
    const rows = months.length === 0 ? [] : [...months.map((m) => row(m.month, m)), row('all', all as Breakage)];
    const head = ['got in', 'points', 'spent or held', 'expired', 'left', 'breakage'];
    return { data: { months, all }, text: () => table(head, rows, 'No customer ever got points.') };
  });
}

function budget(campaign: string | undefined): Promise<Answer> {
  return withBank(async ({ database, installation: { zone } }) => {
    const { readBudgets } = await import('../../store/reads/campaign-points.js');
    const all = await readBudgets(database, zone);
    const budgets = all.filter(({ campaignRef }) => campaign === undefined || campaignRef === campaign);
    if (campaign !== undefined && budgets.length === 0)
      throw new Error(`campaign "${campaign}" never had a budget; "keepwell campaign list" shows what there is.`);
    const text = async (): Promise<string> =>
      budgets.length === 0
        ? 'No campaign ever had a budget.'
        : (await Promise.all(budgets.map(budgetInWords))).join('\n\n');
    return { data: budgets, text };
  });
}

async function budgetInWords({ campaignRef, funded, granted, reserved, left, months }: BudgetBurn): Promise<string> {
  const head = `${campaignRef}: ${funded} points funded, ${granted} granted (${percent(granted, funded)}), ${reserved} reserved, ${left} left.`;
  const rows = months.map((m) => [m.month, m.funded, m.reserved, m.released, m.granted, m.left]);
  return `${head}\n${await table(['month', 'funded', 'reserved', 'released', 'granted', 'left'], rows, '')}`;
}

function cost(): Promise<Answer> {
  return withBank(async ({ database }) => {
    const { readCosts } = await import('../../store/reads/campaign-points.js');
    const costs = await readCosts(database);
    const each = ({ hundredthsEach }: CampaignCost): string | null =>
      hundredthsEach === null ? null : hundredths(hundredthsEach);
    const data = costs.map(({ hundredthsEach: _, ...told }, i) => ({
      ...told,
      pointsEach: each(costs[i] as CampaignCost),
    }));
    const rows = costs.map((c) => [
      c.campaignRef,
      c.customers,
      c.retained,
      c.granted,
      each(c) ?? 'nobody retained yet',
    ]);
    const head = ['campaign', 'customers', 'retained', 'points granted', 'points for each retained'];
    return { data, text: () => table(head, rows, 'No campaign is published yet.') };
  });
}
