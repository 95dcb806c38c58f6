import { execFile } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

export interface Ended {
  code: number;
  out: string;
  err: string;
}

/**
 * Runs the real command at a test's bank. Temporal and a mail server are not there: for commands that ask for neither.
 * @param home a folder of the test's own; nothing runs there
 */
export function runKeepwell(bank: { url: string; home: string }, args: readonly string[]): Promise<Ended> {
  const foreign = /^(KEEPWELL_|TEMPORAL_|DATABASE_URL$|SMTP_URL$)/;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  const env = {
    ...Object.fromEntries(kept),
    KEEPWELL_HOME: bank.home,
    NO_COLOR: '1',
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    DATABASE_URL: bank.url,
    SMTP_URL: 'smtp://127.0.0.1:1',
    KEEPWELL_WEB_URL: 'http://127.0.0.1:8080',
    KEEPWELL_PAYLOAD_KEYS: `k1:${Buffer.alloc(32, 2).toString('base64')}`,
    KEEPWELL_LINK_SECRET: Buffer.alloc(32, 1).toString('base64'),
    KEEPWELL_MAIL_FROM: 'Bank <service@bank.example>',
  };
  return new Promise((resolve, reject) => {
    const program = ['--import', 'tsx', join('client', 'cli', 'main.ts'), ...args];
    execFile(process.execPath, program, { cwd: ROOT, env }, (error, out, err) => {
      const code = error ? error.code : 0;
      if (typeof code === 'number') resolve({ code, out, err });
      else reject(error ?? new Error('no exit code'));
    });
  });
}
