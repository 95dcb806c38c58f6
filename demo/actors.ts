import { createHash } from 'node:crypto';

/** What a customer is like, drawn from the seed: the same seed gives the same people. */
export interface Character {
  answer: 'happy' | 'neutral' | 'unhappy' | 'silent';
  /** writes a complaint from the first letter */
  complains: boolean;
  unsubscribes: boolean;
  /** asks the manager to be left alone */
  withdraws: boolean;
  money: 'returns' | 'one-day' | 'stays-away';
  /** answers on the invitation, or only when reminded so many times */
  afterReminders: 0 | 1 | 2;
}

/** What becomes of a complaint. */
export interface Handling {
  assigned: boolean;
  /** business days from opening to the answer; null: nobody answers in time */
  resolvedAfterDays: number | null;
  /** when late: answered by the head of the unit */
  headAnswers: boolean;
}

/** A number from 0 to 1 (excluded) for this person and this question. */
function draw(seed: number, who: string, question: string): number {
  return createHash('sha256').update(`${seed}:${who}:${question}`).digest().readUInt32BE(0) / 2 ** 32;
}

function pick<Value>(at: number, shares: readonly (readonly [number, Value])[], otherwise: Value): Value {
  let sum = 0;
  for (const [share, value] of shares) {
    sum += share;
    if (at < sum) return value;
  }
  return otherwise;
}

export function character(seed: number, customer: string): Character {
  const ask = (question: string): number => draw(seed, customer, question);
  return {
    answer: pick<Character['answer']>(
      ask('answer'),
      [
        [0.35, 'happy'],
        [0.1, 'neutral'],
        [0.25, 'unhappy'],
      ],
      'silent',
    ),
    complains: ask('complains') < 0.12,
    unsubscribes: ask('unsubscribes') < 0.1,
    withdraws: ask('withdraws') < 0.04,
    money: pick<Character['money']>(
      ask('money'),
      [
        [0.4, 'returns'],
        [0.15, 'one-day'],
      ],
      'stays-away',
    ),
    afterReminders: pick<Character['afterReminders']>(
      ask('reminders'),
      [
        [0.6, 0],
        [0.25, 1],
      ],
      2,
    ),
  };
}

export function handling(seed: number, complaint: string): Handling {
  const ask = (question: string): number => draw(seed, complaint, question);
  const inTime = ask('in-time') < 0.5;
  return {
    assigned: inTime || ask('assigned') < 0.5,
    resolvedAfterDays: inTime ? 1 + Math.floor(ask('days') * 10) : null,
    headAnswers: ask('head') < 0.6,
  };
}
