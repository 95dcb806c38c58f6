import type { Book, Movement, Step } from './book.js';
import { FULL_FROM_DAYS } from './credit-card.js';
import type { Pay } from './habits.js';
import type { CustomerKind, IncomeKind } from './kinds.js';
import type { Profile } from './profile.js';
import type { Random } from './random.js';
import { THRESHOLD_FEN, yuan } from './tiers.js';
import { OTHER_BANKS } from './words.js';

/** What was done to a customer's data: since which day the bank could know, and what a reader should know. */
export interface Bend {
  readonly since: number;
  readonly note: string;
}

/** A drain is spread over this many days before the as-of day. */
const DRAIN_DAYS = 42;
/** Outflows, purchases and transfers of note are at most this many days old. */
const RECENT_DAYS = 20;
/** A customer is called dormant after this many days without anything by their own doing. */
export const DORMANT_AFTER_DAYS = 100;

/** Share of the ordinary customers who did something odd. */
const ODD_SHARE = 0.2;

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const account = (random: Random): string => String(random.int(10_000_000, 99_999_999));

/** Bends the salaries of a customer whose case is about income. */
export function bendPays(
  kind: IncomeKind,
  pays: readonly Pay[],
  last: number,
  random: Random,
): { pays: Pay[]; bend: Bend } {
  const due = pays.filter((pay) => pay.due <= last);
  const changed = (pick: (back: number) => Partial<Pay> | null): Pay[] =>
    due.flatMap((pay, index) => {
      const change = pick(due.length - 1 - index);
      return change ? [{ ...pay, ...change }] : [];
    });
  const nth = (back: number): Pay => due[due.length - 1 - back] as Pay;
  const times = (pay: Pay, factor: number): Partial<Pay> => ({ amount: Math.round(pay.amount * factor) });
  switch (kind) {
    case 'income-stopped': {
      const months = random.int(2, 3);
      const bend = { since: nth(months - 1).due, note: `no salary on the last ${months} paydays` };
      return { pays: changed((back) => (back < months ? null : {})), bend };
    }
    case 'income-lowered': {
      const cut = random.between(0.4, 0.6);
      const bend = { since: nth(2).due, note: `the last 3 salaries are ${percent(cut)} lower` };
      return { pays: changed((back) => (back < 3 ? times(nth(back), 1 - cut) : {})), bend };
    }
    case 'late-payday': {
      const days = random.int(5, 9);
      const bend = { since: nth(0).due, note: `the last salary came, or will come, ${days} days late` };
      return { pays: changed((back) => (back === 0 ? { day: nth(0).due + days } : {})), bend };
    }
    case 'bonus-month': {
      const month = random.int(1, 5);
      const bend = { since: nth(month).due, note: 'one salary was doubled by a bonus' };
      return { pays: changed((back) => (back === month ? times(nth(month), 2) : {})), bend };
    }
    case 'seasonal-dip': {
      const [month, share] = [random.int(0, 1), random.between(0.5, 0.65)];
      const bend = { since: nth(month).due, note: `one salary is down to ${percent(share)}, as a year before` };
      return { pays: changed((back) => (back % 12 === month ? times(nth(back), share) : {})), bend };
    }
  }
}

/** Nobody makes good what was taken out: the customer's usual evening out ends on this day. */
function stopEveningOut(book: Book, from: number): void {
  book.cancel((item) => 'act' in item && item.name !== 'interest' && item.day >= from);
}

function drain(book: Book, profile: Profile, random: Random): Bend {
  const { last } = book.window;
  const start = last - DRAIN_DAYS;
  const target = THRESHOLD_FEN[profile.tier] * random.between(0.4, 0.75);
  const times = random.int(9, 14);
  stopEveningOut(book, start);
  for (let i = 0; i < times; i += 1) {
    const amount = yuan(Math.round((((profile.wealth - target) / times) * random.between(0.8, 1.2)) / 100_000) * 1_000);
    const category = random.pick(['transfer-out', 'transfer-out', 'cash', 'purchase']);
    const other = category === 'transfer-out' ? { bank: random.pick(OTHER_BANKS), account: account(random) } : {};
    book.plan({ day: random.int(start, last - 1), role: 'current', amount: -amount, category, ...other });
  }
  return {
    since: start,
    note: `${times} withdrawals in the last ${DRAIN_DAYS} days take the balance under the tier's threshold`,
  };
}

function largeOutflow(book: Book, random: Random): Bend {
  const day = book.window.last - random.int(1, RECENT_DAYS);
  const share = random.between(0.45, 0.7);
  const other = { bank: random.pick(OTHER_BANKS), account: account(random) };
  stopEveningOut(book, day);
  book.plan({
    day,
    name: 'large-outflow',
    act: () => {
      const amount = yuan(Math.round(((book.balance.current + book.balance.savings) * share) / 10_000) * 100);
      book.post({ day, role: 'current', amount: -amount, category: 'transfer-out', ...other });
    },
  });
  return { since: day, note: `${percent(share)} of the free money went to another bank at once` };
}

function largePurchase(book: Book, profile: Profile, random: Random): Bend {
  const day = book.window.last - random.int(1, RECENT_DAYS);
  const amount = yuan(Math.round((profile.wealth * random.between(0.2, 0.3)) / 100_000) * 1_000);
  stopEveningOut(book, day);
  book.plan({
    day,
    role: 'current',
    amount: -amount,
    category: 'purchase',
    bank: random.pick(OTHER_BANKS),
    account: account(random),
  });
  return { since: day, note: 'one large purchase that leaves the tier untouched' };
}

