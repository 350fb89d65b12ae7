-- How far the seals reach is asked by each Audit page: without reading all of them.

create index audit_seal_reach on cs.audit_seal (last_id);

insert into cs.schema_migration (version, name) values (17, 'audit heads');
