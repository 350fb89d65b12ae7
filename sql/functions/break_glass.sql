-- Break-glass: an admin of the team approves alone what is of high risk, with a reason, while the
-- operator has it switched on. It is never about one's own work, and nothing of it is quiet.

set search_path = cs, pg_temp;

create or replace function cs.glass_is_on() returns bool
    language plpgsql stable as $$
begin
    return exists (select from cs.break_glass g where g.is_on);
end
$$;
comment on function cs.glass_is_on is 'Whether the operator lets admins approve alone.';

create or replace function cs.may_break_glass(person_id bigint, r cs.request) returns bool
    language plpgsql stable as $$
begin
    return exists (select from cs.person p join cs.team_member m on m.person_id = p.id
                   where p.id = $1 and m.team_id = r.team_id and p.kind = 'human'
                     and p.disabled_at is null and 'admin' = any (p.roles))
        and not cs.own_request(r.id, $1);
end
$$;
comment on function cs.may_break_glass is
    'Whether a person is an admin of the team today, and had no part in a request.';

create or replace function cs.glass_holds(request_id bigint, bundle_sha256 bytea) returns bool
    language plpgsql stable as $$
begin
    return cs.glass_is_on() and exists (
        select from cs.request r
        join cs.revision v on v.request_id = r.id and v.revision = r.revision
        join cs.decision d on d.request_id = r.id and d.revision = r.revision
                          and d.round = r.round
        where r.id = $1 and v.risk = 'high' and d.verdict = 'break_glass'
          and d.bundle_sha256 = $2 and cs.may_break_glass(d.reviewer_id, r));
end
$$;
comment on function cs.glass_holds is
    'Whether somebody broke the glass for these bytes in the present round, who still may, while it
is switched on.';

create or replace function cs.rests_on_glass(attempt_id bigint) returns bool
    language plpgsql stable as $$
begin
    return exists (select from cs.attempt_decision l join cs.decision d on d.id = l.decision_id
                   where l.attempt_id = $1 and d.verdict = 'break_glass');
end
$$;
comment on function cs.rests_on_glass is 'Whether a run rests on a decision that broke the glass.';

create or replace function cs.can_break_glass(who cs.person, r cs.request) returns bool
    language plpgsql stable as $$
begin
    return r.state = 'pending' and cs.glass_is_on() and cs.may_break_glass(who.id, r)
        and not cs.has_decided(who.id, r) and exists (
            select from cs.revision v where v.request_id = r.id and v.revision = r.revision
            and v.risk = 'high');
end
$$;
comment on function cs.can_break_glass is 'Whether this person could break the glass for it now.';

create or replace function cs.glass_fault(
    item jsonb, who cs.person, r cs.request, v cs.revision) returns text
    language plpgsql stable as $$
declare
    d deciding := jsonb_populate_record(null::deciding, item);
begin
    return case
        when not glass_is_on() then 'off'
        when own_request(r.id, who.id) then 'own_request'
        when not may_break_glass(who.id, r) then 'wrong_role'
        when item -> 'actor' ->> 'session_id' is null then 'session'
        when not session_is_fresh((item -> 'actor' ->> 'session_id')::bigint,
                                  coalesce((item ->> 'reauth_seconds')::bigint, 0)) then 'fresh'
        when char_length(note_text(item ->> 'reason')) < 20 then 'reason'
        when char_length(item ->> 'reason') > 10000 then 'long_reason'
        when (item ->> 'revision')::int is distinct from r.revision then 'revision'
        when r.state <> 'pending' then 'decided'
        when item ->> 'bundle_sha256' is distinct from hex(v.bundle_sha256) then 'digest'
        when v.risk <> 'high' then 'risk'
        when has_decided(who.id, r) then 'decided_before'
        else coalesce(acknowledged_fault('break_glass', d.acknowledged, v.verdict, v.risk),
            reading_fault(d, true, r, v.code_bytes), signing_fault(d, r, v.approval_ms)) end;
end
$$;
comment on function cs.glass_fault is
    'Why this person may not break the glass so, as a key of glass_error.';

create or replace function cs.glass_error(fault text, r cs.request, item jsonb) returns jsonb
    language plpgsql stable as $$
begin
    return case when fault = 'decided' then already_decided(r) else coalesce(
        acknowledged_error(fault, item -> 'acknowledged', r.id, r.revision),
        reading_error(fault, jsonb_populate_record(null::deciding, item), r),
        (select error_result(e.code, e.message, e.field) from (values
        ('off', 'forbidden', 'Break-glass is switched off', ''),
        ('own_request', 'own_request', 'You had a part in this, so another person must decide', ''),
        ('wrong_role', 'wrong_role', 'Only admins who are in the team break the glass', ''),
        ('session', 'forbidden', 'Only a person who is signed in breaks the glass', ''),
        ('fresh', 'reauthentication_required', 'Show who you are once more', ''),
        ('reason', 'invalid_field', 'reason needs 20 characters at least', 'reason'),
        ('long_reason', 'invalid_field', 'reason may have 10,000 characters at most', 'reason'),
        ('revision', 'stale', format('Revision %s is waiting now', r.revision), 'revision'),
        ('digest', 'stale', 'This is not what is waiting for review', 'bundle_sha256'),
        ('risk', 'conflict', 'Break-glass is for what is of high risk only', ''),
        ('decided_before', 'already_decided', 'You have decided on this revision already', ''),
        ('unsigned', 'unavailable', 'The decision was not signed as it must be', ''),
        ('stale_terms', 'stale', 'What waits for review has changed meanwhile', '')
        ) e (fault, code, message, field) where e.fault = $1)) end;
