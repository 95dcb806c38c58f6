import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Liquid, type Template } from 'liquidjs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { TRIGGERS } from '../domain/trigger-names.js';
import type { Language } from '../domain/types.js';
import { SAMPLE, type MessageData, type StaffData } from './message-data.js';

export { SAMPLE, type MessageData, type StaffData } from './message-data.js';

export const LANGUAGES: readonly Language[] = ['en', 'zh-CN'];

/** Limits of one rendering; a template that needs more is broken, and must not hold up everybody's mail. */
export const TEMPLATE_MAX_CHARS = 50_000;
export const RENDER_LIMIT_MS = 500;
/** liquidjs counts characters and list elements that filters and tags make */
export const RENDER_MEMORY_LIMIT = 1_000_000;
/** Characters of a subject; servers fold longer ones in their own ways. */
export const SUBJECT_MAX_CHARS = 200;
/** Characters of a short text with the sample's data: some messages of 67 that a phone shows as one (3GPP TS 23.040, UCS-2). */
export const SHORT_MAX_CHARS = 400;

export interface RenderedMessage {
  subject: string;
  html: string;
  text: string;
  /**
   * For a channel that carries a line and no letter; there where the template has a short text. Filled in when it is asked
   * for: what is wrong with it does not stop the mail. @throws TemplateError
   */
  short?: () => string;
}

export interface MessageRequest {
  template: string;
  language: Language;
  data: MessageData | StaffData;
}

/** A template is missing, malformed, or asks for data that the occasion doesn't have: content to correct, not an outage. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

type Part = 'subject' | 'html' | 'text';
type Parts = Record<Part, Template[]>;

export interface MessageTemplates {
  /** @throws TemplateError naming the template, the language and what is wrong */
  render(request: MessageRequest): RenderedMessage;
  /** whether a campaign may name it: there in every language */
  exists(template: string): boolean;
  /** whether it can go by a channel other than e-mail: a short text is there in every language */
  hasShort(template: string): boolean;
  /** one sentence for each fault of the folder; empty when every template renders in every language */
  check(): string[];
}

const FILE = /^([a-z][a-z0-9-]*)\.(en|zh-CN)\.liquid$/;
const SHORT_FILE = /^([a-z][a-z0-9-]*)\.short\.(en|zh-CN)\.liquid$/;
const SECTIONS = /^subject:([^\n]*)\n+--- html ---\n([\s\S]*?)\n--- text ---\n([\s\S]*)$/;
const reasonsSchema = z.record(z.string(), z.strictObject({ en: z.string().min(1), 'zh-CN': z.string().min(1) }));

/** Reads the whole folder once; a template changed later is seen by the next process. */
export function createMessageTemplates(folder = join(__dirname, '..', 'campaigns', 'templates')): MessageTemplates {
  const files = readdirSync(folder);
  const partials = Object.fromEntries(
    files.filter((file) => /^_[a-z-]+\.liquid$/.test(file)).map((file) => [file.slice(1, -7), read(folder, file)]),
  );
  const reasons = reasonsSchema.parse(parseYaml(read(folder, 'reasons.yaml')));
  const languages = Object.fromEntries(LANGUAGES.map((language) => [language, engines(language, partials)]));
  const known = new Map<string, Parts | TemplateError>();
  for (const file of files) {
    const [, template, language] = FILE.exec(file) ?? [];
    if (template && language) known.set(file, parsed(read(folder, file), file, languages[language] as Engines));
  }
  const shorts = createShortTexts(folder, files, languages);
  const names = [...new Set([...known.keys()].map((file) => file.slice(0, file.indexOf('.'))))].filter(
    (name) => name !== 'layout',
  );
  const find = (name: string, language: Language): Parts => {
    const parts = known.get(`${name}.${language}.liquid`);
    if (!parts)
      throw new TemplateError(
        `there is no template "${name}" in ${language}; add ${name}.${language}.liquid to campaigns/templates`,
      );
    if (parts instanceof TemplateError) throw parts;
    return parts;
  };
  const render = (request: MessageRequest): RenderedMessage => {
    const inWords = codesInWords(reasons, request);
    const rendered = renderParts(request, find, languages[request.language] as Engines, inWords);
    if (!shorts.has(request.template)) return rendered;
    return { ...rendered, short: () => shorts.render(request, inWords) };
  };
  return {
    render,
    exists: (name) => name !== 'layout' && LANGUAGES.every((language) => known.has(`${name}.${language}.liquid`)),
    hasShort: (name) => shorts.has(name),
    check: () => [
      ...TRIGGERS.filter((trigger) => !(trigger in reasons)).map(
        (trigger) => `reasons.yaml has no words for "${trigger}"; add them in en and zh-CN`,
      ),
      ...names.flatMap((template) =>
        LANGUAGES.flatMap((language) => faults(render, { template, language, data: SAMPLE })),
      ),
      ...shorts.check(names),
    ],
  };
}

