-- Signing in by the word of somebody else: a proxy, or an OpenID provider.

set search_path = cs, pg_temp;

create or replace function cs.sign_in_refused(login text, address text, reason text) returns void
    language plpgsql as $$
begin
    perform audit_put('sign_in', 0, jsonb_build_object('address', address), 'sign_in.failed',
        jsonb_strip_nulls(jsonb_build_object('login', left(lower(login), 100),
                                             'reason', reason)));
end
$$;
comment on function cs.sign_in_refused is 'The audit row of somebody whom we do not let in.';

create or replace function cs.newcomer(login text, name text, address text) returns cs.person
    language sql
    return cs.person_put(jsonb_build_object('address', address), null, jsonb_build_object(
        'login', lower(login), 'name', left(name, 100), 'roles', array['analyst']));
comment on function cs.newcomer is
    'Makes an analyst without a team of somebody new; conflict login, invalid_field.';

create or replace function cs.proxy_sign_in(login text, session jsonb, creates bool)
    returns bigint language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    p person;
    address text := session ->> 'address';
begin
    select * into p from person x where lower(x.login) = lower($1) for share;
    if p.id is null and creates then
        p := newcomer(login, login, address);
    end if;
    if p.id is null or p.disabled_at is not null or p.kind <> 'human' then
        perform sign_in_refused(login, address, 'proxy');
        return null;
    end if;
    perform session_open(p.id, 'proxy', session);
    return p.id;
end
$$;
comment on function cs.proxy_sign_in is
    'Opens a session for whom the proxy names: the person, or null for nobody, agents and people who
are disabled. `creates` makes somebody unknown; invalid_field login.';

create or replace function cs.oidc_begin(
    flow_sha256 bytea, session_id bigint, address text, seconds bigint) returns int
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    wait int := throttle_count(throttle_from(address), 20);
begin
    if wait > 0 then
        return wait;
    end if;
    delete from oidc_flow f where f.expires_at < clock_timestamp();
    insert into oidc_flow (flow_sha256, session_id, expires_at)
        values ($1, $2, clock_timestamp() + make_interval(secs => seconds));
    return 0;
end
$$;
comment on function cs.oidc_begin is
    'Somebody leaves for the provider, which counts as a try until they are back; seconds to wait
when there were too many.';

create or replace function cs.oidc_take(
    flow_sha256 bytea, ret_begun out bigint, ret_session_id out bigint)
    language sql security definer set search_path = cs, pg_temp as $$
    with taken as (delete from oidc_flow f where f.flow_sha256 = $1
                   returning f.created_at, f.session_id, f.expires_at)
    select extract(epoch from t.created_at)::bigint, t.session_id from taken t
    where t.expires_at > clock_timestamp()
$$;
comment on function cs.oidc_take is
    'Uses a flow up: the second it began in and the session to confirm; nulls for none.';

create or replace function cs.identity_put(
    actor jsonb, maker_id bigint, of_person cs.person, issuer text, subject text) returns void
    language plpgsql as $$
declare
    i external_identity;
begin
    if of_person.id is null or of_person.kind <> 'human' then
        perform fail('not_found', 'Only people sign in', 'person_id');
    end if;
    insert into external_identity values (issuer, subject, of_person.id, maker_id)
        returning * into i;
    perform audit_put('person', of_person.id, actor, 'person.identity',
        jsonb_build_object('issuer', issuer, 'subject', subject),
        identity_digest(i) || credential_put(of_person.id, maker_id, 'identity'));
exception when unique_violation then
    perform fail('conflict', 'This subject is somebody already', 'subject');
end
$$;
comment on function cs.identity_put is
    'Whom the provider means by a subject; not_found, conflict subject.';

create or replace function cs.identity_link(
    actor jsonb, person_id bigint, issuer text, subject text) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
    p person;
begin
    select * into p from person x where x.id = person_id;
    perform identity_put(actor_with_kind(actor, who), who.id, p, issuer, subject);
    return true;
