import { allHandlersFinished, condition, upsertSearchAttributes } from '@temporalio/workflow';
import type { JourneyPlan } from '../domain/journey-plan.js';
import type { Ending } from '../domain/settlement.js';
import { addMillis, days, instant, type Instant } from '../domain/types.js';
import { note, record } from './activities.js';
import { searchAttributes, type JourneyInput, type JourneyResult } from './contract.js';
import { Journey } from './journey-state.js';
import { businessNow } from './waiting.js';

/** A manager that is not to be had today may be tomorrow: asked once a day, this often. */
const MANAGER_ATTEMPTS = 14;

/** A customer at risk: a manager, a word, an offer, a survey and what it brings, the goal, the end. */
export async function customerJourney(input: JourneyInput): Promise<JourneyResult> {
  const journey = new Journey(input);
  const plan = await findManager(journey);
  const ending = plan ? await follow(journey, plan) : 'ineligible';
  return close(journey, journey.ending ?? ending);
}

/** The steps in their order; whatever ends the journey early ends the step that is under way. */
async function follow(journey: Journey, plan: JourneyPlan): Promise<Ending> {
  const began = businessNow(journey.clock);
  await introduce(journey);
  await offer(journey, plan, began);
  await survey(journey, plan, began);
  await awaitGoal(journey, plan);
  return journey.ending ?? 'window-over';
}

async function findManager(journey: Journey): Promise<JourneyPlan | null> {
  for (let attempt = 1; attempt <= MANAGER_ATTEMPTS; attempt += 1) {
    const opening = await note.openJourney({ journeyId: journey.id, attempt, at: businessNow(journey.clock) });
    if (opening.kind === 'open') return opening.plan;
    const tomorrow = addMillis(businessNow(journey.clock), days(1));
    if (await journey.wait('waiting-for-manager', tomorrow, 'no relationship manager is free; asks again tomorrow'))
      return null;
  }
  return null;
}

async function introduce(journey: Journey): Promise<void> {
  if (journey.ending) return;
  await journey.send('outreach', 'outreach', 'writes to the customer on behalf of the manager');
}

async function offer(journey: Journey, plan: JourneyPlan, began: Instant): Promise<void> {
  if (!plan.offer || journey.ending) return;
  if (
    await journey.wait('before-offer', addMillis(began, plan.offer.after), 'gives the customer time before the offer')
  )
    return;
  const surveyDue = addMillis(began, plan.survey.after);
  while ((await journey.send('offer', 'offer', 'sends the offer')) === 'held') {
    const told = journey.complaintOpen;
    // without having been told of a complaint, which the database knew of, it can only ask again
    const again = told ? surveyDue : Math.min(surveyDue, addMillis(businessNow(journey.clock), days(1)));
    await journey.wait(
      'offer-held',
      instant(again),
      'the offer is held: a complaint is open',
      () => told && !journey.complaintOpen,
    );
    if (journey.ending) return;
    if (businessNow(journey.clock) >= surveyDue) {
      await record.dropOffer({ journeyId: journey.id });
      return;
    }
  }
}

async function survey(journey: Journey, plan: JourneyPlan, began: Instant): Promise<void> {
  if (journey.ending) return;
  if (
    await journey.wait('before-survey', addMillis(began, plan.survey.after), 'gives the manager time before the survey')
  )
    return;
  // an answer may be quicker than the news that the letter was taken
  journey.surveyOpen = true;
  const sent = await journey.send('survey', 'survey', 'asks how content the customer is');
  // a letter of which nobody knows whether it arrived may be answered like any other
  if (sent !== 'sent' && sent !== 'unknown') {
    journey.surveyOpen = false;
    journey.surveyPast = true;
    return;
  }
  const asked = businessNow(journey.clock);
  upsertSearchAttributes([{ key: searchAttributes.step, value: 'survey' }]);
  const answered = (): boolean => journey.answered;
  for (const [index, after] of plan.survey.reminders.entries()) {
    await journey.wait(
      'survey',
      addMillis(asked, after),
      `waits for the answer, then reminds (${index + 1})`,
      answered,
    );
    if (journey.answered || journey.ending) break;
    await journey.send(`reminder-${index + 1}`, 'survey', `reminds of the survey (${index + 1})`);
  }
  if (!journey.answered && !journey.ending)
    await journey.wait(
      'survey',
      addMillis(asked, plan.survey.expires),
      'waits for the answer until the survey expires',
      answered,
    );
  journey.surveyOpen = false;
  journey.surveyPast = true;
}

async function awaitGoal(journey: Journey, plan: JourneyPlan): Promise<void> {
  if (journey.ending) return;
  const until = addMillis(businessNow(journey.clock), plan.goalWithin);
  await journey.wait('goal', until, 'watches whether the tier is secured');
}

async function close(journey: Journey, ending: Ending): Promise<JourneyResult> {
  journey.closing = true;
  await condition(() => !journey.answering);
  journey.at('closing', `ends: ${ending}`);
  const { rewarded, ...result } = await note.settleJourney({
    journeyId: journey.id,
    ending,
    at: businessNow(journey.clock),
  });
  journey.outcome = result.outcome;
  upsertSearchAttributes([
    { key: searchAttributes.step, value: 'closed' },
    { key: searchAttributes.outcome, value: result.outcome },
  ]);
  if (rewarded) await journey.send('reward', 'closing', 'tells the customer of the reward');
  journey.at('closed', `${result.outcome}: ${result.reason}`);
  await condition(allHandlersFinished);
  return result;
}
