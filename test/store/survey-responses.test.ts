import { addMillis, days, instant, type CampaignRef, type CustomerRef } from '../../domain/types.js';
import { timestamp } from '../../store/database.js';
import { surveyResponses } from '../../store/reads/survey.js';
import { answerSurvey, lockSurvey, openSurvey } from '../../store/surveys.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, '2026-01-12');
});
afterAll(() => database.drop());

let customers = 0;
/** A customer whose survey's letter came to this; @returns the journey. */
async function surveyed(state: string, more: { answered?: boolean; delivered?: boolean } = {}): Promise<string> {
  const ref: CustomerRef = await addCustomer(database, { ref: `c${++customers}` });
  const { journeyId } = await admitted(database, ref, '2026-01-12', AT);
  await letter(journeyId, ref, 'survey', 'survey-invitation', state, more.delivered ?? false);
  await openSurvey(database.app, journeyId, ref, AT, addMillis(AT, days(21)));
  if (more.answered) {
    const survey = await lockSurvey(database.app, journeyId, AT);
    if (survey) await answerSurvey(database.app, survey.surveyId, 9, null, AT);
  }
  return journeyId;
}

const letter = (
  journeyId: string,
  ref: CustomerRef,
  name: string,
  template: string,
  state: string,
  delivered = false,
): Promise<unknown> =>
  database.owner.query(
    `insert into outreach (outreach_key, customer_ref, journey_id, template, message_class, message_id, state, delivered_at)
     values ('journey:' || $1::text || ':' || $2::text, $3, $1::uuid, $4, 'service', gen_random_uuid()::text, $5, $6)`,
    [journeyId, name, ref, template, state, delivered ? timestamp(AT) : null],
  );

test('silence counts where a letter certainly left, and says nothing where nobody knows whether one arrived', async () => {
  const nothing = { asked: 0, answered: 0, deliveryUnknown: 0, notAsked: 0 };
  expect(await surveyResponses(database.app)).toEqual(nothing);
  await surveyed('sent');
  await surveyed('sent', { answered: true });
  expect(await surveyResponses(database.app)).toEqual({ ...nothing, asked: 2, answered: 1 });

  const unsure = await surveyed('unknown');
  expect(await surveyResponses(database.app)).toEqual({ asked: 2, answered: 1, deliveryUnknown: 1, notAsked: 0 });
  for (const state of ['refused', 'withheld', 'held', 'waiting']) await surveyed(state);
  expect(await surveyResponses(database.app)).toEqual({ asked: 2, answered: 1, deliveryUnknown: 1, notAsked: 4 });

  // who answers has had the letter, whatever was known of it
  await surveyed('unknown', { answered: true });
  // a gateway tells later that it arrived
  await surveyed('unknown', { delivered: true });
  expect(await surveyResponses(database.app)).toEqual({ asked: 4, answered: 2, deliveryUnknown: 1, notAsked: 4 });

  // a reminder that certainly left asks as well; another letter of the journey does not
  const { rows } = await database.owner.query<{ ref: CustomerRef }>(
    'select customer_ref as ref from journeys where journey_id = $1',
    [unsure],
  );
  const ref = rows[0]?.ref as CustomerRef;
  await letter(unsure, ref, 'outreach', 'manager-introduction', 'sent');
  expect((await surveyResponses(database.app)).deliveryUnknown).toBe(1);
  await letter(unsure, ref, 'reminder-1', 'survey-reminder', 'sent');
  expect(await surveyResponses(database.app)).toEqual({ asked: 5, answered: 2, deliveryUnknown: 0, notAsked: 4 });
});

test('of another campaign nothing is counted', async () => {
  expect((await surveyResponses(database.app, 'credit-care' as CampaignRef)).asked).toBe(0);
  expect((await surveyResponses(database.app, 'keep-your-tier' as CampaignRef)).asked).toBe(5);
});
