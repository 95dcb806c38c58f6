import { readProgramme, type ProgrammeDefinition } from '../../domain/points-programme.js';
import {
  instant,
  points,
  type CampaignRef,
  type CustomerRef,
  type PlainDate,
  type PostingId,
} from '../../domain/types.js';
import { recordApproval } from '../../store/approvals.js';
import { Database, one, timestamp } from '../../store/database.js';
import { verifyDecisions } from '../../store/decisions.js';
import { earnPoints, TransactionsBusy, type EarningRun } from '../../store/earning.js';
import { educate, goodwill, MAX_GOODWILL_POINTS, type Goodwill } from '../../store/goodwill.js';
import { customerAccount, ledgerBalance, PostingConflict } from '../../store/ledger.js';
import { correct } from '../../store/ledger-corrections.js';
import { lotExpiry, publishProgramme } from '../../store/points-programmes.js';
import { definitionDigest } from '../../store/definition-digest.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, book, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 10, 24, 2));
const DAY = '2026-11-24' as PlainDate;

let database: TestDatabase;
let anna: CustomerRef;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, DAY);
  anna = await addCustomer(database, { ref: 'canna' });
});
afterEach(() => database.drop());

const TERMS = `
programme: test-points
currency: CNY
since: 2026-06-01
rules:
  - rule: cards
    direction: spent
    categories: [card]
    pointsPer: 10
    multipliers:
      affluent: 150
    monthlyCap: 1000
  - rule: bills
    direction: spent
    categories: [household]
    pointsPer: 10
    monthlyCap: 300
validityMonths: 12
`;
/** The terms with some parts replaced. */
function terms(...edits: [string, string][]): ProgrammeDefinition {
  const text = edits.reduce((yaml, [part, by]) => {
    if (!yaml.includes(part)) throw new Error(`the terms have no "${part}"`);
    return yaml.replaceAll(part, by);
  }, TERMS);
  const reading = readProgramme(text, 'p.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.definition;
}
const publish = (definition: ProgrammeDefinition) =>
  publishProgramme(database.app, { definition, sourceText: TERMS, at: AT, by: 'test' });
const earn = (asOf: string = DAY, at = AT): Promise<EarningRun> =>
  earnPoints(database.app, { asOf: asOf as PlainDate, at });
const spend = (ref: string, day: string, yuan: number, category = 'card'): Promise<void> =>
  book(database, ref, day, BigInt(yuan) * -100n, category);
const has = (ref: CustomerRef): Promise<bigint> => ledgerBalance(database.app, customerAccount(ref));
const NOTHING: EarningRun = { lookedAt: 0, earned: 0, points: 0n, capped: 0, putOff: 0 };

async function earnings(): Promise<string[]> {
  const { rows } = await database.app.query<{ told: string }>(
    `select concat_ws(' ', customer_ref, rule_ref, to_char(month, 'YYYY-MM'), points, 'of', reckoned) as told
       from earnings order by transaction_id`,
  );
  return rows.map(({ told }) => told);
}

describe('a customer who spends', () => {
  test('gets points by the tier of the booking day, as a lot with its last day, and once', async () => {
    await publish(terms());
    await spend(anna, '2026-11-03', 100);
    // the opening deposit and a withdrawal are looked at too
    expect(await earn()).toEqual({ lookedAt: 3, earned: 1, points: 15n, capped: 0, putOff: 0 });
    expect(await has(anna)).toBe(15n);
    expect(await earn()).toEqual(NOTHING);
    expect(await has(anna)).toBe(15n);
    const { rows } = await database.app.query<object>(
      `select from_account, kind, amount, memo, posted_at, expires_on, idempotency_key like 'earn:%' as named from postings where kind = 'earn'`,
    );
    expect(rows).toEqual([
      {
        from_account: 'issuance:transactions',
        kind: 'earn',
        amount: 15n,
        memo: 'cards, 2026-11',
        posted_at: AT,
        expires_on: '2027-11-30',
        named: true,
      },
    ]);
  });

  test('gets points for what is new alone', async () => {
    await publish(terms());
    await spend(anna, '2026-11-03', 100);
    await earn();
    await spend(anna, '2026-11-04', 20);
    expect(await earn()).toEqual({ lookedAt: 1, earned: 1, points: 3n, capped: 0, putOff: 0 });
    expect(await has(anna)).toBe(18n);
  });

  test('has the multiplier of the tier held on that day, whatever came after', async () => {
    await publish(terms());
    await database.owner.query(`insert into tier_history values ('canna', '2026-10-01', 'mass', 'test')`);
    await database.owner.query(`insert into tier_history values ('canna', '2026-11-01', 'affluent', 'test')`);
    for (const day of ['2026-09-30', '2026-10-01', '2026-10-31', '2026-11-01']) await spend(anna, day, 100);
    await earn();
    expect(await earnings()).toEqual([
      'canna cards 2026-09 15 of 15',
      'canna cards 2026-10 10 of 10',
      'canna cards 2026-10 10 of 10',
      'canna cards 2026-11 15 of 15',
    ]);
  });

  test('has the lowest tier where none was written', async () => {
    await publish(terms(['affluent: 150', 'mass: 300']));
    await database.owner.query('delete from tier_history');
    await spend(anna, '2026-11-03', 100);
    expect((await earn()).points).toBe(30n);
  });

  test('gets nothing for what was booked before the programme began, nor before being a customer', async () => {
    await publish(terms());
    const ben = await addCustomer(database, { ref: 'cben', since: '2026-08-01', slidFrom: '2026-08-02' });
    await spend(anna, '2026-05-31', 100);
    await spend(ben, '2026-07-31', 100);
    expect((await earn()).points).toBe(0n);
    expect(await earnings()).toEqual([]);
  });

  test('gets nothing on the account of somebody else, on which they may only sign', async () => {
    await publish(terms());
    const ben = await addCustomer(database, { ref: 'cben' });
    await database.owner.query(`insert into account_parties values ('acanna', 'cben', 'authorised')`);
    await spend(anna, '2026-11-03', 100);
    await earn();
    expect([await has(anna), await has(ben)]).toEqual([15n, 0n]);
  });

  test('and is erased gets nothing more', async () => {
    await publish(terms());
    await spend(anna, '2026-11-03', 100);
    await database.owner.query('update customers set erased_at = $1', [timestamp(AT)]);
    expect((await earn()).points).toBe(0n);
    expect(await has(anna)).toBe(0n);
  });

  test('and is erased while the run is at it gets nothing: one waits for the other', async () => {
    await publish(terms());
    await spend(anna, '2026-11-03', 100);
    let run: Promise<EarningRun> | undefined;
    await database.owner.transaction(async (sql) => {
      await sql.query('update customers set erased_at = $1', [timestamp(AT)]);
      run = earn();
      await blocked();
    });
    expect(await run).toMatchObject({ points: 0n, lookedAt: 3 });
    expect(await has(anna)).toBe(0n);
  });
});

test('without a programme nothing is looked at, and one that is published later pays for what was booked since it began', async () => {
  await spend(anna, '2026-11-03', 100);
  expect(await earn()).toEqual(NOTHING);
  await publish(terms());
  expect((await earn()).points).toBe(15n);
});

test('a new version pays for what it speaks of, once, and leaves alone what was looked at', async () => {
  await publish(terms());
  await spend(anna, '2026-11-03', 100);
  await earn();
  await publish(terms(['pointsPer: 10', 'pointsPer: 1'], ['since: 2026-06-01', 'since: 2026-11-10']));
  await spend(anna, '2026-11-09', 100);
  await spend(anna, '2026-11-10', 100);
  await earn();
  expect(await earnings()).toEqual([
    'canna cards 2026-11 15 of 15',
    'canna cards 2026-11 15 of 15',
    'canna cards 2026-11 150 of 150',
  ]);
});

describe('a transaction that was booked after the day that is judged', () => {
  test('waits for its day: its tier is not known yet', async () => {
    await publish(terms());
    await spend(anna, '2026-11-03', 100);
    await spend(anna, '2026-11-20', 100);
    expect(await earn('2026-11-10')).toMatchObject({ lookedAt: 3, points: 15n, putOff: 1 });
    expect(await earn('2026-11-10')).toEqual(NOTHING);
    await database.owner.query(`insert into tier_history values ('canna', '2026-11-15', 'mass', 'test')`);
    expect(await earn('2026-11-20')).toMatchObject({ lookedAt: 1, points: 10n, putOff: 0 });
    expect(await earn()).toEqual(NOTHING);
  });
});

describe('a cap', () => {
  test('holds over several runs, and counts each rule and month for itself', async () => {
    await publish(terms(['monthlyCap: 1000', 'monthlyCap: 20']));
    await spend(anna, '2026-10-31', 100);
    await spend(anna, '2026-11-03', 100);
    expect(await earn()).toMatchObject({ points: 30n, capped: 0 });
    await spend(anna, '2026-11-04', 100);
    await spend(anna, '2026-11-05', 100);
    await spend(anna, '2026-11-05', 100, 'household');
    expect(await earn()).toMatchObject({ earned: 2, points: 15n, capped: 2 });
    expect(await earnings()).toEqual([
      'canna cards 2026-10 15 of 15',
      'canna cards 2026-11 15 of 15',
      'canna cards 2026-11 5 of 15',
      'canna cards 2026-11 0 of 15',
      'canna bills 2026-11 10 of 10',
    ]);
    // what was late belongs to the month in which it was booked
    await spend(anna, '2026-10-30', 100);
    expect((await earn()).points).toBe(5n);
  });

  test('is not used up by points that were taken back', async () => {
    await publish(terms(['monthlyCap: 1000', 'monthlyCap: 20']));
    await spend(anna, '2026-11-03', 100);
    await earn();
    const { rows } = await database.app.query<{ id: PostingId }>(
      `select posting_id as id from postings where kind = 'earn'`,
    );
    const order = { postingId: one(rows, 'what was earned').id, reason: 'booked in error', by: 'Chen Yu', at: AT };
    await database.app.transaction((sql) => correct(sql, order));
    await spend(anna, '2026-11-04', 100);
    await spend(anna, '2026-11-05', 100);
    expect(await earn()).toMatchObject({ points: 20n, capped: 1 });
    expect(await has(anna)).toBe(20n);
  });

  test('holds over more transactions than one batch, to the point', async () => {
    await publish(terms(['affluent: 150', 'affluent: 100'], ['monthlyCap: 1000', 'monthlyCap: 7000']));
    const ben = await addCustomer(database, { ref: 'cben' });
    await database.owner.query(
      `insert into transactions (account_ref, booked_on, amount_minor, category, source, source_id)
       select case n % 4 when 0 then 'acben' else 'acanna' end, date '2026-10-01' + n % 31, -1000, 'card', 'many', n
         from generate_series(1, 12000) n`,
    );
    const run = await earn();
    // ben: 3,000 of 10.00; anna: 9,000, of which 7,000 count
    expect(run).toMatchObject({ lookedAt: 12_004, points: 10_000n, capped: 2_000, earned: 10_000 });
    expect([await has(anna), await has(ben)]).toEqual([7000n, 3000n]);
    expect(await earn()).toEqual(NOTHING);
  });
});

/** Returns when a connection waits for a lock that another one holds. */
async function blocked(): Promise<void> {
  for (let look = 0; look < 10_000; look += 1) {
    const { rows } = await database.owner.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return;
  }
  throw new Error('nobody waits for a lock: the two transactions did not meet');
}

describe('a transaction whose id was drawn early and that is committed late', () => {
  const late = `insert into transactions (account_ref, booked_on, amount_minor, category, source, source_id)
                values ('acanna', '2026-11-03', -10000, 'card', 'late', $1)`;

  test('is not passed by: the run waits for who writes it', async () => {
    await publish(terms());
    let run: Promise<EarningRun> | undefined;
    await database.owner.transaction(async (sql) => {
      await sql.query(late, [1]);
      run = earn();
      await blocked();
    });
    // the two of Anna's opening, and the late one
    expect(await run).toMatchObject({ lookedAt: 3, points: 15n });
  });

  test('is not passed by when it takes longer than the run waits: nothing was looked at, and the next run has it all', async () => {
    await publish(terms());
    let higher = 0n;
    await database.owner.transaction(async (sql) => {
      await sql.query(late, [1]);
      // somebody else draws a higher id and commits first
      await spend(anna, '2026-11-04', 100);
      await expect(earn()).rejects.toThrow(TransactionsBusy);
      const { rows } = await sql.query<{ id: bigint }>('select max(transaction_id) as id from transactions');
      higher = one(rows, 'the highest').id;
    });
    expect(await earn()).toMatchObject({ lookedAt: 4, points: 30n });
    expect(await has(anna)).toBe(30n);
    const { rows } = await database.app.query<{ id: bigint }>('select looked_until as id from earning_progress');
    expect(rows).toEqual([{ id: higher }]);
  });

  test('and is rolled back is nobody’s points', async () => {
    await publish(terms());
    const undone = database.owner.transaction(async (sql) => {
      await sql.query(late, [1]);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await spend(anna, '2026-11-04', 100);
    expect(await earn()).toMatchObject({ lookedAt: 3, points: 15n });
  });
});

test('two runs at once share the work, and nobody gets anything twice', async () => {
  await publish(terms(['monthlyCap: 1000', 'monthlyCap: 1000000']));
  await database.owner.query(
    `insert into transactions (account_ref, booked_on, amount_minor, category, source, source_id)
     select 'acanna', '2026-10-01', -1000, 'card', 'many', n from generate_series(1, 11000) n`,
  );
  const other = Database.open(database.url, 'app', () => undefined);
  const runs = await Promise.all([earn(), earnPoints(other, { asOf: DAY, at: AT })]).finally(() => other.close());
  expect(runs.reduce((sum, run) => sum + run.lookedAt, 0)).toBe(11_002);
  expect(runs.reduce((sum, run) => sum + run.points, 0n)).toBe(11_000n);
  expect(await has(anna)).toBe(11_000n);
});

test('a run that dies in the middle has done whole batches, and the next one does the rest', async () => {
  await publish(terms(['monthlyCap: 1000', 'monthlyCap: 1000000']));
  await database.owner.query(
    `insert into transactions (account_ref, booked_on, amount_minor, category, source, source_id)
     select 'acanna', '2026-10-01', -1000, 'card', 'many', n from generate_series(1, 7000) n`,
  );
  const dying = Database.open(database.url, 'app', () => undefined);
  const begin = dying.transaction.bind(dying);
  let transactions = 0;
  // the bound, what waits, a batch of 5,000, and then the worker dies just before its second batch is committed
  jest.spyOn(dying, 'transaction').mockImplementation((work) =>
    begin(async (sql) => {
      const result = await work(sql);
      transactions += 1;
      if (transactions === 4) throw new Error('the worker died');
      return result;
    }),
  );
  const died = earnPoints(dying, { asOf: DAY, at: AT }).finally(() => dying.close());
  await expect(died).rejects.toThrow('the worker died');
  expect(await has(anna)).toBe(4998n);
  await earn();
  expect(await has(anna)).toBe(7000n);
});

describe('a programme', () => {
  test('in another currency, or with a tier that the bank does not have, is not published', async () => {
    await expect(publish(terms(['currency: CNY', 'currency: CZK']))).rejects.toThrow(
      "test-points is in CZK, and Test Bank's money is CNY; write its amounts in that",
    );
    await expect(publish(terms(['affluent: 150', 'platinum: 150']))).rejects.toThrow(
      'rule "cards" has a multiplier for tier "platinum", which this bank doesn\'t have; it has mass, affluent, private',
    );
  });

  test('that gives points for money that comes in is a gift for deposits, and waits for compliance', async () => {
    const gift = terms(['direction: spent', 'direction: received'], ['[household]', '[salary]']);
    await expect(publish(gift)).rejects.toThrow(/rule "cards" can't be published: .*which CN forbids.*approve/);
    await recordApproval(database.app, {
      campaignRef: gift.programme as CampaignRef,
      digest: definitionDigest(gift),
      by: 'Chen Yu',
      at: AT,
      reason: 'Opinion 2026-18',
    });
    expect(await publish(gift)).toMatchObject({ version: 1, isNew: true });
    const other = terms(['direction: spent', 'direction: received'], ['[household]', '[salary, bonus]']);
    await expect(publish(other)).rejects.toThrow(/approval of this very version/);
  });

  test('is published once, and a version never changes', async () => {
    expect(await publish(terms())).toEqual({ version: 1, isNew: true, newest: 1 });
    expect(await publish(terms(['monthlyCap: 300', 'monthlyCap: 301']))).toMatchObject({ version: 2 });
    expect(await publish(terms())).toEqual({ version: 1, isNew: false, newest: 2 });
    for (const words of [
      'update points_programmes set version = 9',
      'delete from points_programmes',
      'delete from earnings',
    ])
      await expect(database.app.query(words)).rejects.toThrow(/permission denied/);
  });

  test('says until when points are good that are given by others', async () => {
    expect(await lotExpiry(database.app, AT)).toBeNull();
    await publish(terms());
    expect(await lotExpiry(database.app, AT)).toBe('2027-11-30');
    // in Shanghai it is December already
    expect(await lotExpiry(database.app, instant(Date.UTC(2026, 10, 30, 16)))).toBe('2027-12-31');
  });
});

describe('goodwill', () => {
  const give = (more: Partial<Goodwill> = {}) =>
    database.app.transaction((sql) =>
      goodwill(sql, {
        customerRef: anna,
        points: points(500),
        reference: 'K-2026-0000042',
        by: 'Li Jun',
        memo: 'card sent late',
        at: AT,
        ...more,
      }),
    );

  test('is given once for each reference, and who gave it is in the record of decisions', async () => {
    await publish(terms());
    const first = await give();
    expect(first).toMatchObject({ isNew: true, expiresOn: '2027-11-30' });
    const later = instant(Date.UTC(2026, 11, 24, 2));
    expect(await give({ at: later })).toEqual({ ...first, isNew: false });
    expect(await has(anna)).toBe(500n);
    await expect(give({ points: points(501) })).rejects.toThrow(PostingConflict);
    const { rows } = await database.app.query<object>('select kind, verdict, saw from decisions');
    expect(rows).toEqual([
      {
        kind: 'goodwill',
        verdict: 'granted',
        saw: { reference: 'K-2026-0000042', by: 'Li Jun', memo: 'card sent late', points: '500' },
      },
    ]);
    expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true });
  });

  test.each<[string, Partial<Goodwill>, RegExp]>([
    ['too much', { points: points(MAX_GOODWILL_POINTS + 1) }, /from 1 to 50000, not 50001/],
    ['nothing', { points: points(0) }, /from 1 to 50000, not 0/],
    ['for something without a number', { reference: 'a sad story' }, /a reference is 1 to 40 letters/],
    ['by nobody', { by: ' ' }, /say who gives it in one line/],
    ['for no reason', { memo: '' }, /say what it is for in one line/],
    ['to nobody', { customerRef: 'cnobody' as CustomerRef }, /customer cnobody is not there/],
  ])('of %s is refused', async (_, more, words) => {
    await publish(terms());
    await expect(give(more)).rejects.toThrow(words);
    expect((await database.app.query(`select 1 from postings where kind = 'goodwill'`)).rows).toEqual([]);
  });

  test('to an erased customer is refused, and so it is where nobody knows when points expire', async () => {
    await expect(give()).rejects.toThrow('no points programme is in force on 2026-11-24; publish one');
    await publish(terms());
    await database.owner.query('update customers set erased_at = $1', [timestamp(AT)]);
    await expect(give()).rejects.toThrow('customer canna was erased and gets no points');
  });
});

test('a course gives its points once to each customer', async () => {
  await publish(terms());
  const ben = await addCustomer(database, { ref: 'cben' });
  const pass = (customerRef: CustomerRef, n = 50) =>
    database.app.transaction((sql) =>
      educate(sql, { customerRef, course: 'compound-interest', points: points(n), at: AT }),
    );
  expect(await pass(anna)).toMatchObject({ isNew: true, expiresOn: '2027-11-30' });
  expect(await pass(anna)).toMatchObject({ isNew: false });
  expect(await pass(ben)).toMatchObject({ isNew: true });
  await expect(pass(anna, 60)).rejects.toThrow(PostingConflict);
  expect([await has(anna), await has(ben)]).toEqual([50n, 50n]);
});
