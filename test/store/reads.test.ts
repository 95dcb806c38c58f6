import { readCustomer, standingInWords } from '../../client/cli/customer.js';
import { journeyForPeople, journeyForPrograms } from '../../client/cli/journey-view.js';
import { toJson } from '../../client/cli/output.js';
import { journeyStory } from '../../client/journey-story.js';
import { WALL_CLOCK } from '../../domain/business-clock.js';
import {
  instant,
  plainDate,
  points,
  type CampaignRef,
  type ComplaintRef,
  type CustomerRef,
  type ZoneId,
} from '../../domain/types.js';
import { admitByHand } from '../../store/admit-by-hand.js';
import { readCampaignVersion } from '../../store/campaigns.js';
import { insertComplaint } from '../../store/complaints.js';
import { recordDecisions } from '../../store/decisions.js';
import { closeJourney } from '../../store/journeys.js';
import { budgetAccount, customerAccount, EXPIRED, post } from '../../store/ledger.js';
import { findComplaint, listComplaints } from '../../store/reads/complaint.js';
import { findJourney, listJourneys, readJourneyRecords } from '../../store/reads/journey.js';
import { missingMigrations } from '../../store/reads/migrations.js';
import { readStatement } from '../../store/reads/points.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

const zone = 'Asia/Shanghai' as ZoneId;
const asOf = plainDate('2026-01-20');
const start = Date.UTC(2026, 0, 21, 1);
const hours = (n: number) => instant(start + n * 3_600_000);
const ref = 'keep-your-tier' as CampaignRef;

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
  await smallBank(database, WALL_CLOCK, asOf);
});
afterAll(() => database.drop());

const customer = (name: string): Promise<CustomerRef> => addCustomer(database, { ref: name });

async function start1(customerRef: CustomerRef, at = hours(0)) {
  const campaign = await readCampaignVersion(database.app, ref);
  if (!campaign) throw new Error('the campaign is not published');
  return admitByHand(database.app, { customerRef, campaign, asOf, at, by: 'anna' });
}

describe('a journey by hand', () => {
  test('is admitted once; afterwards the reason why not is told and kept', async () => {
    const customerRef = await customer('c1');
    expect(await start1(customerRef)).toMatchObject({ verdict: 'admitted' });
    expect(await start1(customerRef, hours(1))).toEqual({ verdict: 'refused', reasons: ['journey-open'] });
    const view = await readCustomer(database.app, 'c1', asOf);
    expect(view.admissions).toEqual([
      { at: hours(1), verdict: 'refused', reasons: ['by-hand', 'journey-open'] },
      { at: hours(0), verdict: 'admitted', reasons: ['by-hand'] },
    ]);
  });

  test('two at once: one is admitted', async () => {
    const customerRef = await customer('c2');
    const both = await Promise.all([start1(customerRef, hours(0)), start1(customerRef, hours(1))]);
    expect(both.map(({ verdict }) => verdict).sort()).toEqual(['admitted', 'refused']);
  });

  test('is refused during a complaint, and for nobody', async () => {
    const customerRef = await customer('c3');
    await complain(customerRef, 'one', hours(0));
    expect(await start1(customerRef)).toEqual({ verdict: 'refused', reasons: ['complaint-open'] });
    await expect(start1('c99' as CustomerRef)).rejects.toThrow('there is no customer "c99" with a tier on 2026-01-20');
  });
});

const complain = (customerRef: CustomerRef, key: string, at = hours(0), dueAt = hours(24)) =>
  insertComplaint(database.app, {
    complaintKey: `page:${key}`,
    workflowId: `complaint:page:${key}`,
    customerRef,
    source: 'page',
    narrative: 'kept waiting',
    openedAt: at,
    dueAt,
    ruleSet: 'cn-2020',
  });

test('journeys are listed newest first, page by page', async () => {
  const made = [];
  for (const name of ['c11', 'c12', 'c13'])
    made.push((await admitted(database, await customer(name), asOf, start)).journeyId);
  const wanted = made.reverse();
  const first = await listJourneys(database.app, { state: 'open', limit: 2 });
  expect(first.journeys.map(({ journeyId }) => journeyId)).toEqual(wanted.slice(0, 2));
  expect(first.more).toBe(true);
  const second = await listJourneys(database.app, { state: 'open', limit: 1, after: first.journeys[1]?.journeyId });
  expect(second.journeys.map(({ journeyId }) => journeyId)).toEqual(wanted.slice(2));
  expect(await listJourneys(database.app, { state: 'closed', limit: 10 })).toEqual({ journeys: [], more: false });
});

test('complaints are listed by the day they are due, page by page', async () => {
  const customerRef = await customer('c21');
  const late = await complain(customerRef, 'late', hours(0), hours(300));
  const soon = await complain(customerRef, 'soon', hours(0), hours(200));
  const filter = { open: true, customerRef, limit: 1 };
  const first = await listComplaints(database.app, filter);
  expect(first).toMatchObject({ more: true, complaints: [{ complaintRef: soon.complaintRef, dueAt: hours(200) }] });
  const second = await listComplaints(database.app, { ...filter, after: soon.complaintRef });
  expect(second).toMatchObject({ more: false, complaints: [{ complaintRef: late.complaintRef }] });
  expect(await findComplaint(database.app, late.complaintRef)).toMatchObject({ workflowId: 'complaint:page:late' });
  expect(await findComplaint(database.app, 'K-1')).toBeNull();
  expect(await listComplaints(database.app, { limit: 10, after: 'K-1' as ComplaintRef })).toEqual({
    complaints: [],
    more: false,
  });
});

