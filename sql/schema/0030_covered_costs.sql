-- What runs cost is covered by the audit trail, as what came of them is.

drop function if exists cs.costs_put(cs.cost_span[]); -- it returns what it wrote

insert into cs.schema_migration (version, name) values (30, 'covered costs');
