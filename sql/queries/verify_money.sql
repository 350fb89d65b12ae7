-- What `countersign audit verify` reads of input files and of money; see verify.sql.

-- The bytes of input files, behind where they are and what they should be; no more than 16 MiB at
-- once, but for one chunk.
-- name: verify_inputs(sha256 text, n int4, most int4) copied
with page as (
    select c.*, sum(octet_length(c.data)) over (order by c.sha256, c.n) as sum
    from (select * from cs.blob_chunk c where (c.sha256, c.n) > (decode($1, 'hex'), $2)
          order by c.sha256, c.n limit $3) c)
select p.n, encode(p.sha256, 'hex'), p.sha256, b.bytes, p.data
from page p left join cs.blob b on b.sha256 = p.sha256
where p.sum - octet_length(p.data) < 16777216
order by p.sha256, p.n;

-- Inputs of which there are no bytes at all, and what versions bind that is none.
-- name: verify_stray_inputs(after int8, most int4) copied
select s.id, s.what, s.why from (
    select 0::int8, 'input ' || encode(b.sha256, 'hex'), 'lacks bytes'
    from cs.blob b
    where case when b.bytes = 0 then b.sha256 <> sha256(''::bytea)
               else not exists (select from cs.blob_chunk c
                                where c.sha256 = b.sha256 and c.n = 0) end
    union all
    select f.request_id, 'revision ' || f.revision || ' of request ' || f.request_id,
           'binds an input file that is not there'
    from cs.revision_file f
    left join cs.blob b on b.sha256 = f.sha256
    left join cs.file i on i.id = f.file_id
    where (b.bytes, i.bytes, i.sha256, i.name) is distinct from
          (f.bytes, f.bytes, f.sha256, f.name)) s (id, what, why)
where s.id > $1 order by s.id limit $2;

-- name: verify_costs(after int8, most int4) copied
select c.id, 'countersign-cost_span-v1', c.id, c.request_id, c.attempt_id, c.fence, c.kind,
       c.provider, c.model, c.team_id, c.person_id, c.feature, c.tokens_in, c.tokens_out,
       c.tokens_cached, c.seconds::text, c.nano_usd, c.price_version, c.trace_id, c.span_id,
       c.started_at, c.ended_at, c.estimated, c.cpu::text, c.memory_mib, c.disk_gib
from cs.cost_span c where c.id > $1 order by c.id limit $2;

-- Up to which id costs were written before the audit trail had their digests; 0: none was. A second
-- row that says so makes no more of them older.
-- name: verify_costs_older() binary
select coalesce(min((e.body ->> 'last')::int8), 0)
from cs.audit_event e
where e.entity = 'instance' and e.entity_id = 1 and e.event = 'costs.baseline';

-- Of costs up to that id.
-- name: verify_costs_strange(last int8, most int4) copied
select c.id, 'cost ' || c.id, 'is of somebody else''s run'
from cs.cost_span c
left join cs.request r on r.id = c.request_id
left join cs.attempt a on a.id = c.attempt_id
where c.id <= $1 and ((c.team_id, c.person_id) is distinct from (r.team_id, r.author_id)
    or a.request_id is distinct from c.request_id or c.fence > a.fence)
limit $2;

