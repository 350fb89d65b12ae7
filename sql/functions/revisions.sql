-- Revisions: out of what is asked for, with limits, files and digests; and revising a request.

set search_path = cs, pg_temp;

create or replace function cs.limit_fault(wanted cs.run_limits, most cs.run_limits)
    returns text language sql immutable parallel safe
    return case
        when not coalesce(wanted.wall_ms between 100 and most.wall_ms, wanted.wall_ms is null)
            then 'limits.wall_ms'
        when not coalesce(wanted.memory_bytes between 16777216 and most.memory_bytes,
                          wanted.memory_bytes is null) then 'limits.memory_bytes'
        when not coalesce(wanted.pids between 1 and most.pids, wanted.pids is null)
            then 'limits.pids'
        when not coalesce(wanted.output_bytes between 1 and most.output_bytes,
                          wanted.output_bytes is null) then 'limits.output_bytes'
        when not coalesce(wanted.cpu_ms between 100 and most.cpu_ms, wanted.cpu_ms is null)
            then 'limits.cpu_ms'
        when not coalesce(wanted.tmp_bytes between 1048576 and most.tmp_bytes,
                          wanted.tmp_bytes is null) then 'limits.tmp_bytes'
        when not coalesce(wanted.files between 0 and most.files, wanted.files is null)
            then 'limits.files'
        when not coalesce(wanted.file_bytes between 1 and most.file_bytes,
                          wanted.file_bytes is null) then 'limits.file_bytes' end;
comment on function cs.limit_fault is 'The first limit that is too low or more than there is.';

create or replace function cs.content_fault(s cs.submission) returns text
    language sql immutable parallel safe
    return case
        when coalesce(s.code, '') = '' then 'code'
        when coalesce(s.language, '') not in ('python', 'sql') then 'language'
        when coalesce(s.verdict, '') = '' then 'verdict'
        when char_length(s.title) > 200 then 'title'
        when jsonb_typeof(s.files) <> 'array' then 'files'
        when jsonb_array_length(s.files) > 64 then 'many_files'
        when s.backend <> 'local' and (s.limits).cpu_ms is not null then 'template.cpu_ms'
        when s.backend <> 'local' and (s.limits).tmp_bytes is not null then 'template.tmp_bytes'
        when s.limits <> s.max_limits or s.max_limits is null
            then cs.limit_fault(s.limits, s.max_limits) end;
comment on function cs.content_fault is
    'What is wrong with what a revision would hold, as a key of submission_error.';

create or replace function cs.files_found(
    who cs.person, files jsonb, request_id bigint default null) returns cs.file[]
    language plpgsql as $$
declare
    f file;
    inputs file[] := '{}';
begin
    for i in 0 .. jsonb_array_length(files) - 1 loop
        select * into f from file where id = (files -> i ->> 'id')::bigint;
        if not found or not (file_visible(who, f) or exists (
                select from revision_file b
                where b.request_id = $3 and b.file_id = f.id)) then
            perform fail('invalid_field', 'This file does not exist, or is not yours',
                         format('files.%s.id', i));
        elsif exists (select from unnest(inputs) o where o.name = f.name) then
            perform fail('invalid_field', 'Two files have the same name',
                         format('files.%s.id', i));
        end if;
        inputs := inputs || f;
    end loop;
    return inputs;
end
$$;
comment on function cs.files_found is
    'The files that are named, in order; invalid_field files.N.id unless all are there for this
person, or a version of the request has them already.';

create or replace function cs.files_parts(files cs.file[]) returns bytea[]
    language plpgsql immutable as $$
begin
    return array(select p.part from unnest(files) with ordinality f
                 cross join lateral (values (1, f.sha256), (2, bytes(f.name))) p (place, part)
                 order by f.ordinality, p.place);
end
$$;
comment on function cs.files_parts is 'What a bundle holds of files: digest and name of each.';

create or replace function cs.risk_of(verdict jsonb) returns text
    language sql immutable parallel safe
    return case verdict ->> 'level' when 'none' then 'low' when 'note' then 'low'
        when 'medium' then 'medium' when 'block' then 'blocked' else 'high' end;
comment on function cs.risk_of is
    'How risky code of this verdict is: low, medium, high or blocked. What is not
understood is high.';

create or replace function cs.risk_rank(risk text) returns int
    language sql immutable parallel safe
    return array_position(array['low', 'medium', 'high', 'blocked'], risk);
comment on function cs.risk_rank is 'For comparing risks: from 1, low, to 4, blocked.';

create or replace function cs.review_key(risk text, request_id bigint) returns bigint
    language sql immutable parallel safe
    return request_id + ((4 - cs.risk_rank(risk))::bigint << 52);
comment on function cs.review_key is
    'Orders what waits: the highest risk first, of the same the oldest first.';

create or replace function cs.isolation_of(sandbox text) returns text
    language sql immutable parallel safe
    return case sandbox when 'local' then 'namespaces' when 'e2b' then 'vm'
        when 'daytona' then 'container' end;
comment on function cs.isolation_of is
    'What stands between code and all else in a sandbox of this kind; workers say the same.';

