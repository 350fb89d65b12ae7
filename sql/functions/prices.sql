-- What a run costs: what it had of each resource, for how long, by the price of its day.

set search_path = cs, pg_temp;

create or replace function cs.price_of(provider text, resource text, at timestamptz,
    ret_nano_usd out numeric, ret_from out timestamptz)
    language plpgsql stable as $$
begin
    select p.nano_usd_per_unit_second, p.valid_from into ret_nano_usd, ret_from from cs.price p
        where p.provider = $1 and p.resource = $2 and p.valid_from <= $3
        order by p.valid_from desc limit 1;
end
$$;
comment on function cs.price_of is
    'The price of one unit for a second on a day, and since when it is valid; null: not known.';

create or replace function cs.amount_of(cost jsonb, name text, most numeric) returns numeric
    language sql immutable parallel safe
    return case when jsonb_typeof(cost -> name) = 'number'
                 and (cost ->> name)::numeric <= most
                 and ((cost ->> name)::numeric > 0 or cost -> name = '0' and name = 'seconds')
                then (cost ->> name)::numeric end;
comment on function cs.amount_of is 'An amount that makes sense; else, and for 0 of
anything but seconds, null: not known.';

create or replace function cs.cost_price(span cs.cost_span) returns cs.cost_span
    language plpgsql stable as $$
declare
    used record;
    price record;
    total numeric := 0;
    since timestamptz;
begin
    for used in select * from (values
            ('cpu', span.cpu), ('memory_gib', span.memory_mib / 1024.0),
            ('disk_gib', span.disk_gib::numeric)) u (resource, units) loop
        select * into price from price_of(span.provider, used.resource, span.started_at);
        continue when price.ret_nano_usd = 0;
        total := total + used.units * price.ret_nano_usd;
        since := greatest(since, price.ret_from);
    end loop;
    span.nano_usd := ceil(total * span.seconds);
    span.price_version := case when span.nano_usd is null then ''
                               else span.provider || ' ' || (since at time zone 'UTC')::date end;
    return span;
end
$$;
comment on function cs.cost_price is
    'A span with its price in nano-USD, rounded up; null unless each amount and price is known.';

create or replace function cs.cost_put(r cs.request, a cs.attempt, cost jsonb, estimated bool)
    returns void language plpgsql as $$
declare
    span cost_span;
begin
    if coalesce(jsonb_typeof(cost), 'null') <> 'object' then
        return;
    end if;
    span.provider := coalesce(cost ->> 'provider', a.backend);
    span.seconds := amount_of(cost, 'seconds', 10000000);
    span.cpu := amount_of(cost, 'cpu', 10000);
    span.memory_mib := amount_of(cost, 'memory_mib', 100000000);
    span.disk_gib := amount_of(cost, 'disk_gib', 1000000);
    span.started_at := coalesce(a.started_at, a.claimed_at, clock_timestamp());
    span.nano_usd := (cost ->> 'nano_usd')::bigint;
    span.price_version := '';
    if span.nano_usd is null then
        span := cost_price(span);
    end if;
    insert into cost_span (request_id, attempt_id, fence, kind, provider, model, team_id,
                           person_id, seconds, cpu, memory_mib, disk_gib, nano_usd,
                           price_version, estimated, started_at, ended_at)
        values (r.id, a.id, a.fence, coalesce(cost ->> 'kind', 'sandbox'), span.provider,
                left(coalesce(cost ->> 'model', ''), 200), r.team_id, r.author_id, span.seconds,
                span.cpu, span.memory_mib, span.disk_gib, span.nano_usd, span.price_version,
                $4, span.started_at, clock_timestamp())
        on conflict do nothing;
end
$$;
comment on function cs.cost_put is
    '{kind, provider, model, cpu, memory_mib, disk_gib, seconds, nano_usd?}: the cost span of a run;
without nano_usd it is priced here, and null when that is not known.';

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

create or replace function cs.cost_counts(c cs.cost_span) returns bool
    language plpgsql stable as $$
begin
    return not c.estimated or not exists (
        select from cs.cost_span o where o.attempt_id = c.attempt_id and o.fence = c.fence
        and o.kind = c.kind and not o.estimated);
end
$$;
comment on function cs.cost_counts is 'False for an estimate once the true cost is there.';
