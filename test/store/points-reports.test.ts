import fc from 'fast-check';
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
  type PostingId,
  type ZoneId,
} from '../../domain/types.js';
import { verifyDecisions } from '../../store/decisions.js';
import { expirePoints } from '../../store/expiry.js';
import { closeJourney, readJourney } from '../../store/journeys.js';
import { correct } from '../../store/ledger-corrections.js';
import {
  budgetAccount,
  customerAccount,
  EXPIRED,
  heldAccount,
  ISSUANCE,
  issuanceFor,
  ledgerBalance,
  NotReversible,
  Overdrawn,
  post,
  REDEEMED,
  redressCost,
  redressOwed,
  reservedAccount,
  reverse,
  type PostingKind,
  type PostingRequest,
} from '../../store/ledger.js';
import { readBudgets, readCosts } from '../../store/reads/campaign-points.js';
import { readLedgerAccount } from '../../store/reads/ledger.js';
import { verifyLedger } from '../../store/reads/ledger-verification.js';
import { readPointsStanding, readStatement } from '../../store/reads/points.js';
import { forecastExpiry, readBreakage, readLiability } from '../../store/reads/points-reports.js';
import { grantReward, reserveReward } from '../../store/rewards.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

const SHANGHAI = 'Asia/Shanghai' as ZoneId;
const CAMPAIGN = 'keep-your-tier' as CampaignRef;
/** Noon in Shanghai. */
const on = (day: string): Instant => instant(Date.parse(`${day}T04:00:00Z`));
const [c1, c2] = ['c1' as CustomerRef, 'c2' as CustomerRef];

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(() => database.drop());

let nextKey = 0;
type Told = Partial<PostingRequest>;
function move(
  kind: PostingRequest['kind'],
  from: LedgerAccount,
  to: LedgerAccount,
  amount: number,
  day: string,
  told: Told = {},
) {
  nextKey += 1;
  const request = {
    key: `${kind}:${nextKey}`,
    kind,
    from,
    to,
    amount: points(amount),
    memo: kind,
    at: on(day),
    ...told,
  };
  return post(database.app, request);
}
const earn = (ref: CustomerRef, amount: number, day: string, until: string | null) =>
  move('earn', issuanceFor('transactions'), customerAccount(ref), amount, day, {
    expiresOn: until === null ? null : plainDate(until),
  });
const hold = (ref: CustomerRef, amount: number, day: string, order: string) =>
  move('hold', customerAccount(ref), heldAccount(ref), amount, day, { key: `hold:${order}` });
const redeem = (ref: CustomerRef, amount: number, day: string, order: string) =>
  move('redeem', heldAccount(ref), REDEEMED, amount, day, { key: `redeem:${order}` });
const giveBack = (ref: CustomerRef, amount: number, day: string, order: string) =>
  move('return', heldAccount(ref), customerAccount(ref), amount, day, { key: `return:${order}` });
const expire = (ref: CustomerRef, amount: number, day: string) =>
  move('expire', customerAccount(ref), EXPIRED, amount, day);
const fund = (amount: number, day: string) => move('fund', ISSUANCE, budgetAccount(CAMPAIGN), amount, day);

