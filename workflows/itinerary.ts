import type { JourneyPlan, PlannedStep } from '../domain/journey-plan.js';
import { addMillis, instant, type Instant, type Millis } from '../domain/types.js';

/** A plan as it was written into histories before campaigns had steps: the letter at once, perhaps an offer. */
export interface PlanBeforeSteps extends Omit<JourneyPlan, 'steps'> {
  offer: { after: Millis } | null;
}

const LETTER: PlannedStep = {
  step: 'outreach',
  kind: 'message',
  after: 0 as Millis,
  waitFor: 0 as Millis,
  promotional: false,
};

export function planWithSteps(plan: JourneyPlan | PlanBeforeSteps): JourneyPlan {
  if ('steps' in plan) return plan;
  const { offer, ...rest } = plan;
  const offered: PlannedStep[] = offer
    ? [{ ...LETTER, step: 'offer', kind: 'offer', promotional: true, ...offer }]
    : [];
  return { ...rest, steps: [LETTER, ...offered] };
}

/** What a journey still has to do and when, in its own time. */
export class Itinerary {
  readonly done = new Set<string>();
  /** how often another version took the plan's place */
  moves = 0;

  constructor(
    private plan: JourneyPlan,
    private began: Instant,
  ) {}

  get survey(): JourneyPlan['survey'] {
    return this.plan.survey;
  }

  get goalWithin(): Millis {
    return this.plan.goalWithin;
  }

  next(): PlannedStep | null {
    return this.plan.steps.find(({ step }) => !this.done.has(step)) ?? null;
  }

  has(name: string): boolean {
    return this.plan.steps.some(({ step }) => step === name);
  }

  due({ after }: { after: Millis }): Instant {
    return addMillis(this.began, after);
  }

  /** When the step after this one is due: the next of the plan, else the survey. */
  dueAfter(step: PlannedStep): Instant {
    const following = this.plan.steps.find((other) => other.step !== step.step && !this.done.has(other.step));
    return this.due(following ?? this.plan.survey);
  }

  /** What was held back keeps its distance to what comes after it. */
  slip(late: number): void {
    this.began = instant(this.began + Math.max(0, late));
  }

  replace(plan: JourneyPlan): void {
    this.plan = plan;
    this.moves += 1;
  }
}
