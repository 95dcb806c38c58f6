import { ApplicationFailure } from '@temporalio/workflow';
import { BUSINESS_REFUSAL } from '../domain/refusal.js';

/** The bank's rule says no, in words for whoever asked; it is final. */
export const refuse = (words: string): ApplicationFailure =>
  ApplicationFailure.create({ message: words, type: BUSINESS_REFUSAL, nonRetryable: true });
