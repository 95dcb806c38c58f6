import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WALL_CLOCK } from '../../domain/business-clock.js';
import { readOffers, type LoyaltyOffer } from '../../domain/loyalty-offer.js';
import {
  addDays,
  addMillis,
  days,
  instant,
  plainDate,
  type CustomerRef,
  type Instant,
  type OfferRef,
  type PlainDate,
} from '../../domain/types.js';
import { timestamp } from '../../store/database.js';
import { verifyDecisions } from '../../store/decisions.js';
import { ENTITLEMENT_BATCH, evaluateEntitlements } from '../../store/entitlements.js';
import { closeJourney } from '../../store/journeys.js';
import {
  currentOffers,
  listOffers,
  OfferRefused,
  publishOffers,
  readOfferVersion,
} from '../../store/loyalty-offers.js';
import { entitlementsInForce, readEntitlements } from '../../store/reads/entitlement.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

const text = readFileSync(join(__dirname, '..', '..', 'loyalty', 'offers.yaml'), 'utf8');
const asOf = plainDate('2026-11-23');
/** six in the morning of 24 November in Shanghai, when the round runs */
const morning = instant(Date.UTC(2026, 10, 23, 22));
const after = (n: number): Instant => addMillis(morning, days(n));
const LENDING = 'priority-home-loan' as OfferRef;

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, WALL_CLOCK, asOf);
});
afterEach(() => database.drop());

