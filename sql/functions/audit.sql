-- The audit trail: who writes into it, and the trigger that chains each row.

set search_path = cs, pg_temp;

create or replace function cs.audit_leaf(e cs.audit_event) returns bytea
    language sql stable parallel safe
    return sha256('\x00'::bytea || cs.fields(array[
        cs.bytes('countersign-audit-v' || e.format::text), cs.bytes(e.id::text),
        cs.bytes(cs.micros(e.ts)), cs.bytes(e.xid::text), cs.bytes(e.entity),
        cs.bytes(e.entity_id::text), cs.bytes(e.entity_seq::text), cs.bytes(e.actor_id::text),
        cs.bytes(e.actor_kind), cs.bytes(e.session_id::text), cs.bytes(e.token_id::text),
        cs.bytes(e.address), cs.bytes(e.event), cs.bytes(e.subject), cs.bytes(e.from_state),
        cs.bytes(e.to_state), cs.bytes(e.body::text), cs.bytes(e.row_digests::text), e.prev_hash]));
comment on function cs.audit_leaf is
    'Hash of an audit row: SHA-256 of 0x00, the format and each column in order, length-prefixed.';

create or replace function cs.audit_chain() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    if new.entity <> 'request' then
        perform pg_advisory_xact_lock(hashtextextended(new.entity || new.entity_id, 1));
    end if;
    new.prev_hash := null;
    if new.entity_seq is distinct from 1 then -- 1 is said for a new request, whose chain is empty
        select e.entity_seq + 1, e.hash into new.entity_seq, new.prev_hash from audit_event e
            where e.entity = new.entity and e.entity_id = new.entity_id
            order by e.entity_seq desc limit 1;
    end if;
    new.entity_seq := coalesce(new.entity_seq, 1);
    new.prev_hash := coalesce(new.prev_hash, '\x');
    new.format := 1;
    new.ts := clock_timestamp();
    new.xid := pg_current_xact_id();
    if new.from_state is not null and new.entity_seq > 1 and not exists (
            select from legal_move m
            where m.entity = new.subject and m.from_state = new.from_state
              and m.to_state = new.to_state and m.actor_kind = new.actor_kind) then
        raise exception 'A % may not move a % from % to %', new.actor_kind, new.subject,
            new.from_state, new.to_state using errcode = 'CS002';
    end if;
    new.hash := audit_leaf(new);
    return new;
end
$$;
comment on function cs.audit_chain is
    'Fills time, transaction, sequence and hashes; refuses a move this kind of actor may not make.';

create or replace trigger audit_event_chain before insert on cs.audit_event
    for each row execute function cs.audit_chain();

create or replace function cs.refuse_change() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    raise exception '% of % is not allowed: its rows are only ever inserted', tg_op, tg_table_name
        using errcode = 'insufficient_privilege';
end
$$;
comment on function cs.refuse_change is 'Refuses UPDATE, DELETE and TRUNCATE, for everybody.';

do $$
declare
    name text;
begin
    foreach name in array array['audit_event', 'audit_seal', 'request_text', 'revision',
            'revision_file', 'decision', 'attempt_decision', 'output_item', 'output_chunk',
            'cost_span', 'blob', 'blob_chunk', 'file', 'credential_event', 'legal_move',
            'instance', 'price'] loop
        execute format('create or replace trigger %I before update or delete on cs.%I
            for each row execute function cs.refuse_change()', name || '_insert_only', name);
    end loop;
    foreach name in array array['request', 'attempt', 'person', 'team', 'session', 'api_token',
            'worker'] loop
        execute format('create or replace trigger %I before delete on cs.%I
            for each row execute function cs.refuse_change()', name || '_no_delete', name);
    end loop;
    for name in select tablename from pg_tables where schemaname = 'cs' loop
        execute format('create or replace trigger %I before truncate on cs.%I
            for each statement execute function cs.refuse_change()', name || '_no_truncate', name);
    end loop;
end
$$;

create or replace function cs.audit_put(
    entity text, entity_id bigint, actor jsonb, event text, body jsonb default '{}')
    returns void language plpgsql as $$
begin
    insert into audit_event (entity, entity_id, actor_id, actor_kind, session_id, token_id,
                             address, event, body)
    values (entity, entity_id, (actor ->> 'person_id')::bigint,
            coalesce(actor ->> 'kind', case when actor ->> 'person_id' is null then 'system'
                                            else 'human' end),
            (actor ->> 'session_id')::bigint, (actor ->> 'token_id')::bigint,
            actor ->> 'address', event, body);
end
$$;
comment on function cs.audit_put is 'One audit row that moves no state.';

create or replace function cs.audit_move(
    request_id bigint, actor jsonb, event text, subject text, from_state text, to_state text,
    body jsonb default '{}', row_digests jsonb default null)
    returns void language plpgsql as $$
begin
    insert into audit_event (entity, entity_id, actor_id, actor_kind, session_id, token_id,
                             address, event, subject, from_state, to_state, body, row_digests)
    values ('request', request_id, (actor ->> 'person_id')::bigint,
            coalesce(actor ->> 'kind', 'system'), (actor ->> 'session_id')::bigint,
            (actor ->> 'token_id')::bigint, actor ->> 'address', event, subject, from_state,
            to_state, body, row_digests);
end
$$;
comment on function cs.audit_move is
    'One audit row of a request that moves it or its attempt; its row must be locked.';

create or replace function cs.audit_chain_broken(of_entity text, of_id bigint)
    returns table (entity_seq bigint, why text) language sql stable parallel safe
begin atomic
    select c.entity_seq,
           case when c.entity_seq <> c.place then 'a row is missing'
                when c.prev_hash <> coalesce(c.before, '\x') then 'does not follow the row before'
                else 'was changed' end
    from (select e.entity_seq, e.prev_hash, e.hash, cs.audit_leaf(e) as leaf,
                 row_number() over w as place, lag(e.hash) over w as before
          from cs.audit_event e where e.entity = of_entity and e.entity_id = of_id
          window w as (order by e.entity_seq)) c
    where c.entity_seq <> c.place or c.prev_hash <> coalesce(c.before, '\x') or c.hash <> c.leaf
    order by c.entity_seq;
end;
comment on function cs.audit_chain_broken is
    'The rows of one chain that do not hold; none when the chain is whole.';
