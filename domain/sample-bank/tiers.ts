import { minor, type Minor, type TierRef } from '../types.js';

export type SampleTier = 'mass' | 'affluent' | 'private';

/** fen; whole numbers far below 2^53, so that drafts may be reckoned as plain numbers */
export const yuan = (amount: number): number => Math.round(amount) * 100;

/** Qualifying balance to hold in each tier, in fen. */
export const THRESHOLD_FEN: Readonly<Record<SampleTier, number>> = {
  mass: 0,
  affluent: yuan(500_000),
  private: yuan(6_000_000),
};

/** The sample bank's tiers, the lowest first. */
export const SAMPLE_TIERS: readonly {
  readonly tier: TierRef;
  readonly rank: number;
  readonly nameEn: string;
  readonly nameZh: string;
  readonly threshold: Minor;
}[] = [
  { tier: 'mass' as TierRef, rank: 0, nameEn: 'Standard', nameZh: '大众', threshold: minor(THRESHOLD_FEN.mass) },
  {
    tier: 'affluent' as TierRef,
    rank: 1,
    nameEn: 'Affluent',
    nameZh: '财富',
    threshold: minor(THRESHOLD_FEN.affluent),
  },
  {
    tier: 'private' as TierRef,
    rank: 2,
    nameEn: 'Private',
    nameZh: '私人银行',
    threshold: minor(THRESHOLD_FEN.private),
  },
];
