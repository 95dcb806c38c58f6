import { enrolmentTold } from '../store/enrolments.js';
import { completedButUntold } from '../store/reads/education.js';
import { courseCompleted } from '../workflows/contract.js';
import { now } from './dependencies.js';
import { whileBeating, type RoundDependencies } from './round.js';
import { sweep, SWEEP_BATCH, tellRun } from './sweep.js';

/** A journey that waits for a course hears of it even when the page could not tell. */
export function courseNewsActivities(deps: RoundDependencies) {
  return {
    tellCompletedCourses: (): Promise<{ told: number }> => whileBeating(tellCompletedCourses(deps)),
  };
}
export type CourseNewsActivities = ReturnType<typeof courseNewsActivities>;

async function tellCompletedCourses({ database, workflows, bank }: RoundDependencies): Promise<{ told: number }> {
  const { told } = await sweep<Completed>(
    (last) => completedButUntold(database, last?.enrolmentId ?? null, SWEEP_BATCH),
    async ({ enrolmentId, workflowId }) => {
      const heard = await tellRun(workflows, workflowId, courseCompleted, { enrolmentId });
      await enrolmentTold(database, enrolmentId, now(bank));
      return heard;
    },
  );
  return { told };
}
type Completed = Awaited<ReturnType<typeof completedButUntold>>[number];
