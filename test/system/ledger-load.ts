import {
  instant,
  minor,
  plainDate,
  points,
  type CampaignRef,
  type Currency,
  type CustomerRef,
  type Instant,
  type LedgerAccount,
} from '../../domain/types.js';
import {
  budgetAccount,
  customerAccount,
  EXPIRED,
  heldAccount,
  ISSUANCE,
  issuanceFor,
  REDEEMED,
  redressCost,
  redressOwed,
  redressPaid,
  reservedAccount,
  type PostingRequest,
} from '../../store/ledger.js';

/** Clients that post at once, each a process of its own; two and two share some debts. */
export const CLIENTS = 8;
/** Accounts that all clients post to. */
const CUSTOMERS = 500;
const CAMPAIGNS = ['keep-your-tier', 'winter', 'spring', 'salary-home'] as CampaignRef[];
/** With none, two and three decimals. */
const CURRENCIES = ['JPY', 'CNY', 'KWD'] as Currency[];

/** How much a client does. */
export interface Size {
  rounds: number;
  /** customers whom a batch of a round is about, at most CUSTOMERS */
  width: number;
}

/** One thing that a client does; whoever is killed in the middle of it does all from the beginning. */
export type Step =
  | { what: 'batch'; requests: PostingRequest[]; at: Instant }
  | { what: 'post'; request: PostingRequest }
  /** takes back what was posted under the key */
  | { what: 'reverse'; key: string; at: Instant }
  /** is more than there is, and must be refused */
  | { what: 'overdraw'; request: PostingRequest };

/** The same numbers for the same seed (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** What staff and customers write is in memos, and none of it may confuse a reader of the export. */
const MEMOS = [
  'tier kept',
  'for "K-2026-0000042"; paid | in part',
  '=SUM(A1:A9)',
  '信用卡 消费, 双倍积分',
  'two\nlines\tand a tab',
  '2026-01-01 (1) not a transaction  ; nor:a tag, date:2020-01-01',
];
/** A key is a text too. */
const ODD_KEY = ' 改, key:x; 100 %';
const BEGIN = Date.UTC(2026, 0, 1);
/** Rounds are that far apart in business time (ms), and clients stray by as much: the order of time is not that of numbers. */
const ROUND_MS = 30 * 86_400_000;

/**
 * All that a client does, in order: the same for the same seed. Whatever the clients do at once, what a client takes from
 * an account it has put in before, so that nothing but `overdraw` is refused.
 */
export function stepsOf(seed: number, client: number, size: Size): Step[] {
  const steps: Step[] = [];
  for (let round = 0; round < size.rounds; round += 1) steps.push(...new Round(seed, client, round, size).steps());
  return steps;
}

class Round {
  private readonly random: (below: number) => number;
  /** what this client has put into accounts in this round and not taken out again */
  private readonly mine = new Map<LedgerAccount, bigint>();
  private readonly done: Step[] = [];
  private keys = 0;

  constructor(
    private readonly seed: number,
    private readonly client: number,
    private readonly round: number,
    private readonly size: Size,
  ) {
    this.random = randomOf(seed * 1_000 + client * 100 + round);
  }

  steps(): Step[] {
    this.budgets();
    this.gettingPoints();
    this.journeys();
    this.orders();
    this.redress();
    this.corrections();
    this.sharedWithTheOther();
    return this.done;
  }

  private budgets(): void {
    for (const ref of CAMPAIGNS)
      this.single(this.request('fund', ISSUANCE, budgetAccount(ref), points(40 * this.size.width + this.random(999))));
    for (const ref of CAMPAIGNS) this.single(this.request('defund', budgetAccount(ref), ISSUANCE, points(7)));
  }

  private gettingPoints(): void {
    const give = (kind: 'earn' | 'educate' | 'goodwill', what: 'transactions' | 'education' | 'goodwill', of: number) =>
      this.batch(of, (ref) =>
        this.request(kind, issuanceFor(what), customerAccount(ref), points(20 + this.random(500))),
      );
    give('earn', 'transactions', 1);
    give('educate', 'education', 3);
    give('goodwill', 'goodwill', 4);
  }

