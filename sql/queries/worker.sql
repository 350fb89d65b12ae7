-- What the worker asks of the database. Ids and fences are those of a claim.

-- name: worker_hello(item jsonb)
-- item: {name, version, slots, backends} → {worker_id, instance}
select cs.worker_hello($1);

-- name: worker_report(worker_id int8, backends jsonb)
select cs.worker_report($1, $2);

-- name: worker_bye(worker_id int8)
select cs.worker_bye($1);

-- name: undurable()
-- What would let an answered commit be lost.
select name from pg_settings
where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off'
order by name;

-- name: claim_attempts(worker_id int8, ids text, lease_ms int8) binary
-- manifest: {files: [{n, name, bytes, sha256}], target, sandbox, image, network, limits: {wall_ms,
-- memory_bytes, pids, output_bytes, files, file_bytes, cpu_ms?, tmp_bytes?}, format, retry_safe,
-- policy_version, verdict_sha256, approval_ms, team_id?, isolation?, image_digest?, max_attempts?
-- (of format v2), now_ms, decisions: [{id, reviewer_id, round, verdict, needed,
-- decided_ms, valid_ms, form, acknowledged, key_id, signature}]}
select attempt_id, fence, request_id, revision::int8, language, code, manifest::text, bundle_sha256
from cs.claim_attempts($1, $2, $3);

-- name: attempt_file_chunk(attempt_id int8, fence int8, file_n int4, chunk_n int4) binary
select cs.attempt_file_chunk($1, $2, $3, $4);

-- Runs that another worker lost and that their service may still know: the columns of a claim with
-- the attempt's own fence, then by what to find it, which try this is, and how long ago it started.
-- name: adopt_attempts(worker_id int8, backends text, lease_ms int8, most int4) binary
select attempt_id, fence, request_id, revision::int8, language, code, manifest::text, bundle_sha256,
       remote::text, adoptions::int8, started_ms
from cs.adopt_attempts($1, $2, $3, $4);

-- The service does not know the run (final), or does not answer now (tried again a little later).
-- name: adoption_end(worker_id int8, attempt_id int8, fence int8, reason text, final bool)
select cs.adoption_end($1, $2, $3, $4, $5);

-- name: start_attempts(items jsonb)
-- An item may have `remote`, an object that says where the run is.
select n, result from cs.start_attempts($1);

-- name: mark_attempts_running(items jsonb)
select n, result from cs.mark_attempts_running($1);

-- name: release_attempts(items jsonb)
-- An item may have reason, retry_after_ms, cost, and fail: true for what no worker can ever start.
select n, result from cs.release_attempts($1);

-- An element has outcome, exit_code, term_signal, reason, error_name, error_value, duration_ms,
-- cpu_ms, memory_peak_bytes, output_truncated, cost, adopt, and items [{n, kind, name, mime, bytes,
-- sha256}]: the bytes of each were put before as chunks, or the last of them are its data.
-- name: finish_attempts(items jsonb)
select n, result from cs.finish_attempts($1);

-- name: attempt_standing(attempt_id int8, fence int8)
-- {state, lease_left_ms, worker_id} while the fence is this one, else null: after an answer that
-- got lost.
select cs.attempt_standing($1, $2);

-- name: output_chunk_put(attempt_id int8, fence int8, item int4, n int4, data bytea)
select cs.output_chunk_put($1, $2, $3, $4, $5);

-- name: heartbeat(worker_id int8, items jsonb, lease_ms int8, running int4)
select cs.heartbeat($1, $2, $3, $4);

-- unavailable: {backend: reason} of what this worker knows to be away.
-- name: sweep(worker_id int8, most int4, unavailable jsonb)
select cs.sweep($1, $2, $3);

-- found: [{attempt, fence, remote_id, age_ms}] as a service lists them → the remote_ids that no
-- attempt owns, and none whose attempt ended less than grace_ms ago.
-- name: orphans(found jsonb, grace_ms int8)
select cs.orphans($1, $2);

-- name: janitor_deleted(worker_id int8, backend text, deleted int4)
select cs.janitor_deleted($1, $2, $3);

-- What a container's health check asks.
-- name: worker_is_alive(worker_name text, lease_ms int8)
select cs.worker_is_alive($1, $2);
