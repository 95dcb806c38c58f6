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
import type { Ending } from '../domain/settlement.js';
import { days, type ComplaintRef, type Instant, type JourneyId, type Outcome } from '../domain/types.js';
import { note, post, record } from './activities.js';
import { complaintCase } from './complaint-case.js';
import {
  answerSurvey,
  complaintClosed,
  complaintOpened,
  complaintWorkflowId,
  goalMet,
  journeyState,
  optedOut,
  searchAttributes,
  withdraw,
  type AnswerReceipt,
  type JourneyInput,
  type JourneyState,
  type JourneyStep,
  type SurveyAnswer,
} from './contract.js';
import { over, refuse } from './refuse.js';
import { businessNow, waitUntil } from './waiting.js';

type Message = Parameters<typeof post.sendJourneyMessage>[0]['message'];

/** Days of business time after which a message that no server takes is given up (RFC 5321, 4.5.4.1: four to five). */
const GIVE_UP_DAYS = 5;
/** Servers don't come back faster under a fast clock: a message is tried for at least this long, in wall ms. */
const LEAST_TRY_MS = 60_000;

/** Why a send was left without an answer; null when it failed for another reason. */
function whyNotSent(error: unknown): 'journey-ending' | 'not-taken-in-time' | null {
  if (isCancellation(error)) return 'journey-ending';
  if (!(error instanceof ActivityFailure)) return null;
  // the server says it either way: the time ran out under an attempt, or no further attempt fits into it
  const outOfTime = error.cause instanceof TimeoutFailure || error.retryState === 'TIMEOUT';
  return outOfTime ? 'not-taken-in-time' : null;
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
  closing = false;
  outcome: Outcome | null = null;
  private readonly openComplaints = new Set<ComplaintRef>();
  private sending: CancellationScope | null = null;
  private goal = false;
  private step: JourneyStep = 'opening';
  private words = 'is being opened';
  private waitsUntil: Instant | null = null;

  constructor(private readonly input: JourneyInput) {
    this.id = input.journeyId;
    this.clock = input.clock;
    setHandler(optedOut, () => this.end('opted-out'));
    setHandler(goalMet, () => {
      this.goal = true;
      this.end('goal-met');
    });
    setHandler(complaintOpened, (ref) => void this.openComplaints.add(ref));
    setHandler(complaintClosed, (ref) => void this.openComplaints.delete(ref));
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

  get complaintOpen(): boolean {
    return this.openComplaints.size > 0;
  }

  state(): JourneyState {
    const { step, words, waitsUntil, complaintOpen, goal, outcome } = this;
    return { step, words, waitsUntil, complaintOpen, goalMet: goal, outcome };
  }

  /** Says where the journey stands: to queries and, in words, to whoever looks in Temporal's own pages. */
  at(step: JourneyStep, words: string, waitsUntil: Instant | null = null): void {
    this.step = step;
    this.words = words;
    this.waitsUntil = waitsUntil;
    const until = waitsUntil === null ? '' : ` Until ${new Date(waitsUntil).toISOString()} (business time).`;
    setCurrentDetails(`**${step}**: ${words}.${until}`);
  }

  /** Waits at a step. @returns true when it was left before its time */
  async wait(step: JourneyStep, until: Instant, words: string, orElse: () => boolean = () => false): Promise<boolean> {
    this.at(step, words, until);
    return waitUntil(this.clock, until, () => this.ending !== null || orElse(), words);
  }

  /**
   * Sends one message through the door; an address that refuses mail for good ends the journey. Whatever ends the journey
   * meanwhile stops the trying, and so does time.
   */
  async send(message: Message, step: JourneyStep, words: string): Promise<string> {
    this.at(step, words);
    const asked = { journeyId: this.id, message };
    const scheduleToCloseTimeout = Math.max(wallDuration(this.clock, days(GIVE_UP_DAYS)), LEAST_TRY_MS);
    this.sending = new CancellationScope();
    try {
      const result = await this.sending.run(() =>
        post.sendJourneyMessage.executeWithOptions({ summary: message, scheduleToCloseTimeout }, [asked]),
      );
      if (result.unreachable) this.end('unreachable');
      return result.state;
    } catch (error) {
      const why = whyNotSent(error);
      if (why === null) throw error;
      return (await record.giveUpJourneyMessage({ ...asked, why })).state;
    } finally {
      this.sending = null;
    }
  }

  private end(ending: Ending): void {
    if (this.closing) return;
    this.ending ??= ending;
    this.sending?.cancel();
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
