-- The auditors' views answer what docs/audit-queries.md says they do, to the auditor alone.
-- Proves: T25
\ir setup.psql
\ir story.psql
select plan(56);
grant usage on schema t, tap, public to countersign_auditor;
grant execute on all functions in schema tap to countersign_auditor;
grant all on all tables in schema tap to countersign_auditor;
grant all on all sequences in schema tap to countersign_auditor;
grant all on all tables in schema pg_temp to countersign_auditor;
grant all on all sequences in schema pg_temp to countersign_auditor;
set local role countersign_auditor;
set local search_path = audit, tap, pg_temp;

select is((select row(author, team, state, revision, decided_by, language)::text
    from approval_requests where id = :overdue), '(t-mia,"Test team",succeeded,1,t-noor,python)',
    'approval_requests');
select is((select owner from approval_requests where id = :stock), 't-both',
    'with the agent''s owner');
select ok((select bundle_sha256 ~ '^[0-9a-f]{64}$' from approval_requests where id = :overdue),
    'and what was bound');
select is((select array_agg(row(reviewer, verdict, counts)::text order by id) from decisions
    where request_id = :margin), '{"(t-anna,request_changes,f)","(t-anna,approve,f)"}',
    'decisions say whether they count');
select is((select row(state, worker, fence, exit_code)::text from attempts
    where request_id = :overdue), '(succeeded,w,1,0)', 'attempts');
select is((select cardinality(decision_ids) from attempts where request_id = :overdue), 1,
    'with the decisions they rest on');
select is((select row(kind, bytes)::text from results where request_id = :overdue), '(stdout,5)',
    'results');
select is((select row(kind, provider, team, person, seconds, nano_usd, usd)::text from cost_spans
    where request_id = :overdue), '(sandbox,local,"Test team",t-mia,0.912,0,0.000000000)',
        'cost_spans');
select is((select array_agg(event order by entity_seq) from request_trail where request_id =
    :overdue),
    '{request.submit,decision.approve,attempt.ready,attempt.claim,attempt.start,attempt.running,
request.running,attempt.finish,request.finish}', 'request_trail');
select is((select row(actor, actor_kind, from_state, to_state)::text from request_trail
    where request_id = :overdue and entity_seq = 1), '(t-mia,human,,pending)', 'who did it');
select is((select row(actor, actor_kind)::text from request_trail where request_id = :overdue
    and event = 'attempt.start'), '(worker,worker)', 'or what');
select ok((select bool_and(hash ~ '^[0-9a-f]{64}$') from audit_logs),
    'audit_logs have their hashes');
select ok(exists (select from audit_logs where entity = 'person' and actor_kind = 'operator'),
    'and all entities');
select is((select row(kind, owner, roles)::text from people where login = 't-bot'),
    '(agent,t-both,{agent})', 'people');
select ok(exists (select from workers where name = 'w'), 'workers');
select is_empty('select * from sessions where person = ''t-mia''', 'sessions');

-- The questions.
select is((select row(reviewer, author, title, counts, first_run_at is not null)::text
    from who_approved_what where request_id = :overdue),
    '(t-noor,t-mia,"Overdue invoices by customer",t,t)', '1. who approved what');
select is((select row(first_run_at is null, counts)::text from who_approved_what
    where request_id = :margin), '(t,f)', '1. and what never ran');
select is((select row(person, author, verdict)::text from self_approval_attempts
    where request_id = :stock), '(t-both,t-bot,approve)', '2. self-approval attempts');
select is_empty('select * from runs_without_valid_approval', '3. runs without a valid approval');
select is((select row(team, kind, spans, seconds, nano_usd, price_unknown)::text from cost_by_team
    where team = 'Test team'), '("Test team",sandbox,2,0.950,0,0)', '4. cost by team');
select is((select array_agg(row(reviewer, request_id, dwell_ms)::text) from quick_decisions
    where request_id in (:overdue, :stock, :margin, :letters)),
    array[format('(t-noor,%s,3100)', :stock)], '5. decisions under five seconds');
select is((select row(code, reason)::text from refused_starts where request_id = :margin),
    '(conflict,quorum)', '6. refused starts');
select is((select row(request_state, settled_by, note)::text from unknown_outcomes
    where request_id = :letters), '(failed,t-noor,"No letter has left the folder.")',
    '7. unknown outcomes');
select is((select row(person, kind, scopes, actions, submissions)::text from token_use
    where token_id = :token), '(t-bot,agent,"{read,submit}",1,1)', '8. token use');
select is((select array_agg(row(login, login_exists, same_address_15_min)::text order by ts)
    from failed_sign_ins where address = '203.0.113.9'),
    '{"(t-eva,t,1)","(t-eva,t,2)","(root,f,3)"}', '9. failed sign-ins');
