import { evaluateTiers } from '../../activities/tier-evaluations.js';
import { plainDate, type Instant } from '../../domain/types.js';
import { findCustomers } from '../../store/detection/find-customers.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { SmallBank } from './small-bank.js';

const AS_OF = plainDate('2026-11-24');
const FOUND_AT = Date.parse('2026-11-24T06:00:00Z') as Instant;

/** The months of the bank's data, September 2025 to November 2026, the latest last. */
const MONTHS = Array.from({ length: 15 }, (_, n) => new Date(Date.UTC(2025, 8 + n, 1)).toISOString().slice(0, 7));
const THIS_MONTH = MONTHS.length - 1;

interface Habit {
  /** on the 10th of month n; null: nothing came */
  salary?: (month: number) => number | null;
  payday?: (month: number) => string;
  /** on the 15th */
  spends?: boolean;
  opening?: number;
  category?: string;
}

const bank = new SmallBank();

/** A customer with a current account `a<ref>`, a salary of 10,000 and as much spent: their balance stays at the opening. */
function person(ref: string, habit: Habit = {}): void {
  const account = `a${ref}`;
  bank.customer(ref).account(account, ref);
  bank.book(account, '2025-09-01', habit.opening ?? 30_000, 'deposit');
  MONTHS.forEach((month, n) => {
    const pay = habit.salary ? habit.salary(n) : 10_000;
    if (pay !== null) bank.book(account, habit.payday?.(n) ?? `${month}-10`, pay, habit.category ?? 'salary');
    if (habit.spends === false) return;
    bank.book(account, `${month}-12`, -4_000, 'household').book(account, `${month}-15`, -6_000, 'card');
  });
}

const ago = (n: number): number => THIS_MONTH - n;

function incomeCases(): void {
  person('csteady');
  person('cstopped', { salary: (n) => (n > ago(2) ? null : 10_000) });
  person('clowered', { salary: (n) => (n > ago(2) ? 6_000 : 10_000) });
  person('cjustlowered', { salary: (n) => (n > ago(1) ? 6_000 : 10_000) });
  person('clate', { salary: (n) => (n === THIS_MONTH ? null : 10_000), payday: (n) => `${MONTHS[n]}-18` });
  person('cbonus', { salary: (n) => (n === ago(1) ? 25_000 : 10_000) });
  person('cbonusthencut', { salary: (n) => (n === ago(3) ? 25_000 : n > ago(2) ? 6_000 : 10_000) });
  person('conelow', { salary: (n) => (n === ago(2) ? 4_000 : 10_000) });
  person('cseason', { salary: (n) => (n === THIS_MONTH || n === ago(12) ? 5_500 : 10_000) });
  person('cpension', { category: 'pension', salary: (n) => (n > ago(2) ? null : 3_000) });
  person('ctransfers', { category: 'transfer-in', salary: (n) => (n > ago(3) ? null : 8_000) });
  // two payments in fifteen months are a habit that nobody can miss
  person('cseldom', { salary: (n) => (n === 3 || n === 9 ? 10_000 : null) });
  // paid from the customer's own account in this bank: no income that could stop
  person('cself', { salary: () => null });
  bank.account('acself2', 'cself', { kind: 'savings' }).book('acself2', '2025-09-01', 200_000, 'deposit');
  for (const month of MONTHS.slice(0, -3)) {
    bank.book('acself', `${month}-05`, 8_000, 'transfer-in', 'acself2');
    bank.book('acself2', `${month}-05`, -8_000, 'own-transfer', 'acself');
  }
}

function balanceCases(): void {
  person('cdraining', { opening: 60_000 });
  for (const day of ['2026-09-25', '2026-10-05', '2026-10-14', '2026-10-28', '2026-11-16'])
    bank.book('acdraining', day, -5_000, 'cash');
  person('cdipping', { opening: 65_000 });
  bank.book('acdipping', '2026-11-16', -18_000, 'cash').book('acdipping', '2026-11-19', 18_000, 'deposit');
  person('cmissed', { opening: 52_000 });
  bank.book('acmissed', '2026-10-01', -5_000, 'household');

  person('coutflow', { opening: 40_000 });
  bank.book('acoutflow', '2026-11-11', -25_000, 'transfer-out');
  person('cown', { opening: 40_000 });
  bank.account('acown2', 'cown', { kind: 'savings', qualifies: false });
  bank.book('acown', '2026-11-11', -25_000, 'transfer-out', 'acown2');
  bank.book('acown2', '2026-11-11', 25_000, 'transfer-in', 'acown');
  person('cthrough', { opening: 40_000 });
  bank.book('acthrough', '2026-11-11', 25_000, 'transfer-in').book('acthrough', '2026-11-12', -25_000, 'transfer-out');
  // to the account of somebody else in this bank: it has left the customer
  person('cgave', { opening: 40_000 });
  bank.book('acgave', '2026-11-11', -25_000, 'transfer-out', 'acsteady');
  person('cpurchase', { opening: 140_000 });
  bank.book('acpurchase', '2026-11-11', -45_000, 'purchase');
  person('cpurchasebelow', { opening: 70_000 });
  bank.book('acpurchasebelow', '2026-11-11', -30_000, 'purchase');
  person('crent', { opening: 40_000, salary: () => 20_000 });
  for (const month of MONTHS) bank.book('acrent', `${month}-20`, -16_000, 'transfer-out');
}

