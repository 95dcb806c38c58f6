import fc from 'fast-check';
import {
  addMillis,
  days,
  instant,
  minor,
  plainDate,
  type AccountRef,
  type CustomerRef,
  type PlainDate,
  type ZoneId,
} from '../../domain/types.js';
import type { PlanRef } from '../../domain/repayment-plan.js';
import { lockAdmissionFacts } from '../../store/admissions.js';
import { doorFacts } from '../../store/customers.js';
import { verifyDecisions } from '../../store/decisions.js';
import { lookAtPlan } from '../../store/plan-steps.js';
import { agreePlan, approvePlan, endPlan, readInstalments, readPlan } from '../../store/repayment-plans.js';
import { proposeRepaymentPlan, type ProposalRequest } from '../../store/plan-proposals.js';
import { accountsByDebt, monthlyIncome, repaid } from '../../store/repayments.js';
import { findPlan, listPlans } from '../../store/reads/repayment-plan.js';
import { answerStanding } from '../../store/standing-requests.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addDebtor, bookOnCard, cardOf, policyOf, proposalOf } from '../setup/plans.js';
import { admitted, book, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const ZONE = 'Asia/Shanghai' as ZoneId;

let database: TestDatabase;
let li: CustomerRef;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, '2026-01-11');
  li = await addDebtor(database, { ref: 'cli' });
});
afterEach(async () => {
  expect(await verifyDecisions(database.app, li)).toMatchObject({ whole: true });
  await database.drop();
});

const order = (planRef: PlanRef, by = 'anna', at = AT) => ({ planRef, by, zone: ZONE, at });
const propose = (more: Partial<ProposalRequest> & { terms?: ProposalRequest['terms'] } = {}) =>
  proposeRepaymentPlan(database.app, { ...proposalOf(li, AT), ...more });
async function proposed(more: Parameters<typeof propose>[0] = {}): Promise<PlanRef> {
  const proposing = await propose(more);
  if (proposing.verdict !== 'proposed') throw new Error(proposing.reasons.join());
  return proposing.plan.planRef;
}
const large = (): Promise<PlanRef> => {
  const { terms } = proposalOf(li, AT, { total: minor(5_000_100), instalments: 24 });
  return proposed({ terms });
};
const inCare = async (): Promise<boolean> => {
  const asked = { customerRef: li, journeyId: null, campaignRef: null, channel: 'email', key: 'k', at: AT } as const;
  return (await doorFacts(database.app, { ...asked, lookBack: 0 })).inCreditCare;
};
const verdicts = async (): Promise<string[]> => {
  const { rows } = await database.owner.query<{ told: string }>(
    `select verdict || ' ' || reasons as told from decisions where kind = 'repayment-plan' order by sequence`,
  );
  return rows.map(({ told }) => told);
};

test('a proposal is a plan with its instalments, its terms and what was seen; nothing runs, and the door stays open', async () => {
  const proposing = await propose();
  expect(proposing).toMatchObject({
    verdict: 'proposed',
    plan: { state: 'proposed', monthlyIncome: 1_000_000n, incomeSource: 'transactions', approval: [] },
  });
  expect(await inCare()).toBe(false);
  const { rows } = await database.owner.query(`select saw from decisions where kind = 'repayment-plan'`);
  expect(rows[0]).toMatchObject({ saw: { total: '600000', instalments: 12, monthlyIncome: '1000000', by: 'anna' } });
});

test('what the policy does not allow is refused with every reason and what would fit, and that is a fact', async () => {
  const { terms } = proposalOf(li, AT, { instalments: 1 });
  expect(await propose({ terms })).toMatchObject({
    verdict: 'refused',
    reasons: ['too-few-instalments', 'too-short', 'over-income-share'],
    fits: { fewest: 2, most: 60, largest: 300_000n, smallest: 10_000n, firstDueFrom: '2026-01-17' },
  });
  expect(await verdicts()).toEqual(['not-proposed ["too-few-instalments", "too-short", "over-income-share"]']);
  expect((await database.owner.query('select 1 from repayment_plans')).rows).toEqual([]);
});

