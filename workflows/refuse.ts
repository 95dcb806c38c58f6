import { ApplicationFailure } from '@temporalio/workflow';
import { BUSINESS_REFUSAL, OVER } from '../domain/refusal.js';

/** The bank's rule says no, in words for whoever asked; it is final. */
export const refuse = (words: string): ApplicationFailure =>
  ApplicationFailure.create({ message: words, type: BUSINESS_REFUSAL, nonRetryable: true });

/** It is too late to ask, which is nobody's fault. */
export const over = (words: string): ApplicationFailure =>
  ApplicationFailure.create({ message: words, type: OVER, nonRetryable: true });
