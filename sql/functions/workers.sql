-- Workers: hello, bye, heartbeat.

set search_path = cs, pg_temp;

create or replace function cs.worker_hello(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    new_id bigint;
begin
    insert into worker (name, version, slots, backends)
        values (item ->> 'name', item ->> 'version', (item ->> 'slots')::int,
                coalesce(item -> 'backends', '{}'))
        returning id into new_id;
    perform audit_put('worker', new_id, '{"kind": "worker"}', 'worker.hello', item);
    return jsonb_build_object('worker_id', new_id, 'instance', instance_get());
end
$$;
comment on function cs.worker_hello is
    '{name, version, slots, backends: {name: {ready, why_not, weaker, breaker?, until?, refused?}}}
→ {worker_id, instance}; breaker is closed, open or half_open, until when it is tried again,
refused when it is open because of our key.';

create or replace function cs.worker_bye(worker_id bigint) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    update worker set stopped_at = clock_timestamp(), running = 0
        where id = worker_id and stopped_at is null;
    if found then
        perform audit_put('worker', worker_id, '{"kind": "worker"}', 'worker.bye');
    end if;
    return found;
end
$$;
comment on function cs.worker_bye is 'A worker has drained and ends.';

create or replace function cs.worker_report(worker_id bigint, backends jsonb) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    update worker w set backends = $2 where w.id = worker_id and w.backends <> $2;
    if found then
        perform audit_put('worker', worker_id, '{"kind": "worker"}', 'worker.backends', $2);
    end if;
    return found;
end
$$;
comment on function cs.worker_report is 'What the preflight of each backend says now.';

create or replace function cs.heartbeat(
    worker_id bigint, items jsonb, lease_ms bigint, running int) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    renewed jsonb;
begin
    update worker w set seen_at = clock_timestamp(), running = $4, stopped_at = null
        where w.id = worker_id;
    with held as (
        select a.id, i.ord, i.fence from rows from (jsonb_to_recordset(items)
            as (id bigint, fence bigint)) with ordinality i (id, fence, ord)
        left join attempt a on a.id = i.id and a.fence = i.fence and a.worker_id = $1
            and (a.state in ('claimed', 'starting', 'running') or adoption_is_held(a))
    ), locked as (
        select a.id from attempt a where a.id in (select h.id from held h)
        order by a.id for no key update
    ), kept as (
        update attempt a set lease_until = clock_timestamp() + lease_ms * interval '1 millisecond'
        from locked l where a.id = l.id and a.worker_id = $1
            and a.state in ('claimed', 'starting', 'running', 'unknown')
            and a.lease_until > clock_timestamp()
        returning a.id, a.fence, a.cancel_requested_at is not null as cancel
    )
    select coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'ok', k.id is not null,
                                                 'cancel', coalesce(k.cancel, false))
                              order by i.ord), '[]')
        into renewed
        from rows from (jsonb_to_recordset(items)
            as (id bigint, fence bigint)) with ordinality i (id, fence, ord)
        left join kept k on k.id = i.id and k.fence = i.fence;
    return jsonb_build_object('attempts', renewed);
end
$$;
comment on function cs.heartbeat is
    'items [{id, fence}] → {attempts: [{id, ok, cancel}]}; ok is false when the lease has
ended or is somebody else''s: stop, and kill the sandbox.';

create or replace function cs.worker_is_alive(worker_name text, lease_ms bigint) returns bool
    language sql stable security definer set search_path = cs, pg_temp as $$
    select exists (
        select from worker w
        where w.stopped_at is null
            and (w.name = worker_name or starts_with(w.name, worker_name || '-'))
            and w.seen_at > clock_timestamp() - lease_ms * interval '1 millisecond')
$$;
comment on function cs.worker_is_alive is
    'Whether a worker of this name, or of a name made of it and a number, has been heard of within
a lease.';
