import { readInstallation } from '../../store/installation.js';
import { Page, sendPage } from './page.js';
import { isOutage, logged } from './refusal.js';
import { STYLE, URLS } from './urls.js';
import { isLocal, wishedLanguage, type App, type Web } from './web.js';

/** The style sheet's address changes with its text: it may be kept for a year, in seconds. */
const STYLE_MAX_AGE_S = 31_536_000;
/** Which probe found what: for the program that watches over the pages. */
interface Health {
  database: string;
  temporal: string;
}

/** What is not for a customer: the start page, the style sheet, health. */
export function startRoutes(app: App, web: Web): void {
  app.get(URLS.start, async (request, reply) => {
    const bank = (await readInstallation(web.database).catch(() => web.known.installation))?.bankName ?? '';
    const page = isLocal(web, request) ? (
      <OperatorsPage bank={bank} web={web} health={await probe(web)} />
    ) : (
      <FrontPage bank={bank} language={wishedLanguage(request)} />
    );
    return sendPage(reply, 200, page);
  });
  app.get(URLS.style, async (_request, reply) =>
    reply
      .type('text/css; charset=utf-8')
      .header('cache-control', `public, max-age=${STYLE_MAX_AGE_S}, immutable`)
      .send(STYLE),
  );
  app.get(URLS.health, async (request, reply) => {
    const health = await probe(web, (part, error) => request.log.warn({ part, ...logged(error) }, 'not reachable'));
    const isWell = health.database === UP && health.temporal === UP;
    return reply.code(isWell ? 200 : 503).send({ status: isWell ? 'up' : 'down', ...health });
  });
}

const UP = 'reachable';

async function probe(web: Web, onError: (part: string, error: unknown) => void = () => undefined): Promise<Health> {
  const look = async (part: string, work: () => Promise<unknown>, advice: string): Promise<string> => {
    try {
      await work();
      return UP;
    } catch (error) {
      onError(part, error);
      return isOutage(error) || part === 'temporal' ? `not reachable; ${advice}` : `answers with an error; ${advice}`;
    }
  };
  const [database, temporal] = await Promise.all([
    look('database', () => web.database.query('select 1'), 'see whether Postgres runs at DATABASE_URL'),
    look('temporal', () => web.door.check(), 'see whether Temporal runs at TEMPORAL_ADDRESS'),
  ]);
  return { database, temporal };
}

function OperatorsPage({ bank, web, health }: { bank: string; web: Web; health: Health }) {
  const { temporalUiUrl, temporalNamespace, mailboxUrl } = web.surroundings;
  const workflows =
    temporalUiUrl === null
      ? null
      : new URL(`/namespaces/${encodeURIComponent(temporalNamespace)}/workflows`, temporalUiUrl).href;
  return (
    <Page language="en" bank={bank} title="Keepwell is running">
      <p>
        {bank === ''
          ? 'No bank is loaded yet. Load one: keepwell bank generate, or keepwell import berka DIR.'
          : `It looks after the customers of ${bank}.`}
      </p>
      <dl class="parts">
        <dt>Customers’ pages</dt>
        <dd>Survey, complaint, preferences and unsubscribe open from the links in mails.</dd>
        <dt>Temporal</dt>
        <dd>
          {health.temporal}
          {workflows === null ? (
            '.'
          ) : (
            <>
              . <a href={workflows}>Open its UI</a>; set the codec endpoint there to{' '}
              <code>{web.surroundings.webUrl.replace(/\/+$/, '')}/codec</code> to read the payloads.
            </>
          )}
        </dd>
        <dt>Postgres</dt>
        <dd>{health.database}.</dd>
        <dt>Mailbox</dt>
        <dd>
          {mailboxUrl === null ? 'Mail goes to the bank’s own server.' : <a href={mailboxUrl}>Open the mailbox</a>}
        </dd>
        <dt>From the shell</dt>
        <dd>
          <code>npm run -s keepwell -- --help</code>
        </dd>
      </dl>
    </Page>
  );
}

function FrontPage({ bank, language }: { bank: string; language: 'zh-CN' | 'en' }) {
  const [title, words] =
    language === 'zh-CN'
      ? ['客户服务页面', '请通过我们邮件中的链接打开您的页面。']
      : ['Customers’ pages', 'Please open your page from the link in our mail.'];
  return (
    <Page language={language} bank={bank} title={title ?? ''}>
      <p>{words}</p>
    </Page>
  );
}
