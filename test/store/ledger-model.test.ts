import fc from 'fast-check';
import { instant, points, type CampaignRef, type CustomerRef, type LedgerAccount } from '../../domain/types.js';
import {
  budgetAccount,
  customerAccount,
  EXPIRED,
  heldAccount,
  ISSUANCE,
  issuanceFor,
  Overdrawn,
  post,
  postAll,
  PostingConflict,
  REDEEMED,
  reservedAccount,
  reverse,
  type PostingRequest,
} from '../../store/ledger.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const CAMPAIGN = 'keep-your-tier' as CampaignRef;
/** Sequences tried; each takes about 100 ms. */
const RUNS = 40;

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(() => database.drop());

type Way = [PostingRequest['kind'], (ref: CustomerRef) => LedgerAccount, (ref: CustomerRef) => LedgerAccount];
const budget = (): LedgerAccount => budgetAccount(CAMPAIGN);
const reserved = (ref: CustomerRef): LedgerAccount => reservedAccount(CAMPAIGN, ref);
const WAYS: Way[] = [
  ['fund', () => ISSUANCE, budget],
  ['reserve', budget, reserved],
  ['grant', reserved, customerAccount],
  ['release', reserved, budget],
  ['earn', () => issuanceFor('transactions'), customerAccount],
  ['hold', customerAccount, heldAccount],
  ['redeem', heldAccount, () => REDEEMED],
  ['return', heldAccount, customerAccount],
  ['expire', customerAccount, () => EXPIRED],
];

interface Move {
  what: 'post' | 'reverse';
  key: string;
  way: Way;
  ref: CustomerRef;
  amount: bigint;
}
const anyMove: fc.Arbitrary<Move> = fc.record({
  what: fc.constantFrom<Move['what']>('post', 'post', 'post', 'post', 'post', 'reverse'),
  key: fc.integer({ min: 1, max: 30 }).map((n) => `debt:${n}`),
  way: fc.constantFrom(...WAYS),
  ref: fc.constantFrom('c1' as CustomerRef, 'c2' as CustomerRef),
  amount: fc.constantFrom(1n, 7n, 40n, 100n),
});
const requestOf = ({ key, way: [kind, from, to], ref, amount }: Move): PostingRequest => ({
  key,
  kind,
  from: from(ref),
  to: to(ref),
  amount: points(amount),
  memo: 'any',
  at: AT,
});

interface Entry {
  key: string;
  from: LedgerAccount;
  to: LedgerAccount;
  amount: bigint;
}
type Answer = 'posted' | 'before' | 'conflict' | 'overdrawn';

/** The books as one would keep them on paper. */
class Paper {
  readonly entries = new Map<string, Entry>();
  readonly held = new Map<LedgerAccount, bigint>();

  of(name: LedgerAccount): bigint {
    return this.held.get(name) ?? 0n;
  }

  write(entry: Entry): void {
    this.entries.set(entry.key, entry);
    this.held.set(entry.from, this.of(entry.from) - entry.amount);
    this.held.set(entry.to, this.of(entry.to) + entry.amount);
  }

  /** What a move would write, or null when there is nothing to reverse. */
  entryOf(move: Move): Entry | null {
    if (move.what === 'post') return requestOf(move);
    const first = this.entries.get(move.key);
    return first ? { key: `reverse of ${move.key}`, from: first.to, to: first.from, amount: first.amount } : null;
  }
}
const guarded = (name: LedgerAccount): boolean => !/^(issuance|redeemed|expired)/.test(name);
const same = (one: Entry, other: Entry): boolean =>
  one.from === other.from && one.to === other.to && one.amount === other.amount;

async function carryOut(move: Move): Promise<Answer | null> {
  try {
    const posted = await database.app.transaction(async (sql) => {
      if (move.what === 'post') return post(sql, requestOf(move));
      const { rows } = await sql.query<{ posting_id: bigint }>(
        `select posting_id from postings where idempotency_key = $1 and kind <> 'reversal'`,
        [move.key],
      );
      const id = rows[0]?.posting_id;
      return id === undefined ? null : reverse(sql, id as never, 'any', AT);
    });
    if (posted === null) return null;
    return posted.isNew ? 'posted' : 'before';
  } catch (error) {
    if (error instanceof PostingConflict) return 'conflict';
    if (error instanceof Overdrawn) return 'overdrawn';
    throw error;
  }
}

/**
 * What was answered to moves that were made at once must be what some order of them allows: each key is written once, a
 * refused one may only be refused where the account could have been as low as that.
 */
