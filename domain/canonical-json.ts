/** A plain JSON value. Money and points (bigint) are no JSON: write them as text. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** No honest record is nested deeper than this. */
export const MAX_JSON_DEPTH = 100;

/**
 * The one text of a JSON value by RFC 8785: keys in the order of their UTF-16 units, no blanks, numbers as ECMAScript
 * writes them. Equal values have equal texts, so a digest of the text is a digest of the value.
 * @throws TypeError for what JSON can't say: undefined, bigint, NaN, infinities, half a surrogate pair, a class's
 *   instance, or more than MAX_JSON_DEPTH levels
 */
export function canonicalJson(value: Json): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (depth > MAX_JSON_DEPTH)
    throw new TypeError(`a JSON value nested deeper than ${MAX_JSON_DEPTH} levels is refused`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return writeText(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON text`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(',')}]`;
  if (typeof value === 'object' && isPlain(value)) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${writeText(key)}:${write(item, depth + 1)}`).join(',')}}`;
  }
  throw new TypeError(`a ${typeof value} has no JSON text; write it as a text or leave it out`);
}

function writeText(text: string): string {
  // JSON.stringify would write half a surrogate pair as an escape, which RFC 8785 refuses
  if (/\p{Surrogate}/u.test(text)) throw new TypeError('a text with half a surrogate pair has no canonical JSON');
  return JSON.stringify(text);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
