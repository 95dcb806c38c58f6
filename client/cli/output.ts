import type { Command } from 'commander';

/** What a command answers: `data` for programs, `text` for people. */
export interface Answer {
  data: unknown;
  text: () => string | Promise<string>;
  /** the answer is a "no": printed all the same, and the exit code is 1 */
  failed?: boolean;
}

/** A cell of a table; nothing is shown as a dash. */
export type Cell = string | number | bigint | boolean | null | undefined;

/** A person's mistake in the arguments: told without a stack, exit code 2. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}

/**
 * Gives a command its work. The answer goes to stdout, as one JSON document with `--json`; everything else that is said
 * on the way goes to stderr.
 */
export function does<Options>(
  command: Command,
  work: (args: readonly string[], options: Options & { json?: boolean }) => Promise<Answer>,
): Command {
  return command.action(async (...given: unknown[]) => {
    const own = given.at(-1) as Command;
    const options = own.optsWithGlobals<Options & { json?: boolean }>();
    const answer = await work(own.args, options);
    process.stdout.write(options.json ? `${toJson(answer.data)}\n` : `${(await answer.text()).trimEnd()}\n`);
    if (answer.failed) process.exitCode = 1;
  });
}

/** Says something on the way, to stderr. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One JSON document; bigint (money, points) becomes text, since JSON's readers would round it. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item), 2);
}

/** An instant (ms since the epoch) for programs: ISO 8601 in UTC. */
export function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

/** An instant for people, in the bank's zone: `2026-01-05 09:30`. */
export function when(at: number | null, zone: string): string {
  if (at === null) return '–';
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at);
  const part = (type: string): string => parts.find((candidate) => candidate.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}`;
}

/** Money in minor units with its currency: `12,345.60 CNY`. */
export function money(minor: bigint | null, currency: string): string {
  if (minor === null) return '–';
  const digits =
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  const size = minor < 0n ? -minor : minor;
  const unit = 10n ** BigInt(digits);
  const fraction = digits === 0 ? '' : `.${(size % unit).toString().padStart(digits, '0')}`;
  return `${minor < 0n ? '-' : ''}${(size / unit).toLocaleString('en')}${fraction} ${currency}`;
}

/**
 * A table for people; wide characters take the room they need.
 * @param empty said instead when there are no rows
 */
export async function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  empty: string,
): Promise<string> {
  if (rows.length === 0) return empty;
  const { default: Table } = await import('cli-table3');
  const none = '';
  const lines = { top: none, 'top-mid': none, 'top-left': none, 'top-right': none, bottom: none, 'bottom-mid': none };
  const sides = { 'bottom-left': none, 'bottom-right': none, left: none, 'left-mid': none, right: none };
  const chars = { ...lines, ...sides, mid: none, 'mid-mid': none, 'right-mid': none, middle: '  ' };
  const drawn = new Table({
    head: head.map((title) => title.toUpperCase()),
    chars,
    style: { 'padding-left': 0, 'padding-right': 0, head: styled() ? ['bold'] : [], border: [] },
  });
  for (const row of rows) drawn.push(row.map(cellText));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** `key  value` lines; what is null or undefined is shown as a dash. */
export function facts(pairs: readonly (readonly [string, Cell])[]): string {
  const width = Math.max(...pairs.map(([key]) => key.length));
  return pairs.map(([key, value]) => `${key.padEnd(width)}  ${cellText(value)}`).join('\n');
}

function cellText(cell: Cell): string {
  return cell === null || cell === undefined || cell === '' ? '–' : String(cell);
}

function styled(): boolean {
  return process.stdout.isTTY && !process.env['NO_COLOR'];
}

/** How far something is, drawn on stderr where a person looks at it, and silent elsewhere. */
export function progressBar(what: string): (done: number, of: number | null) => void {
  if (!process.stderr.isTTY) return () => undefined;
  const width = 30;
  return (done, of) => {
    const share = of === null || of === 0 ? null : Math.min(1, done / of);
    const full = Math.round((share ?? 0) * width);
    const bar = share === null ? '' : ` [${'#'.repeat(full)}${'.'.repeat(width - full)}] ${Math.floor(share * 100)} %`;
    process.stderr.write(
      `\r${what}${bar} ${done.toLocaleString('en')}${of === null ? '' : ` of ${of.toLocaleString('en')}`}`,
    );
    if (share === 1) process.stderr.write('\n');
  };
}
