import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Liquid, type Template } from 'liquidjs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { TRIGGERS } from '../domain/trigger-names.js';
import type { Language } from '../domain/types.js';

export const LANGUAGES: readonly Language[] = ['en', 'zh-CN'];

/** Limits of one rendering; a template that needs more is broken, and must not hold up everybody's mail. */
export const TEMPLATE_MAX_CHARS = 50_000;
export const RENDER_LIMIT_MS = 500;
/** liquidjs counts characters and list elements that filters and tags make */
export const RENDER_MEMORY_LIMIT = 1_000_000;
/** Characters of a subject; servers fold longer ones in their own ways. */
export const SUBJECT_MAX_CHARS = 200;

/**
 * What a template may speak of; days come as words in the customer's language and zone. A template that names something
 * which is not given is refused, not left blank.
 */
export interface MessageData {
  customer: { name: string };
  bank: { name: string };
  manager?: { name: string; email: string };
  links?: { survey?: string; complaint?: string; preferences?: string; unsubscribe?: string };
  /** codes: the triggers of the finding; the template sees them as sentences from reasons.yaml */
  reasons?: readonly string[];
  points?: bigint;
  /** the last day on which `points` can be spent */
  expiry?: { on: string };
  complaint?: { ref: string; dueOn?: string; escalatedTo?: string; resolution?: string };
  survey?: { expiresOn: string };
  /** what was ordered for points; the item is named in the customer's language */
  order?: { ref: string; item: string; partner: string };
}

export interface RenderedMessage {
  subject: string;
  html: string;
  text: string;
}

export interface MessageRequest {
  template: string;
  language: Language;
  data: MessageData;
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
  /** one sentence for each fault of the folder; empty when every template renders in every language */
  check(): string[];
}

const FILE = /^([a-z][a-z0-9-]*)\.(en|zh-CN)\.liquid$/;
const SECTIONS = /^subject:([^\n]*)\n+--- html ---\n([\s\S]*?)\n--- text ---\n([\s\S]*)$/;
const reasonsSchema = z.record(z.string(), z.strictObject({ en: z.string().min(1), 'zh-CN': z.string().min(1) }));

const SAMPLE: Required<MessageData> = {
  customer: { name: 'Li Na' },
  bank: { name: 'Sample Bank' },
  manager: { name: 'Wang Fang', email: 'wang.fang@bank.example' },
  links: {
    survey: 'https://bank.example/survey/token',
    complaint: 'https://bank.example/complaint/token',
    preferences: 'https://bank.example/preferences/token',
    unsubscribe: 'https://bank.example/unsubscribe/token',
  },
  reasons: [...TRIGGERS],
  points: 2000n,
  expiry: { on: '20 March 2026' },
  complaint: {
    ref: 'K-2026-0000042',
    dueOn: '20 March 2026',
    escalatedTo: 'Customer Ombudsman',
    resolution: 'We have returned the fee.\nThank you.',
  },
  survey: { expiresOn: '20 March 2026' },
  order: { ref: 'R-2026-0000042', item: 'Porcelain tea set', partner: 'Gift House' },
};

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
  const render = (request: MessageRequest): RenderedMessage =>
    renderParts(request, find, languages[request.language] as Engines, reasonWords(reasons, request));
  return {
    render,
    exists: (name) => name !== 'layout' && LANGUAGES.every((language) => known.has(`${name}.${language}.liquid`)),
    check: () => [
      ...TRIGGERS.filter((trigger) => !(trigger in reasons)).map(
        (trigger) => `reasons.yaml has no words for "${trigger}"; add them in en and zh-CN`,
      ),
      ...names.flatMap((template) =>
        LANGUAGES.flatMap((language) => faults(render, { template, language, data: SAMPLE })),
      ),
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
    engine.registerFilter('number', (value: unknown) => new Intl.NumberFormat(language).format(BigInt(String(value))));
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

function reasonWords(reasons: z.output<typeof reasonsSchema>, { language, data }: MessageRequest): string[] {
  return (data.reasons ?? []).map((code) => {
    const words = reasons[code];
    if (!words) throw new TemplateError(`reasons.yaml has no words for "${code}"; add them in en and zh-CN`);
    return words[language];
  });
}

function renderParts(
  { template, language, data }: MessageRequest,
  find: (name: string, language: Language) => Parts,
  { html, plain }: Engines,
  reasons: string[],
): RenderedMessage {
  const parts = find(template, language);
  const layout = find('layout', language);
  const scope = { ...data, links: data.links ?? {}, language, ...(data.reasons ? { reasons } : {}) };
  const run = (engine: Liquid, part: Template[], content: object): string => engine.renderSync(part, content) as string;
  try {
    // one line, whatever a name contains: a subject is a mail header
    const subject = run(plain, parts.subject, scope)
      .replace(/[\s\p{Cc}]+/gu, ' ')
      .trim()
      .slice(0, SUBJECT_MAX_CHARS);
    return {
      subject,
      html: run(html, layout.html, { ...scope, subject, content: run(html, parts.html, scope) }),
      text: run(plain, layout.text, { ...scope, subject, content: run(plain, parts.text, scope).trim() }).trimStart(),
    };
  } catch (error) {
    throw new TemplateError(`${template}.${language}.liquid can't be filled in: ${(error as Error).message}`);
  }
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
