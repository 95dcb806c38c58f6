import type { ManagerLoad } from '../domain/assignment.js';
import type { CustomerRef, ManagerRef } from '../domain/types.js';
import { one, type Sql } from './database.js';

/** Any number that nobody else uses as an advisory lock: assignments to managers happen one after the other. */
const ASSIGNMENT_LOCK = 7_114_021;

/** All managers with the open journeys they look after; nobody else assigns until the transaction ends. */
export async function lockManagerLoads(sql: Sql): Promise<ManagerLoad[]> {
  await sql.query('select pg_advisory_xact_lock($1)', [ASSIGNMENT_LOCK]);
  const { rows } = await sql.query<ManagerLoad>(
    `select manager_ref as "managerRef", branch_ref as "branchRef", languages, capacity,
            (select count(*)::int from journeys j where j.manager_ref = m.manager_ref and j.closed_at is null) as "openJourneys"
       from managers m order by manager_ref`,
  );
  return rows;
}

/** The managers whom this customer has complained about. */
export async function managersComplainedAbout(sql: Sql, customerRef: CustomerRef): Promise<ManagerRef[]> {
  const { rows } = await sql.query<{ ref: ManagerRef }>(
    'select distinct about_manager_ref as ref from complaints where customer_ref = $1 and about_manager_ref is not null',
    [customerRef],
  );
  return rows.map((row) => row.ref);
}

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
