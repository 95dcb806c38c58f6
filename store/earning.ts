import { DatabaseError } from 'pg';
import {
  capKey,
  capped,
  lotExpiresOn,
  reckon,
  type Earning,
  type EarningTransaction,
  type ProgrammeVersion,
  type Reckoning,
} from '../domain/points-programme.js';
import type { CustomerRef, Instant, PlainDate } from '../domain/types.js';
import { one, type Database, type Sql } from './database.js';
import { customerAccount, issuanceFor, MAX_BATCH_POSTINGS, postAll } from './ledger.js';
import { bankDay, readProgrammes } from './points-programmes.js';

/** Transactions looked at in one database transaction: each may be a posting. */
const BATCH = MAX_BATCH_POSTINGS;
/**
 * How long (ms) a run waits for those who write transactions; who comes after them waits as long. It is more than the
 * second after which Postgres sends an autovacuum away.
 */
const LOCK_WAIT_MS = 2_000;
const LOCK_NOT_AVAILABLE = '55P03';

/** Somebody is writing transactions or tends their table; an outage, not a refusal. */
export class TransactionsBusy extends Error {
  override readonly name = 'TransactionsBusy';
  constructor() {
    super("the bank's transactions are being loaded; nothing was looked at, try again when that is over");
  }
}

export interface EarningRun {
  /** transactions, each in one run of all that there ever are */
  lookedAt: number;
  /** transactions that earned points */
  earned: number;
  points: bigint;
  /** transactions that earned less than the rule says, or nothing, because of the month's cap */
  capped: number;
  /** transactions that were put off, because they were booked after the day that is judged */
  putOff: number;
}

/**
 * Posts the points for all transactions that were not looked at yet and were booked up to `asOf`. Twice, or twice at
 * once, posts nothing twice; without a programme nothing is looked at. A batch is one database transaction, so that a
 * run which dies has done whole batches.
 *
 * No transaction is missed, though ids are drawn before they are committed: who writes transactions holds the table
 * from before the id is drawn, so once the table was to be had in share mode, all ids up to the greatest are final.
 *
 * @param asOf last day up to which tiers are evaluated
 * @throws TransactionsBusy after LOCK_WAIT_MS
 */
export async function earnPoints(
  database: Database,
  { asOf, at }: { asOf: PlainDate; at: Instant },
): Promise<EarningRun> {
  const run: EarningRun = { lookedAt: 0, earned: 0, points: 0n, capped: 0, putOff: 0 };
  const versions = await readProgrammes(database);
  if (versions.length === 0) return run;
  const job = { versions, asOf, at, postedOn: await bankDay(database, at), run };
  const until = await lastTransaction(database);
  for (const take of [takeWaiting(asOf), takeNew(until)])
    while (await database.transaction((sql) => earnBatch(sql, job, take))) continue;
  return run;
}

interface Job {
  versions: readonly ProgrammeVersion[];
  asOf: PlainDate;
  at: Instant;
  postedOn: PlainDate;
  run: EarningRun;
}

/** Takes the next transactions out of what is to be looked at, at most BATCH. */
type Take = (sql: Sql, lookedUntil: bigint) => Promise<bigint[]>;

async function lastTransaction(database: Database): Promise<bigint> {
  return database.transaction(async (sql) => {
    await sql.query(`set local lock_timeout = ${LOCK_WAIT_MS}`);
    await sql.query('lock table transactions in share mode').catch((error: unknown) => {
      throw error instanceof DatabaseError && error.code === LOCK_NOT_AVAILABLE ? new TransactionsBusy() : error;
    });
    const { rows } = await sql.query<{ last: bigint }>(
      'select coalesce(max(transaction_id), 0)::bigint as last from transactions',
    );
    return one(rows, 'the last transaction').last;
  });
}

const takeNew =
  (until: bigint): Take =>
  async (sql, lookedUntil) => {
    const { rows } = await sql.query<{ id: bigint }>(
      `select transaction_id as id from transactions where transaction_id > $1 and transaction_id <= $2
        order by transaction_id limit $3`,
      [lookedUntil, until, BATCH],
    );
    const last = rows.at(-1);
    if (last) await sql.query('update earning_progress set looked_until = $1', [last.id]);
    return rows.map(({ id }) => id);
  };

const takeWaiting =
  (asOf: PlainDate): Take =>
  async (sql) => {
    const { rows } = await sql.query<{ id: bigint }>(
      `delete from earnings_waiting where transaction_id in (
         select transaction_id from earnings_waiting where booked_on <= $1 order by transaction_id limit $2)
       returning transaction_id as id`,
      [asOf, BATCH],
    );
    return rows.map(({ id }) => id);
  };

/** One batch; the row of progress is held, so that there is one at a time. @returns false when nothing was left */
async function earnBatch(sql: Sql, job: Job, take: Take): Promise<boolean> {
  const { rows } = await sql.query<{ until: bigint }>('select looked_until as until from earning_progress for update');
  const ids = await take(sql, one(rows, 'the progress of earning').until);
  if (ids.length === 0) return false;
  const candidates = await readCandidates(sql, job.versions, ids);
  const due = candidates.filter(({ bookedOn }) => bookedOn <= job.asOf);
  const later = candidates.filter(({ bookedOn }) => bookedOn > job.asOf);
  await putOff(sql, later);
  const earnings = await earn(sql, job, due);
  count(job.run, ids.length - later.length, later.length, earnings);
  return true;
}

