import { heartbeat } from '@temporalio/activity';
import { WorkflowExecutionAlreadyStartedError, type WorkflowClient } from '@temporalio/client';
import { ADMISSION_RULES, type AdmissionFacts, type PublishedCampaign } from '../domain/admission.js';
import { fraudQuestion } from '../domain/fraud-check.js';
import { admitBesideHoldout } from '../domain/holdout.js';
import type { CustomerRef, Instant, PlainDate } from '../domain/types.js';
import { currentCampaigns, customersToAdmit, lockAdmissionFacts, type CustomerToAdmit } from '../store/admissions.js';
import type { Sql } from '../store/database.js';
import { recordDecisions, type Decision } from '../store/decisions.js';
import { findCustomers } from '../store/detection/find-customers.js';
import { askFraudChecks, excludeCheated } from '../store/fraud-checks.js';
import { followedUntil, holdOut, isHeldOut } from '../store/holdouts.js';
import { dataUntil } from '../store/installation.js';
import { insertJourney, journeysToStart, journeyStarted, type JourneyToStart } from '../store/journeys.js';
import { journeyStart } from '../workflows/contract.js';
import { now, type Dependencies } from './dependencies.js';
import { evaluateTiers } from './tier-evaluations.js';

export interface RoundDependencies extends Dependencies {
  workflows: WorkflowClient;
}

/** Work over the whole bank says this often (ms) that it is alive; a worker that died is noticed after the heartbeat timeout. */
const BEAT_MS = 5_000;
/** Customers decided on in one transaction: their rows stay locked so long. */
const ADMISSION_BATCH = 200;
/** Workflows started at once; above 50 the server gains nothing (measured: 264 to 284 starts a second on two cores). */
const STARTS_AT_ONCE = 32;
const STARTS_BATCH = 500;

/** The daily round's work on the bank: evaluate, find, admit, start. Each may be run twice and does its work once. */
export function roundActivities(deps: RoundDependencies) {
  return {
    /** The day that is judged: the last of which the bank's data tell. */
    dayToJudge: (): Promise<PlainDate> => dataUntil(deps.database),
    evaluateTiers: async (input: { until: PlainDate }): Promise<{ evaluations: number; tierChanges: number }> => {
      const { evaluations, tierChanges } = await whileBeating(
        evaluateTiers({ database: deps.database, until: input.until }),
      );
      return { evaluations, tierChanges };
    },
    findCustomers: (input: { asOf: PlainDate }): Promise<{ trigger: string; customers: number }[]> =>
      whileBeating(findCustomers(deps.database, { asOf: input.asOf, foundAt: now(deps.bank) })),
    admitCustomers: (input: { asOf: PlainDate }): Promise<{ admitted: number; refused: number }> =>
      whileBeating(admitCustomers(deps, input.asOf)),
    startJourneys: (): Promise<{ started: number }> => whileBeating(startJourneys(deps)),
  };
}
export type RoundActivities = ReturnType<typeof roundActivities>;

/** Lets the server know that the worker lives, however long one statement or one batch takes. */
export async function whileBeating<Result>(work: Promise<Result>): Promise<Result> {
  const beat = setInterval(() => heartbeat(), BEAT_MS);
  try {
    return await work;
  } finally {
    clearInterval(beat);
  }
}

async function admitCustomers(
  deps: RoundDependencies,
  asOf: PlainDate,
): Promise<{ admitted: number; refused: number }> {
  const at = now(deps.bank);
  // who is being cheated is excluded before anybody is decided on
  await excludeCheated(deps.database, at);
  const campaigns = await currentCampaigns(deps.database, at);
  const count = { admitted: 0, refused: 0 };
  for (let last: CustomerRef | null = null; ;) {
    const customers: CustomerToAdmit[] = await customersToAdmit(deps.database, asOf, last, ADMISSION_BATCH);
    if (customers.length === 0) return count;
    const admitted = await deps.database.transaction((sql) => admitBatch(sql, customers, campaigns, asOf, at));
    count.admitted += admitted;
    count.refused += customers.length - admitted;
    last = customers.at(-1)?.customerRef ?? null;
    heartbeat(count);
  }
}

