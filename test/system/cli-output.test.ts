import { iso, facts, money, table, toJson, when } from '../../client/cli/output.js';
import { inWords } from '../../client/cli/words.js';
import { stateWords } from '../../client/cli/complaint.js';
import { roundSpec } from '../../client/schedules.js';
import { WALL_CLOCK } from '../../domain/business-clock.js';
import { instant, type ZoneId } from '../../domain/types.js';
import type { ComplaintSummary } from '../../store/reads/complaint.js';

test('JSON carries money as text and instants as ISO 8601', () => {
  expect(JSON.parse(toJson({ points: 9_007_199_254_740_993n, at: iso(0), none: iso(null) }))).toEqual({
    points: '9007199254740993',
    at: '1970-01-01T00:00:00.000Z',
    none: null,
  });
});

test('instants for people are those of the bank, over a clock change too', () => {
  expect(when(Date.UTC(2026, 0, 5, 16, 30), 'Asia/Shanghai')).toBe('2026-01-06 00:30');
  expect(when(Date.UTC(2026, 2, 29, 0, 59), 'Europe/Prague')).toBe('2026-03-29 01:59');
  expect(when(Date.UTC(2026, 2, 29, 1, 0), 'Europe/Prague')).toBe('2026-03-29 03:00');
  expect(when(null, 'Europe/Prague')).toBe('–');
});

test.each([
  [123_456_789n, 'CNY', '1,234,567.89 CNY'],
  [-5n, 'CZK', '-0.05 CZK'],
  [1_234n, 'JPY', '1,234 JPY'],
  [null, 'CNY', '–'],
])('%s minor units of %s are %s', (minor, currency, text) => {
  expect(money(minor, currency)).toBe(text);
});

test('a table keeps its columns with wide characters, and says when it is empty', async () => {
  const drawn = await table(
    ['name', 'points'],
    [
      ['王芳', 5n],
      ['Anna', null],
    ],
    'Nobody.',
  );
  expect(drawn.split('\n')).toEqual(['NAME  POINTS', '王芳  5', 'Anna  –']);
  expect(await table(['name'], [], 'Nobody.')).toBe('Nobody.');
  expect(
    facts([
      ['a', 1],
      ['long', undefined],
    ]),
  ).toBe('a     1\nlong  –');
});

test('errors become sentences', () => {
  const refusal = Object.assign(new Error('the tier is full'), { type: 'BusinessRefusal' });
  expect(inWords(new Error('update failed', { cause: refusal }))).toBe('the tier is full');
  const silent = Object.assign(new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })], ''), {});
  expect(inWords(silent)).toBe(
    'Postgres does not answer (ECONNREFUSED); look with "keepwell doctor" what is not running.',
  );
  const late = Object.assign(new Error('Failed to query', { cause: { code: 4 } }), { name: 'ServiceError' });
  expect(inWords(late)).toMatch(/^Temporal or its worker did not answer in time; look with/);
  expect(inWords('odd')).toBe('odd');
});

test('a complaint says where it stands', () => {
  const due = instant(1000);
  const open = {
    dueAt: due,
    resolvedAt: null,
    escalatedAt: null,
    escalatedTo: null,
    handlerRef: null,
    undelivered: [] as string[],
  } as ComplaintSummary;
  expect(stateWords(open, 999)).toBe('waits for a handler');
  expect(stateWords({ ...open, handlerRef: 'h1' }, 1001)).toBe('in work, overdue');
  expect(stateWords({ ...open, escalatedAt: due, escalatedTo: 'head' }, 1001)).toBe('escalated to head');
  expect(stateWords({ ...open, resolvedAt: instant(1001) }, 2000)).toBe('answered late');
  const undelivered = ['complaint-acknowledgement: address-refused'];
  expect(stateWords({ ...open, undelivered }, 999)).toBe('waits for a handler; LETTER NOT DELIVERED');
});

test('the round is due at an hour of the bank, or once in each day of a fast clock', () => {
  const zone = 'Asia/Shanghai' as ZoneId;
  expect(roundSpec({ zone, clock: WALL_CLOCK })).toEqual({
    calendars: [{ hour: 6, minute: 0, comment: 'daily round' }],
    timezone: zone,
  });
  const fast = (rate: number) => roundSpec({ zone, clock: { origin: 0, anchor: 0, rate } });
  expect(fast(8640)).toEqual({ intervals: [{ every: 10_000 }] });
  // the server asks a schedule at most once a second
  expect(fast(200_000)).toEqual({ intervals: [{ every: 1000 }] });
});
