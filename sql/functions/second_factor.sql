-- The second factor: whether it was shown, setting it up, using its codes up, taking it away.
-- The api knows the secrets and says which step a code is of; here each counts once.

set search_path = cs, pg_temp;

create or replace function cs.factor_state(
    of_person bigint, ret_since out text, ret_recovery_left out int, ret_sealed out bytea)
    language sql stable security definer set search_path = cs, pg_temp as $$
    select iso(f.since), (select count(*) from recovery_code c
                          where c.person_id = f.person_id and c.used_at is null)::int, f.sealed
    from second_factor f where f.person_id = of_person
$$;
comment on function cs.factor_state is
    'Since when somebody has a second factor, how many recovery codes are left, and the sealed
secret; nulls for none.';

create or replace function cs.factor_of_link(link_sha256 bytea) returns bigint
    language sql stable security definer set search_path = cs, pg_temp
    as $$ select l.person_id from login_link l where l.token_sha256 = $1 $$;
comment on function cs.factor_of_link is
    'Whose one-time link this is, used or not, so that a code can be read; null for nobody''s.';

create or replace function cs.session_shows_factor(s cs.session) returns bool
    language sql immutable parallel safe
    return s.factor_at is not null or s.how in ('proxy', 'oidc');
comment on function cs.session_shows_factor is
    'Whether a code was shown in a session, or somebody else vouches for its person: what a proxy
or a provider asks for is their business.';

create or replace function cs.session_is_enough(s cs.session) returns bool
    language plpgsql stable as $$
begin
    return session_shows_factor(s)
        or not exists (select from second_factor f where f.person_id = s.person_id);
end
$$;
comment on function cs.session_is_enough is
    'Whether a session showed all that its person has: a code, too, if there is a second factor.';

create or replace function cs.factor_take(of_person bigint, proof jsonb, actor jsonb) returns text
    language plpgsql as $$
begin
    if not exists (select from second_factor f where f.person_id = of_person) then
        return 'none';
    elsif coalesce(proof, '{}') = '{}' then
        return 'second_factor_required';
    end if;
    update second_factor f set last_step = (proof ->> 'step')::bigint
        where f.person_id = of_person and f.last_step < (proof ->> 'step')::bigint;
    if found then
        return 'app';
    end if;
    update recovery_code c set used_at = clock_timestamp()
        where c.person_id = of_person and c.used_at is null
          and c.code_sha256 = decode(proof ->> 'recovery', 'hex');
    if found then
        perform audit_put('person', of_person, actor, 'person.recovery_code', jsonb_build_object(
            'left', (factor_state(of_person)).ret_recovery_left));
        return 'recovery';
    end if;
    return 'wrong_code';
end
$$;
comment on function cs.factor_take is
    'Uses up what a code proves, {step} or {recovery: SHA-256 in hex}: none when no code is needed,
app or recovery for what it was; second_factor_required for {}, else wrong_code.';

create or replace function cs.factor_asked(
    p cs.person, address text, proof jsonb, ret_shown out text, ret_fault out text)
    language plpgsql as $$
begin
    ret_shown := factor_take(p.id, proof, jsonb_build_object('person_id', p.id,
                                                             'address', address));
    if ret_shown = 'second_factor_required' then -- that is half of a sign-in, and no failed try
        perform throttle_return(throttle_from(address), 20);
        perform throttle_return(throttle_login(p.login), 5);
    elsif ret_shown = 'wrong_code' then
        perform login_failure(p.login, address, 'code');
    end if;
    if ret_shown in ('second_factor_required', 'wrong_code') then
        ret_fault := ret_shown;
        ret_shown := null;
    end if;
end
$$;
comment on function cs.factor_asked is
    'factor_take at a sign-in whose password or link was right: what was shown, or the fault. A
wrong code stays counted as a failed try and is written down.';

create or replace function cs.factor_pass(who cs.person, proof jsonb, actor jsonb) returns text
    language plpgsql as $$
declare
    shown text := factor_take(who.id, proof, actor || jsonb_build_object('kind', who.kind));
begin
    if shown = 'second_factor_required' then
        perform fail(shown, 'A code of your second factor is needed', 'code');
    elsif shown = 'wrong_code' then
        perform fail(shown, 'This code is not right, or was used', 'code');
    end if;
    return shown;
end
$$;
comment on function cs.factor_pass is
    'factor_take in a session: none, app or recovery; second_factor_required, wrong_code.';

