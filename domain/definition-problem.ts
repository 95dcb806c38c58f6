import { z } from 'zod';

/** Farther off than this many letters a key is not taken for a misspelling. */
const MAX_MISSPELT = 2;

type Path = readonly PropertyKey[];

/** What a file is read as. */
export interface FileKind<Schema extends z.ZodType = z.ZodType> {
  schema: Schema;
  /** with its article, as in "a campaign" */
  what: string;
  /** a line that such a file begins with */
  beginsWith: string;
}

/**
 * An issue of the schema as a sentence that says what is wrong and what to write.
 * @param value   the whole file as read
 * @param unknown the key, when the issue is about one that is not known
 */
export function definitionProblem(
  issue: z.core.$ZodIssue,
  value: unknown,
  unknown: string | null,
  kind: FileKind,
): string {
  const where = issue.path.map(String).join('.');
  if (unknown !== null) return unknownKey(unknown, issue.path, kind.schema, value);
  if (where === '') return `this is not ${kind.what}; begin with a line like "${kind.beginsWith}"`;
  const given = valueAt(value, issue.path);
  if (given === undefined) {
    const wanted = issue.code === 'invalid_value' ? issue.values.map(String) : choicesOf(issue, value, kind.schema);
    return wanted.length === 0 ? `${where} is missing; add it` : `${where} is missing; add it: ${wanted.join(' or ')}`;
  }
  switch (issue.code) {
    case 'invalid_type':
      return isDefault(issue)
        ? `${where} is ${kindOf(given)}, but ${kindWanted(issue.expected)} is wanted`
        : say(where, issue);
    case 'invalid_value':
      return `${where} is ${JSON.stringify(given)}, but must be ${issue.values.map(String).join(' or ')}`;
    case 'invalid_union':
      return isDefault(issue)
        ? `${where} is ${JSON.stringify(given)}, but must be ${choices(issue, value, kind.schema).join(' or ')}`
        : say(where, issue);
    case 'too_small':
      return isDefault(issue) ? `${where} is empty; write something` : say(where, issue);
    default:
      return say(where, issue);
  }
}

const say = (where: string, issue: z.core.$ZodIssue): string => `${where}: ${issue.message}`;
/** The library's own words are for programmers; the schema's are for people. */
const isDefault = (issue: z.core.$ZodIssue): boolean => /^(Invalid|Too) /.test(issue.message);

function unknownKey(key: string, path: Path, schema: z.ZodType, value: unknown): string {
  const known = knownKeys(path, schema, value);
  const near = known.find((candidate) => distance(candidate.toLowerCase(), key.toLowerCase()) <= MAX_MISSPELT);
  const advice = near ? `did you mean "${near}"?` : `known here: ${known.join(', ')}`;
  const where = path.length === 0 ? '' : ` in ${path.map(String).join('.')}`;
  return `"${key}" is not known${where}; ${advice}`;
}

function knownKeys(path: Path, whole: z.ZodType, value: unknown): string[] {
  return Object.keys(shapeOf(unwrapped(schemaAt(path, whole, value), valueAt(value, path))));
}

/** The schema of what stands at a path; of a union the branch that the value's own kind chooses. */
function schemaAt(path: Path, whole: z.ZodType, value: unknown): unknown {
  let schema: unknown = whole;
  path.forEach((key, depth) => {
    const object = unwrapped(schema, valueAt(value, path.slice(0, depth)));
    schema = object instanceof z.ZodArray ? object.element : shapeOf(object)[String(key)];
  });
  return schema;
}

function shapeOf(object: unknown): Record<string, unknown> {
  return object instanceof z.ZodObject ? object.shape : {};
}

/** What stands behind a value that may be left out, or the branch of a union that the value's own kind chooses. */
function unwrapped(schema: unknown, value: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault)
    return unwrapped(schema.unwrap(), value);
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const { discriminator } = schema.def;
  const kind = valueAt(value, [discriminator]);
  return schema.options.find((option) => kindsOf(shapeOf(option)[discriminator]).includes(String(kind)));
}

const kindsOf = (schema: unknown): string[] =>
  schema instanceof z.ZodLiteral || schema instanceof z.ZodEnum
    ? [...(schema instanceof z.ZodLiteral ? schema.values : schema.options)].map(String)
    : [];

/** What may be written where a union stands: its words, "a list", or the kinds that choose its branch. */
function choices(issue: z.core.$ZodIssueInvalidUnion, value: unknown, whole: z.ZodType): string[] {
  const kinds = choicesOf(issue, value, whole);
  return kinds.length > 0 ? kinds : issue.errors.flatMap(wordsOf);
}

function choicesOf(issue: z.core.$ZodIssue, value: unknown, whole: z.ZodType): string[] {
  const last = issue.path.at(-1);
  let union = schemaAt(issue.path.slice(0, -1), whole, value);
  if (union instanceof z.ZodOptional) union = union.unwrap();
  if (!(union instanceof z.ZodDiscriminatedUnion) || union.def.discriminator !== last) return [];
  return union.options.flatMap((option) => kindsOf(shapeOf(option)[String(last)]));
}

const wordsOf = (branch: readonly z.core.$ZodIssue[]): string[] =>
  branch.flatMap((issue) => {
    if (issue.code === 'invalid_value') return issue.values.map(String);
    return issue.code === 'invalid_type' ? [kindWanted(issue.expected)] : [];
  });

/**
 * An issue of a union as the issues of the branch that was meant: the one whose kind the value has. One that fits no
 * branch stays as it is.
 */
export function meant(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const isOtherKind = (inner: z.core.$ZodIssue): boolean =>
    inner.path.length === 0 && (inner.code === 'invalid_type' || inner.code === 'invalid_value');
  const branch = issue.errors.find((inner) => inner.length > 0 && !inner.some(isOtherKind));
  return branch ? branch.flatMap((inner) => meant({ ...inner, path: [...issue.path, ...inner.path] })) : [issue];
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path)
    at = typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined;
  return at;
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
