import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Letters } from './letters.js';
import { LetterPage, ListPage, MissingPage, STYLE } from './pages.js';

/** Letters on one page of the list. */
const PER_PAGE = 50;
/** Most letters in one answer of the API, and what it gives when no limit is asked for. */
const MOST_IN_ANSWER = 500;
const USUAL_IN_ANSWER = 100;

const listQuery = z.object({
  after: z.coerce.number().int().min(0).default(0),
  to: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(MOST_IN_ANSWER).default(USUAL_IN_ANSWER),
});
const pageQuery = z.object({ page: z.coerce.number().int().min(1).catch(1) });

// A mail's HTML comes from templates and data: it may show pictures and styles, and run nothing.
const MAIL_POLICY =
  "default-src 'none'; img-src data: https: http:; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox";
const PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'";

/** The mailbox's pages and API (not yet listening). It only reads. */
export function mailboxPages(letters: Letters): FastifyInstance {
  const app = fastify({ logger: false });
  app.addHook('onSend', async (_request, reply) => {
    void reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
  });

  app.get('/api/messages', async (request, reply) => {
    const query = listQuery.safeParse(request.query);
    if (!query.success) {
      const error = `after and limit are whole numbers, limit from 1 to ${MOST_IN_ANSWER}; to is an address.`;
      return reply.code(400).send({ error });
    }
    const { after, limit, to } = query.data;
    return { messages: await letters.after(after, limit, to) };
  });

  app.get('/', async (request, reply) => {
    const { page } = pageQuery.parse(request.query);
    const shown = await letters.newest(PER_PAGE, (page - 1) * PER_PAGE);
    return sendPage(reply, <ListPage letters={shown} count={letters.count} page={page} perPage={PER_PAGE} />);
  });

  app.get<{ Params: { seq: string } }>('/messages/:seq', async (request, reply) => {
    const { seq } = request.params;
    if (seq.endsWith('.eml')) {
      const raw = await letters.raw(Number.parseInt(seq, 10));
      return raw === null ? sendPage(reply.code(404), <MissingPage />) : reply.type('message/rfc822').send(raw);
    }
    const letter = await letters.find(Number(seq));
    return letter === null
      ? sendPage(reply.code(404), <MissingPage />)
      : sendPage(reply, <LetterPage letter={letter} />);
  });

  app.get<{ Params: { seq: string } }>('/messages/:seq/html', async (request, reply) => {
    const letter = await letters.find(Number(request.params.seq));
    if (letter === null) return sendPage(reply.code(404), <MissingPage />);
    return reply.header('content-security-policy', MAIL_POLICY).type('text/html; charset=utf-8').send(letter.html);
  });

  app.get('/style.css', async (_request, reply) => reply.type('text/css; charset=utf-8').send(STYLE));
  return app;
}

async function sendPage(reply: FastifyReply, page: unknown): Promise<FastifyReply> {
  const html = `<!doctype html>${String(await page)}`;
  return reply.header('content-security-policy', PAGE_POLICY).type('text/html; charset=utf-8').send(html);
}
