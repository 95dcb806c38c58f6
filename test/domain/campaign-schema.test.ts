import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { campaignJsonSchema } from '../../domain/campaign-schema.js';
import { cloneCampaign } from '../../domain/campaign-clone.js';
import { readCampaign } from '../../domain/campaign-file.js';

const campaigns = join(__dirname, '..', '..', 'campaigns');
const published = JSON.parse(
  readFileSync(join(campaigns, 'campaign.schema.json'), 'utf8'),
) as z.core.JSONSchema.JSONSchema;
const shipped = readdirSync(campaigns).filter((file) => file.endsWith('.yaml'));
const text = (file: string): string => readFileSync(join(campaigns, file), 'utf8');

test('the schema that editors read is the one that the code makes', () => {
  // `keepwell campaign schema --out campaigns/campaign.schema.json` brings it up to date
  expect(published).toEqual(JSON.parse(JSON.stringify(campaignJsonSchema())));
});

/** Every key of the schema with what it says. */
function keys(schema: unknown, path = ''): [string, unknown][] {
  const { properties = {} } = schema as { properties?: Record<string, { description?: string }> };
  return Object.entries(properties).flatMap(([key, inner]): [string, unknown][] => [
    [`${path}${key}`, inner.description],
    ...keys(inner, `${path}${key}.`),
  ]);
}

test('every key but the languages and the contact hours says what it means', () => {
  const silent = keys(published)
    .filter(([key, words]) => !words && !key.startsWith('name.') && !key.startsWith('contact.'))
    .map(([key]) => key);
  expect(silent).toEqual([]);
});

describe.each(shipped)('%s', (file) => {
  test('names the schema on its first line, and fits it', () => {
    expect(text(file)).toMatch(/^# yaml-language-server: \$schema=campaign\.schema\.json\n/);
    const fits = z.fromJSONSchema(published).safeParse(parse(text(file)));
    expect(fits.error?.issues ?? []).toEqual([]);
  });

  test('does not fit with a key that is not known, a wait that is none, or a step of no kind', () => {
    const schema = z.fromJSONSchema(published);
    for (const [part, by] of [
      ['playbook:', 'playbok:'],
      ['expires: 21 days', 'expires: soon'],
      ['kind: message', 'kind: gift'],
    ] as const) {
      expect(text(file)).toContain(part);
      expect(schema.safeParse(parse(text(file).replace(part, by))).success).toBe(false);
    }
  });

  test('is cloned with its comments: only the names differ', () => {
    const cloned = cloneCampaign(text(file), 'another-one');
    if (!cloned.ok) throw new Error(cloned.why);
    const before = text(file).split('\n');
    const changed = cloned.text.split('\n').flatMap((line, i) => (line === before[i] ? [] : [line]));
    expect(changed).toEqual([
      'campaign: another-one',
      expect.stringMatching(/^ {2}en: .* \(another-one\)$/),
      expect.stringMatching(/^ {2}zh-CN: .* \(another-one\)$/),
    ]);
    expect(readCampaign(cloned.text, file)).toMatchObject({ ok: true, definition: { campaign: 'another-one' } });
  });
});

test('a clone needs a name that a campaign can have', () => {
  expect(cloneCampaign(text('keep-your-tier.yaml'), 'Keep It')).toEqual({
    ok: false,
    why: '"Keep It" is no name: a campaign is named in lower case with dashes, 2 to 40 characters.',
  });
});
