import {
  minimumOf,
  riskGradeOn,
  type Product,
  type ProductCatalogue,
  type ProductKind,
  type ProductRef,
  type SpendingCategory,
  type TierStrategy,
} from './product-catalogue.js';
import { suitability, type SuitabilityFacts, type UnsuitableReason } from './suitability.js';
import type { Reason } from './triggers.js';
import { addDays, daysBetween, minor, type Minor, type PlainDate } from './types.js';

/** The version of the rules below, kept with everything that was decided by them; they ask suitability@1. */
export const NEXT_BEST_PRODUCT_RULES = 'next-best-product@1';
/** Days up to the day asked about of which spending counts. */
export const SPENDING_DAYS = 90;
/** Days within which something that matures is worth a word about what comes after. */
export const MATURES_WITHIN_DAYS = 30;

/** What anybody may need, whatever they do and want to bear. */
const BASIC_KINDS: readonly ProductKind[] = ['savings', 'term-deposit', 'service'];

export interface Holding {
  /** as the bank calls it; it need not be in the catalogue any more */
  product: string;
  principal: Minor;
  maturesOn: PlainDate | null;
  /** the customer has said by the day asked about that it goes on */
  renewalAgreed: boolean;
}

/** What is known of one customer on the day judged; the bank's data may end before it, and nothing later is seen. */
export interface ProductFacts extends SuitabilityFacts {
  /** what keeps everything away, whatever the product */
  barred: readonly ('erased' | 'not-a-customer' | 'credit-care')[];
  /** on current and savings accounts, as the bank's data tell last */
  available: Minor;
  hasCreditCard: boolean;
  /** net of refunds and of the customer's own transfers, above 0 */
  spending: readonly { category: SpendingCategory; amount: Minor }[];
  /** held on the day */
  holdings: readonly Holding[];
}

/** What speaks for a product, the strongest first. */
export const OCCASIONS = ['roll-over', 'investment', 'card', 'basic'] as const;
export type Occasion = (typeof OCCASIONS)[number];

/** Why a suitable product is not the next best, each in words for staff. */
export const NOT_NEXT = {
  erased: "the customer's data were erased",
  'not-a-customer': 'not a customer on that day',
  'credit-care': 'the customer is in credit care, where nothing is sold',
  'not-in-strategy': 'the strategy of the tier leaves such products out',
  'already-held': 'the customer has it already',
  'minimum-above-means': 'its minimum is above the money that is there',
  'no-spending': 'the customer spends nothing that a card is for',
  'other-spending': 'the customer spends most on something else',
  'not-offered-unasked': 'a loan is never offered unasked',
} as const;
export type NotNextReason = keyof typeof NOT_NEXT;

/** A product with what speaks for it. */
export interface RankedProduct {
  product: Product;
  occasion: Occasion;
  reasons: Reason[];
}

/** A product with all that speaks against it. */
export interface RefusedProduct {
  product: ProductRef;
  reasons: (Reason & { code: UnsuitableReason | NotNextReason })[];
}

export interface NextBest {
  strategy: TierStrategy | null;
  /** the best first; empty: nothing suits */
  ranked: RankedProduct[];
  refused: RefusedProduct[];
}

type Chance = RankedProduct & { weight: number };
type Judged = { chance: Chance } | { refused: RefusedProduct };

/**
 * The products for a customer in their order, and why each of the others is not among them. First what could follow
 * something that matures, then an investment as near to the appetite as there is, then a card for what is spent most,
 * then what is basic. The same facts always give the same order: ties go by the higher rate, then by name.
 */
export function nextBestProducts(facts: ProductFacts, catalogue: ProductCatalogue): NextBest {
  const strategy = catalogue.strategies.find(({ tier }) => tier === facts.tierRef) ?? null;
  const judged = catalogue.products.map((product) => judge(facts, product, catalogue, strategy));
  const ranked = judged
    .flatMap((one) => ('chance' in one ? [one.chance] : []))
    .sort(
      (a, b) =>
        OCCASIONS.indexOf(a.occasion) - OCCASIONS.indexOf(b.occasion) ||
        b.weight - a.weight ||
        (b.product.rate?.basisPoints ?? 0) - (a.product.rate?.basisPoints ?? 0) ||
        (a.product.product < b.product.product ? -1 : 1),
    )
    .map(({ product, occasion, reasons }) => ({ product, occasion, reasons }));
  return { strategy, ranked, refused: judged.flatMap((one) => ('refused' in one ? [one.refused] : [])) };
}

