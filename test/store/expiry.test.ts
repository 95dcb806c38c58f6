import fc from 'fast-check';
import { instant, points, type CustomerRef, type Instant, type PlainDate, type PostingId } from '../../domain/types.js';
import type { Sql } from '../../store/database.js';
import { expirePoints, lotsByExpiry, pointsToNotice, remainingLots } from '../../store/expiry.js';
import {
  customerAccount,
  EXPIRED,
  heldAccount,
  issuanceFor,
  ledgerBalance,
  Overdrawn,
  post,
  REDEEMED,
  reverse,
} from '../../store/ledger.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { smallBank } from '../setup/small-bank.js';

/** 1 June 2027 in Shanghai, 10:00. */
const AT = instant(Date.UTC(2027, 5, 1, 2));
const ANNA = 'canna' as CustomerRef;
const BEN = 'cben' as CustomerRef;
const DAYS = ['2026-09-30', '2026-10-31', '2026-11-30', '2026-12-31'] as PlainDate[];
const [SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER] = DAYS as [PlainDate, PlainDate, PlainDate, PlainDate];

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, '2027-06-01');
});
afterAll(() => database.drop());
// each test has customers of its own, told apart by a number
let test_ = 0;
beforeEach(() => (test_ += 1));
const own = (ref: CustomerRef): CustomerRef => `${ref}${test_}` as CustomerRef;

let keys = 0;
const nextKey = (): string => `k${(keys += 1)}`;
type Told = { sql?: Sql; at?: Instant };
const earn = (
  ref: CustomerRef,
  amount: number,
  expiresOn: PlainDate | null,
  { sql = database.app, at = AT }: Told = {},
) =>
  post(sql, {
    key: nextKey(),
    kind: 'earn',
    from: issuanceFor('transactions'),
    to: customerAccount(ref),
    amount: points(amount),
    memo: 'cards',
    at,
    expiresOn,
  });
const hold = (ref: CustomerRef, amount: number, { sql = database.app, at = AT }: Told = {}) =>
  post(sql, {
    key: nextKey(),
    kind: 'hold',
    from: customerAccount(ref),
    to: heldAccount(ref),
    amount: points(amount),
    memo: 'order',
    at,
  });
const giveBack = (ref: CustomerRef, amount: number, { sql = database.app, at = AT }: Told = {}) =>
  post(sql, {
    key: nextKey(),
    kind: 'return',
    from: heldAccount(ref),
    to: customerAccount(ref),
    amount: points(amount),
    memo: 'order',
    at,
  });
const redeem = (ref: CustomerRef, amount: number, { sql = database.app, at = AT }: Told = {}) =>
  post(sql, {
    key: nextKey(),
    kind: 'redeem',
    from: heldAccount(ref),
    to: REDEEMED,
    amount: points(amount),
    memo: 'order',
    at,
  });
const expire = (asOf: PlainDate | string, at = AT) => expirePoints(database.app, { asOf: asOf as PlainDate, at });
const has = (ref: CustomerRef): Promise<bigint> => ledgerBalance(database.app, customerAccount(ref));
/** What is left, as `points until day`. */
const left = async (ref: CustomerRef, asOf?: Instant): Promise<string[]> =>
  (await remainingLots(database.app, ref, asOf)).map((lot) => `${lot.remaining} until ${lot.expiresOn}`);
/** How often points of the customer expired, and the words for it. */
async function expiries(ref: CustomerRef): Promise<string[]> {
  const { rows } = await database.app.query<{ told: string }>(
    `select amount || ' ' || memo as told from postings where from_account = $1 and to_account = $2 order by posting_id`,
    [customerAccount(ref), EXPIRED],
  );
  return rows.map(({ told }) => told);
}

describe('what a customer spends', () => {
  test('is taken from the points that expire first, whenever they came', async () => {
    const anna = own(ANNA);
    await earn(anna, 100, null);
    await earn(anna, 100, DECEMBER);
    await earn(anna, 100, OCTOBER);
    await hold(anna, 150);
    expect(await left(anna)).toEqual(['50 until 2026-12-31', '100 until null']);
  });

  test('is taken, among points of one day, from those that came first', async () => {
    const anna = own(ANNA);
    const first = await earn(anna, 100, OCTOBER);
    const second = await earn(anna, 100, OCTOBER);
    await hold(anna, 30);
    expect(await remainingLots(database.app, anna)).toMatchObject([
      { postingId: first.postingId, points: 100n, remaining: 70n },
      { postingId: second.postingId, points: 100n, remaining: 100n },
    ]);
  });
});

