import type { Command } from 'commander';
import type { CampaignRef, CustomerRef, JourneyId, Outcome } from '../../domain/types.js';
import type { JourneyFilter } from '../../store/reads/journey.js';
import type { JourneyState } from '../../workflows/contract.js';
import { defaultAsOf, withBank, type BankDesk } from './context.js';
import { journeyForPeople, journeyForPrograms, summaryForPrograms } from './journey-view.js';
import { does, table, when, WrongUsage, type Answer } from './output.js';

/** `journey start|list|show|withdraw` */
export function addJourney(program: Command): void {
  const journey = program.command('journey').description('what happens to a customer, from finding to outcome');
  does<{ customer: string; campaign: string; by?: string }>(
    journey
      .command('start')
      .requiredOption('--customer <reference>', 'for instance c42')
      .requiredOption('--campaign <name>', 'a published campaign')
      .option('--by <name>', 'who starts it (default: the user of this terminal)')
      .description('starts a journey that detection did not')
      .addHelpText('after', '\nExample:\n  $ keepwell journey start --customer c42 --campaign keep-your-tier'),
    (_args, options) => start(options.customer, options.campaign, options.by),
  );
  does<{ state?: string; outcome?: string; limit: string; after?: string }>(
    journey
      .command('list')
      .option('--state <state>', 'open or closed (default: both)')
      .option('--outcome <outcome>', 'for instance retained')
      .option('--limit <n>', 'how many at most, 1 to 1000', '50')
      .option('--after <id>', 'the last journey of the page before')
      .description('journeys, the newest first')
      .addHelpText('after', '\nExample:\n  $ keepwell journey list --state closed --outcome retained'),
    (_args, options) => list(options),
  );
  does(
    journey
      .command('show')
      .argument('<journey>', "a journey's id, or a customer's reference for their newest one")
      .description('the story in order, with the reasons, from the records and the live run')
      .addHelpText('after', '\nExample:\n  $ keepwell journey show c42'),
    ([which = '']) => show(which),
  );
  does<{ by: string }>(
    journey
      .command('withdraw')
      .argument('<journey>', "a journey's id, or a customer's reference for their newest one")
      .option('--by <whom>', 'staff or customer: who wants it', 'staff')
      .description('ends a journey before its time')
      .addHelpText('after', '\nExample:\n  $ keepwell journey withdraw c42 --by staff'),
    ([which = ''], options) => withdrawJourney(which, options.by),
  );
}

async function start(customer: string, campaign: string, by: string | undefined): Promise<Answer> {
  const { userInfo } = await import('node:os');
  return withBank(async (desk) => {
    const { database, installation, now } = desk;
    const { readCampaignInForce } = await import('../../store/campaign-launches.js');
    const { admitByHand } = await import('../../store/admit-by-hand.js');
    const { journeyStarted } = await import('../../store/journeys.js');
    const { reasonWords } = await import('../reason-words.js');
    const version = await readCampaignInForce(database, campaign as CampaignRef);
    if (!version)
      throw new Error(`no campaign "${campaign}" is in force; "keepwell campaign list" shows what there is.`);
    // Temporal first: a journey that nobody can start is not admitted
    const client = await desk.temporal();
    const asOf = await defaultAsOf(desk);
    const customerRef = customer as CustomerRef;
    const request = { customerRef, campaign: version, asOf, at: now(), by: by ?? userInfo().username };
    const admission = await admitByHand(database, request);
    if (admission.verdict === 'refused') {
      const why = admission.reasons.map(reasonWords).join('; ');
      return { data: admission, text: () => `No journey was started for ${customer}: ${why}.`, failed: true };
    }
    const { journeyStart } = await import('../../workflows/contract.js');
    const { journeyId } = admission;
    const { campaignRef } = version;
    const input = { journeyId, customerRef, campaignRef, version: version.version, clock: installation.clock };
    await client.workflow.start(...journeyStart(input));
    await journeyStarted(database, [journeyId], now());
    const words = `Journey ${journeyId} of ${campaignRef} version ${version.version} has begun for ${customer}.`;
    return { data: { verdict: 'admitted', journeyId, campaignRef, version: version.version }, text: () => words };
  });
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A number of rows that a person asked for. @throws WrongUsage outside 1 to `most` */
export function limitOption(text: string, most: number): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > most)
    throw new WrongUsage(`--limit is a whole number from 1 to ${most}, not "${text}".`);
  return limit;
}

interface ListOptions {
  state?: string;
  outcome?: string;
  limit: string;
  after?: string;
}

