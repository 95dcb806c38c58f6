import type { WorkflowClient } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { exclusionActivities } from '../../activities/exclusions.js';
import { EXCLUSIONS, type Exclusion } from '../../domain/exclusion.js';
import {
  addMillis,
  days,
  instant,
  type CampaignRef,
  type CustomerRef,
  type JourneyId,
  type PlainDate,
  type TierRef,
  type ZoneId,
} from '../../domain/types.js';
import { admitByHand } from '../../store/admit-by-hand.js';
import { readCampaignVersion } from '../../store/campaigns.js';
import { verifyDecisions } from '../../store/decisions.js';
import {
  addExclusion,
  journeysOfExcluded,
  liftExclusion,
  listExclusions,
  type NewExclusion,
} from '../../store/exclusions.js';
import { closeJourney, insertJourney } from '../../store/journeys.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const DAY = '2026-01-11' as PlainDate;
const CLOCK = { origin: AT, anchor: AT, rate: 1 };
const SECRET = 'Beschluss 4711 des Amtsgerichts';

let database: TestDatabase;
let anna: CustomerRef;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, CLOCK, DAY);
  anna = await addCustomer(database, { ref: 'canna' });
});
afterEach(() => database.drop());

const exclude = (kind: Exclusion, more: Partial<NewExclusion> = {}) =>
  addExclusion(database.app, { customerRef: anna, kind, reason: SECRET, by: 'Li Na', at: AT, ...more });
const lift = (exclusionId: string, by: string) =>
  liftExclusion(database.app, { exclusionId, reason: SECRET, by, at: addMillis(AT, days(1)) });
async function journey(campaignRef: string): Promise<JourneyId> {
  const tierRef = 'affluent' as TierRef;
  const asked = { customerRef: anna, campaignRef: campaignRef as CampaignRef, version: 1, findingId: null };
  const journeyId = await insertJourney(database.app, { ...asked, asOf: DAY, tierRef, at: AT });
  if (!journeyId) throw new Error('no journey');
  return journeyId;
}

describe('excluding', () => {
  test('is a decision that names the kind, and not why', async () => {
    const { exclusionId } = await exclude('guardianship');
    const { rows } = await database.owner.query('select * from decisions');
    expect(rows).toMatchObject([
      {
        kind: 'exclusion',
        verdict: 'guardianship',
        customer_ref: 'canna',
        saw: { by: 'Li Na', openJourney: null },
        result: { exclusionId, ends: null },
        rules: 'exclusion@1',
        decided_at: AT,
      },
    ]);
    expect(JSON.stringify(rows)).not.toContain('4711');
    expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true });
  });

  test('in the same way twice is refused, with who did it first; in another way it is not', async () => {
    await exclude('frozen');
    await expect(exclude('frozen')).rejects.toThrow(
      /canna is excluded as frozen already, by Li Na \(.+\); nothing was/,
    );
    await exclude('vulnerable');
    expect(
      (await listExclusions(database.app, { customerRef: anna, lifted: false, limit: 9 })).exclusions,
    ).toHaveLength(2);
  });

  test('somebody who is no customer is refused in words', async () => {
    await expect(exclude('frozen', { customerRef: 'cnobody' as CustomerRef })).rejects.toThrow(
      'there is no customer "cnobody"; check the reference',
    );
  });

  test.each(EXCLUSIONS)('(%s) names the open journey that it ends', async (kind) => {
    const journeyId = await journey('keep-your-tier');
    expect(await exclude(kind)).toMatchObject({ journey: { journeyId, workflowId: `journey:${journeyId}` } });
    const { rows } = await database.owner.query('select journey_id from decisions');
    expect(rows).toEqual([{ journey_id: journeyId }]);
  });

  test('a vulnerable customer leaves them the help with their debts; any other exclusion ends it', async () => {
    const journeyId = await journey('credit-care');
    expect(await exclude('vulnerable')).toMatchObject({ journey: null });
    expect(await journeysOfExcluded(database.app)).toEqual([]);
    expect(await exclude('deceased')).toMatchObject({ journey: { journeyId } });
  });

  test('and admitting at once come one after the other: never is an excluded customer admitted', async () => {
    const campaign = await readCampaignVersion(database.app, 'keep-your-tier' as CampaignRef);
    if (!campaign) throw new Error('no campaign');
    const asked = { campaign, asOf: DAY, at: AT, by: 'Li Na' };
    for (let n = 0; n < 10; n += 1) {
      const customerRef = await addCustomer(database, { ref: `c${n}` });
      const excluding = { customerRef, kind: 'frozen', reason: SECRET, by: 'Li Na', at: AT } as const;
      const [excluded, admitted] = await Promise.all([
        addExclusion(database.app, excluding),
        admitByHand(database.app, { customerRef, ...asked }),
      ]);
      // either it was first, and the admission refused; or it saw the journey, and ends it
      expect(excluded.journey === null).toBe(admitted.verdict === 'refused');
      if (admitted.verdict === 'refused') expect(admitted.reasons).toEqual(['excluded']);
    }
  });
});

