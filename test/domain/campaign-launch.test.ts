import { launchVerdict, samePerson, versionState, type LaunchCandidate } from '../../domain/campaign-launch.js';
import { instant, type CampaignRef } from '../../domain/types.js';

const REF = 'keep-your-tier' as CampaignRef;

function version(number: number, more: Partial<LaunchCandidate> = {}): LaunchCandidate {
  const digest = String(number).repeat(64);
  const published = { publishedBy: 'Anna Li', publishedAt: instant(number) };
  return { version: number, digest, ...published, launchedBy: null, launchedAt: null, ...more };
}
const launched = { launchedBy: 'Bela', launchedAt: instant(9) };
const why = (verdict: ReturnType<typeof launchVerdict>): string => (verdict.kind === 'refused' ? verdict.why : '');

test.each([
  ['Anna Li', 'anna li', true],
  ['Anna Li', ' ANNALI ', true],
  ['Ａｎｎａ　Ｌｉ', 'Anna Li', true],
  ['李 娜', '李娜', true],
  ['Anna Li', 'Anna Liu', false],
])('%j and %j are one person: %s', (one, other, same) => {
  expect(samePerson(one, other)).toBe(same);
});

test('a version is proposed, in force, or superseded', () => {
  expect([1, 2, 3].map((number) => versionState(number, 2))).toEqual(['superseded', 'in force', 'proposed']);
  expect(versionState(1, null)).toBe('proposed');
});

test('a second person launches what they have read, by its number or its digest', () => {
  const candidates = [version(1, launched), version(2)];
  expect(launchVerdict(REF, candidates, { version: 2 }, 'Bela')).toMatchObject({
    kind: 'launch',
    candidate: { version: 2 },
  });
  expect(launchVerdict(REF, candidates, { digest: '22222222' }, 'Bela')).toMatchObject({ kind: 'launch' });
});

test('nobody launches what they have published', () => {
  expect(why(launchVerdict(REF, [version(1)], { version: 1 }, 'anna  LI'))).toBe(
    'version 1 of keep-your-tier was published by Anna Li, and a version is launched by somebody else; have a second person read and launch it',
  );
});

test('a newer proposal is told to who names the digest, and passed over by who names the number', () => {
  const candidates = [version(1, launched), version(2), version(3, { publishedBy: 'Cleo' })];
  expect(why(launchVerdict(REF, candidates, { digest: '22222222' }, 'Bela'))).toMatch(
    /^version 3 of keep-your-tier was proposed by Cleo meanwhile, after version 2 that you have read; .* --version 3, or the older one all the same with --version 2$/,
  );
  expect(launchVerdict(REF, candidates, { version: 2 }, 'Bela')).toMatchObject({ kind: 'launch' });
});

test('what was launched stays so, and no older version is launched over a newer one', () => {
  const candidates = [version(1), version(2, launched)];
  expect(launchVerdict(REF, candidates, { version: 2 }, 'Cleo')).toMatchObject({ kind: 'launched-before' });
  expect(why(launchVerdict(REF, candidates, { version: 1 }, 'Cleo'))).toMatch(
    /^version 2 .* is in force, launched by Bela; to go back/,
  );
});

test('what is not there is told with what is', () => {
  expect(why(launchVerdict(REF, [version(1)], { version: 7 }, 'Bela'))).toBe(
    'keep-your-tier has no version 7; there is 1',
  );
  expect(why(launchVerdict(REF, [], { version: 1 }, 'Bela'))).toMatch(
    /^there is no campaign "keep-your-tier"; publish it first/,
  );
});
