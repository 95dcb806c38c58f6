import { join } from 'node:path';
import type { Command } from 'commander';
import type { ProgrammeDefinition } from '../../domain/points-programme.js';
import type { CampaignRef, Instant } from '../../domain/types.js';
import type { Database } from '../../store/database.js';
import { withBank } from './context.js';
import { does, facts, iso, table, when, WrongUsage, type Answer } from './output.js';

const SHIPPED = join(__dirname, '..', '..', 'loyalty', 'points.yaml');

/** `points programme publish|validate|approve|show` */
export function addProgramme(points: Command): void {
  const programme = points.command('programme').description('what transactions earn, and how long points are good');
  does<{ by?: string }>(
    programme
      .command('publish')
      .argument('<file>', 'YAML of the programme')
      .option('--by <name>', 'who publishes (default: the user of this terminal)')
      .description('puts a file in force for transactions that were not looked at yet, as the next version')
      .addHelpText('after', '\nExample:\n  $ keepwell points programme publish loyalty/points.yaml'),
    ([file = ''], options) => publish(file, options.by),
  );
  does(
    programme
      .command('validate')
      .argument('<file>', 'YAML of the programme')
      .description('says what is wrong in a file, with line numbers; needs nothing that runs')
      .addHelpText('after', '\nExample:\n  $ keepwell points programme validate loyalty/points.yaml'),
    ([file = '']) => validate(file),
  );
  does<{ by: string; reason: string }>(
    programme
      .command('approve')
      .argument('<file>', 'YAML of the programme')
      .requiredOption('--by <name>', 'who approves for compliance')
      .requiredOption('--reason <text>', 'why such points may be given, for the record')
      .description("records compliance's approval of this very file, where the bank's country forbids one of its rules")
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell points programme approve loyalty/points.yaml --by "Chen Yu" --reason "Opinion 2026-18"',
      ),
    ([file = ''], options) => approve(file, options),
  );
  does<{ version?: string }>(
    programme
      .command('show')
      .option('--version <n>', 'an older version (default: the newest)')
      .description('a version as it was published')
      .addHelpText('after', '\nExample:\n  $ keepwell points programme show --version 1'),
    (_args, options) => show(options.version),
  );
}

type Read = { definition: ProgrammeDefinition; text: string } | { refused: Answer };

async function read(file: string): Promise<Read> {
  const { readFile } = await import('node:fs/promises');
  const { readProgramme } = await import('../../domain/points-programme.js');
  const { describeProblems } = await import('../../domain/definition-file.js');
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : (cause.code ?? cause.message);
    throw new Error(`"${file}" can't be read (${why}); name the YAML file of a points programme.`, { cause });
  });
  const reading = readProgramme(text, file);
  if (reading.ok) return { definition: reading.definition, text };
  return { refused: { data: reading, text: () => describeProblems(reading.problems), failed: true } };
}

async function validate(file: string): Promise<Answer> {
  const reading = await read(file);
  if ('refused' in reading) return reading.refused;
  const { definition } = reading;
  const data = { ok: true, programme: definition.programme, problems: [] };
  const valid = `${file} is a valid points programme (${definition.programme}).`;
  return { data, text: async () => `${valid}\n\n${await inShort(definition)}` };
}

async function publish(file: string, by: string | undefined): Promise<Answer> {
  const reading = await read(file);
  if ('refused' in reading) return reading.refused;
  const { publishProgramme } = await import('../../store/points-programmes.js');
  const { userInfo } = await import('node:os');
  const { definition, text } = reading;
  const publication = await withBank(({ database, now }) =>
    publishProgramme(database, { definition, sourceText: text, at: now(), by: by ?? userInfo().username }),
  );
  const { version, isNew, newest } = publication;
  const words = isNew
    ? `${definition.programme} version ${version} is published; transactions booked from ${definition.since} on earn by it, unless they were looked at before.`
    : `This is version ${version} already, nothing was changed; ${version === newest ? 'it is the newest' : `version ${newest} is the newest; to go back, publish the file with a change`}.`;
  return { data: publication, text: () => words };
}

