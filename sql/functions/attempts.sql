-- A run, step by step. Every update carries id, fence, worker and the expected state. What runs
-- often takes a whole batch in the same few statements; what is rare takes an element.

set search_path = cs, pg_temp;

create or replace function cs.attempts_held(items jsonb, states text[])
    returns setof cs.held language plpgsql as $$
declare
    ids bigint[] := array(select (i ->> 'id')::bigint from jsonb_array_elements(items) i);
begin
    perform from request r
        where r.id = any (array(select a.request_id from attempt a where a.id = any (ids)))
        order by r.id for no key update;
    perform from attempt a where a.id = any (ids) order by a.id for no key update;
    return query
        select (i.n - 1)::int, i.item, k.a, k.r, case
            when k.a is null
                then error_result('stale', 'This attempt has another fence', 'fence')
            when row_number() over (partition by (k.a).id order by i.n) > 1
                then error_result('conflict', 'This attempt is in the batch twice', 'id')
            when (k.a).state <> all (states)
                then error_result('wrong_state', format('The attempt is %s', (k.a).state),
                                  'state') end
        from jsonb_array_elements(items) with ordinality i (item, n)
        left join lateral (
            select a, r from attempt a join request r on r.id = a.request_id
            where a.id = (i.item ->> 'id')::bigint and a.fence = (i.item ->> 'fence')::bigint
              and a.worker_id = (i.item ->> 'worker_id')::bigint offset 0) k on true
        order by i.n;
end
$$;
comment on function cs.attempts_held is
    'The elements {worker_id, id, fence} with their requests and attempts, locked in that order;
stale for another worker or fence, wrong_state when not in one of the states.';

create or replace function cs.lease_error(a cs.attempt) returns jsonb
    language sql
    return case when a.lease_until <= clock_timestamp()
                then cs.error_result('stale', 'The lease has ended', 'lease') end;
comment on function cs.lease_error is 'stale once the lease of an attempt has ended.';

create or replace function cs.worker_actor(item jsonb) returns jsonb
    language sql stable parallel safe
    return jsonb_build_object('kind', 'worker');
comment on function cs.worker_actor is 'The worker as actor of an audit row.';

create or replace function cs.element_faults(held cs.held[])
    returns table (n int, error jsonb, refused bool) language plpgsql stable as $$
begin
    return query
    select h.n, error_result(f.code, f.message, f.why), f.refused
    from unnest(held) h
    left join lateral (
        select r.bundle_sha256 from revision r
        where r.request_id = (h.a).request_id and r.revision = (h.a).revision offset 0) v on true
    cross join lateral (select x.* from (values
        (lease_error(h.a) is not null, 'stale', 'lease', 'The lease has ended', false),
        (h.item -> 'remote' <> 'null' and (jsonb_typeof(h.item -> 'remote') <> 'object'
             or octet_length((h.item -> 'remote')::text) > 8192),
            'invalid_field', 'remote', 'remote must be an object of at most 8 KiB', false),
        (hex(v.bundle_sha256) is distinct from h.item ->> 'bundle_sha256',
            'stale', 'digest', 'The worker would send other bytes', true),
        (h.item ->> 'refused' is not null, 'conflict', 'signature',
            left(h.item ->> 'refused', 200), true),
        (exists (select from attempt_decision l where l.attempt_id = (h.a).id
             and not coalesce(h.item -> 'decision_ids', '[]') @> to_jsonb(l.decision_id)),
            'conflict', 'quorum', 'The worker did not verify all decisions', true)
        ) x (holds, code, why, message, refused)
        where x.holds limit 1) f
    where h.error is null;
end
$$;
comment on function cs.element_faults is
    'What is wrong with elements that are to start, or, as refused, with what they would run.';

create or replace function cs.start_faults(held cs.held[])
    returns table (n int, error jsonb, refused bool) language plpgsql stable as $$
begin
    return query
    with own as (select f.* from element_faults(held) f)
    select o.* from own o
    union all
    select h.n, error_result(f.code, f.message, f.why), true
    from unnest(held) h join attempt_faults(array(
            select (k.a).id from unnest(held) k where k.error is null), true) f
        on f.attempt_id = (h.a).id
    where h.error is null and h.n not in (select o.n from own o);
end
$$;
comment on function cs.start_faults is
    'Which of the elements may not start, and why: element_faults, and what may not run now.';

create or replace function cs.start_wants(held cs.held[]) returns cs.budget_want[]
    language plpgsql stable as $$
begin
    return array(
        select row(h.n, (h.r).id, (h.a).id, (h.r).author_id, (h.r).team_id, (h.a).backend, v.image,
                   v.wall_ms, h.item -> 'remote' -> 'usage')::budget_want
        from unnest(held) h
        join revision v on v.request_id = (h.a).request_id and v.revision = (h.a).revision
        where h.error is null);
end
$$;
comment on function cs.start_wants is
    'What runs that are to start must have reserved, by the size of the sandboxes they are in.';

