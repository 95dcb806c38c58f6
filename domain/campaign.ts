import { z } from 'zod';
import { refuseContradictions } from './campaign-rules.js';
import { MAX_ASKED_OF_MANAGER, MAX_STEPS, stepSchema, template } from './campaign-step.js';
import { duration } from './definition-fields.js';
import { contactPolicySchema } from './contact-policy.js';
import { REWARDED } from './gift-rules.js';
import { TRIGGERS } from './trigger-names.js';
import { OUTCOMES } from './types.js';

/** More reminders than this are a nuisance, not a campaign. */
export const MAX_REMINDERS = 4;
export const MAX_POINTS = 1_000_000;
/** A control group larger than this leaves most of those at risk alone. */
export const MAX_HOLDOUT_PERCENT = 50;

const wholeNumber = (what: string, most: number): z.ZodNumber =>
  z
    .number(`${what} is a whole number`)
    .int(`${what} is a whole number`)
    .min(0, `${what} can't be negative`)
    .max(most, `${what} is at most ${most}`);
const inBothLanguages = z.strictObject({ en: z.string().min(1), 'zh-CN': z.string().min(1) });
const named = z.string().regex(/^[a-z][a-z0-9-]{1,39}$/, 'write it in lower case with dashes, 2 to 40 characters');
const tierRef = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'a tier is named in lower case, like affluent');

const audience = z
  .strictObject({
    tiers: z
      .union([
        z.literal('all'),
        z.literal('all-but-lowest'),
        z.array(tierRef).min(1, 'name at least one tier, or write all').max(20, 'at most 20 tiers'),
      ])
      .describe('all, all-but-lowest (who is in the lowest tier has none to lose), or a list of tiers'),
  })
  .describe('whom the campaign is for');

const detection = z
  .strictObject({
    triggers: z
      .array(z.enum(TRIGGERS))
      .min(1, 'name at least one trigger')
      .describe('what detection may find; any one of these is enough'),
    minimumScore: wholeNumber('minimumScore', 100).describe(
      'findings are scored from 0 to 100; weaker ones start nothing',
    ),
  })
  .describe('what has to be found on a customer');

const holdout = z
  .strictObject({
    percent: wholeNumber('percent', MAX_HOLDOUT_PERCENT)
      .min(1, 'a holdout of nobody is none: leave the holdout out')
      .describe('of those who would be admitted; raised in a later version, nobody of before comes free'),
  })
  .describe('customers who are left alone, to compare with: always the same ones of a campaign');

const assignment = z
  .strictObject({
    skills: z
      .array(named)
      .max(MAX_ASKED_OF_MANAGER, `at most ${MAX_ASKED_OF_MANAGER} skills`)
      .prefault([])
      .describe('what the manager must be able to do'),
    certificates: z
      .array(named)
      .max(MAX_ASKED_OF_MANAGER, `at most ${MAX_ASKED_OF_MANAGER} certificates`)
      .prefault([])
      .describe('what the manager must hold, in date on the day of the assignment'),
  })
  .describe('what is asked of the relationship manager');

const education = z
  .strictObject({
    course: named.describe('the name of a folder of campaigns/lessons'),
    template: template.describe('the invitation'),
    after: duration.describe("counted from the journey's beginning"),
    waitFor: duration.describe('how long the journey waits for the course to be completed'),
  })
  .describe('a course that the journey invites to');

const survey = z
  .strictObject({
    template,
    after: duration.describe("counted from the journey's beginning; all steps come before it"),
    reminders: z
      .array(duration)
      .max(MAX_REMINDERS, `at most ${MAX_REMINDERS} reminders`)
      .describe('counted from the survey, in ascending order, before it expires'),
    expires: duration.describe('counted from the survey'),
    unhappyAtOrBelow: wholeNumber('unhappyAtOrBelow', 10).describe(
      '0 to 10: an answer of this or less opens a complaint',
    ),
  })
  .describe('the question that every journey ends with');

const complaint = z
  .strictObject({
    ruleSet: z.string().min(1).describe('the rules that set the statutory clock, for instance cn-2020'),
    due: duration.describe('within which a complaint is answered'),
    escalateTo: z.string().min(1).describe('who gets it when nobody has resolved it by then'),
  })
  .describe('how complaints from this campaign are handled');

const goal = z
  .strictObject({
    within: duration.describe("how long after the survey's end the journey still watches"),
    heldDays: wholeNumber('heldDays', 366).describe(
      'days at or above the threshold, in the period that meets the goal, before a secured average counts',
    ),
  })
  .describe('what counts as a tier that was kept');

const reward = z
  .strictObject({
    for: z
      .enum(REWARDED)
      .describe('what it rewards: where gifts for deposits are forbidden, compliance approves the version first'),
    points: wholeNumber('points', MAX_POINTS)
      .min(1, 'a reward of no points is none: leave the reward out')
      .describe('for each customer, once'),
    budget: wholeNumber('budget', 1_000_000_000).describe('points that the campaign may give away in all'),
  })
  .describe('posted once for each customer, when the tier was kept');

const end = z
  .strictObject({
    coolDown: duration
      .prefault('90 days')
      .describe('after a journey has ended the customer is left alone for this long'),
    coolDownAfter: z
      .partialRecord(z.enum(OUTCOMES), duration)
      .prefault({})
      .describe('a cool-down of its own for some outcomes'),
  })
  .describe('what follows a journey');

/** What a campaign's YAML says; every length of time becomes milliseconds of business time. The words are editors' help. */
export const campaignSchema = z
  .strictObject({
    campaign: z
      .string()
      .regex(/^[a-z][a-z0-9-]{1,39}$/, 'a campaign is named in lower case with dashes, 2 to 40 characters')
      .describe('the name by which it is known for good'),
    name: inBothLanguages.describe('as staff and customers read it'),
    playbook: z
      .enum(['tier', 'credit'])
      .describe('tier: the balance slides under a threshold; credit: help for who is in arrears, without promotions'),
    priority: wholeNumber('priority', 1000).describe('the higher goes first when two campaigns want one customer'),
    audience,
    detection,
    holdout: holdout.optional(),
    assignment: assignment.prefault({}),
    contact: contactPolicySchema
      .optional()
      .describe("when and how often customers may be written to; without it the house's own hours hold"),
    steps: z
      .array(stepSchema)
      .min(1, 'a journey has at least one step; begin with the letter of the manager')
      .max(MAX_STEPS, `at most ${MAX_STEPS} steps`)
      .describe('what happens before the survey: messages, offers, calls and visits of the manager'),
    education: education.optional(),
    survey,
    complaint,
    goal,
    reward: reward.optional(),
    end: end.prefault({}),
  })
  .superRefine(refuseContradictions);

export type CampaignDefinition = z.output<typeof campaignSchema>;
