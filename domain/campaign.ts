import { z } from 'zod';
import { readDuration } from './duration.js';
import { REWARDED, rewardedWords, type Rewarded } from './gift-rules.js';
import { TRIGGERS } from './trigger-names.js';
import type { Millis } from './types.js';

/** More steps or reminders than this is a nuisance, not a campaign. */
export const MAX_REMINDERS = 4;
export const MAX_POINTS = 1_000_000;
/** Bounds of goal.heldDays where a reward hangs on it. */
export const LEAST_HELD_DAYS = 5;
export const MOST_HELD_DAYS = 28;
/** What a campaign's reward can be for: it hangs on the goal, and the goal is a balance that was held. */
const REWARDED_BY_GOAL: readonly Rewarded[] = ['deposit', 'balance'];

const duration = z.string().transform((text, context): Millis => {
  const span = readDuration(text);
  if (span === null)
    context.addIssue(
      `"${text}" is not a length of time; write for instance "10 days", "36 hours" or "2 weeks", up to 366 days`,
    );
  return span ?? (0 as Millis);
});
const template = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'a template is named in lower case with dashes, like manager-introduction');
const wholeNumber = (what: string, most: number): z.ZodNumber =>
  z
    .number(`${what} is a whole number`)
    .int(`${what} is a whole number`)
    .min(0, `${what} can't be negative`)
    .max(most, `${what} is at most ${most}`);

const message = z.strictObject({ template, class: z.enum(['service', 'promotional']) });

/** What a campaign's YAML says; every length of time becomes milliseconds of business time. */
export const campaignSchema = z
  .strictObject({
    campaign: z
      .string()
      .regex(/^[a-z][a-z0-9-]{1,39}$/, 'a campaign is named in lower case with dashes, 2 to 40 characters'),
    name: z.strictObject({ en: z.string().min(1), 'zh-CN': z.string().min(1) }),
    playbook: z.enum(['tier', 'credit']),
    /** the higher goes first when two campaigns want one customer */
    priority: wholeNumber('priority', 1000),
    audience: z.strictObject({
      triggers: z.array(z.enum(TRIGGERS)).min(1, 'name at least one trigger'),
      tiers: z.union([z.literal('all'), z.literal('all-but-lowest')]),
      minimumScore: wholeNumber('minimumScore', 100),
    }),
    /** after a journey has ended the customer is left alone for this long */
    coolDown: duration.prefault('90 days'),
    outreach: message,
    offer: message.extend({ after: duration }).optional(),
    survey: z.strictObject({
      template,
      after: duration,
      reminders: z.array(duration).max(MAX_REMINDERS, `at most ${MAX_REMINDERS} reminders`),
      expires: duration,
      /** an answer of this or less opens a complaint; 0 to 10 */
      unhappyAtOrBelow: wholeNumber('unhappyAtOrBelow', 10),
    }),
    complaint: z.strictObject({
      ruleSet: z.string().min(1),
      due: duration,
      escalateTo: z.string().min(1),
    }),
    goal: z.strictObject({
      /** how long after the survey's end the journey still watches */
      within: duration,
      /** days at or above the threshold, in the period that meets the goal, before a secured average counts */
      heldDays: wholeNumber('heldDays', 366),
    }),
    reward: z
      .strictObject({
        /** what it rewards: where gifts for deposits are forbidden, compliance approves the version first */
        for: z.enum(REWARDED),
        points: wholeNumber('points', MAX_POINTS).min(1, 'a reward of no points is none: leave the reward out'),
        budget: wholeNumber('budget', 1_000_000_000),
      })
      .optional(),
  })
  .superRefine((definition, context) => {
    const { survey, playbook, offer, reward, outreach, goal } = definition;
    const last = Math.max(0, ...survey.reminders);
    if (last >= survey.expires)
      context.addIssue({
        code: 'custom',
        path: ['survey', 'reminders'],
        message:
          'a reminder after the survey has expired reminds of nothing; let it come earlier, or the survey expire later',
      });
    if (survey.reminders.some((after, i) => i > 0 && after <= (survey.reminders[i - 1] ?? 0)))
      context.addIssue({
        code: 'custom',
        path: ['survey', 'reminders'],
        message: 'reminders are counted from the survey and come one after another; write them in ascending order',
      });
    if (playbook === 'credit' && (offer || outreach.class === 'promotional'))
      context.addIssue({
        code: 'custom',
        path: [offer ? 'offer' : 'outreach'],
        message: 'customers in credit care get no promotions; leave the offer out and write to them as a service',
      });
    if (reward && (goal.heldDays < LEAST_HELD_DAYS || goal.heldDays > MOST_HELD_DAYS))
      context.addIssue({
        code: 'custom',
        path: ['goal', 'heldDays'],
        message: `with a reward the balance is held for ${LEAST_HELD_DAYS} to ${MOST_HELD_DAYS} days of a month: fewer would reward a deposit that comes and goes, more no month has`,
      });
    if (reward && !REWARDED_BY_GOAL.includes(reward.for))
      context.addIssue({
        code: 'custom',
        path: ['reward', 'for'],
        message: `the reward is posted when a balance was held, and not for ${rewardedWords(reward.for)}; write ${REWARDED_BY_GOAL.join(' or ')}`,
      });
    if (playbook === 'credit' && reward)
      context.addIssue({
        code: 'custom',
        path: ['reward'],
        message: 'customers in credit care are helped, not rewarded; leave the reward out',
      });
    if (offer && offer.after >= survey.after)
      context.addIssue({
        code: 'custom',
        path: ['offer', 'after'],
        message: 'the offer comes before the survey; let it come earlier, or the survey later',
      });
  });

export type CampaignDefinition = z.output<typeof campaignSchema>;
