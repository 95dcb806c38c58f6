import { evaluateTiers } from '../../activities/tier-evaluations.js';
import { floorDiv } from '../../domain/tier-standing.js';
import { addDays, daysBetween, minor, plainDate, type CustomerRef, type PlainDate } from '../../domain/types.js';
import { balanceWindows, periodAverages } from '../../store/balances.js';
import { insertTierRules, installedTierRule } from '../../store/tier-rules.js';
import { tierStandings } from '../../store/tier-standings.js';
import { exampleRule } from '../../domain/tier-rule-examples.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { SmallBank } from './small-bank.js';

const bank = new SmallBank();
let database: TestDatabase;

/** Plain numbers that look random and are the same in every run. */
function* numbers(): Generator<number> {
  let state = 42;
  for (;;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    yield state % 100_000;
  }
}

function fill(): void {
  const next = numbers();
  const draw = (below: number): number => Number(next.next().value) % below;
  for (let n = 0; n < 12; n += 1) {
    const ref = `crandom${n}`;
    bank.customer(ref).account(`a${ref}`, ref).account(`b${ref}`, ref, { kind: 'savings' });
    bank.account(`d${ref}`, ref, { qualifies: false }).account(`e${ref}`, ref, { closedOn: '2026-03-10' });
    bank.book(`a${ref}`, '2025-11-03', 60_000 + draw(50_000), 'deposit');
    for (let i = 0; i < 60; i += 1) {
      const account = ['a', 'b', 'd', 'e'][draw(4)] + ref;
      // the closed account has bookings after its closing too, which must not count
      bank.book(account, addDays(plainDate('2025-11-05'), draw(230)), draw(9_000) - 4_500 || 1, 'transfer-in');
    }
  }
  bank.customer('cjoined', '2026-02-10').account('acjoined', 'cjoined', { openedOn: '2026-02-10' });
  bank.book('acjoined', '2026-02-10', 80_000, 'deposit');
  bank.customer('cfalls').account('acfalls', 'cfalls').book('acfalls', '2025-11-03', 90_000, 'deposit');
  bank.book('acfalls', '2026-02-01', -80_000, 'transfer-out');
  bank.customer('cempty').account('acempty', 'cempty');
  bank.customer('clater', '2026-09-01').account('aclater', 'clater', { openedOn: '2026-09-01' });
}

beforeAll(async () => {
  fill();
  database = await freshDatabase();
  await bank.save(database.owner, 'bohai@1');
});
afterAll(() => database.drop());

/** The same balances the slow and plain way: one row for each day and account. */
async function dailyBalances(from: PlainDate, to: PlainDate): Promise<Map<CustomerRef, bigint[]>> {
  const { rows } = await database.owner.query<{ customer_ref: CustomerRef; balances: string[] }>(
    `select customer_ref, array_agg(balance::text order by day) as balances
       from (select c.customer_ref, d::date as day,
                    (select coalesce(sum(t.amount_minor), 0) from accounts a join transactions t using (account_ref)
                      where a.customer_ref = c.customer_ref and a.qualifies and t.booked_on <= d
                        and a.opened_on <= d and (a.closed_on is null or a.closed_on > d)) as balance
               from customers c, generate_series($1::date, $2::date, interval '1 day') d) daily
      group by customer_ref`,
    [from, to],
  );
  return new Map(rows.map((row) => [row.customer_ref, row.balances.map(BigInt)]));
}

const sum = (values: bigint[]): bigint => values.reduce((a, b) => a + b, 0n);

test('balance-days and closing balances without daily rows are those of a row for each day', async () => {
  const windows = [
    ['2025-12-01', '2025-12-31'],
    ['2026-01-01', '2026-03-31'],
    ['2026-03-10', '2026-03-10'],
    ['2026-02-15', '2026-06-20'],
  ].map(([start, end]) => ({ start: plainDate(start as string), end: plainDate(end as string) }));
  const closed = await balanceWindows(database.app, windows);
  for (const window of windows) {
    const daily = await dailyBalances(window.start, window.end);
    const rows = closed.filter((row) => row.start === window.start);
    expect(rows.length).toBeGreaterThanOrEqual(14);
    for (const row of rows) {
      const balances = daily.get(row.customerRef) as bigint[];
      expect([row.customerRef, row.balanceDays, row.closingBalance]).toEqual([
        row.customerRef,
        sum(balances),
        balances.at(-1),
      ]);
    }
  }
});

test('averages are rounded down, and only of those who are customers at the end of the period', async () => {
  const january = { start: plainDate('2026-01-01'), end: plainDate('2026-01-31') };
  const averages = await periodAverages(database.app, [january]);
  const daily = await dailyBalances(january.start, january.end);
  for (const row of averages) expect(row.average).toBe(floorDiv(sum(daily.get(row.customerRef) as bigint[]), 31n));
  const refs = averages.map((row) => row.customerRef);
  expect(refs).toContain('cempty');
  expect(refs).not.toContain('cjoined');
  expect(refs).not.toContain('clater');
  expect(await periodAverages(database.app, [])).toEqual([]);
});

