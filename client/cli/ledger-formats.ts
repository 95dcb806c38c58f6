import type { Books, ExportedPosting } from '../../store/reads/ledger-export.js';
import { iso } from './output.js';

export const LEDGER_FORMATS = ['csv', 'hledger'] as const;
export type LedgerFormat = (typeof LEDGER_FORMATS)[number];

const POINTS = 'points';
/** Balances that one transaction asserts; hledger reads many small ones faster than one large. */
const BALANCES_TOGETHER = 500;

/** Decimals of a unit: none of points, a currency's as ISO 4217 has them (the runtime's table). */
function decimals(unit: string): number {
  if (unit === POINTS) return 0;
  return (
    new Intl.NumberFormat('en', { style: 'currency', currency: unit }).resolvedOptions().maximumFractionDigits ?? 2
  );
}

/** An amount in its unit, exactly: `500`, `12.50`. @param amount whole points, or minor units of the currency */
export const exactAmount = (amount: bigint, unit: string): string => fixed(amount, decimals(unit));

/** A whole number of smallest parts as a decimal, exactly: 1250 with 2 digits is `12.50`. */
export function fixed(parts: bigint, digits: number): string {
  const size = (parts < 0n ? -parts : parts).toString().padStart(digits + 1, '0');
  const sign = parts < 0n ? '-' : '';
  return digits === 0 ? `${sign}${size}` : `${sign}${size.slice(0, -digits)}.${size.slice(-digits)}`;
}

const CSV_HEAD = 'posting,at,kind,from,to,unit,amount,memo,key,expires_on,reverses\n';
/** What a spreadsheet would take for a formula (OWASP, CSV injection). */
const FORMULA = /^[=+\-@\t\r]/;

/** A field as RFC 4180 writes it; a text that a spreadsheet would reckon with gets an apostrophe in front. */
function field(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The books as CSV (RFC 4180, lines end in LF, UTF-8): a head and a line for each posting. */
export async function* ledgerCsv(books: Books): AsyncGenerator<string> {
  yield CSV_HEAD;
  for await (const page of books.pages()) yield page.map(csvLine).join('');
}

function csvLine(p: ExportedPosting): string {
  const amount = exactAmount(p.amount, p.unit);
  const whole = [p.postingId, iso(p.at), p.kind, p.from, p.to, p.unit, amount].join(',');
  return `${whole},${field(p.memo)},${field(p.key)},${p.expiresOn ?? ''},${p.reverses ?? ''}\n`;
}

const commodity = (unit: string): string => (unit === POINTS ? 'POINTS' : unit);
const money = (amount: bigint, unit: string): string => `${exactAmount(amount, unit)} ${commodity(unit)}`;
const utcDay = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** What ends a description, begins a comment or a note, or breaks the line. */
const SPECIAL = /[;|\p{Cc}\u2028\u2029]+/gu;
/** A tag's value ends at a comma; what is not plain is written in percent, as in a URL. */
const tag = (text: string): string => encodeURIComponent(text).replaceAll('%3A', ':');

const HEADER = `; Keepwell's ledger, for hledger (hledger.org). Check it: hledger check --strict ordereddates -f FILE
;
; Signs are Keepwell's: an account holds what came in less what went out. So what is owed to customers (customer, held,
; redress-owed) stands above zero, and where it comes from (issuance, redress-cost) below. All together is zero.
; A transaction is a posting: its code is the posting's number, its payee the kind, its note the memo; the tags are the
; idempotency key (in percent where it is not plain), the exact time, the last day of points that expire, and the posting
; that it reverses. The date is the day in UTC of the posting's business time, and they are in the order of that time.
; The last transactions move nothing: each asserts what Keepwell says that an account holds.
`;

/** The books as a journal of hledger, with the balances that Keepwell knows asserted at its end. */
export async function* ledgerJournal(books: Books): AsyncGenerator<string> {
  const until = books.until === null ? 'all of it' : `up to and including ${iso(books.until)}`;
  yield `${HEADER};\n; ${books.postings} postings, ${until}.\n\n`;
  yield books.units
    .map((unit) => `commodity 1000.${'0'.repeat(decimals(unit))} ${commodity(unit)}\n`)
    .concat('\n')
    .join('');
  for await (const page of books.accounts()) yield page.map(({ account }) => `account ${account}\n`).join('');
  yield '\n';
  for await (const page of books.pages()) yield page.map(journalEntry).join('');
  if (books.lastAt === null) return;
  const asserted = `${utcDay(books.lastAt)} balances | what Keepwell says that accounts hold\n`;
  for await (const page of books.accounts())
    for (let first = 0; first < page.length; first += BALANCES_TOGETHER) {
      const lines = page
        .slice(first, first + BALANCES_TOGETHER)
        .map(({ account, unit, balance }) => `    ${account}  ${money(0n, unit)} = ${money(balance, unit)}\n`);
      yield `${asserted}${lines.join('')}\n`;
    }
}

function journalEntry(p: ExportedPosting): string {
  const tags = [
    `key:${tag(p.key)}`,
    `at:${iso(p.at)}`,
    ...(p.expiresOn === null ? [] : [`expires:${p.expiresOn}`]),
    ...(p.reverses === null ? [] : [`reverses:${p.reverses}`]),
  ];
  const head = `${utcDay(p.at)} (${p.postingId}) ${p.kind} | ${p.memo.replace(SPECIAL, ' ').trim()}`;
  const legs = `    ${p.from}  ${money(-p.amount, p.unit)}\n    ${p.to}  ${money(p.amount, p.unit)}\n`;
  return `${head}  ; ${tags.join(', ')}\n${legs}\n`;
}
