-- The second factor: each code once, recovery codes, what must have been shown, taking it away.
-- Proves: V6.3.3 V6.4.3 V6.5.1 V6.5.6
\ir setup.psql
select plan(82);

create function t.sealed(n int default 1) returns bytea language sql immutable
    return decode(repeat(lpad(to_hex(n), 2, '0'), 60), 'hex');
create function t.proof(step bigint) returns jsonb language sql immutable
    return jsonb_build_object('step', step);
create function t.code_of(text text) returns jsonb language sql immutable
    return jsonb_build_object('recovery', cs.hex(sha256(text::bytea)));
create function t.session(token text) returns cs.session language sql stable
    return (select s from cs.session s where s.token_sha256 = sha256(token::bytea));
create function t.in_session(login text, token text) returns jsonb language sql stable
    return t.actor(login, jsonb_build_object('session_id', (t.session(token)).id));
create function t.codes() returns jsonb language sql immutable
    return (select jsonb_agg(cs.hex(sha256(('r' || i)::bytea)) order by i)
            from generate_series(1, 10) i);
create function t.set_up(login text, token text, step bigint, n int default 1) returns bool
    language plpgsql as $$
begin
    perform factor_offer(t.in_session(login, token), t.sealed(n));
    return factor_confirm(t.in_session(login, token), t.sealed(n), step, t.codes());
end
$$;
create function t.enter(login text, token text, proof jsonb, address text default '10.1.1.2')
    returns text language sql as $$
    select coalesce(ret_fault, 'in') from cs.login_success(t.id($1), 't-' || $1,
        t.opening(token, address), proof) $$;
create function t.follow(link text, token text, proof jsonb, address text default '10.1.1.3')
    returns text language sql as $$
    select coalesce(ret_fault, case when ret_throttled_seconds > 0 then 'throttled'
                                    when ret_person_id is null then 'wrong' else 'in' end)
    from cs.link_consume(sha256(link::bytea), t.opening(token, address), proof) $$;
create function t.refused(sql text) returns text language plpgsql as $$
declare
    code text;
begin
    execute sql;
    return 'ok';
exception when sqlstate 'CS001' then
    get stacked diagnostics code = pg_exception_detail;
    return code;
end
$$;
create function t.written(of_event text) returns bigint language sql stable
    return (select count(*) from cs.audit_event e where e.event = of_event);

-- Setting it up.
select session_open(t.id('noor'), 'password', t.opening('N1')) as n1,
       session_open(t.id('noor'), 'password', t.opening('N2')) as n2 \gset
select is((factor_state(t.id('noor'))).ret_since, null, 'nobody has one at first');
select is(t.enter('noor', 'N3', '{}'), 'in', 'who then signs in without a code');
select is(t.enter('noor', 'N4', t.proof(9)), 'in', 'or with one, which is not looked at');
select is((t.session('N4')).factor_at, null, 'nor counts as shown');
select factor_offer(t.in_session('noor', 'N1'), t.sealed()) as x \gset
select is(factor_offered(:n1), t.sealed(), 'a key is offered');
select is(factor_offered(:n2), null, 'to the session that asked alone');
select is((factor_state(t.id('noor'))).ret_since, null, 'which turns nothing on');
select is(t.refused(format('select factor_confirm(%L, t.sealed(), 100, t.codes())',
    t.in_session('noor', 'N2'))), 'wrong_state', 'another session does not confirm it');
select is(t.refused(format('select factor_confirm(%L, t.sealed(2), 100, t.codes())',
    t.in_session('noor', 'N1'))), 'wrong_state', 'nor does another key');
select is(t.refused(format('select factor_confirm(%L, t.sealed(), 100, t.codes())',
    t.actor('max', jsonb_build_object('session_id', :n1)))), 'unauthenticated', 'nor another');
update factor_offer set created_at = now() - interval '16 minutes';
select is(factor_offered(:n1), null, 'an old offer has ended');
update factor_offer set created_at = now();
select ok(factor_confirm(t.in_session('noor', 'N1'), t.sealed(), 100, t.codes()),
    'a code turns it on');
select is(t.refused(format('select factor_confirm(%L, t.sealed(), 101, t.codes())',
    t.in_session('noor', 'N1'))), 'wrong_state', 'once');
select is((select row(ret_since is not null, ret_recovery_left, ret_sealed)::text
    from factor_state(t.id('noor'))), row(true, 10, t.sealed())::text, 'with ten recovery codes');
select is((select array_agg(s.revoked_at is null order by s.id) from session s
    where s.person_id = t.id('noor')), '{t,f,f,f}', 'and ends the other sessions');
