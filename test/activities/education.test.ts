import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger, type LogEntry } from '@temporalio/worker';
import { educationActivities, MAX_LETTERS_NOT_TAKEN, type LettersSent } from '../../activities/education.js';
import { smtpMailDoor, type MailDoor } from '../../activities/mail.js';
import type * as templates from '../../activities/message-templates.js';
import { renderMessage, templateExists } from '../../activities/message-templates.js';
import { readLink } from '../../config/links.js';
import type { EventRef } from '../../domain/event-seats.js';
import { addMillis, instant, millis, type CustomerRef, type Instant, type ZoneId } from '../../domain/types.js';
import { verifyDecisions } from '../../store/decisions.js';
import { cancelEvent, cancelRsvp, rsvp, setSeats } from '../../store/events.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { startMailServer, type MailServer } from '../setup/mail-server.js';
import { announce, guests } from '../setup/salon.js';
import { smallBank } from '../setup/small-bank.js';

/** Templates that are faulty meanwhile. */
const mockFaulty = new Set<string>();
jest.mock('../../activities/message-templates.js', () => {
  const real = jest.requireActual<typeof templates>('../../activities/message-templates.js');
  const renderMessage: typeof real.renderMessage = (request) => {
    if (mockFaulty.has(request.template)) throw new real.TemplateError('it is faulty');
    return real.renderMessage(request);
  };
  return { ...real, renderMessage };
});

/** Tuesday 24 November 2026, 10:00 in Shanghai; the salon is on Friday 4 December at 10:00. */
const AT = instant(Date.UTC(2026, 10, 24, 2));
const HOUR = 3_600_000;
const later = (hours: number): Instant => addMillis(AT, millis(hours * HOUR));
const SECRET = Buffer.alloc(32, 7).toString('base64');
const BANK = { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: AT, anchor: AT, rate: 1 } };

let database: TestDatabase;
let server: MailServer;
let salon: EventRef;
let anna: CustomerRef, ben: CustomerRef, cara: CustomerRef;
beforeEach(async () => {
  database = await freshDatabase();
  server = await startMailServer();
  await smallBank(database, BANK.clock, '2026-11-24');
  [anna, ben, cara] = (await guests(database, 3)) as [CustomerRef, CustomerRef, CustomerRef];
  salon = await announce(database, AT, { seats: 2 });
});
afterEach(async () => {
  mockFaulty.clear();
  logged.length = 0;
  expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true });
  await server.close();
  await database.drop();
});

/** What the log was told. */
const logged: LogEntry[] = [];
const sweep = (at: Instant = AT, mail: MailDoor = smtpMailDoor(server.url, 'Test Bank <service@bank.example>')) =>
  new MockActivityEnvironment(
    { currentAttemptScheduledTimestampMs: at },
    { logger: new DefaultLogger('WARN', (entry) => logged.push(entry)) },
  ).run((): Promise<LettersSent> =>
    educationActivities({
      database: database.app,
      bank: BANK,
      mail,
      mailDomain: 'bank.example',
      linkSecret: SECRET,
      webUrl: 'https://bank.example',
    }).sendEventLetters(),
  );
const come = (customerRef: CustomerRef, at = AT) => rsvp(database.app, { eventRef: salon, customerRef, at });
const giveUp = (customerRef: CustomerRef, at = AT) => cancelRsvp(database.app, { eventRef: salon, customerRef, at });
const subjects = () => server.received.map(({ to, subject }) => `${to.split('@')[0]}: ${subject}`).sort();
const none: LettersSent = { sent: 0, notSent: 0, obsolete: 0, waiting: 0, notWritten: 0, heldUntil: null };

