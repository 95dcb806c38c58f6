import { contactPolicySchema } from '../../domain/contact-policy.js';
import { readYaml, type FileProblem } from '../../domain/definition-file.js';
import { isCalendar, nearCalendars } from '../../domain/holiday-calendars.js';
import { days } from '../../domain/types.js';
import { z } from 'zod';

const FILE = {
  schema: z.strictObject({ contact: contactPolicySchema }),
  what: 'a contact policy',
  beginsWith: 'contact:',
};

const GOOD = `contact:
  days: [mon, tue, wed, thu, fri]
  hours:
    from: 07:30
    to: "19:00"
  calendar: CN
  caps:
    - most: 2
      within: 7 days
    - most: 1
      within: 1 day
      channel: sms
  channels: [im, email]
`;

const read = (text: string): ReturnType<typeof readYaml<typeof FILE.schema>> => readYaml(FILE, text, 'p.yaml');
const problemsOf = (text: string): FileProblem[] => {
  const reading = read(text);
  return reading.ok ? [] : reading.problems;
};
const said = (text: string): string[] =>
  problemsOf(text).map(({ line, column, message }) => `${line}:${column} ${message}`);
/** The good policy with one piece of it written in another way. */
const instead = (good: string, other: string): string => {
  expect(GOOD.split(good)).toHaveLength(2);
  return GOOD.replace(good, other);
};

test('a policy is read as it is written, with its lengths of time in milliseconds', () => {
  expect(read(GOOD)).toEqual({
    ok: true,
    definition: {
      contact: {
        days: ['mon', 'tue', 'wed', 'thu', 'fri'],
        hours: { from: '07:30', to: '19:00' },
        calendar: 'CN',
        caps: [
          { most: 2, within: days(7) },
          { most: 1, within: days(1), channel: 'sms' },
        ],
        channels: ['im', 'email'],
      },
    },
  });
});

test('a policy needs only days and hours: it has no holidays and no caps, and writes by e-mail', () => {
  expect(contactPolicySchema.parse({ days: ['sun'], hours: { from: '00:00', to: '24:00' } })).toEqual({
    days: ['sun'],
    hours: { from: '00:00', to: '24:00' },
    channels: ['email'],
  });
});

test('JSON is read in the same way, and what is wrong in it has its line', () => {
  const json = '{"contact": {\n  "days": ["mon"],\n  "hours": {"from": "07:30", "to": "25:00"}}}';
  expect(said(json)).toEqual([
    '3:36 contact.hours.to: write a time as "HH:MM" from "00:01" to "24:00", for instance "20:00"',
  ]);
  expect(read(json.replace('25:00', '19:00')).ok).toBe(true);
});

const FROM_SENTENCE = 'write a time as "HH:MM" from "00:00" to "23:59", for instance "08:00"';

