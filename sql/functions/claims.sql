-- Claiming by id: the ids come from Redis and are hints, nothing more.

set search_path = cs, pg_temp;

create or replace function cs.limits_json(v cs.revision) returns jsonb
    language sql stable parallel safe
    return jsonb_strip_nulls(jsonb_build_object('wall_ms', v.wall_ms,
        'memory_bytes', v.memory_bytes, 'pids', v.pids, 'output_bytes', v.output_bytes,
        'files', v.files, 'file_bytes', v.file_bytes, 'cpu_ms', v.cpu_ms,
        'tmp_bytes', v.tmp_bytes));
comment on function cs.limits_json is
    'The limits of a run; without cpu_ms and tmp_bytes those of a bundle of the first form.';

create or replace function cs.files_json(request_id bigint, revision int) returns jsonb
    language plpgsql stable parallel safe as $$
begin
    return (select coalesce(jsonb_agg(jsonb_build_object('n', f.n, 'id', f.file_id,
                'name', f.name, 'sha256', cs.hex(f.sha256), 'bytes', f.bytes) order by f.n), '[]')
            from cs.revision_file f where f.request_id = $1 and f.revision = $2);
end
$$;
comment on function cs.files_json is 'The input files of a revision: [{n, id, name, sha256,
bytes}].';

create or replace function cs.bundle_json(v cs.revision) returns jsonb
    language sql stable parallel safe
    return jsonb_build_object('sha256', cs.hex(v.bundle_sha256),
        'format', cs.bundle_format(v), 'language', v.language,
        'files', case when v.file_count = 0 then '[]'
                      else cs.files_json(v.request_id, v.revision) end,
        'target', v.target, 'sandbox', v.sandbox, 'image', v.image, 'network', v.network,
        'limits', cs.limits_json(v), 'retry_safe', v.retry_safe,
        'policy_version', v.policy_version, 'verdict_sha256', v.verdict_sha256,
        'approval_ms', v.approval_ms)
        || case when v.team_id is null then '{}' else jsonb_build_object('team_id', v.team_id,
            'isolation', v.isolation, 'image_digest', v.image_digest,
            'max_attempts', v.max_attempts) end;
comment on function cs.bundle_json is 'All parts of a bundle but the code.';

create or replace function cs.sandbox_differs(a cs.attempt, worker_id bigint) returns bool
    language plpgsql stable as $$
declare
    v cs.revision;
    has jsonb := (select w.backends -> a.backend from cs.worker w where w.id = $2);
begin
    select * into v from cs.revision r
        where r.request_id = a.request_id and r.revision = a.revision;
    return v.team_id is not null and (
        has ->> 'isolation' is distinct from v.isolation
        or (v.image_digest <> '' and has ->> 'image_digest' is distinct from v.image_digest));
end
$$;
comment on function cs.sandbox_differs is
    'Whether a worker has another sandbox than was approved: other packages, another isolation, or
it is of an earlier release and says neither. It looks itself, too.';

create or replace function cs.decision_manifest(d cs.decision) returns jsonb
    language sql stable parallel safe
    return jsonb_build_object('id', d.id, 'reviewer_id', d.reviewer_id, 'round', d.round,
        'verdict', d.verdict, 'needed', d.needed, 'decided_ms', cs.millis(d.decided_at),
        'valid_ms', cs.millis(d.valid_until), 'form', d.form, 'acknowledged', d.acknowledged,
        'key_id', d.key_id, 'signature', cs.hex(d.signature));
comment on function cs.decision_manifest is
    'What a worker verifies of a decision: the columns that are signed, and the signature.';

create or replace function cs.attempt_manifests(attempts bigint[])
    returns table (attempt_id bigint, fence bigint, request_id bigint, revision int,
                   language text, code bytea, title text, manifest jsonb, bundle_sha256 bytea)
    language sql stable as $$
    select a.id, a.fence, a.request_id, a.revision, (a.r).language,
           convert_to((a.r).code, 'UTF8'), (a.r).title,
           cs.bundle_json(a.r) || jsonb_build_object('request_id', a.request_id,
               'revision', a.revision, 'decisions', d.list,
               'now_ms', cs.millis(clock_timestamp())),
           (a.r).bundle_sha256
    from unnest(attempts) i (id)
    cross join lateral (
        select t.*, r from cs.attempt t
        join cs.revision r on r.request_id = t.request_id and r.revision = t.revision
        where t.id = i.id offset 0) a
    cross join lateral (
        select coalesce(jsonb_agg(cs.decision_manifest(x) order by x.id), '[]')
        from cs.attempt_decision l join cs.decision x on x.id = l.decision_id
        where l.attempt_id = a.id) d (list)
    order by a.id
