import type { CampaignDefinition } from '../../domain/campaign.js';
import {
  addMillis,
  days,
  instant,
  type CampaignRef,
  type CustomerRef,
  type PlainDate,
  type ZoneId,
} from '../../domain/types.js';
import { readCampaignInForce } from '../../store/campaign-launches.js';
import { timestamp } from '../../store/database.js';
import { isHeldOut } from '../../store/holdouts.js';
import { previewCampaign, type Preview, type PreviewedStep } from '../../trial/preview.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

/** Monday, 10:00 in Shanghai. */
const AT = instant(Date.UTC(2026, 0, 12, 2));
const DAY = '2026-01-12' as PlainDate;
const BANK = { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: AT, anchor: AT, rate: 1 } };
const REF = 'keep-your-tier' as CampaignRef;
const HOUR = 3_600_000;

let database: TestDatabase;
let definition: CampaignDefinition;
let customerRef: CustomerRef;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, BANK.clock, DAY);
  const inForce = await readCampaignInForce(database.app, REF);
  if (!inForce) throw new Error('the campaign is not in force');
  ({ definition } = inForce);
  customerRef = await addCustomer(database, { ref: 'c1' });
  await found('tier-at-risk');
});
afterEach(() => database.drop());

const found = (trigger: string): Promise<unknown> =>
  database.owner.query(
    `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at) values ($1, $2, $3, 80, '[]', $4)`,
    [customerRef, trigger, DAY, timestamp(AT)],
  );
const preview = (of: CampaignDefinition = definition, at = AT): Promise<Preview> =>
  previewCampaign(
    { database: database.app, bank: BANK, webUrl: 'https://bank.example' },
    { definition: of, customerRef, asOf: DAY, at },
  );
const stepOf = ({ steps }: Preview, name: string): PreviewedStep => {
  const step = steps.find((one) => one.step === name);
  if (!step) throw new Error(`there is no step ${name}`);
  return step;
};
/** Every row of every table that a preview could touch. */
async function everything(): Promise<string> {
  const { rows } = await database.owner.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  const tables = await Promise.all(
    rows.map(async ({ name }) => {
      const { rows: all } = await database.owner.query(`select to_jsonb(t) as row from ${name} t order by 1`);
      return [name, all];
    }),
  );
  return JSON.stringify(tables.sort(), (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

test('shows whether, by whom, when and with which words, and leaves nothing behind', async () => {
  const before = await everything();
  const shown = await preview();
  expect(shown).toMatchObject({
    admission: { verdict: 'admitted', reasons: ['tier-at-risk'] },
    heldOut: false,
    manager: { kind: 'assigned' },
    zone: 'Asia/Shanghai',
    language: 'en',
  });
  expect(shown.steps.map(({ step, kind }) => `${step} ${kind}`)).toEqual([
    'outreach message',
    'offer offer',
    'survey survey',
    'reminder-1 reminder',
    'reminder-2 reminder',
    'goal goal',
    'reward reward',
  ]);
  expect(stepOf(shown, 'outreach').at).toBe(AT);
  expect(stepOf(shown, 'offer').at).toBe(addMillis(AT, days(5)));
  expect(stepOf(shown, 'reminder-2').at).toBe(addMillis(AT, days(20)));
  expect(stepOf(shown, 'goal').at).toBe(addMillis(AT, days(76)));
  const { letter } = stepOf(shown, 'outreach');
  expect(letter).toMatchObject({ kind: 'letter', template: 'manager-introduction' });
  expect(letter?.kind === 'letter' && letter.letter.text).toContain('Zhang Wei');
  for (const { step, today } of shown.steps.filter(({ messageClass }) => messageClass))
    expect([step, today?.kind]).toEqual([step, 'send']);
  expect(await everything()).toBe(before);
});

test('moves what would come in quiet hours, or on a day without contact, into the window of the customer’s zone', async () => {
  await database.owner.query(`update customers set zone = 'America/New_York'`);
  const weekdays = {
    ...definition,
    contact: { days: ['mon', 'tue', 'wed', 'thu', 'fri'], hours: { from: '09:00', to: '18:00' }, channels: ['email'] },
  } as CampaignDefinition;
  // 10:00 on Monday in Shanghai is 21:00 on Sunday in New York: the journey begins on Monday 09:00 there
  const shown = await preview(weekdays);
  const begin = addMillis(AT, (12 * HOUR) as never);
  expect(stepOf(shown, 'outreach').at).toBe(begin);
  expect(stepOf(shown, 'outreach').today).toMatchObject({
    kind: 'hold',
    until: begin,
    reasons: ['quiet-hours', 'not-a-contact-day'],
  });
  // five days later it is Saturday
  expect(stepOf(shown, 'offer')).toMatchObject({ at: addMillis(begin, days(7)), plannedAt: addMillis(begin, days(5)) });
});

test('reads the language of the customer', async () => {
  await database.owner.query(`update customers set language = 'zh-CN'`);
  const { letter } = stepOf(await preview(), 'outreach');
  expect(letter?.kind === 'letter' && letter.letter.subject).toMatch(/\p{Script=Han}/u);
});

test('says why not: nothing found, a journey open, no consent; and shows the rest all the same', async () => {
  await database.owner.query(`update consents set granted = false`);
  const withoutConsent = await preview();
  expect(stepOf(withoutConsent, 'offer').today).toEqual({ kind: 'never', reasons: ['no-promotional-consent'] });
  expect(stepOf(withoutConsent, 'survey').today?.kind).toBe('send');
  await admitted(database, customerRef, '2026-01-10', AT);
  const busy = await preview();
  expect(busy.admission).toEqual({ verdict: 'refused', reasons: ['journey-open'] });
  expect(stepOf(busy, 'outreach').letter?.kind).toBe('letter');
  await database.owner.query(`update findings set score = 20`);
  await database.owner.query(`update journeys set closed_at = admitted_at, outcome = 'declined'`);
  expect((await preview()).admission).toEqual({ verdict: 'refused', reasons: ['score-too-low'] });
});

test('tells who is left alone by the lot, and which other campaign goes first', async () => {
  const withHoldout = { ...definition, holdout: { percent: 50 } };
  const heldOut = isHeldOut({ campaignRef: REF, version: 1, definition: withHoldout }, customerRef);
  expect(await preview(withHoldout)).toMatchObject({
    heldOut,
    admission: { verdict: heldOut ? 'held-out' : 'admitted' },
  });
  const other = { ...definition, campaign: 'gentle-word', priority: 1 };
  expect((await preview(other)).admission).toEqual({ verdict: 'taken-by-another', by: REF });
});

test('who has no tier on the day is told as that', async () => {
  const asked = { definition, customerRef: 'c99' as CustomerRef, asOf: DAY, at: AT };
  const deps = { database: database.app, bank: BANK, webUrl: 'https://bank.example' };
  await expect(previewCampaign(deps, asked)).rejects.toThrow('there is no customer "c99" with a tier on 2026-01-12');
});
