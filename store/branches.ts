import type { BranchRef, ManagerRef, ZoneId } from '../domain/types.js';
import { one, type Sql } from './database.js';

export interface Branch {
  branchRef: BranchRef;
  name: string;
  parentRef: BranchRef | null;
  /** null: the region of the branch above */
  region: string | null;
  /** null: the bank's */
  zone: ZoneId | null;
  /** country whose holidays are kept; null: the bank's jurisdiction */
  calendar: string | null;
}

export interface Team {
  teamRef: string;
  branchRef: BranchRef;
  name: string;
  leadRef: ManagerRef | null;
}

export interface BranchRow extends Branch {
  managers: number;
  customers: number;
  teams: (Team & { managers: ManagerRef[] })[];
}

/** Every branch by reference, with its teams and who is in them. */
export async function readBranches(sql: Sql): Promise<BranchRow[]> {
  const { rows } = await sql.query<BranchRow>(
    `select b.branch_ref as "branchRef", name, parent_ref as "parentRef", region, zone, calendar,
            (select count(*)::int from managers m where m.branch_ref = b.branch_ref) as managers,
            (select count(*)::int from customers c where c.branch_ref = b.branch_ref) as customers,
            (select coalesce(jsonb_agg(jsonb_build_object('teamRef', team_ref, 'branchRef', t.branch_ref,
                      'name', t.name, 'leadRef', lead_ref, 'managers',
                      array(select manager_ref from managers m where m.team_ref = t.team_ref order by 1)) order by team_ref), '[]')
               from teams t where t.branch_ref = b.branch_ref) as teams
       from branches b order by b.branch_ref`,
  );
  return rows;
}

/**
 * Adds a branch, or changes what is known of it; what is null stays as it was. The database keeps the tree free of
 * circles.
 * @returns whether this call made it
 * @throws Error in words when the parent is not there, or stands below the branch
 */
export async function saveBranch(sql: Sql, branch: Branch): Promise<{ isNew: boolean }> {
  if (branch.parentRef !== null) await assertBranch(sql, branch.parentRef);
  if (branch.parentRef === branch.branchRef)
    throw new Error(`branch ${branch.branchRef} would stand under itself; name a parent that is not below it`);
  const { rows } = await sql.query<{ isNew: boolean }>(
    `insert into branches (branch_ref, name, parent_ref, region, zone, calendar) values ($1, $2, $3, $4, $5, $6)
     on conflict (branch_ref) do update set name = excluded.name,
       parent_ref = coalesce(excluded.parent_ref, branches.parent_ref),
       region = coalesce(excluded.region, branches.region), zone = coalesce(excluded.zone, branches.zone),
       calendar = coalesce(excluded.calendar, branches.calendar)
     returning xmax = 0 as "isNew"`,
    [branch.branchRef, branch.name, branch.parentRef, branch.region, branch.zone, branch.calendar],
  );
  return one(rows, `branch ${branch.branchRef}`);
}

/** @throws Error in words when there is no such branch */
export async function assertBranch(sql: Sql, branchRef: string): Promise<void> {
  const { rows } = await sql.query('select 1 from branches where branch_ref = $1', [branchRef]);
  if (rows.length === 0)
    throw new Error(`there is no branch "${branchRef}"; "keepwell branch list" shows what there is`);
}

/**
 * Adds a team, or changes its branch, name or lead (null leaves the lead as it is); those named become its members, nobody is taken out.
 * @returns whether this call made it
 */
export async function saveTeam(sql: Sql, team: Team, members: readonly ManagerRef[]): Promise<{ isNew: boolean }> {
  const { rows } = await sql.query<{ isNew: boolean }>(
    `insert into teams (team_ref, branch_ref, name, lead_ref) values ($1, $2, $3, $4)
     on conflict (team_ref) do update set branch_ref = excluded.branch_ref, name = excluded.name, lead_ref = coalesce(excluded.lead_ref, teams.lead_ref)
     returning xmax = 0 as "isNew"`,
    [team.teamRef, team.branchRef, team.name, team.leadRef],
  );
  await sql.query('update managers set team_ref = $1 where manager_ref = any($2)', [team.teamRef, members]);
  return one(rows, `team ${team.teamRef}`);
}
