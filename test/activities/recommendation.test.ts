import { renderMessage, type MessageData } from '../../activities/message-templates.js';
import { productInLetter } from '../../activities/recommendation.js';
import type { ProductRef } from '../../domain/product-catalogue.js';
import { plainDate, type CustomerRef, type Language, type OfferRef } from '../../domain/types.js';
import type { Recommendation } from '../../store/recommendations.js';
import { product } from '../domain/products.js';

const { name, advantage } = product('term-deposit-12m');
const recommendation: Recommendation = {
  customerRef: 'c1' as CustomerRef,
  asOf: plainDate('2026-11-24'),
  catalogueVersion: 1,
  product: 'term-deposit-12m' as ProductRef,
  name,
  advantage,
  rateBasisPoints: 145,
  occasion: 'basic',
  reasons: [],
  refused: [],
  strategy: 'product-and-preferential-offer',
  preferentialOffer: {
    offerRef: 'priority-home-loan' as OfferRef,
    name: { en: 'Priority home loan decision', 'zh-CN': '优先住房贷款审批' },
  },
  course: null,
  rules: 'x',
};

function letter(language: Language, changes: Partial<Recommendation> = {}, more: Partial<MessageData> = {}) {
  const data: MessageData = {
    customer: { name: 'Li Na' },
    bank: { name: 'Bank' },
    manager: { name: 'Wang Fang', email: 'wang.fang@bank.example' },
    links: { unsubscribe: 'https://bank.example/unsubscribe/t' },
    product: productInLetter({ ...recommendation, ...changes }, language),
    ...more,
  };
  return renderMessage({ template: 'suitable-offer', language, data });
}

test.each([
  ['en', ['12-Month Deposit', '1.45% a year', 'covered by deposit insurance', 'Priority home loan decision']],
  ['zh-CN', ['一年期定期存款', '年利率 1.45%', '受存款保险保障', '优先住房贷款审批']],
] as const)('the offer in %s names the product, its advantage, its rate and what goes with it', (language, words) => {
  const { html, text } = letter(language);
  for (const part of [html, text]) for (const word of words) expect(part).toContain(word);
  expect(text).not.toMatch(/plan of your own|专属方案|course|课程/);
  expect(text).not.toMatch(/\n{3}/);
});

test('a private customer reads of a plan of their own, a mass customer of a course', () => {
  const plan = letter('en', { strategy: 'bespoke-plan', preferentialOffer: null }).text;
  expect(plan).toContain('I will draw up a plan of your own. It could begin with this:');
  expect(plan).not.toContain('Priority home loan');
  expect(letter('zh-CN', { strategy: 'bespoke-plan' }).text).toContain('专属方案');
  const course = { title: 'How your tier is decided', minutes: 12 };
  expect(letter('en', { preferentialOffer: null }, { course }).text).toContain(
    'a short course, without charge: How your tier is decided.',
  );
  expect(letter('zh-CN', {}, { course: { title: '等级如何评定', minutes: 12 } }).html).toContain('等级如何评定');
});

test('a product without a rate is told without one', () => {
  const { html, text } = letter('en', { rateBasisPoints: null });
  for (const part of [html, text]) expect(part).not.toMatch(/%|a year\)/);
});
