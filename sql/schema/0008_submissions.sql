-- Submissions of a whole batch take the same few statements as one.

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

-- A revision is only ever read by its key, so its code may stand beside the other columns: moved
-- out of the row, 2 KiB of it cost as much to write as the row itself.
alter table cs.revision set (toast_tuple_target = 8160);

drop function if exists cs.request_submit(jsonb), cs.team_of(cs.person, jsonb),
    cs.waiting_check(bigint, bigint), cs.revision_first(cs.person, jsonb, bigint),
    cs.limit_of(jsonb, text, bigint, bigint), cs.limits_put(jsonb, cs.revision),
    cs.revision_files_put(cs.person, cs.revision, jsonb), cs.revision_files_keep(cs.revision),
    cs.revision_wrong(cs.revision, jsonb), cs.revision_complete(cs.person, jsonb, cs.revision),
    cs.audit_put(text, bigint, jsonb, text, jsonb);

insert into cs.schema_migration (version, name) values (8, 'submissions');
