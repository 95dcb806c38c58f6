import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BusinessClock } from '../../domain/business-clock.js';
import { readCampaign } from '../../domain/campaign-file.js';
import { TIER_RULE_EXAMPLES } from '../../domain/tier-rule-examples.js';
import { instant, type CampaignRef, type CustomerRef, type PlainDate, type TierRef } from '../../domain/types.js';
import { recordApproval } from '../../store/approvals.js';
import { publishAndLaunch } from '../../store/campaign-launches.js';
import { definitionDigest } from '../../store/definition-digest.js';
import { one, timestamp } from '../../store/database.js';
import { insertJourney } from '../../store/journeys.js';
import { insertTierRules } from '../../store/tier-rules.js';
import type { TestDatabase } from './database.js';

export const THRESHOLD = 50_000_000n;
let nextTransaction = 0;

/** A bank of one branch and one manager, with the shipped campaigns; customers are added by the test. */
export async function smallBank({ owner }: TestDatabase, clock: BusinessClock, dataUntil: string): Promise<void> {
  await owner.query(
    `insert into installation (bank_name, currency, zone, jurisdiction, tier_rule, clock_origin, clock_anchor, clock_rate, data_until)
     values ('Test Bank', 'CNY', 'Asia/Shanghai', 'CN', 'bohai@1', $1, $2, $3, $4)`,
    [timestamp(clock.origin), timestamp(clock.anchor), clock.rate, dataUntil],
  );
  await insertTierRules(owner, TIER_RULE_EXAMPLES);
  await owner.query(
    `insert into tiers values ('mass', 0, 'Mass', '大众', 0), ('affluent', 1, 'Affluent', '贵宾', $1), ('private', 2, 'Private', '私人', 600000000)`,
    [THRESHOLD],
  );
  await owner.query(`insert into branches values ('b1', 'Centre')`);
  await owner.query(
    `insert into managers values ('m1', 'b1', 'Wang Fang', 'wang.fang@bank.example', '{zh-CN,en}', 100)`,
  );
  await owner.query(`insert into managers values ('m2', 'b1', 'Li Jun', 'li.jun@bank.example', '{zh-CN,en}', 1)`);
  for (const name of ['keep-your-tier', 'credit-care']) {
    const file = join(__dirname, '..', '..', 'campaigns', `${name}.yaml`);
    const text = await readFile(file, 'utf8');
    const read = readCampaign(text, file);
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    const digest = definitionDigest(read.definition);
    const at = instant(clock.origin);
    await recordApproval(owner, { campaignRef: name as CampaignRef, digest, by: 'compliance', at, reason: 'a test' });
    await publishAndLaunch(owner, { definition: read.definition, digest, sourceText: text, at, by: 'test' }, 'second');
  }
}

export interface NewCustomer {
  ref: string;
  email?: string;
  /** the day from which the balance has stood at 400,000 instead of 600,000 (the threshold is 500,000) */
  slidFrom?: string;
  since?: string;
  promotionalConsent?: boolean;
}

/** An affluent customer with one current account. */
export async function addCustomer({ owner }: TestDatabase, customer: NewCustomer): Promise<CustomerRef> {
  const { ref, email = `${customer.ref}@customers.example`, slidFrom = '2026-01-05', since = '2025-01-01' } = customer;
  await owner.query(
    `insert into customers (customer_ref, source, source_id, name, email, language, zone, branch_ref, customer_since)
     values ($1, 'test', $1, 'Zhang Wei', $2, 'en', 'Asia/Shanghai', 'b1', $3)`,
    [ref, email, since],
  );
  await owner.query(
    `insert into accounts (account_ref, customer_ref, source, source_id, kind, opened_on, qualifies) values ('a' || $1, $1, 'test', $1, 'current', $2, true)`,
    [ref, since],
  );
  await owner.query(`insert into tier_history values ($1, $2, 'affluent', 'test')`, [ref, since]);
  await owner.query(`insert into consents values ($1, 'email', 'promotional', $2, $3, 'test')`, [
    ref,
    customer.promotionalConsent ?? true,
    timestamp(0),
  ]);
  await book({ owner }, ref, since, 60_000_000n);
  await book({ owner }, ref, slidFrom, -20_000_000n, 'cash');
  return ref as CustomerRef;
}

/** Books money in (positive) or out on a day. */
export async function book(
  { owner }: Pick<TestDatabase, 'owner'>,
  ref: string,
  day: string,
  amount: bigint,
  category = 'deposit',
): Promise<void> {
  nextTransaction += 1;
  await owner.query(
    `insert into transactions (account_ref, booked_on, amount_minor, category, source, source_id) values ('a' || $1, $2, $3, $4, 'test', $5)`,
    [ref, day, amount, category, nextTransaction],
  );
}

/** An open journey of the shipped campaign, as admission leaves it. */
export async function admitted({ owner }: TestDatabase, ref: CustomerRef, asOf: string, at: number) {
  const finding = await owner.query<{ finding_id: string }>(
    `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at) values ($1, 'tier-at-risk', $2, 80, '[]', $3) returning finding_id`,
    [ref, asOf, timestamp(at)],
  );
  const campaignRef = 'keep-your-tier' as CampaignRef;
  const journey = {
    customerRef: ref,
    campaignRef,
    version: 1,
    findingId: one(finding.rows, 'the finding').finding_id as never,
    asOf: asOf as PlainDate,
    tierRef: 'affluent' as TierRef,
    at: instant(at),
  };
  const journeyId = await insertJourney(owner, journey);
  if (!journeyId) throw new Error(`${ref} has an open journey already`);
  return { journeyId, customerRef: ref, campaignRef, version: 1 };
}
