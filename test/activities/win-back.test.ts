import type { WorkflowClient } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { goalActivities } from '../../activities/goals.js';
import { journeyActivities } from '../../activities/journey.js';
import { roundActivities } from '../../activities/round.js';
import { readCampaign } from '../../domain/campaign-file.js';
import {
  instant,
  type CampaignRef,
  type CustomerRef,
  type Instant,
  type JourneyId,
  type PlainDate,
  type ZoneId,
} from '../../domain/types.js';
import { admitByHand } from '../../store/admit-by-hand.js';
import { readCampaignVersion } from '../../store/campaigns.js';
import { closeJourney } from '../../store/journeys.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { publishText, shippedCampaign } from '../setup/campaign-version.js';
import { addCustomer, book, smallBank } from '../setup/small-bank.js';

/** The tier of those who slid in September fell on 1 January 2026, after three months' averages below 500,000. */
const SLID = '2025-09-20';
const AT = instant(Date.UTC(2026, 0, 12, 2));
const DAY = '2026-01-11' as PlainDate;
const BEGAN = instant(Date.UTC(2025, 11, 1));
const BANK = { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: BEGAN, anchor: BEGAN, rate: 1 } };

let database: TestDatabase;
let fallen: CustomerRef;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, BANK.clock, DAY);
  await publishText(database, await shippedCampaign('win-back'), BEGAN);
  fallen = await addCustomer(database, { ref: 'cfallen', slidFrom: SLID });
});
afterEach(() => database.drop());

/** What the round does on a day, on its morning after. */
async function judge(asOf: PlainDate, at: Instant = AT): Promise<{ goalsMet: number }> {
  const told = { signal: () => Promise.resolve() };
  const workflows = { start: () => Promise.resolve(), getHandle: () => told } as unknown as WorkflowClient;
  const deps = { database: database.app, bank: BANK, workflows };
  const attempt = <Result>(work: () => Promise<Result>): Promise<Result> =>
    new MockActivityEnvironment({ currentAttemptScheduledTimestampMs: at }, { logger: new DefaultLogger('ERROR') }).run(
      work,
    );
  const round = roundActivities(deps);
  await database.owner.query('update installation set data_until = $1', [asOf]);
  await attempt(() => round.evaluateTiers({ until: asOf }));
  const { met } = await attempt(() => goalActivities(deps).checkGoals({ asOf }));
  await attempt(() => round.findCustomers({ asOf }));
  await attempt(() => round.admitCustomers({ asOf }));
  return { goalsMet: met };
}
const onDay = (asOf: string): Promise<{ goalsMet: number }> =>
  judge(asOf as PlainDate, instant(Date.parse(`${asOf}T00:00:00Z`) + 26 * 3_600_000));

interface Shown {
  journeyId: JourneyId;
  campaign: string;
  about: string;
  outcome: string | null;
}
async function journeys(): Promise<Shown[]> {
  const { rows } = await database.owner.query<Shown>(
    `select journey_id as "journeyId", campaign_ref as campaign, tier_at_start as about, outcome from journeys order by journey_id`,
  );
  return rows;
}
const findings = async (where = 'true'): Promise<unknown[]> =>
  (
    await database.owner.query(
      `select customer_ref, score, reasons from findings where trigger = 'tier-lost' and ${where} order by as_of, customer_ref`,
    )
  ).rows;

describe('a fall', () => {
  test('is found with the numbers by which the tier was lost', async () => {
    await addCustomer(database, { ref: 'csteady', slidFrom: '2026-02-20' });
    await judge(DAY);
    expect(await findings()).toEqual([
      {
        customer_ref: 'cfallen',
        // a fifth below the threshold, ten days ago
        score: 50 + 20 + 16,
        reasons: [
          {
            code: 'tier-lost',
            numbers: {
              from: 'affluent',
              to: 'mass',
              lostOn: '2026-01-01',
              average: '40000000',
              threshold: '50000000',
              windowDays: 60,
            },
          },
        ],
      },
    ]);
  });

  test.each([
    ['2025-12-31', 0],
    ['2026-01-01', 1],
    ['2026-03-01', 1],
    ['2026-03-02', 0],
  ])('is found from its first day on for sixty days: on %s %d times', async (asOf, times) => {
    await onDay(asOf);
    expect(await findings(`as_of = '${asOf}'`)).toHaveLength(times);
  });

  test('that the next evaluation made good is no longer one', async () => {
    await judge(DAY);
    await book(database, fallen, '2026-01-12', 40_000_000n);
    await onDay('2026-02-05');
    expect(await findings(`as_of = '2026-02-05'`)).toEqual([]);
  });

  test('of a customer whose data are to be gone is not looked at', async () => {
    await database.owner.query('update customers set erased_at = now()');
    await judge(DAY);
    expect(await findings()).toEqual([]);
  });
});

