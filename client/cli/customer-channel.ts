import { Option, type Command } from 'commander';
import type { ContactChannel } from '../../domain/contact-policy.js';
import type { CustomerRef } from '../../domain/types.js';
import type { AddressChannel } from '../../store/contact-addresses.js';
import type { Sql } from '../../store/database.js';
import { withBank } from './context.js';
import { does, facts, iso, table, when, WrongUsage, type Answer } from './output.js';

const NO_PREFERENCE = 'none';

interface ChannelOptions {
  sms?: string;
  im?: string;
  remove?: AddressChannel;
  prefer?: ContactChannel | typeof NO_PREFERENCE;
}

/** `customer channel` */
export function addCustomerChannel(customer: Command): void {
  does<ChannelOptions>(
    customer
      .command('channel')
      .argument('<reference>', 'for instance c42')
      .option('--sms <number>', "sets the customer's number, for instance +8613800138000")
      .option('--im <account>', 'sets the account at an instant messenger or service, for instance wechat:ID')
      .addOption(new Option('--remove <channel>', 'takes the address of a channel away').choices(['sms', 'im']))
      .addOption(
        new Option('--prefer <channel>', 'sets what the customer likes best').choices([
          'email',
          'sms',
          'im',
          NO_PREFERENCE,
        ]),
      )
      .description('by which channels a customer can be reached, and what they answered there; changes it where told')
      .addHelpText(
        'after',
        '\nConsent is asked of the customer: an address alone lets no promotion out.\n\nExample:\n  $ keepwell customer channel c42 --sms "+86 138 0013 8000" --prefer sms',
      ),
    ([reference = ''], options) => channel(reference as CustomerRef, options),
  );
}

async function channel(customerRef: CustomerRef, options: ChannelOptions): Promise<Answer> {
  const addresses = await addressesOf(options);
  const { sms, im, remove, prefer } = options;
  if (remove !== undefined && (remove === 'sms' ? sms : im) !== undefined)
    throw new WrongUsage(`--${remove} and --remove ${remove} contradict each other; give one of them.`);
  return withBank(async ({ database, installation, now }) => {
    const store = await import('../../store/contact-addresses.js');
    await database.transaction(async (sql) => {
      for (const [one, address] of addresses) await store.setAddress(sql, customerRef, one, address, now());
      if (remove !== undefined && !(await store.removeAddress(sql, customerRef, remove)))
        throw new Error(`${customerRef} has no address for ${remove}; nothing was changed.`);
      if (prefer === undefined) return;
      const wish = prefer === NO_PREFERENCE ? null : prefer;
      await assertReached(sql, customerRef, wish);
      await store.preferChannel(sql, customerRef, wish);
    });
    const view = await readChannels(database, customerRef);
    return { data: forPrograms(view), text: () => forPeople(view, installation.zone) };
  });
}

/** @throws WrongUsage with how an address must look */
async function addressesOf({ sms, im }: ChannelOptions): Promise<[AddressChannel, string][]> {
  const { ADDRESS_ADVICE, readAddress } = await import('../../store/contact-addresses.js');
  const given = [
    ['sms', sms],
    ['im', im],
  ] as const;
  return given.flatMap(([one, text]): [AddressChannel, string][] => {
    if (text === undefined) return [];
    const address = readAddress(one, text);
    // what was written is not repeated: it may be somebody's number
    if (address === null) throw new WrongUsage(`--${one} wants ${ADDRESS_ADVICE[one]}.`);
    return [[one, address]];
  });
}

async function assertReached(sql: Sql, customerRef: CustomerRef, wish: ContactChannel | null): Promise<void> {
  const { listAddresses } = await import('../../store/contact-addresses.js');
  if (wish === null || wish === 'email') return;
  if ((await listAddresses(sql, customerRef)).some(({ channel: one }) => one === wish)) return;
  throw new Error(`${customerRef} has no address for ${wish}; add it with --${wish}. Nothing was changed.`);
}

/** Addresses are shown masked: this is read over people's shoulders and kept in terminals. */
async function readChannels(sql: Sql, customerRef: CustomerRef) {
  const { customerChannels, listAddresses, masked } = await import('../../store/contact-addresses.js');
  const { listReplies } = await import('../../store/gateway-events.js');
  const { findCustomer } = await import('../../store/reads/customer.js');
  const record = await findCustomer(sql, customerRef);
  if (!record) throw new Error(`there is no customer "${customerRef}"; check the reference (it begins with c).`);
  const { preferred, consents } = await customerChannels(sql, customerRef, '');
  const mail = { channel: 'email' as const, address: record.email, addedAt: null, refusedAt: record.emailRefusedAt };
  const channels = [mail, ...(await listAddresses(sql, customerRef))].map(({ address, ...one }) => ({
    ...one,
    address: masked(address),
    consents: consents[one.channel],
  }));
  return { customerRef, preferred, channels, replies: await listReplies(sql, customerRef) };
}

type ChannelsView = Awaited<ReturnType<typeof readChannels>>;

function forPrograms({ channels, replies, ...view }: ChannelsView): unknown {
  return {
    ...view,
    channels: channels.map((one) => ({ ...one, addedAt: iso(one.addedAt), refusedAt: iso(one.refusedAt) })),
    replies: replies.map((reply) => ({ ...reply, receivedAt: iso(reply.receivedAt) })),
  };
}

async function forPeople({ customerRef, preferred, channels, replies }: ChannelsView, zone: string): Promise<string> {
  const yes = (granted: boolean): string => (granted ? 'yes' : 'no');
  return [
    facts([
      ['customer', customerRef],
      ['prefers', preferred ?? 'nothing was said'],
    ]),
    await table(
      ['channel', 'address', 'since', 'reached', 'offers', 'surveys'],
      channels.map((one) => [
        one.channel,
        one.address,
        when(one.addedAt, zone),
        one.refusedAt === null ? 'yes' : `no, dead since ${when(one.refusedAt, zone)}`,
        yes(one.consents.promotional),
        yes(one.consents.survey),
      ]),
      'No channel.',
    ),
    await table(
      ['answered', 'channel', 'opt-out', 'words'],
      replies.map((reply) => [when(reply.receivedAt, zone), reply.channel, yes(reply.optOut), reply.text]),
      'The customer has answered nothing by SMS or instant message.',
    ),
  ].join('\n\n');
}
