-- Sealing: what is taken, in which order, and that seals follow each other. The rows of a running
-- transaction, such as this one, are never taken: so the table begins with rows made to order.
-- Proves: T25 I13
\ir setup.psql
select plan(18);
-- Nor are there the rows of another transaction that every database begins with.
set local session_replication_role = replica;
delete from audit_event where event in ('rights.baseline', 'policy.shipped');
set local session_replication_role = origin;
select is_empty('select * from seal_take(10)', 'nothing that a running transaction may add to');

set local session_replication_role = replica;
create function t.event(id bigint, xid text) returns void language sql as $$
    insert into audit_event (id, ts, xid, entity, entity_id, entity_seq, actor_kind, event,
                             prev_hash, hash)
    overriding system value
    select $1, now(), $2::xid8, 'x', $1, 1, 'system', 'test', '\x', sha256($1::text::bytea)
$$;
select t.event(e.id, e.xid) from (values (1000001, '11'), (1000003, '10'), (1000002, '12'),
    (1000005, '12'), (1000004, '13')) e (id, xid) where true \g /dev/null
set local session_replication_role = origin;

create function t.hashes(ids bigint[]) returns bytea language sql
    return (select string_agg(sha256(i.id::text::bytea), '' order by i.n)
            from unnest(ids) with ordinality i (id, n));
select results_eq(
    'select n, epoch, epoch_from, xid_from, xid_to, events, last_id, prev_hash from seal_take(2)',
    $$ values (1::bigint, 1, 0::bigint, 0::bigint, 12::bigint, 2::bigint, 1000003::bigint,
               decode(repeat('00', 32), 'hex')) $$, 'the first two transactions');
select is((select hashes from seal_take(2)), t.hashes('{1000003, 1000001}'),
    'in the order of their transactions');
select is((select hashes from seal_take(3)), t.hashes('{1000003, 1000001, 1000002, 1000005}'),
    'no transaction is split');
select is((select instance from seal_take(3)), instance_get(), 'of this database');

create function t.seal(most int, hash text) returns bool language sql as $$
    select seal_put(to_jsonb(s) - 'hashes' - 'prev_hash' || jsonb_build_object('root', '00',
        'prev_hash', hex(s.prev_hash), 'hash', $2, 'key_id', 'k', 'signature', '01'))
    from seal_take($1) s
$$;
select results_eq('select n, unsealed from audit_head()',
    'select null::bigint, count(*) from audit_event', 'before the first seal all rows wait');
select ok(t.seal(2, 'aa'), 'a seal is stored');
-- The rows of this transaction, which made the people of the setup, wait as well.
select results_eq('select n, unsealed from audit_head()', 'select 1::bigint, 3 + count(*)
    from audit_event where xid = pg_current_xact_id()', 'then those that it does not cover');
select ok(not seal_put('{"n": 1, "epoch": 1, "epoch_from": 0, "xid_from": 0, "xid_to": 12,
    "events": 1, "last_id": 1, "root": "", "prev_hash": "", "hash": "", "key_id": "",
    "signature": "", "sealed_us": 1}'), 'no second one of that number');
select ok(not seal_put('{"n": 3, "epoch": 1, "epoch_from": 0, "xid_from": 0, "xid_to": 12,
    "events": 1, "last_id": 1, "root": "", "prev_hash": "", "hash": "", "key_id": "",
    "signature": "", "sealed_us": 1}'), 'nor one that leaves a gap');
select results_eq('select n, xid_from, xid_to, events, prev_hash, hashes from seal_take(100)',
    $$ values (2::bigint, 12::bigint, 14::bigint, 3::bigint, '\xaa'::bytea,
               t.hashes('{1000002, 1000005, 1000004}')) $$, 'the next one follows it');
select ok(t.seal(100, 'bb'), 'and is stored');
select is_empty('select * from seal_take(100)', 'then all is sealed');
select results_eq('select n, unsealed, late from audit_head()', 'select 2::bigint, count(*), false
    from audit_event where xid = pg_current_xact_id()', 'and no other row waits, nor is late');

-- A dump was restored: transactions count anew, from before the end of the last seal.
create function t.seal_at(xid text) returns void language plpgsql as $$
begin
    set local session_replication_role = replica;
    update audit_seal set xid_to = xid::xid8 where n = 2;
    perform t.event(1000006, '15'), t.event(1000007, '9000000000000000001');
    set local session_replication_role = origin;
end
$$;
select t.seal_at('9000000000000000000') \g /dev/null
select is((select (epoch, events, xid_from, hashes) from seal_take(10)),
    (1, 1::bigint, 9000000000000000000::bigint, t.hashes('{1000007}')),
    'what the old database left comes first');
select ok(t.seal(10, 'cc'), 'and is sealed');
create function t.new_event() returns void language plpgsql as $$
begin
    set local session_replication_role = replica;
    perform t.event(1000008, '16');
    set local session_replication_role = origin;
end
$$;
select t.new_event() \g /dev/null
select is((select unsealed from audit_head()), 1::bigint,
    'a row of transactions that are counted anew is not taken for sealed');
select is((select (epoch, epoch_from, xid_from, events, hashes) from seal_take(10)),
    (2, 1000008::bigint, 0::bigint, 1::bigint, t.hashes('{1000008}')),
    'then an epoch begins with the ids after it');
select * from finish();
rollback;
