import { join } from 'node:path';
import { homePaths, type EmbeddedError, type Say } from './home.js';
import { superviseProcess, type SupervisedProcess } from './supervisor.js';

/** It only has to finish the letter that it is being handed. */
const STOP_LIMIT_MS = 5_000;

export interface MailboxOptions {
  /** an opened home (see openHome); letters are kept in its room `mailbox` */
  home: string;
  smtpPort: number;
  pagePort: number;
  say: Say;
  onGivenUp?: (why: EmbeddedError) => void;
}

export interface RunningMailbox {
  smtpUrl: string;
  /** its page; the API is below it at /api/messages */
  url: string;
  process: SupervisedProcess;
  stop(): Promise<void>;
}

/**
 * Starts the mailbox as a process of its own: a crash of anything else loses no letter.
 * @throws EmbeddedError with the end of its log when it does not start
 */
export async function startMailbox(options: MailboxOptions): Promise<RunningMailbox> {
  const { home, smtpPort, pagePort, say } = options;
  const mailbox = await superviseProcess({
    name: 'mailbox',
    command: process.execPath,
    args: [
      '--import',
      'tsx',
      join(__dirname, 'mailbox', 'main.ts'),
      homePaths(home).mailbox,
      `${smtpPort}`,
      `${pagePort}`,
    ],
    cwd: join(__dirname, '..'),
    home,
    say,
    ready: 'message',
    stopLimitMs: STOP_LIMIT_MS,
    ...(options.onGivenUp === undefined ? {} : { onGivenUp: options.onGivenUp }),
  });
  try {
    await mailbox.ready;
  } catch (error) {
    await mailbox.stop();
    throw error;
  }
  const url = `http://127.0.0.1:${pagePort}`;
  return { smtpUrl: `smtp://127.0.0.1:${smtpPort}`, url, process: mailbox, stop: () => mailbox.stop() };
}
