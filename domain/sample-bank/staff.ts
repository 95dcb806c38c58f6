import type { BranchRef, Language, ManagerRef } from '../types.js';
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
      };
    });
  });
}