test('tiers are evaluated for each month that is over, once, from the first whole month on', async () => {
  const first = await evaluateTiers({ database: database.app, until: plainDate('2026-03-15') });
  // December, January, February: the data begin on 3 November; the one who joined in February has no whole month yet
  expect(first).toMatchObject({ periods: 3, evaluations: 3 * 14 });
  const [second, again] = await Promise.all([
    evaluateTiers({ database: database.app, until: plainDate('2026-05-31') }),
    evaluateTiers({ database: database.app, until: plainDate('2026-05-31') }),
  ]);
  expect([second.evaluations, again.evaluations].sort((a, b) => a - b)).toEqual([0, 3 * 15]);
  const { rows } = await database.app.query<{ customer_ref: string; line: string }>(
    `select customer_ref, from_on || ' ' || tier_ref || ' ' || reason as line from tier_history
      where customer_ref in ('cjoined', 'cfalls', 'cempty', 'clater') order by customer_ref, from_on`,
  );
  expect(rows.map((row) => `${row.customer_ref} ${row.line}`)).toEqual([
    'cempty 2020-01-01 mass first-tier',
    'cfalls 2020-01-01 mass first-tier',
    'cfalls 2026-01-01 affluent rose',
    // missed in February, March and April
    'cfalls 2026-05-01 mass fell',
    'cjoined 2026-02-10 mass first-tier',
    'cjoined 2026-04-01 affluent rose',
  ]);
});

test('a standing agrees with the daily balances, day after day', async () => {
  const rule = await installedTierRule(database.app);
  expect(rule.ruleRef).toBe('bohai');
  for (const asOf of ['2026-04-01', '2026-04-17', '2026-04-30'].map(plainDate)) {
    const standings = await tierStandings(database.app, { asOf });
    const daily = await dailyBalances(plainDate('2026-04-01'), asOf);
    expect(standings).toHaveLength(15);
    for (const standing of standings) {
      const balances = daily.get(standing.customerRef) as bigint[];
      const days = daysBetween(plainDate('2026-04-01'), asOf) + 1;
      expect(standing).toMatchObject({
        periodStart: '2026-04-01',
        periodEnd: '2026-04-30',
        daysElapsed: days,
        daysLeft: 30 - days,
        averageSoFar: floorDiv(sum(balances), BigInt(days)),
        balance: balances.at(-1),
        secured: sum(balances) >= standing.threshold * 30n,
        daysAtThreshold: 0,
      });
    }
  }
});

test('a customer who missed February and March loses the tier at the end of April', async () => {
  const ref = 'cfalls' as CustomerRef;
  const [standing] = await tierStandings(database.app, { asOf: plainDate('2026-04-20'), customerRefs: [ref] });
  expect(standing).toMatchObject({
    tierRef: 'affluent',
    threshold: 50_000n,
    missesInRow: 2,
    decisionOn: '2026-04-30',
    daysUntilDecision: 10,
    averageSoFar: 10_000n,
    // (30 × 50,000 − 20 × 10,000) ÷ 10
    balanceToHold: 130_000n,
    secured: false,
  });
});

test('days at the threshold are counted from the day that is asked for', async () => {
  const refs = ['cfalls', 'crandom0', 'crandom1'].map((ref) => ref as CustomerRef);
  const [heldSince, asOf] = [plainDate('2026-01-20'), plainDate('2026-04-20')];
  const standings = await tierStandings(database.app, { asOf, customerRefs: refs, heldSince });
  const daily = await dailyBalances(heldSince, asOf);
  for (const standing of standings) {
    const held = (daily.get(standing.customerRef) as bigint[]).filter((balance) => balance >= standing.threshold);
    expect([standing.customerRef, standing.daysAtThreshold]).toEqual([standing.customerRef, held.length]);
  }
  // 90,000 from 20 to 31 January
  expect(standings.find((standing) => standing.customerRef === refs[0])?.daysAtThreshold).toBe(12);
  const ancient = { asOf, customerRefs: refs, heldSince: plainDate('2020-01-01') };
  await expect(tierStandings(database.app, ancient)).rejects.toThrow('800 days at most');
});

test('a rule that is in the database keeps its terms; changed terms need a new version', async () => {
  expect(await insertTierRules(database.app, [exampleRule('bohai')])).toEqual([]);
  const changed = { ...exampleRule('bohai'), fallAfterMisses: 4 };
  await expect(insertTierRules(database.app, [changed])).rejects.toThrow(/bohai@1 .* other terms/);
  expect(await insertTierRules(database.app, [{ ...changed, version: 2 }])).toEqual(['bohai@2']);
});

test('under a quarterly rule the period is the quarter', async () => {
  const other = await freshDatabase();
  try {
    const quarterly = new SmallBank().customer('c1').account('ac1', 'c1').book('ac1', '2026-01-01', 60_000, 'deposit');
    await quarterly.save(other.owner, 'hsbc-in@1');
    const until = plainDate('2026-08-10');
    expect(await evaluateTiers({ database: other.app, until })).toMatchObject({ periods: 2, evaluations: 2 });
    const [standing] = await tierStandings(other.app, { asOf: until });
    expect(standing).toMatchObject({
      tierRef: 'affluent',
      periodStart: '2026-07-01',
      periodEnd: '2026-09-30',
      daysElapsed: 41,
      averageSoFar: minor(60_000),
      decisionOn: '2026-12-31',
    });
  } finally {
    await other.drop();
  }
});
