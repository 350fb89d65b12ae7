-- The audit trail: one hash chain per entity, filled by a trigger; seals come later.

create table cs.audit_event (
    id bigint generated always as identity primary key,
    format smallint not null default 1,
    ts timestamptz not null,
    xid xid8 not null,
    entity text not null,
    entity_id bigint not null,
    entity_seq bigint not null,
    actor_id bigint,
    actor_kind text not null,
    session_id bigint,
    token_id bigint,
    address text,
    event text not null,
    subject text not null default 'request',
    from_state text,
    to_state text,
    body jsonb not null default '{}',
    row_digests jsonb,
    prev_hash bytea not null,
    hash bytea not null,
    unique (entity, entity_id, entity_seq)
);
comment on column cs.audit_event.subject is
    'What from_state and to_state are states of: request or attempt.';
comment on column cs.audit_event.row_digests is
    'SHA-256 of each revision, decision and attempt row made with this event, by "table:key".';
create index audit_event_ts on cs.audit_event using brin (ts);

create table cs.audit_seal (
    n bigint primary key,
    epoch int not null,
    xid_from xid8 not null,
    xid_to xid8 not null,
    events bigint not null,
    root bytea not null,
    prev_hash bytea not null,
    hash bytea not null,
    key_id text not null,
    signature bytea not null,
    sealed_at timestamptz not null
);

insert into cs.schema_migration (version, name) values (5, 'audit');
