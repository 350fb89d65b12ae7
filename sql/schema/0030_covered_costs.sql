-- What runs cost is covered by the audit trail, as what came of them is.

insert into cs.schema_migration (version, name) values (30, 'covered costs');
