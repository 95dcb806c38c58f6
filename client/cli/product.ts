import { join } from 'node:path';
import type { Command } from 'commander';
import type { YamlReading } from '../../domain/definition-file.js';
import { percentOf } from '../../domain/money-text.js';
import type { Product, ProductCatalogue, TierStrategy } from '../../domain/product-catalogue.js';
import type { Instant } from '../../domain/types.js';
import type { Database } from '../../store/database.js';
import { withBank } from './context.js';
import { addCounterOffers } from './counter-offer.js';
import { byOption } from './line-option.js';
import { does, facts, iso, table, when, WrongUsage, type Answer } from './output.js';
import { addProductForCustomer } from './product-for-customer.js';

/** `product publish|validate|list|show`, and what is asked of one customer */
export function addProduct(program: Command): void {
  const product = program.command('product').description('what customers can be offered, to whom, and at which rate');
  does<{ by?: string }>(
    product
      .command('publish')
      .argument('<file>', 'YAML of the product catalogue')
      .option('--by <name>', 'who publishes (default: the user of this terminal)')
      .description('puts a file in force for new recommendations, as the next version')
      .addHelpText('after', '\nExample:\n  $ keepwell product publish campaigns/products/catalogue.yaml'),
    ([file = ''], options) => publish(file, options.by),
  );
  does(
    product
      .command('validate')
      .argument('<file>', 'YAML of the product catalogue')
      .description('says what is wrong in a file, with line numbers; needs nothing that runs')
      .addHelpText('after', '\nExample:\n  $ keepwell product validate campaigns/products/catalogue.yaml'),
    ([file = '']) => validate(file),
  );
  does(
    product
      .command('list')
      .description('the products in force, their risk today and who may have them; and what each tier is offered')
      .addHelpText('after', '\nExample:\n  $ keepwell product list'),
    () => list(),
  );
  does<{ version?: string }>(
    product
      .command('show')
      .argument('<product>')
      .option('--version <n>', 'an older version of the catalogue (default: the one in force)')
      .description('one product as it was published')
      .addHelpText('after', '\nExample:\n  $ keepwell product show bond-fund --version 1'),
    ([name = ''], options) => show(name, options.version),
  );
  addProductForCustomer(product);
  addCounterOffers(product);
}

type Reading = YamlReading<ProductCatalogue>;

async function readProductsFile(file: string): Promise<{ text: string; reading: Reading }> {
  const { readFile } = await import('node:fs/promises');
  const { readProductCatalogue } = await import('../../domain/product-catalogue.js');
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : (cause.code ?? cause.message);
    throw new Error(`"${file}" can't be read (${why}); name the YAML file of a product catalogue.`, { cause });
  });
  return { text, reading: readProductCatalogue(text, file) };
}

async function refused(reading: Reading & { ok: false }): Promise<Answer> {
  const { describeProblems } = await import('../../domain/definition-file.js');
  return { data: reading, text: () => describeProblems(reading.problems), failed: true };
}

async function validate(file: string): Promise<Answer> {
  const { reading } = await readProductsFile(file);
  if (!reading.ok) return refused(reading);
  const products = reading.definition.products.map(({ product }) => product);
  const words = `${file} is a valid catalogue of ${products.length} products (${products.join(', ')}).`;
  return { data: { ok: true, products, problems: [] }, text: () => words };
}

async function publish(file: string, by: string | undefined): Promise<Answer> {
  const publisher = await byOption(by);
  const { text, reading } = await readProductsFile(file);
  if (!reading.ok) return refused(reading);
  const { publishProducts } = await import('../../store/products.js');
  const { definition } = reading;
  const publication = await withBank(({ database, now }) =>
    publishProducts(database, { definition, sourceText: text, at: now(), by: publisher }),
  );
  const { version, isNew, newest } = publication;
  const words = isNew
    ? `Product catalogue version ${version} is published; new recommendations are made by it, earlier ones keep theirs.`
    : version === newest
      ? `This is product catalogue version ${version} already, nothing was changed.`
      : `This is product catalogue version ${version}, nothing was changed: version ${newest} stays in force; to go back to the older one, publish it with a change, for instance of a name.`;
  return { data: publication, text: () => words };
}

/**
 * Publishes the product catalogue that Keepwell comes with, when it starts; after the loyalty offers and courses, which it
 * names. A catalogue that somebody else published stays in force: it is the bank's own.
 * @param by who publishes what Keepwell comes with
 * @returns a sentence; a bank that can't have it, or has its own, keeps what it has, and the sentence says why
 * @throws Error in words when the file is not valid
 */
export async function publishShippedProducts(database: Database, at: Instant, by: string): Promise<string> {
  const { ProductsRefused, publishProducts, readProducts } = await import('../../store/products.js');
  const own = await readProducts(database, { at });
  if (own && own.publishedBy !== by)
    return `Product catalogue version ${own.version} of ${own.publishedBy} is in force; the one that Keepwell comes with is not published over it.`;
  const shipped = join(__dirname, '..', '..', 'campaigns', 'products', 'catalogue.yaml');
  const { text, reading } = await readProductsFile(shipped);
  if (!reading.ok) {
    const { describeProblems } = await import('../../domain/definition-file.js');
    throw new Error(`the product catalogue can't be published; correct it:\n${describeProblems(reading.problems)}`);
  }
  try {
    const { definition } = reading;
    const { newest, isNew } = await publishProducts(database, { definition, sourceText: text, at, by });
    return `Product catalogue version ${newest} is ${isNew ? 'published' : 'in force'}.`;
  } catch (error) {
    if (error instanceof ProductsRefused) return `The product catalogue is not published: ${error.message}`;
    throw error;
  }
}

