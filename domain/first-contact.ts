import { Temporal } from 'temporal-polyfill';
import { dateIn } from './calendar.js';
import {
  addDays,
  instant,
  type BranchRef,
  type Instant,
  type ManagerRef,
  type PlainDate,
  type ZoneId,
} from './types.js';
import { isCalendar } from './holiday-calendars.js';
import { isBankDay } from './manager-time.js';
import { CalendarEnded } from './public-holidays.js';
import { addWorkingDays } from './working-days.js';

export const FIRST_CONTACT_RULES = 'first-contact@1';

/** The hour at which a bank's day ends in its zone: what is due on a day is due then. */
export const CLOSING_HOUR = 18;
/** It is late for the second time after so many managers had it: then the team lead has it. */
export const MOST_MANAGERS = 2;
/** No calendar has more days without work in a row. */
const MOST_DAYS_OFF = 60;

/** Where a customer belongs: whose clock and whose holidays count. */
export interface Place {
  zone: ZoneId;
  /** country whose holidays are kept; null: none */
  calendar: string | null;
}

/** Working days within which a customer of this tier is spoken to: 1 of the highest tier, 7 of the lowest, 3 between. */
export function firstContactDays(rank: number, highestRank: number): 1 | 3 | 7 {
  if (rank <= 0) return 7;
  return rank >= highestRank ? 1 : 3;
}

/** The end of a bank's day. */
export function closingTime(zone: ZoneId, day: PlainDate): Instant {
  const closing = Temporal.PlainDate.from(day).toZonedDateTime({ timeZone: zone, plainTime: { hour: CLOSING_HOUR } });
  return instant(closing.epochMilliseconds);
}

/** When the first contact is due that is asked for at an instant. */
export function firstContactDue(place: Place, workingDays: number, at: Instant): Instant {
  return closingTime(place.zone, workingDaysAfter(place.calendar, dateIn(place.zone, at), workingDays));
}

/** Where the calendar ends before the due day, Mondays to Fridays are counted: too early rather than never. */
function workingDaysAfter(calendar: string | null, day: PlainDate, n: number): PlainDate {
  const known = calendar !== null && isCalendar(calendar) ? calendar : null;
  try {
    return addWorkingDays(known, day, n);
  } catch (error) {
    if (error instanceof CalendarEnded) return addWorkingDays(null, day, n);
    throw error;
  }
}

/** The day on which somebody can begin: today until the bank closes, else the next working day. */
export function dayOfBeginning(place: Place, at: Instant): PlainDate {
  const today = dateIn(place.zone, at);
  let day = at < closingTime(place.zone, today) ? today : addDays(today, 1);
  for (let off = 0; off < MOST_DAYS_OFF && !isBankDay(place.calendar, day); off += 1) day = addDays(day, 1);
  return day;
}

export interface Leads {
  managers: readonly {
    managerRef: ManagerRef;
    branchRef: BranchRef;
    teamRef: string | null;
    leftOn: PlainDate | null;
  }[];
  branches: readonly { branchRef: BranchRef; parentRef: BranchRef | null }[];
  /** in the order of their references */
  teams: readonly { teamRef: string; branchRef: BranchRef; leadRef: ManagerRef | null }[];
}

/**
 * Who leads above a manager: the own team's lead, else one of the branch, else one of the branches above. Whoever has
 * left the bank leads nobody.
 * @param day the day that counts
 * @param except managers whom the customer has complained about: the next one up takes their place
 * @returns null when nobody leads there
 */
export function teamLeadOf(
  managerRef: ManagerRef | null,
  leads: Leads,
  day: PlainDate,
  except: readonly ManagerRef[] = [],
): ManagerRef | null {
  const manager = leads.managers.find((each) => each.managerRef === managerRef);
  if (!manager) return null;
  const own = leads.teams.filter((team) => team.teamRef === manager.teamRef);
  return firstLead(own, leads, day, except) ?? branchLeadOf(manager.branchRef, leads, day, except);
}

/** Who leads in a branch or the nearest one above it; null when nobody does. */
export function branchLeadOf(
  branchRef: BranchRef | null,
  leads: Leads,
  day: PlainDate,
  except: readonly ManagerRef[] = [],
): ManagerRef | null {
  const seen = new Set<BranchRef>();
  for (let at = branchRef; at !== null && !seen.has(at);) {
    const here = at;
    const lead = firstLead(
      leads.teams.filter((team) => team.branchRef === here),
      leads,
      day,
      except,
    );
    if (lead) return lead;
    seen.add(here);
    at = leads.branches.find((branch) => branch.branchRef === here)?.parentRef ?? null;
  }
  return null;
}

function firstLead(
  teams: Leads['teams'],
  leads: Leads,
  day: PlainDate,
  except: readonly ManagerRef[],
): ManagerRef | null {
  const lead = teams.find(({ leadRef }) => {
    const manager = leads.managers.find((each) => each.managerRef === leadRef);
    return (
      manager !== undefined && !except.includes(manager.managerRef) && (manager.leftOn === null || manager.leftOn > day)
    );
  });
  return lead?.leadRef ?? null;
}
