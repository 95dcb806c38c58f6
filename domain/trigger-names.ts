/** What detection looks for; the rule of each is in triggers.ts. */
export const TRIGGERS = [
  'tier-at-risk',
  'income-lowered',
  'income-stopped',
  'large-outflow',
  'maturing-30',
  'maturing-7',
  'dormant',
  'negative-balance',
  'card-overused',
  'tier-lost',
] as const;
/** These mean credit trouble: care, never promotion. */
export const CREDIT_TRIGGERS = [
  'negative-balance',
  'card-overused',
] as const satisfies readonly (typeof TRIGGERS)[number][];
/** Days for which such a finding keeps promotions away, counted on the bank's data. */
export const CREDIT_CARE_DAYS = 45;

export type Trigger = (typeof TRIGGERS)[number];
