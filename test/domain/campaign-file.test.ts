import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCampaign } from '../../domain/campaign-file.js';
import { describeProblems } from '../../domain/definition-file.js';
import { days } from '../../domain/types.js';

const campaigns = join(__dirname, '..', '..', 'campaigns');
const whole = readFileSync(join(campaigns, 'keep-your-tier.yaml'), 'utf8');
const credit = readFileSync(join(campaigns, 'credit-care.yaml'), 'utf8');

/** The line (from 1) on which `part` first stands. */
const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

/** What is wrong with `text`, as `line message`. */
function wrongs(text: string): string[] {
  const reading = readCampaign(text, 'c.yaml');
  return reading.ok ? [] : reading.problems.map(({ line, message }) => `${line} ${message}`);
}

/** Replaces a part that must be there and tells on which line the new one begins. */
function edited(text: string, part: string, by: string): { text: string; line: number } {
  if (!text.includes(part)) throw new Error(`the campaign has no "${part}"`);
  return { text: text.replace(part, () => by), line: lineOf(text, part) };
}

test.each(['keep-your-tier', 'credit-care'])('%s as shipped is valid', (name) => {
  const reading = readCampaign(readFileSync(join(campaigns, `${name}.yaml`), 'utf8'), name);
  expect(reading).toMatchObject({ ok: true, definition: { campaign: name } });
});

test('lengths of time become milliseconds', () => {
  const reading = readCampaign(whole, 'c.yaml');
  expect(reading.ok && reading.definition.survey.reminders).toEqual([days(5), days(10)]);
});

test('credit care goes before keeping the tier', () => {
  const [tier, care] = [readCampaign(whole, 'a'), readCampaign(credit, 'b')];
  expect(tier.ok && care.ok && care.definition.priority > tier.definition.priority).toBe(true);
});

describe('an error points to its line and says what to write', () => {
  test.each([
    ['unknown key', 'playbook: tier', 'playbok: tier', 'did you mean "playbook"'],
    [
      'unknown key inside a group',
      '  minimumScore: 30',
      '  minimumSkore: 30',
      'in audience; did you mean "minimumScore"',
    ],
    ['misspelt duration', '  after: 5 days', '  after: 5 dayz', '"5 dayz" is not a length of time'],
    ['duration too long', '  within: 45 days', '  within: 400 days', '"400 days" is not a length of time'],
    [
      'a reward for what there is none for',
      '  for: balance',
      '  for: loyalty',
      'reward.for is "loyalty", but must be deposit or balance or tier or transactions or education or survey',
    ],
    ['negative points', '  points: 500', '  points: -1', "reward.points: points can't be negative"],
    ['a text for a number', 'priority: 50', 'priority: high', 'priority: priority is a whole number'],
    ['a number for a text', '  ruleSet: cn-2020', '  ruleSet: 2020', 'complaint.ruleSet is 2020, but a text is wanted'],
    [
      'a trigger that is none',
      '    - dormant',
      '    - sleepy',
      'audience.triggers.6 is "sleepy", but must be tier-at-risk or',
    ],
    [
      'tiers that are none',
      '  tiers: all-but-lowest',
      '  tiers: gold',
      'audience.tiers is "gold", but must be all or all-but-lowest',
    ],
    [
      'a group left empty',
      'outreach:\n  template: manager-introduction\n  class: service',
      'outreach:',
      'outreach is left empty, but a group of keys is wanted',
    ],
    [
      'missing translation',
      '  en: Keep your tier\n  zh-CN: 保级关怀',
      '  en: Keep your tier',
      'name.zh-CN is missing; add it',
    ],
    ['an empty translation', '  zh-CN: 保级关怀', '  zh-CN: ""', 'name.zh-CN is empty; write something'],
  ])('%s', (_, part, by, message) => {
    const { text, line } = edited(whole, part, by);
    const place = message.startsWith('name.zh-CN is missing') ? lineOf(whole, 'name:') : line;
    expect(wrongs(text).filter((wrong) => wrong.startsWith(`${place} `))).toEqual([expect.stringContaining(message)]);
  });

  test('a reminder after the survey has expired', () => {
    const { text } = edited(whole, '  expires: 21 days', '  expires: 9 days');
    expect(wrongs(text)).toEqual([
      expect.stringContaining(`${lineOf(whole, '  reminders:')} survey.reminders: a reminder after the survey`),
    ]);
  });

  test('a reward that does not say what it is for', () => {
    const { text } = edited(whole, '  for: balance\n', '');
    expect(wrongs(text)).toEqual([expect.stringMatching(new RegExp(`^${lineOf(whole, 'reward:')} reward\\.for`))]);
  });

  test('a reward under a false name: it is posted for a balance, and says so', () => {
    const { text, line } = edited(whole, '  for: balance', '  for: survey');
    expect(wrongs(text)).toEqual([
      `${line} reward.for: the reward is posted when a balance was held, and not for a survey answered; write deposit or balance`,
    ]);
  });

  test('an offer in credit care', () => {
    const offer = 'offer:\n  after: 5 days\n  template: suitable-offer\n  class: promotional\n\n';
    const text = credit.replace('survey:\n', `${offer}survey:\n`);
    expect(wrongs(text)).toEqual([
      expect.stringContaining(`${lineOf(text, '\noffer:') + 1} offer: customers in credit care get no promotions`),
    ]);
  });

  test('an unclosed quote, a tab, a key that is there twice', () => {
    const tab = edited(whole, '  template: manager-introduction', '\ttemplate: manager-introduction');
    expect(wrongs(tab.text)).toContainEqual(expect.stringContaining(`${tab.line} this line is indented with a tab`));
    const twice = edited(whole, 'priority: 50', 'priority: 50\npriority: 60');
    expect(wrongs(twice.text)).toEqual([`${twice.line + 1} this key is there twice; leave one of them out`]);
    expect(wrongs('campaign: "never closed\n')).toEqual([expect.stringContaining('this is not YAML')]);
  });
});

test('all problems are told at once, in the order of the lines', () => {
  const text = edited(edited(whole, '  points: 500', '  points: -1').text, '  after: 5 days', '  after: soon').text;
  const lines = wrongs(text).map((wrong) => Number(wrong.split(' ')[0]));
  expect(lines).toEqual([lineOf(text, '  after: soon'), lineOf(text, '  points: -1')]);
  const reading = readCampaign(text, 'c.yaml');
  expect(reading.ok ? '' : describeProblems(reading.problems)).toMatch(
    /^c\.yaml:\d+:\d+ offer\.after: .*\nc\.yaml:\d+:\d+ reward\.points: /,
  );
});

test.each(['', 'hello', '- a list', '[]', 'a: &x [*x]'])(
  'what is no campaign at all is refused in words: %j',
  (text) => {
    const reading = readCampaign(text, 'c.yaml');
    expect(reading.ok).toBe(false);
    expect(reading.ok ? [] : reading.problems.map(({ message }) => message).join()).toMatch(
      /not a campaign|not known|not YAML|can't be read/,
    );
  },
);
