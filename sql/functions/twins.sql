-- What waits twice: the same by the same author. Both stay, each with its own approvals; a reviewer
-- is told, so that nobody reads one thing many times unawares.

set search_path = cs, pg_temp;

create or replace function cs.twins(ids bigint[]) returns table (id bigint, same_as bigint)
    language sql stable as $$
    with authors as (
        select distinct r.author_id from request r
        where r.id = any (ids) and r.state = 'pending'
    ), waiting as materialized ( -- as many as MAX_WAITING_PER_PERSON lets wait by default
        select w.* from authors a cross join lateral (
            select r.id, r.author_id, r.team_id, r.revision from request r
            where r.author_id = a.author_id and r.state = 'pending' order by r.id limit 200) w
    ), alike as (
        select w.id, min(w.id) over (partition by w.author_id, w.team_id, v.language,
                v.code_sha256, v.target, v.sandbox, v.image, v.network, v.wall_ms, v.memory_bytes,
                v.pids, v.output_bytes, v.files, v.file_bytes, v.cpu_ms, v.tmp_bytes,
                v.retry_safe, v.isolation, v.image_digest, v.max_attempts, v.approval_ms,
                case when v.file_count > 0 then bundle_files(v.request_id, v.revision) end)
            as same_as
        from waiting w join revision v on v.request_id = w.id and v.revision = w.revision)
    select a.id, a.same_as from alike a where a.id = any (ids) and a.same_as < a.id
$$;
comment on function cs.twins is
    'Of these requests those that wait while an earlier one of the same author and team does, with
the same code, inputs and settings: its id, the first one''s.';

create or replace function cs.same_as_json(same_as bigint) returns jsonb
    language sql immutable parallel safe
    return case when same_as is null then '{}' else jsonb_build_object('same_as', same_as) end;
comment on function cs.same_as_json is '{same_as}, or {} for null.';
