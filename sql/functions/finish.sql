-- The end of runs: outcome, items, cost and audit of a whole batch in one transaction.

set search_path = cs, pg_temp;

create or replace function cs.request_outcome(outcome text, was text) returns text
    language sql immutable parallel safe
    return case outcome when 'succeeded' then 'succeeded' when 'unknown' then 'outcome_unknown'
        when 'cancelled' then case was when 'outcome_unknown' then 'failed' else 'cancelled' end
        else 'failed' end;
comment on function cs.request_outcome is 'What the outcome of its attempt makes of a request.';

create or replace function cs.finish_way(h cs.held) returns text
    language plpgsql stable as $$
declare
    outcome text := h.item ->> 'outcome';
    still_unknown bool := (h.a).state = 'unknown' and outcome = 'unknown';
begin
    return case
        when h.error is not null then 'error'
        when outcome is null or outcome not in ('succeeded', 'failed', 'timed_out', 'cancelled',
                                                'unknown') then 'no_outcome'
        when (h.a).state in ('starting', 'running') then 'end'
        when still_unknown and adoption_is_held(h.a) then 'unfound'
        when still_unknown or (h.a).state <> 'unknown' then 'repeated'
        when evidence_counts(h.a, h.r) then 'end'
        else 'settled' end;
end
$$;
comment on function cs.finish_way is
    'What becomes of an end that a worker tells: it ends the attempt (end, also late), ends the
search for it (unfound), was told before (repeated), or is refused.';

create or replace function cs.finish_rare(h cs.held, way text) returns jsonb
    language plpgsql as $$
begin
    case way
        when 'error' then return h.error;
        when 'no_outcome' then
            return error_result('invalid_field', 'No such outcome', 'outcome');
        when 'settled' then
            return error_result('wrong_state', 'It was settled, or tried again, meanwhile',
                                'state');
        when 'unfound' then return finish_unfound(h.a, h.r, h.item);
        when 'repeated' then return finish_repeated(h.a, h.r, h.item ->> 'outcome');
    end case;
end
$$;
comment on function cs.finish_rare is 'What is answered to all but an end.';

create or replace function cs.outcomes_put(ends cs.held[]) returns void
    language plpgsql as $$
declare
    ids bigint[] := array(select (h.a).id from unnest(ends) h);
    costs cost_span[];
begin
    update attempt a set state = h.item ->> 'outcome', finished_at = clock_timestamp(),
            lease_until = null, adopt_until = null,
            exit_code = (h.item ->> 'exit_code')::int,
            term_signal = (h.item ->> 'term_signal')::int,
            reason = left(coalesce(h.item ->> 'reason', ''), 200),
            error_name = left(coalesce(h.item ->> 'error_name', ''), 200),
            error_value = left(coalesce(h.item ->> 'error_value', ''), 2000),
            duration_ms = (h.item ->> 'duration_ms')::bigint,
            cpu_ms = (h.item ->> 'cpu_ms')::bigint,
            memory_peak_bytes = (h.item ->> 'memory_peak_bytes')::bigint,
            output_truncated = coalesce((h.item ->> 'output_truncated')::bool, false),
            results_sha256 = results_digest(a.id)
        from unnest(ends) h where a.id = any (ids) and a.id = (h.a).id;
    update request r set expires_at = null,
            state = request_outcome(h.item ->> 'outcome', (h.r).state)
        from unnest(ends) h where r.id = any (array(select (k.r).id from unnest(ends) k))
            and r.id = (h.r).id;
    costs := costs_put(array(
        select cost_row(k.r, k.a, k.item -> 'cost', k.item ->> 'outcome' = 'unknown'
                                                    and may_be_adopted(k.a, k.item))
        from unnest(ends) k where jsonb_typeof(k.item -> 'cost') = 'object'));
    perform audit_add(array(
        select audit_row('request', (h.r).id, worker_actor(h.item), m.subject || '.finish',
            m.body, m.subject, m.was, m.now, m.digests)
        from unnest(ends) h join attempt t on t.id = (h.a).id
        left join lateral (
            select cost_digest(c) from unnest(costs) c where c.attempt_id = t.id) c (digest) on true
        left join lateral (
            select jsonb_agg(jsonb_build_object('n', o.n, 'kind', o.kind, 'bytes', o.bytes,
                                                'sha256', hex(o.sha256)) order by o.n)
            from output_item o where o.attempt_id = (h.a).id) o (items) on true
        cross join lateral (values
            (1, 'attempt', (h.a).state, h.item ->> 'outcome', jsonb_strip_nulls(
                jsonb_build_object('attempt_id', (h.a).id, 'fence', (h.a).fence,
                    'exit_code', h.item -> 'exit_code', 'term_signal', h.item -> 'term_signal',
                    'reason', h.item -> 'reason', 'duration_ms', h.item -> 'duration_ms',
                    'items', o.items)), attempt_ends(t) || coalesce(c.digest, '{}')),
            (2, 'request', (h.r).state, request_outcome(h.item ->> 'outcome', (h.r).state),
                jsonb_build_object('attempt_id', (h.a).id), null))
            m (place, subject, was, now, body, digests)
        order by h.n, m.place));
