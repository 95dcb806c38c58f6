import fc from 'fast-check';
import {
  admit,
  type Admission,
  type AdmissionFacts,
  type AdmissionFinding,
  type PublishedCampaign,
} from '../../domain/admission.js';
import { refusalsByHand } from '../../domain/admission-by-hand.js';
import type { CampaignDefinition } from '../../domain/campaign.js';
import { EXCLUSIONS, type Exclusion } from '../../domain/exclusion.js';
import { fraudQuestion } from '../../domain/fraud-check.js';
import { CREDIT_TRIGGERS, TRIGGERS, type Trigger } from '../../domain/trigger-names.js';
import {
  addDays,
  addMillis,
  days,
  daysBetween,
  instant,
  millis,
  type CampaignRef,
  type CustomerRef,
  type FindingId,
  type Millis,
  type Outcome,
  type PlainDate,
  type Playbook,
  type TierRef,
} from '../../domain/types.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const DAY = '2026-01-11' as PlainDate;
const COOL_DOWN = days(90);

interface Wanted {
  ref: string;
  priority?: number;
  triggers?: Trigger[];
  tiers?: 'all' | 'all-but-lowest' | string[];
  minimumScore?: number;
  coolDown?: Millis;
  coolDownAfter?: Partial<Record<Outcome, Millis>>;
  version?: number;
  playbook?: Playbook;
}

function campaign(wanted: Wanted): PublishedCampaign {
  const { ref, priority = 50, triggers = ['tier-at-risk'], tiers = 'all', minimumScore = 30 } = wanted;
  const definition: CampaignDefinition = {
    campaign: ref,
    name: { en: ref, 'zh-CN': ref },
    playbook: wanted.playbook ?? 'tier',
    priority,
    audience: { tiers },
    detection: { triggers, minimumScore },
    assignment: { skills: [], certificates: [] },
    steps: [{ step: 'outreach', kind: 'message', wait: millis(0), template: 'manager-introduction', class: 'service' }],
    end: { coolDown: wanted.coolDown ?? COOL_DOWN, coolDownAfter: wanted.coolDownAfter ?? {} },
    survey: { template: 'survey-invitation', after: days(10), reminders: [], expires: days(21), unhappyAtOrBelow: 6 },
    complaint: { ruleSet: 'cn-2020', due: days(15), escalateTo: 'complaint-unit-head' },
    goal: { within: days(60), heldDays: 10 },
  };
  return { campaignRef: ref as CampaignRef, version: wanted.version ?? 1, definition };
}

const finding = (trigger: Trigger, score: number): AdmissionFinding => ({
  findingId: `finding-of-${trigger}` as FindingId,
  trigger,
  score,
});

/** An affluent customer whose tier is at risk and against whom nothing stands. */
const atRisk: AdmissionFacts = {
  customerRef: 'c1' as CustomerRef,
  tierRef: 'affluent' as TierRef,
  tierRank: 1,
  erased: false,
  addressRefused: false,
  openJourney: false,
  openComplaint: false,
  asOf: DAY,
  exclusions: [],
  fraudCheck: null,
  lostTierRef: null,
  inCreditCare: false,
  lastClosedAt: null,
  lastOutcome: null,
  findings: [finding('tier-at-risk', 80)],
};

const taken = (admission: Admission): string =>
  admission.verdict === 'admitted'
    ? `${admission.campaign.campaignRef} for ${admission.finding.trigger}`
    : admission.reasons.join(', ');
const decide = (facts: Partial<AdmissionFacts>, ...campaigns: Wanted[]): string =>
  taken(admit({ ...atRisk, ...facts }, campaigns.map(campaign), AT));

test('a customer at risk is taken by the campaign that looks for it', () => {
  expect(admit(atRisk, [campaign({ ref: 'keep', version: 3 })], AT)).toEqual({
    verdict: 'admitted',
    campaign: campaign({ ref: 'keep', version: 3 }),
    finding: finding('tier-at-risk', 80),
    tierRef: 'affluent',
    reasons: ['tier-at-risk'],
  });
});

test('without a campaign nobody is taken, and without a finding neither', () => {
  expect(decide({})).toBe('not-in-audience');
  expect(decide({ findings: [] }, { ref: 'keep' })).toBe('not-in-audience');
});