const read = (folder: string, file: string): string =>
  readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n');

interface Engines {
  html: Liquid;
  plain: Liquid;
}

function engines(language: Language, partials: Record<string, string>): Engines {
  const make = (escape: boolean): Liquid => {
    const engine = new Liquid({
      strictVariables: true,
      strictFilters: true,
      // `{% if links.unsubscribe %}` may ask whether something is there; printing what is not there stays an error
      lenientIf: true,
      parseLimit: TEMPLATE_MAX_CHARS,
      renderLimit: RENDER_LIMIT_MS,
      memoryLimit: RENDER_MEMORY_LIMIT,
      // in memory: a template can't read files
      templates: partials,
      ...(escape ? { outputEscape: 'escape' as const } : {}),
    });
    engine.registerFilter('number', (value: unknown) => {
      // the value may be a name: a fault is logged, and says nothing of a customer
      if (!/^-?\d+$/.test(String(value))) throw new Error('"number" is for whole numbers only');
      return new Intl.NumberFormat(language).format(BigInt(String(value)));
    });
    return engine;
  };
  return { html: make(true), plain: make(false) };
}

/** A faulty file is kept as its fault, so that it stops the mails that need it and no others. */
function parsed(source: string, file: string, { html, plain }: Engines): Parts | TemplateError {
  const sections = SECTIONS.exec(source);
  if (!sections)
    return new TemplateError(
      `${file} must be a "subject:" line, "--- html ---" with its part, "--- text ---" with its part, in this order`,
    );
  const [, subject = '', htmlPart = '', textPart = ''] = sections;
  try {
    return { subject: plain.parse(subject.trim()), html: html.parse(htmlPart), text: plain.parse(textPart) };
  } catch (error) {
    return new TemplateError(`${file} can't be read: ${(error as Error).message}`);
  }
}

/** What of a message's data is codes, as the sentences of reasons.yaml. */
function codesInWords(
  words: z.output<typeof reasonsSchema>,
  { language, data: { reasons, credit } }: MessageRequest,
): { reasons?: string[]; credit?: object } {
  const inWords = (codes: readonly string[]): string[] =>
    codes.map((code) => {
      const entry = words[code];
      if (!entry) throw new TemplateError(`reasons.yaml has no words for "${code}"; add them in en and zh-CN`);
      return entry[language];
    });
  return {
    ...(reasons ? { reasons: inWords(reasons) } : {}),
    ...(credit ? { credit: { ...credit, changes: inWords(credit.changes), helps: inWords(credit.helps) } } : {}),
  };
}

