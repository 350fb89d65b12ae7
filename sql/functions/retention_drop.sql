-- Dropping what two admins agreed to. Of a request that is over, and whose rows all lie in the
-- range, one row stays behind the dropped ones: request.carried, which says what they led to and
-- has the digests that they covered. Everything else stays as it is.

set search_path = cs, pg_temp;

create or replace function cs.in_range(id bigint, xid xid8, reach cs.audit_seal) returns bool
    language sql immutable parallel safe
    return id <= reach.last_id and (id < reach.epoch_from or xid < reach.xid_to);
comment on function cs.in_range is
    'Whether an audit row is under a seal of retention_reach, or one before it. Transactions count
anew in each epoch, so that a later one may have rows of lower ones, but never of lower ids.';

create or replace function cs.retention_reach(seal bigint) returns cs.audit_seal
    language plpgsql stable as $$
declare
    reach audit_seal;
begin
    select s.* into reach from audit_seal s where s.n = seal;
    reach.last_id := (select max(s.last_id) from audit_seal s where s.n <= seal);
    return reach;
end
$$;
comment on function cs.retention_reach is
    'A seal, with the newest row that it or one before it covers as last_id.';

-- The rows that stay are told by data alone: a proposal that goes to dropped in this very
-- transaction, and a row that carries the chain on. No setting opens it. Who owns the tables can
-- switch triggers off all the same, and is found by audit verify. How many rows carry others the
-- planner can not know: they were written by the same transaction.
create or replace function cs.audit_drop_only() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp
    set enable_nestloop = off as $$
declare
    dropping retention;
    reach audit_seal;
begin
    select * into dropping from retention t where t.state = 'dropped'
        and t.dropped_xid = pg_current_xact_id() and t.dropped_at >= transaction_timestamp()
        order by t.id desc limit 1;
    reach := retention_reach(dropping.seal);
    if exists (
            select from gone g left join (
                select c.entity_id, c.entity_seq from audit_event c
                where c.xid = pg_current_xact_id() and c.entity = 'request'
                  and c.event = 'request.carried'
                  and c.body -> 'retention_id' = to_jsonb(dropping.id)
                ) k on g.entity = 'request' and k.entity_id = g.entity_id
            where (g.entity_seq < k.entity_seq and in_range(g.id, g.xid, reach)) is not true) then
        raise exception 'DELETE of audit_event is not allowed: its rows are only ever inserted'
            using errcode = 'insufficient_privilege';
    end if;
    return null;
end
$$;
comment on function cs.audit_drop_only is
    'Refuses DELETE, for everybody, but of rows that a request.carried of this transaction stands
for, in the range of a proposal that is dropped in this transaction.';

create or replace trigger audit_event_insert_only before update on cs.audit_event
    for each row execute function cs.refuse_change();
create or replace trigger audit_event_drop_only after delete on cs.audit_event
    referencing old table as gone for each statement execute function cs.audit_drop_only();

create or replace function cs.request_is_over(state text) returns bool
    language plpgsql stable as $$
begin
    return not exists (select from cs.legal_move m
                       where m.entity = 'request' and m.from_state = $1);
end
$$;
comment on function cs.request_is_over is 'Whether no move leads out of a state of a request.';

create or replace function cs.retention_requests(reach cs.audit_seal, among bigint[])
    returns bigint[] language plpgsql stable as $$
begin
    return array(
        select r.id from request r
        cross join lateral (
            select e.id, e.xid, e.event from audit_event e
            where e.entity = 'request' and e.entity_id = r.id
            order by e.entity_seq desc limit 1) last
        where request_is_over(r.state) and in_range(last.id, last.xid, reach)
          and last.event <> 'request.carried' and (among is null or r.id = any (among))
        order by r.id);
end
$$;
comment on function cs.retention_requests is
    'The requests that are over and whose rows all lie in the range, unless one that carries them is
all there is; among these only, when some are given.';

create or replace function cs.retention_locked(reach cs.audit_seal) returns bigint[]
    language plpgsql as $$
declare
    found_ids bigint[] := retention_requests(reach, null);
begin
    perform from request r where r.id = any (found_ids) order by r.id for no key update;
    return retention_requests(reach, found_ids);
end
$$;
comment on function cs.retention_locked is
    'The same, locked, so that nothing is added to their chains meanwhile.';

