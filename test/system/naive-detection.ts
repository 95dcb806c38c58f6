import type { Trigger } from '../../domain/trigger-names.js';
import type { Database } from '../../store/database.js';
import { add, average, balances, DAY, dayOf, loadBank, type Person, type Row } from './naive-bank.js';

/**
 * Detection a second time, the slow and plain way: all rows in memory, one customer after the other, one day after the
 * other, numbers written out. It shares no code with the product, so that a mistake must be made twice to pass.
 * It knows the Bohai rule only: three monthly misses.
 */

function monthEnd(day: number, months: number): number {
  const date = new Date(day * DAY);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months + 1, 0) / DAY;
}

const thresholdOn = (person: Person, day: number): number =>
  person.tiers.filter((tier) => tier.from <= day).at(-1)?.threshold ?? 0;

function isTierAtRisk(person: Person, asOf: number): boolean {
  const threshold = thresholdOn(person, asOf);
  if (threshold === 0 || person.since > asOf - 60) return false;
  const start = monthEnd(asOf, -1) + 1;
  const end = monthEnd(asOf, 0);
  const soFar = balances(person, start, asOf);
  const secured = add(soFar) >= threshold * (end - start + 1);
  const missedBefore = person.evaluations.filter((evaluation) => evaluation.end < asOf).at(-1)?.misses ?? 0;
  const misses = secured ? 0 : missedBefore;
  const decision = monthEnd(asOf, secured ? 3 : 2 - misses);

  const daily = balances(person, asOf - 89, asOf);
  const [earlier, before, now] = [daily.slice(0, 30), daily.slice(30, 60), daily.slice(60)].map(average) as [
    number,
    number,
    number,
  ];
  let sliding = before > 0 && now <= before * 0.95;
  if (sliding && person.since <= asOf - 395) {
    const then = balances(person, asOf - 365 - 59, asOf - 365);
    const [yearBefore, yearNow] = [average(then.slice(0, 30)), average(then.slice(30))];
    if (yearBefore > 0 && Math.trunc((yearNow * 100) / yearBefore) <= Math.trunc((now * 100) / before) + 3)
      sliding = false;
  }
  if (!sliding && misses === 0) return false;
  let level = sliding ? Math.min(now, average(daily.slice(-7))) : now;
  if (sliding && before <= earlier * 0.98) level += Math.trunc(((now - earlier) * Math.min(decision - asOf, 90)) / 60);
  const days = asOf - start + 1;
  if (decision === end) level = (average(soFar) * days + level * (end - asOf)) / (end - start + 1);
  return level < threshold;
}

/** Days and amounts of income: salaries, pensions and benefits, or transfers where there is none of them. */
function incomeOf(person: Person, asOf: number): { day: number; amount: number; earned: boolean }[] {
  const recent = person.rows.filter((row) => row.amount > 0 && !row.own && row.day <= asOf && row.day > asOf - 460);
  const earned = recent.filter((row) => ['salary', 'pension', 'benefit'].includes(row.category));
  const used = earned.length > 0 ? earned : recent.filter((row) => row.category === 'transfer-in');
  return used
    .map((row) => ({ day: row.day, amount: row.amount, earned: earned.length > 0 }))
    .sort((a, b) => a.day - b.day);
}

/** Totals of the months of 30.44 days in whose middle the last income lies; undefined: nothing came. */
function incomeMonths(income: { day: number; amount: number }[], last: number): (number | undefined)[] {
  const months: (number | undefined)[] = [];
  for (const { day, amount } of income) {
    const month = Math.floor(((last - day + 15) * 100) / 3044);
    months[month] = (months[month] ?? 0) + amount;
  }
  return months;
}

const came = (months: (number | undefined)[]): number[] =>
  months.filter((amount): amount is number => amount !== undefined).sort((a, b) => a - b);
/** The lower one of two in the middle. */
const median = (sorted: number[]): number => sorted[Math.ceil(sorted.length / 2) - 1] as number;

function judgeIncome(person: Person, asOf: number): 'income-stopped' | 'income-lowered' | null {
  const income = incomeOf(person, asOf);
  const last = income.at(-1);
  if (!last) return null;
  const months = incomeMonths(income, last.day);
  if (came(months.slice(0, 4)).length < 3) return null;
  const silence = asOf - last.day;
  const days = [...new Set(income.map(({ day }) => day))];
  const gaps = days.slice(1).map((day, n) => ({ from: days[n] as number, length: day - (days[n] as number) }));
  if (silence <= 41) return isLowered(months, income, last) ? 'income-lowered' : null;
  const longest = Math.max(...gaps.filter((gap) => gap.from >= last.day - 180).map((gap) => gap.length));
  if (silence > 180 || silence <= longest + 10) return null;
  const lastYear = gaps.some(
    (gap) => gap.length > 41 && gap.length >= silence - 10 && Math.abs(gap.from - (last.day - 365)) <= 20,
  );
  return lastYear ? null : 'income-stopped';
}

function isLowered(
  months: (number | undefined)[],
  income: { day: number; amount: number }[],
  last: { day: number; earned: boolean },
): boolean {
  const yearAgo = came(months.slice(8, 16));
  const lowYearAgo = came(months.slice(11, 14))[0];
  if (yearAgo.length >= 3 && lowYearAgo !== undefined && lowYearAgo * 100 <= median(yearAgo) * 85) return false;
  const lastDays = add(income.filter(({ day }) => day > last.day - 27).map(({ amount }) => amount));
  const received = months.map((amount, n) => (n === 0 && amount !== undefined ? Math.max(amount, lastDays) : amount));
  for (let n = last.earned ? 1 : 2; n <= 4; n += 1) {
    const usual = came(received.slice(n, n + 6));
    const highest = came(received.slice(0, n)).at(-1) as number;
    if (usual.length >= 3 && highest * 100 < (usual[1] as number) * 80) return true;
  }
  return false;
}

