import { percentOf } from '../domain/money-text.js';
import type { Language } from '../domain/types.js';
import type { Recommendation } from '../store/recommendations.js';
import type { MessageData } from './message-templates.js';

/** A recommended product as a letter speaks of it, in the customer's language; the course is told beside it. */
export function productInLetter(
  { name, advantage, rateBasisPoints, preferentialOffer, strategy }: Recommendation,
  language: Language,
): NonNullable<MessageData['product']> {
  return {
    name: name[language],
    advantage: advantage[language],
    bespoke: strategy === 'bespoke-plan',
    ...(rateBasisPoints === null ? {} : { rate: percentOf(rateBasisPoints) }),
    ...(preferentialOffer ? { preferentialOffer: preferentialOffer.name[language] } : {}),
  };
}
