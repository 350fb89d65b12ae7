-- How a request ends or begins again without a decision: cancel, settle, run again.

set search_path = cs, pg_temp;

create or replace function cs.request_cancel(item jsonb) returns jsonb
    language plpgsql as $$
declare
    who person := actor_of(item, 'submit');
    r request := request_for(who, (item ->> 'id')::bigint);
    note text := note_of(item, false);
    a attempt;
begin
    if r.author_id <> who.id and not has_role(who, 'admin') and not exists (
            select from person p where p.id = r.author_id and p.owner_id = who.id) then
        perform fail('wrong_role', 'Only the author and admins cancel a request');
    end if;
    select * into a from attempt where request_id = r.id
        and state in ('ready', 'claimed', 'starting', 'running') for no key update;
    if not found and r.state = 'outcome_unknown' then
        select * into a from attempt t where t.request_id = r.id and t.state = 'unknown'
            and adoption_is_open(t) for no key update;
    end if;
    if a.state in ('starting', 'running', 'unknown') then
        return cancel_running(item, who, r, a);
    elsif a.id is not null and r.state = 'outcome_unknown' then
        return cancel_retry(item, who, r, a);
    elsif r.state not in ('drafting', 'needs_answer', 'pending', 'changes_requested', 'approved')
    then
        perform fail('wrong_state', format('A request that is %s can not be cancelled', r.state));
    end if;
    perform attempt_drop(a, actor_json(item, who), 'cancelled');
    update request set state = 'cancelled', expires_at = null where id = r.id;
    perform audit_move(r.id, actor_json(item, who), 'request.cancel', 'request', r.state,
        'cancelled', jsonb_build_object('note', note));
    return jsonb_build_object('id', r.id, 'state', 'cancelled',
        'event', event_json(r, 'cancelled', 'request.cancel'));
end
$$;
comment on function cs.request_cancel is
    '{actor, id, note?} → {id, state, cancelling?}; a run that has started, or was lost and may
still be found, is told to stop and keeps its state; so does a lost one that was to run again and
will not now; not_found, wrong_role, wrong_state.';

create or replace function cs.cancel_running(
    item jsonb, who cs.person, r cs.request, a cs.attempt)
    returns jsonb language plpgsql as $$
begin
    if a.cancel_requested_at is null then
        update attempt set cancel_requested_at = clock_timestamp(), cancel_requested_by = who.id
            where id = a.id;
        perform audit_put('request', r.id, actor_json(item, who), 'attempt.cancel',
            jsonb_strip_nulls(jsonb_build_object('attempt_id', a.id,
                'note', note_of(item, false), 'revoked', item -> 'revoked')));
    end if;
    return jsonb_build_object('id', r.id, 'state', r.state, 'cancelling', true,
        'event', event_json(r, r.state, 'attempt.cancel'));
end
$$;
comment on function cs.cancel_running is
    'Sets the flag that the next heartbeat brings back, also that of a worker yet to find the run;
revoked: by who takes an approval back, which the trail says.';

create or replace function cs.cancel_retry(
    item jsonb, who cs.person, r cs.request, a cs.attempt)
    returns jsonb language plpgsql as $$
begin
    perform audit_put('request', r.id, actor_json(item, who), 'attempt.cancel',
        jsonb_build_object('attempt_id', a.id, 'note', note_of(item, false)));
    perform attempt_drop(a, actor_json(item, who), 'cancelled');
    return jsonb_build_object('id', r.id, 'state', r.state,
        'event', event_json(r, r.state, 'attempt.cancel'));
end
$$;
comment on function cs.cancel_retry is
    'A lost run is not run again; how it ended is as unknown as before, and for a person to say.';

create or replace function cs.attempt_drop(a cs.attempt, actor jsonb, why text) returns void
    language plpgsql as $$
declare
    was text := a.state;
begin
    if a.id is null then
        return;
    end if;
    update attempt t set state = 'cancelled', reason = why, finished_at = clock_timestamp(),
            lease_until = null
        where t.id = a.id returning * into a;
    perform audit_move(a.request_id, actor, 'attempt.drop', 'attempt', was, 'cancelled',
        jsonb_build_object('attempt_id', a.id, 'reason', why), attempt_ends(a));
