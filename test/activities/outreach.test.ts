import { smtpMailDoor, type Delivery, type MailDoor } from '../../activities/mail.js';
import {
  giveUpOutreach,
  NotTaken,
  sendOutreach,
  type OutreachDependencies,
  type OutreachRequest,
} from '../../activities/outreach.js';
import {
  addMillis,
  days,
  instant,
  millis,
  type CampaignRef,
  type ComplaintRef,
  type CustomerRef,
  type MessageClass,
  type PlainDate,
  type TierRef,
  type ZoneId,
} from '../../domain/types.js';
import { complaintResolved, insertComplaint } from '../../store/complaints.js';
import { setConsent } from '../../store/consents.js';
import { lockCustomer } from '../../store/customers.js';
import { Database, timestamp, type Sql } from '../../store/database.js';
import { verifyDecisions } from '../../store/decisions.js';
import { closeJourney, insertJourney } from '../../store/journeys.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { startMailServer, type MailServer } from '../setup/mail-server.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const LATER = addMillis(AT, millis(60_000));
const DAY = '2026-01-12';
const KEY = 'journey:j1:offer';

let database: TestDatabase;
let server: MailServer;
let smtp: MailDoor;
let anna: CustomerRef;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, DAY);
  server = await startMailServer();
  smtp = smtpMailDoor(server.url, 'Test Bank <service@bank.example>');
  anna = await addCustomer(database, { ref: 'canna' });
});
afterEach(async () => {
  // whatever happened in a test, what was decided on Anna is one whole chain
  expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true });
  await server.close();
  await database.drop();
});

const deps = (mail: MailDoor = smtp, sql: Database = database.app): OutreachDependencies => ({
  database: sql,
  bank: { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: AT, anchor: AT, rate: 1 } },
  mail,
  mailDomain: 'bank.example',
});
/** A message to Anna; how often it was composed is counted. */
const compose = jest.fn(async () => ({ subject: 'An offer', html: '<p>Hello</p>', text: 'Hello', headers: {} }));
beforeEach(() => compose.mockClear());
const message = (messageClass: MessageClass, more: Partial<OutreachRequest> = {}): OutreachRequest => ({
  key: KEY,
  customerRef: anna,
  journeyId: null,
  complaintRef: null,
  template: 'suitable-offer',
  messageClass,
  purpose: 'other',
  at: AT,
  compose,
  ...more,
});

/** A mail door that answers as told, without a server. */
const door = (answer: MailDoor['deliver']): MailDoor => ({ deliver: answer });
/** A worker that dies while the mail is under way; whether the server took it nobody knows. */
const dying = door(() => Promise.reject(new Error('the worker died')));
const answering = (delivery: Delivery): MailDoor => door(() => Promise.resolve(delivery));

async function row(key = KEY) {
  const { rows } = await database.owner.query<{
    state: string;
    attempts: number;
    message_id: string;
    reason: string | null;
    server_answer: string | null;
  }>('select state, attempts, message_id, reason, server_answer from outreach where outreach_key = $1', [key]);
  return rows[0];
}
async function decisions(): Promise<string[]> {
  const { rows } = await database.owner.query<{ told: string }>(
    `select decision_key || ' ' || verdict || ' ' || reasons as told from decisions order by sequence`,
  );
  return rows.map(({ told }) => told);
}

async function complain(sql: Sql): Promise<ComplaintRef> {
  await lockCustomer(sql, anna);
  const { complaintRef } = await insertComplaint(sql, {
    complaintKey: 'page:1',
    workflowId: 'complaint:page:1',
    customerRef: anna,
    source: 'page',
    narrative: 'Nobody calls me back.',
    openedAt: AT,
    dueAt: addMillis(AT, days(15)),
    ruleSet: 'cn-2020',
  });
  return complaintRef;
}
const openComplaint = (): Promise<ComplaintRef> => database.app.transaction(complain);

/** Returns when so many connections wait for a lock that another one holds. */
async function blocked(connections: number): Promise<void> {
  for (let look = 0; look < 10_000; look += 1) {
    const { rows } = await database.owner.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows.length >= connections) return;
  }
  throw new Error('nobody waits for a lock: the two transactions did not meet');
}

