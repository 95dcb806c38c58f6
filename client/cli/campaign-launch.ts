import type { Command } from 'commander';
import type { WhatWasRead } from '../../domain/campaign-launch.js';
import type { CampaignRef } from '../../domain/types.js';
import type { Publication } from '../../store/campaigns.js';
import type { Database } from '../../store/database.js';
import { readCampaignFile, refused, versionOption } from './campaign-file.js';
import { withBank } from './context.js';
import { byOption } from './line-option.js';
import { does, iso, when, WrongUsage, type Answer } from './output.js';

/** `campaign publish|launch`: two people, one after the other */
export function addCampaignLaunch(campaign: Command): void {
  does<{ by?: string; from?: string }>(
    campaign
      .command('publish')
      .argument('<file>', 'YAML of the campaign')
      .option('--by <name>', 'who publishes (default: the user of this terminal)')
      .option('--from <version>', 'the version that the file was edited from: refused when a newer one is there')
      .description(
        'proposes a file as the next version; from then on it never changes, and a second person launches it',
      )
      .addHelpText('after', '\nExample:\n  $ keepwell campaign publish campaigns/keep-your-tier.yaml --by "Zhao Min"'),
    ([file = ''], { by, from }) => publish(file, by, versionOption(from)),
  );
  does<{ by?: string; version?: string; digest?: string }>(
    campaign
      .command('launch')
      .argument('<name>', 'a published campaign')
      .option('--version <n>', 'the version that you have read')
      .option('--digest <hex>', 'or its digest, of which the first 8 characters are enough')
      .option('--by <name>', 'who launches, another person than who published (default: the user of this terminal)')
      .description('puts a proposed version in force for new journeys: four eyes, and both names are kept')
      .addHelpText('after', '\nExample:\n  $ keepwell campaign launch keep-your-tier --version 2 --by "Sun Li"'),
    ([name = ''], { by, version, digest }) => launch(name, whatWasRead(version, digest), by),
  );
}

async function publish(file: string, by: string | undefined, editedFrom: number | undefined): Promise<Answer> {
  const publisher = await byOption(by);
  const { text, reading } = await readCampaignFile(file);
  if (!reading.ok) return refused(reading);
  const { publishCampaign } = await import('../../store/campaigns.js');
  const { definitionDigest } = await import('../../store/definition-digest.js');
  const { definition } = reading;
  const digest = definitionDigest(definition);
  const publication = await withBank(({ database, now }) => {
    const version = { definition, sourceText: text, digest, at: now(), by: publisher };
    return publishCampaign(database, editedFrom === undefined ? version : { ...version, editedFrom });
  });
  return { data: { ...publication, digest }, text: () => publishedWords(publication) };
}

function publishedWords({ campaignRef, version, isNew, newest, inForce }: Publication): string {
  const launchIt = `a second person puts it in force: keepwell campaign launch ${campaignRef} --version ${version} --by NAME`;
  const meanwhile = inForce === null ? 'nothing of it is in force yet' : `version ${inForce} stays in force meanwhile`;
  if (isNew)
    return `${campaignRef} version ${version} is proposed; ${launchIt}\n${meanwhile[0]?.toUpperCase()}${meanwhile.slice(1)}.`;
  const head = `This is ${campaignRef} version ${version} already, nothing was changed`;
  if (version === inForce) return `${head}; it is in force for new journeys.`;
  if (inForce !== null && version < inForce)
    return `${head}; version ${inForce} stays in force; to go back to the older one, publish it with a change, for instance of its priority.`;
  const newer = newest > version ? `; version ${newest} was proposed after it` : '';
  return `${head}; it is proposed${newer}, and ${launchIt}`;
}

/** @throws WrongUsage when neither or both are named */
function whatWasRead(version: string | undefined, digest: string | undefined): WhatWasRead | null {
  if (version !== undefined && digest !== undefined)
    throw new WrongUsage('name what you have read by --version or by --digest, not by both.');
  if (digest !== undefined && !/^[0-9a-f]{8,64}$/.test(digest))
    throw new WrongUsage(
      '--digest is the beginning of a digest, 8 to 64 of 0-9 and a-f; "keepwell campaign show" has it.',
    );
  const number = versionOption(version);
  if (digest !== undefined) return { digest };
  return number === undefined ? null : { version: number };
}

async function launch(name: string, read: WhatWasRead | null, by: string | undefined): Promise<Answer> {
  const launcher = await byOption(by);
  const campaignRef = name as CampaignRef;
  return withBank(async ({ database, installation, now }) => {
    if (read === null) throw new WrongUsage(await whatToName(database, campaignRef));
    const { launchCampaign } = await import('../../store/campaign-launches.js');
    const { samePerson } = await import('../../domain/campaign-launch.js');
    const launched = await launchCampaign(database, { campaignRef, read, at: now(), by: launcher });
    const { version, isNew, launchedBy, launchedAt, publishedBy } = launched;
    const data = { ...launched, launchedAt: iso(launchedAt) };
    if (isNew) {
      const words = `${name} version ${version} is in force: published by ${publishedBy}, launched by ${launchedBy}. New journeys begin with it, running ones keep theirs.`;
      return { data, text: () => words };
    }
    const words = `${name} version ${version} was launched by ${launchedBy} at ${when(launchedAt, installation.zone)} already; nothing was changed.`;
    return { data, text: () => words, failed: !samePerson(launchedBy, launcher) };
  });
}

/** Launching blindly is what four eyes are against: what waits is told, and has to be named. */
async function whatToName(database: Database, campaignRef: CampaignRef): Promise<string> {
  const { readCampaignVersions } = await import('../../store/campaigns.js');
  const proposed = (await readCampaignVersions(database, campaignRef)).filter(({ state }) => state === 'proposed');
  const waiting = proposed.map(({ version, publishedBy }) => `version ${version} by ${publishedBy}`).join(', ');
  return proposed.length === 0
    ? `nothing of "${campaignRef}" is proposed; "keepwell campaign list" shows what there is.`
    : `name the version that you have read, with --version or --digest; proposed: ${waiting}.`;
}
