-- The canonical bytes of a bundle, the same as common/domain/bundle.c makes.

set search_path = cs, pg_temp;

create or replace function cs.bundle_format(r cs.revision) returns text
    language sql stable parallel safe
    return 'countersign-bundle-v' || case when r.team_id is null then 1 else 2 end;
comment on function cs.bundle_format is
    'The first form of earlier releases, or the second, with what the first left open.';

create or replace function cs.bundle_bytes(r cs.revision, files bytea[]) returns bytea
    language sql stable parallel safe
    return cs.fields(array[cs.bytes(cs.bundle_format(r)), cs.bytes(r.request_id::text),
            cs.bytes(r.revision::text), cs.bytes(r.language), cs.bytes(r.code),
            cs.bytes(r.file_count::text)] || files || array[
            cs.bytes(r.target), cs.bytes(r.sandbox), cs.bytes(r.image), cs.bytes(r.network),
            cs.bytes(r.wall_ms::text), cs.bytes(r.memory_bytes::text), cs.bytes(r.pids::text),
            cs.bytes(r.output_bytes::text), cs.bytes(r.files::text), cs.bytes(r.file_bytes::text),
            cs.bytes(case when r.retry_safe then '1' else '0' end),
            cs.bytes(r.policy_version::text), cs.bytes(r.verdict_sha256),
            cs.bytes(r.approval_ms::text)] || case when r.team_id is not null then array[
            cs.bytes(r.team_id::text), cs.bytes(r.isolation), cs.bytes(r.image_digest),
            cs.bytes(r.cpu_ms::text), cs.bytes(r.tmp_bytes::text),
            cs.bytes(r.max_attempts::text)] end);
comment on function cs.bundle_bytes is
    'All bytes that an approval binds; files are digest and name of each, in order.';

create or replace function cs.bundle_files(request_id bigint, revision int) returns bytea[]
    language plpgsql stable parallel safe as $$
begin
    return (select coalesce(array_agg(p.part order by f.n, p.place), '{}')
            from cs.revision_file f
            cross join lateral (values (1, f.sha256), (2, cs.bytes(f.name))) p (place, part)
            where f.request_id = $1 and f.revision = $2);
end
$$;
comment on function cs.bundle_files is 'Digest and name of each input file, in order.';

create or replace function cs.bundle_encode(r cs.revision) returns bytea
    language sql stable parallel safe
    return cs.bundle_bytes(r, case when r.file_count = 0 then '{}'
                                   else cs.bundle_files(r.request_id, r.revision) end);
comment on function cs.bundle_encode is
    'All bytes of a stored revision that an approval binds; others when a file is missing.';

create or replace function cs.bundle_digest(request_id bigint, revision int) returns bytea
    language plpgsql stable parallel safe as $$
begin
    return (select sha256(cs.bundle_encode(r)) from cs.revision r
            where r.request_id = $1 and r.revision = $2);
end
$$;
comment on function cs.bundle_digest is 'Digest of a stored bundle; null when there is none.';

create or replace function cs.blob_intact(blob_sha256 bytea) returns bool
    language plpgsql stable parallel safe as $$
begin
    return (select sha256(coalesce(string_agg(c.data, ''::bytea order by c.n), ''::bytea))
                   = blob_sha256
            from cs.blob_chunk c where c.sha256 = blob_sha256);
end
$$;
comment on function cs.blob_intact is 'Whether the stored bytes of a file still have its digest.';
