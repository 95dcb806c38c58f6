import * as fc from 'fast-check';
import { counterOffer, isSamePerson, rateWith } from '../../domain/counter-offer.js';
import { product } from './products.js';

const deposit = product('term-deposit-12m');
const loan = product('personal-loan');

test('a manager alone goes up to the authority, two people up to the limit, and nobody further', () => {
  fc.assert(
    fc.property(fc.integer({ min: -10, max: 600 }), (better) => {
      const { verdict } = counterOffer(deposit, better);
      expect(verdict).toBe(
        better < 1 || better > 30 ? 'refused' : better <= 10 ? 'within-authority' : 'needs-approval',
      );
    }),
  );
  expect(counterOffer(deposit, 2.5)).toMatchObject({ verdict: 'refused', why: 'below-least' });
  expect(counterOffer(product('account-check'), 1)).toMatchObject({ verdict: 'refused', why: 'no-rate' });
});

test('better means more interest on a deposit and less on a loan, never below nothing', () => {
  expect([rateWith(deposit, 10), rateWith(loan, 10), rateWith(loan, 999)]).toEqual([145, 410, 0]);
  expect(rateWith(product('account-check'), 10)).toBeNull();
});

test('blanks and capitals make no second person', () => {
  expect(isSamePerson('Wang Fang', ' wang fang ')).toBe(true);
  expect(isSamePerson('Wang Fang', 'Wang Fan')).toBe(false);
});
