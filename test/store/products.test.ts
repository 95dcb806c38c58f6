import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WALL_CLOCK } from '../../domain/business-clock.js';
import { readCourse } from '../../domain/course.js';
import { readOffers } from '../../domain/loyalty-offer.js';
import type { ProductRef, RiskGrade } from '../../domain/product-catalogue.js';
import { addDays, addMillis, days, instant, plainDate, type CustomerRef } from '../../domain/types.js';
import {
  approveCounterOffer,
  counterOfferInForce,
  CounterOfferRefused,
  findCounterOffer,
  listCounterOffers,
  proposeCounterOffer,
} from '../../store/counter-offers.js';
import { publishCourse } from '../../store/courses.js';
import { verifyDecisions } from '../../store/decisions.js';
import { evaluateEntitlements } from '../../store/entitlements.js';
import { publishOffers } from '../../store/loyalty-offers.js';
import { ProductsRefused, publishProducts, readProducts } from '../../store/products.js';
import { readAssessments, readRecommendations } from '../../store/reads/product.js';
import { considerProducts, recommendedLast, recommendFor } from '../../store/recommendations.js';
import { AssessmentRefused, recordAssessment } from '../../store/risk-assessments.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, book, smallBank } from '../setup/small-bank.js';
import { catalogueOf, shippedText } from '../domain/products.js';

const day = plainDate('2026-11-23');
/** six in the morning of 24 November in Shanghai */
const morning = instant(Date.UTC(2026, 10, 23, 22));
const DEPOSIT = 'term-deposit-12m' as ProductRef;
const c1 = 'c1' as CustomerRef;

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, WALL_CLOCK, day);
  await addCustomer(database, { ref: 'c1', since: '2020-01-01' });
  await database.owner.query(`update customers set birth_date = '1986-05-01'`);
});
afterEach(() => database.drop());

