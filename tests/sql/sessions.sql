-- Signing in, and what it is worth: links, passwords, throttles, sessions, tokens.
-- Proves: T9 V6.3.1 V6.3.4 V6.4.1 V7.4.1 V7.4.3 V7.5.3 V16.3.1
\ir setup.psql
select plan(112);

-- Proves: V6.4.2
select columns_are('cs', 'password', array['person_id', 'hash', 'set_at'],
    'beside a password nothing is kept that would let somebody in who forgot it');

-- One-time links.
create function t.follow(link text, token text, address text default '10.1.1.1')
    returns table (person_id bigint, seconds int) language sql as $$
    select ret_person_id, ret_throttled_seconds
    from cs.link_consume(sha256(link::bytea), t.opening(token, address), '{}') $$;
select operator_link_add('{"login": "t-mia", "seconds": 60}', sha256('L1')) as x \gset
select is((select person_id from t.follow('L1', 'S1')), t.id('mia'), 'a link signs in');
select is((select person_id from t.follow('L1', 'S2')), null, 'once');
select is((select person_id from t.follow('none', 'S2')), null, 'an unknown one does not');
select operator_link_add('{"login": "t-mia", "seconds": 60}', sha256('L2')) as x \gset
select operator_link_add('{"login": "t-mia", "seconds": 60}', sha256('L3')) as x \gset
select is((select person_id from t.follow('L2', 'S2')), null, 'a newer link ends the older');
update login_link set expires_at = now() - interval '1 second' where token_sha256 = sha256('L3');
select is((select person_id from t.follow('L3', 'S0')), null, 'an old one does not');
select operator_link_add('{"login": "t-max", "seconds": 60}', sha256('L4')) as x \gset
select operator_person_update('{"login": "t-max", "disabled": true}') as x \gset
select is((select person_id from t.follow('L4', 'S2')), null, 'nor that of somebody disabled');
select throws_ok($$ select operator_link_add('{"login": "t-max", "seconds": 60}', sha256('L5')) $$,
    'CS001', null, 'who gets no new one');
select throws_ok($$ select operator_link_add('{"login": "t-bot", "seconds": 60}', sha256('L5')) $$,
    'CS001', null, 'nor does an agent');
select operator_person_update('{"login": "t-max", "disabled": false}') as x \gset
select is((select count(*) from credential_event where person_id = t.id('mia') and kind = 'link'
    and by_id is null), 3::bigint, 'who made links is kept');

-- Sessions.
select is((select row(person_id, login, kind, roles)::text from session_check(sha256('S1'), 1800)),
    format('(%s,t-mia,human,analyst)', t.id('mia')), 'a session knows its person');
select is((select team_ids from session_check(sha256('S1'), 1800)), (select m.team_id::text
    from team_member m where m.person_id = t.id('mia')), 'and the teams');
select is((select count(*) from session_check(sha256('S9'), 1800)), 0::bigint,
    'another token has none');
select is((select count(*) from session_check(sha256('S1'), 0)), 0::bigint, 'idle ones end');
update session set expires_at = now() - interval '1 second' where token_sha256 = sha256('S1');
select is((select count(*) from session_check(sha256('S1'), 1800)), 0::bigint,
    'old ones too, however busy');
update session set expires_at = now() + interval '1 hour' where token_sha256 = sha256('S1');
update session set seen_at = now() - interval '10 minutes' where token_sha256 = sha256('S1');
select is((select count(*) from session_check(sha256('S1'), 1800)), 1::bigint, 'a visit counts');
select ok((select seen_at > now() - interval '1 minute' from session
    where token_sha256 = sha256('S1')), 'and is noted');
select id as s from session where token_sha256 = sha256('S1') \gset
select is(t.code(t.call('submit_requests', t.submission('mia', jsonb_build_object('actor',
    t.actor('mia', jsonb_build_object('session_id', :s)))))), 'ok', 'a live session acts');
select is(t.code(t.call('submit_requests', t.submission('max', jsonb_build_object('actor',
    t.actor('max', jsonb_build_object('session_id', :s)))))), 'unauthenticated',
    'for its own person alone');
select is(jsonb_array_length(sessions_list(t.id('mia'))), 1, 'people see their sessions');
select throws_ok(format('select session_close(%s, t.actor(''max''))', :s), 'CS001', null,
    'nobody ends another''s');
