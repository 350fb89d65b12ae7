-- Submissions and decisions of a whole batch take the same few statements as one.

create type cs.run_limits as (
    wall_ms bigint, memory_bytes bigint, pids bigint,
    output_bytes bigint, files bigint, file_bytes bigint
);

-- What is asked for, under the names that the elements of a batch have.
create type cs.submission as (
    actor jsonb, team_id bigint, title text, question text, language text, code text, files jsonb,
    limits cs.run_limits, max_limits cs.run_limits, retry_safe bool, backend text, image text,
    network text, approval_seconds bigint, pending_seconds bigint, max_waiting bigint,
    state_echo jsonb, when_unavailable text, again_of bigint
);

create type cs.deciding as (
    actor jsonb, id bigint, revision int, bundle_sha256 text, verdict text, note text,
    acknowledged jsonb, dwell_ms bigint, undo_seconds int, signature text, key_id text
);

-- A decision that is asked for: by whom, on what, what this person decided on it before, and why
-- it is not made, if so.
create type cs.weighed as (
    n int, d cs.deciding, who cs.person, r cs.request, bundle_sha256 bytea, approval_ms bigint,
    mine cs.decision, fault text
);

create type cs.approved as (request_id bigint, decision_ids bigint[]);

-- No request, revision, person, session, token or decision is ever deleted, and the functions that
-- write these rows hold the lock of the request: looking each of them up once more costs as much as
-- writing the row, and a lock in the row of a busy reviewer.
alter table cs.decision drop constraint decision_request_id_fkey,
    drop constraint decision_request_id_revision_fkey, drop constraint decision_reviewer_id_fkey,
    drop constraint decision_session_id_fkey, drop constraint decision_token_id_fkey;
alter table cs.attempt drop constraint attempt_request_id_fkey,
    drop constraint attempt_request_id_revision_fkey;
alter table cs.attempt_decision drop constraint attempt_decision_attempt_id_fkey,
    drop constraint attempt_decision_decision_id_fkey;

-- A revision is only ever read by its key, so its code may stand beside the other columns: moved
-- out of the row, 2 KiB of it cost as much to write as the row itself.
alter table cs.revision set (toast_tuple_target = 8160);

drop function if exists cs.request_submit(jsonb), cs.team_of(cs.person, jsonb),
    cs.waiting_check(bigint, bigint), cs.revision_first(cs.person, jsonb, bigint),
    cs.limit_of(jsonb, text, bigint, bigint), cs.limits_put(jsonb, cs.revision),
    cs.revision_files_put(cs.person, cs.revision, jsonb), cs.revision_files_keep(cs.revision),
    cs.revision_wrong(cs.revision, jsonb), cs.revision_complete(cs.person, jsonb, cs.revision),
    cs.request_decide(jsonb), cs.decision_refused(jsonb, cs.person, cs.request),
    cs.decision_repeated(cs.person, cs.request, jsonb), cs.already_decided(cs.request),
    cs.decision_check(cs.person, cs.request, jsonb),
    cs.decision_put(cs.person, cs.request, cs.revision, jsonb),
    cs.decision_result(jsonb, cs.person, cs.request, cs.decision, cs.attempt),
    cs.approvals(bigint, bytea);

insert into cs.schema_migration (version, name) values (8, 'submissions');
