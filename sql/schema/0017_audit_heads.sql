-- How far the seals reach is asked by each Audit page, without reading all of them; and which heads
-- were posted.

create index audit_seal_reach on cs.audit_seal (last_id);

-- Up to which seal the heads were posted; no row until an api does so for the first time.
create table cs.head_sent (
    single bool primary key default true check (single),
    n bigint not null,
    at timestamptz not null default clock_timestamp()
);
comment on table cs.head_sent is 'The last seal whose head SEAL_WEBHOOK_URL has taken.';

insert into cs.schema_migration (version, name) values (17, 'audit heads');
