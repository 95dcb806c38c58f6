import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { EventRef } from '../../domain/event-seats.js';
import type { CustomerRef, Instant, Language } from '../../domain/types.js';
import { cancelRsvp, EventRefused, rsvp } from '../../store/events.js';
import { eventsOfCustomer, type EventOfCustomer } from '../../store/reads/events.js';
import { visitor } from './complaint.js';
import { educationWords, timeIn, type EventPageRefusal } from './education-words.js';
import { formMemory } from './form.js';
import { keeping, siblingAddress } from './learn.js';
import { FormMemory, Page, Problems, sendPage } from './page.js';
import { addressOf, URLS } from './urls.js';
import { openVisit, PATH_PART_MAX_CHARS, tokenParams, type App, type Visit, type Web } from './web.js';

const eventParams = tokenParams.extend({ event: z.string().min(1).max(PATH_PART_MAX_CHARS) });
const body = formMemory.extend({ answer: z.enum(['come', 'cancel']) });

interface EventsPage {
  language: Language;
  bank: string;
  token: string;
  now: Instant;
  coursesUrl: string;
  /** what the visitor's answer led to */
  said: string | null;
  problem: string | null;
}

/** Talks and salons: looking at them changes nothing, an answer is sent. */
export function eventRoutes(app: App, web: Web): void {
  app.get(URLS.events, { schema: { params: tokenParams } }, async (request, reply) => {
    const { visit, customerRef, page } = await opened(web, request.params.token);
    return show(web, reply, 200, visit, customerRef, page);
  });
  // a form's address, opened by hand or by a reload
  app.get(URLS.event, { schema: { params: eventParams } }, async (request, reply) =>
    reply.redirect(addressOf(URLS.events, request.params), 303),
  );
  app.post(URLS.event, { schema: { params: eventParams, body } }, async (request, reply) =>
    keeping(web, request, reply, request.body, async () => {
      const { token, event } = request.params;
      const { visit, customerRef, page } = await opened(web, token);
      const words = educationWords(page.language).events;
      const answer = { eventRef: event as EventRef, customerRef, at: visit.now };
      try {
        const said = request.body.answer === 'come' ? await come(web, answer, page) : await giveUp(web, answer, page);
        return await show(web, reply, 200, visit, customerRef, { ...page, said });
      } catch (error) {
        if (!(error instanceof EventRefused)) throw error;
        const problem = words.refusals[error.reason as EventPageRefusal] ?? error.message;
        return show(web, reply, 409, visit, customerRef, { ...page, problem });
      }
    }),
  );
}

type AnswerOf = Parameters<typeof rsvp>[1];

async function come(web: Web, answer: AnswerOf, { language }: EventsPage): Promise<string> {
  const words = educationWords(language).events;
  const { inLine } = await rsvp(web.database, answer);
  return inLine === null ? words.gotSeat : words.gotWaiting(inLine);
}

async function giveUp(web: Web, answer: AnswerOf, { language }: EventsPage): Promise<string> {
  await cancelRsvp(web.database, answer);
  return educationWords(language).events.gaveUp;
}

async function opened(web: Web, token: string): Promise<{ visit: Visit; customerRef: CustomerRef; page: EventsPage }> {
  const visit = await openVisit(web, 'events', token);
  const { customerRef, language } = await visitor(web, visit);
  const page: EventsPage = {
    language,
    bank: visit.installation.bankName,
    token,
    now: visit.now,
    coursesUrl: siblingAddress(web, visit, 'learn'),
    said: null,
    problem: null,
  };
  return { visit, customerRef, page };
}

async function show(
  web: Web,
  reply: FastifyReply,
  status: number,
  { now }: Visit,
  customerRef: CustomerRef,
  page: EventsPage,
): Promise<FastifyReply> {
  const events = await eventsOfCustomer(web.database, customerRef, now);
  return sendPage(reply, status, <EventList page={page} events={events} />);
}

function EventList({ page, events }: { page: EventsPage; events: EventOfCustomer[] }) {
  const { language, said, problem } = page;
  const words = educationWords(language).events;
  return (
    <Page language={language} bank={page.bank} title={words.title}>
      {said === null ? <p>{words.lead}</p> : <p class="because">{said}</p>}
      <Problems language={language} problems={problem === null ? [] : [problem]} />
      {events.length === 0 ? <p>{words.none}</p> : null}
      <ul class="cards">
        {events.map((event) => (
          <EventCard page={page} event={event} />
        ))}
      </ul>
      <p class="turns">
        <a href={page.coursesUrl}>{words.toCourses}</a>
      </p>
    </Page>
  );
}

function EventCard({ page, event }: { page: EventsPage; event: EventOfCustomer }) {
  const { language } = page;
  const words = educationWords(language).events;
  const { zone, seats, seated } = event;
  return (
    <li id={event.eventRef}>
      <h2>{language === 'en' ? event.titleEn : event.titleZh}</h2>
      <dl>
        <dt>{words.kinds[event.kind]}</dt>
        <dd>{event.eventRef}</dd>
        <dt>{words.when}</dt>
        <dd>{timeIn(language, zone, event.startsAt)}</dd>
        <dt>{words.where}</dt>
        <dd>{event.joinUrl === null ? event.place : words.online}</dd>
        <dt>{words.seats}</dt>
        <dd>{seated < seats ? words.free(seats - seated, seats) : words.full}</dd>
        <dt>{words.until}</dt>
        <dd>{timeIn(language, zone, event.rsvpUntil)}</dd>
      </dl>
      <MyAnswer page={page} event={event} />
    </li>
  );
}

function MyAnswer({ page, event }: { page: EventsPage; event: EventOfCustomer }) {
  const words = educationWords(page.language).events;
  if (event.state === 'cancelled') return <p class="because">{words.cancelled}</p>;
  if (event.mine === null) {
    if (page.now >= event.rsvpUntil) return <p>{words.over}</p>;
    const label = event.seated < event.seats ? words.come : words.wait;
    return <AnswerForm page={page} event={event} answer="come" label={label} />;
  }
  const isSeated = event.mine === 'seated';
  return (
    <>
      <p>
        <strong>{isSeated ? words.seated : words.waiting(event.inLine ?? 1)}</strong>
        {isSeated && event.joinUrl !== null ? (
          <>
            {' '}
            <a href={event.joinUrl} rel="noreferrer">
              {words.join}
            </a>
          </>
        ) : null}
      </p>
      <AnswerForm page={page} event={event} answer="cancel" label={isSeated ? words.giveUp : words.leave} />
    </>
  );
}

function AnswerForm(props: { page: EventsPage; event: EventOfCustomer; answer: 'come' | 'cancel'; label: string }) {
  const { page, event } = props;
  return (
    <form method="post" action={addressOf(URLS.event, { token: page.token, event: event.eventRef })}>
      <FormMemory nonce="" language={page.language} />
      <input type="hidden" name="answer" value={props.answer} />
      <button type="submit">{props.label}</button>
    </form>
  );
}
