import { createTransport } from 'nodemailer';

/**
 * A claim is good for this long: what the server has not taken by then is not sent any more. A complaint that is opened
 * meanwhile can only be overtaken by a message that was claimed within this time.
 */
export const CLAIM_LEASE_MS = 5_000;
const CONNECT_MS = 1_500;
const SILENCE_MS = 3_000;

export interface Mail {
  messageId: string;
  to: string;
  subject: string;
  html: string;
  text: string;
  headers: Record<string, string>;
}

export type Delivery =
  | { kind: 'accepted'; answer: string }
  /** refused for good (5xx); `address` when it was the recipient that was refused, not the text */
  | { kind: 'refused'; answer: string; address: boolean }
  /** certainly not taken; may be tried again */
  | { kind: 'later'; answer: string }
  /** the line broke, perhaps after the text had gone out: it may or may not have been taken */
  | { kind: 'unknown'; answer: string };

export interface MailDoor {
  deliver(mail: Mail): Promise<Delivery>;
  close(): void;
}

interface SmtpError extends Error {
  code?: string;
  command?: string;
  responseCode?: number;
  syscall?: string;
  timeoutType?: string;
}

/** The server was never spoken to, so it can't have taken anything. */
function neverConnected(error: SmtpError): boolean {
  const before = ['CONNECTION_TIMEOUT', 'GREETING_TIMEOUT'];
  return error.syscall === 'connect' || error.code === 'EDNS' || before.includes(error.timeoutType ?? '');
}

/**
 * What an SMTP error tells about the message. Nodemailer gives a line that broke the command `CONN` whatever had been
 * sent over it, so only a failure to connect, or an answer in digits, is certain.
 */
export function readFailure(error: SmtpError): Delivery {
  const answer = error.responseCode
    ? `${error.responseCode} to ${error.command ?? 'SMTP'}`
    : (error.code ?? error.name);
  if (error.responseCode && error.responseCode >= 500)
    return { kind: 'refused', answer, address: error.command === 'RCPT TO' };
  if (error.responseCode || neverConnected(error)) return { kind: 'later', answer };
  return { kind: 'unknown', answer };
}

/** Mail over SMTP, a connection for each message: an idle one that has gone stale would leave every send unsure. @param from the bank's address, `Name <address>` */
export function smtpMailDoor(smtpUrl: string, from: string): MailDoor {
  const transport = createTransport({
    url: smtpUrl,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
  });
  return {
    async deliver(mail) {
      try {
        const { response } = await transport.sendMail({ from, ...mail });
        return { kind: 'accepted', answer: response.slice(0, 200) };
      } catch (error) {
        return readFailure(error as SmtpError);
      }
    },
    close: () => transport.close(),
  };
}
