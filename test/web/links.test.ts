import fc from 'fast-check';
import { LINK_PURPOSES, linkUrl, MAX_TOKEN_CHARS, readLink, signLink } from '../../config/links.js';

const SECRET = Buffer.alloc(32, 7).toString('base64');
const purpose = fc.constantFrom(...LINK_PURPOSES);
const subject = fc.oneof(fc.uuid(), fc.stringMatching(/^c[0-9a-z]{1,31}$/));
const link = fc.record({ purpose, subject, expiresAt: fc.integer({ min: 1, max: 4_102_444_800_000 }) });

test('a link gives its subject back until the instant of its expiry, and not at it', () => {
  fc.assert(
    fc.property(link, (given) => {
      const token = signLink(SECRET, given);
      expect(readLink(SECRET, given.purpose, token, given.expiresAt - 1)).toEqual({ ok: true, subject: given.subject });
      expect(readLink(SECRET, given.purpose, token, given.expiresAt)).toEqual({ ok: false, reason: 'expired' });
    }),
  );
});

test('a link is useless for another purpose, even when it has expired', () => {
  fc.assert(
    fc.property(link, purpose, fc.integer({ min: 0, max: 4_102_444_800_000 }), (given, other, now) => {
      fc.pre(other !== given.purpose);
      expect(readLink(SECRET, other, signLink(SECRET, given), now)).toEqual({ ok: false, reason: 'wrong-purpose' });
    }),
  );
});

test('a changed bit, wherever it stands, makes a link forged', () => {
  const token = signLink(SECRET, { purpose: 'survey', subject: 'c42', expiresAt: 1_000 });
  const bytes = Buffer.from(token, 'base64url');
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(readLink(SECRET, 'survey', flipped.toString('base64url'), 0)).toEqual({ ok: false, reason: 'forged' });
  }
});

test('any other character in its place makes a link forged, spare bits included', () => {
  fc.assert(
    fc.property(link, fc.nat(), fc.constantFrom(...'ABCDabcd0189-_=.+/ '), (given, at, character) => {
      const token = signLink(SECRET, given);
      const place = at % token.length;
      fc.pre(token[place] !== character);
      const changed = token.slice(0, place) + character + token.slice(place + 1);
      expect(readLink(SECRET, given.purpose, changed, 0)).toEqual({ ok: false, reason: 'forged' });
    }),
  );
});

test('anything else is forged: text of any kind, cut, prolonged, signed with another secret', () => {
  const forged = { ok: false, reason: 'forged' };
  fc.assert(
    fc.property(purpose, fc.string({ maxLength: 300 }), (any, text) =>
      expect(readLink(SECRET, any, text, 0)).toEqual(forged),
    ),
  );
  const token = signLink(SECRET, { purpose: 'survey', subject: 'c42', expiresAt: 1_000 });
  const other = Buffer.alloc(32, 8).toString('base64');
  for (const text of ['', token.slice(1), token.slice(0, -1), `${token}A`, `${token}====`])
    expect(readLink(SECRET, 'survey', text, 0)).toEqual(forged);
  expect(readLink(other, 'survey', token, 0)).toEqual(forged);
});

test('a List-Unsubscribe header stays under 200 characters', () => {
  const token = signLink(SECRET, { purpose: 'unsubscribe', subject: 'c'.repeat(48), expiresAt: 4_102_444_800_000 });
  expect(token.length).toBeLessThanOrEqual(MAX_TOKEN_CHARS);
  expect(linkUrl('https://care.some-long-bank-name.example/', 'unsubscribe', token).length).toBeLessThan(200 - 20);
});

test('a subject or an expiry that does not fit is refused in words', () => {
  expect(() => signLink(SECRET, { purpose: 'survey', subject: '', expiresAt: 1 })).toThrow('1 to 48 bytes');
  expect(() => signLink(SECRET, { purpose: 'survey', subject: 'c'.repeat(49), expiresAt: 1 })).toThrow('1 to 48 bytes');
  expect(() => signLink(SECRET, { purpose: 'survey', subject: 'c1', expiresAt: Number.NaN })).toThrow(
    'business instant',
  );
});
