import type { Command } from 'commander';
import type { EventKind, EventRef } from '../../domain/event-seats.js';
import type { BranchRef, Instant, ZoneId } from '../../domain/types.js';
import { withBank } from './context.js';
import { addEventAnswers } from './event-answers.js';
import { byOption, lineOf } from './line-option.js';
import { does, facts, iso, table, when, WrongUsage, type Answer } from './output.js';

const MAX_TITLE_CHARACTERS = 120;
const MAX_PLACE_CHARACTERS = 200;
const EXAMPLE = `
Example:
  $ keepwell event create --kind salon --title-en "Tea and markets" --title-zh "茶与市场" \\
      --place "Branch Centre, 2nd floor" --starts 2026-12-05T14:00 --ends 2026-12-05T16:00 --seats 20

Times are those of the event's zone (default: the bank's). A place "online" needs --join-url.`;

interface CreateOptions {
  kind: string;
  titleEn: string;
  titleZh: string;
  place: string;
  joinUrl?: string;
  starts: string;
  ends: string;
  zone?: string;
  seats: string;
  rsvpUntil?: string;
  branch?: string;
  by?: string;
}

/** `event create|list|show|rsvp|cancel-rsvp|seats|cancel|attend|close` */
export function addEvent(program: Command): void {
  const event = program.command('event').description('talks, salons and course days: seats, waiting list, attendance');
  does<CreateOptions>(
    event
      .command('create')
      .requiredOption('--kind <kind>', 'talk, salon or course-day')
      .requiredOption('--title-en <title>', 'as English readers see it')
      .requiredOption('--title-zh <title>', 'as Chinese readers see it')
      .requiredOption('--place <place>', 'an address, or the word online')
      .option('--join-url <url>', 'where to take part online; only customers with a seat see it')
      .requiredOption('--starts <time>', 'for instance 2026-12-05T14:00')
      .requiredOption('--ends <time>', 'for instance 2026-12-05T16:00')
      .option('--zone <zone>', "IANA name (default: the bank's)")
      .requiredOption('--seats <n>', '1 to 2000')
      .option('--rsvp-until <time>', 'from then on nobody can be added (default: the start)')
      .option('--branch <branch>', 'only for customers of this branch')
      .option('--by <name>', 'who announces it (default: the user of this terminal)')
      .description('announces an event')
      .addHelpText('after', EXAMPLE),
    (_args, options) => create(options),
  );
  does<{ all?: boolean }>(
    event
      .command('list')
      .option('--all', 'those that are over too, the newest first')
      .description('events to come in the order of their start, and how many seats are taken')
      .addHelpText('after', '\nExample:\n  $ keepwell event list --all --json'),
    (_args, options) => list(options.all ?? false),
  );
  does(
    event
      .command('show')
      .argument('<event>', 'for instance E-2026-0000007')
      .description('an event with who has a seat, who waits in which order, and who came')
      .addHelpText('after', '\nExample:\n  $ keepwell event show E-2026-0000007'),
    ([ref = '']) => show(ref as EventRef),
  );
  addEventAnswers(event);
}

async function create(options: CreateOptions): Promise<Answer> {
  const { EVENT_KINDS } = await import('../../domain/event-seats.js');
  if (!(EVENT_KINDS as readonly string[]).includes(options.kind))
    throw new WrongUsage(`--kind is ${EVENT_KINDS.join(', ')}, not "${options.kind}".`);
  const by = await byOption(options.by);
  const told = {
    kind: options.kind as EventKind,
    titleEn: lineOf(options.titleEn, '--title-en', MAX_TITLE_CHARACTERS),
    titleZh: lineOf(options.titleZh, '--title-zh', MAX_TITLE_CHARACTERS),
    place: lineOf(options.place, '--place', MAX_PLACE_CHARACTERS),
    joinUrl: options.joinUrl ?? null,
    seats: wholeNumberOf('--seats', options.seats),
    branchRef: (options.branch ?? null) as BranchRef | null,
    by,
  };
  return withBank(async ({ database, installation, now }) => {
    const zone = (options.zone ?? installation.zone) as ZoneId;
    const startsAt = await localTime('--starts', options.starts, zone);
    const endsAt = await localTime('--ends', options.ends, zone);
    const rsvpUntil =
      options.rsvpUntil === undefined ? startsAt : await localTime('--rsvp-until', options.rsvpUntil, zone);
    const { createEvent } = await import('../../store/event-attendance.js');
    const eventRef = await createEvent(database, { ...told, startsAt, endsAt, rsvpUntil, zone, at: now() });
    const words = `${eventRef} is announced: ${told.seats} seats, ${when(startsAt, zone)} (${zone}).`;
    return { data: { eventRef, startsAt: iso(startsAt), endsAt: iso(endsAt) }, text: () => words };
  });
}

