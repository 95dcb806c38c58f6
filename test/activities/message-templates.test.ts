import { mkdtempSync, cpSync, readdirSync, readFileSync, writeFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCampaign } from '../../domain/campaign-file.js';
import {
  checkTemplates,
  createMessageTemplates,
  LANGUAGES,
  renderMessage,
  SAMPLE,
  SHORT_MAX_CHARS,
  shortTextExists,
  templateExists,
  type MessageData,
} from '../../activities/message-templates.js';

const NAMES = [
  'manager-introduction',
  'suitable-offer',
  'survey-invitation',
  'survey-reminder',
  'complaint-acknowledgement',
  'complaint-escalated',
  'complaint-resolved',
  'reward-granted',
  'credit-care-introduction',
];
const HOSTILE = '<b>x</b>"\'& {{ bank.name }}\r\nBcc: everybody@example.org';
const full: MessageData = {
  customer: { name: HOSTILE },
  bank: { name: 'Berka Bank' },
  manager: { name: 'Jana Nová', email: 'jana@bank.example' },
  links: {
    survey: 'https://b.example/survey/t',
    complaint: 'https://b.example/complaint/t',
    preferences: 'https://b.example/preferences/t',
    unsubscribe: 'https://b.example/unsubscribe/t',
  },
  reasons: ['tier-at-risk', 'large-outflow'],
  points: 12_000n,
  complaint: {
    ref: 'K-1994-0000001',
    dueOn: '9 May 1994',
    escalatedTo: 'Ombudsman',
    resolution: '<script>alert(1)</script>\nTwo lines.',
  },
  survey: { expiresOn: '9 May 1994' },
};
const cases = NAMES.flatMap((template) => LANGUAGES.map((language) => ({ template, language })));

test('the installation’s templates have no fault', () => expect(checkTemplates()).toEqual([]));

