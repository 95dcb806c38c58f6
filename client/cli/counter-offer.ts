import type { Command } from 'commander';
import { percentOf } from '../../domain/money-text.js';
import type { ProductRef } from '../../domain/product-catalogue.js';
import type { ListedCounterOffer } from '../../store/counter-offers.js';
import { defaultAsOf, withBank } from './context.js';
import { byOption, lineOf } from './line-option.js';
import { does, facts, iso, table, when, WrongUsage, type Answer } from './output.js';
import { assertThere, CUSTOMER } from './product-for-customer.js';

/** `product counter-offer|approve-counter-offer|show-counter-offer|counter-offers` */
export function addCounterOffers(product: Command): void {
  does<{ betterBy: string; reason: string; by?: string }>(
    product
      .command('counter-offer')
      .argument('<customer>', CUSTOMER)
      .argument('<product>')
      .requiredOption('--better-by <percent>', 'percentage points in the customer’s favour, for instance 0.25%')
      .requiredOption('--reason <text>', 'why')
      .option('--by <name>', 'who proposes (default: the user of this terminal)')
      .description("makes a rate better: at once within the manager's authority, above it after another's approval")
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell product counter-offer c42 term-deposit-12m --better-by 0.25% --by "Wang Fang" --reason "has an offer of 1.55% elsewhere"',
      ),
    ([customer = '', name = ''], options) => propose(customer, name, options),
  );
  does<{ by?: string }>(
    product
      .command('approve-counter-offer')
      .argument('<id>', 'as "product counter-offers" shows it')
      .option('--by <name>', 'who approves (default: the user of this terminal); never who proposed it')
      .description('approves a counter-offer that is above one person’s authority')
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell product approve-counter-offer 019ab2c4-7d11-7c52-b1b5-3f0c7f1d6a10 --by "Li Jun"',
      ),
    ([id = ''], options) => approve(id, options.by),
  );
  does(
    product
      .command('show-counter-offer')
      .argument('<id>', 'as "product counter-offers" shows it')
      .description('one counter-offer, and why it was proposed')
      .addHelpText('after', '\nExample:\n  $ keepwell product show-counter-offer 019ab2c4-7d11-7c52-b1b5-3f0c7f1d6a10'),
    ([id = '']) => showCounterOffer(id),
  );
  does<{ waiting?: boolean }>(
    product
      .command('counter-offers')
      .argument('[customer]', CUSTOMER)
      .option('--waiting', 'only those that wait for approval')
      .description('better rates that were proposed, the newest first')
      .addHelpText('after', '\nExample:\n  $ keepwell product counter-offers --waiting'),
    ([customer], options) => counterOffers(customer, options.waiting ?? false),
  );
}

interface ProposeOptions {
  betterBy: string;
  reason: string;
  by?: string;
}

async function propose(reference: string, name: string, options: ProposeOptions): Promise<Answer> {
  const [, whole, fraction = ''] = /^(\d{1,2})(?:\.(\d{1,2}))?\s?%$/.exec(options.betterBy) ?? [];
  if (whole === undefined)
    throw new WrongUsage(
      `--better-by "${options.betterBy}" is no percentage; write for instance 0.25%, with two decimals at most.`,
    );
  const betterBy = Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
  const by = await byOption(options.by);
  const { MAX_COUNTER_OFFER_REASON, isAgreed, proposeCounterOffer } = await import('../../store/counter-offers.js');
  const reason = lineOf(options.reason, '--reason', MAX_COUNTER_OFFER_REASON);
  return withBank(async (desk) => {
    const customerRef = await assertThere(desk, reference);
    const product = name as ProductRef;
    const at = desk.now();
    const proposal = { customerRef, product, betterBy, by, reason, asOf: await defaultAsOf(desk), at };
    const offer = await proposeCounterOffer(desk.database, proposal);
    const until = when(offer.validUntil, desk.installation.zone);
    const words = isAgreed(offer)
      ? `Counter-offer ${offer.counterOfferId} is in force until ${until}.`
      : `Counter-offer ${offer.counterOfferId} waits for another person: keepwell product approve-counter-offer ${offer.counterOfferId}`;
    return { data: forPrograms(offer, isAgreed(offer)), text: () => words };
  });
}

async function approve(id: string, given: string | undefined): Promise<Answer> {
  const by = await byOption(given);
  return withBank(async ({ database, installation, now }) => {
    const { approveCounterOffer } = await import('../../store/counter-offers.js');
    const offer = await approveCounterOffer(database, { counterOfferId: id, by, at: now() });
    const words = `Counter-offer ${id} is approved by ${offer.approvedBy}; it is in force until ${when(offer.validUntil, installation.zone)}.`;
    return { data: forPrograms(offer, true), text: () => words };
  });
}

function forPrograms(offer: ListedCounterOffer, agreed: boolean): unknown {
  const { proposedAt, validUntil, approvedAt } = offer;
  return { ...offer, agreed, proposedAt: iso(proposedAt), validUntil: iso(validUntil), approvedAt: iso(approvedAt) };
}

const approval = ({ approvedBy }: ListedCounterOffer, agreed: boolean): string =>
  approvedBy ?? (agreed ? 'within authority' : 'waits for approval');

function showCounterOffer(id: string): Promise<Answer> {
  return withBank(async ({ database, installation: { zone } }) => {
    const { findCounterOffer, isAgreed } = await import('../../store/counter-offers.js');
    const offer = await findCounterOffer(database, id);
    if (!offer)
      throw new Error(`there is no counter-offer "${id}"; "keepwell product counter-offers" shows what there is.`);
    const agreed = isAgreed(offer);
    const text = facts([
      ['id', offer.counterOfferId],
      ['customer', offer.customerRef],
      ['product', offer.product],
      ['catalogue version', offer.catalogueVersion],
      ['better by', percentOf(offer.betterBy)],
      ['why', offer.reason],
      ['proposed', `${offer.proposedBy}, ${when(offer.proposedAt, zone)}`],
      ['approved', approval(offer, agreed)],
      ['until', when(offer.validUntil, zone)],
    ]);
    return { data: forPrograms(offer, agreed), text: () => text };
  });
}

function counterOffers(customer: string | undefined, waiting: boolean): Promise<Answer> {
  return withBank(async (desk) => {
    const { isAgreed, listCounterOffers } = await import('../../store/counter-offers.js');
    const at = desk.now();
    const wanted = customer === undefined ? {} : { customerRef: await assertThere(desk, customer) };
    const offers = await listCounterOffers(desk.database, { ...wanted, ...(waiting ? { waitingAt: at } : {}) });
    const { zone } = desk.installation;
    const rows = offers.map((offer) => [
      offer.counterOfferId,
      offer.customerRef,
      offer.product,
      percentOf(offer.betterBy),
      `${offer.proposedBy}, ${when(offer.proposedAt, zone)}`,
      approval(offer, isAgreed(offer)),
      offer.validUntil <= at ? 'over' : when(offer.validUntil, zone),
    ]);
    const head = ['id', 'customer', 'product', 'better by', 'proposed', 'approved', 'until'];
    const data = offers.map((offer) => forPrograms(offer, isAgreed(offer)));
    return { data, text: () => table(head, rows, waiting ? 'No counter-offer waits.' : 'There is no counter-offer.') };
  });
}
