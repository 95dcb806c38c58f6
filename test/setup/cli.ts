import { run } from '../../client/cli/main.js';

export interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Whatever an installation on this machine may have set is not the test's. */
const FOREIGN = /^(KEEPWELL_|TEMPORAL_|DATABASE_URL$|SMTP_URL$)/;

/** One command at a time: it looks at the environment and writes to this process's own streams. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * Runs the real command at a test's bank, in this process: what starts a process for it is in cli.test.ts. Temporal and a
 * mail server are not there: for commands that ask for neither.
 * @param home a folder of the test's own; nothing runs there
 */
export function runKeepwell(bank: { url: string; home: string }, args: readonly string[]): Promise<Ended> {
  const mine = turn.then(() => runHere(environment(bank), args));
  turn = mine.catch(() => undefined);
  return mine;
}

function environment(bank: { url: string; home: string }): Record<string, string> {
  return {
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
}

async function runHere(env: Record<string, string>, args: readonly string[]): Promise<Ended> {
  const before = { ...process.env };
  const { exitCode } = process;
  for (const name of Object.keys(before)) if (FOREIGN.test(name)) delete process.env[name];
  Object.assign(process.env, env);
  process.exitCode = undefined;
  const out = listen(process.stdout);
  const err = listen(process.stderr);
  try {
    const code = await run(args);
    return { code, out: out.heard(), err: err.heard() };
  } finally {
    out.stop();
    err.stop();
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    process.exitCode = exitCode;
  }
}

/** Keeps what is written to a stream from it. */
function listen(stream: NodeJS.WriteStream): { heard: () => string; stop: () => void } {
  const write = stream.write.bind(stream);
  let text = '';
  const take = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    const written = rest.at(-1);
    if (typeof written === 'function') (written as () => void)();
    return true;
  };
  stream.write = take;
  return { heard: () => text, stop: () => void (stream.write = write) };
}
