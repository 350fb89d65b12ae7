-- People and teams. Functions of the api take an actor who must be an admin.

set search_path = cs, pg_temp;

create or replace function cs.admin_of(actor jsonb) returns cs.person
    language plpgsql as $$
declare
    who person := actor_of(jsonb_build_object('actor', actor), 'admin');
begin
    if not has_role(who, 'admin') then
        perform fail('wrong_role', 'Only admins do this');
    end if;
    return who;
end
$$;
comment on function cs.admin_of is 'The admin who asks; wrong_role, unauthenticated, forbidden.';

create or replace function cs.actor_with_kind(actor jsonb, who cs.person) returns jsonb
    language sql stable parallel safe
    return actor || jsonb_build_object('kind', who.kind);
comment on function cs.actor_with_kind is 'The actor as audit rows want it.';

create or replace function cs.team_put(actor jsonb, name text) returns cs.team
    language plpgsql as $$
declare
    t team;
begin
    insert into team (name) values (name) returning * into t;
    perform audit_put('team', t.id, actor, 'team.create', jsonb_build_object('name', t.name),
                      team_digest(t));
    return t;
exception
    when unique_violation then
        perform fail('conflict', 'There is a team of this name', 'name');
    when check_violation or not_null_violation then
        perform fail('invalid_field', 'A team''s name has 1 to 100 characters', 'name');
end
$$;
comment on function cs.team_put is 'A new team; conflict name, invalid_field name.';

create or replace function cs.team_create(actor jsonb, name text) returns bigint
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
    t team := team_put(actor_with_kind(actor, who), name);
begin
    return t.id;
end
$$;
comment on function cs.team_create is
    'A new team, returns its id; wrong_role, conflict name, invalid_field name.';

create or replace function cs.texts_of(list jsonb) returns text[]
    language sql immutable parallel safe
    return case when jsonb_typeof(list) = 'array'
                then array(select jsonb_array_elements_text(list)) end;
comment on function cs.texts_of is 'A list of texts; null when it is no list.';

create or replace function cs.person_field(of_constraint text) returns text
    language sql immutable parallel safe
    return case of_constraint
        when 'person_login_check' then 'login' when 'person_name_check' then 'name'
        when 'person_owner_id_fkey' then 'owner_id'
        when 'team_member_team_id_fkey' then 'team_ids' else 'roles' end;
comment on function cs.person_field is 'The field that a broken constraint of person is about.';

create or replace function cs.person_put(actor jsonb, maker_id bigint, item jsonb)
    returns cs.person language plpgsql as $$
declare
    p person;
    wrong text;
begin
    insert into person (login, name, kind, roles, owner_id, created_by)
        values (lower(item ->> 'login'), item ->> 'name',
                case when (item -> 'roles') ? 'agent' then 'agent' else 'human' end,
                texts_of(item -> 'roles'), (item ->> 'owner_id')::bigint, maker_id)
        returning * into p;
    insert into team_member
        select p.id, t::bigint from unnest(texts_of(item -> 'team_ids')) t on conflict do nothing;
    perform audit_put('person', p.id, actor, 'person.create', item, person_digest(p));
    return p;
exception
    when unique_violation then
        perform fail('conflict', 'This login is taken', 'login');
    when not_null_violation then
        get stacked diagnostics wrong = column_name;
        perform fail('missing_field', wrong || ' is required', wrong);
    when check_violation or foreign_key_violation then
        get stacked diagnostics wrong = constraint_name;
        perform fail('invalid_field', 'This is not possible for a person', person_field(wrong));
end
$$;
comment on function cs.person_put is
    '{login, name, roles, owner_id (agents), team_ids} → person; conflict login, missing_field,
invalid_field.';

create or replace function cs.person_create(actor jsonb, item jsonb) returns bigint
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
    p person := person_put(actor_with_kind(actor, who), who.id, item);
begin
    return p.id;
end
$$;
comment on function cs.person_create is
    '{login, name, roles, team_ids, owner_id?} → id; wrong_role and the errors of person_put.';

create or replace function cs.person_alter(actor jsonb, person_id bigint, item jsonb)
    returns cs.person language plpgsql as $$
declare
    p person;
    wrong text;
begin
    perform right_watch('person', x.id, right_differs('person', x.id, person_digest(x)))
        from person x where x.id = $2;
    update person x set
            name = coalesce(item ->> 'name', x.name),
            roles = coalesce(texts_of(item -> 'roles'), x.roles),
            disabled_at = case (item ->> 'disabled')::bool when true then
                coalesce(x.disabled_at, clock_timestamp()) when false then null
                else x.disabled_at end
        where x.id = $2 returning * into p;
    if not found then
        perform fail('not_found', 'There is no such person');
    end if;
    if jsonb_typeof(item -> 'team_ids') = 'array' then
        delete from team_member m where m.person_id = p.id;
        insert into team_member select p.id, t::bigint from unnest(texts_of(item -> 'team_ids')) t
            on conflict do nothing;
    end if;
    if p.disabled_at is not null or jsonb_typeof(item -> 'roles') = 'array' then
        update session s set revoked_at = clock_timestamp()
            where s.person_id = p.id and s.revoked_at is null;
    end if;
    perform audit_put('person', p.id, actor, 'person.change', item, person_digest(p));
    return p;
exception when check_violation or foreign_key_violation then
    get stacked diagnostics wrong = constraint_name;
    perform fail('invalid_field', 'This is not possible for a person', person_field(wrong));
end
$$;
comment on function cs.person_alter is
    '{name?, roles?, team_ids?, disabled?}; new roles and disabling end all sessions; not_found,
invalid_field.';

create or replace function cs.person_change(actor jsonb, person_id bigint, item jsonb) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
begin
    perform person_alter(actor_with_kind(actor, who), person_id, item);
    return true;
end
$$;
comment on function cs.person_change is
    '{name?, roles?, team_ids?, disabled?}; wrong_role, not_found, invalid_field.';
