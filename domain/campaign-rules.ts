import type { z } from 'zod';
import { orderSteps } from './campaign-step.js';
import type { CampaignDefinition } from './campaign.js';
import { rewardedWords, type Rewarded } from './gift-rules.js';
import { CREDIT_TRIGGERS } from './trigger-names.js';

/** Bounds of goal.heldDays where a reward hangs on it. */
export const LEAST_HELD_DAYS = 5;
export const MOST_HELD_DAYS = 28;
/** What a campaign's reward can be for: it hangs on the goal, and the goal is a balance that was held. */
const REWARDED_BY_GOAL: readonly Rewarded[] = ['deposit', 'balance'];

type Say = (path: (string | number)[], message: string) => void;

/** What each key allows by itself and the whole doesn't. */
export function refuseContradictions(definition: CampaignDefinition, context: z.RefinementCtx): void {
  const say: Say = (path, message) => context.addIssue({ code: 'custom', path, message });
  refuseNobody(definition, say);
  if (definition.holdout && definition.playbook === 'credit')
    say(
      ['holdout'],
      'help is not withheld from customers in credit care to have somebody to compare with; leave the holdout out',
    );
  refuseReminders(definition, say);
  refuseSteps(definition, say);
  refuseEducation(definition, say);
  refuseReward(definition, say);
}

/** Customers on whom credit trouble was found are in care, and no campaign of the tier playbook takes them. */
function refuseNobody({ playbook, detection }: CampaignDefinition, say: Say): void {
  const creditOnly = detection.triggers.every((trigger) => CREDIT_TRIGGERS.some((credit) => credit === trigger));
  if (playbook === 'tier' && creditOnly)
    say(
      ['detection', 'triggers'],
      `nobody could ever be admitted: ${CREDIT_TRIGGERS.join(' and ')} lead to credit care, and the tier playbook takes nobody from there; add a trigger such as tier-at-risk, or write playbook: credit`,
    );
}

function refuseReminders({ survey }: CampaignDefinition, say: Say): void {
  const path = ['survey', 'reminders'];
  if (Math.max(0, ...survey.reminders) >= survey.expires)
    say(
      path,
      'a reminder after the survey has expired reminds of nothing; let it come earlier, or the survey expire later',
    );
  if (survey.reminders.some((after, i) => i > 0 && after <= (survey.reminders[i - 1] ?? 0)))
    say(path, 'reminders are counted from the survey and come one after another; write them in ascending order');
}

function refuseSteps({ steps, playbook, survey }: CampaignDefinition, say: Say): void {
  const order = orderSteps(steps);
  if (!order.ok) {
    order.problems.forEach(({ index, key, message }) => say(['steps', index, key], message));
    return;
  }
  for (const [index, step] of steps.entries()) {
    const after = order.steps.find((placed) => placed.step === step.step)?.after ?? 0;
    if (after >= survey.after)
      say(['steps', index, 'wait'], 'the steps come before the survey; let it come earlier, or the survey later');
    const promotes = step.kind === 'offer' || (step.kind === 'message' && step.class === 'promotional');
    if (playbook === 'credit' && promotes)
      say(
        ['steps', index, 'kind'],
        'customers in credit care get no promotions; leave the offer out and write to them as a service',
      );
  }
}

function refuseEducation({ education, survey }: CampaignDefinition, say: Say): void {
  if (!education) return;
  if (education.after >= survey.after)
    say(['education', 'after'], 'the course comes before the survey; let it come earlier, or the survey later');
}

function refuseReward({ reward, goal, playbook }: CampaignDefinition, say: Say): void {
  if (!reward) return;
  if (goal.heldDays < LEAST_HELD_DAYS || goal.heldDays > MOST_HELD_DAYS)
    say(
      ['goal', 'heldDays'],
      `with a reward the balance is held for ${LEAST_HELD_DAYS} to ${MOST_HELD_DAYS} days of a month: fewer would reward a deposit that comes and goes, more no month has`,
    );
  if (!REWARDED_BY_GOAL.includes(reward.for))
    say(
      ['reward', 'for'],
      `the reward is posted when a balance was held, and not for ${rewardedWords(reward.for)}; write ${REWARDED_BY_GOAL.join(' or ')}`,
    );
  if (playbook === 'credit') say(['reward'], 'customers in credit care are helped, not rewarded; leave the reward out');
}
