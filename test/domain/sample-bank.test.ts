import { HARD_NEGATIVES, KIND_BLOCK, kindOf, PLANTED_KINDS } from '../../domain/sample-bank/kinds.js';
import { Random, scramble } from '../../domain/sample-bank/random.js';
import { sampleCustomer, type SampleCustomer } from '../../domain/sample-bank/sample-customer.js';
import {
  leadManagers,
  sampleBranches,
  sampleCertificates,
  sampleManagers,
  sampleTeams,
} from '../../domain/sample-bank/staff.js';
import { Window } from '../../domain/sample-bank/window.js';
import { BRANCHES } from '../../domain/sample-bank/words.js';
import { addDays, daysBetween, plainDate, type BranchRef } from '../../domain/types.js';

const AS_OF = plainDate('2026-06-18');
const WINDOW = new Window(AS_OF);
const people = (seed: number, n: number, window = WINDOW): SampleCustomer[] =>
  Array.from({ length: n }, (_, index) => sampleCustomer(seed, index, window));
const SEVEN = people(7, 400);
const ofKind = (kind: string): SampleCustomer[] => SEVEN.filter((customer) => customer.truth?.kind === kind);

/** The balance of each account of a customer on the as-of day. */
function balances(customer: SampleCustomer): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { account, amount } of customer.transactions) sums.set(account, (sums.get(account) ?? 0n) + amount);
  return sums;
}

test('the same seed gives the same customers, another seed others', () => {
  expect(people(7, 20)).toEqual(SEVEN.slice(0, 20));
  expect(people(8, 20)).not.toEqual(SEVEN.slice(0, 20));
});

test('a customer does not depend on the others', () => {
  expect(sampleCustomer(7, 333, WINDOW)).toEqual(SEVEN[333]);
  expect(sampleCustomer(7, 333, new Window(AS_OF))).toEqual(SEVEN[333]);
});

test('every kind is planted once in each block, whatever the seed', () => {
  for (const seed of [0, 1, 7, 4_294_967_295])
    for (const block of [0, 1, 3_999]) {
      const kinds = Array.from({ length: KIND_BLOCK }, (_, i) => kindOf(seed, block * KIND_BLOCK + i));
      for (const kind of [...PLANTED_KINDS, ...HARD_NEGATIVES])
        expect(kinds.filter((each) => each === kind)).toHaveLength(1);
    }
  const truth = SEVEN.flatMap((customer) => customer.truth ?? []);
  expect(truth).toHaveLength((400 / KIND_BLOCK) * 14);
  for (const { kind, mustFind, sinceOn } of truth) {
    expect(mustFind).toBe((PLANTED_KINDS as readonly string[]).includes(kind));
    expect(sinceOn <= AS_OF).toBe(true);
  }
});

test('references are opaque, unique, and fit the tables', () => {
  const refs = new Set(SEVEN.map((customer) => customer.ref));
  expect(refs.size).toBe(SEVEN.length);
  for (const { ref, name, email } of SEVEN) {
    expect(ref).toMatch(/^cs[0-9a-z]{7}$/);
    expect(email).toMatch(/^cs[0-9a-z]{7}@(customers|refused)\.example$/);
    expect(name).toMatch(/^([A-Z][a-z]+ [A-Z][a-z]+|\p{Script=Han}{2,3})$/u);
  }
  expect(new Set(Array.from({ length: 100_000 }, (_, i) => scramble(i))).size).toBe(100_000);
});

test('no account of money is ever overdrawn, no transaction lies outside the window, and each account opens with a deposit', () => {
  for (const customer of SEVEN) {
    const sums = new Map<string, bigint>();
    for (const { account, amount, bookedOn, category } of customer.transactions) {
      const kind = customer.accounts.find((each) => each.ref === account)?.kind;
      if (!sums.has(account) && kind !== 'credit-card') expect(['deposit', 'own-transfer']).toContain(category);
      sums.set(account, (sums.get(account) ?? 0n) + amount);
      if (kind !== 'credit-card') expect(sums.get(account)! >= 0n).toBe(true);
      expect(amount).not.toBe(0n);
      expect(bookedOn >= '2025-03-01' && bookedOn <= AS_OF).toBe(true);
    }
    const refs = new Set<string>(customer.accounts.map((account) => account.ref));
    expect([...sums.keys()].every((ref) => refs.has(ref))).toBe(true);
    expect(customer.accounts.every((account) => account.openedOn >= customer.since)).toBe(true);
  }
});

test('own transfers have both sides, and sum to nothing', () => {
  for (const customer of SEVEN) {
    const own = customer.transactions.filter((each) => each.category === 'own-transfer');
    expect(own.reduce((sum, each) => sum + each.amount, 0n)).toBe(0n);
    expect(own.every((each) => each.counterpartyAccountRef !== null)).toBe(true);
  }
});

