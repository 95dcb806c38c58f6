import { oneLine } from '../domain/line.js';
import {
  points,
  type CampaignRef,
  type CustomerRef,
  type Instant,
  type LedgerAccount,
  type PlainDate,
  type PostingId,
} from '../domain/types.js';
import { lockCustomer } from './customers.js';
import type { Sql } from './database.js';
import { answeredBefore, recordDecisions } from './decisions.js';
import { budgetAccount, NotReversible, post, postedBefore, reverse, type Posted, type PostingKind } from './ledger.js';
import { bankDay } from './points-programmes.js';

/** Characters. */
export const MAX_REASON_CHARS = 300;
export const MAX_NAME_CHARS = 100;
const RULES = 'corrections@1';

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
  /** why, one line of 1 to MAX_REASON_CHARS, which becomes the memo; no personal data */
  reason: string;
  /** who takes it back: a staff name of 1 to MAX_NAME_CHARS, kept in the record of decisions, never in the books */
  by: string;
  at: Instant;
}

interface First {
  kind: PostingKind;
  from: LedgerAccount;
  to: LedgerAccount;
  amount: bigint;
  expiresOn: PlainDate | null;
}

/**
 * Takes a posting back by order of staff, once, and writes down in the customer's record of decisions who did it; a second
 * time gives the first. A grant out of a reservation goes back to the campaign's budget: nobody would release the
 * reservation a second time. Inside the caller's transaction.
 * @throws NotReversible for what has a way of its own, and for points whose last day is over | Overdrawn when the account
 *         does not hold as much any more | RangeError in words
 */
export async function correct(sql: Sql, { postingId, reason, by, at }: Correction): Promise<Posted> {
  const memo = line(reason, 'the reason', MAX_REASON_CHARS);
  const name = line(by, 'who takes it back', MAX_NAME_CHARS);
  const { rows } = await sql.query<First>(
    `select kind, from_account as "from", to_account as "to", amount, expires_on as "expiresOn"
       from postings where posting_id = $1`,
    [postingId],
  );
  const [first] = rows;
  // reverse() has the words for what is not there, and for a reversal
  if (!first || first.kind === 'reversal') return reverse(sql, postingId, memo, at);
  const instead = OWN_WAY[first.kind];
  if (instead) throw new NotReversible(`posting ${postingId} is a "${first.kind}", which is not reversed: ${instead}`);
  const customerRef = customerOf(first);
  await lockCustomer(sql, customerRef);
  await assertNotOver(sql, postingId, first.expiresOn, at);
  const reversed = await reverse(sql, postingId, memo, at);
  await giveToBudget(sql, postingId, first, at);
  const key = reversalKey(postingId);
  if (!(await answeredBefore(sql, key)))
    await recordDecisions(sql, [
      {
        key,
        customerRef,
        journeyId: null,
        kind: 'correction',
        verdict: 'reversed',
        reasons: ['posting-reversed'],
        saw: { posting: String(postingId), kind: first.kind, by: name },
        result: { postingId: String(reversed.postingId) },
        rules: RULES,
        at,
      },
    ]);
  return reversed;
}

const reversalKey = (postingId: PostingId): string => `reverse:${postingId}`;

/** Every kind that has no way of its own is a customer's: one of its accounts is `<kind>:…:<customer>`. */
function customerOf({ from, to }: First): CustomerRef {
  const account = [to, from].find((name) => /^(customer|redress-owed):/.test(name));
  if (account === undefined) throw new NotReversible(`a posting from "${from}" to "${to}" is no customer's`);
  return account.slice(account.lastIndexOf(':') + 1) as CustomerRef;
}

/** What was left of a lot that is over has expired, or will: the points would be taken twice. */
async function assertNotOver(sql: Sql, postingId: PostingId, lastDay: PlainDate | null, at: Instant): Promise<void> {
  if (lastDay === null || (await postedBefore(sql, reversalKey(postingId)))) return;
  if (lastDay < (await bankDay(sql, at)))
    throw new NotReversible(
      `the points of posting ${postingId} were good until ${lastDay}: what was not spent expires by itself, and taking them back would take other points of the customer's`,
    );
}

async function giveToBudget(sql: Sql, postingId: PostingId, { from, amount }: First, at: Instant): Promise<void> {
  const [kind, campaign] = from.split(':');
  if (kind !== 'reserved') return;
  await post(sql, {
    key: `release:reverse:${postingId}`,
    kind: 'release',
    from,
    to: budgetAccount(campaign as CampaignRef),
    amount: points(amount),
    memo: `its grant, posting ${postingId}, was taken back`,
    at,
  });
}

function line(text: string, what: string, most: number): string {
  const said = oneLine(text, most);
  if (said === null) throw new RangeError(`say ${what} in one line of 1 to ${most} characters`);
  return said;
}
