-- What a run costs: what it had of each resource, for how long, by the price of its day.

set search_path = cs, pg_temp;

create or replace function cs.amount_of(cost jsonb, name text, most numeric) returns numeric
    language sql immutable parallel safe
    return case when jsonb_typeof(cost -> name) = 'number'
                 and (cost ->> name)::numeric <= most
                 and ((cost ->> name)::numeric > 0 or cost -> name = '0' and name = 'seconds')
                then (cost ->> name)::numeric end;
comment on function cs.amount_of is 'An amount that makes sense; else, and for 0 of
anything but seconds, null: not known.';

create or replace function cs.cost_row(r cs.request, a cs.attempt, cost jsonb, estimated bool)
    returns cs.cost_span language plpgsql stable as $$
declare
    span cost_span;
begin
    span.request_id := r.id;
    span.attempt_id := a.id;
    span.fence := a.fence;
    span.kind := coalesce(cost ->> 'kind', 'sandbox');
    span.provider := coalesce(cost ->> 'provider', a.backend);
    span.model := left(coalesce(cost ->> 'model', ''), 200);
    span.team_id := r.team_id;
    span.person_id := r.author_id;
    span.seconds := amount_of(cost, 'seconds', 10000000);
    span.cpu := amount_of(cost, 'cpu', 10000);
    span.memory_mib := amount_of(cost, 'memory_mib', 100000000);
    span.disk_gib := amount_of(cost, 'disk_gib', 1000000);
    span.nano_usd := (cost ->> 'nano_usd')::bigint;
    span.estimated := estimated;
    span.started_at := coalesce(a.started_at, a.claimed_at, clock_timestamp());
    return span;
end
$$;
comment on function cs.cost_row is
    '{kind, provider, model, cpu, memory_mib, disk_gib, seconds, nano_usd?}: the cost span of a run;
what makes no sense is null.';

create or replace function cs.second_price(
    provider text, cpu numeric, memory_mib bigint, disk_gib bigint, at timestamptz)
    returns table (nano_usd numeric, since timestamptz) language sql stable rows 1 as $$
    -- Null as soon as one amount or price is not known; what is free need not be.
    select case when bool_and(coalesce(c.price = 0 or u.units * c.price is not null, false))
                then coalesce(sum(u.units * c.price), 0) end,
           max(c.valid_from) filter (where c.price > 0)
    from (values ('cpu', $2), ('memory_gib', $3 / 1024.0),
                 ('disk_gib', $4::numeric)) u (resource, units)
    left join lateral (
        select p.nano_usd_per_unit_second, p.valid_from from cs.price p
        where p.provider = $1 and p.resource = u.resource and p.valid_from <= $5
        order by p.valid_from desc limit 1) c (price, valid_from) on true
$$;
comment on function cs.second_price is
    'What a second of a sandbox of this size costs, in nano-USD, and since when; null unless each
amount and price is known.';

-- It returned nothing once. The old one goes here, where the callers of it change as well.
do $$
begin
    if to_regprocedure('cs.costs_put(cs.cost_span[])')::oid in (
            select p.oid from pg_catalog.pg_proc p
            where p.prorettype = 'pg_catalog.void'::regtype) then
        drop function cs.costs_put(cs.cost_span[]);
    end if;
end
$$;

create or replace function cs.costs_put(spans cs.cost_span[]) returns cs.cost_span[]
    language plpgsql as $$
declare
    made cost_span[];
begin
    with c as (
        insert into cost_span as c (request_id, attempt_id, fence, kind, provider, model, team_id,
                               person_id, seconds, cpu, memory_mib, disk_gib, nano_usd,
                               price_version, estimated, started_at, ended_at)
        select s.request_id, s.attempt_id, s.fence, s.kind, s.provider, s.model, s.team_id,
               s.person_id, s.seconds, s.cpu, s.memory_mib, s.disk_gib,
               coalesce(s.nano_usd, p.nano_usd),
               case when s.nano_usd is null and p.nano_usd is not null
                    then s.provider || ' ' || (p.since at time zone 'UTC')::date else '' end,
               s.estimated, s.started_at, clock_timestamp()
        from unnest(spans) s
        left join lateral (
            select ceil(q.nano_usd * s.seconds), q.since
            from second_price(s.provider, s.cpu, s.memory_mib, s.disk_gib, s.started_at) q
            ) p (nano_usd, since) on s.nano_usd is null
        on conflict do nothing returning c as row)
    select array_agg(c.row) into made from c;
    return made;
