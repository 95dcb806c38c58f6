import type { AssignmentRequest, AssignmentSnapshot, ManagerSnapshot } from '../domain/assignment.js';
import { dayOfBeginning, type Leads, type Place } from '../domain/first-contact.js';
import type {
  BranchRef,
  CustomerRef,
  Instant,
  Language,
  ManagerRef,
  PlainDate,
  TierRef,
  ZoneId,
} from '../domain/types.js';
import { complainedAbout } from './complained-about.js';
import { one, type Sql } from './database.js';

/** Any number that nobody else uses as an advisory lock: assignments to managers happen one after the other. */
const ASSIGNMENT_LOCK = 7_114_021;

/** A snapshot in which team leads can be found too. */
export type BankSnapshot = AssignmentSnapshot & Leads;

/**
 * All managers with the open journeys they look after; nobody else assigns until the transaction ends. The caller holds
 * the rows of the customers whom it is about: customers first, then this lock, so that nobody waits crosswise.
 * @param from certificates, leave and delegations that ended before this day are left out
 * @param books whether customers whose own manager somebody is are counted
 */
export async function lockAssignmentSnapshot(sql: Sql, from: PlainDate, books = false): Promise<BankSnapshot> {
  // assignments change neither branches nor teams: what waits for the lock is as little as possible
  const tree = await readTree(sql);
  await lockAssignments(sql);
  return { ...tree, managers: await readManagers(sql, from, books) };
}

/** Nobody assigns until the transaction ends, and whoever assigns after it sees what it wrote. */
export async function lockAssignments(sql: Sql): Promise<void> {
  await sql.query('select pg_advisory_xact_lock($1)', [ASSIGNMENT_LOCK]);
}

/** The same without the lock, for who only asks. */
export async function readAssignmentSnapshot(sql: Sql, from: PlainDate, books = false): Promise<BankSnapshot> {
  return { ...(await readTree(sql)), managers: await readManagers(sql, from, books) };
}

async function readTree(sql: Sql): Promise<Omit<BankSnapshot, 'managers'>> {
  const branches = await sql.query<BankSnapshot['branches'][number]>(
    'select branch_ref as "branchRef", parent_ref as "parentRef", region from branches order by branch_ref',
  );
  const teams = await sql.query<BankSnapshot['teams'][number]>(
    'select team_ref as "teamRef", branch_ref as "branchRef", lead_ref as "leadRef" from teams order by team_ref',
  );
  return { branches: branches.rows, teams: teams.rows };
}

async function readManagers(sql: Sql, from: PlainDate, books: boolean): Promise<ManagerSnapshot[]> {
  const { rows } = await sql.query<ManagerSnapshot>(MANAGERS, [from, books]);
  return rows;
}

const SPAN = `'from', from_on, 'to', to_on`;
const MANAGERS = `
  select m.manager_ref as "managerRef", m.branch_ref as "branchRef", m.team_ref as "teamRef", languages, skills,
         segments, capacity, coalesce(open.n, 0) as "openJourneys", coalesce(book.n, 0) as book,
         coalesce(m.zone, b.zone, i.zone, 'UTC') as zone, coalesce(b.calendar, i.jurisdiction) as calendar,
         work_days as "workDays", to_char(works_from, 'HH24:MI') as "worksFrom", to_char(works_to, 'HH24:MI') as "worksTo",
         left_on as "leftOn",
         (select coalesce(jsonb_agg(jsonb_build_object('name', name, 'from', valid_from, 'to', valid_until)), '[]')
            from manager_certificates c where c.manager_ref = m.manager_ref and valid_until >= $1) as certificates,
         (select coalesce(jsonb_agg(jsonb_build_object(${SPAN})), '[]')
            from manager_leave l where l.manager_ref = m.manager_ref and to_on >= $1) as leave,
         (select coalesce(jsonb_agg(jsonb_build_object('delegateRef', delegate_ref, ${SPAN}) order by delegation_id desc), '[]')
            from manager_delegations d where d.manager_ref = m.manager_ref and to_on >= $1) as delegations
    from managers m
    join branches b on b.branch_ref = m.branch_ref
    left join installation i on true
    left join (select manager_ref, count(*)::int as n from journeys
                where closed_at is null and manager_ref is not null group by manager_ref) open using (manager_ref)
    left join (select manager_ref, count(*)::int as n from customers
                where $2 and manager_ref is not null group by manager_ref) book using (manager_ref)
   order by manager_ref`;

