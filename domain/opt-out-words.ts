/** A reply of more characters is a sentence, and a person reads it. */
const LONGEST_OPT_OUT = 40;

/**
 * Replies by which a customer wants no more promotions on the channel. The English words are those that 47 CFR
 * 64.1200(a)(10) takes for a revocation per se; of the Chinese ones 退订, TD and T are what messages there offer.
 */
const OPT_OUTS: ReadonlySet<string> = new Set([
  ...['stop', 'stopall', 'quit', 'end', 'revoke', 'optout', 'cancel', 'unsubscribe'],
  ...['退订', '取消订阅', '拒收', 'td', 't', '回复退订', '回复td', '回td', '退订td', '退订t'],
]);
/** Courtesy around the word; it is one all the same. */
const COURTESY = /^(?:please|pls|请)|(?:please|pls|thanks|thankyou|谢谢|谢)$/gu;

/**
 * Whether a reply says nothing but that promotions are to end. Case, width (ＴＤ), blanks and punctuation do not matter; a
 * sentence that only has such a word in it ("stop by tomorrow") is no opt-out.
 */
export function isOptOut(reply: string): boolean {
  if (reply.length > LONGEST_OPT_OUT) return false;
  const letters = reply
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
  return OPT_OUTS.has(letters) || OPT_OUTS.has(letters.replace(COURTESY, ''));
}
