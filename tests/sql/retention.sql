-- Two admins agree to drop a part of the audit trail: who may, when, and what never changes then.
-- Proves: I13
\ir setup.psql
\ir glass.psql
select plan(111);

-- Seals over all that was written so far, so many days ago. Transactions of long ago are made up:
-- all this is one, and no seal ever covers a part of one.
create function t.seal(days int) returns bigint language plpgsql as $$
declare
    last audit_seal;
    made audit_seal;
    e audit_event;
begin
    select s.* into last from audit_seal s order by s.n desc limit 1;
    made.n := coalesce(last.n, 0) + 1;
    made.xid_from := coalesce(last.xid_to, '0');
    made.xid_to := ((made.n * 2 + 1)::text)::xid8;
    set local session_replication_role = replica;
    for e in select * from audit_event x where x.xid = pg_current_xact_id()
             order by x.entity, x.entity_id, x.entity_seq loop
        e.xid := ((made.n * 2)::text)::xid8;
        e.prev_hash := coalesce((select b.hash from audit_event b where b.entity = e.entity
            and b.entity_id = e.entity_id and b.entity_seq = e.entity_seq - 1), e.prev_hash);
        e.hash := audit_leaf(e);
        update audit_event x set xid = e.xid, prev_hash = e.prev_hash, hash = e.hash
            where x.id = e.id;
    end loop;
    set local session_replication_role = origin;
    insert into audit_seal (n, epoch, epoch_from, xid_from, xid_to, events, last_id, root,
                            prev_hash, hash, key_id, signature, sealed_at)
    select made.n, 1, 0, made.xid_from, made.xid_to, count(*), max(c.id), sha256('r'),
           coalesce(last.hash, sha256('0')), sha256(made.n::text::bytea), repeat('0', 16), '\x',
           now() - make_interval(days => days)
    from audit_event c where c.xid >= made.xid_from and c.xid < made.xid_to;
    return made.n;
end
$$;
-- What a function says: the state, or code and field of the error.
create function t.told(name text, actor jsonb, item jsonb) returns text language plpgsql as $$
declare
    answer jsonb;
    code text;
    field text;
begin
    execute format('select cs.%I($1, $2)', name) into answer using actor, item;
    return answer ->> 'state';
exception when sqlstate 'CS001' then
    get stacked diagnostics code = pg_exception_detail, field = pg_exception_hint;
    return concat_ws(' ', code, nullif(field, ''));
when others then
    return sqlstate;
end
$$;
-- As the api would, in a session in which the person showed who they are so many seconds ago.
create function t.says(name text, login text, item jsonb, more jsonb, ago int) returns text
    language plpgsql as $$
declare
    actor jsonb := t.actor(login, jsonb_build_object('session_id', t.session(login, ago)));
    sent jsonb := item || jsonb_build_object('min_days', 365, 'reauth_seconds', 900,
        'signature', repeat('0', 128), 'key_id', repeat('0', 16)) || more;
    code text;
    field text;
begin
    return t.told(name, actor, sent || cs.retention_terms(actor, sent) || more);
exception when sqlstate 'CS001' then
    get stacked diagnostics code = pg_exception_detail, field = pg_exception_hint;
    return concat_ws(' ', code, nullif(field, ''));
end
$$;
create function t.days(ago int) returns text language sql stable
    return ((now() at time zone 'UTC') - make_interval(days => ago))::date::text;
create function t.propose(login text, days int, more jsonb default '{}', ago int default 0)
    returns text language sql
    return t.says('retention_propose', login, jsonb_build_object('before', t.days(days),
                  'reason', 'Kept for a year.'), more, ago);
create function t.newest() returns bigint language sql stable
    return (select max(id) from cs.retention);
create function t.agree(login text, more jsonb default '{}', ago int default 0) returns text
    language sql
    return t.says('retention_agree', login, jsonb_build_object('id', t.newest()), more, ago);
create function t.withdraw(login text) returns text language sql
    return t.told('retention_withdraw', t.actor(login), jsonb_build_object('id', t.newest()));