/** What a campaign asks of who looks after its customers. */
export interface AssignmentNeeds {
  skills?: readonly string[] | undefined;
  certificates?: readonly string[] | undefined;
}

interface CustomerRow {
  customerRef: CustomerRef;
  language: Language;
  branchRef: BranchRef | null;
  tierRef: TierRef | null;
  rank: number;
  highestRank: number;
  dedicated: ManagerRef | null;
  complainedAbout: ManagerRef[];
  zone: ZoneId;
  calendar: string | null;
}

/** A customer for whom a manager is looked for: the request, the value and the place that its due time is counted by. */
export interface CustomerToAssign {
  request: AssignmentRequest;
  rank: number;
  highestRank: number;
  place: Place;
}

/**
 * What assignment asks about customers, in the order of their references; without their needs, and as a journey's.
 * @param at when they are assigned; the day on which the work begins follows from it
 */
export async function customersToAssign(
  sql: Sql,
  customerRefs: readonly CustomerRef[],
  at: Instant,
): Promise<CustomerToAssign[]> {
  const { rows } = await sql.query<CustomerRow>(
    `select c.customer_ref as "customerRef", language, c.branch_ref as "branchRef", c.manager_ref as dedicated,
            t.tier_ref as "tierRef", coalesce(t.rank, 0) as rank, (select max(rank) from tiers) as "highestRank",
            ${complainedAbout('c.customer_ref')} as "complainedAbout",
            coalesce(b.zone, i.zone, c.zone) as zone, coalesce(b.calendar, i.jurisdiction) as calendar
       from customers c
       left join branches b on b.branch_ref = c.branch_ref
       left join installation i on true
       left join lateral (select tier_ref, rank from tier_history join tiers using (tier_ref)
                           where customer_ref = c.customer_ref order by from_on desc limit 1) t on true
      where c.customer_ref = any($1) order by c.customer_ref`,
    [customerRefs],
  );
  return rows.map((row) => toAssign(row, at));
}

/** The same for one customer and what their campaign asks for. @throws Error when there is no such customer */
export async function customerToAssign(
  sql: Sql,
  customerRef: CustomerRef,
  needs: AssignmentNeeds,
  at: Instant,
): Promise<CustomerToAssign> {
  const found = one(await customersToAssign(sql, [customerRef], at), `customer ${customerRef}`);
  return { ...found, request: withNeeds(found.request, needs) };
}

export const withNeeds = (request: AssignmentRequest, needs: AssignmentNeeds): AssignmentRequest => ({
  ...request,
  skills: needs.skills ?? [],
  certificates: needs.certificates ?? [],
});

function toAssign(row: CustomerRow, at: Instant): CustomerToAssign {
  const { rank, highestRank, zone, calendar, ...customer } = row;
  const place = { zone, calendar };
  const request = {
    ...customer,
    isPrivate: rank > 0 && rank === highestRank,
    at,
    day: dayOfBeginning(place, at),
    skills: [],
    certificates: [],
    had: [],
    takes: 'journey' as const,
  };
  return { request, rank, highestRank, place };
}

/** Of a manager who could not have the customer a decision names so many; the rest is counted. */
const MOST_NAMED = 40;

/** What an assignment saw, for the decision: how many managers, and why the others could not have the customer. */
export function sawManagers({
  suitable,
  refused,
}: {
  suitable: readonly unknown[];
  refused: readonly { managerRef: ManagerRef; reasons: readonly string[] }[];
}) {
  return {
    managers: suitable.length + refused.length,
    suitable: suitable.length,
    refused: Object.fromEntries(
      refused.slice(0, MOST_NAMED).map(({ managerRef, reasons }) => [managerRef, [...reasons]]),
    ),
    refusedMore: Math.max(0, refused.length - MOST_NAMED),
  };
}