async function list({ state, outcome, limit, after }: ListOptions): Promise<Answer> {
  const { OUTCOMES } = await import('../../domain/types.js');
  const { listJourneys, MAX_JOURNEYS_LISTED } = await import('../../store/reads/journey.js');
  const wanted = state === 'open' || state === 'closed' ? state : undefined;
  if (state !== wanted) throw new WrongUsage(`--state is open or closed, not "${state}".`);
  if (outcome !== undefined && !(OUTCOMES as readonly string[]).includes(outcome))
    throw new WrongUsage(`--outcome is one of ${OUTCOMES.join(', ')}, not "${outcome}".`);
  if (after !== undefined && !UUID.test(after)) throw new WrongUsage(`--after wants a journey's id, not "${after}".`);
  const most = limitOption(limit, MAX_JOURNEYS_LISTED);
  return withBank(async ({ database, installation }) => {
    const filter: JourneyFilter = {
      state: wanted,
      outcome: outcome as Outcome | undefined,
      after: after as JourneyId | undefined,
      limit: most,
    };
    const { journeys, more } = await listJourneys(database, filter);
    const head = ['journey', 'customer', 'campaign', 'step', 'outcome', 'manager', 'admitted', 'where it stands'];
    const rows = journeys.map((j) => [
      j.journeyId,
      j.customerRef,
      `${j.campaignRef} v${j.version}`,
      j.step,
      j.outcome,
      j.managerRef,
      when(j.admittedAt, installation.zone),
      j.stepWords,
    ]);
    const last = journeys.at(-1)?.journeyId;
    const next = more ? `\n\nThere are more: add --after ${last}` : '';
    const text = async (): Promise<string> => `${await table(head, rows, 'No such journey.')}${next}`;
    return { data: { journeys: journeys.map(summaryForPrograms), next: more ? last : null }, text };
  });
}

async function found({ database }: BankDesk, which: string) {
  const { findJourney } = await import('../../store/reads/journey.js');
  const journey = await findJourney(database, which);
  if (journey) return journey;
  const what = UUID.test(which) ? `no journey ${which}` : `no journey of customer "${which}"`;
  throw new Error(`there is ${what}; "keepwell journey list" shows what there is.`);
}

function show(which: string): Promise<Answer> {
  return withBank(async (desk) => {
    const journey = await found(desk, which);
    const { readJourneyRecords } = await import('../../store/reads/journey.js');
    const records = await readJourneyRecords(desk.database, journey);
    const { journeyStory } = await import('../journey-story.js');
    const view = {
      records,
      story: journeyStory(records, desk.installation.zone),
      live: await liveState(desk, records.journey),
    };
    return { data: journeyForPrograms(view), text: () => journeyForPeople(view, desk.installation.zone) };
  });
}

/** What the run says of itself; a sentence when it can't be asked: the records are there all the same. */
async function liveState(
  desk: BankDesk,
  journey: { workflowId: string; closedAt: number | null },
): Promise<JourneyState | string> {
  if (journey.closedAt !== null) return 'the journey has ended';
  const { inWords } = await import('./words.js');
  try {
    const client = await desk.temporal();
    const { journeyState } = await import('../../workflows/contract.js');
    const handle = client.workflow.getHandle(journey.workflowId);
    return await client.withDeadline(Date.now() + QUERY_LIMIT_MS, () => handle.query(journeyState));
  } catch (error) {
    return `the run could not be asked: ${inWords(error)}`;
  }
}

/** A worker that has not answered a question within this many ms is taken for absent. */
const QUERY_LIMIT_MS = 10_000;

async function withdrawJourney(which: string, by: string): Promise<Answer> {
  if (by !== 'staff' && by !== 'customer') throw new WrongUsage(`--by is staff or customer, not "${by}".`);
  return withBank(async (desk) => {
    const journey = await found(desk, which);
    if (journey.closedAt !== null)
      throw new Error(
        `journey ${journey.journeyId} has ended already (${journey.outcome}); there is nothing to withdraw.`,
      );
    const client = await desk.temporal();
    const { withdraw } = await import('../../workflows/contract.js');
    const { askWithin } = await import('../ask.js');
    const state = await askWithin(client, () =>
      client.workflow.getHandle(journey.workflowId).executeUpdate(withdraw, { args: [{ by }] }),
    );
    const words = `Journey ${journey.journeyId} is withdrawn: ${state.words}.`;
    return { data: { journeyId: journey.journeyId, state }, text: () => words };
  });
}
