-- Deciding, and taking a decision back before the run starts.

set search_path = cs, pg_temp;

create or replace function cs.decision_refused(
    item jsonb, who cs.person, r cs.request) returns jsonb
    language plpgsql as $$
declare
    code text;
    message text;
begin
    if not is_reviewer(who.id, r.team_id) then
        code := 'wrong_role';
        message := 'Only reviewers of this team decide';
    elsif own_request(r.id, who.id) then
        code := 'own_request';
        message := 'You had a part in this, so another person must decide';
    else
        return null;
    end if;
    perform audit_put('request', r.id, actor_json(item, who), 'decision.refused',
        jsonb_build_object('code', code, 'verdict', item -> 'verdict'));
    return error_result(code, message, '');
end
$$;
comment on function cs.decision_refused is
    'Null when this person may decide; else the error, recorded in the audit trail: wrong_role, or
own_request for author, editors, owners and whoever made or reset an account.';

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

create or replace function cs.decision_repeated(who cs.person, r cs.request, item jsonb)
    returns jsonb language plpgsql as $$
declare
    d decision;
    a attempt;
begin
    select * into d from decision_of(who, r);
    if not found or d.verdict is distinct from item ->> 'verdict'
            or hex(d.bundle_sha256) is distinct from item ->> 'bundle_sha256'
            or d.revision is distinct from (item ->> 'revision')::int then
        return null;
    end if;
    select t.* into a from attempt_decision l join attempt t on t.id = l.attempt_id
        where l.decision_id = d.id order by t.id limit 1;
    return jsonb_strip_nulls(jsonb_build_object('id', r.id, 'state', r.state, 'decision_id', d.id,
        'attempt_id', a.id, 'not_before', iso(a.not_before)));
end
$$;
comment on function cs.decision_repeated is
    'The result of this reviewer''s same decision when it was made before; null otherwise.';

create or replace function cs.already_decided(r cs.request) returns void
    language plpgsql as $$
declare
    winner record;
begin
    select p.name, d.verdict into winner from decision d join person p on p.id = d.reviewer_id
        where d.request_id = r.id and d.revision = r.revision and d.round = r.round
        order by d.id desc limit 1;
    if not found then
        perform fail('wrong_state', format('The request is %s', r.state));
    end if;
    perform fail('already_decided', format('%s by %s already', case winner.verdict
        when 'approve' then 'Approved' when 'reject' then 'Rejected'
        else 'A change was asked for' end, winner.name));
end
$$;
comment on function cs.already_decided is 'already_decided, naming the winner; else wrong_state.';

create or replace function cs.decision_check(who cs.person, r cs.request, item jsonb)
    returns cs.revision language plpgsql as $$
declare
    v revision;
    verdict text := item ->> 'verdict';
begin
    if verdict is null or verdict not in ('approve', 'reject', 'request_changes') then
        perform fail('invalid_field', 'verdict must be approve, reject or request_changes',
                     'verdict');
    elsif (item ->> 'revision')::int is null then
        perform fail('missing_field', 'revision is required', 'revision');
    elsif (item ->> 'revision')::int <> r.revision then
        perform fail('stale', format('Revision %s is waiting now', r.revision), 'revision');
    elsif r.state <> 'pending' then
        perform already_decided(r);
    end if;
    select * into v from revision where request_id = r.id and revision = r.revision;
    if digest_of(item ->> 'bundle_sha256', 'bundle_sha256') <> v.bundle_sha256 then
        perform fail('stale', 'This is not what is waiting for review', 'bundle_sha256');
    elsif exists (select from decision_of(who, r)) then
        perform fail('already_decided', 'You have decided on this revision already');
    end if;
    return v;
end
$$;
comment on function cs.decision_check is
    'The revision that is decided on; invalid_field, stale, already_decided, wrong_state.';

create or replace function cs.decision_put(
    who cs.person, r cs.request, v cs.revision, item jsonb)
    returns cs.decision language plpgsql as $$
declare
    d decision;
begin
    insert into decision (request_id, revision, round, reviewer_id, verdict, bundle_sha256, note,
                          acknowledged, dwell_ms, session_id, token_id, valid_until, signature,
                          key_id)
        values (r.id, r.revision, r.round, who.id, item ->> 'verdict', v.bundle_sha256,
                note_of(item, item ->> 'verdict' <> 'approve'),
                coalesce(nullif(item -> 'acknowledged', 'null'), '[]'),
                (item ->> 'dwell_ms')::bigint, (item -> 'actor' ->> 'session_id')::bigint,
                (item -> 'actor' ->> 'token_id')::bigint,
                case when item ->> 'verdict' = 'approve' then
                    clock_timestamp() + v.approval_ms * interval '1 millisecond' end,
                decode(item ->> 'signature', 'hex'), item ->> 'key_id')
        returning * into d;
    return d;
