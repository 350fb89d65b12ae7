-- What the operator's command calls: no person asks, the audit rows say "operator".

set search_path = cs, pg_temp;

create or replace function cs.person_named(login text) returns cs.person
    language plpgsql stable as $$
declare
    p person;
begin
    select * into p from person x where lower(x.login) = lower($1);
    if not found then
        perform fail('not_found', format('Nobody has the login "%s"', login), 'login');
    end if;
    return p;
end
$$;
comment on function cs.person_named is 'The person of a login; not_found.';

create or replace function cs.team_ids_named(names jsonb) returns jsonb
    language plpgsql stable as $$
declare
    wanted text[] := texts_of(names);
    missing text;
begin
    if wanted is null then
        return null;
    end if;
    select w into missing from unnest(wanted) w
        where not exists (select from team t where lower(t.name) = lower(w)) limit 1;
    if found then
        perform fail('not_found', format('There is no team "%s"', missing), 'teams');
    end if;
    return to_jsonb(array(select t.id from unnest(wanted) w
                          join team t on lower(t.name) = lower(w)));
end
$$;
comment on function cs.team_ids_named is 'Ids of teams by their names; null for null; not_found.';

create or replace function cs.operator_team_add(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    t team;
begin
    select * into t from team x where lower(x.name) = lower(item ->> 'name');
    if not found then
        t := team_put('{"kind": "operator"}', item ->> 'name');
    end if;
    return team_json(t.id);
end
$$;
comment on function cs.operator_team_add is
    '{name} → {id, name}; a team that is there already is returned as it is; invalid_field name.';

create or replace function cs.operator_teams() returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name, 'people',
        (select count(*) from team_member m where m.team_id = t.id)) order by t.id), '[]')
    from team t
$$;
comment on function cs.operator_teams is '[{id, name, people}].';

create or replace function cs.operator_person_json(p cs.person) returns jsonb
    language sql stable
    return jsonb_build_object('id', p.id, 'login', p.login, 'name', p.name, 'kind', p.kind,
        'roles', to_jsonb(p.roles), 'teams', (
            select coalesce(jsonb_agg(t.name order by t.id), '[]')
            from cs.team_member m join cs.team t on t.id = m.team_id where m.person_id = p.id),
        'owner', (select o.login from cs.person o where o.id = p.owner_id),
        'disabled', p.disabled_at is not null,
        'has_password', exists (select from cs.password w where w.person_id = p.id),
        'second_factor', exists (select from cs.second_factor f where f.person_id = p.id),
        'created_at', cs.iso(p.created_at));
comment on function cs.operator_person_json is 'A person as the operator''s command shows it.';

create or replace function cs.operator_person_add(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    owner person;
    p person;
begin
    if item ->> 'owner' is not null then
        owner := person_named(item ->> 'owner');
    end if;
    p := person_put('{"kind": "operator"}', null, jsonb_build_object('login', item -> 'login',
        'name', item -> 'name', 'roles', item -> 'roles', 'owner_id', owner.id,
        'team_ids', team_ids_named(item -> 'teams')));
    return operator_person_json(p);
end
$$;
comment on function cs.operator_person_add is
    '{login, name, roles, teams, owner (agents)} → person; not_found teams or login, conflict login,
missing_field, invalid_field.';

create or replace function cs.operator_people() returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select coalesce(jsonb_agg(operator_person_json(p) order by p.id), '[]') from person p
$$;
comment on function cs.operator_people is 'All people.';

create or replace function cs.operator_person_update(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    p person := person_named(item ->> 'login');
begin
    p := person_alter('{"kind": "operator"}', p.id, jsonb_strip_nulls(jsonb_build_object(
        'name', item -> 'name', 'roles', item -> 'roles', 'disabled', item -> 'disabled',
        'team_ids', team_ids_named(item -> 'teams'))));
    return operator_person_json(p);
end
$$;
comment on function cs.operator_person_update is
    '{login, name?, roles?, teams?, disabled?} → person; not_found, invalid_field.';

create or replace function cs.operator_link_add(item jsonb, token_sha256 bytea) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    p person := person_named(item ->> 'login');
    until timestamptz := link_put('{"kind": "operator"}', null, p, $2,
                                  coalesce((item ->> 'seconds')::bigint, 3600));
begin
    if (item ->> 'forget_password')::bool then
        delete from password w where w.person_id = p.id;
        perform audit_put('person', p.id, '{"kind": "operator"}', 'person.password',
                          '{"forgotten": true}');
    end if;
    return jsonb_build_object('person_id', p.id, 'expires_at', iso(until));
end
$$;
comment on function cs.operator_link_add is '{login, seconds, forget_password?} →
{person_id, expires_at}; without a password a new one is set by who opens the link. not_found.';

create or replace function cs.operator_token_add(item jsonb, token_sha256 bytea) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    p person := person_named(item ->> 'login');
    t api_token := token_put('{"kind": "operator"}', null, p, item, $2);
begin
    return jsonb_build_object('id', t.id, 'expires_at', iso(t.expires_at));
end
$$;
comment on function cs.operator_token_add is
    '{login, name, prefix, scopes, seconds} → {id, expires_at}; not_found, invalid_field.';

create or replace function cs.operator_tokens() returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'login', p.login, 'name', t.name,
        'prefix', t.prefix, 'scopes', to_jsonb(t.scopes), 'created_at', iso(t.created_at),
        'expires_at', iso(t.expires_at), 'used_at', iso(t.used_at),
        'revoked_at', iso(t.revoked_at)) order by t.id), '[]')
    from api_token t join person p on p.id = t.person_id
$$;
comment on function cs.operator_tokens is 'All tokens without their secrets.';

create or replace function cs.operator_token_revoke(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    t api_token;
begin
    select * into t from api_token x where x.id = (item ->> 'id')::bigint;
    if not found then
        perform fail('not_found', 'There is no such token', 'id');
    end if;
    perform token_end('{"kind": "operator"}', t);
    return jsonb_build_object('id', t.id);
end
$$;
comment on function cs.operator_token_revoke is '{id} → {id}; not_found.';
