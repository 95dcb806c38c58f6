import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { forgetChild, recordChild } from './children.js';
import { EmbeddedError, logFile, type Say } from './home.js';

/** A process that isn't ready by then never will be; a cold start on two busy cores stays well below. */
const READY_LIMIT_MS = 60_000;
/** How often a readiness probe is repeated. */
const PROBE_EVERY_MS = 50;
/** What a process gets to end by itself after it was asked to; then it is killed. Workers drain in that time. */
const STOP_LIMIT_MS = 30_000;
/** So many crashes in a row, none after a minute of calm, and it is given up. */
const MAX_RESTARTS_IN_A_ROW = 8;
const CALM_MS = 60_000;
/** First pause before a restart; doubles up to the longest. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;
/** Lines of its log that are shown when a process doesn't start. */
const SHOWN_LOG_LINES = 8;

export interface ProcessOptions {
  /** for sentences and for the log's file name */
  name: string;
  command: string;
  args: string[];
  /** added to this process's own environment */
  env?: Record<string, string>;
  cwd?: string;
  user?: { uid: number; gid: number };
  /** the home in whose logs/NAME.log its output goes, and where it is noted for the next start */
  home: string;
  say: Say;
  /** "message": the process sends `{ ready: true }` by `process.send`; else a probe that is repeated until true */
  ready: 'message' | (() => Promise<boolean>);
  /** the signal that asks it to end; default SIGTERM */
  stopSignal?: 'SIGINT' | 'SIGTERM';
  /** milliseconds from that signal to SIGKILL; default 30 s */
  stopLimitMs?: number;
  /** crashes in a row that are mended by a restart; default 8 */
  maxRestarts?: number;
  /** called when it crashed and won't be restarted any more */
  onGivenUp?: (why: EmbeddedError) => void;
}

/** One process that is kept running until it is stopped. */
export interface SupervisedProcess {
  /** of the process that runs now (after a crash: of its successor); rejects with an EmbeddedError */
  readonly ready: Promise<void>;
  readonly pid: number | undefined;
  /** asks it to end, waits (default 30 s), kills it after that with a sentence; it is not restarted */
  stop(limitMs?: number): Promise<void>;
  /** ends it as a crash would, resolves when it is gone; it is restarted, and `ready` is then its successor's */
  kill9(): Promise<void>;
}

/**
 * Starts a process of its own session, so that Ctrl-C reaches only the supervisor, who stops things in order.
 * One that ends before it was ever ready is not restarted: `ready` rejects with the last lines of its log.
 */
export async function superviseProcess(options: ProcessOptions): Promise<SupervisedProcess> {
  const log = await logFile(options.home, options.name);
  const supervised = new Supervised(options, log);
  supervised.launch();
  return supervised;
}

class Supervised implements SupervisedProcess {
  ready: Promise<void> = Promise.resolve();
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();
  private wasReady = false;
  private stopping = false;
  private restartsInARow = 0;
  private readonly halt = new AbortController();

  constructor(
    private readonly options: ProcessOptions,
    private readonly log: string,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  launch(): void {
    const { command, args, env, cwd, user, home, name } = this.options;
    const output = openSync(this.log, 'a', 0o600);
    // Straight to the file, not through us: when we are killed, its output must not break under it.
    const child = spawn(command, args, {
      detached: true,
      env: { ...process.env, ...env },
      stdio: ['ignore', output, output, ...(this.options.ready === 'message' ? (['ipc'] as const) : [])],
      ...(cwd === undefined ? {} : { cwd }),
      ...user,
    });
    closeSync(output);
    this.child = child;
    if (child.pid !== undefined) recordChild(home, name, child.pid, this.options.stopSignal ?? 'SIGTERM');
    const began = Date.now();
    this.exited = new Promise((resolve) => {
      const onEnd = (how: string) => {
        if (child.pid !== undefined) forgetChild(home, child.pid);
        resolve();
        this.afterExit(how, Date.now() - began);
      };
      child.once('exit', (code, signal) => onEnd(signal ?? `exit code ${code}`));
      child.once('error', (error) => {
        if (child.pid === undefined) onEnd(error.message);
      });
    });
    this.ready = this.untilReady(child);
    // Whoever awaits it hears of a failure; when nobody does (a restart), afterExit has told the person.
    this.ready.catch(() => undefined);
  }

  async stop(limitMs = this.options.stopLimitMs ?? STOP_LIMIT_MS): Promise<void> {
    this.stopping = true;
    this.halt.abort();
    const { child, exited } = this;
    if (child === undefined || !isRunning(child)) return;
    child.kill(this.options.stopSignal ?? 'SIGTERM');
    if (await endsWithin(exited, limitMs)) return;
    this.options.say(`${this.options.name} did not end within ${limitMs / 1000} s and was killed.`);
    child.kill('SIGKILL');
    await exited;
  }

  async kill9(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.exited;
  }

  private async untilReady(child: ChildProcess): Promise<void> {
    const { ready, name } = this.options;
    const isReady = ready === 'message' ? messageProbe(child) : ready;
    const until = Date.now() + READY_LIMIT_MS;
    while (isRunning(child) && Date.now() < until) {
      // A probe that fails is one that is not answered yet.
      if (await isReady().catch(() => false)) {
        this.wasReady = true;
        return;
      }
      await pause(PROBE_EVERY_MS);
    }
    const what = isRunning(child) ? `was not ready within ${READY_LIMIT_MS / 1000} s` : 'ended before it was ready';
    throw new EmbeddedError(`${name} ${what}; its log is ${this.log} and ends with:\n${lastLines(this.log)}`);
  }

  private afterExit(how: string, livedMs: number): void {
    // A first start that failed is told by `ready`; restarting it would only repeat the failure.
    if (this.stopping || !this.wasReady) return;
    const { name, say, maxRestarts = MAX_RESTARTS_IN_A_ROW, onGivenUp } = this.options;
    if (livedMs > CALM_MS) this.restartsInARow = 0;
    if (this.restartsInARow >= maxRestarts) {
      const why = new EmbeddedError(`${name} ended unexpectedly (${how}) and is not started again; see ${this.log}.`);
      this.ready = Promise.reject(why);
      this.ready.catch(() => undefined);
      onGivenUp?.(why);
      return;
    }
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.restartsInARow, LONGEST_PAUSE_MS);
    this.restartsInARow += 1;
    say(`${name} ended unexpectedly (${how}); starting it again in ${pauseMs / 1000} s.`);
    this.ready = this.relaunch(pauseMs);
    this.ready.catch(() => undefined);
  }

  private async relaunch(pauseMs: number): Promise<void> {
    await pause(pauseMs, undefined, { signal: this.halt.signal });
    this.launch();
    await this.ready;
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function messageProbe(child: ChildProcess): () => Promise<boolean> {
  let came = false;
  child.on('message', (message) => {
    came ||= typeof message === 'object' && 'ready' in message && message.ready === true;
  });
  return () => Promise.resolve(came);
}

async function endsWithin(exited: Promise<void>, limitMs: number): Promise<boolean> {
  const stopWaiting = new AbortController();
  const late = pause(limitMs, false, { signal: stopWaiting.signal }).catch(() => false);
  const ended = await Promise.race([exited.then(() => true), late]);
  stopWaiting.abort();
  return ended;
}

function lastLines(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-SHOWN_LOG_LINES).join('\n');
}
