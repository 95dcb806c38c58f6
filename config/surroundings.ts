import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { homeFolder } from './home.js';
import { processIdentity } from './process-identity.js';

/** Everything outside that Keepwell talks to, and the secrets it does so with. */
export interface Surroundings {
  temporalAddress: string;
  temporalNamespace: string;
  temporalUiUrl: string | null;
  databaseUrl: string;
  smtpUrl: string;
  mailboxUrl: string | null;
  webUrl: string;
  /** which of the three Keepwell started itself */
  embedded: { temporal: boolean; database: boolean; smtp: boolean };
  /** payload encryption keys, "id:base64(32 bytes)" joined by commas: the first encrypts, all decrypt */
  payloadKeys: string;
  /** base64 of at least 32 bytes; signs customers' links */
  linkSecret: string;
  mailFrom: string;
}

/** There are no usable surroundings; the message says what to set or start. */
export class NoSurroundings extends Error {
  override readonly name = 'NoSurroundings';
}

/** The file in the home folder by which other commands find what `npm start` started. */
export const SURROUNDINGS_FILE = 'surroundings.json';

const PAYLOAD_KEY_BYTES = 32;
const LINK_SECRET_MIN_BYTES = 32;

const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    message: `must be an address that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });

const payloadKeys = z.string().refine(
  (text) => {
    const keys = text.split(',').map((key) => key.trim());
    const ids = keys.map((key) => key.slice(0, key.indexOf(':')));
    const wellFormed = keys.every((key) => /^[\w.-]+:[A-Za-z0-9+/]+=*$/.test(key));
    const bytes = keys.map((key) => Buffer.from(key.slice(key.indexOf(':') + 1), 'base64').length);
    return wellFormed && new Set(ids).size === ids.length && bytes.every((size) => size === PAYLOAD_KEY_BYTES);
  },
  { message: 'must be "id:key" pairs joined by commas, each key the base64 of 32 bytes, each id once' },
);

const linkSecret = z.string().refine((text) => Buffer.from(text, 'base64').length >= LINK_SECRET_MIN_BYTES, {
  message: `must be the base64 of at least ${LINK_SECRET_MIN_BYTES} bytes (openssl rand -base64 32 makes one)`,
});

const schema = z.object({
  temporalAddress: z.string().regex(/^\S+:\d{1,5}$/, 'must be host:port'),
  temporalNamespace: z.string().min(1),
  temporalUiUrl: url('http:', 'https:').nullable(),
  databaseUrl: url('postgres:', 'postgresql:'),
  smtpUrl: url('smtp:', 'smtps:'),
  mailboxUrl: url('http:', 'https:').nullable(),
  webUrl: url('http:', 'https:'),
  embedded: z.object({ temporal: z.boolean(), database: z.boolean(), smtp: z.boolean() }),
  payloadKeys,
  linkSecret,
  mailFrom: z.string().regex(/^[^\r\n]*[^\s@<]+@[^\s@>]+>?$/, 'must be a mail address'),
});

/** The environment variable of each text; the embedded three travel together in KEEPWELL_EMBEDDED. */
const VARIABLES = {
  temporalAddress: 'TEMPORAL_ADDRESS',
  temporalNamespace: 'TEMPORAL_NAMESPACE',
  temporalUiUrl: 'TEMPORAL_UI_URL',
  databaseUrl: 'DATABASE_URL',
  smtpUrl: 'SMTP_URL',
  mailboxUrl: 'KEEPWELL_MAILBOX_URL',
  webUrl: 'KEEPWELL_WEB_URL',
  payloadKeys: 'KEEPWELL_PAYLOAD_KEYS',
  linkSecret: 'KEEPWELL_LINK_SECRET',
  mailFrom: 'KEEPWELL_MAIL_FROM',
} as const;

type TextKey = keyof typeof VARIABLES;
const TEXT_KEYS = Object.keys(VARIABLES) as TextKey[];
const EMBEDDED_VARIABLE = 'KEEPWELL_EMBEDDED';

/** What may be left out, and what then holds. */
const DEFAULTS: Partial<Record<TextKey, string | null>> = {
  temporalNamespace: 'default',
  temporalUiUrl: null,
  mailboxUrl: null,
};

const fileSchema = z.object({ surroundings: schema, pid: z.number(), identity: z.string() });

/** What the surroundings file holds: the surroundings and which process keeps them running. */
export type SurroundingsFile = z.infer<typeof fileSchema>;

/**
 * The surroundings to use: each value from the environment, else from what `npm start` left in the home folder.
 * @throws NoSurroundings when a value is missing or malformed, or `npm start` is not running any more
 */
export function readSurroundings(env: NodeJS.ProcessEnv = process.env): Surroundings {
  const isGiven = (key: TextKey) => key in DEFAULTS || Boolean(env[VARIABLES[key]]);
  const running = TEXT_KEYS.every(isGiven) ? null : readRunning(env);
  const merged = Object.fromEntries(
    TEXT_KEYS.map((key) => [key, env[VARIABLES[key]] || running?.[key] || (DEFAULTS[key] ?? null)]),
  );
  const missing = TEXT_KEYS.filter((key) => merged[key] === null && !(key in DEFAULTS));
  if (missing.length > 0) throw new NoSurroundings(missingSentence(missing, env));
  const result = schema.safeParse({ ...merged, embedded: embeddedParts(env, running) });
  if (result.success) return result.data;
  throw new NoSurroundings(invalidSentence(result.error));
}

/** The same as environment variables, for a child process; `readSurroundings` of them gives an equal value. */
export function surroundingsToEnv(surroundings: Surroundings): Record<string, string> {
  const env: Record<string, string> = {};
  for (const key of TEXT_KEYS) env[VARIABLES[key]] = surroundings[key] ?? '';
  const own = Object.entries(surroundings.embedded).filter(([, isOwn]) => isOwn);
  return { ...env, [EMBEDDED_VARIABLE]: own.map(([part]) => part).join(',') };
}

/** Null where `npm start` never ran in this home or ended as it should. */
function readRunning(env: NodeJS.ProcessEnv): Surroundings | null {
  const path = join(homeFolder(env), SURROUNDINGS_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new NoSurroundings(`${path} can't be read (${(error as Error).message}); run this as the user of npm start.`);
  }
  const parsed = fileSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new NoSurroundings(`${path} is damaged; stop npm start and start it again.`);
  if (processIdentity(parsed.data.pid) !== parsed.data.identity) {
    throw new NoSurroundings('npm start is not running any more (it ended without a word); start it again.');
  }
  return parsed.data.surroundings;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A part is Keepwell's own when the environment says so, or when its address is the one that `npm start` left. */
