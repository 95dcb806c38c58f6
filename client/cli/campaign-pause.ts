import type { Command } from 'commander';
import type { CampaignRef } from '../../domain/types.js';
import type { JourneyNews } from '../../workflows/contract.js';
import { withBank, type BankDesk } from './context.js';
import { byOption, lineOf } from './line-option.js';
import { does, iso, say, type Answer } from './output.js';

/** Characters of a reason; the table's check says the same. */
const MAX_REASON_CHARACTERS = 1000;

/** `campaign pause|resume` */
export function addCampaignPause(campaign: Command): void {
  does<{ by?: string; reason: string }>(
    campaign
      .command('pause')
      .argument('<name>')
      .requiredOption('--reason <text>', 'why, for the record')
      .option('--by <name>', 'who pauses (default: the user of this terminal)')
      .description('from now on the campaign says nothing, takes nobody, and the clocks of its journeys hold')
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell campaign pause keep-your-tier --reason "wrong rate in the offer"',
      ),
    ([name = ''], options) => pause(name as CampaignRef, options),
  );
  does<{ by?: string }>(
    campaign
      .command('resume')
      .argument('<name>')
      .option('--by <name>', 'who resumes (default: the user of this terminal)')
      .description('goes on where each customer stood; surveys that are out get back the time of the pause')
      .addHelpText('after', '\nExample:\n  $ keepwell campaign resume keep-your-tier'),
    ([name = ''], options) => resume(name as CampaignRef, options.by),
  );
}

async function pause(campaignRef: CampaignRef, options: { by?: string; reason: string }): Promise<Answer> {
  const by = await byOption(options.by);
  const reason = lineOf(options.reason, '--reason', MAX_REASON_CHARACTERS);
  return withBank(async (desk) => {
    const { pauseCampaign } = await import('../../store/pauses.js');
    const { pauseId, pausedAt } = await pauseCampaign(desk.database, { campaignRef, at: desk.now(), by, reason });
    const told = await tell(desk, { kind: 'paused', campaignRef, pause: { pauseId, pausedAt } });
    return {
      data: { campaignRef, pausedAt: iso(pausedAt), told },
      text: () => `${campaignRef} is paused: nothing of it leaves any more${inWords(told)}.`,
    };
  });
}

async function resume(campaignRef: CampaignRef, given: string | undefined): Promise<Answer> {
  const by = await byOption(given);
  return withBank(async (desk) => {
    const { resumeCampaign } = await import('../../store/pauses.js');
    const over = await resumeCampaign(desk.database, { campaignRef, at: desk.now(), by });
    const { pauseId, pausedAt, resumedAt } = over;
    const told = await tell(desk, { kind: 'resumed', campaignRef, pause: { pauseId, pausedAt, resumedAt } });
    return {
      data: { campaignRef, pausedAt: iso(pausedAt), resumedAt: iso(resumedAt), told },
      text: () => `${campaignRef} goes on where each customer stood${inWords(told)}.`,
    };
  });
}

/** What is committed holds in any case; where Temporal doesn't answer the daily round tells the journeys. */
export async function tell(desk: BankDesk, news: JourneyNews): Promise<number | null> {
  const { tellNews } = await import('../news.js');
  try {
    return await tellNews(await desk.temporal(), news);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(`This holds from now on, but the running journeys could not all be told (${why}); the daily round tells them.`);
    return null;
  }
}

const inWords = (told: number | null): string =>
  told === null ? '' : told === 1 ? '; 1 journey was told' : `; ${told} journeys were told`;
