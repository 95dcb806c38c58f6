import type { Child } from 'hono/jsx';
import type { Letter } from './letters.js';
import { BUSY_DOMAIN, LONGEST_MESSAGE_BYTES, REFUSED_DOMAIN } from './smtp.js';

/** The one style sheet, served beside the pages so that no inline style is needed. */
export const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d5d9e0, #3a4150); --quiet: light-dark(#555d6b, #a3abba); }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; }
header { border-bottom: 1px solid var(--line); margin-bottom: 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1rem; margin-top: 1.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { color: var(--quiet); font-weight: 600; }
.quiet { color: var(--quiet); }
iframe { background: #fff; border: 1px solid var(--line); height: 32rem; width: 100%; }
pre { border: 1px solid var(--line); overflow: auto; padding: .6rem; white-space: pre-wrap; }
`;

function Page({ title, children }: { title: string; children?: Child }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <header>
          <h1>
            <a href="/">Keepwell mailbox</a>
          </h1>
        </header>
        <main>{children}</main>
      </body>
    </html>
  );
}

/** The list, newest first. */
export function ListPage(props: { letters: Letter[]; count: number; page: number; perPage: number }) {
  const { letters, count, page, perPage } = props;
  return (
    <Page title="Mailbox">
      <p class="quiet">
        Every mail that Keepwell sends ends here; nothing leaves this machine. {count} kept. Mail to any address at{' '}
        <code>{REFUSED_DOMAIN}</code> is refused for good (550), at <code>{BUSY_DOMAIN}</code> for now (451); one of
        over {LONGEST_MESSAGE_BYTES / 1024} KiB is refused.
      </p>
      {letters.length === 0 ? (
        <p>No mail yet. It appears here when a journey sends some.</p>
      ) : (
        <Rows letters={letters} />
      )}
      <nav>
        {page > 1 && <a href={`/?page=${page - 1}`}>newer</a>}{' '}
        {page * perPage < count && <a href={`/?page=${page + 1}`}>older</a>}
      </nav>
    </Page>
  );
}

function Rows({ letters }: { letters: Letter[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">To</th>
          <th scope="col">Subject</th>
          <th scope="col">Class</th>
          <th scope="col">Accepted</th>
        </tr>
      </thead>
      <tbody>
        {letters.map(({ seq, to, subject, messageClass, acceptedAt }) => (
          <tr>
            <td>{to.join(', ')}</td>
            <td>
              <a href={`/messages/${seq}`}>{subject || '(no subject)'}</a>
            </td>
            <td>{messageClass}</td>
            <td>
              <time datetime={acceptedAt}>{acceptedAt.replace('T', ' ').slice(0, 19)} UTC</time>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** One letter: its HTML in a frame that can run nothing, its text, its headers. */
export function LetterPage({ letter }: { letter: Letter }) {
  const { seq, subject, from, to, text, html, headers } = letter;
  return (
    <Page title={subject || '(no subject)'}>
      <h2>{subject || '(no subject)'}</h2>
      <p class="quiet">
        From {from} to {to.join(', ')} · <a href={`/messages/${seq}.eml`}>as it came (.eml)</a>
      </p>
      {html !== '' && (
        <iframe
          title="the mail's HTML"
          sandbox="allow-popups allow-popups-to-escape-sandbox"
          src={`/messages/${seq}/html`}
        />
      )}
      <h2>Text</h2>
      <pre>{text}</pre>
      <h2>Headers</h2>
      <table>
        <tbody>
          {Object.entries(headers).map(([name, value]) => (
            <tr>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Page>
  );
}

/** Said for a number that no letter has. */
export function MissingPage() {
  return (
    <Page title="No such mail">
      <p>
        There is no mail of that number. <a href="/">All mail</a>
      </p>
    </Page>
  );
}