/** Decides on each of these customers and writes why; an admitted one has an open journey from this commit on. */
async function admitBatch(
  sql: Sql,
  customers: CustomerToAdmit[],
  campaigns: PublishedCampaign[],
  asOf: PlainDate,
  at: Instant,
): Promise<number> {
  const decisions: Decision[] = [];
  let admitted = 0;
  const keys = new Map(customers.map(({ customerRef, key }) => [customerRef, key]));
  const all = await lockAdmissionFacts(sql, [...keys.keys()], asOf);
  if (all.length !== customers.length)
    throw new Error(
      `${customers.length - all.length} of the customers found on ${asOf} have no tier on that day; evaluate the tiers first`,
    );
  const toAsk = all.filter((facts) => fraudQuestion(facts, asOf) === 'ask').map(({ customerRef }) => customerRef);
  const asked = await askFraudChecks(sql, toAsk, asOf, at);
  const followed = await followedUntil(sql, [...keys.keys()]);
  for (const facts of all) {
    const fraudCheck = asked.get(facts.customerRef) ?? facts.fraudCheck?.taskId ?? null;
    const question = { key: keys.get(facts.customerRef) ?? '', fraudCheck, followed: followed.get(facts.customerRef) };
    const decision = await admitOne(sql, facts, question, campaigns, at);
    if (decision.verdict === 'admitted') admitted += 1;
    decisions.push(decision);
  }
  await recordDecisions(sql, decisions);
  return admitted;
}

async function admitOne(
  sql: Sql,
  facts: AdmissionFacts,
  { key, fraudCheck, followed }: { key: string; fraudCheck: string | null; followed: Instant | undefined },
  campaigns: PublishedCampaign[],
  at: Instant,
): Promise<Decision> {
  const admission = admitBesideHoldout(facts, campaigns, followed, at);
  const saw = {
    ...facts,
    findings: facts.findings.map(({ trigger, score }) => ({ trigger, score })),
    campaigns: campaigns.map((c) => `${c.campaignRef}@${c.version}`),
  };
  const told = {
    key,
    customerRef: facts.customerRef,
    kind: 'admission',
    saw,
    rules: ADMISSION_RULES,
    at,
  };
  if (admission.verdict === 'refused') {
    const { reasons } = admission;
    // once this task is answered the customer is decided on again
    const result = reasons.includes('fraud-check-open') ? { fraudCheck } : {};
    return { ...told, journeyId: null, verdict: 'refused', reasons, result };
  }
  const { campaign, finding, tierRef, reasons } = admission;
  const { campaignRef, version } = campaign;
  const journey = {
    customerRef: facts.customerRef,
    campaignRef,
    version,
    findingId: finding.findingId,
    asOf: facts.asOf,
    tierRef,
    at,
  };
  if (isHeldOut(campaign, facts.customerRef)) {
    const until = await holdOut(sql, journey, campaign.definition);
    const result = { campaign: campaignRef, version, followedUntil: until };
    return { ...told, journeyId: null, verdict: 'held-out', reasons, result };
  }
  const journeyId = await insertJourney(sql, journey);
  if (!journeyId) return { ...told, journeyId: null, verdict: 'refused', reasons: ['started-today'], result: {} };
  return { ...told, journeyId, verdict: 'admitted', reasons, result: { journeyId, campaign: campaignRef, version } };
}

/** Starts the workflow of each admitted journey; one that runs already is left alone. */
async function startJourneys(deps: RoundDependencies): Promise<{ started: number }> {
  let started = 0;
  for (;;) {
    const batch = await journeysToStart(deps.database, STARTS_BATCH);
    if (batch.length === 0) return { started };
    for (let i = 0; i < batch.length; i += STARTS_AT_ONCE) {
      const some = batch.slice(i, i + STARTS_AT_ONCE);
      await Promise.all(some.map((journey) => startOnce(deps, journey)));
      await journeyStarted(
        deps.database,
        some.map((journey) => journey.journeyId),
        now(deps.bank),
      );
      started += some.length;
      heartbeat({ started });
    }
  }
}

async function startOnce(deps: RoundDependencies, journey: JourneyToStart): Promise<void> {
  try {
    await deps.workflows.start(...journeyStart({ ...journey, clock: deps.bank.clock }));
  } catch (error) {
    // it ran and has ended between the listing and now
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
