import type { Command } from 'commander';
import { percentOf } from '../../domain/money-text.js';
import type { RefusedProduct } from '../../domain/next-best-product.js';
import type { RiskGrade } from '../../domain/product-catalogue.js';
import type { Reason } from '../../domain/triggers.js';
import type { CustomerRef, PlainDate } from '../../domain/types.js';
import type { JudgedDays } from '../../store/product-facts.js';
import type { Considered } from '../../store/recommendations.js';
import { defaultAsOf, withBank, type BankDesk } from './context.js';
import { dayOption } from './detect.js';
import { byOption } from './line-option.js';
import { does, facts, iso, money, table, WrongUsage, type Answer } from './output.js';

const AS_OF =
  "judges as on that day and sees nothing later (default: today, with the bank's data up to their last day)";
export const CUSTOMER = "the customer's reference, for instance c42";

/** `product recommend|suits|assess` */
export function addProductForCustomer(product: Command): void {
  addQuestions(product);
  does<{ appetite: string; validUntil?: string; assessedOn?: string; by?: string }>(
    product
      .command('assess')
      .argument('<customer>', CUSTOMER)
      .requiredOption('--appetite <grade>', 'C1 (cautious) to C5 (adventurous)')
      .option('--assessed-on <day>', 'when (default: today)')
      .option(
        '--valid-until <day>',
        'the last day on which it counts (default: twelve months later, the most there is)',
      )
      .option('--by <name>', 'who assessed (default: the user of this terminal)')
      .description("keeps an assessment of a customer's risk appetite; it counts from now on and is never changed")
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell product assess c42 --appetite C3 --valid-until 2027-05-31 --by "Wang Fang"',
      ),
    ([customer = ''], options) => assess(customer, options),
  );
}

function addQuestions(product: Command): void {
  does<{ asOf?: string }>(
    product
      .command('recommend')
      .argument('<customer>', CUSTOMER)
      .option('--as-of <day>', AS_OF)
      .description('the next best product, why this one and why not the others; writes nothing')
      .addHelpText('after', '\nExample:\n  $ keepwell product recommend c42 --as-of 2026-11-24'),
    ([customer = ''], options) => recommend(customer, options.asOf),
  );
  does<{ asOf?: string }>(
    product
      .command('suits')
      .argument('<customer>', CUSTOMER)
      .argument('<product>')
      .option('--as-of <day>', AS_OF)
      .description('whether a product may be offered to a customer, with every reason against it; exit 1 when not')
      .addHelpText('after', '\nExample:\n  $ keepwell product suits c42 bond-fund'),
    ([customer = '', name = ''], options) => suits(customer, name, options.asOf),
  );
}

/** A day that is given is the one judged; else it is today, and the data are seen up to their end. */
async function judgedDays(desk: BankDesk, given: PlainDate | undefined): Promise<JudgedDays> {
  const { dataUntil, zone } = desk.installation;
  if (given && dataUntil && given > dataUntil)
    throw new Error(`the bank's data end on ${dataUntil}; ${given} can't be judged, name an earlier day.`);
  if (given) return { asOf: given, on: given };
  const { dateIn } = await import('../../domain/calendar.js');
  return { asOf: await defaultAsOf(desk), on: dateIn(zone, desk.now()) };
}

const asOfOption = (text: string | undefined): Promise<PlainDate | undefined> =>
  text === undefined ? Promise.resolve(undefined) : dayOption(text);

function noSuchCustomer(reference: string): Error {
  return new Error(
    `there is no customer "${reference}"; check the reference (it begins with c; it is no name and no account number).`,
  );
}

/** @throws Error in words when there is no such customer */
export async function assertThere({ database }: BankDesk, reference: string): Promise<CustomerRef> {
  const { findCustomer } = await import('../../store/reads/customer.js');
  const found = await findCustomer(database, reference);
  if (!found) throw noSuchCustomer(reference);
  return found.customerRef;
}

async function recommend(reference: string, day: string | undefined): Promise<Answer> {
  const given = await asOfOption(day);
  return withBank(async (desk) => {
    const { considerProducts } = await import('../../store/recommendations.js');
    const { readRecommendations } = await import('../../store/reads/product.js');
    const customerRef = reference as CustomerRef;
    const days = await judgedDays(desk, given);
    const considered = await considerProducts(desk.database, { customerRef, ...days, at: desk.now() });
    if (!considered) throw noSuchCustomer(reference);
    const before = await readRecommendations(desk.database, customerRef);
    const data = {
      customerRef,
      ...days,
      catalogueVersion: considered.catalogueVersion,
      recommendation: considered.recommendation,
      ranked: considered.best.ranked.map(({ product: { product }, occasion, reasons }) => ({
        product,
        occasion,
        reasons,
      })),
      refused: considered.best.refused,
      before: before.map((one) => ({ ...one, recommendedAt: iso(one.recommendedAt) })),
    };
    return { data, text: () => recommendationInWords(desk, considered) };
  });
}

