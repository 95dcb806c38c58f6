import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runKeepwell, type Ended } from '../setup/cli.js';

const CAMPAIGN = join(__dirname, '..', '..', 'campaigns', 'keep-your-tier.yaml');
/** Nobody listens there: the command must ask for nothing. */
const NO_DATABASE = 'postgres://nobody@127.0.0.1:1/nothing';
const POLICY = `contact:
  days: [mon, tue, wed, thu, fri]
  hours: { from: 07:30, to: "08:30" }
  calendar: CN
`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keepwell-contact-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const keepwell = (...args: string[]): Promise<Ended> =>
  runKeepwell({ url: NO_DATABASE, home: join(folder, 'home') }, ['contact', 'when', ...args]);

async function file(text: string, name = 'policy.yaml'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

interface Question {
  policy?: string;
  zone?: string;
  at?: string;
  class?: string;
}
/** Asked of the policy above in Shanghai on Friday noon, where nothing else is said. */
async function ask(question: Question, ...more: string[]): Promise<Ended> {
  const options = {
    policy: question.policy ?? (await file(POLICY)),
    zone: question.zone ?? 'Asia/Shanghai',
    at: question.at ?? '2026-11-27T12:00:00+08:00',
    class: question.class ?? 'promotional',
  };
  return keepwell(...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]), ...more);
}

test.each([
  ['promotional', { decision: 'hold', until: '2026-11-29T23:30:00Z', reasons: ['quiet-hours'] }],
  ['service', { decision: 'hold', until: '2026-11-29T23:30:00Z', reasons: ['quiet-hours'] }],
  ['statutory', { decision: 'send', until: null, reasons: [] }],
])(
  'on Friday noon a %s message that may go at 07:30 is answered for programs, with nothing running',
  async (kind, answer) => {
    const { code, out, err } = await ask({ class: kind }, '--json');
    expect([code, err, JSON.parse(out)]).toEqual([0, '', answer]);
  },
);

test.each([
  [
    'a hold',
    { at: '2026-10-03T09:00:00+08:00' },
    /^Hold until Thu 2026-10-08 07:30 in Asia\/Shanghai \(2026-10-07T23:30:00Z\)\. At Sat 2026-10-03 09:00 in Asia\/Shanghai: .+; .+; .+\.\n$/,
  ],
  [
    'the make-up Sunday',
    { at: '2026-09-19T23:30:00Z' },
    /^Send: Sun 2026-09-20 07:30 in Asia\/Shanghai is within the days and hours of the policy\.\n$/,
  ],
  ['a letter that the law demands', { class: 'statutory' }, /^Send: a statutory message waits for no hours\.\n$/],
])('people are told %s in a sentence, in the time of the zone', async (_what, question, words) => {
  expect(await ask(question)).toEqual({ code: 0, err: '', out: expect.stringMatching(words) as string });
});

test('the policy may be JSON, or the contact part of a campaign whose other parts are not looked at', async () => {
  const json = await file('{"contact": {"days": ["mon"], "hours": {"from": "07:30", "to": "19:00"}}}', 'policy.json');
  const inJson = await ask({ policy: json }, '--json');
  expect(JSON.parse(inJson.out)).toMatchObject({ until: '2026-11-29T23:30:00Z' });
  const campaign = await file(`campaign: x\npriority: -1\nnonsense: [1]\n${POLICY}`, 'campaign.yaml');
  expect(JSON.parse((await ask({ policy: campaign }, '--json')).out)).toMatchObject({ decision: 'hold' });
});

