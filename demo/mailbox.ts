import { z } from 'zod';

const message = z.object({
  seq: z.number(),
  acceptedAt: z.string(),
  messageId: z.string(),
  to: z.array(z.string()),
  messageClass: z.string().nullable(),
  subject: z.string(),
  links: z.array(z.string()),
});
const page = z.object({ messages: z.array(message) });
const PAGE = 500;

export interface AcceptedMail {
  seq: number;
  /** wall instant at which the server said yes, ms */
  acceptedAt: number;
  messageId: string;
  to: string;
  messageClass: string;
  subject: string;
  links: string[];
}

/** The customers' mailbox, read over HTTP as they would. */
export class Mailbox {
  private after = 0;

  constructor(private readonly url: string) {}

  /** What has come since the last look. */
  async look(): Promise<AcceptedMail[]> {
    const all = await this.since(this.after);
    this.after = all.at(-1)?.seq ?? this.after;
    return all;
  }

  /** Everything that was ever accepted. */
  all(): Promise<AcceptedMail[]> {
    return this.since(0);
  }

  private async since(after: number): Promise<AcceptedMail[]> {
    const found: AcceptedMail[] = [];
    for (let last = after; ;) {
      const response = await fetch(`${this.url}/api/messages?after=${last}&limit=${PAGE}`);
      if (!response.ok) throw new Error(`the mailbox answered ${response.status}`);
      const { messages } = page.parse(await response.json());
      for (const mail of messages) {
        const { seq, messageId, subject, links, messageClass } = mail;
        found.push({
          seq,
          messageId,
          subject,
          links,
          messageClass: messageClass ?? '',
          to: mail.to[0] ?? '',
          acceptedAt: Date.parse(mail.acceptedAt),
        });
      }
      last = messages.at(-1)?.seq ?? last;
      if (messages.length < PAGE) return found;
    }
  }
}