function otherCases(): void {
  for (const ref of ['cmature7', 'cmature30', 'crenewed', 'cmatureboth', 'cmaturefar', 'crenewedlater']) person(ref);
  bank.holding('cmature7', 10_000, '2026-12-01');
  bank.holding('cmature30', 10_000, '2026-12-24').holding('cmature30', 5_000, '2027-05-01');
  bank.holding('crenewed', 10_000, '2026-12-01', '2026-11-24');
  bank.holding('cmatureboth', 10_000, '2026-12-01').holding('cmatureboth', 10_000, '2026-12-15');
  bank.holding('cmaturefar', 10_000, '2026-12-25');
  // nobody can know today what will be agreed on tomorrow
  bank.holding('crenewedlater', 10_000, '2026-12-01', '2026-11-25');

  person('cdormant', { salary: (n) => (n % 3 === 0 ? 10 : null), category: 'interest', spends: false });
  for (const month of MONTHS.slice(0, -4)) bank.book('acdormant', `${month}-17`, -500, 'card');
  bank.book('acdormant', '2026-11-01', -10, 'fee');
  person('cpassive', { salary: (n) => (n % 3 === 0 ? 10 : null), category: 'interest', spends: false });
  bank.customer('cyoung', '2026-08-20').account('acyoung', 'cyoung', { openedOn: '2026-08-20' });
  bank.book('acyoung', '2026-08-20', 5_000, 'deposit').book('acyoung', '2026-08-28', -500, 'card');

  person('coverdrawn');
  bank
    .book('acoverdrawn', '2026-10-25', -120, 'penalty-interest')
    .book('acoverdrawn', '2026-11-20', -90, 'penalty-interest');
  person('concewas');
  bank.book('aconcewas', '2026-10-24', -120, 'penalty-interest');

  person('ccard');
  bank.account('acard1', 'ccard', { kind: 'credit-card', limit: 10_000 }).book('acard1', '2026-10-20', -8_500, 'card');
  person('cpaysback');
  bank.account('acard2', 'cpaysback', { kind: 'credit-card', limit: 10_000 });
  bank.book('acard2', '2026-10-20', -8_500, 'card').book('acard2', '2026-11-05', 8_500, 'own-transfer', 'acpaysback');

  // not customers on the day: tomorrow's, somebody without a first day, somebody who asked to be forgotten
  bank.customer('cfuture', '2026-11-25').account('acfuture', 'cfuture', { openedOn: '2026-11-25' });
  bank.customer('cnever', null).account('acnever', 'cnever', { openedOn: '2027-01-01' });
  bank.customer('cerased', '2020-01-01', '2026-11-01T00:00:00Z').account('acerased', 'cerased');
  for (const [ref, account] of [
    ['cfuture', 'acfuture'],
    ['cnever', 'acnever'],
    ['cerased', 'acerased'],
  ] as const)
    bank.book(account, '2026-11-20', -10, 'penalty-interest').holding(ref, 1_000, '2026-12-01');
}

let database: TestDatabase;
let found: Map<
  string,
  { trigger: string; score: number; reasons: { code: string; numbers: Record<string, unknown> }[] }[]
>;

beforeAll(async () => {
  incomeCases();
  balanceCases();
  otherCases();
  database = await freshDatabase();
  await bank.save(database.owner, 'bohai@1');
  await evaluateTiers({ database: database.app, until: AS_OF });
  await findCustomers(database.app, { asOf: AS_OF, foundAt: FOUND_AT });
  const { rows } = await database.app.query<{ customer_ref: string; trigger: string; score: number; reasons: never }>(
    'select customer_ref, trigger, score, reasons from findings order by trigger',
  );
  found = new Map();
  for (const { customer_ref: ref, ...finding } of rows) found.set(ref, [...(found.get(ref) ?? []), finding]);
});
afterAll(() => database.drop());

const triggers = (ref: string): string[] => (found.get(ref) ?? []).map((finding) => finding.trigger);
const numbers = (ref: string, code: string): Record<string, unknown> | undefined =>
  found
    .get(ref)
    ?.flatMap((finding) => finding.reasons)
    .find((reason) => reason.code === code)?.numbers;

