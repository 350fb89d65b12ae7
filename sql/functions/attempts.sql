-- A run, step by step. Every update carries id, fence, worker and the expected state.

set search_path = cs, pg_temp;

create or replace function cs.attempt_held(item jsonb, states text[]) returns cs.attempt
    language plpgsql as $$
declare
    a attempt;
begin
    select * into a from attempt
        where id = (item ->> 'id')::bigint and fence = (item ->> 'fence')::bigint
          and worker_id = (item ->> 'worker_id')::bigint for no key update;
    if not found then
        perform fail('stale', 'This attempt has another fence', 'fence');
    elsif a.state <> all (states) then
        perform fail('wrong_state', format('The attempt is %s', a.state), 'state');
    end if;
    return a;
end
$$;
comment on function cs.attempt_held is
    'An attempt, locked, of this worker and fence; stale, or wrong_state when not in the states.';

create or replace function cs.worker_actor(item jsonb) returns jsonb
    language sql stable parallel safe
    return jsonb_build_object('kind', 'worker');
comment on function cs.worker_actor is 'The worker as actor of an audit row.';

create or replace function cs.remote_of(item jsonb) returns jsonb
    language plpgsql immutable as $$
declare
    remote jsonb := nullif(item -> 'remote', 'null');
begin
    if jsonb_typeof(remote) <> 'object' or octet_length(remote::text) > 8192 then
        perform cs.fail('invalid_field', 'remote must be an object of at most 8 KiB', 'remote');
    end if;
    return remote;
end
$$;
comment on function cs.remote_of is
    'By what another worker would find the run of an element; null where none could.';

create or replace function cs.attempt_start(item jsonb) returns jsonb
    language plpgsql as $$
declare
    a attempt := attempt_held(item, array['claimed']);
    reference jsonb := remote_of(item);
    v revision;
    message text;
    why text;
    code text;
begin
    if a.lease_until <= clock_timestamp() then
        perform fail('stale', 'The lease has ended', 'lease');
    end if;
    select * into v from revision where request_id = a.request_id and revision = a.revision;
    begin
        if hex(v.bundle_sha256) is distinct from item ->> 'bundle_sha256' then
            perform fail('stale', 'The worker would send other bytes', 'digest');
        elsif not coalesce(array(select jsonb_array_elements_text(item -> 'decision_ids')::bigint)
                           @> array(select decision_id from attempt_decision
                                    where attempt_id = a.id), false) then
            perform fail('conflict', 'The worker did not verify all decisions', 'quorum');
        end if;
        update attempt set state = 'starting', started_at = clock_timestamp(),
                release_reason = '', release_since = null, remote = reference
            where id = a.id;
    exception when sqlstate 'CS001' then
        get stacked diagnostics code = pg_exception_detail, message = message_text,
            why = pg_exception_hint;
        return attempt_refused(a, code, why, message);
    end;
    perform audit_move(a.request_id, worker_actor(item), 'attempt.start', 'attempt', 'claimed',
        'starting', jsonb_build_object('attempt_id', a.id, 'fence', a.fence,
            'bundle_sha256', hex(v.bundle_sha256), 'decision_ids', item -> 'decision_ids'));
    return jsonb_build_object('id', a.id, 'ok', true);
end
$$;
comment on function cs.attempt_start is
    '{worker_id, id, fence, bundle_sha256, decision_ids, remote?} → {id, ok: true}: the commit point
before code leaves; stale for a lost lease or fence, else {error} and the request is put aside.';

create or replace function cs.attempt_refused(a cs.attempt, code text, why text, message text)
    returns jsonb language plpgsql as $$
declare
    actor jsonb := '{"kind": "worker"}';
    r request;
begin
    select * into r from request where id = a.request_id;
    perform audit_put('request', r.id, actor, 'attempt.refused', jsonb_build_object(
        'attempt_id', a.id, 'fence', a.fence, 'code', code, 'reason', why, 'message', message));
    if why = 'paused' then
        update attempt set state = 'ready', worker_id = null, lease_until = null,
                not_before = clock_timestamp() + interval '1 second' where id = a.id;
        perform audit_move(r.id, actor, 'attempt.release', 'attempt', 'claimed', 'ready',
            jsonb_build_object('attempt_id', a.id, 'reason', why));
    else
        perform attempt_drop(a, actor, 'refused: ' || why);
        if r.state = 'approved' then
            perform request_set_aside(r, why, actor);
            select * into r from request where id = r.id;
        end if;
    end if;
    return error_result(code, message, why)
        || jsonb_build_object('event', event_json(r, r.state, 'attempt.refused'));
end
$$;
comment on function cs.attempt_refused is
    'Records a refused start and puts attempt and request into a safe state.';

create or replace function cs.request_set_aside(r cs.request, why text, actor jsonb) returns void
    language plpgsql as $$
declare
    to_state text := case why when 'expired' then 'expired' when 'cancelled' then 'cancelled'
                              else 'pending' end;
begin
    if to_state = 'pending' then
        perform back_to_review(r, actor, 'request.set_aside', jsonb_build_object('reason', why));
        return;
    end if;
    update request set state = to_state, expires_at = null where id = r.id;
    perform audit_move(r.id, actor, 'request.set_aside', 'request', 'approved', to_state,
        jsonb_build_object('reason', why));
end
$$;
comment on function cs.request_set_aside is
    'An approved request that may not start: expired, cancelled, or back to its reviewers.';