describe('priority', () => {
  test('of two campaigns that want a customer the higher priority has it, in whatever order they come', () => {
    expect(decide({}, { ref: 'a', priority: 50 }, { ref: 'z', priority: 90 })).toBe('z for tier-at-risk');
    expect(decide({}, { ref: 'z', priority: 90 }, { ref: 'a', priority: 50 })).toBe('z for tier-at-risk');
  });

  test('equal priorities go by name, so that the same day decided twice is decided alike', () => {
    expect(decide({}, { ref: 'beta' }, { ref: 'alpha' })).toBe('alpha for tier-at-risk');
    expect(decide({}, { ref: 'alpha' }, { ref: 'beta' })).toBe('alpha for tier-at-risk');
  });

  test('a higher campaign that can not have the customer leaves them to the next', () => {
    const other: Wanted = { ref: 'credit', priority: 90, triggers: ['negative-balance'] };
    expect(decide({}, other, { ref: 'keep' })).toBe('keep for tier-at-risk');
    expect(decide({}, { ref: 'strict', priority: 90, minimumScore: 81 }, { ref: 'keep' })).toBe(
      'keep for tier-at-risk',
    );
    expect(decide({ tierRank: 0 }, { ref: 'high', priority: 90, tiers: 'all-but-lowest' }, { ref: 'keep' })).toBe(
      'keep for tier-at-risk',
    );
    const longer: Wanted = { ref: 'patient', priority: 90, coolDown: days(120) };
    expect(decide({ lastClosedAt: addMillis(AT, days(-100)) }, longer, { ref: 'keep' })).toBe('keep for tier-at-risk');
  });
});

describe('audience', () => {
  test('who is in the lowest tier has none to lose; a campaign for all takes them nevertheless', () => {
    expect(decide({ tierRank: 0 }, { ref: 'keep', tiers: 'all-but-lowest' })).toBe('not-in-audience');
    expect(decide({ tierRank: 1 }, { ref: 'keep', tiers: 'all-but-lowest' })).toBe('keep for tier-at-risk');
    expect(decide({ tierRank: 0 }, { ref: 'care', tiers: 'all' })).toBe('care for tier-at-risk');
  });

  test('a finding that the campaign does not look for counts for nothing, however grave', () => {
    const findings = [finding('dormant', 100), finding('tier-at-risk', 20)];
    expect(decide({ findings }, { ref: 'keep' })).toBe('score-too-low');
    expect(decide({ findings: [finding('dormant', 100)] }, { ref: 'keep' })).toBe('not-in-audience');
  });

  test('the score must reach the minimum, and reaching it is enough', () => {
    expect(decide({ findings: [finding('tier-at-risk', 29)] }, { ref: 'keep', minimumScore: 30 })).toBe(
      'score-too-low',
    );
    expect(decide({ findings: [finding('tier-at-risk', 30)] }, { ref: 'keep', minimumScore: 30 })).toBe(
      'keep for tier-at-risk',
    );
  });

  test('the gravest finding leads, and all that match are given as reasons, the gravest first', () => {
    const findings = [finding('dormant', 40), finding('tier-at-risk', 70), finding('maturing-7', 55)];
    const keep = campaign({ ref: 'keep', triggers: ['dormant', 'tier-at-risk', 'maturing-7'] });
    expect(admit({ ...atRisk, findings }, [keep], AT)).toMatchObject({
      finding: finding('tier-at-risk', 70),
      reasons: ['tier-at-risk', 'maturing-7', 'dormant'],
    });
  });

  test('findings of equal weight go by name', () => {
    const keep: Wanted = { ref: 'keep', triggers: ['tier-at-risk', 'dormant'] };
    const two = [finding('tier-at-risk', 60), finding('dormant', 60)];
    expect(decide({ findings: two }, keep)).toBe('keep for dormant');
    expect(decide({ findings: [...two].reverse() }, keep)).toBe('keep for dormant');
  });
});