describe('a message that may go out', () => {
  test.each(['promotional', 'service', 'statutory'] as const)('is sent once: %s', async (messageClass) => {
    const result = await sendOutreach(deps(), message(messageClass));
    expect(result).toEqual({ state: 'sent', reasons: [], unreachable: false });
    expect(server.received).toMatchObject([{ to: 'canna@customers.example', subject: 'An offer', messageClass }]);
    expect(await row()).toMatchObject({ state: 'sent', attempts: 1, reason: null });
    expect(server.received[0]?.messageId).toBe(`<${(await row())?.message_id}>`);
    expect(await decisions()).toEqual([`${KEY} sent []`]);
  });

  test('is not sent again by a retry, which answers what the first attempt answered', async () => {
    const settled = jest.fn(async () => undefined);
    const first = await sendOutreach(deps(), message('promotional', { onSettled: settled }));
    expect(await sendOutreach(deps(), message('promotional', { onSettled: settled, at: LATER }))).toEqual(first);
    expect(server.received).toHaveLength(1);
    expect(compose).toHaveBeenCalledTimes(1);
    expect(settled).toHaveBeenCalledTimes(1);
    expect(await decisions()).toHaveLength(1);
  });

  test('has a Message-ID that names the step, so that two steps are two messages', async () => {
    await sendOutreach(deps(), message('service'));
    await sendOutreach(deps(), message('service', { key: 'journey:j1:survey' }));
    const ids = server.received.map(({ messageId }) => messageId);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^<[0-9a-f]{32}@bank\.example>$/);
  });

  test('is written down together with what belongs to its claim and to its end', async () => {
    const note = (words: string) => async (sql: Sql) => {
      await sql.query(`insert into texts values (gen_random_uuid(), 'canna', $1, $2)`, [words, timestamp(AT)]);
    };
    const told = message('service', { onClaim: note('claimed'), onSettled: note('settled') });
    const looking = door(async () => {
      const { rows } = await database.owner.query<{ body: string }>('select body from texts');
      expect(rows).toEqual([{ body: 'claimed' }]);
      expect(await row()).toMatchObject({ state: 'claimed' });
      return { kind: 'accepted', answer: '250 ok' };
    });
    await sendOutreach(deps(looking), told);
    const { rows } = await database.owner.query<{ body: string }>('select body from texts order by body');
    expect(rows).toEqual([{ body: 'claimed' }, { body: 'settled' }]);
  });

  test('is not claimed, and so not sent, when what belongs to its claim can not be written', async () => {
    const failing = message('service', { onClaim: () => Promise.reject(new Error('no survey')) });
    await expect(sendOutreach(deps(), failing)).rejects.toThrow('no survey');
    expect(await row()).toBeUndefined();
    expect(server.received).toEqual([]);
    await sendOutreach(deps(), message('service'));
    expect(server.received).toHaveLength(1);
  });
});

describe('when the worker dies between the claim and the answer', () => {
  test.each(['promotional', 'service'] as const)('a %s message is left unsure and never sent', async (messageClass) => {
    await expect(sendOutreach(deps(dying), message(messageClass))).rejects.toThrow('the worker died');
    expect(await row()).toMatchObject({ state: 'claimed', attempts: 1 });
    const settled = jest.fn(async () => undefined);
    const unsure = { state: 'unknown', reasons: ['interrupted'], unreachable: false };
    const again = message(messageClass, { at: LATER, onSettled: settled });
    expect(await sendOutreach(deps(), again)).toEqual(unsure);
    expect(await sendOutreach(deps(), again)).toEqual(unsure);
    expect(server.received).toEqual([]);
    expect(await row()).toMatchObject({ state: 'unknown', attempts: 1, reason: 'interrupted' });
    expect(await decisions()).toEqual([`${KEY} unknown ["interrupted"]`]);
    expect(settled.mock.calls).toEqual([[expect.anything(), unsure]]);
  });

  test("the law's letter is sent again under the same Message-ID, so that two copies are seen to be one", async () => {
    const ids: string[] = [];
    const takesAndDies = door(async (mail, deadline) => {
      ids.push(mail.messageId);
      await smtp.deliver(mail, deadline);
      throw new Error('the worker died');
    });
    await expect(sendOutreach(deps(takesAndDies), message('statutory'))).rejects.toThrow('the worker died');
    expect((await sendOutreach(deps(), message('statutory', { at: LATER }))).state).toBe('sent');
    expect(server.received.map(({ messageId }) => messageId)).toEqual([ids[0], ids[0]]);
    expect(await row()).toMatchObject({ state: 'sent', attempts: 2 });
  });

  test('a customer who was sold something by it and complains is still not written to again', async () => {
    await expect(sendOutreach(deps(dying), message('promotional'))).rejects.toThrow();
    await openComplaint();
    expect((await sendOutreach(deps(), message('promotional'))).state).toBe('unknown');
    expect(server.received).toEqual([]);
  });
});

