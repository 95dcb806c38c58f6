import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ActivityFailure,
  CancellationScope,
  condition,
  isCancellation,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  startChild,
  TimeoutFailure,
} from '@temporalio/workflow';
import { wallDuration, type BusinessClock } from '../domain/business-clock.js';
import type { JourneyPlan } from '../domain/journey-plan.js';
import type { Ending } from '../domain/settlement.js';
import { days, millis, type ComplaintRef, type Instant, type JourneyId, type Outcome } from '../domain/types.js';
import { note, post, record } from './activities.js';
import { complaintCase } from './complaint-case.js';
import {
  answerSurvey,
  campaignPaused,
  campaignResumed,
  complaintClosed,
  complaintOpened,
  complaintWorkflowId,
  courseCompleted,
  doorOpened,
  excluded,
  goalMet,
  journeyState,
  movedToCare,
  moveToVersion,
  optedOut,
  searchAttributes,
  taskDone,
  withdraw,
  type AnswerReceipt,
  type JourneyInput,
  type JourneyState,
  type JourneyStep,
  type MoveReceipt,
  type SurveyAnswer,
  type VersionMove,
} from './contract.js';
import { HeldClock } from './held-clock.js';
import { Itinerary, planWithSteps, type PlanBeforeSteps } from './itinerary.js';
import { over, refuse } from './refuse.js';
import { businessNow, GIVE_UP_DAYS, LEAST_TRY_MS } from './waiting.js';

export type Message = Parameters<typeof post.sendJourneyMessage>[0]['message'];

/** Why a send was left without an answer; null when it failed for another reason. */
function whyNotSent(error: unknown): 'journey-ending' | 'not-taken-in-time' | null {
  if (isCancellation(error)) return 'journey-ending';
  if (!(error instanceof ActivityFailure)) return null;
  // the server says it either way: the time ran out under an attempt, or no further attempt fits into it
  const outOfTime = error.cause instanceof TimeoutFailure || error.retryState === 'TIMEOUT';
  return outOfTime ? 'not-taken-in-time' : null;
}

/** What the door said to one asking. */
export interface Asked {
  state: string;
  reasons: string[];
  /** a held message may be asked for again then; null: when something is told, or later */
  until: Instant | null;
  /** a held message was handed to a server before, which did not take it */
  tried: boolean;
}

/** Where one journey stands, and what may happen to it from outside at any moment. */
export class Journey {
  readonly id: JourneyId;
  readonly clock: BusinessClock;
  /** set by whatever ends the journey early; the first reason stays */
  ending: Ending | null = null;
  answered = false;
  /** an answer is being written down: the journey doesn't end under it */
  answering = false;
  surveyOpen = false;
  surveyPast = false;
  /** its letter is out, or will not leave */
  surveyAsked = false;
  closing = false;
  /** another version takes the plan's place just now: the journey doesn't end under it */
  moving = false;
  outcome: Outcome | null = null;
  /** the journey's own time, which a pause of the campaign holds */
  readonly time: HeldClock;
  /** the message sent last was held back by the door before it was sent */
  wasHeld = false;
  /** a call, a visit or a course is under way */
  underWay = false;
  /** counts what may have opened the door for messages */
  doorNews = 0;
  courseCompleted = false;
  readonly tasksDone = new Set<string>();
  private way: Itinerary | null = null;
  private version: number;
  private readonly openComplaints = new Set<ComplaintRef>();
  private sending: CancellationScope | null = null;
  private goal = false;
  private step: JourneyStep = 'opening';
  private words = 'is being opened';
  private waitsUntil: Instant | null = null;

  constructor(private readonly input: JourneyInput) {
    this.id = input.journeyId;
    this.clock = input.clock;
    this.version = input.version;
    this.time = new HeldClock(input.clock);
    setHandler(optedOut, () => this.end('opted-out'));
    setHandler(excluded, () => this.end('excluded'));
    setHandler(movedToCare, () => this.end('moved-to-care'));
    setHandler(goalMet, () => {
      this.goal = true;
      this.end('goal-met');
    });
    setHandler(complaintOpened, (ref) => void this.openComplaints.add(ref));
    setHandler(complaintClosed, (ref) => {
      this.openComplaints.delete(ref);
      this.doorNews += 1;
    });
    this.hearCampaign();
    setHandler(journeyState, () => this.state());
    setHandler(withdraw, (asked) => this.withdraw(asked), {
      validator: (asked: { by: string }) => {
        if (asked.by !== 'customer' && asked.by !== 'staff') throw refuse('say who withdraws: customer or staff');
        if (this.closing) throw refuse('this journey has ended');
      },
    });
    setHandler(answerSurvey, (answer) => this.answer(answer), {
      validator: (answer: SurveyAnswer) => this.checkAnswer(answer),
    });
  }

  /** What the campaign and the bank's people tell: pauses, other versions, tasks and courses that are done. */
  private hearCampaign(): void {
    setHandler(campaignPaused, (pause) => this.time.pause(pause));
    setHandler(campaignResumed, (pause) => {
      this.time.resume(pause);
      this.doorNews += 1;
    });
    setHandler(doorOpened, () => void (this.doorNews += 1));
    setHandler(taskDone, ({ taskId }) => void this.tasksDone.add(taskId));
    setHandler(courseCompleted, () => void (this.courseCompleted = true));
    setHandler(moveToVersion, (asked) => this.move(asked), {
      validator: (asked: VersionMove) => {
        if (!Number.isInteger(asked.version) || asked.version < 1) throw refuse('say to which version: a whole number');
        if (this.closing) throw refuse('this journey is ending');
      },
    });
  }

