import type { FastifyReply } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { CustomerRef, Language } from '../../domain/types.js';
import {
  readComplaintReceipt,
  readOpenComplaints,
  readPageCustomer,
  type PageComplaint,
  type PageCustomer,
} from '../../store/page-reads.js';
import { insertText, MAX_TEXT_CHARS } from '../../store/texts.js';
import type { ComplaintReceipt } from '../../workflows/contract.js';
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

const body = formMemory.extend({ narrative: typed });

interface ComplaintForm {
  nonce: string;
  language: Language;
  bank: string;
  narrative: string;
  problems: { narrative?: string; form?: string };
}

/** Where a customer complains and sees what has become of it. */
export function complaintRoutes(app: App, web: Web): void {
  app.get(URLS.complaint, { schema: { params: tokenParams } }, async (request, reply) => {
    const visit = await openVisit(web, 'complaint', request.params.token);
    const customer = await visitor(web, visit);
    const complaints = await readOpenComplaints(web.database, customer.customerRef);
    const form = {
      nonce: randomUUID(),
      language: customer.language,
      bank: visit.installation.bankName,
      narrative: '',
      problems: {},
    };
    return sendPage(reply, 200, <ComplaintPage form={form} complaints={complaints} customer={customer} />);
  });

  app.post(URLS.complaint, { schema: { params: tokenParams, body } }, async (request, reply) => {
    const { nonce, isNew } = readNonce(request.body.nonce);
    const language = formLanguage(request, request.body.lang);
    const narrative = cleanText(request.body.narrative);
    const form: ComplaintForm = {
      nonce,
      language,
      bank: web.known.installation?.bankName ?? '',
      narrative,
      problems: {},
    };
    const again = (problem: string) => (
      <ComplaintPage form={{ ...form, problems: { form: problem } }} complaints={[]} customer={null} />
    );
    return keepingForm(
      request,
      reply,
      language,
      () => send(web, request.params.token, reply, form, isNew),
      again,
      narrative,
    );
  });
}

/** @throws PageRefusal when the customer is not there any more */
export async function visitor(web: Web, visit: Visit): Promise<PageCustomer> {
  const customer = await readPageCustomer(web.database, visit.subject as CustomerRef);
  if (!customer) throw new PageRefusal(404, 'linkInvalid');
  return customer;
}

async function send(
  web: Web,
  token: string,
  reply: FastifyReply,
  typedForm: ComplaintForm,
  isNew: boolean,
): Promise<FastifyReply> {
  const visit = await openVisit(web, 'complaint', token);
  const customer = await visitor(web, visit);
  const { language } = customer;
  const form = { ...typedForm, language, bank: visit.installation.bankName };
  const problems = judge(form, isNew);
  if (Object.keys(problems).length > 0) {
    const complaints = await readOpenComplaints(web.database, customer.customerRef);
    return sendPage(
      reply,
      422,
      <ComplaintPage form={{ ...form, problems }} complaints={complaints} customer={customer} />,
    );
  }
  const receipt = await complain(web, visit, customer, form);
  const due = dayIn(language, customer.zone, receipt.dueAt);
  return sendPage(
    reply,
    200,
    <ThanksPage language={language} bank={form.bank} reference={receipt.complaintRef} due={due} />,
  );
}

async function complain(
  web: Web,
  visit: Visit,
  { customerRef, language }: PageCustomer,
  form: ComplaintForm,
): Promise<ComplaintReceipt> {
  const textId = sendingId(form.nonce, customerRef, form.narrative);
  const complaintKey = `page:${textId}`;
  const known = await readComplaintReceipt(web.database, customerRef, complaintKey);
  if (known) return known;
  // the words first: what a workflow is told of must be there
  await insertText(web.database, { textId, customerRef, body: form.narrative, receivedAt: visit.now });
  const { clock } = visit.installation;
  const asked = await web.door.complain({ complaintKey, customerRef, source: 'page', textId, clock }, textId);
  if (asked.kind === 'refused') throw new PageRefusal(409, 'complaintRefused', language, asked.words);
  if (asked.kind === 'done') return asked.value;
  // it was opened and closed between the two questions
  const since = await readComplaintReceipt(web.database, customerRef, complaintKey);
  if (!since) throw new Error(`complaint ${complaintKey} has ended without a number; look at its workflow`);
  return since;
}

function judge(form: ComplaintForm, isNew: boolean): ComplaintForm['problems'] {
  const words = wordsIn(form.language);
  const have = countCharacters(form.narrative);
  return {
    ...(isNew ? { form: words.formOld } : {}),
    ...(have === 0 ? { narrative: words.complaint.empty } : {}),
    ...(have > MAX_TEXT_CHARS ? { narrative: words.survey.tooLong(have, MAX_TEXT_CHARS) } : {}),
  };
}

function ComplaintPage({
  form,
  complaints,
  customer,
}: {
  form: ComplaintForm;
  complaints: PageComplaint[];
  customer: PageCustomer | null;
}) {
  const { problems, language } = form;
  const all = wordsIn(language);
  const words = all.complaint;
  return (
    <Page language={language} bank={form.bank} title={words.title}>
      {customer === null || complaints.length === 0 ? null : (
        <OpenComplaints complaints={complaints} customer={customer} />
      )}
      <p>{words.lead}</p>
      <Problems language={language} problems={Object.values(problems)} />
      <form method="post">
        <FormMemory nonce={form.nonce} language={language} />
        <label for="narrative">{words.narrative}</label>
        <p class="quiet" id="narrative-hint">
          {words.hint(MAX_TEXT_CHARS)}
        </p>
        <FieldProblem id="narrative-problem" problem={problems.narrative} />
        <textarea
          id="narrative"
          name="narrative"
          rows={10}
          required
          aria-describedby="narrative-hint narrative-problem"
          aria-invalid={problems.narrative ? 'true' : undefined}
        >
          {form.narrative}
        </textarea>
        <button type="submit">{all.send}</button>
      </form>
    </Page>
  );
}

function OpenComplaints({
  complaints,
  customer: { language, zone },
}: {
  complaints: PageComplaint[];
  customer: PageCustomer;
}) {
  const words = wordsIn(language).complaint;
  return (
    <section>
      <h2>{words.open}</h2>
      <ul class="complaints">
        {complaints.map((complaint) => (
          <li>
            <strong>{complaint.complaintRef}</strong>
            <dl>
              <dt>{words.since}</dt>
              <dd>{dayIn(language, zone, complaint.openedAt)}</dd>
              <dt>{words.due}</dt>
              <dd>{dayIn(language, zone, complaint.dueAt)}</dd>
              <dt>{words.state}</dt>
              <dd>{words.steps[complaint.step]}</dd>
            </dl>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ThanksPage(props: { language: Language; bank: string; reference: string; due: string }) {
  const words = wordsIn(props.language).complaint;
  return (
    <Notice language={props.language} bank={props.bank} title={words.thanks}>
      <p>{words.thanksWords}</p>
      <p class="reference">{props.reference}</p>
      <p>
        {words.due}: <strong>{props.due}</strong>
      </p>
    </Notice>
  );
}