test('what is planted is in the data', () => {
  for (const { transactions, truth } of ofKind('income-stopped')) {
    const last = transactions.filter((each) => each.category === 'salary').at(-1);
    expect(daysBetween(last!.bookedOn, AS_OF)).toBeGreaterThan(55);
    expect(last!.bookedOn < truth!.sinceOn).toBe(true);
  }
  for (const { transactions } of ofKind('income-lowered')) {
    const pays = transactions.filter((each) => each.category === 'salary').map((each) => Number(each.amount));
    expect(Math.max(...pays.slice(-3))).toBeLessThan(0.66 * Math.min(...pays.slice(-9, -3)));
  }
  for (const { transactions } of ofKind('dormant')) {
    const last = transactions.filter((each) => each.category !== 'interest').at(-1);
    expect(daysBetween(last!.bookedOn, AS_OF)).toBeGreaterThan(100);
  }
  for (const kind of ['maturing-30', 'maturing-7'])
    for (const { holdings } of ofKind(kind)) {
      expect(daysBetween(AS_OF, holdings[0]!.maturesOn)).toBeLessThanOrEqual(kind === 'maturing-7' ? 7 : 30);
      expect(holdings[0]!.renewalAgreedOn).toBeNull();
    }
  for (const customer of ofKind('card-overused')) {
    const card = customer.accounts.find((each) => each.kind === 'credit-card')!;
    expect(Number(-balances(customer).get(card.ref)!) / Number(card.creditLimit)).toBeGreaterThan(0.85);
  }
  for (const { transactions } of ofKind('large-outflow'))
    expect(
      transactions.some(
        (each) => each.category === 'transfer-out' && each.bookedOn >= addDays(AS_OF, -20) && each.amount < -3_000_000n,
      ),
    ).toBe(true);
});

test('hard negatives are in the data and look like trouble', () => {
  for (const { holdings } of ofKind('renewed-deposit')) {
    expect(daysBetween(AS_OF, holdings[0]!.maturesOn)).toBeLessThanOrEqual(30);
    expect(holdings[0]!.renewalAgreedOn! <= AS_OF).toBe(true);
  }
  for (const { transactions } of ofKind('bonus-month')) {
    const pays = transactions.filter((each) => each.category === 'salary').map((each) => Number(each.amount));
    expect(Math.max(...pays.slice(-7))).toBeGreaterThan(1.7 * Math.min(...pays));
  }
  for (const { transactions } of ofKind('seasonal-dip')) {
    const pays = transactions.filter((each) => each.category === 'salary').map((each) => Number(each.amount));
    const usual = [...pays].sort((a, b) => a - b)[7]!;
    expect(pays.filter((pay) => pay < 0.75 * usual)).toHaveLength(2);
  }
  for (const { transactions } of ofKind('own-transfer'))
    expect(transactions.some((each) => each.category === 'own-transfer' && each.bookedOn >= addDays(AS_OF, -20))).toBe(
      true,
    );
  expect(ofKind('large-purchase').every((each) => each.transactions.some((t) => t.category === 'purchase'))).toBe(true);
  expect(ofKind('late-payday')).toHaveLength(8);
});

test('managers have room for about 15 % of the customers, in both languages', () => {
  for (const [customers, room] of [
    [1_000, 150],
    [5_000, 750],
    [100_000, 15_000],
  ] as const) {
    const managers = sampleManagers(7, customers);
    const capacity = managers.reduce((sum, each) => sum + each.capacity, 0);
    expect(capacity).toBeGreaterThanOrEqual(room);
    expect(capacity).toBeLessThan(room * 1.3);
    const refs = new Set(managers.map((each) => each.ref));
    expect(refs.size).toBe(managers.length);
    for (const { ref } of BRANCHES) expect(leadManagers(ref as BranchRef).every((lead) => refs.has(lead))).toBe(true);
    expect(managers.some((each) => each.languages.includes('en'))).toBe(true);
  }
});

test('branches stand in a tree under one head office, each with a team that its first manager leads', () => {
  const branches = sampleBranches();
  const above = (ref: string | null): string | null => branches.find((each) => each.ref === ref)?.parent ?? null;
  expect(branches.filter((each) => each.parent === null).map((each) => each.ref)).toEqual(['b-head']);
  for (const { ref } of BRANCHES) {
    expect(above(above(ref))).toBe('b-head');
    expect(branches.find((each) => each.ref === above(ref))?.region).toMatch(/^[a-z]+$/);
  }
  const managers = sampleManagers(7, 1_000);
  for (const { ref, branch, lead } of sampleTeams()) {
    const members = managers.filter((each) => each.team === ref);
    expect(members.every((each) => each.branch === branch)).toBe(true);
    expect(members.map((each) => each.ref)).toContain(lead);
  }
  expect(managers.every((each) => each.skills.includes('hardship'))).toBe(true);
  expect(managers.some((each) => !each.skills.includes('investment'))).toBe(true);
  const certificates = sampleCertificates(managers, AS_OF);
  expect(certificates.every((each) => each.from < AS_OF && each.until > addDays(AS_OF, 700))).toBe(true);
  expect(new Set(certificates.map((each) => each.manager)).size).toBe(managers.length);
  expect(sampleCertificates(sampleManagers(7, 1_000), AS_OF)).toEqual(certificates);
});

test.each(['2024-02-29', '2025-12-31', '2026-01-01', '2026-03-31'])('any day can be the as-of day: %s', (day) => {
  const asOf = plainDate(day);
  const customers = people(3, 100, new Window(asOf));
  for (const customer of customers) expect(customer.transactions.every((each) => each.bookedOn <= asOf)).toBe(true);
  expect(customers.filter((each) => each.truth).length).toBe(28);
});

test('the random stream depends on all its parts, and is spread evenly', () => {
  expect(new Random(1, 2).next()).not.toBe(new Random(2, 1).next());
  const random = new Random(5);
  const mean = Array.from({ length: 10_000 }, () => random.next()).reduce((a, b) => a + b, 0) / 10_000;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
});
