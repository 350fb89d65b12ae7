-- One request with all there is to know about it.

set search_path = cs, pg_temp;

create or replace function cs.revisions_json(request_id bigint) returns jsonb
    language plpgsql stable as $$
begin
    return (select jsonb_agg(jsonb_build_object('revision', v.revision,
                'editor', cs.person_json(v.editor_id), 'created_at', cs.iso(v.created_at),
                'code_sha256', cs.hex(v.code_sha256), 'bundle_sha256', cs.hex(v.bundle_sha256))
                order by v.revision)
            from cs.revision v where v.request_id = $1);
end
$$;
comment on function cs.revisions_json is 'All revisions without their code.';

create or replace function cs.decisions_json(r cs.request) returns jsonb
    language plpgsql stable as $$
begin
    return (select coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'revision', d.revision,
                'reviewer', cs.person_json(d.reviewer_id), 'verdict', d.verdict, 'note', d.note,
                'acknowledged', d.acknowledged, 'decided_at', cs.iso(d.decided_at),
                'void', (d.revision, d.round) <> (r.revision, r.round)) order by d.id), '[]')
            from cs.decision d where d.request_id = r.id);
end
$$;
comment on function cs.decisions_json is 'All decisions; void are those of an earlier round.';

create or replace function cs.items_json(attempt_id bigint) returns jsonb
    language plpgsql stable as $$
begin
    return (select coalesce(jsonb_agg(jsonb_build_object('n', o.n, 'kind', o.kind,
                'name', o.name, 'mime', o.mime, 'bytes', o.bytes, 'sha256', cs.hex(o.sha256),
                'meta', o.meta) order by o.n), '[]')
            from cs.output_item o where o.attempt_id = $1);
end
$$;
comment on function cs.items_json is 'What an attempt handed back, without the bytes.';

create or replace function cs.attempts_json(request_id bigint) returns jsonb
    language plpgsql stable as $$
begin
    return (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'state', a.state,
                'revision', a.revision, 'fence', a.fence, 'worker', w.name,
                'backend', a.backend, 'sandbox_id', a.remote ->> 'sandbox_id',
                'not_before', cs.iso(a.not_before),
                'claimed_at', cs.iso(a.claimed_at), 'started_at', cs.iso(a.started_at),
                'running_at', cs.iso(a.running_at), 'finished_at', cs.iso(a.finished_at),
                'cancelling', a.cancel_requested_at is not null,
                'adoptable', a.adopt_until is not null and cs.adoption_is_open(a),
                'held', cs.adoption_is_held(a),
                'adoptions', a.adoptions, 'release_reason', a.release_reason,
                'exit_code', a.exit_code, 'term_signal', a.term_signal, 'reason', a.reason,
                'error', case when a.error_name <> '' then jsonb_build_object(
                    'name', a.error_name, 'value', a.error_value) end,
                'duration_ms', a.duration_ms, 'cpu_ms', a.cpu_ms,
                'memory_peak_bytes', a.memory_peak_bytes,
                'output_truncated', a.output_truncated, 'items', cs.items_json(a.id))
                order by a.id), '[]')
            from cs.attempt a left join cs.worker w on w.id = a.worker_id
            where a.request_id = $1);
end
$$;
comment on function cs.attempts_json is 'All attempts, oldest first, each with its items.';

create or replace function cs.costs_json(request_id bigint) returns jsonb
    language plpgsql stable as $$
begin
    return (select coalesce(jsonb_agg(jsonb_build_object('kind', c.kind, 'provider', c.provider,
                'model', c.model, 'seconds', c.seconds, 'nano_usd', c.nano_usd, 'cpu', c.cpu,
                'memory_mib', c.memory_mib, 'disk_gib', c.disk_gib, 'estimated', c.estimated,
                'price_version', c.price_version, 'started_at', cs.iso(c.started_at))
                order by c.id), '[]')
            from cs.cost_span c where c.request_id = $1 and cs.cost_counts(c));
end
$$;
comment on function cs.costs_json is 'The cost spans of a request that count.';

create or replace function cs.activity_json(request_id bigint) returns jsonb
    language plpgsql stable as $$
begin
    return (select coalesce(jsonb_agg(jsonb_build_object('at', cs.iso(e.ts), 'event', e.event,
                'actor', coalesce(cs.person_json(e.actor_id),
                                  jsonb_build_object('id', null, 'name', e.actor_kind,
                                                     'kind', e.actor_kind)),
                'subject', e.subject, 'from_state', e.from_state, 'to_state', e.to_state,
                'body', e.body) order by e.entity_seq), '[]')
            from cs.audit_event e where e.entity = 'request' and e.entity_id = $1);
