/** What the customers' forms have in common: what was typed, and how it survives a failure. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Language } from '../../domain/types.js';
import { sendPage } from './page.js';
import { isOutage, logged, PageRefusal } from './refusal.js';
import { wishedLanguage } from './web.js';
import { wordsIn, type Words } from './words.js';

const uuid = z.uuid();

/** Any text: how long a field may be is said beside the field, so it is judged later, when what was typed can be shown. */
export const typed = z.string().default('');

/** The number of a form and its language travel in it: they are needed when the database is away. */
export const formMemory = z.object({ nonce: typed, lang: z.string().optional() });

export interface Nonce {
  nonce: string;
  /** the form came without a proper number and has got one now: it must be sent again, or a reload would count twice */
  isNew: boolean;
}

export function readNonce(nonce: string): Nonce {
  const given = uuid.safeParse(nonce);
  return given.success ? { nonce: given.data.toLowerCase(), isNew: false } : { nonce: randomUUID(), isNew: true };
}

/**
 * Names one sending: the same form with the same words is the same sending, however often it arrives; words changed after
 * a failure are another, and so is another customer's form. A uuid (version 8: made from a digest).
 */
export function sendingId(nonce: string, ...content: readonly (string | number)[]): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([nonce, ...content]))
    .digest();
  digest.writeUInt8(0x80 | (digest.readUInt8(6) & 0x0f), 6);
  digest.writeUInt8(0x80 | (digest.readUInt8(8) & 0x3f), 8);
  return digest.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A text as it is stored: line ends of one kind, no control characters (Postgres takes no NUL), no space around. */
export function cleanText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]/gu, '')
    .trim();
}

/** Characters as a person counts them nearly, and as Postgres counts them exactly: code points. */
export const countCharacters = (text: string): number => [...text].length;

export function formLanguage(request: FastifyRequest, lang: string | undefined): Language {
  return lang === 'zh-CN' || lang === 'en' ? lang : wishedLanguage(request);
}

/**
 * Runs what a form asks for. Whatever fails other than by a refusal, the form is shown again with what was typed and the
 * advice to send it once more: its number makes that count once.
 */
export async function keepingForm(
  request: FastifyRequest,
  reply: FastifyReply,
  language: Language,
  work: () => Promise<FastifyReply>,
  formAgain: (problem: string) => unknown,
  typedText = '',
): Promise<FastifyReply> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PageRefusal) {
      // behind a good link nobody's words are lost; behind a bad one nobody puts words on the bank's page
      if (error.status === 409 || error.status === 410) error.typed = typedText;
      throw error;
    }
    request.log.error({ ...logged(error), route: request.routeOptions.url }, 'a form could not be stored');
    const words: Words = wordsIn(language);
    return sendPage(reply, isOutage(error) ? 503 : 500, formAgain(words.tryAgain));
  }
}