describe('the liability', () => {
  test('is what customers can spend and what is held of them, now and at every instant before', async () => {
    await earn(c1, 300, '2026-01-10', '2026-12-31');
    await earn(c2, 200, '2026-02-10', null);
    await hold(c1, 120, '2026-03-10', 'R-1');
    await redeem(c1, 100, '2026-04-10', 'R-1');
    await expire(c1, 50, '2027-01-01');
    await fund(1_000, '2026-02-01');
    await move('reserve', budgetAccount(CAMPAIGN), reservedAccount(CAMPAIGN, c1), 400, '2026-02-02');
    expect(await readLiability(database.app)).toEqual({
      issued: 1_500n,
      spendable: 330n,
      held: 20n,
      owed: 350n,
      customers: 2,
      reserved: 400n,
      inBudgets: 600n,
      redeemed: 100n,
      expired: 50n,
    });
    const owedOn = async (at: Instant): Promise<bigint> => (await readLiability(database.app, at)).owed;
    expect(await owedOn(instant(on('2026-01-10') - 1))).toBe(0n);
    expect(await owedOn(on('2026-01-10'))).toBe(300n);
    expect(await readLiability(database.app, on('2026-03-31'))).toMatchObject({
      spendable: 380n,
      held: 120n,
      owed: 500n,
    });
    expect(await owedOn(on('2026-05-01'))).toBe(400n);
  });

  test('of empty books is nothing, and redress is no liability in points', async () => {
    const czk = 'CZK' as Currency;
    await move('owe-redress', redressCost(czk), redressOwed(czk, c1), 1, '2026-01-10', { amount: minor(12_50) });
    const liability = await readLiability(database.app);
    expect(Object.values(liability).every((n) => BigInt(n as bigint) === 0n)).toBe(true);
    expect(await forecastExpiry(database.app, 0n)).toEqual({ months: [], lasting: 0n });
  });

  test('expires month by month unless it is spent, and what does not expire stays', async () => {
    await earn(c1, 100, '2026-01-10', '2026-06-30');
    await earn(c1, 70, '2026-01-11', '2026-07-31');
    await earn(c2, 40, '2026-01-12', '2026-06-30');
    await earn(c2, 9, '2026-01-13', null);
    // takes the first lot and 20 of the second
    await hold(c1, 120, '2026-02-10', 'R-1');
    const now = await readLiability(database.app);
    expect(await forecastExpiry(database.app, now.spendable)).toEqual({
      months: [
        { month: '2026-06', customers: 1, points: 40n, left: 59n },
        { month: '2026-07', customers: 1, points: 50n, left: 9n },
      ],
      lasting: 9n,
    });
    const then = await readLiability(database.app, on('2026-01-31'));
    expect((await forecastExpiry(database.app, then.spendable, on('2026-01-31'))).months).toEqual([
      { month: '2026-06', customers: 2, points: 140n, left: 79n },
      { month: '2026-07', customers: 1, points: 70n, left: 9n },
    ]);
  });
});

describe('breakage', () => {
  test('is what expired of the points of each month, whatever was spent of them before', async () => {
    await earn(c1, 100, '2026-01-10', '2026-06-30');
    await earn(c1, 80, '2026-02-10', '2026-07-31');
    await earn(c2, 50, '2026-01-20', '2026-06-30');
    await hold(c1, 30, '2026-03-01', 'R-1');
    await redeem(c1, 30, '2026-03-02', 'R-1');
    // 70 of January's are left of c1, 50 of c2
    await expire(c1, 70, '2026-07-01');
    await expire(c2, 50, '2026-07-01');
    await hold(c1, 60, '2026-07-10', 'R-2');
    await expire(c1, 20, '2026-08-01');
    await earn(c1, 7, '2026-08-02', null);
    expect(await readBreakage(database.app, SHANGHAI)).toEqual([
      { month: '2026-01', issued: 150n, expired: 120n, left: 0n },
      { month: '2026-02', issued: 80n, expired: 20n, left: 0n },
      { month: '2026-08', issued: 7n, expired: 0n, left: 7n },
    ]);
  });

  test('counts points that came back from an order and expired then by the month in which they were earned', async () => {
    await earn(c1, 100, '2026-01-10', '2026-06-30');
    await earn(c1, 50, '2026-02-10', '2026-07-31');
    await hold(c1, 100, '2026-06-20', 'R-1');
    await expire(c1, 50, '2026-08-01');
    await giveBack(c1, 100, '2026-08-10', 'R-1');
    await expire(c1, 100, '2026-08-11');
    expect(await readBreakage(database.app, SHANGHAI)).toEqual([
      { month: '2026-01', issued: 100n, expired: 100n, left: 0n },
      { month: '2026-02', issued: 50n, expired: 50n, left: 0n },
    ]);
  });

  test('knows nothing of points that were taken back, and counts a month in the zone of the bank', async () => {
    const wrong = await earn(c1, 999, '2026-01-10', '2026-06-30');
    await reverse(database.app, wrong.postingId, 'typed wrongly', on('2026-01-11'));
    // the last evening of January in London is February in Shanghai
    await move('earn', issuanceFor('transactions'), customerAccount(c1), 10, '2026-01-31', {
      at: instant(Date.parse('2026-01-31T18:00:00Z')),
    });
    expect(await readBreakage(database.app, SHANGHAI)).toEqual([
      { month: '2026-02', issued: 10n, expired: 0n, left: 10n },
    ]);
  });
});

