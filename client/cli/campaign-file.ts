import { join } from 'node:path';
import type { Command } from 'commander';
import type { CampaignReading } from '../../domain/campaign-file.js';
import type { Rewarded } from '../../domain/gift-rules.js';
import type { CampaignRef } from '../../domain/types.js';
import { rewardInWords } from './campaign-approval.js';
import { CAMPAIGNS, campaignContent } from './campaign-content.js';
import { withBank } from './context.js';
import { does, toJson, WrongUsage, type Answer } from './output.js';

/** `campaign validate|schema|clone`: what is done with files */
export function addCampaignFile(campaign: Command): void {
  does(
    campaign
      .command('validate')
      .argument('<file>', 'YAML of the campaign')
      .description('says what is wrong in a file, with line numbers; needs nothing that runs')
      .addHelpText('after', '\nExample:\n  $ keepwell campaign validate campaigns/keep-your-tier.yaml'),
    ([file = '']) => validate(file),
  );
  does<{ out?: string }>(
    campaign
      .command('schema')
      .option('--out <file>', 'where to write it (default: to the terminal)')
      .description("the JSON Schema of a campaign's YAML, for editors")
      .addHelpText('after', '\nExample:\n  $ keepwell campaign schema --out campaigns/campaign.schema.json'),
    (_args, { out }) => schema(out),
  );
  does<{ out?: string; version?: string }>(
    campaign
      .command('clone')
      .argument('<name>', 'a published campaign')
      .argument('<new-name>', 'what the new one is called')
      .option('--out <file>', 'where to write it (default: campaigns/NEW-NAME.yaml)')
      .option('--version <n>', 'an older version (default: the newest)')
      .description('writes the file of a new campaign that says what another one says, comments included')
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell campaign clone keep-your-tier keep-private --out keep-private.yaml',
      ),
    ([name = '', newName = ''], { out, version }) => clone(name, newName, out, versionOption(version)),
  );
}

/**
 * Reads a campaign's file; templates and courses that it names are looked for beside the shipped campaigns.
 * @throws Error in words when there is no such file
 */
export async function readCampaignFile(file: string): Promise<{ text: string; reading: CampaignReading }> {
  const { readFile } = await import('node:fs/promises');
  const { readCampaign } = await import('../../domain/campaign-file.js');
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : (cause.code ?? cause.message);
    throw new Error(`"${file}" can't be read (${why}); name the YAML file of a campaign.`, { cause });
  });
  return { text, reading: readCampaign(text, file, await campaignContent()) };
}

/** What is wrong in a file, as an answer. */
export async function refused(reading: CampaignReading & { ok: false }): Promise<Answer> {
  const { describeProblems } = await import('../../domain/definition-file.js');
  return { data: reading, text: () => describeProblems(reading.problems), failed: true };
}

/** A version's number that a person named. @throws WrongUsage when it is none */
export function versionOption(text: string | undefined): number | undefined {
  const version = text === undefined ? undefined : Number(text);
  if (version !== undefined && !(Number.isInteger(version) && version > 0))
    throw new WrongUsage(`"${text}" is not a version; versions are numbered 1, 2, 3.`);
  return version;
}

/** Writes a file that must not be there yet. @throws Error in words when it is, or can't be written */
async function writeNew(file: string, text: string, overwrite: boolean): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(file, text, { flag: overwrite ? 'w' : 'wx' }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EEXIST')
      throw new Error(`"${file}" is there already and was not touched; name another file with --out.`, { cause });
    throw new Error(`"${file}" can't be written (${cause.code ?? cause.message}); name another file with --out.`, {
      cause,
    });
  });
}

async function validate(file: string): Promise<Answer> {
  const { reading } = await readCampaignFile(file);
  if (!reading.ok) return refused(reading);
  const { campaign, reward } = reading.definition;
  const valid = `${file} is a valid campaign (${campaign}).`;
  const given = reward ? `\nIts reward: ${await rewardInWords(reward)}${await forbiddenWhere(reward.for)}.` : '';
  const data = { ok: true, campaign, rewards: reward?.for ?? null, problems: [] };
  return { data, text: () => `${valid}${given}` };
}

/** Which country the file is for is not known here: only a bank has one. */
async function forbiddenWhere(rewards: Rewarded): Promise<string> {
  const { forbiddenIn } = await import('../../domain/gift-rules.js');
  const where = forbiddenIn(rewards);
  return where.length > 0 ? `; in ${where.join(', ')} it needs compliance's approval (keepwell campaign approve)` : '';
}

async function schema(out: string | undefined): Promise<Answer> {
  const { campaignJsonSchema } = await import('../../domain/campaign-schema.js');
  const made = campaignJsonSchema();
  if (out === undefined) return { data: made, text: () => toJson(made) };
  await writeNew(out, `${toJson(made)}\n`, true);
  return { data: { file: out }, text: () => `The JSON Schema of campaigns is written to ${out}.` };
}

async function clone(name: string, newName: string, out: string | undefined, version?: number): Promise<Answer> {
  const { cloneCampaign } = await import('../../domain/campaign-clone.js');
  const source = await withBank(async ({ database }) => {
    const { readCampaignVersion } = await import('../../store/campaigns.js');
    const found = await readCampaignVersion(database, name as CampaignRef, version);
    if (!found)
      throw new Error(
        `there is no ${version === undefined ? '' : `version ${version} of `}campaign "${name}"; "keepwell campaign list" shows what there is.`,
      );
    if (await readCampaignVersion(database, newName as CampaignRef))
      throw new Error(`a campaign "${newName}" is there already; choose another name.`);
    return found;
  });
  const cloned = cloneCampaign(source.sourceText, newName);
  if (!cloned.ok) throw new WrongUsage(cloned.why);
  const file = out ?? join(CAMPAIGNS, `${newName}.yaml`);
  await writeNew(file, cloned.text, false);
  const words = `${file} says what ${name} version ${source.version} says, under the name ${newName}; edit it, and publish it with "keepwell campaign publish ${file}".`;
  return {
    data: { file, campaign: newName, clonedFrom: { campaign: name, version: source.version } },
    text: () => words,
  };
}
