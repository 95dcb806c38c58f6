import type { WorkflowClient } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { roundActivities } from '../../activities/round.js';
import type { Trigger } from '../../domain/trigger-names.js';
import {
  addDays,
  addMillis,
  days,
  instant,
  millis,
  type CampaignRef,
  type CustomerRef,
  type Outcome,
  type PlainDate,
  type TierRef,
  type ZoneId,
} from '../../domain/types.js';
import { admitByHand } from '../../store/admit-by-hand.js';
import { readCampaignVersion } from '../../store/campaigns.js';
import { timestamp } from '../../store/database.js';
import { proposeRepaymentPlan } from '../../store/plan-proposals.js';
import { agreePlan } from '../../store/repayment-plans.js';
import { closeJourney, insertJourney } from '../../store/journeys.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { publishText, shippedCampaign } from '../setup/campaign-version.js';
import { addDebtor, proposalOf } from '../setup/plans.js';
import { addCustomer, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const DAY = '2026-01-11' as PlainDate;
const BANK = { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: AT, anchor: AT, rate: 1 } };

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, BANK.clock, DAY);
});
afterEach(() => database.drop());

async function found(customerRef: CustomerRef, trigger: Trigger, asOf: PlainDate = DAY): Promise<void> {
  await database.owner.query(
    `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at) values ($1, $2, $3, 80, '[]', $4)`,
    [customerRef, trigger, asOf, timestamp(AT)],
  );
}
const judge = (asOf: PlainDate = DAY, at = AT): Promise<unknown> => {
  const round = roundActivities({ database: database.app, bank: BANK, workflows: {} as WorkflowClient });
  const env = { currentAttemptScheduledTimestampMs: at };
  return new MockActivityEnvironment(env, { logger: new DefaultLogger('ERROR') }).run(() =>
    round.admitCustomers({ asOf }),
  );
};
async function open(): Promise<Record<string, string[]>> {
  const { rows } = await database.owner.query<{ ref: CustomerRef; campaigns: string[] }>(
    `select customer_ref as ref, array_agg(campaign_ref order by campaign_ref) as campaigns
       from journeys where closed_at is null group by customer_ref`,
  );
  return Object.fromEntries(rows.map(({ ref, campaigns }) => [ref, campaigns]));
}
/** A second campaign for the same customers, which goes first. */
const urgent = async (): Promise<number> =>
  publishText(
    database,
    await shippedCampaign('keep-your-tier', (text) =>
      text.replace('campaign: keep-your-tier', 'campaign: hold-on').replace('priority: 50', 'priority: 70'),
    ),
    AT,
  );

describe('two campaigns that want one customer', () => {
  test('leave them to the one with the higher priority', async () => {
    await urgent();
    const anna = await addCustomer(database, { ref: 'canna' });
    await found(anna, 'tier-at-risk');
    await judge();
    expect(await open()).toEqual({ canna: ['hold-on'] });
  });

  test('at once, by rounds and by hand, from many sides, have one journey with each customer between them', async () => {
    await urgent();
    const customers = await Promise.all(Array.from({ length: 8 }, (_, n) => addCustomer(database, { ref: `c${n}` })));
    for (const customerRef of customers) await found(customerRef, 'tier-at-risk');
    const campaigns = ['keep-your-tier', 'hold-on', 'credit-care'].map((name) =>
      readCampaignVersion(database.app, name as CampaignRef),
    );
    const byHand = (await Promise.all(campaigns)).flatMap((campaign, i) =>
      campaign === null
        ? []
        : customers.map((customerRef) =>
            admitByHand(database.app, { customerRef, campaign, asOf: DAY, at: addMillis(AT, millis(i)), by: 'Li Na' }),
          ),
    );
    const answers = await Promise.allSettled([judge(), ...byHand, judge()]);
    await judge();
    expect(Object.values(await open()).map((campaignsOf) => campaignsOf.length)).toEqual(customers.map(() => 1));
    // nobody was turned away by the database's own rule: who came second was told why
    const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [String(answer.reason)] : []));
    expect(refused.filter((words) => !words.includes('decisions_pkey'))).toEqual([]);
  });

  test('can not both have them, even where nobody looks first: the database lets one in', async () => {
    await urgent();
    const anna = await addCustomer(database, { ref: 'canna' });
    const insert = (n: number) =>
      insertJourney(database.app, {
        customerRef: anna,
        campaignRef: (n % 2 === 0 ? 'hold-on' : 'keep-your-tier') as CampaignRef,
        version: 1,
        findingId: null,
        asOf: addDays(DAY, n),
        tierRef: 'affluent' as TierRef,
        at: AT,
      });
    const journeys = await Promise.all(Array.from({ length: 20 }, (_, n) => insert(n)));
    expect(journeys.filter((journeyId) => journeyId !== null)).toHaveLength(1);
  });
});

