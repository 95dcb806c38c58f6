import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { judgeInstalments, planOutlook, type InstalmentStanding } from '../../domain/instalments.js';
import { addMonths, dueDay, instalmentStep } from '../../domain/plan-days.js';
import { instalmentsOf, proposePlan, type PlanFacts, type PlanTerms } from '../../domain/plan-proposal.js';
import { readRepaymentPolicy, RHYTHMS, type RepaymentPolicy } from '../../domain/repayment-policy.js';
import { addDays, minor, plainDate, type PlainDate, type ZoneId } from '../../domain/types.js';
import { POLICY_FILE, policyOf } from '../setup/plans.js';

const TODAY = plainDate('2026-01-12');
const facts = (more: Partial<PlanFacts> = {}): PlanFacts => ({
  today: TODAY,
  currency: 'CNY',
  monthlyIncome: minor(1_000_000),
  incomeStated: false,
  otherPolicy: false,
  openPlan: false,
  erased: false,
  ...more,
});
const terms = (more: Partial<PlanTerms> = {}): PlanTerms => ({
  total: minor(600_000),
  instalments: 12,
  firstDue: plainDate('2026-01-31'),
  every: 'month',
  ...more,
});
const proposed = (
  more: Partial<PlanTerms> = {},
  also: Partial<PlanFacts> = {},
  policy: Partial<RepaymentPolicy> = {},
) => proposePlan(policyOf(policy), facts(also), terms(more));
const reasons = (...args: Parameters<typeof proposed>): string[] => {
  const proposal = proposed(...args);
  return proposal.verdict === 'refused' ? proposal.reasons : [];
};

const anyDay = fc.integer({ min: 0, max: 40_000 }).map((n) => addDays(plainDate('1990-01-01'), n));

describe('the instalments of a plan', () => {
  test('are the total, to the last fen, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 10n ** 14n }),
        fc.integer({ min: 1, max: 130 }),
        anyDay,
        fc.constantFrom(...RHYTHMS),
        (total, count, firstDue, every) => {
          const parts = instalmentsOf({ total: minor(total), instalments: count, firstDue, every });
          expect(parts.reduce((sum, { amount }) => sum + amount, 0n)).toBe(total);
          expect(parts.map(({ number }) => number)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
          // all are equal but for the rest, which is smaller than their number, on the last one
          const [first, last] = [parts[0]?.amount ?? 0n, parts.at(-1)?.amount ?? 0n];
          expect(parts.slice(0, -1).every(({ amount }) => amount === first)).toBe(true);
          expect(last - first >= 0n && last - first < BigInt(count)).toBe(true);
        },
      ),
    );
  });

  test('fall due on the same day of each month, or on its last one, in order', () => {
    fc.assert(
      fc.property(anyDay, fc.integer({ min: 2, max: 130 }), (firstDue, count) => {
        const days = Array.from({ length: count }, (_, index) => dueDay(firstDue, 'month', index + 1));
        const wanted = Number(firstDue.slice(8));
        for (const day of days) {
          const lastOfMonth = addDays(day, 1).endsWith('-01');
          expect(Number(day.slice(8)) === wanted || (lastOfMonth && Number(day.slice(8)) < wanted)).toBe(true);
        }
        const months = days.map((day) => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)));
        expect(months.every((month, index) => month === (months[0] ?? 0) + index)).toBe(true);
      }),
    );
  });

  test.each([
    ['2026-01-31', ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30']],
    ['2027-12-30', ['2027-12-30', '2028-01-30', '2028-02-29', '2028-03-30']],
    ['2026-02-28', ['2026-02-28', '2026-03-28', '2026-04-28', '2026-05-28']],
  ])('of %s fall due as people expect at the ends of months', (firstDue, days) => {
    expect([1, 2, 3, 4].map((n) => dueDay(plainDate(firstDue), 'month', n))).toEqual(days);
  });

  test('of two weeks fall due on the same weekday', () => {
    expect([1, 2, 3].map((n) => dueDay(plainDate('2026-02-20'), 'two-weeks', n))).toEqual([
      '2026-02-20',
      '2026-03-06',
      '2026-03-20',
    ]);
  });

  test('are reminded of, and looked at, at nine in the morning at the bank, over a clock change too', () => {
    const step = instalmentStep(policyOf(), 'Europe/London' as ZoneId, {
      number: 1,
      dueOn: plainDate('2026-03-29'),
      amount: minor(1),
    });
    const at = (instant: number): string => new Date(instant).toISOString();
    if (step.kind !== 'instalment') throw new Error(step.kind);
    expect([at(step.remindAt), at(step.dueBy), at(step.judgeAt)]).toEqual([
      '2026-03-24T09:00:00.000Z',
      '2026-03-29T23:00:00.000Z',
      '2026-04-04T08:00:00.000Z',
    ]);
  });
});

