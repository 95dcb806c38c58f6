import { parseTierRule, type TierRule } from './tier-rules.js';

/**
 * Four ways in which real banks take a tier away, read from what the banks publish. They are examples to start from:
 * a bank's own terms decide, and amounts belong to the bank's tiers, not to the rule.
 */
export const TIER_RULE_EXAMPLES: readonly TierRule[] = [
  {
    ruleRef: 'bohai',
    version: 1,
    source:
      'China Bohai Bank, 个人客户分级标准, www.cbhb.com.cn/bhbank/S101/lingshouyinhangfuwu/bxyw/index.htm: month average of ' +
      'assets; up from the next month; watched (关注) from the first miss; after three misses in a row, in the fourth ' +
      'month, down to the tier of the third month; private banking, from the sixth tier up, after six',
    jurisdiction: 'CN',
    measure: 'daily-average',
    averageMonths: 1,
    everyMonths: 1,
    watchAfterMisses: 1,
    fallAfterMisses: 3,
    // the bank has five tiers below private banking; a shorter ladder never gets there
    slowerFall: { fromRank: 5, fallAfterMisses: 6 },
    fallTo: 'tier-of-period-average',
    noticePeriods: 0,
    guaranteeMonths: 0,
    graceMonths: 0,
  },
  {
    ruleRef: 'ccb',
    version: 1,
    source:
      'China Construction Bank, 客户星级, "up fast, down slowly" (快升缓降): watched after three misses, down after three ' +
      'more to the best of the six months. Known at second hand only; to be confirmed against the current terms',
    jurisdiction: 'CN',
    measure: 'daily-average',
    averageMonths: 1,
    everyMonths: 1,
    watchAfterMisses: 3,
    fallAfterMisses: 6,
    fallTo: { bestOfPeriods: 6 },
    noticePeriods: 0,
    guaranteeMonths: 0,
    graceMonths: 0,
  },
  {
    ruleRef: 'hsbc-in',
    version: 1,
    source:
      'HSBC India, Premier: quarterly relationship balance, www.hsbc.co.in/premier/fees-and-charges; a shortfall is ' +
      'notified in the following quarter and has no consequence when made good by its end, Service Charges, Fees, Terms ' +
      'and Conditions, "Key things you should know"; the account may be reclassified with notice of 30 days. The bank ' +
      'also charges for the shortfall, which this rule leaves out',
    jurisdiction: 'IN',
    measure: 'daily-average',
    averageMonths: 3,
    everyMonths: 3,
    watchAfterMisses: 1,
    fallAfterMisses: 2,
    fallTo: 'tier-of-period-average',
    noticePeriods: 1,
    guaranteeMonths: 0,
    graceMonths: 0,
  },
  {
    ruleRef: 'bofa',
    version: 1,
    source:
      'Bank of America, Preferred Rewards as it was: average over three calendar months, ' +
      'www.bankofamerica.com/preferred-rewards/understanding-preferred-rewards-requirements; up in any month; a tier ' +
      'stands for twelve months, then three months of grace before it is lowered',
    jurisdiction: 'US',
    measure: 'daily-average',
    averageMonths: 3,
    everyMonths: 1,
    watchAfterMisses: 1,
    fallAfterMisses: 1,
    fallTo: 'tier-of-period-average',
    noticePeriods: 0,
    guaranteeMonths: 12,
    graceMonths: 3,
  } as const,
].map(parseTierRule);

/** The shipped rule of this name. @throws RangeError that lists the names there are */
export function exampleRule(ruleRef: string): TierRule {
  const rule = TIER_RULE_EXAMPLES.find((candidate) => candidate.ruleRef === ruleRef);
  if (rule) return rule;
  const names = TIER_RULE_EXAMPLES.map((candidate) => candidate.ruleRef).join(', ');
  throw new RangeError(`there is no tier rule "${ruleRef}"; there are ${names}`);
}
