-- The audit trail: chained, complete, and only ever added to.
-- Proves: T25 I6
\ir setup.psql
select plan(103);

-- A story with everything in it, and its chain.
select t.submit('mia') as r \gset
select t.decide('noor', :r, 'request_changes') as x \gset
select t.call('revise_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :r,
    'revision', 1, 'verdict', t.verdict(), 'code', E'print(2)\n')) as x \gset
select t.decide('noor', :r, 'approve') as x \gset
select t.worker() as w \gset
select t.claim(:w, :r) as x \gset
select t.start(:r) as x \gset
select t.running(:r) as x \gset
select t.finish(:r, 'succeeded', '{"cost": {"seconds": 1, "nano_usd": 0}}') as x \gset
select is((select array_agg(event order by entity_seq) from audit_event
           where entity = 'request' and entity_id = :r),
    '{request.submit,decision.request_changes,request.revise,decision.approve,attempt.ready,
attempt.claim,attempt.start,attempt.running,request.running,attempt.finish,request.finish}',
    'each step has its row');
select is((select array_agg(entity_seq order by entity_seq) from audit_event
           where entity = 'request' and entity_id = :r),
    array(select generate_series(1, 11)::bigint), 'numbered without gaps');
select ok(t.whole(:r), 'the chain is whole');
select is((select prev_hash from audit_event where entity = 'request' and entity_id = :r
           and entity_seq = 1), '\x'::bytea, 'it begins with nothing before it');
select ok((select bool_and(xid = pg_current_xact_id()) from audit_event
           where entity = 'request' and entity_id = :r), 'each row names its transaction');
select ok((select bool_and(octet_length(hash) = 32) from audit_event
           where entity = 'request' and entity_id = :r), 'each hash has 32 bytes');
select is((select count(distinct hash) from audit_event where entity = 'request'
           and entity_id = :r), 11::bigint, 'and is its own');

-- The hash once more, made here by hand from the words of the comment.
create function t.part(value bytea) returns bytea language sql immutable
    return coalesce(int4send(octet_length(value)) || value, '\xffffffff');
create function t.part(value text) returns bytea language sql immutable
    return t.part(value::bytea);
create function t.leaf(e audit_event) returns bytea language sql stable
    return sha256('\x00'::bytea || t.part('countersign-audit-v1') || t.part(e.id::text)
        || t.part((extract(epoch from e.ts) * 1000000)::bigint::text) || t.part(e.xid::text)
        || t.part(e.entity) || t.part(e.entity_id::text) || t.part(e.entity_seq::text)
        || t.part(e.actor_id::text) || t.part(e.actor_kind) || t.part(e.session_id::text)
        || t.part(e.token_id::text) || t.part(e.address) || t.part(e.event) || t.part(e.subject)
        || t.part(e.from_state) || t.part(e.to_state) || t.part(e.body::text)
        || t.part(e.row_digests::text) || t.part(e.prev_hash));
select ok((select bool_and(hash = t.leaf(e)) from audit_event e where entity = 'request'
           and entity_id = :r), 'the hash is what its description says');

-- Whatever a row says of its place, time, transaction or hash, it gets those that are true.
create function t.put(request_id bigint, change jsonb) returns bool language plpgsql as $$
declare
    last audit_event;
    next audit_event;
begin
    select * into last from audit_event e where e.entity = 'request' and e.entity_id = $1
        order by e.entity_seq desc limit 1;
    next := jsonb_populate_record(last, jsonb_build_object('id', last.id + 1000000,
        'entity_seq', last.entity_seq + 1, 'prev_hash', last.hash) || change);
    insert into audit_event as e overriding system value values (next.*) returning e.* into next;
    return next.entity_seq = last.entity_seq + 1 and next.prev_hash = last.hash
        and next.hash = t.leaf(next) and next.xid = pg_current_xact_id() and next.format = 1
        and next.ts between now() and clock_timestamp();
end
$$;
select ok(t.put(:r, c.change::jsonb), 'made true: ' || c.change)
from (values ('{"ts": "2001-01-01"}'), ('{"ts": "2101-01-01"}'), ('{"xid": "7"}'),
             ('{"entity_seq": 40}'), ('{"entity_seq": 1, "prev_hash": "\\x"}'),
             ('{"prev_hash": "\\x02"}'), ('{"format": 2}'), ('{"hash": "\\x02"}')) c (change);
select ok(t.whole(:r), 'and the chain is whole with them');
select throws_ok($$ select audit_move((select max(id) from request), '{"kind": "worker"}',
    'decision.approve', 'request', 'pending', 'approved') $$, 'CS002', null,
    'no row says that a worker approved');

-- Any change of any column of any row is found.
create function t.change_found(column_name text, request_id bigint, seq bigint) returns bool
    language plpgsql as $$
declare
    found_it bool;
    kind text := (select c.data_type from information_schema.columns c
                  where c.table_schema = 'cs' and c.table_name = 'audit_event'
                    and c.column_name = $1);
