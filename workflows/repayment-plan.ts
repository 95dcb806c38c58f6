import {
  ActivityFailure,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { wallDuration } from '../domain/business-clock.js';
import type { PlanStep } from '../domain/repayment-plan.js';
import { addMillis, days, instant, millis, type Instant } from '../domain/types.js';
import { post, record } from './activities.js';
import {
  paymentBooked,
  planDecided,
  planState,
  searchAttributes,
  type PlanInput,
  type PlanRunState,
} from './contract.js';
import { businessNow, GIVE_UP_DAYS, LEAST_TRY_MS, waitUntil } from './waiting.js';

type Letter = Parameters<typeof post.sendPlanLetter>[0]['letter'];

/** A repayment plan, one instalment in each run: the customer is reminded, the payment is looked for, the next run begins. */
export async function repaymentPlan(input: PlanInput): Promise<PlanRunState> {
  const run = new PlanRun(input);
  await run.tellWhatCameBefore();
  while (!run.isOver) await run.step();
  await run.tellTheEnd();
  return run.state();
}

class PlanRun {
  private at: PlanStep;
  /** a person or a payment has said something that was not looked at yet */
  private heard = false;

  constructor(private readonly input: PlanInput) {
    this.at = input.next;
    setCurrentDetails(this.details());
    setHandler(paymentBooked, () => this.hear());
    setHandler(planDecided, () => this.hear());
    setHandler(planState, () => this.state());
  }

  get isOver(): boolean {
    return this.at.kind === 'over';
  }

  /** What the run before found out, and what a plan begins and ends with; a letter that was sent is not sent again. */
  async tellWhatCameBefore(): Promise<void> {
    const { at, input } = this;
    if (at.kind === 'instalment' && at.instalment === 1) await this.tell('plan-agreed', null);
    if (input.missed !== null) await this.tell('instalment-missed', input.missed);
    if (at.kind === 'standing') await this.tell('plan-kept', null);
  }

  async step(): Promise<void> {
    const { at } = this;
    switch (at.kind) {
      case 'instalment':
        await this.remind(at);
        return this.judge(at.instalment, at.judgeAt, 'the day after the grace');
      case 'catch-up':
        return this.judge(null, at.judgeAt, 'the last day for what was missed');
      case 'broken':
      case 'standing':
        // looked at before the wait: the news may have come between two runs
        await this.look(null, { final: false, missedFirst: false });
        while (!this.isOver) await this.heardOf();
        return;
      case 'over':
        return;
    }
  }

  async tellTheEnd(): Promise<void> {
    if (this.at.kind === 'over' && this.at.granted) await this.tell('standing-restored', null);
  }

  state(): PlanRunState {
    const { at } = this;
    const instalment = at.kind === 'instalment' ? at.instalment : null;
    const waitsUntil = 'judgeAt' in at ? at.judgeAt : null;
    return { planRef: this.input.planRef, waitsFor: at.kind, instalment, words: this.words(), waitsUntil };
  }

  /** Who has paid ahead is not reminded, and after the due day it is too late for it. */
  private async remind(at: Extract<PlanStep, { kind: 'instalment' }>): Promise<void> {
    const early = { final: false, missedFirst: true };
    while (!this.isOver && (await this.wait(at.remindAt, 'the reminder'))) await this.look(at.instalment, early);
    if (this.isOver || businessNow(this.input.clock) >= at.dueBy) return;
    await this.look(at.instalment, early);
    if (!this.isOver) await this.tell('instalment-due', at.instalment, at.dueBy);
  }

  /** Looks when its time is over, and before that whenever a payment is heard of. */
  private async judge(instalment: number | null, judgeAt: Instant, why: string): Promise<void> {
    const early = { final: false, missedFirst: instalment === null };
    while (!this.isOver && (await this.wait(judgeAt, why))) await this.look(instalment, early);
    if (!this.isOver) await this.look(instalment, { final: true, missedFirst: false });
  }

  private async heardOf(): Promise<void> {
    await condition(() => this.heard);
    await this.look(null, { final: false, missedFirst: false });
  }

  private wait(until: Instant, why: string): Promise<boolean> {
    return waitUntil(this.input.clock, until, () => this.heard, why);
  }

  /** Looks into the records; when they say that the plan waits for something else, that is a run of its own. */
  private async look(instalment: number | null, how: { final: boolean; missedFirst: boolean }): Promise<void> {
    const { planRef } = this.input;
    const summary = lookWords(instalment, how.final);
    let found: Awaited<ReturnType<typeof record.lookAtPlan>>;
    do {
      // what is heard of meanwhile may not be in the answer, and the next run would not know of it
      this.heard = false;
      found = await record.lookAtPlan.executeWithOptions({ summary }, [{ planRef, instalment, ...how }]);
    } while (this.heard);
    const { next, verdict } = found;
    const moves = how.final || isOther(next, this.at);
    if (next.kind !== this.at.kind) upsertSearchAttributes([{ key: searchAttributes.step, value: next.kind }]);
    this.at = next;
    setCurrentDetails(this.details());
    if (moves && next.kind !== 'over') {
      const missed = verdict === 'missed' ? instalment : null;
      await continueAsNew<typeof repaymentPlan>({ ...this.input, next, missed });
    }
  }

  /** Sends a letter; one that no server takes in its time is given up, and never holds up the plan. */
  private async tell(letter: Letter, instalment: number | null, until: Instant | null = null): Promise<void> {
    const { clock, planRef } = this.input;
    const now = businessNow(clock);
    const latest = Math.min(addMillis(now, days(GIVE_UP_DAYS)), until ?? Infinity);
    const scheduleToCloseTimeout = Math.max(wallDuration(clock, millis(instant(latest) - now)), LEAST_TRY_MS);
    const asked = { planRef, letter, instalment };
    try {
      await post.sendPlanLetter.executeWithOptions({ summary: letter, scheduleToCloseTimeout }, [asked]);
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      await record.giveUpPlanLetter.executeWithOptions({ summary: `${letter} given up` }, [asked]);
    }
  }

  private hear(): void {
    this.heard = true;
  }

  private details(): string {
    return `**${this.at.kind}**: ${this.words()}`;
  }

  private words(): string {
    const { at } = this;
    const day = (instant: Instant): string => `${new Date(instant).toISOString()} (business time)`;
    switch (at.kind) {
      case 'instalment':
        return `waits for instalment ${at.instalment}, until ${day(at.judgeAt)}`;
      case 'catch-up':
        return `all instalments fell due; what was missed can be paid until ${day(at.judgeAt)}`;
      case 'broken':
        return 'too much was missed: a person decides';
      case 'standing':
        return 'all is paid; a person answers for the standing';
      case 'over':
        return `the plan is ${at.state}${at.granted ? ', and the standing was given back' : ''}`;
    }
  }
}

const lookWords = (instalment: number | null, final: boolean): string =>
  `${instalment === null ? 'what was missed' : `instalment ${instalment}`}${final ? ', its time is over' : ''}`;

const isOther = (next: PlanStep, at: PlanStep): boolean =>
  next.kind !== at.kind ||
  (next.kind === 'instalment' && at.kind === 'instalment' && next.instalment !== at.instalment);