create or replace function cs.budget_faults(held cs.held[], faults jsonb) returns jsonb
    language plpgsql as $$
begin
    if not has_budgets() then
        return faults;
    end if;
    return coalesce(faults, '{}') || (
        select coalesce(jsonb_object_agg(f.n, jsonb_build_object('n', f.n, 'refused', true, 'error',
                   jsonb_set(f.error, '{error,field}', '"budget"'))), '{}')
        from budget_reserve(start_wants(without_faults(held, faults))) f);
end
$$;
comment on function cs.budget_faults is
    'Reserves what these starts may cost; the faults, and those that no budget has room for.';

create or replace function cs.without_faults(held cs.held[], faults jsonb) returns cs.held[]
    language plpgsql immutable as $$
begin
    return array(select h from unnest(held) h
                 where h.error is null and not coalesce(faults ? h.n::text, false));
end
$$;
comment on function cs.without_faults is 'The elements that faults, by their n, say nothing of.';

create or replace function cs.starting_put(held cs.held[]) returns void
    language plpgsql as $$
begin
    update attempt a set state = 'starting', started_at = clock_timestamp(),
            release_reason = '', release_since = null, remote = nullif(h.item -> 'remote', 'null')
        from unnest(held) h
        where a.id = any (array(select (k.a).id from unnest(held) k)) and a.id = (h.a).id;
end
$$;
comment on function cs.starting_put is
    'Lets attempts start; the trigger attempt_moves refuses all when one of them may not.';

create or replace function cs.attempts_start(items jsonb) returns table (n int, result jsonb)
    language plpgsql as $$
declare
    held held[];
    faults jsonb;
    fine held[];
begin
    perform authority_hold(); -- before requests are locked, as lock_starts does
    held := array(select h from attempts_held(items, '{claimed}') h);
    faults := budget_faults(held, (
        select jsonb_object_agg(f.n, to_jsonb(f)) from element_faults(held) f));
    fine := without_faults(held, faults);
    begin
        perform starting_put(fine);
    exception when sqlstate 'CS001' then -- it does not say which
        faults := coalesce(faults, '{}')
            || (select coalesce(jsonb_object_agg(f.n, to_jsonb(f)), '{}')
                from start_faults(held) f);
        fine := without_faults(held, faults);
        perform starting_put(fine);
    end;
    perform audit_add(array(
        select audit_row('request', (h.a).request_id, worker_actor(h.item), 'attempt.start',
            jsonb_build_object('attempt_id', (h.a).id, 'fence', (h.a).fence,
                'bundle_sha256', h.item -> 'bundle_sha256',
                'decision_ids', h.item -> 'decision_ids'),
            'attempt', 'claimed', 'starting')
        from unnest(fine) h order by h.n));
    return query
        select h.n, case
            when h.error is not null then h.error
            when not coalesce(faults ? h.n::text, false)
                then jsonb_build_object('id', (h.a).id, 'ok', true)
            when (faults -> h.n::text ->> 'refused')::bool
                then attempt_refused(h.a, faults -> h.n::text -> 'error',
                                     h.item -> 'remote' -> 'usage')
            else faults -> h.n::text -> 'error' end
        from unnest(held) h order by h.n;
end
$$;
comment on function cs.attempts_start is
    '[{worker_id, id, fence, bundle_sha256, decision_ids, remote?, refused?}] → {id, ok: true}:
the commit point before code leaves; stale for a lost lease or fence, else {error} and the request
is put aside.';

create or replace function cs.attempt_refused(a cs.attempt, answer jsonb, usage jsonb)
    returns jsonb language plpgsql as $$
declare
    actor jsonb := '{"kind": "worker"}';
    why text := answer -> 'error' ->> 'field';
    r request;
begin
    select * into r from request where id = a.request_id;
    perform audit_put('request', r.id, actor, 'attempt.refused', jsonb_build_object(
        'attempt_id', a.id, 'fence', a.fence, 'code', answer -> 'error' -> 'code', 'reason', why,
        'message', answer -> 'error' -> 'message'));
    perform cost_refused(r, a, usage);
    if why in ('paused', 'unjudged', 'budget') then -- it passes by itself
        update attempt set state = 'ready', worker_id = null, lease_until = null,
                not_before = clock_timestamp() + interval '1 second',
                release_reason = case why when 'budget' then why else release_reason end,
                release_since = case why when 'budget' then clock_timestamp()
                                         else release_since end
            where id = a.id;
        perform audit_move(r.id, actor, 'attempt.release', 'attempt', 'claimed', 'ready',
            jsonb_build_object('attempt_id', a.id, 'reason', why));
    else
        perform attempt_drop(a, actor, 'refused: ' || why);
        if r.state = 'approved' then
            perform request_set_aside(r, why, actor);
            select * into r from request where id = r.id;
        end if;
    end if;
    return answer || jsonb_build_object('event', event_json(r, r.state, 'attempt.refused'));