select ok(session_close(:s, t.actor('mia')), 'one ends one''s own');
select is((select count(*) from session_check(sha256('S1'), 1800)), 0::bigint, 'and it has ended');
select is(t.code(t.call('submit_requests', t.submission('mia', jsonb_build_object('actor',
    t.actor('mia', jsonb_build_object('session_id', :s)))))), 'unauthenticated',
    'an ended session does not act');

-- Where somebody is signed in.
create function t.session(token text) returns cs.session language sql
    return (select s from cs.session s where s.token_sha256 = sha256(token::bytea));
create function t.refused(query text) returns text language plpgsql as $$
declare
    code text;
begin
    execute query;
    return 'ok';
exception when sqlstate 'CS001' then
    get stacked diagnostics code = pg_exception_detail;
    return code;
end
$$;
select session_open(t.id('mia'), 'link', t.opening('M1', '10.1.1.1', 'one')) as m1,
       session_open(t.id('mia'), 'link', t.opening('M2', '10.1.1.2', 'two')) as m2,
       session_open(t.id('mia'), 'proxy', t.opening('M3', '10.1.1.3')) as m3,
       session_open(t.id('max'), 'link', t.opening('M4', '10.1.1.4', 'max')) as m4
\gset
select is((select jsonb_agg(e -> 'this' order by e ->> 'agent')
    from jsonb_array_elements(sessions_list(t.id('mia'), :m1)) e), '[true, false, false]',
    'a list says which session asks');
select is(t.refused(format('select sessions_list(%s, null, %s)', t.id('mia'), t.id('max'))),
    'wrong_role', 'nobody lists those of others');
select is(sessions_list(t.id('root'), null, t.id('max')) -> 0 ->> 'address', '10.1.1.4',
    'but an admin');
select is(t.refused(format('select sessions_list(%s, null, 99999999)', t.id('root'))),
    'not_found', 'of people there are');
select is(t.refused(format('select sessions_close(t.actor(''mia''), %s)', t.id('max'))),
    'wrong_role', 'nobody ends those of others');
select ok((t.session('M4')).revoked_at is null, 'who keep them');

-- Streams that are open while that changes.
select operator_token_add('{"login": "t-max", "name": "n", "prefix": "cs_Zk3vQx1c",
    "scopes": ["read"], "seconds": 3600}', sha256('T7')) ->> 'id' as token \gset
create function t.listening() returns jsonb language sql as $$
    select jsonb_agg(jsonb_build_array(k.n, p.id, k.session_id, k.token_id,
        array_to_string(p.roles, ','), ',' || k.team || ',') order by k.n)
    from (values (1, 'mia', (t.session('M1')).id, 0), (2, 'mia', (t.session('M2')).id, 0),
                 (3, 'max', 0, (select id from cs.api_token where token_sha256 = sha256('T7'))))
        k0 (n, login, session_id, token_id)
    cross join lateral (select k0.n, k0.session_id, k0.token_id, m.team_id as team
                        from cs.team_member m where m.person_id = t.id(k0.login)) k
    join cs.person p on p.id = t.id(k0.login) $$;
select t.listening() as asked \gset
create function t.over(asked jsonb) returns bigint[] language sql as $$
    select coalesce(array_agg(o), '{}') from cs.streams_over(asked) o $$;
select is(t.over(:'asked'), '{}', 'they go on while nothing changes');
select is(t.over('[]'), '{}', 'nobody listens');
select is(t.over('[[5, 999999999, 0, 0, "analyst", ",,"], [6, 0, 0, 0, "", ""]]'), '{5,6}',
    'who is nobody hears nothing');
savepoint here;
update session set revoked_at = now() where token_sha256 = sha256('M2');
select is(t.over(:'asked'), '{2}', 'a session that has ended listens no more');
rollback to here;
update session set expires_at = now() where token_sha256 = sha256('M1');
select is(t.over(:'asked'), '{1}', 'nor an old one');
rollback to here;
update api_token set revoked_at = now() where id = :token;
select is(t.over(:'asked'), '{3}', 'nor a token that has ended');
rollback to here;
update api_token set scopes = '{submit}' where id = :token;
select is(t.over(:'asked'), '{3}', 'nor one that no longer reads');
rollback to here;
update person set disabled_at = now() where id = t.id('mia');
select is(t.over(:'asked'), '{1,2}', 'nor who is disabled');
rollback to here;
update person set roles = '{analyst,reviewer}' where id = t.id('max');
select is(t.over(:'asked'), '{3}', 'nor with roles of before');
rollback to here;
delete from team_member where person_id = t.id('mia');
select is(t.over(:'asked'), '{1,2}', 'nor with a team that was left');
rollback to here;
select is(t.over(jsonb_build_array(jsonb_build_array(7, t.id('max'), (t.session('M1')).id, 0,
    'analyst', ''))), '{7}', 'nor with the session of another');