describe('credit trouble', () => {
  const care: Wanted = {
    ref: 'care',
    playbook: 'credit',
    priority: 1,
    triggers: ['negative-balance', 'card-overused'],
  };
  const keep: Wanted = { ref: 'keep', priority: 90, triggers: ['tier-at-risk', 'card-overused'] };

  test.each(CREDIT_TRIGGERS)('(%s) is helped, though a campaign that sells goes before', (trigger) => {
    const findings = [finding('tier-at-risk', 100), finding(trigger, 40)];
    expect(decide({ findings, inCreditCare: true }, keep, care)).toBe(`care for ${trigger}`);
  });

  test('is left alone rather than sold to, where nobody can help', () => {
    const findings = [finding('tier-at-risk', 100), finding('card-overused', 40)];
    const facts = { findings, inCreditCare: true };
    expect(decide(facts, keep)).toBe('credit-care');
    expect(decide(facts, keep, { ...care, minimumScore: 50 })).toBe('score-too-low');
    expect(decide({ ...facts, lastClosedAt: AT }, keep, care)).toBe('cool-down');
    // trouble found some days ago still counts
    expect(decide({ inCreditCare: true }, keep)).toBe('credit-care');
  });

  test('that is not there takes nobody into care', () => {
    expect(decide({}, { ...care, priority: 100 }, keep)).toBe('keep for tier-at-risk');
  });
});

describe('cool-down', () => {
  test('the customer is left alone to the last millisecond of it, and no longer', () => {
    const ended = addMillis(AT, millis(0 - COOL_DOWN));
    expect(decide({ lastClosedAt: ended }, { ref: 'keep' })).toBe('keep for tier-at-risk');
    expect(decide({ lastClosedAt: addMillis(ended, millis(1)) }, { ref: 'keep' })).toBe('cool-down');
  });

  test('a journey that has only just ended, or a campaign without a cool-down, is decided alike', () => {
    expect(decide({ lastClosedAt: AT }, { ref: 'keep' })).toBe('cool-down');
    expect(decide({ lastClosedAt: AT }, { ref: 'keep', coolDown: millis(0) })).toBe('keep for tier-at-risk');
  });
});

test('each outcome may have a cool-down of its own: who declined is left alone for longer', () => {
  const patient: Wanted = { ref: 'keep', coolDown: days(30), coolDownAfter: { declined: days(180) } };
  const ended = (lastOutcome: Outcome, daysAgo: number) =>
    decide({ lastOutcome, lastClosedAt: addMillis(AT, days(-daysAgo)) }, patient);
  expect(ended('retained', 31)).toBe('keep for tier-at-risk');
  expect(ended('declined', 31)).toBe('cool-down');
  expect(ended('declined', 180)).toBe('keep for tier-at-risk');
});

describe('exclusions', () => {
  const care: Wanted = { ref: 'care', playbook: 'credit', triggers: ['negative-balance'] };
  const inTrouble = { findings: [finding('tier-at-risk', 90), finding('negative-balance', 80)], inCreditCare: true };

  test.each(EXCLUSIONS)('(%s) keep a customer from a campaign that sells', (kind) => {
    expect(decide({ exclusions: [kind] }, { ref: 'keep' })).toBe('excluded');
  });

  test.each(EXCLUSIONS.filter((kind) => kind !== 'vulnerable'))(
    '(%s) keep a customer from credit care as well',
    (kind) => {
      expect(decide({ ...inTrouble, exclusions: [kind] }, { ref: 'keep' }, care)).toBe('excluded');
    },
  );

  test('leave the vulnerable the help with their debts, unless something else excludes them', () => {
    expect(decide({ ...inTrouble, exclusions: ['vulnerable'] }, { ref: 'keep' }, care)).toBe(
      'care for negative-balance',
    );
    expect(decide({ ...inTrouble, exclusions: ['frozen', 'vulnerable'] }, { ref: 'keep' }, care)).toBe('excluded');
  });
});

