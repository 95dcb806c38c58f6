import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCampaign } from '../../domain/campaign-file.js';
import { describeProblems } from '../../domain/definition-file.js';
import { days, type Language } from '../../domain/types.js';

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
      'in detection; did you mean "minimumScore"',
    ],
    ['misspelt duration', '    wait: 5 days', '    wait: 5 dayz', '"5 dayz" is not a length of time'],
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
      'detection.triggers.6 is "sleepy", but must be tier-at-risk or',
    ],
    [
      'tiers that are none',
      '  tiers: all-but-lowest',
      '  tiers: gold',
      'audience.tiers is "gold", but must be all or all-but-lowest or a list',
    ],
    [
      'a group left empty',
      'name:\n  en: Keep your tier\n  zh-CN: 保级关怀',
      'name:',
      'name is left empty, but a group of keys is wanted',
    ],
    [
      'a list with something else in it',
      '  tiers: all-but-lowest',
      '  tiers: [affluent, 5]',
      'audience.tiers.1 is 5, but a text is wanted',
    ],
    [
      'a list of no tier',
      '  tiers: all-but-lowest',
      '  tiers: []',
      'audience.tiers: name at least one tier, or write all',
    ],
    [
      'a step of no kind there is',
      '    kind: offer',
      '    kind: gift',
      'steps.1.kind is "gift", but must be message or offer or call or visit',
    ],
    [
      'a key of another kind of step',
      '    template: suitable-offer\n',
      '    template: suitable-offer\n    waitFor: 3 days\n',
      '"waitFor" is not known in steps.1; known here: step, follows, wait, kind, template, class',
    ],
    [
      'a misspelt key of a step',
      '    wait: 5 days',
      '    wayt: 5 days',
      '"wayt" is not known in steps.1; did you mean "wait"?',
    ],
    [
      'an offer that is no promotion',
      '    class: promotional',
      '    class: service',
      'steps.1.class is "service", but must be promotional',
    ],
    [
      'two steps of one name',
      '  - step: offer',
      '  - step: outreach',
      'steps.1.step: there are two steps called "outreach"; give each a name of its own',
    ],
    [
      'a step that follows none',
      '    follows: outreach',
      '    follows: greeting',
      '"greeting" is no step; steps here are outreach, offer',
    ],
    [
      'a step that waits for itself',
      '    follows: outreach',
      '    follows: offer',
      'steps.1.follows: "offer" waits for itself (offer follows offer); let one of them follow nothing',
    ],
    [
      'a step after the survey',
      '    wait: 5 days',
      '    wait: 12 days',
      'steps.1.wait: the steps come before the survey; let it come earlier, or the survey later',
    ],
    [
      'a name that is taken',
      '  - step: offer',
      '  - step: survey',
      'steps.1.step: this name is taken by a part of every journey; choose another',
    ],
    [
      'quiet all day',
      "    to: '21:00'",
      "    to: '08:00'",
      'contact.hours.to: from 08:00 to 08:00 is quiet all day, nothing could ever be sent; write a later to',
    ],
    [
      'hours over midnight',
      "    to: '21:00'",
      "    to: '07:00'",
      'contact.hours.to: from 08:00 to 07:00 would run over midnight',
    ],
    [
      'no day to write on',
      '  days: [mon, tue, wed, thu, fri, sat, sun]',
      '  days: []',
      'contact.days: no day is left to write on; name at least one',
    ],
    [
      'holidays of nowhere',
      '  days: [mon, tue, wed, thu, fri, sat, sun]\n',
      '  days: [mon, tue, wed, thu, fri, sat, sun]\n  calendar: XX\n',
      'contact.calendar: no holidays are known for "XX"',
    ],
    [
      'a cap of zero',
      '    - most: 3',
      '    - most: 0',
      'contact.caps.0.most: a cap of zero would never let a message out; write 1 or more, or leave the cap out',
    ],
    [
      'a holdout of nobody',
      'detection:\n',
      'holdout:\n  percent: 0\n\ndetection:\n',
      'holdout.percent: a holdout of nobody is none: leave the holdout out',
    ],
    [
      'a holdout of most',
      'detection:\n',
      'holdout:\n  percent: 60\n\ndetection:\n',
      'holdout.percent: percent is at most 50',
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
    const found = wrongs(text).filter((wrong) => wrong.includes(message));
    const place = message.startsWith('name.zh-CN is missing') ? lineOf(whole, 'name:') : line;
    expect(found).toHaveLength(1);
    // the new part may begin a line or two above what is wrong in it
    const [at] = (found[0] ?? '').split(' ').map(Number);
    expect(at).toBeGreaterThanOrEqual(place);
    expect(at).toBeLessThanOrEqual(place + by.split('\n').length);
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

  test.each([
    ['an offer', '    kind: offer\n    class: promotional', 'steps.1.kind: customers in credit care get no promotions'],
    [
      'a promotion',
      '    kind: message\n    class: promotional',
      'steps.1.kind: customers in credit care get no promotions',
    ],
  ])('%s in credit care', (_, kind, message) => {
    const step = `  - step: offer\n    wait: 5 days\n    template: suitable-offer\n${kind}\n\n`;
    const text = credit.replace('survey:\n', `${step}survey:\n`);
    expect(wrongs(text)).toEqual([expect.stringContaining(`${lineOf(text, '    wait: 5 days') + 2} ${message}`)]);
  });

  test('a holdout in credit care: help is not withheld', () => {
    const text = credit.replace('detection:\n', 'holdout:\n  percent: 10\n\ndetection:\n');
    expect(wrongs(text)).toEqual([
      expect.stringContaining(
        `${lineOf(text, 'holdout:')} holdout: help is not withheld from customers in credit care`,
      ),
    ]);
  });

  test('steps that wait for each other in a circle', () => {
    const { text } = edited(whole, '  - step: outreach\n', '  - step: outreach\n    follows: offer\n');
    expect(wrongs(text)).toEqual([
      expect.stringContaining(
        `${lineOf(text, '    follows: offer')} steps.0.follows: "outreach" waits for itself (outreach follows offer follows outreach)`,
      ),
      expect.stringContaining('steps.1.follows: "offer" waits for itself'),
    ]);
  });

  test('an audience that nobody can belong to: what is found there leads to credit care', () => {
    const { text } = edited(credit, 'playbook: credit', 'playbook: tier');
    expect(wrongs(text)).toEqual([
      expect.stringContaining(
        `${lineOf(text, '  triggers:')} detection.triggers: nobody could ever be admitted: negative-balance and card-overused lead to credit care`,
      ),
    ]);
  });

  test('an unclosed quote, a tab, a key that is there twice', () => {
    const tab = edited(whole, '    template: manager-introduction', '\ttemplate: manager-introduction');
    expect(wrongs(tab.text)).toContainEqual(expect.stringContaining(`${tab.line} this line is indented with a tab`));
    const twice = edited(whole, 'priority: 50', 'priority: 50\npriority: 60');
    expect(wrongs(twice.text)).toEqual([`${twice.line + 1} this key is there twice; leave one of them out`]);
    expect(wrongs('campaign: "never closed\n')).toEqual([expect.stringContaining('this is not YAML')]);
  });
});

