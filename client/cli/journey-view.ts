import type { JourneyState } from '../../workflows/contract.js';
import type { JourneyRecords, JourneySummary } from '../../store/reads/journey.js';
import type { StoryLine } from '../journey-story.js';
import { facts, iso, when } from './output.js';

export interface JourneyView {
  records: JourneyRecords;
  story: StoryLine[];
  /** what the run says of itself, or why it could not be asked */
  live: JourneyState | string;
}

export function summaryForPrograms<Summary extends JourneySummary>(journey: Summary): object {
  const { admittedAt, goalMetAt, closedAt } = journey;
  return { ...journey, admittedAt: iso(admittedAt), goalMetAt: iso(goalMetAt), closedAt: iso(closedAt) };
}

export function journeyForPrograms({ records, story, live }: JourneyView): object {
  const { journey, survey, complaints, postings } = records;
  return {
    journey: { ...summaryForPrograms(journey), startedAt: iso(journey.startedAt) },
    live: typeof live === 'string' ? null : { ...live, waitsUntil: iso(live.waitsUntil) },
    liveWords: typeof live === 'string' ? live : live.words,
    story: story.map((entry) => ({ ...entry, at: iso(entry.at) })),
    survey: survey && {
      ...survey,
      askedAt: iso(survey.askedAt),
      expiresAt: iso(survey.expiresAt),
      answeredAt: iso(survey.answeredAt),
    },
    complaints: complaints.map((complaint) => ({
      ...complaint,
      openedAt: iso(complaint.openedAt),
      dueAt: iso(complaint.dueAt),
      resolvedAt: iso(complaint.resolvedAt),
    })),
    postings: postings.map((posting) => ({ ...posting, at: iso(posting.at) })),
  };
}

/** The journey for support staff: where it stands, and how it came there. Instants are the bank's zone's. */
export function journeyForPeople({ records, story, live }: JourneyView, zone: string): string {
  const { journey } = records;
  const head = facts([
    ['journey', journey.journeyId],
    ['customer', journey.customerRef],
    ['campaign', `${journey.campaignRef} version ${journey.version}`],
    ['manager', journey.managerRef],
    ['tier at start', journey.tierAtStart],
    ['goal', journey.goalMetAt === null ? 'not met' : `met on ${when(journey.goalMetAt, zone)}`],
    ['outcome', journey.outcome ?? 'still open'],
    ['where it stands', journey.closedAt === null ? liveWords(live, zone) : journey.stepWords],
  ]);
  const lines = story.flatMap(({ at, what, why, rules }) => [
    `${when(at, zone)}  ${what}.`,
    ...(why.length > 0 ? [`${' '.repeat(18)}because ${why.join('; ')}${rules ? ` (${rules})` : ''}`] : []),
  ]);
  return `${head}\n\nWhat happened (times of ${zone}):\n\n${lines.join('\n')}`;
}

function liveWords(live: JourneyState | string, zone: string): string {
  if (typeof live === 'string') return live;
  const until = live.waitsUntil === null ? '' : `, until ${when(live.waitsUntil, zone)}`;
  const complaint = live.complaintOpen ? '; a complaint is open, so nothing is sold' : '';
  return `${live.words}${until}${complaint}`;
}
