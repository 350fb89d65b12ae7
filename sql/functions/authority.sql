-- Who may decide on what, and which attempts may start: asked by decide, by start
-- and by the triggers on attempt, so that SQL by hand is asked too.

set search_path = cs, pg_temp;

-- The functions in SQL with a query for a body are inlined where they stand in a FROM. What is
-- asked about one row each is PL/pgSQL: its plans are kept, while a function in SQL with a
-- sub-select is planned anew at each call, which costs ten times the answer.
create or replace function cs.requests_before(request_id bigint) returns setof bigint
    language plpgsql stable rows 1 as $$
declare
    later bigint := request_id;
    earlier bigint;
begin
    loop
        select r.again_of into earlier from cs.request r where r.id = later;
        exit when coalesce(earlier >= later, true); -- no circle, though there can be none
        return next earlier;
        later := earlier;
    end loop;
end
$$;
comment on function cs.requests_before is 'The requests that this one runs again, newest first.';

-- offset 0 keeps these look-ups by key, here and elsewhere: joined, a plan made while the tables
-- were small would read all of them at each decision.
create or replace function cs.own_people(requests bigint[])
    returns table (request_id bigint, person_id bigint) language sql stable as $$
    select distinct q.id, k.id
    from unnest(requests) q (id)
    cross join lateral (
        select r.again_of from cs.request r where r.id = q.id offset 0) r
    cross join lateral (
        select q.id
        union all
        select b from cs.requests_before(q.id) b where r.again_of is not null) c (id)
    cross join lateral (
        select x.author_id, x.token_id from cs.request x where x.id = c.id
        union all
        select v.editor_id, v.token_id from cs.revision v where v.request_id = c.id
        offset 0) m (maker, token_id)
    left join lateral (
        select t.person_id, t.created_by from cs.api_token t
        where t.id = m.token_id offset 0) t on true
    cross join lateral (values (m.maker), (t.person_id), (t.created_by)) p (id)
    left join lateral (
        select o.owner_id from cs.person o where o.id = p.id offset 0) o on true
    cross join lateral (values (p.id), (o.owner_id)) k (id)
    where k.id is not null
$$;
comment on function cs.own_people is
    'Author, editors, the owners of agents among them, owner and creator of the tokens used; also
of the requests that this one runs again, whose code it has.';

create or replace function cs.own_request(request_id bigint, person_id bigint) returns bool
    language plpgsql stable as $$
declare
    own bigint[] := array(select o.person_id from own_people(array[$1]) o);
begin
    return exists (select from behind(own) b where b.by_id = $2)
        or exists (select from behind(array[$2]) b where b.by_id = any (own));
end
$$;
comment on function cs.own_request is
    'Whether a request counts as somebody''s own: one of own_people, or one of them is behind that
person, or the other way round.';

create or replace function cs.reviewers() returns table (person_id bigint, team_id bigint)
    language sql stable as $$
    select p.id, m.team_id from cs.person p join cs.team_member m on m.person_id = p.id
    where p.kind = 'human' and p.disabled_at is null and 'reviewer' = any (p.roles)
$$;
comment on function cs.reviewers is 'Who may review for which team today.';

create or replace function cs.is_reviewer(person_id bigint, team_id bigint) returns bool
    language plpgsql stable as $$
begin
    return exists (select from reviewers() w where w.person_id = $1 and w.team_id = $2);
end
$$;
comment on function cs.is_reviewer is 'Whether a person may review for a team today.';

create or replace function cs.decision_is_fresh(d cs.deciding, risk text) returns bool
    language plpgsql stable as $$
begin
    return d.verdict <> 'approve' or risk in ('low', 'medium')
        or session_is_fresh((d.actor ->> 'session_id')::bigint, d.reauth_seconds);
end
$$;
comment on function cs.decision_is_fresh is
    'Whether a decision may be made with what its session showed: an approval of high risk wants
proof no older than reauth_seconds, which a token has never, nor who does not say how old.';

create or replace function cs.actor_is_enough(actor jsonb, of_person bigint) returns bool
    language plpgsql stable as $$
declare
    first timestamptz := (select f.since from second_factor f where f.person_id = of_person);
begin
    return first is null
        or exists (select from session s where s.id = (actor ->> 'session_id')::bigint
                   and s.person_id = of_person and session_shows_factor(s))
        or exists (select from api_token t where t.id = (actor ->> 'token_id')::bigint
                   and t.person_id = of_person and t.created_at >= first);
end
$$;
comment on function cs.actor_is_enough is
    'Whether an approval counts that comes this way: of who has a second factor, only from a
session that showed it, or by a token made since, which such a session alone makes.';

create or replace function cs.proof_wanted(actor jsonb, fault text) returns text
    language sql immutable
    return case
        when fault = 'not_fresh' and actor ->> 'token_id' is null
            then 'Show who you are once more to approve what is of high risk'
        when fault = 'not_fresh' then 'A token does not approve what is of high risk: sign in'
        when actor ->> 'token_id' is null
            then 'Show who you are once more, with a code of your second factor'
        else 'This token is older than your second factor: make another' end;
