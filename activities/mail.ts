import DKIM from 'nodemailer/lib/dkim';
import MailComposer from 'nodemailer/lib/mail-composer';
import { parseConnectionUrl } from 'nodemailer/lib/shared';
import SMTPConnection, { type SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection';
import type { DkimKey } from '../config/dkim.js';

/**
 * A claim is good for this long: what the server has not taken by then is not sent any more, and the line is cut. A
 * complaint that is opened meanwhile can only be overtaken by a message that was claimed within this time.
 */
export const CLAIM_LEASE_MS = 5_000;
/** With less than this left of the lease a sending is not begun. */
export const LEAST_TO_BEGIN_MS = 1_000;
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
 * Fields under the signature, those that are there. RFC 8058, 3.1: a mail program acts on one click only where both
 * List-Unsubscribe and List-Unsubscribe-Post are signed, so that nobody on the way can put in an address of theirs.
 */
const SIGNED_FIELDS = [
  ...['From', 'Reply-To', 'To', 'Subject', 'Date', 'Message-ID', 'MIME-Version', 'Content-Type'],
  ...['Content-Transfer-Encoding', 'List-Unsubscribe', 'List-Unsubscribe-Post'],
].join(':');

/** Header fields that stay one line on the wire: a relay that folds anew breaks signatures, and some programs read only one. */
const UNFOLDED: ReadonlySet<string> = new Set(['List-Unsubscribe']);
/** RFC 5322, 2.1.1: characters of a line; and nothing that could end it. */
const ONE_LINE = /^[\x21-\x7e]{1,900}$/;

type Headers = NonNullable<ConstructorParameters<typeof MailComposer>[0]>['headers'];

/** @throws Error when what must stay one line can't */
function asSent(headers: Record<string, string>): Headers {
  const lines = Object.entries(headers).map(([name, value]): [string, string | { prepared: true; value: string }] => {
    if (!UNFOLDED.has(name)) return [name, value];
    if (!ONE_LINE.test(value)) throw new Error(`the header ${name} does not fit into one line; shorten its address`);
    return [name, { prepared: true, value }];
  });
  return Object.fromEntries(lines);
}

/** The message as it goes over the wire, signed where there is a key. */
async function built(from: string, { headers, ...mail }: Mail, dkim: DKIM | null): Promise<Buffer> {
  const message = await new MailComposer({ from, ...mail, headers: asSent(headers) }).compile().build();
  if (!dkim) return message;
  const chunks: Buffer[] = [];
  for await (const chunk of dkim.sign(message)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const signer = ({ domain, selector, key }: DkimKey): DKIM =>
  new DKIM({ domainName: domain, keySelector: selector, privateKey: key, headerFieldNames: SIGNED_FIELDS });

/**
 * Mail over SMTP, a connection for each message: an idle one that has gone stale would leave every send unsure.
 * @param smtpUrl `smtp://` or `smtps://`, with user and password where the server wants them
 * @param from the bank's address, `Name <address>`
 * @param key signs the mails (DKIM); null: they go out unsigned
 */
export function smtpMailDoor(smtpUrl: string, from: string, key: DkimKey | null = null): MailDoor {
  const options: SMTPConnectionOptions & { auth?: { user: string; pass: string } } = {
    ...(parseConnectionUrl(smtpUrl) as SMTPConnectionOptions),
    dnsTimeout: DNS_MS,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: CLAIM_LEASE_MS,
    socketCloseTimeout: 0,
  };
  const sender = from.replace(/^.*<|>$/g, '');
  const dkim = key && signer(key);
  return {
    async deliver(mail, deadline) {
      const message = await built(from, mail, dkim);
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
