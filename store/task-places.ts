import type { Place } from '../domain/first-contact.js';
import type { CustomerRef, Instant, JourneyId, ManagerRef } from '../domain/types.js';
import { complainedAbout } from './complained-about.js';
import { timestamp, type Sql } from './database.js';

/** By whose clock a task is due, and who has it. */
export interface CustomerPlace extends Place {
  customerRef: CustomerRef;
  /** null: on the team leads' list */
  managerRef: ManagerRef | null;
}

/**
 * Where the customers belong and who does tasks for them, by reference: the journey's manager, else the customer's own;
 * nobody who has left on the day, or whom the customer has complained about.
 * @param journeyId whose manager goes before the own one; null: none
 */
export async function customerPlaces(
  sql: Sql,
  customerRefs: readonly CustomerRef[],
  at: Instant,
  journeyId: JourneyId | null = null,
): Promise<CustomerPlace[]> {
  const { rows } = await sql.query<CustomerPlace>(
    `select c.customer_ref as "customerRef", p.zone, coalesce(b.calendar, i.jurisdiction) as calendar,
            (select m.manager_ref from managers m
              where m.manager_ref in (j.manager_ref, c.manager_ref)
                and (m.left_on is null or m.left_on > ($2::timestamptz at time zone p.zone)::date)
                and m.manager_ref <> all (${complainedAbout('c.customer_ref')})
              order by m.manager_ref = j.manager_ref desc nulls last limit 1) as "managerRef"
       from customers c
       left join branches b on b.branch_ref = c.branch_ref
       left join installation i on true
       left join journeys j on j.journey_id = $3 and j.customer_ref = c.customer_ref
      cross join lateral (select coalesce(b.zone, i.zone, c.zone) as zone) p
      where c.customer_ref = any($1) order by c.customer_ref`,
    [customerRefs, timestamp(at), journeyId],
  );
  return rows;
}
