import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { NoSurroundings } from './surroundings.js';

/** The key by which mails are signed (RFC 6376). */
export interface DkimKey {
  /** d=: the domain that answers for the mail */
  domain: string;
  /** s=: the public key stands in the TXT record SELECTOR._domainkey.DOMAIN */
  selector: string;
  key: KeyObject;
}

const DOMAIN = 'KEEPWELL_DKIM_DOMAIN';
const SELECTOR = 'KEEPWELL_DKIM_SELECTOR';
const KEY_FILE = 'KEEPWELL_DKIM_KEY_FILE';
/** RFC 8301, 3.2: signers use RSA keys of at least so many bits; verifiers take no shorter ones. */
const LEAST_KEY_BITS = 1024;
const LABELS = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/**
 * The DKIM key of the environment; null: none is set, and mails go out unsigned.
 * @throws NoSurroundings in words when some of the three are missing, or the key can't be used; never with the key in it
 */
export function dkimKey(env: NodeJS.ProcessEnv = process.env): DkimKey | null {
  const names = [DOMAIN, SELECTOR, KEY_FILE] as const;
  const [domain, selector, file] = names.map((name) => env[name] || null) as [
    string | null,
    string | null,
    string | null,
  ];
  const missing = names.filter((name) => !env[name]);
  if (missing.length === names.length) return null;
  if (domain === null || selector === null || file === null)
    throw new NoSurroundings(
      `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not set though another setting of DKIM is; set all of ${names.join(', ')}, or none to send mails unsigned.`,
    );
  if (!domain.includes('.') || !LABELS.test(domain)) throw unusable(DOMAIN, 'be a domain such as bank.example');
  if (!LABELS.test(selector)) throw unusable(SELECTOR, 'be a name such as keepwell-2026, of letters, digits and "-"');
  return { domain, selector, key: readKey(file) };
}

function readKey(file: string): KeyObject {
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : (code ?? message);
    throw new NoSurroundings(
      `${KEY_FILE} names a file that can't be read (${why}); name the PEM file of the private key, readable by the worker's user.`,
    );
  }
  const key = parse(pem);
  if (key?.asymmetricKeyType !== 'rsa')
    throw unusable(KEY_FILE, 'hold an RSA private key in PEM without a passphrase (openssl genrsa 2048 makes one)');
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < LEAST_KEY_BITS)
    throw unusable(KEY_FILE, `hold an RSA key of at least ${LEAST_KEY_BITS} bits, 2048 for preference`);
  return key;
}

function parse(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    // what Node says of it may quote the key
    return null;
  }
}

const unusable = (name: string, must: string): NoSurroundings =>
  new NoSurroundings(`${name} is not usable: it must ${must}; correct it.`);
