import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CampaignContent } from '../../domain/campaign-file.js';
import type { Language } from '../../domain/types.js';

/** Where campaigns and what they name are kept. */
export const CAMPAIGNS = join(__dirname, '..', '..', 'campaigns');

const TEMPLATE_FILE = /^([a-z][a-z0-9-]*)\.(en|zh-CN)\.liquid$/;
/** Every message stands in it; it is none. */
const LAYOUT = 'layout';

/** Templates and courses that a campaign may name, by the names of their files. */
export async function campaignContent(folder = CAMPAIGNS): Promise<CampaignContent> {
  const templates = new Map<string, Language[]>();
  for (const file of (await readdir(join(folder, 'templates'))).sort()) {
    const [, name = LAYOUT, language] = TEMPLATE_FILE.exec(file) ?? [];
    if (name !== LAYOUT) templates.set(name, [...(templates.get(name) ?? []), language as Language]);
  }
  const lessons = await readdir(join(folder, 'lessons'), { withFileTypes: true });
  const courses = lessons.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return { templates, courses: courses.sort() };
}
