import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger, type LogEntry } from '@temporalio/worker';
import { smtpMailDoor, type MailDoor } from '../../activities/mail.js';
import type * as templates from '../../activities/message-templates.js';
import { renderMessage, templateExists } from '../../activities/message-templates.js';
import { MAX_NOT_TAKEN, pointsActivities, type PointsActivities, type PointsNoticed } from '../../activities/points.js';
import { readProgramme } from '../../domain/points-programme.js';
import { addDays, instant, points, type CustomerRef, type PlainDate, type ZoneId } from '../../domain/types.js';
import { timestamp } from '../../store/database.js';
import { verifyDecisions } from '../../store/decisions.js';
import { customerAccount, heldAccount, issuanceFor, ledgerBalance, post, postAll } from '../../store/ledger.js';
import { publishProgramme } from '../../store/points-programmes.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { startMailServer, type MailServer } from '../setup/mail-server.js';
import { addCustomer, book, smallBank } from '../setup/small-bank.js';

/** Languages whose template is faulty meanwhile: the shipped ones are not, and the installation has no others. */
const mockFaulty = new Set<string>();
jest.mock('../../activities/message-templates.js', () => {
  const real = jest.requireActual<typeof templates>('../../activities/message-templates.js');
  const renderMessage: typeof real.renderMessage = (request) => {
    if (mockFaulty.has(request.language)) throw new real.TemplateError('it is faulty');
    return real.renderMessage(request);
  };
  return { ...real, renderMessage };
});

const AT = instant(Date.UTC(2026, 10, 24, 2));
const DAY = '2026-11-24' as PlainDate;
const BANK = { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: AT, anchor: AT, rate: 1 } };
const TERMS = `
programme: test-points
currency: CNY
since: 2026-11-01
rules:
  - { rule: cards, direction: spent, categories: [card], pointsPer: 10, monthlyCap: 1000 }
validityMonths: 12
noticeBefore: 30 days
`;

let database: TestDatabase;
let server: MailServer;
let anna: CustomerRef;
beforeEach(async () => {
  database = await freshDatabase();
  server = await startMailServer();
  await smallBank(database, BANK.clock, DAY);
  anna = await addCustomer(database, { ref: 'canna' });
  const reading = readProgramme(TERMS, 'p.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  await publishProgramme(database.app, { definition: reading.definition, sourceText: TERMS, at: AT, by: 'test' });
});
afterEach(async () => {
  mockFaulty.clear();
  logged.length = 0;
  expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true });
  await server.close();
  await database.drop();
});

const activities = (mail: MailDoor = smtpMailDoor(server.url, 'Test Bank <service@bank.example>')): PointsActivities =>
  pointsActivities({
    database: database.app,
    bank: BANK,
    mail,
    mailDomain: 'bank.example',
    linkSecret: Buffer.alloc(32, 7).toString('base64'),
    webUrl: 'https://bank.example',
  });
/** What the log was told. */
const logged: LogEntry[] = [];
/** An activity's surroundings; every attempt is handed out at this instant. */
const attempt = (): MockActivityEnvironment =>
  new MockActivityEnvironment(
    { currentAttemptScheduledTimestampMs: AT },
    { logger: new DefaultLogger('WARN', (entry) => logged.push(entry)) },
  );
const notice = (asOf: string = DAY, mail?: MailDoor): Promise<PointsNoticed> =>
  attempt().run(() => activities(mail).noticeExpiringPoints({ asOf: asOf as PlainDate }));

let keys = 0;
const give = (ref: CustomerRef, amount: number, expiresOn: string | null) =>
  post(database.app, {
    key: `k${(keys += 1)}`,
    kind: 'earn',
    from: issuanceFor('transactions'),
    to: customerAccount(ref),
    amount: points(amount),
    memo: 'cards',
    at: AT,
    expiresOn: expiresOn as PlainDate | null,
  });
const order = (ref: CustomerRef, amount: number) =>
  post(database.app, {
    key: `k${(keys += 1)}`,
    kind: 'hold',
    from: customerAccount(ref),
    to: heldAccount(ref),
    amount: points(amount),
    memo: 'order',
    at: AT,
  });
