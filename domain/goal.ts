/** What is known of a journey's goal on a day. */
export interface GoalFacts {
  /** the average of a period that the journey saw from its first day is at or above the threshold whatever comes */
  secured: boolean;
  /** days of that period on which the balance stood at or above the threshold */
  daysHeld: number;
  heldDaysAsked: number;
  /** the first evaluation of a period that the journey saw from its first day: kept, missed, or none yet */
  evaluation: 'kept' | 'missed' | null;
}

export interface GoalAnswer {
  met: boolean;
  by: 'average-secured' | 'evaluation-kept' | null;
}

export const GOAL_RULES = 'goal@1';

/**
 * The goal is met when the period's average is secured and was held for long enough, or when the evaluation kept the
 * tier. Periods that had begun before the journey don't count: their average is mostly what was there already.
 */
export function goalStanding(facts: GoalFacts): GoalAnswer {
  if (facts.evaluation === 'kept') return { met: true, by: 'evaluation-kept' };
  if (facts.secured && facts.daysHeld >= facts.heldDaysAsked) return { met: true, by: 'average-secured' };
  return { met: false, by: null };
}
