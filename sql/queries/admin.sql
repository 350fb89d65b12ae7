-- What migrate and the private stack ask of a database.

-- name: database_named(name text)
select datname from pg_catalog.pg_database where datname = $1;

-- name: migration_table()
select pg_catalog.to_regclass('cs.schema_migration') is not null;

-- name: migration_applied(version int4)
select version from cs.schema_migration where version = $1;

-- name: migration_lock(lock int8)
select pg_catalog.pg_advisory_lock($1);

-- A value for the rest of the transaction, where a statement can take no parameters.
-- name: transaction_setting(name text, value text)
select pg_catalog.set_config($1, $2, true);
