import { appendFile, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import { homePaths, openHome, removeHome } from '../../embedded/home.js';
import { startMailbox, type RunningMailbox } from '../../embedded/mailbox.js';
import { freePort } from '../../embedded/ports.js';

const answer = z.object({
  messages: z.array(
    z.object({
      seq: z.number(),
      acceptedAt: z.iso.datetime(),
      messageId: z.string(),
      to: z.array(z.string()),
      subject: z.string(),
      messageClass: z.string(),
      headers: z.record(z.string(), z.string()),
      text: z.string(),
      html: z.string(),
      links: z.array(z.string()),
    }),
  ),
});

let home: string;
let mailbox: RunningMailbox;
const said: string[] = [];

async function start(): Promise<void> {
  const [smtpPort, pagePort] = [await freePort(), await freePort()];
  mailbox = await startMailbox({ home, smtpPort, pagePort, say: (line) => said.push(line) });
}

async function send(to: string, more: { subject?: string; text?: string; html?: string } = {}): Promise<void> {
  const transport = createTransport(mailbox.smtpUrl);
  const letter = { from: 'bank@keepwell.example', to, subject: 'Hello', text: 'Hello', ...more };
  await transport.sendMail({ ...letter, headers: { 'X-Keepwell-Class': 'service' } });
}

async function messages(query = '') {
  const response = await fetch(`${mailbox.url}/api/messages${query}`);
  return answer.parse(await response.json()).messages;
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'keepwell-mailbox-'));
  await openHome(home);
  await start();
});

afterAll(async () => {
  await mailbox.stop();
  await removeHome(home);
});

test('the page says so while there is no mail', async () => {
  expect(await (await fetch(mailbox.url)).text()).toContain('No mail yet');
});

test('an accepted mail is on disk and listed with its class and links', async () => {
  const html = '<p><a href="https://bank.example/s?a=1&amp;b=2">回答</a></p>';
  await send('li@bank.example', { subject: '您好', text: 'See https://bank.example/t/1.', html });
  const found = await messages();
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ seq: 1, to: ['li@bank.example'], subject: '您好', messageClass: 'service' });
  expect(found[0]?.links).toEqual(['https://bank.example/t/1', 'https://bank.example/s?a=1&b=2']);
  expect(await readdir(homePaths(home).mailbox)).toContain('1.eml');
  expect(await readFile(join(homePaths(home).mailbox, 'index.jsonl'), 'utf8')).toMatch(/^\{"seq":1,.*\}\n$/);
});

test('mail can be asked for by recipient and after a number', async () => {
  await send('zhang@bank.example');
  expect((await messages('?to=ZHANG@bank.example')).map(({ seq }) => seq)).toEqual([2]);
  expect((await messages('?after=1')).map(({ seq }) => seq)).toEqual([2]);
  expect(await messages('?after=2')).toEqual([]);
  expect((await fetch(`${mailbox.url}/api/messages?after=x`)).status).toBe(400);
});

test('a mail is shown in a frame that runs nothing, and as it came', async () => {
  await send('mallory@bank.example', { subject: '<script>alert(1)</script>', html: '<script>alert(2)</script>' });
  const page = await (await fetch(`${mailbox.url}/messages/3`)).text();
  expect(page).toContain('&lt;script&gt;');
  expect(page).not.toContain('<script');
  expect(page).toMatch(/<iframe[^>]* sandbox="(?!.*allow-scripts)/);
  const frame = await fetch(`${mailbox.url}/messages/3/html`);
  expect(frame.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(await (await fetch(`${mailbox.url}/messages/3.eml`)).text()).toContain('X-Keepwell-Class: service');
  expect((await fetch(`${mailbox.url}/messages/99`)).status).toBe(404);
});

test('one domain is refused for good, another for now, and neither is kept', async () => {
  await expect(send('nobody@refused.example')).rejects.toMatchObject({ responseCode: 550 });
  await expect(send('somebody@busy.example')).rejects.toMatchObject({ responseCode: 451 });
  expect(await messages()).toHaveLength(3);
});

test('a message over 1 MiB is refused', async () => {
  await expect(send('li@bank.example', { text: 'x'.repeat(80).concat('\n').repeat(14_000) })).rejects.toMatchObject({
    responseCode: 552,
  });
  expect(await messages()).toHaveLength(3);
});

test('a mail survives a kill -9 right after it was accepted, and the mailbox comes back by itself', async () => {
  await send('chen@bank.example');
  await mailbox.process.kill9();
  await mailbox.process.ready;
  expect(said.at(-1)).toMatch(/^mailbox ended unexpectedly \(SIGKILL\); starting it again/);
  expect((await messages()).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
});

test('an index line that a crash cut off is dropped with a word in the log, and numbers go on', async () => {
  await mailbox.stop();
  await appendFile(join(homePaths(home).mailbox, 'index.jsonl'), '{"seq":5,"acceptedAt":"20');
  await start();
  await send('wu@bank.example');
  expect((await messages('?after=4')).map(({ seq, to }) => [seq, to[0]])).toEqual([[5, 'wu@bank.example']]);
  expect(await readFile(join(homePaths(home).logs, 'mailbox.log'), 'utf8')).toContain('cut off by a crash');
});