describe('breakage by whatever was earned, ordered, returned and expired', () => {
  /** Days of 2026 on which things happen, and the months in which points end. */
  const anyEvent = fc.record({
    what: fc.constantFrom('earn', 'earn', 'order', 'fulfil', 'refuse', 'expire'),
    ref: fc.constantFrom(c1, c2),
    amount: fc.integer({ min: 1, max: 60 }),
    until: fc.constantFrom('2026-02-28', '2026-04-30', '2026-06-30', null),
  });

  test("all that expired is some month's, all that is left is some month's, and nothing is left of what is past its day", async () => {
    await smallBank(database, { origin: on('2026-01-01'), anchor: on('2026-01-01'), rate: 1 }, '2026-01-12');
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { minLength: 10, maxLength: 40 }), async (events) => {
        await database.owner.query('alter table postings disable trigger postings_are_final');
        await database.owner.query('truncate postings, budget_shares');
        await database.owner.query(`delete from ledger_accounts where guard <> 'none'`);
        await database.owner.query('alter table postings enable trigger postings_are_final');
        const open: { order: string; ref: CustomerRef; amount: number }[] = [];
        for (const [n, { what, ref, amount, until }] of events.entries()) {
          const day = new Date(Date.UTC(2026, 0, 1 + n * 6)).toISOString().slice(0, 10);
          const order = open[0];
          if (what === 'earn') await earn(ref, amount, day, until);
          if (what === 'order')
            await hold(ref, amount, day, `R-${n}`).then(
              () => open.push({ order: `R-${n}`, ref, amount }),
              (error: unknown) => expect(error).toBeInstanceOf(Overdrawn),
            );
          if (what === 'expire') await expirePoints(database.app, { asOf: plainDate(day), at: on(day) });
          if ((what === 'fulfil' || what === 'refuse') && order) {
            await (what === 'fulfil' ? redeem : giveBack)(order.ref, order.amount, day, order.order);
            open.shift();
          }
        }
        await expirePoints(database.app, { asOf: plainDate('2027-01-01'), at: on('2027-01-01') });
        const months = await readBreakage(database.app, SHANGHAI);
        const sum = (of: 'issued' | 'expired' | 'left'): bigint => months.reduce((total, m) => total + m[of], 0n);
        const { issued, spendable, held, redeemed, expired } = await readLiability(database.app);
        expect([sum('issued'), sum('expired'), sum('left')]).toEqual([issued, expired, spendable]);
        expect(issued - expired - spendable).toBe(held + redeemed);
        for (const m of months) expect(m.expired >= 0n && m.left >= 0n && m.expired + m.left <= m.issued).toBe(true);
        expect((await forecastExpiry(database.app, spendable)).lasting).toBe(spendable);
      }),
      { numRuns: 12 },
    );
  });
});

