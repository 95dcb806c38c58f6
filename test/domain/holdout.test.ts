import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { admit, AdmissionFacts, PublishedCampaign } from '../../domain/admission.js';
import type { CampaignDefinition } from '../../domain/campaign.js';
import { admitBesideHoldout, drawnOut, holdoutEnd, lotText } from '../../domain/holdout.js';
import {
  addMillis,
  days,
  instant,
  type CampaignRef,
  type CustomerRef,
  type FindingId,
  type PlainDate,
  type TierRef,
} from '../../domain/types.js';
import { isHeldOut } from '../../store/holdouts.js';

const refs = fc.stringMatching(/^c[0-9a-z]{1,31}$/).map((ref) => ref as CustomerRef);
const names = fc.stringMatching(/^[a-z][a-z0-9-]{1,39}$/).map((ref) => ref as CampaignRef);
const digestOf = (campaign: CampaignRef, customer: CustomerRef): string =>
  createHash('sha256').update(lotText(campaign, customer)).digest('hex');

const campaign = (ref: string, percent: number | null, more: Partial<CampaignDefinition> = {}): PublishedCampaign => ({
  campaignRef: ref as CampaignRef,
  version: 1,
  definition: {
    playbook: 'tier',
    priority: 50,
    audience: { tiers: 'all' },
    detection: { triggers: ['tier-at-risk'], minimumScore: 30 },
    end: { coolDown: days(90), coolDownAfter: {} },
    ...(percent === null ? {} : { holdout: { percent } }),
    ...more,
  } as CampaignDefinition,
});

describe('the lot', () => {
  test('is the same for ever: these customers and no others of the first thirty', () => {
    const drawn = Array.from({ length: 30 }, (_, i) => `c${i + 1}` as CustomerRef).filter((ref) =>
      isHeldOut(campaign('keep-your-tier', 20), ref),
    );
    expect(drawn).toEqual(['c8', 'c14', 'c22', 'c27']);
  });

  test('does not ask for the version, nor for anything else that the campaign says', () => {
    fc.assert(
      fc.property(
        names,
        refs,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 99 }),
        (name, ref, percent, version) => {
          const one = campaign(name, percent);
          const other = { ...campaign(name, percent, { priority: 7, playbook: 'tier' }), version };
          expect(isHeldOut(other, ref)).toBe(isHeldOut(one, ref));
        },
      ),
    );
  });

  test('with a larger share frees nobody', () => {
    fc.assert(
      fc.property(
        names,
        refs,
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 100 }),
        (name, ref, a, b) => {
          const digest = digestOf(name, ref);
          if (drawnOut(digest, Math.min(a, b))) expect(drawnOut(digest, Math.max(a, b))).toBe(true);
        },
      ),
    );
  });

  test('leaves nobody alone at 0, everybody at 100, and without a holdout nobody', () => {
    fc.assert(
      fc.property(names, refs, (name, ref) => {
        expect(drawnOut(digestOf(name, ref), 0)).toBe(false);
        expect(drawnOut(digestOf(name, ref), 100)).toBe(true);
        expect(isHeldOut(campaign(name, null), ref)).toBe(false);
      }),
    );
  });

  test.each([1, 5, 10, 25, 50])(
    'of 10,000 customers it leaves about %d %% alone, in every campaign others',
    (percent) => {
      const shares = ['keep-your-tier', 'win-back', 'young-savers'].map(
        (name) =>
          Array.from({ length: 10_000 }, (_, i) => isHeldOut(campaign(name, percent), `c${i}` as CustomerRef)).filter(
            Boolean,
          ).length / 100,
      );
      // 4.5 standard deviations of a binomial share: a fair lot fails this once in 150,000 runs
      const bound = 4.5 * Math.sqrt((percent * (100 - percent)) / 10_000);
      for (const share of shares) expect(Math.abs(share - percent)).toBeLessThan(bound);
      const both = Array.from({ length: 10_000 }, (_, i) => `c${i}` as CustomerRef).filter(
        (ref) => isHeldOut(campaign('keep-your-tier', percent), ref) && isHeldOut(campaign('win-back', percent), ref),
      ).length;
      const expected = percent * percent;
      expect(Math.abs(both - expected)).toBeLessThan(5 * Math.sqrt(expected) + 5);
    },
  );
});

const AT = instant(Date.UTC(2026, 5, 1));
const facts: AdmissionFacts = {
  customerRef: 'c1' as CustomerRef,
  asOf: '2026-06-01' as PlainDate,
  tierRef: 'affluent' as TierRef,
  tierRank: 1,
  erased: false,
  addressRefused: false,
  openJourney: false,
  openComplaint: false,
  exclusions: [],
  fraudCheck: null,
  lostTierRef: null,
  inCreditCare: false,
  lastClosedAt: null,
  lastOutcome: null,
  findings: [{ findingId: 'f1' as FindingId, trigger: 'tier-at-risk', score: 80 }],
};
const tier = campaign('keep-your-tier', 10);
const other = campaign('another-tier', null, { priority: 40 });
const care = campaign('credit-care', null, {
  playbook: 'credit',
  detection: { triggers: ['negative-balance', 'tier-at-risk'], minimumScore: 30 },
  priority: 10,
});
const took = (admission: ReturnType<typeof admit>): string =>
  admission.verdict === 'admitted' ? admission.campaign.campaignRef : admission.reasons.join();

describe('who is left alone', () => {
  const until = addMillis(AT, days(10));

  test('is taken by no campaign of the tier playbook while they are followed', () => {
    expect(took(admitBesideHoldout(facts, [tier, other], undefined, AT))).toBe('keep-your-tier');
    expect(took(admitBesideHoldout(facts, [tier, other], until, AT))).toBe('held-out');
  });

  test('is helped by credit care at any time, while followed and after', () => {
    for (const followed of [until, addMillis(AT, days(-10))])
      expect(took(admitBesideHoldout(facts, [tier, other, care], followed, AT))).toBe('credit-care');
    const inCare: AdmissionFacts = {
      ...facts,
      inCreditCare: true,
      findings: [{ findingId: 'f2' as FindingId, trigger: 'negative-balance', score: 90 }],
    };
    expect(took(admitBesideHoldout(inCare, [tier, care], until, AT))).toBe('credit-care');
  });

  test('has the cool-down of who had a journey, of its own for the outcome control', () => {
    const after = (daysAgo: number, campaigns: PublishedCampaign[]): string =>
      took(admitBesideHoldout(facts, campaigns, addMillis(AT, days(-daysAgo)), AT));
    expect(after(89, [tier])).toBe('cool-down');
    expect(after(90, [tier])).toBe('keep-your-tier');
    const sooner = campaign('keep-your-tier', 10, { end: { coolDown: days(90), coolDownAfter: { control: days(5) } } });
    expect(after(6, [sooner])).toBe('keep-your-tier');
  });

  test('who was refused for another reason is still told that one', () => {
    const busy = { ...facts, openComplaint: true };
    expect(took(admitBesideHoldout(busy, [tier], until, AT))).toBe('complaint-open');
  });

  test('is followed as long as a journey would last by its plan', () => {
    const plan = { survey: { after: days(10), expires: days(21) }, goal: { within: days(45) } } as CampaignDefinition;
    expect(holdoutEnd(plan, AT)).toBe(addMillis(AT, days(76)));
  });
});
