-- Who may call and read what, read from the catalogue and held against a table of expectation.
-- Proves: T3 I14 V8.3.1
\ir setup.psql

create temp table role (name text) on commit drop;
insert into role select 'countersign_' || unnest(array['api', 'worker', 'operator', 'sealer',
                                                       'auditor', 'verifier']);
create temp table may_call on commit drop as
select 'countersign_' || e.role as role, unnest(regexp_split_to_array(e.functions, '\s+')) as name
from (values
    ('api', 'submit_requests revise_requests decision_terms quorum_warning
        decide_requests decision_barred
        break_glass_requests undo_decisions
        cancel_requests settle_requests run_again request_list request_get request_state
        revision_get request_audit events_between events_now streams_over login_lookup login_success
        login_failure link_consume factor_state factor_of_link factor_offer
        factor_offered factor_confirm factor_remove session_check token_check session_close
        sessions_close
        session_is_fresh confirm_count reauthenticate proxy_sign_in oidc_begin oidc_take
        names_beside oidc_sign_in oidc_confirm identity_link sessions_list password_get
        password_set me instance_get people_list person_create person_change teams_list
        team_create login_link_create tokens_list token_create token_revoke upload_begin
        upload_chunk_put upload_finish upload_drop file_get file_chunk output_item_get
        output_chunk_get output_begin file_begin output_follow ready_check fleet pause_set
        pause_clear metrics audit_questions audit_query audit_head audit_verified request_unseen
        request_seen policy_rules policy_rules_version policy_rules_for policy_version_for
        requests_to_judge judge_requests retention_list retention_terms retention_propose
        retention_agree retention_withdraw budgets_list budget_set budget_end'),
    ('worker', 'worker_hello worker_report worker_bye claim_attempts attempt_file_chunk
        start_attempts mark_attempts_running release_attempts finish_attempts attempt_standing
        output_chunk_put heartbeat sweep adopt_attempts adoption_end orphans janitor_deleted
        worker_is_alive ready_check policy_rules policy_rules_version'),
    ('operator', 'operator_person_add operator_people operator_person_update operator_team_add
        operator_teams operator_link_add operator_token_add operator_tokens
        operator_token_revoke operator_factor_reset operator_quorum operator_quorum_set
        operator_groups operator_group_set operator_break_glass operator_pause workers_list
        metrics instance_get ready_check audit_questions operator_audit_query
        operator_audit_verified policy_rules policy_rules_version operator_policy_versions
        operator_policy_set operator_retention operator_retention_drop operator_budgets
        operator_budget_set operator_budget_end'),
    ('sealer', 'seal_lock seal_take seal_put seals_from head_lock heads_unsent head_sent_put'),
    ('auditor', 'unapproved_runs broken_chains request_clock clock_due budget_scope budget_state
        period_end')) e (role, functions);
-- What fires for each row sets no path, which takes as long as the rest; see the end.
create temp table by_full_names on commit drop as
select unnest(array['audit_chain', 'request_moves', 'attempt_moves', 'request_over']) as name;
-- What an auditor's view asks of each row must be inlined; it reads its arguments and no table.
create temp table by_arguments on commit drop as
select unnest(array['request_clock', 'clock_due', 'budget_scope', 'budget_state', 'period_end'])
    as name;
create temp table may_read on commit drop as
select 'countersign_verifier' as role, unnest(array['audit_event', 'audit_seal', 'request',
    'revision', 'revision_file', 'decision', 'attempt', 'attempt_decision', 'output_item',
    'output_chunk', 'request_text', 'legal_move', 'cost_span', 'instance', 'schema_migration',
    'retention', 'person', 'team', 'team_member', 'api_token', 'credential_event',
    'external_identity', 'quorum_rule', 'approver_group', 'approver', 'break_glass',
    'policy_version', 'policy_rule', 'blob', 'blob_chunk', 'file', 'budget', 'budget_account',
    'budget_hold']) as name;

create temp table routine on commit drop as
select p.oid, p.proname as name, p.oid::regprocedure::text as signature, p.prosecdef as definer,
       p.proconfig, p.proowner::regrole::text as owner, p.prorettype = 'trigger'::regtype as fires,
       pg_catalog.obj_description(p.oid, 'pg_proc') as words,
       exists (select from role r where has_function_privilege(r.name, p.oid, 'execute')) as granted
from pg_catalog.pg_proc p where p.pronamespace = 'cs'::regnamespace;
create temp table relation on commit drop as
select c.oid, n.nspname as schema, c.relname as name, c.relkind as kind,
       pg_get_userbyid(c.relowner) as owner
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('cs', 'audit') and c.relkind in ('r', 'v', 'S');

select plan((select count(*)::int from routine)
    + (select count(*)::int from role r cross join routine f)
    + (select count(*)::int from role r cross join relation t where t.kind <> 'S')
    + (select count(*)::int from relation where schema = 'cs' and kind = 'r') + 28);

-- Each function: safe to call, or not callable by any role.
select ok(f.owner = 'countersign_owner'
          and not has_function_privilege('public', f.oid, 'execute')
          and case when f.name in (select name from by_arguments)
                   then not f.definer and f.granted
                   when f.granted or f.fires and f.name not in (select name from by_full_names)
                   then f.definer and 'search_path=cs, pg_temp' = any (f.proconfig)
                   else not f.definer end,
    f.signature || case when f.name in (select name from by_arguments)
                        then ' reads its arguments alone'
                        when f.granted or f.fires then ' is SECURITY DEFINER with a fixed path'
                        else ' is called by the owner''s functions alone' end)
from routine f order by f.signature;

select is(has_function_privilege(r.name, f.oid, 'execute'),
    exists (select from may_call m where m.role = r.name and m.name = f.name),
    format('%s %s %s', r.name, case when exists (select from may_call m where m.role = r.name
        and m.name = f.name) then 'may call' else 'is refused' end, f.signature))
from role r cross join routine f order by r.name, f.signature;
select is_empty($$ select m.name from may_call m where not exists
    (select from routine f where f.name = m.name) $$, 'each expected function is there');

-- Tables: nobody writes, and nobody reads but the verifier what is not secret.
select is(
    has_table_privilege(r.name, t.oid, 'select')::text || ' ' ||
    has_table_privilege(r.name, t.oid, 'insert, update, delete, truncate, references, trigger'),
    ((t.schema = 'audit' and r.name = 'countersign_auditor')
     or exists (select from may_read m where m.role = r.name and m.name = t.name
                and t.schema = 'cs'))::text || ' false',
    format('%s and %s.%s', r.name, t.schema, t.name))
from role r cross join relation t where t.kind <> 'S' order by r.name, t.schema, t.name;
select is_empty($$ select r.name, t.name from role r cross join relation t
    where t.kind = 'S' and has_sequence_privilege(r.name, t.oid, 'usage, update, select') $$,
    'no role draws numbers from a sequence');
select is_empty($$ select c.table_name, c.column_name, c.grantee
    from information_schema.column_privileges c
    where c.table_schema = 'cs' and c.grantee <> 'countersign_owner'
      and not (c.grantee = 'countersign_verifier' and c.privilege_type = 'SELECT') $$,
    'no privilege on single columns');

-- TRUNCATE and DELETE are refused by triggers on every table that must keep its rows.
select has_trigger('cs', t.name, t.name || '_no_truncate', t.name || ' can not be truncated')
from relation t where t.schema = 'cs' and t.kind = 'r' order by t.name;
select set_eq($$ select tgrelid::regclass::text from pg_catalog.pg_trigger
    where tgname like '%insert_only' and tgenabled = 'O' $$,
    $$ select unnest(array['audit_event', 'audit_seal', 'request_text', 'revision',
       'revision_file', 'decision', 'attempt_decision', 'output_item', 'output_chunk', 'cost_span',
       'blob', 'blob_chunk', 'file', 'credential_event', 'legal_move', 'instance', 'price',
       'policy_version', 'policy_rule']) $$,
    'what is only ever inserted');
select set_eq($$ select tgrelid::regclass::text from pg_catalog.pg_trigger
    where tgname like '%no_delete' and tgenabled = 'O' $$,
    $$ select unnest(array['request', 'attempt', 'person', 'team', 'session', 'api_token',
       'worker', 'retention', 'budget', 'budget_account', 'budget_hold']) $$,
    'what is never deleted');

-- Words: each function, view and view column that needs it is explained.
select is_empty('select signature from routine where words is null', 'each function has a comment');
select is_empty($$ select name from relation where schema = 'audit'
    and pg_catalog.obj_description(oid, 'pg_class') is null $$, 'each view has a comment');

-- Roles themselves.
select is_empty($$ select rolname from pg_roles where rolname like 'countersign%'
    and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls
         or rolinherit) $$, 'no role has a power of its own');
select is((select rolcanlogin from pg_roles where rolname = 'countersign_owner'), false,
    'nobody logs in as the owner');
select is_empty($$ select m.roleid::regrole from pg_auth_members m
    join pg_roles r on r.oid = m.member where r.rolname like 'countersign%' $$,
    'no role is a member of another');
select is(has_database_privilege('public', current_database(), 'temp, create'), false,
    'nobody makes temporary tables');
select is(has_database_privilege('countersign_api', current_database(), 'temp'), false,
    'nor does the api');
select is(has_schema_privilege('public', 'cs', 'usage, create'), false, 'schema cs is closed');
select is(has_schema_privilege('countersign_api', 'cs', 'create'), false, 'to new objects too');
select is(has_schema_privilege('countersign_auditor', 'cs', 'usage'), false,
    'an auditor does not even see it');
-- Audit rows are written under advisory locks, and sealed when no transaction with a number runs.
select is_empty($$ select r.name, p.oid::regprocedure from role r cross join pg_catalog.pg_proc p
    where p.proname like '%advisory%' and has_function_privilege(r.name, p.oid, 'execute') $$,
    'no role holds a lock that others wait for');
select is_empty($$ select r.name, p.oid::regprocedure from role r cross join pg_catalog.pg_proc p
    where p.proname in ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_open', 'lo_put',
        'lo_truncate', 'lo_truncate64', 'lo_unlink', 'lowrite', 'pg_logical_emit_message',
        'pg_current_xact_id', 'txid_current', 'pg_export_snapshot')
      and has_function_privilege(r.name, p.oid, 'execute')
    $$, 'nor writes where no table is, nor takes a number that sealing waits for');

-- The same once more by trying.
create function t.as_role(role text, command text) returns text language plpgsql as $$
begin
    execute format('set local role %I', role);
    execute command;
    reset role;
    return 'done';
exception when others then
    return sqlstate;
end
$$;
select is(t.as_role('countersign_worker', 'select cs.decide_requests(''[]'')'), '42501',
    'a worker can not decide');
select is(t.as_role('countersign_worker', 'select * from cs.session'), '42501',
    'a worker reads no sessions');
select is(t.as_role('countersign_worker', 'select * from cs.password'), '42501', 'no passwords');
select is(t.as_role('countersign_worker', 'select * from cs.api_token'), '42501', 'no tokens');
select is(t.as_role('countersign_api', 'insert into cs.attempt (request_id) values (1)'), '42501',
    'the api makes no attempt by hand');
select is(t.as_role('countersign_api', 'select cs.start_attempts(''[]'')'), '42501',
    'nor starts one');
select is(t.as_role('countersign_verifier', 'select * from cs.password'), '42501',
    'who verifies reads no passwords');
select is(t.as_role('countersign_verifier', 'select sealed from cs.second_factor'), '42501',
    'no secret of a second factor');

-- What fires for each row means the same names under any path.
create schema evil;
create function evil.move_is_legal(text, text, text, text default '') returns bool language sql
    immutable return true;
create function evil.audit_leaf(cs.audit_event) returns bytea language sql immutable
    return '\x00'::bytea;
create table evil.audit_event (like cs.audit_event);
select t.submit('mia') as r \gset
set local search_path = evil, cs, t, tap, public;
select throws_ok(format('update cs.request set state = ''succeeded'' where id = %s', :r), 'CS002',
    null, 'no path makes a move legal');
insert into cs.audit_event (entity, entity_id, actor_kind, event)
    values ('request', :r, 'system', 'test');
set local search_path = cs, t, tap, public;
select ok(t.whole(:r), 'nor breaks a chain');

-- Rights that somebody gave by hand go with the next migration.
grant execute on function cs.decide_requests(jsonb) to countersign_worker;
\ir ../../sql/functions/zz_grants.sql
set local search_path = cs, t, tap, public;
select is(has_function_privilege('countersign_worker', 'cs.decide_requests(jsonb)', 'execute'),
    false, 'a right given by hand is taken back');

select * from finish();
rollback;
