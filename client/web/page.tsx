import type { FastifyReply } from 'fastify';
import type { Child } from 'hono/jsx';
import type { Language } from '../../domain/types.js';
import type { PageRefusal } from './refusal.js';
import { URLS } from './urls.js';
import { wordsIn } from './words.js';

export type Markup = Child;

/** The frame of every page: no script, no inline style, nothing from elsewhere. */
export function Page(props: { language: Language; bank: string; title: string; children?: Child }) {
  return (
    <html lang={props.language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex, nofollow" />
        <title>{props.bank === '' ? props.title : `${props.title} · ${props.bank}`}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href={URLS.style} />
      </head>
      <body>
        <header class="bank">{props.bank}</header>
        <main>
          <h1>{props.title}</h1>
          {props.children}
        </main>
      </body>
    </html>
  );
}

/** A page that only says something. */
export function Notice(props: { language: Language; bank: string; title: string; children?: Child }) {
  return (
    <Page language={props.language} bank={props.bank} title={props.title}>
      {props.children}
    </Page>
  );
}

export function RefusalPage(props: { language: Language; bank: string; refusal: PageRefusal; requestId: string }) {
  const words = wordsIn(props.language);
  const [title, advice] = words.refusals[props.refusal.words] as [string, string];
  return (
    <Page language={props.language} bank={props.bank} title={title}>
      <p>{advice}</p>
      {props.refusal.because === null ? null : <p class="because">{props.refusal.because}</p>}
      {props.refusal.typed === '' ? null : (
        <section>
          <h2>{words.yourWords}</h2>
          <p class="typed">{props.refusal.typed}</p>
        </section>
      )}
      <p class="quiet">
        {words.requestNumber}: <code>{props.requestId}</code>
      </p>
    </Page>
  );
}

/** What is wrong with a form, above it; each problem is beside its field too. */
export function Problems(props: { language: Language; problems: string[] }) {
  if (props.problems.length === 0) return null;
  return (
    <div class="problems" role="alert">
      <p>{wordsIn(props.language).problems}</p>
      <ul>
        {props.problems.map((problem) => (
          <li>{problem}</li>
        ))}
      </ul>
    </div>
  );
}

/** The words beside a field; `id` is what the field names in aria-describedby. */
export function FieldProblem(props: { id: string; problem: string | undefined }) {
  return props.problem === undefined ? null : (
    <p class="problem" id={props.id}>
      {props.problem}
    </p>
  );
}

/** What a form remembers between its sendings. */
export function FormMemory(props: { nonce: string; language: Language }) {
  return (
    <>
      <input type="hidden" name="nonce" value={props.nonce} />
      <input type="hidden" name="lang" value={props.language} />
    </>
  );
}

/** Sends a page; `charset` is said so that no browser guesses. */
export async function sendPage(reply: FastifyReply, status: number, page: unknown): Promise<FastifyReply> {
  const html = `<!doctype html>${String(await (page as Promise<unknown>))}`;
  return reply.code(status).type('text/html; charset=utf-8').send(html);
}
