import type { Command } from 'commander';
import type { CampaignRef } from '../../domain/types.js';
import type * as uplift from '../../domain/uplift.js';
import type { Interval, Share, UpliftVerdict } from '../../domain/uplift.js';
import type { CampaignResults, ResultGroup } from '../../store/reads/campaign-results.js';
import { withBank } from './context.js';
import { does, table, type Answer } from './output.js';

/** `campaign results` */
export function addCampaignResults(campaign: Command): void {
  does(
    campaign
      .command('results')
      .argument('<name>', 'a published campaign')
      .description('how many kept their tier, of those spoken to and of those left alone, and what may be said of that')
      .addHelpText('after', '\nExample:\n  $ keepwell campaign results keep-your-tier'),
    ([name = '']) => results(name),
  );
}

/** The module, which is loaded when the command runs. */
type Uplift = typeof uplift;

/** The two moments at which a tier is looked at; a customer is retained who kept it at both. */
const MOMENTS = [
  ['first', 'tier kept at the first evaluation after the end'],
  ['again', 'and again 90 days later: retained'],
] as const;

function results(name: string): Promise<Answer> {
  return withBank(async ({ database, installation, now }) => {
    const { readCampaignVersion } = await import('../../store/campaigns.js');
    const { readCampaignResults } = await import('../../store/reads/campaign-results.js');
    const uplift = await import('../../domain/uplift.js');
    const campaignRef = name as CampaignRef;
    if (!(await readCampaignVersion(database, campaignRef)))
      throw new Error(`there is no campaign "${name}"; "keepwell campaign list" shows what there is.`);
    const found = await readCampaignResults(database, campaignRef, now(), installation.zone);
    const moments = MOMENTS.map(([moment, words]) => ({ moment, words, ...compared(found, moment, uplift) }));
    const data = {
      campaign: name,
      ...forPrograms(found, uplift),
      comparison: moments.map(({ words: _, ...rest }) => rest),
    };
    return { data, text: () => inWords(found, moments, uplift) };
  });
}

function compared(found: CampaignResults, moment: 'first' | 'again', uplift: Uplift) {
  const [treated, holdout] = [found.treated[moment], found.holdout[moment]];
  const verdict: UpliftVerdict | 'no-holdout' =
    found.holdout.customers === 0 ? 'no-holdout' : uplift.upliftVerdict(treated, holdout);
  return { treated, holdout, difference: uplift.difference(treated, holdout), verdict };
}

function forPrograms(found: CampaignResults, uplift: Uplift): object {
  const share = (known: Share) => ({ ...known, rate: uplift.rateOf(known), interval: uplift.wilson(known) });
  const group = (one: ResultGroup) => ({ ...one, first: share(one.first), again: share(one.again) });
  return { treated: group(found.treated), holdout: group(found.holdout), others: group(found.others) };
}

async function inWords(
  found: CampaignResults,
  moments: readonly (ReturnType<typeof compared> & { moment: 'first' | 'again'; words: string })[],
  uplift: Uplift,
): Promise<string> {
  const groups = [
    ['spoken to', found.treated],
    ['left alone', found.holdout],
    ['without a lot', found.others],
  ] as const;
  const rows = groups.map(([words, group]) => [
    words,
    group.customers,
    group.running,
    group.notEvaluated,
    group.goalMet,
    shareInWords(group.first, uplift),
    shareInWords(group.again, uplift),
  ]);
  const head = ['', 'customers', 'running', 'not evaluated yet', 'goal met', 'tier kept', 'and again after 90 days'];
  const told = moments.map(
    ({ words, ...moment }) => `${words[0]?.toUpperCase()}${words.slice(1)}: ${verdictInWords(moment, uplift)}`,
  );
  const notes =
    found.others.customers > 0
      ? '\n\n"Without a lot": journeys begun by hand, or by a version without a holdout; they are compared with nobody.'
      : '';
  return `${await table(head, rows, '')}\n\n${told.join('\n')}${notes}`;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const points = (share: number): string => `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(1)}`;
const span = ({ low, high }: Interval, words: (share: number) => string): string => `${words(low)} to ${words(high)}`;

function shareInWords(known: Share, uplift: Uplift): string | null {
  const rate = uplift.rateOf(known);
  return rate === null
    ? null
    : `${known.successes} of ${known.of}, ${percent(rate)} (${span(uplift.wilson(known), percent)})`;
}

function verdictInWords(
  { treated, holdout, difference, verdict }: ReturnType<typeof compared>,
  uplift: Uplift,
): string {
  const measured = difference
    ? `${points(difference.uplift)} percentage points (95 % interval ${span(difference, points)})`
    : 'nothing measured';
  switch (verdict) {
    case 'no-holdout':
      return 'nobody is left alone, so there is nothing to compare with; give the next version a holdout.';
    case 'too-few':
      return `can't tell yet: ${treated.of} and ${holdout.of} customers are evaluated, and with fewer than ${uplift.LEAST_IN_ARM} in an arm the numbers say nothing.`;
    case 'cannot-tell':
      return `can't tell: ${measured}; chance alone could do that.`;
    case 'more-retained':
      return `the campaign keeps more tiers: ${measured}.`;
    case 'fewer-retained':
      return `the campaign keeps fewer tiers than leaving customers alone: ${measured}; look into it.`;
  }
}
