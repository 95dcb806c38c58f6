import type { Command } from 'commander';
import type { CampaignDefinition } from '../../domain/campaign.js';
import type { CampaignRef, Millis } from '../../domain/types.js';
import { approvalData, approvalInWords, approve, rewardInWords } from './campaign-approval.js';
import { addCampaignFile, readCampaignFile, refused, versionOption } from './campaign-file.js';
import { addCampaignLaunch } from './campaign-launch.js';
import { addCampaignMigrate } from './campaign-migrate.js';
import { addCampaignPause } from './campaign-pause.js';
import { addCampaignPreview } from './campaign-preview.js';
import { addCampaignResults } from './campaign-results.js';
import { withBank } from './context.js';
import { does, facts, iso, table, when, type Answer } from './output.js';

/** `campaign approve|list|show`, and what is in files of their own */
export function addCampaign(program: Command): void {
  const campaign = program.command('campaign').description('what is offered to whom: definitions and their versions');
  addCampaignFile(campaign);
  addCampaignPreview(campaign);
  addCampaignLaunch(campaign);
  addCampaignResults(campaign);
  addCampaignPause(campaign);
  addCampaignMigrate(campaign);
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

function list(): Promise<Answer> {
  return withBank(async ({ database, installation }) => {
    const { listCampaigns } = await import('../../store/campaigns.js');
    const campaigns = await listCampaigns(database);
    const data = campaigns.map((campaign) => ({ ...campaign, launchedAt: iso(campaign.launchedAt) }));
    const rows = campaigns.map((c) => [
      c.campaignRef,
      c.inForce,
      c.proposed === null ? null : `${c.proposed} by ${c.proposedBy}`,
      c.playbook,
      c.priority,
      c.openJourneys,
      c.closedJourneys,
      c.launchedAt === null ? null : when(c.launchedAt, installation.zone),
      c.launchedBy,
    ]);
    const head = ['campaign', 'in force', 'proposed', 'playbook', 'priority', 'open', 'closed', 'launched', 'by'];
    const empty = 'No campaign is published yet; "keepwell campaign publish FILE" does it.';
    return { data, text: () => table(head, rows, empty) };
  });
}

function show(name: string, version: string | undefined): Promise<Answer> {
  const wanted = versionOption(version);
  return withBank(async ({ database, installation }) => {
    const { readCampaignVersions } = await import('../../store/campaigns.js');
    const versions = await readCampaignVersions(database, name as CampaignRef);
    const found = wanted === undefined ? versions.at(-1) : versions.find((one) => one.version === wanted);
    if (!found) {
      const what = wanted === undefined ? `campaign "${name}"` : `version ${wanted} of campaign "${name}"`;
      throw new Error(`there is no ${what}; "keepwell campaign list" shows what there is.`);
    }
    const { readApproval } = await import('../../store/approvals.js');
    const approval = await readApproval(database, found.campaignRef, found.digest);
    const { launchedAt, launchedBy, publishedAt, publishedBy } = found;
    const { zone } = installation;
    const head = facts([
      ['campaign', found.campaignRef],
      ['version', `${found.version}, ${found.state}`],
      ['published', `${when(publishedAt, zone)} by ${publishedBy}`],
      ['launched', launchedAt === null ? 'not yet' : `${when(launchedAt, zone)} by ${launchedBy}`],
      ['digest', found.digest],
      ['approval', await approvalInWords(found.definition, approval, installation)],
      ['versions', versions.map((one) => `${one.version} ${one.state}`).join(', ')],
      ['in short', await inShort(found.definition)],
    ]);
    const data = {
      ...found,
      publishedAt: iso(publishedAt),
      launchedAt: iso(launchedAt),
      approval: approval && approvalData(approval),
      versions: versions.map((one) => ({ version: one.version, state: one.state })),
    };
    return { data, text: () => `${head}\n\n${found.sourceText}` };
  });
}

async function inShort(definition: CampaignDefinition): Promise<string> {
  const { describeDuration } = await import('../../domain/duration.js');
  const { planOf } = await import('../../domain/journey-plan.js');
  const { steps, survey } = planOf(definition);
  const after = (span: Millis): string => (span === 0 ? 'at once' : `after ${describeDuration(span)}`);
  const told = steps.map(({ step, kind, after: span }) => `${step} (${kind}) ${after(span)}`).join(', ');
  const asked = `survey ${after(survey.after)} with ${survey.reminders.length} reminders`;
  const { reward } = definition;
  return `${definition.playbook} playbook: ${told}, ${asked}, ${reward ? await rewardInWords(reward) : 'no reward'}`;
}