create or replace function cs.image_measured(sandbox text) returns text
    language plpgsql stable as $$
begin
    return coalesce((select mode() within group (order by w.backends -> $1 ->> 'image_digest')
                     from cs.worker w -- the first, because of the index
                     where w.stopped_at is null and cs.worker_is_live(w)
                     and w.backends -> $1 ->> 'ready' = 'true'), '');
end
$$;
comment on function cs.image_measured is
    'What most live workers measured of the interpreter and packages of a sandbox; empty where
none did, as at a service, which says no more than the name of a template.';

create or replace function cs.revision_binds(r cs.revision) returns cs.revision
    language plpgsql as $$
begin
    if num_nulls(r.cpu_ms, r.tmp_bytes) > 0 then -- the first form, of an api that has no other
        r.team_id := null;
        r.cpu_ms := null;
        r.tmp_bytes := null;
        return r;
    end if;
    r.isolation := isolation_of(r.sandbox);
    r.image_digest := image_measured(r.sandbox);
    r.max_attempts := case when r.retry_safe then 3 else 1 end;
    if r.sandbox <> 'local' then -- nothing of ours could hold them there
        r.cpu_ms := 0;
        r.tmp_bytes := 0;
    end if;
    return r;
end
$$;
comment on function cs.revision_binds is
    'A revision with what is bound and nobody asked for: isolation, image, how often it is tried; in
the first form when an api of the release before, which runs on while one upgrades, asks for it.';

create or replace function cs.revision_complete(r cs.revision, files bytea[]) returns cs.revision
    language plpgsql as $$
declare
    said jsonb := r.verdict::jsonb;
begin
    r := revision_binds(r);
    r.code_bytes := octet_length(r.code);
    r.code_lines := r.code_bytes - octet_length(replace(r.code, E'\n', ''))
                    + (get_byte(bytes(r.code), r.code_bytes - 1) <> ascii(E'\n'))::int;
    r.code_sha256 := sha256(bytes(r.code));
    r.verdict_sha256 := hex(sha256(bytes(r.verdict)));
    r.policy_version := coalesce((said ->> 'policy_version')::bigint, 0);
    r.risk := risk_of(said);
    r.bundle_sha256 := sha256(bundle_bytes(r, files));
    return r;
end
$$;
comment on function cs.revision_complete is
    'A revision with its digests; files: the parts of its input files, see bundle_bytes.';

drop function if exists cs.revision_first(cs.submission, cs.person, cs.file[], timestamptz);
create or replace function cs.revision_first(
    s cs.submission, who cs.person, team_id bigint, inputs cs.file[], at timestamptz)
    returns cs.revision language plpgsql as $$
declare
    v revision;
begin
    v.request_id := nextval('request_id_seq');
    v.revision := 1;
    v.team_id := revision_first.team_id;
    v.editor_id := who.id;
    v.session_id := (s.actor ->> 'session_id')::bigint;
    v.token_id := (s.actor ->> 'token_id')::bigint;
    v.title := coalesce(s.title, '');
    v.language := s.language;
    v.code := s.code;
    v.file_count := coalesce(cardinality(inputs), 0);
    v.target := '';
    v.sandbox := s.backend;
    v.image := s.image;
    v.network := coalesce(s.network, 'none');
    v.wall_ms := coalesce((s.limits).wall_ms, (s.max_limits).wall_ms);
    v.memory_bytes := coalesce((s.limits).memory_bytes, (s.max_limits).memory_bytes);
    v.pids := coalesce((s.limits).pids, (s.max_limits).pids);
    v.output_bytes := coalesce((s.limits).output_bytes, (s.max_limits).output_bytes);
    v.files := coalesce((s.limits).files, (s.max_limits).files);
    v.file_bytes := coalesce((s.limits).file_bytes, (s.max_limits).file_bytes);
    v.cpu_ms := coalesce((s.limits).cpu_ms, (s.max_limits).cpu_ms);
    v.tmp_bytes := coalesce((s.limits).tmp_bytes, (s.max_limits).tmp_bytes);
    v.retry_safe := coalesce(s.retry_safe, false);
    v.verdict := s.verdict;
    v.approval_ms := 1000 * s.approval_seconds;
    v.created_at := at;
    return revision_complete(v, case when v.file_count = 0 then '{}' else files_parts(inputs) end);
end
$$;
comment on function cs.revision_first is
    'Revision 1 of a new request, whose id it takes: what was asked for, for limits that were not
the most there is.';

create or replace function cs.revision_files(v cs.revision, inputs cs.file[]) returns bytea[]
    language plpgsql as $$
begin
    insert into revision_file (request_id, revision, n, file_id, sha256, name, bytes)
        select v.request_id, v.revision, f.ordinality, f.id, f.sha256, f.name, f.bytes
        from unnest(inputs) with ordinality f
        union all
        select f.request_id, v.revision, f.n, f.file_id, f.sha256, f.name, f.bytes
        from revision_file f where inputs is null
            and f.request_id = v.request_id and f.revision = v.revision - 1;
    return bundle_files(v.request_id, v.revision);
