import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CustomerRef, Language } from '../../domain/types.js';
import { CONSENT_PURPOSES, readConsents, setConsent, type ConsentPurpose } from '../../store/consents.js';
import { readJourneyToTell } from '../../store/page-reads.js';
import { visitor } from './complaint.js';
import { formLanguage, formMemory, keepingForm, typed } from './form.js';
import { FieldProblem, FormMemory, Notice, Page, Problems, sendPage } from './page.js';
import { logged } from './refusal.js';
import { URLS } from './urls.js';
import { openVisit, tokenParams, type App, type Web } from './web.js';
import { wordsIn } from './words.js';

const CHOICES = ['yes', 'no'] as const;
type Choices = Record<ConsentPurpose, string>;
type ChoiceProblems = Partial<Record<ConsentPurpose | 'form', string>>;

const body = formMemory.extend({ promotional: typed, survey: typed });

interface PreferencesForm {
  language: Language;
  bank: string;
  choices: Choices;
  problems: ChoiceProblems;
}

/** What a customer wants to be written to about. */
export function preferencesRoutes(app: App, web: Web): void {
  app.get(URLS.preferences, { schema: { params: tokenParams } }, async (request, reply) => {
    const visit = await openVisit(web, 'preferences', request.params.token);
    const { customerRef, language } = await visitor(web, visit);
    const granted = await readConsents(web.database, customerRef);
    const choices = { promotional: granted.promotional ? 'yes' : 'no', survey: granted.survey ? 'yes' : 'no' };
    return sendPage(
      reply,
      200,
      <PreferencesPage language={language} bank={visit.installation.bankName} choices={choices} problems={{}} />,
    );
  });

  app.post(URLS.preferences, { schema: { params: tokenParams, body } }, async (request, reply) => {
    const { promotional, survey, lang } = request.body;
    const language = formLanguage(request, lang);
    const form: PreferencesForm = {
      language,
      bank: web.known.installation?.bankName ?? '',
      choices: { promotional, survey },
      problems: {},
    };
    const again = (problem: string) => <PreferencesPage {...form} problems={{ form: problem }} />;
    return keepingForm(request, reply, language, () => save(web, request.params.token, request, reply, form), again);
  });
}

/** One click in the mail program (RFC 8058) or one on the page; the link itself is what entitles to it. */
export function unsubscribeRoutes(app: App, web: Web): void {
  app.get(URLS.unsubscribe, { schema: { params: tokenParams } }, async (request, reply) => {
    const visit = await openVisit(web, 'unsubscribe', request.params.token);
    const { language } = await visitor(web, visit);
    return sendPage(
      reply,
      200,
      <UnsubscribePage language={language} bank={visit.installation.bankName} problem={null} />,
    );
  });

  app.post(URLS.unsubscribe, { schema: { params: tokenParams } }, async (request, reply) => {
    const language = formLanguage(request, undefined);
    const bank = web.known.installation?.bankName ?? '';
    const again = (problem: string) => <UnsubscribePage language={language} bank={bank} problem={problem} />;
    return keepingForm(request, reply, language, () => unsubscribe(web, request.params.token, request, reply), again);
  });
}

async function save(
  web: Web,
  token: string,
  request: FastifyRequest,
  reply: FastifyReply,
  typedForm: PreferencesForm,
): Promise<FastifyReply> {
  const visit = await openVisit(web, 'preferences', token);
  const { customerRef, language } = await visitor(web, visit);
  const form = { ...typedForm, language, bank: visit.installation.bankName };
  const problems = judge(form);
  if (Object.keys(problems).length > 0) return sendPage(reply, 422, <PreferencesPage {...form} problems={problems} />);
  await web.database.transaction(async (sql) => {
    const granted = await readConsents(sql, customerRef);
    for (const purpose of CONSENT_PURPOSES) {
      const wanted = form.choices[purpose] === 'yes';
      // what was not changed on the page is no statement: it must not end a journey as an opt-out
      if (wanted === granted[purpose]) continue;
      await setConsent(sql, {
        customerRef,
        channel: 'email',
        purpose,
        granted: wanted,
        at: visit.now,
        source: 'page:preferences',
      });
    }
  });
  const isTold = await tellJourney(web, customerRef, request);
  if (!isTold) {
    const problem = wordsIn(language).preferences.notTold;
    return sendPage(reply, 503, <PreferencesPage {...form} problems={{ form: problem }} />);
  }
  const words = wordsIn(language).preferences;
  return sendPage(
    reply,
    200,
    <Notice language={language} bank={form.bank} title={words.saved}>
      <p>{words.savedWords}</p>
    </Notice>,
  );
}