-- Showing once more who one is.
create function t.fresh(token text) returns bool language sql
    return cs.session_is_fresh((t.session(token)).id, 900);
select ok(t.fresh('M1'), 'who signed in a moment ago has shown who they are');
select ok(not t.fresh('M3'), 'not when a proxy said so');
update session set authenticated_at = now() - interval '16 minutes'
    where token_sha256 = sha256('M1');
select ok(not t.fresh('M1'), 'nor too long ago');
select is(t.refused(format(
    'select reauthenticate(t.actor(''max'', ''{"session_id": %s}''), ''x'', ''{}'')',
    :m1)), 'unauthenticated', 'nobody confirms the session of another');
select is(t.refused('select reauthenticate(t.actor(''mia''), ''x'', ''{}'')'), 'forbidden',
    'only a session is confirmed');
select reauthenticate(t.actor('mia', jsonb_build_object('session_id', :m1)), 'password',
    jsonb_build_object('token_sha256', encode(sha256('M5'), 'hex'),
                       'csrf_sha256', encode(sha256('c5'), 'hex'))) as at \gset
select ok(t.fresh('M5'), 'who shows it again is fresh');
select is((select count(*) from session_check(sha256('M1'), 1800)), 0::bigint,
    'and the token of before ends');
select is((t.session('M5')).id, :m1::bigint, 'of the same session');
select ok(not t.fresh('M3'), 'in that session alone');
select is((select authenticated_at from session_check(sha256('M5'), 1800)), :'at',
    'the session says when');
select is((select row(body ->> 'how', session_id)::text from audit_event
    where event = 'session.reauthenticate'), format('(password,%s)', :m1),
    'and the audit trail');

select is(sessions_close(t.actor('mia', jsonb_build_object('session_id', :m1)), t.id('mia')),
    to_jsonb(array[:m2, :m3]::bigint[]), 'all others are ended at once');
select ok((t.session('M5')).revoked_at is null, 'the one that asks lives on');
select ok(not t.fresh('M2'), 'an ended one is not fresh');
select is(sessions_close(t.actor('root'), t.id('max')), to_jsonb(array[:m4]::bigint[]),
    'an admin ends those of anybody');
select is((select array_agg(entity_id order by id) from audit_event
    where event = 'session.close_all'), array[t.id('mia'), t.id('max')],
    'each with a row in the audit trail');
select is(sessions_close(t.actor('root'), t.id('max')), '[]', 'which are none the next time');
update session set revoked_at = now() where token_sha256 = sha256('M5');

-- Passwords.
create function t.lookup(login text, address text default '10.1.1.2')
    returns table (person_id bigint, hash text, seconds int) language sql
    as $$ select * from cs.login_lookup(login, address) $$;
create function t.open(login text, token text, address text default '10.1.1.2') returns bigint
    language sql as $$ select ret_session_id from cs.login_success(
        (select p.id from cs.person p where p.login = $1), $1, t.opening(token, address), '{}') $$;
select is((select row(person_id, hash, seconds)::text from t.lookup('t-mia')), '(,,0)',
    'without a password there is no hash');
select password_set(t.actor('mia'), '$argon2id$a-hash-of-some-length') as x \gset
select is((select row(person_id, hash, seconds)::text from t.lookup('T-Mia')),
    format('(%s,$argon2id$a-hash-of-some-length,0)', t.id('mia')), 'the login has no case');
select ok(t.open('t-mia', 'S3') > 0, 'who knows it signs in');
select ok(t.open('t-mia', 'S4') > 0, 'twice, too');
select id as s from session where token_sha256 = sha256('S4') \gset
select password_set(t.actor('mia', jsonb_build_object('session_id', :s)),
    '$argon2id$another-hash-of-length') as x \gset
select is((select count(*) from session_check(sha256('S3'), 1800)), 0::bigint,
    'a new password ends the other sessions');
select is((select count(*) from session_check(sha256('S4'), 1800)), 1::bigint, 'not the own');
select throws_ok($$ select login_success(t.id('mia'), 't-max', t.opening('z'), '{}') $$,
    'CS001', null, 'login and person must be one');
select is(password_get(t.id('mia')), '$argon2id$another-hash-of-length', 'the hash is the new one');

