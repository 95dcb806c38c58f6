import type { Client } from '@temporalio/client';
import type { Surroundings } from '../../config/surroundings.js';
import { businessTime } from '../../domain/business-clock.js';
import type { Instant, PlainDate } from '../../domain/types.js';
import type { Database } from '../../store/database.js';
import type { Installation } from '../../store/installation.js';

/** What a command works with; Temporal is reached only when it is asked for. */
export interface Desk {
  surroundings: Surroundings;
  database: Database;
  /** null: no bank is loaded yet */
  installation: Installation | null;
  /** @throws Error in words when Temporal does not answer */
  temporal: () => Promise<Client>;
}

/** A desk at which a bank is there. */
export interface BankDesk extends Desk {
  installation: Installation;
  /** business time */
  now: () => Instant;
}

/** A command asks one thing after the other. */
const DESK_CONNECTIONS = 2;

/**
 * Opens the surroundings for one command and closes them after it, whatever happens.
 * @param role `owner` for what migrates or loads a bank
 * @throws NoSurroundings when nothing runs here; Error when the installation's clock may not talk to what runs here
 */
export async function withDesk<Result>(role: 'app' | 'owner', work: (desk: Desk) => Promise<Result>): Promise<Result> {
  const { readSurroundings } = await import('../../config/surroundings.js');
  const surroundings = readSurroundings();
  const { Database } = await import('../../store/database.js');
  let broken: Error | undefined;
  const database = Database.open(surroundings.databaseUrl, role, (error) => (broken = error), DESK_CONNECTIONS);
  let client: Promise<Client> | undefined;
  const temporal = (): Promise<Client> => (client ??= connect(surroundings));
  try {
    const installation = await installationThere(database);
    const { assertClockAllowed } = await import('../../config/clock-guard.js');
    if (installation) assertClockAllowed(installation.clock, surroundings.embedded);
    return await work({ surroundings, database, installation, temporal });
  } catch (error) {
    throw broken ? new Error('Postgres went away in the middle of this; try again.', { cause: broken }) : error;
  } finally {
    await Promise.allSettled([database.close(), client?.then((open) => open.connection.close())]);
  }
}

/** The same for a command that needs a bank. @throws Error in words when none is loaded */
export function withBank<Result>(work: (desk: BankDesk) => Promise<Result>): Promise<Result> {
  return withDesk('app', (desk) => {
    const { installation } = desk;
    if (!installation)
      throw new Error('no bank is loaded yet; load one with "keepwell bank generate" or "keepwell import berka".');
    return work({ ...desk, installation, now: () => businessTime(installation.clock, Date.now()) });
  });
}

/** The day that is judged when none is named: the last one of which the bank's data tell, else the bank's today. */
export async function defaultAsOf({ installation, now }: BankDesk): Promise<PlainDate> {
  if (installation.dataUntil) return installation.dataUntil;
  const { dateIn } = await import('../../domain/calendar.js');
  return dateIn(installation.zone, now());
}

async function connect(surroundings: Surroundings): Promise<Client> {
  const { connectClient } = await import('../../config/temporal.js');
  return connectClient(surroundings);
}

const UNDEFINED_TABLE = '42P01';

async function installationThere(database: Database): Promise<Installation | null> {
  const { readInstallation } = await import('../../store/installation.js');
  try {
    return await readInstallation(database);
  } catch (error) {
    // before the first migration there is neither a table nor a bank, nor the application's role
    const { code } = error as { code?: string };
    if (code === UNDEFINED_TABLE) return null;
    throw error;
  }
}
