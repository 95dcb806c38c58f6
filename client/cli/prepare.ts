import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { businessTime } from '../../domain/business-clock.js';
import type { CampaignDefinition } from '../../domain/campaign.js';
import type { Instant } from '../../domain/types.js';
import type { Installation } from '../../store/installation.js';
import { generateBank, loaded, wholeNumber } from './bank.js';
import { CAMPAIGNS } from './campaign-content.js';
import { readCampaignFile } from './campaign-file.js';
import { publishShippedCatalogue } from './catalogue.js';
import { withDesk, type Desk } from './context.js';
import { publishShippedCourses } from './course.js';
import { publishShippedOffers } from './offer.js';
import { does, say, type Answer } from './output.js';
import { publishShippedProgramme } from './points-programme.js';
import { publishShippedProducts } from './product.js';

const USUAL_CUSTOMERS = '1000';
const SEED = 1;
const PUBLISHER = 'npm start';

/** `prepare`, which `npm start` calls: everything that must be there before workers begin. Safe to run again. */
export function addPrepare(program: Command): void {
  does(
    program
      .command('prepare', { hidden: true })
      .description('migrates, loads a sample bank where there is none, publishes campaigns, makes the schedule')
      .addHelpText('after', '\nExample:\n  $ KEEPWELL_SAMPLE_CUSTOMERS=200 keepwell prepare'),
    () => prepare(),
  );
}

function prepare(): Promise<Answer> {
  return withDesk('owner', async (desk) => {
    const steps: string[] = [];
    const step = (words: string): void => {
      // told as it happens: loading a bank takes a while
      say(words);
      steps.push(words);
    };
    const { migrate } = await import('../../store/migrate.js');
    const done = await migrate(desk.database);
    step(done.length > 0 ? `The database is migrated (${done.join(', ')}).` : 'The database is up to date.');
    const { installation, isNew, words } = await bankThere(desk);
    step(words);
    for (const published of await publishAll(desk, installation)) step(published);
    const at = businessTime(installation.clock, Date.now());
    for (const published of await publishShippedOffers(desk.database, at, PUBLISHER)) step(published);
    for (const published of await publishShippedCourses(desk.database, at, PUBLISHER)) step(published);
    // after what its strategies name
    step(await publishShippedProducts(desk.database, at, PUBLISHER));
    step(await publishShippedProgramme(desk.database, at, PUBLISHER));
    step(await publishShippedCatalogue(desk.database, at, PUBLISHER));
    step(await scheduleThere(desk, installation, isNew));
    return { data: { steps, newBank: isNew }, text: () => 'Prepared.' };
  });
}

async function bankThere({ database }: Desk): Promise<{ installation: Installation; isNew: boolean; words: string }> {
  const { readInstallation } = await import('../../store/installation.js');
  const there = await readInstallation(database);
  if (there)
    return {
      installation: there,
      isNew: false,
      words: `${there.bankName} is there, with data until ${there.dataUntil}.`,
    };
  const wanted = process.env['KEEPWELL_SAMPLE_CUSTOMERS'] || USUAL_CUSTOMERS;
  const customers = wholeNumber(wanted, 'KEEPWELL_SAMPLE_CUSTOMERS');
  const result = await generateBank(database, { customers, seed: SEED });
  const installation = await readInstallation(database);
  if (!installation) throw new Error('the sample bank was loaded and is not there; look at the log of Postgres.');
  return { installation, isNew: true, words: loaded('A sample bank', result, result.asOf) };
}

async function publishAll(desk: Desk, { clock }: Installation): Promise<string[]> {
  const { describeProblems } = await import('../../domain/definition-file.js');
  const files = (await readdir(CAMPAIGNS)).filter((name) => name.endsWith('.yaml')).sort();
  const words: string[] = [];
  for (const file of files) {
    const { text, reading } = await readCampaignFile(join(CAMPAIGNS, file));
    if (!reading.ok)
      throw new Error(`a campaign can't be published; correct it:\n${describeProblems(reading.problems)}`);
    words.push(await publish(desk, reading.definition, text, businessTime(clock, Date.now())));
  }
  return words;
}

async function publish(
  { database }: Desk,
  definition: CampaignDefinition,
  sourceText: string,
  at: Instant,
): Promise<string> {
  const { publishCampaign } = await import('../../store/campaigns.js');
  const { definitionDigest } = await import('../../store/definition-digest.js');
  const { RewardNotApproved } = await import('../../store/approvals.js');
  const { approveInSampleBank, launchInSampleBank } = await import('../../bank/sample-compliance.js');
  await approveInSampleBank(database, definition, at);
  const version = { definition, sourceText, digest: definitionDigest(definition), at, by: PUBLISHER };
  const published = await publishCampaign(database, version).catch((error: unknown) => {
    if (error instanceof RewardNotApproved) return error;
    throw error;
  });
  // the house opens all the same: what was in force stays, and compliance need not be awake for a start
  if (published instanceof RewardNotApproved) return `Campaign ${published.message}.`;
  const { campaignRef } = published;
  const isInForce = await launchInSampleBank(database, published, at);
  if (isInForce) return `Campaign ${campaignRef} version ${published.version} is in force.`;
  const { inForce } = published;
  if (inForce !== null && inForce > published.version)
    return `Campaign ${campaignRef} version ${inForce} is in force; what the file says is version ${published.version}.`;
  return `Campaign ${campaignRef} version ${published.version} is proposed; a second person launches it: keepwell campaign launch ${campaignRef} --version ${published.version} --by NAME.`;
}

async function scheduleThere(desk: Desk, installation: Installation, isNewBank: boolean): Promise<string> {
  const { ensureSchedules } = await import('../schedules.js');
  const { ROUND_HOUR, SCHEDULES } = await import('../../workflows/contract.js');
  const client = await desk.temporal();
  const made = await ensureSchedules(client, installation);
  const often =
    installation.clock.rate === 1
      ? `every day at ${String(ROUND_HOUR).padStart(2, '0')}:00 of ${installation.zone}`
      : 'once in each business day';
  if (made) return `The daily round is scheduled ${often}; the first one begins now.`;
  if (!isNewBank) return `The daily round is scheduled ${often}.`;
  // Temporal remembers an earlier bank: the new one need not wait for the morning
  await client.schedule.getHandle(SCHEDULES.round).trigger();
  return `The daily round was scheduled before, ${often}; one begins now for the new bank.`;
}