function isLargeOutflow(person: Person, asOf: number): boolean {
  const first = Math.min(
    ...[...person.accounts]
      .filter(
        ([ref, a]) => a.kind !== 'credit-card' && person.rows.some((row) => row.account === ref && row.day <= asOf),
      )
      .map(([, a]) => a.opened),
  );
  if (first > asOf - 120) return false;
  const rows = person.rows.filter((row) => person.accounts.get(row.account)?.kind !== 'credit-card' && row.day <= asOf);
  const held = add(rows.filter((row) => row.day <= asOf - 30).map((row) => row.amount));
  const now = rows.filter((row) => row.day > asOf - 30 && !row.own);
  const past = rows.filter((row) => row.day > asOf - 120 && row.day <= asOf - 30 && !row.own);
  const out = (among: Row[], categories: string[]): number =>
    -add(among.filter((row) => row.amount < 0 && categories.includes(row.category)).map((row) => row.amount));
  const threshold = thresholdOn(person, asOf);
  const [before, after] = [balances(person, asOf - 30, asOf - 30)[0], balances(person, asOf, asOf)[0]] as [
    number,
    number,
  ];
  const touched = threshold > 0 && before >= threshold && after < threshold;
  const counted = ['transfer-out', 'cash', ...(touched ? ['purchase', 'card'] : [])];
  const arrived = add(
    now
      .filter((row) => row.amount > 0 && ['transfer-in', 'deposit', 'cash'].includes(row.category))
      .map((row) => row.amount),
  );
  const net = out(now, counted) - arrived;
  const credits = add(past.filter((row) => row.amount > 0).map((row) => row.amount));
  return (
    net > 0 && held > 0 && net * 100 >= held * 30 && net * 90 >= out(past, counted) * 60 && net * 90 >= credits * 30
  );
}

function isDormant(person: Person, asOf: number): boolean {
  const own = ['card', 'cash', 'transfer-out', 'own-transfer', 'deposit', 'purchase'];
  const days = person.rows.filter((row) => own.includes(row.category) && row.day <= asOf).map((row) => row.day);
  const last = Math.max(...days);
  if (asOf - last < 60 || asOf - last > 365) return false;
  const months = new Set(days.filter((day) => day > last - 180).map((day) => Math.floor((last - day) / 30)));
  return months.size >= 4;
}

function isCardOverused(person: Person, asOf: number): boolean {
  for (const [ref, account] of person.accounts) {
    if (account.kind !== 'credit-card' || account.limit <= 0 || account.opened > asOf || account.closed <= asOf)
      continue;
    const over = [asOf, monthEnd(asOf, -1), monthEnd(asOf, -2)].filter((day) => {
      const balance = add(person.rows.filter((row) => row.account === ref && row.day <= day).map((row) => row.amount));
      return -balance * 100 > account.limit * 80;
    });
    if (over.length >= 2) return true;
  }
  return false;
}

function maturity(person: Person, asOf: number): 'maturing-7' | 'maturing-30' | null {
  const due = person.holdings.filter((held) => held.opened <= asOf && held.matures >= asOf && held.renewed > asOf);
  if (due.some((held) => held.matures <= asOf + 7)) return 'maturing-7';
  return due.some((held) => held.matures <= asOf + 30) ? 'maturing-30' : null;
}

const isOverdrawn = (person: Person, asOf: number): boolean =>
  person.rows.some((row) => row.category === 'penalty-interest' && row.day <= asOf && row.day > asOf - 31);

/** The tier fell on one of the last sixty days, and the customer does not have it back. */
function isTierLost(person: Person, asOf: number): boolean {
  const tiers = person.tiers.filter((tier) => tier.from <= asOf);
  const falls = tiers
    .map((tier, n) => ({
      on: tier.from,
      lost: tiers[n - 1]?.threshold ?? 0,
      fell: tier.threshold < (tiers[n - 1]?.threshold ?? 0),
    }))
    .filter(({ fell, on }) => fell && on > asOf - 60);
  const last = falls.at(-1);
  return last !== undefined && thresholdOn(person, asOf) < last.lost;
}

/** Whom the plain way finds: `trigger customer`, sorted. */
export async function naiveFindings(owner: Database, asOfDay: string): Promise<string[]> {
  const asOf = dayOf(asOfDay);
  const found: string[] = [];
  for (const person of await loadBank(owner)) {
    if (person.since > asOf) continue;
    const triggers: (Trigger | null)[] = [
      isTierAtRisk(person, asOf) ? 'tier-at-risk' : null,
      judgeIncome(person, asOf),
      isLargeOutflow(person, asOf) ? 'large-outflow' : null,
      maturity(person, asOf),
      isDormant(person, asOf) ? 'dormant' : null,
      isOverdrawn(person, asOf) ? 'negative-balance' : null,
      isCardOverused(person, asOf) ? 'card-overused' : null,
      isTierLost(person, asOf) ? 'tier-lost' : null,
    ];
    for (const trigger of triggers) if (trigger) found.push(`${trigger} ${person.ref}`);
  }
  return found.sort();
}
