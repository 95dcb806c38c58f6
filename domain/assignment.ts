import { byText } from './order.js';
import type { BranchRef, Language, ManagerRef } from './types.js';

export interface ManagerLoad {
  managerRef: ManagerRef;
  branchRef: BranchRef;
  languages: string[];
  capacity: number;
  openJourneys: number;
}

export interface AssignmentRequest {
  language: Language;
  branchRef: BranchRef | null;
  /** the customer's own manager, if there is one */
  dedicated: ManagerRef | null;
  /** managers whom this customer has complained about */
  complainedAbout: ManagerRef[];
}

export type Assignment =
  { kind: 'assigned'; managerRef: ManagerRef; reasons: string[] } | { kind: 'nobody-free'; reasons: string[] };

export const ASSIGNMENT_RULES = 'assignment@1';

/**
 * Who looks after the customer: the own manager while there is room, else the one with the most free capacity among
 * those who speak the language, the customer's branch before others; ties by reference, so that the same snapshot
 * gives the same answer.
 */
export function assignManager(request: AssignmentRequest, managers: readonly ManagerLoad[]): Assignment {
  const free = (manager: ManagerLoad): number => manager.capacity - manager.openJourneys;
  const possible = managers.filter(
    (manager) => free(manager) > 0 && !request.complainedAbout.includes(manager.managerRef),
  );
  const own = possible.find((manager) => manager.managerRef === request.dedicated);
  if (own) return { kind: 'assigned', managerRef: own.managerRef, reasons: ['dedicated'] };
  const speaking = possible.filter((manager) => manager.languages.includes(request.language));
  const near = speaking.filter((manager) => manager.branchRef === request.branchRef);
  const chosen = [...(near.length > 0 ? near : speaking)].sort(
    (a, b) => free(b) - free(a) || byText(a.managerRef, b.managerRef),
  )[0];
  if (chosen)
    return {
      kind: 'assigned',
      managerRef: chosen.managerRef,
      reasons: [near.length > 0 ? 'own-branch' : 'other-branch', 'most-free'],
    };
  return { kind: 'nobody-free', reasons: [possible.length > 0 ? 'nobody-speaks-the-language' : 'nobody-has-room'] };
}
