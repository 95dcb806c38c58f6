-- What moves a customer's qualifying balance, and on which day. An account counts from the day it was opened to the day
-- before it was closed: what was left on it then leaves the balance on the closing day.
create view qualifying_movements with (security_invoker = true) as
  select a.customer_ref, greatest(t.booked_on, a.opened_on) as booked_on, t.amount_minor
    from accounts a
    join transactions t using (account_ref)
   where a.qualifies and (a.closed_on is null or t.booked_on < a.closed_on)
  union all
  select a.customer_ref, a.closed_on, -sum(t.amount_minor)::bigint
    from accounts a
    join transactions t using (account_ref)
   where a.qualifies and t.booked_on < a.closed_on
   group by a.account_ref, a.customer_ref, a.closed_on
  having sum(t.amount_minor) <> 0;

grant select on qualifying_movements to keepwell_app;
