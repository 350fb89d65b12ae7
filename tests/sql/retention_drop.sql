-- Dropping what two admins agreed to: what is refused, what goes and stays, and what is said of it.
-- Proves: I13
\ir setup.psql
\ir glass.psql
\ir retention.psql
select plan(50);
-- All rows are of this transaction, as if it were the first.
set local session_replication_role = replica;
delete from audit_event where event in ('rights.baseline', 'policy.shipped');
set local session_replication_role = origin;

select t.submit('mia') as first \gset
select t.seal(500) as one \gset
select t.submit('mia') as second \gset
select t.seal(400) as two \gset
select t.submit('mia') as third \gset
select t.seal(364) as three \gset
select t.propose('root', 499) as x \gset
select t.agree('eva') as x \gset
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
    '1:1:', '1:999999999999:', 100) e where e.event like '%carried%'),
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

-- A dump was restored: transactions count anew, from before the end of the last seal.
-- What the old one left is sealed first.
select t.seal(366) as seven \gset
set local session_replication_role = replica;
select max(id) + 1 as epoch from audit_event \gset
insert into audit_event (id, ts, xid, entity, entity_id, entity_seq, actor_kind, event, prev_hash,
                         hash)
    overriding system value
    select :epoch + i, now(), (4 - i)::text::xid8, 'x', i, 1, 'system', 'test', '\x',
           sha256(i::text::bytea) from generate_series(0, 2) i;
set local session_replication_role = origin;
select is((select count(*) from audit_event e where e.entity = 'x'
    and in_range(e.id, e.xid, retention_reach(:seven))), 0::bigint,
    'no seal of before reaches rows that came after');
insert into audit_seal (n, epoch, epoch_from, xid_from, xid_to, events, last_id, root, prev_hash,
                        hash, key_id, signature, sealed_at)
    values (:seven + 1, 2, :epoch, '0', '4', 2, :epoch + 2, '', '', sha256('7'), 'k', '', now());
select is((select row(k.events, k.root)::text from retention_kept(retention_reach(:seven + 1)) k),
    (select row(count(*), t.root(array_agg(e.hash order by e.id >= :epoch, e.xid, e.id)))::text
     from audit_event e where e.id < :epoch and in_range(e.id, e.xid, retention_reach(:seven))
        or e.id >= :epoch and e.xid < '4'),
    'what stays is in the order of epochs, and of transactions within each');

select * from finish();
rollback;
