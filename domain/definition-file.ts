import { isMap, isPair, isScalar, LineCounter, parseDocument, type Document, type Node, type Pair } from 'yaml';
import type { z } from 'zod';
import { definitionProblem, meant, type FileKind } from './definition-problem.js';

/** What people edit is a page or two; what is longer is something else. */
export const MAX_DEFINITION_CHARACTERS = 100_000;

/** One thing that is wrong in a file, for the person who edits it; line and column count from 1. */
export interface FileProblem {
  file: string;
  line: number;
  column: number;
  message: string;
}

export type YamlReading<Definition> = { ok: true; definition: Definition } | { ok: false; problems: FileProblem[] };

type Path = readonly PropertyKey[];

/**
 * Reads a YAML file that people edit: all that is wrong at once, in the order of the lines. What one key alone can be
 * is told first; rules between keys (a reminder after the expiry) are looked at once every key is right by itself.
 * @param fileName only repeated in the problems
 */
export function readYaml<Schema extends z.ZodType>(
  kind: FileKind<Schema>,
  text: string,
  fileName: string,
): YamlReading<z.output<Schema>> {
  const lines = new LineCounter();
  const at = (offset: number, message: string): FileProblem => {
    const { line, col } = lines.linePos(offset);
    return { file: fileName, line: Math.max(1, line), column: Math.max(1, col), message };
  };
  if (text.length > MAX_DEFINITION_CHARACTERS)
    return refused([
      at(0, `the file is longer than ${MAX_DEFINITION_CHARACTERS} characters; ${kind.what} is a page or two`),
    ]);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) return refused(broken.map((error) => at(error.pos[0], yamlSentence(error))));
  const value = plainValue(document);
  if (value instanceof Error) return refused([at(0, `the file can't be read: ${value.message}`)]);
  const parsed = kind.schema.safeParse(value);
  if (parsed.success) return { ok: true, definition: parsed.data };
  return refused(
    parsed.error.issues
      .flatMap(meant)
      .filter(isFirstOfItsKind)
      .flatMap((issue) =>
        places(document, issue).map(([offset, key]) => at(offset, definitionProblem(issue, value, key, kind))),
      ),
  );
}

/** `file:line:column message`, one a line: what editors make clickable. */
export function describeProblems(problems: readonly FileProblem[]): string {
  return problems.map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`).join('\n');
}

function refused(problems: FileProblem[]): { ok: false; problems: FileProblem[] } {
  return { ok: false, problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) };
}

/** A number that is too small for two reasons is told once. */
function isFirstOfItsKind(issue: z.core.$ZodIssue, index: number, all: readonly z.core.$ZodIssue[]): boolean {
  const same = (other: z.core.$ZodIssue): boolean =>
    other.code === issue.code && other.path.join('.') === issue.path.join('.') && issue.code !== 'custom';
  return !all.slice(0, index).some(same);
}

function plainValue(document: Document): unknown {
  try {
    return document.toJS() as unknown;
  } catch (error) {
    // an alias that leads nowhere, or aliases of aliases that would fill the memory
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The offsets that an issue is about, each with the key it names when it is about a key that is not known. */
function places(document: Document, issue: z.core.$ZodIssue): [number, string | null][] {
  if (issue.code !== 'unrecognized_keys') return [[offsetOf(document, issue.path), null]];
  const parent = issue.path.length === 0 ? document.contents : document.getIn(issue.path, true);
  return issue.keys.map((key) => [keyOffset(pairOf(parent, key)) ?? offsetOf(document, issue.path), key]);
}

/** Where a value begins, or the key above it when there is no value of that path. */
function offsetOf(document: Document, path: Path): number {
  if (path.length === 0) return document.contents?.range?.[0] ?? 0;
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  const pair = pairOf(parent, last);
  const value: unknown = pair ? pair.value : document.getIn(path, true);
  const ofKey = keyOffset(pair);
  // a map or a list begins on the line below its key: the key is what people look for
  if (ofKey !== null && !isScalar(value)) return ofKey;
  const ofValue = (value as Node | null | undefined)?.range?.[0];
  return ofValue ?? ofKey ?? offsetOf(document, path.slice(0, -1));
}

function pairOf(parent: unknown, key: PropertyKey | undefined): Pair | null {
  if (!isMap(parent)) return null;
  const found = parent.items.find(
    (pair) => isPair(pair) && isScalar(pair.key) && String(pair.key.value) === String(key),
  );
  return found ?? null;
}

function keyOffset(pair: Pair | null): number | null {
  return (pair?.key as Node | null | undefined)?.range?.[0] ?? null;
}

function yamlSentence({ code, message }: { code: string; message: string }): string {
  if (code === 'TAB_AS_INDENT') return 'this line is indented with a tab; YAML wants blanks';
  if (code === 'DUPLICATE_KEY') return 'this key is there twice; leave one of them out';
  const [first = message] = message.split('\n');
  return `this is not YAML: ${first.charAt(0).toLowerCase()}${first.slice(1)}`;
}