end
$$;
comment on function cs.activity_json is 'The audit trail of a request, oldest first.';

create or replace function cs.can_json(who cs.person, r cs.request) returns jsonb
    language plpgsql stable as $$
begin
    return (select jsonb_build_object(
        'decide', cs.can_decide(who, r), 'break_glass', cs.can_break_glass(who, r),
        'revise', r.state in ('pending', 'changes_requested') and cs.may_revise(who, r),
        'cancel', m.owns and r.state in ('drafting', 'needs_answer', 'pending',
            'changes_requested', 'approved', 'running')
            or m.owns and r.state = 'outcome_unknown' and exists (
                select from cs.attempt a where a.request_id = r.id
                and (a.state in ('ready', 'claimed', 'starting', 'running')
                     or a.state = 'unknown' and cs.adoption_is_open(a))),
        'undo', case (select a.cancel_requested_at is null from cs.attempt a
                      where a.request_id = r.id and a.state in ('starting', 'running'))
            when true then m.approved when false then false
            else r.state in ('pending', 'approved') and m.approved
                or r.state = 'approved' and 'admin' = any (who.roles) end,
        'settle', r.state = 'outcome_unknown' and not cs.own_request(r.id, who.id)
            and (cs.is_reviewer(who.id, r.team_id) or 'admin' = any (who.roles)),
        'run_again', r.state not in ('drafting', 'needs_answer', 'pending', 'approved', 'running')
            and who.roles && array['analyst', 'agent'])
        from (select r.author_id = who.id or 'admin' = any (who.roles) or exists (
                  select from cs.person a where a.id = r.author_id and a.owner_id = who.id)
                  as owns, exists (
                  select from cs.decision_of(who, r) d where d.verdict = 'approve')
                  as approved) m);
end
$$;
comment on function cs.can_json is 'Which actions somebody would be allowed now.';

create or replace function cs.cannot_decide_because(who cs.person, r cs.request) returns text
    language plpgsql stable as $$
begin
    return case when cs.own_request(r.id, who.id) then 'own_request'
        when not cs.is_reviewer(who.id, r.team_id) then 'wrong_role'
        when r.state <> 'pending' then 'wrong_state'
        when cs.has_decided(who.id, r) then 'already_decided' end;
end
$$;
comment on function cs.cannot_decide_because is
    'own_request, wrong_role, wrong_state or already_decided; null when this person may decide.';

create or replace function cs.requests_ahead(r cs.request) returns bigint
    language plpgsql stable as $$
begin
    return case when r.state <> 'pending' then 0 else (select count(*) from (
        select from cs.request o where o.state = 'pending' and o.team_id = r.team_id
        and o.review_key < r.review_key limit 1000) a) end;
end
$$;
comment on function cs.requests_ahead is
    'How many wait before this one in the inbox; counted up to 1,000.';

create or replace function cs.verdict_json(v cs.revision) returns jsonb
    language plpgsql stable as $$
declare
    said jsonb := nullif(v.verdict, '')::jsonb;
begin
    return jsonb_build_object('findings', (
            select coalesce(jsonb_agg(f.finding || jsonb_build_object('id', finding_id(f.finding))
                order by f.n), '[]')
            from jsonb_array_elements(said -> 'findings') with ordinality f (finding, n)), 'policy',
        case when said is not null then jsonb_build_object('version', v.policy_version,
            'level', said -> 'level', 'engine', said -> 'engine',
            'capabilities', said -> 'capabilities') end);
end
$$;
comment on function cs.verdict_json is '{findings: [{id, rule, level, line, column, end_column,
title, explanation}], policy: {version, level, engine, capabilities} or null}: what reviewers are
shown.';

create or replace function cs.request_detail(who cs.person, r cs.request) returns jsonb
    language plpgsql stable as $$
begin
    return (select cs.request_summary(r, who) || jsonb_build_object(
            'question', t.question, 'code', v.code, 'code_sha256', cs.hex(v.code_sha256),
            'bundle', cs.bundle_json(v), 'state_echo', t.state_echo, 'again_of', r.again_of,
            'files', (select coalesce(jsonb_agg(jsonb_build_object('n', f.n, 'id', f.file_id,
                          'name', f.name, 'bytes', f.bytes, 'sha256', cs.hex(f.sha256),
                          'media_type', o.media_type) order by f.n), '[]')
                      from cs.revision_file f join cs.file o on o.id = f.file_id
                      where f.request_id = r.id and f.revision = r.revision),
            'revisions', cs.revisions_json(r.id), 'decisions', cs.decisions_json(r),
            'attempts', cs.attempts_json(r.id), 'costs', cs.costs_json(r.id),
            'activity', cs.activity_json(r.id), 'can', cs.can_json(who, r),
            'ahead', cs.requests_ahead(r), 'expires_at', cs.iso(r.expires_at),
            'when_unavailable', r.when_unavailable, 'budgets', cs.request_budgets(r, v))
        || cs.verdict_json(v)
        || case when r.state = 'pending' then jsonb_build_object('quorum', cs.quorum_json(r))
                else '{}' end
        from cs.revision v join cs.request_text t on t.request_id = v.request_id
        where v.request_id = r.id and v.revision = r.revision);
