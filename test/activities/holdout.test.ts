import type { WorkflowClient } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { goalActivities } from '../../activities/goals.js';
import { roundActivities, type RoundActivities } from '../../activities/round.js';
import { holdoutEnd } from '../../domain/holdout.js';
import {
  addDays,
  addMillis,
  days,
  instant,
  type CampaignRef,
  type CustomerRef,
  type Instant,
  type PlainDate,
  type ZoneId,
} from '../../domain/types.js';
import type { CampaignDefinition } from '../../domain/campaign.js';
import { admitByHand } from '../../store/admit-by-hand.js';
import { readCampaignInForce } from '../../store/campaign-launches.js';
import { timestamp } from '../../store/database.js';
import { verifyDecisions } from '../../store/decisions.js';
import { isHeldOut } from '../../store/holdouts.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { launchWithHoldout } from '../setup/holdout-campaign.js';
import { addCustomer, book, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const DAY = '2026-01-12' as PlainDate;
const BANK = { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: AT, anchor: AT, rate: 1 } };
const REF = 'keep-your-tier' as CampaignRef;
const CUSTOMERS = Array.from({ length: 24 }, (_, i) => `c${i + 1}` as CustomerRef);

let database: TestDatabase;
let round: RoundActivities;
let definition: CampaignDefinition;
let version: number;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, BANK.clock, DAY);
  ({ version, definition } = await launchWithHoldout(database, 50, AT));
  round = roundActivities({ database: database.app, bank: BANK, workflows: {} as WorkflowClient });
  for (const ref of CUSTOMERS) await addCustomer(database, { ref });
});
afterEach(() => database.drop());

const alone = (): CustomerRef[] => CUSTOMERS.filter((ref) => isHeldOut({ campaignRef: REF, version, definition }, ref));
const found = (ref: CustomerRef, asOf: PlainDate, trigger = 'tier-at-risk'): Promise<unknown> =>
  database.owner.query(
    `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at) values ($1, $2, $3, 80, '[]', $4)`,
    [ref, trigger, asOf, timestamp(AT)],
  );
async function admit(asOf: PlainDate, at: Instant): Promise<void> {
  const attempt = new MockActivityEnvironment(
    { currentAttemptScheduledTimestampMs: at },
    { logger: new DefaultLogger('ERROR') },
  );
  await attempt.run(() => round.admitCustomers({ asOf }));
}
async function foundAndAdmitted(asOf: PlainDate, daysLater: number, trigger?: string, refs = CUSTOMERS): Promise<void> {
  for (const ref of refs) await found(ref, asOf, trigger);
  await admit(asOf, addMillis(AT, days(daysLater)));
}
async function refs(query: string): Promise<string[]> {
  const { rows } = await database.owner.query<{ ref: string }>(query);
  return rows.map(({ ref }) => ref);
}
const sorted = (list: readonly string[]): string[] => [...list].sort();
const lastVerdict = `select distinct on (customer_ref) customer_ref, verdict, reasons from decisions where kind = 'admission'
                      order by customer_ref, sequence desc`;

test('whom the lot leaves alone has no journey, and why is written down; everybody else begins', async () => {
  await foundAndAdmitted(DAY, 0);
  expect(alone().length).toBeGreaterThan(5);
  expect(alone().length).toBeLessThan(19);
  expect(await refs('select customer_ref as ref from holdouts order by 1')).toEqual(sorted(alone()));
  expect(await refs('select customer_ref as ref from journeys order by 1')).toEqual(
    sorted(CUSTOMERS.filter((ref) => !alone().includes(ref))),
  );
  const [some] = alone();
  const { rows } = await database.owner.query(
    `select verdict, reasons, result, rules from decisions where customer_ref = $1 and kind = 'admission'`,
    [some],
  );
  const followedUntil = holdoutEnd(definition, AT);
  expect(rows).toEqual([
    {
      verdict: 'held-out',
      reasons: ['tier-at-risk'],
      result: { campaign: REF, version, followedUntil },
      rules: expect.any(String) as string,
    },
  ]);
  expect(await verifyDecisions(database.app, some as CustomerRef)).toMatchObject({ whole: true });
  const { rows: kept } = await database.owner.query('select * from holdouts where customer_ref = $1', [some]);
  expect(kept).toMatchObject([
    {
      campaign_ref: REF,
      version,
      as_of: DAY,
      tier_at_start: 'affluent',
      admitted_at: AT,
      followed_until: followedUntil,
    },
  ]);
});

