-- People, teams, sign-in links and API tokens. The operator's command passes an actor
-- without a person; the api passes the admin who asks.

create or replace function cs.admin_of(actor jsonb) returns cs.person
    language plpgsql set search_path = cs, pg_temp as $$
declare
    who person;
begin
    if session_user = 'countersign_api' or actor ->> 'person_id' is not null then
        who := actor_of(jsonb_build_object('actor', actor), 'admin');
        if not has_role(who, 'admin') then
            perform fail('wrong_role', 'Only admins do this');
        end if;
    end if;
    return who;
end
$$;
comment on function cs.admin_of is
    'The admin who asks; nobody for the operator''s command; wrong_role, unauthenticated.';

create or replace function cs.actor_kind(actor jsonb, who cs.person) returns jsonb
    language sql immutable parallel safe
    return coalesce(actor, '{}') || jsonb_build_object('kind', coalesce(who.kind, 'operator'));
comment on function cs.actor_kind is 'The actor with its kind; operator when it is no person.';

create or replace function cs.team_create(actor jsonb, name text) returns bigint
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
    new_id bigint;
begin
    insert into team (name) values ($2) returning id into new_id;
    perform audit_put('team', new_id, actor_kind(actor, who), 'team.create',
                      jsonb_build_object('name', $2));
    return new_id;
exception
    when unique_violation then
        perform fail('conflict', 'There is a team of this name', 'name');
    when check_violation or not_null_violation then
        perform fail('invalid_field', 'A team''s name has 1 to 100 characters', 'name');
end
$$;
comment on function cs.team_create is 'A new team, returns its id; wrong_role, conflict name.';

create or replace function cs.person_create(actor jsonb, item jsonb) returns bigint
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
    wanted_roles text[] := array(select jsonb_array_elements_text(item -> 'roles'));
    new_id bigint;
    wrong text;
begin
    insert into person (login, name, kind, roles, owner_id, created_by)
        values (lower(item ->> 'login'), item ->> 'name', coalesce(item ->> 'kind', 'human'),
                wanted_roles, (item ->> 'owner_id')::bigint, who.id)
        returning id into new_id;
    insert into team_member select new_id, t::bigint
        from jsonb_array_elements_text(coalesce(item -> 'team_ids', '[]')) t;
    perform audit_put('person', new_id, actor_kind(actor, who), 'person.create', item);
    return new_id;
exception
    when unique_violation then
        perform fail('conflict', 'This login is taken', 'login');
    when check_violation or not_null_violation or foreign_key_violation then
        get stacked diagnostics wrong = constraint_name;
        perform fail('invalid_field', 'Not a valid person', case wrong
            when 'person_login_check' then 'login' when 'person_name_check' then 'name'
            when 'person_owner_id_fkey' then 'owner_id'
            when 'team_member_team_id_fkey' then 'team_ids' else 'roles' end);
end
$$;
comment on function cs.person_create is
    '{login, name, kind?, roles, owner_id? (agents), team_ids} → id; wrong_role, conflict login,
invalid_field.';

create or replace function cs.person_id_of(login text) returns bigint
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    found_id bigint := (select p.id from person p where lower(p.login) = lower($1));
begin
    if found_id is null then
        perform fail('not_found', format('Nobody has the login "%s"', login), 'login');
    end if;
    return found_id;
end
$$;
comment on function cs.person_id_of is 'The id of a login; not_found.';

create or replace function cs.person_change(actor jsonb, person_id bigint, item jsonb) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
    p person;
begin
    select * into p from person x where x.id = person_id for no key update;
    if not found then
        perform fail('not_found', 'There is no such person');
    end if;
    update person x set
            name = coalesce(item ->> 'name', x.name),
            roles = case when item ? 'roles' then
                array(select jsonb_array_elements_text(item -> 'roles')) else x.roles end,
            disabled_at = case (item ->> 'disabled')::bool when true then
                coalesce(x.disabled_at, clock_timestamp()) when false then null
                else x.disabled_at end
        where x.id = person_id returning * into p;
    if item ? 'team_ids' then
        delete from team_member m where m.person_id = $2;
        insert into team_member select $2, t::bigint
            from jsonb_array_elements_text(item -> 'team_ids') t;
    end if;
    if p.disabled_at is not null or item ? 'roles' then
        update session s set revoked_at = clock_timestamp()
            where s.person_id = $2 and s.revoked_at is null;
    end if;
    perform audit_put('person', person_id, actor_kind(actor, who), 'person.change', item);
    return true;
exception when check_violation or foreign_key_violation then
    perform fail('invalid_field', 'Not a valid change of a person');
end
$$;
comment on function cs.person_change is
    '{name?, roles?, team_ids?, disabled?}; new roles and disabling end all sessions; not_found,
