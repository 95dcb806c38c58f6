import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

export const TASK_QUEUE = 'keepwell';
export const WORKFLOWS = {
  journey: 'customerJourney',
  complaint: 'complaintCase',
  redemption: 'redemptionOrder',
  plan: 'repaymentPlan',
  round: 'dailyRound',
  news: 'journeyNews',
  letters: 'owedLetters',
} as const;

export const searchAttributes = {
  customer: defineSearchAttributeKey('KeepwellCustomer', SearchAttributeType.KEYWORD),
  campaign: defineSearchAttributeKey('KeepwellCampaign', SearchAttributeType.KEYWORD),
  step: defineSearchAttributeKey('KeepwellStep', SearchAttributeType.KEYWORD),
  outcome: defineSearchAttributeKey('KeepwellOutcome', SearchAttributeType.KEYWORD),
} as const;
