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
] as const;
export type Trigger = (typeof TRIGGERS)[number];