function ownTransfer(book: Book, random: Random): Bend {
  const day = book.window.last - random.int(1, RECENT_DAYS);
  const share = random.between(0.6, 0.9);
  stopEveningOut(book, day);
  book.plan({
    day,
    name: 'own-transfer',
    act: () => {
      const amount = yuan(Math.round((book.balance.savings * share) / 10_000) * 100);
      if (amount > 0) book.post({ day, role: 'savings', amount: -amount, category: 'own-transfer', own: 'current' });
    },
  });
  return { since: day, note: `${percent(share)} of the savings moved to the customer's own current account` };
}

function fallSilent(book: Book, random: Random): Bend {
  const quiet = book.window.last - random.int(DORMANT_AFTER_DAYS + 1, 2 * DORMANT_AFTER_DAYS);
  book.cancel((item) => item.day > quiet && !('act' in item && item.name === 'interest'));
  return { since: quiet + DORMANT_AFTER_DAYS, note: 'nothing by their own doing since then but interest' };
}

/** About one ordinary customer in five did something unusual that means nothing. */
function harmlessOddity(book: Book, profile: Profile, random: Random): void {
  if (!random.chance(ODD_SHARE)) return;
  const { last } = book.window;
  const oddity = random.pick(['money-moved', 'quiet-weeks', 'short-pay', 'moved-payday'] as const);
  if (oddity === 'money-moved') {
    const amount = yuan(Math.round((profile.wealth * random.between(0.06, 0.18)) / 10_000) * 100);
    const other = { bank: random.pick(OTHER_BANKS), account: account(random) };
    const category = random.pick(['transfer-out', 'purchase']);
    book.plan({ day: random.int(profile.startDay, last), role: 'current', amount: -amount, category, ...other });
  } else if (oddity === 'quiet-weeks') {
    // away: nothing by their own doing for up to seven weeks
    const start = random.int(last - 200, last - 20);
    const end = start + random.int(25, 48);
    book.cancel(
      (item) => item.day > start && item.day < end && !('amount' in item && item.amount > 0) && isOwnDoing(item),
    );
  } else {
    oddSalary(book, oddity, random);
  }
}

/** One salary is halved by unpaid leave, or all of them come some days later from a new employer. */
function oddSalary(book: Book, oddity: 'short-pay' | 'moved-payday', random: Random): void {
  const start = book.window.last - random.int(40, 160);
  const days = random.int(4, 12);
  const salaries = book.cancel((item) => 'amount' in item && item.category === 'salary' && item.day > start);
  for (const [i, pay] of salaries.entries()) {
    if (!('amount' in pay)) continue;
    if (oddity === 'moved-payday') book.plan({ ...pay, day: pay.day + days });
    else book.plan(i === 0 ? { ...pay, amount: Math.round(pay.amount / 2) } : pay);
  }
}

function isOwnDoing(item: Movement | Step): boolean {
  if ('act' in item) return item.name !== 'interest';
  return ['card', 'cash', 'transfer-out', 'own-transfer'].includes(item.category);
}

/** The plan of a customer whose case is about a deposit's end. */
function maturing({ deposit }: Profile, last: number, daysKnown: number, then: string): Bend | null {
  if (!deposit) return null;
  return {
    since: deposit.maturesDay - daysKnown,
    note: `a deposit matures in ${deposit.maturesDay - last} days; ${then}`,
  };
}

/** Plans what happens to a customer beside their habits; null: nothing that anybody must know of. */
export function bendBook(
  kind: Exclude<CustomerKind, IncomeKind>,
  book: Book,
  profile: Profile,
  random: Random,
): Bend | null {
  const { last } = book.window;
  switch (kind) {
    case 'tier-at-risk':
      return drain(book, profile, random);
    case 'large-outflow':
      return largeOutflow(book, random);
    case 'large-purchase':
      return largePurchase(book, profile, random);
    case 'own-transfer':
      return ownTransfer(book, random);
    case 'dormant':
      return fallSilent(book, random);
    case 'maturing-30':
      return maturing(profile, last, 30, 'nothing is agreed');
    case 'maturing-7':
      return maturing(profile, last, 7, 'nothing is agreed');
    case 'renewed-deposit':
      return maturing(profile, last, 30, 'its renewal is agreed');
    case 'card-overused':
      return { since: last - FULL_FROM_DAYS, note: 'more than 85 % of the card limit is owed for two months' };
    case 'ordinary':
      harmlessOddity(book, profile, random);
      return null;
  }
}

/** Narrows the day down to what the balances show, once they are booked. */
export function sinceAsBooked(book: Book, profile: Profile, bend: Bend): number {
  if (profile.kind === 'tier-at-risk')
    return (
      book.trace.find((each) => each.day >= bend.since && each.qualifying < THRESHOLD_FEN[profile.tier])?.day ??
      book.window.last
    );
  if (profile.kind === 'dormant') {
    const own = book.entries.filter((entry) => entry.category !== 'interest');
    return (own[own.length - 1]?.day ?? 0) + DORMANT_AFTER_DAYS;
  }
  return bend.since;
}
