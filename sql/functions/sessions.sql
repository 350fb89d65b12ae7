-- Signing in: throttles, links, passwords, sessions.

set search_path = cs, pg_temp;

create or replace function cs.throttle_count(of_key text, allowed int) returns int
    language plpgsql as $$
declare
    t login_throttle;
    now timestamptz := clock_timestamp();
begin
    -- Blocked never: `now` may be later than that of somebody who came at the same moment.
    insert into login_throttle as l values (of_key, 0, now, '-infinity')
        on conflict (key) do update set
            failures = case when l.since < now - interval '15 minutes'
                            and l.blocked_until < now then 0 else l.failures end,
            since = case when l.since < now - interval '15 minutes'
                         and l.blocked_until < now then now else l.since end
        returning * into t;
    if t.blocked_until > now then
        return ceil(extract(epoch from t.blocked_until - now));
    end if;
    update login_throttle set failures = failures + 1,
            blocked_until = case when failures + 1 < allowed then blocked_until else
                now + least(15 * power(2, least(failures + 1 - allowed, 6)), 900)
                    * interval '1 second' end
        where key = of_key;
    return 0;
end
$$;
comment on function cs.throttle_count is
    'Counts one try as failed until it is taken back; seconds to wait when there were too many.';

create or replace function cs.throttle_from(address text) returns text
    language sql immutable
    return 'address:' || case when address not like '%:%' or address ilike '::ffff:%' then address
        else host(network(set_masklen(split_part(address, '%', 1)::inet, 64))) end;
comment on function cs.throttle_from is
    'The key under which tries from an address count. Who has one IPv6 address has all 64 bits of
its network: these count as one.';

create or replace function cs.throttle_login(login text) returns text
    language sql immutable
    return 'login:' || left(lower(login), 100);
comment on function cs.throttle_login is 'The key under which tries at an account count.';

create or replace function cs.throttle_return(of_key text, allowed int) returns void
    language sql as $$
    update login_throttle set failures = greatest(failures - 1, 0),
            blocked_until = case when failures - 1 < allowed then '-infinity'
                                 else blocked_until end
        where key = of_key
$$;
comment on function cs.throttle_return is 'Takes one try back that throttle_count counted.';

create or replace function cs.login_lookup(
    login text, address text, ret_person_id out bigint, ret_hash out text,
    ret_throttled_seconds out int)
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    ret_throttled_seconds := throttle_count(throttle_from(address), 20);
    if ret_throttled_seconds = 0 then -- who is blocked already does not block the account too
        ret_throttled_seconds := throttle_count(throttle_login(login), 5);
    end if;
    if ret_throttled_seconds = 0 then
        select p.id, w.hash into ret_person_id, ret_hash
            from person p join password w on w.person_id = p.id
            where lower(p.login) = lower($1) and p.disabled_at is null;
    end if;
end
$$;
comment on function cs.login_lookup is
    'Counts the try and answers (person_id, hash, throttled_seconds); all but the last are null for
unknown people, disabled ones, people without a password and throttled tries alike.';

create or replace function cs.throttle_clear(login text, address text) returns void
    language plpgsql as $$
begin
    perform throttle_return(throttle_from(address), 20);
    delete from login_throttle where key = throttle_login(login);
end
$$;
comment on function cs.throttle_clear is 'Takes back what a successful sign-in was counted as.';

create or replace function cs.session_open(
    person_id bigint, how text, session jsonb, shown text default null) returns bigint
    language plpgsql as $$
declare
    now timestamptz := clock_timestamp();
    new_id bigint;
begin
    insert into cs.session (person_id, token_sha256, csrf_sha256, how, address, agent, expires_at,
                            authenticated_at, factor_at)
        values ($1, decode(session ->> 'token_sha256', 'hex'),
                decode(session ->> 'csrf_sha256', 'hex'), how,
                left(session ->> 'address', 100), left(session ->> 'agent', 300),
                now + make_interval(secs => (session ->> 'seconds')::bigint),
                case when how in ('password', 'link') then now end,
                case when shown in ('app', 'recovery') then now end)
        returning id into new_id;
    perform audit_put('person', person_id, jsonb_build_object('person_id', person_id,
        'session_id', new_id, 'address', session ->> 'address'), 'session.open',
        jsonb_strip_nulls(jsonb_build_object('how', how, 'second_factor', shown)));
    return new_id;
end
$$;
comment on function cs.session_open is
    'A new session of {address, agent, token_sha256, csrf_sha256, seconds} with its audit row; shown
as factor_take says. Where a proxy or a provider vouches, nobody showed us anything: a provider may
say when they last showed it there.';

create or replace function cs.login_success(
    person_id bigint, login text, session jsonb, proof jsonb, ret_session_id out bigint,
    ret_fault out text)
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    p person;
    shown text;
begin
    select * into p from person x where x.id = person_id and lower(x.login) = lower($2)
        and x.disabled_at is null;
    if not found then
        perform fail('wrong_credentials', 'Login or password is wrong');
    end if;
    select a.ret_shown, a.ret_fault into shown, ret_fault
        from factor_asked(p, session ->> 'address', proof) a;
    if ret_fault is null then
        perform throttle_clear(login, session ->> 'address');
        ret_session_id := session_open(p.id, 'password', session, shown);
    end if;