test('from the agreement on the customer is in credit care, for the door and for admission, until the plan is closed', async () => {
  const planRef = await proposed();
  expect(await agreePlan(database.app, order(planRef))).toMatchObject({ state: 'running', countsFrom: '2026-01-12' });
  expect(await inCare()).toBe(true);
  await database.owner.query(
    `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at) values ($1, 'tier-at-risk', '2026-01-11', 80, '[]', $2)`,
    [li, new Date(AT)],
  );
  const [facts] = await database.app.transaction((sql) => lockAdmissionFacts(sql, [li], plainDate('2026-01-11')));
  expect(facts?.inCreditCare).toBe(true);
  await endPlan(database.app, { ...order(planRef), reason: 'by-customer' });
  expect(await inCare()).toBe(false);
  expect(await verdicts()).toEqual(['proposed []', 'agreed []', 'ended ["by-customer"]']);
});

test('a plan that waits for approval keeps promotions away already', async () => {
  const planRef = await large();
  expect(await agreePlan(database.app, order(planRef))).toMatchObject({ state: 'agreed', approval: ['large-total'] });
  expect(await inCare()).toBe(true);
});

test('a large plan is approved by another person than who proposed or agreed it', async () => {
  const planRef = await large();
  await expect(approvePlan(database.app, order(planRef, 'Li Jun'))).rejects.toThrow('has not agreed');
  await agreePlan(database.app, order(planRef, 'Wang'));
  for (const name of ['anna', ' Anna ', 'wang'])
    await expect(approvePlan(database.app, order(planRef, name))).rejects.toThrow('another person has to approve it');
  expect(await approvePlan(database.app, order(planRef, 'Li Jun'))).toMatchObject({ state: 'running' });
  // said twice it changes nothing
  expect(await approvePlan(database.app, order(planRef, 'Li Jun'))).toMatchObject({ approvedBy: 'Li Jun' });
});

test('a plan under any but the bank’s own policy is approved by another person, and keeps that policy’s limits', async () => {
  const own = policyOf({ incomeShareAtMost: 9_000, secondPerson: { above: '9000000', months: 60 } });
  const planRef = await proposed({ policy: own });
  expect(await agreePlan(database.app, order(planRef))).toMatchObject({ state: 'agreed', approval: ['other-policy'] });
  await expect(approvePlan(database.app, order(planRef))).rejects.toThrow('another person has to approve it');
  await endPlan(database.app, { ...order(planRef), reason: 'replaced' });
  const narrow = policyOf({ instalments: { least: 2, most: 6 } });
  expect(await propose({ policy: narrow })).toMatchObject({ verdict: 'refused', reasons: ['too-many-instalments'] });
});

test('a plan is about an account of the customer’s own, whoever writes it', async () => {
  const other = await addDebtor(database, { ref: 'cother' });
  await expect(propose({ accountRef: cardOf(other) })).rejects.toThrow(/foreign key/);
});

test.each([
  ['running without approval', `update repayment_plans set state = 'running'`],
  [
    'approved by who agreed',
    `update repayment_plans set state = 'running', approved_at = now(), approved_by = 'ANNA '`,
  ],
  ['another total', `update repayment_plans set total_minor = 1`],
  ['other terms', `update repayment_plans set policy = '{}'`],
  ['kept out of turn', `update repayment_plans set state = 'kept', settled_at = now()`],
  ['agreed by somebody else', `update repayment_plans set agreed_by = 'nobody'`],
])('the database itself refuses a plan that is %s', async (_what, change) => {
  await agreePlan(database.app, order(await large()));
  await expect(database.owner.query(change)).rejects.toThrow();
});

test('the database itself refuses instalments that are not the total, or change afterwards, or go back', async () => {
  const planRef = await proposed();
  const add = `insert into instalments (plan_ref, number, due_on, amount_minor) values ('${planRef}', 13, '2027-01-31', 1)`;
  await expect(database.owner.query(add)).rejects.toThrow('are not its total');
  const change = (set: string) => database.owner.query(`update instalments set ${set} where number = 1`);
  await expect(change('amount_minor = 1')).rejects.toThrow('is never changed');
  await expect(change(`due_on = '2026-01-30'`)).rejects.toThrow('is never changed');
  await change(`state = 'missed', missed_at = now()`);
  await expect(change(`state = 'kept', missed_at = null, kept_at = now()`)).rejects.toThrow("can't become kept");
  for (const sql of [
    'delete from instalments',
    'delete from repayment_plans',
    'update instalments set amount_minor = 1',
  ])
    await expect(database.app.query(sql)).rejects.toThrow('permission denied');
});

test('a plan that is not paid can not be called kept', async () => {
  const planRef = await proposed();
  await agreePlan(database.app, order(planRef));
  const keep = `update repayment_plans set state = 'kept', settled_at = now() where plan_ref = '${planRef}'`;
  await expect(database.owner.query(keep)).rejects.toThrow('is not kept');
});

