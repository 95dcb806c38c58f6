import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { creditLetterData } from '../../activities/credit-letter.js';
import { journeyMessageActivities } from '../../activities/journey-messages.js';
import { smtpMailDoor } from '../../activities/mail.js';
import { LANGUAGES, renderMessage } from '../../activities/message-templates.js';
import {
  adviceIn,
  CREDIT_STANDINGS,
  creditWarning,
  INDEPENDENT_ADVICE,
  type CreditFacts,
} from '../../domain/credit-standing.js';
import {
  instant,
  plainDate,
  type CampaignRef,
  type CustomerRef,
  type JourneyId,
  type ManagerRef,
  type TierRef,
  type ZoneId,
} from '../../domain/types.js';
import { creditReasons } from '../../store/credit-standing.js';
import { assignJourney, insertJourney } from '../../store/journeys.js';
import { verifyDecisions } from '../../store/decisions.js';
import { proposeRepaymentPlan } from '../../store/plan-proposals.js';
import { agreePlan } from '../../store/repayment-plans.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { startMailServer, type MailServer } from '../setup/mail-server.js';
import { addDebtor, bookOnCard, proposalOf } from '../setup/plans.js';
import { book, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const DAY = plainDate('2026-01-11');
const BANK = { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: AT, anchor: AT, rate: 1 } };
const fine: CreditFacts = {
  daysBelowZero: 0,
  penaltyInterest: false,
  limitUsedBp: null,
  missedInstalments: 0,
  planBroken: false,
};

describe('why a standing is about to fall', () => {
  test.each<[string, Partial<CreditFacts>, string, string[]]>([
    ['nothing is the matter', {}, 'good', []],
    ['a card at four fifths is not nearly used up', { limitUsedBp: 8_000 }, 'good', []],
    ['a card above it is', { limitUsedBp: 8_001 }, 'watched', ['limit-nearly-used']],
    ['a card at its limit is', { limitUsedBp: 10_000 }, 'watched', ['limit-nearly-used']],
    ['a card above its limit is worse', { limitUsedBp: 10_001 }, 'restricted', ['limit-exceeded']],
    ['a day below zero', { daysBelowZero: 1 }, 'watched', ['account-below-zero']],
    ['half a month below zero', { daysBelowZero: 15 }, 'restricted', ['account-long-below-zero']],
    ['interest for it', { penaltyInterest: true }, 'watched', ['penalty-interest-charged']],
    ['a missed instalment', { missedInstalments: 1 }, 'restricted', ['instalments-unpaid']],
    ['a broken plan', { missedInstalments: 3, planBroken: true }, 'suspended', ['plan-not-kept']],
    [
      'the worst counts, and all are told',
      { daysBelowZero: 2, limitUsedBp: 12_000 },
      'restricted',
      ['account-below-zero', 'limit-exceeded'],
    ],
  ])('%s', (_what, seen, standing, reasons) => {
    expect(creditWarning({ ...fine, ...seen })).toMatchObject({ standing, reasons });
  });

  test('a lower standing loses what those above it lose, and more', () => {
    const lost = [{}, { daysBelowZero: 1 }, { daysBelowZero: 20 }, { planBroken: true }].map(
      (seen) => creditWarning({ ...fine, ...seen }).changes,
    );
    expect(lost.map(({ length }) => length)).toEqual([0, 2, 4, 6]);
    expect(lost[3]?.slice(0, 4)).toEqual(lost[2]);
    expect(CREDIT_STANDINGS).toHaveLength(lost.length);
  });

  test('to use less of the limit helps those who use it, and the rest helps everybody', () => {
    const helps = (seen: Partial<CreditFacts>) => creditWarning({ ...fine, ...seen }).helps;
    expect(helps({ daysBelowZero: 1 })).toEqual(['help-pay-on-time', 'help-check-the-account', 'help-talk-to-us']);
    expect(helps({ limitUsedBp: 9_000 })).toContain('help-use-less-of-the-limit');
  });

  test('independent advice is named for each jurisdiction in both languages, and for an unknown one none', () => {
    for (const jurisdiction of ['CN', 'CZ', 'GB', 'US'])
      for (const language of LANGUAGES) expect(adviceIn(jurisdiction, language)[0]?.contact).toMatch(/\d{5}|www\./);
    expect(adviceIn('XX', 'en')).toEqual([]);
    expect(INDEPENDENT_ADVICE.every(({ name }) => name.en !== '' && name['zh-CN'] !== '')).toBe(true);
  });
});