select t.submit('mia') as first \gset
select is(t.propose('eva', 365), 'invalid_field before', 'nothing was sealed yet');
select t.seal(500) as one \gset
select t.submit('mia') as second \gset
select t.seal(400) as two \gset
select t.submit('mia') as third \gset
select t.seal(364) as three \gset

-- Who, and what.
select is(t.propose('noor', 400), 'wrong_role', 'only admins propose');
select is(t.told('retention_propose', t.actor('eva'), jsonb_build_object('before', t.days(400),
    'reason', 'x', 'reauth_seconds', 900)), 'reauthentication_required', 'in a session');
select is(t.propose('eva', 400, ago => 901), 'reauthentication_required', 'that is fresh');
select is(t.propose('eva', 400, '{"reauth_seconds": null}'), 'reauthentication_required',
    'no age is no way around');
select is(t.propose('eva', 364), 'invalid_field before', 'not of what is too young');
select is(t.propose('eva', 29, '{"min_days": 1}'), 'invalid_field before',
    'and 30 days stay, whatever is set');
select is(array_agg(t.propose('eva', 400, jsonb_build_object('before', b)) order by n),
    array_fill('invalid_field before'::text, '{5}') || '{missing_field before}', 'before is a day')
from unnest(array['x', '2020-13-01', '2020-02-30', '2020-1-1', 'infinity', null])
    with ordinality d (b, n);
select is(t.propose('eva', 600), 'invalid_field before', 'nothing was sealed before that');
select is(t.propose('eva', 400, '{"reason": " "}'), 'missing_field reason', 'a reason is needed');
select is(t.propose('eva', 400, jsonb_build_object('reason', repeat('x', 501))),
    'invalid_field reason', 'a short one');
select is(array_agg(t.propose('eva', 400, m)), array_fill('unavailable'::text, '{5}'),
    'what is not signed goes nowhere')
from unnest(array['{"signature": null}', '{"signature": "00"}', '{"key_id": "x"}', '{"at_ms": 1}',
                  '{"at_ms": null}']::jsonb[]) m;
select is(t.propose('eva', 399, jsonb_build_object('seal', :one)), 'stale',
    'nor what was signed for another seal');
select is(t.propose('eva', 399, '{"seal_hash": "00"}'), 'stale', 'or another hash of it');
select is((select count(*) from retention), 0::bigint, 'none of these left anything');

select is(t.propose('eva', 399), 'proposed', 'an admin proposes');
select is((select row(first_seal, seal, seal_hash = sha256('2'), events, reason,
        proposed_by = t.id('eva'), agreed_by)::text from retention),
    (select row(1, :two, true, sum(events), 'Kept for a year.', true, null)::text
     from audit_seal where n <= :two), 'all up to the newest seal before that day');
select is((select row(event, actor_id = t.id('eva'), body ->> 'seal', body ->> 'reason',
        row_digests = jsonb_build_object('retention:' || r.id, retention_digest(r)))::text
    from audit_event e join retention r on r.id = e.entity_id where entity = 'retention'),
    '(retention.proposed,t,2,"Kept for a year.",t)', 'which is audited with the digest of its row');
select is(t.propose('root', 499), 'conflict', 'one at a time');

-- Two persons, who are not one.
select is(t.agree('noor'), 'wrong_role', 'only admins agree');
select is(t.agree('eva'), 'own_request', 'never who proposed it');
select is(t.agree('root', ago => 901), 'reauthentication_required', 'a stale session does not');
select is(t.agree('root', '{"signature": "x"}'), 'unavailable', 'nor what is not signed');
select is(t.agree('root', jsonb_build_object('seal', :one)), 'stale', 'or for another seal');
select operator_person_add('{"login": "t-ida", "name": "Ida", "roles": ["admin"], "teams": []}')
    as x \gset
