import { Option, type Command } from 'commander';
import type { ContactPolicy } from '../../domain/contact-policy.js';
import type { YamlReading } from '../../domain/definition-file.js';
import type { Instant, MessageClass, ZoneId } from '../../domain/types.js';
import { does, when, WrongUsage, type Answer } from './output.js';

const CLASSES: readonly MessageClass[] = ['promotional', 'service', 'statutory'];

/** Zones that are named to somebody who misspelt one. */
const MOST_NEAR = 5;

const NOTES = `
FILE is YAML or JSON with the contact policy under "contact:"; of a whole campaign only that part is looked at:
  contact:
    days: [mon, tue, wed, thu, fri]
    hours: { from: "07:30", to: "19:00" }
    calendar: CN

It tells days, hours and holidays, and needs nothing that runs. Caps, consent, complaints and whatever else is known only
of a customer are judged at the moment of sending.

Example:
  $ keepwell contact when --policy policy.yaml --zone Asia/Shanghai --at 2026-11-27T12:00:00+08:00 --class promotional`;

interface WhenOptions {
  policy: string;
  zone: string;
  at: string;
  class: MessageClass;
}

/** `contact when` */
export function addContact(program: Command): void {
  const contact = program.command('contact').description('when customers may be written to');
  does<WhenOptions>(
    contact
      .command('when')
      .requiredOption('--policy <file>', 'YAML or JSON of a contact policy, or of a campaign that has one')
      .requiredOption('--zone <zone>', "the customer's zone, for instance Asia/Shanghai")
      .requiredOption('--at <instant>', 'when it would be sent, for instance 2026-11-27T12:00:00+08:00')
      .addOption(
        new Option('--class <class>', 'of the message; statutory ones wait for no hours')
          .choices(CLASSES)
          .makeOptionMandatory(),
      )
      .description('says whether a policy lets a message go at an instant, or until when it holds it')
      .addHelpText('after', NOTES),
    (_args, options) => contactWhen(options),
  );
}

async function contactWhen(options: WhenOptions): Promise<Answer> {
  const zone = zoneOption(options.zone);
  const at = await atOption(options.at);
  const reading = await readPolicyFile(options.policy);
  if (!reading.ok) {
    const { describeProblems } = await import('../../domain/definition-file.js');
    return { data: reading, text: () => describeProblems(reading.problems), failed: true };
  }
  const { contact } = reading.definition;
  if (options.class === 'statutory') return send('a statutory message waits for no hours');
  const { contactWindow } = await import('../../domain/contact-window.js');
  const window = contactWindow(contact, zone, at);
  if (window.kind === 'open') return send(`${localTime(at, zone)} is within the days and hours of the policy`);
  const { reasonWords } = await import('../reason-words.js');
  const { reasons } = window;
  const until = toTheSecond(window.until);
  const spoke = reasons.map(reasonWords).join('; ');
  const words = `Hold until ${localTime(window.until, zone)} (${until}). At ${localTime(at, zone)}: ${spoke}.`;
  return { data: { decision: 'hold', until, reasons }, text: () => words };
}

const send = (why: string): Answer => ({
  data: { decision: 'send', until: null, reasons: [] },
  text: () => `Send: ${why}.`,
});

type PolicyReading = YamlReading<{ contact: ContactPolicy }>;

/** @throws Error in words when the file can't be read or has no contact policy */
async function readPolicyFile(file: string): Promise<PolicyReading> {
  const { readFile } = await import('node:fs/promises');
  const { z } = await import('zod');
  const { contactPolicySchema } = await import('../../domain/contact-policy.js');
  const { readYaml } = await import('../../domain/definition-file.js');
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : (cause.code ?? cause.message);
    throw new Error(`"${file}" can't be read (${why}); name the YAML or JSON file of a contact policy.`, {
      cause,
    });
  });
  const schema = z.looseObject({ contact: contactPolicySchema.optional() });
  const reading = readYaml({ schema, what: 'a contact policy', beginsWith: 'contact:' }, text, file);
  if (!reading.ok) return reading;
  const { contact, ...rest } = reading.definition;
  if (contact) return { ok: true, definition: { contact } };
  const message =
    'campaign' in rest
      ? 'this campaign has no contact policy, so no days and hours hold its messages; add one under "contact:"'
      : 'there is no contact policy; write one under "contact:", with days and hours';
  return { ok: false, problems: [{ file, line: 1, column: 1, message }] };
}

/** @throws WrongUsage in words when it is no name of the IANA time zone database */
function zoneOption(text: string): ZoneId {
  if (/^[A-Za-z]/.test(text) && isZone(text)) return text as ZoneId;
  const wanted = (text.split('/').at(-1) ?? '').trim().replaceAll(' ', '_').toLowerCase();
  const near = Intl.supportedValuesOf('timeZone').filter(
    (zone) => wanted !== '' && zone.toLowerCase().includes(wanted),
  );
  const advice = near.length > 0 ? `; did you mean ${near.slice(0, MOST_NEAR).join(' or ')}?` : '.';
  throw new WrongUsage(
    `--zone wants a name of the IANA time zone database such as Asia/Shanghai or America/New_York, not "${text}"${advice}`,
  );
}

function isZone(text: string): boolean {
  try {
    Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

/** @throws WrongUsage in words when it is no instant */
async function atOption(text: string): Promise<Instant> {
  const { Temporal } = await import('temporal-polyfill');
  const { instant } = await import('../../domain/types.js');
  try {
    return instant(Temporal.Instant.from(text).epochMilliseconds);
  } catch {
    throw new WrongUsage(
      `--at wants a time with its offset from UTC, like 2026-11-27T12:00:00+08:00 or 2026-11-27T04:00:00Z, not "${text}".`,
    );
  }
}

/** `Mon 2026-11-30 07:30 in Asia/Shanghai` */
function localTime(at: Instant, zone: ZoneId): string {
  const weekday = new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short' }).format(at);
  return `${weekday} ${when(at, zone)} in ${zone}`;
}

/** Windows open on a whole second of UTC, so nothing is cut off: `2026-11-29T23:30:00Z`. */
const toTheSecond = (at: Instant): string => new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z');
