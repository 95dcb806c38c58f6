import type { CampaignDefinition } from './campaign.js';
import { planOf, type PlannedStep } from './journey-plan.js';

/** Where an open journey is. */
export interface JourneyPosition {
  /** steps of its campaign that are behind it */
  done: readonly string[];
  /** the step under way or waited for, or a part that every journey has */
  at: string;
  /** the survey's letter is out */
  surveyAsked: boolean;
  /** `at` is a call, a visit or a course whose result is waited for */
  underWay: boolean;
}

export type MoveAnswer =
  { kind: 'stays'; why: string } | { kind: 'moves'; step: string } | { kind: 'blocked'; why: string };

export const MOVE_RULES = 'version-move@1';

/**
 * Whether an open journey may go on under another version of its campaign, and at which step. What was done is not done
 * again; what was promised is not taken back.
 */
export function moveAnswer(
  position: JourneyPosition,
  from: { version: number; definition: CampaignDefinition },
  to: { version: number; definition: CampaignDefinition },
): MoveAnswer {
  if (from.version === to.version) return { kind: 'stays', why: `it is under version ${to.version} already` };
  const blocked = (why: string): MoveAnswer => ({ kind: 'blocked', why });
  const { definition: old } = from;
  const { definition: next } = to;
  if (position.at === 'closing' || position.at === 'closed') return { kind: 'stays', why: 'it is ending' };
  if (old.playbook !== next.playbook)
    return blocked(`version ${to.version} is of the ${next.playbook} playbook, this journey of ${old.playbook}`);
  if (position.at === 'opening' || position.at === 'waiting-for-manager')
    return { kind: 'moves', step: planOf(next).steps[0]?.step ?? 'survey' };
  if (rewardOf(old) !== rewardOf(next))
    return blocked(
      `the reward promised is ${rewardOf(old)}, and that of version ${to.version} is ${rewardOf(next)}; let it end under its own version`,
    );
  if (position.surveyAsked) return afterSurvey(position, from, to);
  return beforeSurvey(position, planOf(old).steps, planOf(next).steps, to.version);
}

function afterSurvey(
  { at }: JourneyPosition,
  { definition: old }: { definition: CampaignDefinition },
  { definition: next, version }: { version: number; definition: CampaignDefinition },
): MoveAnswer {
  const same = JSON.stringify(old.survey) === JSON.stringify(next.survey);
  if (at === 'survey' && !same) return { kind: 'stays', why: 'its survey is out, and was promised as it is' };
  if (at === 'goal' && old.goal.within !== next.goal.within)
    return { kind: 'stays', why: 'it watches its goal already, for as long as its own version says' };
  if (old.goal.heldDays !== next.goal.heldDays)
    return {
      kind: 'blocked',
      why: `version ${version} asks for another number of days held, and the journey counts already`,
    };
  return { kind: 'moves', step: at };
}

function beforeSurvey(
  position: JourneyPosition,
  old: readonly PlannedStep[],
  next: readonly PlannedStep[],
  version: number,
): MoveAnswer {
  const blocked = (why: string): MoveAnswer => ({ kind: 'blocked', why });
  const kinds = new Map(old.map(({ step, kind }) => [step, kind]));
  for (const { step, kind } of next) {
    const before = kinds.get(step);
    if (position.done.includes(step) && before !== undefined && before !== kind)
      return blocked(
        `"${step}" is done as a ${before}, and is a ${kind} in version ${version}; give it another name there`,
      );
  }
  if (position.underWay && !next.some(({ step }) => step === position.at))
    return blocked(`"${position.at}" is under way, and version ${version} has no such step; wait until it is done`);
  const lastDone = Math.max(-1, ...next.map(({ step }, index) => (position.done.includes(step) ? index : -1)));
  const skipped = next.slice(0, lastDone + 1).find(({ step }) => !position.done.includes(step));
  if (skipped)
    return blocked(
      `version ${version} has "${skipped.step}" before "${next[lastDone]?.step}", which is done: it would come too late`,
    );
  const first = next.find(({ step }) => !position.done.includes(step));
  return { kind: 'moves', step: first?.step ?? 'survey' };
}

function rewardOf({ reward }: CampaignDefinition): string {
  return reward ? `${reward.points} points` : 'none';
}

/** What is recorded of an open journey. */
export interface RecordedPlace {
  step: string;
  stepsDone: readonly string[];
  surveyAsked: boolean;
  surveyOver: boolean;
  waiting: boolean;
}

/** The position of an open journey by its records; its run has the last word when it is moved. */
export function recordedPosition(place: RecordedPlace, definition: CampaignDefinition): JourneyPosition {
  const { step, stepsDone: done, surveyAsked, surveyOver, waiting } = place;
  if (step === 'admitted' || step === 'waiting-for-manager')
    return { done: [], at: 'opening', surveyAsked: false, underWay: false };
  if (surveyAsked) return { done, at: surveyOver ? 'goal' : 'survey', surveyAsked, underWay: false };
  if (waiting) return { done: done.filter((name) => name !== step), at: step, surveyAsked, underWay: true };
  const next = planOf(definition).steps.find((planned) => !done.includes(planned.step));
  return { done, at: next?.step ?? 'survey', surveyAsked, underWay: false };
}