select ok((t.session('N1')).factor_at is not null, 'in the own one it was shown');
select is(t.written('person.factor_on'), 1::bigint, 'which is written down');
select ok(exists (select from credential_event where person_id = t.id('noor')
    and by_id = t.id('noor') and kind = 'factor'), 'with who did it');

select is((select array_agg(p.person_id is not null) from
    (select v.id as person_id from audit.people v where v.second_factor_since is not null) p
    where p.person_id = t.id('noor')), '{t}', 'audits see who has one');
select is((select array_agg(v.live order by v.id) from audit.sessions v
    where v.factor_at is not null), '{t}', 'and where it was shown');

-- At a sign-in.
select is(t.enter('noor', 'N5', '{}'), 'second_factor_required', 'now a code is needed');
select is(t.enter('noor', 'N5', null), 'second_factor_required', 'nothing at all is none');
select is(t.enter('noor', 'N5', '{"wrong": 0}'), 'wrong_code', 'a wrong one does not do');
select is(t.enter('noor', 'N5', t.proof(100)), 'wrong_code', 'nor that which turned it on');
select is(t.enter('noor', 'N5', t.proof(99)), 'wrong_code', 'nor an older one');
select is((t.session('N5')).id, null, 'none of these opens a session');
select is(t.enter('noor', 'N5', t.proof(101)), 'in', 'a newer one does');
select ok((t.session('N5')).factor_at is not null, 'which is kept with the session');
select is(t.enter('noor', 'N6', t.proof(101)), 'wrong_code', 'once');
select is(t.enter('noor', 'N6', t.code_of('r3')), 'in', 'a recovery code does');
select is(t.enter('noor', 'N7', t.code_of('r3')), 'wrong_code', 'but not a second time');
select is(t.enter('noor', 'N7', t.code_of('r11')), 'wrong_code', 'if it is one');
select is((factor_state(t.id('noor'))).ret_recovery_left, 9, 'it is used up');
select is((select body from audit_event where event = 'person.recovery_code'), '{"left": 9}',
    'and written down with how many are left');
select is(t.written('sign_in.failed'), 6::bigint, 'so is each wrong code');
select ok(not exists (select from audit_event e where e.body::text like '%' ||
    (t.code_of('r3') ->> 'recovery') || '%'), 'but no code, nor what it hashes to');
select is(t.enter('max', 'X1', t.code_of('r4')), 'in', 'who has none needs none');
select is((factor_state(t.id('noor'))).ret_recovery_left, 9, 'and uses up nobody''s');

-- Tries.
delete from login_throttle;
select login_lookup('t-noor', '10.4.4.4') as x, t.enter('noor', 'N8', '{}', '10.4.4.4') as y \gset
select is((select array_agg(failures) from login_throttle), '{0,0}',
    'half a sign-in is no failed try');
select login_lookup('t-noor', '10.4.4.4'), t.enter('noor', 'N8', '{"wrong": 0}', '10.4.4.4')
    from generate_series(1, 4) \g /dev/null
select login_lookup('t-noor', '10.4.4.4') as x, t.enter('noor', 'N8', '{}', '10.4.4.4') as y \gset
select is((select array_agg(failures order by key) from login_throttle), '{4,4}',
    'nor does it take back what wrong codes were counted as');
select login_lookup('t-noor', '10.4.4.4') as x,
       t.enter('noor', 'N8', '{"wrong": 0}', '10.4.4.4') as y \gset
select ok((login_lookup('t-noor', '10.4.4.5')).ret_throttled_seconds > 0,
    'after five of them the account waits');
delete from login_throttle;

-- Links.
select operator_link_add('{"login": "t-noor", "seconds": 60}', sha256('L1')) as x \gset
select is(factor_of_link(sha256('L1')), t.id('noor'), 'a link is somebody''s');
select is(t.follow('L1', 'K1', '{}'), 'second_factor_required', 'a link wants the code, too');
select is(t.follow('L1', 'K1', '{"wrong": 0}'), 'wrong_code', 'a wrong one opens nothing');
select is((select used_at from login_link where token_sha256 = sha256('L1')), null,
    'neither uses it up');
select is(t.follow('L1', 'K1', '{"wrong": 0}', '10.8.8.' || i), 'wrong_code', 'codes are guessed')
    from generate_series(1, 4) i;
select is(t.follow('L1', 'K1', t.proof(200)), 'throttled', 'which counts for the account');
delete from login_throttle;
select is(t.follow('L1', 'K1', t.proof(200)), 'in', 'the right one does');
select is(t.follow('L1', 'K2', t.proof(201)), 'wrong', 'then it is used');
select ok((t.session('K1')).factor_at is not null, 'and the code was shown');

