import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '../domain/canonical-json.js';

/**
 * sha256 of a definition's canonical JSON, in hex: comments and the order of keys make no difference.
 * @param definition as its file was read: a campaign, a catalogue, an offer, a points programme
 */
export function definitionDigest(definition: object): string {
  return createHash('sha256')
    .update(canonicalJson(definition as Json))
    .digest('hex');
}
