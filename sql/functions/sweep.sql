-- The sweep finds what was lost: hints, leases, deadlines. Any number may run at once.

set search_path = cs, pg_temp;

create or replace function cs.sweep_leases(most int, ret_lost out int, ret_events out jsonb)
    language plpgsql as $$
declare
    a attempt;
    r request;
begin
    ret_lost := 0;
    ret_events := '[]';
    for r in select q.* from request q where q.id in (
                select t.request_id from attempt t
                where t.state in ('claimed', 'starting', 'running')
                  and t.lease_until < clock_timestamp() order by t.id limit most)
             order by q.id for no key update skip locked loop
        for a in select * from attempt t where t.request_id = r.id
                 and t.state in ('claimed', 'starting', 'running')
                 and t.lease_until < clock_timestamp() for no key update skip locked loop
            ret_events := ret_events || attempt_lost(r, a);
            ret_lost := ret_lost + 1;
        end loop;
    end loop;
end
$$;
comment on function cs.sweep_leases is 'Attempts whose lease has ended: how many, and the events.';

create or replace function cs.attempt_lost(r cs.request, a cs.attempt) returns jsonb
    language plpgsql as $$
declare
    system jsonb := '{"kind": "system"}';
    body jsonb := jsonb_build_object('attempt_id', a.id, 'fence', a.fence,
                                     'worker_id', a.worker_id, 'reason', 'lease_ended');
begin
    if a.state = 'claimed' then
        update attempt set state = 'ready', worker_id = null, lease_until = null where id = a.id;
        perform audit_move(r.id, system, 'attempt.lost', 'attempt', 'claimed', 'ready', body);
        return '[]';
    end if;
    update attempt set state = 'unknown', reason = 'lost', finished_at = clock_timestamp(),
            lease_until = null where id = a.id;
    perform audit_move(r.id, system, 'attempt.lost', 'attempt', a.state, 'unknown', body);
    if r.state <> 'running' then
        update request set state = 'running', expires_at = null where id = r.id;
        perform audit_move(r.id, system, 'request.running', 'request', r.state, 'running',
            jsonb_build_object('attempt_id', a.id));
    end if;
    update request set state = 'outcome_unknown' where id = r.id;
    perform audit_move(r.id, system, 'request.lost', 'request', 'running', 'outcome_unknown',
        jsonb_build_object('attempt_id', a.id));
    perform attempt_retry(r.id, a);
    return jsonb_build_array(event_json(r, 'outcome_unknown', 'request.lost'));
end
$$;
comment on function cs.attempt_lost is
    'Before any code left: ready again. After: unknown, and tried again only when retry_safe.';

create or replace function cs.sweep_expired(most int, ret_expired out int, ret_events out jsonb)
    language plpgsql as $$
declare
    system jsonb := '{"kind": "system"}';
    r request;
    a attempt;
begin
    ret_expired := 0;
    ret_events := '[]';
    for r in select * from request q
             where q.state in ('pending', 'changes_requested', 'needs_answer', 'approved')
               and q.expires_at < clock_timestamp()
             order by q.id limit most for no key update skip locked loop
        select * into a from attempt t where t.request_id = r.id
            and t.state in ('ready', 'claimed', 'starting', 'running') for no key update;
        continue when a.state in ('starting', 'running');
        perform attempt_drop(a, system, 'expired');
        update request set state = 'expired', expires_at = null where id = r.id;
        perform audit_move(r.id, system, 'request.expire', 'request', r.state, 'expired');
        ret_expired := ret_expired + 1;
        ret_events := ret_events || event_json(r, 'expired', 'request.expire');
    end loop;
    for r in select * from request q where q.id in (
                 select t.request_id from attempt t
                 where t.state = 'ready' and t.valid_until < clock_timestamp()
                 order by t.id limit most)
             order by q.id for no key update skip locked loop
        select * into a from attempt t where t.request_id = r.id and t.state = 'ready'
            and t.valid_until < clock_timestamp() for no key update;
        perform attempt_drop(a, system, 'expired');
    end loop;
end
$$;
comment on function cs.sweep_expired is
    'Requests and approvals whose time is over: how many, and the events.';

create or replace function cs.sweep_old() returns void
    language plpgsql as $$
declare
    gone worker;
begin
    for gone in update worker set stopped_at = clock_timestamp(), running = 0
                where id in (select w.id from worker w where w.stopped_at is null
                             and w.seen_at < clock_timestamp() - interval '60 seconds'
                             order by w.id for no key update skip locked)
                returning * loop
        perform audit_put('worker', gone.id, '{"kind": "system"}', 'worker.lost',
                          jsonb_build_object('name', gone.name, 'seen_at', iso(gone.seen_at)));
    end loop;
    delete from idempotency where (person_id, route, key) in (
        select i.person_id, i.route, i.key from idempotency i
        where i.created_at < clock_timestamp() - interval '24 hours'
        order by i.created_at limit 500);
    delete from login_throttle where greatest(blocked_until, since + interval '15 minutes')
        < clock_timestamp() - interval '15 minutes';
    delete from upload where id in (select u.id from upload u
        where u.created_at < clock_timestamp() - interval '1 hour' limit 50);
end
$$;
comment on function cs.sweep_old is
    'Forgets what has had its day: silent workers, idempotency keys, throttles, cut uploads.';

create or replace function cs.sweep(worker_id bigint, most int) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    lost record;
    expired record;
    ready jsonb;
    next_due timestamptz;
begin
    select * into lost from sweep_leases(most);
    select * into expired from sweep_expired(most);
    if pg_try_advisory_xact_lock(7026, 1) then
        perform sweep_old();
    end if;
    select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'backend', t.backend)), '[]')
        into ready from (
            select a.id, a.backend from attempt a join request r on r.id = a.request_id
            where a.state = 'ready' and a.not_before <= clock_timestamp()
              and not exists (select from pause p where p.scope in ('all', 'team:' || r.team_id))
            order by a.not_before limit most) t;
    select min(a.not_before) into next_due from attempt a
        where a.state = 'ready' and a.not_before > clock_timestamp();
    return jsonb_build_object('ready', ready, 'lost', lost.ret_lost,
        'expired', expired.ret_expired, 'events', lost.ret_events || expired.ret_events,
        'next_due_ms', ceil(extract(epoch from next_due - clock_timestamp()) * 1000),
        'cancel', exists (select from attempt a where a.worker_id = $1
            and a.state in ('claimed', 'starting', 'running')
            and a.cancel_requested_at is not null));
end
$$;
comment on function cs.sweep is
    '→ {ready: [{id, backend}], next_due_ms, lost, expired, events, cancel: one of this worker''s
runs
shall stop}; at most `most` of each.';