-- What counts: fresh sessions, approvals, tokens.
select session_open(t.id('noor'), 'password', t.opening('P1')) as p1,
       session_open(t.id('noor'), 'oidc', t.opening('P2')) as p2 \gset
select ok(session_is_fresh((t.session('K1')).id, 900), 'a session that showed it is fresh');
select ok(not session_is_fresh(:p1, 900), 'one by password alone is not');
create function t.approves(actor jsonb) returns text language sql as $$
    select t.code(t.decide('noor', t.submit('mia'), 'approve',
                           jsonb_build_object('actor', actor))) $$;
select is(t.approves(t.in_session('noor', 'P1')), 'reauthentication_required',
    'nor does it approve what is of low risk');
select is(t.approves(t.actor('noor')), 'reauthentication_required', 'nor what is no session');
select is(t.approves(t.in_session('noor', 'K1')), 'ok', 'one that showed it does');
select is(t.approves(t.in_session('noor', 'P2')), 'ok', 'and one that a provider vouches for');
select is(t.code(t.decide('noor', t.submit('mia'), 'reject', jsonb_build_object('actor',
    t.in_session('noor', 'P1'), 'note', 'no'))), 'ok', 'to reject needs no code');
select token_create(t.in_session('noor', 'K1'), '{"name": "n", "scopes": ["decide"]}',
    sha256('T1')) as tok \gset
select is(t.approves(t.actor('noor', jsonb_build_object('token_id', :tok))), 'ok',
    'a token that was made since approves');
update api_token set created_at = (select since - interval '1 second' from second_factor)
    where id = :tok;
select is(t.approves(t.actor('noor', jsonb_build_object('token_id', :tok))),
    'reauthentication_required', 'an older one does not');
create function t.renew(token text, next text, proof jsonb, how text default 'password')
    returns text language sql as $$
    select t.refused(format('select cs.reauthenticate(%L, %L, %L, %L)', t.in_session('noor', token),
        how, t.opening(next), proof)) $$;
select is(t.renew('P1', 'P3', '{}'), 'second_factor_required', 'showing the password wants it');
select is(t.renew('P1', 'P3', t.proof(200)), 'wrong_code', 'a used code does not do');
select is(t.renew('P1', 'P3', t.proof(202)), 'ok', 'the next one does');
select is(t.approves(t.in_session('noor', 'P3')), 'ok', 'then the session approves');

-- Another app, and none.
select (factor_state(t.id('noor'))).ret_since as since \gset
select ok(t.set_up('noor', 'P3', 300, 2), 'another app takes its place');
select is((select row(ret_since, ret_recovery_left, ret_sealed)::text
    from factor_state(t.id('noor'))), row(:'since'::text, 10, t.sealed(2))::text,
    'with ten new recovery codes');
select is(t.refused(format('select factor_remove(%L, %L)', t.in_session('noor', 'P3'),
    t.proof(300))), 'wrong_code', 'a used code does not turn it off');
select is(t.refused(format('select factor_remove(%L, %L)', t.in_session('max', 'X1'),
    t.proof(301))), 'wrong_state', 'nor does who has none');
select ok(factor_remove(t.in_session('noor', 'P3'), t.code_of('r1')), 'a code of it does');
select is((t.session('P3')).factor_at, null, 'what sessions showed is no more');
select is((t.session('P3')).revoked_at, null, 'they live on');
select is(t.enter('noor', 'N9', '{}'), 'in', 'and no code is asked for');
select ok(t.set_up('noor', 'N9', 400), 'it may be set up again');
select is(t.refused($$ select operator_factor_reset('{"login": "t-max"}') $$), 'wrong_state',
    'nobody resets what is not there');
select is(t.refused($$ select operator_factor_reset('{"login": "t-none"}') $$), 'not_found',
    'nor that of nobody');
select is(operator_factor_reset('{"login": "t-noor"}') ->> 'second_factor', 'false',
    'the operator takes it away');
select is((select count(*) from session s where s.person_id = t.id('noor')
    and s.revoked_at is null), 0::bigint, 'and its person is signed out');
select is((select array_agg(event order by id) from audit_event where entity = 'person'
    and event like 'person.factor%'), '{person.factor_on,person.factor_on,person.factor_off,'
    'person.factor_on,person.factor_reset}', 'each change is written down');
select is((select actor_kind from audit_event where event = 'person.factor_reset'), 'operator',
    'with who made it');
insert into credential_event (person_id, by_id, kind) values (t.id('noor'), t.id('both'), 'factor');
select ok(are_tied(t.id('both'), t.id('noor')), 'whoever reset it may be the same person');
select * from finish();
rollback;