  /** What the journey has to do, once a manager was found. */
  get itinerary(): Itinerary {
    if (!this.way) throw new Error('a journey that was not opened has no plan yet');
    return this.way;
  }

  setOut({ plan, beginAt }: { plan: JourneyPlan | PlanBeforeSteps; beginAt?: Instant }): void {
    const began = Math.max(this.time.now(), beginAt ?? 0) as Instant;
    this.way = new Itinerary(planWithSteps(plan), began);
  }

  get complaintOpen(): boolean {
    return this.openComplaints.size > 0;
  }

  state(): JourneyState {
    const { step, words, waitsUntil, complaintOpen, goal, outcome, version, time } = this;
    return { step, words, waitsUntil, complaintOpen, goalMet: goal, outcome, version, paused: time.paused };
  }

  /** Says where the journey stands: to queries and, in words, to whoever looks in Temporal's own pages. */
  at(step: JourneyStep, words: string, waitsUntil: Instant | null = null): void {
    this.step = step;
    this.words = words;
    this.waitsUntil = waitsUntil;
    const until = waitsUntil === null ? '' : ` Until ${new Date(waitsUntil).toISOString()} (business time).`;
    setCurrentDetails(`**${step}**: ${words}.${until}`);
  }

  /**
   * Waits at a step until an instant of the journey's own time.
   * @returns true when it was left before its time
   */
  async wait(step: JourneyStep, until: Instant, words: string, orElse: () => boolean = () => false): Promise<boolean> {
    this.at(step, words, this.time.business(until));
    return this.time.waitUntil(until, () => this.ending !== null || orElse(), words);
  }

  /**
   * Sends one message through the door; an address that refuses mail for good ends the journey. Whatever ends the journey
   * meanwhile stops the trying, and so does time.
   * @param since when the trying began, in the journey's own time, for a message that was held in the middle of it
   */
  async send(message: Message, step: JourneyStep, words: string, since: Instant): Promise<Asked> {
    this.at(step, words);
    const asked = { journeyId: this.id, message };
    const left = millis(Math.max(0, since + days(GIVE_UP_DAYS) - this.time.now()));
    const scheduleToCloseTimeout = Math.max(wallDuration(this.clock, left), LEAST_TRY_MS);
    this.sending = new CancellationScope();
    try {
      const result = await this.sending.run(() =>
        post.sendJourneyMessage.executeWithOptions({ summary: message, scheduleToCloseTimeout }, [asked]),
      );
      if (result.unreachable) this.end('unreachable');
      const { state, reasons, until, tried = false } = result;
      // answers of before have no instant
      return { state, reasons, until: until ?? null, tried };
    } catch (error) {
      const why = whyNotSent(error);
      if (why === null) throw error;
      const { state } = await record.giveUpJourneyMessage({ ...asked, why });
      return { state, reasons: [why], until: null, tried: false };
    } finally {
      this.sending = null;
    }
  }

  private end(ending: Ending): void {
    if (this.closing) return;
    this.ending ??= ending;
    this.sending?.cancel();
  }

  /** Goes on under another version, between two steps: what is under way is finished first. */
  private async move(asked: VersionMove): Promise<MoveReceipt> {
    while (this.moving || this.sending !== null) await condition(() => !this.moving && this.sending === null);
    if (this.closing) throw refuse('this journey is ending');
    this.moving = true;
    try {
      const position = {
        done: [...(this.way?.done ?? [])],
        at: this.step,
        surveyAsked: this.surveyAsked,
        underWay: this.underWay,
      };
      const at = businessNow(this.clock);
      const moved = await note.moveJourney({ ...asked, journeyId: this.id, position, at });
      if (moved.kind === 'blocked') throw refuse(moved.why);
      this.version = asked.version;
      this.way?.replace(moved.plan);
      return { version: asked.version, step: moved.step };
    } finally {
      this.moving = false;
    }
  }

  private async withdraw(_asked: { by: 'customer' | 'staff' }): Promise<JourneyState> {
    this.end('withdrawn');
    await condition(() => this.outcome !== null);
    return this.state();
  }

  private checkAnswer(answer: SurveyAnswer): void {
    if (!Number.isInteger(answer.score) || answer.score < 0 || answer.score > 10)
      throw refuse('an answer is a whole number from 0 to 10');
    if (this.answered || this.answering) throw refuse('this survey was answered already');
    if (this.closing || this.surveyPast) throw over('this survey is over');
    if (!this.surveyOpen) throw refuse('this survey is not open yet');
  }

  private async answer(answer: SurveyAnswer): Promise<AnswerReceipt> {
    this.answering = true;
    try {
      const at = businessNow(this.clock);
      const { complaintKey, complaintRef } = await note.recordAnswer({ ...answer, journeyId: this.id, at });
      if (complaintKey && complaintRef) await this.openCase(complaintKey, complaintRef);
      this.answered = true;
      return { complaintRef };
    } finally {
      this.answering = false;
    }
  }

  /** The complaint outlives the journey: its clock does not depend on what becomes of the campaign. */
  private async openCase(complaintKey: string, complaintRef: ComplaintRef): Promise<void> {
    this.openComplaints.add(complaintRef);
    const { customerRef, clock } = this.input;
    try {
      await startChild(complaintCase, {
        workflowId: complaintWorkflowId(complaintKey),
        args: [{ complaintKey, customerRef, source: 'survey', textId: null, clock }],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        parentClosePolicy: ParentClosePolicy.ABANDON,
        typedSearchAttributes: [{ key: searchAttributes.customer, value: customerRef }],
        staticSummary: `${complaintRef}, from the survey`,
      });
    } catch (error) {
      // after a reset the case is there already
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
}