end
$$;
comment on function cs.request_detail is 'Everything about a request, for somebody who may see it.';

create or replace function cs.request_get(id bigint, person_id bigint) returns jsonb
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
declare
    who person;
    r request;
    why text;
    undo_until timestamptz;
begin
    select * into who from person p where p.id = person_id;
    select * into r from request q where q.id = $1;
    if r.id is null or not can_see(who, r) then
        perform fail('not_found', 'This request does not exist, or is not shared with you');
    end if;
    why := cannot_decide_because(who, r);
    select a.not_before into undo_until from attempt a
        where a.request_id = r.id and a.state = 'ready' and a.not_before > clock_timestamp();
    return request_detail(who, r)
        || same_as_json((select s.same_as from twins(array[r.id]) s))
        || case when why is null then '{}' else
               jsonb_build_object('cannot_decide_because', why) end
        || case when r.state <> 'pending' or r.author_id = who.id then '{}' else
               jsonb_build_object('shown_for_ms', coalesce(millis(clock_timestamp())
                   - millis(shown_at(r.id, r.revision, who.id)), 0)) end
        || case when undo_until is null then '{}' else
               jsonb_build_object('undo_until', iso(undo_until)) end;
end
$$;
comment on function cs.request_get is
    'A request with code, bundle, decisions, attempts, costs, activity and what one may do;
same_as: an earlier one that waits and is the same; shown_for_ms: for how long this person has had
the code of what waits; not_found.';

create or replace function cs.request_state(id bigint, person_id bigint) returns jsonb
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
declare
    who person;
    r request;
begin
    select * into who from person p where p.id = person_id;
    select * into r from request q where q.id = $1;
    if r.id is null or not can_see(who, r) then
        perform fail('not_found', 'This request does not exist, or is not shared with you');
    end if;
    return jsonb_build_object('id', r.id, 'state', r.state, 'revision', r.revision,
                              'state_at', iso(r.state_at)) || held_json(r.id, r.state);
end
$$;
comment on function cs.request_state is
    '{id, state, revision, state_at, held?}: what a long poll looks at; not_found.';

create or replace function cs.revision_get(id bigint, revision int, person_id bigint)
    returns jsonb language plpgsql stable security definer set search_path = cs, pg_temp as $$
declare
    found_revision jsonb;
begin
    perform request_state($1, $3);
    select jsonb_build_object('request_id', v.request_id, 'revision', v.revision,
            'title', v.title, 'language', v.language, 'code', v.code,
            'code_sha256', hex(v.code_sha256), 'editor', person_json(v.editor_id),
            'created_at', iso(v.created_at), 'bundle', bundle_json(v)) || verdict_json(v)
        into found_revision
        from revision v where v.request_id = $1 and v.revision = $2;
    if found_revision is null then
        perform fail('not_found', 'There is no such revision');
    end if;
    return found_revision;
end
$$;
comment on function cs.revision_get is 'One revision with its code; not_found.';

create or replace function cs.request_audit(id bigint, person_id bigint) returns jsonb
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
begin
    perform request_state($1, $2);
    if not exists (select from person p where p.id = $2
                   and p.roles && array['admin', 'reviewer']) then
        perform fail('wrong_role', 'Reviewers and admins read the audit trail');
    end if;
    return jsonb_build_object('events', (
        select coalesce(jsonb_agg(jsonb_build_object('id', e.id, 'seq', e.entity_seq,
            'at', iso(e.ts), 'event', e.event, 'actor_id', e.actor_id,
            'actor_kind', e.actor_kind, 'actor', person_json(e.actor_id),
            'session_id', e.session_id, 'token_id', e.token_id, 'address', e.address,
            'subject', e.subject, 'from_state', e.from_state, 'to_state', e.to_state,
            'body', e.body, 'row_digests', e.row_digests, 'prev_hash', hex(e.prev_hash),
            'hash', hex(e.hash)) order by e.entity_seq), '[]')
        from audit_event e where e.entity = 'request' and e.entity_id = $1),
        'whole', not exists (select from audit_chain_broken('request', $1)));
end
$$;
comment on function cs.request_audit is
    '{events, whole}: the audit rows of a request with their hashes; not_found, wrong_role.';
