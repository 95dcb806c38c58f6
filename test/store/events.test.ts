import { MAX_WAITING, type EventRef } from '../../domain/event-seats.js';
import {
  addMillis,
  days,
  instant,
  millis,
  type BranchRef,
  type CustomerRef,
  type Instant,
} from '../../domain/types.js';
import { Database } from '../../store/database.js';
import { attend, closeEvent } from '../../store/event-attendance.js';
import { cancelEvent, cancelRsvp, rsvp, setSeats, type EventRefused } from '../../store/events.js';
import { eventsOfCustomer, findEvent, listEvents } from '../../store/reads/events.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { announce, guests, lettersOf, placesOf, type salonOf } from '../setup/salon.js';

const AT = instant(Date.UTC(2026, 10, 24, 2));
const HOUR = 3_600_000;
const later = (hours: number): Instant => addMillis(AT, millis(hours * HOUR));
/** Connections at once: as many as customers. */
const AT_ONCE = 50;

let database: TestDatabase;
let many: Database;
beforeEach(async () => {
  database = await freshDatabase();
  many = Database.open(database.url, 'app', () => undefined, AT_ONCE);
});
afterEach(async () => {
  await many.close();
  await database.drop();
});

const come = (eventRef: EventRef, customerRef: CustomerRef, at = AT) => rsvp(many, { eventRef, customerRef, at });
const giveUp = (eventRef: EventRef, customerRef: CustomerRef, at = AT) =>
  cancelRsvp(many, { eventRef, customerRef, at });
const states = async (eventRef: EventRef): Promise<Record<string, number>> => {
  const count: Record<string, number> = {};
  for (const { state } of await placesOf(database, eventRef)) count[state] = (count[state] ?? 0) + 1;
  return count;
};
const reasonOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: EventRefused) => error.reason,
  );

describe('a salon of 20 seats, 50 customers who answer at once', () => {
  let salon: EventRef;
  let all: CustomerRef[];
  beforeEach(async () => {
    salon = await announce(database, AT, { seats: 20 });
    all = await guests(database, 50);
  });

  test('has the first 20 seated and 30 waiting in their order, and three who cancel at once promote exactly the next three', async () => {
    const answers = await Promise.all(all.map((guest) => come(salon, guest)));
    const arrived = await placesOf(database, salon);
    expect(arrived.map(({ position }) => position)).toEqual(all.map((_, i) => i + 1));
    expect(arrived.map(({ state }) => state)).toEqual(all.map((_, i) => (i < 20 ? 'seated' : 'waiting')));
    // what each was answered is the place that each has
    const inLine = new Map(all.map((guest, i) => [guest, answers[i]?.inLine ?? null]));
    expect(arrived.map(({ customerRef }) => inLine.get(customerRef))).toEqual(
      all.map((_, i) => (i < 20 ? null : i - 19)),
    );

    const leaving = [arrived[3], arrived[11], arrived[19]].map((place) => place?.customerRef as CustomerRef);
    const promoted = (await Promise.all(leaving.map((guest) => giveUp(salon, guest)))).map((done) => done.promoted);
    const next = arrived.slice(20, 23).map(({ customerRef }) => customerRef);
    expect(promoted.map((some) => some.length)).toEqual([1, 1, 1]);
    expect(promoted.flat().sort()).toEqual([...next].sort());
    // each is told once, in the order of the list
    expect(await lettersOf(database, salon, 'promoted')).toEqual(next);
    expect(await states(salon)).toEqual({ seated: 20, waiting: 27, cancelled: 3 });
    const after = await placesOf(database, salon);
    expect(after.map(({ customerRef }) => customerRef)).toEqual(arrived.map(({ customerRef }) => customerRef));
    expect(after.slice(20).map(({ state }) => state)).toEqual([
      ...Array<string>(3).fill('seated'),
      ...Array<string>(27).fill('waiting'),
    ]);
    expect((await come(salon, after[23]?.customerRef as CustomerRef)).inLine).toBe(1);
  }, 60_000);

  test('has the same while three others give up their seats in the same moment', async () => {
    const early = await guests(database, 3, 'cearly');
    for (const guest of early) await come(salon, guest);
    await Promise.all([...all.map((guest) => come(salon, guest)), ...early.map((guest) => giveUp(salon, guest))]);
    const places = await placesOf(database, salon);
    expect(places).toHaveLength(53);
    expect(await states(salon)).toEqual({ seated: 20, waiting: 30, cancelled: 3 });
    expect(places.slice(3).map(({ state }) => state)).toEqual(all.map((_, i) => (i < 20 ? 'seated' : 'waiting')));
    const [confirmed, waiting, promoted] = await Promise.all(
      ['confirmed', 'waiting', 'promoted'].map((what) => lettersOf(database, salon, what)),
    );
    expect((confirmed?.length ?? 0) + (waiting?.length ?? 0)).toBe(53);
    expect(new Set(promoted).size).toBe(promoted?.length);
    expect((confirmed?.length ?? 0) - 3 + (promoted?.length ?? 0)).toBe(20);
  }, 60_000);

  test('counts each once when each sends the answer twice', async () => {
    const answers = await Promise.all([...all, ...all].map((guest) => come(salon, guest)));
    expect(answers.filter(({ isNew }) => isNew)).toHaveLength(50);
    expect(await states(salon)).toEqual({ seated: 20, waiting: 30 });
    expect(await lettersOf(database, salon, 'confirmed')).toHaveLength(20);
  }, 60_000);
});