test("a campaign's budget is told by what was funded, promised, released, granted and taken back, month by month", async () => {
  const budget = budgetAccount(CAMPAIGN);
  const reserved = (ref: CustomerRef): LedgerAccount => reservedAccount(CAMPAIGN, ref);
  await fund(1_000, '2026-01-05');
  await move('reserve', budget, reserved(c1), 100, '2026-01-10');
  await move('reserve', budget, reserved(c2), 100, '2026-01-20');
  await move('release', reserved(c2), budget, 100, '2026-03-01');
  await move('grant', reserved(c1), customerAccount(c1), 100, '2026-03-02');
  const wrong = await move('grant', budget, customerAccount(c2), 40, '2026-03-03');
  await reverse(database.app, wrong.postingId, 'not owed', on('2026-04-01'));
  await move('defund', budget, ISSUANCE, 300, '2026-04-02');
  await move('reserve', budget, reserved(c2), 60, '2026-04-03');
  const month = (name: string, figures: number[]) => {
    const [funded = 0, reserve = 0, released = 0, granted = 0, left = 0] = figures;
    const whole = { funded, reserved: reserve, released, granted, left };
    return { month: name, ...Object.fromEntries(Object.entries(whole).map(([what, n]) => [what, BigInt(n)])) };
  };
  expect(await readBudgets(database.app, SHANGHAI)).toEqual([
    {
      campaignRef: CAMPAIGN,
      funded: 700n,
      granted: 100n,
      reserved: 60n,
      left: 540n,
      months: [
        month('2026-01', [1_000, 200, 0, 0, 800]),
        month('2026-03', [0, 0, 100, 140, 860]),
        month('2026-04', [-300, 60, 0, -40, 540]),
      ],
    },
  ]);
});

describe('with the journeys of a bank', () => {
  beforeEach(() => smallBank(database, { origin: on('2026-01-12'), anchor: on('2026-01-12'), rate: 1 }, '2026-01-12'));

  async function ended(ref: string, outcome: 'retained' | 'downgraded', reward: number | null): Promise<PostingId> {
    const customerRef = await addCustomer(database, { ref });
    const { journeyId } = await admitted(database, customerRef, '2026-01-12', on('2026-01-12'));
    const journey = await readJourney(database.app, journeyId);
    if (reward !== null) {
      await reserveReward(database.app, journey, on('2026-01-12'));
      await grantReward(database.app, journey, points(reward), on('2026-03-12'));
    }
    await closeJourney(database.app, journeyId, outcome, outcome, on('2026-03-12'));
    const { rows } = await database.app.query<{ id: PostingId }>(
      `select posting_id as id from postings where to_account = $1 and kind = 'grant'`,
      [customerAccount(customerRef)],
    );
    return rows[0]?.id ?? (0n as PostingId);
  }

  test('the cost for each customer retained is all that was granted by all who were retained, rewarded or not', async () => {
    await ended('c1', 'retained', 500);
    await ended('c2', 'retained', 500);
    await ended('c3', 'retained', null);
    await ended('c4', 'downgraded', null);
    expect(await readCosts(database.app)).toEqual([
      { campaignRef: 'credit-care', granted: 0n, customers: 0, retained: 0, hundredthsEach: null },
      // 1,000 by three, rounded half up
      { campaignRef: CAMPAIGN, granted: 1_000n, customers: 4, retained: 3, hundredthsEach: 333_33n },
    ]);
  });

  test('where nobody was retained there is no cost for each, however much was granted', async () => {
    await ended('c1', 'downgraded', 500);
    expect((await readCosts(database.app))[1]).toMatchObject({ granted: 500n, retained: 0, hundredthsEach: null });
  });

  test('a grant that staff take back goes to the budget, and the books still agree with the reservations', async () => {
    const postingId = await ended('c1', 'retained', 500);
    const order = { postingId, reason: 'not owed', by: 'Chen Yu', at: on('2026-04-01') };
    const taken = await database.app.transaction((sql) => correct(sql, order));
    expect(await database.app.transaction((sql) => correct(sql, order))).toEqual({ ...taken, isNew: false });
    expect(await ledgerBalance(database.app, customerAccount('c1' as CustomerRef))).toBe(0n);
    expect(await ledgerBalance(database.app, budgetAccount(CAMPAIGN))).toBe(200_000n);
    const account = await readLedgerAccount(database.app, customerAccount('c1' as CustomerRef), 1);
    expect(account?.lines[0]).toMatchObject({
      kind: 'reversal',
      amount: -500n,
      reverses: postingId,
      memo: 'not owed',
    });
    expect(await verifyLedger(database.app)).toMatchObject({ whole: true });
    expect((await readCosts(database.app))[1]).toMatchObject({ granted: 0n, hundredthsEach: 0n });
  });
});