describe('a plan within the policy', () => {
  test('is proposed with its instalments, and one person may agree it', () => {
    expect(proposed()).toMatchObject({ verdict: 'proposed', approval: [] });
  });

  test.each<[string, Parameters<typeof proposed>, string[]]>([
    ['of one instalment', [{ instalments: 1 }], ['too-few-instalments', 'too-short', 'over-income-share']],
    ['of too many', [{ total: minor(6_100_00), instalments: 61 }], ['too-many-instalments']],
    ['over before long', [{ instalments: 3 }, {}, { months: { shortest: 6, longest: 60 } }], ['too-short']],
    ['that takes too long', [{}, {}, { months: { shortest: 1, longest: 10 } }], ['too-long']],
    ['of small change', [{ total: minor(100_000), instalments: 11 }], ['instalment-too-small']],
    ['that takes a third of the income', [{ instalments: 2, total: minor(700_000) }], ['over-income-share']],
    ['of somebody without income', [{}, { monthlyIncome: null }], ['income-unknown']],
    ['that begins tomorrow', [{ firstDue: plainDate('2026-01-13') }], ['first-due-too-soon']],
    ['that begins in a quarter', [{ firstDue: plainDate('2026-04-30') }], ['first-due-too-late']],
    ['for nothing', [{ total: minor(0) }], ['nothing-owed']],
    ['with a rhythm that is not allowed', [{ every: 'two-weeks' }, {}, { every: ['month'] }], ['other-rhythm']],
    ['of a customer who has one', [{}, { openPlan: true }], ['plan-open']],
    ['of an erased customer', [{}, { erased: true }], ['erased']],
    ['of another currency', [{}, { currency: 'CZK' }], ['other-currency']],
  ])('is refused %s', (_what, args, wanted) => {
    expect(reasons(...args)).toEqual(wanted);
  });

  test('takes a share of the income at most: the last fen decides, and twenty-six fortnights make a year', () => {
    // 30 % of 10,000.00
    expect(reasons({ total: minor(600_000), instalments: 2 })).toEqual([]);
    expect(reasons({ total: minor(600_001), instalments: 2 })).toEqual(['over-income-share']);
    // 3,000.00 a month are 1,384.61 a fortnight
    expect(reasons({ total: minor(138_461 * 4), instalments: 4, every: 'two-weeks' })).toEqual([]);
    expect(reasons({ total: minor(138_462 * 4), instalments: 4, every: 'two-weeks' })).toEqual(['over-income-share']);
  });

  test.each<[string, Parameters<typeof proposed>, string[]]>([
    ['a large one', [{ total: minor(5_000_001), instalments: 20 }], ['large-total']],
    ['a long one', [{ instalments: 26 }], ['long-plan']],
    ['limits that are not the bank’s own', [{}, { otherPolicy: true }], ['other-policy']],
    ['an income that only the customer names', [{}, { incomeStated: true }], ['income-stated']],
    ['one at the line', [{ total: minor(5_000_000), instalments: 25 }], []],
  ])('needs another person for %s', (_what, args, approval) => {
    expect(proposed(...args)).toMatchObject({ verdict: 'proposed', approval });
  });

  test('that is refused says what would fit, and that does fit', () => {
    const day = fc.integer({ min: -10, max: 100 }).map((n) => addDays(TODAY, n));
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 20_000_000n }),
        fc.integer({ min: 1, max: 80 }),
        day,
        fc.constantFrom(...RHYTHMS),
        fc.bigInt({ min: 1n, max: 3_000_000n }),
        (total, instalments, firstDue, every, income) => {
          const also = { monthlyIncome: minor(income) };
          const proposal = proposed({ total: minor(total), instalments, firstDue, every }, also);
          if (proposal.verdict === 'proposed' || !proposal.fits) return;
          const { fewest, most, firstDueFrom, firstDueUntil } = proposal.fits;
          for (const count of [fewest, most])
            for (const first of [firstDueFrom, firstDueUntil])
              expect(reasons({ total: minor(total), instalments: count, firstDue: first, every }, also)).toEqual([]);
        },
      ),
    );
  });
});

