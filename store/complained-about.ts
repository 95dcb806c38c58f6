import type { CustomerRef, ManagerRef } from '../domain/types.js';
import { one, type Sql } from './database.js';

/**
 * SQL for the managers whom a customer has complained about, as an array: none of them does anything for this customer.
 * @param customer a parameter or column, for instance `$1`
 */
export const complainedAbout = (customer: string): string =>
  `array(select distinct about_manager_ref from complaints
          where customer_ref = ${customer} and about_manager_ref is not null order by 1)`;

/** The same as a list; empty when there was no complaint about anybody. */
export async function managersComplainedAbout(sql: Sql, customerRef: CustomerRef): Promise<ManagerRef[]> {
  const { rows } = await sql.query<{ refs: ManagerRef[] }>(`select ${complainedAbout('$1')} as refs`, [customerRef]);
  return one(rows, 'the answer').refs;
}