function renderParts(
  { template, language, data }: MessageRequest,
  find: (name: string, language: Language) => Parts,
  { html, plain }: Engines,
  inWords: ReturnType<typeof codesInWords>,
): RenderedMessage {
  const parts = find(template, language);
  const layout = find('layout', language);
  const scope = { ...data, links: data.links ?? {}, language, ...inWords };
  const run = (engine: Liquid, part: Template[], content: object): string => engine.renderSync(part, content) as string;
  try {
    // a subject is a mail header
    const subject = inOneLine(run(plain, parts.subject, scope)).slice(0, SUBJECT_MAX_CHARS);
    return {
      subject,
      html: run(html, layout.html, { ...scope, subject, content: run(html, parts.html, scope) }),
      text: run(plain, layout.text, { ...scope, subject, content: run(plain, parts.text, scope).trim() }).trimStart(),
    };
  } catch (error) {
    throw new TemplateError(`${template}.${language}.liquid can't be filled in: ${(error as Error).message}`);
  }
}

/** One line, whatever a name contains. */
const inOneLine = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, ' ').trim();

interface ShortTexts {
  has(template: string): boolean;
  render(request: MessageRequest, inWords: ReturnType<typeof codesInWords>): string;
  check(names: readonly string[]): string[];
}

/** The short texts of the folder: one line of plain text each, without layout. */
function createShortTexts(folder: string, files: readonly string[], languages: Record<string, Engines>): ShortTexts {
  const sources = new Map<string, string>();
  for (const file of files) {
    const [, template, language] = SHORT_FILE.exec(file) ?? [];
    if (template && language) sources.set(file, read(folder, file));
  }
  const fileOf = (template: string, language: Language): string => `${template}.short.${language}.liquid`;
  const has = (template: string): boolean => LANGUAGES.every((language) => sources.has(fileOf(template, language)));
  const render: ShortTexts['render'] = ({ template, language, data }, inWords) => {
    const file = fileOf(template, language);
    const { plain } = languages[language] as Engines;
    const scope = { ...data, links: data.links ?? {}, language, ...inWords };
    try {
      return inOneLine(plain.parseAndRenderSync(sources.get(file) ?? '', scope) as string);
    } catch (error) {
      throw new TemplateError(`${file} can't be filled in: ${(error as Error).message}`);
    }
  };
  const fault = (file: string, short: () => string): string[] => {
    try {
      const { length } = short();
      if (length === 0) return [`${file} is empty; write one line`];
      return length <= SHORT_MAX_CHARS
        ? []
        : [`${file} has ${length} characters with the sample's data; shorten it to ${SHORT_MAX_CHARS}`];
    } catch (error) {
      return [(error as Error).message];
    }
  };
  // the sample has every reason there is; a customer has one or two
  const data = { ...SAMPLE, reasons: [] };
  const check: ShortTexts['check'] = (names) =>
    [...sources.keys()].flatMap((file) => {
      const [, template = '', language] = SHORT_FILE.exec(file) ?? [];
      if (!names.includes(template))
        return [`${file} is short for a message that is not there; add ${template}.en.liquid`];
      if (!has(template)) return [`${file} is there in one language only; add the other one`];
      return fault(file, () => render({ template, language: language as Language, data }, {}));
    });
  return { has, render, check };
}

function faults(render: MessageTemplates['render'], request: MessageRequest): string[] {
  const file = `${request.template}.${request.language}.liquid`;
  try {
    const { subject, html, text } = render(request);
    const empty = Object.entries({ subject, html, text }).filter(([, part]) => part.trim() === '');
    return empty.map(([part]) => `${file} has an empty ${part}; write one`);
  } catch (error) {
    return [(error as Error).message];
  }
}

let own: MessageTemplates | undefined;
const templates = (): MessageTemplates => (own ??= createMessageTemplates());

/** A message from the installation's own templates. @throws TemplateError in words */
export const renderMessage = (request: MessageRequest): RenderedMessage => templates().render(request);
/** Whether the installation has this template in every language. */
export const templateExists = (template: string): boolean => templates().exists(template);
/** Faults of the installation's templates, one sentence each; empty when all render. */
export const checkTemplates = (): string[] => templates().check();
/** Whether it has a short text in every language, for channels that carry no letter. */
export const shortTextExists = (template: string): boolean => templates().hasShort(template);