describe('what was repaid', () => {
  const standing = (...states: InstalmentStanding['state'][]): InstalmentStanding[] =>
    states.map((state, index) => ({ number: index + 1, amount: minor(500), state }));
  const look = (
    instalments: InstalmentStanding[],
    current: number | null,
    paid: number | [number, number],
    how: { final?: boolean; missedFirst?: boolean } = {},
  ): string[] => {
    const [inTime, soFar] = typeof paid === 'number' ? [paid, paid] : paid;
    const looking = { current, final: true, missedFirst: false, ...how };
    return judgeInstalments(instalments, { ...looking, paidInTime: minor(inTime), paidSoFar: minor(soFar) }).map(
      ({ number, verdict }) => `${number} ${verdict}`,
    );
  };

  test('keeps the instalment that is due', () => expect(look(standing('due', 'due'), 1, 500)).toEqual(['1 kept']));
  test('is too little by a fen: it is missed', () => expect(look(standing('due'), 1, 499)).toEqual(['1 missed']));
  test('in part carries over to the next one', () =>
    expect(look(standing('missed', 'due'), 2, 500)).toEqual(['2 kept']));
  test('too much is taken for what was missed, and then ahead', () => {
    expect(look(standing('missed', 'due', 'due'), 2, 1000)).toEqual(['2 kept', '1 made-good']);
    expect(look(standing('missed', 'due', 'due'), 2, 1500)).toEqual(['2 kept', '1 made-good', '3 kept']);
  });
  test('is counted once: what kept an instalment keeps no other', () =>
    expect(look(standing('kept', 'due'), 2, 500)).toEqual(['2 missed']));
  test('after the grace is no longer in time, and makes it good', () =>
    expect(look(standing('due', 'due'), 1, [0, 500])).toEqual(['1 missed', '1 made-good']));
  test('after the grace is late whoever looks first, and nothing ahead of it is paid by it', () => {
    for (const missedFirst of [true, false])
      expect(look(standing('due', 'due'), 1, [0, 500], { final: false, missedFirst })).toEqual([]);
    // what was missed takes the money that was in time; what is left came too late
    const before = { final: false, missedFirst: true };
    expect(look(standing('missed', 'due', 'due'), 2, [500, 1500], before)).toEqual(['1 made-good']);
  });
  test('in time is less what was given already, also when more comes after it', () =>
    expect(look(standing('kept', 'due'), 2, [500, 1000])).toEqual(['2 missed', '2 made-good']));
  test('early keeps, and never misses', () => {
    expect(look(standing('due', 'due'), 1, 500, { final: false })).toEqual(['1 kept']);
    expect(look(standing('missed', 'due'), 2, 499, { final: false })).toEqual([]);
  });
  test('before the reminder is meant for what was missed', () => {
    const before = { final: false, missedFirst: true };
    expect(look(standing('missed', 'due'), 2, 500, before)).toEqual(['1 made-good']);
    expect(look(standing('missed', 'due'), 2, 1000, before)).toEqual(['1 made-good', '2 kept']);
    expect(look(standing('kept', 'due', 'due'), 2, 1500, before)).toEqual(['2 kept', '3 kept']);
  });
  test('that went back to the customer leaves what was kept as it is', () =>
    expect(look(standing('kept', 'due'), 2, 0)).toEqual(['2 missed']));

  test('is never given twice, however it comes and whenever it is looked at', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.tuple(fc.integer({ min: -400, max: 1500 }), fc.boolean(), fc.boolean()), { maxLength: 40 }),
        (amounts, looks) => {
          let instalments: InstalmentStanding[] = amounts.map((amount, index) => ({
            number: index + 1,
            amount: minor(amount),
            state: 'due',
          }));
          let paid = 0n;
          let most = 0n;
          for (const [more, final, missedFirst] of looks) {
            paid += BigInt(more);
            most = paid > most ? paid : most;
            const current = instalments.find(({ state }) => state === 'due')?.number ?? null;
            const money = { paidInTime: minor(paid), paidSoFar: minor(paid) };
            const before = instalments;
            for (const { number, verdict } of judgeInstalments(instalments, {
              current,
              final,
              missedFirst,
              ...money,
            })) {
              const from = instalments.find((one) => one.number === number)?.state;
              expect([from, verdict]).toEqual(verdict === 'made-good' ? ['missed', 'made-good'] : ['due', verdict]);
              instalments = instalments.map((one) => (one.number === number ? { ...one, state: verdict } : one));
            }
            // a look whose time is over decides on the instalment that was due
            if (final && current !== null) expect(instalments[current - 1]?.state).not.toBe('due');
            if (!final)
              expect(instalments.filter(({ state }) => state === 'missed').length).toBeLessThanOrEqual(
                before.filter(({ state }) => state === 'missed').length,
              );
            const given = instalments
              .filter(({ state }) => state === 'kept' || state === 'made-good')
              .reduce((sum, { amount }) => sum + amount, 0n);
            expect(given <= most).toBe(true);
            if (planOutlook(instalments, amounts.length, false) === 'kept')
              expect(given).toBe(amounts.reduce((sum, amount) => sum + BigInt(amount), 0n));
          }
        },
      ),
    );
  });

  test.each<[string, InstalmentStanding['state'][], boolean, string]>([
    ['as long as something falls due', ['missed', 'missed', 'due'], false, 'running'],
    ['broken by one more than allowed', ['missed', 'missed', 'missed', 'due'], false, 'broken'],
    ['not broken by what was paid later', ['missed', 'missed', 'made-good', 'due'], false, 'running'],
    ['kept when all is paid', ['kept', 'made-good'], false, 'kept'],
    ['in its last month while something is missed', ['kept', 'missed'], false, 'catch-up'],
    ['broken after it', ['kept', 'missed'], true, 'broken'],
  ])('the plan is %s', (_what, states, over, outlook) => {
    expect(planOutlook(standing(...states), 2, over)).toBe(outlook);
  });
});

