-- Parts of the audit trail that two admins agree to drop, and what became of them.

create table cs.retention (
    id bigint generated always as identity primary key,
    state text not null default 'proposed'
        check (state in ('proposed', 'agreed', 'withdrawn', 'dropped')),
    first_seal bigint not null,
    seal bigint not null references cs.audit_seal,
    seal_hash bytea not null check (octet_length(seal_hash) = 32),
    events bigint not null check (events > 0),
    reason text not null check (char_length(btrim(reason)) between 1 and 500),
    proposed_by bigint not null references cs.person,
    proposed_at timestamptz not null,
    propose_signature bytea not null check (octet_length(propose_signature) = 64),
    propose_key_id text not null,
    agreed_by bigint references cs.person,
    agreed_at timestamptz,
    agree_signature bytea check (octet_length(agree_signature) = 64),
    agree_key_id text,
    withdrawn_by bigint references cs.person,
    withdrawn_at timestamptz,
    dropped_at timestamptz,
    dropped_xid xid8,
    manifest_sha256 bytea check (octet_length(manifest_sha256) = 32),
    dropped_events bigint check (dropped_events >= 0),
    kept_events bigint check (kept_events >= 0),
    constraint retention_two_people check (agreed_by <> proposed_by),
    constraint retention_agreed check (
        num_nonnulls(agreed_by, agreed_at, agree_signature, agree_key_id)
            = case when agreed_by is null then 0 else 4 end
        and (state not in ('agreed', 'dropped') or agreed_by is not null)
        and (state <> 'proposed' or agreed_by is null)),
    constraint retention_withdrawn check (
        num_nonnulls(withdrawn_by, withdrawn_at) = case state when 'withdrawn' then 2 else 0 end),
    constraint retention_dropped check (
        num_nonnulls(dropped_at, dropped_xid, manifest_sha256, dropped_events, kept_events)
            = case state when 'dropped' then 5 else 0 end)
);
comment on table cs.retention is
    'Up to which seal the audit trail is to be dropped, who proposed and who agreed.';
comment on column cs.retention.first_seal is 'The first seal that was not dropped before.';
comment on column cs.retention.events is 'What the seals from first_seal up to seal cover.';
comment on column cs.retention.propose_signature is
    'By the api''s key of decisions, over what common/domain/retention.h says; so is the other.';
comment on column cs.retention.dropped_xid is 'The transaction in which rows were dropped.';

-- One at a time, so that what a range holds is the same when it is dropped.
create unique index retention_open on cs.retention ((true)) where state in ('proposed', 'agreed');
create unique index retention_dropped_seal on cs.retention (seal) where state = 'dropped';

insert into cs.schema_migration (version, name) values (19, 'retention');
