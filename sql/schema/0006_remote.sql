-- Runs at outside services: how to find one again, why one waits, what it costs.

alter table cs.request add column when_unavailable text not null default 'wait';
comment on column cs.request.when_unavailable is
    'wait or fail: what becomes of an approved request whose sandbox service is away.';
create index request_impatient on cs.request (id)
    where when_unavailable = 'fail' and state in ('approved', 'outcome_unknown');

alter table cs.attempt
    add column remote jsonb,
    add column adoptions int not null default 0,
    add column adopt_until timestamptz,
    add column release_reason text not null default '',
    add column release_since timestamptz,
    drop constraint attempt_check,
    add constraint attempt_check check (state in ('ready', 'cancelled', 'failed') or fence > 0);
comment on column cs.attempt.remote is
    'By what another worker finds the run at its service; durable before code leaves.';
comment on column cs.attempt.adopt_until is
    'A lost run may be picked up by another worker until then; null: it may not.';
comment on column cs.attempt.release_reason is
    'Why a worker last gave it back; empty once it starts.';
create index attempt_adoptable on cs.attempt (not_before)
    where state = 'unknown' and adopt_until is not null;

-- What a service asks for; a later row takes the place of an earlier one from its day on.
create table cs.price (
    id bigint generated always as identity primary key,
    provider text not null,
    resource text not null check (resource in ('cpu', 'memory_gib', 'disk_gib')),
    nano_usd_per_unit_second numeric(20, 6) not null check (nano_usd_per_unit_second >= 0),
    valid_from timestamptz not null,
    source text not null,
    unique (provider, resource, valid_from)
);
insert into cs.price (provider, resource, nano_usd_per_unit_second, valid_from, source) values
    ('e2b', 'cpu', 14000, '2026-08-01T00:00Z', 'E2B documentation, price of a sandbox'),
    ('e2b', 'memory_gib', 4500, '2026-08-01T00:00Z', 'E2B documentation, price of a sandbox'),
    ('e2b', 'disk_gib', 0, '2026-08-01T00:00Z', 'E2B documentation, disk is included'),
    ('daytona', 'cpu', 14000, '2026-05-25T00:00Z', 'Daytona price list, as quoted by others'),
    ('daytona', 'memory_gib', 4500, '2026-05-25T00:00Z', 'Daytona price list, as quoted by others'),
    ('daytona', 'disk_gib', 30, '2026-05-25T00:00Z', 'Daytona price list, without the free 5 GiB');

-- An estimate stays when the true cost becomes known; only the latter counts then.
alter table cs.cost_span
    add column estimated bool not null default false,
    add column cpu numeric(10, 3) check (cpu >= 0),
    add column memory_mib bigint check (memory_mib >= 0),
    add column disk_gib bigint check (disk_gib >= 0),
    drop constraint cost_span_attempt_id_fence_kind_key,
    add unique (attempt_id, fence, kind, estimated);

alter table cs.pause
    add column by_id bigint references cs.person,
    drop constraint pause_scope_check,
    add constraint pause_scope_check check (scope ~ '^(all|team:[0-9]+|backend:[a-z0-9_]{1,32})$');

-- Sandboxes that nobody owned any more and that were deleted at their service.
create table cs.janitor (
    backend text primary key,
    deleted bigint not null default 0
) with (fillfactor = 70);

-- Functions that take other parameters from now on.
drop function if exists cs.sweep(bigint, int), cs.pause_check(bigint), cs.events_head(),
    cs.cost_put(cs.request, cs.attempt, jsonb), cs.events_after(bigint, int);

insert into cs.schema_migration (version, name) values (6, 'remote');