-- Throttles: the account.
select t.lookup('t-max', '10.2.2.1'), throttle_return('login:t-max', 5) \g /dev/null
select is((select blocked_until from login_throttle where key = 'login:t-max'), '-infinity',
    'who may try is blocked at no time, also not by a clock that was read earlier');
select t.lookup('t-max', '10.2.2.' || i) from generate_series(1, 5) i \g /dev/null
select ok((select seconds > 0 from t.lookup('t-max', '10.2.2.9')),
    'after five failures an account waits');
select is((select hash from t.lookup('t-max', '10.2.2.9')), null, 'and gets no answer');
select t.lookup('nobody-at-all', '10.3.3.' || i) from generate_series(1, 5) i \g /dev/null
select ok((select seconds > 0 from t.lookup('nobody-at-all', '10.3.3.9')),
    'an unknown account does the same');
update login_throttle set blocked_until = clock_timestamp() where key = 'login:t-max';
select is((select seconds from t.lookup('t-max', '10.2.2.9')), 0, 'then there is one more try');
select ok((select seconds > 20 from t.lookup('t-max', '10.2.2.9')), 'and a longer wait');
update login_throttle set blocked_until = clock_timestamp(), failures = 40 where key =
    'login:t-max';
select t.lookup('t-max', '10.2.2.9') as x \gset
select ok((select seconds between 800 and 900 from t.lookup('t-max', '10.2.2.9')),
    'of 15 minutes at most');
update login_throttle set blocked_until = clock_timestamp() - interval '1 minute',
    since = clock_timestamp() - interval '16 minutes' where key = 'login:t-max';
select t.lookup('t-max', '10.2.2.9') as x \gset
select is((select failures from login_throttle where key = 'login:t-max'), 1,
    'after 15 minutes it starts anew');
select t.lookup('t-mia', '10.4.4.' || i) from generate_series(1, 4) i \g /dev/null
select t.open('t-mia', 'S5', '10.4.4.1') as x \gset
select is((select count(*) from login_throttle where key = 'login:t-mia'), 0::bigint,
    'a success clears the account');

-- The address.
select t.lookup('guess-' || i, '10.5.5.5') from generate_series(1, 20) i \g /dev/null
select ok((select seconds > 0 from t.lookup('t-noor', '10.5.5.5')),
    'after twenty failures an address waits');
select is((select failures from login_throttle where key = 'login:t-noor'), null,
    'and counts for no account meanwhile');
select is((select seconds from t.lookup('t-noor', '10.5.5.6')), 0, 'another address does not');
select t.lookup('guess-' || i, '2001:db8:0:7::' || to_hex(i)) from generate_series(1, 20) i
    \g /dev/null
select ok((select seconds > 0 from t.lookup('t-noor', '2001:db8:0:7:ffff::1')),
    'the addresses of one IPv6 network count as one');
select is((select seconds from t.lookup('t-noor', '2001:db8:0:8::1')), 0,
    'another network does not');
select is(array_agg(throttle_from(a) order by n), '{address:10.1.2.3,address:::ffff:10.1.2.3,'
    'address:fe80::,address:}'::text[], 'one of IPv4 stays itself, a zone is left out')
from unnest(array['10.1.2.3', '::ffff:10.1.2.3', 'fe80::1%eth0', '']) with ordinality x (a, n);
select t.follow('guess-' || i, 'x', '10.6.6.6') from generate_series(1, 20) i \g /dev/null
select ok((select seconds > 0 from t.follow('L9', 'x', '10.6.6.6')), 'links are guesses too');
select operator_link_add('{"login": "t-mia", "seconds": 60}', sha256('L9')) as x \gset
select is((select person_id from t.follow('L9', 'S6', '10.6.6.7')), t.id('mia'),
    'a blocked address blocks nobody else');
select login_failure('t-mia', '10.7.7.7', 'wrong') as x \gset
select is((select row(entity_id, body ->> 'login', address)::text from audit_event
    where event = 'sign_in.failed' and address = '10.7.7.7'), format('(%s,t-mia,10.7.7.7)',
    t.id('mia')), 'failures are in the audit trail');
select is((select count(*) from audit_event where event = 'sign_in.failed'
    and address = '10.6.6.6'), 20::bigint, 'those of links too');

-- API tokens.
select token_create(t.actor('mia'), '{"name": "mine", "prefix": "cs_abc", "scopes": ["read",
"submit"],
    "seconds": 100}', sha256('T1')) as tok \gset
select is((select row(token_id, person_id, scopes)::text from token_check(sha256('T1'))),
    format('(%s,%s,"read,submit")', :tok, t.id('mia')), 'a token knows its person and scopes');