describe('when the line breaks and the server may have the message', () => {
  const broken = answering({ kind: 'unknown', answer: 'ECONNECTION' });

  test.each(['promotional', 'service'] as const)('a %s message counts as unsure, for good', async (messageClass) => {
    const unsure = { state: 'unknown', reasons: ['ECONNECTION'], unreachable: false };
    expect(await sendOutreach(deps(broken), message(messageClass))).toEqual(unsure);
    expect(await sendOutreach(deps(), message(messageClass))).toEqual(unsure);
    expect(server.received).toEqual([]);
  });

  test("the law's letter is tried again until a server says that it has it", async () => {
    await expect(sendOutreach(deps(broken), message('statutory'))).rejects.toThrow(NotTaken);
    await expect(sendOutreach(deps(broken), message('statutory'))).rejects.toThrow(NotTaken);
    expect(await decisions()).toEqual([]);
    expect((await sendOutreach(deps(), message('statutory'))).state).toBe('sent');
    expect(await row()).toMatchObject({ state: 'sent', attempts: 3 });
  });
});

describe('when the server does not take the message now', () => {
  test.each(['promotional', 'service', 'statutory'] as const)('a %s message waits and is sent later', async (asked) => {
    server.dropNext(1);
    await expect(sendOutreach(deps(), message(asked))).rejects.toThrow(
      'the mail server did not take the message (451 to RCPT TO); it will be tried again',
    );
    expect(await row()).toMatchObject({ state: 'waiting', attempts: 1, server_answer: '451 to RCPT TO' });
    const { message_id: first } = (await row()) ?? {};
    expect((await sendOutreach(deps(), message(asked, { at: LATER }))).state).toBe('sent');
    expect(server.received.map(({ messageId }) => messageId)).toEqual([`<${first}>`]);
    expect(await row()).toMatchObject({ state: 'sent', attempts: 2, reason: null });
  });

  test('a complaint that is opened before the next attempt holds the promotion', async () => {
    server.dropNext(1);
    await expect(sendOutreach(deps(), message('promotional'))).rejects.toThrow(NotTaken);
    const complaintRef = await openComplaint();
    const held = { state: 'held', reasons: ['complaint-open'], unreachable: false, until: null, tried: true };
    expect(await sendOutreach(deps(), message('promotional', { at: LATER }))).toEqual(held);
    expect(server.received).toEqual([]);
    await complaintResolved(database.app, complaintRef, 'h7', 'We are sorry.', LATER);
    const after = addMillis(LATER, days(1));
    expect((await sendOutreach(deps(), message('promotional', { at: after }))).state).toBe('sent');
    expect(await decisions()).toEqual([`${KEY}:held:${LATER} held ["complaint-open"]`, `${KEY} sent []`]);
  });
});

