import { samePerson } from './campaign-launch.js';
import { EXCLUSIONS, type Exclusion } from './contact-door.js';
import type { Playbook } from './types.js';

export { EXCLUSIONS, type Exclusion } from './contact-door.js';

export const EXCLUSION_RULES = 'exclusion@1';

/** Longest legal reason, in characters; the table's check says the same. */
export const MAX_LEGAL_REASON_CHARACTERS = 1000;

/** Whoever is vulnerable is sold nothing, and helped all the same when the money is short: with care, as a service. */
export const BARRED_FROM_CREDIT: readonly Exclusion[] = EXCLUSIONS.filter((kind) => kind !== 'vulnerable');

/** Nobody lifts what protects a customer, or the bank, from somebody, without a second person. */
const FOUR_EYES: readonly Exclusion[] = ['suspected-fraud', 'guardianship'];

/** Whether a customer with these open exclusions is in no journey of the playbook. */
export const barsPlaybook = (exclusions: readonly Exclusion[], playbook: Playbook): boolean =>
  exclusions.some((kind) => playbook !== 'credit' || BARRED_FROM_CREDIT.includes(kind));

export interface ToLift {
  kind: Exclusion;
  excludedBy: string;
  liftedBy: string | null;
}

/** Why an exclusion can not be lifted by this person, in words; null when it can. */
export function refuseLift({ kind, excludedBy, liftedBy }: ToLift, by: string): string | null {
  if (liftedBy !== null) return `it was lifted already, by ${liftedBy}`;
  if (FOUR_EYES.includes(kind) && samePerson(excludedBy, by))
    return `${kind} is lifted by another person than ${excludedBy}, who recorded it`;
  return null;
}

export const isExclusion = (kind: string): kind is Exclusion => (EXCLUSIONS as readonly string[]).includes(kind);