select ok((select used_at is not null from api_token where id = :tok), 'its use is noted');
select is((select count(*) from token_check(sha256('T2'))), 0::bigint, 'another one is nobody');
select is(t.code(t.decide('both', t.submit('mia'), 'approve', jsonb_build_object('actor',
    t.actor('both', jsonb_build_object('token_id', :tok))))), 'unauthenticated',
    'it is one person''s');
-- An agent whose owner is disabled.
savepoint here;
select operator_token_add('{"login": "t-bot", "name": "b", "prefix": "cs_Zk3vQx1d",
    "scopes": ["read", "submit"], "seconds": 3600}', sha256('T8')) ->> 'id' as bot \gset
create function t.bot_asks(token_id bigint) returns text language sql as $$
    select t.code(t.call('submit_requests', t.submission('bot', jsonb_build_object('actor',
        t.actor('bot', jsonb_build_object('token_id', token_id)))))) $$;
select is(t.bot_asks(:bot), 'ok', 'an agent asks by its token');
update person set disabled_at = now() where id = t.id('both');
select is(t.bot_asks(:bot), 'unauthenticated', 'but not once its owner is disabled');
select is((select count(*) from token_check(sha256('T8'))), 0::bigint, 'nor is it let in');
select is(t.over((select jsonb_build_array(jsonb_build_array(1, p.id, 0, :bot, 'agent', ''))
    from person p where p.id = t.id('bot'))), '{1}', 'nor does it listen on');
update person set disabled_at = null where id = t.id('both');
select is((select count(*) from token_check(sha256('T8'))), 1::bigint, 'until they are back');
rollback to here;

create function t.as_token(login text, token_id bigint, login_for text, scopes text) returns text
    language plpgsql as $$
declare
    code text;
begin
    perform token_create(t.actor(login, jsonb_build_object('token_id', token_id)),
        jsonb_build_object('person_id', t.id(login_for), 'name', 'n', 'scopes',
                           string_to_array(scopes, ' ')), sha256(clock_timestamp()::text::bytea));
    return 'ok';
exception when sqlstate 'CS001' then
    get stacked diagnostics code = pg_exception_detail;
    return code;
end
$$;
select is(t.as_token('mia', :tok, 'mia', 'read'), 'forbidden', 'a token without admin makes none');
select is(t.as_token('mia', null, 'max', 'read'), 'wrong_role', 'nobody makes one for others');
select is(t.as_token('both', null, 'bot', 'read submit'), 'ok', 'but for an own agent');
select is(t.as_token('both', null, 'bot', 'decide'), 'invalid_field', 'which never decides');
select is(t.as_token('root', null, 'mia', 'read submit'), 'ok', 'an admin makes one for others');
select is(t.as_token('root', null, 'noor', 'decide'), 'invalid_field',
    'but none that decides as they');
select is(t.as_token('root', null, 'eva', 'read admin'), 'invalid_field',
    'nor administers as they');
select is(t.as_token('root', null, 'root', 'admin'), 'ok', 'only as oneself');
select is(t.as_token('both', null, 'bot', 'admin'), 'invalid_field', 'and never administers');
select is(t.as_token('root', null, 'mia', 'read'), 'ok', 'an admin may');
select is(t.as_token('mia', null, 'mia', 'fly'), 'invalid_field', 'scopes are four');
select is(t.as_token('mia', null, 'mia', ''), 'invalid_field', 'at least one');
select is(jsonb_array_length(tokens_list(t.id('both'))), 1, 'owners see their agents'' tokens');
select throws_ok(format('select token_revoke(t.actor(''max''), %s)', :tok), 'CS001', null,
    'nobody ends another''s token');
select ok(token_revoke(t.actor('mia'), :tok), 'one ends one''s own');
select is((select count(*) from token_check(sha256('T1'))), 0::bigint, 'for good');
select operator_token_add('{"login": "t-bot", "name": "op", "prefix": "cs_x", "scopes": ["submit"],
    "seconds": 100}', sha256('T3')) ->> 'id' as tok \gset
update api_token set expires_at = now() - interval '1 second' where id = :tok;
select is((select count(*) from token_check(sha256('T3'))), 0::bigint, 'an old one has ended');
select is(t.code(t.call('submit_requests', t.submission('bot', jsonb_build_object('actor',
    t.actor('bot', jsonb_build_object('token_id', :tok)))))), 'unauthenticated',
    'and submits nothing');

select * from finish();
rollback;
