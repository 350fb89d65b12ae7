-- The reference: the least that a queue with an audit trail writes. Three plain tables without
-- triggers, so that making our own SQL slower can not raise our score.
drop schema if exists reference cascade;
create schema reference;
create table reference.request (
    id bigint generated always as identity primary key,
    author int not null,
    team int not null,
    state smallint not null,
    revision int not null,
    created_at timestamptz not null default now(),
    code text not null,
    code_sha bytea not null
);
create table reference.job (
    id bigint primary key,
    status smallint not null,
    worker int,
    attempt int not null,
    at timestamptz not null
) with (fillfactor = 70);
create index job_claimable on reference.job (id) where status = 1;
create table reference.audit (
    id bigint generated always as identity primary key,
    request_id bigint not null,
    actor int not null,
    action text not null,
    at timestamptz not null,
    body jsonb not null
);
