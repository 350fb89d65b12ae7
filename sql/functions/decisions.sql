-- Deciding, for a whole batch in the same few statements, and taking a decision back before the
-- run starts.

set search_path = cs, pg_temp;

create or replace function cs.decision_of(who cs.person, r cs.request) returns setof cs.decision
    language plpgsql stable rows 1 as $$
begin
    -- offset 0: of one request first, not all that this person ever decided.
    return query select * from (
        select d.* from decision d where d.request_id = r.id and d.revision = r.revision
            and d.round = r.round offset 0) d
    where d.reviewer_id = who.id;
end
$$;
comment on function cs.decision_of is
    'This person''s decision on the present revision and round of a request, if there is one.';

create or replace function cs.decision_fault(
    d cs.deciding, who cs.person, r cs.request, bundle_sha256 bytea, risk text,
    mine cs.decision) returns text language sql stable
    return case
        when r.id is null then 'not_found'
        when not cs.is_reviewer(who.id, r.team_id) and not cs.can_see(who, r) then 'not_found'
        when cs.own_request(r.id, who.id) then 'own_request'
        when not cs.is_reviewer(who.id, r.team_id) then 'wrong_role'
        when mine.verdict = d.verdict and mine.revision = d.revision
            and cs.hex(mine.bundle_sha256) = d.bundle_sha256 then 'repeated'
        when coalesce(d.verdict, '') not in ('approve', 'reject', 'request_changes') then 'verdict'
        when d.revision is null then 'revision'
        when d.revision <> r.revision then 'stale_revision'
        when r.state <> 'pending' then 'decided'
        when d.bundle_sha256 is null then 'digest'
        when d.bundle_sha256 !~ '^[0-9a-f]{64}$' then 'bad_digest'
        when d.bundle_sha256 <> cs.hex(bundle_sha256) then 'stale_digest'
        when mine.id is not null then 'decided_before'
        when d.verdict = 'approve' and cs.tied_has_approved(who.id, r, null) then 'same_hands'
        when d.verdict <> 'approve' and cs.note_text(d.note) = '' then 'note'
        when char_length(d.note) > 10000 then 'long_note'
        when d.verdict = 'approve' and not cs.actor_is_enough(d.actor, who.id) then 'no_factor'
        when not cs.decision_is_fresh(d, risk) then 'not_fresh' end;
comment on function cs.decision_fault is
    'Why this person may not decide so, as a key of decision_error; repeated: it was decided so
before. own_request: for author, editors, owners and whoever made or reset an account; same_hands:
an account tied to this one has approved it; no_factor: a second factor is set, and was not shown.';

create or replace function cs.decisions_weighed(items jsonb) returns setof cs.weighed
    language sql stable as $$
    with asked as materialized (
        select (e.n - 1)::int as n, jsonb_populate_record(null::cs.deciding, e.item) as d
        from jsonb_array_elements(items) with ordinality e (item, n)
    ), callers as materialized ( -- mostly one, or few
        select x.actor, c.who, c.fault
        from (select distinct coalesce((a.d).actor, 'null') as actor from asked a) x
        cross join lateral cs.caller(x.actor, 'decide') c
    ), found as materialized (
        select a.n, a.d, c.who, c.fault, k.r, k.bundle_sha256, k.approval_ms,
               k.risk, k.verdict, k.code_bytes, m as mine
        from asked a join callers c on c.actor = coalesce((a.d).actor, 'null')
        left join lateral (
            select r, v.bundle_sha256, v.approval_ms, v.risk, v.verdict, v.code_bytes
            from cs.request r
            join cs.revision v on v.request_id = r.id and v.revision = r.revision
            where r.id = (a.d).id offset 0) k on true
        left join lateral cs.decision_of(c.who, k.r) m on true
    )
    select f.n, f.d, f.who, f.r, f.bundle_sha256, f.approval_ms, f.mine,
           coalesce(f.fault,
                    cs.decision_fault(f.d, f.who, f.r, f.bundle_sha256, f.risk, f.mine),
                    cs.acknowledged_fault((f.d).verdict, (f.d).acknowledged, f.verdict, f.risk),
                    cs.reading_fault(f.d, (f.d).verdict = 'approve', f.r, f.code_bytes),
                    cs.signing_fault(f.d, f.r, f.approval_ms))
    from found f
$$;
comment on function cs.decisions_weighed is 'The elements of a batch, and which may not be done.';

create or replace function cs.already_decided(r cs.request) returns jsonb
    language plpgsql stable as $$
declare
    winner record;
