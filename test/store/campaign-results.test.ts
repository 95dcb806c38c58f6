import fc from 'fast-check';
import {
  addDays,
  addMillis,
  days,
  instant,
  type CampaignRef,
  type PlainDate,
  type ZoneId,
} from '../../domain/types.js';
import { dateIn } from '../../domain/calendar.js';
import { timestamp } from '../../store/database.js';
import { AGAIN_DAYS, readCampaignResults, type CampaignResults } from '../../store/reads/campaign-results.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { launchWithHoldout } from '../setup/holdout-campaign.js';
import { smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const NOW = addMillis(AT, days(200));
const ZONE = 'Asia/Shanghai' as ZoneId;
const REF = 'keep-your-tier' as CampaignRef;
const TIERS = ['mass', 'affluent', 'private'];

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, '2026-01-12');
  // version 1 has no holdout, version 2 has one
  await launchWithHoldout(database, 20, AT);
});
afterEach(() => database.drop());

interface Entry {
  kind: 'treated' | 'holdout' | 'by-hand' | 'version-without' | 'moved';
  /** days after AT */
  admitted: number;
  /** days it takes; a journey of null is open */
  lasts: number | null;
  tier: number;
  goalMet: boolean;
}
interface Customer {
  entries: Entry[];
  /** days after AT at which a period ended, with the rank after it */
  evaluations: { on: number; rank: number }[];
}

const entry = fc.record({
  kind: fc.constantFrom<Entry['kind']>('treated', 'holdout', 'by-hand', 'version-without', 'moved'),
  admitted: fc.integer({ min: 0, max: 20 }),
  lasts: fc.option(fc.integer({ min: 1, max: 120 }), { nil: null, freq: 5 }),
  tier: fc.integer({ min: 0, max: 2 }),
  goalMet: fc.boolean(),
});
const customers = fc.array(
  fc.record({
    entries: fc.uniqueArray(entry, { minLength: 1, maxLength: 3, selector: ({ admitted }) => admitted }),
    evaluations: fc.uniqueArray(
      fc.record({ on: fc.integer({ min: 0, max: 260 }), rank: fc.integer({ min: 0, max: 2 }) }),
      {
        maxLength: 9,
        selector: ({ on }) => on,
      },
    ),
  }),
  { minLength: 1, maxLength: 12 },
);

async function write(all: readonly Customer[]): Promise<void> {
  const { owner } = database;
  await owner.query('truncate journeys, holdouts, findings, tier_evaluations, customers cascade');
  for (const [i, { entries, evaluations }] of all.entries()) {
    const ref = `c${i}`;
    await owner.query(
      `insert into customers (customer_ref, source, source_id, name, email, language, zone) values ($1, 't', $1, 'A', 'a@x', 'en', $2)`,
      [ref, ZONE],
    );
    for (const one of entries) await writeEntry(ref, one, entries.indexOf(one));
    for (const { on, rank } of evaluations)
      await owner.query(
        `insert into tier_evaluations values ($1, $2, $2, 'bohai', 1, 'mass', 0, 0, false, 0, 'in-order', $3, '{}')`,
        [ref, addDays('2026-01-12' as PlainDate, on), TIERS[rank]],
      );
  }
}

