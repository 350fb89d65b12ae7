-- Submitting, for a whole batch in the same few statements.

set search_path = cs, pg_temp;

create or replace function cs.waiting_is_full(person_id bigint, most bigint, more bigint)
    returns bool language plpgsql stable as $$
begin
    return most <= more + (select count(*) from (
        select from request r where r.author_id = person_id and r.state = 'pending'
        limit most) w);
end
$$;
comment on function cs.waiting_is_full is
    'Whether so many requests of a person wait, with `more` of the same batch.';

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

create or replace function cs.submission_error(fault text, s cs.submission) returns jsonb
    language plpgsql stable as $$
begin
    return case
        when fault = 'breaker' then breaker_error(s.backend, backend_state(s.backend))
        when fault like 'limits.%' then error_result('invalid_field',
            format('%s is too little for a run, or more than there is', fault), fault)
        when fault like 'template.%' then error_result('invalid_field',
            'The template of a service says what its sandboxes have of this',
            replace(fault, 'template', 'limits'))
        else coalesce(caller_error(fault, 'submit'), (
            select error_result(e.code, e.message, e.field) from (values
            ('role', 'wrong_role', 'Only analysts and agents submit requests', ''),
            ('team', 'missing_field', 'Say for which team this is', 'team_id'),
            ('other_team', 'invalid_field', 'You are not in this team', 'team_id'),
            ('question', 'invalid_field', 'The question may have 10,000 characters at most',
                'question'),
            ('code', 'missing_field', 'code is required', 'code'),
            ('language', 'invalid_field', 'language must be python or sql', 'language'),
            ('verdict', 'unavailable', 'The code was not judged by the policy', 'code'),
            ('title', 'invalid_field', 'The title may have 200 characters at most', 'title'),
            ('files', 'invalid_field', 'files must be a list', 'files'),
            ('many_files', 'invalid_field', 'At most 64 files', 'files'),
            ('waiting', 'throttled',
                format('%s of your requests wait for review already', s.max_waiting), '')
            ) e (fault, code, message, field) where e.fault = $1)) end;
end
$$;
comment on function cs.submission_error is 'What is answered to a submission that has a fault.';

create or replace function cs.submission_fault(
    s cs.submission, who cs.person, teams bigint[], more bigint) returns text
    language sql stable
    return case
        when not who.roles && array['analyst', 'agent'] then 'role'
        when s.team_id is null and cardinality(teams) <> 1 then 'team'
        when s.team_id <> all (teams) then 'other_team'
        when char_length(s.question) > 10000 then 'question'
        when s.max_waiting < 1000000 and cs.waiting_is_full(who.id, s.max_waiting, more)
            then 'waiting'
        when coalesce(s.when_unavailable, 'wait') = 'fail' -- of null, the rest would be asked
            and cs.backend_state(s.backend) ->> 'state' = 'breaker_open' then 'breaker'
        else cs.content_fault(s) end;
comment on function cs.submission_fault is
    'Why this person may not submit this, as a key of submission_error; more: how many of the same
batch are the same person''s.';

create or replace function cs.submissions_judged(items jsonb)
    returns table (n int, s cs.submission, who cs.person, team_id bigint, fault text)
    language sql stable as $$
    with asked as materialized (
        select (e.n - 1)::int as n, jsonb_populate_record(null::cs.submission, e.item) as s
        from jsonb_array_elements(items) with ordinality e (item, n)
    ), callers as materialized ( -- mostly one, or few
        select d.actor, c.who, c.fault, array(
            select m.team_id from cs.team_member m where m.person_id = (c.who).id
            order by m.team_id limit 100) as teams
        from (select distinct coalesce((a.s).actor, 'null') as actor from asked a) d
        cross join lateral cs.caller(d.actor, 'submit') c
    )
    select a.n, a.s, c.who, coalesce((a.s).team_id, c.teams[1]),
           coalesce(c.fault, cs.submission_fault(a.s, c.who, c.teams,
               row_number() over (partition by (c.who).id order by a.n) - 1))
    from asked a join callers c on c.actor = coalesce((a.s).actor, 'null')
$$;
comment on function cs.submissions_judged is
    'The elements of a batch, who submits each for which team, and why not.';

create or replace function cs.state_at_first(v cs.revision) returns text
    language sql immutable parallel safe
    return case v.risk when 'blocked' then 'blocked' else 'pending' end;
comment on function cs.state_at_first is 'Where a request begins: in review, unless the rules say
that its code may never run.';

create or replace function cs.submission_result(
    v cs.revision, team_id bigint, who cs.person, at text) returns jsonb
    language sql stable
    return jsonb_build_object('id', v.request_id, 'revision', 1, 'state', cs.state_at_first(v),
        'bundle_sha256', cs.hex(v.bundle_sha256), 'code_sha256', cs.hex(v.code_sha256),
        'created_at', at, 'risk', v.risk, 'event', jsonb_build_object('id', v.request_id,
            'state', cs.state_at_first(v), 'revision', 1, 'team_id', team_id,
            'author_id', v.editor_id, 'owner_id', who.owner_id, 'at', at,
            'what', 'request.submit'))
        || case when v.risk = 'blocked' then jsonb_build_object('blocked_by',
                    cs.policy_refusal(v.verdict::jsonb))
                else jsonb_build_object('push', cs.push_json('queue:review', v.request_id)) end;
