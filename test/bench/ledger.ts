import { randomUUID } from 'node:crypto';
import { instant, points, type CampaignRef, type CustomerRef } from '../../domain/types.js';
import { timestamp, type Database } from '../../store/database.js';
import {
  budgetAccount,
  customerAccount,
  heldAccount,
  ISSUANCE,
  issuanceFor,
  post,
  postAll,
  reservedAccount,
  type PostingRequest,
} from '../../store/ledger.js';
import { median, rate, type Rate } from './clients.js';

/** Customers whose accounts the postings go to. */
const CUSTOMERS = 2_000;
export const CLIENTS = [1, 16, 64] as const;
export const BATCH = 1_000;
const WRITERS = 4;
const AT = instant(Date.UTC(2026, 0, 12));
const PLENTY = points(1_000_000_000_000n);

export interface Pace {
  /** how long each figure is measured, ms of wall time */
  milliseconds: number;
  /** each figure is the median of so many, taken in turns with what it is compared with */
  rounds: number;
}

interface Compared {
  floor: number;
  ours: number;
  ratio: number;
}
export interface LedgerFigures {
  /** postings a second: the bare statement and Keepwell's, by number of clients */
  single: Record<
    (typeof CLIENTS)[number],
    { bare: number; credit: number; debit: number; creditRatio: number; debitRatio: number }
  >;
  hotBudget: Compared & { naive: number; naiveRatio: number };
  batch: Compared & { mixed: number; writers: number; deadlocks: number };
  /** single: the worst of the credits', by far the most postings; batch: against the best of them */
  ratios: { single: number; hotBudget: number; batch: number };
}

const customer = (n: number): CustomerRef => `c${n % CUSTOMERS}` as CustomerRef;
const any = (): number => Math.floor(Math.random() * CUSTOMERS);
const campaign = (n: number): CampaignRef => `spread-${n}` as CampaignRef;
const HOT = 'hot' as CampaignRef;
const NAIVE = 'naive' as CampaignRef;
/** Customers to whom a budget promises: as many in all for the spread ones as for the one that is hot. */
const promisedBy = (ref: CampaignRef): number => (ref === HOT || ref === NAIVE ? CUSTOMERS : Math.ceil(CUSTOMERS / 64));
const told = { memo: 'benchmark', at: AT };

const BARE = `insert into postings (idempotency_key, kind, from_account, to_account, unit, amount, memo, posted_at, expires_on, reverses)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`;

/** The floor: one statement that writes the row, into the same table with the same indexes and constraints. */
const bare = (owner: Database, from: string, to: string, kind: string): Promise<unknown> =>
  owner.query(BARE, [randomUUID(), kind, from, to, 'points', 1n, told.memo, timestamp(AT), null, null]);

const credit = (n: number): PostingRequest => ({
  ...told,
  key: randomUUID(),
  kind: 'earn',
  from: issuanceFor('transactions'),
  to: customerAccount(customer(n)),
  amount: points(1),
});
const debit = (n: number): PostingRequest => ({
  ...credit(n),
  kind: 'hold',
  from: customerAccount(customer(n)),
  to: heldAccount(customer(n)),
});
const reserve = (from: CampaignRef, n: number): PostingRequest => ({
  ...credit(n),
  kind: 'reserve',
  from: budgetAccount(from),
  to: reservedAccount(from, customer(n)),
});

/** Opens every account with something in it, so that no figure contains the opening. */
export async function prepare(app: Database): Promise<void> {
  const fill = async (requests: Omit<PostingRequest, 'at'>[]): Promise<void> => {
    for (let at = 0; at < requests.length; at += BATCH) await postAll(app, requests.slice(at, at + BATCH), AT);
  };
  const all = Array.from({ length: CUSTOMERS }, (_, n) => n);
  await fill(all.map((n) => ({ ...credit(n), amount: points(1_000_000) })));
  await fill(all.map(debit));
  const budgets = [HOT, NAIVE, ...Array.from({ length: 64 }, (_, n) => campaign(n))];
  for (const ref of budgets)
    await post(app, {
      ...told,
      key: randomUUID(),
      kind: 'fund',
      from: ISSUANCE,
      to: budgetAccount(ref),
      amount: PLENTY,
    });
  await fill(budgets.flatMap((ref) => all.slice(0, promisedBy(ref)).map((n) => reserve(ref, n))));
}

