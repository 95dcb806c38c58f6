/** What campaigns did with their budgets, and what that cost for each customer who was retained. */
import type { CampaignRef, ZoneId } from '../../domain/types.js';
import type { Sql } from '../database.js';

export interface BudgetMonth {
  /** `2026-11`, in the bank's zone */
  month: string;
  /** put into the budget, less what was taken back */
  funded: bigint;
  /** promised to customers */
  reserved: bigint;
  /** of what was promised in whatever month, what came back to the budget */
  released: bigint;
  /** given to customers, less what was taken back by reversal */
  granted: bigint;
  /** what could still be promised at the month's end */
  left: bigint;
}

export interface BudgetBurn {
  campaignRef: CampaignRef;
  /** funded = granted + reserved + left */
  funded: bigint;
  granted: bigint;
  /** promised now, neither granted nor released */
  reserved: bigint;
  left: bigint;
  months: BudgetMonth[];
}

type Kind = 'issuance' | 'campaign-budget' | 'reserved' | 'customer';

interface Flow {
  campaignRef: CampaignRef;
  month: string;
  from: Kind;
  to: Kind;
  amount: bigint;
}

/** By the kinds of accounts that points went between, so that a reversal counts against what it reverses. */
const FLOWS = `
with kinds as (
  select posted_at, amount, split_part(from_account, ':', 1) as f, split_part(to_account, ':', 1) as t, from_account, to_account
    from postings where unit = 'points'
)
select case when f in ('campaign-budget', 'reserved') then split_part(from_account, ':', 2)
            else split_part(to_account, ':', 2) end as "campaignRef",
       to_char(posted_at at time zone $1, 'YYYY-MM') as month, f as "from", t as "to", sum(amount)::bigint as amount
  from kinds
 where f in ('campaign-budget', 'reserved') or t in ('campaign-budget', 'reserved')
 group by 1, 2, 3, 4 order by 1, 2`;

/**
 * What each campaign's budget was used for, by month, the campaigns by name.
 * @param zone the bank's: in it the months are counted
 */
export async function readBudgets(sql: Sql, zone: ZoneId): Promise<BudgetBurn[]> {
  const { rows } = await sql.query<Flow>(FLOWS, [zone]);
  const campaigns = new Map<CampaignRef, BudgetBurn>();
  for (const flow of rows) {
    const { campaignRef } = flow;
    const burn = campaigns.get(campaignRef) ?? {
      campaignRef,
      funded: 0n,
      granted: 0n,
      reserved: 0n,
      left: 0n,
      months: [],
    };
    campaigns.set(campaignRef, add(burn, flow));
  }
  return [...campaigns.values()];
}

function add(burn: BudgetBurn, { month, from, to, amount }: Flow): BudgetBurn {
  let last = burn.months.at(-1);
  if (last?.month !== month) {
    last = { month, funded: 0n, reserved: 0n, released: 0n, granted: 0n, left: burn.left };
    burn.months.push(last);
  }
  const both = (what: 'funded' | 'granted', change: bigint): void => {
    burn[what] += change;
    last[what] += change;
  };
  if (from === 'issuance') both('funded', amount);
  if (to === 'issuance') both('funded', -amount);
  if (to === 'customer') both('granted', amount);
  if (from === 'customer') both('granted', -amount);
  if (to === 'reserved') burn.reserved += amount;
  if (from === 'reserved') burn.reserved -= amount;
  if (from === 'campaign-budget' && to === 'reserved') last.reserved += amount;
  if (from === 'reserved' && to === 'campaign-budget') last.released += amount;
  if (to === 'campaign-budget') burn.left += amount;
  if (from === 'campaign-budget') burn.left -= amount;
  last.left = burn.left;
  return burn;
}

export interface CampaignCost {
  campaignRef: CampaignRef;
  /** points given to customers, less what was taken back by reversal */
  granted: bigint;
  /** customers whose journey is over */
  customers: number;
  /** of these, who had a journey with the outcome retained */
  retained: number;
  /** points for each customer retained, in hundredths, rounded half up; null: nobody was retained */
  hundredthsEach: bigint | null;
}

const COSTS = `
with granted as (
  select campaign_ref, sum(amount)::bigint as granted
    from (select split_part(from_account, ':', 2) as campaign_ref, amount from postings
           where split_part(from_account, ':', 1) in ('campaign-budget', 'reserved') and split_part(to_account, ':', 1) = 'customer'
          union all
          select split_part(to_account, ':', 2), -amount from postings
           where split_part(to_account, ':', 1) in ('campaign-budget', 'reserved') and split_part(from_account, ':', 1) = 'customer') p
   group by campaign_ref
), over as (
  select campaign_ref, count(distinct customer_ref)::integer as customers,
         (count(distinct customer_ref) filter (where outcome = 'retained'))::integer as retained
    from journeys where closed_at is not null group by campaign_ref
)
select campaign_ref as "campaignRef", coalesce(g.granted, 0)::bigint as granted,
       coalesce(o.customers, 0) as customers, coalesce(o.retained, 0) as retained
  from campaigns left join granted g using (campaign_ref) left join over o using (campaign_ref)
 order by campaign_ref`;

/**
 * What each campaign gave, for each customer who was retained. Customers who were retained without a reward count too:
 * they are what the campaign was for. What a letter, an hour of a manager or a point costs in money is not known here.
 */
export async function readCosts(sql: Sql): Promise<CampaignCost[]> {
  const { rows } = await sql.query<Omit<CampaignCost, 'hundredthsEach'>>(COSTS);
  return rows.map((row) => ({ ...row, hundredthsEach: each(row.granted, BigInt(row.retained)) }));
}

function each(granted: bigint, retained: bigint): bigint | null {
  return retained === 0n ? null : (200n * granted + retained) / (2n * retained);
}
