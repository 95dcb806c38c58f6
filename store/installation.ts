import type { BusinessClock } from '../domain/business-clock.js';
import type { PlainDate, ZoneId } from '../domain/types.js';
import type { Sql } from './database.js';

/** The one bank that a database holds. */
export interface Installation {
  readonly bankName: string;
  /** ISO 4217 code; all money is in its minor unit */
  readonly currency: string;
  /** the bank's own zone: its days begin and end there */
  readonly zone: ZoneId;
  /** ISO 3166 code that chooses complaint rules and holidays */
  readonly jurisdiction: string;
  /** rule and version by which tiers are kept and lost, for instance `bohai@1` */
  readonly tierRule: string;
  readonly clock: BusinessClock;
  /** the last day of which the bank's data tell; null: no data yet */
  readonly dataUntil: PlainDate | null;
}

interface InstallationRow {
  bank_name: string;
  currency: string;
  zone: string;
  jurisdiction: string;
  tier_rule: string;
  clock_origin: number;
  clock_anchor: number;
  clock_rate: number;
  data_until: string | null;
}

/** The installation, or null when no bank has been loaded yet. */
export async function readInstallation(sql: Sql): Promise<Installation | null> {
  const { rows } = await sql.query<InstallationRow>(
    `select bank_name, currency, zone, jurisdiction, tier_rule, clock_origin, clock_anchor, clock_rate, data_until
     from installation`,
  );
  const row = rows[0];
  if (!row) return null;
  return {
    bankName: row.bank_name,
    currency: row.currency,
    zone: row.zone as ZoneId,
    jurisdiction: row.jurisdiction,
    tierRule: row.tier_rule,
    clock: { origin: row.clock_origin, anchor: row.clock_anchor, rate: row.clock_rate },
    dataUntil: row.data_until as PlainDate | null,
  };
}

/** The last day of which the bank's data tell. @throws Error in words when no bank has been loaded */
export async function dataUntil(sql: Sql): Promise<PlainDate> {
  const { rows } = await sql.query<{ data_until: PlainDate | null }>('select data_until from installation');
  const day = rows[0]?.data_until;
  if (!day) throw new Error('no bank is loaded: run `keepwell bank generate` or `keepwell import` first');
  return day;
}
