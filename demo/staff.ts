import { WorkflowNotFoundError } from '@temporalio/client';
import { createHash, randomUUID } from 'node:crypto';
import { askAgain } from '../config/ask-again.js';
import { dateIn } from '../domain/calendar.js';
import { handsOf, type TaskPlace } from '../domain/task-hands.js';
import { days, type CustomerRef, type Instant, type ZoneId } from '../domain/types.js';
import { readAssignmentSnapshot } from '../store/assignment.js';
import { complainedAbout } from '../store/complained-about.js';
import { recordTaskResult } from '../store/tasks.js';
import { insertText } from '../store/texts.js';
import { assignComplaint, resolveComplaint, TASK_QUEUE, WORKFLOWS, type RoundInput } from '../workflows/contract.js';
import { handling } from './actors.js';
import type { Stage } from './stage.js';

interface OpenComplaint {
  ref: string;
  key: string;
  workflowId: string;
  customerRef: CustomerRef;
  openedAt: Instant;
  handlerRef: string | null;
  escalated: boolean;
}

const HANDLER = 'handler-1';
const HEAD = 'complaint-unit-head';

/** The complaint unit: it answers some in time, lets others run late, and its head answers some of those. */
export class ComplaintUnit {
  constructor(
    private readonly stage: Stage,
    private readonly seed: number,
  ) {}

  async work(): Promise<void> {
    const { rows } = await this.stage.app.query<OpenComplaint>(
      `select complaint_ref as ref, complaint_key as key, workflow_id as "workflowId", customer_ref as "customerRef",
              opened_at as "openedAt", handler_ref as "handlerRef", escalated_at is not null as escalated
         from complaints where resolved_at is null order by complaint_ref`,
    );
    await Promise.all(rows.map((complaint) => this.handle(complaint)));
  }

  private async handle(complaint: OpenComplaint): Promise<void> {
    const plan = handling(this.seed, complaint.customerRef);
    if (plan.assigned && !complaint.handlerRef) await this.assign(complaint);
    const age = this.stage.now() - complaint.openedAt;
    const due = plan.resolvedAfterDays !== null && age >= days(plan.resolvedAfterDays);
    if (complaint.escalated ? plan.headAnswers : due)
      await this.resolve(complaint, complaint.escalated ? HEAD : HANDLER);
  }

  private assign(complaint: OpenComplaint): Promise<void> {
    return this.tell(complaint, (handle) => handle.executeUpdate(assignComplaint, { args: [{ handlerRef: HANDLER }] }));
  }

  private async resolve(complaint: OpenComplaint, handlerRef: string): Promise<void> {
    const textId = randomUUID();
    const body = 'We looked into it, we are sorry, and we have put it right.';
    await insertText(this.stage.app, {
      textId,
      customerRef: complaint.customerRef,
      body,
      receivedAt: this.stage.now(),
    });
    await this.tell(complaint, (handle) => handle.executeUpdate(resolveComplaint, { args: [{ handlerRef, textId }] }));
  }

  private async tell(
    complaint: OpenComplaint,
    ask: (handle: ReturnType<Stage['client']['workflow']['getHandle']>) => Promise<unknown>,
  ): Promise<void> {
    try {
      const handle = this.stage.client.workflow.getHandle(complaint.workflowId);
      await askAgain(() => ask(handle));
    } catch (error) {
      // a complaint from a survey has its row a moment before its workflow; it is handled on the next look
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
}

interface AskedFraudCheck extends TaskPlace {
  taskId: string;
  customerRef: CustomerRef;
  zone: ZoneId;
}

/** Of 256 customers of whom it is asked, so many are being cheated. */
const CHEATED_OF_256 = 32;

/** Managers ask whether customers with a large outflow are being cheated; who is not is decided on again. */
export class FraudDesk {
  constructor(
    private readonly stage: Stage,
    private readonly seed: number,
  ) {}

  async work(): Promise<void> {
    const { rows } = await this.stage.app.query<AskedFraudCheck>(
      `select task_id as "taskId", t.customer_ref as "customerRef", i.zone, t.manager_ref as "managerRef",
              branch_ref as "branchRef", ${complainedAbout('t.customer_ref')} as "complainedAbout"
         from tasks t join customers c using (customer_ref) cross join installation i
        where kind = 'fraud-check' and done_at is null order by task_id`,
    );
    for (const check of rows) await this.answer(check);
    if (rows.length > 0) await this.judgeAgain();
  }

  private async answer(check: AskedFraudCheck): Promise<void> {
    const { taskId, customerRef, zone } = check;
    const at = this.stage.now();
    const drawn = createHash('sha256').update(`${this.seed}:${customerRef}:cheated`).digest().readUInt8(0);
    const result = drawn < CHEATED_OF_256 ? 'cheated' : 'not-cheated';
    const day = dateIn(zone, at);
    const [by] = handsOf(check, await readAssignmentSnapshot(this.stage.app, day), day);
    if (by === undefined) return;
    await recordTaskResult(this.stage.app, { taskId, by, result, reason: null, callBackAt: null, note: null, at, day });
  }

  private async judgeAgain(): Promise<void> {
    const { asOf, clock, client } = this.stage;
    const input: RoundInput = { clock, asOf, scope: 'all' };
    await client.workflow.execute(WORKFLOWS.round, {
      taskQueue: TASK_QUEUE,
      workflowId: `round:demo:${asOf}:${randomUUID()}`,
      args: [input],
      staticSummary: `customers who are not being cheated, found on ${asOf}`,
    });
  }
}