create or replace function cs.attempt_runs(a cs.attempt, actor jsonb) returns void
    language plpgsql as $$
declare
    r request;
begin
    select * into r from request where id = a.request_id;
    update attempt set state = 'running', running_at = clock_timestamp() where id = a.id;
    perform audit_move(r.id, actor, 'attempt.running', 'attempt', 'starting', 'running',
        jsonb_build_object('attempt_id', a.id, 'fence', a.fence));
    update request set state = 'running', expires_at = null where id = r.id;
    perform audit_move(r.id, actor, 'request.running', 'request', r.state, 'running',
        jsonb_build_object('attempt_id', a.id));
end
$$;
comment on function cs.attempt_runs is 'From starting to running, attempt and request.';

create or replace function cs.attempt_mark_running(item jsonb) returns jsonb
    language plpgsql as $$
declare
    a attempt := attempt_held(item, array['starting', 'running']);
    r request;
begin
    if a.lease_until <= clock_timestamp() then
        perform fail('stale', 'The lease has ended', 'lease');
    end if;
    select * into r from request where id = a.request_id;
    if a.state = 'starting' then
        perform attempt_runs(a, worker_actor(item));
    end if;
    return jsonb_build_object('id', a.id, 'ok', true, 'state', 'running',
        'cancel', a.cancel_requested_at is not null,
        'event', event_json(r, 'running', 'request.running'));
end
$$;
comment on function cs.attempt_mark_running is
    '{worker_id, id, fence} → {id, ok, state, cancel} once the whole frame was written; stale,
wrong_state.';

create or replace function cs.attempt_release(item jsonb) returns jsonb
    language plpgsql as $$
declare
    a attempt := attempt_held(item, array['claimed', 'starting']);
    why text := left(coalesce(item ->> 'reason', ''), 200);
    pause_ms bigint := release_pause_ms(item, a.fence);
    r request;
begin
    if a.state = 'starting' and not coalesce((item ->> 'not_started')::bool, false) then
        perform fail('wrong_state', 'Code may have left: it can not be given back', 'state');
    end if;
    select * into r from request where id = a.request_id;
    perform cost_put(r, a, item -> 'cost', false);
    update attempt set state = 'ready', worker_id = null, lease_until = null, started_at = null,
            remote = null, not_before = clock_timestamp() + pause_ms * interval '1 millisecond',
            release_reason = why, release_since = case when release_reason = why
                then coalesce(release_since, clock_timestamp()) else clock_timestamp() end
        where id = a.id;
    perform audit_move(a.request_id, worker_actor(item), 'attempt.release', 'attempt', a.state,
        'ready', jsonb_build_object('attempt_id', a.id, 'fence', a.fence, 'reason', why,
            'again_in_ms', pause_ms));
    a.state := 'ready';
    if coalesce((item ->> 'fail')::bool, false) then
        return jsonb_build_object('id', a.id, 'ok', true, 'state', 'failed', 'event',
            attempt_give_up(r, a, worker_actor(item), item));
    end if;
    return jsonb_build_object('id', a.id, 'ok', true, 'state', 'ready');
end
$$;
comment on function cs.attempt_release is
    '{worker_id, id, fence, not_started, reason, retry_after_ms?, cost?, fail?} → {id, ok, state}:
claimed, or starting with nothing sent, becomes ready again after a pause that grows or that the
service asked for; with fail it ends as failed, since no worker could start it; stale,
wrong_state.';

create or replace function cs.release_pause_ms(item jsonb, fence bigint) returns bigint
    language sql immutable parallel safe
    return greatest(least(coalesce((item ->> 'retry_after_ms')::numeric, 0), 600000)::bigint,
                    (least(power(2, least(fence, 6)), 60) * 250)::bigint);
comment on function cs.release_pause_ms is
    'How long what was given back waits: half a second to 15, ten minutes at most when asked for.';

create or replace function cs.attempt_give_up(
    r cs.request, a cs.attempt, actor jsonb, item jsonb) returns jsonb
    language plpgsql as $$
declare
    why text := left(coalesce(item ->> 'reason', ''), 200);
    body jsonb := jsonb_build_object('attempt_id', a.id, 'backend', a.backend, 'reason', why);
begin
    update attempt set state = 'failed', finished_at = clock_timestamp(), reason = why,
            error_name = left(coalesce(item ->> 'error_name', ''), 200),
            error_value = left(coalesce(item ->> 'error_value', ''), 2000)
        where id = a.id;
    perform audit_move(r.id, actor, 'attempt.give_up', 'attempt', 'ready', 'failed', body);
    if r.state = 'approved' then
        update request set state = 'failed', expires_at = null where id = r.id;
        perform audit_move(r.id, actor, 'request.give_up', 'request', 'approved', 'failed', body);
        r.state := 'failed';
    end if;
    return event_json(r, r.state, 'request.give_up');
end
$$;
comment on function cs.attempt_give_up is
    'Ends a ready attempt that can not start, and its request when nothing of it ran; the event.';

create or replace function cs.attempt_standing(attempt_id bigint, fence bigint) returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select jsonb_build_object('state', a.state, 'worker_id', a.worker_id, 'lease_left_ms',
        greatest(0, floor(extract(epoch from a.lease_until - clock_timestamp()) * 1000)::bigint))
    from attempt a where a.id = $1 and a.fence = $2
$$;
comment on function cs.attempt_standing is
    '{state, worker_id, lease_left_ms} while the fence is this one, else null: asked after an answer
that got lost.';