function embeddedParts(env: NodeJS.ProcessEnv, running: Surroundings | null): Surroundings['embedded'] {
  const named = env[EMBEDDED_VARIABLE];
  const listed = named?.split(',').map((part) => part.trim());
  const isOwn = (part: keyof Surroundings['embedded'], key: TextKey) =>
    listed === undefined ? Boolean(running?.embedded[part]) && !env[VARIABLES[key]] : listed.includes(part);
  return {
    temporal: isOwn('temporal', 'temporalAddress'),
    database: isOwn('database', 'databaseUrl'),
    smtp: isOwn('smtp', 'smtpUrl'),
  };
}

function missingSentence(missing: TextKey[], env: NodeJS.ProcessEnv): string {
  const names = missing.map((key) => VARIABLES[key]).join(', ');
  const required = TEXT_KEYS.filter((key) => !(key in DEFAULTS));
  if (missing.length === required.length) {
    return `Keepwell is not running here (looked in ${homeFolder(env)}); run npm start, or set ${names}.`;
  }
  return `${names} ${missing.length > 1 ? 'are' : 'is'} not set though other addresses are; set ${missing.length > 1 ? 'them' : 'it'} too, or run npm start without any of them.`;
}

function invalidSentence(error: z.ZodError): string {
  const first = error.issues[0];
  const key = String(first?.path[0] ?? '');
  const name = key in VARIABLES ? VARIABLES[key as TextKey] : EMBEDDED_VARIABLE;
  // The value itself is not repeated: it may be a secret or hold a password.
  return `${name} is not usable: it ${first?.message ?? 'is malformed'}; correct it.`;
}
