-- Asking: submit, revise, cancel, settle, run again. Each takes one element of a batch.

create or replace function cs.team_of(who cs.person, item jsonb) returns bigint
    language plpgsql stable set search_path = cs, pg_temp as $$
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
    language plpgsql set search_path = cs, pg_temp as $$
begin
    if most < 1000000 and (select count(*) from (
            select from request r where r.author_id = person_id and r.state = 'pending'
            limit most) w) >= most then
        perform fail('throttled', format('%s of your requests wait for review already', most));
    end if;
end
$$;
comment on function cs.waiting_check is
    'throttled when so many requests of a person wait; 1,000,000 and null mean no limit.';

create or replace function cs.request_submit(item jsonb) returns jsonb
    language plpgsql set search_path = cs, pg_temp as $$
declare
    who person := actor_of(item, 'submit');
    r request;
    v revision;
begin
    if not who.roles && array['analyst', 'agent'] then
        perform fail('wrong_role', 'Only analysts and agents submit requests');
    end if;
    perform waiting_check(who.id, (item ->> 'max_waiting')::bigint);
    insert into request (team_id, author_id, token_id, state, backend, retry_safe, expires_at,
                         again_of)
        values (team_of(who, item), who.id, (item -> 'actor' ->> 'token_id')::bigint, 'pending',
                item ->> 'backend', coalesce((item ->> 'retry_safe')::bool, false),
                clock_timestamp() + make_interval(secs => (item ->> 'pending_seconds')::bigint),
                (item ->> 'again_of')::bigint)
        returning * into r;
    v.request_id := r.id;
    v.revision := 1;
    v.title := coalesce(item ->> 'title', '');
    v.language := item ->> 'language';
    v.code := item ->> 'code';
    v.sandbox := r.backend;
    v.image := item ->> 'image';
    v.network := coalesce(item ->> 'network', 'none');
    v.retry_safe := r.retry_safe;
    v.approval_ms := 1000 * (item ->> 'approval_seconds')::bigint;
    v.target := '';
    v.policy_version := 0;
    v.verdict_sha256 := '';
    v := revision_put(who, item, limits_put(item, v));
    insert into request_text (request_id, title, question, state_echo)
        values (r.id, v.title, coalesce(item ->> 'question', ''), item -> 'state_echo');
    perform audit_move(r.id, actor_json(item, who), 'request.submit', 'request', '', 'pending',
        jsonb_build_object('revision', 1, 'bundle_sha256', hex(v.bundle_sha256)),
        jsonb_build_object('revision:1', revision_digest(v)));
    return jsonb_build_object('id', r.id, 'revision', 1, 'state', 'pending',
        'bundle_sha256', hex(v.bundle_sha256), 'code_sha256', hex(v.code_sha256),
        'created_at', iso(r.created_at), 'event', event_json(r, 'pending', 'request.submit'),
        'push', push_json('queue:review', r.id));
end
$$;
comment on function cs.request_submit is
    '{actor, team_id?, title?, question?, language, code, files?, limits?, max_limits, retry_safe?,
backend, image, network?, approval_seconds, pending_seconds, max_waiting?, state_echo?} →
{id, revision, state, bundle_sha256, code_sha256, created_at}; wrong_role, throttled and the errors
of the fields.';

create or replace function cs.request_revise(item jsonb) returns jsonb
    language plpgsql set search_path = cs, pg_temp as $$
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
    v := revision_put(who, item, limits_put(item, v));
    return revision_opened(item, who, r, v);
end
$$;
comment on function cs.request_revise is
    '{actor, id, revision (the one it replaces), code?, language?, files?, title?, limits?} →
{id, revision, state, bundle_sha256, code_sha256}; not_found, wrong_role, stale, wrong_state.';

create or replace function cs.revision_opened(
    item jsonb, who cs.person, r cs.request, v cs.revision)
    returns jsonb language plpgsql set search_path = cs, pg_temp as $$
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
