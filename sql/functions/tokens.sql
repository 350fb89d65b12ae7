-- Sign-in links and API tokens. Only the SHA-256 of a secret ever comes here.

set search_path = cs, pg_temp;

create or replace function cs.link_put(
    actor jsonb, maker_id bigint, of_person cs.person, token_sha256 bytea, seconds bigint)
    returns timestamptz language plpgsql as $$
declare
    until timestamptz := clock_timestamp() + make_interval(secs => least(seconds, 604800));
begin
    if of_person.id is null or of_person.disabled_at is not null or of_person.kind <> 'human' then
        perform fail('not_found', 'Only people who are enabled sign in', 'login');
    end if;
    update login_link l set expires_at = clock_timestamp()
        where l.person_id = of_person.id and l.used_at is null
          and l.expires_at > clock_timestamp();
    insert into login_link (token_sha256, person_id, created_by, expires_at)
        values (token_sha256, of_person.id, maker_id, until);
    perform audit_put('person', of_person.id, actor, 'person.link',
                      jsonb_build_object('expires_at', iso(until)),
                      credential_put(of_person.id, maker_id, 'link'));
    return until;
end
$$;
comment on function cs.link_put is
    'A one-time sign-in link and when it ends, at most in 7 days; an older unused one ends;
not_found.';

create or replace function cs.login_link_create(
    actor jsonb, login text, token_sha256 bytea, seconds bigint) returns bigint
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
    p person := person_named(login);
begin
    perform link_put(actor_with_kind(actor, who), who.id, p, token_sha256, seconds);
    return p.id;
end
$$;
comment on function cs.login_link_create is
    'A one-time sign-in link for somebody; returns the person; wrong_role, not_found.';

create or replace function cs.token_put(
    actor jsonb, maker_id bigint, of_person cs.person, item jsonb, token_sha256 bytea)
    returns cs.api_token language plpgsql as $$
declare
    wanted text[] := texts_of(item -> 'scopes');
    t api_token;
begin
    if of_person.id is null or of_person.disabled_at is not null then
        perform fail('not_found', 'There is no such person', 'person_id');
    elsif of_person.kind = 'agent' and wanted && array['decide', 'admin'] then
        perform fail('invalid_field', 'An agent never decides and never administers', 'scopes');
    elsif of_person.id <> maker_id and wanted && array['decide', 'admin'] then
        perform fail('invalid_field', 'Who decides or administers makes the token for it',
                     'scopes');
    end if;
    insert into api_token (person_id, created_by, name, prefix, token_sha256, scopes, expires_at)
        values (of_person.id, maker_id, item ->> 'name', coalesce(item ->> 'prefix', ''),
                token_sha256, wanted,
                clock_timestamp() + make_interval(secs => (item ->> 'seconds')::bigint))
        returning * into t;
    perform audit_put('person', of_person.id, actor, 'token.create',
        jsonb_build_object('token_id', t.id, 'name', t.name, 'scopes', wanted),
        token_digest(t) || credential_put(of_person.id, maker_id, 'token'));
    return t;
exception when check_violation or not_null_violation then
    perform fail('invalid_field', 'A token needs a name, and scopes out of read, submit, decide '
                 'and admin', 'scopes');
end
$$;
comment on function cs.token_put is
    '{name, prefix, scopes, seconds} → token; not_found, invalid_field scopes. But for the operator,
nobody makes one that decides or administers as somebody else.';

create or replace function cs.token_maker(actor jsonb, for_id bigint) returns cs.person
    language plpgsql as $$
declare
    who person := actor_of(jsonb_build_object('actor', actor), 'admin');
begin
    if who.id is distinct from for_id and not has_role(who, 'admin') and not exists (
            select from person p where p.id = for_id and p.owner_id = who.id) then
        perform fail('wrong_role', 'Tokens are made for oneself and one''s agents');
    end if;
    return who;
end
$$;
comment on function cs.token_maker is
    'Who makes or ends a token: oneself, the agent''s owner or an admin; wrong_role.';

create or replace function cs.token_create(actor jsonb, item jsonb, token_sha256 bytea)
    returns bigint language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    for_id bigint := coalesce((item ->> 'person_id')::bigint, (actor ->> 'person_id')::bigint);
    who person := token_maker(actor, for_id);
    p person;
    t api_token;
begin
    select * into p from person x where x.id = for_id;
    t := token_put(actor_with_kind(actor, who), who.id, p, item, token_sha256);
    return t.id;
end
$$;
comment on function cs.token_create is
    'item {person_id?, name, prefix, scopes, seconds?} → id; wrong_role, not_found, invalid_field.';

create or replace function cs.token_end(actor jsonb, t cs.api_token) returns bool
    language plpgsql as $$
begin
    perform right_watch('person', x.person_id, right_differs('person', x.person_id,
                                                             token_digest(x)))
        from api_token x where x.id = t.id and x.revoked_at is null;
    update api_token x set revoked_at = clock_timestamp()
        where x.id = t.id and x.revoked_at is null returning x.* into t;
    if found then
        perform audit_put('person', t.person_id, actor, 'token.revoke',
                          jsonb_build_object('token_id', t.id), token_digest(t));
    end if;
    return found;
end
$$;
comment on function cs.token_end is 'Ends a token for good; false when it had ended.';

create or replace function cs.token_revoke(actor jsonb, token_id bigint) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := actor_of(jsonb_build_object('actor', actor), 'admin');
    t api_token;
begin
    select * into t from api_token x where x.id = $2 and (
        x.person_id = who.id or has_role(who, 'admin') or exists (
            select from person p where p.id = x.person_id and p.owner_id = who.id));
    if not found then
        perform fail('not_found', 'There is no such token');
    end if;
    return token_end(actor_with_kind(actor, who), t);
end
$$;
comment on function cs.token_revoke is
    'Ends a token of one''s own or of one''s agents, as admin any; not_found also for others''.';
