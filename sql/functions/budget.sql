-- Budgets: what they are, for whom, and how near to its end each is. What runs hold of them is in
-- budget_reserve.sql and budget_settle.sql, who sets them in budget_set.sql.

set search_path = cs, pg_temp;

create or replace function cs.size_seen(provider text, image text) returns jsonb
    language plpgsql stable as $$
begin
    return (select jsonb_build_object('cpu', c.cpu, 'memory_mib', c.memory_mib,
                                      'disk_gib', c.disk_gib)
            from cost_span c
            where c.provider = $1 and c.model = $2 and c.cpu is not null
              and c.memory_mib is not null
            order by c.id desc limit 1);
end
$$;
comment on function cs.size_seen is
    '{cpu, memory_mib, disk_gib} of the last sandbox of an image whose size is known, else null.';

create or replace function cs.run_bound(backend text, image text, size jsonb, wall_ms bigint)
    returns bigint language plpgsql stable as $$
declare
    of_size jsonb := coalesce(nullif(size, 'null'), size_seen(backend, image));
begin
    if backend = 'local' then
        return 0;
    end if;
    return (select ceil(p.nano_usd * (wall_ms / 1000.0 + 60))
            from second_price(backend, amount_of(of_size, 'cpu', 10000),
                amount_of(of_size, 'memory_mib', 100000000)::bigint,
                amount_of(of_size, 'disk_gib', 1000000)::bigint, clock_timestamp()) p);
end
$$;
comment on function cs.run_bound is
    'What a run costs at most, in nano-USD: its limit and a minute for the sandbox around it, as
cost_estimate has it; 0 on this machine, null when the price or the size is not known.';

create or replace function cs.has_budgets() returns bool
    language plpgsql stable as $$
begin
    return exists (select from cs.budget b where b.ended_at is null);
end
$$;
comment on function cs.has_budgets is
    'Whether any budget is set: asked once for a batch, before anything else about budgets is.';

create or replace function cs.budget_of(kind text, scope_id bigint) returns setof cs.budget
    language sql stable rows 1 as $$
    select x.* from (
        select o.* from cs.budget o
            where o.kind = $1 and o.scope_id = $2 and o.ended_at is null
        union all
        select d.* from cs.budget d
            where d.kind = $1 and d.scope_id is null and d.ended_at is null) x
    order by x.scope_id nulls last limit 1
$$;
comment on function cs.budget_of is
    'The budget of a person or a team: its own, else the default of all of them, else none.';

create or replace function cs.period_start(period text, at timestamptz) returns timestamptz
    language sql stable parallel safe
    return case period when 'total' then timestamptz '1970-01-01T00:00Z'
                       else date_trunc(period, at, 'UTC') end;
comment on function cs.period_start is 'When the day or month of a time began in UTC, or all time.';

create or replace function cs.period_end(period text, starts_at timestamptz) returns timestamptz
    language sql stable parallel safe
    return case period
        when 'day' then starts_at + interval '24 hours'
        when 'month' then (starts_at at time zone 'UTC' + interval '1 month') at time zone 'UTC'
        end;
comment on function cs.period_end is 'When the next period begins; null: never.';

create or replace function cs.budget_state(used bigint, limit_nano_usd bigint, soft_percent int)
    returns text language sql immutable parallel safe
    return case when used >= limit_nano_usd then 'stopped'
        when used >= limit_nano_usd / 100.0 * soft_percent then 'warned' else 'active' end;
comment on function cs.budget_state is
    'active, warned from the soft share of the limit on, stopped when nothing is left; used: what
is spent or reserved.';

create or replace function cs.usd_text(nano_usd bigint) returns text
    language sql immutable parallel safe
    return regexp_replace((nano_usd / 1000000000.0)::numeric(20, 9)::text,
                          '(\.\d\d\d*?)0*$', '\1');
comment on function cs.usd_text is 'Dollars, exactly, with two digits behind the point at least.';