end
$$;
comment on function cs.outcomes_put is
    'Stores how runs ended and what they cost, with the audit rows of attempts and requests; the
items are there.';

create or replace function cs.ends_put(ends cs.held[]) returns void
    language plpgsql as $$
declare
    h held;
begin
    perform output_items_put(ends);
    perform outcomes_put(ends);
    foreach h in array ends loop
        if h.item ->> 'outcome' = 'unknown' then
            perform attempt_left_open(h.r, h.a, may_be_adopted(h.a, h.item));
        end if;
    end loop;
end
$$;
comment on function cs.ends_put is 'All that is written down when runs end that were running.';

create or replace function cs.may_be_adopted(a cs.attempt, item jsonb) returns bool
    language sql stable
    return can_be_found(a) and coalesce((item ->> 'adopt')::bool, true);
comment on function cs.may_be_adopted is
    'Whether another worker may look for a lost run: it left a reference, and nobody says no.';

create or replace function cs.held_as(h cs.held, state text) returns cs.held
    language plpgsql immutable as $$
begin
    h.a.state := state;
    h.r.state := state;
    return h;
end
$$;
comment on function cs.held_as is 'An element whose attempt and request came into this state.';

create or replace function cs.attempts_finish(items jsonb) returns table (n int, result jsonb)
    language plpgsql as $$
declare
    held held[] := array(select h from attempts_held(items, '{starting,running,unknown,succeeded,
                                                     failed,timed_out,cancelled}') h);
    ways text[] := array(select finish_way(h) from unnest(held) h order by h.n);
    starting held[] := array(select h from unnest(held) h
                             where ways[h.n + 1] = 'end' and (h.a).state = 'starting');
begin
    perform attempts_run(starting);
    held := array(select case when h.n in (select s.n from unnest(starting) s)
                              then held_as(h, 'running') else h end
                  from unnest(held) h order by h.n);
    perform ends_put(array(select h from unnest(held) h where ways[h.n + 1] = 'end'
                           order by h.n));
    return query
        select h.n, case when ways[h.n + 1] <> 'end' then finish_rare(h, ways[h.n + 1])
            else jsonb_build_object('id', (h.a).id, 'state', h.item ->> 'outcome',
                'request_state', s.state,
                'event', event_of(h.r, p.owner_id, s.state, 'request.finish')) end
        from unnest(held) h
        left join person p on p.id = (h.r).author_id
        cross join lateral (select request_outcome(h.item ->> 'outcome', (h.r).state)) s (state)
        order by h.n;
end
$$;
comment on function cs.attempts_finish is
    '[{worker_id, id, fence, outcome, exit_code, term_signal, reason, error_name, error_value,
duration_ms, cpu_ms, memory_peak_bytes, output_truncated, items, cost, adopt?}] → {id, state,
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
    most int; -- of a bundle of the first form, as it always was
begin
    select * into r from request where id = request_id;
    select case when v.team_id is null then 3 else v.max_attempts end into most from revision v
        where v.request_id = r.id and v.revision = lost.revision;
    select count(*) into tries from attempt t where t.request_id = r.id and t.round = lost.round;
    if not r.retry_safe or tries >= most or lost.cancel_requested_at is not null
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
    'A new attempt after a lost one: only when retry_safe, still approved, and at most as often in
all as was approved.';
