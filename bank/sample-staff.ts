import type { PoolClient } from 'pg';
import { sampleBranches, sampleCertificates, sampleManagers, sampleTeams } from '../domain/sample-bank/staff.js';
import type { PlainDate } from '../domain/types.js';
import { copyRows, type CopyRow } from '../store/bulk-load.js';

const list = (items: readonly string[]): string => `{${items.join(',')}}`;

/** The sample bank's branches, teams and managers, with what these can; the same for the same seed and size. */
export async function loadSampleStaff(
  client: PoolClient,
  { seed, customers, asOf }: { seed: number; customers: number; asOf: PlainDate },
): Promise<void> {
  const copy = (table: string, columns: string, rows: Iterable<CopyRow>): Promise<number> =>
    copyRows(client, table, columns.split(' '), rows);
  await copy(
    'branches',
    'branch_ref name parent_ref region zone calendar',
    sampleBranches().map((b) => [b.ref, b.name, b.parent, b.region, b.zone, b.calendar]),
  );
  const managers = sampleManagers(seed, customers);
  const teams = sampleTeams();
  // a team's lead is a manager, and a manager is in a team: the lead comes last
  await copy(
    'teams',
    'team_ref branch_ref name',
    teams.map((t) => [t.ref, t.branch, t.name]),
  );
  await copy(
    'managers',
    'manager_ref branch_ref team_ref name email languages skills capacity',
    managers.map((m) => [m.ref, m.branch, m.team, m.name, m.email, list(m.languages), list(m.skills), m.capacity]),
  );
  for (const { ref, lead } of teams)
    await client.query('update teams set lead_ref = $2 where team_ref = $1', [ref, lead]);
  await copy(
    'manager_certificates',
    'manager_ref name valid_from valid_until',
    sampleCertificates(managers, asOf).map((c) => [c.manager, c.name, c.from, c.until]),
  );
}
