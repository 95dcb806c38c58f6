import { addMonths, dueDay, type Instalment } from './plan-days.js';
import { policyAmount, WHOLE_BP, type RepaymentPolicy, type Rhythm } from './repayment-policy.js';
import { addDays, minor, type Minor, type PlainDate } from './types.js';

export interface PlanTerms {
  total: Minor;
  instalments: number;
  firstDue: PlainDate;
  every: Rhythm;
}

/** What is seen of a customer at the moment of a proposal. */
export interface PlanFacts {
  /** the day in the bank's zone */
  today: PlainDate;
  /** three letters */
  currency: string;
  /** null: the bank's data show none, and the customer has said nothing */
  monthlyIncome: Minor | null;
  /** the customer named it, and the bank's data do not show it */
  incomeStated: boolean;
  /** the limits are not those of the bank's own policy */
  otherPolicy: boolean;
  /** a plan of the customer is agreed and not closed */
  openPlan: boolean;
  erased: boolean;
}

/** Why a plan is refused, each with the sentence for whoever asked. */
export const PLAN_REFUSALS = {
  erased: "the customer's data were erased",
  'plan-open': 'the customer has a plan that is not closed; end it first',
  'other-currency': "the policy's amounts are in another currency than the bank's; edit the policy",
  'nothing-owed': 'a plan is for an amount above 0',
  'other-rhythm': 'the policy does not allow instalments this often',
  'too-few-instalments': 'it has fewer instalments than the policy allows',
  'too-many-instalments': 'it has more instalments than the policy allows',
  'too-short': 'it is over sooner than the policy allows',
  'too-long': 'it runs for longer than the policy allows',
  'instalment-too-small': 'an instalment is smaller than the policy allows',
  'income-unknown': 'no monthly income is known; ask the customer for it and name it with --income',
  'over-income-share': 'an instalment takes more of the monthly income than the policy allows',
  'first-due-too-soon': 'the first instalment falls due before there is time to remind of it',
  'first-due-too-late': 'the first instalment falls due later than the policy allows',
} as const;
export type PlanRefusal = keyof typeof PLAN_REFUSALS;

/** Why another person must approve a plan, in words for staff. */
export const APPROVAL_WORDS = {
  'large-total': 'its total is above what one person may agree',
  'long-plan': 'it runs for longer than one person may agree',
  'other-policy': "its limits are not those of the bank's own policy",
  'income-stated': "the income is as the customer says, and the bank's data do not show it",
} as const;
export type ApprovalReason = keyof typeof APPROVAL_WORDS;

/** What the policy would allow instead: the fewest and the most instalments of this total, and days for the first one. */
export interface Fit {
  fewest: number;
  most: number;
  /** an instalment of each */
  largest: Minor;
  smallest: Minor;
  firstDueFrom: PlainDate;
  firstDueUntil: PlainDate;
}

export type PlanProposal =
  | { verdict: 'proposed'; instalments: Instalment[]; approval: ApprovalReason[] }
  | { verdict: 'refused'; reasons: PlanRefusal[]; fits: Fit | null };

/** Equal instalments whose sum is the total exactly: what does not divide is paid with the last one. */
export function instalmentsOf({ total, instalments: count, firstDue, every }: PlanTerms): Instalment[] {
  const owed: bigint = total;
  const each = owed / BigInt(count);
  const rest = owed - each * BigInt(count);
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    dueOn: dueDay(firstDue, every, index + 1),
    amount: minor(index + 1 === count ? each + rest : each),
  }));
}

/** Reckons a plan and says whether the policy allows it; a refusal names every reason, and what would fit. */
export function proposePlan(policy: RepaymentPolicy, facts: PlanFacts, terms: PlanTerms): PlanProposal {
  const reasons = [...whoRefusals(policy, facts), ...termRefusals(policy, facts, terms)];
  if (reasons.length > 0) return { verdict: 'refused', reasons, fits: whatFits(policy, facts, terms) };
  return { verdict: 'proposed', instalments: instalmentsOf(terms), approval: approvalFor(policy, facts, terms) };
}

