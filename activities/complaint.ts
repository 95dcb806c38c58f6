import {
  COMPLAINT_RULES,
  DEFAULT_COMPLAINT_RULES,
  complaintDue,
  mayHandle,
  type ComplaintRules,
} from '../domain/complaint-rules.js';
import { addMillis, days, type ComplaintRef, type CustomerRef, type Instant } from '../domain/types.js';
import { dateIn } from '../domain/calendar.js';
import { linkUrl, signLink } from '../config/links.js';
import {
  complaintAcknowledged,
  complaintAssigned,
  complaintByKey,
  complaintByRef,
  complaintEscalated,
  complaintResolved,
  insertComplaint,
  lockComplaint,
  type ComplaintRow,
} from '../store/complaints.js';
import { lockCustomer, type CustomerContact } from '../store/customers.js';
import type { Sql } from '../store/database.js';
import { answeredBefore, recordDecisions } from '../store/decisions.js';
import { openJourneyOf, readJourney } from '../store/journeys.js';
import { readText } from '../store/texts.js';
import { complaintWorkflowId, type ComplaintInput } from '../workflows/contract.js';
import { renderMessage } from './message-templates.js';
import { now, refuse } from './dependencies.js';
import { sendUntilSettled } from './letters.js';
import type { OutreachResult } from './outreach.js';
import type { MessageDependencies } from './journey-messages.js';

export interface OpenedComplaint {
  complaintRef: ComplaintRef;
  openedAt: Instant;
  dueAt: Instant;
  escalateTo: string;
  /** the open journey that must know that promotions hold */
  journeyWorkflowId: string | null;
}

export type ComplaintLetter = 'complaint-acknowledgement' | 'complaint-escalated' | 'complaint-resolved';

/** What a complaint does to the bank's records; each step once, holding the customer's row. */
export function complaintActivities(deps: MessageDependencies) {
  return {
    openComplaint: (input: ComplaintInput): Promise<OpenedComplaint> => openComplaint(deps, input),
    sendComplaintLetter: (input: {
      complaintRef: ComplaintRef;
      customerRef: CustomerRef;
      letter: ComplaintLetter;
    }): Promise<OutreachResult> => sendLetter(deps, input),
    assignComplaint: (input: { complaintRef: ComplaintRef; handlerRef: string; assignment: string }): Promise<void> =>
      step(deps, input.complaintRef, `assign-${input.assignment}`, async (sql, complaint, at) => {
        allowHandler(input.handlerRef, complaint);
        await complaintAssigned(sql, complaint.complaintRef, input.handlerRef, at);
        return { verdict: 'assigned', saw: { handlerRef: input.handlerRef } };
      }),
    escalateComplaint: (input: { complaintRef: ComplaintRef; to: string }): Promise<void> =>
      step(deps, input.complaintRef, 'escalate', async (sql, complaint, at) => {
        if (complaint.resolvedAt !== null) return { verdict: 'answered-meanwhile', saw: { dueAt: complaint.dueAt } };
        await complaintEscalated(sql, complaint.complaintRef, input.to, at);
        return {
          verdict: 'escalated',
          saw: { to: input.to, dueAt: complaint.dueAt, handlerRef: complaint.handlerRef },
        };
      }),
    resolveComplaint: (input: { complaintRef: ComplaintRef; handlerRef: string; textId: string }): Promise<void> =>
      resolve(deps, input),
  };
}
export type ComplaintActivities = ReturnType<typeof complaintActivities>;

function allowHandler(handlerRef: string, complaint: ComplaintRow): void {
  const answer = mayHandle(handlerRef, {
    aboutManagerRef: complaint.aboutManagerRef,
    resolved: complaint.resolvedAt !== null,
  });
  if (answer.allowed) return;
  throw refuse(
    answer.reason === 'complained-about'
      ? `${handlerRef} is the manager complained about and can't handle ${complaint.complaintRef}; name somebody else`
      : `${complaint.complaintRef} was resolved already`,
  );
}

async function openComplaint(deps: MessageDependencies, input: ComplaintInput): Promise<OpenedComplaint> {
  const at = now(deps.bank);
  const text = input.textId ? await readText(deps.database, input.textId) : null;
  return deps.database.transaction(async (sql) => {
    await lockCustomer(sql, input.customerRef);
    const journey = await openJourneyOf(sql, input.customerRef);
    const existing = await complaintByKey(sql, input.complaintKey);
    const rules = await rulesFor(sql, existing?.journeyId ?? journey?.journeyId ?? null);
    const complaint = existing ?? (await insertOne(sql, input, text?.body ?? null, rules, at));
    const { complaintRef, openedAt, dueAt } = complaint;
    const opened = {
      complaintRef,
      openedAt,
      dueAt,
      escalateTo: rules.escalateTo,
      journeyWorkflowId: journey?.workflowId ?? null,
    };
    const key = `${complaintWorkflowId(input.complaintKey)}:open`;
    if (!(await answeredBefore(sql, key))) {
      const saw = { source: input.source, dueAt, ruleSet: rules.ruleSet };
      const told = {
        kind: 'complaint',
        verdict: 'opened',
        reasons: [],
        saw,
        result: { ...opened },
        rules: rules.ruleSet,
        at,
      };
      await recordDecisions(sql, [{ key, customerRef: input.customerRef, journeyId: complaint.journeyId, ...told }]);
    }
    return opened;
  });
}

