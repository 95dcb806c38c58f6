import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONTACT_CHANNELS, type ContactChannel } from '../../domain/contact-policy.js';
import type { CustomerRef, Instant, Language } from '../../domain/types.js';
import { CONSENT_PURPOSES, setConsent, type ConsentPurpose } from '../../store/consents.js';
import { customerChannels, preferChannel, type CustomerChannels } from '../../store/contact-addresses.js';
import type { Sql } from '../../store/database.js';
import { visitor } from './complaint.js';
import { formLanguage, formMemory, keepingForm, typed } from './form.js';
import { tellJourney } from './opt-out.js';
import { FieldProblem, FormMemory, Notice, Page, Problems, sendPage } from './page.js';
import { PREFERRED, preferencesWords } from './preferences-words.js';
import { URLS } from './urls.js';
import { openVisit, tokenParams, type App, type Web } from './web.js';
import { wordsIn } from './words.js';

const CHOICES = ['yes', 'no'] as const;
/** One question of the form. E-mail's have the bare names that pages have always sent. */
type Field = ConsentPurpose | `${'sms' | 'im'}-${ConsentPurpose}`;
/** `''`: the form does not ask it */
type Choices = Record<Field, string>;
type ChoiceProblems = Partial<Record<Field | 'form', string>>;

const QUESTIONS: readonly { field: Field; channel: ContactChannel; purpose: ConsentPurpose }[] =
  CONTACT_CHANNELS.flatMap((channel) =>
    CONSENT_PURPOSES.map((purpose) => ({
      field: channel === 'email' ? purpose : (`${channel}-${purpose}` as const),
      channel,
      purpose,
    })),
  );

const body = formMemory.extend({
  promotional: typed,
  survey: typed,
  'sms-promotional': typed,
  'sms-survey': typed,
  'im-promotional': typed,
  'im-survey': typed,
  preferred: typed,
});

interface PreferencesForm {
  language: Language;
  bank: string;
  choices: Choices;
  /** `''`: the form does not ask, since there is one channel only */
  preferred: string;
  problems: ChoiceProblems;
}

/** What a customer wants to be written to about, and by which channels. */
export function preferencesRoutes(app: App, web: Web): void {
  app.get(URLS.preferences, { schema: { params: tokenParams } }, async (request, reply) => {
    const visit = await openVisit(web, 'preferences', request.params.token);
    const { customerRef, language } = await visitor(web, visit);
    const chosen = asForm(await customerChannels(web.database, customerRef, ''));
    return sendPage(
      reply,
      200,
      <PreferencesPage language={language} bank={visit.installation.bankName} {...chosen} problems={{}} />,
    );
  });

  app.post(URLS.preferences, { schema: { params: tokenParams, body } }, async (request, reply) => {
    const { lang, preferred, nonce: _, ...choices } = request.body;
    const language = formLanguage(request, lang);
    const form: PreferencesForm = {
      language,
      bank: web.known.installation?.bankName ?? '',
      choices,
      preferred,
      problems: {},
    };
    const again = (problem: string) => <PreferencesPage {...form} problems={{ form: problem }} />;
    return keepingForm(request, reply, language, () => save(web, request.params.token, request, reply, form), again);
  });
}

