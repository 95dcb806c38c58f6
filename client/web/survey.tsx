import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { randomUUID } from 'node:crypto';
import type { ComplaintRef, JourneyId, Language } from '../../domain/types.js';
import { readPageSurvey, type PageSurvey } from '../../store/page-reads.js';
import { insertText, readText } from '../../store/texts.js';
import type { AnswerReceipt } from '../../workflows/contract.js';
import {
  cleanText,
  countCharacters,
  formLanguage,
  formMemory,
  keepingForm,
  readNonce,
  sendingId,
  typed,
} from './form.js';
import { FieldProblem, FormMemory, Notice, Page, Problems, sendPage } from './page.js';
import { PageRefusal } from './refusal.js';
import { URLS } from './urls.js';
import { openVisit, tokenParams, type App, type Visit, type Web } from './web.js';
import { dayIn, wordsIn } from './words.js';

/** Characters of the comment beside a score. */
export const COMMENT_MAX_CHARS = 4_000;
const SCORES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;

const scoreText = z.string().regex(/^(\d|10)$/);
const query = z.object({ score: scoreText.optional().catch(undefined) });
const body = formMemory.extend({ score: typed, comment: typed });

interface SurveyForm {
  nonce: string;
  language: Language;
  bank: string;
  score: string;
  comment: string;
  until?: string | undefined;
  problems: { score?: string; comment?: string; form?: string };
}

/** The question of a mail. Opening it, with or without a score, changes nothing; only sending it answers. */
export function surveyRoutes(app: App, web: Web): void {
  app.get(URLS.survey, { schema: { params: tokenParams, querystring: query } }, async (request, reply) => {
    const visit = await openVisit(web, 'survey', request.params.token);
    const survey = await openSurvey(web, visit);
    const { language, zone } = survey.customer;
    const until = survey.expiresAt === null ? undefined : dayIn(language, zone, survey.expiresAt);
    const form = { nonce: randomUUID(), language, bank: visit.installation.bankName, until, comment: '', problems: {} };
    return sendPage(reply, 200, <SurveyPage {...form} score={request.query.score ?? ''} />);
  });

  app.post(URLS.survey, { schema: { params: tokenParams, body } }, async (request, reply) => {
    const { nonce, isNew } = readNonce(request.body.nonce);
    const language = formLanguage(request, request.body.lang);
    const comment = cleanText(request.body.comment);
    const form: SurveyForm = {
      nonce,
      language,
      bank: web.known.installation?.bankName ?? '',
      score: request.body.score,
      comment,
      problems: {},
    };
    const again = (problem: string) => <SurveyPage {...form} problems={{ form: problem }} />;
    return keepingForm(
      request,
      reply,
      language,
      () => send(web, request.params.token, reply, form, isNew),
      again,
      comment,
    );
  });
}

async function send(
  web: Web,
  token: string,
  reply: FastifyReply,
  typedForm: SurveyForm,
  isNew: boolean,
): Promise<FastifyReply> {
  const visit = await openVisit(web, 'survey', token);
  const journeyId = visit.subject as JourneyId;
  const survey = await readSurvey(web, visit);
  const form = { ...typedForm, language: survey.customer.language, bank: visit.installation.bankName };
  const problems = judge(form, isNew);
  if (Object.keys(problems).length > 0) return sendPage(reply, 422, <SurveyPage {...form} problems={problems} />);
  const sending = sendingId(form.nonce, journeyId, form.score, form.comment);
  const textId = form.comment === '' ? null : sending;
  if (textId !== null) {
    // words that nobody will read are not kept; those of this very sending are there already when it comes again
    if (survey.state !== 'open' && !(await readText(web.database, textId))) throw closed(survey);
    await insertText(web.database, {
      textId,
      customerRef: survey.customer.customerRef,
      body: form.comment,
      receivedAt: visit.now,
    });
  }
  const asked = await web.door.answer(journeyId, { score: Number(form.score), textId }, sending);
  if (asked.kind === 'over') throw closed({ ...survey, state: survey.state === 'open' ? 'over' : survey.state });
  if (asked.kind === 'refused') throw new PageRefusal(409, 'refused', form.language, asked.words);
  return sendPage(reply, 200, <ThanksPage language={form.language} bank={form.bank} receipt={asked.value} />);
}

async function readSurvey(web: Web, visit: Visit): Promise<PageSurvey> {
  const survey = await readPageSurvey(web.database, visit.subject as JourneyId, visit.now);
  if (!survey) throw new PageRefusal(404, 'linkInvalid');
  return survey;
}

async function openSurvey(web: Web, visit: Visit): Promise<PageSurvey> {
  const survey = await readSurvey(web, visit);
  if (survey.state !== 'open') throw closed(survey);
  return survey;
}

function closed(survey: PageSurvey): PageRefusal {
  const state = survey.state === 'open' ? 'over' : survey.state;
  return new PageRefusal(410, state, survey.customer.language);
}

function judge(form: SurveyForm, isNew: boolean): SurveyForm['problems'] {
  const words = wordsIn(form.language);
  const have = countCharacters(form.comment);
  return {
    ...(isNew ? { form: words.formOld } : {}),
    ...(scoreText.safeParse(form.score).success ? {} : { score: words.survey.noScore }),
    ...(have > COMMENT_MAX_CHARS ? { comment: words.survey.tooLong(have, COMMENT_MAX_CHARS) } : {}),
  };
}

function SurveyPage(form: SurveyForm) {
  const words = wordsIn(form.language);
  const { problems } = form;
  return (
    <Page language={form.language} bank={form.bank} title={words.survey.title}>
      <Problems language={form.language} problems={Object.values(problems)} />
      <form method="post">
        <FormMemory nonce={form.nonce} language={form.language} />
        <fieldset aria-describedby={problems.score ? 'score-problem' : undefined}>
          <legend>{words.survey.question(form.bank)}</legend>
          <FieldProblem id="score-problem" problem={problems.score} />
          <div class="scores">
            {SCORES.map((score) => (
              <label class="score">
                <input
                  type="radio"
                  name="score"
                  value={String(score)}
                  required
                  checked={form.score === String(score)}
                />
                <span>{score}</span>
              </label>
            ))}
          </div>
          <p class="ends" aria-hidden="true">
            <span>0 = {words.survey.low}</span>
            <span>10 = {words.survey.high}</span>
          </p>
        </fieldset>
        <label for="comment">{words.survey.comment}</label>
        <p class="quiet" id="comment-hint">
          {words.survey.hint(COMMENT_MAX_CHARS)}
        </p>
        <FieldProblem id="comment-problem" problem={problems.comment} />
        <textarea
          id="comment"
          name="comment"
          rows={6}
          aria-describedby="comment-hint comment-problem"
          aria-invalid={problems.comment ? 'true' : undefined}
        >
          {form.comment}
        </textarea>
        <button type="submit">{words.send}</button>
      </form>
      {form.until === undefined ? null : <p class="quiet">{words.survey.until(form.until)}</p>}
    </Page>
  );
}

function ThanksPage(props: { language: Language; bank: string; receipt: AnswerReceipt }) {
  const words = wordsIn(props.language).survey;
  const complaintRef: ComplaintRef | null = props.receipt.complaintRef;
  return (
    <Notice language={props.language} bank={props.bank} title={words.thanks}>
      <p>{complaintRef === null ? words.thanksWords : words.complaint}</p>
      {complaintRef === null ? null : <p class="reference">{complaintRef}</p>}
    </Notice>
  );
}
