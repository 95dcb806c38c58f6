import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { BUSINESS_REFUSAL, OVER } from '../domain/refusal.js';
import { businessTime, type BusinessClock } from '../domain/business-clock.js';
import type { Instant, ZoneId } from '../domain/types.js';
import type { Database } from '../store/database.js';

/** What the installation tells every activity. */
export interface Bank {
  name: string;
  zone: ZoneId;
  clock: BusinessClock;
}

export interface Dependencies {
  database: Database;
  bank: Bank;
}

/**
 * The business instant at which this attempt was handed out, by the server's clock: a retry after an outage decides by
 * the time it runs at, and a machine with a wrong clock decides nothing.
 */
export function now(bank: Bank): Instant {
  return businessTime(bank.clock, activityInfo().currentAttemptScheduledTimestampMs);
}

/** The bank's rule says no, in words for people. It is final: trying again would hear the same. */
export function refuse(words: string): ApplicationFailure {
  return ApplicationFailure.create({ message: words, type: BUSINESS_REFUSAL, nonRetryable: true });
}

/** It is too late to ask, which is nobody's fault. */
export function over(words: string): ApplicationFailure {
  return ApplicationFailure.create({ message: words, type: OVER, nonRetryable: true });
}