describe('after a journey', () => {
  async function ended(customerRef: CustomerRef, outcome: Outcome, daysAgo: number): Promise<void> {
    const at = addMillis(AT, days(-daysAgo));
    const journey = { customerRef, campaignRef: 'keep-your-tier' as CampaignRef, version: 1, findingId: null, at };
    const journeyId = await insertJourney(database.app, {
      ...journey,
      asOf: addDays(DAY, -daysAgo - 10),
      tierRef: 'affluent' as TierRef,
    });
    if (!journeyId) throw new Error('no journey');
    await closeJourney(database.app, journeyId, outcome, 'ended', at);
  }
  const refusals = async (): Promise<unknown[]> =>
    (await database.owner.query(`select customer_ref, reasons ->> 0 as why from decisions where verdict = 'refused'`))
      .rows;

  test('the customer is left alone for as long as the campaign says of that outcome, the last one', async () => {
    await publishText(
      database,
      await shippedCampaign('keep-your-tier', (text) =>
        text.replace(
          'coolDown: 90 days',
          'coolDown: 30 days\n  coolDownAfter:\n    declined: 180 days\n    unreachable: 0 days',
        ),
      ),
      AT,
    );
    const [retained, declined, unreachable, since] = await Promise.all(
      ['cretained', 'cdeclined', 'cunreachable', 'csince'].map((ref) => addCustomer(database, { ref })),
    );
    await ended(retained as CustomerRef, 'retained', 31);
    await ended(declined as CustomerRef, 'declined', 31);
    await ended(unreachable as CustomerRef, 'unreachable', 1);
    // what was declined before the last journey counts no more
    await ended(since as CustomerRef, 'declined', 100);
    await ended(since as CustomerRef, 'retained', 31);
    for (const ref of [retained, declined, unreachable, since]) await found(ref as CustomerRef, 'tier-at-risk');
    await judge();
    expect(Object.keys(await open()).sort()).toEqual(['cretained', 'csince', 'cunreachable']);
    expect(await refusals()).toEqual([{ customer_ref: 'cdeclined', why: 'cool-down' }]);
  });
});

describe('a customer in hardship', () => {
  async function addPayer(ref: string): Promise<CustomerRef> {
    const customerRef = await addDebtor(database, { ref });
    const proposing = await proposeRepaymentPlan(database.app, proposalOf(customerRef, AT));
    if (proposing.verdict !== 'proposed') throw new Error(proposing.reasons.join());
    await agreePlan(database.app, { planRef: proposing.plan.planRef, by: 'Li Na', zone: BANK.zone, at: AT });
    return customerRef;
  }

  test('never gets a journey that sells: by a finding of that day or weeks before, or while a repayment plan runs', async () => {
    await publishText(database, await shippedCampaign('win-back'), AT);
    const [today, before, longAgo] = (await Promise.all(
      ['ctoday', 'cbefore', 'clongago'].map((ref) => addCustomer(database, { ref })),
    )) as [CustomerRef, CustomerRef, CustomerRef];
    const payer = await addPayer('cpayer');
    for (const ref of [today, before, longAgo, payer])
      for (const trigger of ['tier-at-risk', 'tier-lost', 'dormant'] as const) await found(ref, trigger);
    await found(today, 'card-overused');
    await found(before, 'negative-balance', addDays(DAY, -44));
    await found(longAgo, 'negative-balance', addDays(DAY, -45));
    await judge();
    expect(await open()).toEqual({ ctoday: ['credit-care'], clongago: ['keep-your-tier'] });
    const { rows } = await database.owner.query(
      `select customer_ref as ref, reasons from decisions where kind = 'admission' and verdict = 'refused' order by 1`,
    );
    expect(rows).toEqual([
      { ref: 'cbefore', reasons: ['credit-care'] },
      { ref: 'cpayer', reasons: ['credit-care'] },
    ]);
  });
});
