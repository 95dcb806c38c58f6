import type { CampaignDefinition } from '../domain/campaign.js';
import type { CampaignRef, CustomerRef, Instant, PlainDate } from '../domain/types.js';
import { one, timestamp, type Sql } from './database.js';

/** Names that stand in records which are never committed. */
const NOBODY = 'a trial';
const NOBODY_ELSE = 'a trial, second person';

/**
 * A definition as if it were published and launched: the campaign's next version. Only inside what is rolled back
 * (`Database.unmade`).
 * @returns its number
 */
export async function tryVersion(sql: Sql, definition: CampaignDefinition, at: Instant): Promise<number> {
  const campaignRef = definition.campaign;
  await sql.query('insert into campaigns (campaign_ref, priority) values ($1, 0) on conflict do nothing', [
    campaignRef,
  ]);
  const { rows } = await sql.query<{ version: number }>(
    `insert into campaign_versions (campaign_ref, version, definition, source_text, digest, published_at, published_by)
     select $1, coalesce(max(version), 0) + 1, $2, '', $3, $4, $5 from campaign_versions where campaign_ref = $1
     returning version`,
    [campaignRef, JSON.stringify(definition), NOBODY, timestamp(at), NOBODY],
  );
  const { version } = one(rows, 'the version that is tried');
  await sql.query(
    'insert into campaign_launches (campaign_ref, version, launched_at, launched_by) values ($1, $2, $3, $4)',
    [campaignRef, version, timestamp(at), NOBODY_ELSE],
  );
  return version;
}

/** One journey of a campaign for a customer and a day: the one of that day makes room for the one that is tried. */
export async function makeRoomForTrial(
  sql: Sql,
  { customerRef, campaignRef, asOf }: { customerRef: CustomerRef; campaignRef: CampaignRef; asOf: PlainDate },
): Promise<void> {
  await sql.query(
    `update journeys set as_of = '0001-01-01' where customer_ref = $1 and campaign_ref = $2 and as_of = $3`,
    [customerRef, campaignRef, asOf],
  );
}

/** Whether a customer has this e-mail address, in whatever case it is written. */
export async function isCustomersAddress(sql: Sql, address: string): Promise<boolean> {
  const { rowCount } = await sql.query('select 1 from customers where lower(email) = lower($1) limit 1', [
    address.trim(),
  ]);
  return rowCount === 1;
}