-- name: verify_budgets(after int8, most int4) copied
with told as materialized (
    select e.entity_id, e.event, e.ts, e.actor_id, e.body from cs.audit_event e
    where e.entity = 'budget' and e.event in ('budget.set', 'budget.end')
), ended as (
    select case t.event when 'budget.end' then t.entity_id
                        else (t.body ->> 'before')::int8 end as id, t.ts, t.actor_id
    from told t
)
select s.id, 'budget ' || s.id, s.why from (
    select coalesce(b.id, t.entity_id) as id, case
        when b.id is null then 'is missing'
        when (b.kind || ':' || coalesce(b.scope_id::text, '*'), b.limit_nano_usd::text,
              b.soft_percent::text, b.period, b.set_by)
            is distinct from (t.body ->> 'scope', t.body ->> 'limit_nano_usd',
                              t.body ->> 'soft_percent', t.body ->> 'period', t.actor_id)
            or abs(extract(epoch from b.set_at - t.ts)) > 60
            then 'is not as the audit trail has it'
        when (b.ended_at is null) <> (e.id is null) or b.ended_by is distinct from e.actor_id
            or abs(extract(epoch from b.ended_at - e.ts)) > 60
            then 'ended otherwise than the audit trail has it' end as why
    from cs.budget b
    full join (select * from told x where x.event = 'budget.set') t on t.entity_id = b.id
    left join ended e on e.id = b.id) s
where s.why is not null and s.id > $1 order by s.id limit $2;

