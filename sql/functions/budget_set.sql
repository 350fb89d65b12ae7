-- Who sets budgets, and who sees them.

set search_path = cs, pg_temp;

create or replace function cs.budget_scope_id(scope text) returns bigint
    language plpgsql stable as $$
declare
    wanted bigint;
begin
    if coalesce(scope, '') !~ '^(user|team):(\*|[1-9][0-9]{0,17})$' then
        perform fail('invalid_field', 'scope must be user:ID, team:ID, user:* or team:*', 'scope');
    elsif scope like '%:*' then
        return null;
    end if;
    wanted := split_part(scope, ':', 2)::bigint;
    if not exists (select from person p where scope like 'user:%' and p.id = wanted)
        and not exists (select from team t where scope like 'team:%' and t.id = wanted)
    then
        perform fail('invalid_field', 'There is nobody, or no team, of this number', 'scope');
    end if;
    return wanted;
end
$$;
comment on function cs.budget_scope_id is
    'The number of a scope that there is, null for *; invalid_field scope.';

create or replace function cs.budget_asked(item jsonb) returns cs.budget
    language plpgsql stable as $$
declare
    b budget;
begin
    b.scope_id := budget_scope_id(item ->> 'scope');
    b.kind := split_part(item ->> 'scope', ':', 1);
    b.period := coalesce(item ->> 'period', 'month');
    if coalesce(jsonb_typeof(item -> 'limit_nano_usd'), 'null') = 'null' then
        perform fail('missing_field', 'limit_nano_usd is required', 'limit_nano_usd');
    elsif item ->> 'limit_nano_usd' !~ '^[1-9][0-9]{0,15}$'
            or (item ->> 'limit_nano_usd')::bigint > 9000000000000000 then
        perform fail('invalid_field', 'limit_nano_usd must be a whole number of billionths of a'
            || ' dollar, from 1 to 9000000000000000', 'limit_nano_usd');
    elsif coalesce(item ->> 'soft_percent', '80') !~ '^([1-9][0-9]?|100)$' then
        perform fail('invalid_field', 'soft_percent must be a whole number from 1 to 100',
                     'soft_percent');
    elsif b.period not in ('day', 'month', 'total') then
        perform fail('invalid_field', 'period must be day, month or total', 'period');
    end if;
    b.limit_nano_usd := (item ->> 'limit_nano_usd')::bigint;
    b.soft_percent := coalesce((item ->> 'soft_percent')::int, 80);
    return b;
end
$$;
comment on function cs.budget_asked is
    '{scope, limit_nano_usd, soft_percent?, period?} as a budget; missing_field, invalid_field.';

create or replace function cs.budget_live(kind text, scope_id bigint) returns cs.budget
    language plpgsql stable as $$
begin
    return (select b from budget b where b.kind = $1 and b.scope_id is not distinct from $2
            and b.ended_at is null);
end
$$;
comment on function cs.budget_live is 'The budget of just this scope, if there is one.';

create or replace function cs.budget_spent(b cs.budget, only_id bigint)
    returns table (scope_id bigint, nano_usd bigint) language plpgsql stable as $$
declare
    since timestamptz := period_start(b.period, now());
begin
    return query
        select i.id, sum(c.nano_usd)::bigint
        from cost_span c
        join attempt a on a.id = c.attempt_id
        join request r on r.id = c.request_id
        cross join lateral (select case b.kind when 'team' then c.team_id else c.person_id end)
            i (id)
        where c.nano_usd > 0 and c.started_at >= since and cost_counts(c) and run_is_over(a, r)
          and coalesce(only_id, i.id) = i.id
          and (only_id is not null or (budget_live(b.kind, i.id)).id is null)
          and not exists (
              select from budget_hold h
              where h.request_id = c.request_id and h.attempt_id = c.attempt_id
                and (h.kind, h.period, h.starts_at) = (b.kind, b.period, since))
        group by i.id;
end
$$;
comment on function cs.budget_spent is
    'What runs that are over have cost in this period which no budget has counted: of one person or
team, or of all without a budget of their own.';

create or replace function cs.budget_open(b cs.budget, only_id bigint) returns void
    language plpgsql as $$
declare
    since timestamptz := period_start(b.period, now());
    mine budget_account[];
begin
    insert into budget_account as a (kind, scope_id, period, starts_at, opening, settled)
        select b.kind, s.scope_id, b.period, since, s.nano_usd, s.nano_usd
        from budget_spent(b, only_id) s order by s.scope_id
        on conflict on constraint budget_account_pkey do update
            set opening = excluded.opening, settled = a.settled - a.opening + excluded.opening;
    mine := array(select a from budget_account a
        where a.kind = b.kind and a.period = b.period and a.starts_at = since
          and coalesce(only_id, a.scope_id) = a.scope_id
          and (only_id is not null or (budget_live(b.kind, a.scope_id)).id is null));
    perform budget_accounts_lock(mine);
    update budget_account a set told = '{}' from unnest(mine) m
        where (a.kind, a.scope_id, a.period, a.starts_at)
            = (m.kind, m.scope_id, m.period, m.starts_at);
    perform budget_tell(array(
        select row(0, 0, 0, b.id, m.kind, m.scope_id, m.period, m.starts_at, b.limit_nano_usd, 0,
                   0)::budget_need from unnest(mine) m), '{}');