describe('what staff take back', () => {
  beforeEach(async () => {
    await smallBank(database, { origin: on('2026-01-01'), anchor: on('2026-01-01'), rate: 1 }, '2026-01-20');
    for (const ref of ['c1', 'c2']) await addCustomer(database, { ref });
  });
  const takeBack = (postingId: PostingId, told = {}) =>
    database.app.transaction((sql) =>
      correct(sql, { postingId, reason: 'typed wrongly', by: 'Chen Yu', at: on('2026-04-01'), ...told }),
    );

  test('is no step of an order or a reservation, and no budget: each has its own way', async () => {
    const { postingId } = await fund(100, '2026-01-05');
    await expect(takeBack(postingId)).rejects.toThrow(
      /"fund", which is not reversed: publish a version of the campaign with the right budget/,
    );
    await earn(c1, 10, '2026-01-10', null);
    const held = await hold(c1, 5, '2026-01-11', 'R-1');
    await expect(takeBack(held.postingId)).rejects.toThrow(NotReversible);
    await expect(takeBack(99n as PostingId)).rejects.toThrow('there is no posting 99');
  });

  test('is told in the books by the reason alone, and in the record of decisions with the name, once', async () => {
    const { postingId } = await earn(c1, 10, '2026-01-10', '2026-12-31');
    const first = await takeBack(postingId);
    expect(await takeBack(postingId, { by: 'Li Jun' })).toEqual({ ...first, isNew: false });
    const owed = redressOwed('CNY' as Currency, c2);
    const redress = await move('owe-redress', redressCost('CNY' as Currency), owed, 1, '2026-01-10', {
      amount: minor(12_50),
    });
    await takeBack(redress.postingId);
    const memos = await database.app.query<object>(`select memo from postings where kind = 'reversal'`);
    expect(memos.rows).toEqual([{ memo: 'typed wrongly' }, { memo: 'typed wrongly' }]);
    const { rows } = await database.app.query<object>(
      `select decision_key as key, customer_ref as ref, verdict, reasons, saw from decisions
        where kind = 'correction' order by ref`,
    );
    const told = { verdict: 'reversed', reasons: ['posting-reversed'] };
    expect(rows).toEqual([
      { ...told, key: `reverse:${postingId}`, ref: c1, saw: { posting: `${postingId}`, kind: 'earn', by: 'Chen Yu' } },
      {
        ...told,
        key: `reverse:${redress.postingId}`,
        ref: c2,
        saw: { posting: `${redress.postingId}`, kind: 'owe-redress', by: 'Chen Yu' },
      },
    ]);
    expect(await verifyDecisions(database.app, c1)).toMatchObject({ whole: true });
  });

  test('is not what has expired: the points would go twice, the second time out of others of the customer', async () => {
    const over = await earn(c1, 10, '2026-01-10', '2026-03-31');
    await earn(c1, 30, '2026-01-10', '2026-12-31');
    await expirePoints(database.app, { asOf: plainDate('2026-04-01'), at: on('2026-04-01') });
    await expect(takeBack(over.postingId)).rejects.toThrow(
      /^the points of posting \d+ were good until 2026-03-31: what was not spent expires by itself/,
    );
    expect(await ledgerBalance(database.app, customerAccount(c1))).toBe(30n);
    // on its last day, by the bank's clock, it is still the customer's
    const last = await earn(c2, 10, '2026-01-10', '2026-03-31');
    const midnight = instant(Date.parse('2026-03-31T16:00:00Z'));
    await expect(takeBack(last.postingId, { at: midnight })).rejects.toThrow(NotReversible);
    const taken = await takeBack(last.postingId, { at: instant(midnight - 1) });
    expect(await takeBack(last.postingId)).toEqual({ ...taken, isNew: false });
  });

  test('is not what was spent since, and needs a reason and a name', async () => {
    const { postingId } = await earn(c1, 10, '2026-01-10', null);
    await expect(takeBack(postingId, { reason: ' ' })).rejects.toThrow(
      'say the reason in one line of 1 to 300 characters',
    );
    await expect(takeBack(postingId, { by: 'Chen\nYu' })).rejects.toThrow('say who takes it back in one line');
    await hold(c1, 5, '2026-01-11', 'R-1');
    await expect(takeBack(postingId)).rejects.toThrow(Overdrawn);
    await giveBack(c1, 5, '2026-01-12', 'R-1');
    expect((await takeBack(postingId)).isNew).toBe(true);
  });
});

