import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  messageId: string;
  to: string;
  subject: string;
  messageClass: string;
  text: string;
  html: string;
  headers: Record<string, string>;
  /** wall, ms: when the server took it */
  acceptedAt: number;
}

export interface MailServer {
  url: string;
  received: ReceivedMail[];
  /** the next so many connections are dropped before any answer */
  dropNext(n: number): void;
  close(): Promise<void>;
}

/** A real SMTP server in the test's own process; whoever lives at `refused.example` is refused for good. */
export async function startMailServer(): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  let drops = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onRcptTo({ address }, _session, done) {
      if (drops > 0) {
        drops -= 1;
        return done(Object.assign(new Error('try again later'), { responseCode: 451 }));
      }
      if (address.endsWith('@refused.example'))
        return done(Object.assign(new Error('no such mailbox'), { responseCode: 550 }));
      return done();
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        void PostalMime.parse(Buffer.concat(chunks)).then((mail) => {
          const headers = Object.fromEntries(mail.headers.map(({ key, value }) => [key, value]));
          received.push({
            acceptedAt: Date.now(),
            messageId: mail.messageId ?? '',
            to: session.envelope.rcptTo[0]?.address ?? '',
            subject: mail.subject ?? '',
            messageClass: headers['x-keepwell-class'] ?? '',
            text: mail.text ?? '',
            html: mail.html ?? '',
            headers,
          });
          done();
        }, done);
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    dropNext(n) {
      drops = n;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