begin
    select p.name, d.verdict into winner from decision d join person p on p.id = d.reviewer_id
        where d.request_id = r.id and d.revision = r.revision and d.round = r.round
        order by d.id desc limit 1;
    if not found then
        return error_result('wrong_state', format('The request is %s', r.state), '');
    end if;
    return error_result('already_decided', format('%s by %s already', case winner.verdict
        when 'approve' then 'Approved' when 'break_glass' then 'Approved alone (break-glass)'
        when 'reject' then 'Rejected'
        else 'A change was asked for' end, winner.name), '');
end
$$;
comment on function cs.already_decided is 'already_decided, naming the winner; else wrong_state.';

create or replace function cs.decision_repeated(r cs.request, d cs.decision) returns jsonb
    language plpgsql stable as $$
declare
    a attempt;
begin
    select t.* into a from attempt_decision l join attempt t on t.id = l.attempt_id
        where l.decision_id = d.id order by t.id limit 1;
    return jsonb_strip_nulls(jsonb_build_object('id', r.id, 'state', r.state, 'decision_id', d.id,
        'attempt_id', a.id, 'not_before', iso(a.not_before)));
end
$$;
comment on function cs.decision_repeated is
    'What is answered when the same decision was made before.';

create or replace function cs.decision_error(w cs.weighed) returns jsonb
    language plpgsql stable as $$
begin
    return case w.fault
        when 'repeated' then decision_repeated(w.r, w.mine)
        when 'decided' then already_decided(w.r)
        else coalesce(caller_error(w.fault, 'decide'),
                      acknowledged_error(w.fault, (w.d).acknowledged, (w.r).id, (w.r).revision),
                      reading_error(w.fault, w.d, w.r),
                      (select error_result(e.code, e.message, e.field) from (values
            ('not_found', 'not_found', 'This request does not exist, or is not shared with you',
                ''),
            ('wrong_role', 'wrong_role', 'Only reviewers of this team decide', ''),
            ('own_request', 'own_request',
                'You had a part in this, so another person must decide', ''),
            ('verdict', 'invalid_field', 'verdict must be approve, reject or request_changes',
                'verdict'),
            ('revision', 'missing_field', 'revision is required', 'revision'),
            ('stale_revision', 'stale', format('Revision %s is waiting now', (w.r).revision),
                'revision'),
            ('digest', 'missing_field', 'bundle_sha256 is required', 'bundle_sha256'),
            ('bad_digest', 'invalid_field', 'bundle_sha256 must be 64 lower-case hex digits',
                'bundle_sha256'),
            ('stale_digest', 'stale', 'This is not what is waiting for review', 'bundle_sha256'),
            ('decided_before', 'already_decided', 'You have decided on this revision already', ''),
            ('same_hands', 'own_request', 'An account that made or reset yours, or the other way '
                || 'round, has approved this already, so another person must decide', ''),
            ('note', 'missing_field', 'A note is required', 'note'),
            ('long_note', 'invalid_field', 'The note may have 10,000 characters at most', 'note'),
            ('not_fresh', 'reauthentication_required', proof_wanted((w.d).actor, w.fault), ''),
            ('no_factor', 'reauthentication_required', proof_wanted((w.d).actor, w.fault), ''),
            ('unsigned', 'unavailable', 'The decision was not signed as it must be', ''),
            ('stale_terms', 'stale', 'What waits for review has changed meanwhile', '')
            ) e (fault, code, message, field) where e.fault = w.fault)) end;
end
$$;
comment on function cs.decision_error is 'What is answered to a decision that is not made.';

create or replace function cs.decisions_put(fine cs.weighed[]) returns cs.decision[]
    language plpgsql as $$
declare
    made decision[];
begin
    with added as (
        insert into decision as x (request_id, revision, round, reviewer_id, verdict,
            bundle_sha256, note, acknowledged, dwell_ms, seen_bytes, session_id, token_id,
            decided_at, valid_until, needed, signature, key_id, form)
        select (w.r).id, (w.r).revision, (w.r).round, (w.who).id, (w.d).verdict, w.bundle_sha256,
               note_text((w.d).note), coalesce((w.d).acknowledged, '[]'), (w.d).dwell_ms,
               (w.d).seen_bytes,
               ((w.d).actor ->> 'session_id')::bigint, ((w.d).actor ->> 'token_id')::bigint,
               at_millis((w.d).decided_ms),
               case when (w.d).verdict = 'approve' then at_millis((w.d).valid_ms) end,
               (w.d).needed, decode((w.d).signature, 'hex'), (w.d).key_id,
               (w.d).form
        from unnest(fine) w order by w.n
        returning x)
    select array_agg(a.x) into made from added a;
    return made;
