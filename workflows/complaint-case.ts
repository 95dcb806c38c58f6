import {
  allHandlersFinished,
  condition,
  getExternalWorkflowHandle,
  log,
  setCurrentDetails,
  setHandler,
  uuid4,
} from '@temporalio/workflow';
import type { ComplaintRef, Instant } from '../domain/types.js';
import { post, record } from './activities.js';
import {
  assignComplaint,
  complaintClosed,
  complaintOpened,
  complaintReceipt,
  complaintState,
  resolveComplaint,
  type ComplaintInput,
  type ComplaintReceipt,
  type ComplaintState,
} from './contract.js';
import { refuse } from './refuse.js';
import { waitUntil } from './waiting.js';

type ComplaintLetter = Parameters<typeof post.sendComplaintLetter>[0]['letter'];
type Opened = Awaited<ReturnType<typeof record.openComplaint>>;

/** A complaint: a number at once, an acknowledgement, a handler, escalation when it is late, an answer. */
export async function complaintCase(input: ComplaintInput): Promise<ComplaintState> {
  const complaint = new Complaint(input);
  const opened = await complaint.open();
  complaint.write('complaint-acknowledgement');
  await tellJourney(opened, complaintOpened);
  if (!(await complaint.resolvedBy(opened.dueAt))) {
    await complaint.escalate(opened.escalateTo);
    await complaint.resolved();
  }
  complaint.write('complaint-resolved');
  await tellJourney(opened, complaintClosed);
  await complaint.written();
  await condition(allHandlersFinished);
  return complaint.state();
}

class Complaint {
  private opened: Opened | null = null;
  private step: ComplaintState['step'] = 'received';
  private handlerRef: string | null = null;
  private resolving = false;
  private done = false;
  private letters: Promise<void> = Promise.resolve();

  constructor(private readonly input: ComplaintInput) {
    setHandler(complaintReceipt, () => this.receipt());
    setHandler(complaintState, () => this.state());
    setHandler(assignComplaint, (asked) => this.assign(asked.handlerRef));
    setHandler(resolveComplaint, (asked) => this.resolve(asked));
  }

  async open(): Promise<Opened> {
    this.opened = await record.openComplaint.executeWithOptions({ summary: 'number, due date, promotions hold' }, [
      this.input,
    ]);
    this.at('open');
    return this.opened;
  }

  /**
   * Sends a letter after those before it. Nothing waits for it but the end: the statutory clock runs on while a mail
   * server is down.
   */
  write(letter: ComplaintLetter): void {
    const { customerRef } = this.input;
    const asked = { complaintRef: this.ref(), customerRef, letter };
    this.letters = this.letters.then(async () => {
      await post.sendComplaintLetter.executeWithOptions({ summary: letter }, [asked]);
    });
  }

  written(): Promise<void> {
    return this.letters;
  }

  resolvedBy(due: Instant): Promise<boolean> {
    return waitUntil(this.input.clock, due, () => this.done, 'answer due');
  }

  /** A complaint is never given up: it waits for its answer however long that takes. */
  resolved(): Promise<void> {
    return condition(() => this.done);
  }

  async escalate(to: string): Promise<void> {
    await record.escalateComplaint.executeWithOptions({ summary: `late: passed to ${to}` }, [
      { complaintRef: this.ref(), to },
    ]);
    // the answer came while it was being passed on
    if (this.done) return;
    this.at('escalated');
    this.write('complaint-escalated');
  }

  state(): ComplaintState {
    const { step, handlerRef, opened } = this;
    return {
      complaintRef: opened?.complaintRef ?? null,
      step,
      words: this.words(),
      dueAt: opened?.dueAt ?? null,
      handlerRef,
    };
  }

  private async receipt(): Promise<ComplaintReceipt> {
    await condition(() => this.opened !== null);
    const { dueAt } = this.opened as Opened;
    return { complaintRef: this.ref(), dueAt };
  }

  private async assign(handlerRef: string): Promise<ComplaintState> {
    await condition(() => this.opened !== null);
    await record.assignComplaint.executeWithOptions({ summary: `handler ${handlerRef}` }, [
      { complaintRef: this.ref(), handlerRef, assignment: uuid4() },
    ]);
    this.handlerRef = handlerRef;
    if (this.step === 'open') this.at('assigned');
    return this.state();
  }

  private async resolve(asked: { handlerRef: string; textId: string }): Promise<ComplaintState> {
    await condition(() => this.opened !== null);
    // two who wait wake up together: each looks again
    while (this.resolving) await condition(() => !this.resolving);
    if (this.done) throw refuse(`${this.ref()} was answered already by ${this.handlerRef}`);
    this.resolving = true;
    try {
      await record.resolveComplaint.executeWithOptions({ summary: `answered by ${asked.handlerRef}` }, [
        { complaintRef: this.ref(), ...asked },
      ]);
      this.handlerRef = asked.handlerRef;
      this.done = true;
      this.at('resolved');
    } finally {
      this.resolving = false;
    }
    return this.state();
  }

  private ref(): ComplaintRef {
    if (!this.opened) throw new Error('a complaint that was not opened has no number yet');
    return this.opened.complaintRef;
  }

  private at(step: ComplaintState['step']): void {
    this.step = step;
    setCurrentDetails(`**${step}**: ${this.words()}`);
  }

  private words(): string {
    if (!this.opened) return 'was received and gets its number';
    const due = new Date(this.opened.dueAt).toISOString();
    const { complaintRef, escalateTo } = this.opened;
    const handler = this.handlerRef ? `handled by ${this.handlerRef}` : 'nobody handles it yet';
    if (this.step === 'resolved') return `${complaintRef} was answered by ${this.handlerRef}`;
    if (this.step === 'escalated') return `${complaintRef} is late (was due ${due}) and with ${escalateTo}; ${handler}`;
    return `${complaintRef} is due ${due} (business time); ${handler}`;
  }
}

/** The journey holds its promotions by the database in any case; this lets it go on as soon as it may. */
async function tellJourney(opened: Opened, signal: typeof complaintOpened): Promise<void> {
  if (!opened.journeyWorkflowId) return;
  try {
    await getExternalWorkflowHandle(opened.journeyWorkflowId).signal(signal, opened.complaintRef);
  } catch (error) {
    log.info('the journey had ended before it could be told', {
      why: error instanceof Error ? error.message : String(error),
    });
  }
}