test('a statement shows the balance after each posting, the newest first', async () => {
  const customerRef = await customer('c31');
  const move = (key: string, amount: number, gone = false) =>
    post(database.app, {
      key,
      kind: gone ? 'expire' : 'grant',
      from: gone ? customerAccount(customerRef) : budgetAccount(ref),
      to: gone ? EXPIRED : customerAccount(customerRef),
      amount: points(amount),
      memo: key,
      at: hours(1),
    });
  await move('first', 500);
  await move('taken', 200, true);
  await move('last', 50);
  const all = await readStatement(database.app, customerRef, 2);
  expect(all.lines.map(({ memo, points: moved, balance }) => [memo, moved, balance])).toEqual([
    ['last', 50n, 350n],
    ['taken', -200n, 300n],
  ]);
  expect(all.more).toBe(true);
  const rest = await readStatement(database.app, customerRef, 2, all.lines[1]?.postingId);
  expect(rest).toMatchObject({ lines: [{ memo: 'first', balance: 500n }], more: false });
  expect((await readCustomer(database.app, 'c31', asOf)).points).toBe(350n);
});

test("a journey's story is told in order, with the reasons in words", async () => {
  const customerRef = await customer('c41');
  const admission = await start1(customerRef);
  if (admission.verdict !== 'admitted') throw new Error('not admitted');
  const { journeyId } = admission;
  const decide = (
    kind: string,
    verdict: string,
    reasons: string[],
    saw: object,
    hour: number,
    journey: boolean = true,
  ) =>
    recordDecisions(database.app, [
      {
        key: `story:${kind}:${hour}`,
        customerRef,
        journeyId: journey ? journeyId : null,
        kind,
        verdict,
        reasons,
        saw: saw as never,
        result: {},
        rules: `${kind}@1`,
        at: hours(hour),
      },
    ]);
  await decide('assignment', 'm1', ['own-branch', 'most-free'], {}, 1);
  await decide('message', 'sent', [], { template: 'manager-introduction', messageClass: 'service' }, 2);
  await decide('message', 'held', ['complaint-open'], { template: 'suitable-offer', messageClass: 'promotional' }, 3);
  const complaint = await complain(customerRef, 'story', hours(3), hours(27));
  const letter = {
    template: 'complaint-acknowledgement',
    messageClass: 'statutory',
    complaintRef: complaint.complaintRef,
  };
  await decide('message', 'sent', [], letter, 4, false);
  await decide('complaint', 'escalated', [], { to: 'complaint-unit-head' }, 28);
  await decide('settlement', 'retained', ['reward-withhold', 'goal-not-met'], {}, 29);
  await closeJourney(database.app, journeyId, 'retained', 'the tier stood', hours(29));

  const journey = await findJourney(database.app, 'c41');
  expect(journey).toMatchObject({ journeyId, outcome: 'retained', closedAt: hours(29) });
  if (!journey) throw new Error('unreachable');
  const records = await readJourneyRecords(database.app, journey);
  const story = journeyStory(records, zone);
  expect(story.map(({ what, why }) => [what, ...why])).toEqual([
    ['The customer was admitted to the campaign', 'a member of staff asked for it'],
    ['Relationship manager m1 looks after the customer', 'of the own branch', 'the one with most room'],
    ['The service message "manager-introduction" was sent'],
    ['The promotional message "suitable-offer" is held back for now', 'a complaint of the customer is open'],
    ['The statutory message "complaint-acknowledgement" was sent'],
    ['The complaint was not answered in time and went to complaint-unit-head'],
    ['The journey ended: retained', 'the reward is withheld', 'the goal is not met'],
  ]);
  const view = { records, story, live: 'the journey has ended' };
  const people = journeyForPeople(view, zone);
  expect(people).toContain('2026-01-21 09:00  The customer was admitted to the campaign.\n');
  expect(people).toContain('because the reward is withheld; the goal is not met (settlement@1)');
  expect(people).not.toContain('Zhang Wei');
  expect(JSON.parse(toJson(journeyForPrograms(view)))).toMatchObject({
    journey: { journeyId, admittedAt: '2026-01-21T01:00:00.000Z', outcome: 'retained' },
    live: null,
    liveWords: 'the journey has ended',
    complaints: [{ complaintRef: complaint.complaintRef, resolvedAt: null }],
  });
  expect(await findJourney(database.app, journeyId)).toMatchObject({ customerRef });
  expect(await findJourney(database.app, 'c99')).toBeNull();
});

test('a customer is shown with what the tier needs', async () => {
  await customer('c51');
  const view = await readCustomer(database.app, 'c51', asOf);
  expect(view.record).toMatchObject({ customerRef: 'c51', name: 'Zhang Wei' });
  expect(view.consents).toMatchObject([{ purpose: 'promotional', granted: true }]);
  if (!view.standing) throw new Error('no standing');
  const words = standingInWords(view.standing, 'CNY');
  expect(words).toMatch(/^threshold +5,000\.00 CNY$|^threshold +500,000\.00 CNY$/m);
  expect(words).toMatch(/^to hold +[\d,.]+ CNY on each of the 11 days left$/m);
  await expect(readCustomer(database.app, 'c99', asOf)).rejects.toThrow('there is no customer "c99"');
});

test('complaints past ten millions have numbers of their own', async () => {
  const customerRef = await customer('c91');
  await database.owner.query(`select setval('complaint_numbers', 9999998)`);
  const refs = [];
  for (const key of ['m1', 'm2', 'm3']) refs.push((await complain(customerRef, key)).complaintRef);
  expect(refs.map((ref) => ref.slice('K-2026-'.length))).toEqual(['9999999', '10000000', '10000001']);
});

test('a database that is up to date lacks no migration', async () => {
  expect(await missingMigrations(database.app)).toEqual([]);
});
