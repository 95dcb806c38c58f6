import type { DecisionRecord, JourneyRecords, OutreachRecord } from '../store/reads/journey.js';
import { dateIn } from '../domain/calendar.js';
import { instant, type Instant, type ZoneId } from '../domain/types.js';
import { reasonWords } from './reason-words.js';

/** One thing that happened, in words for staff who know no Temporal. */
export interface StoryLine {
  at: Instant;
  what: string;
  /** the reasons, in words; what a program wants are the codes */
  why: string[];
  reasons: string[];
  /** the rule that decided, with its version; null for what no rule decided */
  rules: string | null;
}

/**
 * The story of a journey in order: each decision with its reasons, messages on their way that no decision has settled
 * yet, and the points that were posted. Days are those of the bank's zone.
 */
export function journeyStory(records: JourneyRecords, zone: ZoneId): StoryLine[] {
  const { journey, decisions, outreach, postings, survey } = records;
  const decided = new Set(decisions.map(({ key }) => key));
  const lines = [
    ...(decisions.some(({ kind }) => kind === 'admission')
      ? []
      : [line(journey.admittedAt, 'The journey was admitted')]),
    ...decisions.map((decision) => decisionLine(decision, zone)),
    ...outreach.filter(({ key }) => !decided.has(key)).flatMap(onItsWay),
    ...(survey ? [line(survey.askedAt, `The survey is open until ${dateIn(zone, survey.expiresAt)}`)] : []),
    ...postings.map(({ at, points, memo }) => line(at, `${points} points were posted to the customer (${memo})`)),
    ...(journey.closedAt !== null && !decisions.some(({ kind }) => kind === 'settlement')
      ? [line(journey.closedAt, `The journey ended: ${journey.outcome}`)]
      : []),
  ];
  // what was written in one moment stays in the order in which it was decided
  return lines
    .map((entry, index) => ({ entry, index }))
    .sort((a, b) => a.entry.at - b.entry.at || a.index - b.index)
    .map(({ entry }) => entry);
}

const line = (at: Instant, what: string): StoryLine => ({ at, what, why: [], reasons: [], rules: null });

function decisionLine(decision: DecisionRecord, zone: ZoneId): StoryLine {
  const { at, reasons, rules } = decision;
  return { at, what: whatOf(decision, zone), why: reasons.map(reasonWords), reasons, rules };
}

function whatOf({ kind, verdict, saw }: DecisionRecord, zone: ZoneId): string {
  switch (kind) {
    case 'admission':
      return verdict === 'admitted' ? 'The customer was admitted to the campaign' : 'The customer was not admitted';
    case 'assignment':
      return verdict === 'nobody-free'
        ? 'No relationship manager is free'
        : `Relationship manager ${verdict} looks after the customer`;
    case 'message':
      return messageWords(verdict, said(saw['messageClass']), said(saw['template']));
    case 'answer':
      return `The customer answered the survey with ${said(saw['score'])} of 10 (${verdict})`;
    case 'complaint':
      return complaintWords(verdict, saw, zone);
    case 'goal':
      return verdict === 'met' ? 'The goal is met' : `The goal: ${verdict}`;
    case 'first-contact':
      return verdict === 'team-leads'
        ? 'The first contact is with the team leads'
        : `The first contact passed to ${verdict}`;
    case 'task':
      return taskWords(verdict, saw);
    case 'hand-over':
      return verdict === 'not-placed'
        ? 'The hand-over found nobody for the customer'
        : `The customer was handed over to ${verdict}`;
    case 'deferral':
      return `${said(saw['by'])} lets the customer alone for a while`;
    case 'recommendation':
      return verdict === 'recommended'
        ? `The product ${said(saw['product'])} was recommended`
        : 'No product was recommended';
    case 'education':
      return `The course ${said(saw['course'])}: ${verdict}`;
    case 'version-move':
      return verdict === 'moved'
        ? `The journey moved from version ${said(saw['from'])} to ${said(saw['to'])}`
        : `The journey could not move to version ${said(saw['to'])}`;
    case 'credit-standing':
      return 'The customer was told why the credit standing is about to fall';
    case 'settlement':
      return `The journey ended: ${verdict}`;
    default:
      return `${kind}: ${verdict}`;
  }
}

function taskWords(verdict: string, saw: Record<string, unknown>): string {
  const by = said(saw['by']);
  if (verdict === 'not-asked') return `No ${said(saw['task'])} is made`;
  return by
    ? `${by} on the ${said(saw['task'])}: ${verdict}`
    : `${said(saw['manager']) || 'The team lead'} has a ${verdict} to make`;
}

function messageWords(verdict: string, messageClass: string, template: string): string {
  const message = `${messageClass ? `${messageClass} ` : ''}message "${template}"`;
  const words: Record<string, string> = {
    sent: `The ${message} was sent`,
    held: `The ${message} is held back for now`,
    withheld: `The ${message} was not sent`,
    refused: `The ${message} was refused`,
    bounced: `The ${message} did not reach the customer after all`,
    unknown: `It is not known whether the ${message} was sent`,
  };
  return words[verdict] ?? `The ${message}: ${verdict}`;
}

function complaintWords(verdict: string, saw: Record<string, unknown>, zone: ZoneId): string {
  const due = typeof saw['dueAt'] === 'number' ? `, to be answered by ${dateIn(zone, instant(saw['dueAt']))}` : '';
  const words: Record<string, string> = {
    opened: `A complaint was opened${due}`,
    assigned: `The complaint was given to ${said(saw['handlerRef'])}`,
    escalated: `The complaint was not answered in time and went to ${said(saw['to'])}`,
    'answered-meanwhile': 'The complaint was answered just as it was being passed on',
    resolved: `The complaint was answered by ${said(saw['handlerRef'])}${saw['late'] === 1 ? ', late' : ''}`,
  };
  return words[verdict] ?? `The complaint: ${verdict}`;
}

function onItsWay({ at, template, messageClass, state, attempts }: OutreachRecord): StoryLine[] {
  if (at === null) return [];
  const words = state === 'waiting' ? 'was not taken by the mail server yet and is tried again' : `is ${state}`;
  return [line(at, `The ${messageClass} message "${template}" ${words} (attempt ${attempts})`)];
}

const said = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