update person set created_by = t.id('eva') where login = 't-ida';
select is(t.agree('ida'), 'own_request', 'nor whose account was made by who proposed it');
update person set created_by = null where login = 't-ida';
insert into credential_event (person_id, by_id, kind) values (t.id('eva'), t.id('ida'), 'link');
select is(t.agree('ida'), 'own_request', 'nor who could have come in as that person');
update person set disabled_at = now() where login = 't-eva';
select is(t.agree('root'), 'conflict', 'nor when who proposed is disabled');
update person set disabled_at = null, roles = '{reviewer}' where login = 't-eva';
select is(t.agree('root'), 'conflict', 'or no admin any more');
update person set roles = '{admin,reviewer}' where login = 't-eva';
set local session_replication_role = replica;
update audit_seal set hash = sha256('other') where n = :two;
select is(t.agree('root'), 'stale', 'nor when the seal is another one');
update audit_seal set hash = sha256(n::text::bytea) where n = :two;
set local session_replication_role = origin;
select is((select row(state, agreed_by)::text from retention), '(proposed,)',
    'none of these changed anything');
select is(t.agree('root'), 'agreed', 'another admin agrees');
select is(t.agree('root'), 'wrong_state', 'once');
select is((select row(actor_id = t.id('root'), row_digests ->> ('retention:' || r.id)
        = retention_digest(r))::text from audit_event e join retention r on r.id = e.entity_id
    where event = 'retention.agreed'), '(t,t)', 'which is audited with the digest of its row');

-- Read, and withdrawn.
select is(retention_list(t.actor('root'), 365) ->> 'earliest', t.days(365),
    'the newest day that may be given');
select is((select array_agg(k order by k) from jsonb_object_keys(
        retention_list(t.actor('root'), 365) -> 'retentions' -> 0) k),
    '{agreed_at,agreed_by,dropped_at,dropped_events,events,id,kept_events,manifest_sha256,'
    'proposed_at,proposed_by,reason,seal,sealed_at,state,withdrawn_at,withdrawn_by}',
    'what is shown of each');
select is(t.told('retention_withdraw', t.actor('noor'), jsonb_build_object('id', t.newest())),
    'wrong_role', 'only admins withdraw');
select is(t.told('retention_withdraw', t.actor('ida'), '{"id": 999999}'), 'not_found',
    'what is there');
select throws_ok($$ select retention_list(t.actor('noor'), 365) $$, 'CS001', null,
    'and only admins read');
select is(t.withdraw('ida'), 'withdrawn', 'any admin does');
select is(t.withdraw('ida'), 'wrong_state', 'once');
select is(t.agree('root'), 'wrong_state', 'and then nobody agrees any more');
select is((select count(*) from audit_event where event = 'retention.withdrawn'), 1::bigint,
    'which is audited');

-- The table holds everybody to it, SQL by hand too.
create function t.tries(change text) returns text language plpgsql as $$
begin
    execute change;
    return 'done';
exception when others then
    return sqlstate;
end
$$;
select is(t.propose('root', 499), 'proposed', 'another one');
select is(t.tries(format('update retention set %s where state = ''proposed''', change)),
    'CS002', 'SQL by hand changes nothing of it: ' || split_part(change, ',', 1))
from unnest(array['seal = 2', 'first_seal = 2', $$seal_hash = sha256('x')$$, 'events = 1',
    $$reason = 'other'$$, $$proposed_by = t.id('eva')$$, 'proposed_at = now()',
    $$propose_signature = sha512('x')$$, $$propose_key_id = 'x'$$, 'reason = reason']) change;
select is(t.tries($$update retention set state = 'dropped', agreed_by = t.id('eva'),
    agreed_at = now(), agree_key_id = 'k', agree_signature = sha512('x'), dropped_at = now(),
    dropped_xid = pg_current_xact_id(), manifest_sha256 = sha256('x'), dropped_events = 0,
    kept_events = 0 where state = 'proposed'$$), 'CS002', 'nor does it go its way at once');
select is(t.tries(format($$update retention set state = 'agreed', agreed_by = %s,
    agreed_at = now(), agree_signature = sha512('x'), agree_key_id = 'k'
    where state = 'proposed'$$, who)), '23514', 'one person can not be both: ' || who)
