import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';
import { EmbeddedError, type Say } from './home.js';

/** Where everything listens, all on 127.0.0.1. */
export interface Ports {
  temporal: number;
  temporalUi: number;
  postgres: number;
  smtp: number;
  mailbox: number;
  web: number;
}

const PREFERRED: Record<keyof Ports, { port: number; variable: string; what: string }> = {
  temporal: { port: 7233, variable: 'KEEPWELL_TEMPORAL_PORT', what: 'Temporal' },
  temporalUi: { port: 8233, variable: 'KEEPWELL_TEMPORAL_UI_PORT', what: "Temporal's pages" },
  postgres: { port: 5434, variable: 'KEEPWELL_POSTGRES_PORT', what: 'Postgres' },
  smtp: { port: 1025, variable: 'KEEPWELL_SMTP_PORT', what: 'the mailbox (SMTP)' },
  mailbox: { port: 8025, variable: 'KEEPWELL_MAILBOX_PORT', what: "the mailbox's page" },
  web: { port: 8080, variable: 'KEEPWELL_WEB_PORT', what: 'the pages' },
};

/** Below 32768 begin the ports that systems hand to outgoing connections: one of those could be taken any moment. */
const FREE_FROM = 10_240;
const FREE_TO = 32_000;
/** So many taken in a row means that something else is wrong. */
const MOST_TRIES = 100;
const HIGHEST_PORT = 65_535;

export interface PortOptions {
  env: NodeJS.ProcessEnv;
  say: Say;
  /** fixed by the caller; the port is not looked at before */
  fixed?: Partial<Ports>;
  /** take any free port instead of the usual one, without a word: for demos and tests */
  anyFree?: boolean;
}

/**
 * One port for each part: the one that the person set, else the usual one, else (with a sentence) a free one.
 * @throws EmbeddedError when a port that the person set is taken or is no port
 */
export async function choosePorts(parts: (keyof Ports)[], options: PortOptions): Promise<Ports> {
  const chosen: Partial<Ports> = { ...options.fixed };
  for (const part of parts) {
    chosen[part] ??= await choosePort(part, options, Object.values(chosen));
  }
  const unused = Object.fromEntries(Object.entries(PREFERRED).map(([part, { port }]) => [part, port]));
  return { ...(unused as unknown as Ports), ...chosen };
}

async function choosePort(part: keyof Ports, options: PortOptions, used: number[]): Promise<number> {
  const { port, variable, what } = PREFERRED[part];
  const set = options.env[variable];
  if (set) return portThatWasSet(set, variable, what);
  if (options.anyFree) return freePort(used);
  if (!used.includes(port) && (await isFree(port))) return port;
  const other = await freePort(used);
  options.say(`Port ${port} is taken, so ${what} will be at port ${other}; ${variable} sets another.`);
  return other;
}

async function portThatWasSet(text: string, variable: string, what: string): Promise<number> {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > HIGHEST_PORT) {
    throw new EmbeddedError(`${variable} is "${text}", which is no port; set a number from 1 to ${HIGHEST_PORT}.`);
  }
  if (await isFree(port)) return port;
  throw new EmbeddedError(`Port ${port} is taken, so ${what} can't listen there; set ${variable} to another.`);
}

/** A port of 127.0.0.1 that nobody listens on, outside the range of outgoing connections. */
export async function freePort(used: number[] = []): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const port = randomInt(FREE_FROM, FREE_TO);
    if (!used.includes(port) && (await isFree(port))) return port;
  }
  throw new EmbeddedError('No free port was found on 127.0.0.1; close what holds so many of them.');
}

/** A listener on all addresses counts too: beside it we could listen, but people would reach one or the other. */
async function isFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, '0.0.0.0'));
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