test('while they are followed they are left alone on every further day; after it and the cool-down by the lot again', async () => {
  await foundAndAdmitted(DAY, 0);
  await foundAndAdmitted(addDays(DAY, 1), 1);
  const [some = ''] = sorted(alone());
  const verdicts = `select customer_ref as ref from (${lastVerdict}) v where verdict = 'refused' and reasons = '["held-out"]' order by 1`;
  expect(await refs(verdicts)).toEqual(sorted(alone()));
  expect(await refs('select distinct customer_ref as ref from holdouts')).toHaveLength(alone().length);
  // followed for 76 days by the plan; the cool-down takes 90 more
  await foundAndAdmitted(addDays(DAY, 100), 100, undefined, [some as CustomerRef]);
  expect(await refs(`select reasons ->> 0 as ref from (${lastVerdict}) v where customer_ref = '${some}'`)).toEqual([
    'cool-down',
  ]);
  await foundAndAdmitted(addDays(DAY, 170), 170, undefined, [some as CustomerRef]);
  expect(await refs(`select verdict as ref from (${lastVerdict}) v where customer_ref = '${some}'`)).toEqual([
    'held-out',
  ]);
  expect(await refs(`select as_of::text as ref from holdouts where customer_ref = '${some}' order by 1`)).toEqual([
    DAY,
    addDays(DAY, 170),
  ]);
});

test('a later version with a smaller share does not take whom an earlier one follows; help takes them all the same', async () => {
  await foundAndAdmitted(DAY, 0);
  await launchWithHoldout(database, 1, addMillis(AT, 1 as never));
  await foundAndAdmitted(addDays(DAY, 1), 1);
  expect(await refs('select customer_ref as ref from journeys order by 1')).toHaveLength(
    CUSTOMERS.length - alone().length,
  );
  const [some = 'c1' as CustomerRef] = alone();
  await foundAndAdmitted(addDays(DAY, 2), 2, 'negative-balance', [some]);
  expect(await refs(`select campaign_ref as ref from journeys where customer_ref = '${some}'`)).toEqual([
    'credit-care',
  ]);
});

test('a person can not start for them what the lot withholds, and can start help', async () => {
  const campaign = await readCampaignInForce(database.app, REF);
  const care = await readCampaignInForce(database.app, 'credit-care' as CampaignRef);
  if (!campaign || !care) throw new Error('the campaigns are not in force');
  const [some = 'c1' as CustomerRef] = alone();
  const asked = { customerRef: some, asOf: DAY, at: AT, by: 'anna' };
  expect(await admitByHand(database.app, { ...asked, campaign })).toEqual({
    verdict: 'refused',
    reasons: ['held-out'],
  });
  const other = CUSTOMERS.find((ref) => !alone().includes(ref)) as CustomerRef;
  expect(await admitByHand(database.app, { ...asked, customerRef: other, campaign })).toMatchObject({
    verdict: 'admitted',
  });
  expect(await admitByHand(database.app, { ...asked, at: addMillis(AT, days(1)), campaign: care })).toMatchObject({
    verdict: 'admitted',
  });
});

test('who is left alone is followed to the same goal as a journey, and nobody is told', async () => {
  await foundAndAdmitted(DAY, 0);
  const [back, slid] = alone();
  if (!back || !slid) throw new Error('the lot leaves fewer than two alone');
  // on 1 February the money is back: an average above the threshold is secured and held for twenty days
  await book(database, back, '2026-02-01', 60_000_000n);
  const goals = goalActivities({ database: database.app, bank: BANK, workflows: {} as WorkflowClient });
  const at = instant(Date.UTC(2026, 1, 21, 2));
  const attempt = new MockActivityEnvironment(
    { currentAttemptScheduledTimestampMs: at },
    { logger: new DefaultLogger('ERROR') },
  );
  expect(await attempt.run(() => goals.checkGoals({ asOf: '2026-02-20' as PlainDate }))).toEqual({ met: 0 });
  const { rows } = await database.owner.query<{ ref: string }>(
    'select customer_ref as ref, goal_met_at as at, goal_evidence as evidence from holdouts where goal_met_at is not null',
  );
  expect(rows).toEqual([{ ref: back, at, evidence: { by: 'average-secured', daysHeld: 20, periodEnd: '2026-02-28' } }]);
});