describe('a small event', () => {
  let talk: EventRef;
  let anna: CustomerRef, ben: CustomerRef, cara: CustomerRef;
  beforeEach(async () => {
    talk = await announce(database, AT, { seats: 1, rsvpUntil: later(200) });
    [anna, ben, cara] = (await guests(database, 3)) as [CustomerRef, CustomerRef, CustomerRef];
    for (const guest of [anna, ben, cara]) await come(talk, guest);
  });

  test('a customer who comes back after cancelling is the last again, and is written to again', async () => {
    expect(await giveUp(talk, anna)).toEqual({ promoted: [ben] });
    expect(await giveUp(talk, anna)).toEqual({ promoted: [] });
    expect(await come(talk, anna)).toEqual({ state: 'waiting', inLine: 2, isNew: true });
    expect(await giveUp(talk, ben)).toEqual({ promoted: [cara] });
    expect(await giveUp(talk, cara)).toEqual({ promoted: [anna] });
    expect(await lettersOf(database, talk, 'promoted')).toEqual([ben, cara, anna]);
    expect((await placesOf(database, talk)).map(({ position }) => position)).toEqual([2, 3, 4]);
  });

  test('who leaves the waiting list promotes nobody, and those behind move up', async () => {
    expect(await giveUp(talk, ben)).toEqual({ promoted: [] });
    expect(await come(talk, cara)).toMatchObject({ inLine: 1, isNew: false });
  });

  test('more seats go to those who wait, in their order; fewer throw nobody out', async () => {
    expect(await setSeats(many, { eventRef: talk, seats: 2, at: AT })).toEqual({ promoted: [ben] });
    expect(await setSeats(many, { eventRef: talk, seats: 9, at: AT })).toEqual({ promoted: [cara] });
    await expect(setSeats(many, { eventRef: talk, seats: 2, at: AT })).rejects.toThrow(
      `3 have a seat at ${talk} and keep it; name 3 seats or more.`,
    );
    expect(await setSeats(many, { eventRef: talk, seats: 3, at: AT })).toEqual({ promoted: [] });
    expect(await states(talk)).toEqual({ seated: 3 });
    for (const seats of [0, 2_001, 1.5])
      await expect(setSeats(many, { eventRef: talk, seats, at: AT })).rejects.toThrow('whole number from 1 to 2000');
  });

  test('called off, it frees everybody and owes each one letter', async () => {
    await giveUp(talk, cara);
    expect(await cancelEvent(many, { eventRef: talk, at: AT })).toEqual({ told: 2 });
    expect(await cancelEvent(many, { eventRef: talk, at: AT })).toEqual({ told: 0 });
    expect(await lettersOf(database, talk, 'cancelled')).toEqual([anna, ben]);
    expect(await states(talk)).toEqual({ cancelled: 3 });
    expect(await reasonOf(come(talk, anna))).toBe('event-cancelled');
  });

  test('after the last moment to answer nobody is added; a seat can be given up until the start, and goes to who waits', async () => {
    const [dan] = (await guests(database, 1, 'cdan')) as [CustomerRef];
    expect(await reasonOf(come(talk, dan, later(200)))).toBe('rsvp-over');
    expect(await reasonOf(come(talk, dan, later(240)))).toBe('has-begun');
    // said before, it is only repeated
    expect(await come(talk, anna, later(200))).toEqual({ state: 'seated', inLine: null, isNew: false });
    expect(await giveUp(talk, anna, later(239))).toEqual({ promoted: [ben] });
    expect(await reasonOf(giveUp(talk, ben, later(240)))).toBe('has-begun');
  });

  test('attendance is marked from an hour before the start, and after the end the rest are absent', async () => {
    await setSeats(many, { eventRef: talk, seats: 2, at: AT });
    const mark = (customerRef: CustomerRef, at: Instant) => attend(many, { eventRef: talk, customerRef, at });
    const close = (at: Instant) => closeEvent(many, { eventRef: talk, at });
    expect(await reasonOf(mark(anna, instant(later(239) - 1)))).toBe('doors-closed');
    await mark(anna, later(239));
    await mark(anna, later(240));
    expect(await reasonOf(mark(cara, later(240)))).toBe('no-seat');
    expect(await reasonOf(close(instant(later(242) - 1)))).toBe('not-over-yet');
    expect(await close(later(242))).toEqual({ attended: 1, absent: 1 });
    expect(await states(talk)).toEqual({ attended: 1, absent: 1, waiting: 1 });
    // a list that is found later still counts
    await mark(ben, later(250));
    expect(await close(later(251))).toEqual({ attended: 2, absent: 0 });
    expect((await findEvent(many, talk))?.event).toMatchObject({ closedAt: later(242), attended: 2, waiting: 1 });
    expect(await reasonOf(setSeats(many, { eventRef: talk, seats: 5, at: later(242) }))).toBe('is-over');
  });

  test('seats that are added while it runs change no places: who waited at the start can’t be absent', async () => {
    expect(await setSeats(many, { eventRef: talk, seats: 2, at: instant(later(240) - 1) })).toEqual({
      promoted: [ben],
    });
    expect(await setSeats(many, { eventRef: talk, seats: 9, at: later(240) })).toEqual({ promoted: [] });
    expect(await lettersOf(database, talk, 'promoted')).toEqual([ben]);
    expect(await closeEvent(many, { eventRef: talk, at: later(242) })).toEqual({ attended: 0, absent: 2 });
    expect(await states(talk)).toEqual({ absent: 2, waiting: 1 });
  });

  test('a customer of another branch, an erased one and a stranger get no seat', async () => {
    await database.owner.query(`insert into branches values ('b1', 'Centre'), ('b2', 'East')`);
    await database.owner.query(`update customers set branch_ref = 'b1' where customer_ref = $1`, [anna]);
    await database.owner.query(`update customers set erased_at = now() where customer_ref = $1`, [cara]);
    const own = await announce(database, AT, { branchRef: 'b1' as BranchRef });
    expect(await reasonOf(come(own, anna))).toBe('done');
    expect(await reasonOf(come(own, ben))).toBe('other-branch');
    expect(await reasonOf(come(own, cara))).toBe('no-customer');
    expect(await reasonOf(come(own, 'c999' as CustomerRef))).toBe('no-customer');
    expect(await reasonOf(come('E-2026-9999999' as EventRef, anna))).toBe('no-event');
    expect(await reasonOf(giveUp(own, ben))).toBe('not-coming');
    expect((await eventsOfCustomer(many, ben, AT)).map(({ eventRef }) => eventRef)).toEqual([talk]);
    expect((await eventsOfCustomer(many, anna, AT)).map(({ mine }) => mine)).toEqual(['seated', 'seated']);
  });

  test('lists show what is to come, and all when asked for', async () => {
    const next = await announce(database, AT, { startsAt: later(100) });
    const refs = async (from: Instant | null) => (await listEvents(many, from)).map(({ eventRef }) => eventRef);
    expect(await refs(AT)).toEqual([next, talk]);
    expect(await refs(later(242))).toEqual([]);
    expect(await refs(null)).toEqual([talk, next]);
    expect((await listEvents(many, AT))[1]).toMatchObject({ seats: 1, seated: 1, waiting: 2 });
  });
});