async function approve(file: string, { by, reason }: { by: string; reason: string }): Promise<Answer> {
  const reading = await read(file);
  if ('refused' in reading) return reading.refused;
  const { definition } = reading;
  const { MAX_APPROVER_CHARACTERS, MAX_REASON_CHARACTERS, recordApproval } = await import('../../store/approvals.js');
  const given = { by: by.trim(), reason: reason.trim() };
  if (given.by === '' || given.by.length > MAX_APPROVER_CHARACTERS)
    throw new WrongUsage(`--by is 1 to ${MAX_APPROVER_CHARACTERS} characters.`);
  if (given.reason === '' || given.reason.length > MAX_REASON_CHARACTERS)
    throw new WrongUsage(`--reason is 1 to ${MAX_REASON_CHARACTERS} characters.`);
  const { needsApproval } = await import('../../domain/gift-rules.js');
  const { rewardedBy } = await import('../../domain/points-programme.js');
  const { definitionDigest } = await import('../../store/definition-digest.js');
  return withBank(async ({ database, installation, now }) => {
    const rules = definition.rules.filter((rule) => needsApproval(installation.jurisdiction, rewardedBy(rule)));
    if (rules.length === 0)
      throw new Error(`there is nothing to approve: ${installation.jurisdiction} forbids none of these rules.`);
    const campaignRef = definition.programme as CampaignRef;
    const digest = definitionDigest(definition);
    const { approval, isNew } = await recordApproval(database, { campaignRef, digest, at: now(), ...given });
    const names = rules.map(({ rule }) => rule).join(', ');
    const words = isNew
      ? `Approved: ${definition.programme} may be published as it stands in this file (${names}). An edit of anything but a comment needs its own approval.`
      : `This very file was approved before by ${approval.approvedBy}, nothing was changed.`;
    return { data: { digest, isNew, rules: names, approvedBy: approval.approvedBy }, text: () => words };
  });
}

function show(version: string | undefined): Promise<Answer> {
  const wanted = version === undefined ? undefined : Number(version);
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted > 0))
    throw new WrongUsage(`"${version}" is not a version; versions are numbered 1, 2, 3.`);
  return withBank(async ({ database, installation }) => {
    const { readProgrammeVersion } = await import('../../store/points-programmes.js');
    const found = await readProgrammeVersion(database, wanted);
    if (!found)
      throw new Error(
        `there is no ${wanted === undefined ? 'points programme' : `version ${wanted}`} yet; "keepwell points programme publish FILE" does it.`,
      );
    const head = facts([
      ['programme', found.definition.programme],
      ['version', found.version],
      ['published', `${when(found.publishedAt, installation.zone)} by ${found.publishedBy}`],
      ['digest', found.digest],
    ]);
    const data = { ...found, publishedAt: iso(found.publishedAt) };
    return { data, text: async () => `${head}\n\n${await inShort(found.definition)}\n\n${found.sourceText}` };
  });
}

async function inShort({ currency, since, rules, validityMonths, noticeBefore }: ProgrammeDefinition): Promise<string> {
  const rows = rules.map((rule) => [
    rule.rule,
    `${rule.categories.join(', ')} ${rule.direction}`,
    `${rule.pointsPer} ${currency}`,
    Object.entries(rule.multipliers)
      .map(([tier, percent]) => `${tier} ${percent} %`)
      .join(', '),
    rule.monthlyCap,
  ]);
  const drawn = await table(['rule', 'for', 'one point for', 'by tier', 'a month at most'], rows, 'No rule.');
  return `${drawn}\n\nFor what is booked from ${since} on. Points are good to the end of the month ${validityMonths} months later; notice ${noticeBefore} days before.`;
}

/** Publishes the programme that is shipped, where it fits the bank. @returns what was done, in words */
export async function publishShippedProgramme(owner: Database, at: Instant, by: string): Promise<string> {
  const { describeProblems } = await import('../../domain/definition-file.js');
  const { ProgrammeRefused, publishProgramme, readProgrammeVersion } = await import('../../store/points-programmes.js');
  const { readProgramme } = await import('../../domain/points-programme.js');
  const { readFile } = await import('node:fs/promises');
  const sourceText = await readFile(SHIPPED, 'utf8');
  const reading = readProgramme(sourceText, SHIPPED);
  if (!reading.ok)
    throw new Error(`the points programme can't be published; correct it:\n${describeProblems(reading.problems)}`);
  try {
    const { isNew, newest } = await publishProgramme(owner, { definition: reading.definition, sourceText, at, by });
    if (isNew) return `Points programme version ${newest} is published.`;
    const inForce = await readProgrammeVersion(owner, newest);
    const other = inForce?.publishedBy === by ? '' : `, published by ${inForce?.publishedBy}`;
    return `Points programme version ${newest} is the newest${other}.`;
  } catch (error) {
    // another bank's money or tiers are no reason not to open
    if (error instanceof ProgrammeRefused) return `No points programme is published: ${error.message}.`;
    throw error;
  }
}