-- What must hold between costs, what runs hold of budgets, and what accounts have of that. More
-- than the limit is used only where it was lowered, or by what nobody could ask about before: what
-- was spent before the budget was set, and costs beyond what was granted for them. What an account
-- began with are costs that no run holds in it: at most all of them, and at least those that were
-- known for good when a budget was set last. Minutes are for transactions that waited.
-- name: verify_ledger(after int8, most int4) copied
with paid as materialized (
    select s.kind, s.id as scope_id, c.request_id, c.attempt_id, c.nano_usd, c.started_at,
           c.ended_at, a.finished_at, not c.estimated and a.reason <> 'settled'
               and a.state <> 'unknown' as is_true
    from cs.cost_span c
    join cs.attempt a on a.id = c.attempt_id
    cross join lateral (values ('team', c.team_id), ('user', c.person_id)) s (kind, id)
    where c.nano_usd > 0 and exists (select from cs.budget)
), held as materialized (
    select h.kind, h.scope_id, h.period, h.starts_at, sum(h.reserved) as reserved,
           sum(h.settled) as settled,
           sum(greatest(h.reserved + h.settled - h.granted, 0)) as beyond,
           bool_or((h.reserved, h.settled) <> (h.posted_reserved, h.posted_settled)
                   or least(h.reserved, h.settled, h.granted - h.reserved) < 0) as is_due
    from cs.budget_hold h group by h.kind, h.scope_id, h.period, h.starts_at
), account as materialized (
    select kind, scope_id, period, starts_at, a.opening, a.settled, a.reserved,
           coalesce(h.reserved, 0) as held, coalesce(h.settled, 0) as spent,
           coalesce(h.beyond, 0) as beyond, coalesce(h.is_due, false) as is_due,
           starts_at + case period when 'day' then interval '25 hours'
               when 'month' then interval '32 days' else interval '9000 years' end as until
    from cs.budget_account a full join held h using (kind, scope_id, period, starts_at)
), began as (
    select a.kind, a.scope_id, a.period, a.starts_at, a.opening,
           coalesce(sum(p.nano_usd), 0) as most, coalesce(sum(p.nano_usd) filter (
               where p.is_true and greatest(p.ended_at, p.finished_at) < s.at), 0) as least
    from account a
    cross join lateral (
        select max(b.set_at) as at from cs.budget b
        where b.kind = a.kind and b.period = a.period
          and b.set_at between a.starts_at + interval '1 minute' and a.until
              - case a.period when 'day' then interval '1 hour' else interval '4 days' end
          and (b.scope_id = a.scope_id or (b.scope_id is null and not exists (
              select from cs.budget o where o.kind = a.kind and o.scope_id = a.scope_id)))) s
    left join paid p on (p.kind, p.scope_id) = (a.kind, a.scope_id)
        and p.started_at between a.starts_at and a.until and not exists (
            select from cs.budget_hold h
            where h.request_id = p.request_id and h.attempt_id = p.attempt_id
              and (h.kind, h.period, h.starts_at) = (a.kind, a.period, a.starts_at))
    group by a.kind, a.scope_id, a.period, a.starts_at, a.opening
)
select s.id, s.what, s.why from (
    select a.scope_id, format('account of %s %s, %s of %s', a.kind, a.scope_id, a.period,
            to_char(a.starts_at at time zone 'UTC', 'YYYY-MM-DD')), case
        when (a.settled, a.reserved) is distinct from (a.opening + a.spent, a.held) or a.is_due
            or least(a.settled, a.reserved, a.opening) < 0
            then 'has other sums than what runs hold of it'
        when (a.settled + a.reserved <= a.opening + a.beyond + (
                select max(b.limit_nano_usd) from cs.budget b
                where b.kind = a.kind and b.period = a.period
                  and coalesce(b.scope_id, a.scope_id) = a.scope_id
                  and coalesce(b.ended_at, 'infinity') > a.starts_at - interval '1 minute'))
            is not true then 'is used beyond its limit' end
    from account a
    union all
    select b.scope_id, format('account of %s %s, %s of %s', b.kind, b.scope_id, b.period,
            to_char(b.starts_at at time zone 'UTC', 'YYYY-MM-DD')),
        case when b.opening > b.most then 'began with more than had been spent'
             when b.opening < b.least then 'began with less than had been spent' end
    from began b
    union all
    select h.request_id, 'request ' || h.request_id, case
        when h.scope_id is distinct from case h.kind when 'team' then r.team_id
                                                     else r.author_id end
            or (h.attempt_id > 0 and a.request_id is distinct from h.request_id)
            then 'holds a part of somebody else''s budget'
        when h.attempt_id = 0 and h.reserved > 0 and r.state in ('rejected', 'cancelled',
                'expired', 'blocked', 'succeeded', 'failed')
            then 'is over and holds a part of a budget' end
    from cs.budget_hold h
    left join cs.request r on r.id = h.request_id
    left join cs.attempt a on a.id = h.attempt_id
    union all
    select h.attempt_id, 'attempt ' || h.attempt_id, case
        when h.settled not in (c.spent, c.spent_first)
            and not (a.state = 'unknown' and h.settled = c.spent_before)
            then 'has another cost than budgets count'
        when h.reserved > 0 and c.is_known and a.started_at is not null
            and a.state in ('succeeded', 'failed', 'timed_out', 'cancelled')
            then 'ended and holds a part of a budget' end
    from (select k.attempt_id, k.kind, sum(k.settled) as settled, sum(k.reserved) as reserved
          from cs.budget_hold k where k.attempt_id > 0 group by k.attempt_id, k.kind) h
    join cs.attempt a on a.id = h.attempt_id
    -- An estimate counts until the true cost is there, and also when that has no price.
    cross join lateral (
        select coalesce(sum(c.nano_usd) filter (where o.id is null), 0) as spent,
               coalesce(sum(c.nano_usd) filter (where o.nano_usd is null), 0) as spent_first,
               coalesce(sum(c.nano_usd) filter (where o.id is null and c.fence < a.fence), 0)
                   as spent_before, bool_or(c.fence = a.fence and o.id is null) as is_known
        from cs.cost_span c
        left join cs.cost_span o on c.estimated and not o.estimated
            and (o.attempt_id, o.fence, o.kind) = (c.attempt_id, c.fence, c.kind)
        where c.attempt_id = a.id and c.nano_usd is not null) c
    union all
    select p.attempt_id, 'attempt ' || p.attempt_id, 'has a cost that no budget counts'
    from paid p
    join cs.budget b on b.kind = p.kind and coalesce(b.scope_id, p.scope_id) = p.scope_id
    where p.is_true and p.ended_at > b.set_at
      and p.ended_at < coalesce(b.ended_at - interval '1 minute', 'infinity')
      and not exists (select from cs.budget_hold h where h.request_id = p.request_id
                      and h.attempt_id = p.attempt_id and h.kind = p.kind)) s (id, what, why)
where s.why is not null and s.id > $1 order by s.id limit $2;
