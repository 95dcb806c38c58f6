import type { CampaignDefinition } from './campaign.js';
import type { Trigger } from './trigger-names.js';
import { millis, type MessageClass, type Millis } from './types.js';

/** How versions were written before campaigns had steps: a letter, perhaps an offer. */
interface BeforeSteps extends Omit<
  CampaignDefinition,
  'audience' | 'detection' | 'steps' | 'assignment' | 'end' | 'contact' | 'education' | 'holdout'
> {
  audience: { triggers: Trigger[]; minimumScore: number; tiers: 'all' | 'all-but-lowest' };
  coolDown: Millis;
  outreach: { template: string; class: Exclude<MessageClass, 'statutory'> };
  offer?: { template: string; class: Exclude<MessageClass, 'statutory'>; after: Millis };
}

/**
 * A version as today's rules read it. A published version never changes, so one of before is kept as it was written and
 * read by what it says: the same letter, the same offer, the same times.
 */
export function readToday(stored: CampaignDefinition | BeforeSteps): CampaignDefinition {
  if (!('outreach' in stored)) return stored;
  const { outreach, offer, audience, coolDown, ...rest } = stored;
  const { tiers, triggers, minimumScore } = audience;
  const letter = { step: 'outreach', kind: 'message', wait: millis(0), ...outreach } as const;
  const steps: CampaignDefinition['steps'] = [letter];
  if (offer) {
    const { after, template, class: messageClass } = offer;
    const when = { step: 'offer', wait: after };
    steps.push(
      messageClass === 'promotional'
        ? { ...when, kind: 'offer', template, class: messageClass }
        : { ...when, kind: 'message', template, class: messageClass },
    );
  }
  return {
    ...rest,
    audience: { tiers },
    detection: { triggers, minimumScore },
    assignment: { skills: [], certificates: [] },
    steps,
    end: { coolDown, coolDownAfter: {} },
  };
}
