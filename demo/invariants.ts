import { CLAIM_LEASE_MS } from '../activities/mail.js';
import { OUTCOMES } from '../domain/types.js';
import { searchAttributes, WORKFLOWS } from '../workflows/contract.js';
import type { AcceptedMail } from './mailbox.js';
import type { Stage } from './stage.js';

export const INVARIANTS = [
  'oneJourneyOrReason',
  'everyJourneyHasOutcome',
  'noMessageIdTwice',
  'noPromotionDuringComplaint',
  'complaintsResolvedOrEscalated',
  'rewardsOnceAndEarned',
  'ledgerSumZero',
] as const;
export type InvariantName = (typeof INVARIANTS)[number];

/** What an invariant looked at, and what speaks against it; nothing looked at is a failure too. */
export interface Finding {
  looked: number;
  against: string[];
}
export type Verdicts = Record<InvariantName, Finding>;

export const holds = ({ looked, against }: Finding): boolean => looked > 0 && against.length === 0;

interface Run {
  workflowId: string;
  customer: string;
  outcome: string;
  status: string;
}

/** Every run of a kind, as Temporal knows them. */
async function runs(stage: Stage, type: string): Promise<Run[]> {
  const found: Run[] = [];
  for await (const run of stage.client.workflow.list({ query: `WorkflowType = '${type}'` })) {
    const attributes = run.typedSearchAttributes;
    found.push({
      workflowId: run.workflowId,
      customer: attributes.get(searchAttributes.customer) ?? '',
      outcome: attributes.get(searchAttributes.outcome) ?? '',
      status: run.status.name,
    });
  }
  return found;
}

/**
 * Whether the demo went right, counted from the mailbox, the ledger and Temporal: a journey's own projection would only
 * repeat what the journey believes.
 */
export async function judge(stage: Stage): Promise<Verdicts> {
  const mails = await stage.mailbox.all();
  const journeys = await runs(stage, WORKFLOWS.journey);
  return {
    oneJourneyOrReason: await oneJourneyOrReason(stage, journeys),
    everyJourneyHasOutcome: everyJourneyHasOutcome(journeys),
    noMessageIdTwice: await noMessageIdTwice(stage, mails),
    noPromotionDuringComplaint: await noPromotionDuringComplaint(stage, mails),
    complaintsResolvedOrEscalated: await complaintsResolvedOrEscalated(stage, mails),
    rewardsOnceAndEarned: await rewardsOnceAndEarned(stage),
    ledgerSumZero: await ledgerSumZero(stage),
  };
}

async function oneJourneyOrReason(stage: Stage, journeys: Run[]): Promise<Finding> {
  const { rows } = await stage.owner.query<{ customer: string; reason: string | null }>(
    `select distinct f.customer_ref as customer,
            (select reasons ->> 0 from decisions d where d.decision_key = 'admission:' || f.as_of || ':' || f.customer_ref and verdict = 'refused') as reason
       from findings f where f.as_of = $1`,
    [stage.asOf],
  );
  const count = new Map<string, number>();
  for (const { customer } of journeys) count.set(customer, (count.get(customer) ?? 0) + 1);
  const against = rows.flatMap(({ customer, reason }) => {
    const own = count.get(customer) ?? 0;
    return own + (reason ? 1 : 0) === 1
      ? []
      : [`${customer} has ${own} journeys and ${reason ? `the reason "${reason}"` : 'no reason'}`];
  });
  const found = new Set(rows.map((row) => row.customer));
  const strangers = [...count.keys()]
    .filter((customer) => !found.has(customer))
    .map((customer) => `${customer} has a journey and was never found`);
  return { looked: rows.length, against: [...against, ...strangers] };
}

function everyJourneyHasOutcome(journeys: Run[]): Finding {
  const wrong = journeys.filter(
    (run) => run.status !== 'COMPLETED' || !OUTCOMES.some((outcome) => outcome === run.outcome),
  );
  return {
    looked: journeys.length,
    against: wrong.map((run) => `${run.workflowId} is ${run.status} with outcome "${run.outcome}"`),
  };
}

/** A statutory letter may come again under its Message-ID where a crash left the first sending unsure. */
async function noMessageIdTwice(stage: Stage, mails: AcceptedMail[]): Promise<Finding> {
  const times = new Map<string, number>();
  for (const { messageId } of mails) times.set(messageId, (times.get(messageId) ?? 0) + 1);
  const twice = [...times].filter(([, count]) => count > 1).map(([id]) => id);
  const { rows } = await stage.owner.query<{ id: string }>(
    `select '<' || message_id || '>' as id from outreach where message_class = 'statutory' and attempts > 1 and '<' || message_id || '>' = any($1)`,
    [twice],
  );
  const unsure = new Set(rows.map((row) => row.id));
  return {
    looked: mails.length,
    against: twice.filter((id) => !unsure.has(id)).map((id) => `${id} was accepted ${times.get(id)} times`),
  };
}

interface ComplaintTimes {
  email: string;
  opened: number;
  resolved: number | null;
}

