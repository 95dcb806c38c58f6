import fc from 'fast-check';
import {
  MAX_WAITING,
  placeFor,
  promotions,
  REMINDER_DAYS,
  reminderOn,
  rsvpRefusal,
  type EventTimes,
} from '../../domain/event-seats.js';
import { addDays, instant, type PlainDate } from '../../domain/types.js';

const room = fc.record({ seats: fc.nat({ max: 30 }), seated: fc.nat({ max: 40 }), waiting: fc.nat({ max: 40 }) });

test('a newcomer gets a seat only when one is free and nobody waits for it', () => {
  fc.assert(
    fc.property(room, (now) => {
      expect(placeFor(now) === 'seated').toBe(now.seated < now.seats && now.waiting === 0);
      const moved = promotions(now);
      expect(moved).toBeGreaterThanOrEqual(0);
      expect(moved).toBeLessThanOrEqual(now.waiting);
      if (moved > 0) expect(now.seated + moved).toBeLessThanOrEqual(now.seats);
      // nobody waits beside an empty seat
      if (moved < now.waiting) expect(now.seated + moved).toBeGreaterThanOrEqual(now.seats);
    }),
  );
  expect(placeFor({ seats: 1, seated: 1, waiting: MAX_WAITING - 1 })).toBe('waiting');
  expect(placeFor({ seats: 1, seated: 1, waiting: MAX_WAITING })).toBe('waiting-list-full');
});

test('answers are taken until their last moment, and not at it', () => {
  const event: EventTimes = { state: 'open', rsvpUntil: instant(10), startsAt: instant(20), endsAt: instant(30) };
  expect([9, 10, 19, 20].map((at) => rsvpRefusal(event, instant(at)))).toEqual([
    null,
    'rsvp-over',
    'rsvp-over',
    'has-begun',
  ]);
  expect(rsvpRefusal({ ...event, state: 'cancelled' }, instant(1))).toBe('event-cancelled');
});

test('one reminder from two days before until the eve, another on the day, none else', () => {
  const startsOn = '2027-01-01' as PlainDate;
  const told = (day: number) => reminderOn(addDays(startsOn, day), startsOn);
  const soon = { reminder: 'reminder-soon', seatedBefore: addDays(startsOn, -REMINDER_DAYS) };
  expect([-3, -2, -1, 0, 1].map(told)).toEqual([
    null,
    soon,
    soon,
    { reminder: 'reminder-today', seatedBefore: startsOn },
    null,
  ]);
});
