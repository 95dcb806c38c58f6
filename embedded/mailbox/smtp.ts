import { SMTPServer, type SMTPServerAddress, type SMTPServerDataStream } from 'smtp-server';
import type { Letters } from './letters.js';

/** Longest message; ours are below 100 kB. Longer ones are refused for good. */
export const LONGEST_MESSAGE_BYTES = 1024 * 1024;
/** Most recipients of one message. */
const MOST_RECIPIENTS = 100;
/** A sender that is silent for so long is cut off. */
const IDLE_LIMIT_MS = 60_000;

/** A domain whose mailboxes don't exist: to try what Keepwell does when mail is refused for good. */
export const REFUSED_DOMAIN = 'refused.example';
/** A domain whose mailboxes are always busy: to try what it does when it shall try again. */
export const BUSY_DOMAIN = 'busy.example';

/** An SMTP server (not yet listening) that keeps every letter before it says 250. */
export function mailServer(letters: Letters, onTrouble: (error: Error) => void): SMTPServer {
  const server = new SMTPServer({
    name: 'mailbox.keepwell.example',
    banner: 'Keepwell mailbox: nothing is sent on',
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: LONGEST_MESSAGE_BYTES,
    socketTimeout: IDLE_LIMIT_MS,
    onRcptTo: (address, session, callback) => callback(refusal(address, session.envelope.rcptTo.length)),
    onData: (stream, session, callback) => {
      const { mailFrom, rcptTo } = session.envelope;
      const to = rcptTo.map(({ address }) => address);
      keep(stream, letters, mailFrom === false ? '' : mailFrom.address, to).then(
        (seq) => callback(null, `2.0.0 kept as ${seq}`),
        (error: Error) => {
          onTrouble(error);
          callback(error instanceof SmtpRefusal ? error : new SmtpRefusal(451, '4.3.0 could not keep it; try again'));
        },
      );
    },
  });
  // A sender that hangs up mid-word is its own affair; unheard, the event would end this process.
  server.on('error', onTrouble);
  return server;
}

/** An answer that begins with its code, which smtp-server reads from the error. */
class SmtpRefusal extends Error {
  constructor(
    readonly responseCode: number,
    message: string,
  ) {
    super(message);
  }
}

function refusal(address: SMTPServerAddress, recipients: number): SmtpRefusal | null {
  const domain = address.address.slice(address.address.lastIndexOf('@') + 1).toLowerCase();
  if (domain === REFUSED_DOMAIN) return new SmtpRefusal(550, '5.1.1 mailbox unavailable');
  if (domain === BUSY_DOMAIN) return new SmtpRefusal(451, '4.2.1 mailbox busy, try again later');
  if (recipients >= MOST_RECIPIENTS) return new SmtpRefusal(452, '4.5.3 too many recipients');
  return null;
}

async function keep(stream: SMTPServerDataStream, letters: Letters, from: string, to: string[]): Promise<number> {
  const chunks: Buffer[] = [];
  // Read to the end even when it is too long: the refusal can only be said after the sender's last line.
  for await (const chunk of stream as AsyncIterable<Buffer>) if (!stream.sizeExceeded) chunks.push(chunk);
  if (stream.sizeExceeded) throw new SmtpRefusal(552, `5.3.4 longer than ${LONGEST_MESSAGE_BYTES} bytes`);
  try {
    return await letters.add(Buffer.concat(chunks), from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    throw new SmtpRefusal(452, '4.3.1 the disk is full; free some space, then it is accepted');
  }
}
