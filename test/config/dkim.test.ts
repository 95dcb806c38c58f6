import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dkimKey } from '../../config/dkim.js';
import { NoSurroundings } from '../../config/surroundings.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'keepwell-dkim-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function keyFile(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}
const rsa = (modulusLength: number): string =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const settings = (file: string, more: Record<string, string> = {}): NodeJS.ProcessEnv => ({
  KEEPWELL_DKIM_DOMAIN: 'bank.example',
  KEEPWELL_DKIM_SELECTOR: 'keepwell-2026',
  KEEPWELL_DKIM_KEY_FILE: file,
  ...more,
});

test('none of the three: mails go out unsigned', () => {
  expect(dkimKey({})).toBeNull();
  expect(dkimKey({ KEEPWELL_DKIM_DOMAIN: '' })).toBeNull();
});

test('all three: the key', () => {
  const key = dkimKey(settings(keyFile('good.pem', rsa(2048))));
  expect(key).toMatchObject({ domain: 'bank.example', selector: 'keepwell-2026' });
  expect(key?.key.asymmetricKeyType).toBe('rsa');
});

test.each<[string, () => NodeJS.ProcessEnv, string]>([
  [
    'two are missing',
    () => ({ KEEPWELL_DKIM_DOMAIN: 'bank.example' }),
    'KEEPWELL_DKIM_SELECTOR and KEEPWELL_DKIM_KEY_FILE are not set',
  ],
  ['no such file', () => settings(join(folder, 'none.pem')), "can't be read (there is no such file)"],
  ['a folder', () => settings(folder), "can't be read (EISDIR)"],
  ['no key', () => settings(keyFile('text.pem', 'my secret words')), 'an RSA private key in PEM without a passphrase'],
  [
    'a key of another kind',
    () =>
      settings(
        keyFile(
          'ed.pem',
          generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        ),
      ),
    'an RSA private key in PEM',
  ],
  ['a short key', () => settings(keyFile('short.pem', rsa(512))), 'at least 1024 bits'],
  ['no domain', () => settings('x', { KEEPWELL_DKIM_DOMAIN: 'bank example' }), 'a domain such as bank.example'],
  [
    'a selector that ends the tag',
    () => settings('x', { KEEPWELL_DKIM_SELECTOR: 'a; d=evil.example' }),
    'a name such as',
  ],
])('%s: a sentence that says what to do, and nothing of the key', (_words, env, sentence) => {
  const asked = env();
  expect(() => dkimKey(asked)).toThrow(NoSurroundings);
  expect(() => dkimKey(asked)).toThrow(sentence);
  expect(() => dkimKey(asked)).not.toThrow('secret words');
});