describe('the policy’s file', () => {
  const shipped = readFileSync(POLICY_FILE, 'utf8');
  const lineOf = (part: string): number => shipped.slice(0, shipped.indexOf(part)).split('\n').length;
  test('as shipped is valid, and survives being stored as JSON', () => {
    const policy = policyOf();
    expect(policy).toMatchObject({ policy: 'repayment-plans', firstDueWithin: 62, leastInstalment: '100' });
    expect(JSON.parse(JSON.stringify(policy))).toEqual(policy);
  });

  test.each([
    ['an unknown key', 'graceDays: 5', 'graceDay: 5', '"graceDay" is not known; did you mean "graceDays"?'],
    ['no instalments', 'least: 2', 'least: 0', 'instalments.least is at least 1'],
    ['a least above the most', 'most: 60', 'most: 1', 'the least, 2, is more than the most, 1', 'least: 2'],
    ['a shortest above the longest', 'longest: 60', 'longest: 0', 'the shortest, 1, is longer', 'shortest: 1'],
    ['more than all income', 'incomeShareAtMost: 3000', 'incomeShareAtMost: 30000', 'is at most 10000'],
    ['an amount of nothing', 'leastInstalment: 100', 'leastInstalment: 0', '"0" is no amount; write an amount above 0'],
    ['an amount in words', 'above: 50000', 'above: much', '"much" is no amount'],
    [
      'a wait that is none',
      'firstDueWithin: 62 days',
      'firstDueWithin: soon',
      '"soon" is not how long; write for instance',
    ],
    ['a reminder before the last one was looked at', 'graceDays: 5', 'graceDays: 9', 'are 13 together at most'],
    ['a category that is no repayment', '[transfer-in,', '[fee,', 'repayments.0 is "fee", but must be'],
    ['a rhythm that nobody knows', '[month,', '[year,', 'every.0 is "year", but must be month or two-weeks'],
  ])('with %s is told with its line', (_what, part, by, message, at = part) => {
    expect(shipped).toContain(part);
    const reading = readRepaymentPolicy(shipped.replace(part, by), 'p.yaml');
    const told = reading.ok ? [] : reading.problems.map(({ line, message: words }) => `${line} ${words}`);
    expect(told.join('\n')).toContain(message);
    expect(told.some((line) => line.startsWith(`${lineOf(at)} `))).toBe(true);
  });

  test('under which no plan fits is refused', () => {
    const text = shipped.replace('least: 2', 'least: 30').replace('longest: 60', 'longest: 12');
    const reading = readRepaymentPolicy(text, 'p.yaml');
    expect(reading.ok ? '' : reading.problems[0]?.message).toMatch(
      /30 monthly instalments take 29 months.*no plan would fit/,
    );
  });
});

test('months are added from the day that is given', () => {
  const months = (day: string, n: number): PlainDate => addMonths(plainDate(day), n);
  expect([months('2026-01-31', 1), months('2026-01-31', 2), months('2028-01-31', 1)]).toEqual([
    '2026-02-28',
    '2026-03-31',
    '2028-02-29',
  ]);
});
