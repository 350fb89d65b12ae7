-- Who may decide on what, and whether an attempt may start: asked by decide, by start
-- and by the trigger on attempt, so that SQL by hand is asked too.

set search_path = cs, pg_temp;

create or replace function cs.own_people(request_id bigint) returns setof bigint
    language plpgsql stable as $$
declare
    asked bigint := request_id;
begin
    -- One at a time: joined with the requests that it runs again, a plan made while the tables
    -- were small would read all of them at each decision.
    while asked is not null loop
        return query
        with made as (
            select r.author_id as maker, r.token_id as token from request r where r.id = asked
            union select v.editor_id, v.token_id from revision v where v.request_id = asked
        ), makers as (
            select m.maker from made m
            union select unnest(array[t.person_id, t.created_by])
                  from api_token t join made m on m.token = t.id
        )
        select m.maker from makers m where m.maker is not null
        union select p.owner_id from person p join makers m on m.maker = p.id
              where p.owner_id is not null;
        asked := (select r.again_of from request r where r.id = asked);
    end loop;
end
$$;
comment on function cs.own_people is
    'Author, editors, the owners of agents among them, owner and creator of the tokens used; also
of the requests that this one runs again, whose code it has.';

-- In PL/pgSQL, like the others that a decision asks: their plans are kept, while a function
-- in SQL with a sub-select is planned anew at each call, which costs ten times the answer.
create or replace function cs.own_request(request_id bigint, person_id bigint) returns bool
    language plpgsql stable as $$
declare
    own bigint[] := array(select o from cs.own_people($1) o);
begin
    return $2 = any (own)
        or exists (select from cs.person p where p.id = $2 and p.created_by = any (own))
        or exists (select from cs.person p where p.id = any (own) and p.created_by = $2)
        or exists (select from cs.credential_event e
                   where e.person_id = $2 and e.by_id = any (own))
        or exists (select from cs.credential_event e
                   where e.person_id = any (own) and e.by_id = $2);
end
$$;
comment on function cs.own_request is
    'Whether a request counts as somebody''s own: one of own_people, or one of them made that
person or its credentials, or the other way round.';

create or replace function cs.is_reviewer(person_id bigint, team_id bigint) returns bool
    language plpgsql stable as $$
begin
    return exists (select from cs.person p join cs.team_member m on m.person_id = p.id
                   where p.id = $1 and m.team_id = $2 and p.kind = 'human'
                     and p.disabled_at is null and 'reviewer' = any (p.roles));
end
$$;
comment on function cs.is_reviewer is 'Whether a person may review for a team today.';

create or replace function cs.may_revise(who cs.person, r cs.request) returns bool
    language sql stable
    return r.author_id = who.id or cs.is_reviewer(who.id, r.team_id)
        or exists (select from cs.person a where a.id = r.author_id and a.owner_id = who.id);
comment on function cs.may_revise is
    'The author, the owner of an author-agent, and reviewers of the team, who become editors.';

create or replace function cs.quorum(request_id bigint) returns int
    language sql immutable
    return 1;
comment on function cs.quorum is 'How many distinct people must approve a request.';

create or replace function cs.approvals(request_id bigint, digest bytea) returns bigint[]
    language plpgsql stable as $$
begin
    return array(
        select d.id
        from cs.request r
        join cs.decision d on d.request_id = r.id and d.revision = r.revision
                              and d.round = r.round
        where r.id = $1 and d.verdict = 'approve' and d.bundle_sha256 = $2
          and cs.is_reviewer(d.reviewer_id, r.team_id)
          and not cs.own_request(r.id, d.reviewer_id)
        order by d.id);
end
$$;
comment on function cs.approvals is
    'Ids of the decisions that approve this digest and count today; one per person.';

create or replace function cs.attempt_authority(a cs.attempt) returns void
    language plpgsql as $$
declare
    r request;
    stored bytea;
    digest bytea;
begin
    select * into r from request where id = a.request_id;
    if (r.revision, r.round) is distinct from (a.revision, a.round) then
        perform fail('stale', 'Another revision is waiting', 'revision');
    elsif not (r.state = 'approved' or (r.state = 'outcome_unknown' and r.retry_safe)) then
        perform fail('wrong_state', format('The request is %s', r.state), 'state');
    elsif a.cancel_requested_at is not null then
        perform fail('conflict', 'The request was cancelled', 'cancelled');
    elsif a.valid_until <= clock_timestamp() then
        perform fail('conflict', 'The approval is too old', 'expired');
    end if;
    select v.bundle_sha256 into stored from revision v
        where v.request_id = a.request_id and v.revision = a.revision;
    digest := bundle_digest(a.request_id, a.revision);
    if digest is null or digest <> stored then
        perform fail('stale', 'The stored bytes are not the ones that were approved', 'digest');
    elsif cardinality(approvals(a.request_id, digest)) < quorum(a.request_id) then
        perform fail('conflict', 'Not enough valid approvals', 'quorum');
    end if;
end
$$;
comment on function cs.attempt_authority is
    'Raises unless this attempt may run now; the field names the reason: revision, state,
cancelled, expired, digest or quorum.';

create or replace function cs.is_paused(team_id bigint, backend text) returns bool
    language plpgsql stable as $$
begin
    return exists (select from cs.pause p
                   where p.scope in ('all', 'team:' || team_id, 'backend:' || backend));
end
$$;
comment on function cs.is_paused is
    'Whether all runs, those of a team or those of a backend are paused.';

create or replace function cs.pause_check(a cs.attempt) returns void
    language plpgsql as $$
begin
    if is_paused((select r.team_id from request r where r.id = a.request_id), a.backend) then
        perform fail('unavailable', 'Runs are paused', 'paused');
    end if;
end
$$;
comment on function cs.pause_check is 'unavailable while an attempt may not start.';

create or replace function cs.attempt_move() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        perform move_check('attempt', '', new.state);
        if new.fence <> 0 or new.worker_id is not null then
            raise exception 'A new attempt belongs to no worker' using errcode = 'CS002';
        elsif not bundle_intact(new.request_id, new.revision) then
            perform fail('stale', 'The stored bytes of an input file have changed', 'digest');
        end if;
        perform attempt_authority(new);
        return new;
    end if;
    if (new.id, new.request_id, new.revision, new.round, new.backend, new.valid_until,
        new.created_at) is distinct from
            (old.id, old.request_id, old.revision, old.round, old.backend, old.valid_until,
             old.created_at)
            or new.fence <> old.fence + (old.state = 'ready' and new.state = 'claimed')::int then
        raise exception 'What an attempt runs never changes, its fence only with a claim'
            using errcode = 'CS002';
    end if;
    if new.state <> old.state then
        perform move_check('attempt', old.state, new.state);
        if new.state = 'starting' then
            perform pause_check(new);
            perform attempt_authority(new);
        end if;
    end if;
    return new;
end
$$;
comment on function cs.attempt_move is
    'Holds an attempt to its legal moves; lets none in, and none start, without valid approvals.';

create or replace trigger attempt_move before insert or update on cs.attempt
    for each row execute function cs.attempt_move();
