import type { Minor } from './types.js';

/** made-good: it was missed, and paid later. */
export type InstalmentState = 'due' | 'kept' | 'missed' | 'made-good';

export interface InstalmentStanding {
  /** from 1 */
  number: number;
  amount: Minor;
  state: InstalmentState;
}

export interface Looking {
  /** which instalment is due next; null: all were looked at */
  current: number | null;
  /** its time is over: it is kept or missed now. Before, it can only be found kept */
  final: boolean;
  /** what was repaid for the plan until the last day on which the current one is in time, net, from its beginning */
  paidInTime: Minor;
  /** what was repaid until now, net, from its beginning */
  paidSoFar: Minor;
  /** whether money is meant for what was missed: so it is before the customer is reminded of the current instalment */
  missedFirst: boolean;
}

export interface InstalmentVerdict {
  number: number;
  verdict: 'kept' | 'missed' | 'made-good';
}

const isSettled = ({ state }: InstalmentStanding): boolean => state === 'kept' || state === 'made-good';

/**
 * Gives what was repaid to the instalments. Each fen is given once: what kept and made-good instalments took is taken
 * off first, what is left over or too little stays for the next look. The current instalment comes first, then the
 * oldest missed one, then those ahead; before the reminder the missed ones come first.
 * @param instalments in the order of their numbers
 */
export function judgeInstalments(instalments: readonly InstalmentStanding[], looking: Looking): InstalmentVerdict[] {
  const settled = instalments.filter(isSettled).reduce((sum, { amount }) => sum + amount, 0n);
  const verdicts: InstalmentVerdict[] = [];
  let left = looking.paidSoFar - settled;
  const pay = ({ number, amount }: InstalmentStanding, verdict: 'kept' | 'made-good'): boolean => {
    if (left < amount) return false;
    left -= amount;
    verdicts.push({ number, verdict });
    return true;
  };
  const current = instalments.find(({ number, state }) => number === looking.current && state === 'due');
  // what came too late makes good and never keeps, whoever looks first
  const payCurrent = (one: InstalmentStanding): boolean =>
    looking.paidInTime - settled - (looking.paidSoFar - settled - left) >= one.amount && pay(one, 'kept');
  const missed = instalments.filter(({ state }) => state === 'missed');
  const payMissed = (): boolean => missed.every((one) => pay(one, 'made-good'));
  const payOn = (): void => payAhead(instalments, current?.number ?? Infinity, pay);
  if (looking.missedFirst && !looking.final) {
    if (payMissed() && (!current || payCurrent(current))) payOn();
    return verdicts;
  }
  if (current && !payCurrent(current)) {
    // what is there is kept for the current one until its time is over
    if (!looking.final) return verdicts;
    verdicts.push({ number: current.number, verdict: 'missed' });
    missed.push(current);
  }
  if (payMissed()) payOn();
  return verdicts;
}

/** Who pays ahead has paid: the instalments that fall due after this one. */
function payAhead(
  instalments: readonly InstalmentStanding[],
  after: number,
  pay: (one: InstalmentStanding, verdict: 'kept') => boolean,
): void {
  instalments.filter(({ number, state }) => state === 'due' && number > after).every((one) => pay(one, 'kept'));
}

export type PlanOutlook = 'running' | 'catch-up' | 'kept' | 'broken';

/**
 * Where a plan stands by its instalments.
 * @param missesAllowed how many may be missed at a time
 * @param over          the time to pay what was missed is over as well
 */
export function planOutlook(
  instalments: readonly Pick<InstalmentStanding, 'state'>[],
  missesAllowed: number,
  over: boolean,
): PlanOutlook {
  const missed = instalments.filter(({ state }) => state === 'missed').length;
  if (missed > missesAllowed) return 'broken';
  if (instalments.some(({ state }) => state === 'due')) return 'running';
  if (missed === 0) return 'kept';
  return over ? 'broken' : 'catch-up';
}