end
$$;
comment on function cs.login_success is
    'After the password was right: opens a session when what a code proves is enough, else says why
not: (session_id, second_factor_required or wrong_code); wrong_credentials.';

create or replace function cs.login_failure(login text, address text, reason text) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    known bigint := (select p.id from person p where lower(p.login) = lower($1));
begin
    perform audit_put('sign_in', coalesce(known, 0), jsonb_build_object('address', $2),
        'sign_in.failed', jsonb_build_object('login', left(lower(login), 100),
                                             'reason', left(reason, 100)));
    return true;
end
$$;
comment on function cs.login_failure is 'The audit row of a failed or throttled sign-in.';

create or replace function cs.link_consume(
    link_sha256 bytea, session jsonb, proof jsonb, ret_person_id out bigint,
    ret_throttled_seconds out int, ret_fault out text)
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    address text := session ->> 'address';
    p person;
    shown text;
begin
    ret_throttled_seconds := throttle_count(throttle_from(address), 20);
    if ret_throttled_seconds > 0 then
        return;
    end if;
    select x.* into p from login_link l join person x on x.id = l.person_id
        where l.token_sha256 = $1 and x.disabled_at is null and l.used_at is null
          and l.expires_at > clock_timestamp() for no key update of l;
    if not found then
        perform sign_in_refused(null, address, 'link');
        return;
    end if;
    if exists (select from second_factor f where f.person_id = p.id) then -- codes are guessed, too
        ret_throttled_seconds := throttle_count(throttle_login(p.login), 5);
        if ret_throttled_seconds > 0 then
            return;
        end if;
    end if;
    select a.ret_shown, a.ret_fault into shown, ret_fault from factor_asked(p, address, proof) a;
    if ret_fault is not null then
        return;
    end if;
    update login_link l set used_at = clock_timestamp() where l.token_sha256 = $1;
    perform throttle_clear(case when shown <> 'none' then p.login else '' end, address);
    perform session_open(p.id, 'link', session, shown);
    ret_person_id := p.id;
end
$$;
comment on function cs.link_consume is
    'Uses a one-time link up and opens a session: (person_id, throttled_seconds, fault). The person
is null when the link is unknown, used or too old, and where a code is needed or wrong, which the
fault says: then the link is still good.';

create or replace function cs.session_check(
    token_sha256 bytea, idle_seconds bigint) returns table (
        session_id bigint, person_id bigint, login text, name text, kind text, owner_id bigint,
        roles text, team_ids text, csrf_sha256 bytea, expires_at text, has_password bool,
        authenticated_at text, has_factor bool, shows_factor bool)
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    s session;
begin
    select * into s from session x where x.token_sha256 = $1 and x.revoked_at is null
        and x.expires_at > clock_timestamp()
        and x.seen_at > clock_timestamp() - make_interval(secs => idle_seconds);
    if not found then
        return;
    elsif s.seen_at < clock_timestamp() - interval '1 minute' then
        update session x set seen_at = clock_timestamp() where x.id = s.id;
    end if;
    return query select s.id, p.id, p.login, p.name, p.kind, p.owner_id,
            array_to_string(p.roles, ','),
            array_to_string(array(select m.team_id from team_member m where m.person_id = p.id
                                  order by 1), ','),
            s.csrf_sha256, iso(s.expires_at),
            exists (select from password w where w.person_id = p.id), iso(s.authenticated_at),
            exists (select from second_factor f where f.person_id = p.id), session_shows_factor(s)
        from person p where p.id = s.person_id and p.disabled_at is null;
end
$$;
comment on function cs.session_check is
    'The person behind a session token, or no row; roles and team_ids joined by commas; notes the
visit at most once a minute.';

create or replace function cs.token_check(token_sha256 bytea) returns table (
        token_id bigint, person_id bigint, login text, name text, kind text, owner_id bigint,
        roles text, team_ids text, scopes text, has_factor bool, shows_factor bool)
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    t api_token;
begin
    select * into t from api_token x where x.token_sha256 = $1 and x.revoked_at is null
        and (x.expires_at is null or x.expires_at > clock_timestamp());
    if not found then
        return;
    elsif t.used_at is null or t.used_at < clock_timestamp() - interval '1 minute' then
        update api_token x set used_at = clock_timestamp() where x.id = t.id;
    end if;
    return query select t.id, p.id, p.login, p.name, p.kind, p.owner_id,
            array_to_string(p.roles, ','),
            array_to_string(array(select m.team_id from team_member m where m.person_id = p.id
                                  order by 1), ','),
            array_to_string(t.scopes, ','), f.since is not null,
            coalesce(t.created_at >= f.since, false)
        from person p left join second_factor f on f.person_id = p.id
        where p.id = t.person_id and p.disabled_at is null and owner_is_enabled(p);
end
$$;
comment on function cs.token_check is
    'The person behind an API token, or no row, as for an agent whose owner is disabled; lists
