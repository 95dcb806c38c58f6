import { setTimeout as pause } from 'node:timers/promises';
import { TASK_QUEUE, WORKFLOWS, type RoundInput, type RoundResult } from '../workflows/contract.js';
import type { Say } from '../embedded/home.js';
import { Customers } from './customers.js';
import { Books } from './money.js';
import { ComplaintUnit, FraudDesk } from './staff.js';
import type { Stage } from './stage.js';

/** A demo that has not ended by this business day never will. */
const MOST_DAYS = 200;
/** How often people look into their mailboxes and queues, in wall ms. */
const LOOK_MS = 200;
const SAY_EVERY_DAYS = 7;
/** The worker is killed on this business day: offers are under way and surveys about to be sent. */
const KILL_ON_DAY = 9;

/** Detection, and then all the days until every journey has ended and every complaint is answered or escalated. */
export async function playDemo(stage: Stage, seed: number, kill: boolean, say: Say): Promise<void> {
  await stage.begin();
  const input: RoundInput = { clock: stage.clock, asOf: stage.asOf, scope: 'all' };
  const round = (await stage.client.workflow.execute(WORKFLOWS.round, {
    taskQueue: TASK_QUEUE,
    workflowId: `round:demo:${stage.asOf}`,
    args: [input],
    staticSummary: `customers at risk on ${stage.asOf}`,
  })) as RoundResult;
  say(`Detection: ${round.findings.map(({ trigger, customers }) => `${trigger} ${customers}`).join(', ')}.`);
  say(`${round.admitted} journeys begin; ${round.refused} customers have a recorded reason for none.`);
  await Promise.all([people(stage, seed, say), ...(kill ? [killLater(stage, say)] : [])]);
}

async function killLater(stage: Stage, say: Say): Promise<void> {
  const at = Date.now() + KILL_ON_DAY * stage.dayMs;
  await pause(at - Date.now());
  const pid = stage.worker?.pid;
  await stage.worker?.kill9();
  say(`Killed the worker (process ${pid}) with kill -9.`);
  await stage.worker?.ready;
  say(`A new worker (process ${stage.worker?.pid}) goes on.`);
}

/** Customers, complaint unit and books go on beside each other: nobody waits with a complaint for the end of the bank's day. */
async function people(stage: Stage, seed: number, say: Say): Promise<void> {
  const customers = new Customers(stage, seed);
  const unit = new ComplaintUnit(stage, seed);
  const fraud = new FraudDesk(stage, seed);
  const books = new Books(stage, seed);
  const over = new AbortController();
  const goOn = async (act: () => Promise<void>): Promise<void> => {
    while (!over.signal.aborted) {
      await act();
      await pause(LOOK_MS);
    }
  };
  const watching = watch(stage, say).finally(() => over.abort());
  const acting = [() => customers.act(), () => unit.work(), () => fraud.work(), () => books.endOfDay()].map((act) =>
    goOn(act).catch((error: unknown) => {
      over.abort();
      throw error;
    }),
  );
  await Promise.race([watching, Promise.all(acting)]);
  await Promise.all(acting);
  await customers.done();
}

/** Until nothing is open any more. */
async function watch(stage: Stage, say: Say): Promise<void> {
  const began = Date.now();
  for (let saidDay = 0; ; await pause(LOOK_MS)) {
    const open = await stillOpen(stage);
    const day = Math.floor((Date.now() - began) / stage.dayMs);
    if (day >= saidDay + SAY_EVERY_DAYS) {
      saidDay = day;
      say(`Day ${day}: ${open.journeys} journeys open, ${open.complaints} complaints waiting.`);
    }
    if (open.journeys === 0 && open.complaints === 0) return;
    if (day > MOST_DAYS)
      throw new Error(
        `after ${MOST_DAYS} days ${open.journeys} journeys and ${open.complaints} complaints are still open; look at the logs in ${stage.home}`,
      );
  }
}

/** By Temporal: journeys that run, and by the records: complaints neither answered nor told of as late. */
async function stillOpen(stage: Stage): Promise<{ journeys: number; complaints: number }> {
  const { count } = await stage.client.workflow.count(
    `WorkflowType = '${WORKFLOWS.journey}' and ExecutionStatus = 'Running'`,
  );
  const { rows } = await stage.app.query<{ n: number }>(
    `select count(*)::int as n from complaints c where not exists (
       select 1 from outreach o where o.complaint_ref = c.complaint_ref and o.template in ('complaint-escalated', 'complaint-resolved') and o.settled_at is not null)`,
  );
  return { journeys: count, complaints: rows[0]?.n ?? 0 };
}
