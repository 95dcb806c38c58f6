import { createServer, type Server, type Socket } from 'node:net';
import { CLAIM_LEASE_MS, readFailure, smtpMailDoor, type Delivery, type Mail } from '../../activities/mail.js';

const MAIL: Mail = {
  messageId: '<letter@bank.example>',
  to: 'anna@customers.example',
  subject: 'Your complaint',
  html: '<p>We are sorry.</p>',
  text: 'We are sorry.',
  headers: { 'X-Keepwell-Class': 'statutory' },
};

/** What is told of an error as nodemailer makes it, when the handing over of the message had begun. */
const read = (
  error: Record<string, string | number>,
  stage: 'connecting' | 'handing-over' = 'handing-over',
): Delivery => readFailure(Object.assign(new Error('mail failed'), error), stage);

describe('what an error of the mail server tells about a message', () => {
  test.each([421, 450, 451, 452])('%d: not taken now, whatever was asked', (responseCode) => {
    for (const command of ['CONN', 'EHLO', 'MAIL FROM', 'RCPT TO', 'DATA'])
      expect(read({ responseCode, command })).toEqual({ kind: 'later', answer: `${responseCode} to ${command}` });
  });

  test.each(['550 no such mailbox', '551 not here', '553 no such name', '550 5.1.1 nobody of that name'])(
    '"%s" to RCPT TO: nobody lives there',
    (response) => {
      const responseCode = Number(response.slice(0, 3));
      const answer = `${responseCode} to RCPT TO`;
      expect(read({ responseCode, command: 'RCPT TO', response })).toEqual({ kind: 'refused', answer, address: true });
    },
  );

  test.each([
    '552 mailbox full',
    '554 5.7.1 your server is on a list',
    '550 5.7.1 not by our policy',
    '550 5.2.2 full',
  ])('"%s" to RCPT TO: this message is refused for good, but the customer still lives there', (response) => {
    const responseCode = Number(response.slice(0, 3));
    const answer = `${responseCode} to RCPT TO`;
    expect(read({ responseCode, command: 'RCPT TO', response })).toEqual({ kind: 'refused', answer, address: false });
  });

  test.each([500, 550, 554])('%d to DATA: the text is refused for good, and the customer is still there', (code) => {
    expect(read({ responseCode: code, command: 'DATA', response: `${code} 5.1.1 no` })).toEqual({
      kind: 'refused',
      answer: `${code} to DATA`,
      address: false,
    });
  });

  test.each(['CONN', 'EHLO', 'STARTTLS', 'AUTH PLAIN', 'MAIL FROM'])(
    "a 5xx to %s is trouble between the bank and its server, not the customer's",
    (command) => {
      const answer = `535 to ${command}`;
      expect(read({ responseCode: 535, command }, 'connecting')).toEqual({ kind: 'later', answer });
    },
  );

  test.each([
    ['a refused connection', { code: 'ESOCKET', syscall: 'connect', command: 'CONN' }, 'ESOCKET'],
    ['a name that no server has', { code: 'EDNS', command: 'CONN' }, 'EDNS'],
    ['a connection that takes too long', { code: 'ETIMEDOUT', timeoutType: 'CONNECT_TIMEOUT' }, 'ETIMEDOUT'],
    ['a greeting that does not come', { code: 'ETIMEDOUT', timeoutType: 'GREETING_TIMEOUT' }, 'ETIMEDOUT'],
    ['a line that breaks before the greeting', { code: 'ECONNECTION', command: 'CONN' }, 'ECONNECTION'],
  ])('%s while connecting: certainly not taken', (_what, error, answer) => {
    expect(read(error, 'connecting')).toEqual({ kind: 'later', answer });
  });

  test.each([
    ['silence on an open line', { code: 'ETIMEDOUT', timeoutType: 'SOCKET_TIMEOUT', command: 'CONN' }, 'ETIMEDOUT'],
    ['a line that broke', { code: 'ECONNECTION', command: 'CONN' }, 'ECONNECTION'],
    ['a line that was reset', { code: 'ESOCKET', syscall: 'read', command: 'CONN' }, 'ESOCKET'],
    ['an error that nobody knows', {}, 'Error'],
  ])('%s while handing over: it may have been taken', (_what, error, answer) => {
    expect(read(error)).toEqual({ kind: 'unknown', answer });
  });
});

