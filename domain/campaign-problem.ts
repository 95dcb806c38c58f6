import { z } from 'zod';
import { campaignSchema } from './campaign.js';

/** Farther off than this many letters a key is not taken for a misspelling. */
const MAX_MISSPELT = 2;

type Path = readonly PropertyKey[];

/**
 * An issue of the schema as a sentence that says what is wrong and what to write.
 * @param value   the whole file as read
 * @param unknown the key, when the issue is about one that is not known
 */
export function campaignProblem(issue: z.core.$ZodIssue, value: unknown, unknown: string | null): string {
  const where = issue.path.map(String).join('.');
  if (unknown !== null) return unknownKey(unknown, issue.path);
  if (where === '') return 'this is not a campaign; begin with a line like "campaign: keep-your-tier"';
  const given = valueAt(value, issue.path);
  if (given === undefined) return `${where} is missing; add it`;
  switch (issue.code) {
    case 'invalid_type':
      return isDefault(issue)
        ? `${where} is ${kindOf(given)}, but ${kindWanted(issue.expected)} is wanted`
        : say(where, issue);
    case 'invalid_value':
      return `${where} is ${JSON.stringify(given)}, but must be ${issue.values.map(String).join(' or ')}`;
    case 'invalid_union':
      return `${where} is ${JSON.stringify(given)}, but must be ${literals(issue.errors).join(' or ')}`;
    case 'too_small':
      return isDefault(issue) ? `${where} is empty; write something` : say(where, issue);
    default:
      return say(where, issue);
  }
}

const say = (where: string, issue: z.core.$ZodIssue): string => `${where}: ${issue.message}`;
/** The library's own words are for programmers; the schema's are for people. */
const isDefault = (issue: z.core.$ZodIssue): boolean => /^(Invalid|Too) /.test(issue.message);

function unknownKey(key: string, path: Path): string {
  const known = knownKeys(path);
  const near = known.find((candidate) => distance(candidate.toLowerCase(), key.toLowerCase()) <= MAX_MISSPELT);
  const advice = near ? `did you mean "${near}"?` : `known here: ${known.join(', ')}`;
  const where = path.length === 0 ? '' : ` in ${path.map(String).join('.')}`;
  return `"${key}" is not known${where}; ${advice}`;
}

function knownKeys(path: Path): string[] {
  let schema: unknown = campaignSchema;
  for (const key of path) schema = unwrapped(schema) instanceof z.ZodObject ? shapeOf(schema)[String(key)] : undefined;
  return Object.keys(shapeOf(schema));
}

function shapeOf(schema: unknown): Record<string, unknown> {
  const object = unwrapped(schema);
  return object instanceof z.ZodObject ? object.shape : {};
}

function unwrapped(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? schema.unwrap() : schema;
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path)
    at = typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined;
  return at;
}

function literals(errors: readonly (readonly z.core.$ZodIssue[])[]): string[] {
  return errors.flat().flatMap((issue) => (issue.code === 'invalid_value' ? issue.values.map(String) : []));
}

function kindOf(value: unknown): string {
  if (value === null) return 'left empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of keys';
  return typeof value === 'string' ? `the text "${value}"` : JSON.stringify(value);
}

function kindWanted(expected: string): string {
  const words: Record<string, string> = {
    string: 'a text',
    number: 'a number',
    array: 'a list',
    object: 'a group of keys',
  };
  return words[expected] ?? expected;
}

/** Levenshtein's, for short words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
