import fc from 'fast-check';
import { instant, points, type CampaignRef, type CustomerRef } from '../../domain/types.js';
import type { Sql } from '../../store/database.js';
import {
  budgetAccount,
  customerAccount,
  fundCampaign,
  ISSUANCE,
  ledgerBalance,
  openLedgerAccount,
  Overdrawn,
  post,
  postedBefore,
  PostingConflict,
  type PostingRequest,
} from '../../store/ledger.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const CAMPAIGN = 'keep-your-tier' as CampaignRef;
const BUDGET = budgetAccount(CAMPAIGN);

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(() => database.drop());

/** The account of a customer, opened. */
async function account(ref: string, sql: Sql = database.app): Promise<string> {
  const name = customerAccount(ref as CustomerRef);
  await openLedgerAccount(sql, name, 'customer');
  return name;
}

const reward = (ref: string, amount: number | bigint, more: Partial<PostingRequest> = {}): PostingRequest => ({
  key: `reward:${CAMPAIGN}:${ref}`,
  from: BUDGET,
  to: customerAccount(ref as CustomerRef),
  points: points(amount),
  memo: 'tier kept',
  at: AT,
  ...more,
});
const fund = (budget: number): Promise<void> =>
  database.app.transaction((sql) => fundCampaign(sql, CAMPAIGN, points(budget), AT));
const pay = (request: PostingRequest): Promise<boolean> => database.app.transaction((sql) => post(sql, request));
const balance = (name: string): Promise<bigint> => ledgerBalance(database.app, name);

/** What all accounts hold together, and how many postings there are. */
async function books(): Promise<{ sum: bigint; postings: number }> {
  const { rows } = await database.app.query<{ name: string }>('select ledger_account as name from ledger_accounts');
  let sum = 0n;
  for (const { name } of rows) sum += await balance(name);
  const count = await database.app.query('select 1 from postings');
  return { sum, postings: count.rows.length };
}