describe('a customer', () => {
  let database: TestDatabase;
  let server: MailServer;
  let li: CustomerRef;
  let care: JourneyId;
  beforeEach(async () => {
    database = await freshDatabase();
    await smallBank(database, BANK.clock, DAY);
    server = await startMailServer();
    li = await addDebtor(database, { ref: 'cli' });
    const journey = await insertJourney(database.owner, {
      customerRef: li,
      campaignRef: 'credit-care' as CampaignRef,
      version: 1,
      findingId: null,
      asOf: DAY,
      tierRef: 'affluent' as TierRef,
      at: AT,
    });
    if (!journey) throw new Error('the journey of credit care was not admitted');
    care = journey;
    await assignJourney(database.owner, care, 'm1' as ManagerRef);
  });
  afterEach(async () => {
    expect(await verifyDecisions(database.app, li)).toMatchObject({ whole: true });
    await server.close();
    await database.drop();
  });

  const seen = async (asOf = DAY): Promise<CreditFacts> => (await creditReasons(database.app, li, asOf)).facts;
  /** The first letter of credit care, as its journey sends it. */
  const warn = () => {
    const mail = smtpMailDoor(server.url, 'Test Bank <service@bank.example>');
    const links = { linkSecret: Buffer.alloc(32, 7).toString('base64'), webUrl: 'http://bank.example' };
    const deps = { database: database.app, bank: BANK, mail, mailDomain: 'bank.example', ...links };
    const attempt = new MockActivityEnvironment(
      { currentAttemptScheduledTimestampMs: AT },
      { logger: new DefaultLogger('ERROR') },
    );
    return attempt.run(journeyMessageActivities(deps).sendJourneyMessage, { journeyId: care, message: 'outreach' });
  };
  const told = async () =>
    (await database.owner.query(`select verdict, reasons, result from decisions where kind = 'credit-standing'`)).rows;

  test('is seen by the days below zero, the interest, the card and the plan; nothing of tomorrow', async () => {
    expect(await seen()).toEqual({ ...fine, limitUsedBp: 9_000 });
    // 600,000.00 and three salaries, less 200,000.00 since the fifth: 430,000.00
    await book(database, li, '2026-01-08', -43_000_001n, 'purchase');
    await book(database, li, '2026-01-09', -500n, 'penalty-interest');
    await bookOnCard(database, li, '2026-01-12', -500_000n, 'card');
    expect(await seen()).toMatchObject({ daysBelowZero: 4, penaltyInterest: true, limitUsedBp: 9_000 });
    expect(await seen(plainDate('2026-01-12'))).toMatchObject({ daysBelowZero: 5, limitUsedBp: 14_000 });
    const proposing = await proposeRepaymentPlan(database.app, proposalOf(li, AT));
    if (proposing.verdict !== 'proposed') throw new Error(proposing.reasons.join());
    const { planRef } = proposing.plan;
    await agreePlan(database.app, { planRef, by: 'anna', zone: BANK.zone, at: AT });
    await database.owner.query(`update instalments set state = 'missed', missed_at = now() where number = 1`);
    expect(await seen()).toMatchObject({ missedInstalments: 1, planBroken: false });
  });

  test('is told once before the standing falls: why, what that changes, what helps, and who advises', async () => {
    expect(await warn()).toMatchObject({ state: 'sent' });
    expect(await warn()).toMatchObject({ state: 'sent' });
    expect(server.received).toHaveLength(1);
    const [letter] = server.received;
    expect(letter).toMatchObject({ subject: 'Let us look at it together, Zhang Wei', messageClass: 'service' });
    for (const words of [
      'four fifths of your card',
      'limit is not raised',
      'Use less of the limit',
      'Talk to us',
      '12378',
    ])
      expect(letter?.text).toContain(words);
    expect(await told()).toEqual([
      {
        verdict: 'falls-to-watched',
        reasons: ['limit-nearly-used'],
        result: {
          changes: ['limit-is-not-raised', 'rate-discount-ends'],
          helps: ['help-pay-on-time', 'help-use-less-of-the-limit', 'help-check-the-account', 'help-talk-to-us'],
        },
      },
    ]);
  });

  test('of whom nothing is the matter is told of no standing that falls', async () => {
    await bookOnCard(database, li, '2026-01-10', 900_000n);
    expect(await warn()).toMatchObject({ state: 'sent' });
    expect(server.received[0]?.text).not.toContain('limit is not raised');
    expect(await told()).toEqual([]);
  });

  test.each(LANGUAGES)('reads it in the first letter of credit care too, in %s', async (language) => {
    const warning = await creditReasons(database.app, li, DAY);
    const people = {
      customer: { name: 'Li' },
      bank: { name: 'Bank' },
      manager: { name: 'Wang', email: 'w@b.example' },
    };
    const data = { ...people, ...creditLetterData(warning, language) };
    const { text, html } = renderMessage({ template: 'credit-care-introduction', language, data });
    const words = {
      en: ['four fifths', 'limit is not raised', 'Pay on time'],
      'zh-CN': ['五分之四', '不会上调', '按时还款'],
    };
    for (const part of [text, html])
      for (const word of [...words[language], '12378', '12315']) expect(part).toContain(word);
  });
});