/** A whole number that somebody typed; whether it fits is judged by the store. @throws WrongUsage */
function wholeNumberOf(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new WrongUsage(`${option} is a whole number, not "${text}".`);
  return Number(text);
}

/**
 * A time on the wall of a zone (`2026-12-05T14:00`), or one that names its zone (`2026-12-05T14:00:00+08:00`).
 * @throws WrongUsage when it is none, or a clock change leaves it out or has it twice
 */
async function localTime(option: string, text: string, zone: ZoneId): Promise<Instant> {
  const { Temporal } = await import('temporal-polyfill');
  const { instant } = await import('../../domain/types.js');
  try {
    if (/(Z|[+-]\d{2}:\d{2})$/.test(text)) return instant(Temporal.Instant.from(text).epochMilliseconds);
    const time = Temporal.PlainDateTime.from(text);
    return instant(time.toZonedDateTime(zone, { disambiguation: 'reject' }).epochMilliseconds);
  } catch {
    throw new WrongUsage(
      `${option} is a time like 2026-12-05T14:00 in ${zone} that is there once on that day, not "${text}"; look at the zone too.`,
    );
  }
}

function list(all: boolean): Promise<Answer> {
  return withBank(async ({ database, now }) => {
    const { listEvents } = await import('../../store/reads/events.js');
    const events = await listEvents(database, all ? null : now());
    const rows = events.map((e) => [
      e.eventRef,
      e.kind,
      e.titleEn,
      `${when(e.startsAt, e.zone)} ${e.zone}`,
      e.place,
      `${e.seated} of ${e.seats}`,
      e.waiting,
      e.branchRef ?? 'all',
      e.state === 'open' && e.closedAt !== null ? `closed, ${e.attended} came` : e.state,
    ]);
    const head = ['event', 'kind', 'title', 'starts', 'place', 'seats taken', 'waiting', 'branch', 'state'];
    const data = events.map((e) => ({
      ...e,
      startsAt: iso(e.startsAt),
      endsAt: iso(e.endsAt),
      rsvpUntil: iso(e.rsvpUntil),
      closedAt: iso(e.closedAt),
    }));
    return { data, text: () => table(head, rows, 'No events; "keepwell event create" announces one.') };
  });
}

function show(eventRef: EventRef): Promise<Answer> {
  return withBank(async ({ database }) => {
    const { findEvent } = await import('../../store/reads/events.js');
    const found = await findEvent(database, eventRef);
    if (!found) throw new Error(`there is no event "${eventRef}"; "keepwell event list" shows what there is.`);
    const { event, rsvps } = found;
    const { zone } = event;
    const about = facts([
      ['event', event.eventRef],
      ['kind', event.kind],
      ['title', `${event.titleEn} / ${event.titleZh}`],
      ['place', event.place],
      ['take part at', event.joinUrl],
      ['starts', `${when(event.startsAt, zone)} ${zone}`],
      ['ends', `${when(event.endsAt, zone)} ${zone}`],
      ['answers until', `${when(event.rsvpUntil, zone)} ${zone}`],
      ['branch', event.branchRef ?? 'all'],
      ['seats', `${event.seated} of ${event.seats} taken, ${event.waiting} wait, ${event.attended} came`],
      ['state', event.closedAt === null ? event.state : 'closed'],
      ['announced by', event.createdBy],
    ]);
    const rows = rsvps.map((r) => [r.position, r.customerRef, r.state, when(r.rsvpAt, zone), when(r.seatedAt, zone)]);
    const head = ['arrived as', 'customer', 'state', 'answered', 'seat since'];
    const data = {
      ...event,
      startsAt: iso(event.startsAt),
      endsAt: iso(event.endsAt),
      rsvpUntil: iso(event.rsvpUntil),
      closedAt: iso(event.closedAt),
      rsvps: rsvps.map((r) => ({ ...r, rsvpAt: iso(r.rsvpAt), seatedAt: iso(r.seatedAt) })),
    };
    return { data, text: async () => `${about}\n\n${await table(head, rows, 'Nobody has answered yet.')}` };
  });
}