comment on function cs.proof_wanted is
    'What is said to who decides with too little proof: not_fresh or no_factor.';

create or replace function cs.may_revise(who cs.person, r cs.request) returns bool
    language sql stable
    return r.author_id = who.id or cs.is_reviewer(who.id, r.team_id)
        or exists (select from cs.person a where a.id = r.author_id and a.owner_id = who.id);
comment on function cs.may_revise is
    'The author, the owner of an author-agent, and reviewers of the team, who become editors.';

create or replace function cs.counted_approvals(requests bigint[])
    returns table (request_id bigint, decision_id bigint, bundle_sha256 bytea, reviewer_id bigint)
    language sql stable as $$
    with own as materialized (select * from cs.own_people(requests)),
    behind_own as materialized (
        select o.request_id, b.by_id
        from (select array_agg(distinct o.person_id) as people from own o) a
        cross join lateral cs.behind(a.people) b join own o on o.person_id = b.person_id)
    select r.id, d.id, d.bundle_sha256, d.reviewer_id
    from (select distinct i from unnest(requests) i) q (id)
    cross join lateral (
        select k as whole, k.id, k.revision, k.round, k.team_id from cs.request k
        where k.id = q.id offset 0) r
    cross join lateral (
        select c.id, c.reviewer_id, c.bundle_sha256 from cs.decision c
        where c.request_id = r.id and c.revision = r.revision and c.round = r.round
          and c.verdict = 'approve' and c.valid_until > clock_timestamp() offset 0) d
    where exists (select from cs.reviewers() w
                  where w.person_id = d.reviewer_id and w.team_id = r.team_id offset 0)
      and not exists (select from behind_own b
                      where b.request_id = r.id and b.by_id = d.reviewer_id offset 0)
      and not exists (select from cs.behind(array[d.reviewer_id]) b
                      join own o on o.person_id = b.by_id where o.request_id = r.id offset 0)
      and not cs.tied_has_approved(d.reviewer_id, r.whole, d.id)
$$;
comment on function cs.counted_approvals is
    'The approvals of the present revision and round of each request that count today, none whose
time is over, one per person, and the digest that each approves; of two accounts that are tied, the
earlier one''s.';

create or replace function cs.pause_scopes(r cs.request, backend text) returns text[]
    language sql stable parallel safe
    return array['all', 'team:' || r.team_id, 'backend:' || backend];
comment on function cs.pause_scopes is
    'The pauses that stop a run: of all, of its team, of its backend.';

create or replace function cs.attempt_faults(attempts bigint[], starting bool)
    returns table (attempt_id bigint, code text, why text, message text)
    language plpgsql stable as $$
declare
    requests bigint[] := array(select a.request_id from attempt a where a.id = any (attempts));
    of_budgets bool := starting and has_budgets();
begin
    return query
    with asked as (
        select i.id, k.request_id, (k.r).state, (k.r).retry_safe, k.cancel_requested_at,
               starting and exists (select from pause p
                   where p.scope = any (pause_scopes(k.r, k.backend))) as is_paused,
               starting and (k.r).judged_version < policy_newest() as is_unjudged,
               (k.revision, k.round) = ((k.r).revision, (k.r).round) as is_newest,
               k.valid_until, starting and rests_on_glass(k.id) as by_glass,
               of_budgets and budget_lacks(k.id) as is_short,
               (k.v).bundle_sha256 as stored,
               case when (k.v).team_id <> (k.r).team_id then null
                    else sha256(bundle_encode(k.v)) end as digest
        from unnest(attempts) i (id) left join lateral (
            select a.*, r, v
            from attempt a
            join request r on r.id = a.request_id
            join revision v on v.request_id = a.request_id and v.revision = a.revision
            where a.id = i.id offset 0) k on true -- what is not there may not run either
    ), counted as (
        select c.request_id, c.bundle_sha256, array_agg(c.reviewer_id) as people
        from counted_approvals(requests) c group by 1, 2
    )
    select k.id, e.code, e.why, format(e.message, k.state)
    from asked k
    left join counted c on c.request_id = k.request_id and c.bundle_sha256 = k.digest
    cross join lateral (select case
        when k.is_paused then 'paused'
        when k.is_unjudged then 'unjudged'
        when not k.is_newest then 'revision'
        when not (k.state = 'approved' or (k.state = 'outcome_unknown' and k.retry_safe))
            then 'state'
        when k.cancel_requested_at is not null then 'cancelled'
        when k.valid_until <= clock_timestamp() then 'expired'
        when k.digest is distinct from k.stored then 'digest'
        when k.by_glass and not glass_holds(k.request_id, k.digest) then 'quorum'
        when not k.by_glass and not coalesce(quorum_met(k.request_id, c.people), false)
            and (starting or not glass_holds(k.request_id, k.digest)) then 'quorum'
        when k.is_short then 'budget' end) f (why)
    join (values
        ('paused', 'unavailable', 'Runs are paused'),
        ('unjudged', 'unavailable', 'The rules changed, and the code waits to be judged by them'),
        ('revision', 'stale', 'Another revision is waiting'),
        ('state', 'wrong_state', 'The request is %s'),
        ('cancelled', 'conflict', 'The request was cancelled'),
        ('expired', 'conflict', 'The approval is too old'),
        ('digest', 'stale', 'The stored bytes are not the ones that were approved'),
        ('quorum', 'conflict', 'Not enough valid approvals'),
        ('budget', 'budget_exceeded', 'No budget has room for what this may cost'))
        e (why, code, message)
        on e.why = f.why;
