import { join } from 'node:path';
import type { Command } from 'commander';
import type { YamlReading } from '../../domain/definition-file.js';
import type { CatalogueDefinition, CatalogueItem } from '../../domain/catalogue.js';
import type { Instant } from '../../domain/types.js';
import type { Database } from '../../store/database.js';
import { withBank } from './context.js';
import { byOption } from './line-option.js';
import { does, iso, table, when, type Answer } from './output.js';

/** `catalogue publish|validate|list` */
export function addCatalogue(program: Command): void {
  const catalogue = program.command('catalogue').description('what customers can have for their points');
  does<{ by?: string }>(
    catalogue
      .command('publish')
      .argument('<file>', 'YAML of the catalogue')
      .option('--by <name>', 'who publishes (default: the user of this terminal)')
      .description('puts a file in force for new orders, as the next version, and brings the stock to what it says')
      .addHelpText('after', '\nExample:\n  $ keepwell catalogue publish loyalty/catalogue.yaml'),
    ([file = ''], options) => publish(file, options.by),
  );
  does(
    catalogue
      .command('validate')
      .argument('<file>', 'YAML of the catalogue')
      .description('says what is wrong in a file, with line numbers; needs nothing that runs')
      .addHelpText('after', '\nExample:\n  $ keepwell catalogue validate loyalty/catalogue.yaml'),
    ([file = '']) => validate(file),
  );
  does(
    catalogue
      .command('list')
      .description('the items in force with their prices, and how many pieces are left')
      .addHelpText('after', '\nExample:\n  $ keepwell catalogue list'),
    () => list(),
  );
}

type Reading = YamlReading<CatalogueDefinition>;

async function readCatalogueFile(file: string): Promise<{ text: string; reading: Reading }> {
  const { readFile } = await import('node:fs/promises');
  const { readCatalogue } = await import('../../domain/catalogue.js');
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : (cause.code ?? cause.message);
    throw new Error(`"${file}" can't be read (${why}); name the YAML file of a catalogue.`, { cause });
  });
  return { text, reading: readCatalogue(text, file) };
}

async function refused(reading: Reading & { ok: false }): Promise<Answer> {
  const { describeProblems } = await import('../../domain/definition-file.js');
  return { data: reading, text: () => describeProblems(reading.problems), failed: true };
}

async function validate(file: string): Promise<Answer> {
  const { reading } = await readCatalogueFile(file);
  if (!reading.ok) return refused(reading);
  const items = reading.definition.items.map(({ item }) => item);
  const words = `${file} is a valid catalogue of ${items.length} items (${items.join(', ')}).`;
  return { data: { ok: true, items, problems: [] }, text: () => words };
}

async function publish(file: string, by: string | undefined): Promise<Answer> {
  const publisher = await byOption(by);
  const { text, reading } = await readCatalogueFile(file);
  if (!reading.ok) return refused(reading);
  const { publishCatalogue } = await import('../../store/catalogue.js');
  const { definition } = reading;
  const publication = await withBank(({ database, now }) =>
    publishCatalogue(database, { definition, sourceText: text, at: now(), by: publisher }),
  );
  const { version, isNew, newest } = publication;
  const words = isNew
    ? `Catalogue version ${version} is published; new orders are placed by it, running ones keep theirs.`
    : version === newest
      ? `This is catalogue version ${version} already, nothing was changed.`
      : `This is catalogue version ${version}, nothing was changed: version ${newest} stays in force; to go back to the older one, publish it with a change, for instance of a name.`;
  return { data: publication, text: () => words };
}

/**
 * Publishes the catalogue that Keepwell comes with, when it starts.
 * @returns a sentence; a bank that can't have it keeps what it has, and the sentence says why
 * @throws Error in words when the file is not valid
 */
export async function publishShippedCatalogue(database: Database, at: Instant, by: string): Promise<string> {
  const { CatalogueRefused, publishCatalogue } = await import('../../store/catalogue.js');
  const { text, reading } = await readCatalogueFile(join(__dirname, '..', '..', 'loyalty', 'catalogue.yaml'));
  if (!reading.ok) {
    const { describeProblems } = await import('../../domain/definition-file.js');
    throw new Error(`the catalogue can't be published; correct it:\n${describeProblems(reading.problems)}`);
  }
  try {
    const { definition } = reading;
    const { newest, isNew } = await publishCatalogue(database, { definition, sourceText: text, at, by });
    return `Catalogue version ${newest} is ${isNew ? 'published' : 'in force'}.`;
  } catch (error) {
    if (error instanceof CatalogueRefused) return `The catalogue is not published: ${error.message}`;
    throw error;
  }
}

function list(): Promise<Answer> {
  return withBank(async ({ database, installation, now }) => {
    const { readCatalogueVersion, readStock } = await import('../../store/catalogue.js');
    const { describeDuration } = await import('../../domain/duration.js');
    const catalogue = await readCatalogueVersion(database, { at: now() });
    if (!catalogue) {
      const words = 'No catalogue is published yet; "keepwell catalogue publish FILE" does it.';
      return { data: { version: null, items: [] }, text: () => words };
    }
    const { version, definition, publishedAt, publishedBy } = catalogue;
    const stock = await readStock(database);
    const items = definition.items.map((item) => ({ ...item, ...stock.get(item.item) }));
    const rows = items.map((item) => [
      item.item,
      item.name.en,
      item.kind,
      item.partner,
      priceWords(item),
      `${item.available} of ${item.supplied}`,
      spanWords(item),
      item.limit ? `${item.limit.orders} in ${describeDuration(item.limit.within)}` : 'no limit',
    ]);
    const head = ['item', 'name', 'kind', 'partner', 'points', 'left', 'orders', 'for one customer'];
    const told = `Version ${version}, published ${when(publishedAt, installation.zone)} by ${publishedBy}.`;
    const data = { version, publishedAt: iso(publishedAt), publishedBy, items };
    return { data, text: async () => `${await table(head, rows, 'The catalogue has no items.')}\n\n${told}` };
  });
}

function priceWords({ price }: CatalogueItem): string {
  // the dearest first: Postgres keeps the keys of an object in an order of its own
  return Object.entries(price)
    .sort(([, one], [, other]) => other - one)
    .map(([tier, points]) => (tier === 'all' ? String(points) : `${tier} ${points}`))
    .join(', ');
}

function spanWords({ from, until }: CatalogueItem): string {
  if (from === undefined && until === undefined) return 'always';
  return `${from === undefined ? '' : `from ${from} `}${until === undefined ? '' : `until ${until}`}`.trim();
}