test('a campaign without a contact policy is told so, and so is a file of something else', async () => {
  const shipped = (await readFile(CAMPAIGN, 'utf8')).replace(/^contact:\n(?:[ #].*\n|\n)*/m, '');
  const campaign = await ask({ policy: await file(shipped, 'campaign.yaml') });
  expect(campaign).toMatchObject({
    code: 1,
    out: expect.stringMatching(
      /campaign\.yaml:1:1 this campaign has no contact policy, .* add one under "contact:"\n$/,
    ) as string,
  });
  const other = await ask({ policy: await file('days: [mon]\n') }, '--json');
  expect(other.code).toBe(1);
  expect(JSON.parse(other.out)).toMatchObject({
    ok: false,
    problems: [{ line: 1, message: 'there is no contact policy; write one under "contact:", with days and hours' }],
  });
  expect((await ask({ policy: await file('- mon\n') })).out).toMatch(
    /policy\.yaml:1:1 this is not a contact policy; begin with a line like "contact:"\n$/,
  );
});

test('what is wrong in the file is told with its lines, also where the message would pass', async () => {
  const quiet = await file(POLICY.replace('07:30', '08:30').replace('CN', 'UK'));
  for (const kind of ['promotional', 'statutory']) {
    const { code, out } = await ask({ policy: quiet, class: kind });
    expect(code).toBe(1);
    expect(out).toMatch(
      /policy\.yaml:3:29 contact\.hours\.to: from 08:30 to 08:30 is quiet all day, nothing could ever be sent; write a later to/,
    );
    expect(out).toMatch(
      /policy\.yaml:4:13 contact\.calendar: no holidays are known for "UK"; write a country by the two letters/,
    );
  }
});

test.each([
  [
    'a zone without its region',
    { zone: 'Shanghai' },
    /--zone wants a name of the IANA .* not "Shanghai"; did you mean Asia\/Shanghai\?/,
  ],
  ['an offset for a zone', { zone: '+08:00' }, /--zone wants a name of the IANA .* not "\+08:00"\./],
  ['a zone that is nowhere', { zone: 'Middle/Nowhere' }, /--zone wants a name of the IANA .* not "Middle\/Nowhere"\./],
  [
    'an instant without its zone',
    { at: '2026-11-27T12:00:00' },
    /--at wants a time with its offset .* not "2026-11-27T12:00:00"/,
  ],
  ['a day for an instant', { at: '2026-11-27' }, /--at wants a time with its offset .* not "2026-11-27"/],
  [
    'a day that does not exist',
    { at: '2026-02-30T12:00:00Z' },
    /--at wants a time with its offset .* not "2026-02-30T12:00:00Z"/,
  ],
  [
    'a class that does not exist',
    { class: 'urgent' },
    /argument 'urgent' is invalid\. Allowed choices are promotional, service, statutory/,
  ],
])('%s is wrong usage, and what to write is said', async (_what, question, words) => {
  const { code, out, err } = await ask(question);
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(words);
});

test('an option left out is named', async () => {
  const { code, err } = await keepwell('--zone', 'Asia/Shanghai', '--at', '2026-11-27T12:00:00Z', '--class', 'service');
  expect(code).toBe(2);
  expect(err).toContain("required option '--policy <file>' not specified");
});

test('a file that is not there is named', async () => {
  const { code, err } = await ask({ policy: join(folder, 'none.yaml') });
  expect(code).toBe(1);
  expect(err).toMatch(
    /none\.yaml" can't be read \(there is no such file\); name the YAML or JSON file of a contact policy\./,
  );
});

test('a hold that would end in a year whose holidays are not published is refused in a sentence, not guessed', async () => {
  const { code, out, err } = await ask({ at: '2026-12-31T20:00:00+08:00' }, '--json');
  const words =
    'the calendar CN is known from 2004-01-01 to 2026-12-31, and 2027-01-01 is to be judged; update the package chinese-days, or take the calendar out of the contact policy';
  expect([code, err, JSON.parse(out)]).toEqual([1, `keepwell: ${words}\n`, { error: words }]);
});

test.each(['America/Los_Angeles', 'Pacific/Apia', 'UTC'])(
  'the answer is the same on a machine in %s: holidays are days of the country, not of the machine',
  async (machine) => {
    const before = process.env['TZ'];
    process.env['TZ'] = machine;
    try {
      const policy = await file(POLICY.replace('CN', 'GB'));
      const { out } = await ask({ policy, zone: 'Europe/London', at: '2026-12-24T12:00:00Z' }, '--json');
      expect(JSON.parse(out)).toMatchObject({ until: '2026-12-29T07:30:00Z' });
    } finally {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    }
  },
);

test('the help says what is judged only when a message is sent', async () => {
  const { code, out } = await keepwell('--help');
  expect(code).toBe(0);
  expect(out).toMatch(/Caps, consent, complaints .*\n?.* judged at the moment of sending/);
});
