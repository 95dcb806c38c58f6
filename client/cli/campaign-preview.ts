import type { Command } from 'commander';
import type { CampaignDefinition } from '../../domain/campaign.js';
import type { CampaignReading } from '../../domain/campaign-file.js';
import type { DoorAnswer } from '../../domain/contact-door.js';
import type { CampaignRef, CustomerRef, ZoneId } from '../../domain/types.js';
import type { Database } from '../../store/database.js';
import type { Preview, PreviewedAdmission, PreviewedStep } from '../../trial/preview.js';
import type { TestLetterRequest } from '../../trial/test-letter.js';
import { readCampaignFile, refused } from './campaign-file.js';
import { defaultAsOf, withBank, type BankDesk } from './context.js';
import { does, facts, iso, table, when, WrongUsage, type Answer } from './output.js';

/** `campaign preview|send-test`: what would happen, before it does */
export function addCampaignPreview(campaign: Command): void {
  does(
    campaign
      .command('preview')
      .argument('<campaign>', 'a YAML file, or the name of a published campaign')
      .argument('<customer>', 'for instance c42')
      .description('what it would do for one customer: admission, manager, each step, its letter; nothing is done')
      .addHelpText('after', '\nExample:\n  $ keepwell campaign preview campaigns/keep-your-tier.yaml c42'),
    ([which = '', customer = '']) => preview(which, customer),
  );
  does<SendTestOptions>(
    campaign
      .command('send-test')
      .argument('<campaign>', 'a YAML file, or the name of a published campaign')
      .requiredOption('--step <name>', 'which message, for instance offer, survey, reminder-1 or reward')
      .requiredOption('--to <address>', "where it goes: a colleague's address, never a customer's")
      .option('--customer <reference>', 'whose data are put in (default: those of a made-up customer)')
      .option('--language <language>', "en or zh-CN (default: the customer's own, else en)")
      .description('sends one message to yourself; it is marked, recorded nowhere, and its links lead nowhere')
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell campaign send-test keep-your-tier --step offer --to me@bank.example --language zh-CN',
      ),
    ([which = ''], options) => sendTest(which, options),
  );
}

interface SendTestOptions {
  step: string;
  to: string;
  customer?: string;
  language?: string;
}

type Wanted = { ok: true; definition: CampaignDefinition } | (CampaignReading & { ok: false });

/** A file where it looks like one, else the version in force, or the newest proposed one. */
async function definitionOf(database: Database, which: string): Promise<Wanted> {
  if (/\.ya?ml$|[/\\]/.test(which)) return (await readCampaignFile(which)).reading;
  const { readCampaignInForce } = await import('../../store/campaign-launches.js');
  const { readCampaignVersion } = await import('../../store/campaigns.js');
  const campaignRef = which as CampaignRef;
  const found =
    (await readCampaignInForce(database, campaignRef)) ?? (await readCampaignVersion(database, campaignRef));
  if (found) return { ok: true, definition: found.definition };
  throw new Error(
    `there is no campaign "${which}"; "keepwell campaign list" shows what there is, and a file is named with its .yaml.`,
  );
}

const trialOf = ({ database, installation, surroundings }: BankDesk) => ({
  database,
  bank: { name: installation.bankName, zone: installation.zone, clock: installation.clock },
  webUrl: surroundings.webUrl,
});

function preview(which: string, customer: string): Promise<Answer> {
  return withBank(async (desk) => {
    const wanted = await definitionOf(desk.database, which);
    if (!wanted.ok) return refused(wanted);
    const { previewCampaign } = await import('../../trial/preview.js');
    const { definition } = wanted;
    const request = { definition, customerRef: customer as CustomerRef, asOf: await defaultAsOf(desk), at: desk.now() };
    const shown = await previewCampaign(trialOf(desk), request);
    return { data: forPrograms(definition.campaign, shown), text: () => forPeople(definition.campaign, shown) };
  });
}

function forPrograms(campaign: string, { admission, steps, ...rest }: Preview): object {
  const until = admission.verdict === 'held-out' ? { followedUntil: iso(admission.followedUntil) } : {};
  return {
    campaign,
    ...rest,
    admission: { ...admission, ...until },
    steps: steps.map(({ today, ...step }) => ({
      ...step,
      at: iso(step.at),
      plannedAt: iso(step.plannedAt),
      today: today?.kind === 'hold' ? { ...today, until: iso(today.until) } : today,
    })),
  };
}