end
$$;
comment on function cs.decisions_put is 'Stores decisions.';

create or replace function cs.requests_approved(made cs.decision[]) returns cs.approved[]
    language plpgsql stable as $$
declare
    requests bigint[] := array(select d.request_id from unnest(made) d
                               where d.verdict = 'approve');
begin
    return array(
        select row(c.request_id, c.ids)::approved
        from (select d.request_id, array_agg(k.decision_id order by k.decision_id) as ids,
                     array_agg(k.reviewer_id) as people
              from counted_approvals(requests) k
              join unnest(made) d on d.request_id = k.request_id
                                 and d.bundle_sha256 = k.bundle_sha256
              group by d.request_id) c
        where quorum_met(c.request_id, c.people));
end
$$;
comment on function cs.requests_approved is
    'Those requests of new decisions that have their quorum, and the decisions it is made of.';

create or replace function cs.decision_state(d cs.decision, a cs.attempt) returns text
    language sql immutable parallel safe
    return case d.verdict when 'reject' then 'rejected'
        when 'request_changes' then 'changes_requested'
        else case when a.id is null then 'pending' else 'approved' end end;
comment on function cs.decision_state is
    'The state of a request after a decision; a: the attempt that it made ready, if any.';

create or replace function cs.approvals_end(decisions bigint[]) returns timestamptz
    language plpgsql stable as $$
begin
    return (select min(d.valid_until) from decision d where d.id = any (decisions));
end
$$;
comment on function cs.approvals_end is 'When the first of these approvals ends.';

create or replace function cs.requests_decided(made cs.decision[], approved cs.approved[])
    returns void language plpgsql as $$
begin
    update request r set decided_by = d.reviewer_id, state = case d.verdict
                when 'reject' then 'rejected' when 'request_changes' then 'changes_requested'
                else case when q.request_id is null then 'pending' else 'approved' end end,
            expires_at = case when q.request_id is not null then approvals_end(q.decision_ids)
                              when d.verdict <> 'reject' then r.expires_at end
        from unnest(made) d left join unnest(approved) q on q.request_id = d.request_id
        where r.id = any (array(select m.request_id from unnest(made) m)) and r.id = d.request_id;
end
$$;
comment on function cs.requests_decided is 'Moves requests to the states that decisions mean.';

create or replace function cs.attempts_put(
    fine cs.weighed[], made cs.decision[], approved cs.approved[])
    returns cs.attempt[] language plpgsql as $$
declare
    added attempt[];
begin
    if cardinality(approved) = 0 then
        return '{}';
    end if;
    with ready as (
        insert into attempt as a (request_id, revision, round, backend, not_before, valid_until)
        select m.request_id, m.revision, m.round, (w.r).backend, clock_timestamp()
                   + make_interval(secs => coalesce((w.d).undo_seconds, 0)),
               approvals_end(q.decision_ids)
        from unnest(fine) w join unnest(made) m on m.request_id = (w.r).id
        join unnest(approved) q on q.request_id = m.request_id
        order by w.n
        returning a)
    select array_agg(r.a) into added from ready r;
    insert into attempt_decision
        select a.id, unnest(q.decision_ids)
        from unnest(added) a join unnest(approved) q on q.request_id = a.request_id;
    return added;
end
$$;
comment on function cs.attempts_put is
    'A ready attempt of each approved request, with the decisions it rests on.';

create or replace function cs.attempt_put(
    r cs.request, valid_until timestamptz, wait_seconds int, decision_ids bigint[])
    returns cs.attempt language plpgsql as $$
declare
    a attempt;
begin
    insert into attempt (request_id, revision, round, backend, not_before, valid_until)
        values (r.id, r.revision, r.round, r.backend,
                clock_timestamp() + make_interval(secs => coalesce(wait_seconds, 0)), valid_until)
        returning * into a;
    insert into attempt_decision select a.id, unnest(decision_ids);
    return a;
end
$$;
comment on function cs.attempt_put is
    'A ready attempt of an approved request with the decisions it rests on.';

create or replace function cs.decisions_audit(
    weighed cs.weighed[], made cs.decision[], attempts cs.attempt[])
    returns void language plpgsql as $$