end
$$;
comment on function cs.budget_open is
    'Begins a budget with what was spent in its present period before; only_id: of one alone.';

create or replace function cs.budget_put(actor jsonb, item jsonb) returns jsonb
    language plpgsql as $$
declare
    b budget := budget_asked(item);
    before budget;
    by_id bigint := (actor ->> 'person_id')::bigint;
begin
    -- Whoever saw no budget and writes down a cost is over before we look what was spent.
    perform pg_advisory_xact_lock(7026, 23);
    before := budget_live(b.kind, b.scope_id);
    if (before.limit_nano_usd, before.soft_percent, before.period)
            = (b.limit_nano_usd, b.soft_percent, b.period) then
        return budget_json(before, null);
    end if;
    update budget x set ended_at = clock_timestamp(), ended_by = by_id where x.id = before.id;
    insert into budget (kind, scope_id, period, soft_percent, limit_nano_usd, set_by)
        values (b.kind, b.scope_id, b.period, b.soft_percent, b.limit_nano_usd, by_id)
        returning * into b;
    perform audit_put('budget', b.id, actor, 'budget.set', jsonb_build_object(
        'scope', budget_scope(b.kind, b.scope_id), 'limit_nano_usd', b.limit_nano_usd,
        'soft_percent', b.soft_percent, 'period', b.period, 'before', before.id));
    perform budget_open(b, b.scope_id);
    return budget_json(b, null);
end
$$;
comment on function cs.budget_put is
    'Sets a budget in the place of the one that the scope has; missing_field, invalid_field.';

create or replace function cs.budget_drop(actor jsonb, scope text) returns bool
    language plpgsql as $$
declare
    of_id bigint := budget_scope_id(scope);
    b budget;
    other budget;
begin
    perform pg_advisory_xact_lock(7026, 23);
    b := budget_live(split_part(scope, ':', 1), of_id);
    if b.id is null then
        return false;
    end if;
    update budget x set ended_at = clock_timestamp(),
            ended_by = (actor ->> 'person_id')::bigint where x.id = b.id;
    perform audit_put('budget', b.id, actor, 'budget.end', jsonb_build_object('scope', $2,
        'limit_nano_usd', b.limit_nano_usd, 'soft_percent', b.soft_percent, 'period', b.period));
    other := budget_live(b.kind, null);
    if of_id is not null and other.id is not null then
        perform budget_open(other, of_id);
    end if;
    return true;
end
$$;
comment on function cs.budget_drop is
    'Ends a budget; false when there is none of this scope; invalid_field scope.';

create or replace function cs.budget_holders(b cs.budget) returns jsonb
    language plpgsql stable as $$
begin
    if b.scope_id is not null then
        return jsonb_build_array(budget_today(b, b.scope_id));
    end if;
    return (select coalesce(jsonb_agg(budget_account_json(x.a, b)
                order by (x.a).settled + (x.a).reserved desc, (x.a).scope_id), '[]')
            from (select a from budget_account a
                  where a.kind = b.kind and a.period = b.period
                    and a.starts_at = period_start(b.period, now())
                    and (budget_live(b.kind, a.scope_id)).id is null
                  order by a.settled + a.reserved desc, a.scope_id limit 100) x);
end
$$;
comment on function cs.budget_holders is
    'Who uses a budget in its present period: the 100 who have used most.';

create or replace function cs.budget_json(b cs.budget, holders jsonb) returns jsonb
    language sql stable
    return jsonb_build_object('scope', cs.budget_scope(b.kind, b.scope_id),
        'name', cs.budget_scope_name(b.kind, b.scope_id), 'period', b.period,
        'soft_percent', b.soft_percent,
        'limit_nano_usd', b.limit_nano_usd, 'set_at', cs.iso(b.set_at), 'set_by', (
            select jsonb_build_object('id', p.id, 'name', p.name) from cs.person p
            where p.id = b.set_by),
        'holders', coalesce(holders, cs.budget_holders(b)));
comment on function cs.budget_json is
    '{scope, name, period, soft_percent, limit_nano_usd, set_at, set_by: {id, name} or null for the
operator''s command, holders}.';

create or replace function cs.budgets_json(only_person bigint) returns jsonb
    language plpgsql stable as $$