  private journeys(): void {
    const campaign = CAMPAIGNS[this.random(CAMPAIGNS.length)] as CampaignRef;
    const budget = budgetAccount(campaign);
    this.batch(1, (ref) =>
      this.request('reserve', budget, reservedAccount(campaign, ref), points(1 + this.random(20))),
    );
    this.batch(2, (ref) => this.take('grant', reservedAccount(campaign, ref), customerAccount(ref)));
    this.batch(3, (ref) => this.take('release', reservedAccount(campaign, ref), budget));
    this.batch(3, (ref) => this.request('grant', budget, customerAccount(ref), points(1 + this.random(9))));
  }

  private orders(): void {
    this.batch(1, (ref) => this.take('hold', customerAccount(ref), heldAccount(ref)));
    this.batch(2, (ref) => this.take('redeem', heldAccount(ref), REDEEMED));
    this.batch(3, (ref) => this.take('return', heldAccount(ref), customerAccount(ref)));
    this.batch(3, (ref) => this.take('expire', customerAccount(ref), EXPIRED));
  }

  private redress(): void {
    const currency = CURRENCIES[this.random(CURRENCIES.length)] as Currency;
    const owed = (ref: CustomerRef): LedgerAccount => redressOwed(currency, ref);
    this.batch(2, (ref) =>
      this.request('owe-redress', redressCost(currency), owed(ref), minor(1 + this.random(99_999))),
    );
    this.batch(3, (ref) => this.take('pay-redress', owed(ref), redressPaid(currency)));
  }

  /** One posting of each kind that is taken back at once. */
  private corrections(): void {
    const [ref, currency, campaign] = [this.customer(0), 'CNY' as Currency, CAMPAIGNS[0] as CampaignRef];
    const [held, reserved, owed] = [heldAccount(ref), reservedAccount(campaign, ref), redressOwed(currency, ref)];
    const [customer, budget] = [customerAccount(ref), budgetAccount(campaign)];
    const chains: [PostingRequest['kind'], LedgerAccount, LedgerAccount][] = [
      ['fund', ISSUANCE, budget],
      ['defund', budget, ISSUANCE],
      ['reserve', budget, reserved],
      ['grant', reserved, customer],
      ['release', reserved, budget],
      ['earn', issuanceFor('transactions'), customer],
      ['educate', issuanceFor('education'), customer],
      ['goodwill', issuanceFor('goodwill'), customer],
      ['hold', customer, held],
      ['redeem', held, REDEEMED],
      ['return', held, customer],
      ['expire', customer, EXPIRED],
      ['owe-redress', redressCost(currency), owed],
      ['pay-redress', owed, redressPaid(currency)],
    ];
    // what they take from is there before
    for (const kind of ['fund', 'reserve', 'earn', 'hold', 'owe-redress'])
      for (const [, from, to] of chains.filter((chain) => chain[0] === kind))
        this.single(this.request(kind as PostingRequest['kind'], from, to, points(50)));
    for (const [kind, from, to] of chains) {
      const request = this.request(kind, from, to, points(3), ODD_KEY);
      this.done.push({ what: 'post', request }, { what: 'reverse', key: request.key, at: this.at() });
    }
    const tooMuch = this.request('hold', customer, held, points(10n ** 15n));
    this.done.push({ what: 'overdraw', request: tooMuch });
  }

