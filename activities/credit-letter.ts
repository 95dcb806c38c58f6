import { adviceIn, CREDIT_STANDING_RULES } from '../domain/credit-standing.js';
import type { CustomerRef, Instant, Language } from '../domain/types.js';
import type { CreditReasons } from '../store/credit-standing.js';
import type { Sql } from '../store/database.js';
import { answeredBefore, recordDecisions } from '../store/decisions.js';
import type { MessageData } from './message-templates.js';

/**
 * What a letter says of a customer's credit: for any letter of the credit playbook.
 * @returns codes, which the templates see as sentences; no reasons when nothing is about to fall
 */
export function creditLetterData(
  { reasons, changes, helps, jurisdiction }: CreditReasons,
  language: Language,
): { reasons: readonly string[]; credit: NonNullable<MessageData['credit']> } {
  return { reasons, credit: { changes, helps, advice: adviceIn(jurisdiction, language) } };
}

/** What the customer is told of the standing, and what it was seen in; written with the letter's claim, which holds the row. */
export async function recordStanding(
  sql: Sql,
  key: string,
  customerRef: CustomerRef,
  { standing, reasons, changes, helps, facts }: CreditReasons,
  at: Instant,
): Promise<void> {
  if (await answeredBefore(sql, key)) return;
  const told = { kind: 'credit-standing', verdict: `falls-to-${standing}`, reasons, saw: { ...facts } };
  const result = { changes, helps };
  await recordDecisions(sql, [
    { ...told, key, customerRef, journeyId: null, result, rules: CREDIT_STANDING_RULES, at },
  ]);
}