describe('a reward', () => {
  beforeEach(async () => {
    await fund(1000);
    await account('c1');
    await account('c2');
  });

  test('moves points from the budget to the customer, and the books still sum to zero', async () => {
    expect(await pay(reward('c1', 500))).toBe(true);
    expect(await balance('customer:c1')).toBe(500n);
    expect(await balance(BUDGET)).toBe(500n);
    expect(await balance(ISSUANCE)).toBe(-1000n);
    expect(await books()).toEqual({ sum: 0n, postings: 2 });
  });

  test('is posted once, however often it is tried, and the first posting stays', async () => {
    expect(await pay(reward('c1', 500))).toBe(true);
    expect(await pay(reward('c1', 500, { memo: 'again', at: instant(AT + 1) }))).toBe(false);
    const { rows } = await database.app.query<{ memo: string; posted_at: number }>(
      `select memo, posted_at from postings where from_account = $1`,
      [BUDGET],
    );
    expect(rows).toEqual([{ memo: 'tier kept', posted_at: AT }]);
    expect(await balance('customer:c1')).toBe(500n);
  });

  test('of another amount, to somebody else or from elsewhere under the same key is refused and changes nothing', async () => {
    await pay(reward('c1', 500));
    const { key } = reward('c1', 500);
    const other = 'campaign-budget:other';
    await openLedgerAccount(database.app, other, 'campaign-budget');
    for (const wrong of [reward('c1', 499), reward('c2', 500, { key }), reward('c1', 500, { from: other })])
      await expect(pay(wrong)).rejects.toThrow(PostingConflict);
    await expect(pay(reward('c1', 499))).rejects.toThrow(
      /^"reward:keep-your-tier:c1" is posted already with another amount.*a correction is a posting that reverses it$/,
    );
    expect(await books()).toEqual({ sum: 0n, postings: 2 });
  });

  test('told again after the budget is spent is still the same reward, not an overdraft', async () => {
    await pay(reward('c1', 1000));
    expect(await pay(reward('c1', 1000))).toBe(false);
  });

  test('that the budget does not hold is refused, to the last point', async () => {
    await expect(pay(reward('c1', 1001))).rejects.toThrow(Overdrawn);
    await pay(reward('c1', 1000));
    await expect(pay(reward('c2', 1))).rejects.toThrow(
      /"campaign-budget:keep-your-tier" does not hold that many points/,
    );
    expect(await balance(BUDGET)).toBe(0n);
  });

  test('is no business of a customer who has no points: nobody spends what is not there', async () => {
    const redemption = { key: 'redeem:c1', from: 'customer:c1', to: BUDGET };
    await expect(pay(reward('c1', 1, redemption))).rejects.toThrow(Overdrawn);
    await pay(reward('c1', 10));
    expect(await pay(reward('c1', 10, redemption))).toBe(true);
    expect(await balance('customer:c1')).toBe(0n);
  });

  test('of nothing, of less than nothing, or to oneself is no posting', async () => {
    for (const wrong of [reward('c1', 0), reward('c1', -5), reward('c1', 5, { to: BUDGET })])
      await expect(pay(wrong)).rejects.toThrow(/check constraint/);
    await expect(pay(reward('c1', 5, { from: 'campaign-budget:nowhere' }))).rejects.toThrow(
      'ledger account "campaign-budget:nowhere" is not there',
    );
    await expect(pay(reward('c9', 5))).rejects.toThrow(/foreign key/);
    expect(await books()).toEqual({ sum: 0n, postings: 1 });
  });

  test('that is rolled back was never posted', async () => {
    const crashed = database.app.transaction(async (sql) => {
      await post(sql, reward('c1', 500));
      throw new Error('the worker died');
    });
    await expect(crashed).rejects.toThrow('the worker died');
    expect(await postedBefore(database.app, reward('c1', 500).key)).toBe(false);
    expect(await pay(reward('c1', 500))).toBe(true);
    expect(await postedBefore(database.app, reward('c1', 500).key)).toBe(true);
  });
});

describe('a budget', () => {
  test('is funded once: a second version of the campaign does not double it', async () => {
    await fund(1000);
    await fund(1000);
    await fund(5000);
    expect(await balance(BUDGET)).toBe(1000n);
    expect(await balance(ISSUANCE)).toBe(-1000n);
  });

  test('of nothing is an empty account, which the next version may fill', async () => {
    await fund(0);
    expect(await balance(BUDGET)).toBe(0n);
    await fund(700);
    expect(await balance(BUDGET)).toBe(700n);
  });

  test('funded by ten journeys that end at once is there once', async () => {
    await Promise.all(Array.from({ length: 10 }, () => fund(1000)));
    expect(await balance(BUDGET)).toBe(1000n);
  });

  test('is never overspent by twenty customers who are rewarded at once', async () => {
    await fund(1000);
    const refs = Array.from({ length: 20 }, (_, n) => `c${n}`);
    for (const ref of refs) await account(ref);
    const results = await Promise.allSettled(refs.map((ref) => pay(reward(ref, 150))));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(results.length - refused.length).toBe(6);
    for (const { reason } of refused) expect(reason).toBeInstanceOf(Overdrawn);
    expect(await balance(BUDGET)).toBe(100n);
    expect((await books()).sum).toBe(0n);
  });

  test('pays one customer once though twenty workers post the same reward at once', async () => {
    await fund(1000);
    await account('c1');
    const posted = await Promise.all(Array.from({ length: 20 }, () => pay(reward('c1', 150))));
    expect(posted.filter(Boolean)).toHaveLength(1);
    expect(await balance('customer:c1')).toBe(150n);
  });
});

test('the application can change no posting and take none away', async () => {
  await fund(1000);
  await expect(database.app.query('update postings set points = 1')).rejects.toThrow(/permission denied/);
  await expect(database.app.query('delete from postings')).rejects.toThrow(/permission denied/);
});

