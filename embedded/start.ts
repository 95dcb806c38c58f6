import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { homeFolder } from '../config/home.js';
import { surroundingsToEnv } from '../config/surroundings.js';
import { forgetChild, recordChild } from './children.js';
import { EmbeddedError, inWords, type Say } from './home.js';
import { listenForStop, type StopRequest } from './stop-request.js';
import { startSurroundings, type RunningSurroundings } from './surroundings.js';
import { superviseProcess, type SupervisedProcess } from './supervisor.js';

const ROOT = join(__dirname, '..');
const USUAL_WORKERS = 2;
const MOST_WORKERS = 32;
/** What workers get to finish running activities; nothing is lost after that, Temporal hands them out again. */
const DRAIN_LIMIT_MS = 30_000;

/** `npm start`: surroundings, preparation, workers and pages, until Ctrl-C. Gives the exit code. */
async function main(): Promise<number> {
  const say: Say = (line) => console.log(line);
  const home = homeFolder();
  const began = Date.now();
  const workers = workerCount(process.env['KEEPWELL_WORKERS']);
  const stop = listenForStop(say);
  let onGivenUp: (why: EmbeddedError) => void = () => undefined;
  const givenUp = new Promise<never>((_resolve, reject) => (onGivenUp = reject));
  // It is only awaited later; a failure before that is heard there all the same.
  givenUp.catch(() => undefined);

  say(`Starting Keepwell in ${home} …`);
  const running = await startSurroundings({ home, say, onGivenUp });
  const own = new OwnProcesses(home, say, running, onGivenUp);
  try {
    if (!stop.isAsked) await prepare(home, own.env, stop);
    if (!stop.isAsked) await Promise.race([own.start(workers), stop.asked, givenUp]);
    if (!stop.isAsked) {
      await running.publish();
      sayWhere(say, running, workers, Date.now() - began);
    }
    await Promise.race([stop.asked, givenUp]);
    return 0;
  } finally {
    await own.stop(stop);
    await running.stop();
    say('Stopped. Everything is kept; npm start goes on from here.');
  }
}

function workerCount(text: string | undefined): number {
  if (!text) return USUAL_WORKERS;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MOST_WORKERS) return count;
  throw new EmbeddedError(`KEEPWELL_WORKERS is "${text}"; set it to a whole number from 1 to ${MOST_WORKERS}.`);
}

/** Workers and pages, each a process of its own. */
class OwnProcesses {
  readonly env: Record<string, string>;
  private readonly workers: SupervisedProcess[] = [];
  private web: SupervisedProcess | undefined;

  constructor(
    private readonly home: string,
    private readonly say: Say,
    running: RunningSurroundings,
    private readonly onGivenUp: (why: EmbeddedError) => void,
  ) {
    const where = { KEEPWELL_HOME: home, KEEPWELL_WEB_PORT: String(running.ports.web) };
    this.env = { ...surroundingsToEnv(running.surroundings), ...where };
  }

  async start(workers: number): Promise<void> {
    for (let number = 1; number <= workers; number += 1) {
      this.workers.push(await this.launch(`worker-${number}`, join('workers', 'main.ts')));
    }
    this.web = await this.launch('web', join('client', 'web', 'main.ts'));
    await Promise.all([...this.workers, this.web].map(({ ready }) => ready));
  }

  /** Pages first, so that nobody is answered half; then the workers drain side by side. */
  async stop(request: StopRequest): Promise<void> {
    void request.hurried.then(() => {
      this.say('Hurrying: what is still running is killed; Temporal hands its work out again at the next start.');
      for (const one of this.all()) void one.kill9();
    });
    await this.web?.stop();
    await Promise.all(this.workers.map((worker) => worker.stop(DRAIN_LIMIT_MS)));
  }

  private all(): SupervisedProcess[] {
    return this.web === undefined ? this.workers : [this.web, ...this.workers];
  }

  private launch(name: string, file: string): Promise<SupervisedProcess> {
    return superviseProcess({
      name,
      command: process.execPath,
      args: ['--import', 'tsx', file],
      cwd: ROOT,
      env: this.env,
      home: this.home,
      say: this.say,
      ready: 'message',
      onGivenUp: this.onGivenUp,
    });
  }
}

/** Migrates, fills an empty database with the sample bank, publishes campaigns, makes the schedules. */
async function prepare(home: string, env: Record<string, string>, stop: StopRequest): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', join('client', 'cli', 'main.ts'), 'prepare'], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const { pid } = child;
  if (pid !== undefined) recordChild(home, 'prepare', pid, 'SIGTERM');
  void stop.asked.then(() => child.kill('SIGTERM'));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (pid !== undefined) forgetChild(home, pid);
  if (code !== 0 && !stop.isAsked) {
    throw new EmbeddedError(
      'The preparation of the database and the schedules failed, see above; mend that and start again.',
    );
  }
}

function sayWhere(say: Say, running: RunningSurroundings, workers: number, tookMs: number): void {
  const { webUrl, temporalUiUrl, mailboxUrl } = running.surroundings;
  say('');
  say(`Keepwell runs (${workers} workers, ready in ${(tookMs / 1000).toFixed(1)} s).`);
  say(`  Pages     ${webUrl}`);
  if (mailboxUrl !== null) say(`  Mailbox   ${mailboxUrl}`);
  if (temporalUiUrl !== null) say(`  Temporal  ${temporalUiUrl}`);
  say('Ctrl-C stops it. Commands for operators: npm run -s keepwell -- --help');
  say('');
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const why = inWords(error, homeFolder());
    // A sentence is all that helps; the stack is for what nobody foresaw.
    console.error(why instanceof EmbeddedError ? why.message : why);
    process.exit(1);
  },
);
