-- The database roles, and the two schemas with their owner. Applied in the target
-- database by a superuser or a login with CREATEROLE; may be applied again.
-- Nobody logs in as countersign_owner: migrations become it by SET ROLE.

do $$
declare
    name text;
begin
    if current_setting('server_encoding') <> 'UTF8' then
        raise exception 'Countersign needs a database in UTF8, this one is %',
            current_setting('server_encoding');
    end if;
    foreach name in array array['owner', 'api', 'worker', 'operator', 'sealer', 'auditor',
                                'verifier'] loop
        begin
            execute format('create role %I %s noinherit', 'countersign_' || name,
                           case name when 'owner' then 'nologin' else 'login' end);
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('grant countersign_owner to %I', current_user);
    end if;
end
$$;

-- Only these roles may connect, and none may make temporary tables: a temporary
-- table can take the place of a real one in a careless search path.
do $$
begin
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect on database %I to countersign_owner, countersign_api,
        countersign_worker, countersign_operator, countersign_sealer, countersign_auditor,
        countersign_verifier', current_database());
end
$$;

-- What everybody may call otherwise. Audit rows are written under advisory locks, so who holds one
-- keeps an admin or the operator from acting; an open transaction with a number of its own stops
-- the sealer; and an auditor who only reads must not write large objects, fill the disk with log
-- records, or end another's query. The functions of the owner take the locks and the numbers that
-- they need. Only a superuser can take any of it away.
do $$
declare
    routine record;
begin
    if not (select rolsuper from pg_roles where rolname = current_user) then
        return;
    end if;
    for routine in
        select p.oid::regprocedure as name, case
                when p.proname in ('pg_terminate_backend', 'pg_cancel_backend')
                    then 'countersign_owner, countersign_api, countersign_worker,
                          countersign_operator, countersign_sealer, countersign_verifier'
                else 'countersign_owner' end as roles
        from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace
            and (p.proname ~ '^pg_((try_)?advisory_|terminate_backend$|cancel_backend$)'
                 or p.proname ~ '^(pg_current_xact_id|txid_current|pg_export_snapshot)$'
                 or p.proname ~ '^(lo_.*|loread|lowrite|pg_logical_emit_message)$') loop
        execute format('revoke execute on function %s from public, countersign_api,
            countersign_worker, countersign_operator, countersign_sealer, countersign_auditor,
            countersign_verifier', routine.name);
        execute format('grant execute on function %s to %s', routine.name, routine.roles);
    end loop;
    alter role countersign_auditor set temp_file_limit = '256MB';
end
$$;

create schema if not exists cs authorization countersign_owner;
create schema if not exists audit authorization countersign_owner;

-- Without this, every new function could be called by everybody.
alter default privileges for role countersign_owner revoke execute on functions from public;

alter role countersign_api set search_path = cs, pg_temp;
-- Every statement of the api and of workers is short. Compiling one takes longer than running it,
-- and a table that is read whole while enable_seqscan is off looks dear enough to be compiled for.
alter role countersign_api set jit = off;
alter role countersign_worker set jit = off;
alter role countersign_api set synchronous_commit = on;
alter role countersign_api set statement_timeout = '30s';
alter role countersign_api set lock_timeout = '10s';
alter role countersign_api set idle_in_transaction_session_timeout = '30s';
-- All that a worker asks is looked up by key. A plan made while a table was small would read the
-- whole of it, and stay until the table is analysed.
alter role countersign_worker set enable_seqscan = off;
alter role countersign_worker set search_path = cs, pg_temp;
alter role countersign_worker set synchronous_commit = on;
alter role countersign_worker set statement_timeout = '30s';
alter role countersign_worker set lock_timeout = '10s';
alter role countersign_worker set idle_in_transaction_session_timeout = '30s';
alter role countersign_operator set search_path = cs, pg_temp;
alter role countersign_operator set synchronous_commit = on;
alter role countersign_sealer set search_path = cs, pg_temp;
alter role countersign_sealer set synchronous_commit = on;
alter role countersign_sealer set statement_timeout = '30s';
alter role countersign_sealer set lock_timeout = '10s';
alter role countersign_auditor set search_path = audit, pg_temp;
alter role countersign_auditor set default_transaction_read_only = on;
alter role countersign_verifier set search_path = cs, pg_temp;
alter role countersign_verifier set default_transaction_read_only = on;
-- It reads page by page along an index; compiling or sorting would be done anew for each page.
alter role countersign_verifier set jit = off;
alter role countersign_verifier set enable_seqscan = off;
alter role countersign_verifier set enable_bitmapscan = off;
alter role countersign_verifier set enable_sort = off;