test('an account has no points before anything came in, and is opened once with its floor', async () => {
  expect(await balance('customer:nobody')).toBe(0n);
  await account('c1');
  await openLedgerAccount(database.app, 'customer:c1', 'issuance');
  const { rows } = await database.app.query<{ kind: string; floor_points: bigint }>(
    `select kind, floor_points from ledger_accounts where ledger_account = 'customer:c1'`,
  );
  expect(rows).toEqual([{ kind: 'customer', floor_points: 0n }]);
});

/** The ledger as one would keep it on paper. */
class Paper {
  readonly held = new Map<string, bigint>();
  readonly posted = new Map<string, string>();

  post(request: PostingRequest): 'posted' | 'before' | 'conflict' | 'overdrawn' {
    const content = `${request.from} ${request.to} ${request.points}`;
    const before = this.posted.get(request.key);
    if (before !== undefined) return before === content ? 'before' : 'conflict';
    if (request.from !== ISSUANCE && this.of(request.from) < request.points) return 'overdrawn';
    this.posted.set(request.key, content);
    this.held.set(request.from, this.of(request.from) - request.points);
    this.held.set(request.to, this.of(request.to) + request.points);
    return 'posted';
  }

  of(name: string): bigint {
    return this.held.get(name) ?? 0n;
  }
}

const ACCOUNTS = [ISSUANCE, BUDGET, 'customer:c1', 'customer:c2'];
const anyPosting = fc
  .record({
    key: fc.constantFrom('k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8'),
    pair: fc.shuffledSubarray(ACCOUNTS, { minLength: 2, maxLength: 2 }),
    points: fc.constantFrom(1n, 40n, 60n, 100n),
  })
  .map(({ key, pair, points: amount }): PostingRequest => {
    const [from = ISSUANCE, to = BUDGET] = pair;
    return { key, from, to, points: points(amount), memo: 'any', at: AT };
  });
const outcomeOf = (posting: Promise<boolean>): Promise<string> =>
  posting.then(
    (now) => (now ? 'posted' : 'before'),
    (error: unknown) => {
      if (error instanceof PostingConflict) return 'conflict';
      if (error instanceof Overdrawn) return 'overdrawn';
      throw error;
    },
  );

test('whatever is funded, posted and tried again, the ledger says what a ledger on paper says', async () => {
  const sequence = fc.array(fc.oneof({ weight: 4, arbitrary: anyPosting }, fc.constant('fund' as const)), {
    minLength: 5,
    maxLength: 25,
  });
  await fc.assert(
    fc.asyncProperty(sequence, async (steps) => {
      const paper = new Paper();
      // one transaction for each run, rolled back at its end: runs share nothing
      const undone = new Error('undone');
      const run = database.app.transaction(async (sql) => {
        await openLedgerAccount(sql, ISSUANCE, 'issuance');
        await openLedgerAccount(sql, BUDGET, 'campaign-budget');
        for (const ref of ['c1', 'c2']) await account(ref, sql);
        for (const step of steps) {
          if (step === 'fund') {
            await fundCampaign(sql, CAMPAIGN, points(100), AT);
            paper.post({ key: 'budget', from: ISSUANCE, to: BUDGET, points: points(100), memo: '', at: AT });
          } else expect(await outcomeOf(post(sql, step))).toBe(paper.post(step));
        }
        let sum = 0n;
        for (const name of ACCOUNTS) {
          const held = await ledgerBalance(sql, name);
          expect(`${name} ${held}`).toBe(`${name} ${paper.of(name)}`);
          if (name !== ISSUANCE) expect(held >= 0n).toBe(true);
          sum += held;
        }
        expect(sum).toBe(0n);
        throw undone;
      });
      await expect(run).rejects.toBe(undone);
    }),
    { numRuns: 60 },
  );
});
