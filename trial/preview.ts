import type { AdmissionReason, PublishedCampaign } from '../domain/admission.js';
import { tierOfJourney } from '../domain/admission.js';
import { explainAssignment, type Assignment } from '../domain/assignment.js';
import type { CampaignDefinition } from '../domain/campaign.js';
import { contactDoor, longestCap, type DoorAnswer } from '../domain/contact-door.js';
import type { ContactPolicy } from '../domain/contact-policy.js';
import { contactWindow } from '../domain/contact-window.js';
import { admitBesideHoldout, holdoutEnd } from '../domain/holdout.js';
import { HOUSE_CONTACT_POLICY } from '../domain/house-contact.js';
import { planOf } from '../domain/journey-plan.js';
import { CalendarEnded } from '../domain/public-holidays.js';
import {
  addMillis,
  millis,
  type CampaignRef,
  type CustomerRef,
  type Instant,
  type MessageClass,
  type PlainDate,
  type ZoneId,
} from '../domain/types.js';
import { isReminder, planned } from '../activities/journey-messages.js';
import { currentCampaigns, lockAdmissionFacts } from '../store/admissions.js';
import { customerToAssign, readAssignmentSnapshot } from '../store/assignment.js';
import { doorFacts, lockCustomer, type CustomerContact } from '../store/customers.js';
import type { Database } from '../store/database.js';
import { followedUntil, isHeldOut } from '../store/holdouts.js';
import type { JourneyRow } from '../store/journeys.js';
import { hypotheticalJourney, trialLetter, type TrialDependencies, type TrialLetter } from './hypothetical-journey.js';

export interface PreviewRequest {
  definition: CampaignDefinition;
  customerRef: CustomerRef;
  /** the day whose findings and tier count */
  asOf: PlainDate;
  at: Instant;
}

export type PreviewedAdmission =
  | { verdict: 'admitted'; reasons: string[] }
  /** by the lot: never spoken to by this campaign, and followed until then */
  | { verdict: 'held-out'; followedUntil: Instant }
  /** `by`: another campaign in force goes first */
  | { verdict: 'refused'; reasons: AdmissionReason[] }
  | { verdict: 'taken-by-another'; by: CampaignRef };

export interface PreviewedStep {
  step: string;
  kind: 'message' | 'offer' | 'call' | 'visit' | 'education' | 'survey' | 'reminder' | 'goal' | 'reward';
  /** when it comes by the plan, moved into the contact window of the customer's zone; null: only once the goal is met */
  at: Instant | null;
  /** what the plan alone says, where the window moved it */
  plannedAt: Instant | null;
  messageClass: MessageClass | null;
  /** what the door would say if it were asked today; null: a person does it */
  today: DoorAnswer | null;
  letter: TrialLetter | null;
}

export interface Preview {
  customerRef: CustomerRef;
  zone: ZoneId;
  language: string;
  admission: PreviewedAdmission;
  /** whether the lot leaves the customer alone, whatever else speaks */
  heldOut: boolean;
  manager: Assignment;
  steps: PreviewedStep[];
}

/**
 * What a campaign would do for one customer, as far as today's records tell: admission, manager, every step with its time
 * and its letter, and what the door would say. All of it happens in a transaction that is rolled back.
 * @throws Error in words when there is no such customer, or no tier of theirs on the day
 */
export function previewCampaign(deps: TrialDependencies, request: PreviewRequest): Promise<Preview> {
  return deps.database.unmade(async (inside) => {
    const { definition, customerRef, asOf, at } = request;
    const [facts] = await lockAdmissionFacts(inside, [customerRef], asOf);
    if (!facts)
      throw new Error(`there is no customer "${customerRef}" with a tier on ${asOf}; check the reference and the day.`);
    const customer = await lockCustomer(inside, customerRef);
    const campaign = { campaignRef: definition.campaign as CampaignRef, version: 0, definition };
    const { request: asked } = await customerToAssign(inside, customerRef, definition.assignment, at);
    const manager = explainAssignment(asked, await readAssignmentSnapshot(inside, asked.day)).assignment;
    const admission = await admissionOf(inside, campaign, facts, at);
    const doorToday = await doorOf(inside, campaign, customer, at);
    const tierRef = tierOfJourney(facts, definition.detection.triggers) ?? facts.tierRef;
    const journey = await hypotheticalJourney(inside, { definition, customerRef, tierRef, asOf, at });
    const steps: PreviewedStep[] = [];
    for (const step of timesOf(journey, customer.zone, at)) {
      const message = isMessage(step) ? planned(journey, step.step) : null;
      const letter = message && (await trialLetter({ ...deps, database: inside }, journey, customer, step.step, at));
      const asksSurvey = step.kind === 'survey' || step.kind === 'reminder';
      const messageClass = message?.messageClass ?? null;
      steps.push({ ...step, messageClass, today: messageClass && doorToday(messageClass, asksSurvey), letter });
    }
    const { zone, language } = customer;
    return { customerRef, zone, language, admission, heldOut: isHeldOut(campaign, customerRef), manager, steps };
  });
}