describe('a large outflow', () => {
  const keep: Wanted = { ref: 'keep', triggers: ['tier-at-risk', 'large-outflow'] };
  const findings = [finding('large-outflow', 90), finding('tier-at-risk', 60)];
  const answered = (state: 'open' | 'not-cheated' | 'cheated' | 'unanswered', daysAgo: number) =>
    decide({ findings, fraudCheck: { taskId: 't', asOf: addDays(DAY, -daysAgo), state } }, keep);

  test('is first a question for a person, and nothing else that was found begins a journey meanwhile', () => {
    expect(decide({ findings }, keep)).toBe('fraud-check-open');
    expect(answered('open', 0)).toBe('fraud-check-open');
  });

  test('begins a journey once somebody has said that the customer is not being cheated, for thirty days', () => {
    expect(answered('not-cheated', 0)).toBe('keep for large-outflow');
    expect(answered('not-cheated', 29)).toBe('keep for large-outflow');
    expect(answered('not-cheated', 30)).toBe('fraud-check-open');
  });

  test('begins none where the customer is being cheated, or nobody could be reached', () => {
    expect(answered('cheated', 0)).toBe('fraud-check-open');
    expect(answered('unanswered', 0)).toBe('fraud-check-open');
  });

  test('is not asked about where nobody is to be asked', () => {
    const asked = (facts: Partial<AdmissionFacts>) => fraudQuestion({ ...atRisk, findings, ...facts }, DAY);
    expect(asked({})).toBe('ask');
    expect(asked({ exclusions: ['vulnerable'] })).toBe('ask');
    expect(asked({ exclusions: ['deceased'] })).toBe('none');
    expect(asked({ exclusions: ['suspected-fraud'] })).toBe('none');
    expect(asked({ erased: true })).toBe('none');
    expect(asked({ findings: [finding('tier-at-risk', 60)] })).toBe('none');
  });
});

describe('after a fall', () => {
  const lost: Partial<AdmissionFacts> = {
    tierRef: 'mass' as TierRef,
    tierRank: 0,
    lostTierRef: 'affluent' as TierRef,
    findings: [finding('tier-lost', 70)],
  };
  const winBack: Wanted = {
    ref: 'win-back',
    triggers: ['tier-lost'],
    coolDown: days(14),
    coolDownAfter: { declined: days(180) },
  };

  test('the journey is about the tier that was lost, whatever tier the customer has now', () => {
    expect(admit({ ...atRisk, ...lost }, [campaign(winBack)], AT)).toMatchObject({ tierRef: 'affluent' });
    const both = { ...lost, tierRef: 'affluent' as TierRef, tierRank: 1, lostTierRef: 'private' as TierRef };
    const findings = [finding('tier-at-risk', 60), finding('tier-lost', 70)];
    expect(
      admit({ ...atRisk, ...both, findings }, [campaign({ ref: 'keep', priority: 90 }), campaign(winBack)], AT),
    ).toMatchObject({
      campaign: { campaignRef: 'keep' },
      tierRef: 'affluent',
    });
  });

  test('the journey in which the tier was lost does not bar the winning back, but who declined is left alone', () => {
    const ended = (lastOutcome: Outcome) =>
      decide({ ...lost, lastOutcome, lastClosedAt: addMillis(AT, days(-15)) }, winBack);
    expect(ended('downgraded')).toBe('win-back for tier-lost');
    expect(ended('declined')).toBe('cool-down');
  });

  test('who is in hardship is not won back', () => {
    expect(decide({ ...lost, inCreditCare: true }, winBack)).toBe('credit-care');
  });
});

describe('by hand', () => {
  const { customerRef: _ref, lastClosedAt: _closed, lastOutcome: _outcome, ...free } = atRisk;
  const refused = (facts: Partial<AdmissionFacts>, wanted: Wanted) =>
    refusalsByHand({ ...free, ...facts }, campaign(wanted).definition);
  const keep: Wanted = { ref: 'keep' };
  const care: Wanted = { ref: 'care', playbook: 'credit' };

  test('a person may start what detection would not', () => {
    expect(refused({ findings: [] }, keep)).toEqual([]);
  });

  test.each(EXCLUSIONS)('nobody starts a journey for somebody who is excluded: %s', (kind) => {
    expect(refused({ exclusions: [kind] }, keep)).toEqual(['excluded']);
    expect(refused({ exclusions: [kind] }, care)).toEqual(kind === 'vulnerable' ? [] : ['excluded']);
  });

  test('nobody starts a journey while it is a question whether the customer is being cheated', () => {
    expect(refused({ findings: [finding('large-outflow', 90)] }, keep)).toEqual(['fraud-check-open']);
    const fraudCheck = { taskId: 't', asOf: DAY, state: 'open' as const };
    expect(refused({ findings: [], fraudCheck }, care)).toEqual(['fraud-check-open']);
  });

  test('a tier is won back only where one was lost', () => {
    const winBack: Wanted = { ref: 'win-back', triggers: ['tier-lost'] };
    expect(refused({}, winBack)).toEqual(['not-in-audience']);
    expect(refused({ lostTierRef: 'private' as TierRef }, winBack)).toEqual([]);
  });
});

