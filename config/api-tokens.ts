import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What the bank's other systems show to be let in; only its digest is configured and kept. */
export interface ApiToken {
  /** which system it is of; appears in the log */
  readonly name: string;
  /** SHA-256 of the token */
  readonly digest: Buffer;
}

/** The variable that holds the entries, `name:sha256` in hex, joined by commas. */
export const API_TOKENS_VARIABLE = 'KEEPWELL_API_TOKENS';
/** Systems that may ask; every question is compared with all of them. */
export const MAX_API_TOKENS = 50;

const TOKEN_BYTES = 32;
/** By which those who search for leaked secrets know it. */
const TOKEN_PREFIX = 'kw_';
const NAME = /^[a-z][a-z0-9-]{1,39}$/;
const ENTRY = /^([a-z][a-z0-9-]{1,39}):([0-9a-f]{64})$/;

/**
 * Makes a token of 256 random bits, and the entry by which it is known.
 * @throws RangeError in words for a name that can't be used
 */
export function createApiToken(name: string): { token: string; entry: string } {
  if (!NAME.test(name))
    throw new RangeError(`"${name}" is not a name; write the system's in lower case with dashes, 2 to 40 characters.`);
  const token = `${TOKEN_PREFIX}${randomBytes(TOKEN_BYTES).toString('base64url')}`;
  return { token, entry: `${name}:${digestOf(token).toString('hex')}` };
}

/**
 * The tokens of an environment; none when the variable is not set.
 * @throws Error in words when it is malformed; what it holds is not repeated
 */
export function readApiTokens(env: NodeJS.ProcessEnv = process.env): ApiToken[] {
  const text = env[API_TOKENS_VARIABLE];
  if (!text) return [];
  const entries = text.split(',').map((entry) => ENTRY.exec(entry.trim()));
  const tokens = entries.flatMap((entry) =>
    entry ? [{ name: entry[1] ?? '', digest: Buffer.from(entry[2] ?? '', 'hex') }] : [],
  );
  const isSound = tokens.length === entries.length && new Set(tokens.map(({ name }) => name)).size === tokens.length;
  if (!isSound || tokens.length > MAX_API_TOKENS)
    throw new Error(
      `${API_TOKENS_VARIABLE} is not usable: it must be "name:sha256" pairs joined by commas, each name once, at most ${MAX_API_TOKENS}; "keepwell api token create NAME" prints one.`,
    );
  return tokens;
}

/**
 * Whose token this is, or null. All are compared, each in constant time, so that how long it takes tells nothing.
 * @param shown what the asker showed, of any length
 */
export function apiTokenHolder(tokens: readonly ApiToken[], shown: string): string | null {
  const digest = digestOf(shown);
  let holder: string | null = null;
  for (const { name, digest: known } of tokens) if (timingSafeEqual(digest, known)) holder = name;
  return holder;
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}
