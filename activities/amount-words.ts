import type { Language, Minor, PlainDate } from '../domain/types.js';

/** Money as a language writes it, exactly. @param currency three letters, like CNY */
export function amountWords(amount: Minor, currency: string, language: Language): string {
  const format = new Intl.NumberFormat(language, { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const size = amount
    .toString()
    .replace('-', '')
    .padStart(digits + 1, '0');
  const text = `${amount < 0n ? '-' : ''}${size.slice(0, size.length - digits)}.${size.slice(size.length - digits)}0`;
  // a text is formatted without ever being a float
  return format.format(text as unknown as number);
}

/** A day as a language writes it. */
export const dayWords = (day: PlainDate, language: Language): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(Date.parse(`${day}T00:00:00Z`));