test('a statement says until when points are good, and what of them is left for how long', async () => {
  await earn(c1, 100, '2026-01-10', '2026-06-30');
  await earn(c1, 50, '2026-01-11', '2026-06-30');
  await earn(c1, 20, '2026-01-12', '2026-08-31');
  await earn(c1, 5, '2026-01-12', null);
  await hold(c1, 30, '2026-02-01', 'R-1');
  const { lines } = await readStatement(database.app, c1, 10);
  expect(lines.map(({ points: n, balance, expiresOn }) => [n, balance, expiresOn])).toEqual([
    [-30n, 145n, null],
    [5n, 175n, null],
    [20n, 170n, '2026-08-31'],
    [50n, 150n, '2026-06-30'],
    [100n, 100n, '2026-06-30'],
  ]);
  expect(await readPointsStanding(database.app, c1)).toEqual({
    balance: 145n,
    held: 30n,
    expiring: [
      { expiresOn: '2026-06-30', points: 120n },
      { expiresOn: '2026-08-31', points: 20n },
      { expiresOn: null, points: 5n },
    ],
  });
});

test('an account is told as it was at a past instant, with its newest postings', async () => {
  await earn(c1, 100, '2026-01-10', '2026-06-30');
  await hold(c1, 30, '2026-02-01', 'R-1');
  await expire(c1, 70, '2026-07-01');
  expect(await readLedgerAccount(database.app, customerAccount(c1), 1, on('2026-06-30'))).toMatchObject({
    what: 'what a customer can spend',
    unit: 'points',
    guard: 'balance',
    balance: 70n,
    postings: 2,
    lines: [{ kind: 'hold', other: 'held:c1', amount: -30n }],
  });
  expect(await readLedgerAccount(database.app, customerAccount(c2), 1)).toBeNull();
});