async function forPeople(campaign: string, shown: Preview): Promise<string> {
  const { reasonWords } = await import('../reason-words.js');
  const { zone, manager, steps } = shown;
  const who = manager.kind === 'assigned' ? manager.managerRef : 'nobody is free';
  const head = facts([
    ['campaign', campaign],
    ['customer', `${shown.customerRef}, reads ${shown.language}, ${zone}`],
    ['admission', admissionInWords(shown.admission, zone, reasonWords)],
    ['holdout', shown.heldOut ? 'by the lot left alone by this campaign, always' : 'not left alone by the lot'],
    ['manager', `${who} (${manager.reasons.map(reasonWords).join('; ')})`],
  ]);
  const rows = steps.map((step) => [
    step.step,
    step.kind,
    step.at === null ? 'once the goal is met' : when(step.at, zone),
    step.plannedAt === null ? null : `moved from ${when(step.plannedAt, zone)}`,
    todayInWords(step, zone, reasonWords),
  ]);
  const listed = await table(['step', 'kind', `when (${zone})`, 'contact hours', 'if asked today'], rows, '');
  return [head, listed, ...steps.flatMap(letterInWords)].join('\n\n');
}

type InWords = (code: string) => string;

function admissionInWords(admission: PreviewedAdmission, zone: ZoneId, words: InWords): string {
  switch (admission.verdict) {
    case 'admitted':
      return `would be admitted: ${admission.reasons.map(words).join('; ')}`;
    case 'held-out':
      return `would be left alone, to compare with, and followed until ${when(admission.followedUntil, zone)}`;
    case 'taken-by-another':
      return `would be taken by ${admission.by}, which goes first`;
    case 'refused':
      return `would not be admitted: ${admission.reasons.map(words).join('; ')}. The rest shows what would follow if they were.`;
  }
}

function todayInWords({ today }: PreviewedStep, zone: ZoneId, words: InWords): string | null {
  if (today === null) return null;
  return doorInWords(today, zone, words);
}

function doorInWords(answer: DoorAnswer, zone: ZoneId, words: InWords): string {
  const why = answer.reasons.map(words).join('; ');
  if (answer.kind === 'send') return 'would be sent';
  if (answer.kind === 'never') return `never: ${why}`;
  return `held ${answer.until === null ? 'for now' : `until ${when(answer.until, zone)}`}: ${why}`;
}

function letterInWords({ step, letter }: PreviewedStep): string[] {
  if (letter === null) return [];
  if (letter.kind === 'nothing') return [`── ${step}: nothing would be sent (${letter.reason})`];
  if (letter.kind === 'not-shown') return [`── ${step}: can't be shown: ${letter.why}`];
  return [`── ${step}: ${letter.letter.subject}\n\n${letter.letter.text.trim()}`];
}

const ADDRESS = /^[^\s@<>,;]+@[^\s@<>,;]+$/;

async function sendTest(which: string, { step, to, customer, language }: SendTestOptions): Promise<Answer> {
  if (language !== undefined && language !== 'en' && language !== 'zh-CN')
    throw new WrongUsage(`--language is en or zh-CN, not "${language}".`);
  if (!ADDRESS.test(to)) throw new WrongUsage('--to is one mail address, for instance me@bank.example.');
  return withBank(async (desk) => {
    const wanted = await definitionOf(desk.database, which);
    if (!wanted.ok) return refused(wanted);
    const { sendTestLetter, smtpOf } = await import('../../trial/test-letter.js');
    const { smtpUrl, mailFrom } = desk.surroundings;
    const request: TestLetterRequest = {
      definition: wanted.definition,
      step,
      to,
      customerRef: (customer ?? null) as CustomerRef | null,
      language: language ?? null,
      asOf: await defaultAsOf(desk),
      at: desk.now(),
    };
    const { delivery, subject } = await sendTestLetter({ ...trialOf(desk), ...smtpOf(smtpUrl, mailFrom) }, request);
    const data = { step, to, subject, delivery: delivery.kind, answer: delivery.answer };
    if (delivery.kind === 'accepted') return { data, text: () => `"${subject}" is sent to ${to}.` };
    const words = `"${subject}" was not taken by the mail server (${delivery.answer}); nothing was recorded, try again.`;
    return { data, text: () => words, failed: true };
  });
}
