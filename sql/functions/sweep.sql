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
    lost attempt;
begin
    if a.state = 'claimed' then
        update attempt set state = 'ready', worker_id = null, lease_until = null where id = a.id;
        perform audit_move(r.id, system, 'attempt.lost', 'attempt', 'claimed', 'ready', body);
        return '[]';
    end if;
    update attempt t set state = 'unknown', reason = 'lost', finished_at = clock_timestamp(),
            lease_until = null where t.id = a.id returning * into lost;
    perform audit_move(r.id, system, 'attempt.lost', 'attempt', a.state, 'unknown', body,
        attempt_ends(lost));
    if r.state <> 'running' then
        update request set state = 'running', expires_at = null where id = r.id;
        perform audit_move(r.id, system, 'request.running', 'request', r.state, 'running',
            jsonb_build_object('attempt_id', a.id));
    end if;
    update request set state = 'outcome_unknown' where id = r.id;
    perform audit_move(r.id, system, 'request.lost', 'request', 'running', 'outcome_unknown',
        jsonb_build_object('attempt_id', a.id));
    perform attempt_left_open(r, a, can_be_found(a));
    return jsonb_build_array(event_json(r, 'outcome_unknown', 'request.lost'));
end
$$;
comment on function cs.attempt_lost is
    'Before any code left: ready again. After: unknown, and then as attempt_left_open says.';

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
             order by q.expires_at limit most for no key update skip locked loop
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

create or replace function cs.sweep_approvals(most int) returns jsonb
    language plpgsql as $$
declare
    r request;
    events jsonb := '[]';
begin
    for r in select * from request q where q.state = 'pending' and exists (
                 select from decision d where d.request_id = q.id and d.revision = q.revision
                 and d.round = q.round and d.valid_until <= clock_timestamp() offset 0)
             order by q.id limit most for no key update skip locked loop
        perform review_again(r, '{"kind": "system"}', 'decision.expire');
        events := events || event_json(r, 'pending', 'decision.expire');
    end loop;
    return events;
end
$$;
comment on function cs.sweep_approvals is
    'Requests of which an approval ended before the others came: a new round of review, in which
whoever gave it may decide again; the events.';

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

create or replace function cs.backend_is_away(
    a cs.attempt, worker_id bigint, unavailable jsonb)
    returns bool language plpgsql stable as $$
begin
    return (unavailable ? a.backend or a.not_before < clock_timestamp() - interval '60 seconds')
        and not exists (
            select from cs.worker w
            where w.stopped_at is null and w.seen_at > clock_timestamp() - interval '20 seconds'
              and (w.id <> $2 or not unavailable ? a.backend)
              and w.backends -> a.backend ->> 'ready' = 'true'
              and not sandbox_differs(a, w.id)
              and coalesce(w.backends -> a.backend ->> 'breaker', 'closed') <> 'open');
end
$$;
comment on function cs.backend_is_away is
    'Whether no live worker could run an attempt now: this one says so itself, or it was due a
minute ago.';

create or replace function cs.sweep_unavailable(worker_id bigint, most int, unavailable jsonb)
    returns jsonb language plpgsql as $$
declare
    system jsonb := '{"kind": "system"}';
    r request;
    a attempt;
    events jsonb := '[]';
begin
    for r in select q.* from request q where q.id in (
                 select t.request_id from request x join attempt t on t.request_id = x.id
                 where x.when_unavailable = 'fail' and x.state in ('approved', 'outcome_unknown')
                   and t.state = 'ready'
                   and (t.fence > 0 or t.not_before <= clock_timestamp())
                   and backend_is_away(t, $1, unavailable)
                 order by t.not_before limit most)
             order by q.id for no key update skip locked loop
        select * into a from attempt t where t.request_id = r.id and t.state = 'ready'
            for no key update;
        continue when not found;
        events := events || attempt_give_up(r, a, system, jsonb_build_object(
            'reason', 'backend_unavailable', 'error_value',
            coalesce(unavailable ->> a.backend, 'no worker serves ' || a.backend)));
    end loop;
    return events;
end
$$;
comment on function cs.sweep_unavailable is
    'Ends what would rather fail than wait for its service; the events.';

create or replace function cs.sweep_ready(worker_id bigint, most int, unavailable jsonb,
    ret_ready out jsonb, ret_next_due out timestamptz)
    language plpgsql stable as $$
declare
    served jsonb := (select nullif(w.backends, '{}') from worker w where w.id = $1);
begin
    select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'backend', t.backend)), '[]')
        into ret_ready from (
            select a.id, a.backend from attempt a join request r on r.id = a.request_id
            where a.state = 'ready' and a.not_before <= clock_timestamp()
              and not unavailable ? a.backend and coalesce(served ? a.backend, true)
              and not exists (select from pause p
                              where p.scope = any (pause_scopes(r, a.backend)))
              and r.judged_version >= policy_newest()
              and (served is null or not sandbox_differs(a, $1))
              and (a.release_reason <> 'budget' or budget_has_room(a.id))
            order by a.not_before limit most) t;
    select min(a.not_before) into ret_next_due from attempt a
        where a.state = 'ready' and a.not_before > clock_timestamp();
end
$$;
comment on function cs.sweep_ready is
    'Hints for what this worker could claim: [{id, backend}], and when the next is due.';

create or replace function cs.sweep(worker_id bigint, most int, unavailable jsonb default '{}')
    returns jsonb language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    lost record;
    expired record;
    hints record;
    events jsonb;
begin
    select * into lost from sweep_leases(most);
    select * into expired from sweep_expired(most);
    events := lost.ret_events || expired.ret_events || sweep_unavailable($1, most, unavailable)
              || sweep_adoptions(most) || sweep_clocks(most) || sweep_approvals(most);
    if pg_try_advisory_xact_lock(7026, 1) then
        perform sweep_old();
    end if;
    select * into hints from sweep_ready(worker_id, most, unavailable);
    return jsonb_build_object('ready', hints.ret_ready, 'lost', lost.ret_lost,
        'expired', expired.ret_expired, 'events', events,
        'next_due_ms', ceil(extract(epoch from hints.ret_next_due - clock_timestamp()) * 1000),
        'cancel', exists (select from attempt a where a.worker_id = $1
                and a.state in ('claimed', 'starting', 'running')
                and a.cancel_requested_at is not null)
            or exists (select from attempt a where a.worker_id = $1 and a.state = 'unknown'
                and a.adopt_until is not null and a.cancel_requested_at is not null
                and adoption_is_held(a)),
        'adoptable', exists (select from attempt a where a.state = 'unknown'
            and a.adopt_until is not null and a.not_before <= clock_timestamp()
            and not adoption_is_held(a) and adoption_is_open(a)));
end
$$;
comment on function cs.sweep is
    '→ {ready: [{id, backend}], next_due_ms, lost, expired, events, cancel: one of this worker''s
runs shall stop, adoptable: adopt_attempts may find some}; at most `most` of each. unavailable:
{backend: reason} of what this worker knows to be away.';