describe('on a real line', () => {
  /** Enough to begin a sending, and no more to wait for a silent server. */
  const SHORT_MS = 1_200;
  let servers: Server[];
  let sockets: Socket[];
  /** What the server has heard, line by line. */
  let heard: string[];
  beforeEach(() => {
    servers = [];
    sockets = [];
    heard = [];
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  });

  type Script = (line: string, socket: Socket) => string | null;
  /** Answers as an obedient server does. */
  const obedient: Script = (line) => {
    if (line === 'connected') return '220 bank.example ready';
    if (line === '.') return '250 kept';
    if (line.startsWith('EHLO')) return '250-bank.example\r\n250 AUTH PLAIN';
    if (/^(MAIL FROM|RCPT TO)/.test(line)) return '250 ok';
    if (line.startsWith('AUTH')) return '235 welcome';
    return line === 'DATA' ? '354 go on' : null;
  };
  /** Answers as told where it is told, and obediently elsewhere. */
  const but =
    (pattern: RegExp, answer: Script): Script =>
    (line, socket) =>
      pattern.test(line) ? answer(line, socket) : obedient(line, socket);
  const hangUp: Script = (_line, socket) => {
    socket.destroy();
    return null;
  };
  const silent: Script = () => null;

  function converse(script: Script, socket: Socket): void {
    const answer = (line: string): void => {
      const said = script(line, socket);
      if (said !== null && !socket.destroyed) socket.write(`${said}\r\n`);
    };
    let unread = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      unread += chunk.toString();
      const lines = unread.split('\r\n');
      unread = lines.pop() ?? '';
      for (const line of lines) {
        heard.push(line);
        answer(line);
      }
    });
    answer('connected');
  }

  async function listen(script: Script): Promise<number> {
    const server = createServer((socket) => {
      sockets.push(socket);
      converse(script, socket);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  async function deliver(script: Script, more: { scheme?: string; within?: number } = {}): Promise<Delivery> {
    const { scheme = 'smtp://', within = CLAIM_LEASE_MS } = more;
    const door = smtpMailDoor(`${scheme}127.0.0.1:${await listen(script)}`, 'Test Bank <service@bank.example>');
    return door.deliver(MAIL, Date.now() + within);
  }

  test('a message is taken when the server says so, with the Message-ID and headers that it was given', async () => {
    expect(await deliver(obedient)).toEqual({ kind: 'accepted', answer: '250 kept' });
    expect(heard).toContain('Message-ID: <letter@bank.example>');
    expect(heard).toContain('From: Test Bank <service@bank.example>');
    expect(heard).toContain('X-Keepwell-Class: statutory');
    expect(heard.filter((line) => /^(MAIL|RCPT)/.test(line))).toEqual([
      'MAIL FROM:<service@bank.example>',
      'RCPT TO:<anna@customers.example>',
    ]);
  });

  test('a server that wants a password gets it; one that refuses it is an outage, and has taken nothing', async () => {
    const scheme = 'smtp://bank:secret@';
    expect((await deliver(obedient, { scheme })).kind).toBe('accepted');
    expect(heard.filter((line) => line.startsWith('AUTH'))).toHaveLength(1);
    heard = [];
    const wrong = but(/^AUTH/, () => '535 5.7.8 wrong password');
    expect(await deliver(wrong, { scheme })).toEqual({ kind: 'later', answer: '535 to AUTH PLAIN' });
    expect(heard.some((line) => line.startsWith('MAIL'))).toBe(false);
  });

  test.each([
    ['has the whole text', /^\.$/],
    ['is about to get the text', /^DATA$/],
    ['has heard the recipient', /^RCPT/],
  ])('a server that dies when it %s may have taken the message', async (_when, line) => {
    expect((await deliver(but(line, hangUp))).kind).toBe('unknown');
  });

  test.each([
    ['before its greeting', /^connected$/],
    ['at the first word', /^EHLO/],
  ])('a server that dies %s has taken nothing', async (_when, line) => {
    expect((await deliver(but(line, hangUp))).kind).toBe('later');
    expect(heard).not.toContain('DATA');
  });

  test('a server that is silent when it has the whole text is left when the claim runs out, unsure', async () => {
    const delivery = await deliver(but(/^\.$/, silent), { within: SHORT_MS });
    expect(delivery).toEqual({ kind: 'unknown', answer: 'the claim ran out' });
    expect(heard).toContain('We are sorry.');
  });

  test('a server that never greets, or with which no encryption comes about, has taken nothing', async () => {
    expect((await deliver(silent, { within: SHORT_MS })).kind).toBe('later');
    expect((await deliver(silent, { within: SHORT_MS, scheme: 'smtps://' })).kind).toBe('later');
  });

  test('a claim that is nearly over is not begun with: the server hears nothing', async () => {
    expect(await deliver(obedient, { within: 900 })).toEqual({ kind: 'later', answer: 'the claim was too old' });
    expect(await deliver(obedient, { within: -1 })).toEqual({ kind: 'later', answer: 'the claim was too old' });
    expect(sockets).toEqual([]);
  });

  test('nobody listens: nothing was taken', async () => {
    // a port that was just given up
    const port = await listen(obedient);
    await new Promise((resolve) => servers[0]?.close(resolve));
    const door = smtpMailDoor(`smtp://127.0.0.1:${port}`, 'Test Bank <service@bank.example>');
    expect((await door.deliver(MAIL, Date.now() + CLAIM_LEASE_MS)).kind).toBe('later');
  });

  test.each<[string, string, Delivery]>([
    ['RCPT TO', '550 no such mailbox', { kind: 'refused', answer: '550 to RCPT TO', address: true }],
    ['RCPT TO', '550 5.7.1 blocked', { kind: 'refused', answer: '550 to RCPT TO', address: false }],
    ['RCPT TO', '450 mailbox busy', { kind: 'later', answer: '450 to RCPT TO' }],
    ['MAIL FROM', '550 who are you', { kind: 'later', answer: '550 to MAIL FROM' }],
    ['DATA', '554 not this', { kind: 'refused', answer: '554 to DATA', address: false }],
    ['.', '554 not this text', { kind: 'refused', answer: '554 to DATA', address: false }],
    ['.', '451 disk full', { kind: 'later', answer: '451 to DATA' }],
  ])('%s answered by "%s"', async (command, answer, delivery) => {
    const pattern = command === '.' ? /^\.$/ : new RegExp(`^${command}`);
    expect(await deliver(but(pattern, () => answer))).toEqual(delivery);
  });

  test.each(['421 closing for the night', '554 go away'])(
    'a server that greets with "%s" has taken nothing',
    async (said) => {
      expect((await deliver(but(/^connected$/, () => said))).kind).toBe('later');
    },
  );
});
