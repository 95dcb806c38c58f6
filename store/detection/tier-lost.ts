import { TIER_LOST } from '../../domain/triggers.js';
import { SCOPE, type DetectionQuery } from './query.js';

/**
 * $2 days. The last fall counts, by the evaluation that took the tier, for as long as it was not won back. It is found on
 * each day of the window, like everything else that goes on being so: who could not be taken today can be tomorrow, and
 * a campaign's cool-down keeps it from taking anybody twice for one fall.
 */
export const TIER_LOST_QUERY: DetectionQuery = {
  trigger: 'tier-lost',
  text: `with ${SCOPE}, falls as (
  select distinct on (e.customer_ref) e.customer_ref, e.tier_before, e.tier_after, e.period_end + 1 as lost_on,
         e.average_minor as average, e.threshold_minor as threshold, before.rank as rank_before
    from tier_evaluations e
    join scope using (customer_ref)
    join tiers before on before.tier_ref = e.tier_before
    join tiers after on after.tier_ref = e.tier_after
   where e.tier_after <> e.tier_before and after.rank < before.rank
     and e.period_end >= $1::date - $2::integer and e.period_end < $1::date
   order by e.customer_ref, e.period_end desc
)
select f.customer_ref,
       least(100, 50 + least(30, (threshold - least(threshold, average)) * 100 / greatest(1, threshold))
                     + ($2::integer - ($1::date - lost_on)) / 3)::integer as score,
       jsonb_build_array(jsonb_build_object('code', 'tier-lost', 'numbers', jsonb_build_object(
         'from', tier_before, 'to', tier_after, 'lostOn', lost_on, 'average', average::text,
         'threshold', threshold::text, 'windowDays', $2::integer))) as reasons
  from falls f
 cross join lateral (
   select t.rank from tier_history h join tiers t using (tier_ref)
    where h.customer_ref = f.customer_ref and h.from_on <= $1::date order by h.from_on desc limit 1) now
 where now.rank < f.rank_before`,
  values: (asOf) => [asOf, TIER_LOST.windowDays],
};
