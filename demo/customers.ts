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
  private readonly done = new Set<string>();
  private readonly reminders = new Map<string, number>();

  constructor(
    private readonly stage: Stage,
    private readonly seed: number,
  ) {}

  /** Reads what has come and acts on it. */
  async act(): Promise<void> {
    const mails = await this.stage.mailbox.look();
    // one after the other within a customer, side by side among them
    const byCustomer = new Map<string, AcceptedMail[]>();
    for (const mail of mails) byCustomer.set(mail.to, [...(byCustomer.get(mail.to) ?? []), mail]);
    await Promise.all([...byCustomer].map(([customer, own]) => this.read(customer, own)));
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
    if (this.done.has(`${customer} ${what}`)) return;
    this.done.add(`${customer} ${what}`);
    const answered = await act();
    // over is an answer too: the journey or the survey had ended when the customer got round to it
    if (answered !== null && answered.status !== 200 && answered.status !== 410)
      throw new Error(`a customer's ${what} was answered with ${answered.status}`);
  }

  private async onceQuietly(customer: string, act: () => Promise<void>): Promise<void> {
    if (this.done.has(`${customer} withdraw`)) return;
    this.done.add(`${customer} withdraw`);
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