test('a campaign for named tiers takes these and no others', () => {
  expect(decide({}, { ref: 'rich', tiers: ['private'] })).toBe('not-in-audience');
  expect(decide({}, { ref: 'rich', tiers: ['private', 'affluent'] })).toBe('rich for tier-at-risk');
});

test.each([
  [{ openJourney: true }, 'journey-open'],
  [{ openComplaint: true }, 'complaint-open'],
  [{ addressRefused: true }, 'address-refused'],
  [{ erased: true }, 'erased'],
  [{ exclusions: ['frozen' as const] }, 'excluded'],
  [
    { openJourney: true, openComplaint: true, addressRefused: true, erased: true },
    'erased, address-refused, journey-open, complaint-open',
  ],
] as const)('a customer of whom %j is known begins no journey: %s', (facts, reasons) => {
  expect(decide(facts, { ref: 'keep' })).toBe(reasons);
});

const anyFindings = fc
  .uniqueArray(fc.constantFrom(...TRIGGERS), { minLength: 0, maxLength: 5 })
  .chain((triggers) =>
    fc.tuple(...triggers.map((trigger) => fc.integer({ min: 0, max: 4 }).map((tens) => finding(trigger, tens * 25)))),
  );
const anyCampaigns = fc.uniqueArray(
  fc.record({
    ref: fc.constantFrom('aa', 'ab', 'b-a', 'b1', 'zz'),
    priority: fc.integer({ min: 1, max: 2 }),
    triggers: fc.uniqueArray(fc.constantFrom(...TRIGGERS), { minLength: 1, maxLength: 5 }),
    tiers: fc.constantFrom('all' as const, 'all-but-lowest' as const),
    minimumScore: fc.constantFrom(0, 50, 75),
    coolDown: fc.constantFrom(days(0), days(30), days(90)),
    playbook: fc.constantFrom('tier' as const, 'credit' as const),
  }),
  { selector: (wanted) => wanted.ref, maxLength: 4 },
);
const anyFraudCheck = fc.option(
  fc.record({
    taskId: fc.constant('task-1'),
    asOf: fc.integer({ min: 0, max: 60 }).map((n) => addDays(DAY, -n)),
    state: fc.constantFrom('open' as const, 'not-cheated' as const, 'cheated' as const, 'unanswered' as const),
  }),
);
const anyFacts = fc.record({
  exclusions: fc.oneof(fc.constant([]), fc.subarray<Exclusion>([...EXCLUSIONS])),
  fraudCheck: anyFraudCheck,
  tierRank: fc.integer({ min: 0, max: 1 }),
  lastClosedAt: fc.option(fc.integer({ min: 0, max: 100 }).map((n) => addMillis(AT, days(-n)))),
  openJourney: fc.boolean(),
  openComplaint: fc.boolean(),
  inCreditCare: fc.boolean(),
});

test('the order in which campaigns and findings come decides nothing', () => {
  const shuffled = fc.tuple(anyFindings, anyCampaigns).chain(([findings, campaigns]) =>
    fc.record({
      findings: fc.constant(findings),
      campaigns: fc.constant(campaigns),
      otherFindings: fc.shuffledSubarray(findings, { minLength: findings.length }),
      otherCampaigns: fc.shuffledSubarray(campaigns, { minLength: campaigns.length }),
    }),
  );
  fc.assert(
    fc.property(anyFacts, shuffled, (facts, { findings, campaigns, otherFindings, otherCampaigns }) => {
      const once = admit({ ...atRisk, ...facts, findings }, campaigns.map(campaign), AT);
      const again = admit({ ...atRisk, ...facts, findings: otherFindings }, otherCampaigns.map(campaign), AT);
      expect(again).toEqual(once);
    }),
    { numRuns: 500 },
  );
});

/** Written out a second time: somebody said no within thirty days of the bank's data. */
const cleared = ({ fraudCheck }: Pick<AdmissionFacts, 'fraudCheck'>): boolean =>
  fraudCheck?.state === 'not-cheated' && daysBetween(fraudCheck.asOf, DAY) < 30;

