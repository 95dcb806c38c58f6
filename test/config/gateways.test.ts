import { gatewayDoors } from '../../activities/gateway.js';
import { gatewaySettings } from '../../config/gateways.js';

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const NEW = `whsec_${Buffer.alloc(32, 6).toString('base64')}`;
const URL = 'https://gateway.example/messages';

test('a channel without settings has no gateway', () => {
  expect(gatewaySettings('sms', {})).toBeNull();
  expect(Object.keys(gatewayDoors({}))).toEqual([]);
});

test('each channel has settings of its own; of two secrets the first signs', () => {
  const env = { KEEPWELL_GATEWAY_IM_URL: URL, KEEPWELL_GATEWAY_IM_SECRET: `${NEW}, ${SECRET}` };
  expect(gatewaySettings('im', env)).toEqual({ url: URL, secrets: [NEW, SECRET] });
  expect(gatewaySettings('sms', env)).toBeNull();
  expect(Object.keys(gatewayDoors(env))).toEqual(['im']);
});

test.each<[NodeJS.ProcessEnv, string]>([
  [{ KEEPWELL_GATEWAY_SMS_URL: URL }, 'KEEPWELL_GATEWAY_SMS_URL is set and KEEPWELL_GATEWAY_SMS_SECRET is not'],
  [{ KEEPWELL_GATEWAY_SMS_SECRET: SECRET }, 'KEEPWELL_GATEWAY_SMS_SECRET is set and KEEPWELL_GATEWAY_SMS_URL is not'],
  [{ KEEPWELL_GATEWAY_SMS_URL: 'ftp://x', KEEPWELL_GATEWAY_SMS_SECRET: SECRET }, 'starts with https:// or http://'],
  [
    { KEEPWELL_GATEWAY_SMS_URL: URL, KEEPWELL_GATEWAY_SMS_SECRET: 'letmein' },
    'whsec_ and the base64 of 24 to 64 bytes',
  ],
])('%j can not be used, and a sentence says what to write, without the value', (env, sentence) => {
  expect(() => gatewaySettings('sms', env)).toThrow(sentence);
  expect(() => gatewaySettings('sms', env)).not.toThrow('letmein');
  expect(() => gatewayDoors(env)).toThrow(sentence);
});