describe('lifting', () => {
  test.each(['suspected-fraud', 'guardianship'] as const)('%s takes another person', async (kind) => {
    const { exclusionId } = await exclude(kind);
    await expect(lift(exclusionId, 'LI  na')).rejects.toThrow(
      `${kind} is lifted by another person than Li Na, who recorded it; nothing was changed`,
    );
    expect(await lift(exclusionId, 'Wang Wei')).toMatchObject({ liftedBy: 'Wang Wei' });
  });

  test('the other kinds may be lifted by who recorded them', async () => {
    const { exclusionId } = await exclude('frozen');
    expect(await lift(exclusionId, 'Li Na')).toMatchObject({ liftedBy: 'Li Na', liftedAt: addMillis(AT, days(1)) });
  });

  test('is a decision of its own, after which the customer can be excluded again', async () => {
    const { exclusionId } = await exclude('frozen');
    await lift(exclusionId, 'Li Na');
    await exclude('frozen');
    const { rows } = await database.owner.query('select verdict, reasons from decisions order by sequence');
    expect(rows).toEqual([
      { verdict: 'frozen', reasons: [] },
      { verdict: 'lifted', reasons: ['frozen'] },
      { verdict: 'frozen', reasons: [] },
    ]);
  });

  test('twice, or what is not there, is refused in words', async () => {
    const { exclusionId } = await exclude('frozen');
    await lift(exclusionId, 'Wang Wei');
    await expect(lift(exclusionId, 'Wang Wei')).rejects.toThrow(
      'it was lifted already, by Wang Wei; nothing was changed',
    );
    await expect(lift('e1', 'Wang Wei')).rejects.toThrow('there is no exclusion "e1"');
  });

  test('by two people at once is done by one of them', async () => {
    const { exclusionId } = await exclude('suspected-fraud');
    const done = await Promise.allSettled([lift(exclusionId, 'Wang Wei'), lift(exclusionId, 'Zhao Min')]);
    expect(done.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('the database by itself', () => {
  const liftBy = (by: string) =>
    database.app.query(`update exclusions set lifted_at = excluded_at, lifted_by = $1, lift_reason = 'a test'`, [by]);

  test.each(['suspected-fraud', 'guardianship'] as const)(
    'lets nobody lift their own %s, however they write',
    async (kind) => {
      await exclude(kind);
      for (const by of ['Li Na', 'li na', ' LINA ', 'Ｌｉ Na'])
        await expect(liftBy(by)).rejects.toThrow('exclusions_four_eyes');
      await liftBy('Wang Wei');
      await expect(liftBy('Zhao Min')).rejects.toThrow('was lifted already');
    },
  );

  test('lets nobody lift without a reason, or change or take away what was recorded', async () => {
    await exclude('frozen');
    await expect(
      database.app.query(`update exclusions set lifted_at = excluded_at, lifted_by = 'Li Na'`),
    ).rejects.toThrow('exclusions_lifted_with_reason');
    await expect(database.app.query(`update exclusions set kind = 'vulnerable'`)).rejects.toThrow('permission denied');
    await expect(database.app.query('delete from exclusions')).rejects.toThrow('permission denied');
  });

  test('does not show the application why', async () => {
    await exclude('frozen');
    for (const column of ['legal_reason', 'lift_reason', '*'])
      await expect(database.app.query(`select ${column} from exclusions`)).rejects.toThrow('permission denied');
    // not even where it refuses a row
    const refused = await exclude('frozen', {
      at: addMillis(AT, days(1)),
      by: 'x'.repeat(101),
      customerRef: await addCustomer(database, { ref: 'cboris' }),
    }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ constraint: 'exclusions_excluded_by_check' });
    expect(JSON.stringify(refused, Object.getOwnPropertyNames(refused))).not.toContain('4711');
  });
});

describe('the runs of journeys', () => {
  const asked: string[] = [];
  let fails: Error | null = null;
  const signal = async (id: string, { name }: { name: string }): Promise<void> => {
    if (fails) throw fails;
    asked.push(`${id} ${name}`);
  };
  const workflows = {
    getHandle: (id: string) => ({ signal: (definition: { name: string }) => signal(id, definition) }),
  } as unknown as WorkflowClient;
  const bank = { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: CLOCK };
  const tell = () =>
    new MockActivityEnvironment().run(() =>
      exclusionActivities({ database: database.app, bank, workflows }).tellExcluded(),
    );
  beforeEach(() => {
    asked.length = 0;
    fails = null;
  });

  test('are told by each round until they have ended, also by two exclusions only once', async () => {
    const journeyId = await journey('keep-your-tier');
    await exclude('frozen');
    await exclude('vulnerable');
    expect(await tell()).toEqual({ told: 1 });
    expect(await tell()).toEqual({ told: 1 });
    expect(asked).toEqual([`journey:${journeyId} excluded`, `journey:${journeyId} excluded`]);
    await closeJourney(database.app, journeyId, 'ineligible', 'ended', AT);
    expect(await tell()).toEqual({ told: 0 });
  });

  test('that have not begun are told by the next round; an outage is none of that', async () => {
    await journey('keep-your-tier');
    await exclude('frozen');
    fails = new WorkflowNotFoundError('not there', 'journey:1', undefined);
    expect(await tell()).toEqual({ told: 0 });
    fails = new Error('no server');
    await expect(tell()).rejects.toThrow('no server');
  });

  test('of customers whose exclusion was lifted go on', async () => {
    await journey('keep-your-tier');
    const { exclusionId } = await exclude('frozen');
    await lift(exclusionId, 'Wang Wei');
    expect(await tell()).toEqual({ told: 0 });
  });
});