describe('points whose last day is over', () => {
  test('expire on the day after, and once', async () => {
    const anna = own(ANNA);
    await earn(anna, 100, OCTOBER);
    await earn(anna, 50, NOVEMBER);
    await expire(OCTOBER);
    expect(await expiries(anna)).toEqual([]);
    await expire('2026-11-01');
    expect(await expiries(anna)).toEqual(['100 good until 2026-10-31']);
    await expire('2026-11-01');
    await expire('2026-11-30');
    expect(await expiries(anna)).toHaveLength(1);
    expect(await has(anna)).toBe(50n);
  });

  test('expire as far as they were not spent', async () => {
    const anna = own(ANNA);
    await earn(anna, 100, OCTOBER);
    await earn(anna, 100, NOVEMBER);
    await hold(anna, 30);
    await expire('2026-11-01');
    expect(await expiries(anna)).toEqual(['70 good until 2026-10-31']);
    await hold(anna, 40);
    expect(await left(anna)).toEqual(['60 until 2026-11-30']);
  });

  test('never expire before their day, whatever day is asked for', async () => {
    const anna = own(ANNA);
    await earn(anna, 100, '2027-06-30' as PlainDate);
    await expire('2028-01-01');
    expect(await has(anna)).toBe(100n);
  });

  test('that came back from an order expire on the next run, on the same day too', async () => {
    const anna = own(ANNA);
    await earn(anna, 100, OCTOBER);
    await hold(anna, 60);
    await expire('2026-11-01');
    expect(await expiries(anna)).toEqual(['40 good until 2026-10-31']);
    await giveBack(anna, 60);
    expect(await left(anna)).toEqual(['60 until 2026-10-31']);
    await expire('2026-11-01');
    expect(await expiries(anna)).toEqual(['40 good until 2026-10-31', '60 good until 2026-10-31']);
    expect(await has(anna)).toBe(0n);
  });

  test('that came back from an order by mistake, and were taken again, do not expire a second time', async () => {
    const anna = own(ANNA);
    await earn(anna, 100, OCTOBER);
    await earn(anna, 100, NOVEMBER);
    await hold(anna, 100);
    const mistake = await giveBack(anna, 100);
    await reverse(database.app, mistake.postingId, 'the order was delivered', AT);
    expect(await left(anna)).toEqual(['100 until 2026-11-30']);
    await expire('2026-11-01');
    expect(await expiries(anna)).toEqual([]);
  });

  test('and were expired by mistake come back by a reversal, and expire again', async () => {
    const anna = own(ANNA);
    await earn(anna, 100, OCTOBER);
    await expire('2026-11-01');
    const { rows } = await database.app.query<{ id: PostingId }>(
      'select posting_id as id from postings where from_account = $1',
      [customerAccount(anna)],
    );
    await reverse(database.app, rows[0]?.id as PostingId, 'asked for too early', AT);
    expect(await left(anna)).toEqual(['100 until 2026-10-31']);
    await expire('2026-11-01');
    expect(await has(anna)).toBe(0n);
    expect(await expiries(anna)).toHaveLength(2);
  });

  test('that were taken back do not expire, and what a reversed order took is there again', async () => {
    const anna = own(ANNA);
    const wrong = await earn(anna, 100, OCTOBER);
    await earn(anna, 100, NOVEMBER);
    const order = await hold(anna, 150);
    await expect(reverse(database.app, wrong.postingId, 'wrong customer', AT)).rejects.toThrow(Overdrawn);
    await reverse(database.app, order.postingId, 'wrong order', AT);
    await reverse(database.app, wrong.postingId, 'wrong customer', AT);
    expect(await left(anna)).toEqual(['100 until 2026-11-30']);
    await expire('2026-11-01');
    expect(await has(anna)).toBe(100n);
  });
});

/** Returns when a connection waits for a lock that another one holds. */
async function blocked(): Promise<void> {
  for (let look = 0; look < 10_000; look += 1) {
    const { rows } = await database.owner.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return;
  }
  throw new Error('nobody waits for a lock: the two transactions did not meet');
}

