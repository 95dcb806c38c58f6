import { OUTCOMES } from '../domain/types.js';
import { searchAttributes, WORKFLOWS } from '../workflows/contract.js';
import { ledgerSumZero, rewardsOnceAndEarned } from './invariants-books.js';
import { noMessageIdTwice, noPromotionAfterOptOut, noPromotionDuringComplaint } from './invariants-mail.js';
import type { AcceptedMail } from './mailbox.js';
import type { Stage } from './stage.js';

export const INVARIANTS = [
  'oneJourneyOrReason',
  'everyJourneyHasOutcome',
  'noMessageIdTwice',
  'noPromotionDuringComplaint',
  'noPromotionAfterOptOut',
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
    noPromotionAfterOptOut: await noPromotionAfterOptOut(stage, mails),
    complaintsResolvedOrEscalated: await complaintsResolvedOrEscalated(stage, mails),
    rewardsOnceAndEarned: await rewardsOnceAndEarned(stage),
    ledgerSumZero: await ledgerSumZero(stage),
  };
}

async function oneJourneyOrReason(stage: Stage, journeys: Run[]): Promise<Finding> {
  const { rows } = await stage.owner.query<{ customer: string; reason: string | null }>(
    `select distinct f.customer_ref as customer,
            (select reasons ->> 0 from decisions d where d.decision_key = 'admission:' || f.as_of || ':' || f.customer_ref and verdict = 'refused'
                -- who was not being cheated is decided on again
                and not exists (select 1 from decisions a where a.verdict = 'admitted'
                                   and a.decision_key like 'admission:' || f.as_of || ':' || f.customer_ref || ':%')) as reason
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

/**
 * Each complaint by its run in Temporal and by the letters in the mailbox: one that has ended was answered by letter, one
 * that runs was escalated by letter; none is recorded without a run.
 */
async function complaintsResolvedOrEscalated(stage: Stage, mails: AcceptedMail[]): Promise<Finding> {
  const complaints = await runs(stage, WORKFLOWS.complaint);
  const { rows } = await stage.owner.query<{ workflow_id: string; template: string | null; message_id: string | null }>(
    `select workflow_id, template, '<' || message_id || '>' as message_id from complaints left join outreach using (complaint_ref)`,
  );
  const accepted = new Set(mails.map((mail) => mail.messageId));
  const got = (workflowId: string, template: string): boolean =>
    rows.some(
      (row) => row.workflow_id === workflowId && row.template === template && accepted.has(row.message_id ?? ''),
    );
  const wrong = complaints.filter(({ workflowId, status }) =>
    status === 'COMPLETED'
      ? !got(workflowId, 'complaint-resolved')
      : !(status === 'RUNNING' && got(workflowId, 'complaint-escalated')),
  );
  const running = new Set(complaints.map((run) => run.workflowId));
  const orphans = [...new Set(rows.map((row) => row.workflow_id))].filter((workflowId) => !running.has(workflowId));
  return {
    looked: complaints.length,
    against: [
      ...wrong.map((run) => `${run.workflowId} is ${run.status}, and its letter is not in the mailbox`),
      ...orphans.map((workflowId) => `${workflowId} is recorded and has no run`),
    ],
  };
}
