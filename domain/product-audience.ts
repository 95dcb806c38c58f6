import type { Problem, Product, ProductCatalogue, TierStrategy } from './product-catalogue.js';
import type { TierRef } from './types.js';

/**
 * Whether customers of a tier may be offered a product: the tiers that it names, and what their strategy names.
 * @param strategy null: the tier has none, and every kind is offered
 */
export function isOfferedTo(product: Product, tierRef: TierRef, strategy: TierStrategy | null): boolean {
  return isForTier(product, tierRef) && (strategy?.kinds?.includes(product.kind) ?? true);
}

export const isForTier = ({ tiers }: Pick<Product, 'tiers'>, tierRef: TierRef): boolean =>
  tiers === 'all' || tiers.includes(tierRef);

/** From this age on, whole years, high risk is explained in person and never pitched; see suitability.ts. */
export const SPECIAL_CARE_AGE = 65;
/** What is above this grade is high risk there. */
export const SPECIAL_CARE_ABOVE = 3;

/** What makes a product one that nobody may get. */
export function nobodyMayGet({ tiers, ages, ratings, validFrom, validTo }: Product): Problem[] {
  const problems: Problem[] = [];
  const say = (path: PropertyKey[], message: string): void => void problems.push({ path, message });
  const { from, to } = ages ?? {};
  if (tiers.length === 0) say(['tiers'], 'nobody may get it; write "all", or at least one tier');
  if (from !== undefined && to !== undefined && to < from)
    say(['ages', 'to'], `nobody is ${from} or older and ${to} or younger; write ${from} or more, or a younger "from"`);
  if (validFrom !== undefined && validTo !== undefined && validTo < validFrom)
    say(['validTo'], `the last day is before the first, so nobody may get it; write ${validFrom} or a later day`);
  const [first] = ratings;
  if (first && validTo !== undefined && first.from > validTo)
    say(
      ['ratings'],
      `it is rated from ${first.from} on and offered until ${validTo}, so nobody may get it; correct one`,
    );
  if ((from ?? 0) >= SPECIAL_CARE_AGE && ratings.every(({ level }) => Number(level.slice(1)) > SPECIAL_CARE_ABOVE))
    say(
      ['ages', 'from'],
      `from ${SPECIAL_CARE_AGE} on nothing above R${SPECIAL_CARE_ABOVE} is offered, so nobody may get it; write a younger age`,
    );
  return problems;
}

/** What is wrong between the strategies of the tiers, and the products that they could offer. */
export function strategyProblems({ strategies, products }: ProductCatalogue): Problem[] {
  return strategies.flatMap((strategy, index): Problem[] => {
    if (strategies.findIndex((other) => other.tier === strategy.tier) < index)
      return [
        {
          path: ['strategies', index, 'tier'],
          message: `tier "${strategy.tier}" has a strategy already; leave one of them out`,
        },
      ];
    if (products.some((product) => isOfferedTo(product, strategy.tier, strategy))) return [];
    const kinds = strategy.kinds ? ` of kind ${strategy.kinds.join(' or ')}` : '';
    return [
      {
        path: ['strategies', index, strategy.kinds ? 'kinds' : 'tier'],
        message: `no product${kinds} is for tier "${strategy.tier}", so nobody is offered anything; name other kinds, or add the tier to a product`,
      },
    ];
  });
}
