import type { Trigger } from '../trigger-names.js';
import { Random } from './random.js';

/** Cases that detection must find; each has its trigger's name. */
export const PLANTED_KINDS = [
  'income-stopped',
  'income-lowered',
  'tier-at-risk',
  'large-outflow',
  'maturing-30',
  'maturing-7',
  'card-overused',
  'dormant',
] as const satisfies readonly Trigger[];

/** Cases that look like trouble and are none: detection must leave them alone. */
export const HARD_NEGATIVES = [
  'late-payday',
  'bonus-month',
  'large-purchase',
  'own-transfer',
  'seasonal-dip',
  'renewed-deposit',
] as const;

export type PlantedKind = (typeof PLANTED_KINDS)[number];
export type HardNegative = (typeof HARD_NEGATIVES)[number];
export type CustomerKind = PlantedKind | HardNegative | 'ordinary';

/** In each run of this many customers every kind occurs once: 2 % each, whatever the size of the bank. */
export const KIND_BLOCK = 50;
/** Keeps the stream that deals the kinds apart from the customers' own. */
const KINDS_STREAM = 0x6b696e64;

/** How the kinds are dealt within one block of customers. */
function kindsOfBlock(seed: number, block: number): readonly CustomerKind[] {
  const cases: CustomerKind[] = [...PLANTED_KINDS, ...HARD_NEGATIVES];
  const ordinary = Array.from({ length: KIND_BLOCK - cases.length }, (): CustomerKind => 'ordinary');
  return new Random(seed, KINDS_STREAM, block).shuffle([...cases, ...ordinary]);
}

/** The kind of the customer with this index, 0 or more; it doesn't depend on how many customers there are. */
export function kindOf(seed: number, index: number): CustomerKind {
  return kindsOfBlock(seed, Math.floor(index / KIND_BLOCK))[index % KIND_BLOCK] as CustomerKind;
}

export const isPlanted = (kind: CustomerKind): kind is PlantedKind =>
  (PLANTED_KINDS as readonly string[]).includes(kind);

/** Cases that are made by changing salaries. */
const INCOME_KINDS = [
  'income-stopped',
  'income-lowered',
  'late-payday',
  'bonus-month',
  'seasonal-dip',
] as const satisfies readonly CustomerKind[];

export type IncomeKind = (typeof INCOME_KINDS)[number];

export const isIncomeKind = (kind: CustomerKind): kind is IncomeKind =>
  (INCOME_KINDS as readonly string[]).includes(kind);
