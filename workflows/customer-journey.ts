import { allHandlersFinished, condition, upsertSearchAttributes } from '@temporalio/workflow';
import type { Ending } from '../domain/settlement.js';
import { addMillis, days } from '../domain/types.js';
import { note } from './activities.js';
import { searchAttributes, type JourneyInput, type JourneyResult } from './contract.js';
import { deliver, MOST_HELD_DAYS, takeSteps } from './journey-steps.js';
import { Journey } from './journey-state.js';
import { businessNow } from './waiting.js';

/** A manager that is not to be had today may be tomorrow: asked once a day, this often. */
const MANAGER_ATTEMPTS = 14;

/** A customer at risk: a manager, the campaign's steps, a survey and what it brings, the goal, the end. */
export async function customerJourney(input: JourneyInput): Promise<JourneyResult> {
  const journey = new Journey(input);
  const ending = (await findManager(journey)) ? await follow(journey) : 'ineligible';
  return close(journey, journey.ending ?? ending);
}

/** The parts in their order; whatever ends the journey early ends the one that is under way. */
async function follow(journey: Journey): Promise<Ending> {
  await takeSteps(journey);
  await survey(journey);
  await awaitGoal(journey);
  return journey.ending ?? 'window-over';
}

async function findManager(journey: Journey): Promise<boolean> {
  for (let attempt = 1; attempt <= MANAGER_ATTEMPTS; attempt += 1) {
    const opening = await note.openJourney({ journeyId: journey.id, attempt, at: businessNow(journey.clock) });
    // a run that began in a pause has not heard of it
    if (opening.pause) journey.time.pause(opening.pause);
    if (opening.kind === 'open') {
      journey.setOut(opening);
      return true;
    }
    const tomorrow = addMillis(journey.time.now(), days(1));
    if (await journey.wait('waiting-for-manager', tomorrow, 'no relationship manager is free; asks again tomorrow'))
      return false;
  }
  return false;
}

async function survey(journey: Journey): Promise<void> {
  if (journey.ending) return;
  const { reminders, expires } = journey.itinerary.survey;
  // an answer may be quicker than the news that the letter was taken
  journey.surveyOpen = true;
  const heldUntil = addMillis(journey.time.now(), days(MOST_HELD_DAYS));
  const sent = await deliver(journey, 'survey', 'survey', 'asks how content the customer is', heldUntil);
  journey.surveyAsked = true;
  // a letter of which nobody knows whether it arrived may be answered like any other
  if (sent !== 'sent' && sent !== 'unknown') {
    journey.surveyOpen = false;
    journey.surveyPast = true;
    return;
  }
  const asked = journey.time.now();
  upsertSearchAttributes([{ key: searchAttributes.step, value: 'survey' }]);
  const answered = (): boolean => journey.answered;
  const expiry = addMillis(asked, expires);
  for (const [index, after] of reminders.entries()) {
    await journey.wait(
      'survey',
      addMillis(asked, after),
      `waits for the answer, then reminds (${index + 1})`,
      answered,
    );
    if (journey.answered || journey.ending) break;
    // one that was held until the next is due is not sent beside it
    const next = reminders[index + 1];
    const until = next === undefined ? expiry : addMillis(asked, next);
    if (journey.time.now() >= until) continue;
    await deliver(journey, `reminder-${index + 1}`, 'survey', `reminds of the survey (${index + 1})`, until, answered);
  }
  if (!journey.answered && !journey.ending)
    await journey.wait('survey', expiry, 'waits for the answer until the survey expires', answered);
  journey.surveyOpen = false;
  journey.surveyPast = true;
}

async function awaitGoal(journey: Journey): Promise<void> {
  if (journey.ending) return;
  const until = addMillis(journey.time.now(), journey.itinerary.goalWithin);
  await journey.wait('goal', until, 'watches whether the tier is secured');
}

async function close(journey: Journey, ending: Ending): Promise<JourneyResult> {
  journey.closing = true;
  await condition(() => !journey.answering && !journey.moving);
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
  if (rewarded) {
    const heldUntil = addMillis(journey.time.now(), days(MOST_HELD_DAYS));
    await deliver(journey, 'reward', 'closing', 'tells the customer of the reward', heldUntil);
  }
  journey.at('closed', `${result.outcome}: ${result.reason}`);
  await condition(allHandlersFinished);
  return result;
}
