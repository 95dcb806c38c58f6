import type { Command } from 'commander';
import type { CampaignRef } from '../../domain/types.js';
import type { MoveAnswer } from '../../domain/version-move.js';
import type { PlannedMove } from '../version-moves.js';
import { withBank, type BankDesk } from './context.js';
import { byOption } from './line-option.js';
import { does, progressBar, table, WrongUsage, type Answer } from './output.js';

interface Options {
  to?: string;
  plan?: boolean;
  apply?: boolean;
  undo?: string;
  by?: string;
}

/** `campaign migrate` */
export function addCampaignMigrate(campaign: Command): void {
  does<Options>(
    campaign
      .command('migrate')
      .argument('<name>')
      .option('--to <version>', 'the version that open journeys are to go on under')
      .option('--plan', 'says what would become of each open journey, and changes nothing')
      .option('--apply', 'moves those that can be moved')
      .option('--undo <customer>', "takes the customer's move back, as long as nothing was said to them since")
      .option('--by <name>', 'who moves (default: the user of this terminal)')
      .description('moves customers on their way to another version; without it they keep theirs')
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell campaign migrate keep-your-tier --to 3 --plan\n  $ keepwell campaign migrate keep-your-tier --to 3 --apply\n  $ keepwell campaign migrate keep-your-tier --undo c42',
      ),
    ([name = ''], options) => migrate(name as CampaignRef, options),
  );
}

async function migrate(campaignRef: CampaignRef, options: Options): Promise<Answer> {
  const by = await byOption(options.by);
  const asked = [options.plan, options.apply, options.undo !== undefined].filter(Boolean).length;
  if (asked !== 1) throw new WrongUsage('say one of --plan, --apply or --undo CUSTOMER.');
  if (options.undo !== undefined) return undo(campaignRef, options.undo, by);
  const version = Number(options.to);
  if (!Number.isInteger(version) || version < 1)
    throw new WrongUsage('--to is the number of a version; "keepwell campaign show NAME" tells the newest.');
  return withBank(async (desk) => {
    const planned = await plan(desk, campaignRef, version);
    if (!options.apply) return answer(campaignRef, version, planned, 'would');
    const { applyMoves } = await import('../version-moves.js');
    const bar = progressBar('moving');
    const moved = await applyMoves(await desk.temporal(), planned, { version, by }, (done) =>
      bar(done, planned.length),
    );
    return answer(campaignRef, version, moved, 'did');
  });
}

async function plan(desk: BankDesk, campaignRef: CampaignRef, version: number): Promise<PlannedMove[]> {
  const { readCampaignVersion } = await import('../../store/campaigns.js');
  const { planMoves } = await import('../version-moves.js');
  const to = await readCampaignVersion(desk.database, campaignRef, version);
  if (!to)
    throw new Error(
      `there is no version ${version} of campaign "${campaignRef}"; "keepwell campaign list" shows what there is.`,
    );
  const { isLaunched } = await import('../../store/campaign-launches.js');
  if (!(await isLaunched(desk.database, campaignRef, version)))
    throw new Error(
      `version ${version} of ${campaignRef} is a proposal; a second person launches it first, with "keepwell campaign launch".`,
    );
  return planMoves(desk.database, { campaignRef, to, at: desk.now() });
}

async function undo(campaignRef: CampaignRef, customer: string, by: string): Promise<Answer> {
  return withBank(async ({ database, temporal }) => {
    const { findJourney } = await import('../../store/reads/journey.js');
    const { lastMove } = await import('../../store/journey-moves.js');
    const journey = await findJourney(database, customer);
    if (!journey || journey.closedAt !== null || journey.campaignRef !== campaignRef)
      throw new Error(`${customer} has no open journey of ${campaignRef}; "keepwell journey list" shows what is open.`);
    const last = await lastMove(database, journey.journeyId);
    if (!last) throw new Error(`the journey of ${customer} was not moved; there is nothing to undo.`);
    const { moveToVersion } = await import('../../workflows/contract.js');
    const { askWithin } = await import('../ask.js');
    const client = await temporal();
    const asked = { version: last.fromVersion, undo: true, by };
    const { version, step } = await askWithin(client, () =>
      client.workflow.getHandle(journey.workflowId).executeUpdate(moveToVersion, { args: [asked] }),
    );
    return {
      data: { journeyId: journey.journeyId, customerRef: journey.customerRef, version, step },
      text: () => `The journey of ${customer} is back under version ${version} and goes on at "${step}".`,
    };
  });
}

function answer(campaignRef: CampaignRef, version: number, moves: PlannedMove[], tense: 'would' | 'did'): Answer {
  const count = (kind: MoveAnswer['kind']): number => moves.filter((move) => move.answer.kind === kind).length;
  const rows = moves.map(({ customerRef, version: from, answer: told }) => [customerRef, from, words(told)]);
  const sum = `${count('moves')} ${tense === 'did' ? 'moved' : 'would move'}, ${count('stays')} stay${tense === 'did' ? 'ed' : ''}, ${count('blocked')} ${tense === 'did' ? 'were' : 'are'} blocked.`;
  const data = moves.map(({ journeyId, customerRef, version: from, answer: told }) => ({
    journeyId,
    customerRef,
    from,
    ...told,
  }));
  return {
    data: {
      campaignRef,
      to: version,
      moves: count('moves'),
      stays: count('stays'),
      blocked: count('blocked'),
      journeys: data,
    },
    text: async () =>
      `${await table(['customer', 'version', tense === 'did' ? 'what became of it' : 'what would become of it'], rows, `${campaignRef} has no open journey.`)}\n\n${sum}`,
  };
}

function words(answer: MoveAnswer): string {
  if (answer.kind === 'moves') return `moves at step ${answer.step}`;
  return answer.kind === 'stays' ? `stays: ${answer.why}` : `blocked because ${answer.why}`;
}