const nobody: PointsNoticed = { sent: 0, notSent: 0, waiting: 0, notWritten: 0 };

describe('a customer whose points expire soon', () => {
  test('gets one letter for each day of expiry, with how many and until when, however often the round runs', async () => {
    await give(anna, 1200, '2026-11-30');
    await give(anna, 34, '2026-11-30');
    await give(anna, 500, '2026-12-31');
    expect(await notice()).toEqual({ ...nobody, sent: 1 });
    expect(await notice()).toEqual(nobody);
    expect(server.received).toHaveLength(1);
    expect(server.received[0]).toMatchObject({
      to: 'canna@customers.example',
      messageClass: 'service',
      subject: '1,234 of your points can be spent until 30 November 2026',
    });
    expect(server.received[0]?.text).toContain('https://bank.example/preferences/');
    // thirty days before the next ones
    expect(await notice('2026-11-30')).toEqual(nobody);
    expect(await notice('2026-12-01')).toEqual({ ...nobody, sent: 1 });
    expect(server.received[1]?.subject).toBe('500 of your points can be spent until 31 December 2026');
  });

  test('is written to in their own language', async () => {
    await database.owner.query(`update customers set language = 'zh-CN'`);
    await give(anna, 1200, '2026-11-30');
    await notice();
    expect(server.received[0]?.subject).toBe('您有 1,200 积分将于2026年11月30日到期');
  });

  test('is not written to about points that were spent, that are good for longer, or whose day is over', async () => {
    await give(anna, 100, '2026-11-30');
    await order(anna, 100);
    await give(anna, 100, addDays(DAY, 31));
    await give(anna, 100, null);
    const ben = await addCustomer(database, { ref: 'cben' });
    await give(ben, 100, '2026-11-23');
    expect(await notice()).toEqual(nobody);
    await give(ben, 70, addDays(DAY, 30));
    expect(await notice()).toEqual({ ...nobody, sent: 1 });
    expect(server.received[0]?.subject).toMatch(/^70 of/);
  });

  test('need not have agreed to promotions; one who was erased gets no letter, and that is written down', async () => {
    const ben = await addCustomer(database, { ref: 'cben' });
    await database.owner.query('update consents set granted = false');
    await give(anna, 100, '2026-11-30');
    await give(ben, 100, '2026-11-30');
    await database.owner.query(`update customers set erased_at = $1 where customer_ref = 'cben'`, [timestamp(AT)]);
    expect(await notice()).toEqual({ ...nobody, sent: 1, notSent: 1 });
    const { rows } = await database.app.query<object>(
      `select verdict, reasons, saw ->> 'template' as template from decisions where customer_ref = 'cben'`,
    );
    expect(rows).toEqual([{ verdict: 'withheld', reasons: ['erased'], template: 'points-expire' }]);
    expect(await notice()).toEqual(nobody);
  });

  test('gets the letter by the next round when the server does not take it now, and the others get theirs', async () => {
    const ben = await addCustomer(database, { ref: 'cben' });
    await give(anna, 100, '2026-11-30');
    await give(ben, 100, '2026-11-30');
    server.dropNext(1);
    expect(await notice()).toEqual({ ...nobody, sent: 1, waiting: 1 });
    expect(await notice('2026-11-25')).toEqual({ ...nobody, sent: 1 });
    expect(server.received.map(({ to }) => to).sort()).toEqual(['canna@customers.example', 'cben@customers.example']);
  });

  test('hears of it behind a long row of others whose letters no server takes, or cannot be written', async () => {
    await many(MAX_NOT_TAKEN + 10);
    await database.owner.query(`update customers set language = 'zh-CN' where customer_ref like 'cmany%'`);
    mockFaulty.add('zh-CN');
    const late = await addCustomer(database, { ref: 'cz' });
    for (let n = 0; n < 30; n += 1) await give(await addCustomer(database, { ref: `cfull${n}` }), 10, '2026-11-30');
    await give(late, 10, '2026-11-30');
    const full: MailDoor = {
      deliver: async ({ to }) =>
        to.startsWith('cfull') ? { kind: 'later', answer: '452 mailbox full' } : { kind: 'accepted', answer: '250' },
    };
    expect(await notice(DAY, full)).toEqual({ ...nobody, sent: 1, waiting: 30, notWritten: MAX_NOT_TAKEN + 10 });
    // one template, one line, and nobody is named in it
    expect(logged).toMatchObject([{ level: 'ERROR', meta: { template: 'points-expire', fault: 'it is faulty' } }]);
    expect(logged[0]?.message).not.toMatch(/cmany|Zhang/);
  });

  test('is one of many: when no server takes anything the round stops trying, tells how many wait, and loses nobody', async () => {
    await many(MAX_NOT_TAKEN + 10);
    let tries = 0;
    const away: MailDoor = {
      deliver: async () => {
        tries += 1;
        return { kind: 'later', answer: 'ECONNREFUSED' };
      },
    };
    expect(await notice(DAY, away)).toEqual({ ...nobody, waiting: MAX_NOT_TAKEN + 10 });
    expect(tries).toBe(MAX_NOT_TAKEN);
    const back: MailDoor = { deliver: async () => ({ kind: 'accepted', answer: '250' }) };
    expect(await notice('2026-11-25', back)).toEqual({ ...nobody, sent: MAX_NOT_TAKEN + 10 });
  });
});