const CANDIDATES = `
select t.transaction_id as "transactionId", c.customer_ref as "customerRef", t.booked_on as "bookedOn",
       t.amount_minor as amount, t.category,
       coalesce(h.tier_ref, (select tier_ref from tiers order by rank limit 1)) as "tierRef"
  from transactions t
  join accounts using (account_ref)
  join customers c using (customer_ref)
  left join lateral (
    select tier_ref from tier_history where customer_ref = c.customer_ref and from_on <= t.booked_on
     order by from_on desc limit 1) h on true
 where t.transaction_id = any($1) and t.booked_on >= $2 and t.category = any($3)
   and c.erased_at is null and c.customer_since <= t.booked_on
 order by t.transaction_id`;

/** Those of which some version speaks; the customer is the account's owner, with the tier of the booking day. */
async function readCandidates(
  sql: Sql,
  versions: readonly ProgrammeVersion[],
  ids: readonly bigint[],
): Promise<EarningTransaction[]> {
  const rules = versions.flatMap(({ definition }) => definition.rules);
  const since = versions.map(({ definition }) => definition.since).reduce((a, b) => (a < b ? a : b));
  const categories = [...new Set(rules.flatMap((rule) => rule.categories))];
  const { rows } = await sql.query<EarningTransaction>(CANDIDATES, [ids, since, categories]);
  return rows;
}

async function putOff(sql: Sql, later: readonly EarningTransaction[]): Promise<void> {
  if (later.length === 0) return;
  await sql.query(
    'insert into earnings_waiting (transaction_id, booked_on) select * from unnest($1::bigint[], $2::date[])',
    [later.map(({ transactionId }) => transactionId), later.map(({ bookedOn }) => bookedOn)],
  );
}

async function earn(sql: Sql, job: Job, transactions: readonly EarningTransaction[]): Promise<Earning[]> {
  const reckoned = transactions.flatMap((transaction) => reckon(job.versions, transaction) ?? []);
  const there = await holdCustomers(sql, reckoned);
  const reckonings = reckoned.filter(({ customerRef }) => there.has(customerRef));
  if (reckonings.length === 0) return [];
  const earnings = capped(reckonings, await earnedSoFar(sql, reckonings));
  await insertEarnings(sql, earnings);
  const validity = new Map(
    job.versions.map(({ version, definition }) => [version, lotExpiresOn(definition, job.postedOn)]),
  );
  await postAll(
    sql,
    earnings
      .filter(({ points }) => points > 0n)
      .map(({ transactionId, customerRef, ruleRef, version, month, points }) => ({
        key: `earn:${transactionId}`,
        kind: 'earn',
        from: issuanceFor('transactions'),
        to: customerAccount(customerRef),
        amount: points,
        memo: `${ruleRef}, ${month.slice(0, 7)}`,
        expiresOn: validity.get(version) ?? null,
      })),
    job.at,
  );
  return earnings;
}

/** Holds the customers' rows against erasure until the transaction ends. @returns those who are not erased */
async function holdCustomers(sql: Sql, reckonings: readonly Reckoning[]): Promise<Set<CustomerRef>> {
  const { rows } = await sql.query<{ customerRef: CustomerRef }>(
    `select customer_ref as "customerRef" from customers where customer_ref = any($1) and erased_at is null
      order by customer_ref for share`,
    [[...new Set(reckonings.map(({ customerRef }) => customerRef))]],
  );
  return new Set(rows.map(({ customerRef }) => customerRef));
}

/** What the caps have given already, by capKey; points that were taken back are free to be earned again. */
async function earnedSoFar(sql: Sql, reckonings: readonly Reckoning[]): Promise<Map<string, bigint>> {
  const asked = [...new Map(reckonings.map((reckoning) => [capKey(reckoning), reckoning])).values()];
  const { rows } = await sql.query<Pick<Reckoning, 'customerRef' | 'ruleRef' | 'month'> & { points: bigint }>(
    `select customer_ref as "customerRef", rule_ref as "ruleRef", month, sum(points)::bigint as points
       from earnings join unnest($1::text[], $2::text[], $3::date[]) as asked (customer_ref, rule_ref, month)
            using (customer_ref, rule_ref, month)
      where not exists (
        select from postings p join postings r on r.reverses = p.posting_id
         where p.idempotency_key = 'earn:' || transaction_id)
      group by customer_ref, rule_ref, month`,
    [asked.map(({ customerRef }) => customerRef), asked.map(({ ruleRef }) => ruleRef), asked.map(({ month }) => month)],
  );
  return new Map(rows.map((row) => [capKey(row), row.points]));
}

async function insertEarnings(sql: Sql, earnings: readonly Earning[]): Promise<void> {
  await sql.query(
    `insert into earnings (transaction_id, customer_ref, rule_ref, version, month, reckoned, points)
     select * from unnest($1::bigint[], $2::text[], $3::text[], $4::integer[], $5::date[], $6::bigint[], $7::bigint[])`,
    [
      earnings.map(({ transactionId }) => transactionId),
      earnings.map(({ customerRef }) => customerRef),
      earnings.map(({ ruleRef }) => ruleRef),
      earnings.map(({ version }) => version),
      earnings.map(({ month }) => month),
      earnings.map(({ reckoned }) => reckoned),
      earnings.map(({ points }) => points),
    ],
  );
}

function count(run: EarningRun, lookedAt: number, later: number, earnings: readonly Earning[]): void {
  run.lookedAt += lookedAt;
  run.putOff += later;
  for (const { points, reckoned } of earnings) {
    if (points > 0n) run.earned += 1;
    if (points < reckoned) run.capped += 1;
    run.points += points;
  }
}
