-- Asking: submit, revise, cancel, settle, run again. Each takes one element of a batch.

set search_path = cs, pg_temp;

create or replace function cs.team_of(who cs.person, item jsonb) returns bigint
    language plpgsql stable as $$
declare
    wanted bigint := (item ->> 'team_id')::bigint;
    teams bigint[] := array(select m.team_id from team_member m where m.person_id = who.id
                            order by m.team_id limit 100);
begin
    if wanted = any (teams) then
        return wanted;
    elsif wanted is not null then
        perform fail('invalid_field', 'You are not in this team', 'team_id');
    elsif cardinality(teams) <> 1 then
        perform fail('missing_field', 'Say for which team this is', 'team_id');
    end if;
    return teams[1];
end
$$;
comment on function cs.team_of is
    'The team that was named, else the only one; missing_field or invalid_field team_id.';

create or replace function cs.waiting_check(person_id bigint, most bigint) returns void
    language plpgsql as $$
begin
    if (select count(*) from (
            select from request r where r.author_id = person_id and r.state = 'pending'
            limit most) w) >= most then
        perform fail('throttled', format('%s of your requests wait for review already', most));
    end if;
end
$$;
comment on function cs.waiting_check is
    'throttled when so many requests of a person wait; not asked for a million, which is no limit.';

create or replace function cs.revision_first(who cs.person, item jsonb, new_id bigint)
    returns cs.revision language plpgsql as $$
declare
    v revision;
    most jsonb := item -> 'max_limits';
begin
    v.request_id := new_id;
    v.revision := 1;
    v.title := coalesce(item ->> 'title', '');
    v.language := item ->> 'language';
    v.code := item ->> 'code';
    v.target := '';
    v.sandbox := item ->> 'backend';
    v.image := item ->> 'image';
    v.network := coalesce(item ->> 'network', 'none');
    v.wall_ms := (most ->> 'wall_ms')::bigint;
    v.memory_bytes := (most ->> 'memory_bytes')::bigint;
    v.pids := (most ->> 'pids')::bigint;
    v.output_bytes := (most ->> 'output_bytes')::bigint;
    v.files := (most ->> 'files')::bigint;
    v.file_bytes := (most ->> 'file_bytes')::bigint;
    v.retry_safe := coalesce((item ->> 'retry_safe')::bool, false);
    v.policy_version := 0;
    v.verdict_sha256 := '';
    v.approval_ms := 1000 * (item ->> 'approval_seconds')::bigint;
    return revision_complete(who, item, v);
end
$$;
comment on function cs.revision_first is 'Revision 1 out of a submission; the errors of its parts.';

create or replace function cs.breaker_error(backend text, away jsonb) returns jsonb
    language plpgsql stable as $$
declare
    left_s int := ceil(extract(epoch from
        nullif(away ->> 'until', '')::timestamptz - clock_timestamp()));
begin
    return jsonb_set(error_result('breaker_open', format('%s %s at the moment%s', backend,
            case when away ? 'refused' then 'refuses our key' else 'does not answer' end,
            coalesce(': ' || nullif(away ->> 'message', ''), '')), 'sandbox'),
        '{error,retry_after}', to_jsonb(greatest(coalesce(left_s, 1), 1)));
end
$$;
comment on function cs.breaker_error is
    'breaker_open with retry_after, the seconds until the service is tried again.';

create or replace function cs.request_submit(item jsonb) returns jsonb
    language plpgsql as $$
declare
    who person := actor_of(item, 'submit');
    team bigint := team_of(who, item);
    now timestamptz := clock_timestamp();
    new_id bigint;
    v revision;
    away jsonb;