begin
    perform audit_add(array(
        select e.row from unnest(weighed) w
        left join unnest(made) m on w.fault is null and m.request_id = (w.r).id
        left join unnest(attempts) t on t.request_id = m.request_id
        cross join lateral (select (w.d).actor || jsonb_build_object('kind', (w.who).kind)) k (by)
        cross join lateral (values
            (1, case when w.fault is not null then
                refusal_row(w.fault, w.who, w.r, k.by, (w.d).verdict) end),
            (2, case when w.fault is null then
                audit_row('request', (w.r).id, k.by, 'decision.' || m.verdict,
                    jsonb_build_object('decision_id', m.id, 'revision', m.revision,
                        'note', m.note, 'bundle_sha256', hex(m.bundle_sha256),
                        'dwell_ms', m.dwell_ms, 'seen_digest', (w.d).bundle_sha256,
                        'seen_bytes', m.seen_bytes, 'acknowledged', m.acknowledged), 'request',
                    case when decision_state(m, t) <> 'pending' then 'pending' end,
                    nullif(decision_state(m, t), 'pending'),
                    jsonb_build_object('decision:' || m.id, decision_digest(m))) end),
            (3, case when t.id is not null then
                audit_row('request', (w.r).id, k.by, 'attempt.ready',
                    jsonb_build_object('attempt_id', t.id, 'not_before', iso(t.not_before)),
                    'attempt', '', 'ready',
                    jsonb_build_object('attempt:' || t.id, attempt_digest(t))) end)
            ) e (place, row)
        where (e.row).event is not null order by w.n, e.place));
end
$$;
comment on function cs.decisions_audit is
    'The audit rows of decisions, of the attempts they made ready, and of those refused.';

create or replace function cs.decision_result(w cs.weighed, d cs.decision, a cs.attempt)
    returns jsonb language plpgsql stable as $$
declare
    state text := decision_state(d, a);
begin
    return jsonb_build_object('id', d.request_id, 'state', state, 'decision_id', d.id,
            'event', event_json(w.r, state, 'decision.' || d.verdict))
        || case when a.id is null then '{}'
            else jsonb_build_object('attempt_id', a.id, 'not_before', iso(a.not_before)) end
        || case when a.not_before <= clock_timestamp()
            then jsonb_build_object('push', push_json('queue:run:' || a.backend, a.id))
            else '{}' end;
end
$$;
comment on function cs.decision_result is 'What is answered to a decision, and told of it.';

create or replace function cs.decide_together(items jsonb) returns table (n int, result jsonb)
    language plpgsql as $$
declare
    weighed weighed[] := array(select w from decisions_weighed(items) w order by w.n);
    fine weighed[] := array(select w from unnest(weighed) w where w.fault is null);
    made decision[];
    approved approved[];
    attempts attempt[];
begin
    if cardinality(fine) > 0 then
        made := decisions_put(fine);
        approved := requests_approved(made);
        perform requests_decided(made, approved);
        attempts := attempts_put(fine, made, approved);
    end if;
    perform decisions_audit(weighed, made, attempts);
    return query
        select w.n, case when w.fault is null then decision_result(w, m, t)
                         else decision_error(w) end
        from unnest(weighed) w
        left join unnest(made) m on w.fault is null and m.request_id = (w.r).id
        left join unnest(attempts) t on t.request_id = m.request_id
        order by w.n;
end
$$;
comment on function cs.decide_together is 'Decisions on requests of which none is twice.';

create or replace function cs.requests_decide(items jsonb) returns table (n int, result jsonb)
    language plpgsql as $$
declare
    turn int[];
begin
    perform lock_requests(items);
    if jsonb_array_length(items) = 1 then
        return query select * from decide_together(items);
        return;
    end if;
    for turn in -- of several decisions on the same request, each sees those before it
        select array_agg(x.place order by x.place)
        from (select e.n::int - 1 as place,
                     row_number() over (partition by e.item ->> 'id' order by e.n) as turn
              from jsonb_array_elements(items) with ordinality e (item, n)) x
        group by x.turn order by x.turn
    loop
        return query
            select turn[s.n + 1], s.result
            from decide_together((select jsonb_agg(items -> i order by i)
                                  from unnest(turn) i)) s;
    end loop;
end
$$;
comment on function cs.requests_decide is
    '[{actor, id, revision, bundle_sha256, verdict, note?, acknowledged?, dwell_ms?, seen_bytes?,
undo_seconds?, review_min_seconds?, round, needed, decided_ms, valid_ms, form, signature, key_id}]
→ {id, state, decision_id, attempt_id?, not_before?} or the error of each: not_found, wrong_role,
own_request, stale, already_decided, wrong_state, missing_field note or acknowledged, invalid_field
acknowledged or seen_bytes, too_soon, unavailable when it is not signed.';
