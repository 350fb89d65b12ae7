-- Seals over the audit trail: each covers the rows of a range of transactions, in their order.

alter table cs.audit_seal
    add column epoch_from bigint not null,
    add column last_id bigint not null;
comment on column cs.audit_seal.epoch is
    'Grows when transaction ids began anew, as they do when a dump is restored.';
comment on column cs.audit_seal.epoch_from is 'The first id that a row of this epoch may have.';
comment on column cs.audit_seal.xid_to is 'The first transaction that it does not cover.';
comment on column cs.audit_seal.hash is
    'SHA-256 of the text that is signed: see common/domain/seal.h.';

create index audit_event_order on cs.audit_event (xid, id);

insert into cs.schema_migration (version, name) values (10, 'seals');
