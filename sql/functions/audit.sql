-- The audit trail: how rows are chained, and the triggers that hash them and refuse what is not.

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

create or replace function cs.audit_row(
    entity text, entity_id bigint, actor jsonb, event text, body jsonb,
    subject text default 'request', from_state text default null, to_state text default null,
    row_digests jsonb default null)
    returns cs.audit_event language sql stable parallel safe
    return row(null, 1, null, null, entity, entity_id, null, (actor ->> 'person_id')::bigint,
        coalesce(actor ->> 'kind', case when actor ->> 'person_id' is null then 'system'
                                        else 'human' end),
        (actor ->> 'session_id')::bigint, (actor ->> 'token_id')::bigint, actor ->> 'address',
        event, subject, from_state, to_state, body, row_digests, null, null)::cs.audit_event;
comment on function cs.audit_row is
    'An audit row that audit_add has still to number, date and chain.';

create or replace function cs.audit_add(events cs.audit_event[]) returns void
    language plpgsql as $$
declare
    at timestamptz := clock_timestamp();
    left_over int := coalesce(cardinality(events), 0);
    step int := 0;
    added int;
begin
    -- Each turn takes the next row of every chain: a row needs the hash of the one before it.
    while left_over > 0 loop
        step := step + 1;
        insert into audit_event overriding system value
        select nextval('cs.audit_event_id_seq'), w.format, at, pg_current_xact_id(), w.entity,
               w.entity_id, coalesce(p.entity_seq, 0) + 1, w.actor_id, w.actor_kind, w.session_id,
               w.token_id, w.address, w.event, w.subject, w.from_state, w.to_state, w.body,
               w.row_digests, coalesce(p.hash, '\x'), null
        from (select u.*, row_number() over (partition by u.entity, u.entity_id
                                             order by u.ordinality) as turn
              from unnest(events) with ordinality u) w
        left join lateral (
            select c.entity_seq, c.hash from audit_event c
            where c.entity = w.entity and c.entity_id = w.entity_id
            order by c.entity_seq desc limit 1) p on true
        where w.turn = step
        order by w.ordinality;
        get diagnostics added = row_count;
        left_over := left_over - added;
    end loop;
end
$$;
comment on function cs.audit_add is
    'Appends rows of audit_row to the chains of their entities, in this order. What it is about must
be locked: the rows of requests, audit_put''s lock for anything else.';

create or replace function cs.audit_hash() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    new.hash := audit_leaf(new);
    return new;
end
$$;
comment on function cs.audit_hash is 'Gives a row the hash of what it says, whoever writes it.';

create or replace trigger audit_event_hash before insert on cs.audit_event
    for each row execute function cs.audit_hash();

create or replace function cs.audit_check() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    bad record;
begin
    select * into bad from (
        select n.*, n.format <> 1 or n.xid <> pg_current_xact_id()
            or n.ts not between clock_timestamp() - interval '1 minute'
                            and clock_timestamp() + interval '1 minute'
            or n.prev_hash is distinct from case when n.entity_seq = 1 then '\x' else (
                select p.hash from audit_event p where p.entity = n.entity
                    and p.entity_id = n.entity_id and p.entity_seq = n.entity_seq - 1) end
            as is_loose
        from added n offset 0) n
    where n.is_loose or (n.from_state is not null and not exists (
        select from legal_move m
        where m.entity = n.subject and m.from_state = n.from_state
          and m.to_state = n.to_state and m.actor_kind = n.actor_kind)) limit 1;
    if not found then
        return null;
    elsif bad.is_loose then
        raise exception 'An audit row does not follow the one before it' using errcode = 'CS002';
    end if;
    raise exception 'A % may not move a % from % to %', bad.actor_kind, bad.subject,
        bad.from_state, bad.to_state using errcode = 'CS002';
end
$$;
comment on function cs.audit_check is
    'Refuses rows that do not follow the one before them, and a move that this kind of actor may
not make.';

create or replace trigger audit_event_check after insert on cs.audit_event
    referencing new table as added for each statement execute function cs.audit_check();

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
    if entity <> 'request' then
        perform pg_advisory_xact_lock(hashtextextended(entity || entity_id, 1));
    end if;
    perform audit_add(array[audit_row(entity, entity_id, actor, event, body)]);
end
$$;
comment on function cs.audit_put is 'One audit row that moves no state.';

create or replace function cs.audit_move(
    request_id bigint, actor jsonb, event text, subject text, from_state text, to_state text,
    body jsonb default '{}', row_digests jsonb default null)
    returns void language plpgsql as $$
begin
    perform audit_add(array[audit_row('request', request_id, actor, event, body, subject,
                                      from_state, to_state, row_digests)]);
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
