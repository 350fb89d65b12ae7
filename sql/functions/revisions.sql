-- A revision out of a submission: its limits, its files, its digests.

set search_path = cs, pg_temp;

create or replace function cs.limit_of(item jsonb, name text, lowest bigint, standard bigint)
    returns bigint language plpgsql immutable as $$
declare
    wanted bigint := (item -> 'limits' ->> name)::bigint;
    most bigint := (item -> 'max_limits' ->> name)::bigint;
begin
    if wanted is null then
        return coalesce(standard, most);
    elsif most is null or wanted < lowest or wanted > most then
        perform fail('invalid_field', format('limits.%s must be from %s to %s', name, lowest, most),
                     'limits.' || name);
    end if;
    return wanted;
end
$$;
comment on function cs.limit_of is
    'One limit of a run; when not given the standard, else the most there is; invalid_field.';

create or replace function cs.limits_put(item jsonb, v cs.revision) returns cs.revision
    language plpgsql immutable as $$
begin
    v.wall_ms := limit_of(item, 'wall_ms', 100, v.wall_ms);
    v.memory_bytes := limit_of(item, 'memory_bytes', 16777216, v.memory_bytes);
    v.pids := limit_of(item, 'pids', 1, v.pids);
    v.output_bytes := limit_of(item, 'output_bytes', 1, v.output_bytes);
    v.files := limit_of(item, 'files', 0, v.files);
    v.file_bytes := limit_of(item, 'file_bytes', 1, v.file_bytes);
    return v;
end
$$;
comment on function cs.limits_put is 'A revision with the limits that an element asks for.';

create or replace function cs.revision_files_put(who cs.person, r cs.revision, files jsonb)
    returns bytea[] language plpgsql as $$
declare
    f file;
    names text[] := '{}';
begin
    for i in 0 .. r.file_count - 1 loop
        select * into f from file where id = (files -> i ->> 'id')::bigint;
        if not found or not file_visible(who, f) then
            perform fail('invalid_field', 'This file does not exist, or is not yours',
                         format('files.%s.id', i));
        elsif f.name = any (names) then
            perform fail('invalid_field', 'Two files have the same name',
                         format('files.%s.id', i));
        end if;
        names := names || f.name;
        insert into revision_file (request_id, revision, n, file_id, sha256, name, bytes)
            values (r.request_id, r.revision, i + 1, f.id, f.sha256, f.name, f.bytes);
    end loop;
    return bundle_files(r.request_id, r.revision);
end
$$;
comment on function cs.revision_files_put is
    'Binds the input files in order; their digests and names; invalid_field files.N.id.';

create or replace function cs.revision_files_keep(r cs.revision) returns bytea[]
    language plpgsql as $$
begin
    insert into revision_file (request_id, revision, n, file_id, sha256, name, bytes)
        select f.request_id, r.revision, f.n, f.file_id, f.sha256, f.name, f.bytes
        from revision_file f
        where f.request_id = r.request_id and f.revision = r.revision - 1;
    return bundle_files(r.request_id, r.revision);
end
$$;
comment on function cs.revision_files_keep is
    'Binds the input files of the revision before; their digests and names.';

create or replace function cs.revision_wrong(r cs.revision, files jsonb) returns void
    language plpgsql immutable as $$
begin
    if coalesce(r.code, '') = '' then
        perform fail('missing_field', 'code is required', 'code');
    elsif coalesce(r.language, '') not in ('python', 'sql') then
        perform fail('invalid_field', 'language must be python or sql', 'language');
    elsif char_length(r.title) > 200 then
        perform fail('invalid_field', 'The title may have 200 characters at most', 'title');
    elsif jsonb_typeof(files) <> 'array' then
        perform fail('invalid_field', 'files must be a list', 'files');
    end if;
    perform fail('invalid_field', 'At most 64 files', 'files');
end
$$;
comment on function cs.revision_wrong is
    'missing_field or invalid_field of code, language, title or files; called when one is wrong.';

create or replace function cs.revision_complete(who cs.person, item jsonb, r cs.revision)
    returns cs.revision language plpgsql as $$
declare
    files jsonb := nullif(item -> 'files', 'null');
    parts bytea[] := '{}';
begin
    if coalesce(r.code, '') = '' or coalesce(r.language, '') not in ('python', 'sql')
            or char_length(r.title) > 200 or jsonb_typeof(files) <> 'array'
            or jsonb_array_length(files) > 64 then
        perform revision_wrong(r, files);
    elsif jsonb_typeof(item -> 'limits') = 'object'
            and (r.revision > 1 or item -> 'limits' <> item -> 'max_limits') then
        r := limits_put(item, r);
    end if;
    r.code_bytes := octet_length(r.code);
    r.code_lines := r.code_bytes - octet_length(replace(r.code, E'\n', ''))
                    + (right(r.code, 1) <> E'\n')::int;
    r.code_sha256 := sha256(convert_to(r.code, 'UTF8'));
    r.file_count := coalesce(jsonb_array_length(files), r.file_count, 0);
    r.editor_id := who.id;
    r.session_id := (item -> 'actor' ->> 'session_id')::bigint;
    r.token_id := (item -> 'actor' ->> 'token_id')::bigint;
    r.created_at := clock_timestamp();
    if r.file_count > 0 then
        parts := case when files is null then revision_files_keep(r)
                      else revision_files_put(who, r, files) end;
    end if;
    r.bundle_sha256 := sha256(bundle_bytes(r, parts));
    return r;
end
$$;
comment on function cs.revision_complete is
    'A revision with its files bound and its digests; the errors of its parts.';
