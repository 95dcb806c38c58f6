import { minor, type Minor } from './types.js';

const AMOUNT = /^(\d{1,12})(?:\.(\d{1,4}))?$/;

/** Decimals of a currency's amounts (ISO 4217, as the runtime knows it). @param currency three letters, like CNY */
function digitsOf(currency: string): number {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/**
 * An amount as people write it (`50000`, `"2.50"`) in minor units, exactly: no float reckons with it.
 * @returns null when it is no amount, or has more decimals than the currency
 */
export function moneyOf(text: string, currency: string): Minor | null {
  const [, whole, fraction = ''] = AMOUNT.exec(text) ?? [];
  const digits = digitsOf(currency);
  if (whole === undefined || fraction.length > digits) return null;
  return minor(BigInt(whole + fraction.padEnd(digits, '0')));
}

/** A yearly rate in percent: `1.65%`. @param basisPoints whole hundredths of a percentage point */
export const percentOf = (basisPoints: number): string =>
  `${Math.trunc(basisPoints / 100)}.${String(basisPoints % 100).padStart(2, '0')}%`;