function checkAtOnce(paper: Paper, moves: Move[], answers: (Answer | null)[]): void {
  const entries = moves.map((move) => paper.entryOf(move));
  const before = new Map(paper.held);
  const outOf = new Map<LedgerAccount, bigint>();
  answers.forEach((answer, i) => {
    const entry = entries[i];
    if (answer !== 'posted' || !entry) return;
    expect(paper.entries.has(entry.key)).toBe(false);
    paper.write(entry);
    outOf.set(entry.from, (outOf.get(entry.from) ?? 0n) + entry.amount);
  });
  answers.forEach((answer, i) => {
    const entry = entries[i];
    if (!entry) return expect(answer).toBeNull();
    const written = paper.entries.get(entry.key);
    if (answer === 'before') expect(written && same(written, entry)).toBe(true);
    if (answer === 'conflict') expect(written && !same(written, entry)).toBe(true);
    if (answer === 'overdrawn') {
      expect(guarded(entry.from)).toBe(true);
      expect((before.get(entry.from) ?? 0n) - (outOf.get(entry.from) ?? 0n) < entry.amount).toBe(true);
    }
  });
}

/** The books in Postgres are those on paper, sum to zero, and every budget's shares add up to it. */
async function checkBooks(paper: Paper): Promise<void> {
  const { rows } = await database.owner.query<{ name: LedgerAccount; balance: bigint; shares: bigint | null }>(
    `select ledger_account as name, ledger_balance(ledger_account) as balance,
            (select sum(available)::bigint from budget_shares s where s.ledger_account = a.ledger_account) as shares
       from ledger_accounts a`,
  );
  let sum = 0n;
  for (const { name, balance, shares } of rows) {
    expect(`${name} ${balance}`).toBe(`${name} ${paper.of(name)}`);
    if (guarded(name)) expect(balance >= 0n).toBe(true);
    if (shares !== null) expect(shares).toBe(balance);
    sum += balance;
  }
  expect(sum).toBe(0n);
  const { rows: written } = await database.owner.query<{ n: number }>('select count(*)::int as n from postings');
  expect(written[0]?.n).toBe(paper.entries.size);
}

/** Runs share a database and nothing in it: the books of the run before are put away. */
async function putAway(): Promise<void> {
  await database.owner.query('alter table postings disable trigger postings_are_final');
  await database.owner.query('truncate postings, budget_shares');
  await database.owner.query(`delete from ledger_accounts where guard <> 'none'`);
  await database.owner.query('alter table postings enable trigger postings_are_final');
}

test('whatever is earned, reserved, granted, released, redeemed, expired and reversed, at once and again, the books are those on paper', async () => {
  // each move twice where it is retried; up to six of them at once
  const atOnce = fc
    .array(fc.tuple(anyMove, fc.boolean()), { minLength: 1, maxLength: 4 })
    .map((moves) => moves.flatMap(([move, retried]) => (retried ? [move, move] : [move])));
  await fc.assert(
    fc.asyncProperty(fc.array(atOnce, { minLength: 5, maxLength: 25 }), async (groups) => {
      await putAway();
      const paper = new Paper();
      for (const moves of groups) {
        // what is reversed must have been there before: at once with its own posting anything may be found
        const posts = moves.filter((move) => move.what === 'post');
        const reversals = moves.filter((move) => move.what === 'reverse');
        for (const some of [posts, reversals]) {
          checkAtOnce(paper, some, await Promise.all(some.map(carryOut)));
          await checkBooks(paper);
        }
      }
    }),
    // what fails by a race does not fail again in the same way: nothing is gained by making it smaller
    { numRuns: RUNS, endOnFailure: true },
  );
}, 120_000);

test('a batch is all its postings or none, and what it says is what single postings would have said', async () => {
  const anyBatch = fc.uniqueArray(anyMove, { selector: (move) => move.key, minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(anyBatch, { minLength: 2, maxLength: 10 }), async (batches) => {
      await putAway();
      const paper = new Paper();
      for (const moves of batches) {
        const entries = moves.map((move) => ({ ...requestOf(move), move }));
        const fresh = entries.filter((entry) => !paper.entries.has(entry.key));
        const conflict = entries.some((entry) => {
          const written = paper.entries.get(entry.key);
          return written !== undefined && !same(written, entry);
        });
        // a budget may pay with what the batch puts into it; nobody else may
        const short = [...new Set(fresh.map((entry) => entry.from))].some((name) => {
          const out = fresh.filter((entry) => entry.from === name).reduce((sum, entry) => sum + entry.amount, 0n);
          const back = fresh.filter((entry) => entry.to === name).reduce((sum, entry) => sum + entry.amount, 0n);
          return guarded(name) && paper.of(name) + (name === budget() ? back : 0n) < out;
        });
        const posting = database.app.transaction((sql) => postAll(sql, entries, AT));
        if (conflict && short) await expect(posting).rejects.toThrow(/is posted already|does not hold/);
        else if (conflict) await expect(posting).rejects.toThrow(PostingConflict);
        else if (short) await expect(posting).rejects.toThrow(Overdrawn);
        else {
          expect(await posting).toBe(fresh.length);
          fresh.forEach((entry) => paper.write(entry));
        }
        await checkBooks(paper);
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
}, 120_000);
