import type { CampaignRef, Currency, CustomerRef, LedgerAccount } from '../../domain/types.js';
import { instant, minor, points } from '../../domain/types.js';
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
  postAll,
  postedBefore,
  PostingConflict,
  reservedAccount,
  redressCost,
  redressOwed,
  redressPaid,
  reverse,
  type Posted,
  type PostingRequest,
} from '../../store/ledger.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const CAMPAIGN = 'keep-your-tier' as CampaignRef;
const BUDGET = budgetAccount(CAMPAIGN);
const customer = (ref: string): LedgerAccount => customerAccount(ref as CustomerRef);

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(() => database.drop());

const reward = (ref: string, amount: number, more: Partial<PostingRequest> = {}): PostingRequest => ({
  key: `reward:${CAMPAIGN}:${ref}`,
  kind: 'grant',
  from: BUDGET,
  to: customer(ref),
  amount: points(amount),
  memo: 'tier kept',
  at: AT,
  ...more,
});
const fund = (amount: number, key = 'fund'): Promise<Posted> =>
  pay({ key, kind: 'fund', from: ISSUANCE, to: BUDGET, amount: points(amount), memo: 'budget', at: AT });
const hold = (ref: string, amount: number, key = `hold:${ref}`): PostingRequest =>
  reward(ref, amount, { key, kind: 'hold', from: customer(ref), to: heldAccount(ref as CustomerRef) });
const pay = (request: PostingRequest): Promise<Posted> => database.app.transaction((sql) => post(sql, request));
const balance = (name: LedgerAccount): Promise<bigint> => ledgerBalance(database.app, name);

/** What all accounts hold together, how many postings there are, and whether every budget's shares add up to it. */
async function books(): Promise<{ sum: bigint; postings: number; sharesFit: boolean }> {
  const { rows } = await database.owner.query<{ sum: bigint; postings: number; sharesFit: boolean }>(
    `select coalesce(sum(ledger_balance(ledger_account)), 0)::bigint as sum, (select count(*)::int from postings) as postings,
            coalesce(bool_and(kind <> 'campaign-budget' or ledger_balance(ledger_account) =
              (select sum(available) from budget_shares s where s.ledger_account = a.ledger_account)), true) as "sharesFit"
       from ledger_accounts a`,
  );
  return rows[0] ?? { sum: -1n, postings: -1, sharesFit: false };
}

