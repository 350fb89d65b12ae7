-- I7, as in invariants.sql: what runs cost, and what budgets have of it.

create view invariant.i7_cost as
select 'attempt' as entity, c.attempt_id as id, c.request_id, 'more than one cost counts' as what
from cs.cost_span c where not c.estimated
group by c.attempt_id, c.request_id, c.fence, c.kind having count(*) > 1
union all
select 'attempt', c.attempt_id, c.request_id, 'a cost is negative or of somebody else''s run'
from cs.cost_span c
left join cs.request r on r.id = c.request_id
left join cs.attempt a on a.id = c.attempt_id
where least(c.seconds, c.nano_usd, c.tokens_in, c.tokens_out) < 0 or c.ended_at < c.started_at
   or (c.team_id, c.person_id) is distinct from (r.team_id, r.author_id)
   or a.request_id is distinct from c.request_id or c.fence > a.fence;

-- More than the limit is used only where it was lowered, or by what nobody could ask about before:
-- what was spent before the budget was set, and costs beyond what was granted for them.
create view invariant.i7_budget as
with held as (
    select h.kind, h.scope_id, h.period, h.starts_at, sum(h.reserved) as reserved,
           sum(h.settled) as settled,
           sum(greatest(h.reserved + h.settled - h.granted, 0)) as beyond,
           bool_or((h.reserved, h.settled) <> (h.posted_reserved, h.posted_settled)) as is_due
    from cs.budget_hold h group by 1, 2, 3, 4
), account as (
    select a.*, h.is_due, coalesce(h.reserved, 0) as held, coalesce(h.settled, 0) as spent,
           coalesce(h.beyond, 0) as beyond, (
               select max(b.limit_nano_usd) from cs.budget b where b.kind = a.kind
                 and b.period = a.period and coalesce(b.scope_id, a.scope_id) = a.scope_id) as most
    from cs.budget_account a left join held h using (kind, scope_id, period, starts_at)
)
select 'budget_' || a.kind as entity, a.scope_id as id, null::bigint as request_id,
       format('%s since %s: has %s settled and %s reserved, its holds %s and %s', a.period,
           a.starts_at, a.settled, a.reserved, a.opening + a.spent, a.held) as what
from account a
where (a.settled, a.reserved) is distinct from (a.opening + a.spent, a.held) or a.is_due
   or least(a.settled, a.reserved, a.opening) < 0
union all
select 'budget_' || a.kind, a.scope_id, null, format('%s since %s: %s used of %s', a.period,
           a.starts_at, a.settled + a.reserved, a.most)
from account a where a.settled + a.reserved > a.most + a.opening + a.beyond
union all
select 'attempt', h.attempt_id, h.request_id, format('%s settled in the budget of its %s, cost %s',
           h.settled, h.kind, s.spent)
from (select k.request_id, k.attempt_id, k.kind, sum(k.settled) as settled,
             sum(k.reserved) as reserved
      from cs.budget_hold k where k.attempt_id > 0 group by 1, 2, 3) h
join cs.attempt a on a.id = h.attempt_id
join cs.request r on r.id = h.request_id
cross join lateral (
    select coalesce(sum(c.nano_usd), 0) as spent, bool_or(c.fence = a.fence) as is_known
    from cs.cost_span c
    where c.attempt_id = a.id and c.nano_usd is not null
      and (a.state <> 'unknown' or r.state in ('succeeded', 'failed', 'cancelled')
           or c.fence < a.fence)
      and not (c.estimated and exists (
          select from cs.cost_span o where o.attempt_id = c.attempt_id and o.fence = c.fence
            and o.kind = c.kind and not o.estimated))) s
where h.settled <> s.spent
   or (h.reserved > 0 and s.is_known and a.started_at is not null
       and a.state in ('succeeded', 'failed', 'timed_out', 'cancelled'))
union all
select 'request', r.id, r.id, format('is %s and holds %s of a budget', r.state, h.reserved)
from cs.budget_hold h join cs.request r on r.id = h.request_id
where h.attempt_id = 0 and h.reserved > 0
  and r.state in ('rejected', 'cancelled', 'expired', 'blocked', 'succeeded', 'failed');
