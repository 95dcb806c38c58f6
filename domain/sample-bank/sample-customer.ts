import {
  addDays,
  minor,
  type AccountRef,
  type BranchRef,
  type CustomerRef,
  type Language,
  type ManagerRef,
  type Minor,
  type PlainDate,
  type ZoneId,
} from '../types.js';
import { bendBook, bendPays, sinceAsBooked } from './cases.js';
import { Book, type Role } from './book.js';
import { planCreditCard } from './credit-card.js';
import { planIncome, planOpening, planOutgoings, regularPays } from './habits.js';
import { isIncomeKind, isPlanted, kindOf, type CustomerKind } from './kinds.js';
import { drawProfile, type Profile } from './profile.js';
import { Random, scramble } from './random.js';
import { leadManagers } from './staff.js';
import type { Window } from './window.js';
import * as words from './words.js';

export interface SampleAccount {
  readonly ref: AccountRef;
  readonly kind: 'current' | 'savings' | 'term-deposit' | 'credit-card';
  readonly openedOn: PlainDate;
  readonly qualifies: boolean;
  readonly creditLimit: Minor | null;
}

export interface SampleTransaction {
  readonly account: AccountRef;
  readonly bookedOn: PlainDate;
  readonly amount: Minor;
  readonly category: string;
  readonly counterpartyBank: string | null;
  readonly counterpartyAccount: string | null;
  readonly counterpartyAccountRef: AccountRef | null;
}

export interface SampleHolding {
  readonly ref: string;
  readonly account: AccountRef;
  readonly product: string;
  readonly principal: Minor;
  readonly openedOn: PlainDate;
  readonly maturesOn: PlainDate;
  readonly renewalAgreedOn: PlainDate | null;
}

export interface SampleTruth {
  readonly kind: Exclude<CustomerKind, 'ordinary'>;
  readonly mustFind: boolean;
  /** the first day on which the bank could have known */
  readonly sinceOn: PlainDate;
  readonly note: string;
}

export interface SampleCustomer {
  readonly ref: CustomerRef;
  readonly name: string;
  readonly email: string;
  readonly language: Language;
  readonly zone: ZoneId;
  readonly birthDate: PlainDate;
  readonly gender: 'F' | 'M';
  readonly job: string;
  readonly employer: string | null;
  readonly branch: BranchRef;
  readonly manager: ManagerRef | null;
  readonly since: PlainDate;
  /** 1 cautious to 5 adventurous */
  readonly riskAppetite: number | null;
  /** when the appetite was asked for, and the last day on which the answer counts */
  readonly assessment: { readonly assessedOn: PlainDate; readonly validUntil: PlainDate };
  readonly consents: readonly { readonly purpose: 'promotional' | 'survey'; readonly granted: boolean }[];
  readonly accounts: readonly SampleAccount[];
  readonly holdings: readonly SampleHolding[];
  readonly transactions: readonly SampleTransaction[];
  readonly truth: SampleTruth | null;
}

/** Streams of one customer's chances: what is added to one doesn't move the others. */
const STREAM = { profile: 1, habits: 2, card: 3, bend: 4, contact: 5, assessment: 6 } as const;
/** Share of customers whose mail server refuses mail for good. */
const REFUSED_SHARE = 0.005;
const DAYS_PER_YEAR = 365;
/** An assessment was made up to so many days ago and counts for a year: about one in four is out of date. */
const OLDEST_ASSESSMENT_DAYS = 490;
const SUFFIX: Readonly<Record<Role, string>> = { current: 'c', savings: 's', deposit: 't', card: 'k' };
const KIND_OF_ROLE = { current: 'current', savings: 'savings', deposit: 'term-deposit', card: 'credit-card' } as const;

/** The day of the assessment, never before the customer's first. */
function assessmentOf(since: PlainDate, window: Window, random: Random): SampleCustomer['assessment'] {
  const drawn = addDays(window.date(window.last), -random.int(1, OLDEST_ASSESSMENT_DAYS));
  const assessedOn = drawn < since ? since : drawn;
  return { assessedOn, validUntil: addDays(assessedOn, DAYS_PER_YEAR - 1) };
}

/** Opaque, and no two customers of one bank have the same. */
function customerRef(seed: number, index: number): CustomerRef {
  return `cs${scramble(index ^ scramble(seed))
    .toString(36)
    .padStart(7, '0')}` as CustomerRef;
}

function nameOf(profile: Profile, random: Random): string {
  const female = profile.gender === 'F';
  if (profile.language === 'en')
    return `${random.pick(female ? words.EN_GIVEN_F : words.EN_GIVEN_M)} ${random.pick(words.EN_FAMILY)}`;
  const given = random.pick(female ? words.ZH_GIVEN_F : words.ZH_GIVEN_M);
  return random.pick(words.ZH_FAMILY) + (random.chance(0.6) ? random.pick(words.ZH_MIDDLE) : '') + given;
}

