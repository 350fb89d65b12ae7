-- What a run hands back: chunks first, then one list of items that must match them.

set search_path = cs, pg_temp;

create or replace function cs.output_chunk_put(
    attempt_id bigint, fence bigint, item int, n int, data bytea) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    if octet_length(data) not between 1 and 1048576 then
        perform fail('too_large', 'A chunk has 1 byte to 1 MiB');
    elsif not exists (select from attempt a where a.id = $1 and a.fence = $2
                      and a.state in ('starting', 'running', 'unknown')) then
        perform fail('stale', 'This attempt has another fence or has ended', 'fence');
    end if;
    insert into output_chunk values ($1, $2, $3, $4, $5) on conflict do nothing;
    if not found and not exists (select from output_chunk c where c.attempt_id = $1
            and c.fence = $2 and c.item = $3 and c.n = $4 and c.data = $5) then
        perform fail('conflict', 'This chunk was stored with other bytes');
    end if;
    return true;
end
$$;
comment on function cs.output_chunk_put is
    'Chunk n, from 0, of output item, from 1; the same bytes may come again; stale, conflict.';

create or replace function cs.output_items_put(ends cs.held[]) returns void
    language plpgsql as $$
declare
    wrong int;
begin
    if not exists (select from unnest(ends) h where jsonb_typeof(h.item -> 'items') = 'array'
                   and h.item -> 'items' <> '[]') then
        return;
    end if;
    insert into output_chunk (attempt_id, fence, item, n, data)
        select (h.a).id, (h.a).fence, (i.item ->> 'n')::int, (i.item ->> 'chunk')::int,
               decode(i.item ->> 'data', 'base64')
        from unnest(ends) h cross join jsonb_array_elements(h.item -> 'items') i (item)
        where i.item ? 'data'
        on conflict do nothing;
    with told as materialized (
        select (h.a).id, (h.a).fence, (i.item ->> 'n')::int as n, i.item
        from unnest(ends) h cross join jsonb_array_elements(
            coalesce(nullif(h.item -> 'items', 'null'), '[]')) i (item)
    ), stored as materialized (
        select t.*, d.* from told t cross join lateral (
            -- No digest when a chunk is missing.
            select coalesce(sum(octet_length(c.data)), 0),
                   case when count(*) = coalesce(max(c.n) + 1, 0) then sha256(
                       coalesce(string_agg(c.data, ''::bytea order by c.n), '')) end
            from output_chunk c
            where c.attempt_id = t.id and c.fence = t.fence and c.item = t.n) d (bytes, sha256)
    ), made as (
        insert into output_item (attempt_id, fence, n, kind, name, mime, bytes, sha256, meta)
        select s.id, s.fence, s.n, s.item ->> 'kind', coalesce(s.item ->> 'name', ''),
               s.item ->> 'mime', s.bytes, s.sha256,
               coalesce(nullif(s.item -> 'meta', 'null'), '{}')
        from stored s
        where s.bytes = (s.item ->> 'bytes')::bigint
          and hex(s.sha256) = s.item ->> 'sha256'
        returning attempt_id, n
    )
    select s.n into wrong from stored s left join made m on m.attempt_id = s.id and m.n = s.n
        where m.n is null limit 1;
    if found then
        perform fail('conflict', format('The bytes of item %s are not all here', wrong),
                     format('items.%s', wrong));
    end if;
end
$$;
comment on function cs.output_items_put is
    'Stores the items of runs [{n, kind, name, mime, bytes, sha256, meta?, chunk?, data?}], where
data in Base64 is the last chunk, number chunk, of those that were not put before; conflict when
bytes differ.';

create or replace function cs.output_item_get(
    request_id bigint, person_id bigint, n int, attempt_id bigint) returns jsonb
    language plpgsql stable security definer set search_path = cs, pg_temp
    set enable_seqscan = off as $$ -- a plan of when there were few items would read all of them
declare
    who person;
    r request;
    o output_item;
begin
    select * into who from person p where p.id = $2;
    select * into r from request q where q.id = $1;
    if r.id is null or not can_see(who, r) then
        perform fail('not_found', 'This request does not exist, or is not shared with you');
    end if;
    select i.* into o from output_item i join attempt a on a.id = i.attempt_id
        where a.request_id = r.id and i.n = $3 and (a.id = $4 or $4 is null)
        order by a.id desc limit 1;
    if not found then
        perform fail('not_found', 'There is no such result');
    end if;
    return jsonb_build_object('attempt_id', o.attempt_id, 'fence', o.fence, 'n', o.n,
        'kind', o.kind, 'name', o.name, 'mime', o.mime, 'bytes', o.bytes,
        'sha256', hex(o.sha256), 'meta', o.meta);
end
$$;
comment on function cs.output_item_get is
    '{attempt_id, fence, n, kind, name, mime, bytes, sha256, meta} of a result one may see; the
newest attempt when attempt_id is null; not_found.';

create or replace function cs.output_chunk_get(
    request_id bigint, person_id bigint, n int, attempt_id bigint, chunk_n int) returns bytea
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
declare
    o jsonb := output_item_get($1, $2, $3, $4);
begin
    return (select c.data from output_chunk c
            where c.attempt_id = (o ->> 'attempt_id')::bigint
              and c.fence = (o ->> 'fence')::bigint and c.item = $3 and c.n = chunk_n);
end
$$;
comment on function cs.output_chunk_get is
    'Chunk chunk_n, from 0, of a result one may see; null past the end; not_found.';
