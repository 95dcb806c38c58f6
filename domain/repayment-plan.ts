import type { Instant } from './types.js';

/** The version of the rules of repayment plans, kept with every decision that they take. */
export const PLAN_RULES = 'repayment-plan@1';

/** A repayment plan as the customer is told it, for instance `P-2026-0000042`. */
export type PlanRef = string & { readonly planRef: true };

/** The run that watches a plan; the keys of its decisions and letters begin with it. */
export const planWorkflowId = (planRef: PlanRef): string => `plan:${planRef}`;

/**
 * agreed: another person has yet to approve it; running: its instalments are watched; kept: all were paid, and the
 * standing is asked for back; broken: a person decides; ended: closed by a person.
 */
export const PLAN_STATES = ['proposed', 'agreed', 'running', 'kept', 'broken', 'ended'] as const;
export type PlanState = (typeof PLAN_STATES)[number];

/** Why a person ended a plan, in words for staff. */
export const PLAN_ENDINGS = {
  'by-customer': 'the customer does not want it any more',
  replaced: 'another plan takes its place',
  'paid-otherwise': 'the debt was paid in another way',
  'by-bank': 'the bank gave it up',
} as const;
export type PlanEnding = keyof typeof PLAN_ENDINGS;

/** What a plan's run waits for: only numbers and instants, since they travel. */
export type PlanStep =
  /** reminded at remindAt, if that is before the end of the due day; looked at on the day after the grace */
  | { kind: 'instalment'; instalment: number; remindAt: Instant; dueBy: Instant; judgeAt: Instant }
  /** all instalments were looked at, and what was missed can still be paid */
  | { kind: 'catch-up'; judgeAt: Instant }
  /** a person decides: about a broken plan, or about the standing */
  | { kind: 'broken' | 'standing' }
  /** granted: the standing was given back */
  | { kind: 'over'; state: PlanState; granted: boolean };