function offersOf(sourceText: string): LoyaltyOffer[] {
  const reading = readOffers(sourceText, 'offers.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.definition.offers;
}

const publish = (sourceText = text, at = addMillis(morning, days(-30))) =>
  publishOffers(database.app, { offers: offersOf(sourceText), sourceText, at, by: 'anna' });

const evaluate = (at: Instant = morning, day: PlainDate = asOf) =>
  evaluateEntitlements(database.app, { asOf: day, at });

/** Three years a customer, affluent: entitled to priority lending and to nothing else. */
const loyal = (ref: string, since = '2023-11-23'): Promise<CustomerRef> => addCustomer(database, { ref, since });

const inForce = async (ref: string, at: Instant = morning): Promise<string[] | null> =>
  (await entitlementsInForce(database.app, ref as CustomerRef, at))?.map(({ offerRef }) => offerRef) ?? null;

const told = async (ref: string): Promise<string[]> =>
  (
    await database.owner.query<{ told: string }>(
      `select verdict || ': ' || array_to_string(array(select jsonb_array_elements_text(reasons)), ', ') as told
         from decisions where customer_ref = $1 and kind = 'entitlement' order by sequence`,
      [ref],
    )
  ).rows.map((row) => row.told);

const finding = (ref: string, day: string, trigger = 'negative-balance') =>
  database.owner.query(
    `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at) values ($1, $2, $3, 80, '[]', $4)`,
    [ref, trigger, day, timestamp(morning)],
  );

const NOTHING = { granted: 0, renewed: 0, suspended: 0, resumed: 0, ended: 0 };

describe('an evaluation of the bank', () => {
  test('grants to who meets all conditions, says why, and does it once', async () => {
    await publish();
    await loyal('c1');
    await loyal('c2', '2024-11-24');
    expect(await evaluate()).toEqual({ ...NOTHING, asOf, customers: 2, granted: 1 });
    expect(await entitlementsInForce(database.app, 'c1' as CustomerRef, morning)).toMatchObject([
      {
        offerRef: LENDING,
        version: 1,
        definition: { kind: 'priority-lending', terms: { product: 'home-loan', decisionWithinWorkingDays: 2 } },
        since: morning,
        // the whole of the ninetieth day after 24 November, which ends at 16:00 UTC
        until: Date.UTC(2027, 1, 22, 16),
      },
    ]);
    expect(await inForce('c2')).toEqual([]);
    expect(await told('c1')).toEqual(['granted: tier-in-offer, tenure-long-enough']);
    const { rows } = await database.owner.query("select saw, result, rules from decisions where customer_ref = 'c1'");
    expect(rows).toEqual([
      {
        saw: {
          asOf,
          erased: false,
          inCreditCare: false,
          offer: `${LENDING}@1`,
          retainedOn: [],
          standing: null,
          tenureMonths: 36,
          tierRank: 1,
          tierRef: 'affluent',
        },
        result: { offer: LENDING, version: 1, validUntil: Date.UTC(2027, 1, 22, 16) },
        rules: 'entitlement@1',
      },
    ]);
    expect(await evaluate(addMillis(morning, days(0.5)))).toEqual({ ...NOTHING, asOf, customers: 2 });
    expect(await verifyDecisions(database.app, 'c1' as CustomerRef)).toMatchObject({ whole: true, decisions: 1 });
  });

  test('twice at once grants once', async () => {
    await publish();
    for (const ref of ['c1', 'c2', 'c3']) await loyal(ref);
    const both = await Promise.all([evaluate(), evaluate(addMillis(morning, days(0.01)))]);
    expect(both.map(({ granted }) => granted).reduce((a, b) => a + b)).toBe(3);
    expect(await inForce('c3', after(1))).toEqual([LENDING]);
  });

  test('looks again under the lock: credit trouble that comes while it waits is heeded', async () => {
    await publish();
    await loyal('c1');
    const waits = async (): Promise<boolean> => {
      const asked = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      return (await database.owner.query(asked)).rows.length > 0;
    };
    const evaluation = await database.owner.transaction(async (sql) => {
      await sql.query('select 1 from customers for no key update');
      const counts = evaluate();
      while (!(await waits()));
      await finding('c1', asOf);
      return { counts };
    });
    expect(await evaluation.counts).toMatchObject({ granted: 0 });
    expect(await inForce('c1', after(1))).toEqual([]);
  });

  test('goes through all customers, however many batches they are', async () => {
    await publish();
    await database.owner.query(
      `insert into customers (customer_ref, source, source_id, name, email, language, zone, customer_since)
       select 'c' || n, 'test', n, 'A', 'a@bank.example', 'en', 'Asia/Shanghai', '2020-01-01'
         from generate_series(1, $1::int) n`,
      [2 * ENTITLEMENT_BATCH + 1],
    );
    await database.owner.query(
      `insert into tier_history select customer_ref, '2020-01-01', 'private', 't' from customers`,
    );
    const customers = 2 * ENTITLEMENT_BATCH + 1;
    // priority lending and the safe deposit box
    expect(await evaluate()).toEqual({ ...NOTHING, asOf, customers, granted: 2 * customers });
    expect(await evaluate()).toEqual({ ...NOTHING, asOf, customers });
  });

  test('counts the tier of the day that is judged, and who has none written has the lowest', async () => {
    await publish();
    await loyal('c1');
    await database.owner.query(`insert into tier_history values ('c1', '2026-11-23', 'mass', 'fell')`);
    await loyal('c2');
    await database.owner.query(`delete from tier_history where customer_ref = 'c2'`);
    expect((await evaluate()).granted).toBe(0);
    expect((await evaluate(morning, addDays(asOf, -1))).granted).toBe(1);
    expect(await inForce('c1')).toEqual([LENDING]);
  });

  test('a journey that ended as retained counts, on the day of the bank, for as long as the offer says', async () => {
    await publish();
    const ref = await loyal('c1', '2025-11-23');
    const { journeyId } = await admitted(database, ref, '2024-10-01', after(-760));
    // half past midnight of 24 November 2024 in Shanghai, still the 23rd in UTC
    await closeJourney(database.app, journeyId, 'retained', 'the tier stands', instant(Date.UTC(2024, 10, 23, 16, 30)));
    expect((await evaluate(addMillis(morning, days(-1)))).granted).toBe(1);
    expect(await inForce('c1')).toEqual(['loyal-loan-rate']);
    const other = await loyal('c2', '2025-11-23');
    const again = await admitted(database, other, '2024-10-01', after(-760));
    await closeJourney(database.app, again.journeyId, 'retained', 'stands', instant(Date.UTC(2024, 10, 23, 16, 30)));
    // 24 whole months have passed on 24 November 2026
    expect((await evaluate()).granted).toBe(0);
  });

  test('of a day more than a fortnight before the data end grants and renews nothing, but suspends and ends', async () => {
    await publish();
    await loyal('c1');
    const fortnightAgo = addDays(asOf, -14);
    const before = addDays(asOf, -15);
    expect(await evaluate(morning, before)).toEqual({ ...NOTHING, asOf: before, customers: 1 });
    expect(await evaluate(morning, fortnightAgo)).toEqual({ ...NOTHING, asOf: fortnightAgo, customers: 1, granted: 1 });
    expect(await evaluate(after(80), before)).toEqual({ ...NOTHING, asOf: before, customers: 1 });
    await finding('c1', asOf);
    expect(await evaluate(after(81), before)).toEqual({ ...NOTHING, asOf: before, customers: 1, suspended: 1 });
    expect(await evaluate(after(92), before)).toEqual({ ...NOTHING, asOf: before, customers: 1, ended: 1 });
  });

  test('without a published offer does nothing', async () => {
    await loyal('c1');
    expect(await evaluate()).toEqual({ ...NOTHING, asOf, customers: 0 });
  });
});

describe('an entitlement', () => {
  beforeEach(async () => {
    await publish();
    await loyal('c1');
    await evaluate();
  });
  const end = instant(Date.UTC(2027, 1, 22, 16));

  test('stands though the tier falls, and ends on its day', async () => {
    await database.owner.query(`insert into tier_history values ('c1', '2026-11-23', 'mass', 'fell')`);
    expect(await evaluate(after(80))).toEqual({ ...NOTHING, asOf, customers: 1 });
    expect(await inForce('c1', addMillis(end, days(-0.01)))).toEqual([LENDING]);
    // at its end it is over for whoever asks, before any evaluation has said so
    expect(await inForce('c1', end)).toEqual([]);
    expect(await evaluate(after(92))).toEqual({ ...NOTHING, asOf, customers: 1, ended: 1 });
    expect(await readEntitlements(database.app, 'c1' as CustomerRef)).toMatchObject([
      { grantedAt: morning, endedAt: end, endReason: 'lapsed', reasons: ['tier-not-in-offer'] },
    ]);
  });

  test('is renewed in its last fortnight, once a day, without a break', async () => {
    expect(await evaluate(after(76))).toEqual({ ...NOTHING, asOf, customers: 1 });
    expect(await evaluate(after(77))).toEqual({ ...NOTHING, asOf, customers: 1, renewed: 1 });
    expect(await evaluate(after(77.2))).toEqual({ ...NOTHING, asOf, customers: 1 });
    expect(await entitlementsInForce(database.app, 'c1' as CustomerRef, after(120))).toMatchObject([
      { since: morning, until: addMillis(end, days(77)) },
    ]);
    expect(await told('c1')).toEqual([
      'granted: tier-in-offer, tenure-long-enough',
      'renewed: tier-in-offer, tenure-long-enough',
    ]);
  });

  test('is not reported from the moment of a credit finding, nor after an evaluation, and comes back when it is over', async () => {
    await finding('c1', asOf);
    expect(await inForce('c1')).toEqual([]);
    expect(await evaluate(after(1))).toEqual({ ...NOTHING, asOf, customers: 1, suspended: 1 });
    expect(await evaluate(after(2))).toEqual({ ...NOTHING, asOf, customers: 1 });
    // the data move on, and the finding with them is 45 days old
    const later = addDays(asOf, 45);
    await database.owner.query('update installation set data_until = $1', [later]);
    expect(await inForce('c1', after(46))).toEqual([]);
    expect(await evaluate(after(46), later)).toEqual({ ...NOTHING, asOf: later, customers: 1, resumed: 1 });
    expect(await inForce('c1', after(46))).toEqual([LENDING]);
    expect(await told('c1')).toEqual([
      'granted: tier-in-offer, tenure-long-enough',
      'suspended: credit-care',
      'resumed: credit-care-over',
    ]);
  });

  test('is suspended twice on a day, should care begin twice', async () => {
    await finding('c1', asOf);
    await evaluate(after(1));
    await database.owner.query(`update findings set as_of = as_of - 60`);
    await evaluate(after(1.1));
    await finding('c1', asOf);
    expect(await evaluate(after(1.2))).toMatchObject({ suspended: 1 });
  });

  test('an open journey of credit care suspends it as a finding does', async () => {
    await database.owner.query(
      `insert into journeys (customer_ref, campaign_ref, version, as_of, workflow_id, tier_at_start, admitted_at)
       values ('c1', 'credit-care', 1, $1, 'journey:x', 'affluent', $2)`,
      [asOf, timestamp(morning)],
    );
    expect(await inForce('c1')).toEqual([]);
    expect(await evaluate(after(1))).toMatchObject({ suspended: 1 });
  });

  test('is not taken away by an open complaint: it is no promotion', async () => {
    await database.owner.query(
      `insert into complaints (complaint_ref, complaint_key, customer_ref, workflow_id, source, narrative, opened_at,
                               opened_wall, due_at, rule_set)
       values ('K-2026-0000001', 'k', 'c1', 'w', 'page', 'Too slow.', $1, $1, $1, 'cn-2020')`,
      [timestamp(morning)],
    );
    expect(await evaluate(after(1))).toEqual({ ...NOTHING, asOf, customers: 1 });
    expect(await inForce('c1', after(1))).toEqual([LENDING]);
  });

  test('ends at once by erasure, and then the customer is not known any more', async () => {
    await database.owner.query('update customers set erased_at = $1', [timestamp(morning)]);
    expect(await inForce('c1')).toBeNull();
    expect(await evaluate(after(1))).toEqual({ ...NOTHING, asOf, customers: 1, ended: 1 });
    expect(await evaluate(after(2))).toEqual({ ...NOTHING, asOf, customers: 0 });
    expect(await told('c1')).toEqual(['granted: tier-in-offer, tenure-long-enough', 'ended: erased']);
  });

  test('keeps the terms that it was granted under; the newer ones follow it', async () => {
    await publish(text.replace('decisionWithinWorkingDays: 2', 'decisionWithinWorkingDays: 9'), after(1));
    const terms = async (at: Instant) =>
      (await entitlementsInForce(database.app, 'c1' as CustomerRef, at))?.map(({ definition }) => definition.terms);
    expect(await evaluate(after(89))).toEqual({ ...NOTHING, asOf, customers: 1 });
    expect(await terms(after(89))).toEqual([{ product: 'home-loan', decisionWithinWorkingDays: 2 }]);
    expect(await evaluate(after(91))).toEqual({ ...NOTHING, asOf, customers: 1, granted: 1, ended: 1 });
    expect(await terms(after(91))).toEqual([{ product: 'home-loan', decisionWithinWorkingDays: 9 }]);
    expect(await readEntitlements(database.app, 'c1' as CustomerRef)).toMatchObject([
      { version: 2, endedAt: null },
      { version: 1, endedAt: end, endReason: 'lapsed', reasons: ['offer-changed'] },
    ]);
  });

  test('the database has one that stands for a customer and an offer, and the application changes no grant', async () => {
    await expect(
      database.app.query(
        `insert into entitlements (customer_ref, offer_ref, version, granted_at, valid_until, reasons)
         values ('c1', $1, 1, $2, $3, '[]')`,
        [LENDING, timestamp(after(1)), timestamp(after(2))],
      ),
    ).rejects.toThrow(/entitlements_one_standing/);
    for (const change of [
      'update entitlements set version = 2',
      'update entitlements set granted_at = granted_at',
      'delete from entitlements',
      'update loyalty_offers set version = 9',
      'delete from loyalty_offers',
    ])
      await expect(database.app.query(change)).rejects.toThrow(/permission denied/);
  });
});

describe('offers', () => {
  test('are published once; one that is changed is its next version, and the others stay', async () => {
    expect(await publish()).toEqual([
      { offerRef: LENDING, version: 1, isNew: true, newest: 1 },
      { offerRef: 'loyal-loan-rate', version: 1, isNew: true, newest: 1 },
      { offerRef: 'private-safe-deposit', version: 1, isNew: true, newest: 1 },
    ]);
    const changed = text.replace('basisPointsOff: 20', 'basisPointsOff: 25');
    expect(await publish(`# a comment\n${changed}`)).toMatchObject([
      { version: 1, isNew: false },
      { version: 2, isNew: true },
      { version: 1, isNew: false },
    ]);
    expect((await publish()).map(({ version, newest }) => [version, newest])).toEqual([
      [1, 1],
      [1, 2],
      [1, 1],
    ]);
    const rate = 'loyal-loan-rate' as OfferRef;
    expect((await readOfferVersion(database.app, rate, 1))?.definition.terms).toMatchObject({ basisPointsOff: 20 });
    expect(await readOfferVersion(database.app, rate)).toMatchObject({ version: 2, publishedBy: 'anna' });
    expect(await readOfferVersion(database.app, rate, 9)).toBeNull();
    expect((await currentOffers(database.app, morning)).map(({ offerRef, version }) => [offerRef, version])).toEqual([
      [rate, 2],
      [LENDING, 1],
      ['private-safe-deposit', 1],
    ]);
  });

  test('by many publishers at once: versions without a gap, none twice', async () => {
    const texts = [1, 2, 3, 4, 5].map((n) => text.replace('basisPointsOff: 20', `basisPointsOff: ${n}`));
    const all = await Promise.all([...texts, ...texts].map((one) => publish(one)));
    const versions = all.flat().filter(({ offerRef, isNew }) => offerRef === 'loyal-loan-rate' && isNew);
    expect(versions.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4, 5]);
  });

  test('for a tier that the bank does not have are refused, all of the file', async () => {
    await expect(publish(text.replace('named: [private]', 'named: [gold]'))).rejects.toThrow(
      new OfferRefused(
        'offer "private-safe-deposit" is for tier "gold", which this bank doesn\'t have; it has mass (rank 0), affluent (rank 1), private (rank 2).',
      ),
    );
    await expect(publish(text.replace('atLeastRank: 1', 'atLeastRank: 3'))).rejects.toThrow(
      /a tier of rank 3 or above/,
    );
    expect(await currentOffers(database.app, morning)).toEqual([]);
  });

  test('the list says how many are entitled and how many of them are suspended', async () => {
    await publish();
    await loyal('c1');
    await loyal('c2');
    await evaluate();
    await finding('c2', asOf);
    await evaluate(after(1));
    expect(await listOffers(database.app, after(1))).toMatchObject([
      { offerRef: 'loyal-loan-rate', standing: 0, suspended: 0 },
      { offerRef: LENDING, standing: 2, suspended: 1 },
      { offerRef: 'private-safe-deposit', standing: 0 },
    ]);
  });
});
