import type { Command } from 'commander';
import type { OrderState } from '../../domain/redemption.js';
import type { CustomerRef, ItemRef, OrderRef } from '../../domain/types.js';
import type { OrderSummary } from '../../store/reads/redemption.js';
import type { OrderRow } from '../../store/redemption.js';
import { withBank, type BankDesk } from './context.js';
import { limitOption } from './journey.js';
import { byOption } from './line-option.js';
import { does, facts, iso, say, table, when, WrongUsage, type Answer } from './output.js';

/** `order place|list|show|cancel` */
export function addOrder(program: Command): void {
  const order = program.command('order').description('what customers order for their points');
  does<{ key: string; by?: string }>(
    order
      .command('place')
      .argument('<customer>', 'for instance c42')
      .argument('<item>', 'an item of "catalogue list"')
      .requiredOption('--key <key>', 'names this order: the same key again is the same order, not a second one')
      .option('--by <name>', 'who places it (default: the user of this terminal)')
      .description('orders an item for a customer: the points are held, and the partner is asked to deliver')
      .addHelpText('after', '\nExample:\n  $ keepwell order place c42 tea-set --key counter-2026-11-24-1'),
    ([customer = '', item = ''], options) => place(customer, item, options),
  );
  does<{ state?: string; customer?: string; late?: boolean; limit: string; after?: string }>(
    order
      .command('list')
      .option('--state <state>', 'held, ordered, fulfilled, refused or cancelled (default: all)')
      .option('--customer <reference>', 'of one customer, for instance c42')
      .option('--late', 'only those of which the partner spoke otherwise after they were settled')
      .option('--limit <n>', 'how many at most, 1 to 1000', '50')
      .option('--after <reference>', 'the last order of the page before')
      .description('orders, the newest first')
      .addHelpText('after', '\nExample:\n  $ keepwell order list --state ordered'),
    (_args, options) => list(options),
  );
  does(
    order
      .command('show')
      .argument('<reference>', 'for instance R-2026-0000042')
      .description('one order: where it stands, what the partner said, the letter to the customer')
      .addHelpText('after', '\nExample:\n  $ keepwell order show R-2026-0000042'),
    ([reference = '']) => show(reference),
  );
  does<{ by: string }>(
    order
      .command('cancel')
      .argument('<reference>', 'for instance R-2026-0000042')
      .option('--by <whom>', 'staff or customer: who wants it', 'staff')
      .description('cancels an order of which the partner does not know yet; the points go back')
      .addHelpText('after', '\nExample:\n  $ keepwell order cancel R-2026-0000042 --by customer'),
    ([reference = ''], options) => cancel(reference, options.by),
  );
}

async function place(customer: string, item: string, options: { key: string; by?: string }): Promise<Answer> {
  const { MAX_ORDER_KEY_CHARS, placeOrder } = await import('../../store/redemption.js');
  const { key } = options;
  if (key.length < 1 || key.length > MAX_ORDER_KEY_CHARS)
    throw new WrongUsage(`--key is 1 to ${MAX_ORDER_KEY_CHARS} characters.`);
  const by = await byOption(options.by);
  return withBank(async (desk) => {
    const { database, installation, now } = desk;
    const { findCustomer } = await import('../../store/reads/customer.js');
    const { ORDER_REFUSALS } = await import('../../domain/redemption.js');
    const found = await findCustomer(database, customer);
    if (!found)
      throw new Error(
        `there is no customer "${customer}"; check the reference (it begins with c; it is no name and no account number).`,
      );
    const { customerRef } = found;
    const request = { customerRef, itemRef: item as ItemRef, key, by, zone: installation.zone, at: now() };
    const placing = await placeOrder(database, request);
    if (placing.verdict === 'refused') {
      const why = placing.reasons.map((reason) => ORDER_REFUSALS[reason]).join('; ');
      return { data: placing, text: () => `"${item}" was not ordered for ${customer}: ${why}.`, failed: true };
    }
    const { order, isNew } = placing;
    const handedOn = await handOn(desk, order);
    const words = isNew
      ? `Order ${order.orderRef} is placed: ${item} for ${customer}, ${order.points} points are held.`
      : `This is order ${order.orderRef} already (${order.state}), nothing was changed.`;
    const { orderRef, state, points } = order;
    return { data: { verdict: 'placed', orderRef, state, points, isNew, handedOn }, text: () => words };
  });
}

