import fc from 'fast-check';
import {
  forbiddenIn,
  GIFT_RULE_TABLE,
  giftRefusal,
  giftRule,
  needsApproval,
  REWARDED,
  type Rewarded,
} from '../../domain/gift-rules.js';

/** What stands in the way of each reward, written out by hand: the table must say the same. */
const FORBIDDEN: Readonly<Record<string, readonly Rewarded[]>> = {
  CN: ['deposit', 'balance'],
  CZ: [],
  GB: [],
  US: [],
  // not in the table
  IN: ['deposit', 'balance'],
  XX: ['deposit', 'balance'],
};
const cases = Object.keys(FORBIDDEN).flatMap((jurisdiction) =>
  REWARDED.map((rewards): [string, Rewarded, boolean] => [
    jurisdiction,
    rewards,
    FORBIDDEN[jurisdiction]?.includes(rewards) ?? false,
  ]),
);

test('every row of the table is looked at below', () => {
  expect(Object.keys(FORBIDDEN)).toEqual(expect.arrayContaining(GIFT_RULE_TABLE.map((rule) => rule.jurisdiction)));
});

test.each(cases)('%s, a reward for %s: forbidden without approval is %s', (jurisdiction, rewards, forbidden) => {
  expect(giftRefusal(jurisdiction, rewards, false) !== null).toBe(forbidden);
  expect(needsApproval(jurisdiction, rewards)).toBe(forbidden);
  expect(giftRefusal(jurisdiction, rewards, true)).toBeNull();
});

test('a refusal names the rule, where there is one, and says where nobody has looked', () => {
  expect(giftRefusal('CN', 'balance', false)).toBe(
    'a reward for an average balance kept is a gift for deposits, which CN forbids (商业银行法 art. 47; ' +
      "银保监办发〔2018〕48号, item 2 (1) 违规返利吸存); it needs compliance's approval of this very version (gift-rules@1)",
  );
  expect(giftRefusal('IN', 'deposit', false)).toBe(
    'a reward for money brought in may be a gift for deposits, and what IN says of those is not in the table; ' +
      "it needs compliance's approval of this very version (gift-rules@1)",
  );
});

test('each jurisdiction is there once, with its source and what is not certain about it', () => {
  const names = GIFT_RULE_TABLE.map((rule) => rule.jurisdiction);
  expect(new Set(names).size).toBe(names.length);
  for (const { jurisdiction, source, note } of GIFT_RULE_TABLE) {
    expect(jurisdiction).toMatch(/^[A-Z]{2}$/);
    expect(source).not.toBe('');
    expect(note).not.toBe('');
  }
  expect(forbiddenIn('balance')).toEqual(['CN']);
  expect(forbiddenIn('survey')).toEqual([]);
});

test('whatever the country: gifts for deposits pass only where the table says so or compliance does', () => {
  const known = fc.constantFrom(...GIFT_RULE_TABLE.map((rule) => rule.jurisdiction));
  const jurisdictions = fc.oneof(known, fc.string(), fc.constantFrom('cn', 'CN ', '__proto__', 'constructor', ''));
  fc.assert(
    fc.property(jurisdictions, fc.constantFrom(...REWARDED), fc.boolean(), (jurisdiction, rewards, approved) => {
      const refusal = giftRefusal(jurisdiction, rewards, approved);
      const rule = giftRule(jurisdiction);
      const forDeposits = rewards === 'deposit' || rewards === 'balance';
      const forbidden = rule ? rule.forbids.includes(rewards) : forDeposits;
      expect(refusal !== null).toBe(forbidden && !approved);
      if (refusal !== null) expect(refusal).toMatch(/^a reward for .* approval of this very version/s);
    }),
  );
});
