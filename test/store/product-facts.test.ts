import { generateSampleBank } from '../../bank/sample-bank.js';
import { WALL_CLOCK } from '../../domain/business-clock.js';
import type { ProductFacts } from '../../domain/next-best-product.js';
import { SPENDING_CATEGORIES } from '../../domain/product-catalogue.js';
import { addDays, plainDate, type CustomerRef, type PlainDate, type ZoneId } from '../../domain/types.js';
import { productFacts } from '../../store/product-facts.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, book, smallBank } from '../setup/small-bank.js';

const ZONE = 'Asia/Shanghai' as ZoneId;

async function factsOf({ app }: TestDatabase, ref: string, day: PlainDate, on = day): Promise<ProductFacts> {
  const facts = await productFacts(app, ref as CustomerRef, { asOf: day, on }, ZONE);
  if (!facts) throw new Error(`no customer ${ref}`);
  return facts;
}

describe('on a sample bank', () => {
  const asOf = plainDate('2026-06-18');
  let database: TestDatabase;
  let bank: Bank;
  beforeAll(async () => {
    database = await freshDatabase();
    const request = { owner: database.owner, customers: 120, seed: 7, asOf, clock: WALL_CLOCK };
    await generateSampleBank(request);
    bank = await readAll(database);
  }, 60_000);
  afterAll(() => database.drop());

  interface Bank {
    customers: { ref: string; birth: string }[];
    accounts: { ref: string; customer: string; kind: string; opened: string }[];
    transactions: { account: string; day: string; amount: bigint; category: string; other: string | null }[];
    holdings: {
      customer: string;
      product: string;
      principal: bigint;
      opened: string;
      matures: string | null;
      agreed: string | null;
    }[];
    assessments: { customer: string; appetite: number; on: string; until: string }[];
  }

  async function readAll({ owner }: TestDatabase): Promise<Bank> {
    const all = async <Row extends object>(sql: string): Promise<Row[]> => (await owner.query<Row>(sql)).rows;
    return {
      customers: await all('select customer_ref as ref, birth_date as birth from customers'),
      accounts: await all(
        'select account_ref as ref, customer_ref as customer, kind, opened_on as opened from accounts',
      ),
      transactions: await all(
        'select account_ref as account, booked_on as day, amount_minor as amount, category, counterparty_account_ref as other from transactions',
      ),
      holdings: await all(
        'select customer_ref as customer, product, principal_minor as principal, opened_on as opened, matures_on as matures, renewal_agreed_on as agreed from products_held',
      ),
      assessments: await all(
        'select customer_ref as customer, appetite, assessed_on as "on", valid_until as until from risk_assessments',
      ),
    };
  }

  /** The same by loops over everything, as somebody would who knows no SQL. */
  function naively({ accounts, transactions, holdings, assessments, customers }: Bank, ref: string, day: string) {
    const own = new Map(
      accounts.filter(({ customer }) => customer === ref).map((account) => [account.ref, account.kind]),
    );
    const seen = transactions.filter(({ account, day: booked }) => own.has(account) && booked <= day);
    const from = addDays(plainDate(day), -89);
    const spending = SPENDING_CATEGORIES.map((category) => {
      const paid = seen.filter((t) => t.category === category && t.day >= from && !own.has(t.other ?? ''));
      return { category, amount: -paid.reduce((sum, { amount }) => sum + amount, 0n) };
    }).filter(({ amount }) => amount > 0n);
    const newest = assessments
      .filter(({ customer, on }) => customer === ref && on <= day)
      .sort((a, b) => (a.on < b.on ? 1 : -1))[0];
    return {
      birthDate: customers.find((customer) => customer.ref === ref)?.birth,
      available: seen
        .filter(({ account }) => ['current', 'savings'].includes(own.get(account) ?? ''))
        .reduce((sum, { amount }) => sum + amount, 0n),
      hasCreditCard: accounts.some((a) => a.customer === ref && a.kind === 'credit-card' && a.opened <= day),
      spending: spending.sort((a, b) => (a.category < b.category ? -1 : 1)),
      holdings: holdings
        .filter((held) => held.customer === ref && held.opened <= day && (held.matures === null || held.matures >= day))
        .map(({ product, principal, matures, agreed }) => ({
          product,
          principal,
          maturesOn: matures,
          renewalAgreed: agreed !== null && agreed <= day,
        })),
      assessment: newest ? { appetite: newest.appetite, assessedOn: newest.on, validUntil: newest.until } : null,
    };
  }

  test.each(['2026-06-18', '2026-05-31', '2026-02-28', '2025-12-31'])(
    'what is read of every customer on %s is what a naive recomputation finds, to the cent',
    async (text) => {
      const day = plainDate(text);
      let spenders = 0;
      for (const { ref } of bank.customers) {
        const facts = await factsOf(database, ref, day);
        const expected = naively(bank, ref, day);
        expect({ ref, ...facts }).toMatchObject({ ref, ...expected });
        expect(facts.holdings).toEqual(expected.holdings);
        expect(facts.spending).toEqual(expected.spending);
        spenders += Number(facts.spending.length > 0);
      }
      expect(spenders).toBeGreaterThan(50);
    },
    60_000,
  );

  test('most customers were assessed, the same ones for the same seed, and some assessments are out of date', () => {
    const share = bank.assessments.length / bank.customers.length;
    expect(share).toBeGreaterThan(0.8);
    expect(share).toBeLessThan(0.96);
    const expired = bank.assessments.filter(({ until }) => until < asOf).length;
    expect(expired).toBeGreaterThan(10);
    expect(expired).toBeLessThan(50);
    expect(bank.assessments.every(({ on, until }) => on <= asOf && until > on)).toBe(true);
  });
});