end
$$;
comment on function cs.decision_put is 'Stores a decision; missing_field note.';

create or replace function cs.request_decide(item jsonb) returns jsonb
    language plpgsql as $$
declare
    who person := actor_of(item, 'decide');
    r request := request_for(who, (item ->> 'id')::bigint);
    v revision;
    d decision;
    a attempt;
    counted bigint[];
    result jsonb;
begin
    result := coalesce(decision_refused(item, who, r), decision_repeated(who, r, item));
    if result is not null then
        return result;
    end if;
    v := decision_check(who, r, item);
    d := decision_put(who, r, v, item);
    counted := approvals(r.id, v.bundle_sha256);
    r.state := case d.verdict when 'reject' then 'rejected'
                   when 'request_changes' then 'changes_requested'
                   else case when cardinality(counted) >= quorum(r.id)
                             then 'approved' else 'pending' end end;
    update request set state = r.state, decided_by = who.id,
            expires_at = case r.state when 'approved' then d.valid_until
                                      when 'rejected' then null else expires_at end
        where id = r.id;
    if r.state = 'approved' then
        a := attempt_put(r, d.valid_until, (item ->> 'undo_seconds')::int, counted);
    end if;
    return decision_result(item, who, r, d, a);
end
$$;
comment on function cs.request_decide is
    '{actor, id, revision, bundle_sha256, verdict, note?, acknowledged?, dwell_ms?, undo_seconds?}
→ {id, state, decision_id, attempt_id?, not_before?}; not_found, wrong_role, own_request, stale,
already_decided, wrong_state, missing_field note.';

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

create or replace function cs.decision_result(
    item jsonb, who cs.person, r cs.request, d cs.decision, a cs.attempt)
    returns jsonb language plpgsql as $$
declare
    event text := 'decision.' || d.verdict;
    digests jsonb := jsonb_build_object('decision:' || d.id, decision_digest(d));
    result jsonb := jsonb_build_object('id', r.id, 'state', r.state, 'decision_id', d.id,
                                       'event', event_json(r, r.state, event));
begin
    perform audit_move(r.id, actor_json(item, who), event, 'request',
        case when r.state <> 'pending' then 'pending' end,
        case when r.state <> 'pending' then r.state end,
        jsonb_build_object('decision_id', d.id, 'revision', d.revision, 'note', d.note,
            'bundle_sha256', hex(d.bundle_sha256), 'dwell_ms', d.dwell_ms), digests);
    if a.id is not null then
        perform audit_move(r.id, actor_json(item, who), 'attempt.ready', 'attempt', '', 'ready',
            jsonb_build_object('attempt_id', a.id, 'not_before', iso(a.not_before)),
            jsonb_build_object('attempt:' || a.id, attempt_digest(a)));
        result := result || jsonb_build_object('attempt_id', a.id,
                                               'not_before', iso(a.not_before));
        if a.not_before <= clock_timestamp() then
            result := result || jsonb_build_object('push',
                push_json('queue:run:' || a.backend, a.id));
        end if;
    end if;
    return result;
end
$$;
comment on function cs.decision_result is 'The audit rows of a decision, and what is answered.';

create or replace function cs.decision_undo(item jsonb) returns jsonb
    language plpgsql as $$
declare
    who person := actor_of(item, 'decide');
    r request := request_for(who, (item ->> 'id')::bigint);
    a attempt;
begin
    if not exists (select from decision_of(who, r) d where d.verdict = 'approve')
            and not has_role(who, 'admin') then
        perform fail('wrong_role', 'Only who approved it, and admins, take an approval back');
    elsif r.state <> 'approved' then
        perform fail('wrong_state', format('The request is %s', r.state));
    end if;
    select * into a from attempt where request_id = r.id
        and state in ('ready', 'claimed', 'starting', 'running') for no key update;
    if a.state in ('starting', 'running') then
        perform fail('wrong_state', 'It has started');
    end if;
    perform attempt_drop(a, actor_json(item, who), 'undone');
    perform back_to_review(r, actor_json(item, who), 'decision.undo', '{}');
    return jsonb_build_object('id', r.id, 'state', 'pending',
        'event', event_json(r, 'pending', 'decision.undo'),
        'push', push_json('queue:review', r.id));
end
$$;
comment on function cs.decision_undo is
    '{actor, id} → {id, state}: back to pending with all decisions void; not_found, wrong_role,
wrong_state once it has started.';

create or replace function cs.back_to_review(r cs.request, actor jsonb, event text, body jsonb)
    returns void language plpgsql as $$
begin
    update request set state = 'pending', round = round + 1, decided_by = null,
            expires_at = greatest(expires_at, clock_timestamp() + interval '7 days')
        where id = r.id;
    perform audit_move(r.id, actor, event, 'request', 'approved', 'pending', body);
end
$$;
comment on function cs.back_to_review is 'From approved to pending in a new round of review.';