describe('a reward', () => {
  beforeEach(() => fund(1000));

  test('moves points from the budget to the customer, and the books still sum to zero', async () => {
    expect((await pay(reward('c1', 500))).isNew).toBe(true);
    expect(await balance(customer('c1'))).toBe(500n);
    expect(await balance(BUDGET)).toBe(500n);
    expect(await balance(ISSUANCE)).toBe(-1000n);
    expect(await books()).toEqual({ sum: 0n, postings: 2, sharesFit: true });
  });

  test('is posted once, however often it is tried, and the first posting stays', async () => {
    const { postingId } = await pay(reward('c1', 500));
    expect(await pay(reward('c1', 500, { memo: 'again', at: instant(AT + 1) }))).toEqual({ postingId, isNew: false });
    const { rows } = await database.app.query<{ memo: string; posted_at: number }>(
      `select memo, posted_at from postings where from_account = $1`,
      [BUDGET],
    );
    expect(rows).toEqual([{ memo: 'tier kept', posted_at: AT }]);
    expect(await balance(customer('c1'))).toBe(500n);
  });

  test('of another amount, to somebody else or from elsewhere under the same key is refused and changes nothing', async () => {
    await pay(reward('c1', 500));
    const { key } = reward('c1', 500);
    const elsewhere = { kind: 'goodwill' as const, from: issuanceFor('goodwill') };
    for (const wrong of [reward('c1', 499), reward('c2', 500, { key }), reward('c1', 500, elsewhere)])
      await expect(pay(wrong)).rejects.toThrow(PostingConflict);
    await expect(pay(reward('c1', 499))).rejects.toThrow(
      /^"reward:keep-your-tier:c1" is posted already with another amount.*a correction is a posting that reverses it$/,
    );
    expect(await books()).toEqual({ sum: 0n, postings: 2, sharesFit: true });
  });

  test('told again after the budget is spent is still the same reward, not an overdraft', async () => {
    await pay(reward('c1', 1000));
    expect((await pay(reward('c1', 1000))).isNew).toBe(false);
  });

  test('that the budget does not hold is refused, to the last point, and the transaction goes on', async () => {
    await expect(pay(reward('c1', 1001))).rejects.toThrow(Overdrawn);
    await database.app.transaction(async (sql) => {
      await expect(post(sql, reward('c1', 1001))).rejects.toThrow(
        /"campaign-budget:keep-your-tier" does not hold that much/,
      );
      await post(sql, reward('c1', 1000));
    });
    await expect(pay(reward('c2', 1))).rejects.toThrow(Overdrawn);
    expect(await balance(BUDGET)).toBe(0n);
  });

  test('is no business of a customer who has no points: nobody spends what is not there', async () => {
    await expect(pay(hold('c1', 1))).rejects.toThrow(Overdrawn);
    await pay(reward('c1', 10));
    await pay(hold('c1', 10));
    expect(await balance(customer('c1'))).toBe(0n);
    await expect(pay(hold('c1', 1, 'another'))).rejects.toThrow(Overdrawn);
  });

  test('of nothing, of less than nothing, or by a way that no posting goes is no posting', async () => {
    for (const wrong of [reward('c1', 0), reward('c1', -5), reward('c1', 5, { kind: 'earn' }), hold('c1', -5)])
      await expect(pay(wrong)).rejects.toThrow(/check constraint|at least 1/);
    await expect(pay(reward('c1', 5, { to: 'nowhere:c1' as LedgerAccount }))).rejects.toThrow(
      'there is no kind of ledger account called "nowhere"',
    );
    expect(await books()).toEqual({ sum: 0n, postings: 1, sharesFit: true });
  });

  test('that is rolled back was never posted, and its budget is whole', async () => {
    const crashed = database.app.transaction(async (sql) => {
      await post(sql, reward('c1', 500));
      throw new Error('the worker died');
    });
    await expect(crashed).rejects.toThrow('the worker died');
    expect(await postedBefore(database.app, reward('c1', 500).key)).toBe(false);
    expect(await books()).toEqual({ sum: 0n, postings: 1, sharesFit: true });
    expect((await pay(reward('c1', 1000))).isNew).toBe(true);
  });
});

describe('a budget', () => {
  const refs = Array.from({ length: 20 }, (_, n) => `c${n}`);

  test('is never overspent by twenty customers who are rewarded at once, and given out as far as it goes', async () => {
    await fund(1000);
    const results = await Promise.allSettled(refs.map((ref) => pay(reward(ref, 150))));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(results.length - refused.length).toBe(6);
    for (const { reason } of refused) expect(reason).toBeInstanceOf(Overdrawn);
    expect(await balance(BUDGET)).toBe(100n);
    expect(await books()).toEqual({ sum: 0n, postings: 7, sharesFit: true });
  });

  test('pays one customer once though twenty workers post the same reward at once', async () => {
    await fund(1000);
    const posted = await Promise.all(refs.map(() => pay(reward('c1', 150))));
    expect(posted.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(posted.map(({ postingId }) => postingId)).size).toBe(1);
    expect(await balance(customer('c1'))).toBe(150n);
    expect((await books()).sharesFit).toBe(true);
  });

  test('that reservations come back to can promise them anew', async () => {
    await fund(300);
    for (const ref of ['c1', 'c2', 'c3']) {
      const reserved = reservedAccount(CAMPAIGN, ref as CustomerRef);
      await pay(reward(ref, 300, { key: `reserve:${ref}`, kind: 'reserve', to: reserved }));
      await expect(pay(reward('c9', 1))).rejects.toThrow(Overdrawn);
      await pay(reward(ref, 300, { key: `release:${ref}`, kind: 'release', from: reserved, to: BUDGET }));
    }
    expect(await balance(BUDGET)).toBe(300n);
    expect((await books()).sharesFit).toBe(true);
  });
});