select is((select row(editor, changed, lines_added, lines_removed)::text from revision_changes
    where request_id = :margin), '(t-mia,"{code,limits}",1,1)', '10. what changed');
select is((select row(approved >= 3, under_5_s >= 1)::text from reviewer_measures
    where reviewer = 't-noor'), '(t,t)', '11. reviewers');
select is_empty('select * from broken_chains', '12. chains');
select is((select array_agg(row(provider, model, spans, seconds > 0, cpu_seconds > 0,
        memory_gib_seconds > 0, nano_usd, price_unknown, estimated)::text order by provider)
    from cost_by_provider where provider <> 'local'),
    '{"(daytona,analytics-3,1,t,t,t,1143285,0,0)",'
    '"(e2b,code-interpreter-v1,2,t,t,t,219313,1,1)"}', '13. cost by provider');
select is((select array_agg(row(request_state, attempt_state, adoptions,
        last_adopted_at is not null, known_at is not null, tried_again)::text order by request_id)
    from lost_runs
    where request_id in (:letters, :forecast, :doubles)),
    '{"(failed,failed,0,f,t,f)","(succeeded,succeeded,1,t,t,f)",'
    '"(outcome_unknown,unknown,0,f,f,f)"}', '14. lost runs');
select is((select array_agg(row(worker, backend, deleted)::text) from deleted_sandboxes),
    '{"(w,e2b,1)"}', '15. deleted sandboxes');
select is((select array_agg(row(nano_usd is null, estimated, counts)::text order by id)
    from cost_spans where request_id = :forecast), '{"(f,t,f)","(f,f,t)"}',
    'an estimate gives way to the true cost');
select is((select array_agg(row(price_version, cpu, memory_mib)::text) from cost_spans
    where request_id = :churn), '{"(\"e2b 2026-08-01\",2.000,512)"}', 'a cost names its price');
select ok(exists (select from prices where provider = 'e2b' and resource = 'cpu'
    and valid_until is null and nano_usd_per_unit_second = 14000), 'prices');
select is_empty('select * from pauses', 'pauses');
select is((select row(can_be_found_again, adoptions)::text from attempts
    where request_id = :forecast), '(t,1)', 'attempts say how often they were found again');
select is((select when_unavailable from approval_requests where id = :churn), 'wait',
    'and requests whether they wait for their service');

-- An auditor reads, and does nothing else.
select throws_ok('select * from cs.' || t, '42501', null, 'no table ' || t) from unnest(array[
    'request', 'audit_event', 'session', 'password', 'api_token', 'login_link', 'revision']) t;
select throws_ok($$ delete from audit.audit_logs $$, null, null, 'nothing is deleted');
select throws_ok($$ update audit.people set name = 'x' $$, null, null, 'nothing is changed');
select throws_ok($$ create table audit.x (a int) $$, '42501', null, 'nothing is made');
reset role;

-- What must be empty is not empty when somebody meddles.
set local search_path = cs, t, tap, public;
create function t.seen(command text, view text) returns bigint language plpgsql as $$
declare
    seen bigint;
begin
    set local session_replication_role = replica;
    execute command;
    execute format('select count(*) from audit.%I', view) into seen;
    raise exception using errcode = 'CS009', message = seen::text;
exception when sqlstate 'CS009' then
    set local session_replication_role = origin;
    return sqlerrm::bigint;
end
$$;
select is(t.seen(format(c.command, :overdue), 'runs_without_valid_approval'), 1::bigint, c.words)
from (values
    ('update revision set code = ''x'' where request_id = %s', 'a run of changed code is seen'),
    ('delete from attempt_decision where attempt_id = t.attempt(%s)', 'a run without decisions'),
    ('update decision set reviewer_id = t.id(''mia'') where request_id = %s',
        'a decision of the author'),
    ('update revision set verdict = ''{"findings": [{"rule": "r", "level": "high"}]}'' where
        request_id = %s', 'an approval that does not name each finding'),
    ('update decision set note = ''better'' where request_id = %s', 'a decision with another note'),
    ('update decision set decided_at = now() + interval ''1 h'' where request_id = %s',
     'a decision after the start')) c (command, words);
select is(t.seen(format('update audit_event set body = ''{}'' where entity = ''request''
    and entity_id = %s and event = ''attempt.finish''', :overdue), 'broken_chains'), 1::bigint,
    'a changed audit row is seen');
select is(t.seen(format('delete from audit_event where entity = ''request''
    and entity_id = %s and event = ''attempt.finish''', :overdue), 'broken_chains'), 1::bigint,
    'a missing audit row is seen');

select * from finish();
rollback;
