import { createTransport } from 'nodemailer';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { one } from '../store/database.js';
import { searchAttributes, WORKFLOWS } from '../workflows/contract.js';
import type { InvariantName } from './invariants.js';
import type { Stage } from './stage.js';

const LISTED_WITHIN_MS = 10_000;
const LISTED_LOOK_MS = 50;
/** A queue that no worker polls: what is started there stays as it is. */
const NOWHERE = 'nobody-works-here';

/** Plants a violation of one invariant, in the place where the invariant is counted. */
export function plant(stage: Stage, invariant: InvariantName): Promise<void> {
  return PLANTS[invariant](stage);
}

const PLANTS: Record<InvariantName, (stage: Stage) => Promise<void>> = {
  oneJourneyOrReason: async (stage) => {
    await stage.owner.query(
      `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at)
       select customer_ref, 'dormant', $1, 50, '[]', to_timestamp($2::double precision / 1000) from customers c
        where customer_since <= $1 and not exists (select 1 from findings f where f.customer_ref = c.customer_ref) limit 1`,
      [stage.asOf, stage.now()],
    );
  },
  everyJourneyHasOutcome: async (stage) => {
    const id = await startNowhere(stage, WORKFLOWS.journey, await aCustomerWithJourney(stage));
    await stage.client.workflow.getHandle(id).terminate('planted by the demo');
    await untilListed(stage, `WorkflowId = '${id}' and ExecutionStatus = 'Terminated'`);
  },
  noMessageIdTwice: async (stage) => {
    const mail = (await stage.mailbox.all()).find((accepted) => accepted.messageClass === 'service');
    if (!mail) throw new Error('no mail was accepted that could be sent again');
    await send(stage, { to: mail.to, messageId: mail.messageId, messageClass: mail.messageClass });
  },
  noPromotionDuringComplaint: async (stage) => {
    const { rows } = await stage.owner.query<{ complaint_ref: string; email: string }>(
      'select complaint_ref, email from complaints join customers using (customer_ref) order by complaint_ref limit 1',
    );
    const complaint = one(rows, 'a complaint to plant a promotion on');
    await stage.owner.query('update complaints set resolved_wall = null where complaint_ref = $1', [
      complaint.complaint_ref,
    ]);
    await send(stage, {
      to: complaint.email,
      messageId: `<${randomUUID()}@planted.example>`,
      messageClass: 'promotional',
    });
  },
  noPromotionAfterOptOut: async (stage) => {
    const { rows } = await stage.owner.query<{ email: string }>(
      `select email from consents join customers using (customer_ref) where not granted and consents.source like 'page:%' limit 1`,
    );
    const { email } = one(rows, 'a customer who has unsubscribed');
    await send(stage, { to: email, messageId: `<${randomUUID()}@planted.example>`, messageClass: 'promotional' });
  },
  complaintsResolvedOrEscalated: async (stage) =>
    void (await startNowhere(stage, WORKFLOWS.complaint, await aCustomerWithJourney(stage))),
  rewardsOnceAndEarned: async (stage) => {
    const { rows } = await stage.owner.query<{ customer_ref: string }>(
      `select customer_ref from journeys where not exists (select 1 from ledger_accounts where ledger_account = 'customer:' || customer_ref) limit 1`,
    );
    const account = `customer:${one(rows, 'a customer without a reward').customer_ref}`;
    await stage.owner.query(
      `select ledger_post('reward:planted:' || $1, 'grant', 'campaign-budget:keep-your-tier', $1, 500, 'planted', to_timestamp($2::double precision / 1000), null, null)`,
      [account, stage.now()],
    );
  },
  ledgerSumZero: async (stage) => {
    await stage.owner.query('alter table postings drop constraint postings_to_account_fkey');
    await stage.owner.query(
      `insert into postings (idempotency_key, kind, from_account, to_account, unit, amount, memo, posted_at)
       values ('planted', 'earn', 'issuance', 'customer:nobody', 'points', 1, 'planted', to_timestamp($1::double precision / 1000))`,
      [stage.now()],
    );
  },
};

async function aCustomerWithJourney(stage: Stage): Promise<string> {
  const { rows } = await stage.owner.query<{ customer_ref: string }>(
    'select customer_ref from journeys order by journey_id limit 1',
  );
  return one(rows, 'a journey').customer_ref;
}

async function startNowhere(stage: Stage, type: string, customer: string): Promise<string> {
  const workflowId = `planted:${randomUUID()}`;
  const typedSearchAttributes = [{ key: searchAttributes.customer, value: customer }];
  await stage.client.workflow.start(type, { taskQueue: NOWHERE, workflowId, args: [{}], typedSearchAttributes });
  await untilListed(stage, `WorkflowId = '${workflowId}'`);
  return workflowId;
}

/** Temporal's lists follow its runs by a moment; what was planted must be in them before anybody counts. */
async function untilListed(stage: Stage, query: string): Promise<void> {
  for (const began = Date.now(); Date.now() - began < LISTED_WITHIN_MS; await pause(LISTED_LOOK_MS))
    if ((await stage.client.workflow.count(query)).count > 0) return;
  throw new Error(`Temporal does not list what was planted (${query}) after ${LISTED_WITHIN_MS} ms`);
}

async function send(stage: Stage, mail: { to: string; messageId: string; messageClass: string }): Promise<void> {
  const transport = createTransport({ url: stage.running.surroundings.smtpUrl });
  await transport.sendMail({
    from: 'planted@bank.example',
    to: mail.to,
    subject: 'planted',
    text: 'planted by the demo',
    messageId: mail.messageId,
    headers: { 'X-Keepwell-Class': mail.messageClass },
  });
  transport.close();
}
