-- Who may is covered by the audit trail, as what was decided is.

alter table cs.external_identity add column id bigint generated always as identity unique;
comment on column cs.external_identity.id is 'What the audit trail calls it.';

drop function if exists cs.audit_put(text, bigint, jsonb, text, jsonb); -- it has one argument more

insert into cs.schema_migration (version, name) values (27, 'rights');