async function admissionOf(
  inside: Database,
  campaign: PublishedCampaign,
  facts: Parameters<typeof admitBesideHoldout>[0],
  at: Instant,
): Promise<PreviewedAdmission> {
  const others = (await currentCampaigns(inside, at)).filter((one) => one.campaignRef !== campaign.campaignRef);
  const followed = (await followedUntil(inside, [facts.customerRef])).get(facts.customerRef);
  const alone = admitBesideHoldout(facts, [campaign], followed, at);
  if (alone.verdict === 'refused') return alone;
  const all = admitBesideHoldout(facts, [campaign, ...others], followed, at);
  if (all.verdict === 'admitted' && all.campaign.campaignRef !== campaign.campaignRef)
    return { verdict: 'taken-by-another', by: all.campaign.campaignRef };
  if (isHeldOut(campaign, facts.customerRef))
    return { verdict: 'held-out', followedUntil: holdoutEnd(campaign.definition, at) };
  return { verdict: 'admitted', reasons: alone.reasons };
}

/** What the door says today to a message of this campaign, by its class. */
async function doorOf(
  inside: Database,
  { campaignRef, definition }: PublishedCampaign,
  customer: CustomerContact,
  at: Instant,
): Promise<(messageClass: MessageClass, asksSurvey: boolean) => DoorAnswer> {
  const policy = definition.contact ?? HOUSE_CONTACT_POLICY;
  const question = {
    customerRef: customer.customerRef,
    journeyId: null,
    campaignRef,
    channel: 'email' as const,
    key: '',
    at,
  };
  const records = await doorFacts(inside, { ...question, lookBack: longestCap(policy) });
  return (messageClass, asksSurvey) =>
    contactDoor(
      { messageClass, purpose: asksSurvey ? 'survey' : 'other', channel: 'email', policy, at, ofCampaign: true },
      { ...customer, ...records },
    );
}

type Timed = Pick<PreviewedStep, 'step' | 'kind' | 'at' | 'plannedAt'>;

const isMessage = ({ step, kind }: Timed): boolean =>
  isReminder(step) || ['message', 'offer', 'education', 'survey', 'reward'].includes(kind);

/** Every step with its time, in the order of the plan; what depends on the customer's answers is taken to go on. */
function timesOf({ definition }: JourneyRow, zone: ZoneId, at: Instant): Timed[] {
  const { steps, survey, goalWithin } = planOf(definition);
  const policy = definition.contact ?? HOUSE_CONTACT_POLICY;
  const begin = within(policy, zone, at);
  const message = (step: string, kind: Timed['kind'], after: number): Timed => {
    const plannedAt = addMillis(begin, millis(after));
    const then = within(policy, zone, plannedAt);
    return { step, kind, at: then, plannedAt: then === plannedAt ? null : plannedAt };
  };
  const goalAt = addMillis(begin, millis(survey.after + survey.expires + goalWithin));
  return [
    ...steps.map(({ step, kind, after }): Timed =>
      kind === 'call' || kind === 'visit'
        ? { step, kind, at: addMillis(begin, after), plannedAt: null }
        : message(step, kind, after),
    ),
    message('survey', 'survey', survey.after),
    ...survey.reminders.map((after, i) => message(`reminder-${i + 1}`, 'reminder', survey.after + after)),
    { step: 'goal', kind: 'goal', at: goalAt, plannedAt: null },
    ...(definition.reward ? [{ step: 'reward', kind: 'reward' as const, at: null, plannedAt: null }] : []),
  ];
}

/** The first instant from then on at which the campaign's hours and days allow a word. */
function within(policy: ContactPolicy, zone: ZoneId, at: Instant): Instant {
  try {
    const window = contactWindow(policy, zone, at);
    return window.kind === 'open' ? at : window.until;
  } catch (error) {
    // beyond the calendar of holidays nobody can say
    if (error instanceof CalendarEnded) return at;
    throw error;
  }
}