describe('the verification of the books', () => {
  const failing = async (): Promise<Record<string, string[]>> => {
    const { whole, checks } = await verifyLedger(database.app);
    const bad = checks.filter(({ found }) => found > 0);
    expect(whole).toBe(bad.length === 0);
    return Object.fromEntries(bad.map(({ check, against }) => [check, against]));
  };
  const asOwner = (statement: string) => database.owner.query(statement);
  /** Writes a posting as only somebody could who has the database itself. */
  const forge = async (
    kind: PostingKind,
    from: string,
    to: string,
    amount: number,
    reverses = 'null',
    unit = 'points',
  ) => {
    await asOwner('alter table postings drop constraint if exists postings_go_their_way');
    await asOwner(
      `insert into postings (idempotency_key, kind, from_account, to_account, unit, amount, memo, posted_at, reverses)
       values ('forged', '${kind}', '${from}', '${to}', '${unit}', ${amount}, 'x', '2026-01-01Z', ${reverses})`,
    );
  };
  beforeEach(async () => {
    await fund(1_000, '2026-01-05');
    await earn(c1, 100, '2026-01-10', '2026-06-30');
    await expire(c1, 40, '2026-07-01');
  });

  test('finds nothing against good books', async () => {
    expect(await failing()).toEqual({});
    expect(await verifyLedger(database.app)).toMatchObject({ whole: true, postings: 3 });
  });

  test('finds an account that was taken below zero, also when it stands above it again', async () => {
    await forge('expire', 'customer:c1', 'expired', 61);
    expect(await failing()).toEqual({
      'not-overdrawn': ['customer:c1 is at -1'],
      'never-overdrawn': ['customer:c1 was at -1, first after posting 4'],
    });
    await earn(c1, 5, '2026-07-02', null);
    expect(Object.keys(await failing())).toEqual(['never-overdrawn']);
  });

  test('finds a budget whose shares are not its balance', async () => {
    await asOwner(`update budget_shares set available = available + 1 where share = 7`);
    expect(await failing()).toEqual({
      shares: ['campaign-budget:keep-your-tier holds 1000, and its shares 1001'],
    });
  });

  test('finds a posting that goes no way of its kind, or mixes what accounts hold', async () => {
    await forge('earn', 'campaign-budget:keep-your-tier', 'customer:c1', 5);
    expect((await failing())['ways']).toEqual([
      'posting 4 (earn) goes from campaign-budget:keep-your-tier to customer:c1 with 5 points',
    ]);
  });

  test('finds a posting in another unit than that of its accounts', async () => {
    await forge('earn', 'issuance:transactions', 'customer:c1', 5, 'null', 'EUR');
    expect(Object.keys(await failing())).toEqual(['ways']);
  });

  test('finds a reversal that is not the mirror of what it reverses', async () => {
    await forge('reversal', 'customer:c1', 'issuance:transactions', 4, '2');
    expect(await failing()).toEqual({ reversals: ['posting 4 does not mirror posting 2'] });
  });

  test('finds points that are reserved or held and nothing that they are reserved or held for', async () => {
    await move('reserve', budgetAccount(CAMPAIGN), reservedAccount(CAMPAIGN, c1), 60, '2026-01-10');
    await hold(c1, 10, '2026-01-11', 'R-1');
    expect(await failing()).toEqual({
      reservations: ['reserved:keep-your-tier:c1 holds 60, and the open reservations say 0'],
      orders: ['held:c1 holds 10, and the open orders say 0'],
    });
  });

  test('finds that the books could be changed: a trigger that is off, a right that was given', async () => {
    await asOwner('alter table postings disable trigger postings_are_final');
    await asOwner('grant delete on postings to keepwell_app');
    await asOwner('grant update (available) on budget_shares to keepwell_app');
    expect(await failing()).toEqual({
      final: [
        'the trigger postings_are_final is not there, or off',
        'keepwell_app may delete postings',
        'keepwell_app may update budget_shares',
      ],
    });
  });

  test('finds an account that was taken out of the books', async () => {
    await asOwner('alter table postings drop constraint postings_to_account_fkey');
    await asOwner(`delete from ledger_accounts where ledger_account = 'expired'`);
    expect((await failing())['sum-zero']).toEqual(['points: all accounts together hold -40']);
  });

  test('finds a debt that was posted twice', async () => {
    await asOwner('alter table postings drop constraint postings_idempotency_key_key');
    await forge('earn', 'issuance:transactions', 'customer:c1', 5);
    await forge('earn', 'issuance:transactions', 'customer:c1', 5);
    expect(await failing()).toEqual({ once: ['forged is posted 2 times'] });
  });
});