create or replace function cs.factor_offer(actor jsonb, sealed bytea) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := actor_of(jsonb_build_object('actor', actor), 'admin');
begin
    insert into factor_offer as o (person_id, session_id, sealed)
        values (who.id, (actor ->> 'session_id')::bigint, $2)
        on conflict (person_id) do update set session_id = excluded.session_id,
            sealed = excluded.sealed, created_at = clock_timestamp();
    return true;
end
$$;
comment on function cs.factor_offer is
    'Keeps what a session was given to put into an app; an older offer to its person ends.';

create or replace function cs.factor_offered(session_id bigint) returns bytea
    language sql stable security definer set search_path = cs, pg_temp as $$
    select o.sealed from factor_offer o join session s on s.id = o.session_id
    where o.session_id = $1 and s.person_id = o.person_id
      and o.created_at > clock_timestamp() - interval '15 minutes'
$$;
comment on function cs.factor_offered is
    'What this session was given in the last 15 minutes, sealed; null for nothing.';

create or replace function cs.factor_end(of_person bigint) returns bool
    language plpgsql as $$
begin
    perform right_watch('person', of_person, right_differs('person', of_person,
                                                           factor_now(of_person)));
    delete from factor_offer o where o.person_id = of_person;
    delete from second_factor f where f.person_id = of_person;
    return found;
end
$$;
comment on function cs.factor_end is
    'Takes the second factor away, its recovery codes and what was offered; false for none.';

create or replace function cs.factor_written(
    actor jsonb, of_person bigint, by_id bigint, event text) returns void
    language plpgsql as $$
begin
    perform audit_put('person', of_person, actor, event, '{}',
        credential_put(of_person, $3, 'factor') || factor_now(of_person));
end
$$;
comment on function cs.factor_written is
    'Writes down that somebody''s second factor is another, or none: who did it could have come in
as that person.';

create or replace function cs.factor_confirm(
    actor jsonb, offered bytea, step bigint, codes jsonb) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := actor_of(jsonb_build_object('actor', actor), 'admin');
    session_id bigint := (actor ->> 'session_id')::bigint;
begin
    delete from factor_offer o where o.person_id = who.id
        and o.session_id = ($1 ->> 'session_id')::bigint and o.sealed = offered;
    if not found then
        perform fail('wrong_state', 'Begin again: this key is not offered any more');
    end if;
    perform right_watch('person', who.id, right_differs('person', who.id, factor_now(who.id)));
    insert into second_factor as f (person_id, sealed, last_step) values (who.id, offered, step)
        on conflict (person_id) do update set sealed = excluded.sealed,
                                              last_step = excluded.last_step;
    delete from recovery_code c where c.person_id = who.id;
    insert into recovery_code (person_id, code_sha256)
        select who.id, decode(c, 'hex') from unnest(texts_of(codes)) c;
    update session s set revoked_at = clock_timestamp()
        where s.person_id = who.id and s.revoked_at is null and s.id <> session_id;
    update session s set factor_at = clock_timestamp() where s.id = session_id;
    delete from login_throttle where key = 'session:' || session_id;
    perform factor_written(actor_with_kind(actor, who), who.id, who.id, 'person.factor_on');
    return true;
end
$$;
comment on function cs.factor_confirm is
    'A code of this step showed that what was offered is in the app: it is on, with new recovery
codes (SHA-256 in hex), and the person''s other sessions end; wrong_state.';

create or replace function cs.factor_remove(actor jsonb, proof jsonb) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := actor_of(jsonb_build_object('actor', actor), 'admin');
begin
    if factor_pass(who, proof, actor) = 'none' then
        perform fail('wrong_state', 'You have no second factor');
    end if;
    perform factor_end(who.id);
    update session s set factor_at = null where s.person_id = who.id;
    delete from login_throttle where key = 'session:' || (actor ->> 'session_id');
    perform factor_written(actor_with_kind(actor, who), who.id, who.id, 'person.factor_off');
    return true;
end
$$;
comment on function cs.factor_remove is
    'Turns one''s own second factor off by a code of it; wrong_code, second_factor_required,
wrong_state.';

create or replace function cs.operator_factor_reset(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    p person := person_named(item ->> 'login');
begin
    if not factor_end(p.id) then
        perform fail('wrong_state', format('%s has no second factor', p.login), 'login');
    end if;
    update session s set revoked_at = clock_timestamp()
        where s.person_id = p.id and s.revoked_at is null;
    perform factor_written('{"kind": "operator"}', p.id, null, 'person.factor_reset');
    return operator_person_json(p);
end
$$;
comment on function cs.operator_factor_reset is
    '{login} → person: without a second factor, and signed out everywhere; not_found, wrong_state.';
