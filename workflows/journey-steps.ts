import { condition } from '@temporalio/workflow';
import type { PlannedStep } from '../domain/journey-plan.js';
import { addMillis, days, instant, type Instant } from '../domain/types.js';
import { note, record } from './activities.js';
import type { Journey, Message } from './journey-state.js';
import { businessNow, waitUntil } from './waiting.js';

/** A letter that the door holds back for longer than this comes too late to be of use. */
export const MOST_HELD_DAYS = 60;
/** A held message whose reason may end without anybody telling is asked for again after a day, else after a week. */
const ASK_AGAIN_DAYS = { untold: 1, told: 7 };

/** The campaign's steps up to the survey, each at its time; another version may take the plan's place between two. */
export async function takeSteps(journey: Journey): Promise<void> {
  const { itinerary } = journey;
  while (!journey.ending) {
    const step = itinerary.next();
    const seen = itinerary.moves;
    const due = itinerary.due(step ?? itinerary.survey);
    const name = step?.step ?? 'survey';
    const left = await journey.wait(name, due, `${name} is due then`, () => itinerary.moves !== seen);
    if (journey.ending || (step === null && !left)) return;
    if (left || step === null) continue;
    // a move that is being written down is waited for: the records and the run go by one version
    await condition(() => !journey.moving);
    if (itinerary.moves !== seen) continue;
    const taken = await take(journey, step, due);
    if (taken) itinerary.done.add(step.step);
    else if (!itinerary.has(step.step)) await record.dropOffer({ journeyId: journey.id, message: step.step });
  }
}

/** @returns false when another version took the plan's place while its letter was held */
async function take(journey: Journey, step: PlannedStep, due: Instant): Promise<boolean> {
  const { itinerary } = journey;
  const seen = itinerary.moves;
  if (step.kind === 'call' || step.kind === 'visit') {
    await waitForManager(journey, step);
    return true;
  }
  const giveUpAt = step.promotional ? itinerary.dueAfter(step) : addMillis(due, days(MOST_HELD_DAYS));
  const moved = (): boolean => itinerary.moves !== seen;
  const sent = await deliver(journey, step.step, step.step, `sends ${step.step}`, giveUpAt, moved);
  if (sent === 'left' && moved()) return false;
  // what was given up because no server took it had its time already
  if (!step.promotional && journey.wasHeld && sent !== 'not-taken') itinerary.slip(journey.time.now() - due);
  if (step.kind === 'education' && (sent === 'sent' || sent === 'unknown')) await waitForCourse(journey, step);
  return true;
}

/** A call or a visit is a task of the manager; the journey goes on when it is done, or when it has waited long enough. */
async function waitForManager(journey: Journey, { step, kind, waitFor }: PlannedStep): Promise<void> {
  const { taskId } = await note.openStepTask({ journeyId: journey.id, step, at: businessNow(journey.clock) });
  // nobody calls: the customer was not to be reached, or did not want to be
  if (taskId === null) return;
  const until = addMillis(journey.time.now(), waitFor);
  journey.underWay = true;
  await journey.wait(step, until, `waits for the manager's ${kind}`, () => journey.tasksDone.has(taskId));
  journey.underWay = false;
}

async function waitForCourse(journey: Journey, { step, waitFor }: PlannedStep): Promise<void> {
  const until = addMillis(journey.time.now(), waitFor);
  journey.underWay = true;
  await journey.wait(step, until, 'waits for the course to be completed', () => journey.courseCompleted);
  journey.underWay = false;
}

/**
 * Sends one message, and waits and asks again for as long as the door holds it back.
 * @param giveUpAt in the journey's own time; a message still held then is dropped, and that is written down
 * @returns what became of it
 */
export async function deliver(
  journey: Journey,
  message: Message,
  step: string,
  words: string,
  giveUpAt: Instant,
  leave: () => boolean = () => false,
): Promise<string> {
  journey.wasHeld = false;
  // the letter that closes a journey is sent after its ending
  const over = (): boolean => leave() || (!journey.closing && journey.ending !== null);
  for (let since: Instant | null = null; ;) {
    const asked: Instant = since ?? journey.time.now();
    // before the asking: what is told while it is under way is not missed
    const seen = journey.doorNews;
    const { state, until, reasons, tried } = await journey.send(message, step, words, asked);
    if (state !== 'held') return reasons.includes('not-taken-in-time') ? 'not-taken' : state;
    since = tried ? asked : null;
    journey.wasHeld = true;
    const told = journey.complaintOpen || journey.time.paused || reasons.includes('outbound-stopped');
    const again =
      until ?? addMillis(businessNow(journey.clock), days(told ? ASK_AGAIN_DAYS.told : ASK_AGAIN_DAYS.untold));
    // in a pause the journey's own time stands, and nothing is given up
    const latest = journey.time.paused ? again : instant(Math.min(again, journey.time.business(giveUpAt)));
    const why = `${message} is held: ${reasons.join(', ')}`;
    journey.at(step, why, latest);
    await waitUntil(journey.clock, latest, () => over() || journey.doorNews !== seen, why);
    await condition(() => !journey.moving);
    if (over()) return 'left';
    if (journey.time.now() >= giveUpAt) {
      await record.dropOffer({ journeyId: journey.id, message });
      return 'withheld';
    }
  }
}