test('of the shipped campaigns win-back alone looks for a fall, and for nothing else', async () => {
  const looksFor = async (name: string): Promise<readonly string[]> => {
    const read = readCampaign(await shippedCampaign(name), name);
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    return read.definition.detection.triggers;
  };
  expect(await looksFor('win-back')).toEqual(['tier-lost']);
  for (const other of ['keep-your-tier', 'credit-care']) expect(await looksFor(other)).not.toContain('tier-lost');
});

describe('winning back', () => {
  test('is a campaign of its own: the journey is about the tier that was lost', async () => {
    await judge(DAY);
    expect(await journeys()).toMatchObject([{ campaign: 'win-back', about: 'affluent', outcome: null }]);
  });

  test('is not barred by the journey in which the tier was lost; who declined there is left alone', async () => {
    const declined = await addCustomer(database, { ref: 'cdeclined', slidFrom: SLID });
    await onDay('2025-12-20');
    const begun = await journeys();
    expect(begun.map(({ campaign }) => campaign)).toEqual(['keep-your-tier', 'keep-your-tier']);
    await onDay('2026-01-05');
    expect(await journeys()).toHaveLength(2);
    await database.owner.query(
      `update journeys set outcome = case customer_ref when $1 then 'declined' else 'downgraded' end,
                           closed_at = '2026-01-06T02:00:00Z'`,
      [declined],
    );
    await onDay('2026-01-18');
    expect(await journeys()).toHaveLength(2);
    await onDay('2026-01-19');
    const { rows } = await database.owner.query(
      `select customer_ref, campaign_ref from journeys where closed_at is null`,
    );
    expect(rows).toEqual([{ customer_ref: fallen, campaign_ref: 'win-back' }]);
  });

  test('succeeds when an evaluation has given the tier back and the next average is secured', async () => {
    await judge(DAY);
    await book(database, fallen, '2026-01-13', 40_000_000n);
    // January's average reaches the threshold: the tier is back on 1 February, and is not yet held
    expect(await onDay('2026-02-05')).toEqual({ goalsMet: 0 });
    expect(await onDay('2026-02-20')).toEqual({ goalsMet: 1 });
    const settled = await settle();
    expect(settled).toMatchObject({ outcome: 'retained', rewarded: false });
  });

  test('has not succeeded while only the threshold of the lower tier is reached', async () => {
    await judge(DAY);
    await onDay('2026-02-28');
    expect(await onDay('2026-03-01')).toEqual({ goalsMet: 0 });
    expect(await settle()).toMatchObject({ outcome: 'downgraded' });
  });

  test('takes nobody again for the same fall once it has ended', async () => {
    await judge(DAY);
    const [journey] = await journeys();
    await closeJourney(database.app, journey?.journeyId as JourneyId, 'retained', 'ended', AT);
    await onDay('2026-02-20');
    expect(await journeys()).toHaveLength(1);
  });

  test('by hand is about the lost tier too, and begins for nobody who lost none', async () => {
    const campaign = await readCampaignVersion(database.app, 'win-back' as CampaignRef);
    if (!campaign) throw new Error('no campaign');
    await addCustomer(database, { ref: 'csteady', slidFrom: '2026-02-20' });
    await judge(DAY);
    const [journey] = await journeys();
    await closeJourney(database.app, journey?.journeyId as JourneyId, 'ineligible', 'ended', AT);
    await onDay('2026-01-12');
    const asked = { campaign, asOf: '2026-01-12' as PlainDate, at: AT, by: 'Li Na' };
    const steady = 'csteady' as CustomerRef;
    expect(await admitByHand(database.app, { customerRef: steady, ...asked })).toEqual({
      verdict: 'refused',
      reasons: ['not-in-audience'],
    });
    expect(await admitByHand(database.app, { customerRef: fallen, ...asked })).toMatchObject({ verdict: 'admitted' });
    expect((await journeys()).at(-1)).toMatchObject({ campaign: 'win-back', about: 'affluent' });
  });

  async function settle(): Promise<unknown> {
    const [journey] = await journeys();
    const deps = { database: database.app, bank: BANK };
    const end = { journeyId: journey?.journeyId as JourneyId, ending: 'window-over' as const, at: AT };
    return new MockActivityEnvironment().run(() => journeyActivities(deps).settleJourney(end));
  }
});