from unnest(array['proposed_by', 'null']) who;
select is(t.tries($$insert into retention (state, first_seal, seal, seal_hash, events, reason,
        proposed_by, proposed_at, propose_signature, propose_key_id, agreed_by, agreed_at,
        agree_signature, agree_key_id)
    values ('agreed', 1, 1, sha256('1'), 1, 'x', t.id('eva'), now(), sha512('x'), 'k',
        t.id('ida'), now(), sha512('x'), 'k')$$), 'CS002', 'nor does it begin at its end');
select is(t.tries('delete from retention'), '42501', 'no row of it is ever deleted');
select is(t.tries('truncate retention'), '42501', 'nor all of them');
select is(t.agree('eva'), 'agreed', 'agreed');
select is(t.tries($$update retention set state = 'withdrawn', withdrawn_by = t.id('eva'),
    withdrawn_at = now(), agreed_by = t.id('ida') where state = 'agreed'$$), 'CS002',
    'who agreed never changes');
select is(t.tries($$update retention set state = 'withdrawn', withdrawn_by = t.id('eva'),
    withdrawn_at = now(), reason = 'other' where state = 'agreed'$$), 'CS002',
    'nor what was proposed, as it goes its way');
select is(t.tries($$update retention set state = 'dropped', dropped_at = now(), dropped_xid = '3',
    manifest_sha256 = sha256('x'), dropped_events = 0, kept_events = 0 where state = 'agreed'$$),
    'CS002', 'nothing was dropped in another transaction');


-- Dropped, or not.
create function t.drop(more jsonb default '{}') returns text language plpgsql as $$
declare
    code text;
    field text;
begin
    return operator_retention_drop(jsonb_build_object('id', t.newest(), 'min_days', 365,
        'events', (select r.events from retention r where r.id = t.newest()),
        'manifest_sha256', repeat('ab', 32)) || more) ->> 'dropped_events';
exception when sqlstate 'CS001' then
    get stacked diagnostics code = pg_exception_detail, field = pg_exception_hint;
    return concat_ws(' ', code, nullif(field, ''));
when others then
    return sqlstate;
end
$$;
select t.withdraw('root') as x \gset
select is(t.drop(), 'wrong_state', 'what was withdrawn is not dropped');

-- What is over when the range ends, what is not, what is over later, and what runs.
select t.submit('mia') as refused \gset
select t.decide('noor', :refused, 'reject') as x \gset
select t.at('running', '{"title": "Ran"}') as ran \gset
select t.finish(:ran, 'succeeded') as x \gset
select t.at('running', '{"title": "Goes on"}') as running \gset
select t.submit('mia') as waiting \gset
select t.submit('mia') as late \gset
set local session_replication_role = replica;
update audit_seal set sealed_at = now() - interval '380 days' where n = :three;
set local session_replication_role = origin;
select t.seal(370) as four \gset
select t.decide('noor', :late, 'reject') as x \gset

select is(t.propose('eva', 366), 'proposed', 'a range with all of that');
select is(t.drop(), 'wrong_state', 'nobody has agreed yet');
select is(t.agree('root'), 'agreed', 'agreed');
select set_eq($$ select r from unnest(array['api', 'worker', 'sealer', 'auditor', 'verifier']) r
    where has_function_privilege('countersign_' || r, 'cs.operator_retention_drop(jsonb)',
                                 'execute') $$, $$ select null::text where false $$,
    'no role drops but the operator');
select is(t.drop('{"id": 999999}'), 'not_found', 'what is there');
select is(t.drop('{"events": 1}'), 'conflict events', 'and was exported whole');
select is(t.drop('{"events": null}'), 'conflict events', 'which must be said');
select is(t.drop('{"manifest_sha256": "x"}'), 'invalid_field manifest_sha256',
    'with the manifest of that');