/** By the mailbox's instants. What was claimed before the complaint's commit may overtake it, within the lease. */
async function noPromotionDuringComplaint(stage: Stage, mails: AcceptedMail[]): Promise<Finding> {
  const { rows: complaints } = await stage.owner.query<ComplaintTimes>(
    'select email, opened_wall as opened, resolved_wall as resolved from complaints join customers using (customer_ref)',
  );
  const { rows: claims } = await stage.owner.query<{ id: string; claimed: number }>(
    `select '<' || message_id || '>' as id, claimed_wall as claimed from outreach where message_class = 'promotional' and claimed_wall is not null`,
  );
  const claimed = new Map(claims.map((claim) => [claim.id, claim.claimed]));
  const promotions = mails.filter((mail) => mail.messageClass === 'promotional');
  const against = promotions.flatMap((mail) => {
    const during = complaints.filter(
      (complaint) =>
        complaint.email === mail.to &&
        mail.acceptedAt > complaint.opened &&
        (complaint.resolved === null || mail.acceptedAt < complaint.resolved),
    );
    const at = claimed.get(mail.messageId);
    const inFlight = (opened: number): boolean =>
      at !== undefined && at <= opened && mail.acceptedAt - at <= CLAIM_LEASE_MS;
    return during
      .filter((complaint) => !inFlight(complaint.opened))
      .map(() => `${mail.messageId} was accepted while a complaint was open`);
  });
  return { looked: promotions.length, against };
}

/** By Temporal, which runs a complaint until it is answered, and by the letter that tells of the escalation. */
async function complaintsResolvedOrEscalated(stage: Stage, mails: AcceptedMail[]): Promise<Finding> {
  const complaints = await runs(stage, WORKFLOWS.complaint);
  const { rows } = await stage.owner.query<{ workflow_id: string; message_id: string }>(
    `select workflow_id, '<' || message_id || '>' as message_id from outreach join complaints using (complaint_ref) where template = 'complaint-escalated'`,
  );
  const accepted = new Set(mails.map((mail) => mail.messageId));
  const escalated = new Set(rows.filter((row) => accepted.has(row.message_id)).map((row) => row.workflow_id));
  const wrong = complaints.filter(
    (run) => run.status !== 'COMPLETED' && !(run.status === 'RUNNING' && escalated.has(run.workflowId)),
  );
  return {
    looked: complaints.length,
    against: wrong.map((run) => `${run.workflowId} is ${run.status} and was not escalated`),
  };
}

/**
 * Each reward against the bank's transactions, day by day: in some whole month after the journey began the balance stood
 * at the tier's threshold for the days asked, and the month's average reached it (or reaches it whatever comes).
 */
async function rewardsOnceAndEarned(stage: Stage): Promise<Finding> {
  const { rows } = await stage.owner.query<{
    account: string;
    postings: number;
    earned: boolean;
    points: bigint;
    promised: bigint;
  }>(
    `with rewards as (
       select to_account as account, substr(to_account, 10) as customer_ref, count(*)::int as postings, sum(points)::bigint as points
         from postings where idempotency_key like 'reward:%' group by to_account
     ), owed as (
       select r.*, t.threshold_minor, j.admitted_at, (v.definition -> 'goal' ->> 'heldDays')::int as held_days,
              (v.definition -> 'reward' ->> 'points')::bigint as promised
         from rewards r
         left join journeys j on j.customer_ref = r.customer_ref
         left join campaign_versions v on v.campaign_ref = j.campaign_ref and v.version = j.version
         left join tiers t on t.tier_ref = j.tier_at_start
     ), daily as (
       select o.account, date_trunc('month', d)::date as month, o.threshold_minor, o.held_days,
              (select coalesce(sum(amount_minor), 0) from transactions x join accounts a using (account_ref)
                where a.customer_ref = o.customer_ref and a.qualifies and x.booked_on <= d::date
                  and x.booked_on <= (select data_until from installation)) as balance,
              d::date <= (select data_until from installation) as known
         from owed o
        cross join lateral generate_series(date_trunc('month', o.admitted_at) + interval '1 month',
                                           date_trunc('month', o.admitted_at) + interval '5 months' - interval '1 day', '1 day') as d
     ), monthly as (
       select account, month, threshold_minor, held_days,
              sum(case when known then balance else 0 end) / count(*) as secured_average,
              count(*) filter (where known and balance >= threshold_minor) as days_held
         from daily group by account, month, threshold_minor, held_days
     )
     select o.account, o.postings, o.points, coalesce(o.promised, 0) as promised,
            exists (select 1 from monthly m where m.account = o.account and m.secured_average >= m.threshold_minor and m.days_held >= m.held_days) as earned
       from owed o`,
  );
  const against = rows.flatMap(({ account, postings, earned, points, promised }) => [
    ...(postings === 1 ? [] : [`${account} was rewarded ${postings} times`]),
    ...(points === promised ? [] : [`${account} got ${points} points instead of ${promised}`]),
    ...(earned ? [] : [`${account} was rewarded without having held the balance`]),
  ]);
  return { looked: rows.length, against };
}

/** Over the accounts that the books know: what went in and what came out cancel. */
async function ledgerSumZero(stage: Stage): Promise<Finding> {
  const { rows } = await stage.owner.query<{ accounts: number; sum: bigint }>(
    `select count(*)::int as accounts, coalesce(sum(
              coalesce((select sum(points) from postings where to_account = ledger_account), 0)
            - coalesce((select sum(points) from postings where from_account = ledger_account), 0)), 0)::bigint as sum
       from ledger_accounts`,
  );
  const { accounts, sum } = rows[0] ?? { accounts: 0, sum: 0n };
  return { looked: accounts, against: sum === 0n ? [] : [`the accounts sum to ${sum}`] };
}
