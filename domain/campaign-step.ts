import { z } from 'zod';
import { duration } from './definition-fields.js';
import type { Millis } from './types.js';

/** More steps than this before the survey is a nuisance, not a campaign. */
export const MAX_STEPS = 12;
/** Most skills or certificates that a campaign may ask of a manager. */
export const MAX_ASKED_OF_MANAGER = 10;

export const template = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'a template is named in lower case with dashes, like manager-introduction')
  .describe('campaigns/templates has it in each language');

/** Names that messages of a journey have already; a step called so would be taken for one of them. */
const TAKEN =
  /^(survey|reward|reminder-\d+|education|goal|opening|closing|closed|held|waiting-for-manager|answer|settle|standing|reconcile|admitted|(open|task|move)-.*|.*-dropped)$/;
const stepName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,29}$/, 'a step is named in lower case with dashes, 2 to 30 characters')
  .refine((name) => !TAKEN.test(name), 'this name is taken by a part of every journey; choose another');

/** When a step comes: so long after the one it follows, or after the journey's beginning. */
const when = {
  step: stepName.describe('a name of its own; the first letter is often called outreach'),
  follows: z
    .string()
    .optional()
    .describe("the step before; without it the wait is counted from the journey's beginning"),
  wait: duration.prefault('0 days').describe('so long after the step before'),
};

const message = z.strictObject({
  ...when,
  kind: z.literal('message'),
  template,
  class: z.enum(['service', 'promotional']).describe('a promotion needs consent and is capped; a service is neither'),
});
const offer = z.strictObject({ ...when, kind: z.literal('offer'), template, class: z.literal('promotional') });
/** A task on the manager's list; the journey waits for its result, though not for ever. */
const contact = z.strictObject({
  ...when,
  kind: z.enum(['call', 'visit']),
  dueWorkingDays: z
    .number('dueWorkingDays is a whole number of working days')
    .int('dueWorkingDays is a whole number of working days')
    .min(1, 'dueWorkingDays is at least 1')
    .max(20, 'dueWorkingDays is at most 20')
    .describe('working days in which the manager does it'),
  waitFor: duration.prefault('14 days').describe('how long the journey waits for the result before it goes on'),
});

export const stepSchema = z.discriminatedUnion('kind', [message, offer, contact]);
export type CampaignStep = z.output<typeof stepSchema>;

/** A step with its place in time, ms after the journey's beginning. */
export type PlacedStep = CampaignStep & { after: Millis };

export type StepOrder =
  | { ok: true; steps: PlacedStep[] }
  /** `index` is that of the step at fault, `key` what of it */
  | { ok: false; problems: OrderProblem[] };

export interface OrderProblem {
  index: number;
  key: 'step' | 'follows';
  message: string;
}

/** The steps in the order of their time; those of one moment as they stand in the file. */
export function orderSteps(steps: readonly CampaignStep[]): StepOrder {
  const problems: OrderProblem[] = [];
  const byName = new Map(steps.map((step) => [step.step, step]));
  const placed = steps.map((step, index): PlacedStep => {
    const wrong = (key: OrderProblem['key'], message: string): PlacedStep => {
      problems.push({ index, key, message });
      return { ...step, after: step.wait };
    };
    if (steps.findIndex((other) => other.step === step.step) < index)
      return wrong('step', `there are two steps called "${step.step}"; give each a name of its own`);
    let after: number = step.wait;
    const seen = [step.step];
    for (let at = step; at.follows !== undefined;) {
      const before = byName.get(at.follows);
      if (!before)
        return wrong('follows', `"${at.follows}" is no step; steps here are ${[...byName.keys()].join(', ')}`);
      if (seen.includes(before.step))
        return wrong(
          'follows',
          `"${step.step}" waits for itself (${[...seen, before.step].join(' follows ')}); let one of them follow nothing`,
        );
      seen.push(before.step);
      after += before.wait;
      at = before;
    }
    return { ...step, after: after as Millis };
  });
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    steps: placed
      .map((step, index) => ({ step, index }))
      .sort((a, b) => a.step.after - b.step.after || a.index - b.index)
      .map(({ step }) => step),
  };
}
