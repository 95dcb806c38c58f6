import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** What hledger prints for a hundred thousand postings stays far below. */
const MOST_OUTPUT = 64 * 1024 * 1024;
const INSTALL_LIMIT_MS = 5 * 60_000;

/** The program that checks the books without Keepwell, of Debian's packages. */
const INSTALL = 'apt-get install hledger (macOS: brew install hledger)';

/**
 * Makes sure that hledger is there, and installs it where that needs no password.
 * @returns its version, in its own words
 * @throws Error naming the command to install it by
 */
export async function ensureHledger(): Promise<string> {
  const found = await version();
  if (found !== null) return found;
  if (process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const options = { env, timeout: INSTALL_LIMIT_MS, maxBuffer: MOST_OUTPUT };
    try {
      await run('apt-get', ['update', '-qq'], options);
      await run('apt-get', ['install', '-y', '-qq', '-o', 'DPkg::Lock::Timeout=120', 'hledger'], options);
    } catch (error) {
      throw new Error(`hledger is not here and could not be installed; run ${INSTALL}, and the tests again`, {
        cause: error,
      });
    }
    const installed = await version();
    if (installed !== null) return installed;
  }
  throw new Error(`hledger is not on PATH; run ${INSTALL}, and the tests again`);
}

async function version(): Promise<string | null> {
  try {
    return (await run('hledger', ['--version'])).stdout.trim();
  } catch {
    return null;
  }
}

export interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs hledger on a journal. */
export function hledger(journal: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // without a person's own configuration (~/.hledger.conf) and language
    const env = { ...process.env, LC_ALL: 'C.UTF-8', HOME: tmpdir(), XDG_CONFIG_HOME: tmpdir() };
    execFile('hledger', ['-f', journal, ...args], { env, maxBuffer: MOST_OUTPUT }, (error, out, err) => {
      const code = error ? error.code : 0;
      if (typeof code === 'number') resolve({ code, out, err });
      else reject(error ?? new Error('hledger gave no exit code'));
    });
  });
}