wrong_role, invalid_field.';

create or replace function cs.login_link_create(
    actor jsonb, login text, token_sha256 bytea, seconds bigint) returns bigint
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
    of_id bigint := person_id_of(login);
begin
    if exists (select from person p where p.id = of_id
               and (p.disabled_at is not null or p.kind <> 'human')) then
        perform fail('conflict', 'Only people who are enabled sign in', 'login');
    end if;
    update login_link l set expires_at = clock_timestamp()
        where l.person_id = of_id and l.used_at is null and l.expires_at > clock_timestamp();
    insert into login_link values (token_sha256, of_id, who.id, clock_timestamp(),
        clock_timestamp() + make_interval(secs => least(seconds, 604800)));
    insert into credential_event (person_id, by_id, kind) values (of_id, who.id, 'link');
    perform audit_put('person', of_id, actor_kind(actor, who), 'person.link');
    return of_id;
end
$$;
comment on function cs.login_link_create is
    'A one-time sign-in link; an older unused one ends. Returns the person; not_found, conflict.';

create or replace function cs.token_create(actor jsonb, item jsonb, token_sha256 bytea)
    returns bigint language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person;
    of_person person;
    wanted text[] := array(select jsonb_array_elements_text(item -> 'scopes'));
    new_id bigint;
begin
    who := token_maker(actor, (item ->> 'person_id')::bigint);
    select * into of_person from person p where p.id = (item ->> 'person_id')::bigint;
    if of_person.id is null or of_person.disabled_at is not null then
        perform fail('not_found', 'There is no such person', 'person_id');
    elsif of_person.kind = 'agent' and wanted && array['decide', 'admin'] then
        perform fail('invalid_field', 'An agent never decides and never administers', 'scopes');
    end if;
    insert into api_token (person_id, created_by, name, prefix, token_sha256, scopes, expires_at)
        values (of_person.id, who.id, item ->> 'name', coalesce(item ->> 'prefix', ''),
                token_sha256, wanted,
                clock_timestamp() + make_interval(secs => (item ->> 'seconds')::bigint))
        returning id into new_id;
    insert into credential_event (person_id, by_id, kind) values (of_person.id, who.id, 'token');
    perform audit_put('person', of_person.id, actor_kind(actor, who), 'token.create',
        jsonb_build_object('token_id', new_id, 'name', item ->> 'name', 'scopes', wanted));
    return new_id;
exception when check_violation or not_null_violation then
    perform fail('invalid_field', 'Not a valid token', 'scopes');
end
$$;
comment on function cs.token_create is
    'item {person_id, name, prefix, scopes, seconds?} → id; not_found, wrong_role, invalid_field.';

create or replace function cs.token_maker(actor jsonb, for_id bigint) returns cs.person
    language plpgsql set search_path = cs, pg_temp as $$
declare
    who person;
begin
    if session_user <> 'countersign_api' and actor ->> 'person_id' is null then
        return null;
    end if;
    who := actor_of(jsonb_build_object('actor', actor), 'admin');
    if who.id <> for_id and not has_role(who, 'admin') and not exists (
            select from person p where p.id = for_id and p.owner_id = who.id) then
        perform fail('wrong_role', 'Tokens are made for oneself and one''s agents');
    end if;
    return who;
end
$$;
comment on function cs.token_maker is
    'Who makes a token: oneself, the agent''s owner, an admin, or the operator; wrong_role.';

create or replace function cs.token_revoke(actor jsonb, token_id bigint) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person;
    t api_token;
begin
    select * into t from api_token x where x.id = $2;
    if not found then
        perform fail('not_found', 'There is no such token');
    end if;
    who := token_maker(actor, t.person_id);
    update api_token x set revoked_at = coalesce(x.revoked_at, clock_timestamp()) where x.id = $2;
    perform audit_put('person', t.person_id, actor_kind(actor, who), 'token.revoke',
                      jsonb_build_object('token_id', $2));
    return true;
end
$$;
comment on function cs.token_revoke is 'Ends a token for good; not_found, wrong_role.';

create or replace function cs.pause_set(actor jsonb, scope text, paused bool, reason text)
    returns bool language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
begin
    if paused then
        insert into pause values ($2, coalesce($4, '')) on conflict do nothing;
    else
        delete from pause p where p.scope = $2;
    end if;
    perform audit_put('system', 1, actor_kind(actor, who),
        case when paused then 'pause.set' else 'pause.clear' end,
        jsonb_build_object('scope', $2, 'reason', $4));
    return true;
exception when check_violation then
    perform fail('invalid_field', 'scope must be all or team:<id>', 'scope');
end
$$;
comment on function cs.pause_set is
    'Stops or allows claims and starts; scope all or team:<id>; wrong_role, invalid_field.';