async function offersThere(): Promise<void> {
  const text = readFileSync(join(__dirname, '..', '..', 'loyalty', 'offers.yaml'), 'utf8');
  const reading = readOffers(text, 'offers.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  const { offers } = reading.definition;
  await publishOffers(database.app, { offers, sourceText: text, at: addMillis(morning, days(-40)), by: 'anna' });
}

async function courseThere(): Promise<void> {
  const text = readFileSync(
    join(__dirname, '..', '..', 'campaigns', 'lessons', 'how-tiers-work', 'course.yaml'),
    'utf8',
  );
  const reading = readCourse(text, 'course.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  const at = addMillis(morning, days(-40));
  await publishCourse(database.app, { definition: reading.definition, sourceText: text, at, by: 'anna' });
}

async function publish(text = shippedText, at = addMillis(morning, days(-30))) {
  return publishProducts(database.app, { definition: catalogueOf(text), sourceText: text, at, by: 'anna' });
}

const inForce = async () => {
  await offersThere();
  await courseThere();
  return publish();
};

const assess = (appetite: RiskGrade, assessedOn = addDays(day, -30), by = 'Wang Fang') =>
  recordAssessment(database.app, {
    customerRef: c1,
    appetite,
    assessedOn,
    validUntil: addDays(assessedOn, 364),
    by,
    at: morning,
  });

const recommend = (key = 'journey:j1:offer', at = morning) =>
  database.app.transaction((sql) => recommendFor(sql, { customerRef: c1, journeyId: null, asOf: day, at, key }));

describe('publishing products', () => {
  test('gives each new catalogue the next version and leaves the others as they were', async () => {
    await offersThere();
    await courseThere();
    expect(await publish()).toEqual({ version: 1, isNew: true, newest: 1 });
    expect(await publish()).toEqual({ version: 1, isNew: false, newest: 1 });
    const dearer = shippedText.replace('basisPoints: 135', 'basisPoints: 125');
    expect(await publish(dearer, morning)).toEqual({ version: 2, isNew: true, newest: 2 });
    expect(await publish(`# another comment\n${shippedText}`)).toEqual({ version: 1, isNew: false, newest: 2 });
    const before = await readProducts(database.app, { at: addMillis(morning, days(-1)) });
    expect(before).toMatchObject({ version: 1, publishedBy: 'anna', sourceText: shippedText });
    expect(before?.definition).toEqual(catalogueOf(shippedText));
    expect((await readProducts(database.app, { at: morning }))?.version).toBe(2);
    expect(await readProducts(database.app, { version: 9 })).toBeNull();
  });

  test('refuses what this bank can not have, in words', async () => {
    const refused = async (from: string, to: string, words: string): Promise<void> => {
      const error = await publish(shippedText.replace(from, to)).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(ProductsRefused);
      expect((error as Error).message).toContain(words);
    };
    await refused('x', 'x', 'names loyalty offer "loyal-loan-rate", which is not published');
    await offersThere();
    await refused('currency: CNY', 'currency: EUR', "this bank's money is CNY");
    await refused(
      'tiers: [private]',
      'tiers: [platinum]',
      'names tier "platinum", which this bank doesn\'t have; it has mass',
    );
    await refused('- tier: private', '- tier: platinum', 'names tier "platinum"');
    await refused(
      '[loyal-loan-rate, priority-home-loan]',
      '[private-safe-deposit]',
      'loyalty offer "private-safe-deposit" is not for tier "affluent", so nobody of it may get it',
    );
    await refused(
      'x',
      'x',
      'the strategy of tier "mass" names course "how-tiers-work", which is not published; publish it with',
    );
    expect((await database.owner.query('select from product_catalogues')).rowCount).toBe(0);
  });

  test('two who publish at once get two versions', async () => {
    await offersThere();
    await courseThere();
    const texts = [shippedText, shippedText.replace('basisPoints: 135', 'basisPoints: 125')];
    const both = await Promise.all(texts.map((text) => publish(text)));
    expect(both.map(({ version }) => version).sort()).toEqual([1, 2]);
  });
});

describe('an assessment', () => {
  test('is kept once, the newest counts, and one never changes', async () => {
    expect([await assess(2), await assess(2), await assess(4, addDays(day, -3))]).toEqual([true, false, true]);
    const told = await readAssessments(database.app, c1);
    expect(told.map(({ appetite, assessedBy }) => [appetite, assessedBy])).toEqual([
      [4, 'Wang Fang'],
      [2, 'Wang Fang'],
    ]);
    await expect(database.app.query('update risk_assessments set appetite = 5')).rejects.toThrow(/permission denied/);
    await expect(database.app.query('delete from risk_assessments')).rejects.toThrow(/permission denied/);
  });

  test('counts for twelve months at most, and nobody is asked until the answer suits', async () => {
    const long = recordAssessment(database.app, {
      customerRef: c1,
      appetite: 3,
      assessedOn: plainDate('2026-01-31'),
      validUntil: plainDate('2027-02-01'),
      by: 'x',
      at: morning,
    });
    await expect(long).rejects.toThrow(
      'counts until a day from 2026-01-31 to 2027-01-31 (12 months at most), not until 2027-02-01',
    );
    await assess(1);
    await assess(2);
    await expect(assess(3)).rejects.toThrow(AssessmentRefused);
    for (const ago of [29, 28, 27, 26, 25, 24]) await assess(3, addDays(day, -ago));
    await expect(assess(3, addDays(day, -23))).rejects.toThrow('8 times in twelve months');
    // told late, it would be the ninth of the twelve months that follow it
    await expect(assess(3, addDays(day, -200))).rejects.toThrow('8 times in twelve months');
    expect(await assess(3, addDays(day, -393))).toBe(true);
    expect(await readAssessments(database.app, c1)).toHaveLength(9);
  });
});

describe('a recommendation', () => {
  test('is written down with why it and why not the others, once for the same key while nothing changes', async () => {
    await inForce();
    await assess(3);
    const first = await recommend();
    expect(first).toMatchObject({
      product: 'balanced-fund',
      catalogueVersion: 1,
      name: { en: 'Balanced Fund', 'zh-CN': '均衡配置基金' },
      occasion: 'investment',
      rateBasisPoints: null,
      strategy: 'product-and-preferential-offer',
      preferentialOffer: null,
      course: null,
      rules: 'next-best-product@1, suitability@1',
    });
    expect(first?.refused.find(({ product }) => product === 'equity-fund')?.reasons).toEqual([
      { code: 'risk-above-appetite', numbers: { grade: 4, appetite: 3 } },
    ]);
    expect(await recommend('journey:j1:offer', addMillis(morning, days(1)))).toEqual(first);
    expect(await readRecommendations(database.app, c1)).toHaveLength(1);
    expect(await verifyDecisions(database.app, c1)).toMatchObject({ whole: true, decisions: 1 });
    const { rows } = await database.owner.query<{ saw: object; result: object }>(
      `select decision_key, verdict, reasons, saw, rules from decisions where decision_key like 'journey:j1:%'`,
    );
    expect(rows).toMatchObject([
      {
        decision_key: 'journey:j1:offer:product',
        verdict: 'recommended',
        reasons: ['nearest-to-appetite'],
        saw: { age: 40, appetite: 3, available: '40000000', catalogueVersion: 1 },
        rules: 'next-best-product@1, suitability@1',
      },
    ]);
    expect(JSON.stringify(rows)).not.toContain('1986');
  });

  test('is judged again for a letter that is tried again: what does not suit any more, or has another rate, is not sent', async () => {
    await inForce();
    await assess(3);
    const key = 'journey:j1:offer';
    const last = async () => (await recommendedLast(database.app, { customerRef: c1, key }))?.product ?? null;
    expect(await last()).toBeNull();
    await recommend();
    await assess(1, addDays(day, -1));
    for (let tries = 0; tries < 2; tries += 1) expect((await recommend())?.product).toBe('money-market-fund');
    expect(await last()).toBe('money-market-fund');
    // the assessment is over on the day of the letter
    const inAYear = addMillis(morning, days(364));
    expect((await recommend(key, inAYear))?.rateBasisPoints).toBe(175);
    const proposal = { customerRef: c1, product: 'term-deposit-36m' as ProductRef, betterBy: 10, by: 'x', reason: 'x' };
    await proposeCounterOffer(database.app, { ...proposal, asOf: day, at: inAYear });
    expect((await recommend(key, inAYear))?.rateBasisPoints).toBe(185);
    expect((await recommend(key, addMillis(inAYear, days(31))))?.rateBasisPoints).toBe(175);
    const { rows } = await database.owner.query<{ key: string }>(
      'select recommendation_key as key from recommendations order by recommendation_id',
    );
    expect(rows.map((row) => row.key)).toEqual([key, ...[2, 3, 4, 5].map((n) => `${key}:${n}`)]);
    expect(await recommendedLast(database.app, { customerRef: c1, key: 'journey:j1:off' })).toBeNull();
    expect(await verifyDecisions(database.app, c1)).toMatchObject({ whole: true, decisions: 6 });
  });

  test('is judged on the day of the letter, whatever the last day of the data', async () => {
    await inForce();
    const ends = plainDate('2026-11-23');
    await recordAssessment(database.app, {
      customerRef: c1,
      appetite: 3,
      assessedOn: addDays(ends, -300),
      validUntil: ends,
      by: 'x',
      at: morning,
    });
    // 23 November, 22:00 in Shanghai
    expect((await recommend('on its last day', addMillis(morning, days(-1 / 3))))?.product).toBe('balanced-fund');
    const letter = await recommend('a day later');
    expect([letter?.product, letter?.asOf]).toEqual(['term-deposit-36m', day]);
    expect(letter?.refused.find(({ product }) => product === 'balanced-fund')?.reasons[0]).toEqual({
      code: 'assessment-expired',
      numbers: { validUntil: ends },
    });
    const { rows } = await database.owner.query<{ saw: object }>(
      `select saw from decisions where decision_key = 'a day later:product'`,
    );
    expect(rows).toMatchObject([{ saw: { asOf: '2026-11-23', on: '2026-11-24' } }]);
  });

  test('belongs to its journey, and twice at once is one', async () => {
    await inForce();
    const { journeyId } = await admitted(database, c1, day, morning);
    const request = { customerRef: c1, journeyId, asOf: day, at: morning, key: `journey:${journeyId}:offer` };
    const ask = () => database.app.transaction((sql) => recommendFor(sql, request));
    const [one, other] = await Promise.all([ask(), ask()]);
    expect(one).toEqual(other);
    expect(await readRecommendations(database.app, c1)).toMatchObject([{ journeyId, product: 'term-deposit-36m' }]);
    const stranger = await addCustomer(database, { ref: 'c2', since: '2020-01-01' });
    const another = { ...request, customerRef: stranger, key: 'journey:x:offer' };
    await expect(database.app.transaction((sql) => recommendFor(sql, another))).rejects.toThrow(/foreign key/);
  });

  test('is nothing where nothing suits, with every product’s reasons, until something does', async () => {
    await inForce();
    await database.owner.query(
      `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at) values ('c1', 'card-overused', $1, 80, '[]', now())`,
      [day],
    );
    expect(await recommend()).toBeNull();
    expect(await recommend()).toBeNull();
    expect(await readRecommendations(database.app, c1)).toHaveLength(1);
    const [told] = await readRecommendations(database.app, c1);
    expect(told).toMatchObject({ product: null, catalogueVersion: 1, reasons: [] });
    expect(told?.refused).toHaveLength(catalogueOf(shippedText).products.length);
    expect(told?.refused.every(({ reasons }) => reasons[0]?.code === 'credit-care')).toBe(true);
    await database.owner.query('delete from findings');
    expect((await recommend())?.product).toBe('term-deposit-36m');
  });

  test('is nothing without a catalogue, and says so', async () => {
    expect(await recommend()).toBeNull();
    const { rows } = await database.owner.query('select verdict, reasons from decisions');
    expect(rows).toEqual([{ verdict: 'nothing-suits', reasons: ['no-product-catalogue'] }]);
  });

  test('sees no transaction after its day', async () => {
    await inForce();
    await assess(3);
    await book(database, 'c1', addDays(day, 1), -39_999_999n, 'cash');
    expect((await recommend())?.product).toBe('balanced-fund');
  });

  test('comes with the preferential offer to which the customer is entitled, and with a better rate that was agreed', async () => {
    await inForce();
    await evaluateEntitlements(database.app, { asOf: day, at: addMillis(morning, days(-0.5)) });
    await proposeCounterOffer(database.app, {
      customerRef: c1,
      product: 'term-deposit-36m' as ProductRef,
      betterBy: 10,
      by: 'Wang Fang',
      reason: 'has an offer elsewhere',
      asOf: day,
      at: addMillis(morning, days(-0.5)),
    });
    expect(await recommend()).toMatchObject({
      product: 'term-deposit-36m',
      rateBasisPoints: 185,
      preferentialOffer: { offerRef: 'priority-home-loan', name: { en: 'Priority home loan decision' } },
    });
  });

  test('a mass customer’s comes with a course, and a private customer’s begins a bespoke plan', async () => {
    await inForce();
    await assess(5);
    const move = (tier: string, on: string) =>
      database.owner.query(`insert into tier_history values ('c1', $1, $2, 'test')`, [on, tier]);
    await move('mass', '2026-11-01');
    expect(await recommend('mass')).toMatchObject({
      product: 'term-deposit-36m',
      strategy: 'service-and-education',
      course: 'how-tiers-work',
    });
    await move('private', '2026-11-02');
    expect(await recommend('private')).toMatchObject({ product: 'equity-fund', strategy: 'bespoke-plan' });
  });

  test('looking writes nothing', async () => {
    await inForce();
    const seen = await considerProducts(database.app, { customerRef: c1, asOf: day, at: morning });
    expect(seen?.recommendation?.product).toBe('term-deposit-36m');
    expect(await readRecommendations(database.app, c1)).toEqual([]);
    expect(
      await considerProducts(database.app, { customerRef: 'c9' as CustomerRef, asOf: day, at: morning }),
    ).toBeNull();
  });

  test('is never changed or taken away', async () => {
    await inForce();
    await recommend();
    for (const sql of ['update recommendations set product = null', 'delete from recommendations'])
      await expect(database.app.query(sql)).rejects.toThrow(/permission denied/);
    for (const sql of [`update product_catalogues set definition = '{}'`, 'delete from product_catalogues'])
      await expect(database.app.query(sql)).rejects.toThrow(/permission denied/);
  });
});

describe('a counter-offer', () => {
  beforeEach(async () => void (await inForce()));

  const propose = (betterBy: number, by = 'Wang Fang', product = DEPOSIT, at = morning) =>
    proposeCounterOffer(database.app, {
      customerRef: c1,
      product,
      betterBy,
      by,
      reason: 'a better offer',
      asOf: day,
      at,
    });
  const approve = (counterOfferId: string, by: string, at = morning) =>
    approveCounterOffer(database.app, { counterOfferId, by, at });
  const standing = async (at = morning) => (await counterOfferInForce(database.app, c1, DEPOSIT, at))?.betterBy ?? null;

  test('within the manager’s authority it is in force at once and for thirty days', async () => {
    const offer = await propose(10);
    expect(offer).toMatchObject({ betterBy: 10, authority: 10, approvedBy: null, catalogueVersion: 1 });
    expect(await propose(10)).toEqual(offer);
    expect([
      await standing(),
      await standing(addMillis(morning, days(29.9))),
      await standing(addMillis(morning, days(30))),
    ]).toEqual([10, 10, null]);
    await expect(approve(offer.counterOfferId, 'Li Jun')).rejects.toThrow('it needs no approval');
  });

  test('above it, it waits for another person', async () => {
    const { counterOfferId } = await propose(25);
    expect(await standing()).toBeNull();
    expect(await listCounterOffers(database.app, { waitingAt: morning })).toMatchObject([{ counterOfferId }]);
    for (const same of ['Wang Fang', ' wang fang'])
      await expect(approve(counterOfferId, same)).rejects.toThrow("can't approve it; another person has to");
    expect(await approve(counterOfferId, 'Li Jun')).toMatchObject({ approvedBy: 'Li Jun', approvedAt: morning });
    expect(await approve(counterOfferId, 'Li Jun')).toMatchObject({ approvedBy: 'Li Jun' });
    expect(await standing()).toBe(25);
    await expect(approve(counterOfferId, 'Zhao Min')).rejects.toThrow('was approved by Li Jun already');
    expect(await listCounterOffers(database.app, { waitingAt: morning })).toEqual([]);
    const { rows } = await database.owner.query<{ verdict: string }>('select verdict from decisions order by sequence');
    expect(rows.map(({ verdict }) => verdict)).toEqual(['needs-approval', 'approved']);
    expect(await verifyDecisions(database.app, c1)).toMatchObject({ whole: true });
  });

  test('that was approved last counts, whenever it was proposed, and only from its approval on', async () => {
    const { counterOfferId } = await propose(25);
    await propose(10, 'Wang Fang', DEPOSIT, addMillis(morning, days(1)));
    await approve(counterOfferId, 'Li Jun', addMillis(morning, days(2)));
    const after = (n: number) => standing(addMillis(morning, days(n)));
    expect([await after(0.5), await after(1.5), await after(2)]).toEqual([null, 10, 25]);
  });

  test('is not approved for a customer whom the product does not suit any more', async () => {
    const { counterOfferId } = await propose(25);
    await database.owner.query(
      `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at) values ('c1', 'card-overused', $1, 80, '[]', now())`,
      [day],
    );
    await expect(approve(counterOfferId, 'Li Jun')).rejects.toThrow("can't be offered to c1: credit-care");
    expect(await listCounterOffers(database.app, { waitingAt: morning })).toHaveLength(1);
  });

  test('is judged on its own day, whatever the last day of the data: who comes of age today may have one', async () => {
    const loan = 'personal-loan' as ProductRef;
    const comesOfAge = (on: string) => database.owner.query('update customers set birth_date = $1', [on]);
    await comesOfAge('2008-11-25');
    await expect(propose(5, 'x', loan)).rejects.toThrow('the customer is too young for it');
    await comesOfAge('2008-11-24');
    expect(await propose(5, 'x', loan)).toMatchObject({ product: loan });
  });

  test('in a list says nothing of why it was proposed; alone it does', async () => {
    const { counterOfferId } = await propose(25);
    for (const one of await listCounterOffers(database.app, {})) expect(one).not.toHaveProperty('reason');
    expect(await findCounterOffer(database.app, counterOfferId)).toMatchObject({ reason: 'a better offer' });
    expect(await findCounterOffer(database.app, 'x')).toBeNull();
  });

  test('beyond the limit nobody may go, and a better rate makes nothing suitable', async () => {
    await expect(propose(31)).rejects.toThrow('"term-deposit-12m" can be better by 0.30% at most, whoever approves');
    await expect(propose(0)).rejects.toThrow('better by 0.01% or more');
    await expect(propose(5, 'x', 'bond-fund' as ProductRef)).rejects.toThrow('has no rate');
    await expect(propose(5, 'x', 'gold' as ProductRef)).rejects.toThrow('there is no product "gold"');
    await database.owner.query(`update customers set birth_date = '2015-01-01'`);
    await expect(propose(5, 'x', 'personal-loan' as ProductRef)).rejects.toThrow(
      '"personal-loan" can\'t be offered to c1: the customer is too young for it.',
    );
    await expect(approve('x', 'Li Jun')).rejects.toThrow(CounterOfferRefused);
    const { counterOfferId } = await propose(25);
    await expect(approve(counterOfferId, 'Li Jun', addMillis(morning, days(30)))).rejects.toThrow('is over');
  });

  test('the database itself knows the authority, wants two people and lets nothing be changed', async () => {
    const insert = (betterBy: number, extra = '', values = '') =>
      database.app.query(
        `insert into counter_offers (customer_ref, catalogue_version, product, better_by, authority, most, proposed_by,
                                     proposed_at, valid_until, reason, rules${extra})
         values ('c1', 1, 'term-deposit-12m', $1, 400, 400, 'Wang Fang', now(), now() + interval '1 day', 'x', 'x'${values})
         returning authority, most`,
        [betterBy],
      );
    expect((await insert(20)).rows).toEqual([{ authority: 10, most: 30 }]);
    await expect(insert(31)).rejects.toThrow(/counter_offer_within_limit/);
    await expect(insert(20, ', approved_by, approved_at', `, 'Li Jun', now()`)).rejects.toThrow(
      /approved after it was proposed/,
    );
    const { counterOfferId } = await propose(25);
    const update = (set: string) =>
      database.app.query(`update counter_offers set ${set} where counter_offer_id = $1`, [counterOfferId]);
    await expect(update(`approved_by = 'WANG FANG ', approved_at = proposed_at`)).rejects.toThrow(
      /counter_offer_two_people/,
    );
    await expect(update('better_by = 1')).rejects.toThrow(/permission denied/);
    await expect(database.app.query('delete from counter_offers')).rejects.toThrow(/permission denied/);
    await expect(
      database.owner.query('update counter_offers set better_by = 1 where counter_offer_id = $1', [counterOfferId]),
    ).rejects.toThrow(/never changed/);
    await approve(counterOfferId, 'Li Jun');
    await expect(update('approved_by = null, approved_at = null')).rejects.toThrow(/needs no approval any more/);
  });
});
