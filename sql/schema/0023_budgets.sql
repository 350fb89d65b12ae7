-- Budgets: what may be spent, what of it is spent or reserved, and which run holds how much.

create table cs.budget (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('user', 'team')),
    scope_id bigint,
    period text not null check (period in ('day', 'month', 'total')),
    soft_percent int not null check (soft_percent between 1 and 100),
    limit_nano_usd bigint not null check (limit_nano_usd between 1 and 9000000000000000),
    set_by bigint references cs.person,
    set_at timestamptz not null default clock_timestamp(),
    ended_by bigint references cs.person,
    ended_at timestamptz
);
comment on table cs.budget is 'Limits, one row each time that one is set; what is set anew or taken
away has ended.';
comment on column cs.budget.scope_id is
    'The person or team; null: the default of each of them that has no budget of its own.';
comment on column cs.budget.soft_percent is 'From which share of the limit on people are warned.';
comment on column cs.budget.limit_nano_usd is
    'At most nine million dollars, so that JSON numbers have them exactly.';
comment on column cs.budget.set_by is 'Null for the operator''s command.';
create unique index budget_live on cs.budget (kind, scope_id) nulls not distinct
    where ended_at is null;

-- The row that is updated under its condition; one for each period of a person or a team.
create table cs.budget_account (
    kind text not null,
    scope_id bigint not null,
    period text not null,
    starts_at timestamptz not null,
    opening bigint not null default 0 check (opening >= 0),
    settled bigint not null default 0 check (settled >= 0),
    reserved bigint not null default 0 check (reserved >= 0),
    told text[] not null default '{}',
    primary key (kind, scope_id, period, starts_at)
) with (fillfactor = 50);
comment on column cs.budget_account.opening is
    'What had been spent in the period already when the budget was set; part of settled.';
comment on column cs.budget_account.told is
    'What the audit trail has of this period: warned, stopped, refused.';

-- What one request, or one run of it, has of an account. Rows of one request are changed under the
-- lock of that request; the account follows with the same commit, see cs.budget_post.
create table cs.budget_hold (
    request_id bigint not null,
    attempt_id bigint not null default 0,
    kind text not null,
    scope_id bigint not null,
    period text not null,
    starts_at timestamptz not null,
    granted bigint not null default 0 check (granted >= 0),
    reserved bigint not null default 0 check (reserved >= 0),
    settled bigint not null default 0 check (settled >= 0),
    posted_reserved bigint not null default 0,
    posted_settled bigint not null default 0,
    wanted bigint not null default 0 check (wanted >= 0),
    primary key (request_id, attempt_id, kind, period, starts_at)
) with (fillfactor = 70);
comment on column cs.budget_hold.attempt_id is
    '0: for a request of which no run has started.';
comment on column cs.budget_hold.granted is
    'The most that was reserved at once: what is spent beyond it nobody was asked for.';
comment on column cs.budget_hold.posted_reserved is
    'What of it the account has; the same as reserved once the transaction is over.';
comment on column cs.budget_hold.wanted is
    'What did not fit when this run was to start last; 0 when it did.';
create index budget_hold_due on cs.budget_hold (kind)
    where reserved <> posted_reserved or settled <> posted_settled;

-- What is to be reserved: at most the price of this backend for so long; size: {cpu, memory_mib,
-- disk_gib} of the sandbox when it is there, else that of the last one of its image counts.
create type cs.budget_want as (
    n int, request_id bigint, attempt_id bigint, person_id bigint, team_id bigint,
    backend text, image text, wall_ms bigint, size jsonb
);

-- What a want means for one account: how much it has of it already, and must have.
create type cs.budget_need as (
    n int, request_id bigint, attempt_id bigint, budget_id bigint, kind text, scope_id bigint,
    period text, starts_at timestamptz, limit_nano_usd bigint, has bigint, wanted bigint
);

-- How large the sandboxes of an image are: runs on this machine, which cost nothing, have no entry.
create index cost_span_size on cs.cost_span (provider, model, id)
    where cpu is not null and memory_mib is not null;

-- It is told what its sandbox was.
drop function if exists cs.attempt_refused(cs.attempt, jsonb);

insert into cs.schema_migration (version, name) values (23, 'budgets');