function list(): Promise<Answer> {
  return withBank(async ({ database, installation, now }) => {
    const { readProducts } = await import('../../store/products.js');
    const { riskGradeOn } = await import('../../domain/product-catalogue.js');
    const { dateIn } = await import('../../domain/calendar.js');
    const catalogue = await readProducts(database, { at: now() });
    if (!catalogue) {
      const words = 'No product catalogue is published yet; "keepwell product publish FILE" does it.';
      return { data: { version: null, products: [], strategies: [] }, text: () => words };
    }
    const { version, definition, publishedAt, publishedBy } = catalogue;
    const today = dateIn(installation.zone, now());
    const products = definition.products.map((product) => ({ ...product, gradeToday: riskGradeOn(product, today) }));
    const rows = products.map((product) => [
      product.product,
      product.name.en,
      product.kind,
      product.gradeToday === null ? null : `R${product.gradeToday}`,
      tiersInWords(product),
      agesInWords(product),
      product.minimum,
      rateInWords(product),
      daysInWords(product),
    ]);
    const head = [
      'product',
      'name',
      'kind',
      'risk',
      'tiers',
      'ages',
      `least, ${definition.currency}`,
      'rate',
      'offered',
    ];
    const strategies = definition.strategies.map((strategy) => [strategy.tier, strategy.offers, withInWords(strategy)]);
    const told = `Version ${version}, published ${when(publishedAt, installation.zone)} by ${publishedBy}.`;
    const data = { version, publishedAt: iso(publishedAt), publishedBy, products, strategies: definition.strategies };
    const text = async (): Promise<string> => {
      const drawn = await table(head, rows, 'The catalogue has no products.');
      const offered = await table(['tier', 'is offered', 'with'], strategies, 'No tier has a strategy.');
      return `${drawn}\n\n${offered}\n\n${told}`;
    };
    return { data, text };
  });
}

function show(name: string, given: string | undefined): Promise<Answer> {
  const version = given === undefined ? undefined : Number(given);
  if (version !== undefined && !(Number.isInteger(version) && version > 0))
    throw new WrongUsage(`"${given}" is not a version; versions are numbered 1, 2, 3.`);
  return withBank(async ({ database, installation, now }) => {
    const { readProducts } = await import('../../store/products.js');
    const catalogue = await readProducts(database, version === undefined ? { at: now() } : { version });
    const product = catalogue?.definition.products.find((candidate) => candidate.product === name);
    if (!catalogue || !product) {
      const where = version === undefined ? '' : ` in version ${version}`;
      throw new Error(`there is no product "${name}"${where}; "keepwell product list" shows what there is.`);
    }
    const text = facts([
      ['product', product.product],
      ['catalogue version', catalogue.version],
      ['name', `${product.name.en} / ${product.name['zh-CN']}`],
      ['kind', product.kind],
      ['risk', product.ratings.map(({ from, level }) => `${level} from ${from}`).join(', ')],
      ['for tiers', tiersInWords(product)],
      ['for ages', agesInWords(product)],
      ['least', product.minimum === undefined ? null : `${product.minimum} ${catalogue.definition.currency}`],
      ['for spending', product.forSpending?.join(', ')],
      ['rate', rateInWords(product)],
      ['advantage', `${product.advantage.en} / ${product.advantage['zh-CN']}`],
      ['offered', daysInWords(product)],
      ['published', `${when(catalogue.publishedAt, installation.zone)} by ${catalogue.publishedBy}`],
      ['digest', catalogue.digest],
    ]);
    const { version: found, digest, publishedAt, publishedBy } = catalogue;
    return {
      data: { ...product, version: found, digest, publishedAt: iso(publishedAt), publishedBy },
      text: () => text,
    };
  });
}

const tiersInWords = ({ tiers }: Product): string => (tiers === 'all' ? 'all' : tiers.join(', '));

function agesInWords({ ages }: Product): string {
  const { from, to } = ages ?? {};
  if (from === undefined && to === undefined) return 'all';
  return from === undefined ? `to ${to}` : to === undefined ? `from ${from}` : `${from} to ${to}`;
}

/** `1.35%, better by 0.10% alone, 0.30% with approval` */
function rateInWords({ rate }: Product): string | null {
  if (!rate) return null;
  return `${percentOf(rate.basisPoints)}, better by ${percentOf(rate.counterOfferUpTo)} alone, ${percentOf(rate.withApprovalUpTo)} with approval`;
}

const daysInWords = ({ validFrom, validTo }: Product): string =>
  validFrom === undefined && validTo === undefined ? 'always' : `${validFrom ?? '…'} to ${validTo ?? '…'}`;

function withInWords(strategy: TierStrategy): string {
  const kinds = strategy.kinds ? `of kind ${strategy.kinds.join(', ')}` : 'of every kind';
  switch (strategy.offers) {
    case 'bespoke-plan':
      return `products ${kinds}`;
    case 'product-and-preferential-offer':
      return `products ${kinds}; the first in force of ${strategy.preferentialOffers.join(', ')}`;
    case 'service-and-education':
      return `products ${kinds}; course ${strategy.course}`;
  }
}