select is(t.drop('{"min_days": 371}'), 'conflict', 'when it is old enough');
update person set disabled_at = now() where login = 't-root';
select is(t.drop(), 'conflict', 'not when who agreed is disabled');
update person set disabled_at = null, roles = '{analyst}' where login = 't-root';
select is(t.drop(), 'conflict', 'or no admin any more');
update person set roles = '{admin}' where login = 't-root';
update person set disabled_at = now() where login = 't-eva';
select is(t.drop(), 'conflict', 'nor when who proposed is');
update person set disabled_at = null where login = 't-eva';
update person set created_by = t.id('eva') where login = 't-root';
select is(t.drop(), 'conflict', 'nor when one has come in as the other');
update person set created_by = null where login = 't-root';
set local session_replication_role = replica;
update audit_seal set hash = sha256('other') where n = :four;
select is(t.drop(), 'stale', 'nor when the seal is another one');
update audit_seal set hash = sha256(n::text::bytea) where n = :four;
create temp table before on commit drop as select * from audit_event;
delete from audit_event where id = (select min(id) from audit_event where entity = 'person');
select is(t.drop(), 'conflict events', 'nor when a row is missing');
insert into audit_event overriding system value
    select * from before where id = (select min(id) from before where entity = 'person');
set local session_replication_role = origin;
select is((select count(*) from before), (select count(*) from audit_event),
    'none of these dropped anything');

create function t.tries_delete(what text) returns text language sql as $$
    select t.tries('delete from audit_event where ' || what)
$$;
select is(t.tries_delete('true'), '42501', 'nothing else deletes audit rows');
select is(t.tries_delete('false'), 'done', 'deleting none is no change');
select is(t.tries($$update retention set state = 'dropped', dropped_at = clock_timestamp(),
    dropped_xid = pg_current_xact_id(), manifest_sha256 = sha256('x'), dropped_events = 1,
    kept_events = 1 where state = 'agreed'; delete from audit_event where entity = 'request'$$),
    '42501', 'not even for who says so by hand, when nothing carries the rows');

select t.drop() as dropped \gset
select is(:'dropped', (select count(*)::text from before
    where entity = 'request' and entity_id in (:refused, :ran)), 'the rows of two requests go');
select is((select count(*) from before b where not exists (select from audit_event e
    where e.id = b.id and e.hash = b.hash)), :'dropped'::bigint, 'and all others are as before');
select is((select array_agg(e.entity_id order by e.entity_id) from audit_event e
    where e.event = 'request.carried'), array[:refused, :ran]::bigint[],
    'one row carries each of the two chains on');
select is((select jsonb_object_agg(k, v) from audit_event e, jsonb_each(e.body) b (k, v)
    where e.event = 'request.carried' and e.entity_id = :ran), jsonb_build_object('retention_id',
    t.newest(), 'seal', :four, 'rows', (select count(*) from before where entity = 'request'
    and entity_id = :ran), 'request', 'succeeded', 'attempts',
    jsonb_build_object(t.attempt(:ran), 'succeeded')), 'it says what they led to');
select is((select row_digests from audit_event where event = 'request.carried'
    and entity_id = :ran), (select jsonb_object_agg(k, v) from before b,
    jsonb_each(b.row_digests) d (k, v) where b.entity = 'request' and b.entity_id = :ran),
    'and has all their digests');
select is((select row(c.entity_seq, c.prev_hash)::text from audit_event c
    where c.event = 'request.carried' and c.entity_id = :ran),
    (select row(b.entity_seq + 1, b.hash)::text from before b where b.entity = 'request'
     and b.entity_id = :ran order by b.entity_seq desc limit 1), 'and follows the last of them');
select ok(t.whole(:ran) and t.whole(:refused), 'their chains are whole as far as they go');
select is_empty('select * from broken_chains()', 'and so are all others');
select is_empty('select * from unapproved_runs()', 'each run is still proved to be approved');

select is((select count(*) from events_between((select max(id) from before),
    pg_current_snapshot()::text, '1:999999999999:', 100) e where e.event like '%carried%'),
    0::bigint, 'the live feed is told nothing, for nothing changed');

-- What is said of it.
create function t.root(leaves bytea[]) returns bytea language plpgsql as $$
declare
    half int := 1;