function bookOf(
  profile: Profile,
  seed: number,
  index: number,
  window: Window,
): { book: Book; truth: SampleTruth | null } {
  const habits = new Random(seed, index, STREAM.habits);
  const chances = new Random(seed, index, STREAM.bend);
  const book = new Book(window, profile.startDay);
  planOpening(book, profile);
  const usual = regularPays(profile, habits, window);
  const { kind } = profile;
  const bent = isIncomeKind(kind) ? bendPays(kind, usual, window.last, chances) : null;
  planIncome(book, profile, bent?.pays ?? usual, habits);
  planOutgoings(book, profile, habits);
  if (profile.card) planCreditCard(book, profile, profile.card, new Random(seed, index, STREAM.card));
  const bend = isIncomeKind(kind) ? (bent?.bend ?? null) : bendBook(kind, book, profile, chances);
  book.settle();
  if (bend === null || kind === 'ordinary') return { book, truth: null };
  const sinceOn = window.date(sinceAsBooked(book, profile, bend));
  return { book, truth: { kind, mustFind: isPlanted(kind), sinceOn, note: bend.note } };
}

function accountsOf(
  profile: Profile,
  book: Book,
  refOf: (role: Role) => AccountRef,
  since: PlainDate,
): SampleAccount[] {
  const used = new Set(book.entries.map((entry) => entry.role));
  return (Object.keys(SUFFIX) as Role[])
    .filter((role) => used.has(role))
    .map((role) => ({
      ref: refOf(role),
      kind: KIND_OF_ROLE[role],
      openedOn: role === 'deposit' && profile.deposit ? book.window.date(profile.deposit.openedDay) : since,
      qualifies: role !== 'card',
      creditLimit: role === 'card' && profile.card ? minor(profile.card.limit) : null,
    }));
}

function holdingsOf(profile: Profile, book: Book, refOf: (role: Role) => AccountRef): SampleHolding[] {
  const { deposit } = profile;
  if (!deposit || book.balance.deposit <= 0) return [];
  return [
    {
      ref: `h${refOf('deposit').slice(1)}`,
      account: refOf('deposit'),
      product: `term-deposit-${deposit.termMonths}m`,
      principal: minor(book.balance.deposit),
      openedOn: book.window.date(deposit.openedDay),
      maturesOn: book.window.date(deposit.maturesDay),
      renewalAgreedOn: deposit.renewalDay === null ? null : book.window.date(deposit.renewalDay),
    },
  ];
}

/**
 * One customer with everything the bank knows of them: the same for the same seed, index and as-of day, however large
 * the bank is.
 * @param seed  any whole number; its lower 32 bits count
 * @param index 0 or more
 */
export function sampleCustomer(seed: number, index: number, window: Window): SampleCustomer {
  const profile = drawProfile(new Random(seed, index, STREAM.profile), kindOf(seed, index), window);
  const { book, truth } = bookOf(profile, seed, index, window);
  const contact = new Random(seed, index, STREAM.contact);
  const ref = customerRef(seed, index);
  const refOf = (role: Role): AccountRef => `a${ref.slice(1)}-${SUFFIX[role]}` as AccountRef;
  // a deposit may be older than the history; its owner is a customer at least as long
  const before =
    Math.max(profile.yearsBefore * DAYS_PER_YEAR, -(profile.deposit?.openedDay ?? 0)) + contact.int(0, 300);
  const since = window.date(profile.startDay > 0 ? profile.startDay : -before);
  const wealthy = profile.tier === 'private' || (profile.tier === 'affluent' && contact.chance(0.5));
  return {
    ref,
    name: nameOf(profile, contact),
    email: `${ref}@${contact.chance(REFUSED_SHARE) ? 'refused.example' : 'customers.example'}`,
    language: profile.language,
    zone: profile.branch.zone as ZoneId,
    birthDate: window.date(window.last - profile.age * DAYS_PER_YEAR - contact.int(5, 350)),
    gender: profile.gender,
    job: profile.job,
    employer: profile.employer,
    branch: profile.branch.ref as BranchRef,
    manager: wealthy ? contact.pick(leadManagers(profile.branch.ref as BranchRef)) : null,
    since,
    riskAppetite: contact.chance(0.12) ? null : contact.int(1, profile.age > 65 ? 3 : 5),
    assessment: assessmentOf(since, window, new Random(seed, index, STREAM.assessment)),
    consents: [
      { purpose: 'promotional', granted: contact.chance(0.9) },
      { purpose: 'survey', granted: contact.chance(0.97) },
    ],
    accounts: accountsOf(profile, book, refOf, since),
    holdings: holdingsOf(profile, book, refOf),
    transactions: book.entries.map((entry) => ({
      account: refOf(entry.role),
      bookedOn: window.date(entry.day),
      amount: minor(entry.amount),
      category: entry.category,
      counterpartyBank: entry.bank,
      counterpartyAccount: entry.account,
      counterpartyAccountRef: entry.own && refOf(entry.own),
    })),
    truth,
  };
}
