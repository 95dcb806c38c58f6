import { createHash, generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { SMTPServer } from 'smtp-server';
import { CLAIM_LEASE_MS, smtpMailDoor, type Mail } from '../../activities/mail.js';
import type { DkimKey } from '../../config/dkim.js';
import { MAX_SUBJECT_BYTES, linkUrl, signLink } from '../../config/links.js';

/** What a receiving server has of a message: bytes, before anybody has read them. */
let raw: Buffer[];
let server: SMTPServer;
let url: string;
beforeAll(async () => {
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        raw.push(Buffer.concat(chunks));
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  url = `smtp://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
});
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));
beforeEach(() => void (raw = []));

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEY: DkimKey = { domain: 'bank.example', selector: 'keepwell-2026', key: privateKey };

/** The longest link that there can be, on a long host. */
const UNSUBSCRIBE = linkUrl(
  'https://letters.keepwell.customers.north.bank.example',
  'unsubscribe',
  signLink(Buffer.alloc(32, 7).toString('base64'), {
    purpose: 'unsubscribe',
    subject: 'c'.repeat(MAX_SUBJECT_BYTES),
    expiresAt: Date.UTC(2026, 5, 1),
  }),
);
const LETTER: Mail = {
  messageId: '<offer@bank.example>',
  to: 'anna@customers.example',
  subject: '李娜，一项可能适合您的方案，风险不超过您愿意承担的水平，期限不影响您的资金使用',
  html: `<p>您好</p>\n<p>${'An offer that could suit you.  '.repeat(20)}</p>  \n\n\n`,
  text: '您好！\n.\nAn offer\t that  could suit you.   \n\n\n',
  headers: {
    'X-Keepwell-Class': 'promotional',
    'List-Unsubscribe': `<${UNSUBSCRIBE}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  },
};

async function onTheWire(key: DkimKey | null, mail: Mail = LETTER): Promise<string> {
  const door = smtpMailDoor(url, 'Test Bank <service@bank.example>', key);
  expect((await door.deliver(mail, Date.now() + CLAIM_LEASE_MS)).kind).toBe('accepted');
  return (raw[0] ?? Buffer.alloc(0)).toString('latin1');
}

const headerOf = (message: string): string => message.slice(0, message.indexOf('\r\n\r\n'));
/** `name: value` of each field, folds included. */
const fieldsOf = (message: string): string[] => headerOf(message).split(/\r\n(?![ \t])/);
const field = (message: string, name: string): string[] =>
  fieldsOf(message).filter((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}:`));

/** RFC 6376, 3.4.2 */
function relaxedField(text: string): string {
  const colon = text.indexOf(':');
  const value = text
    .slice(colon + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .trim();
  return `${text.slice(0, colon).trim().toLowerCase()}:${value}`;
}
/** RFC 6376, 3.4.4 */
function relaxedBody(message: string): string {
  const body = message.slice(message.indexOf('\r\n\r\n') + 4);
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  while (lines.at(-1) === '') lines.pop();
  return lines.length === 0 ? '' : `${lines.join('\r\n')}\r\n`;
}

/** Verifies a DKIM signature from the bytes alone, as RFC 6376, 3.7 has it. @returns the signed fields, or why not */
function verifyDkim(message: string, key: KeyObject): { signed: string[] } | { fault: string } {
  const [signature] = field(message, 'DKIM-Signature');
  if (signature === undefined) return { fault: 'unsigned' };
  const tags = Object.fromEntries(
    signature
      .slice(signature.indexOf(':') + 1)
      .split(';')
      .map((tag) => tag.replace(/\s+/g, ''))
      .filter((tag) => tag !== '')
      .map((tag) => [tag.slice(0, tag.indexOf('=')), tag.slice(tag.indexOf('=') + 1)] as const),
  );
  expect(tags).toMatchObject({ v: '1', a: 'rsa-sha256', c: 'relaxed/relaxed', d: 'bank.example', s: 'keepwell-2026' });
  const bodyHash = createHash('sha256').update(relaxedBody(message), 'latin1').digest('base64');
  if (bodyHash !== tags['bh']) return { fault: 'the body was changed' };
  const signed = (tags['h'] ?? '').toLowerCase().split(':');
  const lines = signed.flatMap((name) => field(message, name).slice(-1)).map((each) => `${relaxedField(each)}\r\n`);
  const own = relaxedField(signature).replace(/(;\s*b=)[^;]*/, '$1');
  const isGood = verify(
    'RSA-SHA256',
    Buffer.from(lines.join('') + own, 'latin1'),
    key,
    Buffer.from(tags['b'] ?? '', 'base64'),
  );
  return isGood ? { signed } : { fault: 'a signed field was changed' };
}

test('the address to unsubscribe is one line on the wire, however long it is', async () => {
  const message = await onTheWire(null);
  expect(UNSUBSCRIBE.length).toBeGreaterThan(150);
  expect(headerOf(message).split('\r\n')).toContain(`List-Unsubscribe: <${UNSUBSCRIBE}>`);
  expect(headerOf(message).split('\r\n')).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
  expect(message).not.toContain('DKIM-Signature');
});

test('an address that would end the line, or be none, is not sent', async () => {
  const door = smtpMailDoor(url, 'Test Bank <service@bank.example>');
  for (const value of ['<https://b.example>\r\nBcc: all@example.org', `<https://b.example/${'x'.repeat(1_000)}>`]) {
    const mail = { ...LETTER, headers: { 'List-Unsubscribe': value } };
    await expect(door.deliver(mail, Date.now() + CLAIM_LEASE_MS)).rejects.toThrow('does not fit into one line');
  }
  expect(raw).toEqual([]);
});

describe('a mail of a bank with a DKIM key', () => {
  test('is signed with both headers of the one click, as a receiver verifies it from the bytes', async () => {
    const message = await onTheWire(KEY);
    const verdict = verifyDkim(message, publicKey);
    expect(verdict).toEqual({
      signed: expect.arrayContaining(['from', 'to', 'subject', 'date', 'message-id']) as unknown,
    });
    expect(verdict).toEqual({
      signed: expect.arrayContaining(['list-unsubscribe', 'list-unsubscribe-post', 'content-type']) as unknown,
    });
    expect(headerOf(message).split('\r\n')).toContain(`List-Unsubscribe: <${UNSUBSCRIBE}>`);
    expect(field(message, 'DKIM-Signature')).toHaveLength(1);
  });

  test('is no more good when somebody changes a word, the address to unsubscribe or the sender', async () => {
    const message = await onTheWire(KEY);
    expect(verifyDkim(message.replace('could suit', 'would suit'), publicKey)).toEqual({
      fault: 'the body was changed',
    });
    for (const [from, to] of [
      [UNSUBSCRIBE, 'https://evil.example'],
      ['One-Click', 'Two-Clicks'],
      ['service@bank.example', 'service@evil.example'],
    ] as const)
      expect(verifyDkim(message.replace(from, to), publicKey)).toEqual({ fault: 'a signed field was changed' });
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    expect(verifyDkim(message, other)).toEqual({ fault: 'a signed field was changed' });
  });

  test('is signed whatever the class, also without the headers of a promotion', async () => {
    const message = await onTheWire(KEY, { ...LETTER, headers: { 'X-Keepwell-Class': 'statutory' } });
    expect(verifyDkim(message, publicKey)).not.toHaveProperty('fault');
  });
});
