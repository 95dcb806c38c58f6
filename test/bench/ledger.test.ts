import { benchLedger, type LedgerBench } from './main.js';

jest.setTimeout(120_000);

test('the ledger benchmark compares like with like, and no batch deadlocks', async () => {
  const figures: LedgerBench = await benchLedger({ milliseconds: 250, rounds: 1 });
  expect(figures.settings).toMatchObject({ fsync: 'on', synchronousCommit: 'on' });
  expect(figures.settings.indexes).toEqual(
    expect.arrayContaining(['postings_from', 'postings_idempotency_key_key', 'postings_pkey', 'postings_to']),
  );
  expect(figures.batch.deadlocks).toBe(0);
  // what so short a run measures is no figure to hold anybody to; that one budget for all beats its locked row is
  expect(figures.hotBudget.ratio).toBeGreaterThan(figures.hotBudget.naiveRatio);
  for (const ratio of Object.values(figures.ratios)) expect(ratio).toBeGreaterThan(0);
});