async function writeEntry(ref: string, { kind, admitted, lasts, tier, goalMet }: Entry, index: number): Promise<void> {
  const { owner } = database;
  const at = addMillis(AT, days(admitted));
  const asOf = addDays('2026-01-12' as PlainDate, admitted);
  const end = lasts === null ? null : addMillis(at, days(lasts));
  const met = goalMet ? timestamp(at) : null;
  if (kind === 'holdout') {
    await owner.query(
      `insert into holdouts (customer_ref, campaign_ref, version, as_of, tier_at_start, admitted_at, followed_until, goal_met_at) values ($1, $2, 2, $3, $4, $5, $6, $7)`,
      [ref, REF, asOf, TIERS[tier], timestamp(at), timestamp(end ?? addMillis(NOW, days(1))), met],
    );
    return;
  }
  const { rows } = await owner.query<{ id: string }>(
    `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at) values ($1, 'dormant', $2, 80, '[]', $3) returning finding_id as id`,
    [ref, asOf, timestamp(at)],
  );
  // one journey of a customer can be open: an open one that is not the last is closed long from now
  const closed = end ?? (index === 0 ? null : addMillis(NOW, days(100)));
  const now = kind === 'moved' || kind === 'version-without' ? 1 : 2;
  const journey = await owner.query<{ id: string }>(
    `insert into journeys (customer_ref, campaign_ref, version, finding_id, as_of, workflow_id, tier_at_start, admitted_at, closed_at, outcome, goal_met_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning journey_id as id`,
    [
      ref,
      REF,
      kind === 'moved' ? 2 : now,
      kind === 'by-hand' ? null : rows[0]?.id,
      asOf,
      `w:${ref}:${index}`,
      TIERS[tier],
      timestamp(at),
      closed === null ? null : timestamp(closed),
      closed === null ? null : 'opted-out',
      met,
    ],
  );
  // it began by version 1, without a lot, and goes on by version 2
  if (kind === 'moved')
    await owner.query(
      `insert into journey_moves (journey_id, campaign_ref, from_version, to_version, step, moved_at, moved_by) values ($1, $2, 1, 2, 'x', $3, 'anna')`,
      [journey.rows[0]?.id, REF, timestamp(at)],
    );
}

/** The same counted customer by customer, as the definition reads. */
function naive(all: readonly Customer[]): CampaignResults {
  const empty = () => ({
    customers: 0,
    running: 0,
    notEvaluated: 0,
    goalMet: 0,
    first: { successes: 0, of: 0 },
    again: { successes: 0, of: 0 },
  });
  const results: CampaignResults = { treated: empty(), holdout: empty(), others: empty() };
  for (const { entries, evaluations } of all) {
    const byTime = [...entries].sort((a, b) => a.admitted - b.admitted);
    const drawn = byTime.find(({ kind }) => kind === 'treated' || kind === 'holdout');
    const counted = drawn ?? byTime[0];
    if (!counted) continue;
    const group = results[counted.kind === 'treated' ? 'treated' : counted.kind === 'holdout' ? 'holdout' : 'others'];
    group.customers += 1;
    if (counted.goalMet) group.goalMet += 1;
    const isFirst = entries.indexOf(counted) === 0;
    // a goal that was met ends the following, as it ends a journey
    const metAtOnce = counted.kind === 'holdout' && counted.goalMet;
    const lasts = metAtOnce ? 0 : (counted.lasts ?? (counted.kind === 'holdout' || isFirst ? null : 10_000));
    if (lasts === null || (counted.kind === 'holdout' && counted.admitted + lasts > 200)) {
      group.running += 1;
      continue;
    }
    const end = dateIn(ZONE, addMillis(AT, days(counted.admitted + lasts)));
    const dated = evaluations
      .map(({ on, rank }) => ({ on: addDays('2026-01-12' as PlainDate, on), rank }))
      .sort((a, b) => (a.on < b.on ? -1 : 1));
    const first = dated.find(({ on }) => on > end);
    if (!first) {
      group.notEvaluated += 1;
      continue;
    }
    group.first.of += 1;
    if (first.rank >= counted.tier) group.first.successes += 1;
    const again = dated.find(({ on }) => on >= addDays(first.on, AGAIN_DAYS));
    if (!again) continue;
    group.again.of += 1;
    if (first.rank >= counted.tier && again.rank >= counted.tier) group.again.successes += 1;
  }
  return results;
}

test('the database counts what the definition says, customer by customer', async () => {
  const seen = { treated: 0, holdout: 0, others: 0, again: 0 };
  await fc.assert(
    fc.asyncProperty(customers, async (all) => {
      await write(all);
      const results = await readCampaignResults(database.app, REF, NOW, ZONE);
      expect(results).toEqual(naive(all));
      seen.treated += results.treated.first.of;
      seen.holdout += results.holdout.first.of;
      seen.others += results.others.customers;
      seen.again += results.treated.again.successes + results.holdout.again.successes;
    }),
    { numRuns: 40 },
  );
  // what was generated had something of everything
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
}, 120_000);

test('a campaign without customers has results of nobody', async () => {
  const { treated, holdout, others } = await readCampaignResults(database.app, REF, NOW, ZONE);
  for (const group of [treated, holdout, others])
    expect(group).toMatchObject({ customers: 0, first: { of: 0 }, again: { of: 0 } });
});
