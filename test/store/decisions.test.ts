import fc from 'fast-check';
import type { Json } from '../../domain/canonical-json.js';
import { instant, type CustomerRef, type JourneyId } from '../../domain/types.js';
import { lockCustomer } from '../../store/customers.js';
import type { Sql } from '../../store/database.js';
import {
  answeredBefore,
  decisionDigest,
  FIRST_DIGEST,
  recordDecisions,
  verifyDecisions,
  type Decision,
} from '../../store/decisions.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2, 30, 15, 123));
const DAY = '2026-01-12';

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, DAY);
});
afterEach(() => database.drop());

function decision(customerRef: CustomerRef, key: string, more: Partial<Decision> = {}): Decision {
  return {
    key,
    customerRef,
    journeyId: null,
    kind: 'message',
    verdict: 'withheld',
    reasons: ['no-promotional-consent', 'complaint-open'],
    saw: { template: 'suitable-offer', score: 80, share: 0.1, 'words, 中文': null },
    result: { state: 'withheld', reasons: ['no-promotional-consent'] },
    rules: 'contact-door@1',
    at: AT,
    ...more,
  };
}

/** Writes decisions as every caller must: holding the customer's row. */
const decide = (...decisions: Decision[]): Promise<void> =>
  database.app.transaction(async (sql) => {
    for (const ref of [...new Set(decisions.map(({ customerRef }) => customerRef))].sort())
      await lockCustomer(sql, ref);
    await recordDecisions(sql, decisions);
  });

/** Runs something as the owner of the database and takes it all back. */
async function undone(work: (sql: Sql) => Promise<void>): Promise<void> {
  const done = new Error('done, and taken back');
  const run = database.owner.transaction(async (sql) => {
    await work(sql);
    throw done;
  });
  await expect(run).rejects.toBe(done);
}

interface Link {
  sequence: number;
  previous_digest: string;
  digest: string;
}
async function chainOf(customerRef: CustomerRef): Promise<Link[]> {
  const { rows } = await database.app.query<Link>(
    'select sequence, previous_digest, digest from decisions where customer_ref = $1 order by sequence',
    [customerRef],
  );
  return rows;
}

describe('the chain of a customer', () => {
  test('begins at nothing, and each decision holds on to the one before', async () => {
    const anna = await addCustomer(database, { ref: 'canna' });
    const first = decision(anna, 'journey:1:outreach');
    const second = decision(anna, 'journey:1:offer', { verdict: 'sent', reasons: [], at: instant(AT + 1) });
    await decide(first);
    await decide(second);
    const one = decisionDigest(first, 1, FIRST_DIGEST);
    const two = decisionDigest(second, 2, one);
    expect(await chainOf(anna)).toEqual([
      { sequence: 1, previous_digest: FIRST_DIGEST, digest: one },
      { sequence: 2, previous_digest: one, digest: two },
    ]);
    expect(await verifyDecisions(database.app, anna)).toEqual({ whole: true, decisions: 2, head: two });
  });

  test('is the same whether decisions come together or one by one, and customers do not mix', async () => {
    const anna = await addCustomer(database, { ref: 'canna' });
    const boris = await addCustomer(database, { ref: 'cboris' });
    await decide(decision(anna, 'a1'), decision(boris, 'b1'), decision(anna, 'a2'), decision(anna, 'a3'));
    await decide(decision(boris, 'b2'));
    expect((await chainOf(anna)).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect((await chainOf(boris)).map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true, decisions: 3 });
    expect(await verifyDecisions(database.app, boris)).toMatchObject({ whole: true, decisions: 2 });
  });

  test('of somebody on whom nothing was decided is whole and empty', async () => {
    const anna = await addCustomer(database, { ref: 'canna' });
    await recordDecisions(database.app, []);
    expect(await verifyDecisions(database.app, anna)).toEqual({ whole: true, decisions: 0, head: FIRST_DIGEST });
  });

  test('has no hole and no fork after twenty transactions at once', async () => {
    const anna = await addCustomer(database, { ref: 'canna' });
    await Promise.all(Array.from({ length: 20 }, (_, n) => decide(decision(anna, `a${n}`), decision(anna, `b${n}`))));
    expect((await chainOf(anna)).map(({ sequence }) => sequence)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
    expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true, decisions: 40 });
  });

  test('has no hole where a transaction was rolled back', async () => {
    const anna = await addCustomer(database, { ref: 'canna' });
    await decide(decision(anna, 'a1'));
    const crashed = database.app.transaction(async (sql) => {
      await recordDecisions(sql, [decision(anna, 'a2')]);
      throw new Error('the worker died');
    });
    await expect(crashed).rejects.toThrow('the worker died');
    await decide(decision(anna, 'a3'));
    expect((await chainOf(anna)).map(({ sequence }) => sequence)).toEqual([1, 2]);
  });
});

describe('a step', () => {
  test('that was done answers what it answered then; one that was not done says nothing', async () => {
    const anna = await addCustomer(database, { ref: 'canna' });
    expect(await answeredBefore(database.app, 'journey:1:outreach')).toBeNull();
    await decide(decision(anna, 'journey:1:outreach', { result: { state: 'sent', reasons: [] } }));
    expect(await answeredBefore(database.app, 'journey:1:outreach')).toEqual({ state: 'sent', reasons: [] });
  });

  test('is written once: the same key again is refused and leaves the chain as it was', async () => {
    const anna = await addCustomer(database, { ref: 'canna' });
    await decide(decision(anna, 'a1'));
    await expect(decide(decision(anna, 'a1', { verdict: 'sent' }))).rejects.toThrow(/unique/);
    expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true, decisions: 1 });
  });
});

