import type { Command } from 'commander';
import type { EventRef } from '../../domain/event-seats.js';
import type { CustomerRef } from '../../domain/types.js';
import { withBank } from './context.js';
import { does, WrongUsage, type Answer } from './output.js';

const EVENT = ['<event>', 'for instance E-2026-0000007'] as const;
const CUSTOMER = ['<customer>', 'for instance c42'] as const;

/** `event rsvp|cancel-rsvp|seats|cancel|attend|close`: whatever changes who comes. */
export function addEventAnswers(event: Command): void {
  addOfCustomer(event);
  does(
    event
      .command('seats')
      .argument(...EVENT)
      .argument('<n>', '1 to 2000, and not fewer than have one')
      .description('changes the number of seats; added ones go to those who wait, in their order')
      .addHelpText('after', '\nExample:\n  $ keepwell event seats E-2026-0000007 30'),
    ([ref = '', seats = '']) => changeSeats(ref as EventRef, seats),
  );
  does(
    event
      .command('cancel')
      .argument(...EVENT)
      .description('calls an event off; everybody who has a seat or waits is told by mail')
      .addHelpText('after', '\nExample:\n  $ keepwell event cancel E-2026-0000007'),
    ([ref = '']) => cancel(ref as EventRef),
  );
  does(
    event
      .command('close')
      .argument(...EVENT)
      .description('closes attendance after the end: who had a seat and was not marked is absent')
      .addHelpText('after', '\nExample:\n  $ keepwell event close E-2026-0000007'),
    ([ref = '']) => close(ref as EventRef),
  );
}

function addOfCustomer(event: Command): void {
  does(
    event
      .command('rsvp')
      .argument(...EVENT)
      .argument(...CUSTOMER)
      .description('a customer comes: a seat, or else a place on the waiting list; twice is once')
      .addHelpText('after', '\nExample:\n  $ keepwell event rsvp E-2026-0000007 c42'),
    ([ref = '', customer = '']) => answer(ref as EventRef, customer as CustomerRef),
  );
  does(
    event
      .command('cancel-rsvp')
      .argument(...EVENT)
      .argument(...CUSTOMER)
      .description('a customer does not come after all; a seat goes to the first who waits')
      .addHelpText('after', '\nExample:\n  $ keepwell event cancel-rsvp E-2026-0000007 c42'),
    ([ref = '', customer = '']) => giveUp(ref as EventRef, customer as CustomerRef),
  );
  does(
    event
      .command('attend')
      .argument(...EVENT)
      .argument(...CUSTOMER)
      .description('marks that a customer with a seat has come, from an hour before the start on')
      .addHelpText('after', '\nExample:\n  $ keepwell event attend E-2026-0000007 c42'),
    ([ref = '', customer = '']) => mark(ref as EventRef, customer as CustomerRef),
  );
}

function answer(eventRef: EventRef, customerRef: CustomerRef): Promise<Answer> {
  return withBank(async ({ database, now }) => {
    const { rsvp } = await import('../../store/events.js');
    const place = await rsvp(database, { eventRef, customerRef, at: now() });
    const already = place.isNew ? '' : ' already';
    const words =
      place.inLine === null
        ? `${customerRef} has a seat at ${eventRef}${already}.`
        : `${customerRef} is number ${place.inLine} on the waiting list of ${eventRef}${already}.`;
    return { data: { eventRef, customerRef, ...place }, text: () => words };
  });
}

function giveUp(eventRef: EventRef, customerRef: CustomerRef): Promise<Answer> {
  return withBank(async ({ database, now }) => {
    const { cancelRsvp } = await import('../../store/events.js');
    const { promoted } = await cancelRsvp(database, { eventRef, customerRef, at: now() });
    const words = `${customerRef} does not come to ${eventRef}.${promotedWords(promoted)}`;
    return { data: { eventRef, customerRef, promoted }, text: () => words };
  });
}

function changeSeats(eventRef: EventRef, text: string): Promise<Answer> {
  if (!/^\d{1,9}$/.test(text)) throw new WrongUsage(`seats are a whole number from 1 to 2000, not "${text}".`);
  const seats = Number(text);
  return withBank(async ({ database, now }) => {
    const { setSeats } = await import('../../store/events.js');
    const { promoted } = await setSeats(database, { eventRef, seats, at: now() });
    const words = `${eventRef} has ${seats} seats.${promotedWords(promoted)}`;
    return { data: { eventRef, seats, promoted }, text: () => words };
  });
}

const promotedWords = (promoted: readonly CustomerRef[]): string =>
  promoted.length === 0 ? '' : ` From the waiting list ${promoted.join(', ')} got a seat and will be told by mail.`;

function cancel(eventRef: EventRef): Promise<Answer> {
  return withBank(async ({ database, now }) => {
    const { cancelEvent } = await import('../../store/events.js');
    const { told } = await cancelEvent(database, { eventRef, at: now() });
    return { data: { eventRef, told }, text: () => `${eventRef} is cancelled; ${told} will be told by mail.` };
  });
}

function mark(eventRef: EventRef, customerRef: CustomerRef): Promise<Answer> {
  return withBank(async ({ database, now }) => {
    const { attend } = await import('../../store/event-attendance.js');
    await attend(database, { eventRef, customerRef, at: now() });
    return { data: { eventRef, customerRef, state: 'attended' }, text: () => `${customerRef} came to ${eventRef}.` };
  });
}

function close(eventRef: EventRef): Promise<Answer> {
  return withBank(async ({ database, now }) => {
    const { closeEvent } = await import('../../store/event-attendance.js');
    const { attended, absent } = await closeEvent(database, { eventRef, at: now() });
    const words = `${eventRef} is closed: ${attended} came, ${absent} did not.`;
    return { data: { eventRef, attended, absent }, text: () => words };
  });
}
