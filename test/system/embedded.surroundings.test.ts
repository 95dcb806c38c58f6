import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processIdentity } from '../../config/process-identity.js';
import { NoSurroundings, readSurroundings, surroundingsToEnv, type Surroundings } from '../../config/surroundings.js';
import { startSurroundings } from '../../embedded/surroundings.js';

const key = Buffer.alloc(32, 1).toString('base64');
const complete: Surroundings = {
  temporalAddress: '127.0.0.1:7233',
  temporalNamespace: 'default',
  temporalUiUrl: null,
  databaseUrl: 'postgresql://keepwell:pw@127.0.0.1:5434/keepwell',
  smtpUrl: 'smtp://127.0.0.1:1025',
  mailboxUrl: 'http://127.0.0.1:8025',
  webUrl: 'http://127.0.0.1:8080',
  embedded: { temporal: true, database: false, smtp: true },
  payloadKeys: `k2:${key},k1:${key}`,
  linkSecret: key,
  mailFrom: 'Keepwell Bank <service@keepwell.example>',
};

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keepwell-surroundings-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function leftByStart(pid: number, identity: string | null): Promise<void> {
  await writeFile(join(home, 'surroundings.json'), JSON.stringify({ surroundings: complete, pid, identity }));
}

test('surroundings go through the environment unchanged', () => {
  expect(readSurroundings(surroundingsToEnv(complete))).toEqual(complete);
});

test('without any, the sentence says to run npm start', () => {
  expect(() => readSurroundings({ KEEPWELL_HOME: home })).toThrow(NoSurroundings);
  expect(() => readSurroundings({ KEEPWELL_HOME: home })).toThrow('Keepwell is not running here');
});

test('those of a running npm start are found, and one that is set instead is not called our own', async () => {
  await leftByStart(process.pid, processIdentity(process.pid));
  expect(readSurroundings({ KEEPWELL_HOME: home })).toEqual(complete);
  const other = readSurroundings({ KEEPWELL_HOME: home, TEMPORAL_ADDRESS: 'temporal.bank.example:7233' });
  expect(other.temporalAddress).toBe('temporal.bank.example:7233');
  expect(other.embedded).toEqual({ temporal: false, database: false, smtp: true });
});

test('those of an npm start that was killed are refused with a sentence', async () => {
  await leftByStart(process.pid, 'an earlier boot/1');
  expect(() => readSurroundings({ KEEPWELL_HOME: home })).toThrow('npm start is not running any more');
});

test('addresses without keys are refused with the names to set', () => {
  const env = surroundingsToEnv(complete);
  env['KEEPWELL_PAYLOAD_KEYS'] = '';
  env['KEEPWELL_LINK_SECRET'] = '';
  const read = () => readSurroundings({ ...env, KEEPWELL_HOME: home });
  expect(read).toThrow('KEEPWELL_PAYLOAD_KEYS, KEEPWELL_LINK_SECRET are not set though other addresses are');
});

test.each([
  ['TEMPORAL_ADDRESS', 'localhost', 'host:port'],
  ['DATABASE_URL', 'mysql://db', 'postgres://'],
  ['SMTP_URL', 'mail', 'smtp://'],
  ['KEEPWELL_PAYLOAD_KEYS', 'k1:c2hvcnQ=', '32 bytes'],
  ['KEEPWELL_PAYLOAD_KEYS', `k1:${key},k1:${key}`, 'each id once'],
  ['KEEPWELL_LINK_SECRET', 'c2hvcnQ=', 'at least 32 bytes'],
  ['KEEPWELL_MAIL_FROM', 'nobody', 'mail address'],
])('a malformed %s (%s) is named, without repeating its value', (name, value, reason) => {
  const read = () => readSurroundings({ ...surroundingsToEnv(complete), [name]: value });
  expect(read).toThrow(`${name} is not usable: it must be`);
  expect(read).toThrow(reason);
});

test("an outside Temporal with only the home's keys is refused before anything starts", async () => {
  const env = { TEMPORAL_ADDRESS: 'temporal.bank.example:7233' };
  await expect(startSurroundings({ home, env, say: () => undefined })).rejects.toThrow(
    'TEMPORAL_ADDRESS is set, so KEEPWELL_PAYLOAD_KEYS has to be set too',
  );
  // The home was given back: the next one is refused for the same reason and not for a lock.
  await expect(startSurroundings({ home, env, say: () => undefined })).rejects.toThrow('KEEPWELL_PAYLOAD_KEYS');
});