describe('an auditor who recomputes the digests', () => {
  /** Three decisions on Anna in a journey, and one on Boris. */
  async function written(): Promise<{ anna: CustomerRef; journeyId: JourneyId }> {
    const anna = await addCustomer(database, { ref: 'canna' });
    const boris = await addCustomer(database, { ref: 'cboris' });
    const { journeyId } = await admitted(database, anna, DAY, AT);
    await decide(decision(anna, 'a1', { journeyId }), decision(anna, 'a2', { journeyId }), decision(anna, 'a3'));
    await decide(decision(boris, 'b1'));
    return { anna, journeyId };
  }
  /** What the owner of the database could do to one row; each is a change that means something else. */
  const TAMPERINGS: [column: string, change: string][] = [
    ['decision_key', `'a9'`],
    ['customer_ref', `'cboris', sequence = sequence + 100`],
    ['journey_id', `case when journey_id is null then (select journey_id from journeys) end`],
    ['sequence', 'sequence + 10'],
    ['kind', `'letter'`],
    ['verdict', `'sent'`],
    ['reasons', `'["no-promotional-consent"]'`],
    ['reasons', `'["complaint-open", "no-promotional-consent"]'`],
    ['saw', `jsonb_set(saw, '{score}', '81')`],
    ['saw', `saw - 'share'`],
    ['result', `'{}'`],
    ['rules', `'contact-door@2'`],
    ['decided_at', `decided_at + interval '1 millisecond'`],
    ['decided_at', `decided_at + interval '1 microsecond'`],
    ['previous_digest', `repeat('1', 64)`],
    ['digest', `repeat('1', 64)`],
  ];

  test.each(TAMPERINGS)('sees that %s was set to %s, in whichever decision', async (column, change) => {
    const { anna } = await written();
    for (const place of [1, 2, 3])
      await undone(async (sql) => {
        await sql.query(`update decisions set ${column} = ${change} where customer_ref = 'canna' and sequence = $1`, [
          place,
        ]);
        const verdict = await verifyDecisions(sql, anna);
        if (column === 'customer_ref') {
          // what was moved away from the end of one chain stands out in the other
          expect(await verifyDecisions(sql, 'cboris' as CustomerRef)).toMatchObject({ whole: false });
          if (place < 3) expect(verdict).toMatchObject({ whole: false });
        } else if (column === 'sequence') expect(verdict).toMatchObject({ whole: false });
        // the end of the chain has no later row to give it away: it must be found by its own digest
        else expect(verdict).toMatchObject({ whole: false, brokenAt: place });
      });
  });

  test('has tried every column there is', async () => {
    const { rows } = await database.owner.query<{ name: string }>(
      `select column_name as name from information_schema.columns where table_name = 'decisions' order by 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual([...new Set(TAMPERINGS.map(([column]) => column))].sort());
  });

  test.each([1, 2])('sees that decision %d was taken out', async (place) => {
    const { anna } = await written();
    await database.owner.query(`delete from decisions where customer_ref = 'canna' and sequence = $1`, [place]);
    expect(await verifyDecisions(database.app, anna)).toEqual({
      whole: false,
      decisions: 2,
      brokenAt: place,
      why: 'a decision is missing',
    });
  });

  test('sees that the last decision was taken out by the head that was noted before', async () => {
    const { anna } = await written();
    const noted = await verifyDecisions(database.app, anna);
    await database.owner.query(`delete from decisions where customer_ref = 'canna' and sequence = 3`);
    const now = await verifyDecisions(database.app, anna);
    expect([noted, now]).toMatchObject([
      { whole: true, decisions: 3 },
      { whole: true, decisions: 2 },
    ]);
    expect(now).not.toMatchObject({ head: noted.whole ? noted.head : '' });
  });

  test('sees that a row was rewritten with a digest of its own: the next one does not follow it', async () => {
    const { anna, journeyId } = await written();
    const forged = decisionDigest(decision(anna, 'a1', { journeyId, verdict: 'sent' }), 1, FIRST_DIGEST);
    await database.owner.query(
      `update decisions set verdict = 'sent', digest = $1 where customer_ref = 'canna' and sequence = 1`,
      [forged],
    );
    expect(await verifyDecisions(database.app, anna)).toMatchObject({ brokenAt: 2 });
    // nor does it help to tie the next one to it: that one's digest holds what it followed
    await database.owner.query(
      `update decisions set previous_digest = $1 where customer_ref = 'canna' and sequence = 2`,
      [forged],
    );
    expect(await verifyDecisions(database.app, anna)).toMatchObject({ brokenAt: 2, why: 'it is not what was written' });
  });

  test('needs nothing that the application could have rewritten', async () => {
    await written();
    await expect(database.app.query(`update decisions set verdict = 'sent'`)).rejects.toThrow(/permission denied/);
    await expect(database.app.query('delete from decisions')).rejects.toThrow(/permission denied/);
  });
});

test('whatever a decision saw and said comes back from the database with the same digest', async () => {
  const anna = await addCustomer(database, { ref: 'canna' });
  const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
  const value: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      text,
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(text, tie('json'), { maxKeys: 3 }),
    ),
  })).json;
  const anObject = fc.dictionary(text, value, { maxKeys: 3 });
  await fc.assert(
    fc.asyncProperty(anObject, anObject, fc.array(text, { maxLength: 3 }), async (saw, result, reasons) => {
      await undone(async (sql) => {
        await recordDecisions(sql, [decision(anna, 'a1', { saw, result, reasons }), decision(anna, 'a2', { saw })]);
        expect(await verifyDecisions(sql, anna)).toMatchObject({ whole: true, decisions: 2 });
      });
    }),
    { numRuns: 100 },
  );
});