describe('a message that the door keeps back', () => {
  test('is held while a complaint is open; each time that it was asked is a fact, and once', async () => {
    await openComplaint();
    const settled = jest.fn(async () => undefined);
    for (const at of [AT, AT, LATER])
      expect((await sendOutreach(deps(), message('promotional', { at, onSettled: settled }))).state).toBe('held');
    expect(await decisions()).toEqual([
      `${KEY}:held:${AT} held ["complaint-open"]`,
      `${KEY}:held:${LATER} held ["complaint-open"]`,
    ]);
    expect(await row()).toMatchObject({ state: 'held', attempts: 0, reason: 'complaint-open' });
    expect(settled).not.toHaveBeenCalled();
    expect(compose).not.toHaveBeenCalled();
    expect((await sendOutreach(deps(), message('service', { key: 'journey:j1:outreach' }))).state).toBe('sent');
  });

  test('is withheld for good without consent, with every reason, though consent comes later', async () => {
    await database.app.transaction((sql) => setConsent(sql, consent(false)));
    await openComplaint();
    const settled = jest.fn(async () => undefined);
    const asked = message('promotional', { onSettled: settled });
    const withheld = {
      state: 'withheld',
      reasons: ['no-promotional-consent', 'complaint-open'],
      unreachable: false,
    };
    expect(await sendOutreach(deps(), asked)).toEqual(withheld);
    await database.app.transaction((sql) => setConsent(sql, consent(true)));
    expect(await sendOutreach(deps(), asked)).toEqual(withheld);
    expect(await row()).toMatchObject({ state: 'withheld', attempts: 0, reason: withheld.reasons.join(', ') });
    expect(settled.mock.calls).toEqual([[expect.anything(), withheld]]);
    expect(server.received).toEqual([]);
  });

  test('is withheld from an erased customer, be it the law that wrote it', async () => {
    await database.owner.query('update customers set erased_at = $1', [timestamp(AT)]);
    const result = await sendOutreach(deps(), message('statutory'));
    expect(result).toEqual({ state: 'withheld', reasons: ['erased'], unreachable: false });
    expect(server.received).toEqual([]);
  });

  test('is withheld when its journey has ended, but not the letter that closes it', async () => {
    const { journeyId } = await admitted(database, anna, DAY, AT);
    await closeJourney(database.app, journeyId, 'retained', 'ended', AT);
    const late = await sendOutreach(deps(), message('service', { journeyId }));
    expect(late).toMatchObject({ state: 'withheld', reasons: ['journey-closed'] });
    const reward = message('service', { journeyId, key: 'journey:j1:reward', afterEnd: true });
    expect((await sendOutreach(deps(), reward)).state).toBe('sent');
  });

  test('is withheld from a customer in credit care, by whatever campaign it is sent', async () => {
    await insertJourney(database.app, {
      customerRef: anna,
      campaignRef: 'credit-care' as CampaignRef,
      version: 1,
      findingId: null,
      asOf: DAY as PlainDate,
      tierRef: 'affluent' as TierRef,
      at: AT,
    });
    const result = await sendOutreach(deps(), message('promotional'));
    expect(result).toMatchObject({ state: 'withheld', reasons: ['credit-care'] });
  });

  test('is withheld for 45 days after credit trouble was found, counted on what the data tell', async () => {
    const found = (day: string) =>
      database.owner.query(
        `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at)
         values ('canna', 'negative-balance', $1, 10, '[]', $2)`,
        [day, timestamp(AT)],
      );
    await found('2025-11-28');
    expect((await sendOutreach(deps(), message('promotional'))).state).toBe('sent');
    await found('2025-11-29');
    const next = await sendOutreach(deps(), message('promotional', { key: 'journey:j1:other' }));
    expect(next).toMatchObject({ state: 'withheld', reasons: ['credit-care'] });
  });

  const consent = (granted: boolean) => ({
    customerRef: anna,
    channel: 'email' as const,
    purpose: 'promotional' as const,
    granted,
    at: AT,
    source: 'page:preferences',
  });
});

describe('a message that is given up', () => {
  const withheld = { state: 'withheld', reasons: ['not-taken-in-time'], unreachable: false };

  test('because no server took it is never sent, though the server is back', async () => {
    server.dropNext(1);
    await expect(sendOutreach(deps(), message('promotional'))).rejects.toThrow(NotTaken);
    expect(await giveUpOutreach(deps(), message('promotional'), 'not-taken-in-time')).toEqual(withheld);
    expect(await sendOutreach(deps(), message('promotional', { at: LATER }))).toEqual(withheld);
    expect(await row()).toMatchObject({ state: 'withheld', reason: 'not-taken-in-time' });
    expect(await decisions()).toEqual([`${KEY} withheld ["not-taken-in-time"]`]);
    expect(server.received).toEqual([]);
  });

  test('before it was ever tried is written down with its reason', async () => {
    const settled = jest.fn(async () => undefined);
    const result = { ...withheld, reasons: ['journey-ending'] };
    const asked = message('promotional', { onSettled: settled });
    expect(await giveUpOutreach(deps(), asked, 'journey-ending')).toEqual(result);
    expect(settled.mock.calls).toEqual([[expect.anything(), result]]);
  });

  test('while an attempt is under way may have been taken, and is said to be unsure', async () => {
    await expect(sendOutreach(deps(dying), message('promotional'))).rejects.toThrow();
    expect((await giveUpOutreach(deps(), message('promotional'), 'journey-ending')).state).toBe('unknown');
    expect(await row()).toMatchObject({ state: 'unknown' });
  });

  test('after it was sent stays sent', async () => {
    const sent = await sendOutreach(deps(), message('promotional'));
    expect(await giveUpOutreach(deps(), message('promotional'), 'journey-ending')).toEqual(sent);
    expect(await row()).toMatchObject({ state: 'sent' });
  });
});

