import { setTimeout as pause } from 'node:timers/promises';

/** A customer's browser, without scripts: opens a page and sends its form with what was filled in. */

const TRY_AGAIN_MS = 500;
const MOST_TRIES = 40;
const ENTITIES: Record<string, string> = { '&amp;': '&', '&quot;': '"', '&#39;': "'", '&lt;': '<', '&gt;': '>' };
const decode = (text: string): string =>
  text.replace(/&(amp|quot|#39|lt|gt);/g, (entity) => ENTITIES[entity] ?? entity);

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
  return value === undefined ? undefined : decode(value);
}

export interface Answered {
  status: number;
  text: string;
}

async function get(url: string): Promise<Answered> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

/**
 * Opens a link and sends the page's form: hidden fields as they are, the named ones as given. When the page says that it
 * could not store it yet, the same form is sent again.
 * @returns null when the page has no form (it has expired, or there is nothing to do)
 */
export async function openAndSend(url: string, fields: Record<string, string>): Promise<Answered | null> {
  const page = await get(url);
  const form = /<form\b[^>]*\bmethod="post"[^>]*>/i.exec(page.text);
  if (page.status !== 200 || !form) return null;
  const body = new URLSearchParams();
  for (const [input] of page.text.matchAll(/<input\b[^>]*\btype="hidden"[^>]*>/gi)) {
    const name = attribute(input, 'name');
    if (name) body.set(name, attribute(input, 'value') ?? '');
  }
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  const action = new URL(attribute(form[0], 'action') || url, url);
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(action, { method: 'POST', body });
    const answered = { status: response.status, text: await response.text() };
    if (answered.status !== 503 || tries === MOST_TRIES) return answered;
    // as the page advises: the same form again, which counts once
    await pause(TRY_AGAIN_MS);
  }
}
