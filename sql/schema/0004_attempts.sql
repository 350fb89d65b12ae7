-- Runs: attempts with lease and fence, what they handed back and what they cost.

create table cs.worker (
    id bigint generated always as identity primary key,
    name text not null check (char_length(name) between 1 and 200),
    version text not null,
    slots int not null check (slots > 0),
    backends jsonb not null default '{}',
    running int not null default 0,
    started_at timestamptz not null default clock_timestamp(),
    seen_at timestamptz not null default clock_timestamp(),
    stopped_at timestamptz
) with (fillfactor = 70);
create index worker_live on cs.worker (id) where stopped_at is null;

-- A row here stops claims and starts: scope 'all' or 'team:<id>'.
create table cs.pause (
    scope text primary key check (scope ~ '^(all|team:[0-9]+)$'),
    reason text not null default '',
    at timestamptz not null default clock_timestamp()
);

create table cs.attempt (
    id bigint generated always as identity primary key,
    request_id bigint not null references cs.request,
    revision int not null,
    round int not null,
    state text not null default 'ready',
    backend text not null,
    fence bigint not null default 0,
    worker_id bigint references cs.worker,
    lease_until timestamptz,
    not_before timestamptz not null,
    valid_until timestamptz not null,
    cancel_requested_at timestamptz,
    cancel_requested_by bigint,
    created_at timestamptz not null default clock_timestamp(),
    claimed_at timestamptz,
    started_at timestamptz,
    running_at timestamptz,
    finished_at timestamptz,
    exit_code int,
    term_signal int,
    reason text not null default '',
    error_name text not null default '',
    error_value text not null default '',
    duration_ms bigint,
    cpu_ms bigint,
    memory_peak_bytes bigint,
    output_truncated bool not null default false,
    foreign key (request_id, revision) references cs.revision,
    check (state in ('ready', 'cancelled') or fence > 0)
) with (fillfactor = 70);
create index attempt_request on cs.attempt (request_id, id);
create unique index attempt_one_live on cs.attempt (request_id)
    where state in ('ready', 'claimed', 'starting', 'running');
create index attempt_ready on cs.attempt (not_before) where state = 'ready';
create index attempt_leased on cs.attempt (id) where state in ('claimed', 'starting', 'running');

-- The decisions that an attempt rests on.
create table cs.attempt_decision (
    attempt_id bigint not null references cs.attempt,
    decision_id bigint not null references cs.decision,
    primary key (attempt_id, decision_id)
);

create table cs.output_chunk (
    attempt_id bigint not null references cs.attempt,
    fence bigint not null,
    item int not null check (item between 1 and 1000),
    n int not null check (n between 0 and 100000),
    data bytea not null check (octet_length(data) between 1 and 1048576),
    primary key (attempt_id, fence, item, n)
);
alter table cs.output_chunk alter data set storage external;

create table cs.output_item (
    attempt_id bigint not null references cs.attempt,
    fence bigint not null,
    n int not null check (n between 1 and 1000),
    kind text not null check (kind in ('stdout', 'stderr', 'result', 'table', 'chart', 'file',
                                       'traceback')),
    name text not null default '' check (octet_length(name) <= 255),
    mime text not null check (octet_length(mime) <= 255),
    bytes bigint not null check (bytes >= 0),
    sha256 bytea not null check (octet_length(sha256) = 32),
    meta jsonb not null default '{}',
    primary key (attempt_id, n)
);

create table cs.cost_span (
    id bigint generated always as identity primary key,
    request_id bigint not null references cs.request,
    attempt_id bigint references cs.attempt,
    fence bigint,
    kind text not null check (kind in ('llm', 'embedding', 'sandbox', 'target')),
    provider text not null,
    model text not null default '',
    team_id bigint not null,
    person_id bigint not null,
    feature text not null default 'run',
    tokens_in bigint check (tokens_in >= 0),
    tokens_out bigint check (tokens_out >= 0),
    tokens_cached bigint check (tokens_cached >= 0),
    seconds numeric(14, 3) check (seconds >= 0),
    nano_usd bigint check (nano_usd >= 0),
    price_version text not null default '',
    trace_id text,
    span_id text,
    started_at timestamptz not null,
    ended_at timestamptz not null,
    unique (attempt_id, fence, kind)
);
create index cost_span_request on cs.cost_span (request_id);
create index cost_span_team on cs.cost_span (team_id, started_at);

insert into cs.schema_migration (version, name) values (4, 'attempts');
