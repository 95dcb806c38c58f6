import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { parse, CsvError } from 'csv-parse';

/** A row that can't be imported: where it is, and why. */
export interface BadRow {
  readonly file: string;
  /** 1 is the header */
  readonly line: number;
  readonly reason: string;
}

export interface ImportProgress {
  readonly file: string;
  readonly rows: number;
  /** of the compressed file */
  readonly bytesRead: number;
  readonly bytesTotal: number;
}

/** Bad rows that are collected before the import is refused: enough to see a pattern, few enough to read. */
export const MAX_BAD_ROWS = 20;
/** Progress is told after this many rows, and at the end of each file. */
const ROWS_PER_REPORT = 2_000;

/** The import was refused and nothing was loaded; the message names each bad row's file, line and reason. */
export class ImportRefused extends Error {
  override readonly name = 'ImportRefused';

  constructor(readonly badRows: readonly BadRow[]) {
    const listed = badRows.map(({ file, line, reason }) => `  ${file} line ${line}: ${reason}`).join('\n');
    const many =
      badRows.length >= MAX_BAD_ROWS
        ? `at least ${badRows.length} bad rows`
        : badRows.length === 1
          ? 'a bad row'
          : `${badRows.length} bad rows`;
    super(`nothing was imported, because of ${many}; correct the data and import again:\n${listed}`);
  }
}

/** Collects bad rows, and refuses the import when there are too many to go on. */
export class BadRows {
  private readonly rows: BadRow[] = [];

  /** @throws ImportRefused when this is bad row number MAX_BAD_ROWS */
  add(row: BadRow): void {
    this.rows.push(row);
    if (this.rows.length >= MAX_BAD_ROWS) throw new ImportRefused(this.rows);
  }

  /** @throws ImportRefused when any row was bad */
  refuseIfAny(): void {
    if (this.rows.length > 0) throw new ImportRefused(this.rows);
  }
}

/** One row by the names of its columns. */
export interface CsvRow {
  readonly line: number;
  /** the text of a column, '' where it is empty */
  text(column: string): string;
}

export interface CsvSource {
  readonly directory: string;
  /** name without `.csv.gz` */
  readonly table: string;
  /** must all be there, in any order */
  readonly columns: readonly string[];
  readonly badRows: BadRows;
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
}

/**
 * Reads a gzipped CSV file row by row. Rows with the wrong number of columns are handed to `badRows` and left out.
 * @throws ImportRefused when the file is missing, cut off, not gzip, not CSV, or lacks a column
 */
export async function* readCsv(source: CsvSource): AsyncGenerator<CsvRow> {
  const file = `${source.table}.csv.gz`;
  const bytesTotal = await sizeOf(source.directory, file);
  const raw = createReadStream(join(source.directory, file));
  const unzipped = createGunzip();
  const parser = parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true });
  // `pipe` hands on no errors: whoever reads the parser must hear of them
  raw.on('error', (error) => parser.destroy(error));
  unzipped.on('error', (error) => parser.destroy(error));
  raw.pipe(unzipped).pipe(parser);
  let index: ReadonlyMap<string, number> | undefined;
  let width = 0;
  let line = 0;
  let rows = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      line = info.lines;
      if (!index) {
        index = headerOf(file, source.columns, record);
        width = record.length;
        continue;
      }
      rows += 1;
      if (rows % ROWS_PER_REPORT === 0) source.onProgress?.({ file, rows, bytesRead: raw.bytesRead, bytesTotal });
      if (record.length === width) yield rowOf(index, record, line);
      else source.badRows.add({ file, line, reason: `it has ${record.length} columns where the header has ${width}` });
    }
  } catch (error) {
    throw unreadable(error, file, line);
  } finally {
    raw.destroy();
    unzipped.destroy();
  }
  if (!index) throw new ImportRefused([{ file, line: 1, reason: 'the file is empty; it must begin with a header' }]);
  source.onProgress?.({ file, rows, bytesRead: bytesTotal, bytesTotal });
}

async function sizeOf(directory: string, file: string): Promise<number> {
  const found = await stat(join(directory, file)).catch(() => null);
  if (!found?.isFile())
    throw new ImportRefused([
      {
        file,
        line: 0,
        reason: 'the file is missing; give the folder that holds all of account, client, disp, district and trans',
      },
    ]);
  return found.size;
}

function headerOf(file: string, wanted: readonly string[], header: readonly string[]): ReadonlyMap<string, number> {
  const index = new Map(header.map((name, at) => [name.trim(), at]));
  const missing = wanted.filter((name) => !index.has(name));
  if (missing.length > 0)
    throw new ImportRefused([
      {
        file,
        line: 1,
        reason: `there is no column ${missing.map((name) => `"${name}"`).join(', ')}; the header has ${header.map((name) => `"${name}"`).join(', ')}`,
      },
    ]);
  return index;
}

function rowOf(index: ReadonlyMap<string, number>, record: readonly string[], line: number): CsvRow {
  return { line, text: (column) => record[index.get(column) ?? -1] ?? '' };
}

/** Errors of reading, in words; what comes from the reader of the rows goes on as it is. */
function unreadable(error: unknown, file: string, line: number): unknown {
  if (error instanceof ImportRefused) return error;
  if (error instanceof CsvError)
    return new ImportRefused([{ file, line: line + 1, reason: `it is not CSV: ${error.message}` }]);
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (code === 'Z_BUF_ERROR')
    return new ImportRefused([{ file, line, reason: 'the file is cut off after this line; fetch it again' }]);
  if (code.startsWith('Z_'))
    return new ImportRefused([
      { file, line, reason: `the file can't be unpacked after this line (${code}); fetch it again` },
    ]);
  return error;
}
