import Table from 'cli-table3';
import { chmod, mkdtemp } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openHome, removeHome } from '../../embedded/home.js';
import { freePort } from '../../embedded/ports.js';
import { startPostgres } from '../../embedded/postgres.js';
import { Database, one } from '../../store/database.js';
import { migrate } from '../../store/migrate.js';
import { CLIENTS, measureLedger, type LedgerFigures, type Pace } from './ledger.js';

const USAGE = `Usage: npm run -s bench -- ledger [--short] [--json]

  ledger   postings a second: the bare statement, Keepwell's posting, a hot budget, batches

  --short  a few seconds for each figure's sake, as in CI; not to be quoted
  --json   one JSON document on stdout, for programs

Exit code: 0 measured, 1 failed, 2 wrong usage.`;
const PACES: Record<'whole' | 'short', Pace> = {
  whole: { milliseconds: 2_500, rounds: 5 },
  short: { milliseconds: 250, rounds: 1 },
};
/** More than the most clients at once. */
const CONNECTIONS = 70;
const AIMS = { single: 0.9, hotBudget: 0.6, batch: 5 };

const say = (line: string): void => console.error(line);

interface Settings {
  postgres: string;
  fsync: string;
  synchronousCommit: string;
  indexes: string[];
  cores: number;
}
export interface LedgerBench extends LedgerFigures {
  settings: Settings;
  aims: typeof AIMS;
}

/** What the bare statement and Keepwell's share: the same server, the same table. */
async function settingsOf(owner: Database): Promise<Settings> {
  const { rows } = await owner.query<Omit<Settings, 'cores'>>(
    `select current_setting('server_version') as postgres, current_setting('fsync') as fsync,
            current_setting('synchronous_commit') as "synchronousCommit",
            (select array_agg(indexname::text order by 1) from pg_indexes where tablename = 'postings') as indexes`,
  );
  return { ...one(rows, 'the settings'), cores: availableParallelism() };
}

/** On a fresh Postgres of its own, durable as a bank's: fsync and synchronous commit are on. */
export async function benchLedger(pace: Pace): Promise<LedgerBench> {
  const home = await mkdtemp(join(tmpdir(), 'keepwell-bench-'));
  // Postgres refuses to run as root and becomes another user: that user must get in
  await chmod(home, 0o755);
  await openHome(home);
  const postgres = await startPostgres({ home, port: await freePort(), password: 'keepwell', say });
  let closing = false;
  // a pool lets go of its connections a moment after it says that it has ended
  const broke = (error: Error): void => {
    if (!closing) say(`a connection to Postgres broke: ${error.message}`);
  };
  const owner = Database.open(postgres.url, 'owner', broke, CONNECTIONS);
  const app = Database.open(postgres.url, 'app', broke, CONNECTIONS);
  try {
    await migrate(owner);
    const settings = await settingsOf(owner);
    return { settings, aims: AIMS, ...(await measureLedger(pace, owner, app)) };
  } finally {
    closing = true;
    await app.close();
    await owner.close();
    await postgres.stop();
    await removeHome(home);
  }
}

const whole = (figure: number): string => Math.round(figure).toLocaleString('en');
const times = (ratio: number): string => ratio.toFixed(2);

function describe({ settings, single, hotBudget, batch, ratios, aims }: LedgerBench): string {
  const table = new Table({
    head: ['postings a second', 'floor', 'Keepwell', 'ratio'],
    style: { head: [], border: [] },
  });
  for (const clients of CLIENTS) {
    const figures = single[clients];
    table.push(
      [
        `${clients} clients, points to a customer`,
        whole(figures.bare),
        whole(figures.credit),
        times(figures.creditRatio),
      ],
      [
        `${clients} clients, points of a customer`,
        whole(figures.bare),
        whole(figures.debit),
        times(figures.debitRatio),
      ],
    );
  }
  table.push(
    ['64 clients, one budget against 64', whole(hotBudget.floor), whole(hotBudget.ours), times(hotBudget.ratio)],
    [
      "the same by locking the budget's row",
      whole(hotBudget.floor),
      whole(hotBudget.naive),
      times(hotBudget.naiveRatio),
    ],
    [
      `${batch.writers} writers of batches of 1,000, points to`,
      whole(batch.floor),
      whole(batch.ours),
      times(batch.ratio),
    ],
    [
      'the same, every second one points of a customer',
      whole(batch.floor),
      whole(batch.mixed),
      times(batch.mixed / batch.floor),
    ],
  );
  const against = (name: keyof typeof AIMS): string => `${name} ${times(ratios[name])} (aim ${aims[name]})`;
  return [
    `Postgres ${settings.postgres}, fsync ${settings.fsync}, synchronous_commit ${settings.synchronousCommit}, ${settings.cores} cores.`,
    `The bare statement writes into the same table, with the same indexes: ${settings.indexes.join(', ')}.`,
    table.toString(),
    `${against('single')} · ${against('hotBudget')} · ${against('batch')} · deadlocks ${batch.deadlocks}`,
  ].join('\n');
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (positionals.length !== 1 || positionals[0] !== 'ledger') {
    console.error(USAGE);
    return 2;
  }
  const figures = await benchLedger(PACES[values.short ? 'short' : 'whole']);
  console.log(values.json ? JSON.stringify(figures) : describe(figures));
  return 0;
}

if (require.main === module)
  main().then(
    (code) => process.exit(code),
    (error: unknown) => {
      console.error(error instanceof TypeError ? `${error.message}\n\n${USAGE}` : error);
      process.exit(error instanceof TypeError ? 2 : 1);
    },
  );