async function rulesFor(sql: Sql, journeyId: ComplaintRow['journeyId']): Promise<ComplaintRules> {
  return journeyId ? (await readJourney(sql, journeyId)).definition.complaint : DEFAULT_COMPLAINT_RULES;
}

function insertOne(
  sql: Sql,
  input: ComplaintInput,
  narrative: string | null,
  rules: ComplaintRules,
  at: Instant,
): Promise<ComplaintRow> {
  if (narrative === null) throw refuse("the complaint's words are not there; send it again");
  return insertComplaint(sql, {
    complaintKey: input.complaintKey,
    workflowId: complaintWorkflowId(input.complaintKey),
    customerRef: input.customerRef,
    source: input.source,
    narrative,
    openedAt: at,
    dueAt: complaintDue(rules, at),
    ruleSet: rules.ruleSet,
  });
}

async function step(
  deps: MessageDependencies,
  complaintRef: ComplaintRef,
  name: string,
  work: (
    sql: Sql,
    complaint: ComplaintRow,
    at: Instant,
  ) => Promise<{ verdict: string; saw: Record<string, string | number | null> }>,
): Promise<void> {
  const at = now(deps.bank);
  await deps.database.transaction(async (sql) => {
    // the customer's row first, everywhere: two transactions never wait for each other crosswise
    const { customerRef } = await lockCustomerOf(sql, complaintRef);
    const complaint = await lockComplaint(sql, complaintRef);
    const key = `${complaintWorkflowId(complaint.complaintKey)}:${name}`;
    if (await answeredBefore(sql, key)) return;
    const { verdict, saw } = await work(sql, complaint, at);
    const told = { kind: 'complaint', verdict, reasons: [], saw, result: { done: true }, rules: COMPLAINT_RULES, at };
    await recordDecisions(sql, [{ key, customerRef, journeyId: complaint.journeyId, ...told }]);
  });
}

async function lockCustomerOf(sql: Sql, complaintRef: ComplaintRef): Promise<CustomerContact> {
  const { customerRef } = await complaintByRef(sql, complaintRef);
  return lockCustomer(sql, customerRef);
}

async function resolve(
  deps: MessageDependencies,
  input: { complaintRef: ComplaintRef; handlerRef: string; textId: string },
): Promise<void> {
  const text = await readText(deps.database, input.textId);
  if (!text) throw refuse('the answer to the customer is not there; write it again');
  // named by its words: somebody else's answer to an answered complaint is refused, not swallowed
  await step(deps, input.complaintRef, `resolve-${input.textId}`, async (sql, complaint, at) => {
    allowHandler(input.handlerRef, complaint);
    await complaintResolved(sql, complaint.complaintRef, input.handlerRef, text.body, at);
    return { verdict: 'resolved', saw: { handlerRef: input.handlerRef, late: at > complaint.dueAt ? 1 : 0 } };
  });
}

const LINK_DAYS = 90;

async function sendLetter(
  deps: MessageDependencies,
  input: { complaintRef: ComplaintRef; customerRef: CustomerRef; letter: ComplaintLetter },
): Promise<OutreachResult> {
  const { complaintRef, customerRef, letter } = input;
  const at = now(deps.bank);
  const { complaintKey } = await complaintByRef(deps.database, complaintRef);
  return sendUntilSettled(deps, {
    key: `${complaintWorkflowId(complaintKey)}:${letter}`,
    customerRef,
    journeyId: null,
    complaintRef,
    template: letter,
    messageClass: 'statutory',
    purpose: 'other',
    at,
    onSettled: async (sql, result) => {
      if (letter === 'complaint-acknowledgement' && result.state === 'sent')
        await complaintAcknowledged(sql, complaintRef, at);
    },
    compose: async (customer) => {
      const complaint = await complaintByRef(deps.database, complaintRef);
      const token = signLink(deps.linkSecret, {
        purpose: 'complaint',
        subject: customerRef,
        expiresAt: addMillis(at, days(LINK_DAYS)),
      });
      const data = {
        customer: { name: customer.name },
        bank: { name: deps.bank.name },
        links: { complaint: linkUrl(deps.webUrl, 'complaint', token) },
        complaint: {
          ref: complaintRef,
          dueOn: dateIn(customer.zone, complaint.dueAt),
          escalatedTo: complaint.escalatedTo ?? '',
          resolution: complaint.resolution ?? '',
        },
      };
      return { ...renderMessage({ template: letter, language: customer.language, data }), headers: {} };
    },
  });
}