async function recommendationInWords(desk: BankDesk, considered: Considered): Promise<string> {
  const { best, recommendation, catalogueVersion } = considered;
  if (catalogueVersion === null)
    return 'No product catalogue is published yet; "keepwell product publish FILE" does it.';
  const { currency } = desk.installation;
  const head = recommendation
    ? facts([
        ['product', `${recommendation.product} (${recommendation.name.en})`],
        ['because', recommendation.reasons.map((reason) => inWords(reason, currency)).join('; ')],
        ['rate', recommendation.rateBasisPoints === null ? null : percentOf(recommendation.rateBasisPoints)],
        ['the tier is offered', recommendation.strategy],
        ['with it', recommendation.preferentialOffer?.offerRef ?? recommendation.course],
        ['catalogue version', catalogueVersion],
        ['rules', recommendation.rules],
      ])
    : 'Nothing suits.';
  const ranked = best.ranked.map(({ product, occasion, reasons }) => [
    product.product,
    occasion,
    reasons.map((reason) => inWords(reason, currency)).join('; '),
  ]);
  const order = await table(['in order', 'occasion', 'because'], ranked, 'No product is left.');
  return `${head}\n\n${order}\n\n${await refusedInWords(best.refused, currency)}`;
}

async function refusedInWords(refused: readonly RefusedProduct[], currency: string): Promise<string> {
  const { UNSUITABLE } = await import('../../domain/suitability.js');
  const { NOT_NEXT } = await import('../../domain/next-best-product.js');
  const words: Readonly<Record<string, string>> = { ...UNSUITABLE, ...NOT_NEXT };
  const rows = refused.map(({ product, reasons }) => [
    product,
    reasons.map(({ code, numbers }) => withNumbers(words[code] ?? code, numbers, currency)).join('; '),
  ]);
  return table(['not', 'because'], rows, 'No product was turned down.');
}

const OCCASION_WORDS: Readonly<Record<string, string>> = {
  'matures-soon': 'something matures soon and nobody agreed to renew it',
  'nearest-to-appetite': 'the nearest to the risk appetite that the customer does not hold',
  'spends-most-on': 'it is for what the customer spends most on',
  basic: 'a basic product that the customer does not have',
};

const inWords = ({ code, numbers }: Reason, currency: string): string =>
  withNumbers(OCCASION_WORDS[code] ?? code, numbers, currency);

/** Numbers of a reason that are money in minor units. */
const AMOUNTS = ['principal', 'minimum', 'available', 'spent'];

function withNumbers(words: string, numbers: Reason['numbers'], currency: string): string {
  const told = Object.entries(numbers).map(
    ([name, value]) => `${name} ${AMOUNTS.includes(name) ? money(BigInt(value), currency) : value}`,
  );
  return told.length === 0 ? words : `${words} (${told.join(', ')})`;
}

async function suits(reference: string, name: string, day: string | undefined): Promise<Answer> {
  const given = await asOfOption(day);
  return withBank(async (desk) => {
    const { productFacts } = await import('../../store/product-facts.js');
    const { readProducts } = await import('../../store/products.js');
    const { suitability, SUITABILITY_RULES, UNSUITABLE } = await import('../../domain/suitability.js');
    const { NOT_NEXT } = await import('../../domain/next-best-product.js');
    const days = await judgedDays(desk, given);
    const customer = await productFacts(desk.database, reference as CustomerRef, days, desk.installation.zone);
    if (!customer) throw noSuchCustomer(reference);
    const catalogue = await readProducts(desk.database, { at: desk.now() });
    const product = catalogue?.definition.products.find((candidate) => candidate.product === name);
    if (!product) throw new Error(`there is no product "${name}"; "keepwell product list" shows what there is.`);
    const verdict = suitability(customer, product);
    const against = verdict.suitable ? [] : verdict.reasons;
    const reasons = [...customer.barred, ...against];
    const words: Readonly<Record<string, string>> = { ...NOT_NEXT, ...UNSUITABLE };
    const { assessment } = customer;
    const text = facts([
      ['suits', reasons.length === 0 ? 'yes' : 'no'],
      ['because', reasons.map((code) => words[code] ?? code).join('; ')],
      ['appetite', assessment && `C${assessment.appetite}, ${assessment.assessedOn} to ${assessment.validUntil}`],
      ['rules', SUITABILITY_RULES],
    ]);
    const data = { customerRef: reference, product: name, ...days, suits: reasons.length === 0, reasons, assessment };
    return { data, text: () => text, failed: reasons.length > 0 };
  });
}

interface AssessOptions {
  appetite: string;
  assessedOn?: string;
  validUntil?: string;
  by?: string;
}

async function assess(reference: string, options: AssessOptions): Promise<Answer> {
  const grade = /^C([1-5])$/.exec(options.appetite)?.[1];
  if (!grade) throw new WrongUsage(`"${options.appetite}" is no appetite; write C1, C2, C3, C4 or C5.`);
  const by = await byOption(options.by);
  const given = await asOfOption(options.assessedOn);
  const end = await asOfOption(options.validUntil);
  return withBank(async (desk) => {
    const { assessmentEnd, recordAssessment } = await import('../../store/risk-assessments.js');
    const { dateIn } = await import('../../domain/calendar.js');
    const customerRef = await assertThere(desk, reference);
    const at = desk.now();
    const today = dateIn(desk.installation.zone, at);
    const assessedOn = given ?? today;
    if (assessedOn > today) throw new WrongUsage(`--assessed-on ${assessedOn} is still to come; name a past day.`);
    const validUntil = end ?? assessmentEnd(assessedOn);
    const appetite = Number(grade) as RiskGrade;
    const assessment = { customerRef, appetite, assessedOn, validUntil, by, at };
    const isNew = await recordAssessment(desk.database, assessment);
    const words = isNew
      ? `${customerRef} is assessed as C${grade} on ${assessedOn}; it counts until ${validUntil}.`
      : 'This very assessment was there already, nothing was changed.';
    return { data: { customerRef, appetite, assessedOn, validUntil, by, isNew }, text: () => words };
  });
}