test.each([
  [
    'quiet all day',
    instead('07:30', '"19:00"'),
    '5:9 contact.hours.to: from 19:00 to 19:00 is quiet all day, nothing could ever be sent; write a later to, for instance from "08:00" to "20:00" ("00:00" to "24:00" is all day long)',
  ],
  [
    'over midnight',
    instead('07:30', '22:00'),
    '5:9 contact.hours.to: from 22:00 to 19:00 would run over midnight, which is not possible; write a from before the to, with "24:00" for the end of the day',
  ],
  ['an hour that no day has', instead('07:30', '24:00'), `4:11 contact.hours.from: ${FROM_SENTENCE}`],
  ['an hour without its zero', instead('07:30', '7:30'), `4:11 contact.hours.from: ${FROM_SENTENCE}`],
  ['an hour as a number', instead('07:30', '7'), `4:11 contact.hours.from: ${FROM_SENTENCE}`],
  [
    'no hours at all',
    instead('  hours:\n    from: 07:30\n    to: "19:00"\n', ''),
    '1:1 contact.hours is missing; add it',
  ],
  [
    'no day',
    instead('[mon, tue, wed, thu, fri]', '[]'),
    '2:3 contact.days: no day is left to write on; name at least one, for instance [mon, tue]',
  ],
  [
    'a day twice',
    instead('[mon, tue, wed, thu, fri]', '[mon, tue, mon]'),
    '2:20 contact.days.2: mon is there twice; leave one of them out',
  ],
  [
    'a day in another way',
    instead('[mon, tue, wed, thu, fri]', '[monday]'),
    '2:10 contact.days.0 is "monday", but must be mon or tue or wed or thu or fri or sat or sun',
  ],
  [
    'a country that writes its letters otherwise',
    instead('CN', 'UK'),
    '6:13 contact.calendar: no holidays are known for "UK"; write a country by the two letters of ISO 3166, such as CN or GB, or a part of one, such as GB-SCT; near it: UA, UG, US, UY, UZ',
  ],
  [
    'a cap of zero',
    instead('most: 2', 'most: 0'),
    '8:13 contact.caps.0.most: a cap of zero would never let a message out; write 1 or more, or leave the cap out',
  ],
  ['half a message', instead('most: 2', 'most: 1.5'), '8:13 contact.caps.0.most: a cap is a whole number of messages'],
  [
    'a cap that caps nothing',
    instead('most: 2', 'most: 1001'),
    '8:13 contact.caps.0.most: a cap is at most 1000 messages; to have none, leave it out',
  ],
  [
    'a stretch of no time',
    instead('7 days', '0 days'),
    '9:15 contact.caps.0.within: "0 days" is not a length of time; write for instance "10 days", "36 hours" or "2 weeks", up to 366 days',
  ],
  [
    'two caps of one channel and stretch',
    instead('within: 7 days', 'within: 24 hours\n      channel: sms'),
    '11:7 contact.caps.1: caps.0 has the same stretch for sms already; leave one of them out',
  ],
  [
    'a channel that is a task for a person',
    instead('[im, email]', '[visit]'),
    '13:14 contact.channels.0 is "visit", but must be email or sms or im',
  ],
  [
    'a channel twice',
    instead('[im, email]', '[im, im]'),
    '13:18 contact.channels.1: im is there twice; leave one of them out',
  ],
  [
    'no channel',
    instead('[im, email]', '[]'),
    '13:3 contact.channels: no channel is left to write by; name at least one of email, sms, im, or leave channels out',
  ],
  [
    'a misspelt key',
    instead('calendar:', 'calender:'),
    '6:3 "calender" is not known in contact; did you mean "calendar"?',
  ],
  [
    'a misspelt key of a cap',
    instead('channel: sms', 'chanel: sms'),
    '12:7 "chanel" is not known in contact.caps.1; did you mean "channel"?',
  ],
  [
    'a misspelt key of the hours',
    instead('    to:', '    till:'),
    '5:5 "till" is not known in contact.hours; known here: from, to',
  ],
])('%s is refused with its line and what to write', (_what, text, sentence) => {
  expect(said(text)).toContain(sentence);
});

test('more caps than anybody keeps in mind are refused, and as many as that are not', () => {
  const capped = (n: number): string =>
    `contact:\n  days: [mon]\n  hours: {from: "08:00", to: "09:00"}\n  caps:\n${Array.from({ length: n }, (_, i) => `    - {most: 1, within: ${i + 1} days}\n`).join('')}`;
  expect(said(capped(11))).toEqual(['4:3 contact.caps: at most 10 caps']);
  expect(said(capped(10))).toEqual([]);
});

test.each(['CN', 'GB', 'GB-SCT', 'US-CA', 'DE-BY', 'US-LA-NO', 'HK'])('%s is a calendar', (name) => {
  expect(isCalendar(name)).toBe(true);
});

test.each([
  ['gb-sct', ['GB-SCT']],
  ['cn', ['CN']],
  ['US CA', ['US-CA']],
  ['US-XX', ['US']],
  ['DE-BAYERN', ['DE-BB', 'DE-BE', 'DE-BW', 'DE-BY', 'DE']],
  ['CN-GD', ['CN']],
  ['Germany', ['DE']],
  ['GB-SCT-X', ['GB-SCT']],
  ['US-LA-NO-X', ['US-LA']],
  ['', []],
  ['toString', []],
  ['constructor-x', []],
])('"%s" is no calendar; near it are %j', (name, near) => {
  expect(isCalendar(name)).toBe(false);
  expect(nearCalendars(name)).toEqual(near);
});
