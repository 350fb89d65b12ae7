-- Judging again what waits or is approved, once the rules are others. The api holds the code
-- against them; until it has, nothing of it starts (attempt_faults, unjudged).

set search_path = cs, pg_temp;

create or replace function cs.requests_to_judge(most int)
    returns table (request_id bigint, revision int, language text, code text)
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
begin
    return query
        select v.request_id, v.revision, v.language, v.code
        from (select r.id, r.revision from request r
              where r.judged_version < policy_newest() and (r.state in ('pending', 'approved')
                  or r.state = 'outcome_unknown' and exists (
                      select from attempt a where a.request_id = r.id
                      and a.state in ('ready', 'claimed')))
              order by r.expires_at limit most) r
        join revision v on v.request_id = r.id and v.revision = r.revision;
end
$$;
comment on function cs.requests_to_judge is
    'What the newest rules have not judged and may run, also once more after a lost run; first what
expires first.';

create or replace function cs.revision_again(v cs.revision, verdict text) returns cs.revision
    language plpgsql as $$
begin
    v.revision := v.revision + 1;
    v.verdict := verdict;
    v.session_id := null;
    v.token_id := null;
    v.created_at := clock_timestamp();
    v := revision_complete(v, revision_files(v, null));
    insert into revision values (v.*);
    return v;
end
$$;
comment on function cs.revision_again is
    'The next revision, of the same code and editor, with another verdict: what people approved was
the code together with its verdict.';

create or replace function cs.request_raised(item jsonb, r cs.request, v cs.revision)
    returns jsonb language plpgsql as $$
declare
    system jsonb := '{"kind": "system"}';
    next revision := revision_again(v, item ->> 'verdict');
    result jsonb := revision_opened(item, system, 'policy.raise', r, next);
begin
    if next.risk <> 'blocked' then
        return result;
    end if;
    update request set state = 'blocked', expires_at = null where id = r.id returning * into r;
    perform audit_move(r.id, system, 'policy.block', 'request', 'pending', 'blocked',
                       policy_refusal(next.verdict::jsonb));
    return result - 'push' || jsonb_build_object('state', 'blocked',
        'event', event_json(r, 'blocked', 'policy.block'));
end
$$;
comment on function cs.request_raised is
    'Back to its reviewers with the harder verdict, in a new revision; or blocked for good.';

create or replace function cs.request_judged(item jsonb) returns jsonb
    language plpgsql as $$
declare
    said jsonb := (item ->> 'verdict')::jsonb;
    r request;
    v revision;
    a attempt;
    graver bool;
begin
    select * into r from request where id = (item ->> 'id')::bigint for no key update;
    select * into v from revision where request_id = r.id and revision = r.revision;
    select * into a from attempt where request_id = r.id
        and state in ('ready', 'claimed', 'starting', 'running') for no key update;
    if r.state is null or r.state not in ('pending', 'approved', 'outcome_unknown')
            or r.revision <> (item ->> 'revision')::int or a.state in ('starting', 'running')
            or (said ->> 'policy_version')::int <= r.judged_version then
        return jsonb_build_object('id', r.id, 'judged', false);
    end if;
    graver := v.verdict = '' or risk_rank(risk_of(said)) > risk_rank(v.risk);
    if graver then
        perform attempt_drop(a, '{"kind": "system"}', 'judged again');
    end if;
    if not graver or r.state = 'outcome_unknown' then -- what came of that is still to be found
        update request set judged_version = (said ->> 'policy_version')::int where id = r.id;
        perform audit_put('request', r.id, '{"kind": "system"}', 'request.judge',
            jsonb_build_object('revision', v.revision, 'risk', risk_of(said),
                               'policy_version', said -> 'policy_version'));
        return jsonb_build_object('id', r.id, 'judged', true, 'state', r.state);
    end if;
    return request_raised(item, r, v) || '{"judged": true}';
end
$$;
comment on function cs.request_judged is
    '{id, revision, verdict, pending_seconds} → {id, judged, state?}: a verdict by newer rules. A
harder one, and the first of all, makes a new revision and takes approvals away, and lets what was
lost not run once more; false for what was changed, started or judged meanwhile.';
