-- The canonical bytes of a bundle, the same as common/domain/bundle.c makes.

create or replace function cs.bundle_head(r cs.revision) returns bytea
    language sql stable parallel safe
    return cs.field('countersign-bundle-v1') || cs.field(r.request_id::text)
        || cs.field(r.revision::text) || cs.field(r.language)
        || int4send(octet_length(r.code));
comment on function cs.bundle_head is 'The fields of a bundle before the bytes of the code.';

create or replace function cs.bundle_tail(r cs.revision, files bytea) returns bytea
    language sql stable parallel safe
    return cs.field(r.file_count::text) || files
        || cs.field(r.target) || cs.field(r.sandbox) || cs.field(r.image) || cs.field(r.network)
        || cs.field(r.wall_ms::text) || cs.field(r.memory_bytes::text) || cs.field(r.pids::text)
        || cs.field(r.output_bytes::text) || cs.field(r.files::text)
        || cs.field(r.file_bytes::text)
        || cs.field(case when r.retry_safe then '1' else '0' end)
        || cs.field(r.policy_version::text) || cs.field(r.verdict_sha256)
        || cs.field(r.approval_ms::text);
comment on function cs.bundle_tail is 'The fields of a bundle after the code; files encoded.';

create or replace function cs.bundle_files(request_id bigint, revision int) returns bytea
    language sql stable parallel safe
    return (select coalesce(string_agg(cs.field(f.sha256) || cs.field(f.name), ''::bytea
                                    order by f.n), ''::bytea)
            from cs.revision_file f
            where f.request_id = $1 and f.revision = $2);
comment on function cs.bundle_files is 'Digest and name of each input file, encoded, in order.';

create or replace function cs.bundle_encode(r cs.revision) returns bytea
    language sql stable parallel safe
    return cs.bundle_head(r) || convert_to(r.code, 'UTF8')
        || cs.bundle_tail(r, cs.bundle_files(r.request_id, r.revision));
comment on function cs.bundle_encode is 'All bytes of a stored revision that an approval binds.';

create or replace function cs.bundle_digest(request_id bigint, revision int) returns bytea
    language sql stable parallel safe
    return (select sha256(cs.bundle_encode(r)) from cs.revision r
            where r.request_id = $1 and r.revision = $2
              and r.file_count = (select count(*) from cs.revision_file f
                                  where f.request_id = $1 and f.revision = $2));
comment on function cs.bundle_digest is
    'Digest of a bundle from the stored code and file digests; null when a file is missing.';

create or replace function cs.blob_intact(blob_sha256 bytea) returns bool
    language sql stable parallel safe
    return (select sha256(coalesce(string_agg(c.data, ''::bytea order by c.n), ''::bytea))
                   = blob_sha256
            from cs.blob_chunk c where c.sha256 = blob_sha256);
comment on function cs.blob_intact is 'Whether the stored bytes of a file still have its digest.';

create or replace function cs.bundle_intact(request_id bigint, revision int) returns bool
    language sql stable parallel safe
    return coalesce((select bool_and(cs.blob_intact(f.sha256)) from cs.revision_file f
                     where f.request_id = $1 and f.revision = $2), true);
comment on function cs.bundle_intact is 'Whether the stored bytes of all input files are whole.';