test('a customer has one plan at a time; agreeing to one ends the other proposals', async () => {
  const [first, second] = [await proposed(), await proposed()];
  await agreePlan(database.app, order(second));
  expect(await readPlan(database.app, first)).toMatchObject({ state: 'ended', endReason: 'replaced' });
  await expect(agreePlan(database.app, order(first))).rejects.toThrow('propose another');
  expect(await propose()).toMatchObject({ verdict: 'refused', reasons: ['plan-open'] });
  expect(await agreePlan(database.app, order(second))).toMatchObject({ state: 'running' });
});

test('two who agree to two plans at once: one plan runs', async () => {
  const refs = [await proposed(), await proposed()];
  const done = await Promise.allSettled(refs.map((planRef) => agreePlan(database.app, order(planRef))));
  expect(done.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a proposal whose first instalment has fallen due is agreed no more', async () => {
  const planRef = await proposed();
  await expect(agreePlan(database.app, order(planRef, 'anna', addMillis(AT, days(20))))).rejects.toThrow(
    'fell due on 2026-01-31; propose a plan whose first one is still to come',
  );
});

test('an income that only the customer names is recorded as that, and needs another person', async () => {
  expect(await propose({ statedIncome: minor(2_000_000) })).toMatchObject({
    plan: { incomeSource: 'stated', monthlyIncome: 2_000_000n, approval: ['income-stated'] },
  });
});

test('income is the mean of the last three whole months; a bonus, and this month, are none', async () => {
  expect(await monthlyIncome(database.app, li)).toBe(1_000_000n);
  await book(database, li, '2025-11-30', 100n, 'salary');
  await book(database, li, '2025-11-30', 9_000_000n, 'bonus');
  await book(database, li, '2026-01-05', 1_000_000n, 'salary');
  await book(database, li, '2025-09-30', 9_000_000n, 'salary');
  expect(await monthlyIncome(database.app, li)).toBe(1_000_033n);
  await database.owner.query(`delete from transactions where category = 'salary'`);
  expect(await monthlyIncome(database.app, li)).toBeNull();
});

test('the account with the deepest debt comes first', async () => {
  expect(await accountsByDebt(database.app, li)).toEqual([
    { accountRef: 'kcli', kind: 'credit-card', balance: -900_000n },
    expect.objectContaining({ accountRef: 'acli' }),
  ]);
});

describe('what counts as repaid', () => {
  const net = async (): Promise<[bigint, bigint]> => {
    await database.owner.query(`update installation set data_until = '2026-02-28'`);
    const plan = { accountRef: cardOf(li), countsFrom: plainDate('2026-01-12'), policy: policyOf() };
    const { inTime, soFar } = await repaid(database.app, plan, plainDate('2026-02-05'));
    return [inTime, soFar];
  };
  const card = (day: string, amount: bigint, category?: string, from?: string) =>
    bookOnCard(database, li, day, amount, category, from ?? null);

  test('is money in of the categories that count, from the agreement on', async () => {
    await card('2026-01-11', 1_000n);
    await card('2026-01-12', 100n);
    await card('2026-02-05', 20n, 'deposit');
    await card('2026-02-06', 3n, 'cash');
    await card('2026-03-01', 50_000n);
    expect(await net()).toEqual([120n, 123n]);
  });

  test('is not what was bought, and not what the policy does not name', async () => {
    await card('2026-01-20', 500n);
    await card('2026-01-21', -400n, 'card');
    await card('2026-01-22', 700n, 'bonus');
    await card('2026-01-23', 700n, 'salary');
    expect(await net()).toEqual([500n, 500n]);
  });

  test('is nothing when it goes to and fro between the customer’s own accounts, by whatever name', async () => {
    await card('2026-01-20', 500n, 'own-transfer', 'acli');
    await card('2026-01-21', -500n, 'own-transfer', 'acli');
    await card('2026-01-22', 300n, 'transfer-in', 'acli');
    await card('2026-01-23', -300n, 'transfer-out', 'acli');
    expect(await net()).toEqual([0n, 0n]);
  });

  test('is less what was taken back', async () => {
    await card('2026-01-20', 500n, 'deposit');
    await card('2026-02-20', -500n, 'deposit');
    expect(await net()).toEqual([500n, 0n]);
  });

  test('is not what was drawn on the card again, in cash or by transfer', async () => {
    await card('2026-01-20', 900n, 'deposit');
    await card('2026-01-21', -500n, 'cash');
    await card('2026-01-22', -300n, 'transfer-out');
    expect(await net()).toEqual([100n, 100n]);
  });

  /** What was repaid on the current account, which is in the red. */
  const onAccount = async (): Promise<[bigint, bigint]> => {
    await database.owner.query(`update installation set data_until = '2026-02-28'`);
    const plan = { accountRef: `a${li}` as AccountRef, countsFrom: plainDate('2026-01-12'), policy: policyOf() };
    const { inTime, soFar } = await repaid(database.app, plan, plainDate('2026-02-05'));
    return [inTime, soFar];
  };

  test('on an account is at most what the debt has fallen by, before the bank’s own interest and fees', async () => {
    await book(database, li, '2026-01-20', 500n, 'transfer-in');
    expect(await onAccount()).toEqual([500n, 500n]);
    await book(database, li, '2026-01-21', -40n, 'penalty-interest');
    expect(await onAccount()).toEqual([500n, 500n]);
    // it left again, under another name
    await book(database, li, '2026-01-22', -200n, 'transfer-out');
    expect(await onAccount()).toEqual([300n, 300n]);
    await book(database, li, '2026-02-10', -300n, 'cash');
    expect(await onAccount()).toEqual([300n, 0n]);
    // income makes the debt fall, and is no repayment
    await book(database, li, '2026-02-11', 10_000n, 'salary');
    expect(await onAccount()).toEqual([300n, 500n]);
  });

  test('is nothing on an account to which money comes and from which as much goes, however and how often', async () => {
    const way = fc.constantFrom('transfer-in', 'transfer-out', 'own-transfer', 'deposit', 'cash', 'household', 'card');
    const day = fc.integer({ min: 12, max: 31 }).map((n) => `2026-01-${n}`);
    const round = fc.record({ amount: fc.integer({ min: 1, max: 9_000 }), there: way, back: way, in: day, out: day });
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 6 }), async (rounds) => {
        for (const { amount, there, back, ...on } of rounds) {
          await book(database, li, on.in, BigInt(amount), there);
          await book(database, li, on.out, -BigInt(amount), back);
        }
        const [inTime, soFar] = await onAccount();
        expect(soFar <= 0n && inTime <= 0n).toBe(true);
        await database.owner.query(`delete from transactions where account_ref = $1 and booked_on >= '2026-01-12'`, [
          `a${li}`,
        ]);
      }),
      { numRuns: 25 },
    );
  });

  test('is not what came to another account of the customer', async () => {
    await book(database, li, '2026-01-20', 500n, 'transfer-in');
    expect(await net()).toEqual([0n, 0n]);
  });
});

