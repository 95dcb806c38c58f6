import { open, readFile, rm, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { z } from 'zod';

/** One line of the index, written before the message is answered for. */
const entrySchema = z.object({
  seq: z.number().int().positive(),
  acceptedAt: z.string(),
  from: z.string(),
  to: z.array(z.string()),
});
export type Entry = z.infer<typeof entrySchema>;

/** A letter as people and programs read it. */
export interface Letter extends Entry {
  messageId: string;
  subject: string;
  /** the header X-Keepwell-Class, empty when there is none */
  messageClass: string;
  /** by lower-case name; the last of several */
  headers: Record<string, string>;
  text: string;
  html: string;
  /** http addresses in the text and the HTML, each once */
  links: string[];
}

/** So many parsed letters are kept in memory; others are read again from their files. */
const KEPT_PARSED = 2_000;

/** The letters of one folder: `N.eml` for each and one line of `index.jsonl`, both on disk before `add` returns. */
export class Letters {
  private readonly parsed = new Map<number, Letter>();
  private queue: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly folder: string,
    private readonly index: FileHandle,
    private readonly entries: Entry[],
  ) {}

  /**
   * Opens the folder's letters. A last line that a crash cut off belongs to a letter that was never answered for: it
   * is dropped, and `say` is told.
   */
  static async open(folder: string, say: (line: string) => void): Promise<Letters> {
    const path = join(folder, 'index.jsonl');
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const end = text.lastIndexOf('\n') + 1;
    if (end < text.length) {
      say('The last line of the index was cut off by a crash and is dropped; its letter was never accepted.');
      await truncate(path, Buffer.byteLength(text.slice(0, end)));
    }
    const lines = text.slice(0, end).split('\n').filter(Boolean);
    const entries = lines.map((line) => entrySchema.parse(JSON.parse(line)));
    return new Letters(folder, await open(path, 'a', 0o600), entries);
  }

  /**
   * Keeps a letter and gives its number; numbers rise by one. When this rejects, nothing was kept.
   * Letters are written one after another, so their order in the index is that of their numbers.
   */
  add(raw: Buffer, from: string, to: string[]): Promise<number> {
    const work = this.queue.then(() => this.write(raw, from, to));
    this.queue = work.catch(() => undefined);
    return work;
  }

  private async write(raw: Buffer, from: string, to: string[]): Promise<number> {
    const seq = (this.entries.at(-1)?.seq ?? 0) + 1;
    const entry: Entry = { seq, acceptedAt: new Date().toISOString(), from, to };
    const { size } = await this.index.stat();
    try {
      const file = await open(this.path(seq), 'w', 0o600);
      try {
        await file.writeFile(raw);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.index.appendFile(`${JSON.stringify(entry)}\n`);
      await this.index.sync();
    } catch (error) {
      // A full disk may have taken half a line; it must not join with the next one.
      await this.index.truncate(size);
      await rm(this.path(seq), { force: true });
      throw error;
    }
    this.entries.push(entry);
    return seq;
  }

  get count(): number {
    return this.entries.length;
  }

  /** Oldest first, after a number, at most `limit`; with `to` only those to that address (any case). */
  async after(seq: number, limit: number, to?: string): Promise<Letter[]> {
    // Numbers start at 1 and have no gaps, so the number is the place in the list.
    const found = this.entries.slice(seq).filter((entry) => isTo(entry, to));
    return Promise.all(found.slice(0, limit).map((entry) => this.read(entry)));
  }

  /** Newest first, at most `limit`, the first `skip` left out. */
  async newest(limit: number, skip: number): Promise<Letter[]> {
    const end = Math.max(0, this.entries.length - skip);
    const found = this.entries.slice(Math.max(0, end - limit), end).reverse();
    return Promise.all(found.map((entry) => this.read(entry)));
  }

  /** One letter, or null. */
  async find(seq: number): Promise<Letter | null> {
    const entry = this.entries[seq - 1];
    return entry === undefined ? null : this.read(entry);
  }

  /** A letter as it came over the wire, or null. */
  async raw(seq: number): Promise<Buffer | null> {
    return this.entries[seq - 1] === undefined ? null : readFile(this.path(seq));
  }

  private path(seq: number): string {
    return join(this.folder, `${seq}.eml`);
  }

  private async read(entry: Entry): Promise<Letter> {
    const known = this.parsed.get(entry.seq);
    if (known !== undefined) return known;
    const letter = await parseLetter(entry, await readFile(this.path(entry.seq)));
    if (this.parsed.size >= KEPT_PARSED) this.parsed.delete(this.parsed.keys().next().value ?? 0);
    this.parsed.set(entry.seq, letter);
    return letter;
  }
}

function isTo(entry: Entry, to: string | undefined): boolean {
  return to === undefined || entry.to.some((address) => address.toLowerCase() === to.toLowerCase());
}

async function parseLetter(entry: Entry, raw: Buffer): Promise<Letter> {
  const mail = await PostalMime.parse(raw);
  const headers = Object.fromEntries(mail.headers.map(({ key, value }) => [key, value]));
  const text = mail.text ?? '';
  const html = mail.html ?? '';
  return {
    ...entry,
    messageId: mail.messageId ?? '',
    subject: mail.subject ?? '',
    messageClass: headers['x-keepwell-class'] ?? '',
    headers,
    text,
    html,
    links: linksOf(text, html),
  };
}

function linksOf(text: string, html: string): string[] {
  const inText = text.match(/https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]。，；：！？）]/g) ?? [];
  const inHtml = [...html.matchAll(/href\s*=\s*(?:"([^"]*)"|'([^']*)')/gi)].map((match) => match[1] ?? match[2] ?? '');
  const decoded = inHtml.map((link) => link.replaceAll('&amp;', '&')).filter((link) => /^https?:/i.test(link));
  return [...new Set([...inText, ...decoded])];
}
