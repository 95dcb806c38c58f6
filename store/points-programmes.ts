import { dateIn } from '../domain/calendar.js';
import { needsApproval, giftRefusal } from '../domain/gift-rules.js';
import {
  lotExpiresOn,
  programmeOn,
  rewardedBy,
  type ProgrammeDefinition,
  type ProgrammeVersion,
} from '../domain/points-programme.js';
import type { CampaignRef, Instant, PlainDate } from '../domain/types.js';
import { readApproval } from './approvals.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { definitionDigest } from './definition-digest.js';
import { readInstallation, type Installation } from './installation.js';
import { readTiers } from './tier-rules.js';

/** Any number that nobody else uses as an advisory lock: it makes "the next version" a number that nobody else takes. */
const PUBLISH_LOCK = 7_114_061;
/** Versions of one bank's programme: a new one each month for forty years. */
export const MAX_VERSIONS = 500;

/** A programme that this bank can't have; the message says why and what to do. */
export class ProgrammeRefused extends Error {
  override readonly name = 'ProgrammeRefused';
}

/** No version of the programme had begun on a day. */
export class NoProgramme extends Error {
  override readonly name = 'NoProgramme';
  constructor(on: PlainDate) {
    super(`no points programme is in force on ${on}; publish one with "keepwell points programme publish FILE"`);
  }
}

export interface NewProgramme {
  definition: ProgrammeDefinition;
  /** the file as it was edited, comments included */
  sourceText: string;
  at: Instant;
  /** who publishes: a staff name, not shown to customers */
  by: string;
}

export interface ProgrammePublication {
  version: number;
  /** false: this definition had been published before and was not touched */
  isNew: boolean;
  newest: number;
}

/**
 * Publishes a definition as the programme's next version. A version never changes: the same definition again gives the
 * version there is, even when a newer one is there. Publishers wait for each other.
 * @throws ProgrammeRefused for another currency than the bank's, a tier that it doesn't have, or a rule that its
 *         jurisdiction forbids and compliance has not approved
 */
export function publishProgramme(database: Database, programme: NewProgramme): Promise<ProgrammePublication> {
  const { definition, sourceText, at, by } = programme;
  return database.transaction(async (sql) => {
    await sql.query('select pg_advisory_xact_lock($1)', [PUBLISH_LOCK]);
    const digest = definitionDigest(definition);
    const { rows } = await sql.query<{ newest: number | null; same: number | null }>(
      'select max(version) as newest, max(version) filter (where digest = $1) as same from points_programmes',
      [digest],
    );
    const { newest, same } = one(rows, 'the newest version');
    if (same !== null) return { version: same, isNew: false, newest: newest ?? same };
    await assertFits(sql, definition, digest);
    const version = (newest ?? 0) + 1;
    if (version > MAX_VERSIONS)
      throw new ProgrammeRefused(`a programme has ${MAX_VERSIONS} versions at most; go on with one of them`);
    await sql.query(
      `insert into points_programmes (version, definition, source_text, digest, published_at, published_by)
       values ($1, $2, $3, $4, $5, $6)`,
      [version, JSON.stringify(definition), sourceText, digest, timestamp(at), by],
    );
    return { version, isNew: true, newest: version };
  });
}

async function assertFits(sql: Sql, definition: ProgrammeDefinition, digest: string): Promise<void> {
  const { programme, currency, rules } = definition;
  const installation = await readInstallation(sql);
  if (!installation)
    throw new ProgrammeRefused(
      'no bank is loaded, and nobody knows its currency; load it first, with "keepwell bank generate" or "keepwell import berka"',
    );
  if (installation.currency !== currency)
    throw new ProgrammeRefused(
      `${programme} is in ${currency}, and ${installation.bankName}'s money is ${installation.currency}; write its amounts in that`,
    );
  const tiers = (await readTiers(sql)).map(({ tierRef }) => tierRef as string);
  for (const { rule, multipliers } of rules) {
    const strange = Object.keys(multipliers).find((tier) => !tiers.includes(tier));
    if (strange !== undefined)
      throw new ProgrammeRefused(
        `rule "${rule}" has a multiplier for tier "${strange}", which this bank doesn't have; it has ${tiers.join(', ')}`,
      );
  }
  await assertAllowed(sql, installation, definition, digest);
}

/** Points for money that is brought in are, in some countries, a gift for deposits. */
async function assertAllowed(
  sql: Sql,
  { jurisdiction }: Installation,
  { programme, rules }: ProgrammeDefinition,
  digest: string,
): Promise<void> {
  const forbidden = rules.find((rule) => needsApproval(jurisdiction, rewardedBy(rule)));
  if (!forbidden) return;
  const approved = (await readApproval(sql, programme as CampaignRef, digest)) !== null;
  const refusal = giftRefusal(jurisdiction, rewardedBy(forbidden), approved);
  if (refusal !== null)
    throw new ProgrammeRefused(
      `rule "${forbidden.rule}" can't be published: ${refusal}. Have compliance approve this very file: ` +
        'keepwell points programme approve FILE --by NAME --reason "…"; then publish it again',
    );
}

/** Every version, in ascending order; at most MAX_VERSIONS. */
export async function readProgrammes(sql: Sql): Promise<ProgrammeVersion[]> {
  const { rows } = await sql.query<ProgrammeVersion>(
    'select version, definition from points_programmes order by version',
  );
  return rows;
}

/** The version that is in force on a day, or null. */
export async function programmeInForce(sql: Sql, on: PlainDate): Promise<ProgrammeVersion | null> {
  return programmeOn(await readProgrammes(sql), on);
}

/** The day of an instant in the bank's zone. @throws Error when no bank is loaded */
export async function bankDay(sql: Sql, at: Instant): Promise<PlainDate> {
  const { rows } = await sql.query<Pick<Installation, 'zone'>>('select zone from installation');
  return dateIn(one(rows, 'the installation').zone, at);
}

/**
 * The last day on which points that are posted at an instant can be spent, by the programme in force; null when there is
 * none, and points don't expire.
 */
export async function lotExpiry(sql: Sql, at: Instant): Promise<PlainDate | null> {
  const on = await bankDay(sql, at);
  const programme = await programmeInForce(sql, on);
  return programme && lotExpiresOn(programme.definition, on);
}

export interface PublishedProgramme extends ProgrammeVersion {
  sourceText: string;
  digest: string;
  publishedAt: Instant;
  publishedBy: string;
}

/**
 * One version as it was published, or null when there is none.
 * @param version the newest when left out
 */
export async function readProgrammeVersion(sql: Sql, version?: number): Promise<PublishedProgramme | null> {
  const { rows } = await sql.query<PublishedProgramme>(
    `select version, definition, source_text as "sourceText", digest, published_at as "publishedAt",
            published_by as "publishedBy"
       from points_programmes where $1::integer is null or version = $1 order by version desc limit 1`,
    [version ?? null],
  );
  return rows[0] ?? null;
}
