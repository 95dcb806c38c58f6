import { addDays, type BranchRef, type Language, type ManagerRef, type PlainDate } from '../types.js';
import { Random } from './random.js';
import * as words from './words.js';

export interface SampleManager {
  readonly ref: ManagerRef;
  readonly branch: BranchRef;
  readonly name: string;
  readonly email: string;
  readonly languages: readonly Language[];
  /** open journeys that one manager can look after */
  readonly capacity: number;
  /** the branch's one team; the first manager of the branch leads it */
  readonly team: string;
  readonly skills: readonly string[];
}

export interface SampleBranch {
  readonly ref: string;
  readonly name: string;
  readonly parent: string | null;
  readonly region: string | null;
  readonly zone: string | null;
  readonly calendar: string | null;
}

const HEAD_OFFICE = 'b-head';
/** Regional offices, and the branches under each. */
const REGIONS = [
  { ref: 'b-east', name: '华东分行', region: 'east', cities: ['shanghai', 'hangzhou'] },
  { ref: 'b-north', name: '华北分行', region: 'north', cities: ['beijing', 'tianjin'] },
  { ref: 'b-south', name: '华南分行', region: 'south', cities: ['shenzhen', 'guangzhou', 'hongkong'] },
  { ref: 'b-west', name: '西南分行', region: 'west', cities: ['chengdu'] },
  { ref: 'b-overseas', name: 'Overseas', region: 'overseas', cities: ['london', 'new'] },
] as const;
/** Countries whose holidays a branch keeps, where those are not the bank's. */
const CALENDARS: Readonly<Record<string, string>> = {
  'Asia/Hong_Kong': 'HK',
  'Europe/London': 'GB',
  'America/New_York': 'US',
};

const officeOf = (branch: string) =>
  REGIONS.find(({ cities }) => cities.some((city) => branch.startsWith(`b-${city}`)));
const teamRef = (branch: string): string => `t-${branch.slice(2)}`;

/** The tree of branches: head office, regional offices, branches with customers; those above come first. */
export function sampleBranches(): SampleBranch[] {
  const none = { region: null, zone: null, calendar: null };
  return [
    { ref: HEAD_OFFICE, name: '总行', parent: null, ...none },
    ...REGIONS.map(({ ref, name, region }) => ({ ...none, ref, name, parent: HEAD_OFFICE, region })),
    ...words.BRANCHES.map(({ ref, name, zone }) => ({
      ref,
      name,
      parent: officeOf(ref)?.ref ?? HEAD_OFFICE,
      region: null,
      zone,
      calendar: CALENDARS[zone] ?? null,
    })),
  ];
}

/** Each branch has one team, led by its first manager. */
export function sampleTeams(): { ref: string; branch: string; name: string; lead: ManagerRef }[] {
  return words.BRANCHES.map(({ ref, name }) => ({ ref: teamRef(ref), branch: ref, name, lead: managerRef(ref, 1) }));
}

/** Every manager may advise on loans; of the wealthier customers' own managers each may on investments. */
const CERTIFICATES = ['loan-advice', 'investment-advice'] as const;
const CERTIFICATE_DAYS_BEFORE = 300;
const CERTIFICATE_DAYS = 1096;

/** Certificates of a bank's managers, in date on the as-of day and for two years after it. */
export function sampleCertificates(
  managers: readonly SampleManager[],
  asOf: PlainDate,
): { manager: ManagerRef; name: string; from: PlainDate; until: PlainDate }[] {
  const from = addDays(asOf, -CERTIFICATE_DAYS_BEFORE);
  const until = addDays(from, CERTIFICATE_DAYS);
  return managers.flatMap(({ ref, branch }) => {
    const names = leadManagers(branch).includes(ref) ? CERTIFICATES : CERTIFICATES.slice(0, 1);
    return names.map((name) => ({ manager: ref, name, from, until }));
  });
}

/** Each branch has two managers whatever its size; wealthier customers have one of them as their own. */
const LEADS_PER_BRANCH = 2;
/** One manager looks after at most this many open journeys; larger banks have more managers. */
const MOST_CAPACITY = 40;
const LEAST_CAPACITY = 4;
/** Journeys for this share of the customers can be open at once. */
const CAPACITY_SHARE = 0.15;
const STAFF_STREAM = 0x73746166;

const managerRef = (branch: string, number: number): ManagerRef => `m-${branch.slice(2)}-${number}` as ManagerRef;

/** The managers that a branch has in every sample bank. */
export function leadManagers(branch: BranchRef): ManagerRef[] {
  return Array.from({ length: LEADS_PER_BRANCH }, (_, i) => managerRef(branch, i + 1));
}

/** Managers of a bank of this size: together they have room for about 15 % of the customers. */
export function sampleManagers(seed: number, customers: number): SampleManager[] {
  const room = Math.ceil(customers * CAPACITY_SHARE);
  const perBranch = Math.max(LEADS_PER_BRANCH, Math.ceil(room / MOST_CAPACITY / words.BRANCHES.length));
  const capacity = Math.max(LEAST_CAPACITY, Math.ceil(room / (perBranch * words.BRANCHES.length)));
  return words.BRANCHES.flatMap((branch, at) => {
    const random = new Random(seed, STAFF_STREAM, at);
    return Array.from({ length: perBranch }, (_, i): SampleManager => {
      const ref = managerRef(branch.ref, i + 1);
      const abroad = branch.zone !== 'Asia/Shanghai';
      const family = abroad ? random.pick(words.EN_FAMILY) : random.pick(words.ZH_FAMILY);
      const given = abroad
        ? random.pick([...words.EN_GIVEN_F, ...words.EN_GIVEN_M])
        : random.pick([...words.ZH_GIVEN_F, ...words.ZH_GIVEN_M]);
      return {
        ref,
        branch: branch.ref as BranchRef,
        name: abroad ? `${given} ${family}` : family + given,
        email: `${ref}@staff.example`,
        // the first speaks both; of the others, every second
        languages: i % 2 === 0 ? ['zh-CN', 'en'] : abroad ? ['en'] : ['zh-CN'],
        capacity,
        team: teamRef(branch.ref),
        skills: i % 2 === 0 ? ['hardship', 'investment'] : ['hardship'],
      };
    });
  });
}