comment on function cs.submission_result is 'What is answered to a submission, and told of it.';

create or replace function cs.requests_submit(items jsonb) returns table (n int, result jsonb)
    language plpgsql as $$
declare
    at timestamptz := clock_timestamp();
    at_text text := iso(at);
    results jsonb[];
    events audit_event[];
begin
    with judged as materialized (
        select j.*, case when j.fault is null and (j.s).files <> '[]'
                         then files_found(j.who, (j.s).files) end as inputs
        from submissions_judged(items) j
    ), written as materialized (
        select j.*, case when j.fault is null then revision_first(j.s, j.who, j.team_id,
                   j.inputs, at) end as v
        from judged j
    ), refused as materialized (
        select b.* from budget_reserve(array(
            select budget_want_of(w.n, w.v, w.team_id) from written w
            where w.fault is null and (w.v).risk <> 'blocked')) b
    ), drafts as materialized (
        select w.n, w.s, w.who, w.team_id, w.inputs, w.v, f.error,
               coalesce(w.fault, case when f.n is not null then 'budget' end) as fault
        from written w left join refused f on f.n = w.n
    ), made_request as (
        insert into request (id, team_id, author_id, token_id, state, backend, retry_safe,
                             when_unavailable, created_at, state_at, expires_at, again_of,
                             judged_version, waits_since, remind_seconds, escalate_seconds,
                             clock_at, review_key)
        overriding system value
        select (d.v).request_id, d.team_id, (d.v).editor_id, (d.v).token_id, state_at_first(d.v),
               (d.v).sandbox, (d.v).retry_safe, coalesce((d.s).when_unavailable, 'wait'), at, at,
               case when (d.v).risk <> 'blocked'
                    then at + make_interval(secs => (d.s).pending_seconds) end, (d.s).again_of,
               (d.v).policy_version, at, (d.s).remind_seconds, (d.s).escalate_seconds,
               least(clock_due(at, (d.s).remind_seconds), clock_due(at, (d.s).escalate_seconds)),
               review_key((d.v).risk, (d.v).request_id)
        from drafts d where d.fault is null
    ), made_text as (
        insert into request_text (request_id, title, question, state_echo)
        select (d.v).request_id, (d.v).title, coalesce((d.s).question, ''), (d.s).state_echo
        from drafts d where d.fault is null
    ), made_files as (
        insert into revision_file (request_id, revision, n, file_id, sha256, name, bytes)
        select (d.v).request_id, 1, f.ordinality, f.id, f.sha256, f.name, f.bytes
        from drafts d cross join lateral unnest(d.inputs) with ordinality f
    ), made_revision as (
        insert into revision select (d.v).* from drafts d where d.fault is null
    )
    select array_agg(case when d.fault is null
                          then submission_result(d.v, d.team_id, d.who, at_text)
                          else coalesce(d.error, submission_error(d.fault, d.s)) end
                     order by d.n),
           array_agg(audit_row('request', (d.v).request_id,
               (d.s).actor || jsonb_build_object('kind', (d.who).kind), 'request.submit',
               jsonb_build_object('revision', 1, 'bundle_sha256', hex((d.v).bundle_sha256),
                   'risk', (d.v).risk, 'policy_version', (d.v).policy_version)
               || case when (d.v).risk = 'blocked' then policy_refusal((d.v).verdict::jsonb)
                       else '{}' end,
               'request', '', state_at_first(d.v),
               jsonb_build_object('revision:1', revision_digest(d.v),
                   'request:' || (d.v).request_id, request_digest((d.v).request_id, d.team_id,
                       (d.v).editor_id, (d.v).token_id, at, (d.s).again_of,
                       (d.v).title, coalesce((d.s).question, ''), (d.s).state_echo)))
               order by d.n) filter (where d.fault is null)
    into results, events from drafts d;
    perform audit_add(events);
    return query select (r.n - 1)::int, r.result from unnest(results) with ordinality r (result, n);
end
$$;
comment on function cs.requests_submit is
    '[{actor, team_id?, title?, question?, language, code, files?, limits?, max_limits, retry_safe?,
backend, image, network?, approval_seconds, pending_seconds, max_waiting?, state_echo?,
when_unavailable?, verdict, remind_seconds?, escalate_seconds?}] → {id, revision, state,
bundle_sha256, code_sha256, created_at, risk, blocked_by?} or the error of each: wrong_role,
throttled, budget_exceeded, breaker_open when it would rather fail than wait, and those of the
fields. Code that the
rules block is kept, in the state blocked.';