function whoRefusals(policy: RepaymentPolicy, facts: PlanFacts): PlanRefusal[] {
  const reasons: PlanRefusal[] = facts.erased ? ['erased'] : [];
  if (facts.openPlan) reasons.push('plan-open');
  if (facts.currency !== policy.currency) reasons.push('other-currency');
  return reasons;
}

/** First days on which an instalment may fall due. */
function firstDueDays(policy: RepaymentPolicy, today: PlainDate): [PlainDate, PlainDate] {
  return [addDays(today, policy.remindDaysBefore), addDays(today, policy.firstDueWithin)];
}

function termRefusals(policy: RepaymentPolicy, facts: PlanFacts, terms: PlanTerms): PlanRefusal[] {
  const [from, until] = firstDueDays(policy, facts.today);
  const reasons: PlanRefusal[] = [];
  if (terms.firstDue < from) reasons.push('first-due-too-soon');
  if (terms.firstDue > until) reasons.push('first-due-too-late');
  return [...reasons, ...sizeRefusals(policy, facts, terms)];
}

/** What is wrong with the total, the number and the rhythm of the instalments, whatever the first due day is. */
function sizeRefusals(policy: RepaymentPolicy, facts: PlanFacts, terms: PlanTerms): PlanRefusal[] {
  const { total, instalments: count, firstDue, every } = terms;
  if (total <= 0n) return ['nothing-owed'];
  const reasons: PlanRefusal[] = policy.every.includes(every) ? [] : ['other-rhythm'];
  if (count < policy.instalments.least) reasons.push('too-few-instalments');
  if (count > policy.instalments.most) reasons.push('too-many-instalments');
  if (!Number.isInteger(count) || count < 1 || count > policy.instalments.most) return reasons;
  const last = dueDay(firstDue, every, count);
  if (last < addMonths(firstDue, policy.months.shortest)) reasons.push('too-short');
  if (last > addMonths(firstDue, policy.months.longest)) reasons.push('too-long');
  if (total / BigInt(count) < policyAmount(policy.leastInstalment, policy.currency))
    reasons.push('instalment-too-small');
  if (facts.monthlyIncome === null) reasons.push('income-unknown');
  else if (overIncomeShare(policy, facts.monthlyIncome, terms)) reasons.push('over-income-share');
  return reasons;
}

/** Twenty-six fortnights make a year. The last instalment is the largest. */
function overIncomeShare(policy: RepaymentPolicy, monthlyIncome: Minor, terms: PlanTerms): boolean {
  const count = BigInt(terms.instalments);
  const largest = terms.total / count + (terms.total % count);
  const perYear = largest * (terms.every === 'month' ? 12n : 26n);
  return perYear * BigInt(WHOLE_BP) > monthlyIncome * 12n * BigInt(policy.incomeShareAtMost);
}

function whatFits(policy: RepaymentPolicy, facts: PlanFacts, terms: PlanTerms): Fit | null {
  if (whoRefusals(policy, facts).length > 0) return null;
  const { least, most } = policy.instalments;
  const counts = Array.from({ length: most - least + 1 }, (_, index) => least + index);
  const fitting = counts.filter((instalments) => sizeRefusals(policy, facts, { ...terms, instalments }).length === 0);
  const [fewest, last] = [fitting[0], fitting.at(-1)];
  if (fewest === undefined || last === undefined) return null;
  const [firstDueFrom, firstDueUntil] = firstDueDays(policy, facts.today);
  const each = (count: number): Minor => minor(terms.total / BigInt(count));
  return { fewest, most: last, largest: each(fewest), smallest: each(last), firstDueFrom, firstDueUntil };
}

function approvalFor(policy: RepaymentPolicy, facts: PlanFacts, terms: PlanTerms): ApprovalReason[] {
  const { above, months } = policy.secondPerson;
  const last = dueDay(terms.firstDue, terms.every, terms.instalments);
  const reasons: ApprovalReason[] = terms.total > policyAmount(above, policy.currency) ? ['large-total'] : [];
  if (last > addMonths(terms.firstDue, months)) reasons.push('long-plan');
  if (facts.otherPolicy) reasons.push('other-policy');
  if (facts.incomeStated) reasons.push('income-stated');
  return reasons;
}