end
$$;
comment on function cs.attempt_refused is
    'Records a refused start and what its sandbox cost, puts attempt and request into a safe state;
the answer {error, event}.';

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

create or replace function cs.attempts_run(held cs.held[]) returns void
    language plpgsql as $$
begin
    if cardinality(held) = 0 then
        return;
    end if;
    update attempt a set state = 'running', running_at = clock_timestamp()
        where a.id = any (array(select (h.a).id from unnest(held) h));
    update request r set state = 'running', expires_at = null
        where r.id = any (array(select (h.r).id from unnest(held) h));
    perform audit_add(array(
        select audit_row('request', (h.r).id, worker_actor(h.item), m.subject || '.running',
            m.body, m.subject, m.was, 'running')
        from unnest(held) h cross join lateral (values
            (1, 'attempt', 'starting',
                jsonb_build_object('attempt_id', (h.a).id, 'fence', (h.a).fence)),
            (2, 'request', (h.r).state, jsonb_build_object('attempt_id', (h.a).id)))
            m (place, subject, was, body)
        order by h.n, m.place));
end
$$;
comment on function cs.attempts_run is 'From starting to running, attempts and requests.';

create or replace function cs.attempts_mark_running(items jsonb)
    returns table (n int, result jsonb) language plpgsql as $$
declare
    held held[] := array(select h from attempts_held(items, '{starting,running}') h);
begin
    perform attempts_run(array(
        select h from unnest(held) h
        where h.error is null and lease_error(h.a) is null and (h.a).state = 'starting'));
    return query
        select h.n, coalesce(h.error, lease_error(h.a), jsonb_build_object('id', (h.a).id,
            'ok', true, 'state', 'running', 'cancel', (h.a).cancel_requested_at is not null,
            'event', event_of(h.r, p.owner_id, 'running', 'request.running')))
        from unnest(held) h left join person p on p.id = (h.r).author_id order by h.n;
end
$$;
comment on function cs.attempts_mark_running is
    '[{worker_id, id, fence}] → {id, ok, state, cancel} once the whole frame was written; stale,
wrong_state.';

create or replace function cs.attempt_held(item jsonb, states text[]) returns cs.held
    language plpgsql as $$
declare
    h held;
begin
    select * into h from attempts_held(jsonb_build_array(item), states);
    if h.error is not null then
        perform fail(h.error -> 'error' ->> 'code', h.error -> 'error' ->> 'message',
                     h.error -> 'error' ->> 'field');
    end if;
    return h;
end
$$;
comment on function cs.attempt_held is 'attempts_held of one element; raises its error.';

create or replace function cs.attempt_release(item jsonb) returns jsonb
    language plpgsql as $$
declare
    h held := attempt_held(item, '{claimed,starting}');
    a attempt := h.a;
    r request := h.r;
    why text := left(coalesce(item ->> 'reason', ''), 200);
    pause_ms bigint := release_pause_ms(item, a.fence);
begin
    if a.state = 'starting' and not coalesce((item ->> 'not_started')::bool, false) then
        perform fail('wrong_state', 'Code may have left: it can not be given back', 'state');
    end if;
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
    if a.cancel_requested_at is not null then
        return jsonb_build_object('id', a.id, 'ok', true, 'state', 'cancelled', 'event',
            attempt_call_off(r, a, worker_actor(item)));
    elsif coalesce((item ->> 'fail')::bool, false) then
        return jsonb_build_object('id', a.id, 'ok', true, 'state', 'failed', 'event',
            attempt_give_up(r, a, worker_actor(item), item));
    end if;
    return jsonb_build_object('id', a.id, 'ok', true, 'state', 'ready');
end
$$;
comment on function cs.attempt_release is
    '{worker_id, id, fence, not_started, reason, retry_after_ms?, cost?, fail?} → {id, ok, state}:
claimed, or starting with nothing sent, becomes ready again after a pause that grows or that the
service asked for; with fail it ends as failed, since no worker could start it, and as cancelled
when somebody asked for that meanwhile; stale, wrong_state.';

create or replace function cs.attempt_call_off(r cs.request, a cs.attempt, actor jsonb)
    returns jsonb language plpgsql as $$
begin
    perform attempt_drop(a, '{"kind": "system"}', 'cancelled');
    if r.state = 'approved' then
        perform request_set_aside(r, 'cancelled', actor);
        r.state := 'cancelled';
    end if;
    return event_json(r, r.state, 'request.set_aside');
end
$$;
comment on function cs.attempt_call_off is
    'A ready attempt that was to be stopped while a worker had it; its request, too, unless an
earlier run of it is lost.';

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
    update attempt t set state = 'failed', finished_at = clock_timestamp(), reason = why,
            error_name = left(coalesce(item ->> 'error_name', ''), 200),
            error_value = left(coalesce(item ->> 'error_value', ''), 2000)
        where t.id = a.id returning * into a;
    perform audit_move(r.id, actor, 'attempt.give_up', 'attempt', 'ready', 'failed', body,
        attempt_ends(a));
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
