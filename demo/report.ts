import Table from 'cli-table3';
import { one } from '../store/database.js';
import { surveyResponses } from '../store/reads/survey.js';
import { holds, type InvariantName, type Verdicts } from './invariants.js';
import type { Stage } from './stage.js';

export interface DemoReport {
  customers: number;
  accounts: number;
  transactions: number;
  detected: number;
  journeys: { started: number; closed: number; byOutcome: Record<string, number> };
  mails: { accepted: number; distinctMessageIds: number };
  surveys: { sent: number; answered: number };
  complaints: { opened: number; resolved: number; escalated: number };
  rewards: { posted: number; withheld: number; points: number };
  ledger: { sum: number };
  invariants: Record<InvariantName, boolean>;
  against: string[];
  seconds: number;
}

/** Violations shown; a run that went wrong altogether needs no longer list. */
const SHOWN = 20;

interface Counts {
  detected: number;
  started: number;
  closed: number;
  byOutcome: Record<string, number>;
  opened: number;
  resolved: number;
  escalated: number;
  posted: number;
  withheld: number;
  points: number;
  sum: number;
}

const COUNTS = `
select (select count(distinct customer_ref)::int from findings where as_of = $1) as detected,
       (select count(*)::int from journeys where started_at is not null) as started,
       (select count(*)::int from journeys where closed_at is not null) as closed,
       (select coalesce(jsonb_object_agg(outcome, n), '{}') from (select outcome, count(*) as n from journeys where outcome is not null group by outcome) o) as "byOutcome",
       (select count(*)::int from complaints) as opened,
       (select count(*)::int from complaints where resolved_at is not null) as resolved,
       (select count(*)::int from complaints where escalated_at is not null) as escalated,
       (select count(*)::int from postings where idempotency_key like 'reward:%') as posted,
       (select count(*)::int from decisions where kind = 'settlement' and reasons ? 'reward-withhold') as withheld,
       (select coalesce(sum(amount), 0)::int from postings where idempotency_key like 'reward:%') as points,
       (select coalesce(sum(coalesce((select sum(amount) from postings where to_account = ledger_account), 0)
                          - coalesce((select sum(amount) from postings where from_account = ledger_account), 0)), 0)::int
          from ledger_accounts) as sum`;

export async function makeReport(stage: Stage, verdicts: Verdicts, began: number): Promise<DemoReport> {
  const { rows } = await stage.owner.query<Counts>(COUNTS, [stage.asOf]);
  const counts = one(rows, 'the counts');
  const responses = await surveyResponses(stage.owner);
  const mails = await stage.mailbox.all();
  const names = Object.entries(verdicts) as [InvariantName, Verdicts[InvariantName]][];
  return {
    customers: stage.bank.customers,
    accounts: stage.bank.accounts,
    transactions: stage.bank.transactions,
    detected: counts.detected,
    journeys: { started: counts.started, closed: counts.closed, byOutcome: counts.byOutcome },
    mails: { accepted: mails.length, distinctMessageIds: new Set(mails.map((mail) => mail.messageId)).size },
    surveys: { sent: responses.asked, answered: responses.answered },
    complaints: { opened: counts.opened, resolved: counts.resolved, escalated: counts.escalated },
    rewards: { posted: counts.posted, withheld: counts.withheld, points: counts.points },
    ledger: { sum: counts.sum },
    invariants: Object.fromEntries(names.map(([name, finding]) => [name, holds(finding)])) as Record<
      InvariantName,
      boolean
    >,
    against: names
      .flatMap(([name, { looked, against }]) =>
        looked === 0 ? [`${name}: there was nothing to look at`] : against.map((what) => `${name}: ${what}`),
      )
      .slice(0, SHOWN),
    seconds: Math.round((Date.now() - began) / 1000),
  };
}

/** The same for people. */
export function describeReport(report: DemoReport): string {
  const { journeys, mails, surveys, complaints, rewards, ledger } = report;
  const table = new Table({ style: { head: [], border: [] } });
  table.push(
    ['Bank', `${report.customers} customers, ${report.accounts} accounts, ${report.transactions} transactions`],
    ['Found at risk', `${report.detected} customers`],
    ['Journeys', `${journeys.started} started, ${journeys.closed} closed`],
    [
      'Outcomes',
      Object.entries(journeys.byOutcome)
        .map(([outcome, n]) => `${outcome} ${n}`)
        .join(', '),
    ],
    ['Mail accepted', `${mails.accepted}, under ${mails.distinctMessageIds} Message-IDs`],
    ['Surveys', `${surveys.sent} sent, ${surveys.answered} answered`],
    ['Complaints', `${complaints.opened} opened, ${complaints.resolved} resolved, ${complaints.escalated} escalated`],
    ['Rewards', `${rewards.posted} posted (${rewards.points} points), ${rewards.withheld} withheld`],
    ['Ledger', `the accounts sum to ${ledger.sum}`],
    ['Took', `${report.seconds} s`],
  );
  const verdicts = Object.entries(report.invariants).map(([name, held]) => `${held ? '✓' : '✗'} ${name}`);
  return [table.toString(), ...verdicts, ...report.against.map((what) => `  ${what}`)].join('\n');
}
