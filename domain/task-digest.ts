import { Temporal } from 'temporal-polyfill';
import { addDays, instant, type Instant, type ManagerRef, type PlainDate, type ZoneId } from './types.js';
import type { TaskKind } from './task.js';
import { delegateOf, onLeave, worksOn, type ManagerTime } from './manager-time.js';

/** Who stands in may be away too; further than this nobody looks. */
const MOST_STAND_INS = 5;

/** Why a task is in a digest. */
export type DigestReason = 'overdue' | 'today' | 'snooze-over';

/** A manager's tasks of a day: staff are told customers' references and no names. */
export interface DigestData {
  /** who reads it */
  manager: { name: string };
  day: string;
  /** tasks in all, those of them beyond the list, and those that are overdue */
  count: number;
  more: number;
  overdue: number;
  /** the manager whose list it is, when that is not the reader; else empty */
  for: string;
  /** `due` in the words of the list's zone */
  tasks: readonly { customer: string; kind: TaskKind; due: string; reason: DigestReason }[];
}

/** The first instant after a day. */
export function endOfDay(zone: ZoneId, day: PlainDate): Instant {
  return instant(Temporal.PlainDate.from(addDays(day, 1)).toZonedDateTime(zone).epochMilliseconds);
}

/**
 * Why a task is told today, and null when it is not: it is due today or was before; put off, when that is over by the
 * end of the day.
 * @param ends the first instant after the day
 */
export function digestReason(
  task: { dueAt: Instant; snoozedUntil: Instant | null },
  at: Instant,
  ends: Instant,
): DigestReason | null {
  if (task.dueAt >= ends || (task.snoozedUntil !== null && task.snoozedUntil >= ends)) return null;
  if (task.snoozedUntil !== null) return 'snooze-over';
  return task.dueAt < at ? 'overdue' : 'today';
}

type Reader = ManagerTime & { managerRef: ManagerRef; leftOn: PlainDate | null };

/**
 * Who reads a manager's digest of a day: they themselves, while they are away (on leave, or gone) who stands in; where
 * nobody is named, they do. Null on a day on which whoever it is does not work: it comes on the next.
 */
export function digestReader(managerRef: ManagerRef, managers: readonly Reader[], day: PlainDate): ManagerRef | null {
  const find = (ref: ManagerRef | null): Reader | undefined => managers.find((each) => each.managerRef === ref);
  const away = (manager: Reader): boolean =>
    onLeave(manager, day) || (manager.leftOn !== null && manager.leftOn <= day);
  let reader = find(managerRef);
  for (let i = 0; i < MOST_STAND_INS && reader && away(reader); i += 1) {
    const next = find(delegateOf(reader, day));
    if (!next) break;
    reader = next;
  }
  return reader && worksOn(reader, day) ? reader.managerRef : null;
}
