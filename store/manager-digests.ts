import type { TaskKind } from '../domain/task.js';
import type { BranchRef, CustomerRef, Instant, Language, ManagerRef, PlainDate } from '../domain/types.js';
import { timestamp, type Sql } from './database.js';

export type DigestState = 'claimed' | 'waiting' | 'sent' | 'refused' | 'unknown';

export interface DueTask {
  taskId: string;
  kind: TaskKind;
  customerRef: CustomerRef;
  branchRef: BranchRef | null;
  managerRef: ManagerRef | null;
  dueAt: Instant;
  snoozedUntil: Instant | null;
}

/** Open tasks due before an instant and not put off beyond it, those due first on top. */
export async function tasksDueBefore(sql: Sql, before: Instant): Promise<DueTask[]> {
  const { rows } = await sql.query<DueTask>(
    `select task_id as "taskId", kind, t.customer_ref as "customerRef", branch_ref as "branchRef",
            t.manager_ref as "managerRef", due_at as "dueAt", snoozed_until as "snoozedUntil"
       from tasks t join customers using (customer_ref)
      where done_at is null and erased_at is null and due_at < $1 and (snoozed_until is null or snoozed_until < $1)
      order by due_at, task_id`,
    [timestamp(before)],
  );
  return rows;
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
