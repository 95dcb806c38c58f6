import { isMap, isScalar, parseDocument, stringify, type Document } from 'yaml';
import { campaignSchema } from './campaign.js';

export type Cloned = { ok: true; text: string } | { ok: false; why: string };

/**
 * The YAML of a new campaign that says what another one says: the same text, comments included, but for its names. Those
 * in both languages are marked, so that nobody takes the new one for the old.
 * @param sourceText of a published version, which was read once already
 */
export function cloneCampaign(sourceText: string, newName: string): Cloned {
  const named = campaignSchema.shape.campaign.safeParse(newName);
  if (!named.success) return { ok: false, why: `"${newName}" is no name: ${named.error.issues[0]?.message}.` };
  const document = parseDocument(sourceText);
  const edits = [
    scalarAt(document, ['campaign'], () => newName),
    ...['en', 'zh-CN'].map((language) => scalarAt(document, ['name', language], (name) => `${name} (${newName})`)),
  ];
  if (document.errors.length > 0 || !isMap(document.contents) || edits.some((edit) => edit === null))
    return { ok: false, why: 'the text of this version is no campaign any more; clone another version.' };
  const fromTheEnd = edits.filter((edit) => edit !== null).sort((a, b) => b.from - a.from);
  const text = fromTheEnd.reduce((all, { from, to, by }) => all.slice(0, from) + by + all.slice(to), sourceText);
  return { ok: true, text };
}

/** A new value in the place of one that is there; null when there is none. */
function scalarAt(
  document: Document,
  path: string[],
  change: (before: string) => string,
): { from: number; to: number; by: string } | null {
  const node: unknown = document.getIn(path, true);
  if (!isScalar(node) || !node.range) return null;
  const [from, to] = node.range;
  return { from, to, by: stringify(change(String(node.value)), { lineWidth: 0 }).trimEnd() };
}
