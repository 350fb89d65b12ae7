-- Input files: chunks of an upload, and the file they become.

set search_path = cs, pg_temp;

create or replace function cs.file_visible(who cs.person, f cs.file) returns bool
    language plpgsql stable as $$
begin
    return f.owner_id = who.id
        or exists (select from cs.person a where a.id = f.owner_id and a.owner_id = who.id);
end
$$;
comment on function cs.file_visible is 'A file belongs to who uploaded it and to an agent''s
owner.';

create or replace function cs.upload_begin(actor jsonb) returns bigint
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := actor_of(jsonb_build_object('actor', actor), 'submit');
    new_id bigint;
begin
    insert into upload (person_id) values (who.id) returning id into new_id;
    return new_id;
end
$$;
comment on function cs.upload_begin is 'Starts an upload and returns its id; unauthenticated,
forbidden.';

create or replace function cs.upload_chunk_put(upload_id bigint, n int, data bytea) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    if octet_length(data) not between 1 and 1048576 or n not between 0 and 63 then
        perform fail('too_large', 'A chunk has 1 MiB at most, a file 64 of them');
    end if;
    insert into upload_chunk values (upload_id, n, data);
    return true;
exception when foreign_key_violation then
    perform fail('not_found', 'This upload has ended');
when unique_violation then
    perform fail('conflict', 'This chunk is there already');
end
$$;
comment on function cs.upload_chunk_put is
    'Chunk n, from 0, of at most 1 MiB; not_found, too_large, conflict.';

create or replace function cs.upload_finish(upload_id bigint, actor jsonb, item jsonb)
    returns jsonb language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := actor_of(jsonb_build_object('actor', actor), 'submit');
    digest bytea := digest_of(item ->> 'sha256', 'sha256');
    size bigint;
    f file;
begin
    perform from upload u where u.id = upload_id and u.person_id = who.id for update;
    if not found then
        perform fail('not_found', 'This upload has ended');
    end if;
    select coalesce(sum(octet_length(c.data)), 0) into size from upload_chunk c
        where c.upload_id = $1;
    if digest is distinct from (
            select sha256(coalesce(string_agg(c.data, ''::bytea order by c.n), ''))
            from upload_chunk c where c.upload_id = $1) then
        perform fail('conflict', 'The bytes did not arrive as they were sent');
    end if;
    insert into blob (sha256, bytes) values (digest, size) on conflict do nothing;
    if found then
        insert into blob_chunk select digest, row_number() over (order by c.n) - 1, c.data
            from upload_chunk c where c.upload_id = $1;
    end if;
    delete from upload where id = upload_id;
    insert into file (owner_id, sha256, name, media_type, bytes)
        values (who.id, digest, item ->> 'name', item ->> 'media_type', size) returning * into f;
    perform audit_put('person', who.id, actor_json(jsonb_build_object('actor', actor), who),
        'file.uploaded', jsonb_build_object('file_id', f.id, 'name', f.name, 'bytes', f.bytes,
                                            'sha256', hex(digest)));
    return jsonb_build_object('id', f.id, 'name', f.name, 'bytes', f.bytes,
                              'sha256', hex(digest), 'media_type', f.media_type);
exception when check_violation then
    perform fail('invalid_field', 'This is no plain file name', 'name');
end
$$;
comment on function cs.upload_finish is
    'item {name, media_type, sha256} → {id, name, bytes, sha256, media_type}; not_found, conflict,
invalid_field name.';

create or replace function cs.upload_drop(upload_id bigint) returns bool
    language sql security definer set search_path = cs, pg_temp
    as $$ delete from cs.upload where id = upload_id returning true $$;
comment on function cs.upload_drop is 'Forgets an upload that was cut off.';

create or replace function cs.file_get(file_id bigint, person_id bigint) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person;
    f file;
begin
    select * into who from person where id = person_id;
    select * into f from file where id = file_id;
    if f.id is null or not (file_visible(who, f) or exists (
            select from revision_file v join request r on r.id = v.request_id
            where v.file_id = f.id and can_see(who, r))) then
        perform fail('not_found', 'This file does not exist, or is not shared with you');
    end if;
    return jsonb_build_object('id', f.id, 'name', f.name, 'bytes', f.bytes,
        'sha256', hex(f.sha256), 'media_type', f.media_type,
        'chunks', (select count(*) from blob_chunk c where c.sha256 = f.sha256));
end
$$;
comment on function cs.file_get is
    '{id, name, bytes, sha256, media_type, chunks} of a file one may see; not_found.';

create or replace function cs.file_chunk(file_id bigint, person_id bigint, n int) returns bytea
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    perform file_get(file_id, person_id);
    return (select c.data from file f join blob_chunk c on c.sha256 = f.sha256
            where f.id = file_id and c.n = $3);
end
$$;
comment on function cs.file_chunk is 'Chunk n, from 0, of a file one may see; null past the end.';
