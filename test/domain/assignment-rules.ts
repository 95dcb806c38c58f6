import { dayKind } from '../../domain/public-holidays.js';
import type { AssignmentRequest, AssignmentSnapshot, ManagerSnapshot } from '../../domain/assignment.js';
import type { ManagerRef } from '../../domain/types.js';

/**
 * The rules of assignment said a second time, plainly and apart from the product's code: what is wrong with a customer
 * being given to that manager; empty when nothing is.
 */
export function brokenRules(
  request: AssignmentRequest,
  { managers }: Pick<AssignmentSnapshot, 'managers'>,
  managerRef: ManagerRef,
): string[] {
  const chosen = managers.find((manager) => manager.managerRef === managerRef);
  if (!chosen) return ['is no manager'];
  const { day } = request;
  const wrong: string[] = [];
  const ownOfPrivate = request.isPrivate && request.dedicated === managerRef;
  if (chosen.leftOn !== null) wrong.push('has left, or is about to');
  if (request.complainedAbout.includes(managerRef)) wrong.push('was complained about');
  if (request.had.includes(managerRef)) wrong.push('had the customer');
  if (chosen.leave.some((leave) => leave.from <= day && leave.to >= day)) wrong.push('is on leave');
  if (!works(chosen, day)) wrong.push('does not work');
  if (chosen.openJourneys + 1 > chosen.capacity) wrong.push('has no room');
  for (const name of request.certificates)
    if (!chosen.certificates.some((held) => held.name === name && held.from <= day && held.to >= day))
      wrong.push(`does not hold ${name}`);
  if (ownOfPrivate) return wrong;
  if (!chosen.languages.some((language) => language === request.language)) wrong.push('does not speak the language');
  if (chosen.segments && !chosen.segments.some((tier) => tier === request.tierRef))
    wrong.push('does not serve the tier');
  for (const skill of request.skills) if (!chosen.skills.includes(skill)) wrong.push(`can not do ${skill}`);
  return wrong;
}

function works({ workDays, calendar }: ManagerSnapshot, day: string): boolean {
  const weekday = new Date(`${day}T12:00:00Z`).getUTCDay() || 7;
  const kind = calendar === null ? 'ordinary' : dayKind(calendar, day as never);
  if (kind === 'public-holiday') return false;
  if (workDays) return workDays.includes(weekday);
  return weekday <= 5 || kind === 'make-up-working-day';
}
