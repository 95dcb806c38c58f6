import type { Window } from './window.js';

/** Which of a customer's accounts. */
export type Role = 'current' | 'savings' | 'deposit' | 'card';

/** One intended movement; amounts in fen, money in is positive. */
export interface Movement {
  readonly day: number;
  readonly role: Role;
  readonly amount: number;
  readonly category: string;
  readonly bank?: string;
  readonly account?: string;
  /** the customer's own account on the other side: the mirror entry is booked there */
  readonly own?: Role;
}

/** Something that depends on the balances of the day: interest, putting aside, evening out. */
export interface Step {
  readonly name: string;
  readonly day: number;
  readonly act: (book: Book) => void;
}

/** An entry as it was booked. */
export interface Entry {
  readonly day: number;
  readonly role: Role;
  readonly amount: number;
  readonly category: string;
  readonly bank: string | null;
  readonly account: string | null;
  readonly own: Role | null;
}

/** The current account is kept above this by topping up from savings, fen. */
const FLOOR_FEN = 20_000;
/** Savings are moved in multiples of this, fen. */
const TOP_UP_FEN = 100_000;
/** What is left of a payment that can't be made in full must be worth booking, fen. */
const LEAST_PAYMENT_FEN = 1_000;

/** A customer's accounts: intentions go in, in any order; entries come out by day, and no account is overdrawn. */
export class Book {
  readonly balance: Record<Role, number> = { current: 0, savings: 0, deposit: 0, card: 0 };
  readonly entries: Entry[] = [];
  /** the qualifying balance at the end of each day on which it changed */
  readonly trace: { day: number; qualifying: number }[] = [];
  private readonly plans: (Movement | Step)[] = [];

  constructor(
    readonly window: Window,
    private readonly startDay: number,
  ) {}

  /** Intends something; what is before the customer's first day or after the as-of day doesn't happen. */
  plan(item: Movement | Step): void {
    if (item.day >= this.startDay && item.day <= this.window.last) this.plans.push(item);
  }

  /** Drops what was intended, for instance after somebody stopped using the bank, and gives it back. */
  cancel(unwanted: (item: Movement | Step) => boolean): (Movement | Step)[] {
    const dropped = this.plans.filter(unwanted);
    const gone = new Set(dropped);
    const kept = this.plans.filter((item) => !gone.has(item));
    this.plans.splice(0, this.plans.length, ...kept);
    return dropped;
  }

  /** Money that counts towards the tier, fen. */
  qualifying(): number {
    return this.balance.current + this.balance.savings + this.balance.deposit;
  }

  /** Books all intentions in the order of their days. */
  settle(): void {
    this.plans.sort((a, b) => a.day - b.day);
    for (const item of this.plans) {
      if ('act' in item) item.act(this);
      else this.post(item);
    }
  }

  /** Books one movement now, as far as the account has the money. */
  post(movement: Movement): void {
    const amount = this.affordable(movement);
    if (amount === 0) return;
    this.enter({ ...movement, amount }, movement.own ?? null);
    if (movement.own) this.enter({ ...movement, role: movement.own, amount: -amount }, movement.role);
    this.trace.push({ day: movement.day, qualifying: this.qualifying() });
  }

  private affordable({ day, role, amount }: Movement): number {
    if (amount >= 0 || role === 'card') return amount;
    if (role !== 'current') return -Math.min(-amount, Math.max(0, this.balance[role]));
    const missing = FLOOR_FEN - (this.balance.current + amount);
    if (missing > 0 && this.balance.savings >= LEAST_PAYMENT_FEN) {
      const topUp = Math.min(this.balance.savings, Math.ceil(missing / TOP_UP_FEN) * TOP_UP_FEN);
      this.post({ day, role: 'savings', amount: -topUp, category: 'own-transfer', own: 'current' });
    }
    const available = this.balance.current - FLOOR_FEN;
    if (-amount <= available) return amount;
    return available < LEAST_PAYMENT_FEN ? 0 : -available;
  }

  private enter({ day, role, amount, category, bank, account }: Movement, own: Role | null): void {
    this.balance[role] += amount;
    this.entries.push({ day, role, amount, category, bank: bank ?? null, account: account ?? null, own });
  }
}