end
$$;
comment on function cs.glass_error is 'What is answered to a glass that is not broken.';

create or replace function cs.glass_put(item jsonb, who cs.person, r cs.request, v cs.revision)
    returns cs.decision language plpgsql as $$
declare
    d decision;
begin
    insert into decision (request_id, revision, round, reviewer_id, verdict, bundle_sha256, note,
                          session_id, decided_at, valid_until, needed, signature, key_id, form,
                          acknowledged, dwell_ms, seen_bytes)
        values (r.id, r.revision, r.round, who.id, 'break_glass', v.bundle_sha256,
                note_text(item ->> 'reason'), (item -> 'actor' ->> 'session_id')::bigint,
                at_millis((item ->> 'decided_ms')::bigint),
                at_millis((item ->> 'valid_ms')::bigint), (item ->> 'needed')::int,
                decode(item ->> 'signature', 'hex'), item ->> 'key_id', (item ->> 'form')::int,
                coalesce(item -> 'acknowledged', '[]'), (item ->> 'dwell_ms')::bigint,
                (item ->> 'seen_bytes')::bigint)
        returning * into d;
    update request set state = 'approved', decided_by = who.id, expires_at = d.valid_until
        where id = r.id;
    return d;
end
$$;
comment on function cs.glass_put is 'Stores the decision and approves the request.';

create or replace function cs.request_break_glass(item jsonb) returns jsonb
    language plpgsql as $$
declare
    who person := actor_of(item, 'decide');
    r request := request_for(who, (item ->> 'id')::bigint);
    actor jsonb := actor_json(item, who);
    v revision;
    fault text;
    d decision;
    a attempt;
begin
    select * into v from revision x where x.request_id = r.id and x.revision = r.revision;
    fault := glass_fault(item, who, r, v);
    if fault is not null then
        perform refusal_put(fault, who, r, actor, 'break_glass');
        return glass_error(fault, r, item);
    end if;
    d := glass_put(item, who, r, v);
    a := attempt_put(r, d.valid_until, (item ->> 'undo_seconds')::int, array[d.id]);
    perform audit_move(r.id, actor, 'decision.break_glass', 'request', 'pending', 'approved',
        jsonb_build_object('decision_id', d.id, 'revision', d.revision, 'reason', d.note,
            'needed', d.needed, 'bundle_sha256', hex(d.bundle_sha256),
            'dwell_ms', d.dwell_ms, 'seen_digest', item -> 'bundle_sha256',
            'seen_bytes', d.seen_bytes, 'acknowledged', d.acknowledged),
        jsonb_build_object('decision:' || d.id, decision_digest(d)));
    perform audit_move(r.id, actor, 'attempt.ready', 'attempt', '', 'ready',
        jsonb_build_object('attempt_id', a.id, 'not_before', iso(a.not_before)),
        jsonb_build_object('attempt:' || a.id, attempt_digest(a)));
    return jsonb_build_object('id', r.id, 'state', 'approved', 'decision_id', d.id,
            'break_glass', true, 'attempt_id', a.id, 'not_before', iso(a.not_before),
            'event', event_json(r, 'approved', 'decision.break_glass'))
        || case when a.not_before <= clock_timestamp()
            then jsonb_build_object('push', push_json('queue:run:' || a.backend, a.id))
            else '{}' end;
end
$$;
comment on function cs.request_break_glass is
    '{actor, id, revision, bundle_sha256, reason, acknowledged?, dwell_ms?, seen_bytes?,
undo_seconds?, reauth_seconds, review_min_seconds?, round, needed, decided_ms, valid_ms, form,
signature, key_id} → {id, state, decision_id, break_glass, attempt_id, not_before}; forbidden,
wrong_role, own_request, reauthentication_required, invalid_field reason, acknowledged or
seen_bytes, missing_field acknowledged, too_soon, stale, wrong_state, conflict, already_decided.';

create or replace function cs.operator_break_glass(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    wanted bool := (item ->> 'on')::bool;
    glass break_glass;
begin
    if wanted is distinct from glass_is_on() and wanted is not null then
        perform right_watch('instance', 1, right_differs('instance', 1, glass_digest(g)))
            from break_glass g;
        update break_glass set is_on = wanted, changed_at = clock_timestamp()
            returning * into glass;
        perform audit_put('instance', 1, '{"kind": "operator"}', 'break_glass.' ||
            case when wanted then 'on' else 'off' end, '{}', glass_digest(glass));
    end if;
    return (select jsonb_build_array(jsonb_build_object(
            'break_glass', case when g.is_on then 'on' else 'off' end,
            'since', iso(g.changed_at), 'decisions', (
                select count(*) from decision d where d.verdict = 'break_glass')))
        from break_glass g);
end
$$;
comment on function cs.operator_break_glass is
    '{on?: bool} → [{break_glass: on | off, since, decisions: how often it was used}].';
