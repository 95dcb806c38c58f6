import { CREDIT_HELPS, CREDIT_REASONS, STANDING_CHANGES } from '../domain/credit-standing.js';
import type { DigestData } from '../domain/task-digest.js';
import { TRIGGERS } from '../domain/trigger-names.js';

/**
 * What a template may speak of; days come as words in the customer's language and zone. A template that names something
 * which is not given is refused, not left blank.
 */
export interface MessageData {
  customer: { name: string };
  bank: { name: string };
  manager?: { name: string; email: string };
  links?: {
    survey?: string;
    complaint?: string;
    preferences?: string;
    unsubscribe?: string;
    learn?: string;
    events?: string;
  };
  /** codes: the triggers of the finding; the template sees them as sentences from reasons.yaml */
  reasons?: readonly string[];
  points?: bigint;
  /** the last day on which `points` can be spent */
  expiry?: { on: string };
  complaint?: { ref: string; dueOn?: string; escalatedTo?: string; resolution?: string };
  survey?: { expiresOn: string };
  /** what was ordered for points; the item is named in the customer's language */
  order?: { ref: string; item: string; partner: string };
  /** a talk or salon, in the customer's language; `startsAt` is a day and time in words; one of the last two is there */
  event?: { title: string; startsAt: string; place?: string; joinUrl?: string };
  /** a course, in the customer's language; minutes are those of all its lessons */
  course?: { title: string; minutes: number };
  /** what an offer is about, all in the customer's language; bespoke: the manager draws up a plan that begins with it */
  product?: {
    name: string;
    advantage: string;
    bespoke: boolean;
    /** a year, for instance 1.65% */
    rate?: string;
    preferentialOffer?: string;
  };
  /** what the customer's credit standing is about to lose and what helps: codes, seen as sentences; advice in the customer's language */
  credit?: {
    changes: readonly string[];
    helps: readonly string[];
    advice: readonly { name: string; contact: string }[];
  };
  /** a repayment plan; amounts and days in words, `instalment` in letters about one */
  plan?: {
    ref: string;
    total: string;
    count: number;
    instalments: readonly PlanInstalment[];
    instalment?: PlanInstalment;
  };
}

interface PlanInstalment {
  number: number;
  dueOn: string;
  amount: string;
  /** the last day on which a payment is in time */
  inTimeUntil: string;
}

/** A mail to staff; it speaks of no customer by name. */
export interface StaffData {
  bank: { name: string };
  digest: DigestData;
  links?: never;
  reasons?: never;
  credit?: never;
}

const SAMPLE_INSTALMENT: PlanInstalment = {
  number: 1,
  dueOn: '31 March 2026',
  amount: '¥500.00',
  inTimeUntil: '5 April 2026',
};

/** Data of a made-up customer, everything that a template may speak of. */
export const SAMPLE: Required<MessageData> & { digest: DigestData } = {
  customer: { name: 'Li Na' },
  bank: { name: 'Sample Bank' },
  manager: { name: 'Wang Fang', email: 'wang.fang@bank.example' },
  links: {
    survey: 'https://bank.example/survey/token',
    complaint: 'https://bank.example/complaint/token',
    preferences: 'https://bank.example/preferences/token',
    unsubscribe: 'https://bank.example/unsubscribe/token',
    learn: 'https://bank.example/learn/token',
    events: 'https://bank.example/events/token',
  },
  reasons: [...TRIGGERS, ...Object.keys(CREDIT_REASONS)],
  points: 2000n,
  expiry: { on: '20 March 2026' },
  complaint: {
    ref: 'K-2026-0000042',
    dueOn: '20 March 2026',
    escalatedTo: 'Customer Ombudsman',
    resolution: 'We have returned the fee.\nThank you.',
  },
  survey: { expiresOn: '20 March 2026' },
  order: { ref: 'R-2026-0000042', item: 'Porcelain tea set', partner: 'Gift House' },
  event: { title: 'Safe from scams', startsAt: 'Friday 20 March 2026 at 15:00', place: 'Branch Centre' },
  course: { title: 'How your tier is decided', minutes: 12 },
  product: {
    name: '12-Month Deposit',
    advantage: 'One year at a fixed rate.',
    bespoke: true,
    rate: '1.35%',
    preferentialOffer: 'Priority home loan decision',
  },
  credit: {
    changes: Object.values(STANDING_CHANGES).flat(),
    helps: Object.keys(CREDIT_HELPS),
    advice: [{ name: 'Advice without a bank', contact: 'advice.example' }],
  },
  plan: {
    ref: 'P-2026-0000042',
    total: '¥6,000.00',
    count: 12,
    instalments: [SAMPLE_INSTALMENT],
    instalment: SAMPLE_INSTALMENT,
  },
  digest: {
    manager: { name: 'Wang Fang' },
    day: '2026-03-20',
    count: 2,
    more: 1,
    overdue: 1,
    for: 'm2',
    tasks: [{ customer: 'c42', kind: 'first-contact', due: '2026-03-20 18:00', reason: 'today' }],
  },
};
