-- Before any table is locked: starts hold this while they wait for tables (cs.authority_changes).
select pg_catalog.pg_advisory_xact_lock(7026, 24);
