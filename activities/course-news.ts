import { heartbeat } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { EnrolmentId } from '../domain/course.js';
import { enrolmentTold } from '../store/enrolments.js';
import { completedButUntold } from '../store/reads/education.js';
import { courseCompleted } from '../workflows/contract.js';
import { now } from './dependencies.js';
import { whileBeating, type RoundDependencies } from './round.js';

const BATCH = 500;

/** A journey that waits for a course hears of it even when the page could not tell. */
export function courseNewsActivities(deps: RoundDependencies) {
  return {
    tellCompletedCourses: (): Promise<{ told: number }> => whileBeating(tellCompletedCourses(deps)),
  };
}
export type CourseNewsActivities = ReturnType<typeof courseNewsActivities>;

async function tellCompletedCourses({ database, workflows, bank }: RoundDependencies): Promise<{ told: number }> {
  let told = 0;
  for (let after: EnrolmentId | null = null; ;) {
    const completed: Awaited<ReturnType<typeof completedButUntold>> = await completedButUntold(database, after, BATCH);
    if (completed.length === 0) return { told };
    for (const { enrolmentId, workflowId } of completed) {
      try {
        await workflows.getHandle(workflowId).signal(courseCompleted, { enrolmentId });
        told += 1;
      } catch (error) {
        // its journey has ended: there is nothing left to tell
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
      await enrolmentTold(database, enrolmentId, now(bank));
    }
    heartbeat({ told });
    after = completed.at(-1)?.enrolmentId ?? null;
  }
}
