-- What verify found, as the trail keeps it and the page is told.
-- Proves: T25
\ir setup.psql
select plan(19);
set local session_replication_role = replica;
delete from audit_seal;
set local session_replication_role = origin;

create function t.found(item jsonb) returns bool language sql
    return cs.operator_audit_verified('{"rows": 12, "heads": 2, "duration_ms": 500}'::jsonb || item)
        -> 'outcome' is not distinct from item -> 'outcome';
create function t.refused(item jsonb) returns text language plpgsql as $$
declare
    field text;
    code text;
begin
    perform t.found(item);
    return 'ok';
exception when sqlstate 'CS001' then
    get stacked diagnostics code = pg_exception_detail, field = pg_exception_hint;
    return code || ' ' || field;
end
$$;
create function t.rows() returns bigint language sql stable
    return (select count(*) from cs.audit_event e where e.event = 'audit.verified');

select is(audit_verified(), null, 'at first nobody has verified');
select ok(t.found('{"outcome": "whole"}'), 'what is not sealed can be whole');
select is(audit_verified() ->> 'seal', null, 'up to no seal');
insert into audit_seal (n, epoch, epoch_from, xid_from, xid_to, events, last_id, root, prev_hash,
                        hash, key_id, signature, sealed_at)
    values (1, 1, 0, '0', '9', 1, 1, '\x01', '\x00', '\xaa', 'k', '\x01', now());
select is(t.refused('{"outcome": "whole"}'), 'conflict seal', 'then it must come to one');
select is(t.refused('{"outcome": "whole", "seal": 1, "hash": "bb"}'), 'conflict seal',
    'of this database');
select is(t.refused('{"outcome": "unsealed", "seal": 2, "hash": "aa"}'), 'conflict seal',
    'that is there');
select is(t.refused('{"outcome": "fine", "seal": 1, "hash": "aa"}'), 'invalid_field outcome',
    'there are three outcomes');
select is(t.refused('{"seal": 1, "hash": "aa"}'), 'invalid_field outcome', 'and none is none');
select is(t.rows(), 1::bigint, 'what is refused is not recorded');
select is(audit_verified() ->> 'outcome', 'whole', 'nor told');
select ok(t.found('{"outcome": "whole", "seal": 1, "hash": "aa"}'), 'the seal that is there');
select is(audit_verified() - 'at', '{"outcome": "whole", "seal": 1, "rows": 12, "heads": 2,
    "duration_ms": 500, "why": null}', 'is told');
select is((audit_verified() ->> 'at'), (select iso(max(e.ts)) from audit_event e
    where e.event = 'audit.verified'), 'with the time');
insert into audit_seal (n, epoch, epoch_from, xid_from, xid_to, events, last_id, root, prev_hash,
                        hash, key_id, signature, sealed_at)
    values (2, 1, 0, '9', '10', 1, 2, '\x01', '\xaa', '\xbb', 'k', '\x01',
            now() - interval '1 hour');
select is(t.refused('{"outcome": "whole", "seal": 1, "hash": "aa"}'), 'conflict seal',
    'a copy that ends before the newest seal does not speak for it');
select is(t.refused(jsonb_build_object('outcome', 'whole', 'seal', 1, 'hash', 'aa', 'read_us',
    floor(1000000 * extract(epoch from now() - interval '2 hours')))), 'ok',
    'but what came only later could not be read');
set local session_replication_role = replica;
delete from audit_seal where n = 2;
delete from audit_event where id = (select max(id) from audit_event);
set local session_replication_role = origin;
select ok(t.found('{"outcome": "broken", "why": "attempt 7: was changed"}'),
    'what is broken may have no seal that fits');
select is(audit_verified() - 'at', '{"outcome": "broken", "seal": null, "rows": 12, "heads": 2,
    "duration_ms": 500, "why": "attempt 7: was changed"}', 'and the newest is told');
select is((select row(e.entity, e.entity_id, e.actor_kind, e.body ->> 'hash')::text
           from audit_event e where e.event = 'audit.verified' order by e.id offset 1 limit 1),
    '(system,1,operator,aa)', 'in the trail, as what the operator did');
select is_empty('select * from audit_chain_broken(''system'', 1)', 'whose chain holds');

select * from finish();
rollback;
