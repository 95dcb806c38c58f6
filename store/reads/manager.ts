/** What people ask about managers. */
import type { ManagerSnapshot } from '../../domain/assignment.js';
import type { ManagerRef, PlainDate } from '../../domain/types.js';
import { readAssignmentSnapshot } from '../assignment.js';
import type { Sql } from '../database.js';

export interface ManagerRecord extends ManagerSnapshot {
  name: string;
  email: string;
  /** tasks that wait on the list */
  openTasks: number;
}

/** Every manager by reference, with leave, certificates and delegations that have not ended before that day. */
export async function readManagers(sql: Sql, day: PlainDate): Promise<ManagerRecord[]> {
  const { managers } = await readAssignmentSnapshot(sql, day, true);
  const { rows } = await sql.query<{ managerRef: ManagerRef; name: string; email: string; openTasks: number }>(
    `select manager_ref as "managerRef", name, email,
            (select count(*)::int from tasks t where t.manager_ref = m.manager_ref and done_at is null) as "openTasks"
       from managers m`,
  );
  const known = new Map(rows.map((row) => [row.managerRef, row]));
  return managers.flatMap((manager) => {
    const found = known.get(manager.managerRef);
    return found ? [{ ...manager, ...found }] : [];
  });
}