test('nobody is taken by a campaign that may not have them, and nobody is left who could be taken', () => {
  const mayHave = (facts: AdmissionFacts, { definition }: PublishedCampaign): boolean =>
    (definition.playbook === 'credit' || !facts.inCreditCare) &&
    (definition.playbook === 'credit' || !facts.exclusions.includes('vulnerable')) &&
    (definition.audience.tiers === 'all' || facts.tierRank > 0) &&
    (facts.lastClosedAt === null || AT - facts.lastClosedAt >= definition.end.coolDown) &&
    facts.findings.some(
      ({ trigger, score }) =>
        definition.detection.triggers.includes(trigger) && score >= definition.detection.minimumScore,
    );
  fc.assert(
    fc.property(anyFacts, anyFindings, anyCampaigns, (some, findings, wanted) => {
      const facts: AdmissionFacts = { ...atRisk, ...some, findings };
      const campaigns = wanted.map(campaign);
      const free =
        !facts.openJourney &&
        !facts.openComplaint &&
        facts.exclusions.every((kind) => kind === 'vulnerable') &&
        facts.fraudCheck?.state !== 'open' &&
        (!findings.some(({ trigger }) => trigger === 'large-outflow') || cleared(facts));
      const possible = free ? campaigns.filter((one) => mayHave(facts, one)) : [];
      const admission = admit(facts, campaigns, AT);
      if (possible.length === 0) return expect(admission.verdict).toBe('refused');
      const highest = Math.max(...possible.map((one) => one.definition.priority));
      const first = possible
        .filter((one) => one.definition.priority === highest)
        .map((one) => one.campaignRef)
        .sort()[0];
      expect(admission).toMatchObject({ verdict: 'admitted', campaign: { campaignRef: first } });
    }),
    { numRuns: 500 },
  );
});

test('whatever else is so, nobody who is excluded is admitted, but for the vulnerable to help with their debts', () => {
  const someExclusions = fc.subarray<Exclusion>([...EXCLUSIONS], { minLength: 1 });
  fc.assert(
    fc.property(anyFacts, someExclusions, anyFindings, anyCampaigns, (some, exclusions, findings, wanted) => {
      const admission = admit({ ...atRisk, ...some, exclusions, findings }, wanted.map(campaign), AT);
      if (admission.verdict === 'refused') return;
      expect(exclusions).toEqual(['vulnerable']);
      expect(admission.campaign.definition.playbook).toBe('credit');
    }),
    { numRuns: 1000 },
  );
});

test('whatever else is so, a large outflow admits nobody of whom no person has said that they are not being cheated', () => {
  fc.assert(
    fc.property(anyFacts, anyFindings, anyCampaigns, (some, others, wanted) => {
      const facts = { ...atRisk, ...some, exclusions: [] };
      const findings = [...others.filter(({ trigger }) => trigger !== 'large-outflow'), finding('large-outflow', 90)];
      const admission = admit({ ...facts, findings }, wanted.map(campaign), AT);
      if (admission.verdict === 'admitted') expect(cleared(facts)).toBe(true);
      else if (!cleared(facts)) expect(admission.reasons).toContain('fraud-check-open');
      // and while the question is open, no other finding does either
      const open = { taskId: 'task-1', asOf: addDays(DAY, -59), state: 'open' as const };
      expect(admit({ ...facts, fraudCheck: open, findings: others }, wanted.map(campaign), AT)).toMatchObject({
        verdict: 'refused',
        reasons: expect.arrayContaining(['fraud-check-open']) as unknown,
      });
    }),
    { numRuns: 1000 },
  );
});

test('what was asked about is left as it was', () => {
  const findings = [finding('dormant', 40), finding('tier-at-risk', 70)];
  const campaigns = [campaign({ ref: 'low', priority: 1 }), campaign({ ref: 'high', priority: 2 })];
  admit({ ...atRisk, findings }, campaigns, AT);
  expect(findings.map(({ trigger }) => trigger)).toEqual(['dormant', 'tier-at-risk']);
  expect(campaigns.map(({ campaignRef }) => campaignRef)).toEqual(['low', 'high']);
});