/** Measures each of some operations in turns, so that what slows the machine down slows all of them. */
async function inTurns<Name extends string>(
  { milliseconds, rounds }: Pace,
  clients: number,
  operations: Record<Name, (client: number) => Promise<unknown>>,
): Promise<Record<Name, number>> {
  const names = Object.keys(operations) as Name[];
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1)
    for (const name of round % 2 ? [...names].reverse() : names) {
      const measured = await rate(clients, milliseconds, operations[name]);
      refuseErrors(name, measured);
      figures[name].push(measured.perSecond);
    }
  return Object.fromEntries(names.map((name) => [name, median(figures[name])])) as Record<Name, number>;
}

function refuseErrors(name: string, { errors, firstError }: Rate): void {
  if (errors > 0) throw new Error(`${errors} operations of "${name}" failed, the first with: ${firstError}`);
}

async function single(pace: Pace, owner: Database, app: Database): Promise<LedgerFigures['single']> {
  const figures = {} as LedgerFigures['single'];
  for (const clients of CLIENTS) {
    const measured = await inTurns(pace, clients, {
      bare: () => bare(owner, issuanceFor('transactions'), customerAccount(customer(any())), 'earn'),
      credit: () => post(app, credit(any())),
      debit: () => post(app, debit(any())),
    });
    const { bare: floor, credit: credits, debit: debits } = measured;
    figures[clients] = { ...measured, creditRatio: credits / floor, debitRatio: debits / floor };
  }
  return figures;
}

/** What a ledger does without shares: locks the budget's row, adds up nothing, keeps the balance in the row. */
async function naive(owner: Database, n: number): Promise<void> {
  await owner.transaction(async (sql) => {
    await sql.query(
      `update budget_shares set available = available - 1 where ledger_account = $1 and share = 0 and available >= 1`,
      [budgetAccount(NAIVE)],
    );
    await sql.query(BARE, [
      randomUUID(),
      'reserve',
      budgetAccount(NAIVE),
      reservedAccount(NAIVE, customer(n)),
      'points',
      1n,
      told.memo,
      timestamp(AT),
      null,
      null,
    ]);
  });
}

async function hotBudget(pace: Pace, owner: Database, app: Database): Promise<LedgerFigures['hotBudget']> {
  const measured = await inTurns(pace, 64, {
    spread: (client) => post(app, reserve(campaign(client), any() % promisedBy(campaign(client)))),
    hot: () => post(app, reserve(HOT, any())),
    naive: () => naive(owner, any()),
  });
  const { spread, hot } = measured;
  return { floor: spread, ours: hot, ratio: hot / spread, naive: measured.naive, naiveRatio: measured.naive / spread };
}

/** What earning does, and what it would be if every second posting also took from a customer whom another writer holds. */
async function batch(pace: Pace, app: Database, best: number): Promise<LedgerFigures['batch']> {
  const credits = (): PostingRequest[] => Array.from({ length: BATCH }, () => credit(any()));
  const mixed = (): PostingRequest[] => Array.from({ length: BATCH }, (_, n) => (n % 2 ? credit(any()) : debit(any())));
  const all = { credits: [] as number[], mixed: [] as number[] };
  let deadlocks = 0;
  for (let round = 0; round < pace.rounds; round += 1)
    for (const [name, requests] of [
      ['credits', credits],
      ['mixed', mixed],
    ] as const) {
      const write = (): Promise<number> => app.transaction((sql) => postAll(sql, requests(), AT));
      const measured = await rate(WRITERS, pace.milliseconds, write);
      if (measured.errors > 0 && !/deadlock/.test(measured.firstError ?? ''))
        refuseErrors(`batch of ${name}`, measured);
      deadlocks += measured.errors;
      all[name].push(measured.perSecond * BATCH);
    }
  const ours = median(all.credits);
  return { floor: best, ours, ratio: ours / best, mixed: median(all.mixed), writers: WRITERS, deadlocks };
}

/** All the figures, on one Postgres. */
export async function measureLedger(pace: Pace, owner: Database, app: Database): Promise<LedgerFigures> {
  await prepare(app);
  const singles = await single(pace, owner, app);
  const hot = await hotBudget(pace, owner, app);
  const best = Math.max(...Object.values(singles).map((figures) => figures.credit));
  const batches = await batch(pace, app, best);
  const worst = Math.min(...Object.values(singles).map(({ creditRatio }) => creditRatio));
  return {
    single: singles,
    hotBudget: hot,
    batch: batches,
    ratios: { single: worst, hotBudget: hot.ratio, batch: batches.ratio },
  };
}