begin
    set local session_replication_role = replica;
    execute format('update audit_event set %1$I = %2$s where entity = ''request''
        and entity_id = %3$s and entity_seq = %4$s', column_name, case kind
            when 'bigint' then format('coalesce(%I, 0) + 1000000', column_name)
            when 'smallint' then format('%I + 1', column_name)
            when 'timestamp with time zone' then 'ts + interval ''1 microsecond'''
            when 'xid8' then '''3'''
            when 'bytea' then format('sha256(%I)', column_name)
            when 'jsonb' then format('coalesce(%I, ''{}'') || ''{"x": 1}''', column_name)
            else case column_name when 'entity' then '''elsewhere'''
                                  when 'actor_kind' then '''operator'''
                                  when 'event' then '''test.other'''
                                  else format('coalesce(%I, '''') || ''x''', column_name) end end,
        request_id, seq);
    found_it := exists (select from audit_chain_broken('request', request_id));
    raise exception using errcode = 'CS009', message = found_it::text; -- takes the change back
exception when sqlstate 'CS009' then
    set local session_replication_role = origin;
    return sqlerrm::bool;
end
$$;
select ok(t.change_found(c.column_name, :r, s.seq), format('a changed %s of row %s is found',
                                                            c.column_name, s.seq))
from information_schema.columns c, (values (1), (4), (8)) s (seq)
where c.table_schema = 'cs' and c.table_name = 'audit_event' and c.column_name <> 'id'
order by c.ordinal_position, s.seq;

create function t.loss_found(request_id bigint, command text) returns bool language plpgsql as $$
declare
    found_it bool;
begin
    set local session_replication_role = replica;
    execute format(command, request_id);
    found_it := exists (select from audit_chain_broken('request', request_id));
    raise exception using errcode = 'CS009', message = found_it::text;
exception when sqlstate 'CS009' then
    set local session_replication_role = origin;
    return sqlerrm::bool;
end
$$;
select ok(t.loss_found(:r, 'delete from audit_event where entity = ''request''
    and entity_id = %s and entity_seq = 1'), 'a missing first row is found');
select ok(t.loss_found(:r, 'delete from audit_event where entity = ''request''
    and entity_id = %s and entity_seq = 5'), 'a missing middle row is found');
select ok(t.loss_found(:r, 'update audit_event set entity_seq = case entity_seq when 4 then 1000
    else 4 end where entity = ''request'' and entity_id = %s and entity_seq in (4, 5)'),
    'rows that changed places are found');
select ok(t.whole(:r), 'and all that was taken back');

-- Rows that an event covers.
select ok(row_digests ->> 'revision:2' = (select revision_digest(v) from revision v
    where v.request_id = :r and v.revision = 2), 'the revision is covered')
    from audit_event where entity = 'request' and entity_id = :r and event = 'request.revise';
select ok(row_digests ->> ('attempt:' || t.attempt(:r)) = (select attempt_digest(a) from attempt a
    where a.id = t.attempt(:r)), 'the attempt is covered, whatever became of it')
    from audit_event where entity = 'request' and entity_id = :r and event = 'attempt.ready';

-- Nothing is changed, not by the owner either.
create function t.refused(command text) returns text language plpgsql as $$
begin
    set local role countersign_owner;
    execute command;
    reset role;
    return 'done';
exception when others then
    return sqlstate;
end
$$;
select is(t.refused(format(c.command, n.name)), '42501', format(c.command, n.name) || ' is refused')
from (values ('audit_event', 'ts = now()'), ('revision', 'code = ''x'''), ('decision',
    'note = ''x'''),
             ('cost_span', 'nano_usd = 1'), ('request_text', 'title = ''x''')) n (name, assignment),
     lateral (values ('update cs.%I set ' || n.assignment), ('delete from cs.%I'),
                     ('truncate cs.%I cascade')) c (command)
order by n.name, c.command;

select is(t.refused('delete from cs.audit_event where id > 0'), '42501',
    'no row of it is ever deleted');

-- If the audit row can not be written, the change does not happen.
select t.submit('mia') as r \gset
alter table audit_event add constraint no_more check (event <> 'decision.approve') not valid;
select is(t.code(t.decide('noor', :r, 'approve')), 'invalid_field', 'no audit row, no decision');
select is((select count(*) from decision where request_id = :r), 0::bigint, 'none at all');
select is(t.state(:r), 'pending', 'the request waits as before');
select is(t.attempt(:r), null, 'and nothing runs');
alter table audit_event drop constraint no_more;

-- Views of auditors.
select is_empty('select * from audit.runs_without_valid_approval
    where request_id in (select id from cs.request where author_id = t.id(''mia''))',
    'each run can be proved to have been approved');
select is_empty('select b.* from audit.broken_chains b', 'no chain is broken');

select * from finish();
rollback;
