import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { journeyMessageActivities } from '../../activities/journey-messages.js';
import { smtpMailDoor } from '../../activities/mail.js';
import type { OutreachResult } from '../../activities/outreach.js';
import {
  addMillis,
  days,
  instant,
  plainDate,
  type CustomerRef,
  type Instant,
  type JourneyId,
  type PlainDate,
  type ZoneId,
} from '../../domain/types.js';
import { verifyDecisions } from '../../store/decisions.js';
import { publishProducts } from '../../store/products.js';
import { readRecommendations } from '../../store/reads/product.js';
import { recordAssessment } from '../../store/risk-assessments.js';
import { catalogueOf, shippedText } from '../domain/products.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { startMailServer, type MailServer } from '../setup/mail-server.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

/** Tuesday 24 November 2026, 10:00 in Shanghai; the bank's data end four days before. */
const AT = instant(Date.UTC(2026, 10, 24, 2));
const DATA_UNTIL = plainDate('2026-11-20');
const TODAY = plainDate('2026-11-24');
const TOMORROW = addMillis(AT, days(1));
const BANK = { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: AT, anchor: AT, rate: 1 } };
/** The products that are shipped, without what its strategies need besides. */
const PRODUCTS = shippedText.replace(/\nstrategies:[^]*/, '\nstrategies: []\n');

let database: TestDatabase;
let server: MailServer;
let anna: CustomerRef;
let journeyId: JourneyId;
beforeEach(async () => {
  database = await freshDatabase();
  server = await startMailServer();
  await smallBank(database, BANK.clock, DATA_UNTIL);
  anna = await addCustomer(database, { ref: 'canna' });
  await database.owner.query(`update customers set birth_date = '1986-05-01'`);
  ({ journeyId } = await admitted(database, anna, DATA_UNTIL, AT));
  await database.owner.query(`update journeys set manager_ref = 'm1'`);
});
afterEach(async () => {
  expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true });
  await server.close();
  await database.drop();
});

const productsThere = () =>
  publishProducts(database.app, { definition: catalogueOf(PRODUCTS), sourceText: PRODUCTS, at: AT, by: 'anna' });
const assess = (appetite: 1 | 3, assessedOn: PlainDate, validUntil: PlainDate) =>
  recordAssessment(database.app, { customerRef: anna, appetite, assessedOn, validUntil, by: 'Wang Fang', at: AT });
const offer = (at: Instant = AT): Promise<OutreachResult> =>
  new MockActivityEnvironment({ currentAttemptScheduledTimestampMs: at }, { logger: new DefaultLogger('ERROR') }).run(
    (): Promise<OutreachResult> =>
      journeyMessageActivities({
        database: database.app,
        bank: BANK,
        mail: smtpMailDoor(server.url, 'Test Bank <service@bank.example>'),
        mailDomain: 'bank.example',
        linkSecret: Buffer.alloc(32, 7).toString('base64'),
        webUrl: 'https://bank.example',
      }).sendJourneyMessage({ journeyId, message: 'offer' }),
  );
const recommended = async () => (await readRecommendations(database.app, anna)).map(({ product }) => product);
const letter = () => server.received.map(({ text }) => text).join('\n');

test('an offer that no server took is judged again when it is tried again: what suits no more is not in the letter', async () => {
  await productsThere();
  await assess(3, DATA_UNTIL, plainDate('2027-05-31'));
  server.dropNext(1);
  await expect(offer()).rejects.toThrow('did not take the message');
  await assess(1, TODAY, plainDate('2027-05-31'));
  expect(await offer(TOMORROW)).toMatchObject({ state: 'sent' });
  expect(letter()).toContain('Cash Reserve Fund');
  expect(letter()).not.toContain('Balanced Fund');
  expect(await recommended()).toEqual(['money-market-fund', 'balanced-fund']);
});

test('an offer of which nothing suits any more is not sent after all', async () => {
  await productsThere();
  server.dropNext(1);
  await expect(offer()).rejects.toThrow('did not take the message');
  // the day before was the last on which anything was offered
  await database.owner.query(
    `update product_catalogues set definition = jsonb_set(definition, '{products}', (
       select jsonb_agg(p || '{"validTo": "2026-11-24"}') from jsonb_array_elements(definition -> 'products') p))`,
  );
  expect(await offer(TOMORROW)).toMatchObject({ state: 'withheld', reasons: ['nothing-suits'] });
  expect(server.received).toEqual([]);
  expect(await recommended()).toEqual([null, 'term-deposit-36m']);
});

test('an assessment that runs out between the last day of the data and the letter opens no fund', async () => {
  await productsThere();
  await assess(3, plainDate('2026-01-10'), plainDate('2026-11-23'));
  expect(await offer()).toMatchObject({ state: 'sent' });
  expect(letter()).not.toContain('Fund');
  expect(await recommended()).toEqual(['term-deposit-36m']);
});

test('an assessment of today counts today, though the data end before it', async () => {
  await productsThere();
  await assess(3, TODAY, plainDate('2027-05-31'));
  expect(await offer()).toMatchObject({ state: 'sent' });
  expect(letter()).toContain('Balanced Fund');
});

test('a bank that has published no products sends the offer without one', async () => {
  expect(await offer()).toMatchObject({ state: 'sent' });
  expect(letter()).not.toMatch(/Fund|Deposit|a year/);
  expect(await recommended()).toEqual([]);
});
