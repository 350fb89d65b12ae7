-- Requests, their revisions and the decisions on them.
-- request is the table that is polled and updated: narrow, with one partial index per
-- live state. No foreign keys to person and team: a trigger keeps those rows from ever
-- being deleted, and each check would write a lock into them on every submission.

create table cs.request (
    id bigint generated always as identity primary key,
    team_id bigint not null,
    author_id bigint not null,
    token_id bigint,
    state text not null,
    revision int not null default 1,
    round int not null default 1,
    backend text not null,
    retry_safe bool not null,
    created_at timestamptz not null default clock_timestamp(),
    state_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz,
    decided_by bigint,
    again_of bigint
) with (fillfactor = 70);
comment on column cs.request.round is
    'Grows whenever decisions are voided; a decision counts only in its own revision and round.';
create index request_team on cs.request (team_id, id);
create index request_author on cs.request (author_id, id);
create index request_pending on cs.request (team_id, id) where state = 'pending';
create index request_waiting on cs.request (author_id) where state = 'pending';
create index request_expiry on cs.request (expires_at)
    where state in ('pending', 'changes_requested', 'needs_answer', 'approved');
create index request_unknown on cs.request (id) where state = 'outcome_unknown';

-- No CHECK constraints on these two, nor on audit_event: PostgreSQL parses each of them anew for
-- every single-row insert, and submissions are that. cs.content_fault says it.
create table cs.request_text (
    request_id bigint primary key,
    title text not null,
    question text not null,
    state_echo jsonb
);

create table cs.revision (
    request_id bigint not null,
    revision int not null,
    editor_id bigint not null,
    session_id bigint,
    token_id bigint,
    title text not null,
    language text not null,
    code text not null,
    code_sha256 bytea not null,
    code_bytes int not null,
    code_lines int not null,
    file_count int not null,
    target text not null default '',
    sandbox text not null,
    image text not null,
    network text not null,
    wall_ms bigint not null,
    memory_bytes bigint not null,
    pids bigint not null,
    output_bytes bigint not null,
    files bigint not null,
    file_bytes bigint not null,
    retry_safe bool not null,
    policy_version bigint not null default 0,
    verdict_sha256 text not null default '',
    approval_ms bigint not null,
    bundle_sha256 bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (request_id, revision)
);

create table cs.revision_file (
    request_id bigint not null,
    revision int not null,
    n int not null check (n > 0),
    file_id bigint not null references cs.file,
    sha256 bytea not null references cs.blob,
    name text not null,
    bytes bigint not null,
    primary key (request_id, revision, n)
);

create table cs.decision (
    id bigint generated always as identity primary key,
    request_id bigint not null references cs.request,
    revision int not null,
    round int not null,
    reviewer_id bigint not null references cs.person,
    verdict text not null check (verdict in ('approve', 'reject', 'request_changes')),
    bundle_sha256 bytea not null check (octet_length(bundle_sha256) = 32),
    note text not null default '' check (char_length(note) <= 10000),
    acknowledged jsonb not null default '[]',
    dwell_ms bigint check (dwell_ms >= 0),
    session_id bigint references cs.session,
    token_id bigint references cs.api_token,
    decided_at timestamptz not null default clock_timestamp(),
    valid_until timestamptz,
    signature bytea,
    key_id text,
    foreign key (request_id, revision) references cs.revision,
    unique (request_id, revision, round, reviewer_id)
);
create index decision_reviewer on cs.decision (reviewer_id, id);

-- Which changes of state there are; '' is the state before the first. A trigger on
-- request and attempt holds everybody to them, SQL by hand too.
create table cs.legal_move (
    entity text not null check (entity in ('request', 'attempt')),
    from_state text not null,
    to_state text not null,
    actor_kind text not null
        check (actor_kind in ('human', 'agent', 'worker', 'operator', 'system')),
    primary key (entity, from_state, to_state, actor_kind)
);

create table cs.idempotency (
    person_id bigint not null,
    route text not null,
    key text not null check (octet_length(key) between 1 and 255),
    body_sha256 text not null,
    result jsonb not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (person_id, route, key)
);
create index idempotency_age on cs.idempotency (created_at);

insert into cs.schema_migration (version, name) values (3, 'requests');