/** Starts the order's run. The order stands without it: what is not started now is started by the daily round. */
async function handOn(desk: BankDesk, { orderRef, customerRef }: OrderRow): Promise<boolean> {
  const { redemptionStart } = await import('../../workflows/contract.js');
  try {
    const client = await desk.temporal();
    await client.workflow.start(...redemptionStart({ orderRef, customerRef, clock: desk.installation.clock }));
    return true;
  } catch (error) {
    // it was placed before, and has run to its end
    if (error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError') return true;
    const { inWords } = await import('./words.js');
    say(`The partner is asked by the next daily round, since the order could not be handed on: ${inWords(error)}`);
    return false;
  }
}

interface ListOptions {
  state?: string;
  customer?: string;
  late?: boolean;
  limit: string;
  after?: string;
}

async function list({ state, customer, late, limit, after }: ListOptions): Promise<Answer> {
  const { ORDER_STATES } = await import('../../domain/redemption.js');
  const { listOrders, MAX_ORDERS_LISTED } = await import('../../store/reads/redemption.js');
  const wanted = ORDER_STATES.find((known) => known === state);
  if (state !== wanted) throw new WrongUsage(`--state is one of ${ORDER_STATES.join(', ')}, not "${state}".`);
  const most = limitOption(limit, MAX_ORDERS_LISTED);
  return withBank(async ({ database, installation }) => {
    const customerRef = customer as CustomerRef | undefined;
    const filter = { state: wanted, customerRef, late, after: after as OrderRef | undefined, limit: most };
    const { orders, more } = await listOrders(database, filter);
    const head = ['order', 'customer', 'item', 'points', 'state', 'placed', 'answer due', 'partner'];
    const rows = orders.map((o) => [
      o.orderRef,
      o.customerRef,
      o.itemRef,
      o.points,
      stateWords(o),
      when(o.placedAt, installation.zone),
      when(o.state === 'ordered' ? o.answerBy : null, installation.zone),
      o.partnerRef,
    ]);
    const last = orders.at(-1)?.orderRef;
    const next = more ? `\n\nThere are more: add --after ${last}` : '';
    const text = async (): Promise<string> => `${await table(head, rows, 'No such order.')}${next}`;
    return { data: { orders: orders.map(forPrograms), next: more ? last : null }, text };
  });
}

const LATE_WORDS = {
  'late-fulfilment': 'FULFILLED LATE, the points were given back',
  'late-refusal': 'REFUSED LATE, the points are spent',
} as const;

/** Where an order stands, for people; what somebody has to look at is in capitals. */
function stateWords({ state, late, attempts }: OrderSummary): string {
  const asked = state === 'held' && attempts > 0 ? `, asked ${times(attempts)}` : '';
  return [`${state}${asked}`, ...late.map((what) => LATE_WORDS[what])].join('; ');
}

const times = (n: number): string => (n === 1 ? 'once' : `${n} times`);

function forPrograms(order: OrderSummary): object {
  const { placedAt, askedAt, orderedAt, answerBy, settledAt } = order;
  return {
    ...order,
    placedAt: iso(placedAt),
    askedAt: iso(askedAt),
    orderedAt: iso(orderedAt),
    answerBy: iso(answerBy),
    settledAt: iso(settledAt),
  };
}

function askedWords({ askedAt, attempts }: OrderSummary): string {
  if (attempts === 0) return 'not asked yet';
  return `asked ${times(attempts)}${askedAt === null ? ', never reached' : ''}`;
}

async function found({ database }: BankDesk, reference: string): Promise<OrderSummary> {
  const { findOrder } = await import('../../store/reads/redemption.js');
  const order = await findOrder(database, reference);
  if (order) return order;
  throw new Error(`there is no order "${reference}"; "keepwell order list" shows what there is.`);
}

function show(reference: string): Promise<Answer> {
  return withBank(async (desk) => {
    const order = await found(desk, reference);
    const { partnerEvents } = await import('../../store/partner-events.js');
    const { ORDER_ENDINGS } = await import('../../domain/redemption.js');
    const events = await partnerEvents(desk.database, order.orderRef);
    const at = (instant: number | null): string => when(instant, desk.installation.zone);
    const head = facts([
      ['order', order.orderRef],
      ['customer', order.customerRef],
      ['item', `${order.itemRef} (catalogue version ${order.catalogueVersion})`],
      ['points', order.points],
      ['state', stateWords(order)],
      ['because', order.reason === null ? null : ORDER_ENDINGS[order.reason]],
      ['placed', at(order.placedAt)],
      ['partner', `${order.partnerRef}, ${askedWords(order)}`],
      ['taken', at(order.orderedAt)],
      ['answer due', at(order.answerBy)],
      ['settled', at(order.settledAt)],
      ['partner’s reference', order.partnerReference],
      ['letter', order.letter],
    ]);
    const rows = events.map((e) => [at(e.receivedAt), e.status, e.partnerReference, e.reason, e.eventId]);
    const said = await table(['when', 'said', 'reference', 'reason', 'event'], rows, 'The partner has said nothing.');
    const data = { ...forPrograms(order), events: events.map((e) => ({ ...e, receivedAt: iso(e.receivedAt) })) };
    return { data, text: () => `${head}\n\n${said}` };
  });
}

async function cancel(reference: string, by: string): Promise<Answer> {
  if (by !== 'staff' && by !== 'customer') throw new WrongUsage(`--by is staff or customer, not "${by}".`);
  return withBank(async (desk) => {
    const order = await found(desk, reference);
    const { isSettled } = await import('../../domain/redemption.js');
    const state: OrderState = order.state;
    if (isSettled(state)) throw new Error(`${reference} is ${state} already; there is nothing to cancel.`);
    const client = await desk.temporal();
    const { cancelRedemption, redemptionStart } = await import('../../workflows/contract.js');
    const { askWithin } = await import('../ask.js');
    const { WithStartWorkflowOperation } = await import('@temporalio/client');
    const { orderRef, customerRef } = order;
    const [workflow, options] = redemptionStart({ orderRef, customerRef, clock: desk.installation.clock });
    // one that was never handed on has no run yet: it begins with being cancelled
    const ended = await askWithin(client, () =>
      client.workflow.executeUpdateWithStart(cancelRedemption, {
        args: [{ by }],
        startWorkflowOperation: new WithStartWorkflowOperation(workflow, {
          ...options,
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      }),
    );
    const words = `${reference} is cancelled: ${order.points} points are back.`;
    return { data: { orderRef, state: ended.state }, text: () => words };
  });
}
