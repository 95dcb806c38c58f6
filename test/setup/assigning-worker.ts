import { journeyActivities } from '../../activities/journey.js';
import { instant, type JourneyId, type ZoneId } from '../../domain/types.js';
import { Database, MAX_CONNECTIONS, type Sql } from '../../store/database.js';

/** What a worker of the test is told on its command line, as JSON. */
export interface AssigningOrder {
  url: string;
  journeyIds: JourneyId[];
  at: number;
  /** false: the lock that lets assignments happen one after the other is left out */
  locked: boolean;
}

/** A worker's process that opens journeys, as many at once as it has connections; it prints the longest one (ms). */
async function main(order: AssigningOrder): Promise<void> {
  const opened = Database.open(order.url, 'app', (error) => console.error(error));
  const bank = {
    name: 'Test Bank',
    zone: 'Asia/Shanghai' as ZoneId,
    clock: { origin: order.at, anchor: order.at, rate: 1 },
  };
  const { openJourney } = journeyActivities({ database: order.locked ? opened : withoutLock(opened), bank });
  let longest = 0;
  const waiting = [...order.journeyIds];
  const lane = async (): Promise<void> => {
    for (let journeyId = waiting.pop(); journeyId; journeyId = waiting.pop()) {
      const began = performance.now();
      await openJourney({ journeyId, attempt: 1, at: instant(order.at) });
      longest = Math.max(longest, performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: MAX_CONNECTIONS }, lane));
  await opened.close();
  process.stdout.write(JSON.stringify({ longest }));
}

function withoutLock(database: Database): Database {
  const free = (sql: Sql): Sql => ({
    query: (text, values) =>
      text.includes('pg_advisory_xact_lock') ? Promise.resolve({ rows: [], rowCount: 0 }) : sql.query(text, values),
  });
  return {
    query: database.query.bind(database),
    transaction: <Result>(work: (sql: Sql) => Promise<Result>) => database.transaction((sql) => work(free(sql))),
  } as unknown as Database;
}

void main(JSON.parse(process.argv[2] ?? '') as AssigningOrder);
