import { complaintDue } from '../domain/complaint-rules.js';
import { contactWindow } from '../domain/contact-window.js';
import { firstContactDue } from '../domain/first-contact.js';
import { HOUSE_CONTACT_POLICY } from '../domain/house-contact.js';
import { planOf, type JourneyPlan } from '../domain/journey-plan.js';
import { CalendarEnded } from '../domain/public-holidays.js';
import type { Ending } from '../domain/settlement.js';
import type { ComplaintRef, CustomerRef, Instant, JourneyId } from '../domain/types.js';
import { managersComplainedAbout } from '../store/complained-about.js';
import { insertComplaint } from '../store/complaints.js';
import type { CustomerContact } from '../store/customers.js';
import { one, type Sql } from '../store/database.js';
import { assignToJourney } from '../store/first-contacts.js';
import { readInstallation } from '../store/installation.js';
import { projectStep, stepDone, type JourneyRow } from '../store/journeys.js';
import { dropHeldOutreach } from '../store/outreach.js';
import { reserveReward } from '../store/rewards.js';
import { spokenFacts } from '../store/reads/task.js';
import { answerSurvey, lockSurvey } from '../store/surveys.js';
import { openTask } from '../store/tasks.js';
import { readText } from '../store/texts.js';
import { openPause } from '../store/pauses.js';
import { complaintWorkflowId, type Pause, type SurveyAnswer } from '../workflows/contract.js';
import { now, over, refuse, type Dependencies } from './dependencies.js';
import type { JourneyMessage } from './journey-messages.js';
import { step } from './journey-step.js';
import { settleJourney, type SettledJourney } from './settlement.js';

/** `beginAt`: the first instant at which the campaign's hours allow a word to the customer. */
export type Opening = ({ kind: 'open'; plan: JourneyPlan; beginAt: Instant } | { kind: 'nobody-free' }) & {
  /** the campaign is paused, and has been since before anybody could tell this run */
  pause?: Pause;
};

export interface RecordedAnswer {
  complaintKey: string | null;
  complaintRef: ComplaintRef | null;
}

/** The task of a call or visit; without one, why nobody calls. */
export type StepTask = { taskId: string } | { taskId: null; why: keyof typeof NOT_CALLED };

const NOT_CALLED = {
  'wrong-number': 'the last call reached a stranger',
  refused: 'the customer does not want to be spoken to',
} as const;

/** What a journey does to the bank's records. Each step is done once, whatever is retried. */
export function journeyActivities(deps: Dependencies) {
  return {
    /** Finds the relationship manager and reserves the reward, or says that nobody is free; `attempt` counts the times that it was asked. */
    openJourney: (input: { journeyId: JourneyId; attempt: number; at: Instant }): Promise<Opening> =>
      openJourney(deps, input),
    /** Writes down the customer's answer; an unhappy one opens a complaint in the same transaction. */
    recordAnswer: (input: SurveyAnswer & { journeyId: JourneyId; at: Instant }): Promise<RecordedAnswer> =>
      recordAnswer(deps, input),
    /** Says that a message which the door has held back for too long is not sent any more. */
    dropOffer: (input: { journeyId: JourneyId; message?: JourneyMessage }): Promise<null> =>
      dropMessage(deps, input.journeyId, input.message ?? 'offer'),
    /** Puts the call or visit of a step on the manager's list, unless the customer can't be called. */
    openStepTask: (input: { journeyId: JourneyId; step: string; at: Instant }): Promise<StepTask> =>
      openStepTask(deps, input),
    /** Outcome, reward and the journey's end, in one transaction. */
    settleJourney: (input: { journeyId: JourneyId; ending: Ending; at: Instant }): Promise<SettledJourney> =>
      settleJourney(deps, input),
  };
}
export type JourneyActivities = ReturnType<typeof journeyActivities>;

function openJourney(
  deps: Dependencies,
  input: { journeyId: JourneyId; attempt: number; at: Instant },
): Promise<Opening> {
  return step(deps, input.journeyId, `open-${input.attempt}`, input.at, async (sql, journey, customer, at) => {
    const { assignment, saw, rules } = await assignToJourney(sql, journey, at);
    let reward = null;
    if (assignment.kind === 'assigned') {
      // a run that was ended by force may still have this step in hand; nothing is promised in a closed journey
      reward = journey.closedAt === null ? await reserveReward(sql, journey, at) : 'journey-closed';
      await projectStep(sql, journey.journeyId, 'outreach', 'a relationship manager looks after the customer', at);
    } else await projectStep(sql, journey.journeyId, 'waiting-for-manager', 'no relationship manager is free', at);
    const standing = await openPause(sql, journey.campaignRef);
    const value: Opening = {
      ...(assignment.kind === 'assigned'
        ? { kind: 'open' as const, plan: planOf(journey.definition), beginAt: firstWord(journey, customer, at) }
        : ({ kind: 'nobody-free' } as const)),
      ...(standing ? { pause: { pauseId: standing.pauseId, pausedAt: standing.pausedAt } } : {}),
    };
    const verdict = assignment.kind === 'assigned' ? assignment.managerRef : assignment.kind;
    return { kind: 'assignment', verdict, reasons: assignment.reasons, saw: { ...saw, reward }, rules, value };
  });
}

/** When the first letter may leave; the door is asked all the same when it does. */
function firstWord({ definition }: JourneyRow, { zone }: CustomerContact, at: Instant): Instant {
  try {
    const window = contactWindow(definition.contact ?? HOUSE_CONTACT_POLICY, zone, at);
    return window.kind === 'open' ? at : window.until;
  } catch (error) {
    // the door holds it and says so to people
    if (error instanceof CalendarEnded) return at;
    throw error;
  }
}

