import type { Book } from './book.js';
import type { Profile } from './profile.js';
import type { Random } from './random.js';
import { yuan } from './tiers.js';
import { MONTHS_OF_HISTORY, type Window } from './window.js';
import { OTHER_BANKS } from './words.js';

/** One payment of income: when it was due, when it came, how much (fen). */
export interface Pay {
  readonly due: number;
  readonly day: number;
  readonly amount: number;
}

/** Spending by calendar month, 1 to 12: the spring festival and the sales in November. */
const SEASON = [1.1, 1.4, 0.95, 0.95, 1, 1.1, 1, 1, 0.95, 1.05, 1.2, 1.05];
/** Interest on balances a year, paid at the quarter's end. */
const SAVINGS_RATE = 0.0025;
const CURRENT_RATE = 0.0005;
/** How far a balance may wander from what the customer usually holds before they even it out. */
const EVEN_OUT_FROM = 0.03;
/** At most this share of the wealth is moved to even it out. */
const EVEN_OUT_MOST = 0.08;
/** More than this many monthly incomes in the current account are put aside. */
const KEPT_AT_HAND = 2.2;

const account = (random: Random): string => String(random.int(10_000_000, 99_999_999));

/** Every month of the window in which the customer has an account. */
export function monthsOf(profile: Profile, window: Window): number[] {
  return Array.from({ length: MONTHS_OF_HISTORY + 1 }, (_, month) => month).filter(
    (month) => window.monthStart(month + 1) > profile.startDay && window.monthStart(month) <= window.last,
  );
}

/** The monthly salary or pension around its payday; empty for those who live on something else. */
export function regularPays(profile: Profile, random: Random, window: Window): Pay[] {
  if (profile.habit !== 'salary' && profile.habit !== 'pension') return [];
  const raise = random.chance(0.6) ? 1 + random.between(0.02, 0.08) : 1;
  const noise = profile.habit === 'salary' ? 0.02 : 0;
  return monthsOf(profile, window).map((month) => {
    const due = window.workingDay(window.dayOf(month, profile.payday));
    const level = month >= 8 ? raise : 1;
    const amount = Math.round(profile.monthlyIncome * level * (1 + noise * random.normal()));
    return { due, day: due, amount };
  });
}

/** Plans the first money on each account; it stands for everything before the window. */
export function planOpening(book: Book, profile: Profile): void {
  const { startDay: day, deposit, hasSavings, wealth } = profile;
  const locked = deposit?.principal ?? 0;
  const lockedFromStart = deposit !== null && deposit.openedDay <= 0;
  const free = wealth - locked;
  const current = hasSavings ? Math.round(Math.min(free * 0.6, profile.monthlyIncome * KEPT_AT_HAND)) : free;
  const savings = free - current + (lockedFromStart ? 0 : locked);
  book.plan({ day, role: 'current', amount: current, category: 'deposit' });
  if (hasSavings && savings > 0) book.plan({ day, role: 'savings', amount: savings, category: 'deposit' });
  if (!deposit) return;
  if (lockedFromStart) book.plan({ day, role: 'deposit', amount: locked, category: 'deposit' });
  else
    book.plan({ day: deposit.openedDay, role: 'savings', amount: -locked, category: 'own-transfer', own: 'deposit' });
}

/** Plans what comes in. */
export function planIncome(book: Book, profile: Profile, pays: readonly Pay[], random: Random): void {
  const payer = { bank: random.pick(OTHER_BANKS), account: account(random) };
  const category = profile.habit === 'pension' ? 'pension' : 'salary';
  for (const { day, amount } of pays) book.plan({ day, role: 'current', amount, category, ...payer });
  if (profile.habit === 'salary' || profile.habit === 'pension') return;
  const own = profile.habit === 'own-business';
  for (const month of monthsOf(profile, book.window)) {
    const times = own ? random.int(2, 4) : 1;
    for (let i = 0; i < times; i += 1)
      book.plan({
        day: book.window.dayOf(month, random.int(1, 28)),
        role: 'current',
        amount: Math.round((profile.monthlyIncome / times) * random.between(own ? 0.65 : 0.9, own ? 1.35 : 1.1)),
        category: 'transfer-in',
        bank: own ? random.pick(OTHER_BANKS) : payer.bank,
        account: own ? account(random) : payer.account,
      });
  }
}

