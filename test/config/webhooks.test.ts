import { partnerSettings, partnerVariable } from '../../config/partners.js';
import { isSignedWebhook, isWebhookSecret, signWebhook, WEBHOOK_TOLERANCE_MS } from '../../config/webhooks.js';
import type { PartnerRef } from '../../domain/types.js';

/** The example of the reference libraries of Standard Webhooks. */
const EXAMPLE = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: '1614265330',
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const SENT = Number(EXAMPLE.timestamp) * 1000;
const OTHER = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

interface Sent {
  secrets?: string[];
  id?: string | undefined;
  timestamp?: string | undefined;
  signature?: string | undefined;
  body?: string;
  now?: number;
}
const isGood = (more: Sent = {}): boolean => {
  const { secrets = [EXAMPLE.secret], body, now = SENT, ...headers } = { ...EXAMPLE, ...more };
  return isSignedWebhook(secrets, headers, Buffer.from(body), now);
};

test('the specification’s own example is good, and what we sign is what it says', () => {
  expect(isGood()).toBe(true);
  expect(signWebhook(EXAMPLE.secret, EXAMPLE.id, EXAMPLE.body, SENT + 999)).toEqual({
    'webhook-id': EXAMPLE.id,
    'webhook-timestamp': EXAMPLE.timestamp,
    'webhook-signature': EXAMPLE.signature,
  });
});

test.each<[string, Sent]>([
  ['another body', { body: '{"test": 2432232315}' }],
  ['another id', { id: 'msg_other' }],
  ['another time', { timestamp: '1614265331' }],
  ['another secret', { secrets: [OTHER] }],
  ['no secret at all', { secrets: [] }],
  ['no signature', { signature: undefined }],
  ['no id', { id: undefined }],
  ['no time', { timestamp: undefined }],
  ['a time that is no number', { timestamp: '1614265330.5' }],
  ['a signature of another version', { signature: EXAMPLE.signature.replace('v1', 'v2') }],
  ['half a signature', { signature: EXAMPLE.signature.slice(0, 20) }],
  ['an id longer than anybody keeps', { id: 'm'.repeat(201) }],
])('%s is not good', (_words, sent) => {
  expect(isGood(sent)).toBe(false);
});

test('it is good for five minutes, before and after', () => {
  expect([-1, 1].map((way) => isGood({ now: SENT + way * WEBHOOK_TOLERANCE_MS }))).toEqual([true, true]);
  expect([-1, 1].map((way) => isGood({ now: SENT + way * (WEBHOOK_TOLERANCE_MS + 1) }))).toEqual([false, false]);
});

test('while a secret is changed, either side may have two', () => {
  expect(isGood({ secrets: [OTHER, EXAMPLE.secret] })).toBe(true);
  expect(isGood({ signature: `v1a,x v1,AAAA ${EXAMPLE.signature}` })).toBe(true);
});

test('a secret is 24 to 64 bytes in base64', () => {
  const of = (bytes: number) => `whsec_${Buffer.alloc(bytes, 1).toString('base64')}`;
  expect([of(24), of(64), of(32).slice(6)].map(isWebhookSecret)).toEqual([true, true, true]);
  expect([of(23), of(65), 'whsec_', 'whsec_not base64!'].map(isWebhookSecret)).toEqual([false, false, false, false]);
});

describe('a partner’s settings', () => {
  const REF = 'gift-house' as PartnerRef;
  const read = (env: Record<string, string>) => partnerSettings(REF, env);

  test('are the environment’s, by the partner’s name', () => {
    expect(partnerVariable(REF, 'URL')).toBe('KEEPWELL_PARTNER_GIFT_HOUSE_URL');
    expect(
      read({
        KEEPWELL_PARTNER_GIFT_HOUSE_URL: 'https://gifts.example/orders',
        KEEPWELL_PARTNER_GIFT_HOUSE_SECRET: `${OTHER}, ${EXAMPLE.secret}`,
      }),
    ).toEqual({ orderUrl: 'https://gifts.example/orders', secrets: [OTHER, EXAMPLE.secret] });
    expect(read({})).toEqual({ orderUrl: null, secrets: [] });
  });

  test('that can’t be used are told without being repeated', () => {
    expect(() => read({ KEEPWELL_PARTNER_GIFT_HOUSE_URL: 'ftp://gifts.example' })).toThrow(
      /^KEEPWELL_PARTNER_GIFT_HOUSE_URL is not usable/,
    );
    expect(() => read({ KEEPWELL_PARTNER_GIFT_HOUSE_SECRET: 'password' })).toThrow(
      /^KEEPWELL_PARTNER_GIFT_HOUSE_SECRET is not usable: it must be whsec_(?!.*password)/,
    );
  });
});