begin
    if only_person is null then
        return (select coalesce(jsonb_agg(budget_json(b, null) order by b.kind,
                    b.scope_id nulls first), '[]') from budget b where b.ended_at is null);
    end if;
    return (select coalesce(jsonb_agg(budget_json(m.b, m.holders) order by (m.b).kind,
                (m.b).scope_id nulls first), '[]')
            from (select b, jsonb_agg(budget_today(b, s.id) order by s.id) as holders
                  from (select 'user' as kind, only_person as id
                        union all
                        select 'team', t.team_id from team_member t
                        where t.person_id = only_person) s
                  cross join lateral budget_of(s.kind, s.id) b group by b) m);
end
$$;
comment on function cs.budgets_json is
    'All budgets with who uses them most, or those that hold one person: own and of the teams.';

create or replace function cs.request_budgets(r cs.request, v cs.revision) returns jsonb
    language plpgsql stable as $$
begin
    if not has_budgets() then
        return '[]';
    end if;
    return (select coalesce(jsonb_agg(budget_today(b, s.id) || jsonb_build_object(
                'this_nano_usd', h.has, 'bound_nano_usd', m.most) order by s.kind), '[]')
            from (values ('team', r.team_id), ('user', r.author_id)) s (kind, id)
            cross join lateral budget_of(s.kind, s.id) b
            cross join lateral run_bound(r.backend, v.image, null, v.wall_ms) m (most)
            cross join lateral (
                select coalesce(sum(x.reserved + x.settled), 0)::bigint as has from budget_hold x
                where x.request_id = r.id and x.kind = s.kind) h);
end
$$;
comment on function cs.request_budgets is
    'The budgets that hold a request, as they are today, with what is reserved and spent of each for
it, this_nano_usd, and what it may cost at most, bound_nano_usd, null when that is not known.';

create or replace function cs.budgets_list(person_id bigint) returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select jsonb_build_object('budgets', budgets_json(
        case when not exists (select from person p where p.id = $1 and 'admin' = any (p.roles))
             then $1 end))
$$;
comment on function cs.budgets_list is
    '{budgets}: all of them for admins, for others those that hold them.';

create or replace function cs.budget_set(actor jsonb, item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
begin
    return budget_put(actor_with_kind(actor, who), item);
end
$$;
comment on function cs.budget_set is
    '{scope, limit_nano_usd, soft_percent?, period?} → the budget; wrong_role, missing_field,
invalid_field.';

create or replace function cs.budget_end(actor jsonb, scope text) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
begin
    if not budget_drop(actor_with_kind(actor, who), scope) then
        perform fail('not_found', 'This scope has no budget of its own', 'scope');
    end if;
    return true;
end
$$;
comment on function cs.budget_end is 'Ends a budget; wrong_role, not_found, invalid_field scope.';

create or replace function cs.operator_scope(scope text) returns text
    language plpgsql stable as $$
declare
    name text := substr(scope, 6);
begin
    return case
        when scope ~ '^(user|team):(\*|[0-9]+)$' then scope
        when scope like 'user:%' then 'user:' || (person_named(name)).id
        when scope like 'team:%' then 'team:' || team_id_named(name)
        else scope end;
end
$$;
comment on function cs.operator_scope is
    'A scope that may have a login or the name of a team in the place of its number; not_found.';

create or replace function cs.operator_budgets() returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select coalesce(jsonb_agg(jsonb_build_object('scope', b -> 'scope', 'name', b -> 'name',
        'period', b -> 'period', 'limit_usd', usd_text((b ->> 'limit_nano_usd')::bigint),
        'soft_percent', b -> 'soft_percent', 'state', h -> 'state', 'who', h -> 'name',
        'spent_usd', usd_text((h ->> 'settled_nano_usd')::bigint),
        'reserved_usd', usd_text((h ->> 'reserved_nano_usd')::bigint))), '[]')
    from jsonb_array_elements(budgets_json(null)) b
    left join lateral jsonb_array_elements(b -> 'holders') h on true
$$;
comment on function cs.operator_budgets is
    '[{scope, name, period, limit_usd, soft_percent, who, state, spent_usd, reserved_usd}]: a row
for each who uses a budget, or one for a budget that nobody uses.';

create or replace function cs.operator_budget_set(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    perform budget_put('{"kind": "operator"}', item || jsonb_build_object('scope',
        operator_scope(item ->> 'scope')));
    return operator_budgets();
end
$$;
comment on function cs.operator_budget_set is
    '{scope, limit_nano_usd, soft_percent?, period?} → all budgets; scope as operator_scope has it;
not_found, missing_field, invalid_field.';

create or replace function cs.operator_budget_end(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    if not budget_drop('{"kind": "operator"}', operator_scope(item ->> 'scope')) then
        perform fail('not_found', 'This scope has no budget of its own', 'scope');
    end if;
    return operator_budgets();
end
$$;
comment on function cs.operator_budget_end is '{scope} → the other budgets; not_found.';