describe('a batch', () => {
  const earn = (ref: string, key: string, amount = 10): PostingRequest =>
    reward(ref, amount, { key, kind: 'earn', from: issuanceFor('transactions') });
  const batch = (requests: PostingRequest[]): Promise<number> =>
    database.app.transaction((sql) => postAll(sql, requests, AT));

  test('posts all, and only what is new the second time', async () => {
    const requests = Array.from({ length: 50 }, (_, n) => earn(`c${n % 7}`, `earn:${n}`, n + 1));
    expect(await batch(requests.slice(0, 30))).toBe(30);
    expect(await batch(requests)).toBe(20);
    expect(await balance(issuanceFor('transactions'))).toBe(-1275n);
    expect(await books()).toEqual({ sum: 0n, postings: 50, sharesFit: true });
  });

  test('with one debt that was posted otherwise posts nothing and says which', async () => {
    await pay(earn('c1', 'earn:1'));
    await expect(batch([earn('c2', 'earn:2'), earn('c1', 'earn:1', 11)])).rejects.toThrow(
      /"earn:1" is posted already with another amount/,
    );
    expect(await balance(customer('c2'))).toBe(0n);
    await expect(batch([earn('c1', 'twice'), earn('c1', 'twice')])).rejects.toThrow('names each debt once');
    await expect(batch(Array.from({ length: 5001 }, (_, n) => earn('c1', `n${n}`)))).rejects.toThrow(/at most 5000/);
  });

  test('overdraws nobody, neither by one posting nor by all together', async () => {
    await pay(earn('c1', 'earn:1', 100));
    await expect(batch([hold('c1', 60, 'h1'), hold('c1', 41, 'h2')])).rejects.toThrow(Overdrawn);
    // what was posted before does not count again
    await pay(hold('c1', 60, 'h1'));
    expect(await batch([hold('c1', 60, 'h1'), hold('c1', 40, 'h2')])).toBe(1);
    await fund(100);
    await expect(batch([reward('c1', 60), reward('c2', 41)])).rejects.toThrow(/"campaign-budget:keep-your-tier"/);
    expect(await batch([reward('c1', 60), reward('c2', 40)])).toBe(2);
    expect(await books()).toEqual({ sum: 0n, postings: 6, sharesFit: true });
  });

  test('waits for no other in a circle: four writers over the same customers all get through', async () => {
    await fund(10_000);
    await batch(Array.from({ length: 40 }, (_, n) => earn(`c${n}`, `start:${n}`, 1_000)));
    const backAndForth = (writer: number): PostingRequest[] =>
      Array.from({ length: 40 }, (_, n) => (writer % 2 ? n : 39 - n)).flatMap((n) => [
        hold(`c${n}`, 5, `h:${writer}:${n}`),
        reward(`c${n}`, 5, { key: `g:${writer}:${n}` }),
      ]);
    const added = await Promise.all([0, 1, 2, 3].flatMap((writer) => [1, 2].map(() => batch(backAndForth(writer)))));
    expect(added.reduce((sum, n) => sum + n, 0)).toBe(320);
    expect((await books()).sum).toBe(0n);
    expect(await balance(BUDGET)).toBe(10_000n - 800n);
  });
});