end
$$;
comment on function cs.identity_link is
    'As admin: this subject of the provider is that person; wrong_role, not_found, conflict.';

-- An address counts when the provider has checked it.
create or replace function cs.oidc_first(claims jsonb, options jsonb) returns cs.person
    language plpgsql as $$
declare
    p person;
    email text := case when claims -> 'email_verified' = 'true' then claims ->> 'email' end;
    address text := options ->> 'address';
begin
    if email is null then
        return null;
    end if;
    select * into p from person x where lower(x.login) = lower(email);
    if p.id is null and (options ->> 'creates')::bool then
        p := newcomer(email, coalesce(nullif(claims ->> 'name', ''), email), address);
    elsif p.id is null or p.kind <> 'human' or not (options ->> 'by_email')::bool then
        return null;
    end if;
    perform identity_put(jsonb_build_object('address', address), null, p, claims ->> 'iss',
                         claims ->> 'sub');
    return p;
end
$$;
comment on function cs.oidc_first is
    'The person of a subject that comes for the first time, by its verified address, when the
settings allow that: {by_email, creates, address}; else null.';

create or replace function cs.oidc_person(claims jsonb) returns cs.person
    language sql stable as $$
    select p from cs.external_identity e join cs.person p on p.id = e.person_id
    where e.issuer = claims ->> 'iss' and e.subject = claims ->> 'sub'
$$;
comment on function cs.oidc_person is 'Whom issuer and subject of checked claims mean, or null.';

create or replace function cs.names_beside(claims jsonb) returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name) order by p.id), '[]')
    from person p
    where (select (oidc_person(claims)).id) is null
      and not exists (select from person x where lower(x.login) = lower(claims ->> 'email'))
$$;
comment on function cs.names_beside is
    '[{id, name}] of everybody, beside whom somebody new would be named; [] when checked claims mean
somebody we know.';

-- Who still is signed in at the provider comes back without having shown anything.
create or replace function cs.oidc_auth_time(claims jsonb) returns timestamptz
    language plpgsql as $$
declare
    said numeric := case when jsonb_typeof(claims -> 'auth_time') = 'number'
                         then (claims ->> 'auth_time')::numeric end;
begin
    return case when said between 0 and 1e11
        then least(to_timestamp(said::float8), clock_timestamp()) end;
end
$$;
comment on function cs.oidc_auth_time is
    'When somebody last showed the provider who they are; null when it does not say.';

create or replace function cs.oidc_sign_in(claims jsonb, session jsonb, options jsonb)
    returns bigint language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    p person := oidc_person(claims);
    address text := session ->> 'address';
    opened bigint;
begin
    if p.id is null then
        p := oidc_first(claims, options || jsonb_build_object('address', address));
    end if;
    if p.id is null or p.disabled_at is not null then
        perform sign_in_refused(coalesce(claims ->> 'email', claims ->> 'sub'), address, 'oidc');
        return null;
    end if;
    perform throttle_clear('', address);
    opened := session_open(p.id, 'oidc', session);
    update cs.session s set authenticated_at = oidc_auth_time(claims) where s.id = opened;
    return p.id;
end
$$;
comment on function cs.oidc_sign_in is
    'Opens a session for whom checked claims mean: the person, or null for nobody and people who are
disabled. It is as fresh as the provider says (auth_time). options: {by_email, creates}.';

create or replace function cs.oidc_confirm(actor jsonb, claims jsonb, session jsonb)
    returns text language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    if (oidc_person(claims)).id is distinct from (actor ->> 'person_id')::bigint then
        perform fail('forbidden', 'The provider names somebody else');
    end if;
    perform throttle_clear('', coalesce(actor ->> 'address', ''));
    return reauthenticate(actor, 'oidc', session);
end
$$;
comment on function cs.oidc_confirm is
    'reauthenticate by a fresh sign-in at the provider; forbidden when that was somebody else.';