create or replace function cs.budget_scope(kind text, scope_id bigint) returns text
    language sql immutable parallel safe
    return kind || ':' || coalesce(scope_id::text, '*');
comment on function cs.budget_scope is 'user:ID or team:ID, or with * for all without one.';

create or replace function cs.budget_scope_name(kind text, scope_id bigint) returns text
    language plpgsql stable as $$
begin
    return case when scope_id is null then 'each ' || case kind when 'user' then 'person'
                                                               else 'team' end
        when kind = 'team' then 'team ' || (select t.name from cs.team t where t.id = scope_id)
        else (select p.name from cs.person p where p.id = scope_id) end;
end
$$;
comment on function cs.budget_scope_name is 'Whose budget it is, for people.';

create or replace function cs.budget_tell(needs cs.budget_need[], refused cs.budget_need[])
    returns void language plpgsql as $$
declare
    e record;
begin
    for e in select b.id, a.kind, a.scope_id, a.period, a.starts_at, w.what,
                    budget_account_json(a, b) as body
             from (select distinct k.budget_id, k.kind, k.scope_id, k.period, k.starts_at
                   from unnest(needs) k) k
             join budget_account a on (a.kind, a.scope_id, a.period, a.starts_at)
                                    = (k.kind, k.scope_id, k.period, k.starts_at)
             join budget b on b.id = k.budget_id
             cross join lateral (
                 select budget_state(a.settled + a.reserved, b.limit_nano_usd, b.soft_percent)
                 ) s (state)
             cross join lateral (values
                 ('warned', s.state in ('warned', 'stopped')), ('stopped', s.state = 'stopped'),
                 ('refused', exists (
                     select from unnest(refused) f
                     where (f.kind, f.scope_id, f.period, f.starts_at)
                         = (a.kind, a.scope_id, a.period, a.starts_at)))) w (what, holds)
             where w.holds and w.what <> all (a.told)
             order by b.id, a.scope_id, a.starts_at, w.what desc loop
        update budget_account a set told = a.told || e.what
            where (a.kind, a.scope_id, a.period, a.starts_at)
                = (e.kind, e.scope_id, e.period, e.starts_at);
        perform audit_put('budget', e.id, '{"kind": "system"}', 'budget.' || e.what, e.body);
    end loop;
end
$$;
comment on function cs.budget_tell is
    'Audit rows for accounts, which are locked, that have come so far: budget.warned, .stopped and
.refused, each once in a period. In the order of budgets, whose trails are locked one by one.';

create or replace function cs.budget_account_json(a cs.budget_account, b cs.budget)
    returns jsonb language sql stable
    return jsonb_build_object('scope', cs.budget_scope(a.kind, a.scope_id),
        'name', cs.budget_scope_name(a.kind, a.scope_id),
        'state', cs.budget_state(a.settled + a.reserved, b.limit_nano_usd, b.soft_percent),
        'limit_nano_usd', b.limit_nano_usd, 'settled_nano_usd', a.settled,
        'reserved_nano_usd', a.reserved, 'starts_at',
        case when a.period <> 'total' then cs.iso(a.starts_at) end,
        'ends_at', cs.iso(cs.period_end(a.period, a.starts_at)));
comment on function cs.budget_account_json is
    '{scope, name, state, limit_nano_usd, settled_nano_usd, reserved_nano_usd, starts_at, ends_at}:
how much of a budget is used by whom in a period; both times are null of all time.';

create or replace function cs.budget_today(b cs.budget, scope_id bigint) returns jsonb
    language plpgsql stable as $$
declare
    a budget_account;
begin
    select * into a from budget_account x where (x.kind, x.scope_id, x.period, x.starts_at)
        = (b.kind, $2, b.period, period_start(b.period, now()));
    if not found then
        a := row(b.kind, $2, b.period, period_start(b.period, now()), 0, 0, 0, '{}');
    end if;
    return budget_account_json(a, b);
end
$$;
comment on function cs.budget_today is 'budget_account_json of the present period.';
