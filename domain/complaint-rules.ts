import { days, type Instant, type Millis } from './types.js';

/** The version of the rules below, kept with every decision on a complaint; the deadlines' own are `ruleSet`. */
export const COMPLAINT_RULES = 'complaint@1';

/** By when a complaint must be answered, and who hears of it when it is not. */
export interface ComplaintRules {
  ruleSet: string;
  /** calendar time from receipt to the answer */
  due: Millis;
  escalateTo: string;
}

/**
 * For complaints that come in outside a journey. China, 银行业保险业消费投诉处理管理办法 (2020): 15 calendar days.
 * A bank's counsel confirms.
 */
export const DEFAULT_COMPLAINT_RULES: ComplaintRules = {
  ruleSet: 'cn-2020',
  due: days(15),
  escalateTo: 'complaint-unit-head',
};

export const complaintDue = (rules: ComplaintRules, openedAt: Instant): Instant => (openedAt + rules.due) as Instant;

export type HandlerAnswer = { allowed: true } | { allowed: false; reason: 'complained-about' | 'resolved-already' };

/** Whoever handles a complaint has no direct interest in it: never the manager complained about. */
export function mayHandle(
  handlerRef: string,
  complaint: { aboutManagerRef: string | null; resolved: boolean },
): HandlerAnswer {
  if (complaint.resolved) return { allowed: false, reason: 'resolved-already' };
  if (handlerRef === complaint.aboutManagerRef) return { allowed: false, reason: 'complained-about' };
  return { allowed: true };
}
