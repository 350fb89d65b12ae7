-- Reads about people, teams, tokens, sessions and the whole.

set search_path = cs, pg_temp;

create or replace function cs.teams_json(person_id bigint) returns jsonb
    language plpgsql stable as $$
begin
    return (select coalesce(jsonb_agg(cs.team_json(m.team_id) order by m.team_id), '[]')
            from cs.team_member m where m.person_id = $1);
end
$$;
comment on function cs.teams_json is 'The teams of a person: [{id, name}].';

create or replace function cs.me(person_id bigint) returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select jsonb_build_object(
        'person', jsonb_build_object('id', p.id, 'login', p.login, 'name', p.name,
            'kind', p.kind, 'roles', to_jsonb(p.roles), 'teams', teams_json(p.id)),
        'has_password', exists (select from password w where w.person_id = p.id),
        'waiting_for_review', waiting_for_review(p))
    from person p where p.id = $1
$$;
comment on function cs.me is '{person: {id, login, name, kind, roles, teams}, has_password,
waiting_for_review}.';

create or replace function cs.instance_get() returns text
    language sql stable security definer set search_path = cs, pg_temp
    as $$ select i.id::text from instance i $$;
comment on function cs.instance_get is 'The id of this instance.';

create or replace function cs.admin_only(person_id bigint) returns void
    language plpgsql stable as $$
begin
    if not exists (select from person p where p.id = person_id and 'admin' = any (p.roles)
                   and p.disabled_at is null) then
        perform fail('wrong_role', 'Only admins see this');
    end if;
end
$$;
comment on function cs.admin_only is 'wrong_role for everybody but admins.';

create or replace function cs.people_list(person_id bigint) returns jsonb
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
begin
    perform admin_only(person_id);
    return (select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'login', p.login,
        'name', p.name, 'kind', p.kind, 'roles', to_jsonb(p.roles), 'owner_id', p.owner_id,
        'teams', teams_json(p.id), 'created_at', iso(p.created_at),
        'disabled_at', iso(p.disabled_at),
        'second_factor', exists (select from second_factor f where f.person_id = p.id))
        order by p.id), '[]') from person p);
end
$$;
comment on function cs.people_list is 'All people; wrong_role.';

create or replace function cs.teams_list(person_id bigint) returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name,
        'people', (select count(*) from team_member m where m.team_id = t.id)) order by t.id), '[]')
    from team t
    where exists (select from person p where p.id = $1 and 'admin' = any (p.roles))
       or exists (select from team_member m where m.team_id = t.id and m.person_id = $1)
$$;
comment on function cs.teams_list is 'One''s own teams; all of them for admins.';

create or replace function cs.tokens_list(person_id bigint) returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name, 'prefix', t.prefix,
        'person', person_json(t.person_id), 'scopes', to_jsonb(t.scopes),
        'created_at', iso(t.created_at), 'expires_at', iso(t.expires_at),
        'used_at', iso(t.used_at), 'revoked_at', iso(t.revoked_at)) order by t.id), '[]')
    from api_token t join person p on p.id = t.person_id
    where $1 in (t.person_id, p.owner_id)
       or exists (select from person a where a.id = $1 and 'admin' = any (a.roles))
$$;
comment on function cs.tokens_list is 'One''s own tokens and those of one''s agents; all for
admins.';

create or replace function cs.sessions_of_whom(who cs.person, of_person bigint) returns void
    language plpgsql stable as $$
begin
    if of_person = who.id then
        return;
    elsif not coalesce(has_role(who, 'admin'), false) then
        perform fail('wrong_role', 'Only admins see the sessions of others');
    elsif not exists (select from person p where p.id = of_person) then
        perform fail('not_found', 'There is no such person', 'person_id');
    end if;
end
$$;
comment on function cs.sessions_of_whom is
    'One''s own sessions are one''s own business, those of others an admin''s; wrong_role,
not_found.';

create or replace function cs.sessions_list(
    person_id bigint, session_id bigint default null, of_person bigint default null)
    returns jsonb language plpgsql stable security definer set search_path = cs, pg_temp as $$
declare
    who person := (select p from person p where p.id = $1);
    of_whom bigint := coalesce(of_person, $1);
begin
    perform sessions_of_whom(who, of_whom);
    return (select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'how', s.how,
            'address', s.address, 'agent', s.agent, 'created_at', iso(s.created_at),
            'seen_at', iso(s.seen_at), 'expires_at', iso(s.expires_at),
            'authenticated_at', iso(s.authenticated_at), 'this', s.id is not distinct from $2)
            order by s.id desc), '[]')
        from session s
        where s.person_id = of_whom and s.revoked_at is null
          and s.expires_at > clock_timestamp());
end
$$;
comment on function cs.sessions_list is
    'The live sessions of oneself, or as admin of somebody, newest first; wrong_role, not_found.';

create or replace function cs.ready_check(version int) returns bool
    language sql stable security definer set search_path = cs, pg_temp
    as $$ select exists (select from schema_migration m where m.version >= $1) $$;
comment on function cs.ready_check is 'Whether the schema is at least of this version.';