/** Plans rent or mortgage, bills, insurance and fees: what goes off by itself. */
function planFixed(book: Book, profile: Profile, random: Random): void {
  const { monthlyIncome } = profile;
  const home = random.weighted([
    ['household', 60],
    ['loan', 25],
    ['none', 15],
  ] as const);
  const homeCost = yuan(Math.round((monthlyIncome * random.between(0.2, 0.3)) / 10_000) * 100);
  const landlord = { bank: random.pick(OTHER_BANKS), account: account(random) };
  const homeDay = random.int(1, 10);
  const insurance = random.chance(0.5) ? Math.round(monthlyIncome * random.between(0.04, 0.1)) : 0;
  const insurer = { bank: random.pick(OTHER_BANKS), account: account(random) };
  for (const month of monthsOf(profile, book.window)) {
    const day = (dayOfMonth: number): number => book.window.dayOf(month, dayOfMonth);
    if (home !== 'none' && homeCost > 0)
      book.plan({ day: day(homeDay), role: 'current', amount: -homeCost, category: home, ...landlord });
    const bills = Math.round(monthlyIncome * random.between(0.02, 0.045));
    book.plan({
      day: day(random.int(8, 20)),
      role: 'current',
      amount: -bills,
      category: 'household',
      bank: 'UTIL',
      account: '10000001',
    });
    if (insurance > 0 && book.window.calendarMonth(month) % 3 === 2)
      book.plan({ day: day(15), role: 'current', amount: -insurance, category: 'insurance', ...insurer });
    if (profile.tier === 'mass' && book.window.calendarMonth(month) === 1)
      book.plan({ day: day(5), role: 'current', amount: -yuan(10), category: 'fee' });
  }
}

/** Plans what the customer does themselves: shops, cash, family. */
function planSpending(book: Book, profile: Profile, random: Random): void {
  const { monthlyIncome } = profile;
  const shopping = random.between(0.18, 0.3);
  const cashUser = random.chance(profile.age > 55 ? 0.8 : 0.35);
  const family = random.chance(0.45) ? { bank: random.pick(OTHER_BANKS), account: account(random) } : null;
  for (const month of monthsOf(profile, book.window)) {
    const anyDay = (): number => book.window.dayOf(month, random.int(1, 31));
    const season = SEASON[book.window.calendarMonth(month) - 1] as number;
    const times = random.int(1, 3);
    for (let i = 0; i < times; i += 1) {
      const spent = Math.round(((monthlyIncome * shopping * season) / times) * random.between(0.4, 1.6));
      book.plan({ day: anyDay(), role: 'current', amount: -spent, category: 'card' });
    }
    if (cashUser) {
      const cash = yuan(Math.max(1, Math.round((monthlyIncome * random.between(0.04, 0.12)) / 10_000)) * 100);
      book.plan({ day: anyDay(), role: 'current', amount: -cash, category: 'cash' });
    }
    if (family) {
      const sent = yuan(Math.max(1, Math.round((monthlyIncome * random.between(0.05, 0.12)) / 10_000)) * 100);
      book.plan({ day: anyDay(), role: 'current', amount: -sent, category: 'transfer-out', ...family });
    }
  }
}

/** Plans interest, putting aside, and evening out towards what the customer usually holds. */
function planUpkeep(book: Book, profile: Profile, random: Random): void {
  const elsewhere = { bank: random.pick(OTHER_BANKS), account: account(random) };
  const atHand = Math.round(profile.monthlyIncome * KEPT_AT_HAND);
  for (const month of monthsOf(profile, book.window)) {
    const target = profile.wealth * (1 + 0.025 * random.normal());
    const evenOut = book.window.dayOf(month, random.int(14, 22));
    book.plan({ day: evenOut, name: 'even-out', act: () => evenOutTo(book, evenOut, target, elsewhere) });
    const aside = book.window.dayOf(month, 28);
    if (profile.hasSavings)
      book.plan({
        day: aside,
        name: 'put-aside',
        act: () => {
          const excess = Math.floor((book.balance.current - atHand) / 100_000) * 100_000;
          if (excess > atHand / 4)
            book.post({ day: aside, role: 'current', amount: -excess, category: 'own-transfer', own: 'savings' });
        },
      });
    const interest = book.window.dayOf(month, 21);
    if (book.window.calendarMonth(month) % 3 === 0)
      book.plan({ day: interest, name: 'interest', act: () => payInterest(book, interest) });
  }
}

function evenOutTo(book: Book, day: number, target: number, elsewhere: { bank: string; account: string }): void {
  const off = book.qualifying() - target;
  if (Math.abs(off) < target * EVEN_OUT_FROM) return;
  const amount = yuan(Math.round(Math.min(Math.abs(off), target * EVEN_OUT_MOST) / 10_000) * 100);
  if (amount === 0) return;
  if (off > 0) book.post({ day, role: 'current', amount: -amount, category: 'transfer-out', ...elsewhere });
  else book.post({ day, role: 'current', amount, category: 'transfer-in', ...elsewhere });
}

function payInterest(book: Book, day: number): void {
  for (const [role, rate] of [
    ['current', CURRENT_RATE],
    ['savings', SAVINGS_RATE],
  ] as const) {
    const amount = Math.round((book.balance[role] * rate) / 4);
    if (amount > 0) book.post({ day, role, amount, category: 'interest' });
  }
}

/** Plans everything that the customer does out of habit, but for income and the credit card. */
export function planOutgoings(book: Book, profile: Profile, random: Random): void {
  planFixed(book, profile, random);
  planSpending(book, profile, random);
  planUpkeep(book, profile, random);
}
