import type { Client } from '@temporalio/client';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importBerka } from '../bank/berka.js';
import { generateSampleBank } from '../bank/sample-bank.js';
import { approveInSampleBank, SAMPLE_SECOND_PERSON } from '../bank/sample-compliance.js';
import { homeFolder } from '../config/home.js';
import { surroundingsToEnv } from '../config/surroundings.js';
import { connectClient } from '../config/temporal.js';
import { businessTime, wallDuration, type BusinessClock } from '../domain/business-clock.js';
import { readCampaign } from '../domain/campaign-file.js';
import { describeProblems } from '../domain/definition-file.js';
import { addDays, days, instant, type Instant, type PlainDate } from '../domain/types.js';
import { removeHome, type Say } from '../embedded/home.js';
import { superviseProcess, type SupervisedProcess } from '../embedded/supervisor.js';
import { startSurroundings, type RunningSurroundings } from '../embedded/surroundings.js';
import { publishAndLaunch } from '../store/campaign-launches.js';
import { definitionDigest } from '../store/definition-digest.js';
import { Database } from '../store/database.js';
import { migrate } from '../store/migrate.js';
import { Mailbox } from './mailbox.js';
import type { DemoOptions } from './options.js';
import { dayLength } from './pace.js';

/** The sample bank's data end here: a demo of today and one of next year are the same. */
const SAMPLE_AS_OF = '2026-06-24' as PlainDate;
/** Early in a month: a journey's goal looks at whole months, and on a slow machine it must still begin before the next one. */
const BERKA_AS_OF = '1994-04-05' as PlainDate;
/** Business time begins the morning after the data end, early enough for Shanghai and Prague. */
const MORNING = 'T06:00:00Z';
const ROOT = join(__dirname, '..');

export interface LoadedBank {
  customers: number;
  accounts: number;
  transactions: number;
}

/** Fresh surroundings with a bank in them, and the processes that work for it. */
export class Stage {
  worker: SupervisedProcess | undefined;
  private web: SupervisedProcess | undefined;

  private constructor(
    readonly home: string,
    readonly running: RunningSurroundings,
    readonly owner: Database,
    readonly app: Database,
    readonly client: Client,
    readonly mailbox: Mailbox,
    readonly clock: BusinessClock,
    readonly asOf: PlainDate,
    readonly bank: LoadedBank,
    private readonly say: Say,
  ) {}

  static async open(
    options: Pick<DemoOptions, 'data' | 'customers' | 'seed'>,
    say: Say,
    home = join(homeFolder(), 'demo'),
  ): Promise<Stage> {
    // what an earlier demo left is of no use to anybody
    await removeHome(home);
    const running = await startSurroundings({ home, say, fresh: true });
    try {
      const { databaseUrl, mailboxUrl } = running.surroundings;
      const broken = (error: Error): void => say(`a connection to Postgres broke: ${error.message}`);
      const owner = Database.open(databaseUrl, 'owner', broken);
      await migrate(owner);
      const asOf = options.data ? BERKA_AS_OF : SAMPLE_AS_OF;
      const clock = clockFrom(asOf);
      const bank = await loadBank(owner, options, asOf, clock);
      say(
        `The bank has ${bank.customers} customers, ${bank.accounts} accounts, ${bank.transactions} transactions, up to ${asOf}.`,
      );
      await publishCampaigns(owner, instant(clock.origin));
      const app = Database.open(databaseUrl, 'app', broken);
      const client = await connectClient(running.surroundings);
      return new Stage(home, running, owner, app, client, new Mailbox(mailboxUrl ?? ''), clock, asOf, bank, say);
    } catch (error) {
      await running.stop();
      throw error;
    }
  }

  /**
   * Business time starts now: what was spent on loading is not the customers'. Then the workers and the pages.
   * @param length of a business day in wall ms; as long as this machine needs when left out
   */
  async begin(length?: number): Promise<void> {
    const dayMs = length ?? (await dayLength());
    this.say(`A business day passes in ${(dayMs / 1000).toFixed(1)} s.`);
    Object.assign(this.clock, { anchor: Date.now(), rate: days(1) / dayMs });
    await this.owner.query(
      'update installation set clock_anchor = to_timestamp($1::double precision / 1000), clock_rate = $2',
      [this.clock.anchor, this.clock.rate],
    );
    this.worker = await this.launch('worker', join('workers', 'main.ts'));
    this.web = await this.launch('web', join('client', 'web', 'main.ts'));
    await Promise.all([this.worker.ready, this.web.ready]);
  }

  now(): Instant {
    return businessTime(this.clock, Date.now());
  }

  get dayMs(): number {
    return wallDuration(this.clock, days(1));
  }

  /** Stops everything; `keep` leaves the home with its logs for who wants to know what went wrong. */
  async close(keep = false): Promise<void> {
    await this.web?.stop();
    await this.worker?.stop();
    await this.client.connection.close();
    await this.app.close();
    await this.owner.close();
    await this.running.stop();
    if (!keep) await removeHome(this.home);
  }

  private launch(name: string, file: string): Promise<SupervisedProcess> {
    const env = {
      ...surroundingsToEnv(this.running.surroundings),
      KEEPWELL_HOME: this.home,
      KEEPWELL_WEB_PORT: String(this.running.ports.web),
      KEEPWELL_LOG_LEVEL: 'warn',
    };
    const args = ['--import', 'tsx', file];
    return superviseProcess({
      name,
      command: process.execPath,
      args,
      cwd: ROOT,
      env,
      home: this.home,
      say: this.say,
      ready: 'message',
    });
  }
}

/** Its rate is set when business time begins. */
function clockFrom(asOf: PlainDate): BusinessClock {
  const origin = Date.parse(`${addDays(asOf, 1)}${MORNING}`);
  return { origin, anchor: Date.now(), rate: 1 };
}

function loadBank(
  owner: Database,
  options: Pick<DemoOptions, 'data' | 'customers' | 'seed'>,
  asOf: PlainDate,
  clock: BusinessClock,
): Promise<LoadedBank> {
  const { data, customers, seed } = options;
  return data
    ? importBerka({ owner, directory: data, asOf, clock })
    : generateSampleBank({ owner, customers, seed, asOf, clock });
}

async function publishCampaigns(owner: Database, at: Instant): Promise<void> {
  const folder = join(ROOT, 'campaigns');
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort()) {
    const sourceText = await readFile(join(folder, file), 'utf8');
    const reading = readCampaign(sourceText, file);
    if (!reading.ok) throw new Error(describeProblems(reading.problems));
    const { definition } = reading;
    await approveInSampleBank(owner, definition, at);
    const version = { definition, sourceText, digest: definitionDigest(definition), at, by: 'demo' };
    await publishAndLaunch(owner, version, SAMPLE_SECOND_PERSON);
  }
}
