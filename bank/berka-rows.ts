import { scramble } from '../domain/sample-bank/random.js';
import {
  minor,
  plainDate,
  type AccountRef,
  type BranchRef,
  type CustomerRef,
  type Minor,
  type PlainDate,
} from '../domain/types.js';
import type { CsvRow } from './berka-files.js';

/** What the columns of the Berka files mean. Each reader throws a RangeError with the reason when a row can't be. */

/** Columns that are read; others may be there. */
export const BERKA_COLUMNS = {
  district: ['district_id', 'A2', 'A3'],
  client: ['client_id', 'gender', 'birth_date', 'district_id'],
  account: ['account_id', 'district_id', 'date'],
  disp: ['disp_id', 'client_id', 'account_id', 'type'],
  trans: ['account_id', 'date', 'type', 'operation', 'amount', 'balance', 'k_symbol', 'bank', 'account'],
} as const;

/**
 * The file's amounts are rounded to whole crowns, and 22 of them to 0: interest of less than half a crown. They are
 * kept as the least amount there is, one haléř, since a transaction moves money.
 */
const LEAST_AMOUNT = minor(1);

/** What a payment was for goes before the way it was made. */
const CATEGORY_OF_SYMBOL: Readonly<Record<string, string>> = {
  pension: 'pension',
  interest_pmt: 'interest',
  interest_for_negetive_balance: 'penalty-interest',
  service: 'fee',
  household: 'household',
  insurrance_pmt: 'insurance',
  loan_pmt: 'loan',
};
const CATEGORY_OF_OPERATION: Readonly<Record<string, string>> = {
  deposit: 'deposit',
  withdraw_cash: 'cash',
  credit_card_withdrawal: 'card',
  transer_to_another_bank: 'transfer-out',
  collection_from_another_bank: 'transfer-in',
  interest_pmt: 'interest',
};
const SIGN_OF_TYPE: Readonly<Record<string, 1n | -1n>> = { credit: 1n, debit: -1n, cash_withdraw: -1n };

const ID = /^\d{1,9}$/;
const ACCOUNT_ID = /^(?:A0*)?(\d{1,9})$/;
const AMOUNT = /^(-?)(\d{1,15})(?:\.(\d{1,2}))?$/;

export interface BerkaDistrict {
  id: string;
  name: string;
  region: string;
}
export interface BerkaClient {
  id: string;
  gender: 'F' | 'M';
  birthDate: PlainDate;
  districtId: string;
}
export interface BerkaAccount {
  id: string;
  openedOn: PlainDate;
}
export interface BerkaParty {
  clientId: string;
  accountId: string;
  role: 'owner' | 'authorised';
}
export interface BerkaTransaction {
  accountId: string;
  bookedOn: PlainDate;
  amount: Minor;
  category: string;
  bank: string | null;
  account: string | null;
}

/** Opaque, and the same at every import; it holds nothing of the birth number. */
export const berkaCustomerRef = (clientId: string): CustomerRef =>
  `cb${scramble(Number(clientId)).toString(36).padStart(7, '0')}` as CustomerRef;
export const berkaAccountRef = (accountId: string): AccountRef => `ab${accountId}` as AccountRef;
export const berkaBranchRef = (districtId: string): BranchRef => `b-${districtId}` as BranchRef;

function id(row: CsvRow, column: string): string {
  const text = row.text(column);
  if (!ID.test(text)) throw new RangeError(`${column} "${text}" is not a whole number`);
  return String(Number(text));
}

/** Also in the shape `A0000002378` of the transactions. */
function accountId(row: CsvRow): string {
  const [, digits] = ACCOUNT_ID.exec(row.text('account_id')) ?? [];
  if (!digits)
    throw new RangeError(`account_id "${row.text('account_id')}" is neither a whole number nor like A0000002378`);
  return String(Number(digits));
}

function money(row: CsvRow, column: string): Minor {
  const [all, sign, whole, part = ''] = AMOUNT.exec(row.text(column)) ?? [];
  if (!all) throw new RangeError(`${column} "${row.text(column)}" is not an amount with at most two decimals`);
  const amount = BigInt(`${whole}${part.padEnd(2, '0')}`);
  return minor(sign === '-' ? -amount : amount);
}

function oneOf<Value>(row: CsvRow, column: string, meanings: Readonly<Record<string, Value>>): Value {
  const meaning = Object.hasOwn(meanings, row.text(column)) ? meanings[row.text(column)] : undefined;
  if (meaning === undefined)
    throw new RangeError(`${column} "${row.text(column)}" is not known; known are ${Object.keys(meanings).join(', ')}`);
  return meaning;
}

function day(row: CsvRow, column: string): PlainDate {
  try {
    return plainDate(row.text(column));
  } catch (error) {
    throw new RangeError(`${column} ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

export function readDistrict(row: CsvRow): BerkaDistrict {
  const [name, region] = [row.text('A2'), row.text('A3')];
  if (!name || !region) throw new RangeError('a district needs a name (A2) and a region (A3)');
  return { id: id(row, 'district_id'), name, region };
}

export function readClient(row: CsvRow): BerkaClient {
  return {
    id: id(row, 'client_id'),
    gender: oneOf(row, 'gender', { F: 'F', M: 'M' } as const),
    birthDate: day(row, 'birth_date'),
    districtId: id(row, 'district_id'),
  };
}

export function readAccount(row: CsvRow): BerkaAccount {
  return { id: accountId(row), openedOn: day(row, 'date') };
}

export function readParty(row: CsvRow): BerkaParty {
  const role = oneOf(row, 'type', { OWNER: 'owner', DISPONENT: 'authorised' } as const);
  return { clientId: id(row, 'client_id'), accountId: accountId(row), role };
}

export function readTransaction(row: CsvRow): BerkaTransaction {
  const sign = oneOf(row, 'type', SIGN_OF_TYPE);
  const amount = money(row, 'amount');
  if (amount < 0n) throw new RangeError(`amount "${row.text('amount')}" is negative; the direction is told by type`);
  // never used, but a row whose balance is no number was mangled on its way
  money(row, 'balance');
  const symbol = row.text('k_symbol').trim();
  const category = symbol ? oneOf(row, 'k_symbol', CATEGORY_OF_SYMBOL) : oneOf(row, 'operation', CATEGORY_OF_OPERATION);
  const account = row.text('account').replace(/\.0$/, '');
  return {
    accountId: accountId(row),
    bookedOn: day(row, 'date'),
    amount: minor(sign * (amount === 0n ? LEAST_AMOUNT : amount)),
    category,
    bank: row.text('bank') || null,
    account: account === '' || account === '0' ? null : account,
  };
}
