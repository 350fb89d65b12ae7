-- Signing in by the word of somebody else: a proxy, or an OpenID provider.

set search_path = cs, pg_temp;

create or replace function cs.session_begin(person_id bigint, how text, session jsonb)
    returns bigint language sql
    return cs.session_open(person_id, how, session ->> 'address', session ->> 'agent',
        decode(session ->> 'token_sha256', 'hex'), decode(session ->> 'csrf_sha256', 'hex'),
        (session ->> 'seconds')::bigint);
comment on function cs.session_begin is
    'session_open of {address, agent, token_sha256, csrf_sha256, seconds}.';

create or replace function cs.sign_in_refused(login text, address text, reason text) returns void
    language plpgsql as $$
begin
    perform audit_put('sign_in', 0, jsonb_build_object('address', address), 'sign_in.failed',
        jsonb_build_object('login', left(lower(login), 100), 'reason', reason));
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
    perform session_begin(p.id, 'proxy', session);
    return p.id;
end
$$;
comment on function cs.proxy_sign_in is
    'Opens a session for whom the proxy names: the person, or null for nobody, agents and people who
are disabled. `creates` makes somebody unknown; invalid_field login.';
