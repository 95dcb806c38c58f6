import type { BranchRef, Instant, ManagerRef, PlainDate, TierRef, ZoneId } from '../domain/types.js';
import { one, timestamp, type Sql } from './database.js';

/** Who signs a message. @throws Error when the manager is not there */
export async function managerContact(
  sql: Sql,
  managerRef: ManagerRef | null,
): Promise<{ name: string; email: string }> {
  const { rows } = await sql.query<{ name: string; email: string }>(
    'select name, email from managers where manager_ref = $1',
    [managerRef],
  );
  return one(rows, `manager ${managerRef}`);
}

export interface NewManager {
  managerRef: ManagerRef;
  branchRef: BranchRef;
  teamRef: string | null;
  name: string;
  email: string;
  languages: readonly string[];
  /** null: none; of a manager who is there, as they were. So are all that can be null. */
  skills: readonly string[] | null;
  /** tiers served; none given: all */
  segments: readonly TierRef[] | null;
  /** open journeys, 0 to 10,000 */
  capacity: number;
  /** 1 is Monday, 7 Sunday; none given: the calendar's working days */
  workDays: readonly number[] | null;
  /** `HH:MM`, before `worksTo`; none given: 09:00 and 18:00 */
  worksFrom: string | null;
  worksTo: string | null;
  /** none given: the branch's */
  zone: ZoneId | null;
}

/**
 * Adds a manager, or changes what is known of them; what is null stays as it was.
 * @returns whether this call made them
 * @throws Error in words when the branch, the team or a tier is not there
 */
export async function saveManager(sql: Sql, manager: NewManager): Promise<{ isNew: boolean }> {
  await assertThere(sql, manager);
  const { rows } = await sql.query<{ isNew: boolean }>(
    `insert into managers (manager_ref, branch_ref, team_ref, name, email, languages, skills, segments, capacity,
                           work_days, works_from, works_to, zone)
     values ($1, $2, $3, $4, $5, $6, coalesce($7::text[], '{}'), $8, $9, $10, coalesce($11::time, '09:00'),
             coalesce($12::time, '18:00'), $13)
     on conflict (manager_ref) do update set
       branch_ref = excluded.branch_ref, team_ref = coalesce($3, managers.team_ref), name = excluded.name,
       email = excluded.email, languages = excluded.languages, skills = coalesce($7, managers.skills),
       segments = coalesce($8, managers.segments), capacity = excluded.capacity,
       work_days = coalesce($10, managers.work_days), works_from = coalesce($11, managers.works_from),
       works_to = coalesce($12, managers.works_to), zone = coalesce($13, managers.zone)
     returning xmax = 0 as "isNew"`,
    [
      manager.managerRef,
      manager.branchRef,
      manager.teamRef,
      manager.name,
      manager.email,
      manager.languages,
      manager.skills,
      manager.segments,
      manager.capacity,
      manager.workDays,
      manager.worksFrom,
      manager.worksTo,
      manager.zone,
    ],
  );
  return one(rows, `manager ${manager.managerRef}`);
}

async function assertThere(sql: Sql, { branchRef, teamRef, segments }: NewManager): Promise<void> {
  const { rows } = await sql.query<{ branch: boolean; team: boolean; unknown: string[]; tiers: string[] }>(
    `select exists (select 1 from branches where branch_ref = $1) as branch,
            $2::text is null or exists (select 1 from teams where team_ref = $2) as team,
            array(select ref from unnest($3::text[]) ref where ref not in (select tier_ref from tiers)) as unknown,
            array(select tier_ref from tiers order by rank) as tiers`,
    [branchRef, teamRef, segments ?? []],
  );
  const { branch, team, unknown, tiers } = one(rows, 'the bank');
  if (!branch) throw new Error(`there is no branch "${branchRef}"; "keepwell branch list" shows what there is`);
  if (!team) throw new Error(`there is no team "${teamRef}"; "keepwell branch tree" shows what there is`);
  if (unknown.length > 0)
    throw new Error(`there is no tier "${unknown.join(', ')}"; this bank has ${tiers.join(', ')}`);
}

/** @throws Error in words when there is no such manager */
export async function assertManager(sql: Sql, managerRef: string): Promise<void> {
  const { rows } = await sql.query('select 1 from managers where manager_ref = $1', [managerRef]);
  if (rows.length === 0)
    throw new Error(`there is no manager "${managerRef}"; "keepwell manager list" shows who there is`);
}

export interface Certificate {
  managerRef: ManagerRef;
  name: string;
  validFrom: PlainDate;
  /** the last day */
  validUntil: PlainDate;
}

/** Notes a certificate; of the same name and first day the last day is replaced. */
export async function saveCertificate(sql: Sql, certificate: Certificate): Promise<void> {
  await sql.query(
    `insert into manager_certificates (manager_ref, name, valid_from, valid_until) values ($1, $2, $3, $4)
     on conflict (manager_ref, name, valid_from) do update set valid_until = excluded.valid_until`,
    [certificate.managerRef, certificate.name, certificate.validFrom, certificate.validUntil],
  );
}

export interface Absence {
  managerRef: ManagerRef;
  from: PlainDate;
  /** the last day */
  to: PlainDate;
  at: Instant;
  by: string;
}

/** Notes a leave; of the same first day the last day is replaced. */
export async function saveLeave(sql: Sql, leave: Absence): Promise<void> {
  await sql.query(
    `insert into manager_leave (manager_ref, from_on, to_on, noted_at, noted_by) values ($1, $2, $3, $4, $5)
     on conflict (manager_ref, from_on) do update
       set to_on = excluded.to_on, noted_at = excluded.noted_at, noted_by = excluded.noted_by`,
    [leave.managerRef, leave.from, leave.to, timestamp(leave.at), leave.by],
  );
}

/** Names who does a manager's tasks on these days; of two for one day the newer counts. */
export async function saveDelegation(sql: Sql, delegation: Absence & { delegateRef: ManagerRef }): Promise<void> {
  const { managerRef, delegateRef, from, to, at, by } = delegation;
  await sql.query(
    `insert into manager_delegations (manager_ref, delegate_ref, from_on, to_on, noted_at, noted_by)
     values ($1, $2, $3, $4, $5, $6)`,
    [managerRef, delegateRef, from, to, timestamp(at), by],
  );
}

/** The manager leaves, who is none any more from this day on; from the commit on nobody new comes to them. */
export async function managerLeft(sql: Sql, managerRef: ManagerRef, on: PlainDate): Promise<void> {
  await sql.query('update managers set left_on = $2 where manager_ref = $1', [managerRef, on]);
}

/**
 * Takes back that a manager leaves or has left. What was handed over stays where it is.
 * @throws Error in words when they are not leaving
 */
export async function managerReturns(sql: Sql, managerRef: ManagerRef): Promise<void> {
  await assertManager(sql, managerRef);
  const { rowCount } = await sql.query(
    'update managers set left_on = null where manager_ref = $1 and left_on is not null',
    [managerRef],
  );
  if (rowCount === 0)
    throw new Error(`${managerRef} has not left and has no leaving day; there is nothing to take back`);
}