test('a waiting list has an end, and who comes after it hears no at once', async () => {
  const talk = await announce(database, AT, { seats: 1 });
  const all = await guests(database, MAX_WAITING + 2);
  await database.owner.query(
    `insert into event_rsvps (event_ref, customer_ref, state, position, rsvp_at, seated_at)
     select $1, c, case when n = 1 then 'seated' else 'waiting' end, n, $3, case when n = 1 then $3::timestamptz end
       from unnest($2::text[]) with ordinality as t (c, n)`,
    [talk, all.slice(0, -1), new Date(AT)],
  );
  await expect(come(talk, all.at(-1) as CustomerRef)).rejects.toThrow(`${MAX_WAITING} wait for a seat`);
});

test('the ten-millionth event has a number of its own', async () => {
  await database.owner.query(`select setval('event_numbers', 12345678)`);
  expect([await announce(database, AT), await announce(database, AT)]).toEqual(['E-2026-12345679', 'E-2026-12345680']);
});

test('an event that can’t be is refused with all that is wrong about it', async () => {
  const tell = (more: Parameters<typeof salonOf>[1]) =>
    announce(database, AT, more).catch((error: Error) => error.message);
  expect(await tell({ startsAt: AT, endsAt: AT, seats: 0, branchRef: 'b9' as BranchRef })).toBe(
    'the event can\'t be: it starts in the past; name a start that is still to come; it ends before it starts; name a later end; answers are taken until a moment that is over; name one that is still to come; seats are a whole number from 1 to 2000, not 0; there is no branch "b9"; name one of the bank\'s.',
  );
  expect(await tell({ endsAt: addMillis(later(240), days(8)) })).toContain('longer than 7 days');
  expect(await tell({ rsvpUntil: later(241) })).toContain('answers are taken until after the start');
  expect(await tell({ place: 'online' })).toContain('address that begins with https://');
  expect(await tell({ place: 'online', joinUrl: 'http://x' })).toContain('address that begins with https://');
  expect(await tell({ joinUrl: 'https://meet.example/x' })).toContain('for the place "online" alone');
  expect(await tell({ place: 'online', joinUrl: 'https://meet.example/x' })).toMatch(/^E-2026-\d{7}$/);
});
