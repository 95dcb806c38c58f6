import { join } from 'node:path';
import type { Command } from 'commander';
import type { YamlReading } from '../../domain/definition-file.js';
import type { LoyaltyOffer } from '../../domain/loyalty-offer.js';
import type { Instant, OfferRef } from '../../domain/types.js';
import type { Database } from '../../store/database.js';
import { withBank } from './context.js';
import { byOption } from './line-option.js';
import { does, facts, iso, table, when, WrongUsage, type Answer } from './output.js';

/** `offer publish|validate|list|show` */
export function addOffer(program: Command): void {
  const offer = program.command('offer').description('exclusive offers for loyal customers, and their versions');
  does<{ by?: string }>(
    offer
      .command('publish')
      .argument('<file>', 'YAML of the offers')
      .option('--by <name>', 'who publishes (default: the user of this terminal)')
      .description('puts the offers of a file in force, each that has changed as its next version')
      .addHelpText('after', '\nExample:\n  $ keepwell offer publish loyalty/offers.yaml'),
    ([file = ''], options) => publish(file, options.by),
  );
  does(
    offer
      .command('validate')
      .argument('<file>', 'YAML of the offers')
      .description('says what is wrong in a file, with line numbers; needs nothing that runs')
      .addHelpText('after', '\nExample:\n  $ keepwell offer validate loyalty/offers.yaml'),
    ([file = '']) => validate(file),
  );
  does(
    offer
      .command('list')
      .description('offers at their newest version, and how many customers are entitled to them')
      .addHelpText('after', '\nExample:\n  $ keepwell offer list --json'),
    () => list(),
  );
  does<{ version?: string }>(
    offer
      .command('show')
      .argument('<name>')
      .option('--version <n>', 'an older version (default: the newest)')
      .description('a version as it was published')
      .addHelpText('after', '\nExample:\n  $ keepwell offer show priority-home-loan --version 1'),
    ([name = ''], options) => show(name, options.version),
  );
}

type Reading = YamlReading<{ offers: LoyaltyOffer[] }>;

async function readOffersFile(file: string): Promise<{ text: string; reading: Reading }> {
  const { readFile } = await import('node:fs/promises');
  const { readOffers } = await import('../../domain/loyalty-offer.js');
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : (cause.code ?? cause.message);
    throw new Error(`"${file}" can't be read (${why}); name the YAML file of loyalty offers.`, { cause });
  });
  return { text, reading: readOffers(text, file) };
}

async function refused(reading: Reading & { ok: false }): Promise<Answer> {
  const { describeProblems } = await import('../../domain/definition-file.js');
  return { data: reading, text: () => describeProblems(reading.problems), failed: true };
}

async function validate(file: string): Promise<Answer> {
  const { reading } = await readOffersFile(file);
  if (!reading.ok) return refused(reading);
  const offers = reading.definition.offers.map(({ offer }) => offer);
  return { data: { ok: true, offers, problems: [] }, text: () => `${file} has valid offers (${offers.join(', ')}).` };
}

async function publish(file: string, by: string | undefined): Promise<Answer> {
  const publisher = await byOption(by);
  const { text, reading } = await readOffersFile(file);
  if (!reading.ok) return refused(reading);
  const { publishOffers } = await import('../../store/loyalty-offers.js');
  const { offers } = reading.definition;
  const publications = await withBank(({ database, now }) =>
    publishOffers(database, { offers, sourceText: text, at: now(), by: publisher }),
  );
  const words = publications.map(({ offerRef, version, isNew, newest }) =>
    isNew
      ? `${offerRef} version ${version} is published; it is granted from the next evaluation on, entitlements there are keep theirs.`
      : version === newest
        ? `This is ${offerRef} version ${version} already, nothing was changed.`
        : `This is ${offerRef} version ${version}, nothing was changed: version ${newest} stays in force; to go back to the older one, publish it with a change, for instance of its name.`,
  );
  return { data: publications, text: () => words.join('\n') };
}

/**
 * Publishes the offers that Keepwell comes with, when it starts.
 * @returns a sentence for each; a bank that can't have them keeps what it has, and the sentence says why
 * @throws Error in words when the file is not valid
 */