/** What holds, as the form shows it: the channels that reach the customer. */
function asForm({ addresses, consents, preferred }: CustomerChannels): Pick<PreferencesForm, 'choices' | 'preferred'> {
  const choices = QUESTIONS.map(({ field, channel, purpose }) => {
    if (addresses[channel] === null) return [field, ''];
    return [field, consents[channel][purpose] ? 'yes' : 'no'];
  });
  const isOne = CONTACT_CHANNELS.filter((channel) => addresses[channel] !== null).length === 1;
  return { choices: Object.fromEntries(choices) as Choices, preferred: isOne ? '' : (preferred ?? 'none') };
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
  await web.database.transaction((sql) => saveChoices(sql, customerRef, form, visit.now));
  const isTold = await tellJourney(web, customerRef, 'every-channel', request);
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

async function saveChoices(
  sql: Sql,
  customerRef: CustomerRef,
  { choices, preferred }: PreferencesForm,
  at: Instant,
): Promise<void> {
  const known = await customerChannels(sql, customerRef, '');
  for (const { field, channel, purpose } of QUESTIONS) {
    // a channel that was not there when the page was opened has not been asked about
    if (choices[field] === '' || known.addresses[channel] === null) continue;
    const granted = choices[field] === 'yes';
    // what was not changed on the page is no statement: it must not end a journey as an opt-out
    if (granted === known.consents[channel][purpose]) continue;
    await setConsent(sql, { customerRef, channel, purpose, granted, at, source: 'page:preferences' });
  }
  const wish = CONTACT_CHANNELS.find((channel) => channel === preferred && known.addresses[channel] !== null) ?? null;
  if ((wish !== null || preferred === 'none') && wish !== known.preferred) await preferChannel(sql, customerRef, wish);
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
  const isTold = await tellJourney(web, customerRef, 'any-channel', request);
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

/** E-mail's questions are on every form; the others on those of who can be reached there. */
function judge({ language, choices }: PreferencesForm): ChoiceProblems {
  const words = wordsIn(language).preferences;
  const open = QUESTIONS.filter(({ field, channel }) => {
    const isAsked = channel === 'email' || choices[field] !== '';
    return isAsked && !(CHOICES as readonly string[]).includes(choices[field]);
  });
  return Object.fromEntries(open.map(({ field }) => [field, words.choose]));
}

function PreferencesPage({ language, bank, choices, preferred, problems }: PreferencesForm) {
  const words = wordsIn(language);
  const all = words.preferences;
  const ofChannels = preferencesWords(language);
  const shown = QUESTIONS.filter(({ field, channel }) => channel === 'email' || choices[field] !== '');
  return (
    <Page language={language} bank={bank} title={all.title}>
      <p>{all.lead}</p>
      <Problems language={language} problems={[...new Set(Object.values(problems))]} />
      <form method="post">
        <FormMemory nonce="" language={language} />
        {shown.map(({ field, channel, purpose }) => (
          <fieldset aria-describedby={`${field}-hint ${field}-problem`}>
            <legend>{ofChannels[purpose][channel]}</legend>
            <p class="quiet" id={`${field}-hint`}>
              {all[`${purpose}Hint`]}
            </p>
            <FieldProblem id={`${field}-problem`} problem={problems[field]} />
            <div class="choices">
              {CHOICES.map((choice) => (
                <label class="choice">
                  <input type="radio" name={field} value={choice} required checked={choices[field] === choice} />
                  <span>{all[choice]}</span>
                </label>
              ))}
            </div>
          </fieldset>
        ))}
        {preferred === '' ? null : <PreferredChannel language={language} choices={choices} preferred={preferred} />}
        <button type="submit">{words.save}</button>
      </form>
    </Page>
  );
}

function PreferredChannel({
  language,
  choices,
  preferred,
}: Pick<PreferencesForm, 'language' | 'choices' | 'preferred'>) {
  const words = preferencesWords(language);
  const there = new Set<string>(
    QUESTIONS.filter(({ field, channel }) => channel === 'email' || choices[field] !== '').map(
      ({ channel }) => channel,
    ),
  );
  return (
    <fieldset aria-describedby="preferred-hint">
      <legend>{words.preferred}</legend>
      <p class="quiet" id="preferred-hint">
        {words.preferredHint}
      </p>
      <div class="choices">
        {PREFERRED.filter((channel) => channel === 'none' || there.has(channel)).map((channel) => (
          <label class="choice">
            <input type="radio" name="preferred" value={channel} checked={preferred === channel} />
            <span>{words.channels[channel]}</span>
          </label>
        ))}
      </div>
    </fieldset>
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