async function unsubscribe(
  web: Web,
  token: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const visit = await openVisit(web, 'unsubscribe', token);
  const { customerRef, language } = await visitor(web, visit);
  const withdrawal = { customerRef, channel: 'email', purpose: 'promotional', granted: false, at: visit.now } as const;
  await web.database.transaction((sql) => setConsent(sql, { ...withdrawal, source: 'page:unsubscribe' }));
  const bank = visit.installation.bankName;
  const isTold = await tellJourney(web, customerRef, request);
  if (!isTold) {
    const problem = wordsIn(language).preferences.notTold;
    return sendPage(reply, 503, <UnsubscribePage language={language} bank={bank} problem={problem} />);
  }
  const words = wordsIn(language).unsubscribe;
  return sendPage(
    reply,
    200,
    <Notice language={language} bank={bank} title={words.done}>
      <p>{words.doneWords}</p>
    </Notice>,
  );
}

/**
 * The withdrawal is stored before this: from that moment no promotion passes the door of mails. Telling the journey ends
 * its waiting; where that fails (false) the visitor is asked to send the form again, and it is told then.
 */
async function tellJourney(web: Web, customerRef: CustomerRef, request: FastifyRequest): Promise<boolean> {
  const workflowId = await readJourneyToTell(web.database, customerRef);
  if (workflowId === null) return true;
  try {
    await web.door.optOut(workflowId);
    return true;
  } catch (error) {
    request.log.error({ ...logged(error), workflowId }, 'a journey could not be told of an opt-out');
    return false;
  }
}

function judge(form: PreferencesForm): ChoiceProblems {
  const words = wordsIn(form.language).preferences;
  const open = CONSENT_PURPOSES.filter((purpose) => !(CHOICES as readonly string[]).includes(form.choices[purpose]));
  return Object.fromEntries(open.map((purpose) => [purpose, words.choose]));
}

function PreferencesPage({ language, bank, choices, problems }: PreferencesForm) {
  const words = wordsIn(language);
  const all = words.preferences;
  return (
    <Page language={language} bank={bank} title={all.title}>
      <p>{all.lead}</p>
      <Problems language={language} problems={Object.values(problems)} />
      <form method="post">
        <FormMemory nonce="" language={language} />
        {CONSENT_PURPOSES.map((purpose) => (
          <fieldset aria-describedby={`${purpose}-hint ${purpose}-problem`}>
            <legend>{all[purpose]}</legend>
            <p class="quiet" id={`${purpose}-hint`}>
              {all[`${purpose}Hint`]}
            </p>
            <FieldProblem id={`${purpose}-problem`} problem={problems[purpose]} />
            <div class="choices">
              {CHOICES.map((choice) => (
                <label class="choice">
                  <input type="radio" name={purpose} value={choice} required checked={choices[purpose] === choice} />
                  <span>{all[choice]}</span>
                </label>
              ))}
            </div>
          </fieldset>
        ))}
        <button type="submit">{words.save}</button>
      </form>
    </Page>
  );
}

function UnsubscribePage({ language, bank, problem }: { language: Language; bank: string; problem: string | null }) {
  const words = wordsIn(language).unsubscribe;
  return (
    <Page language={language} bank={bank} title={words.title}>
      <p>{words.lead}</p>
      <Problems language={language} problems={problem === null ? [] : [problem]} />
      <form method="post">
        <button type="submit">{words.button}</button>
      </form>
    </Page>
  );
}
