import { Temporal } from 'temporal-polyfill';
import { addDays, instant, type Instant, type PlainDate, type ZoneId } from './types.js';
import type { TaskKind } from './task.js';

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

/** Why a task is told on the day on which it is due, or was before, or until which it was put off. */
export function digestReason(task: { dueAt: Instant; snoozedUntil: Instant | null }, at: Instant): DigestReason {
  if (task.snoozedUntil !== null) return 'snooze-over';
  return task.dueAt < at ? 'overdue' : 'today';
}