describe('at the same time', () => {
  test('an order takes the last of the points that were about to expire: those that are good longer stay', async () => {
    const anna = own(ANNA);
    await earn(anna, 100, OCTOBER);
    await earn(anna, 100, NOVEMBER);
    let run: ReturnType<typeof expire> | undefined;
    await database.app.transaction(async (sql) => {
      await hold(anna, 100, { sql });
      run = expire('2026-11-01');
      await blocked();
    });
    await run;
    expect(await expiries(anna)).toEqual([]);
    expect(await left(anna)).toEqual(['100 until 2026-11-30']);
  });

  test('two runs post what expires once', async () => {
    const refs = Array.from({ length: 30 }, (_, n) => `${own(ANNA)}x${n}` as CustomerRef);
    for (const ref of refs) {
      await earn(ref, 100, OCTOBER);
      await earn(ref, 100, DECEMBER);
    }
    await Promise.all([expire('2026-11-01'), expire('2026-11-01'), expire('2026-11-01')]);
    for (const ref of refs) {
      expect(await expiries(ref)).toEqual(['100 good until 2026-10-31']);
      expect(await has(ref)).toBe(100n);
    }
  });
});

test('what will expire is told by month, for all customers together, as the books are and as they were', async () => {
  const fresh = await freshDatabase();
  try {
    await smallBank(fresh, { origin: AT, anchor: AT, rate: 1 }, '2027-06-01');
    const sql = fresh.app;
    await earn(ANNA, 100, OCTOBER, { sql });
    await earn(ANNA, 40, NOVEMBER, { sql });
    await earn(ANNA, 7, null, { sql });
    await earn(BEN, 30, OCTOBER, { sql });
    const later = instant(AT + 60_000);
    await hold(ANNA, 110, { sql, at: later });
    expect(await lotsByExpiry(sql, SEPTEMBER, DECEMBER)).toEqual([
      { month: '2026-10', customers: 1, points: 30n },
      { month: '2026-11', customers: 1, points: 30n },
    ]);
    expect(await lotsByExpiry(sql, SEPTEMBER, DECEMBER, AT)).toEqual([
      { month: '2026-10', customers: 2, points: 130n },
      { month: '2026-11', customers: 1, points: 40n },
    ]);
    expect(await lotsByExpiry(sql, NOVEMBER, DECEMBER)).toHaveLength(1);
    const asked = { from: '2026-10-15' as PlainDate, to: '2026-11-15' as PlainDate, after: '', at: instant(0) };
    expect(await pointsToNotice(sql, asked)).toEqual({
      expiring: [{ customerRef: BEN, expiresOn: OCTOBER, points: 30n }],
      next: customerAccount(BEN),
    });
  } finally {
    await fresh.drop();
  }
});

interface Row {
  kind: 'earn' | 'hold' | 'return' | 'redeem' | 'expire';
  amount: bigint;
  expiresOn: PlainDate | null;
  id: PostingId;
  reversed: boolean;
}

/** One customer's points as one would keep them on paper: every posting in a list, and the rest counted anew each time. */
class Paper {
  readonly rows: Row[] = [];

  sum(...kinds: Row['kind'][]): bigint {
    return this.rows
      .filter((row) => !row.reversed && kinds.includes(row.kind))
      .reduce((sum, row) => sum + row.amount, 0n);
  }
  balance(): bigint {
    return this.sum('earn', 'return') - this.sum('hold', 'expire');
  }
  held(): bigint {
    return this.sum('hold') - this.sum('return', 'redeem');
  }
  lots(): { expiresOn: PlainDate | null; remaining: bigint }[] {
    const never = '9999';
    let gone = this.sum('hold', 'expire') - this.sum('return');
    return this.rows
      .filter((row) => row.kind === 'earn' && !row.reversed)
      .sort((a, b) => (a.expiresOn ?? never).localeCompare(b.expiresOn ?? never) || Number(a.id - b.id))
      .map(({ amount, expiresOn }) => {
        const taken = gone < amount ? gone : amount;
        gone -= taken;
        return { expiresOn, remaining: amount - taken };
      })
      .filter(({ remaining }) => remaining > 0n);
  }
  told(): string[] {
    return this.lots().map(({ remaining, expiresOn }) => `${remaining} until ${expiresOn}`);
  }
  lapsed(asOf: PlainDate): bigint {
    const over = this.lots().filter(({ expiresOn }) => expiresOn !== null && expiresOn < asOf);
    return over.reduce((sum, { remaining }) => sum + remaining, 0n);
  }
  /** Whether a posting may be reversed: what it gave must still be there. */
  mayReverse(row: Row): boolean {
    if (row.kind === 'earn' || row.kind === 'return') return this.balance() >= row.amount;
    return row.kind === 'hold' ? this.held() >= row.amount : true;
  }
}