begin
    if cardinality(leaves) < 2 then
        return coalesce(leaves[1], sha256(''));
    end if;
    while 2 * half < cardinality(leaves) loop
        half := 2 * half;
    end loop;
    return sha256('\x01'::bytea || t.root(leaves[:half]) || t.root(leaves[half + 1:]));
end
$$;
select is((select row((e.body ->> 'kept_events')::bigint, e.body ->> 'kept_root')::text
    from audit_event e where e.event = 'retention.dropped'),
    (select row(count(*), hex(t.root(array_agg(e.hash order by e.xid, e.id))))::text
     from audit_event e where e.xid < (select xid_to from audit_seal where n = :four)),
    'how many stay, with the root over them');
select is(merkle_join('{}'), sha256(''), 'the root over none is the one of RFC 6962');
select is((select row(state, dropped_events, kept_events, dropped_xid = pg_current_xact_id(),
        hex(manifest_sha256))::text from retention where id = t.newest()),
    (select row('dropped', :'dropped'::bigint, sum(s.events) - :'dropped'::bigint, true,
        repeat('ab', 32))::text from audit_seal s where s.n <= :four), 'the proposal says so');
select is((select row(e.actor_kind, e.body ->> 'dropped_events', e.body ->> 'manifest_sha256',
        e.body -> 'statements' -> 0 ->> 'role',
        (e.body -> 'statements' -> 1 ->> 'person_id')::bigint = t.id('root'),
        e.row_digests ->> ('retention:' || r.id) = retention_digest(r))::text
    from audit_event e join retention r on r.id = e.entity_id where e.event = 'retention.dropped'),
    format('(operator,%s,%s,propose,t,t)', :'dropped', repeat('ab', 32)),
    'and the audit trail, with both statements');
select is(t.drop(), 'wrong_state', 'nothing is dropped twice');
select is(t.withdraw('eva'), 'wrong_state', 'nor taken back');
select is(t.tries_delete(format('entity = ''request'' and entity_id = %s', id)), '42501',
    'what carries, or goes on, stays: ' || id) from unnest(array[:ran, :running]::bigint[]) id;
select is(t.tries_delete('entity = ''person'''), '42501', 'as does what is about a person');
select is(t.propose('eva', 366), 'invalid_field before', 'what was dropped is not proposed again');

-- What is over by now goes with the next range; a chain that was carried stays as it is.
select t.finish(:running, 'failed') as x \gset
select t.seal(368) as five \gset
select is(t.propose('root', 366), 'proposed', 'the next range');
select is((select first_seal from retention where id = t.newest()), :four + 1::bigint,
    'begins behind it');
select is(t.agree('eva'), 'agreed', 'is agreed to');
select t.drop() as dropped \gset
select is(:'dropped', (select sum((body ->> 'rows')::int)::text from audit_event
    where event = 'request.carried' and entity_id in (:late, :running)), 'and dropped');
select is((select array_agg(e.entity_id order by e.entity_id) from audit_event e
    where e.event = 'request.carried'), array[:refused, :ran, :running, :late]::bigint[],
    'with what was over meanwhile');
select is_empty('select * from broken_chains()', 'all chains are whole');
select is_empty('select * from unapproved_runs()', 'and all runs proved');

-- A chain that was carried and goes on is carried once more, from what the first one said.
select audit_put('request', :ran, '{"kind": "operator"}', 'test.more') as x \gset
select t.seal(367) as six \gset
select t.propose('root', 366) as x \gset
select t.agree('eva') as x \gset
select t.drop() as x \gset
select is((select row(e.body ->> 'rows', e.body ->> 'request', e.body -> 'attempts',
        e.row_digests ?& array(select jsonb_object_keys(b.row_digests) from before b
            where b.entity = 'request' and b.entity_id = :ran))::text from audit_event e
    where e.entity = 'request' and e.entity_id = :ran),
    (select row('2', 'succeeded', jsonb_build_object(t.attempt(:ran), 'succeeded'), true)::text),
    'carried twice');

select * from finish();
rollback;