/** So many customers, each with points that expire soon. */
async function many(customers: number): Promise<void> {
  const { rows } = await database.owner.query<{ ref: CustomerRef }>(
    `insert into customers (customer_ref, source, source_id, name, email, language, zone, branch_ref, customer_since)
     select 'cmany' || n, 'test', 'many' || n, 'Zhang Wei', 'many' || n || '@customers.example', 'en', 'Asia/Shanghai', 'b1',
            '2025-01-01' from generate_series(1, $1) n
     returning customer_ref as ref`,
    [customers],
  );
  await postAll(
    database.app,
    rows.map(({ ref }) => ({
      key: `many:${ref}`,
      kind: 'earn',
      from: issuanceFor('transactions'),
      to: customerAccount(ref),
      amount: points(10),
      memo: 'cards',
      expiresOn: '2026-11-30' as PlainDate,
    })),
    AT,
  );
}

test('what is earned and what expires is told in a form that Temporal can carry', async () => {
  await book(database, anna, '2026-11-03', -100_00n, 'card');
  await give(anna, 7, '2026-10-31');
  const { earnPoints, expirePoints } = activities();
  expect(await attempt().run(() => earnPoints({ asOf: DAY }))).toEqual({ lookedAt: 3, points: '10', capped: 0 });
  expect(await attempt().run(() => expirePoints({ asOf: DAY }))).toEqual({ customers: 1, points: '7' });
  expect(await attempt().run(() => earnPoints({ asOf: DAY }))).toEqual({ lookedAt: 0, points: '0', capped: 0 });
  expect(await attempt().run(() => expirePoints({ asOf: DAY }))).toEqual({ customers: 0, points: '0' });
  expect(await ledgerBalance(database.app, customerAccount(anna))).toBe(10n);
});

test.each(['en', 'zh-CN'] as const)('the letter about points in %s is escaped, and sells nothing', (language) => {
  expect(templateExists('points-expire')).toBe(true);
  const data = {
    customer: { name: '<b>x</b>' },
    bank: { name: 'Test Bank' },
    points: 1200n,
    expiry: { on: '30 November 2026' },
  };
  const { html, text } = renderMessage({ template: 'points-expire', language, data });
  expect(html).toContain('&lt;b&gt;x');
  expect(text).toContain('<b>x');
  expect(html).not.toMatch(/offer|unsubscribe|优惠/i);
});

test('what is wrong with a template is told without what the customer’s data are', () => {
  const data = { customer: { name: 'x' }, bank: { name: 'x' }, points: 'Zhang Wei' as unknown as bigint };
  const write = () => renderMessage({ template: 'points-expire', language: 'en', data });
  expect(write).toThrow('"number" is for whole numbers only');
  expect(write).not.toThrow(/Zhang/);
});