export async function publishShippedOffers(database: Database, at: Instant, by: string): Promise<string[]> {
  const { OfferRefused, publishOffers } = await import('../../store/loyalty-offers.js');
  const { text, reading } = await readOffersFile(join(__dirname, '..', '..', 'loyalty', 'offers.yaml'));
  if (!reading.ok) {
    const { describeProblems } = await import('../../domain/definition-file.js');
    throw new Error(`the loyalty offers can't be published; correct them:\n${describeProblems(reading.problems)}`);
  }
  try {
    const published = await publishOffers(database, { ...reading.definition, sourceText: text, at, by });
    return published.map(
      ({ offerRef, newest, isNew }) => `Offer ${offerRef} version ${newest} is ${isNew ? 'published' : 'in force'}.`,
    );
  } catch (error) {
    if (error instanceof OfferRefused) return [`Loyalty offers are not published: ${error.message}`];
    throw error;
  }
}

function list(): Promise<Answer> {
  return withBank(async ({ database, installation, now }) => {
    const { listOffers } = await import('../../store/loyalty-offers.js');
    const offers = await listOffers(database, now());
    const data = offers.map((offer) => ({ ...offer, publishedAt: iso(offer.publishedAt) }));
    const rows = offers.map((o) => [
      o.offerRef,
      o.version,
      o.definition.kind,
      termsInWords(o.definition),
      o.standing,
      o.suspended,
      daysInWords(o.definition),
      when(o.publishedAt, installation.zone),
      o.publishedBy,
    ]);
    const head = ['offer', 'version', 'kind', 'terms', 'granted', 'suspended', 'offered', 'published', 'by'];
    return { data, text: () => table(head, rows, 'No offer is published yet; "keepwell offer publish FILE" does it.') };
  });
}

function show(name: string, version: string | undefined): Promise<Answer> {
  const wanted = version === undefined ? undefined : Number(version);
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted > 0))
    throw new WrongUsage(`"${version}" is not a version; versions are numbered 1, 2, 3.`);
  return withBank(async ({ database, installation }) => {
    const { readOfferVersion } = await import('../../store/loyalty-offers.js');
    const found = await readOfferVersion(database, name as OfferRef, wanted);
    if (!found) {
      const what = wanted === undefined ? `offer "${name}"` : `version ${wanted} of offer "${name}"`;
      throw new Error(`there is no ${what}; "keepwell offer list" shows what there is.`);
    }
    const { definition } = found;
    const text = facts([
      ['offer', found.offerRef],
      ['version', found.version],
      ['name', `${definition.name.en} / ${definition.name['zh-CN']}`],
      ['kind', definition.kind],
      ['terms', termsInWords(definition)],
      ['for', conditionsInWords(definition)],
      ['stands', `${definition.validFor} days`],
      ['offered', daysInWords(definition)],
      ['published', `${when(found.publishedAt, installation.zone)} by ${found.publishedBy}`],
      ['digest', found.digest],
    ]);
    return { data: { ...found, publishedAt: iso(found.publishedAt) }, text: () => text };
  });
}

/** What an offer gives: `personal-loan, 20 basis points off`. */
export function termsInWords(offer: LoyaltyOffer): string {
  switch (offer.kind) {
    case 'priority-lending':
      return `${offer.terms.product}, decided within ${offer.terms.decisionWithinWorkingDays} working days`;
    case 'preferential-rate':
      return `${offer.terms.product}, ${offer.terms.basisPointsOff} basis points off`;
    case 'product':
      return offer.terms.product;
  }
}

function conditionsInWords({ conditions: { tiers, tenure, retainedOutcomes } }: LoyaltyOffer): string {
  const words: string[] = [];
  if (tiers)
    words.push(tiers.named ? `tier ${tiers.named.join(' or ')}` : `tier of rank ${tiers.atLeastRank} or above`);
  if (tenure !== undefined) words.push(`a customer for ${tenure} months`);
  if (retainedOutcomes)
    words.push(`retained ${retainedOutcomes.atLeast} times or more within ${retainedOutcomes.within} months`);
  return words.join('; ');
}

const daysInWords = ({ from, until }: LoyaltyOffer): string =>
  from === undefined && until === undefined ? 'always' : `${from ?? '…'} to ${until ?? '…'}`;