describe('a look at a plan that runs', () => {
  const look = (planRef: PlanRef, instalment: number | null, more: { final?: boolean; at?: number } = {}) =>
    lookAtPlan(database.app, {
      planRef,
      instalment,
      final: more.final ?? true,
      missedFirst: false,
      zone: ZONE,
      at: instant(more.at ?? Date.UTC(2026, 1, 6, 1)),
    });
  const until = (day: string) => database.owner.query('update installation set data_until = $1', [day]);

  const tasks = async () =>
    (
      await database.owner.query<{ told: string }>(
        `select concat_ws(' ', kind, manager_ref, coalesce(result, 'open'), done_by) as told from tasks order by task_id`,
      )
    ).rows.map(({ told }) => told);
  /** Two instalments of 500.00. */
  const short = async (more: { agree?: boolean } = {}): Promise<PlanRef> => {
    const { terms } = proposalOf(li, AT, { total: minor(100_000), instalments: 2 });
    const planRef = await proposed({ terms });
    if (more.agree !== false) await agreePlan(database.app, order(planRef));
    return planRef;
  };

  test('after the grace finds late what came late, also when it is not the one that decides', async () => {
    const planRef = await short();
    await bookOnCard(database, li, '2026-02-06', 50_000n);
    await until('2026-02-06');
    expect(await look(planRef, 1, { final: false })).toMatchObject({ verdict: null });
    expect((await readInstalments(database.app, planRef))[0]?.state).toBe('due');
    // nobody need hear that it is missed: it is paid by now
    const at = Date.UTC(2026, 1, 7, 1);
    const first = await look(planRef, 1, { at });
    expect(first).toMatchObject({ verdict: 'made-good', next: { instalment: 2 } });
    expect(await look(planRef, 1, { at })).toEqual(first);
    expect((await readInstalments(database.app, planRef))[0]).toMatchObject({ state: 'made-good', missedAt: at });
    expect(await tasks()).toEqual([]);
  });

  test('gives money to the instalment of which the customer was reminded, whatever its run remembers', async () => {
    const planRef = await short();
    await until('2026-02-05');
    expect(await look(planRef, 1)).toMatchObject({ verdict: 'missed' });
    await database.owner.query(
      `insert into outreach (outreach_key, customer_ref, channel, message_class, template, message_id, state, claimed_at, claimed_wall)
       values ($1, $2, 'email', 'service', 'instalment-due', 'm', 'sent', now(), now())`,
      [`plan:${planRef}:2:reminder`, li],
    );
    await bookOnCard(database, li, '2026-02-26', 50_000n);
    await until('2026-02-26');
    const asked = { planRef, instalment: 2, final: false, missedFirst: true, zone: ZONE };
    await lookAtPlan(database.app, { ...asked, at: instant(Date.UTC(2026, 1, 27, 1)) });
    expect((await readInstalments(database.app, planRef)).map(({ state }) => state)).toEqual(['missed', 'kept']);
  });

  test('puts a missed instalment on the list of the customer’s own manager, due in three working days', async () => {
    await database.owner.query(`update customers set manager_ref = 'm2' where customer_ref = $1`, [li]);
    const planRef = await short();
    await until('2026-02-05');
    // Friday, 13 February: the 14th is worked, then the bank is closed until the 23rd
    await look(planRef, 1, { at: Date.UTC(2026, 1, 13, 1) });
    const { rows } = await database.owner.query('select kind, manager_ref, due_at from tasks');
    expect(rows).toEqual([{ kind: 'missed-instalment', manager_ref: 'm2', due_at: Date.UTC(2026, 1, 25, 10) }]);
  });

  test.each([
    ['who has left', `update managers set left_on = '2026-01-31' where manager_ref = 'm2'`],
    [
      'whom the customer complained about',
      `insert into complaints (complaint_ref, complaint_key, customer_ref, about_manager_ref, workflow_id, source,
                               narrative, opened_at, opened_wall, due_at, rule_set)
       values ('K-1', 'k', 'cli', 'm2', 'k', 'page', 'No.', now(), now(), now(), 'cn')`,
    ],
  ])('asks no manager %s', async (_who, change) => {
    await database.owner.query(`update customers set manager_ref = 'm2' where customer_ref = $1`, [li]);
    await database.owner.query(change);
    const planRef = await short();
    await until('2026-02-05');
    await look(planRef, 1);
    expect(await tasks()).toEqual(['missed-instalment open']);
  });

  test('goes to the manager of the journey in which the plan was agreed before the customer’s own', async () => {
    await database.owner.query(`update customers set manager_ref = 'm2' where customer_ref = $1`, [li]);
    const { journeyId } = await admitted(database, li, '2026-01-11', AT);
    await database.owner.query(
      `update journeys set campaign_ref = 'credit-care', manager_ref = 'm1' where journey_id = $1`,
      [journeyId],
    );
    const planRef = await short();
    await until('2026-02-05');
    await look(planRef, 1);
    expect(await tasks()).toEqual(['missed-instalment m1 open']);
  });

  test('takes the task off the list when what was missed is paid, and all of a plan when it is ended', async () => {
    const planRef = await proposed();
    await agreePlan(database.app, order(planRef));
    await until('2026-03-05');
    await look(planRef, 1);
    await look(planRef, 2, { at: Date.UTC(2026, 2, 6, 1) });
    expect(await tasks()).toEqual(['missed-instalment open', 'missed-instalment open']);
    await bookOnCard(database, li, '2026-03-06', 50_000n);
    await until('2026-03-06');
    await lookAtPlan(database.app, {
      ...{ planRef, instalment: 3, final: false, missedFirst: true, zone: ZONE },
      at: instant(Date.UTC(2026, 2, 7, 1)),
    });
    expect(await tasks()).toEqual(['missed-instalment withdrawn keepwell', 'missed-instalment open']);
    await endPlan(database.app, { ...order(planRef), reason: 'by-customer' });
    expect(await tasks()).toEqual(['missed-instalment withdrawn keepwell', 'missed-instalment withdrawn keepwell']);
  });

  test('of a plan that is kept asks a person for the standing, until they have answered', async () => {
    const planRef = await short();
    await bookOnCard(database, li, '2026-01-20', 100_000n);
    await until('2026-01-20');
    await look(planRef, 1, { final: false });
    expect(await tasks()).toEqual(['standing open']);
    await answerStanding(database.app, { planRef, by: 'Li Jun', reason: null, at: AT });
    expect(await tasks()).toEqual(['standing arranged Li Jun']);
  });

  test('a plan that waits for approval is a task, until another person has approved it or it is ended', async () => {
    const first = await large();
    await agreePlan(database.app, order(first));
    expect(await tasks()).toEqual(['plan-approval open']);
    await approvePlan(database.app, order(first, 'Li Jun'));
    expect(await tasks()).toEqual(['plan-approval arranged Li Jun']);
    await endPlan(database.app, { ...order(first), reason: 'replaced' });
    const second = await large();
    await agreePlan(database.app, order(second));
    await endPlan(database.app, { ...order(second), reason: 'by-customer' });
    expect(await tasks()).toEqual(['plan-approval arranged Li Jun', 'plan-approval withdrawn keepwell']);
  });

  test('twice gives one answer, one decision, one task', async () => {
    const planRef = await proposed();
    await agreePlan(database.app, order(planRef));
    await until('2026-02-05');
    const first = await look(planRef, 1);
    expect(first).toMatchObject({ verdict: 'missed', next: { kind: 'instalment', instalment: 2 } });
    expect(await look(planRef, 1)).toEqual(first);
    const { rows } = await database.owner.query('select kind, manager_ref, due_at from tasks');
    expect(rows).toEqual([{ kind: 'missed-instalment', manager_ref: null, due_at: Date.UTC(2026, 1, 11, 10) }]);
    expect((await verdicts()).filter((told) => told.startsWith('missed'))).toHaveLength(1);
  });

  test('decides nothing while the bank’s data are behind, and says when to look again', async () => {
    const planRef = await proposed();
    await agreePlan(database.app, order(planRef));
    await until('2026-02-04');
    const at = Date.UTC(2026, 1, 6, 1);
    const again = { kind: 'instalment', instalment: 1, judgeAt: at + 6 * 3_600_000 };
    expect(await look(planRef, 1)).toMatchObject({ verdict: null, next: again });
    expect((await readInstalments(database.app, planRef))[0]?.state).toBe('due');
  });

  test('of a plan that a person has ended says that it is over', async () => {
    const planRef = await proposed();
    await agreePlan(database.app, order(planRef));
    await endPlan(database.app, { ...order(planRef), reason: 'by-bank' });
    await until('2026-02-05');
    expect(await look(planRef, 1)).toEqual({
      verdict: null,
      next: { kind: 'over', state: 'ended', granted: false },
    });
    await expect(endPlan(database.app, { ...order(planRef), reason: 'by-bank' })).rejects.toThrow('ended already');
  });

  test('a plan that is kept asks for the standing, which one person answers for once', async () => {
    const { terms } = proposalOf(li, AT, { total: minor(100_000), instalments: 2 });
    const planRef = await proposed({ terms });
    await agreePlan(database.app, order(planRef));
    const answer = (reason: string | null, by = 'Li Jun') =>
      answerStanding(database.app, { planRef, by, reason, at: AT });
    await expect(answer(null)).rejects.toThrow('they are not');
    await bookOnCard(database, li, '2026-01-20', 100_000n);
    await until('2026-01-20');
    expect(await look(planRef, 1, { final: false })).toMatchObject({ verdict: 'kept', next: { kind: 'standing' } });
    await expect(endPlan(database.app, { ...order(planRef), reason: 'by-bank' })).rejects.toThrow('grant-standing');
    expect(await listPlans(database.app, { unanswered: true, limit: 10 })).toMatchObject({
      plans: [{ planRef, standing: 'asked', paid: 2, paidAmount: 100_000n }],
    });
    expect(await inCare()).toBe(true);
    expect(await answer(null)).toMatchObject({ isNew: true, request: { answer: 'granted' } });
    expect(await answer(null)).toMatchObject({ isNew: false });
    await expect(answer('changed my mind')).rejects.toThrow('was granted already');
    expect(await findPlan(database.app, planRef)).toMatchObject({ state: 'kept', standing: 'granted' });
    expect(await inCare()).toBe(false);
  });
});

test('a payment that an ended plan has counted is not counted again by the next one on the account', async () => {
  const first = await proposed();
  await agreePlan(database.app, order(first));
  await bookOnCard(database, li, '2026-01-12', 50_000n);
  await endPlan(database.app, { ...order(first), reason: 'replaced' });
  const second = await proposed();
  expect((await agreePlan(database.app, order(second))).countsFrom).toBe('2026-01-13' as PlainDate);
});
