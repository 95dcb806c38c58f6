import { patched, setCurrentDetails } from '@temporalio/workflow';
import { bank } from './activities.js';
import type { PlainDate } from '../domain/types.js';
import type { RoundInput, RoundResult } from './contract.js';

/** The bank's day is judged: tiers evaluated, goals looked at, customers at risk found, admitted and started. */
export async function dailyRound(input: RoundInput): Promise<RoundResult> {
  const asOf = input.asOf ?? (await bank.dayToJudge());
  await bank.evaluateTiers.executeWithOptions({ summary: `tiers up to ${asOf}` }, [{ until: asOf }]);
  const { met } = await bank.checkGoals.executeWithOptions({ summary: `goals on ${asOf}` }, [{ asOf }]);
  // who was thrown out of a journey may be taken into another, and a complaint never loses its clock
  if (input.scope === 'all') await Promise.all([bank.closeEndedJourneys(), bank.resumeEndedComplaints()]);
  const result: RoundResult = { asOf, findings: [], admitted: 0, refused: 0, goalsMet: met };
  if (input.scope === 'all') {
    result.findings = await bank.findCustomers.executeWithOptions({ summary: `customers at risk on ${asOf}` }, [
      { asOf },
    ]);
    if (patched('moved-to-care')) await bank.moveToCare({ asOf });
    Object.assign(result, await bank.admitCustomers.executeWithOptions({ summary: 'admission' }, [{ asOf }]));
    await bank.startJourneys();
    if (patched('loyalty')) await loyalty(asOf);
    if (patched('journey-in-full')) await people();
  }
  const found = result.findings.reduce((sum, finding) => sum + finding.customers, 0);
  setCurrentDetails(
    `judged ${asOf}: ${found} findings, ${result.admitted} journeys begun, ${result.refused} customers told why not, ${met} goals met`,
  );
  return result;
}

/** What the day did to customers' points, to what was promised to them and to what their loyalty entitles them to. */
async function loyalty(asOf: PlainDate): Promise<void> {
  await bank.releaseLapsedReservations();
  await bank.resumeRedemptions();
  await bank.earnPoints.executeWithOptions({ summary: `points earned up to ${asOf}` }, [{ asOf }]);
  // since then the hourly letters do it, and two at once would take each other's letters for lost ones
  if (!patched('letters-by-the-hour'))
    await bank.noticeExpiringPoints.executeWithOptions({ summary: `points about to expire on ${asOf}` }, [{ asOf }]);
  await bank.expirePoints.executeWithOptions({ summary: `points expired before ${asOf}` }, [{ asOf }]);
  await bank.evaluateEntitlements.executeWithOptions({ summary: `entitlements on ${asOf}` }, [{ asOf }]);
}

/** What was decided or done by people and may have missed its journey; what nobody did in time goes to the next. */
async function people(): Promise<void> {
  await bank.resumeNews();
  await bank.tellExcluded();
  await bank.tellTasksDone();
  await bank.tellCompletedCourses();
  await bank.postOwedCoursePoints();
  await bank.resumePlans();
  await bank.passOverdueTasks();
}
