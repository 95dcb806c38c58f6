import { generateSampleBank, MAX_SAMPLE_CUSTOMERS, type SampleBankProgress } from '../../bank/sample-bank.js';
import { sampleCustomer } from '../../domain/sample-bank/sample-customer.js';
import { Window } from '../../domain/sample-bank/window.js';
import { plainDate } from '../../domain/types.js';
import { readInstallation } from '../../store/installation.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';

const AS_OF = plainDate('2026-06-18');
const CLOCK = { origin: Date.UTC(2026, 5, 18), anchor: Date.UTC(2026, 10, 1), rate: 600 };
const CUSTOMERS = 300;

let database: TestDatabase;
const request = () => ({ owner: database.owner, customers: CUSTOMERS, seed: 7, asOf: AS_OF, clock: CLOCK });
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

test('the bank is loaded as it was drawn, and the same again changes nothing', async () => {
  const told: SampleBankProgress[] = [];
  const first = await generateSampleBank({ ...request(), onProgress: (progress) => void told.push(progress) });
  expect(first).toMatchObject({ customers: CUSTOMERS, changed: true });
  expect(told.at(-1)).toEqual({ customers: CUSTOMERS, of: CUSTOMERS });
  expect(await generateSampleBank(request())).toEqual({ ...first, changed: false });
  expect(await readInstallation(database.app)).toEqual({
    bankName: 'Sample Bank',
    currency: 'CNY',
    zone: 'Asia/Shanghai',
    jurisdiction: 'CN',
    tierRule: 'bohai@1',
    clock: CLOCK,
    dataUntil: AS_OF,
  });
  const drawn = sampleCustomer(7, 123, new Window(AS_OF));
  const { rows } = await database.app.query<{ name: string; balance: bigint; entries: number }>(
    `select c.name, sum(t.amount_minor)::bigint as balance, count(*)::integer as entries
       from customers c join accounts a using (customer_ref) join transactions t using (account_ref)
      where c.customer_ref = $1 group by c.customer_ref`,
    [drawn.ref],
  );
  const balance = drawn.transactions.reduce((sum, each) => sum + each.amount, 0n);
  expect(rows).toEqual([{ name: drawn.name, balance, entries: drawn.transactions.length }]);
});

test('everybody has a tier, those who are content keep it, and nobody has fallen yet', async () => {
  const { rows } = await database.owner.query<{ without: number; fell: number; missed: number; tiers: number }>(
    `select (select count(*) from customers c where not exists (
               select from tier_history h where h.customer_ref = c.customer_ref))::integer as without,
            (select count(*) from tier_history where reason like 'fell%')::integer as fell,
            (select count(*) from tier_evaluations e
              where e.missed and not exists (
                select from planted.cases p where p.customer_ref = e.customer_ref and p.must_find))::integer as missed,
            (select count(distinct tier_ref) from tier_history)::integer as tiers`,
  );
  expect(rows[0]).toEqual({ without: 0, fell: 0, missed: 0, tiers: 3 });
});

test('the planted truth is there, and closed to the application', async () => {
  const { rows } = await database.owner.query<{ cases: number; must: number; kinds: number }>(
    `select count(*)::integer as cases, count(*) filter (where must_find)::integer as must,
            count(distinct kind)::integer as kinds from planted.cases`,
  );
  expect(rows[0]).toEqual({ cases: 84, must: 48, kinds: 14 });
  await expect(database.app.query('select * from planted.cases')).rejects.toThrow(
    /permission denied for schema planted/,
  );
});

test('another bank in the same database is refused, in words', async () => {
  await expect(generateSampleBank({ ...request(), seed: 8 })).rejects.toThrow(
    /already holds Sample Bank with 300 customers \(sample:7\) until 2026-06-18, and you asked for 300 customers \(sample:8\)/,
  );
  await expect(generateSampleBank({ ...request(), customers: 301 })).rejects.toThrow(/use an empty database/);
  await expect(generateSampleBank({ ...request(), asOf: plainDate('2026-06-19') })).rejects.toThrow(
    /use an empty database/,
  );
});

test('sizes and seeds that nobody can mean are refused', async () => {
  for (const customers of [0, 1.5, MAX_SAMPLE_CUSTOMERS + 1, Number.NaN])
    await expect(generateSampleBank({ ...request(), customers })).rejects.toThrow(
      /a sample bank has 1 to 200000 customers/,
    );
  for (const seed of [-1, 0.5, 2 ** 32])
    await expect(generateSampleBank({ ...request(), seed })).rejects.toThrow(/a seed is a whole number from 0/);
});
