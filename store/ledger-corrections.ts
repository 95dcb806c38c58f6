import { points, type CampaignRef, type Instant, type LedgerAccount, type PostingId } from '../domain/types.js';
import type { Sql } from './database.js';
import { budgetAccount, NotReversible, post, reverse, type Posted, type PostingKind } from './ledger.js';

/** Characters. */
export const MAX_REASON_CHARS = 300;
export const MAX_NAME_CHARS = 100;

/**
 * Steps of something that keeps its own record, and what to do instead: taken back behind its back, the record and the
 * books would disagree.
 */
const OWN_WAY: Partial<Record<PostingKind, string>> = {
  fund: 'publish a version of the campaign with the right budget',
  defund: 'publish a version of the campaign with the right budget',
  reserve: 'end its journey ("keepwell journey withdraw"), and what is reserved goes back',
  release: 'what is owed all the same is given as goodwill',
  hold: 'cancel its order, and the points come back',
  return: 'the customer orders anew',
  redeem: 'points that are owed all the same are given as goodwill',
  expire: 'points that came back would expire again on the next run; what is owed all the same is given as goodwill',
};

export interface Correction {
  postingId: PostingId;
  /** why, one line of 1 to MAX_REASON_CHARS; no personal data of customers */
  reason: string;
  /** who takes it back: a staff name of 1 to MAX_NAME_CHARS, kept in the memo */
  by: string;
  at: Instant;
}

/**
 * Takes a posting back by order of staff, once; a second time gives the first. A grant out of a reservation goes back to
 * the campaign's budget: nobody would release the reservation a second time. Inside the caller's transaction.
 * @throws NotReversible for what has a way of its own | Overdrawn when it was spent since | RangeError in words
 */
export async function correct(sql: Sql, { postingId, reason, by, at }: Correction): Promise<Posted> {
  const memo = `${line(reason, 'the reason', MAX_REASON_CHARS)} (taken back by ${line(by, 'who takes it back', MAX_NAME_CHARS)})`;
  const { rows } = await sql.query<{ kind: PostingKind; from: LedgerAccount; amount: bigint }>(
    'select kind, from_account as "from", amount from postings where posting_id = $1',
    [postingId],
  );
  const [first] = rows;
  const instead = first && OWN_WAY[first.kind];
  if (instead) throw new NotReversible(`posting ${postingId} is a "${first.kind}", which is not reversed: ${instead}`);
  const reversed = await reverse(sql, postingId, memo, at);
  const [kind = '', campaign = ''] = first?.from.split(':') ?? [];
  if (first && kind === 'reserved')
    await post(sql, {
      key: `release:reverse:${postingId}`,
      kind: 'release',
      from: first.from,
      to: budgetAccount(campaign as CampaignRef),
      amount: points(first.amount),
      memo: `its grant, posting ${postingId}, was taken back`,
      at,
    });
  return reversed;
}

function line(text: string, what: string, most: number): string {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > most || /\p{Cc}/u.test(trimmed))
    throw new RangeError(`say ${what} in one line of 1 to ${most} characters`);
  return trimmed;
}
