import MailComposer from 'nodemailer/lib/mail-composer';
import { parseConnectionUrl } from 'nodemailer/lib/shared';
import SMTPConnection, { type SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection';

/**
 * A claim is good for this long: what the server has not taken by then is not sent any more, and the line is cut. A
 * complaint that is opened meanwhile can only be overtaken by a message that was claimed within this time.
 */
export const CLAIM_LEASE_MS = 5_000;
/** With less than this left of the lease a sending is not begun. */
const LEAST_TO_BEGIN_MS = 1_000;
const DNS_MS = 1_000;
const CONNECT_MS = 1_500;

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
  /** refused for good; `address` when nobody lives there, not when this text was refused */
  | { kind: 'refused'; answer: string; address: boolean }
  /** certainly not taken; may be tried again */
  | { kind: 'later'; answer: string }
  /** the line broke while the message was being handed over: it may or may not have been taken */
  | { kind: 'unknown'; answer: string };

export interface MailDoor {
  /** @param deadline wall instant (ms) at which the line is cut, whatever was said */
  deliver(mail: Mail, deadline: number): Promise<Delivery>;
}

export interface SmtpError extends Error {
  code?: string;
  command?: string;
  responseCode?: number;
  response?: string | Buffer;
}

/** How far a sending had come: until the greetings and the sign-in are over no server can have taken anything. */
export type SendingStage = 'connecting' | 'handing-over';

/** RFC 5321 codes with which a server says that there is no such mailbox. */
const NO_MAILBOX_CODES = [550, 551, 553];
/** RFC 3463: 5.1.x is about the address; another class (5.7.1, policy) in the same reply is not. */
const ENHANCED_CODE = /\b5\.(\d{1,3})\.\d{1,3}\b/;

function isDeadAddress({ responseCode = 0, command, response }: SmtpError): boolean {
  const subject = ENHANCED_CODE.exec(String(response ?? ''))?.[1];
  return command === 'RCPT TO' && NO_MAILBOX_CODES.includes(responseCode) && (subject === undefined || subject === '1');
}

/**
 * What an SMTP error tells about the message. Only a no to this recipient or this text is final; a server that does not
 * know us (a wrong password, a certificate, a busy greeting) is an outage. Without an answer in digits nothing is certain
 * once the handing over has begun.
 */
export function readFailure(error: SmtpError, stage: SendingStage): Delivery {
  const { responseCode, command = 'SMTP' } = error;
  const answer = responseCode ? `${responseCode} to ${command}` : (error.code ?? error.name);
  const final = responseCode !== undefined && responseCode >= 500 && (command === 'RCPT TO' || command === 'DATA');
  if (final) return { kind: 'refused', answer, address: isDeadAddress(error) };
  return { kind: stage === 'connecting' || (responseCode ?? 0) >= 400 ? 'later' : 'unknown', answer };
}

/**
 * Mail over SMTP, a connection for each message: an idle one that has gone stale would leave every send unsure.
 * @param smtpUrl `smtp://` or `smtps://`, with user and password where the server wants them
 * @param from the bank's address, `Name <address>`
 */
export function smtpMailDoor(smtpUrl: string, from: string): MailDoor {
  const options: SMTPConnectionOptions & { auth?: { user: string; pass: string } } = {
    ...(parseConnectionUrl(smtpUrl) as SMTPConnectionOptions),
    dnsTimeout: DNS_MS,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: CLAIM_LEASE_MS,
    socketCloseTimeout: 0,
  };
  const sender = from.replace(/^.*<|>$/g, '');
  return {
    async deliver(mail, deadline) {
      const message = await new MailComposer({ from, ...mail }).compile().build();
      const left = deadline - Date.now();
      if (left < LEAST_TO_BEGIN_MS) return { kind: 'later', answer: 'the claim was too old' };
      return handOver(options, { from: sender, to: mail.to }, message, left);
    },
  };
}

function handOver(
  options: SMTPConnectionOptions & { auth?: { user: string; pass: string } },
  envelope: { from: string; to: string },
  message: Buffer,
  withinMs: number,
): Promise<Delivery> {
  return new Promise((resolve) => {
    const connection = new SMTPConnection(options);
    let stage: SendingStage = 'connecting';
    const settle = (delivery: Delivery): void => {
      clearTimeout(limit);
      connection.close();
      resolve(delivery);
    };
    const fail = (error: SmtpError): void => settle(readFailure(error, stage));
    const limit = setTimeout(
      () => settle({ kind: stage === 'connecting' ? 'later' : 'unknown', answer: 'the claim ran out' }),
      withinMs,
    );
    const send = (): void => {
      stage = 'handing-over';
      connection.send(envelope, message, (error, sent) => {
        if (error) return fail(error as SmtpError);
        return settle({ kind: 'accepted', answer: (sent?.response ?? '').slice(0, 200) });
      });
    };
    connection.on('error', fail);
    connection.connect((error) => {
      if (error) return fail(error as SmtpError);
      if (!options.auth) return send();
      return connection.login(options.auth, (refused) => (refused ? fail(refused as SmtpError) : send()));
    });
  });
}
