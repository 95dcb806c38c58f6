/** The version of the table below, kept with every approval. A changed table is a new version. */
export const GIFT_RULES = 'gift-rules@1';

/** What a reward may be for; a closed list, so that no reward is for something that the table has not looked at. */
export const REWARDED = ['deposit', 'balance', 'tier', 'transactions', 'education', 'survey'] as const;
export type Rewarded = (typeof REWARDED)[number];

const IN_WORDS: Readonly<Record<Rewarded, string>> = {
  deposit: 'money brought in',
  balance: 'an average balance kept',
  tier: 'a tier held',
  transactions: 'transactions',
  education: 'a lesson learnt',
  survey: 'a survey answered',
};

/** What a reward is for, to be read after "for": `an average balance kept`. */
export const rewardedWords = (rewards: Rewarded): string => IN_WORDS[rewards];

/** What one jurisdiction says about gifts for deposits. */
export interface GiftRule {
  /** ISO 3166-1 alpha-2, as the installation has it */
  readonly jurisdiction: string;
  /** rewards that compliance has to approve first; empty: none */
  readonly forbids: readonly Rewarded[];
  /** where it is written */
  readonly source: string;
  /** how it is read here, and what is not certain about it */
  readonly note: string;
}

const FOR_DEPOSITS: readonly Rewarded[] = ['deposit', 'balance'];

/** What is known of gifts for deposits. It is where to begin and no legal advice: a bank's counsel confirms each row. */
export const GIFT_RULE_TABLE: readonly GiftRule[] = [
  {
    jurisdiction: 'CN',
    forbids: FOR_DEPOSITS,
    source: '商业银行法 art. 47; 银保监办发〔2018〕48号, item 2 (1) 违规返利吸存',
    note:
      'No deposits by improper means (the law), such as cash or securities handed back or things given (the notice). ' +
      'Neither names points for an average kept; they are taken for such a gift until compliance says otherwise.',
  },
  {
    jurisdiction: 'CZ',
    forbids: [],
    source: 'zákon č. 634/1992 Sb., o ochraně spotřebitele: unfair commercial practices',
    note: 'No rule against gifts for deposits is known to us; what is promised must not mislead.',
  },
  {
    jurisdiction: 'GB',
    forbids: [],
    source: 'FCA Handbook, BCOBS 2',
    note: 'Promotions are fair, clear and not misleading. No rule against gifts for deposits is known to us.',
  },
  {
    jurisdiction: 'US',
    forbids: [],
    source: 'Regulation DD, 12 CFR 1030.2(f), 1030.4(b)(7), 1030.8(d)',
    note: 'A bonus for a balance must be disclosed, and is not forbidden by it. The law of the states was not looked at.',
  },
];

/** The row of a jurisdiction; null where nobody has looked. */
export const giftRule = (jurisdiction: string): GiftRule | null =>
  GIFT_RULE_TABLE.find((rule) => rule.jurisdiction === jurisdiction) ?? null;

/** Whether compliance must approve a reward first. Where nobody has looked, what is for deposits does. */
export const needsApproval = (jurisdiction: string, rewards: Rewarded): boolean =>
  (giftRule(jurisdiction)?.forbids ?? FOR_DEPOSITS).includes(rewards);

/** Where the table says that compliance must approve it first. */
export const forbiddenIn = (rewards: Rewarded): string[] =>
  GIFT_RULE_TABLE.filter(({ forbids }) => forbids.includes(rewards)).map(({ jurisdiction }) => jurisdiction);

/**
 * Why a reward may not be published, in words; null when it may.
 * @param jurisdiction ISO 3166-1 alpha-2
 * @param approved     whether compliance approved this very version
 */
export function giftRefusal(jurisdiction: string, rewards: Rewarded, approved: boolean): string | null {
  if (approved || !needsApproval(jurisdiction, rewards)) return null;
  const rule = giftRule(jurisdiction);
  const why = rule
    ? `is a gift for deposits, which ${jurisdiction} forbids (${rule.source})`
    : `may be a gift for deposits, and what ${jurisdiction} says of those is not in the table`;
  return `a reward for ${rewardedWords(rewards)} ${why}; it needs compliance's approval of this very version (${GIFT_RULES})`;
}
