import { Temporal } from 'temporal-polyfill';
import type { Instant, PlainDate, ZoneId } from './types.js';

/** The calendar day that an instant falls on in a zone. @throws RangeError when the zone is not an IANA name */
export function dateIn(zone: ZoneId, at: Instant): PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate().toString() as PlainDate;
}
