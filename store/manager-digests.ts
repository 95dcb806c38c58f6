import type { TaskKind } from '../domain/task.js';
import type { TaskPlace } from '../domain/task-hands.js';
import type { CustomerRef, Instant, Language, ManagerRef, PlainDate } from '../domain/types.js';
import { complainedAbout } from './complained-about.js';
import { timestamp, type Sql } from './database.js';

export type DigestState = 'claimed' | 'waiting' | 'sent' | 'refused' | 'unknown';

/** Open tasks due before $1 and not put off beyond it; what of their customer decides on whose list they are. */
const DUE = `
  select task_id, kind, t.customer_ref, due_at, snoozed_until, t.manager_ref, p.*
    from tasks t join customers c using (customer_ref)
   cross join lateral (select ${complainedAbout('t.customer_ref')} as about) o
   cross join lateral (select c.branch_ref, o.about as complained_about) p
   where done_at is null and erased_at is null and due_at < $1 and (snoozed_until is null or snoozed_until < $1)`;

/** The places in which tasks are that are due before an instant, each once: few, however many tasks there are. */
export async function duePlaces(sql: Sql, before: Instant): Promise<TaskPlace[]> {
  const { rows } = await sql.query<TaskPlace>(
    `select distinct manager_ref as "managerRef", branch_ref as "branchRef", complained_about as "complainedAbout"
       from (${DUE}) due order by 1, 2, 3`,
    [timestamp(before)],
  );
  return rows;
}

export interface DueTask {
  kind: TaskKind;
  customerRef: CustomerRef;
  dueAt: Instant;
  snoozedUntil: Instant | null;
}

/** One list and the places whose tasks are on it. */
export interface DigestList {
  /** whose it is */
  managerRef: ManagerRef;
  /** the end of their day: what is due later is not told today */
  ends: Instant;
  places: readonly TaskPlace[];
}

/** What is due on a list. */
export interface DueList {
  count: number;
  /** of these, past their time and not put off */
  overdue: number;
  /** the first ones */
  tasks: DueTask[];
}

/**
 * What is due on each of these lists, those due first on top; one on which nothing is due is left out.
 * @param asked.before no list ends later
 * @param asked.at     overdue is what is due before it
 * @param asked.most   so many tasks of a list are named; the others are counted
 */
export async function dueLists(
  sql: Sql,
  lists: readonly DigestList[],
  asked: { before: Instant; at: Instant; most: number },
): Promise<Map<ManagerRef, DueList>> {
  const { rows } = await sql.query<DueTask & { list: ManagerRef; count: number; overdue: number }>(
    `select list, kind, customer_ref as "customerRef", due_at as "dueAt", snoozed_until as "snoozedUntil", count, overdue
       from (select l.list, due.*, (count(*) over list)::int as count,
                    (count(*) filter (where due_at < $2 and snoozed_until is null) over list)::int as overdue,
                    row_number() over (partition by l.list order by due_at, task_id) as nth
               from (${DUE}) due
               join jsonb_to_recordset($3)
                 as l(list text, ends timestamptz, "managerRef" text, "branchRef" text, "complainedAbout" text[])
                 on coalesce(due.manager_ref, '') = coalesce(l."managerRef", '')
                and coalesce(due.branch_ref, '') = coalesce(l."branchRef", '')
                and due.complained_about = l."complainedAbout"
              where due_at < l.ends and (snoozed_until is null or snoozed_until < l.ends)
             window list as (partition by l.list)) told
      where nth <= $4 order by list, nth`,
    [
      timestamp(asked.before),
      timestamp(asked.at),
      JSON.stringify(
        lists.flatMap(({ managerRef: list, ends, places }) =>
          places.map((place) => ({ list, ends: timestamp(ends), ...place })),
        ),
      ),
      asked.most,
    ],
  );
  const due = new Map<ManagerRef, DueList>();
  for (const { list, count, overdue, ...task } of rows) {
    const told = due.get(list) ?? { count, overdue, tasks: [] };
    told.tasks.push(task);
    due.set(list, told);
  }
  return due;
}

export interface DigestReader {
  managerRef: ManagerRef;
  name: string;
  email: string;
  language: Language;
}

/** Where digests can go: a manager reads in the first of their languages that there are templates for. */
export async function digestReaders(sql: Sql): Promise<DigestReader[]> {
  const { rows } = await sql.query<DigestReader>(
    `select manager_ref as "managerRef", name, email,
            coalesce((select l from unnest(languages) with ordinality as known (l, n)
                       where l in ('en', 'zh-CN') order by n limit 1), 'en') as language
       from managers order by manager_ref`,
  );
  return rows;
}

export interface DigestClaim {
  managerRef: ManagerRef;
  day: PlainDate;
  sentTo: ManagerRef;
  messageId: string;
  tasks: number;
  at: Instant;
  /** a claim older than this (ms, wall) died with its worker: what may have been taken is not sent a second time */
  leaseMs: number;
}

/**
 * Claims one list's digest of a day for one attempt.
 * @returns false when it was settled before, is being sent by somebody else, or was left unsure by a crash; also while
 *   the kill switch is on
 */
export async function claimDigest(sql: Sql, claim: DigestClaim): Promise<boolean> {
  const { managerRef, day, leaseMs } = claim;
  await sql.query(
    `update manager_digests set state = 'unknown', settled_at = $3
      where manager_ref = $1 and day = $2 and state = 'claimed'
        and claimed_wall < clock_timestamp() - $4 * interval '1 millisecond'`,
    [managerRef, day, timestamp(claim.at), leaseMs],
  );
  const { rowCount } = await sql.query(
    `insert into manager_digests (manager_ref, day, sent_to, message_id, state, tasks, claimed_at, claimed_wall)
     select $1, $2, $3, $4, 'claimed', $5, $6, clock_timestamp()
      where not exists (select 1 from outbound_stops where resumed_at is null)
     on conflict (manager_ref, day) do update
       set state = 'claimed', sent_to = excluded.sent_to, tasks = excluded.tasks, attempts = manager_digests.attempts + 1,
           claimed_at = excluded.claimed_at, claimed_wall = excluded.claimed_wall
     where manager_digests.state = 'waiting'`,
    [managerRef, day, claim.sentTo, claim.messageId, claim.tasks, timestamp(claim.at)],
  );
  return rowCount === 1;
}

/** What became of a claimed digest. */
export async function settleDigest(
  sql: Sql,
  settled: { messageId: string; state: DigestState; serverAnswer: string; at: Instant },
): Promise<void> {
  await sql.query(
    `update manager_digests set state = $2, server_answer = $3, settled_at = $4
      where message_id = $1 and state = 'claimed'`,
    [settled.messageId, settled.state, settled.serverAnswer, timestamp(settled.at)],
  );
}
