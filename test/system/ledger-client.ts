/**
 * One of the clients of the ledger's proof, a process that may be killed at any moment:
 * `node --import tsx test/system/ledger-client.ts SEED CLIENT ROUNDS WIDTH`, the database's URL in LEDGER_DATABASE. It says
 * each step before it begins, and does all of them, however many were done by one who was killed before it.
 */
import { Database, type Sql } from '../../store/database.js';
import { Overdrawn, post, postAll, reverse } from '../../store/ledger.js';
import type { PostingId } from '../../domain/types.js';
import { stepsOf, type Step } from './ledger-load.js';

async function carryOut(sql: Sql, step: Step): Promise<void> {
  switch (step.what) {
    case 'batch':
      await postAll(sql, step.requests, step.at);
      return;
    case 'post':
      await post(sql, step.request);
      return;
    case 'overdraw': {
      const refused = await post(sql, step.request).catch((error: unknown) => error);
      if (!(refused instanceof Overdrawn)) throw new Error(`${step.request.key} was not refused`);
      return;
    }
    case 'reverse': {
      const { rows } = await sql.query<{ id: PostingId }>(
        'select posting_id as id from postings where idempotency_key = $1',
        [step.key],
      );
      const [first] = rows;
      if (!first) throw new Error(`${step.key} was posted, and is not there`);
      await reverse(sql, first.id, 'taken back', step.at);
    }
  }
}

async function main(): Promise<void> {
  const [seed = 0, client = 0, rounds = 0, width = 0] = process.argv.slice(2).map(Number);
  const database = Database.open(process.env['LEDGER_DATABASE'] ?? '', 'app', (error) => console.error(error), 1);
  for (const [n, step] of stepsOf(seed, client, { rounds, width }).entries()) {
    process.stdout.write(`${n}\n`);
    await database.transaction((sql) => carryOut(sql, step));
  }
  await database.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