describe('letters about a salon', () => {
  test('tell each customer once what they have, whoever was promoted, and with a link that opens their page', async () => {
    for (const guest of [anna, ben, cara]) await come(guest);
    expect(await sweep()).toEqual({ ...none, sent: 3 });
    expect(subjects()).toEqual([
      'cg1: Your seat: Tea and markets',
      'cg2: Your seat: Tea and markets',
      'cg3: You are on the waiting list: Tea and markets',
    ]);
    const { text, messageClass } = server.received.find(({ to }) => to.startsWith('cg1')) ?? {
      text: '',
      messageClass: '',
    };
    expect(messageClass).toBe('service');
    expect(text).toContain('Friday, 4 December 2026 at 10:00 GMT+8');
    expect(text).toContain('Branch Centre');
    const token = /https:\/\/bank\.example\/events\/(\S+)/.exec(text)?.[1] ?? '';
    expect(readLink(SECRET, 'events', token, AT)).toMatchObject({
      ok: true,
      subject: expect.stringMatching(/^cg/) as string,
    });

    await giveUp(anna);
    expect(await sweep(later(1))).toEqual({ ...none, sent: 1 });
    expect(subjects()).toContain('cg3: A seat is free for you: Tea and markets');
    expect(await sweep(later(2))).toEqual(none);
    expect(server.received).toHaveLength(4);
  });

  test('of three who are promoted at once reach exactly these three, once, however often the round runs', async () => {
    const crowd = await guests(database, 12, 'cx');
    for (const guest of crowd) await come(guest);
    await Promise.all([
      giveUp(crowd[0] as CustomerRef),
      giveUp(crowd[1] as CustomerRef),
      setSeats(database.app, { eventRef: salon, seats: 3, at: AT }),
    ]);
    await sweep();
    await sweep();
    const told = subjects().filter((line) => line.includes('A seat is free'));
    expect(told.map((line) => line.split(':')[0])).toEqual(['cx3', 'cx4', 'cx5']);
  });

  test('that are not true any more are not sent: a seat given up, a place in line that became a seat, an event that began', async () => {
    for (const guest of [anna, ben, cara]) await come(guest);
    await giveUp(anna);
    expect(await sweep()).toEqual({ ...none, sent: 2, obsolete: 2 });
    expect(subjects()).toEqual(['cg2: Your seat: Tea and markets', 'cg3: A seat is free for you: Tea and markets']);
    await come(anna);
    expect(await sweep(later(240))).toEqual({ ...none, obsolete: 1 });
    expect(await sweep(later(241))).toEqual(none);
  });

  test('that are true no more when it is their turn are not sent either, though they were when the sweep began', async () => {
    const hall = await announce(database, AT, { seats: 20 });
    const crowd = await guests(database, 6, 'cx');
    for (const guest of crowd) await rsvp(database.app, { eventRef: hall, customerRef: guest, at: AT });
    const [first, last] = [crowd[0], crowd[5]] as [CustomerRef, CustomerRef];
    const door = smtpMailDoor(server.url, 'Test Bank <service@bank.example>');
    const mail: MailDoor = {
      deliver: async (letter, deadline) => {
        if (letter.to.startsWith(first)) await cancelRsvp(database.app, { eventRef: hall, customerRef: last, at: AT });
        return door.deliver(letter, deadline);
      },
    };
    expect(await sweep(AT, mail)).toEqual({ ...none, sent: 5, obsolete: 1 });
    expect(subjects().map((line) => line.split(':')[0])).toEqual(crowd.slice(0, 5));
    const { rows } = await database.owner.query<object>(
      `select l.outcome, d.verdict, d.reasons from event_letters l join decisions d using (customer_ref)
        where l.customer_ref = $1`,
      [last],
    );
    expect(rows).toEqual([{ outcome: 'obsolete', verdict: 'withheld', reasons: ['obsolete'] }]);
    expect(await sweep(later(1))).toEqual(none);
  });

  test('that can not be written are counted apart, and the log says once for each template what is wrong with it', async () => {
    for (const guest of [anna, ben, cara]) await come(guest);
    mockFaulty.add('event-confirmed');
    expect(await sweep()).toEqual({ ...none, sent: 1, notWritten: 2 });
    expect(logged).toMatchObject([{ level: 'ERROR', meta: { template: 'event-confirmed', fault: 'it is faulty' } }]);
    expect(JSON.stringify(logged.map(({ message }) => message))).not.toMatch(/cg1|Zhang/);
    mockFaulty.clear();
    expect(await sweep(later(1))).toEqual({ ...none, sent: 2 });
  });

  test('come again to who comes back after cancelling: it is another answer', async () => {
    await come(anna);
    await sweep();
    await giveUp(anna);
    await come(anna);
    expect(await sweep()).toEqual({ ...none, sent: 1 });
    expect(subjects()).toEqual(['cg1: Your seat: Tea and markets', 'cg1: Your seat: Tea and markets']);
  });

  test('remind two days before and on the day, once each, and only those with a seat who have not just got it', async () => {
    await come(anna);
    await come(ben);
    await come(cara);
    await sweep();
    server.received.length = 0;
    // 1 December, 20:00; 2 December, 06:00, when nobody is written to; 08:00
    expect(await sweep(later(178))).toEqual(none);
    expect(await sweep(later(188))).toEqual({ ...none, waiting: 2, heldUntil: later(190) });
    expect(await sweep(later(189))).toEqual({ ...none, heldUntil: later(190) });
    expect(await sweep(later(190))).toEqual({ ...none, sent: 2 });
    expect(await sweep(later(191))).toEqual(none);
    await giveUp(ben, later(200));
    expect(await sweep(later(201))).toEqual({ ...none, sent: 1 });
    server.received.length = 0;
    // 4 December, 08:30
    expect(await sweep(later(238.5))).toEqual({ ...none, sent: 2 });
    expect(subjects().map((line) => line.slice(0, 13))).toEqual(['cg1: Reminder', 'cg3: Reminder']);
    expect(await sweep(later(239))).toEqual(none);
    expect(server.received).toHaveLength(2);
  });

  test('say that it is called off, to those with a seat and those who wait', async () => {
    for (const guest of [anna, ben, cara]) await come(guest);
    await sweep();
    server.received.length = 0;
    await cancelEvent(database.app, { eventRef: salon, at: later(3) });
    expect(await sweep(later(3))).toEqual({ ...none, sent: 3 });
    expect(subjects()).toEqual([anna, ben, cara].map((guest) => `${guest}: Cancelled: Tea and markets`));
    expect(await sweep(later(190))).toEqual(none);
  });

  test('are in the customer’s language, need no consent to promotions, and do not reach who was erased', async () => {
    await database.owner.query(`update customers set language = 'zh-CN' where customer_ref = $1`, [anna]);
    await come(anna);
    await come(ben);
    await database.owner.query('update customers set erased_at = now() where customer_ref = $1', [ben]);
    expect(await sweep()).toEqual({ ...none, sent: 1, notSent: 1 });
    expect(subjects()).toEqual(['cg1: 席位已为您保留：茶与市场']);
    expect(server.received[0]?.text).toContain('2026年12月4日');
    const { rows } = await database.owner.query<object>(`select outcome from event_letters order by letter_id`);
    expect(rows).toEqual([{ outcome: 'sent' }, { outcome: 'withheld' }]);
    expect(await sweep()).toEqual(none);
  });

  test('that the server does not take wait for the next round, and one that is away is not asked for ever', async () => {
    await come(anna);
    await come(ben);
    server.dropNext(1);
    expect(await sweep()).toEqual({ ...none, sent: 1, waiting: 1 });
    expect(await sweep(later(1))).toEqual({ ...none, sent: 1 });
    const crowd = await guests(database, MAX_LETTERS_NOT_TAKEN + 8, 'cy');
    const hall = await announce(database, AT, { seats: 2_000 });
    await database.owner.query(
      `insert into event_rsvps (event_ref, customer_ref, state, position, rsvp_at, seated_at)
       select $1, c, 'seated', n, $3, $3 from unnest($2::text[]) with ordinality as t (c, n)`,
      [hall, crowd, new Date(AT)],
    );
    await database.owner.query(
      `insert into event_letters (event_ref, customer_ref, what, answer, owed_at)
       select event_ref, customer_ref, 'confirmed', 1, $2 from event_rsvps where event_ref = $1`,
      [hall, new Date(AT)],
    );
    let tries = 0;
    const away: MailDoor = {
      deliver: async () => {
        tries += 1;
        return { kind: 'later', answer: 'ECONNREFUSED' };
      },
    };
    expect(await sweep(later(2), away)).toEqual({ ...none, waiting: crowd.length });
    expect(tries).toBe(MAX_LETTERS_NOT_TAKEN);
    const back: MailDoor = { deliver: async () => ({ kind: 'accepted', answer: '250' }) };
    expect(await sweep(later(3), back)).toEqual({ ...none, sent: crowd.length });
  }, 60_000);
});

