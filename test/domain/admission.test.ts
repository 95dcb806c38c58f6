import fc from 'fast-check';
import {
  admit,
  type Admission,
  type AdmissionFacts,
  type AdmissionFinding,
  type PublishedCampaign,
} from '../../domain/admission.js';
import type { CampaignDefinition } from '../../domain/campaign.js';
import { CREDIT_TRIGGERS, TRIGGERS, type Trigger } from '../../domain/trigger-names.js';
import {
  addMillis,
  days,
  instant,
  millis,
  type CampaignRef,
  type CustomerRef,
  type FindingId,
  type Millis,
  type Playbook,
  type TierRef,
} from '../../domain/types.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const COOL_DOWN = days(90);

interface Wanted {
  ref: string;
  priority?: number;
  triggers?: Trigger[];
  tiers?: 'all' | 'all-but-lowest';
  minimumScore?: number;
  coolDown?: Millis;
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
    audience: { triggers, tiers, minimumScore },
    coolDown: wanted.coolDown ?? COOL_DOWN,
    outreach: { template: 'manager-introduction', class: 'service' },
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
  inCreditCare: false,
  lastClosedAt: null,
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
    const findings = [finding('large-outflow', 100), finding('tier-at-risk', 20)];
    expect(decide({ findings }, { ref: 'keep' })).toBe('score-too-low');
    expect(decide({ findings: [finding('large-outflow', 100)] }, { ref: 'keep' })).toBe('not-in-audience');
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

test.each([
  [{ openJourney: true }, 'journey-open'],
  [{ openComplaint: true }, 'complaint-open'],
  [{ addressRefused: true }, 'address-refused'],
  [{ erased: true }, 'erased'],
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
const anyFacts = fc.record({
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

test('nobody is taken by a campaign that may not have them, and nobody is left who could be taken', () => {
  const mayHave = (facts: AdmissionFacts, { definition }: PublishedCampaign): boolean =>
    (definition.playbook === 'credit' || !facts.inCreditCare) &&
    (definition.audience.tiers === 'all' || facts.tierRank > 0) &&
    (facts.lastClosedAt === null || AT - facts.lastClosedAt >= definition.coolDown) &&
    facts.findings.some(
      ({ trigger, score }) =>
        definition.audience.triggers.includes(trigger) && score >= definition.audience.minimumScore,
    );
  fc.assert(
    fc.property(anyFacts, anyFindings, anyCampaigns, (some, findings, wanted) => {
      const facts = { ...atRisk, ...some, findings };
      const campaigns = wanted.map(campaign);
      const free = !facts.openJourney && !facts.openComplaint;
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

test('what was asked about is left as it was', () => {
  const findings = [finding('dormant', 40), finding('tier-at-risk', 70)];
  const campaigns = [campaign({ ref: 'low', priority: 1 }), campaign({ ref: 'high', priority: 2 })];
  admit({ ...atRisk, findings }, campaigns, AT);
  expect(findings.map(({ trigger }) => trigger)).toEqual(['dormant', 'tier-at-risk']);
  expect(campaigns.map(({ campaignRef }) => campaignRef)).toEqual(['low', 'high']);
});