  /** What the neighbour posts at the same time, under the same keys. Nothing of it is taken but by what is shared too. */
  private sharedWithTheOther(): void {
    const pair = Math.floor(this.client / 2);
    const random = randomOf(this.seed * 1_000 + 900 + pair * 10 + this.round);
    const at = instant(BEGIN + this.round * ROUND_MS);
    const told = (kind: string, n: number) => ({
      key: `shared:${pair}:${this.round}:${kind}:${n}`,
      memo: 'shared',
      at,
    });
    const refs = Array.from(
      { length: Math.ceil(this.size.width / 5) },
      (_, n) => `c${(n * 7 + pair) % CUSTOMERS}` as CustomerRef,
    );
    const earned = refs.map((ref, n): PostingRequest => {
      const way = { from: issuanceFor('transactions'), to: customerAccount(ref) };
      return { ...told('earn', n), kind: 'earn', ...way, amount: points(10 + random(90)) };
    });
    const held = refs.map((ref, n): PostingRequest => {
      const way = { from: customerAccount(ref), to: heldAccount(ref) };
      return { ...told('hold', n), kind: 'hold', ...way, amount: points(1 + random(10)) };
    });
    const [first, ...others] = held;
    this.done.push({ what: 'batch', requests: earned, at }, { what: 'batch', requests: others, at });
    if (first) this.done.push({ what: 'post', request: first });
  }

  /** A batch about every n-th customer of the round; who has nothing to take is left out. */
  private batch(every: number, requestFor: (ref: CustomerRef) => PostingRequest | null): void {
    const at = this.at();
    const requests: PostingRequest[] = [];
    for (let n = 0; n < this.size.width; n += every) {
      const request = requestFor(this.customer(n));
      if (request) requests.push({ ...request, at });
    }
    // what a batch puts in pays for nothing that it takes out, so it counts only now
    for (const { from, to, amount } of requests) this.move(from, to, amount);
    this.done.push({ what: 'batch', requests, at });
  }

  private single(request: PostingRequest): void {
    this.move(request.from, request.to, request.amount);
    this.done.push({ what: 'post', request });
  }

  private move(from: LedgerAccount, to: LedgerAccount, amount: bigint): void {
    this.mine.set(from, (this.mine.get(from) ?? 0n) - amount);
    this.mine.set(to, (this.mine.get(to) ?? 0n) + amount);
  }

  private request(
    kind: PostingRequest['kind'],
    from: LedgerAccount,
    to: LedgerAccount,
    amount: PostingRequest['amount'],
    keyEnds = '',
  ): PostingRequest {
    this.keys += 1;
    const memo = MEMOS[this.random(MEMOS.length)] ?? '';
    const expires = to.startsWith('customer:') && kind !== 'return' && this.random(4) > 0;
    const expiresOn = expires ? plainDate(`2027-0${1 + this.random(9)}-28`) : null;
    const key = `${kind}:${this.client}:${this.round}:${this.keys}${keyEnds}`;
    return { key, kind, from, to, amount, memo, at: this.at(), expiresOn };
  }

  /** At most half of what this client has in an account; null: it has none there. */
  private take(kind: PostingRequest['kind'], from: LedgerAccount, to: LedgerAccount): PostingRequest | null {
    const half = (this.mine.get(from) ?? 0n) / 2n;
    return half < 1n ? null : this.request(kind, from, to, points(1 + this.random(Number(half))));
  }

  private customer(n: number): CustomerRef {
    return `c${(n + this.client * 61 + this.round * 17) % CUSTOMERS}` as CustomerRef;
  }

  private at(): Instant {
    return instant(BEGIN + this.round * ROUND_MS + this.random(2 * ROUND_MS));
  }
}

/** The keys of all that is posted, and how much of it is taken back, by all clients together. */
export function expectedOf(seed: number, size: Size): { keys: Set<string>; reversals: number } {
  const keys = new Set<string>();
  let reversals = 0;
  for (let client = 0; client < CLIENTS; client += 1)
    for (const step of stepsOf(seed, client, size)) {
      if (step.what === 'batch') for (const { key } of step.requests) keys.add(key);
      if (step.what === 'post') keys.add(step.request.key);
      if (step.what === 'reverse') reversals += 1;
    }
  return { keys, reversals };
}