describe('an address', () => {
  test('that refuses mail for good is remembered, and nothing is sent to it again', async () => {
    await database.owner.query(`update customers set email = 'gone@refused.example'`);
    const refused = { state: 'refused', reasons: ['550 to RCPT TO'], unreachable: true };
    expect(await sendOutreach(deps(), message('service'))).toEqual(refused);
    const { rows } = await database.owner.query<{ at: number }>('select email_refused_at as at from customers');
    expect(rows).toEqual([{ at: AT }]);
    const next = message('statutory', { key: 'complaint:k1:acknowledgement', at: LATER });
    expect(await sendOutreach(deps(dying), next)).toEqual({
      state: 'withheld',
      reasons: ['address-refused'],
      unreachable: true,
    });
  });

  test('is not blamed for a text that was refused', async () => {
    const refusing = answering({ kind: 'refused', answer: '554 to DATA', address: false });
    expect(await sendOutreach(deps(refusing), message('service'))).toEqual({
      state: 'refused',
      reasons: ['554 to DATA'],
      unreachable: false,
    });
    const { rows } = await database.owner.query('select 1 from customers where email_refused_at is not null');
    expect(rows).toEqual([]);
    expect((await sendOutreach(deps(), message('service', { key: 'journey:j1:survey' }))).state).toBe('sent');
  });
});

describe('two attempts at once', () => {
  test.each(['promotional', 'service'] as const)('send a %s message once at the most', async (messageClass) => {
    const attempts = Array.from({ length: 5 }, () => sendOutreach(deps(), message(messageClass)));
    await Promise.allSettled(attempts);
    expect(server.received.length).toBeLessThanOrEqual(1);
    expect((await decisions()).length).toBe(1);
    // whatever they answered, from now on there is one answer
    const final = await sendOutreach(deps(), message(messageClass));
    expect(await sendOutreach(deps(), message(messageClass))).toEqual(final);
    expect(server.received.length).toBeLessThanOrEqual(1);
  });

  test.each(['promotional', 'service', 'statutory'] as const)(
    'of which one is overtaken by the other before it holds the customer send a %s message once',
    async (messageClass) => {
      const late = Database.open(database.url, 'app', () => undefined);
      const begin = late.transaction.bind(late);
      // the late attempt has asked whether the message was answered; meanwhile the other one sends it
      jest.spyOn(late, 'transaction').mockImplementationOnce(async (work) => {
        await sendOutreach(deps(), message(messageClass));
        return begin(work);
      });
      const result = await sendOutreach(deps(smtp, late), message(messageClass)).finally(() => late.close());
      expect(result).toEqual({ state: 'sent', reasons: [], unreachable: false });
      expect(server.received).toHaveLength(1);
    },
  );

  const unsure = { state: 'unknown', reasons: ['interrupted'], unreachable: false };
  test.each<Delivery>([
    { kind: 'accepted', answer: '250 ok' },
    { kind: 'refused', answer: '554 to DATA', address: false },
    { kind: 'unknown', answer: 'ECONNECTION' },
  ])(
    'have one answer: that of the later one, which found the earlier at work, whatever it hears: %j',
    async (heard) => {
      const slow = door(async () => {
        expect(await sendOutreach(deps(), message('promotional'))).toEqual(unsure);
        return heard;
      });
      expect(await sendOutreach(deps(slow), message('promotional'))).toEqual(unsure);
      expect(await row()).toMatchObject({ state: 'unknown', attempts: 1 });
      expect(server.received).toEqual([]);
    },
  );

  test('do not bring back to life a message that was given up as unsure', async () => {
    const slow = door(async () => {
      expect(await sendOutreach(deps(), message('promotional'))).toEqual(unsure);
      return { kind: 'later', answer: '451 to DATA' };
    });
    await expect(sendOutreach(deps(slow), message('promotional'))).rejects.toThrow(NotTaken);
    expect(await row()).toMatchObject({ state: 'unknown' });
    expect(await sendOutreach(deps(), message('promotional'))).toEqual(unsure);
  });

  test("of the law's letter may both go out, as copies of one message, and are settled once", async () => {
    const slow = door(async (mail, deadline) => {
      expect((await sendOutreach(deps(), message('statutory'))).state).toBe('sent');
      return smtp.deliver(mail, deadline);
    });
    expect((await sendOutreach(deps(slow), message('statutory'))).state).toBe('sent');
    expect(new Set(server.received.map(({ messageId }) => messageId)).size).toBe(1);
    expect(await decisions()).toEqual([`${KEY} sent []`]);
  });

  test('of which one learns that the address is dead leave that known', async () => {
    const slow = door(async () => {
      await sendOutreach(deps(), message('service'));
      return { kind: 'refused', answer: '550 to RCPT TO', address: true };
    });
    await sendOutreach(deps(slow), message('service'));
    const { rows } = await database.owner.query('select 1 from customers where email_refused_at is not null');
    expect(rows).toHaveLength(1);
  });
});

