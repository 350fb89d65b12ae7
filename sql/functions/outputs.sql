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

create or replace function cs.output_digest(
    attempt_id bigint, fence bigint, item int, ret_bytes out bigint, ret_sha256 out bytea)
    language sql stable
begin atomic
    select coalesce(sum(octet_length(c.data)), 0)::bigint,
           case when count(*) = coalesce(max(c.n) + 1, 0)
                then sha256(coalesce(string_agg(c.data, ''::bytea order by c.n), ''::bytea)) end
    from cs.output_chunk c where c.attempt_id = $1 and c.fence = $2 and c.item = $3;
end;
comment on function cs.output_digest is
    'Bytes and SHA-256 of the stored chunks of an item; null when one is missing.';

create or replace function cs.output_items_put(a cs.attempt, items jsonb) returns void
    language plpgsql as $$
declare
    i jsonb;
    stored record;
begin
    for i in select jsonb_array_elements(coalesce(nullif(items, 'null'), '[]')) loop
        select * into stored from output_digest(a.id, a.fence, (i ->> 'n')::int);
        if stored.ret_bytes is distinct from (i ->> 'bytes')::bigint
                or hex(stored.ret_sha256) is distinct from i ->> 'sha256' then
            perform fail('conflict', format('The bytes of item %s are not all here', i ->> 'n'),
                         format('items.%s', i ->> 'n'));
        end if;
        insert into output_item (attempt_id, fence, n, kind, name, mime, bytes, sha256, meta)
            values (a.id, a.fence, (i ->> 'n')::int, i ->> 'kind', coalesce(i ->> 'name', ''),
                    i ->> 'mime', stored.ret_bytes, stored.ret_sha256,
                    coalesce(nullif(i -> 'meta', 'null'), '{}'));
    end loop;
end
$$;
comment on function cs.output_items_put is 'Stores the items of a run; conflict when bytes differ.';

create or replace function cs.output_item_get(
    request_id bigint, person_id bigint, n int, attempt_id bigint) returns jsonb
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
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
