import type { Command } from 'commander';
import type { CampaignDefinition } from '../../domain/campaign.js';
import type { CampaignReading } from '../../domain/campaign-file.js';
import type { Rewarded } from '../../domain/gift-rules.js';
import type { CampaignRef, Millis } from '../../domain/types.js';
import { approvalData, approvalInWords, approve, rewardInWords } from './campaign-approval.js';
import { withBank } from './context.js';
import { does, facts, iso, table, when, WrongUsage, type Answer } from './output.js';

/** `campaign publish|validate|approve|list|show` */
export function addCampaign(program: Command): void {
  const campaign = program.command('campaign').description('what is offered to whom: definitions and their versions');
  does<{ by?: string }>(
    campaign
      .command('publish')
      .argument('<file>', 'YAML of the campaign')
      .option('--by <name>', 'who publishes (default: the user of this terminal)')
      .description('puts a file in force for new journeys, as the next version')
      .addHelpText('after', '\nExample:\n  $ keepwell campaign publish campaigns/keep-your-tier.yaml'),
    ([file = ''], options) => publish(file, options.by),
  );
  does(
    campaign
      .command('validate')
      .argument('<file>', 'YAML of the campaign')
      .description('says what is wrong in a file, with line numbers; needs nothing that runs')
      .addHelpText('after', '\nExample:\n  $ keepwell campaign validate campaigns/keep-your-tier.yaml'),
    ([file = '']) => validate(file),
  );
  does<{ by: string; reason: string }>(
    campaign
      .command('approve')
      .argument('<file>', 'YAML of the campaign')
      .requiredOption('--by <name>', 'who approves for compliance')
      .requiredOption('--reason <text>', 'why such a reward may be given, for the record')
      .description("records compliance's approval of this very version, where the bank's country forbids its reward")
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell campaign approve campaigns/keep-your-tier.yaml --by "Chen Yu" --reason "Opinion 2026-17"',
      ),
    async ([file = ''], options) => {
      const { reading } = await readCampaignFile(file);
      return reading.ok ? approve(reading.definition, options) : refused(reading);
    },
  );
  does(
    campaign
      .command('list')
      .description('campaigns at their newest version, the first to choose customers on top')
      .addHelpText('after', '\nExample:\n  $ keepwell campaign list'),
    () => list(),
  );
  does<{ version?: string }>(
    campaign
      .command('show')
      .argument('<name>')
      .option('--version <n>', 'an older version (default: the newest)')
      .description('a version as it was published')
      .addHelpText('after', '\nExample:\n  $ keepwell campaign show keep-your-tier --version 1'),
    ([name = ''], options) => show(name, options.version),
  );
}

/**
 * Reads a campaign's file.
 * @throws Error in words when there is no such file
 */
export async function readCampaignFile(file: string): Promise<{ text: string; reading: CampaignReading }> {
  const { readFile } = await import('node:fs/promises');
  const { readCampaign } = await import('../../domain/campaign-file.js');
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : (cause.code ?? cause.message);
    throw new Error(`"${file}" can't be read (${why}); name the YAML file of a campaign.`, { cause });
  });
  return { text, reading: readCampaign(text, file) };
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

async function publish(file: string, by: string | undefined): Promise<Answer> {
  const { text, reading } = await readCampaignFile(file);
  if (!reading.ok) return refused(reading);
  const { publishCampaign } = await import('../../store/campaigns.js');
  const { definitionDigest } = await import('../../store/definition-digest.js');
  const { userInfo } = await import('node:os');
  const { definition } = reading;
  const publisher = by ?? userInfo().username;
  const publication = await withBank(({ database, now }) => {
    const version = { definition, sourceText: text, digest: definitionDigest(definition), at: now(), by: publisher };
    return publishCampaign(database, version);
  });
  const { campaignRef, version, isNew, newest } = publication;
  const inForce =
    version === newest
      ? 'it is in force for new journeys'
      : `version ${newest} stays in force; to go back to the older one, publish it with a change, for instance of its priority`;
  const words = isNew
    ? `${campaignRef} version ${version} is published; new journeys begin with it, running ones keep theirs.`
    : `This is ${campaignRef} version ${version} already, nothing was changed; ${inForce}.`;
  return { data: publication, text: () => words };
}

async function refused(reading: CampaignReading & { ok: false }): Promise<Answer> {
  const { describeProblems } = await import('../../domain/definition-file.js');
  return { data: reading, text: () => describeProblems(reading.problems), failed: true };
}

function list(): Promise<Answer> {
  return withBank(async ({ database, installation }) => {
    const { listCampaigns } = await import('../../store/campaigns.js');
    const campaigns = await listCampaigns(database);
    const data = campaigns.map((campaign) => ({ ...campaign, publishedAt: iso(campaign.publishedAt) }));
    const rows = campaigns.map((c) => [
      c.campaignRef,
      c.version,
      c.playbook,
      c.priority,
      c.openJourneys,
      c.closedJourneys,
      when(c.publishedAt, installation.zone),
      c.publishedBy,
    ]);
    const head = ['campaign', 'version', 'playbook', 'priority', 'open', 'closed', 'published', 'by'];
    const empty = 'No campaign is published yet; "keepwell campaign publish FILE" does it.';
    return { data, text: () => table(head, rows, empty) };
  });
}

function show(name: string, version: string | undefined): Promise<Answer> {
  const wanted = version === undefined ? undefined : Number(version);
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted > 0))
    throw new WrongUsage(`"${version}" is not a version; versions are numbered 1, 2, 3.`);
  return withBank(async ({ database, installation }) => {
    const { readCampaignVersion } = await import('../../store/campaigns.js');
    const found = await readCampaignVersion(database, name as CampaignRef, wanted);
    if (!found) {
      const what = wanted === undefined ? `campaign "${name}"` : `version ${wanted} of campaign "${name}"`;
      throw new Error(`there is no ${what}; "keepwell campaign list" shows what there is.`);
    }
    const { readApproval } = await import('../../store/approvals.js');
    const approval = await readApproval(database, found.campaignRef, found.digest);
    const head = facts([
      ['campaign', found.campaignRef],
      ['version', found.version],
      ['published', `${when(found.publishedAt, installation.zone)} by ${found.publishedBy}`],
      ['digest', found.digest],
      ['approval', await approvalInWords(found.definition, approval, installation)],
      ['in short', await inShort(found.definition)],
    ]);
    const data = { ...found, publishedAt: iso(found.publishedAt), approval: approval && approvalData(approval) };
    return { data, text: () => `${head}\n\n${found.sourceText}` };
  });
}

async function inShort(definition: CampaignDefinition): Promise<string> {
  const { describeDuration } = await import('../../domain/duration.js');
  const after = (span: Millis): string => `after ${describeDuration(span)}`;
  const { offer, survey, reward } = definition;
  const offered = offer ? `, offer ${after(offer.after)}` : '';
  const asked = `, survey ${after(survey.after)} with ${survey.reminders.length} reminders`;
  return `${definition.playbook} playbook: letter${offered}${asked}, ${reward ? await rewardInWords(reward) : 'no reward'}`;
}