describe('a complaint and a promotion at the same time', () => {
  test('the complaint is first: the promotion waits for its commit, and is held', async () => {
    let sending: ReturnType<typeof sendOutreach> | undefined;
    await database.app.transaction(async (sql) => {
      await complain(sql);
      sending = sendOutreach(deps(), message('promotional'));
      await blocked(1);
      expect(await row()).toBeUndefined();
    });
    expect(await sending).toMatchObject({ state: 'held', reasons: ['complaint-open'] });
    expect(server.received).toEqual([]);
  });

  test('the promotion is first: the complaint waits for its claim, and the next promotion is held', async () => {
    const order: string[] = [];
    let complaining: Promise<unknown> | undefined;
    const request = message('promotional', {
      onClaim: async () => {
        complaining = openComplaint().then(() => order.push('complaint'));
        await blocked(1);
        order.push('claim');
      },
    });
    expect((await sendOutreach(deps(), request)).state).toBe('sent');
    await complaining;
    expect(order).toEqual(['claim', 'complaint']);
    const next = await sendOutreach(deps(), message('promotional', { key: 'journey:j1:other', at: LATER }));
    expect(next.state).toBe('held');
    expect(server.received).toHaveLength(1);
  });

  test('an opt-out that commits first is heard', async () => {
    let sending: ReturnType<typeof sendOutreach> | undefined;
    await database.app.transaction(async (sql) => {
      const no = { customerRef: anna, channel: 'email', purpose: 'promotional', granted: false } as const;
      await setConsent(sql, { ...no, at: AT, source: 'page:unsubscribe' });
      sending = sendOutreach(deps(), message('promotional'));
      await blocked(1);
    });
    expect(await sending).toMatchObject({ state: 'withheld', reasons: ['no-promotional-consent'] });
    expect(server.received).toEqual([]);
  });

  test('of twenty races none is lost: no promotion is claimed after the complaint was there', async () => {
    for (let race = 0; race < 20; race += 1) {
      const complaint = openComplaint();
      const key = `journey:race:${race}`;
      const taken = answering({ kind: 'accepted', answer: '250 ok' });
      const [{ state }] = await Promise.all([sendOutreach(deps(taken), message('promotional', { key })), complaint]);
      // both read the wall while they hold Anna's row, so the order of these instants is that of their commits
      const { rows } = await database.owner.query(
        `select 1 from outreach, complaints where outreach_key = $1 and state = 'sent' and claimed_wall > opened_wall`,
        [key],
      );
      expect({ race, state, late: rows.length }).toEqual({ race, state, late: 0 });
      await database.owner.query('delete from complaints');
    }
  });
});