const amounts = fc.integer({ min: 1, max: 100 });
const bold = fc.integer({ min: 0, max: 4 }).map((n) => n === 0);
const who = fc.constantFrom<CustomerRef>(ANNA, BEN);
const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('earn' as const),
        who,
        amount: amounts,
        day: fc.constantFrom(...DAYS, null),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('hold' as const), who, amount: amounts, bold }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constantFrom('return' as const, 'redeem' as const), who, amount: amounts, bold }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('reverse' as const), who, which: fc.nat(30) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('expire' as const), day: fc.constantFrom(...DAYS) }) },
  ),
  { minLength: 5, maxLength: 25 },
);
type Step = typeof steps extends fc.Arbitrary<(infer One)[]> ? One : never;

let runs = 0;
test('whatever is earned, ordered, given back, taken back and expired, the lots are what they are on paper', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      runs += 1;
      const ref = (customer: CustomerRef): CustomerRef => `${customer}r${runs}` as CustomerRef;
      const papers = new Map<CustomerRef, Paper>([
        [ANNA, new Paper()],
        [BEN, new Paper()],
      ]);
      const history: [Instant, string[]][] = [];
      for (const [n, step] of all.entries()) {
        const at = instant(AT + n * 60_000);
        if (step.do === 'expire') await expireBoth(papers, ref, step.day, at);
        else await perform(step, papers.get(step.who) as Paper, ref(step.who), at);
        for (const [customer, paper] of papers) {
          expect(await has(ref(customer))).toBe(paper.balance());
          expect(paper.balance() >= 0n).toBe(true);
          const lots = await remainingLots(database.app, ref(customer));
          expect(lots.map((lot) => `${lot.remaining} until ${lot.expiresOn}`)).toEqual(paper.told());
          expect(lots.reduce((sum, lot) => sum + lot.remaining, 0n)).toBe(paper.balance());
        }
        history.push([at, (papers.get(ANNA) as Paper).told()]);
      }
      // and as of any instant that is past
      for (const [at, told] of history) expect(await left(ref(ANNA), at)).toEqual(told);
    }),
    { numRuns: 40 },
  );
});

async function expireBoth(
  papers: Map<CustomerRef, Paper>,
  ref: (customer: CustomerRef) => CustomerRef,
  day: PlainDate,
  at: Instant,
): Promise<void> {
  const due = [...papers].map(([customer, paper]) => ({ customer, paper, amount: paper.lapsed(day) }));
  await expire(day, at);
  await expire(day, at);
  for (const { customer, paper, amount } of due) {
    const { rows } = await database.app.query<{ id: PostingId; amount: bigint }>(
      `select posting_id as id, amount from postings where from_account = $1 and kind = 'expire' and posted_at = $2`,
      [customerAccount(ref(customer)), new Date(at)],
    );
    expect(rows.map((row) => row.amount)).toEqual(amount > 0n ? [amount] : []);
    for (const row of rows) paper.rows.push({ ...row, kind: 'expire', expiresOn: null, reversed: false });
  }
}

async function perform(
  step: Exclude<Step, { do: 'expire' }>,
  paper: Paper,
  ref: CustomerRef,
  at: Instant,
): Promise<void> {
  if (step.do === 'reverse') {
    const row = paper.rows[step.which % Math.max(1, paper.rows.length)];
    if (!row || row.reversed) return;
    const may = paper.mayReverse(row);
    const reversal = reverse(database.app, row.id, 'a mistake', at);
    if (!may) return expect(reversal).rejects.toThrow(Overdrawn);
    await reversal;
    row.reversed = true;
    return;
  }
  const told = { at };
  const { amount } = step;
  const write = (
    kind: Row['kind'],
    { postingId }: { postingId: PostingId },
    expiresOn: PlainDate | null = null,
  ): void => void paper.rows.push({ kind, amount: BigInt(amount), expiresOn, id: postingId, reversed: false });
  if (step.do === 'earn') return write('earn', await earn(ref, amount, step.day, told), step.day);
  const there = step.do === 'hold' ? paper.balance() : paper.held();
  const posting = { hold, return: giveBack, redeem }[step.do](ref, amount, told);
  if (there < BigInt(amount)) return expect(posting).rejects.toThrow(Overdrawn);
  write(step.do, await posting);
}