end
$$;
comment on function cs.attempt_faults is
    'Those of the attempts that may not run now, and the first reason: paused, unjudged (asked of
what is starting), revision, state, cancelled, expired, digest, quorum, or budget when what it may
cost is not reserved.';

create or replace function cs.attempts_check(attempts bigint[], starting bool) returns void
    language plpgsql as $$
declare
    fault record;
begin
    select * into fault from attempt_faults(attempts, starting) limit 1;
    if found then
        perform fail(fault.code, fault.message, fault.why);
    end if;
end
$$;
comment on function cs.attempts_check is 'Raises unless all of these attempts may run now.';

create or replace function cs.attempt_enters() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    illegal text := (select n.state from added n
                     where not move_is_legal('attempt', '', n.state) limit 1);
begin
    if illegal is not null then
        perform refuse_move('attempt', '', illegal);
    elsif exists (select from added n where n.fence <> 0 or n.worker_id is not null) then
        raise exception 'A new attempt belongs to no worker' using errcode = 'CS002';
    elsif exists (select from added n
                  join revision_file f on f.request_id = n.request_id and f.revision = n.revision
                  where not blob_intact(f.sha256)) then
        perform fail('stale', 'The stored bytes of an input file have changed', 'digest');
    end if;
    perform attempts_check(array(select n.id from added n), false);
    return null;
end
$$;
comment on function cs.attempt_enters is 'Lets no attempt in without valid approvals.';

create or replace function cs.attempt_moves() returns trigger
    language plpgsql as $$
begin
    if (new.id, new.request_id, new.revision, new.round, new.backend, new.valid_until,
        new.created_at) is distinct from
       (old.id, old.request_id, old.revision, old.round, old.backend, old.valid_until,
        old.created_at)
       or new.fence <> old.fence + (old.state = 'ready' and new.state = 'claimed')::int then
        raise exception 'What an attempt runs never changes, its fence only with a claim'
            using errcode = 'CS002';
    elsif new.state <> old.state and not cs.move_is_legal('attempt', old.state, new.state) then
        perform cs.refuse_move('attempt', old.state, new.state);
    end if;
    return new;
end
$$;
comment on function cs.attempt_moves is 'Holds attempts to their legal moves.';

-- What decides whether a run may start is in many tables, which the start only reads. So whoever
-- changes one of them waits for the starts that go on, and a start for whoever changes one.
create or replace function cs.authority_hold() returns void
    language sql as $$ select pg_advisory_xact_lock_shared(7026, 24) $$;
comment on function cs.authority_hold is
    'Until the end of the transaction nobody changes who may approve, or whether anything may run.';

create or replace function cs.authority_changes() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    perform pg_advisory_xact_lock(7026, 24);
    return null;
end
$$;
comment on function cs.authority_changes is 'Waits for the starts that go on, and lets none begin.';

create or replace function cs.attempt_starts() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    starting bigint[] := array(
        select n.id from after n join before o using (id)
        where n.state = 'starting' and o.state <> 'starting');
begin
    if starting <> '{}' then -- here, so that SQL by hand is asked too
        perform authority_hold();
        perform attempts_check(starting, true);
    end if;
    return null;
end
$$;
comment on function cs.attempt_starts is 'Lets no attempt start without valid approvals.';

create or replace trigger attempt_enters after insert on cs.attempt
    referencing new table as added for each statement execute function cs.attempt_enters();
create or replace trigger attempt_moves before update on cs.attempt
    for each row execute function cs.attempt_moves();
create or replace trigger attempt_starts after update on cs.attempt
    referencing old table as before new table as after
    for each statement execute function cs.attempt_starts();

do $$
declare
    of_table text;
    what text;
begin
    for of_table, what in values
        ('person', 'insert or delete or update of roles, kind, owner_id, created_by, disabled_at'),
        ('team_member', 'insert or delete or update'),
        ('credential_event', 'insert or delete or update'),
        ('approver_group', 'insert or delete or update'),
        ('approver', 'insert or delete or update'),
        ('quorum_rule', 'insert or delete or update'),
        ('break_glass', 'insert or delete or update'),
        ('pause', 'insert or delete or update'),
        ('policy_version', 'insert or delete or update')
    loop
        execute format('create or replace trigger %I before %s on cs.%I
            for each statement execute function cs.authority_changes()',
            of_table || '_waits', what, of_table);
    end loop;
end
$$;