test.each(['en', 'zh-CN'] as const)(
  'the letters in %s are escaped, sell nothing and name the place or the address',
  (language) => {
    const data = {
      customer: { name: '<b>x</b>' },
      bank: { name: 'Test Bank' },
      links: { events: 'https://bank.example/events/t', learn: 'https://bank.example/learn/t' },
      event: { title: '<i>Tea</i>', startsAt: 'Friday', joinUrl: 'https://meet.example/x' },
      course: { title: '<i>Tiers</i>', minutes: 11 },
    };
    for (const template of [
      'event-confirmed',
      'event-waiting',
      'event-promoted',
      'event-reminder',
      'event-cancelled',
      'course-invitation',
    ]) {
      expect(templateExists(template)).toBe(true);
      const { html, text } = renderMessage({ template, language, data });
      expect(html).toContain('&lt;b&gt;x');
      expect(html).toContain('&lt;i&gt;T');
      expect(html).not.toMatch(/<i>|unsubscribe|优惠/i);
      expect(text).toContain('<b>x');
      const isToCome = ['event-confirmed', 'event-promoted', 'event-reminder'].includes(template);
      expect(text.includes('https://meet.example/x')).toBe(isToCome);
      if (!isToCome) continue;
      const there = { ...data, event: { title: 'Tea', startsAt: 'Friday', place: 'Hall 3' } };
      expect(renderMessage({ template, language, data: there }).html).toContain('Hall 3');
    }
  },
);
