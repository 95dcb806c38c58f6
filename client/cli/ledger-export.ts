import { createHash } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Instant } from '../../domain/types.js';
import type { Database } from '../../store/database.js';
import { readBooks } from '../../store/reads/ledger-export.js';
import { ledgerCsv, ledgerJournal, type LedgerFormat } from './ledger-formats.js';

const WRITERS = { csv: ledgerCsv, hledger: ledgerJournal };
/** Customers' references, amounts and dates: nobody else on the machine reads them. */
const OWNER_ONLY = 0o600;

export interface LedgerExport {
  postings: number;
  /** of all that was written */
  sha256: string;
}

/**
 * Writes the books as they are at one moment, a page at a time: memory stays flat, and what is slow to take it is waited
 * for.
 * @param until up to and including this instant of business time; null: all
 */
export function exportLedger(
  database: Database,
  { format, until }: { format: LedgerFormat; until: Instant | null },
  out: Writable,
): Promise<LedgerExport> {
  return readBooks(database, until, async (books) => {
    const hash = createHash('sha256');
    const text = WRITERS[format](books);
    async function* hashed(): AsyncGenerator<string> {
      for await (const piece of text) {
        hash.update(piece);
        yield piece;
      }
    }
    // standard output is not ours to end
    await pipeline(Readable.from(hashed()), out, { end: out !== process.stdout });
    return { postings: books.postings, sha256: hash.digest('hex') };
  });
}

/** The same to a file, which is there as a whole or not at all. @throws Error in words when it can't be written */
export async function exportLedgerFile(
  database: Database,
  what: { format: LedgerFormat; until: Instant | null },
  file: string,
): Promise<LedgerExport> {
  const half = `${file}.part`;
  try {
    // what an export that died left behind may have other rights
    await rm(half, { force: true });
    const handle = await open(half, 'w', OWNER_ONLY);
    // on the disk before it has its name: a machine that dies then leaves no empty export behind
    const exported = await exportLedger(database, what, handle.createWriteStream({ flush: true }));
    await rename(half, file);
    return exported;
  } catch (error) {
    await rm(half, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOSPC' || code === 'EISDIR' || code === 'EROFS')
      throw new Error(`"${file}" can't be written (${code}); name a file in a folder that is there and has room.`, {
        cause: error,
      });
    throw error;
  }
}