joined by commas.';

create or replace function cs.session_close(session_id bigint, actor jsonb) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := actor_of(jsonb_build_object('actor', actor), 'admin');
    of_person bigint;
begin
    update session s set revoked_at = clock_timestamp()
        where s.id = $1 and s.revoked_at is null
          and (s.person_id = who.id or has_role(who, 'admin'))
        returning s.person_id into of_person;
    if not found then
        perform fail('not_found', 'There is no such session');
    end if;
    perform audit_put('person', of_person, actor_json(jsonb_build_object('actor', actor), who),
        'session.close', jsonb_build_object('session_id', $1));
    return true;
end
$$;
comment on function cs.session_close is 'Ends one''s own session, or as admin anybody''s;
not_found.';

create or replace function cs.sessions_close(actor jsonb, of_person bigint) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := actor_of(jsonb_build_object('actor', actor), 'admin');
    ended bigint[];
begin
    perform sessions_of_whom(who, of_person);
    with closed as (
        update session s set revoked_at = clock_timestamp()
            where s.person_id = of_person and s.revoked_at is null
              and s.expires_at > clock_timestamp()
              and s.id is distinct from (actor ->> 'session_id')::bigint
            returning s.id)
        select coalesce(array_agg(c.id order by c.id), '{}') into ended from closed c;
    if ended <> '{}' then
        perform audit_put('person', of_person,
            actor_json(jsonb_build_object('actor', actor), who), 'session.close_all',
            jsonb_build_object('session_ids', ended));
    end if;
    return to_jsonb(ended);
end
$$;
comment on function cs.sessions_close is
    'Ends all sessions of a person but the one that asks: their ids; wrong_role, not_found.';

create or replace function cs.session_is_fresh(session_id bigint, seconds bigint) returns bool
    language sql stable security definer set search_path = cs, pg_temp as $$
    select exists (select from session s
        where s.id = $1 and s.revoked_at is null and s.expires_at > clock_timestamp()
          and s.authenticated_at > clock_timestamp() - make_interval(secs => seconds)
          and session_is_enough(s))
$$;
comment on function cs.session_is_fresh is
    'Whether the person behind a live session showed who they are within so many seconds, with a
code of the second factor if they have one.';

create or replace function cs.confirm_count(session_id bigint) returns int
    language sql security definer set search_path = cs, pg_temp
    as $$ select throttle_count('session:' || session_id, 5) $$;
comment on function cs.confirm_count is
    'Counts a try to show the password once more; seconds to wait when there were too many. Counted
by session: who is outside and guesses keeps nobody who is signed in from it.';

-- Who has taken the old token has not shown who they are, so it ends here.
create or replace function cs.reauthenticate(
    actor jsonb, how text, session jsonb, proof jsonb default null) returns text
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := actor_of(jsonb_build_object('actor', actor), 'admin');
    shown text := case when how = 'password' then factor_pass(who, proof, actor) else how end;
    now timestamptz := clock_timestamp();
begin
    update cs.session s set authenticated_at = now,
            factor_at = case when shown = 'none' then s.factor_at else now end,
            token_sha256 = decode(session ->> 'token_sha256', 'hex'),
            csrf_sha256 = decode(session ->> 'csrf_sha256', 'hex')
        where s.id = (actor ->> 'session_id')::bigint and s.person_id = who.id;
    if not found then
        perform fail('forbidden', 'Only a session is confirmed');
    end if;
    delete from login_throttle where key = 'session:' || (actor ->> 'session_id');
    perform audit_put('person', who.id, actor_json(jsonb_build_object('actor', actor), who),
                      'session.reauthenticate',
                      jsonb_build_object('how', how, 'second_factor', shown));
    return iso(now);
end
$$;
comment on function cs.reauthenticate is
    'Notes that the person of a session showed who they are once more, and when, and gives it
another token: {token_sha256, csrf_sha256}. By password it wants what a code proves, as factor_take
does; a provider has its own factors. unauthenticated, forbidden, second_factor_required,
wrong_code.';

create or replace function cs.password_get(person_id bigint) returns text
    language sql stable security definer set search_path = cs, pg_temp
    as $$ select w.hash from password w where w.person_id = $1 $$;
comment on function cs.password_get is 'The password hash of a person, to check the current one.';

create or replace function cs.password_set(actor jsonb, hash text) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := actor_of(jsonb_build_object('actor', actor), 'admin');
begin
    insert into password values (who.id, hash)
        on conflict (person_id) do update set hash = excluded.hash, set_at = clock_timestamp();
    update session s set revoked_at = clock_timestamp()
        where s.person_id = who.id and s.revoked_at is null
          and s.id is distinct from (actor ->> 'session_id')::bigint;
    delete from login_throttle where key = 'session:' || (actor ->> 'session_id');
    perform audit_put('person', who.id, actor_json(jsonb_build_object('actor', actor), who),
                      'person.password', '{}', credential_put(who.id, who.id, 'password'));
    return true;
end
$$;
comment on function cs.password_set is
    'Sets one''s own password and ends one''s other sessions; unauthenticated.';
