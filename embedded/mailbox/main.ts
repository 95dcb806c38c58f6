import { setTimeout as pause } from 'node:timers/promises';
import { createLog } from '../../config/log.js';
import { mailboxPages } from './http.js';
import { Letters } from './letters.js';
import { mailServer } from './smtp.js';

/** How long a letter that is just being handed over may still take when the mailbox ends. */
const LAST_LETTER_LIMIT_MS = 3_000;

const HOST = '127.0.0.1';

/** The mailbox as a process of its own: `main.ts FOLDER SMTP_PORT PAGE_PORT`. */
async function main([folder, smtpPort, pagePort]: string[]): Promise<void> {
  if (folder === undefined || smtpPort === undefined || pagePort === undefined) {
    throw new Error('The mailbox is started with a folder, an SMTP port and a page port.');
  }
  const log = createLog('mailbox');
  const letters = await Letters.open(folder, (line) => log.warn(line));
  const smtp = mailServer(letters, (error) => log.warn({ err: error }, 'a message was not kept'));
  const pages = mailboxPages(letters);
  await new Promise<void>((resolve, reject) => {
    smtp.server.once('error', reject);
    smtp.listen(Number(smtpPort), HOST, resolve);
  });
  await pages.listen({ port: Number(pagePort), host: HOST });

  let ending = false;
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    const closed = new Promise<void>((resolve) => smtp.close(() => resolve()));
    await Promise.race([Promise.all([closed, pages.close()]), pause(LAST_LETTER_LIMIT_MS)]);
    process.exit(0);
  };
  process.on('SIGTERM', () => void end());
  process.on('SIGINT', () => void end());
  log.info({ letters: letters.count }, 'ready');
  process.send?.({ ready: true });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
