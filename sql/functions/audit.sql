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
    return row(null, null, null, null, entity, entity_id, null, (actor ->> 'person_id')::bigint,
        coalesce(actor ->> 'kind', case when actor ->> 'person_id' is null then 'system'
                                        else 'human' end),
        (actor ->> 'session_id')::bigint, (actor ->> 'token_id')::bigint, actor ->> 'address',
        event, subject, from_state, to_state, body, row_digests, null, null)::cs.audit_event;
comment on function cs.audit_row is
    'An audit row for audit_add, without its place in the chain.';

create or replace function cs.audit_add(events cs.audit_event[]) returns void
    language plpgsql as $$
begin
    insert into audit_event (entity, entity_id, actor_id, actor_kind, session_id, token_id, address,
                             event, subject, from_state, to_state, body, row_digests)
    select w.entity, w.entity_id, w.actor_id, w.actor_kind, w.session_id, w.token_id, w.address,
           w.event, w.subject, w.from_state, w.to_state, w.body, w.row_digests
    from unnest(events) with ordinality w order by w.ordinality;
end
$$;
comment on function cs.audit_add is
    'Appends rows of audit_row to the chains of their entities, in this order. What it is about must
be locked: the rows of requests, audit_put''s lock for anything else.';

-- Without a search path of its own: it runs for every row, and setting one costs as much as the
-- rest of it. Only what runs as the owner writes these rows.
create or replace function cs.audit_chain() returns trigger
    language plpgsql as $$
declare
    last record;
begin
    if new.from_state is not null
            and not cs.move_is_legal(new.subject, new.from_state, new.to_state, new.actor_kind) then
        raise exception 'A % may not move a % from % to %', new.actor_kind, new.subject,
            new.from_state, new.to_state using errcode = 'CS002';
    end if;
    select c.entity_seq, c.hash into last from cs.audit_event c
        where c.entity = new.entity and c.entity_id = new.entity_id
        order by c.entity_seq desc limit 1;
    new.format := 1;
    new.ts := clock_timestamp();
    new.xid := pg_current_xact_id();
    new.entity_seq := coalesce(last.entity_seq, 0) + 1;
    new.prev_hash := coalesce(last.hash, '\x');
    new.hash := cs.audit_leaf(new);
    return new;
end
$$;
comment on function cs.audit_chain is
    'Gives a row its time, its transaction, its place after the last one of its entity and the hash
of all it says, whoever writes it; refuses a move that this kind of actor may not make.';

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
    foreach name in array array['audit_seal', 'request_text', 'revision',
            'revision_file', 'decision', 'attempt_decision', 'output_item', 'output_chunk',
            'cost_span', 'blob', 'blob_chunk', 'file', 'credential_event', 'legal_move',
            'instance', 'price', 'policy_version', 'policy_rule'] loop
        execute format('create or replace trigger %I before update or delete on cs.%I
            for each row execute function cs.refuse_change()', name || '_insert_only', name);
    end loop;
    foreach name in array array['request', 'attempt', 'person', 'team', 'session', 'api_token',
            'worker', 'retention', 'budget', 'budget_account', 'budget_hold'] loop
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
    entity text, entity_id bigint, actor jsonb, event text, body jsonb default '{}',
    row_digests jsonb default null)
    returns void language plpgsql as $$
begin
    if entity <> 'request' then
        perform pg_advisory_xact_lock(hashtextextended(entity || entity_id, 1));
    end if;
    perform audit_add(array[audit_row(entity, entity_id, actor, event, body,
                                      row_digests => $6)]);
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
                when c.prev_hash <> c.before then 'does not follow the row before'
                else 'was changed' end
    from (select e.entity_seq, e.prev_hash, e.hash, cs.audit_leaf(e) as leaf,
                 -- Behind dropped rows the chain begins with one that carries them.
                 case when first_value(e.event) over w = 'request.carried'
                     then first_value(e.entity_seq) over w - 1 else 0 end + row_number() over w
                     as place,
                 coalesce(lag(e.hash) over w,
                     case e.event when 'request.carried' then e.prev_hash else '\x' end) as before
          from cs.audit_event e where e.entity = of_entity and e.entity_id = of_id
          window w as (order by e.entity_seq)) c
    where c.entity_seq <> c.place or c.prev_hash <> c.before or c.hash <> c.leaf
    order by c.entity_seq;
end;
comment on function cs.audit_chain_broken is
    'The rows of one chain that do not hold; none when the chain is whole.';