test.each([
  ['whose salary comes every month is left alone', 'csteady', []],
  ['whose salary stopped altogether is found, with nothing left to sum', 'cstopped', ['income-stopped']],
  ['whose salary is down by two fifths for two months is found', 'clowered', ['income-lowered']],
  ['whose salary is down by two fifths for the first time is found', 'cjustlowered', ['income-lowered']],
  ['whose payday is late is left alone', 'clate', []],
  ['with a bonus last month is not called lowered the month after', 'cbonus', []],
  ['whose salary fell after a bonus is found', 'cbonusthencut', ['income-lowered']],
  ['with one low month that has recovered is left alone', 'conelow', []],
  ['whose income dips each November is left alone', 'cseason', []],
  ['whose pension stopped is found', 'cpension', ['income-stopped']],
  ['who lived on transfers from elsewhere that stopped is found', 'ctransfers', ['income-stopped']],
  ['who was paid twice in fifteen months is left alone', 'cseldom', []],
  ['whose own savings stopped to pay them is left alone', 'cself', []],
  ['whose balance drains under the threshold is found', 'cdraining', ['tier-at-risk']],
  ['whose balance dipped for three days is left alone', 'cdipping', []],
  ['who missed a period and stays below is found without any slide', 'cmissed', ['tier-at-risk']],
  ['who sent most of the money away is found', 'coutflow', ['large-outflow']],
  ['who moved it to an account of their own is left alone', 'cown', []],
  ['who passed money on that had just come in is left alone', 'cthrough', []],
  ['who gave it to somebody else in this bank is found', 'cgave', ['large-outflow']],
  ['with a large purchase that leaves the tier is left alone', 'cpurchase', []],
  [
    'with a purchase that takes the balance under the threshold is found',
    'cpurchasebelow',
    ['large-outflow', 'tier-at-risk'],
  ],
  ['who pays a high rent every month is left alone', 'crent', []],
  ['with a deposit that matures in 7 days is found', 'cmature7', ['maturing-7']],
  ['with a deposit that matures in 30 days is found', 'cmature30', ['maturing-30']],
  ['with a deposit in 7 and one in 21 days is found once', 'cmatureboth', ['maturing-7']],
  ['with a deposit that matures in 31 days is left alone for now', 'cmaturefar', []],
  ['who agreed on the renewal is left alone', 'crenewed', []],
  ['who will agree on the renewal tomorrow is found today', 'crenewedlater', ['maturing-7']],
  ['who fell silent, whatever interest and fees are booked, is found', 'cdormant', ['dormant']],
  ['who never did anything is not called dormant', 'cpassive', []],
  ['who opened an account and hardly used it yet is not called dormant', 'cyoung', []],
  ['charged with interest for an overdrawn account is found', 'coverdrawn', ['negative-balance']],
  ['charged with it 31 days ago is left alone', 'concewas', []],
  ['who owes 85 % of the card limit since October is found', 'ccard', ['card-overused']],
  ['who paid the card back is left alone', 'cpaysback', []],
  ['who becomes one tomorrow is not looked at', 'cfuture', []],
  ['without a first day is not looked at', 'cnever', []],
  ['who was erased is not looked at', 'cerased', []],
])('a customer %s', (_sentence, ref, expected) => {
  expect(triggers(ref)).toEqual(expected);
});

test('the reasons carry the numbers, money as text and days as dates, so that a person can check them', () => {
  expect(numbers('cstopped', 'income-stopped')).toEqual({
    lastOn: '2026-09-10',
    daysSince: 75,
    daysAllowed: 41,
    usualMonth: '10000',
    now: '0',
  });
  expect(numbers('clowered', 'income-lowered')).toMatchObject({ usualMonth: '10000', now: '6000', months: 2 });
  expect(numbers('coutflow', 'large-outflow')).toMatchObject({ gone: '25000', arrived: '0', heldBefore: '40000' });
  expect(numbers('cmature30', 'matures-unrenewed')).toMatchObject({
    principal: '10000',
    maturesOn: '2026-12-24',
    daysLeft: 30,
    products: 1,
  });
  expect(numbers('coverdrawn', 'penalty-interest')).toMatchObject({ charged: '210', times: 2, lastOn: '2026-11-20' });
  expect(numbers('ccard', 'card-overused')).toMatchObject({ limit: '10000', usedNow: '8500', times: 2 });
  expect(numbers('cdraining', 'projected-below-threshold')).toMatchObject({
    threshold: '50000',
    // October was missed already
    decisionOn: '2026-12-31',
  });
  const scores = [...found.values()].flat().map((finding) => finding.score);
  expect(scores.every((score) => score >= 40 && score <= 100)).toBe(true);
});

test('the same day a second time finds the same customers and adds nothing; another day adds its own', async () => {
  const again = await findCustomers(database.app, { asOf: AS_OF, foundAt: (FOUND_AT + 1) as Instant });
  expect(again.find((count) => count.trigger === 'income-stopped')).toEqual({
    trigger: 'income-stopped',
    customers: 3,
    added: 0,
  });
  expect(again.every((count) => count.added === 0)).toBe(true);
  const next = await findCustomers(database.app, { asOf: plainDate('2026-11-25'), foundAt: FOUND_AT });
  expect(next.find((count) => count.trigger === 'income-stopped')?.added).toBe(3);
});
