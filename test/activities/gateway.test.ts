import { createServer } from 'node:net';
import { httpGatewayDoor, readStatus, type GatewayMessage } from '../../activities/gateway.js';
import { CLAIM_LEASE_MS, type Delivery } from '../../activities/mail.js';
import { startGateway, type GatewayMood, type GatewayServer } from '../setup/gateway-server.js';

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const MESSAGE: GatewayMessage = {
  messageId: 'abc@bank.example',
  channel: 'sms',
  to: '+8613800138000',
  text: '【Test Bank】您好',
  language: 'zh-CN',
  class: 'service',
};

describe('what an answer of a gateway tells about a message', () => {
  test.each<[number[], Delivery['kind'], boolean | undefined]>([
    [[200, 202, 204, 409], 'accepted', undefined],
    [[410], 'refused', true],
    [[422], 'refused', false],
    [[301, 400, 401, 403, 404, 405, 413, 415, 429, 500, 502, 503, 504], 'later', undefined],
  ])('%j: %s', (statuses, kind, address) => {
    for (const status of statuses)
      expect(readStatus(status)).toEqual({
        kind,
        answer: `HTTP ${status}`,
        ...(address === undefined ? {} : { address }),
      });
  });
});

describe('on a real line', () => {
  let gateway: GatewayServer;
  beforeEach(async () => void (gateway = await startGateway(SECRET)));
  afterEach(() => gateway.close());

  const deliver = (within = CLAIM_LEASE_MS, secret = SECRET, url = gateway.url): Promise<Delivery> =>
    httpGatewayDoor({ url, secrets: [secret] }).deliver(MESSAGE, Date.now() + within);
  const meeting = (...moods: GatewayMood[]): Promise<Delivery> => {
    gateway.moods.push(...moods);
    return deliver();
  };

  test('a message is signed, and sent with all that a gateway has to know', async () => {
    expect(await deliver()).toEqual({ kind: 'accepted', answer: 'HTTP 202' });
    expect(gateway.sent).toEqual([MESSAGE]);
  });

  test('a message that it has already is taken, and sent once', async () => {
    expect(await deliver()).toEqual({ kind: 'accepted', answer: 'HTTP 202' });
    expect(await deliver()).toEqual({ kind: 'accepted', answer: 'HTTP 409' });
    expect(gateway.sent).toHaveLength(1);
  });

  test.each<[GatewayMood, Delivery]>([
    [410, { kind: 'refused', answer: 'HTTP 410', address: true }],
    [422, { kind: 'refused', answer: 'HTTP 422', address: false }],
    [429, { kind: 'later', answer: 'HTTP 429' }],
    [503, { kind: 'later', answer: 'HTTP 503' }],
    ['drop', { kind: 'unknown', answer: 'ECONNRESET' }],
  ])('meeting %j', async (mood, delivery) => expect(await meeting(mood)).toEqual(delivery));

  test('a gateway with another secret is an outage: nothing is said against the message', async () => {
    const other = `whsec_${Buffer.alloc(32, 6).toString('base64')}`;
    expect(await deliver(CLAIM_LEASE_MS, other)).toEqual({ kind: 'later', answer: 'HTTP 401' });
    expect(gateway.asked).toEqual([]);
  });

  test('a gateway that is silent when it has the message is left when the claim runs out, unsure', async () => {
    gateway.moods.push('silent');
    const began = Date.now();
    expect(await deliver(1_200)).toEqual({ kind: 'unknown', answer: 'the claim ran out' });
    expect(Date.now() - began).toBeLessThan(CLAIM_LEASE_MS);
    expect(gateway.sent).toHaveLength(1);
  });

  test('a claim that is nearly over is not begun with: the gateway hears nothing', async () => {
    expect(await deliver(900)).toEqual({ kind: 'later', answer: 'the claim was too old' });
    expect(gateway.asked).toEqual([]);
  });

  test('nobody listens: nothing was taken', async () => {
    await gateway.close();
    expect(await deliver()).toEqual({ kind: 'later', answer: 'ECONNREFUSED' });
  });

  test('with a line on which no encryption comes about nothing was taken', async () => {
    const mute = createServer((socket) => void socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const address = mute.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const delivery = await deliver(1_300, SECRET, `https://127.0.0.1:${port}/messages`);
    await new Promise((resolve) => mute.close(resolve));
    expect(delivery.kind).toBe('later');
  });
});
