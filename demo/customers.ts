import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { askAgain } from '../config/ask-again.js';
import { withdraw } from '../workflows/contract.js';
import { character } from './actors.js';
import { openAndSend } from './browser.js';
import type { AcceptedMail } from './mailbox.js';
import type { Stage } from './stage.js';

const WORDS = {
  unhappy: 'I waited three weeks for a call that never came.',
  complaint: 'The branch charged me twice for the same transfer, and nobody answers my letters.',
  happy: 'Thank you, that helped.',
};

/** The customers: they read their mail, follow its links and do what people do. */
export class Customers {
  /** what each has done, so that a second letter is not answered a second time */
  private readonly did = new Set<string>();
  private readonly busy = new Map<string, Promise<void>>();
  private readonly failed: unknown[] = [];
  private readonly reminders = new Map<string, number>();

  constructor(
    private readonly stage: Stage,
    private readonly seed: number,
  ) {}

  /** Reads what has come and has each customer act on it, one thing after the other; nobody waits for anybody else. */
  async act(): Promise<void> {
    if (this.failed.length > 0) throw this.failed[0];
    const mails = await this.stage.mailbox.look();
    const byCustomer = new Map<string, AcceptedMail[]>();
    for (const mail of mails) byCustomer.set(mail.to, [...(byCustomer.get(mail.to) ?? []), mail]);
    for (const [customer, own] of byCustomer) {
      const before = this.busy.get(customer) ?? Promise.resolve();
      const reading = before
        .then(() => this.read(customer, own))
        .catch((error: unknown) => void this.failed.push(error));
      this.busy.set(customer, reading);
    }
  }

  /** Until everybody has done what the mail so far moved them to. */
  async done(): Promise<void> {
    await Promise.all(this.busy.values());
    if (this.failed.length > 0) throw this.failed[0];
  }

  private async read(customer: string, mails: AcceptedMail[]): Promise<void> {
    for (const mail of mails) {
      const link = (purpose: string): string | undefined =>
        mail.links.find((url) => new URL(url).pathname.startsWith(`/${purpose}/`));
      const survey = link('survey');
      if (survey && mail.messageClass === 'service') await this.onSurvey(customer, survey);
      else if (mail.messageClass === 'service') await this.onLetter(customer, link('complaint'));
      else if (mail.messageClass === 'promotional') await this.onPromotion(customer, link('unsubscribe'));
    }
  }

  private async onLetter(customer: string, complaint: string | undefined): Promise<void> {
    const { complains, withdraws } = character(this.seed, customer);
    if (complains && complaint)
      await this.once(customer, 'complaint', () => openAndSend(complaint, { narrative: WORDS.complaint }));
    if (withdraws) await this.onceQuietly(customer, () => this.askToBeLeftAlone(customer));
  }

  private async onPromotion(customer: string, unsubscribe: string | undefined): Promise<void> {
    if (unsubscribe && character(this.seed, customer).unsubscribes)
      await this.once(customer, 'unsubscribe', () => openAndSend(unsubscribe, {}));
  }

  private async onSurvey(customer: string, survey: string): Promise<void> {
    const { answer, afterReminders } = character(this.seed, customer);
    const asked = this.reminders.get(customer) ?? 0;
    this.reminders.set(customer, asked + 1);
    if (answer === 'silent' || asked < afterReminders) return;
    const score = { happy: '9', neutral: '7', unhappy: '3' }[answer];
    const comment = answer === 'neutral' ? '' : WORDS[answer];
    await this.once(customer, 'survey', () => openAndSend(survey, { score, comment }));
  }

  private async once(customer: string, what: string, act: () => Promise<{ status: number } | null>): Promise<void> {
    if (this.did.has(`${customer} ${what}`)) return;
    this.did.add(`${customer} ${what}`);
    const answered = await act();
    // over is an answer too: the journey or the survey had ended when the customer got round to it
    if (answered !== null && answered.status !== 200 && answered.status !== 410)
      throw new Error(`a customer's ${what} was answered with ${answered.status}`);
  }

  private async onceQuietly(customer: string, act: () => Promise<void>): Promise<void> {
    if (this.did.has(`${customer} withdraw`)) return;
    this.did.add(`${customer} withdraw`);
    await act();
  }

  /** Told to the manager, who withdraws the customer. */
  private async askToBeLeftAlone(customer: string): Promise<void> {
    const { rows } = await this.stage.app.query<{ workflow_id: string }>(
      'select workflow_id from journeys join customers using (customer_ref) where email = $1 and closed_at is null',
      [customer],
    );
    for (const { workflow_id } of rows) {
      try {
        const handle = this.stage.client.workflow.getHandle(workflow_id);
        const updateId = `withdraw:${workflow_id}`;
        await askAgain(() => handle.executeUpdate(withdraw, { updateId, args: [{ by: 'staff' }] }));
      } catch (error) {
        // it has ended by itself meanwhile
        if (!(error instanceof WorkflowNotFoundError || error instanceof WorkflowUpdateFailedError)) throw error;
      }
    }
  }
}
