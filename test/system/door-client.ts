/**
 * One of the processes that send at once: `node --import tsx test/system/door-client.ts CAMPAIGN CLASS CUSTOMERS EACH`, the
 * database's URL in DOOR_DATABASE, the mail server's in DOOR_SMTP. With DOOR_WITHOUT_LOCK it doesn't wait for the
 * customer's row, as a product would that has forgotten to. It prints what became of its messages as JSON.
 */
import { smtpMailDoor } from '../../activities/mail.js';
import { sendOutreach } from '../../activities/outreach.js';
import {
  days,
  instant,
  type CampaignRef,
  type CustomerRef,
  type MessageClass,
  type ZoneId,
} from '../../domain/types.js';
import { Database } from '../../store/database.js';

export const DOOR_AT = instant(Date.UTC(2026, 0, 12, 2));
const AT_ONCE = 8;
const CONNECTIONS = 10;

/** Leaves out the lock on the customer's row. */
function withoutLock(database: Database): Database {
  const transaction = database.transaction.bind(database);
  database.transaction = (work) =>
    transaction((sql) => {
      const query = sql.query.bind(sql) as (text: string, values?: unknown[]) => unknown;
      const unlocked = (text: string, values?: unknown[]): unknown =>
        query(text.replace('for no key update', ''), values);
      return work(Object.assign(Object.create(sql) as typeof sql, { query: unlocked }));
    });
  return database;
}

async function main(): Promise<void> {
  const [campaign = '', messageClass = '', customers = '0', each = '0'] = process.argv.slice(2);
  const url = process.env['DOOR_DATABASE'] ?? '';
  const opened = Database.open(url, 'app', (error) => console.error(error), CONNECTIONS);
  const database = process.env['DOOR_WITHOUT_LOCK'] ? withoutLock(opened) : opened;
  const clock = { origin: DOOR_AT, anchor: DOOR_AT, rate: 1 };
  const bank = { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock };
  const mail = smtpMailDoor(process.env['DOOR_SMTP'] ?? '', 'Test Bank <service@bank.example>');
  const deps = { database, bank, mail, mailDomain: 'bank.example' };
  const messages = Array.from({ length: Number(customers) * Number(each) }, (_, index) => ({
    ref: `c${Math.floor(index / Number(each))}` as CustomerRef,
    number: index % Number(each),
  }));
  const became: Record<string, number> = {};
  const send = async ({ ref, number }: (typeof messages)[number]): Promise<void> => {
    const sending = sendOutreach(deps, {
      key: `${campaign}:${ref}:${number}`,
      customerRef: ref,
      journeyId: null,
      complaintRef: null,
      template: 'suitable-offer',
      messageClass: messageClass as MessageClass,
      purpose: 'other',
      campaign: {
        campaignRef: campaign as CampaignRef,
        policy: {
          days: ['mon', 'tue', 'wed', 'thu', 'fri'],
          hours: { from: '08:00', to: '20:00' },
          caps: [{ most: 2, within: days(7) }],
          channels: ['email'],
        },
      },
      at: DOOR_AT,
      compose: () => Promise.resolve({ subject: campaign, html: '<p>Hello</p>', text: 'Hello', headers: {} }),
    });
    // without the lock the chain of decisions stumbles over two at once: that is told, and the next one sent
    const what = await sending.then(
      ({ state, reasons }) => [state, ...reasons].join(' '),
      (error: unknown) => `failed: ${error instanceof Error ? error.message : String(error)}`,
    );
    became[what] = (became[what] ?? 0) + 1;
  };
  process.send?.('ready');
  await new Promise((go) => process.once('message', go));
  const waiting = messages.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const message of waiting) await send(message);
    }),
  );
  await database.close();
  process.send?.(became);
  process.disconnect?.();
}

if (require.main === module)
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
    process.disconnect?.();
  });