test.each(cases)('$template in $language is filled in and escaped', ({ template, language }) => {
  expect(templateExists(template)).toBe(true);
  const { subject, html, text } = renderMessage({ template, language, data: full });
  for (const part of [html, text]) expect(part).not.toMatch(/\{%|\{\{ (?!bank\.name \}\})|undefined|\[object|NaN/);
  expect(subject).not.toMatch(/[\r\n]/);
  expect(subject.length).toBeGreaterThan(5);
  expect(html).toContain(`lang="${language}"`);
  expect(html).toContain('&lt;b&gt;x&lt;/b&gt;&#34;&#39;&amp;');
  expect(html).not.toMatch(/<b>x|<script/);
  expect(text).toContain('<b>x</b>');
});

test('only the offer needs the unsubscribe link, and the complaint letters sell nothing', () => {
  const { unsubscribe: _, ...links } = full.links ?? {};
  const data = { ...full, links };
  expect(() => renderMessage({ template: 'suitable-offer', language: 'en', data })).toThrow(
    /suitable-offer\.en\.liquid can't be filled in.*unsubscribe/,
  );
  for (const template of NAMES.filter((name) => name.startsWith('complaint')))
    expect(renderMessage({ template, language: 'en', data }).html).not.toMatch(/offer|points|unsubscribe/i);
});

test('the survey’s buttons open the page with the score chosen', () => {
  const { html } = renderMessage({ template: 'survey-invitation', language: 'zh-CN', data: full });
  for (let score = 0; score <= 10; score += 1)
    expect(html).toContain(`href="https://b.example/survey/t?score=${score}"`);
  expect(html).toContain('9 May 1994');
});

test('points are written as the language writes them', () => {
  expect(renderMessage({ template: 'reward-granted', language: 'en', data: full }).subject).toContain('12,000');
  expect(renderMessage({ template: 'complaint-acknowledgement', language: 'en', data: full }).text).toContain(
    '9 May 1994',
  );
});

test('what is missing is named: a template, the words of a reason, a value', () => {
  const say = (template: string, data: MessageData) => () => renderMessage({ template, language: 'en', data });
  expect(templateExists('no-such')).toBe(false);
  expect(templateExists('layout')).toBe(false);
  expect(say('no-such', full)).toThrow('there is no template "no-such" in en; add no-such.en.liquid');
  expect(say('manager-introduction', { ...full, reasons: ['moon'] })).toThrow('reasons.yaml has no words for "moon"');
  const { manager: _, ...withoutManager } = full;
  expect(say('manager-introduction', withoutManager)).toThrow(
    /manager-introduction\.en\.liquid can't be filled in.*manager/,
  );
});

test('a folder with a faulty template says which, and the others go on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keepwell-templates-'));
  cpSync(join(__dirname, '..', '..', 'campaigns', 'templates'), folder, { recursive: true });
  const put = (name: string, body: string) => writeFileSync(join(folder, `${name}.liquid`), body);
  put('endless.en', 'subject: x\n--- html ---\n{% for i in (1..99999999) %}{{ i }}{% endfor %}\n--- text ---\nx');
  put('open.en', 'subject: x\n--- html ---\n{% if language %}\n--- text ---\nx');
  put('open.zh-CN', 'subject: x\nno parts');
  put('secret.en', "subject: x\n--- html ---\n{% include '/etc/passwd' %}\n--- text ---\nx");
  const templates = createMessageTemplates(folder);
  const found = templates.check().join('\n');
  rmSync(folder, { recursive: true });
  expect(found).toMatch(/endless\.en\.liquid can't be filled in: .*limit/);
  expect(found).toContain('there is no template "endless" in zh-CN');
  expect(found).toMatch(/open\.en\.liquid can't be read/);
  expect(found).toContain('open.zh-CN.liquid must be a "subject:" line');
  expect(found).toMatch(/secret\.en\.liquid can't be filled in/);
  expect(templates.render({ template: 'reward-granted', language: 'en', data: full }).subject).toContain('points');
});

describe('short texts', () => {
  const folder = join(__dirname, '..', '..', 'campaigns');
  const campaigns = readdirSync(folder).filter((file) => file.endsWith('.yaml'));

  test.each(campaigns)('are there in both languages for every message that %s sends', (file) => {
    const read = readCampaign(readFileSync(join(folder, file), 'utf8'), file);
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    const { steps, survey, reward, education } = read.definition;
    const named = steps.flatMap((step) => ('template' in step ? [step.template] : []));
    const own = [survey.template, 'survey-reminder', ...(reward ? ['reward-granted'] : []), education?.template ?? []];
    for (const template of [...named, ...own.flat()])
      expect([template, shortTextExists(template)]).toEqual([template, true]);
  });

  test.each(LANGUAGES)('are one line that begins with the bank and fits a phone: %s', (language) => {
    const templates = readdirSync(join(folder, 'templates'))
      .flatMap((file) => /^(.+)\.short\.en\.liquid$/.exec(file)?.[1] ?? [])
      .filter((template) => template !== undefined);
    expect(templates.length).toBeGreaterThan(8);
    for (const template of templates) {
      const { digest: _, ...data } = SAMPLE;
      const short = renderMessage({ template, language, data }).short?.() ?? '';
      expect(short).toMatch(/^(【Sample Bank】|Sample Bank: )/);
      expect(short.length).toBeLessThanOrEqual(SHORT_MAX_CHARS);
      expect(short).not.toMatch(/\n|\{\{|undefined/);
    }
  });

  test('of the offer say how to get no more of them', () => {
    const data = { ...full, links: { ...full.links }, product: SAMPLE.product };
    const say = (language: 'en' | 'zh-CN') => renderMessage({ template: 'suitable-offer', language, data }).short?.();
    expect(say('en')).toContain('reply STOP');
    expect(say('zh-CN')).toContain('拒收请回复TD');
  });

  test('at fault stop nobody’s mail, and the folder says what is wrong', () => {
    const copy = mkdtempSync(join(tmpdir(), 'keepwell-templates-'));
    cpSync(join(folder, 'templates'), copy, { recursive: true });
    const put = (name: string, body: string) => writeFileSync(join(copy, `${name}.liquid`), body);
    put('reward-granted.short.en', '{{ nothing.there }}');
    put('survey-reminder.short.en', '{% if %}');
    put('survey-invitation.short.en', 'x'.repeat(SHORT_MAX_CHARS + 1));
    put('course-invitation.short.en', ' ');
    put('no-such.short.en', 'x');
    put('event-waiting.short.en', 'x');
    const templates = createMessageTemplates(copy);
    const found = templates.check().join('\n');
    rmSync(copy, { recursive: true });
    expect(found).toMatch(/reward-granted\.short\.en\.liquid can't be filled in/);
    expect(found).toMatch(/survey-reminder\.short\.en\.liquid can't be filled in/);
    expect(found).toMatch(/survey-invitation\.short\.en\.liquid has \d+ characters .* shorten it/);
    expect(found).toContain('course-invitation.short.en.liquid is empty');
    expect(found).toContain('no-such.short.en.liquid is short for a message that is not there');
    expect(found).toContain('event-waiting.short.en.liquid is there in one language only');
    const reward = templates.render({ template: 'reward-granted', language: 'en', data: full });
    expect(reward.subject).toContain('points');
    expect(reward.short).toThrow("reward-granted.short.en.liquid can't be filled in");
    expect(templates.hasShort('event-waiting')).toBe(false);
  });
});