describe('of one customer', () => {
  const day = plainDate('2026-11-24');
  let database: TestDatabase;
  beforeEach(async () => {
    database = await freshDatabase();
    await smallBank(database, WALL_CLOCK, day);
    await addCustomer(database, { ref: 'c1' });
    await addCustomer(database, { ref: 'c2' });
    await account('c1', 'ac1-s', 'savings');
  });
  afterEach(() => database.drop());

  const account = (ref: string, name: string, kind: string, closedOn: string | null = null) =>
    database.owner.query(
      `insert into accounts (account_ref, customer_ref, source, source_id, kind, opened_on, closed_on, qualifies)
       values ($1, $2, 'test', $1, $3, '2025-01-01', $4, false)`,
      [name, ref, kind, closedOn],
    );
  const move = (from: string, on: string, amount: bigint, category: string, to: string | null) =>
    database.owner.query(
      `insert into transactions (account_ref, booked_on, amount_minor, category, counterparty_account_ref, source, source_id)
       values ($1, $2, $3, $4, $5, 'test', gen_random_uuid())`,
      [from, on, amount, category, to],
    );

  test('money that moves between own accounts is no spending, and what goes to another customer is', async () => {
    await move('ac1', '2026-11-01', -70_000n, 'purchase', 'ac1-s');
    await move('ac1-s', '2026-11-01', 70_000n, 'own-transfer', 'ac1');
    await move('ac1', '2026-11-01', -30_000n, 'own-transfer', null);
    await move('ac1', '2026-11-02', -12_345n, 'purchase', 'ac2');
    const facts = await factsOf(database, 'c1', day);
    expect(facts.spending).toEqual([{ category: 'purchase', amount: 12_345n }]);
    expect(facts.available).toBe(40_000_000n - 30_000n - 12_345n);
  });

  test('a refund makes spending less, and more back than spent is none', async () => {
    await book(database, 'c1', '2026-11-02', -10_001n, 'card');
    await book(database, 'c1', '2026-11-05', 4_000n, 'card');
    await book(database, 'c1', '2026-11-05', 4_000n, 'household');
    expect((await factsOf(database, 'c1', day)).spending).toEqual([{ category: 'card', amount: 6_001n }]);
  });

  test('ninety days of spending up to the day, and nothing that is booked later', async () => {
    await book(database, 'c1', '2026-08-26', -100n, 'card');
    await book(database, 'c1', '2026-08-27', -20n, 'card');
    await book(database, 'c1', day, -3n, 'card');
    await book(database, 'c1', addDays(day, 1), -50_000n, 'card');
    const facts = await factsOf(database, 'c1', day);
    expect(facts.spending).toEqual([{ category: 'card', amount: 23n }]);
    expect(facts.available).toBe(40_000_000n - 123n);
  });

  test('holdings are those of the day, and an agreement of tomorrow is none today', async () => {
    const hold = (name: string, opened: string, matures: string | null, agreed: string | null) =>
      database.owner.query(`insert into products_held values ($1, 'c1', null, $1, 100, $2, $3, $4)`, [
        name,
        opened,
        matures,
        agreed,
      ]);
    await hold('a-agreed', '2026-01-01', '2026-12-01', day);
    await hold('b-later', '2026-01-01', '2026-12-01', addDays(day, 1));
    await hold('c-today', '2026-01-01', day, null);
    await hold('d-over', '2026-01-01', addDays(day, -1), null);
    await hold('e-to-come', addDays(day, 1), null, null);
    const held = (await factsOf(database, 'c1', day)).holdings;
    expect(held.map(({ product, renewalAgreed }) => [product, renewalAgreed])).toEqual([
      ['a-agreed', true],
      ['b-later', false],
      ['c-today', false],
    ]);
  });

  test('a card that is closed is none, and an assessment of tomorrow does not count today', async () => {
    await account('c1', 'ac1-k', 'credit-card', day);
    const assess = (appetite: number, on: string) =>
      database.owner.query(
        `insert into risk_assessments (customer_ref, appetite, assessed_on, valid_until, assessed_by, recorded_at)
         values ('c1', $1, $2, $2, 'test', $2::date)`,
        [appetite, on],
      );
    await assess(5, addDays(day, 1));
    expect(await factsOf(database, 'c1', day)).toMatchObject({ hasCreditCard: false, assessment: null });
    expect(await factsOf(database, 'c1', addDays(day, -1))).toMatchObject({ hasCreditCard: true });
    await assess(2, day);
    await assess(4, addDays(day, -10));
    expect((await factsOf(database, 'c1', day)).assessment).toEqual({ appetite: 2, assessedOn: day, validUntil: day });
  });

  test('the bank’s data end before the day judged: money as they tell last, assessments and maturities as they are on that day', async () => {
    const on = addDays(day, 5);
    await book(database, 'c1', addDays(day, 1), -100n, 'card');
    for (const [name, matures] of [
      ['a-over', addDays(on, -1)],
      ['b-last-day', on],
    ])
      await database.owner.query(`insert into products_held values ($1, 'c1', null, $1, 100, '2026-01-01', $2, null)`, [
        name,
        matures,
      ]);
    for (const [appetite, assessedOn] of [
      [2, day],
      [4, on],
      [5, addDays(on, 1)],
    ] as const)
      await database.owner.query(
        `insert into risk_assessments (customer_ref, appetite, assessed_on, valid_until, assessed_by, recorded_at)
         values ('c1', $1, $2, $2, 'test', $2::date)`,
        [appetite, assessedOn],
      );
    const facts = await factsOf(database, 'c1', day, on);
    expect(facts).toMatchObject({ day: on, available: 40_000_000n, spending: [], assessment: { appetite: 4 } });
    expect(facts.holdings.map(({ product }) => product)).toEqual(['b-last-day']);
  });

  test('the risk appetite of the bank’s data has no day, and is no assessment', async () => {
    await database.owner.query(`update customers set risk_appetite = 5 where customer_ref = 'c1'`);
    expect((await factsOf(database, 'c1', day)).assessment).toBeNull();
  });

  test('erasure, credit care and the time before the first day keep everything away', async () => {
    expect((await factsOf(database, 'c1', day)).barred).toEqual([]);
    expect((await factsOf(database, 'c1', plainDate('2024-12-31'))).barred).toEqual(['not-a-customer']);
    await database.owner.query(
      `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at) values ('c1', 'card-overused', $1, 80, '[]', now())`,
      [day],
    );
    expect((await factsOf(database, 'c1', day)).barred).toEqual(['credit-care']);
    await database.owner.query(`update customers set erased_at = now() where customer_ref = 'c1'`);
    expect((await factsOf(database, 'c1', day)).barred).toEqual(['erased', 'credit-care']);
    expect(await productFacts(database.app, 'c9' as CustomerRef, { asOf: day, on: day }, ZONE)).toBeNull();
  });
});