end
$$;
comment on function cs.attempt_drop is 'Cancels an attempt whose code has not left; null is none.';

create or replace function cs.request_settle(item jsonb) returns jsonb
    language plpgsql as $$
declare
    who person := actor_of(item, 'decide');
    r request := request_for(who, (item ->> 'id')::bigint);
    outcome text := item ->> 'outcome';
    note text := note_of(item, true);
    a attempt;
begin
    if who.kind <> 'human' or not (has_role(who, 'admin') or is_reviewer(who.id, r.team_id)) then
        perform fail('wrong_role', 'Only reviewers and admins settle an outcome');
    elsif own_request(r.id, who.id) then
        perform fail('own_request', 'Somebody else must settle your own request');
    elsif outcome is null or outcome not in ('succeeded', 'failed') then
        perform fail('invalid_field', 'outcome must be succeeded or failed', 'outcome');
    elsif r.state <> 'outcome_unknown' then
        perform fail('wrong_state', format('The request is %s', r.state));
    end if;
    for a in select * from attempt where request_id = r.id
             and state in ('ready', 'claimed', 'starting', 'running', 'unknown')
             order by id for no key update loop
        if a.state in ('starting', 'running') then
            perform fail('wrong_state', 'It is running again just now');
        elsif a.state = 'unknown' then
            update attempt t set state = outcome, reason = 'settled', adopt_until = null,
                    lease_until = null, results_sha256 = results_digest(t.id)
                where t.id = a.id returning * into a;
            perform audit_move(r.id, actor_json(item, who), 'attempt.settle', 'attempt', 'unknown',
                outcome, jsonb_build_object('attempt_id', a.id), attempt_ends(a));
        else
            perform attempt_drop(a, actor_json(item, who), 'settled');
        end if;
    end loop;
    update request set state = outcome where id = r.id;
    perform audit_move(r.id, actor_json(item, who), 'request.settle', 'request',
        'outcome_unknown', outcome, jsonb_build_object('note', note));
    return jsonb_build_object('id', r.id, 'state', outcome,
        'event', event_json(r, outcome, 'request.settle'));
end
$$;
comment on function cs.request_settle is
    '{actor, id, outcome, note} → {id, state}: a named person says how a lost run ended; not_found,
wrong_role, own_request, invalid_field, wrong_state.';

create or replace function cs.request_run_again(item jsonb) returns jsonb
    language plpgsql as $$
declare
    who person := actor_of(item, 'submit');
    r request := request_for(who, (item ->> 'id')::bigint);
    v revision;
    t request_text;
begin
    if r.state in ('drafting', 'needs_answer', 'pending', 'approved', 'running') then
        perform fail('wrong_state', format('The request is %s still', r.state));
    end if;
    select * into v from revision where request_id = r.id and revision = r.revision;
    select * into t from request_text where request_id = r.id;
    return (select s.result from requests_submit(jsonb_build_array(item || jsonb_build_object(
        'team_id', r.team_id, 'title', v.title, 'question', t.question, 'language', v.language,
        'code', v.code, 'files', files_json(r.id, r.revision), 'backend', r.backend,
        'image', v.image, 'network', v.network, 'retry_safe', v.retry_safe,
        'approval_seconds', v.approval_ms / 1000, 'state_echo', t.state_echo,
        'when_unavailable', r.when_unavailable,
        'limits', null, 'again_of', r.id,
        'max_limits', coalesce(item -> 'max_limits', '{}') || limits_json(v),
        'verdict', coalesce(item ->> 'verdict', v.verdict),
        'pending_seconds', coalesce((item ->> 'pending_seconds')::bigint, 604800)))) s);
end
$$;
comment on function cs.request_run_again is
    '{actor, id, max_limits, pending_seconds?, remind_seconds?, escalate_seconds?, max_waiting?,
verdict?} → the result of a submission: a new request with the same code, files and limits, linked
to the old; not_found, wrong_state, wrong_role.';