async function recordAnswer(
  deps: Dependencies,
  input: SurveyAnswer & { journeyId: JourneyId; at: Instant },
): Promise<RecordedAnswer> {
  const words = input.textId ? await readText(deps.database, input.textId) : null;
  return step(deps, input.journeyId, 'answer', input.at, async (sql, journey, _customer, at) => {
    const survey = await lockSurvey(sql, journey.journeyId, at);
    if (!survey || survey.answeredAt !== null) throw refuse('this survey was answered already');
    if (survey.expiresAt <= at) throw over('this survey has expired');
    await answerSurvey(sql, survey.surveyId, input.score, words?.body ?? null, at);
    const unhappy = input.score <= journey.definition.survey.unhappyAtOrBelow;
    const value: RecordedAnswer = unhappy
      ? await openFromAnswer(
          sql,
          journey,
          `survey:${survey.surveyId}`,
          words?.body ?? `answered ${input.score} of 10`,
          at,
        )
      : { complaintKey: null, complaintRef: null };
    const told = unhappy
      ? `answered ${input.score} of 10: complaint ${value.complaintRef} is open`
      : `answered ${input.score} of 10`;
    await projectStep(sql, journey.journeyId, 'goal', told, at);
    const saw = { score: input.score, unhappyAtOrBelow: journey.definition.survey.unhappyAtOrBelow };
    return {
      kind: 'answer',
      verdict: unhappy ? 'unhappy' : 'content',
      reasons: [],
      saw,
      rules: `${journey.campaignRef}@${journey.version}`,
      value,
    };
  });
}

async function openFromAnswer(
  sql: Sql,
  journey: JourneyRow,
  complaintKey: string,
  narrative: string,
  at: Instant,
): Promise<RecordedAnswer> {
  const rules = journey.definition.complaint;
  const { complaintRef } = await insertComplaint(sql, {
    complaintKey,
    workflowId: complaintWorkflowId(complaintKey),
    customerRef: journey.customerRef,
    source: 'survey',
    narrative,
    openedAt: at,
    dueAt: complaintDue(rules, at),
    ruleSet: rules.ruleSet,
  });
  return { complaintKey, complaintRef };
}

function dropMessage(deps: Dependencies, journeyId: JourneyId, message: JourneyMessage): Promise<null> {
  return step(deps, journeyId, `${message}-dropped`, now(deps.bank), async (sql, journey, _customer, at) => {
    const held = await dropHeldOutreach(sql, `journey:${journeyId}:${message}`, at);
    await stepDone(sql, journeyId, message);
    return {
      kind: 'message',
      verdict: 'withheld',
      reasons: [...(held?.reason?.split(', ') ?? []), 'held-too-long'],
      saw: { template: held?.template ?? null, message },
      rules: `${journey.campaignRef}@${journey.version}`,
      value: null,
    };
  });
}

async function whyNotCalled(sql: Sql, customerRef: CustomerRef): Promise<keyof typeof NOT_CALLED | null> {
  const { wrongNumberAt, refusedAt } = await spokenFacts(sql, customerRef);
  if (wrongNumberAt !== null) return 'wrong-number';
  return refusedAt === null ? null : 'refused';
}

function openStepTask(
  deps: Dependencies,
  { journeyId, step: name, at }: { journeyId: JourneyId; step: string; at: Instant },
): Promise<StepTask> {
  return step<StepTask>(deps, journeyId, `task-${name}`, at, async (sql, journey) => {
    const planned = journey.definition.steps.find(({ step: wanted }) => wanted === name);
    if (planned?.kind !== 'call' && planned?.kind !== 'visit')
      throw new Error(`campaign ${journey.campaignRef} version ${journey.version} has no call or visit "${name}"`);
    const rules = `${journey.campaignRef}@${journey.version}`;
    const why = planned.kind === 'call' ? await whyNotCalled(sql, journey.customerRef) : null;
    await stepDone(sql, journeyId, name);
    if (why !== null) {
      await projectStep(sql, journeyId, name, `no call is made: ${NOT_CALLED[why]}`, at);
      const saw = { task: planned.kind };
      return { kind: 'task', verdict: 'not-asked', reasons: [why], saw, rules, value: { taskId: null, why } };
    }
    const { zone, jurisdiction } = one(
      [await readInstallation(sql)].filter((found) => found !== null),
      'the bank',
    );
    // whom the customer has complained about gets nothing new to do for them: it is on the team lead's list
    const notThese = await managersComplainedAbout(sql, journey.customerRef);
    const managerRef = notThese.some((each) => each === journey.managerRef) ? null : journey.managerRef;
    const dueAt = firstContactDue({ zone, calendar: jurisdiction }, planned.dueWorkingDays, at);
    const { taskId } = await openTask(sql, {
      key: `journey:${journeyId}:${name}`,
      kind: planned.kind,
      customerRef: journey.customerRef,
      journeyId,
      managerRef,
      at,
      dueAt,
    });
    await projectStep(
      sql,
      journeyId,
      name,
      `${managerRef ? 'the manager' : 'the team lead'} has a ${planned.kind} to make`,
      at,
    );
    const saw = { taskId, dueAt, manager: managerRef };
    return { kind: 'task', verdict: planned.kind, reasons: [], saw, rules, value: { taskId } };
  });
}
