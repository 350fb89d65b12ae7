-- Who was given what runs handed back and what was uploaded: recorded in the very statement that
-- gives the first bytes away, so that there are none without the row.

set search_path = cs, pg_temp;

-- Once an hour for each item, and for each session or token: who polls adds nothing, and neither a
-- page that is loaded again; but a session that was stolen, or a token that is used at night, is
-- told apart from what its owner read before.
create or replace function cs.reading_is_kept(e cs.audit_event) returns bool
    language plpgsql stable
    set enable_seqscan = off as $$ -- a plan of when the trail was short would read all of it
begin
    return exists (select from audit_event o
        where o.event in ('result.read', 'file.read', 'output.followed') and o.event = e.event
          and o.entity = e.entity and o.entity_id = e.entity_id and o.actor_id = e.actor_id
          and o.session_id is not distinct from e.session_id
          and o.token_id is not distinct from e.token_id
          and o.body -> 'n' is not distinct from e.body -> 'n'
          and o.ts > clock_timestamp() - interval '1 hour');
end
$$;
comment on function cs.reading_is_kept is
    'Whether a reading is in the trail: the same item, person, and session or token, within an
hour.';

create or replace function cs.reading_put(e cs.audit_event) returns void
    language plpgsql as $$
begin
    if reading_is_kept(e) then
        return;
    end if;
    -- Two windows of one person may come here together: the lock is audit_put's.
    perform pg_advisory_xact_lock(hashtextextended(e.entity || e.entity_id, 1));
    if not reading_is_kept(e) then
        perform audit_add(array[e]);
    end if;
end
$$;
comment on function cs.reading_put is 'Adds a reading to the trail, unless reading_is_kept.';

create or replace function cs.reader_of(actor jsonb) returns jsonb
    language plpgsql stable as $$
declare
    who person;
begin
    select * into who from person p where p.id = (actor ->> 'person_id')::bigint;
    return actor_with_kind(actor, who);
end
$$;
comment on function cs.reader_of is 'Who reads, as audit rows want it.';

create or replace function cs.output_begin(
    request_id bigint, actor jsonb, n int, attempt_id bigint) returns bytea
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    o jsonb := output_item_get($1, (actor ->> 'person_id')::bigint, $3, $4);
begin
    perform reading_put(audit_row('result', (o ->> 'attempt_id')::bigint, reader_of(actor),
        'result.read', jsonb_build_object('request_id', $1, 'n', $3, 'kind', o -> 'kind',
            'name', o -> 'name', 'bytes', o -> 'bytes', 'sha256', o -> 'sha256')));
    return (select c.data from output_chunk c
            where c.attempt_id = (o ->> 'attempt_id')::bigint
              and c.fence = (o ->> 'fence')::bigint and c.item = $3 and c.n = 0);
end
$$;
comment on function cs.output_begin is
    'The first chunk of a result one may see, null when it is empty, and the record of who reads
it; not_found.';

create or replace function cs.file_begin(file_id bigint, actor jsonb) returns bytea
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    f jsonb := file_get(file_id, (actor ->> 'person_id')::bigint);
begin
    perform reading_put(audit_row('file', file_id, reader_of(actor), 'file.read',
        jsonb_build_object('name', f -> 'name', 'bytes', f -> 'bytes', 'sha256', f -> 'sha256')));
    return (select c.data from blob_chunk c
            where c.sha256 = decode(f ->> 'sha256', 'hex') and c.n = 0);
end
$$;
comment on function cs.file_begin is
    'The first chunk of a file one may see, null when it is empty, and the record of who reads it;
not_found.';

create or replace function cs.output_follow(request_id bigint, actor jsonb) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    attempt_id bigint;
begin
    perform request_state(request_id, (actor ->> 'person_id')::bigint);
    select a.id into attempt_id from attempt a where a.request_id = $1
        and a.state in ('ready', 'claimed', 'starting', 'running', 'unknown')
        order by a.id desc limit 1;
    if found then
        perform reading_put(audit_row('result', attempt_id, reader_of(actor), 'output.followed',
                                      jsonb_build_object('request_id', $1)));
    end if;
    return found;
end
$$;
comment on function cs.output_follow is
    'Records who is shown what a run prints while it prints it. False: there is no run to follow;
not_found.';
