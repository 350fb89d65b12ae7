-- The end of a run: outcome, items, cost and audit in one transaction.

set search_path = cs, pg_temp;

create or replace function cs.request_outcome(outcome text, was text) returns text
    language sql immutable parallel safe
    return case outcome when 'succeeded' then 'succeeded' when 'unknown' then 'outcome_unknown'
        when 'cancelled' then case was when 'outcome_unknown' then 'failed' else 'cancelled' end
        else 'failed' end;
comment on function cs.request_outcome is 'What the outcome of its attempt makes of a request.';

create or replace function cs.attempt_outcome_put(a cs.attempt, item jsonb, outcome text)
    returns void language plpgsql as $$
begin
    update attempt set state = outcome, finished_at = clock_timestamp(),
            lease_until = null, adopt_until = null,
            exit_code = (item ->> 'exit_code')::int, term_signal = (item ->> 'term_signal')::int,
            reason = left(coalesce(item ->> 'reason', ''), 200),
            error_name = left(coalesce(item ->> 'error_name', ''), 200),
            error_value = left(coalesce(item ->> 'error_value', ''), 2000),
            duration_ms = (item ->> 'duration_ms')::bigint, cpu_ms = (item ->> 'cpu_ms')::bigint,
            memory_peak_bytes = (item ->> 'memory_peak_bytes')::bigint,
            output_truncated = coalesce((item ->> 'output_truncated')::bool, false)
        where id = a.id;
    perform audit_move(a.request_id, worker_actor(item), 'attempt.finish', 'attempt',
        a.state, outcome, jsonb_strip_nulls(jsonb_build_object('attempt_id', a.id,
            'fence', a.fence, 'exit_code', item -> 'exit_code',
            'term_signal', item -> 'term_signal', 'reason', item -> 'reason',
            'duration_ms', item -> 'duration_ms', 'items', (
                select jsonb_agg(jsonb_build_object('n', o.n, 'kind', o.kind, 'bytes', o.bytes,
                                                    'sha256', hex(o.sha256)) order by o.n)
                from output_item o where o.attempt_id = a.id))));
end
$$;
comment on function cs.attempt_outcome_put is 'Stores how a run ended, with its audit row.';

create or replace function cs.attempt_finish(item jsonb) returns jsonb
    language plpgsql as $$
declare
    outcome text := item ->> 'outcome';
    a attempt := attempt_held(item, array['starting', 'running', 'unknown', 'succeeded', 'failed',
                                          'timed_out', 'cancelled']);
    adopt bool := a.remote is not null and coalesce((item ->> 'adopt')::bool, true);
    r request;
    to_state text;
begin
    if outcome is null or outcome not in ('succeeded', 'failed', 'timed_out', 'cancelled',
                                          'unknown') then
        perform fail('invalid_field', 'No such outcome', 'outcome');
    end if;
    select * into r from request where id = a.request_id;
    if a.state = 'unknown' and outcome = 'unknown' and adoption_is_held(a) then
        return finish_unfound(a, r, item);
    elsif a.state not in ('starting', 'running', 'unknown')
            or (a.state = 'unknown' and outcome = 'unknown') then
        return finish_repeated(a, r, outcome);
    elsif a.state = 'unknown' and not evidence_counts(a, r) then
        perform fail('wrong_state', 'It was settled, or tried again, meanwhile', 'state');
    elsif a.state = 'starting' then
        perform attempt_runs(a, worker_actor(item));
        a.state := 'running';
        r.state := 'running';
    end if;
    perform output_items_put(a, item -> 'items');
    perform attempt_outcome_put(a, item, outcome);
    perform cost_put(r, a, item -> 'cost', outcome = 'unknown' and adopt);
    to_state := request_outcome(outcome, r.state);
    update request set state = to_state, expires_at = null where id = r.id;
    perform audit_move(r.id, worker_actor(item), 'request.finish', 'request', r.state, to_state,
        jsonb_build_object('attempt_id', a.id));
    if outcome = 'unknown' then
        perform attempt_left_open(r, a, adopt);
    end if;
    return jsonb_build_object('id', a.id, 'state', outcome, 'request_state', to_state,
        'event', event_json(r, to_state, 'request.finish'));
end
$$;
comment on function cs.attempt_finish is
    '{worker_id, id, fence, outcome, exit_code, term_signal, reason, error_name, error_value,
duration_ms, cpu_ms, memory_peak_bytes, output_truncated, items, cost, adopt?} → {id, state,
request_state}; an unknown one may be adopted unless adopt is false; late evidence with the same
fence settles it; stale, wrong_state, conflict.';

create or replace function cs.attempt_left_open(r cs.request, a cs.attempt, adopt bool)
    returns void language plpgsql as $$
begin
    perform cost_estimate(r, a);
    if adopt then
        perform adoption_offer(a);
    else
        perform attempt_retry(r.id, a);
    end if;
end
$$;
comment on function cs.attempt_left_open is
    'What follows a lost run: it is offered for adoption where its service can find it, else tried
again when that is safe.';

create or replace function cs.finish_unfound(a cs.attempt, r cs.request, item jsonb)
    returns jsonb language plpgsql as $$
begin
    perform adoption_close(a, worker_actor(item), left(coalesce(item ->> 'reason', ''), 200));
    return jsonb_build_object('id', a.id, 'state', 'unknown', 'request_state', r.state,
        'event', event_json(r, r.state, 'attempt.adopt_end'));
end
$$;
comment on function cs.finish_unfound is
    'Whoever adopted a lost run could not find out either: the offer ends.';

create or replace function cs.finish_repeated(a cs.attempt, r cs.request, outcome text)
    returns jsonb language plpgsql as $$
begin
    if a.state <> outcome then
        perform fail('wrong_state', format('The attempt is %s', a.state), 'state');
    end if;
    return jsonb_build_object('id', a.id, 'state', a.state, 'request_state', r.state,
        'event', event_json(r, r.state, 'request.finish'));
end
$$;
comment on function cs.finish_repeated is
    'The stored result of an attempt that has ended the same way, announced again since the first
answer was lost; wrong_state otherwise.';

create or replace function cs.evidence_counts(a cs.attempt, r cs.request) returns bool
    language plpgsql stable as $$
begin
    return r.state = 'outcome_unknown' and not exists (
        select from cs.attempt t where t.request_id = a.request_id and t.id > a.id);
end
$$;
comment on function cs.evidence_counts is
    'Whether a late result may settle an attempt: nobody settled it and none came after it.';

create or replace function cs.attempt_retry(request_id bigint, lost cs.attempt) returns bigint
    language plpgsql as $$
declare
    r request;
    a attempt;
    tries int;
begin
    select * into r from request where id = request_id;
    select count(*) into tries from attempt t where t.request_id = r.id and t.round = lost.round;
    if not r.retry_safe or tries >= 3 or lost.cancel_requested_at is not null
            or lost.valid_until <= clock_timestamp() then
        return null;
    end if;
    a := attempt_put(r, lost.valid_until, 2,
        array(select l.decision_id from attempt_decision l where l.attempt_id = lost.id));
    perform audit_move(r.id, '{"kind": "system"}', 'attempt.ready', 'attempt', '', 'ready',
        jsonb_build_object('attempt_id', a.id, 'after', lost.id),
        jsonb_build_object('attempt:' || a.id, attempt_digest(a)));
    return a.id;
exception when sqlstate 'CS001' then
    return null;
end
$$;
comment on function cs.attempt_retry is
    'A new attempt after a lost one: only when retry_safe, still approved, and at most 3 in all.';
