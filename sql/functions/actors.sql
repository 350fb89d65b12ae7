-- Who calls, and what they may see.

set search_path = cs, pg_temp;

create or replace function cs.owner_is_enabled(agent cs.person) returns bool
    language plpgsql stable as $$
begin
    return agent.owner_id is null or exists (
        select from person o where o.id = agent.owner_id and o.disabled_at is null);
end
$$;
comment on function cs.owner_is_enabled is
    'Whether somebody who may be here answers for an agent; true of people.';

create or replace function cs.caller(actor jsonb, scope text)
    returns table (who cs.person, fault text) language sql stable as $$
    select p.who, case
        when p.who is null or (p.who).disabled_at is not null
            or (actor ->> 'session_id' is not null and s.id is null) then 'signed_in'
        when actor ->> 'token_id' is not null and (t.scopes is null
            or not cs.owner_is_enabled(p.who)) then 'token'
        when scope <> all (t.scopes) then 'scope' end
    from (select 1) one
    left join lateral (select p as who from cs.person p
        where p.id = (actor ->> 'person_id')::bigint offset 0) p on true
    left join lateral (select s.id from cs.session s
        where s.id = (actor ->> 'session_id')::bigint and s.person_id = (p.who).id
            and s.revoked_at is null and s.expires_at > clock_timestamp() offset 0) s on true
    left join lateral (select t.scopes from cs.api_token t
        where t.id = (actor ->> 'token_id')::bigint and t.person_id = (p.who).id
            and t.revoked_at is null
            and (t.expires_at is null or t.expires_at > clock_timestamp()) offset 0) t on true
$$;
comment on function cs.caller is
    'The person of an actor, and why it may not act: signed_in unless enabled and the session is
live, token unless that is live and an agent''s owner is enabled, scope unless the token has it.';

create or replace function cs.caller_error(fault text, scope text) returns jsonb
    language sql immutable parallel safe
    return case fault
        when 'signed_in' then cs.error_result('unauthenticated', 'Sign in again', '')
        when 'token' then cs.error_result('unauthenticated',
            'This token is not valid, or not any more', '')
        when 'scope' then cs.error_result('forbidden',
            format('This token has no scope "%s"', scope), '') end;
comment on function cs.caller_error is 'What is answered to a fault of cs.caller, else null.';

create or replace function cs.actor_of(item jsonb, scope text) returns cs.person
    language plpgsql as $$
declare
    c record;
begin
    select * into c from caller(item -> 'actor', scope);
    if c.fault is not null then
        perform error_fail(caller_error(c.fault, scope));
    end if;
    return c.who;
end
$$;
comment on function cs.actor_of is
    'The person of an element; unauthenticated or forbidden, see cs.caller.';

create or replace function cs.has_role(who cs.person, role text) returns bool
    language sql immutable parallel safe
    return role = any (who.roles);
comment on function cs.has_role is 'Whether a person has a role.';

create or replace function cs.can_see(who cs.person, r cs.request) returns bool
    language plpgsql stable as $$
begin
    return r.author_id = who.id or 'admin' = any (who.roles)
        or ('reviewer' = any (who.roles) and exists (
            select from cs.team_member m where m.person_id = who.id and m.team_id = r.team_id))
        or exists (select from cs.person a where a.id = r.author_id and a.owner_id = who.id);
end
$$;
comment on function cs.can_see is
    'Author, owner of the author-agent, reviewers of the team, admins: nobody else sees it.';

create or replace function cs.request_for(who cs.person, request_id bigint) returns cs.request
    language plpgsql as $$
declare
    r request;
begin
    select * into r from request where id = request_id for no key update;
    if not found or not can_see(who, r) then
        perform fail('not_found', 'This request does not exist, or is not shared with you');
    end if;
    return r;
end
$$;
comment on function cs.request_for is
    'A request, locked; not_found also when it is not shared with the caller.';

create or replace function cs.actor_json(item jsonb, who cs.person) returns jsonb
    language sql stable parallel safe
    return (item -> 'actor') || jsonb_build_object('kind', who.kind);
comment on function cs.actor_json is 'The actor of an element as audit rows want it.';

create or replace function cs.event_of(r cs.request, owner_id bigint, state text, what text)
    returns jsonb language sql
    return jsonb_build_object('id', r.id, 'state', state, 'revision', r.revision,
        'team_id', r.team_id, 'author_id', r.author_id, 'owner_id', owner_id,
        'at', cs.iso(clock_timestamp()), 'what', what);
comment on function cs.event_of is
    'What the live feed is told about a request whose author, an agent, somebody owns.';

create or replace function cs.event_json(r cs.request, state text, what text) returns jsonb
    language plpgsql stable as $$
begin
    return event_of(r, (select p.owner_id from person p where p.id = r.author_id), state, what)
           || held_json(r.id, state);
end
$$;
comment on function cs.event_json is 'What the live feed is told about a request.';

create or replace function cs.held_json(request_id bigint, state text) returns jsonb
    language plpgsql stable as $$
begin
    return case when state = 'outcome_unknown' and cs.run_is_held($1)
        then '{"held": true}'::jsonb else '{}' end;
end
$$;
comment on function cs.held_json is
    '{held: true} of a lost run that a worker is watching, else {}.';

create or replace function cs.push_json(queue text, id bigint) returns jsonb
    language sql stable parallel safe
    return jsonb_build_array(jsonb_build_object('queue', queue, 'id', id));
comment on function cs.push_json is 'A hint to ring after the commit.';
