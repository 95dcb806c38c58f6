import { WorkflowExecutionAlreadyStartedError, type WorkflowClient } from '@temporalio/client';
import { addMillis, days, type Instant } from '../domain/types.js';
import type { Sql } from '../store/database.js';
import { stopsOverSince } from '../store/outbound-stops.js';
import { pausesSince } from '../store/pauses.js';
import { journeysToHear, type JourneyRow } from '../store/journeys.js';
import { campaignPaused, campaignResumed, doorOpened, newsStart, type JourneyNews } from '../workflows/contract.js';
import { now } from './dependencies.js';
import { whileBeating, type RoundDependencies } from './round.js';
import { sweep, SWEEP_BATCH, tellRun } from './sweep.js';

/** The round runs daily, so this outlasts a week's outage. */
const LOOK_BACK_DAYS = 14;

/** Tells open journeys what their campaign, or the whole house, has decided. */
export function newsActivities(deps: RoundDependencies) {
  return {
    /** Told twice it changes nothing: the news names itself. */
    tellJourneys: (news: JourneyNews): Promise<{ told: number }> => whileBeating(tellJourneys(deps, news)),
    /** Starts the telling of what was decided of late, where nobody has: told once, it is not told again. */
    resumeNews: (): Promise<{ looked: number }> => whileBeating(resumeNews(deps)),
  };
}
export type NewsActivities = ReturnType<typeof newsActivities>;

async function resumeNews({ database, workflows, bank }: RoundDependencies): Promise<{ looked: number }> {
  const news = await newsSince(database, addMillis(now(bank), days(-LOOK_BACK_DAYS)));
  for (const one of news)
    try {
      await workflows.start(...newsStart(one));
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  return { looked: news.length };
}

async function newsSince(sql: Sql, since: Instant): Promise<JourneyNews[]> {
  const pauses = await pausesSince(sql, since);
  const stops = await stopsOverSince(sql, since);
  return [
    ...pauses.map(({ pauseId, pausedAt, resumedAt, campaignRef }): JourneyNews => {
      if (resumedAt === null) return { kind: 'paused', campaignRef, pause: { pauseId, pausedAt } };
      return { kind: 'resumed', campaignRef, pause: { pauseId, pausedAt, resumedAt } };
    }),
    ...stops.map((stopId): JourneyNews => ({ kind: 'door-opened', stopId })),
  ];
}

async function tellJourneys({ database, workflows }: RoundDependencies, news: JourneyNews): Promise<{ told: number }> {
  const campaignRef = news.kind === 'door-opened' ? null : news.campaignRef;
  const { told } = await sweep<JourneyRow>(
    (last) => journeysToHear(database, { campaignRef, after: last?.journeyId ?? null, limit: SWEEP_BATCH }),
    ({ workflowId }) => tell(workflows, workflowId, news),
  );
  return { told };
}

function tell(workflows: WorkflowClient, workflowId: string, news: JourneyNews): Promise<boolean> {
  if (news.kind === 'paused') return tellRun(workflows, workflowId, campaignPaused, news.pause);
  if (news.kind === 'resumed') return tellRun(workflows, workflowId, campaignResumed, news.pause);
  return tellRun(workflows, workflowId, doorOpened);
}