begin
    if not who.roles && array['analyst', 'agent'] then
        perform fail('wrong_role', 'Only analysts and agents submit requests');
    end if;
    if char_length(item ->> 'question') > 10000 then
        perform fail('invalid_field', 'The question may have 10,000 characters at most',
                     'question');
    elsif (item ->> 'max_waiting')::bigint < 1000000 then
        perform waiting_check(who.id, (item ->> 'max_waiting')::bigint);
    end if;
    if item ->> 'when_unavailable' = 'fail' then
        away := backend_state(item ->> 'backend');
        if away ->> 'state' = 'breaker_open' then
            return breaker_error(item ->> 'backend', away);
        end if;
    end if;
    new_id := nextval('request_id_seq');
    v := revision_first(who, item, new_id);
    with made_request as (
        insert into request (id, team_id, author_id, token_id, state, backend, retry_safe,
                             when_unavailable, created_at, state_at, expires_at, again_of)
        overriding system value
        values (new_id, team, who.id, v.token_id, 'pending', v.sandbox, v.retry_safe,
                coalesce(item ->> 'when_unavailable', 'wait'), now, now,
                now + make_interval(secs => (item ->> 'pending_seconds')::bigint),
                (item ->> 'again_of')::bigint)
    ), made_text as (
        insert into request_text (request_id, title, question, state_echo)
        values (new_id, v.title, coalesce(item ->> 'question', ''), item -> 'state_echo')
    )
    insert into revision values (v.*);
    perform audit_move(new_id, actor_json(item, who), 'request.submit', 'request', '', 'pending',
        jsonb_build_object('revision', 1, 'bundle_sha256', hex(v.bundle_sha256)),
        jsonb_build_object('revision:1', revision_digest(v)));
    return jsonb_build_object('id', new_id, 'revision', 1, 'state', 'pending',
        'bundle_sha256', encode(v.bundle_sha256, 'hex'),
        'code_sha256', encode(v.code_sha256, 'hex'), 'created_at', iso(now),
        'event', jsonb_build_object('id', new_id, 'state', 'pending', 'revision', 1,
            'team_id', team, 'author_id', who.id, 'owner_id', who.owner_id, 'at', iso(now),
            'what', 'request.submit'),
        'push', push_json('queue:review', new_id));
end
$$;
comment on function cs.request_submit is
    '{actor, team_id?, title?, question?, language, code, files?, limits?, max_limits, retry_safe?,
backend, image, network?, approval_seconds, pending_seconds, max_waiting?, state_echo?,
when_unavailable?} → {id, revision, state, bundle_sha256, code_sha256, created_at}; wrong_role,
throttled, breaker_open when it would rather fail than wait, and the errors of the fields.';


create or replace function cs.request_revise(item jsonb) returns jsonb
    language plpgsql as $$
declare
    who person := actor_of(item, 'submit');
    r request := request_for(who, (item ->> 'id')::bigint);
    v revision;
begin
    if not may_revise(who, r) then
        perform fail('wrong_role', 'Only the author, and reviewers of the team, revise a request');
    elsif r.revision <> (item ->> 'revision')::int then
        perform fail('stale', format('Revision %s is the newest', r.revision), 'revision');
    elsif r.state not in ('pending', 'changes_requested') then
        perform fail('wrong_state', format('A request that is %s takes no revision', r.state));
    end if;
    select * into v from revision where request_id = r.id and revision = r.revision;
    v.revision := r.revision + 1;
    v.title := coalesce(item ->> 'title', v.title);
    v.language := coalesce(item ->> 'language', v.language);
    v.code := coalesce(item ->> 'code', v.code);
    v := revision_complete(who, item, v);
    insert into revision values (v.*);
    return revision_opened(item, who, r, v);
end
$$;
comment on function cs.request_revise is
    '{actor, id, revision (the one it replaces), code?, language?, files?, title?, limits?} →
{id, revision, state, bundle_sha256, code_sha256}; not_found, wrong_role, stale, wrong_state.';

create or replace function cs.revision_opened(
    item jsonb, who cs.person, r cs.request, v cs.revision)
    returns jsonb language plpgsql as $$
declare
    before text := r.state;
begin
    update request set revision = v.revision, round = round + 1, state = 'pending',
            expires_at = coalesce(clock_timestamp()
                + make_interval(secs => (item ->> 'pending_seconds')::bigint), expires_at)
        where id = r.id returning * into r;
    perform audit_move(r.id, actor_json(item, who), 'request.revise', 'request',
        nullif(before, 'pending'), case when before <> 'pending' then 'pending' end,
        jsonb_build_object('revision', v.revision, 'bundle_sha256', hex(v.bundle_sha256)),
        jsonb_build_object('revision:' || v.revision, revision_digest(v)));
    return jsonb_build_object('id', r.id, 'revision', v.revision, 'state', 'pending',
        'bundle_sha256', hex(v.bundle_sha256), 'code_sha256', hex(v.code_sha256),
        'created_at', iso(v.created_at), 'event', event_json(r, 'pending', 'request.revise'),
        'push', push_json('queue:review', r.id));
end
$$;
comment on function cs.revision_opened is 'Puts a request into review with a new revision.';
