import { bank } from './activities.js';

/**
 * Letters that no run waits for: about points, talks and salons, and the managers' digests. Every hour, because it is
 * always night for somebody; what the door holds is asked again when it said so.
 */
export async function owedLetters(): Promise<void> {
  const asOf = await bank.dayToJudge();
  await bank.noticeExpiringPoints.executeWithOptions({ summary: `points about to expire on ${asOf}` }, [{ asOf }]);
  await bank.sendEventLetters();
  await bank.sendTaskDigests();
}