end
$$;
comment on function cs.costs_put is
    'Stores cost spans and returns those that are new, whose digests belong into an audit row; those
without a price are priced by the day they began, in nano-USD, rounded
up, and stay null unless each amount and price is known.';

create or replace function cs.cost_put(r cs.request, a cs.attempt, cost jsonb, estimated bool)
    returns void language plpgsql as $$
declare
    c cost_span;
begin
    if jsonb_typeof(cost) is distinct from 'object' then
        return;
    end if;
    foreach c in array coalesce(costs_put(array[cost_row(r, a, cost, estimated)]), '{}') loop
        perform audit_put('request', r.id, '{"kind": "system"}', 'attempt.cost',
            jsonb_build_object('attempt_id', a.id, 'fence', a.fence, 'nano_usd', c.nano_usd,
                               'estimated', estimated), cost_digest(c));
    end loop;
end
$$;
comment on function cs.cost_put is
    'The cost span of one run that goes on, or was lost, when there is one; with its audit row.';

create or replace function cs.cost_estimate(r cs.request, a cs.attempt) returns void
    language plpgsql as $$
declare
    v revision;
begin
    if a.backend = 'local' then
        return;
    end if;
    select * into v from revision where request_id = a.request_id and revision = a.revision;
    perform cost_put(r, a, coalesce(a.remote -> 'usage', '{}') || jsonb_build_object(
        'kind', 'sandbox', 'provider', a.backend, 'model', v.image, 'seconds', round(least(
            extract(epoch from clock_timestamp() - a.started_at), v.wall_ms / 1000.0 + 60), 3)),
        true);
end
$$;
comment on function cs.cost_estimate is
    'An estimated span for a lost run at a service: until now, or until its limit and a minute; its
size is what `usage` of its reference says {cpu, memory_mib, disk_gib}.';

create or replace function cs.cost_refused(r cs.request, a cs.attempt, usage jsonb)
    returns void language plpgsql as $$
begin
    if jsonb_typeof(usage) = 'object' then
        perform cost_put(r, a, usage || jsonb_build_object('kind', 'sandbox',
            'provider', a.backend, 'model', (
                select v.image from revision v
                where v.request_id = a.request_id and v.revision = a.revision),
            'seconds', round(extract(epoch from clock_timestamp() - a.claimed_at), 3)), true);
    end if;
end
$$;
comment on function cs.cost_refused is
    'An estimated span for a sandbox that was made for a start which was refused: since its claim.';

create or replace function cs.cost_counts(c cs.cost_span) returns bool
    language plpgsql stable as $$
begin
    return not c.estimated or not exists (
        select from cs.cost_span o where o.attempt_id = c.attempt_id and o.fence = c.fence
        and o.kind = c.kind and not o.estimated);
end
$$;
comment on function cs.cost_counts is 'False for an estimate once the true cost is there.';

-- Once in the life of a database: what was there before the audit trail had its digest is told by
-- its id. Making the triggers anew has locked the table by now; what waits for that lock writes a
-- few more without one.
do $$
begin
    if exists (select from cs.cost_span) and not exists (
            select from cs.audit_event e where e.entity = 'instance' and e.entity_id = 1
            and e.event = 'costs.baseline') and not exists (
            select from (select * from cs.cost_span x order by x.id desc limit 1000) c
            join cs.audit_event e on e.entity = 'request' and e.entity_id = c.request_id
                and e.row_digests ? ('cost_span:' || c.id)) then
        perform cs.audit_put('instance', 1, '{"kind": "operator"}', 'costs.baseline',
            jsonb_build_object('last', (select max(c.id) + 1000 from cs.cost_span c)));
    end if;
end
$$;
