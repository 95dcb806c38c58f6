import type { Instant, ZoneId } from '../../domain/types.js';
import { WrongUsage } from './output.js';

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/**
 * An instant that a person wrote: a time with its zone (`2026-11-24T09:30:00+08:00`, or with Z), or a day, which means its
 * last millisecond in the bank's zone.
 * @param option the option's name, for what is said
 * @throws WrongUsage in words
 */
export async function instantOption(option: string, text: string, zone: ZoneId): Promise<Instant> {
  const { Temporal } = await import('temporal-polyfill');
  const { instant } = await import('../../domain/types.js');
  try {
    if (!DAY.test(text)) return instant(Temporal.Instant.from(text).epochMilliseconds);
    const next = Temporal.PlainDate.from(text).add({ days: 1 });
    return instant(next.toZonedDateTime(zone).epochMilliseconds - 1);
  } catch {
    throw new WrongUsage(
      `${option} wants a day like 2026-11-24 (its end in the bank's zone) or a time with its zone like 2026-11-24T09:30:00Z, not "${text}".`,
    );
  }
}

/**
 * The same for an instant at which the books are told: what is still to come can't be told.
 * @param now business time
 * @throws WrongUsage in words
 */
export async function pastOption(option: string, text: string, zone: ZoneId, now: Instant): Promise<Instant> {
  const at = await instantOption(option, text, zone);
  if (at > now)
    throw new WrongUsage(`${option} ${text} is not over yet: name a past day or time, or leave ${option} out for now.`);
  return at;
}