$$;
comment on function cs.attempt_manifests is 'What a worker is told about attempts: all their runs
need.';

create or replace function cs.claim_attempts(worker_id bigint, ids text, lease_ms bigint)
    returns table (attempt_id bigint, fence bigint, request_id bigint, revision int,
                   language text, code bytea, title text, manifest jsonb, bundle_sha256 bytea)
    language plpgsql security definer set search_path = cs, pg_temp
    set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
    wanted bigint[] := (ids::bigint[])[:50];
    ready bigint[];
begin
    perform forged_check(worker_id, wanted);
    perform from request r
        where r.id = any (array(select a.request_id from attempt a
                                where a.id = any (wanted) and a.state = 'ready'))
        order by r.id for no key update;
    ready := array(select a.id from attempt a
        where a.id = any (wanted) and a.state = 'ready' and a.not_before <= clock_timestamp()
          and not exists (select from request r join pause p
                          on p.scope = any (pause_scopes(r, a.backend)) where r.id = a.request_id)
          and (select r.judged_version from request r where r.id = a.request_id) >= policy_newest()
          and (a.release_reason <> 'budget' or budget_has_room(a.id))
          and not sandbox_differs(a, $1)
        order by a.id for no key update);
    update attempt a set state = 'claimed', fence = a.fence + 1, worker_id = $1,
            claimed_at = clock_timestamp(),
            lease_until = clock_timestamp() + lease_ms * interval '1 millisecond'
        where a.id = any (ready) and a.state = 'ready';
    perform audit_add(array(
        select audit_row('request', a.request_id, '{"kind": "worker"}', 'attempt.claim',
            jsonb_build_object('attempt_id', a.id, 'worker_id', a.worker_id, 'fence', a.fence),
            'attempt', 'ready', 'claimed')
        from attempt a where a.id = any (ready) order by a.id));
    return query select * from attempt_manifests(ready);
end
$$;
comment on function cs.claim_attempts is
    'At most 50 ids as ''{1,2}'' → one row per attempt that was ready and is now this worker''s,
with everything its run needs; other ids are silently absent.';

create or replace function cs.forged_enough(of_worker bigint) returns boolean
    language plpgsql stable as $$
begin
    return coalesce((select e.ts > clock_timestamp() - interval '1 minute' from audit_event e
        where e.entity = 'worker' and e.entity_id = of_worker
        order by e.entity_seq desc offset 59 limit 1), false);
end
$$;
comment on function cs.forged_enough is
    'Whether the audit trail took 60 rows of a worker within a minute: who can write into Redis must
not fill the disk with them.';

create or replace function cs.forged_check(worker_id bigint, ids bigint[]) returns void
    language plpgsql as $$
declare
    forged bigint[];
begin
    -- Not an anti-join, whose plan may read the whole table.
    forged := array(select i from unnest(ids) i
                    where (select a.id from attempt a where a.id = i) is null);
    if cardinality(forged) > 0 and not forged_enough(worker_id) then
        perform audit_put('worker', worker_id, '{"kind": "worker"}', 'worker.forged_ids',
            jsonb_build_object('code', 'W-FORGED', 'ids', forged));
    end if;
end
$$;
comment on function cs.forged_check is 'An audit row for hints whose attempt does not exist.';

create or replace function cs.attempt_file_chunk(
    attempt_id bigint, fence bigint, file_n int, chunk_n int) returns bytea
    language sql stable security definer set search_path = cs, pg_temp as $$
    select c.data from attempt a
    join revision_file f on f.request_id = a.request_id and f.revision = a.revision
    join blob_chunk c on c.sha256 = f.sha256
    where a.id = $1 and a.fence = $2 and a.state in ('claimed', 'starting')
      and f.n = $3 and c.n = $4
$$;
comment on function cs.attempt_file_chunk is
    'Chunk chunk_n, from 0, of input file file_n, from 1, for the holder of the fence; null past
the end and for anybody else.';
