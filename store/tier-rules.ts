import { parseTierRule, ruleName, type Tier, type TierRule } from '../domain/tier-rules.js';
import { minor, type TierRef } from '../domain/types.js';
import { one, type Sql } from './database.js';

/**
 * Puts rules into the database. One that is there already stays as it is: what was decided under it must stay readable.
 * @returns the names of the rules that are new
 * @throws Error when a rule of that name and version says something else there
 */
export async function insertTierRules(sql: Sql, rules: readonly TierRule[]): Promise<string[]> {
  const added: string[] = [];
  for (const rule of rules) {
    const { rows } = await sql.query<{ same: boolean; added: boolean }>(
      `with added as (
         insert into tier_rules (rule_ref, version, definition, source) values ($1, $2, $3, $4)
         on conflict (rule_ref, version) do nothing
         returning definition)
       select definition = $3::jsonb as same, false as added from tier_rules where rule_ref = $1 and version = $2
       union all
       select true, true from added`,
      [rule.ruleRef, rule.version, JSON.stringify(rule), rule.source],
    );
    const name = ruleName(rule);
    if (rows.some((row) => !row.same))
      throw new Error(`tier rule ${name} is in the database with other terms; give the changed rule a new version`);
    if (rows.some((row) => row.added)) added.push(name);
  }
  return added;
}

/** @throws Error when the database has no such rule, RangeError when what it has can't be used */
export async function readTierRule(sql: Sql, ruleRef: string, version: number): Promise<TierRule> {
  const { rows } = await sql.query<{ definition: unknown }>(
    'select definition from tier_rules where rule_ref = $1 and version = $2',
    [ruleRef, version],
  );
  return parseTierRule(one(rows, `tier rule ${ruleRef}@${version}`).definition);
}

/**
 * The rule under which this installation takes tiers away.
 * @throws Error when there is no installation yet, or its tier_rule is not "ruleRef@version" of a rule that is there
 */
export async function installedTierRule(sql: Sql): Promise<TierRule> {
  const { rows } = await sql.query<{ tier_rule: string }>('select tier_rule from installation');
  const name = one(rows, 'the installation').tier_rule;
  const [, ruleRef, version] = /^([a-z0-9-]+)@(\d+)$/.exec(name) ?? [];
  if (!ruleRef || !version) throw new Error(`the installation's tier rule "${name}" must read like "bohai@1"`);
  return readTierRule(sql, ruleRef, Number(version));
}

/** The bank's ladder, the lowest tier first. @throws Error when it has none */
export async function readTiers(sql: Sql): Promise<Tier[]> {
  const { rows } = await sql.query<{ tier_ref: TierRef; rank: number; threshold_minor: bigint }>(
    'select tier_ref, rank, threshold_minor from tiers order by rank',
  );
  one(rows, 'the tier ladder');
  return rows.map((row) => ({ tierRef: row.tier_ref, rank: row.rank, threshold: minor(row.threshold_minor) }));
}