test('all problems are told at once, in the order of the lines', () => {
  const text = edited(edited(whole, '  points: 500', '  points: -1').text, '    wait: 5 days', '    wait: soon').text;
  const lines = wrongs(text).map((wrong) => Number(wrong.split(' ')[0]));
  expect(lines).toEqual([lineOf(text, '    wait: soon'), lineOf(text, '  points: -1')]);
  const reading = readCampaign(text, 'c.yaml');
  expect(reading.ok ? '' : describeProblems(reading.problems)).toMatch(
    /^c\.yaml:\d+:\d+ steps\.1\.wait: .*\nc\.yaml:\d+:\d+ reward\.points: /,
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

describe('what lies beside the campaigns must be there', () => {
  const content = {
    templates: new Map<string, Language[]>([
      ['manager-introduction', ['en', 'zh-CN']],
      ['suitable-offer', ['en']],
      ['survey-invitation', ['en', 'zh-CN']],
    ]),
    courses: ['how-tiers-work'],
  };
  const beside = (text: string): string[] => {
    const reading = readCampaign(text, 'c.yaml', content);
    return reading.ok ? [] : reading.problems.map(({ line, message }) => `${line} ${message}`);
  };

  test('a template that is there in one language', () => {
    expect(beside(whole)).toEqual([
      `${lineOf(whole, '    template: suitable-offer')} steps.1.template: template "suitable-offer" is not there in zh-CN; add suitable-offer.zh-CN.liquid to campaigns/templates`,
    ]);
  });

  test('a template and a course that are not there', () => {
    const course =
      'education:\n  course: how-to-sell\n  template: survey-invitation\n  after: 2 days\n  waitFor: 7 days\n';
    const text = whole
      .replace('template: suitable-offer', 'template: best-offer')
      .replace('survey:\n', `${course}\nsurvey:\n`);
    expect(beside(text)).toEqual([
      `${lineOf(text, '    template: best-offer')} steps.1.template: there is no template "best-offer"; add it to campaigns/templates in en and zh-CN, or write one of manager-introduction, suitable-offer, survey-invitation`,
      `${lineOf(text, '  course: how-to-sell')} education.course: there is no course "how-to-sell"; add it to campaigns/lessons, or write one of how-tiers-work`,
    ]);
  });
});