create or replace function cs.retention_carry(t cs.retention, requests bigint[]) returns bigint
    language sql as $$
    with old as materialized (
        select e.* from unnest(requests) q (id)
        join audit_event e on e.entity = 'request' and e.entity_id = q.id
    ), moved as (
        select o.entity_id, o.entity_seq, o.to_state as state,
               case o.subject when 'attempt' then o.body ->> 'attempt_id' else '' end as attempt
        from old o where o.to_state is not null
        union all
        select o.entity_id, o.entity_seq, o.body ->> 'request', '' from old o
        where o.event = 'request.carried'
        union all
        select o.entity_id, o.entity_seq, a.value, a.key from old o
        cross join lateral jsonb_each_text(o.body -> 'attempts') a
        where o.event = 'request.carried'
    ), last as (
        select distinct on (m.entity_id, m.attempt) m.* from moved m
        order by m.entity_id, m.attempt, m.entity_seq desc
    ), part (entity_id, entity_seq, n, request, attempt, state, of_row, digest) as (
        select o.entity_id, o.entity_seq, 1, null, null, null, null, null::jsonb from old o
        union all
        select l.entity_id, l.entity_seq, 0, case l.attempt when '' then l.state end,
               nullif(l.attempt, ''), l.state, null, null from last l
        union all
        select o.entity_id, o.entity_seq, 0, null, null, null, d.key, d.value
        from old o cross join lateral jsonb_each(o.row_digests) d
    ), made as (
        insert into audit_event (entity, entity_id, actor_kind, event, body, row_digests)
        select 'request', p.entity_id, 'operator', 'request.carried', jsonb_build_object(
                   'retention_id', t.id, 'seal', t.seal, 'rows', sum(p.n),
                   'request', max(p.request), 'attempts', coalesce(jsonb_object_agg(
                       p.attempt, p.state) filter (where p.attempt is not null), '{}')),
               -- Of an attempt, the newest.
               jsonb_object_agg(p.of_row, p.digest order by p.entity_seq)
                   filter (where p.of_row is not null)
        from part p group by p.entity_id order by p.entity_id
        returning body
    )
    select coalesce(sum((m.body ->> 'rows')::bigint), 0)::bigint from made m
$$;
comment on function cs.retention_carry is
    'Appends to the chain of each of these requests what its rows led to, as they say it themselves;
how many rows that stands for.';

create or replace function cs.retention_delete(requests bigint[]) returns bigint
    language plpgsql as $$
declare
    deleted bigint;
begin
    delete from audit_event e
        using unnest(requests) q (id)
        cross join lateral (
            select c.entity_seq from audit_event c
            where c.entity = 'request' and c.entity_id = q.id
            order by c.entity_seq desc limit 1) carried
        where e.entity = 'request' and e.entity_id = q.id and e.entity_seq < carried.entity_seq;
    get diagnostics deleted = row_count;
    return deleted;
end
$$;
comment on function cs.retention_delete is
    'Deletes the rows of these requests that their last one carries; how many.';

create or replace function cs.merkle_join(level bytea[]) returns bytea
    language plpgsql immutable as $$
declare
    node bytea := level[cardinality(level)];
begin
    for i in reverse cardinality(level) - 1 .. 1 loop
        node := sha256('\x01'::bytea || level[i] || node);
    end loop;
    return coalesce(node, sha256(''::bytea));
end
$$;
comment on function cs.merkle_join is
    'The root of a Merkle tree (RFC 6962) by its whole subtrees, the largest first.';

create or replace function cs.retention_kept(
    reach cs.audit_seal, events out bigint, root out bytea) language plpgsql stable as $$
declare
    whole bytea[] := '{}';
    node bytea;
    span record;
begin
    events := 0;
    for span in select s.epoch, min(s.epoch_from) as first,
                       lead(min(s.epoch_from)) over (order by s.epoch) as next
                from audit_seal s where s.epoch <= reach.epoch group by s.epoch order by s.epoch
    loop
        for node in select e.hash from audit_event e
                    where in_range(e.id, e.xid, reach) and e.id >= span.first
                      and (span.next is null or e.id < span.next) order by e.xid, e.id
        loop
            events := events + 1;
            for i in 1 .. 62 loop
                exit when events % (1::bigint << i) <> 0;
                node := sha256('\x01'::bytea || whole[cardinality(whole)] || node);
                whole := trim_array(whole, 1);
            end loop;
            whole := whole || node;
        end loop;
    end loop;
    root := merkle_join(whole);
end
$$;
comment on function cs.retention_kept is
    'How many audit rows lie before the end of a seal, and the root over them in the order of epoch,
transaction and id, as seals have it.';

create or replace function cs.retention_count(t cs.retention, reach cs.audit_seal) returns bigint
    language plpgsql stable as $$
declare
    before audit_seal := retention_reach(t.first_seal - 1);
begin
    return (select count(*) from audit_event e where in_range(e.id, e.xid, reach)
            and in_range(e.id, e.xid, before) is not true);