describe('a reversal', () => {
  test('takes a posting back, once, and points at it', async () => {
    const { postingId } = await fund(100);
    const first = await database.app.transaction((sql) => reverse(sql, postingId, 'typed wrongly', AT));
    const again = await database.app.transaction((sql) => reverse(sql, postingId, 'typed wrongly', AT));
    expect(again).toEqual({ postingId: first.postingId, isNew: false });
    expect(await balance(BUDGET)).toBe(0n);
    const { rows } = await database.app.query('select reverses, memo from postings where kind = $1', ['reversal']);
    expect(rows).toEqual([{ reverses: postingId, memo: 'typed wrongly' }]);
    await expect(database.app.transaction((sql) => reverse(sql, first.postingId, 'no', AT))).rejects.toThrow(
      NotReversible,
    );
    await expect(database.app.transaction((sql) => reverse(sql, 999n as never, 'no', AT))).rejects.toThrow(
      'there is no posting 999',
    );
  });

  test('of points that were spent since is refused', async () => {
    await fund(100);
    const { postingId } = await pay(reward('c1', 100));
    await pay(hold('c1', 1));
    await expect(database.app.transaction((sql) => reverse(sql, postingId, 'not owed', AT))).rejects.toThrow(Overdrawn);
  });

  test('of something else than it says is refused by the database', async () => {
    const { postingId } = await fund(100);
    const wrong = `select ledger_post('reverse:x', 'reversal', 'campaign-budget:keep-your-tier', 'issuance', 99, 'less', now(), null, $1)`;
    await expect(database.app.query(wrong, [postingId])).rejects.toThrow(/is not the one to reverse/);
  });
});

test('what an account held at a past instant is still what it held', async () => {
  await fund(1000);
  await pay(reward('c1', 500, { at: instant(AT + 1000) }));
  await pay({ ...hold('c1', 200, 'later'), at: instant(AT + 2000) });
  const asOf = (at: number): Promise<bigint> => ledgerBalance(database.app, customer('c1'), instant(at));
  expect(await asOf(AT + 999)).toBe(0n);
  expect(await asOf(AT + 1999)).toBe(500n);
  expect(await asOf(AT + 2000)).toBe(300n);
});

test('redress is money: it is owed and paid in its currency, and never mixed with points', async () => {
  const czk = 'CZK' as Currency;
  const owed = redressOwed(czk, 'c1' as CustomerRef);
  const told = { memo: 'fee charged twice', at: AT, amount: minor(12_50) };
  await pay({ ...told, key: 'owe', kind: 'owe-redress', from: redressCost(czk), to: owed });
  const paid = { ...told, key: 'pay', kind: 'pay-redress' as const, from: owed, to: redressPaid(czk) };
  await expect(pay({ ...paid, amount: minor(12_51) })).rejects.toThrow(Overdrawn);
  await expect(pay({ ...paid, to: redressPaid('EUR' as Currency) })).rejects.toThrow(/holds CZK and .* holds EUR/);
  await pay(paid);
  expect(await balance(redressPaid(czk))).toBe(1250n);
  expect(await balance(owed)).toBe(0n);
});

describe('nobody', () => {
  test('changes or takes away a posting, not even the owner of the database', async () => {
    await fund(1000);
    for (const statement of ['update postings set amount = 1', 'delete from postings', 'truncate postings']) {
      await expect(database.app.query(statement)).rejects.toThrow(/permission denied/);
      await expect(database.owner.query(statement)).rejects.toThrow('a posting is never changed or taken away');
    }
  });

  test('posts out of a snapshot that is older than its locks: it would not see what was spent meanwhile', async () => {
    await fund(1000);
    const stale = database.app.transaction(async (sql) => {
      await sql.query('set transaction isolation level repeatable read');
      await sql.query('select 1');
      await post(sql, reward('c1', 5));
    });
    await expect(stale).rejects.toThrow('the ledger posts in read committed');
  });

  test('posts but by the functions that guard the accounts, and opens, shares or refills none by hand', async () => {
    await fund(1000);
    for (const statement of [
      `insert into postings (idempotency_key, kind, from_account, to_account, unit, amount, memo, posted_at)
       values ('x', 'expire', 'customer:c1', 'expired', 'points', 5, 'x', now())`,
      `insert into ledger_accounts (ledger_account) values ('customer:c9')`,
      `update ledger_accounts set ledger_account = 'held:c9'`,
      `delete from ledger_accounts`,
      `update budget_shares set available = 1000000`,
      `select ledger_add_to_shares('campaign-budget:keep-your-tier', 1, 0::smallint)`,
    ])
      await expect(database.app.query(statement)).rejects.toThrow(/permission denied/);
    expect(await balance(EXPIRED)).toBe(0n);
  });
});