function judge(
  facts: ProductFacts,
  product: Product,
  catalogue: ProductCatalogue,
  strategy: TierStrategy | null,
): Judged {
  const against: RefusedProduct['reasons'] = facts.barred.map((code) => ({ code, numbers: {} }));
  const verdict = suitability(facts, product);
  if (!verdict.suitable)
    against.push(...verdict.reasons.map((code) => ({ code, numbers: numbersOf(code, facts, product) })));
  if (strategy?.kinds && !strategy.kinds.includes(product.kind)) against.push({ code: 'not-in-strategy', numbers: {} });
  const chance = chanceOf(facts, product, catalogue);
  if ('code' in chance) against.push(chance);
  return 'code' in chance || against.length > 0
    ? { refused: { product: product.product, reasons: against } }
    : { chance };
}

/** What lets a person see that the reason is right. */
function numbersOf(code: UnsuitableReason, { assessment, day }: ProductFacts, product: Product): Reason['numbers'] {
  if (code === 'risk-above-appetite')
    return { grade: riskGradeOn(product, day) ?? 0, appetite: assessment?.appetite ?? 0 };
  return code === 'assessment-expired' ? { validUntil: assessment?.validUntil ?? '' } : {};
}

type Against = Reason & { code: NotNextReason };

function chanceOf(facts: ProductFacts, product: Product, catalogue: ProductCatalogue): Chance | Against {
  const { kind } = product;
  if (kind === 'loan') return { code: 'not-offered-unasked', numbers: {} };
  if (kind === 'credit-card') return cardChance(facts, product);
  const minimum = minimumOf(product, catalogue);
  if (kind === 'term-deposit') {
    const chance = rollOver(facts, product, minimum);
    if (chance) return chance;
  }
  if (facts.holdings.some((held) => held.product === product.product)) return { code: 'already-held', numbers: {} };
  if (facts.available < minimum)
    return { code: 'minimum-above-means', numbers: { minimum: String(minimum), available: String(facts.available) } };
  const grade = riskGradeOn(product, facts.day) ?? 0;
  // insurance without an investment in it protects: nothing of the appetite speaks for it
  if (BASIC_KINDS.includes(kind) || (kind === 'insurance' && grade === 1))
    return { product, occasion: 'basic', weight: 0, reasons: [{ code: 'basic', numbers: {} }] };
  const reason = { code: 'nearest-to-appetite', numbers: { grade, appetite: facts.assessment?.appetite ?? 0 } };
  // nothing above the appetite is suitable, so the highest grade is the nearest
  return { product, occasion: 'investment', weight: grade, reasons: [reason] };
}

/** What matures soon and nobody agreed to renew: the same term first, for the customer chose it once. */
function rollOver({ holdings, day }: ProductFacts, product: Product, minimum: Minor): Chance | null {
  const [largest] = holdings
    .filter(
      ({ maturesOn, renewalAgreed, principal }) =>
        maturesOn !== null &&
        !renewalAgreed &&
        maturesOn >= day &&
        maturesOn <= addDays(day, MATURES_WITHIN_DAYS) &&
        principal >= minimum,
    )
    .sort(
      (a, b) =>
        Number(b.product === product.product) - Number(a.product === product.product) ||
        (b.principal > a.principal ? 1 : -1),
    );
  if (!largest?.maturesOn) return null;
  const { principal, maturesOn } = largest;
  const numbers = { principal: String(principal), maturesOn, days: daysBetween(day, maturesOn) };
  const weight = Number(largest.product === product.product);
  return { product, occasion: 'roll-over', weight, reasons: [{ code: 'matures-soon', numbers }] };
}

/** A card for what the customer spends most on, by the share of all spending that it is for. */
function cardChance({ hasCreditCard, spending }: ProductFacts, product: Product): Chance | Against {
  if (hasCreditCard) return { code: 'already-held', numbers: {} };
  const [top] = [...spending].sort((a, b) =>
    a.amount === b.amount ? (a.category < b.category ? -1 : 1) : b.amount > a.amount ? 1 : -1,
  );
  if (!top) return { code: 'no-spending', numbers: { days: SPENDING_DAYS } };
  const total = sum(spending);
  const share = (amount: Minor): number => Number((amount * 100n) / total);
  const categories: readonly SpendingCategory[] = product.forSpending ?? [];
  const numbers = { top: top.category, topPercent: share(top.amount), spent: String(total), days: SPENDING_DAYS };
  if (!categories.includes(top.category)) return { code: 'other-spending', numbers };
  const percent = share(sum(spending.filter(({ category }) => categories.includes(category))));
  const reasons = [{ code: 'spends-most-on', numbers: { ...numbers, forPercent: percent } }];
  return { product, occasion: 'card', weight: percent, reasons };
}

const sum = (parts: readonly { amount: Minor }[]): Minor =>
  parts.reduce((total, { amount }) => minor(total + amount), minor(0));
