import type { z } from 'zod';
import { campaignSchema, type CampaignDefinition } from './campaign.js';
import { readYaml, type YamlReading } from './definition-file.js';
import type { Language } from './types.js';

export type CampaignReading = YamlReading<CampaignDefinition>;

/** What lies beside the campaigns and can be named in them. */
export interface CampaignContent {
  /** the languages that each template has */
  templates: ReadonlyMap<string, readonly Language[]>;
  courses: readonly string[];
}

const LANGUAGES: readonly Language[] = ['en', 'zh-CN'];
const CAMPAIGN_FILE = { schema: campaignSchema, what: 'a campaign', beginsWith: 'campaign: keep-your-tier' };

/**
 * Reads a campaign's YAML.
 * @param fileName only repeated in the problems
 * @param content  templates and courses that it may name; left out: they are not looked at
 */
export function readCampaign(text: string, fileName: string, content?: CampaignContent): CampaignReading {
  if (!content) return readYaml(CAMPAIGN_FILE, text, fileName);
  const schema = campaignSchema.superRefine((definition, context) => refuseMissing(definition, content, context));
  return readYaml({ ...CAMPAIGN_FILE, schema }, text, fileName);
}

function refuseMissing(definition: CampaignDefinition, content: CampaignContent, context: z.RefinementCtx): void {
  const say = (path: (string | number)[], message: string): void => context.addIssue({ code: 'custom', path, message });
  const { steps, education, survey } = definition;
  const named: { template: string; path: (string | number)[] }[] = [
    ...steps.flatMap((step, i) =>
      'template' in step ? [{ template: step.template, path: ['steps', i, 'template'] }] : [],
    ),
    ...(education ? [{ template: education.template, path: ['education', 'template'] }] : []),
    { template: survey.template, path: ['survey', 'template'] },
  ];
  for (const { template, path } of named) {
    const languages = content.templates.get(template);
    const missing = LANGUAGES.filter((language) => !languages?.includes(language));
    if (!languages)
      say(
        path,
        `there is no template "${template}"; add it to campaigns/templates in en and zh-CN, or write one of ${[...content.templates.keys()].join(', ')}`,
      );
    else if (missing.length > 0)
      say(
        path,
        `template "${template}" is not there in ${missing.join(' and ')}; add ${missing.map((language) => `${template}.${language}.liquid`).join(' and ')} to campaigns/templates`,
      );
  }
  if (education && !content.courses.includes(education.course))
    say(
      ['education', 'course'],
      `there is no course "${education.course}"; add it to campaigns/lessons, or write one of ${content.courses.join(', ')}`,
    );
}
