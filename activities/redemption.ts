import type { WorkflowClient } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { MOST_ASKING_MS, redemptionWorkflowId, type OrderEnding, type SettledState } from '../domain/redemption.js';
import type { OrderRef } from '../domain/types.js';
import { readCatalogueVersion } from '../store/catalogue.js';
import { one } from '../store/database.js';
import { readOrder, type OrderRow } from '../store/redemption.js';
import {
  beginAsking,
  cancelOrder,
  notReached,
  openOrders,
  partnerTook,
  settleOrder,
  type OpenOrder,
  type Taken,
} from '../store/redemption-steps.js';
import { redemptionStart, partnerAnswered } from '../workflows/contract.js';
import { now, refuse } from './dependencies.js';
import { renderMessage } from './message-templates.js';
import { sendUntilSettled } from './letters.js';
import { sweep, SWEEP_BATCH } from './sweep.js';
import type { OutreachDependencies, OutreachResult } from './outreach.js';
import type { PartnerDoor } from './partner.js';
import { whileBeating } from './round.js';

export interface RedemptionDependencies extends OutreachDependencies {
  partners: PartnerDoor;
  workflows: WorkflowClient;
}

/** The partner was not reached or could not take the order; it is asked again by the activity's policy. */
export class NotOrdered extends Error {
  constructor(orderRef: OrderRef, partnerRef: string, answer: string) {
    super(`partner ${partnerRef} did not take order ${orderRef} (${answer}); it will be asked again`);
  }
}

export type RedemptionLetter = 'redemption-fulfilled' | 'redemption-refused';

interface ForOrder {
  orderRef: OrderRef;
}

/** What carries an order from the held points to the delivery, or back. */
export function redemptionActivities(deps: RedemptionDependencies) {
  return {
    deliverOrder: ({ orderRef }: ForOrder): Promise<Taken> => deliverOrder(deps, orderRef),
    /** by what the partner said; null: it has said nothing */
    settleOrder: ({ orderRef }: ForOrder): Promise<SettledState | null> =>
      settleOrder(deps.database, orderRef, null, now(deps.bank)),
    /** by what the partner said, or because it said nothing in time */
    giveUpOrder: ({ orderRef }: ForOrder): Promise<SettledState> => settleAnyhow(deps, orderRef, 'no-answer'),
    cancelOrder: (input: ForOrder & { by: 'customer' | 'staff' }): Promise<SettledState> => cancel(deps, input),
    sendRedemptionLetter: (input: ForOrder & { letter: RedemptionLetter }): Promise<OutreachResult> =>
      sendLetter(deps, input),
    resumeRedemptions: (): Promise<{ looked: number; told: number }> => whileBeating(resumeRedemptions(deps)),
  };
}
export type RedemptionActivities = ReturnType<typeof redemptionActivities>;

async function settleAnyhow(deps: RedemptionDependencies, orderRef: OrderRef, why: OrderEnding): Promise<SettledState> {
  const state = await settleOrder(deps.database, orderRef, why, now(deps.bank));
  if (state === null) throw new Error(`order ${orderRef} is still open though it had to be settled`);
  return state;
}

/**
 * Asks the partner to deliver: written down before and after, so that a crash between the two is asked again, under the
 * same key. An order that it has not taken MOST_ASKING_MS after its placing is given up.
 */
async function deliverOrder(deps: RedemptionDependencies, orderRef: OrderRef): Promise<Taken> {
  const at = now(deps.bank);
  const asking = await beginAsking(deps.database, orderRef, at);
  if (asking.kind !== 'ask') return asking;
  const { customerRef, itemRef, partnerRef } = asking.order;
  const delivery = { orderRef, item: itemRef, quantity: 1, recipient: customerRef } as const;
  const ordering = await deps.partners.order(partnerRef, delivery);
  if (ordering.kind === 'taken') return partnerTook(deps.database, orderRef, at);
  if (ordering.kind === 'refused')
    return { kind: 'settled', state: await settleAnyhow(deps, orderRef, 'refused-by-partner') };
  if (!ordering.reached) await notReached(deps.database, asking.order, asking.attempt);
  if (at - asking.order.placedAt >= MOST_ASKING_MS)
    return { kind: 'settled', state: await settleAnyhow(deps, orderRef, 'no-answer') };
  throw new NotOrdered(orderRef, partnerRef, ordering.answer);
}

async function cancel(
  deps: RedemptionDependencies,
  { orderRef, by }: ForOrder & { by: 'customer' | 'staff' },
): Promise<SettledState> {
  const cancelling = await cancelOrder(deps.database, orderRef, `by-${by}`, now(deps.bank));
  if (cancelling.kind === 'too-late')
    throw refuse(
      `the partner may be at work on ${orderRef} already; it can't be cancelled any more, wait for the answer`,
    );
  if (cancelling.state !== 'cancelled') throw refuse(`${orderRef} is ${cancelling.state} already`);
  return cancelling.state;
}

async function sendLetter(
  deps: RedemptionDependencies,
  { orderRef, letter: template }: ForOrder & { letter: RedemptionLetter },
): Promise<OutreachResult> {
  const order = await orderThere(deps, orderRef);
  return sendUntilSettled(deps, {
    key: `${redemptionWorkflowId(orderRef)}:${template}`,
    customerRef: order.customerRef,
    journeyId: null,
    complaintRef: null,
    template,
    messageClass: 'service',
    purpose: 'other',
    at: now(deps.bank),
    compose: async ({ name, language }) => {
      const { item, partner } = await namesOf(deps, order);
      const data = {
        customer: { name },
        bank: { name: deps.bank.name },
        points: order.points,
        order: { ref: orderRef, item: item.name[language], partner: partner.name },
      };
      return { ...renderMessage({ template, language, data }), headers: {} };
    },
  });
}

async function orderThere({ database }: RedemptionDependencies, orderRef: OrderRef): Promise<OrderRow> {
  const order = await readOrder(database, orderRef);
  return one(order ? [order] : [], `order ${orderRef}`);
}

/** As the catalogue said that the order was placed by. */
async function namesOf({ database }: RedemptionDependencies, { catalogueVersion, itemRef, partnerRef }: OrderRow) {
  const catalogue = await readCatalogueVersion(database, { version: catalogueVersion });
  const item = catalogue?.definition.items.find((candidate) => candidate.item === itemRef);
  const partner = catalogue?.definition.partners.find((candidate) => candidate.partner === partnerRef);
  if (!item || !partner)
    throw new Error(
      `catalogue ${catalogueVersion} has no item ${itemRef} of ${partnerRef}, though it was ordered by it`,
    );
  return { item, partner };
}

/**
 * Sees to it that each open order has its run: one that was never started (the process died after the order's commit) or
 * was ended by force is started, and one whose partner has answered is told again.
 */
function resumeRedemptions(deps: RedemptionDependencies): Promise<{ looked: number; told: number }> {
  return sweep<OpenOrder>(
    (last) => openOrders(deps.database, last?.orderRef ?? null, SWEEP_BATCH),
    async (order) => {
      await resumeOne(deps, order);
      return order.answered;
    },
  );
}

async function resumeOne({ workflows, bank }: RedemptionDependencies, order: OpenOrder): Promise<void> {
  const { orderRef, customerRef, answered } = order;
  const [workflow, options] = redemptionStart({ orderRef, customerRef, clock: bank.clock });
  try {
    if (answered) await workflows.signalWithStart(workflow, { ...options, signal: partnerAnswered, signalArgs: [] });
    else await workflows.start(workflow, options);
  } catch (error) {
    // it ran to its end between the listing and now
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