end
$$;
comment on function cs.revision_files is
    'Binds input files, those of the revision before when none are given; their parts of a bundle.';

create or replace function cs.revision_next(who cs.person, r cs.request, s cs.submission)
    returns cs.revision language plpgsql as $$
declare
    v revision;
    fault text;
    inputs file[];
begin
    select * into v from revision where request_id = r.id and revision = r.revision;
    v.revision := r.revision + 1;
    v.team_id := r.team_id;
    s.backend := r.backend;
    s.title := coalesce(s.title, v.title);
    s.language := coalesce(s.language, v.language);
    s.code := coalesce(s.code, v.code);
    s.verdict := coalesce(s.verdict, case when (v.code, v.language) = (s.code, s.language)
                                          then v.verdict end);
    fault := content_fault(s);
    if fault is not null then
        perform error_fail(submission_error(fault, s));
    elsif s.files is not null then
        inputs := files_found(who, s.files, r.id);
        v.file_count := cardinality(inputs);
    end if;
    v.editor_id := who.id;
    v.session_id := (s.actor ->> 'session_id')::bigint;
    v.token_id := (s.actor ->> 'token_id')::bigint;
    v.title := s.title;
    v.verdict := s.verdict;
    v.language := s.language;
    v.code := s.code;
    v.wall_ms := coalesce((s.limits).wall_ms, v.wall_ms);
    v.memory_bytes := coalesce((s.limits).memory_bytes, v.memory_bytes);
    v.pids := coalesce((s.limits).pids, v.pids);
    v.output_bytes := coalesce((s.limits).output_bytes, v.output_bytes);
    v.files := coalesce((s.limits).files, v.files);
    v.file_bytes := coalesce((s.limits).file_bytes, v.file_bytes);
    v.cpu_ms := coalesce((s.limits).cpu_ms, v.cpu_ms, (s.max_limits).cpu_ms);
    v.tmp_bytes := coalesce((s.limits).tmp_bytes, v.tmp_bytes, (s.max_limits).tmp_bytes);
    v.created_at := clock_timestamp();
    return revision_complete(v, revision_files(v, inputs));
end
$$;
comment on function cs.revision_next is
    'The next revision of a request, of which what was not asked for stays as it was.';

create or replace function cs.request_revise(item jsonb) returns jsonb
    language plpgsql as $$
declare
    who person := actor_of(item, 'submit');
    r request := request_for(who, (item ->> 'id')::bigint);
    s submission := jsonb_populate_record(null::submission, item);
    v revision;
begin
    if not may_revise(who, r) then
        perform fail('wrong_role', 'Only the author, and reviewers of the team, revise a request');
    elsif r.revision <> (item ->> 'revision')::int then
        perform fail('stale', format('Revision %s is the newest', r.revision), 'revision');
    elsif r.state not in ('pending', 'changes_requested') then
        perform fail('wrong_state', format('A request that is %s takes no revision', r.state));
    end if;
    v := revision_next(who, r, s);
    if v.risk = 'blocked' then -- what is there stays as it is
        raise exception using errcode = 'CS003';
    end if;
    perform budget_revise(r, v);
    insert into revision values (v.*);
    return revision_opened(item, actor_json(item, who), 'request.revise', r, v);
exception when sqlstate 'CS003' then
    perform audit_put('request', r.id, actor_json(item, who), 'revision.refused',
                      policy_refusal(v.verdict::jsonb));
    return policy_error(v.verdict::jsonb);
end
$$;
comment on function cs.request_revise is
    '{actor, id, revision (the one it replaces), code?, language?, files?, title?, limits?} →
{id, revision, state, bundle_sha256, code_sha256}; not_found, wrong_role, stale, wrong_state,
policy_blocked, budget_exceeded when it may run so much longer.';

create or replace function cs.revision_opened(
    item jsonb, actor jsonb, event text, r cs.request, v cs.revision)
    returns jsonb language plpgsql as $$
declare
    before text := r.state;
begin
    update request set revision = v.revision, round = round + 1, state = 'pending',
            decided_by = null, judged_version = v.policy_version,
            review_key = cs.review_key(v.risk, r.id),
            expires_at = coalesce(clock_timestamp()
                + make_interval(secs => (item ->> 'pending_seconds')::bigint), expires_at)
        where id = r.id returning * into r;
    perform audit_move(r.id, actor, event, 'request',
        nullif(before, 'pending'), case when before <> 'pending' then 'pending' end,
        jsonb_build_object('revision', v.revision, 'bundle_sha256', hex(v.bundle_sha256),
            'risk', v.risk, 'policy_version', v.policy_version),
        jsonb_build_object('revision:' || v.revision, revision_digest(v)));
    return jsonb_build_object('id', r.id, 'revision', v.revision, 'state', 'pending',
        'bundle_sha256', hex(v.bundle_sha256), 'code_sha256', hex(v.code_sha256),
        'created_at', iso(v.created_at), 'event', event_json(r, 'pending', event),
        'push', push_json('queue:review', r.id));
end
$$;
comment on function cs.revision_opened is 'Puts a request into review with a new revision.';