end
$$;
comment on function cs.retention_count is 'How many rows its seals cover that are there today.';

create or replace function cs.retention_drop_fault(t cs.retention, item jsonb) returns text
    language plpgsql stable as $$
begin
    return coalesce(
        case when t.state = 'proposed' then 'proposed' end, retention_fault(t),
        case when not is_admin(t.agreed_by) then 'agreer'
             when are_tied(t.proposed_by, t.agreed_by) then 'one_person'
             when not exists (select from audit_seal s where s.n = t.seal
                     and s.sealed_at < retention_day((item ->> 'min_days')::int)::timestamp
                         at time zone 'UTC') then 'young' end);
end
$$;
comment on function cs.retention_drop_fault is
    'Why what was agreed to may not be dropped now, as a key of retention_refuse.';

create or replace function cs.operator_retention(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    t retention := retention_of(item);
begin
    perform retention_refuse(retention_drop_fault(t, item));
    return jsonb_build_object('id', t.id, 'first_seal', t.first_seal, 'seal', t.seal,
                              'events', t.events);
end
$$;
comment on function cs.operator_retention is
    '{id, min_days} → {id, first_seal, seal, events} of what may be dropped now; not_found,
wrong_state, conflict, stale.';

create or replace function cs.retention_end(
    t cs.retention, item jsonb, dropped bigint, kept bigint) returns cs.retention
    language plpgsql as $$
begin
    update retention x set state = 'dropped', dropped_at = clock_timestamp(),
            dropped_xid = pg_current_xact_id(), dropped_events = dropped, kept_events = kept,
            manifest_sha256 = digest_of(item ->> 'manifest_sha256', 'manifest_sha256')
        where x.id = t.id returning * into t;
    return t;
end
$$;
comment on function cs.retention_end is 'The proposal as it is once its rows are dropped.';

create or replace function cs.statement_json(
    role text, person_id bigint, at timestamptz, signature bytea, key_id text) returns jsonb
    language sql stable parallel safe
    return jsonb_build_object('format', 'countersign-retention-v1', 'role', role,
        'person_id', person_id, 'at_ms', cs.millis(at), 'signature', cs.hex(signature),
        'key_id', key_id);
comment on function cs.statement_json is 'A signed statement as the audit trail keeps it.';

create or replace function cs.retention_told(t cs.retention, kept_root bytea) returns jsonb
    language sql stable
    return jsonb_build_object('instance', cs.instance_get(), 'first_seal', t.first_seal,
        'dropped_events', t.dropped_events, 'kept_events', t.kept_events,
        'kept_root', cs.hex(kept_root), 'manifest_sha256', cs.hex(t.manifest_sha256),
        'statements', jsonb_build_array(
            cs.statement_json('propose', t.proposed_by, t.proposed_at, t.propose_signature,
                              t.propose_key_id),
            cs.statement_json('agree', t.agreed_by, t.agreed_at, t.agree_signature,
                              t.agree_key_id)));
comment on function cs.retention_told is
    'What the audit trail says of dropped rows: how many, the root over those that stay, and both
statements with their signatures; what is signed is common/domain/retention.h.';

create or replace function cs.operator_retention_drop(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    t retention;
    reach audit_seal;
    requests bigint[];
    held bigint;
    dropped bigint;
    kept record;
begin
    perform retention_lock();
    t := retention_of(item);
    perform retention_refuse(retention_drop_fault(t, item));
    reach := retention_reach(t.seal);
    if (item ->> 'events')::bigint is distinct from t.events
            or retention_count(t, reach) <> t.events then
        perform retention_refuse('count', 'events');
    end if;
    requests := retention_locked(reach);
    held := (select count(*) from audit_event e where in_range(e.id, e.xid, reach));
    dropped := retention_carry(t, requests);
    t := retention_end(t, item, dropped, held - dropped);
    if retention_delete(requests) <> dropped then
        raise exception 'other rows would be dropped than are carried' using errcode = 'CS002';
    end if;
    select * into kept from retention_kept(reach);
    if kept.events <> t.kept_events then
        raise exception 'other rows would stay than are counted' using errcode = 'CS002';
    end if;
    perform retention_audit(t, '{"kind": "operator"}', retention_told(t, kept.root));
    return jsonb_build_object('id', t.id, 'seal', t.seal, 'requests', cardinality(requests),
                              'dropped_events', t.dropped_events, 'kept_events', t.kept_events);
end
$$;
comment on function cs.operator_retention_drop is
    '{id, min_days, events, manifest_sha256} → {id, seal, requests, dropped_events, kept_events},
all in one transaction. Meanwhile nothing is added to the requests whose rows go, nothing is
proposed, and nothing that ends later is sealed; decisions and runs go on.';
