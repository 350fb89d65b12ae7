-- Each ready-made question answers what it says, and nothing where there is nothing.
\ir setup.psql
\ir story.psql
select request_seen(t.actor('noor', '{"token_id": null}'), :overdue, 1) as x \gset
select operator_audit_query('{"sql": "select 1"}') as x \gset
select operator_pause('all', true, 'Month end') as x \gset
select operator_pause('all', false, '') as x \gset
select audit_put('request', :letters, t.actor('mia'), 'policy.denied',
                 '{"code": "policy", "message": "No letters"}') as x \gset
select t.submit('mia') as waiting \gset
insert into session (person_id, token_sha256, csrf_sha256, how, address, agent, expires_at)
    select t.id('noor'), sha256('s'), sha256('c'), 'password', '127.0.0.1', '',
           now() + interval '1 h';

-- How many rows a question has, with its parameters written into it.
create function t.asked(question text, parameters jsonb default '{}') returns bigint
    language plpgsql as $$
declare
    statement jsonb := audit_statement(jsonb_build_object('question', question,
                                                          'parameters', parameters));
    text_sent text := statement ->> 'sql';
    n bigint;
begin
    for i in reverse jsonb_array_length(statement -> 'values') .. 1 loop
        text_sent := replace(text_sent, '$' || i,
                             quote_nullable(statement -> 'values' ->> (i - 1)));
    end loop;
    execute format('select count(*) from (%s) q', text_sent) into n;
    return n;
end
$$;

-- One is approved alone.
\ir glass.psql
select operator_break_glass('{"on": true}') as x \gset
select t.breaks('eva', t.risky()) as x \gset

-- Rows of the audit trail are to be dropped.
insert into audit_seal (n, epoch, epoch_from, xid_from, xid_to, events, last_id, root, prev_hash,
                        hash, key_id, signature, sealed_at)
    values (1, 1, 0, '0', '1', 1, 1, '', '', sha256('1'), 'k', '', now() - interval '400 days');
insert into retention (first_seal, seal, seal_hash, events, reason, proposed_by, proposed_at,
                       propose_signature, propose_key_id)
    values (1, 1, sha256('1'), 1, 'Old.', t.id('eva'), now(), sha512(''), 'k');

-- A team has a budget, which it has used some of.
select operator_budget_set('{"scope": "team:Other team", "limit_nano_usd": 9000000}') as x \gset

create temp table expected on commit drop as
select * from (values
    ('who_approved_what', '{"person": "t-noor"}', '{"person": "t-mia"}'),
    ('who_approved_what', '{"team": "Other team"}', '{"to": "2000-01-01T00:00Z"}'),
    ('who_approved_what', '{"from": "2000-01-01T00:00Z"}', '{"from": "2200-01-01T00:00Z"}'),
    ('self_approval_attempts', '{"person": "t-both"}', '{"person": "t-noor"}'),
    ('break_glass_approvals', '{"person": "t-eva"}', '{"person": "t-noor"}'),
    ('quick_approvals', '{"person": "t-noor"}', '{"person": "t-anna"}'),
    ('unread_approvals', '{"person": "t-anna"}', '{"person": "t-mia"}'),
    ('unseen_approvals', '{"person": "t-anna"}', '{"person": "t-mia"}'),
    ('void_approvals', '{"team": "Test team"}', '{"team": "Other team"}'),
    ('revision_changes', format('{"request": %s}', :margin), format('{"request": %s}', :stock)),
    ('reviewer_measures', '{"person": "t-noor"}', '{"person": "t-mia"}'),
    ('waiting_requests', '{"team": "Test team"}', '{"team": "Other team"}'),
    ('refused_starts', format('{"request": %s}', :margin), format('{"request": %s}', :stock)),
    ('denied_by_policy', '{"person": "t-mia"}', '{"person": "t-noor"}'),
    ('unknown_outcomes', '{}', '{"from": "2200-01-01"}'),
    ('lost_runs', '{}', '{"to": "2000-01-01"}'),
    ('failed_runs', '{"team": "Test team"}', '{"from": "2200-01-01"}'),
    ('deleted_sandboxes', '{}', '{"from": "2200-01-01"}'),
    ('cost_by_team', '{"team": "Other team"}', '{"from": "2200-01-01"}'),
    ('cost_by_person', '{"team": "Other team"}', '{"from": "2200-01-01"}'),
    ('cost_by_model', '{"team": "Other team"}', '{"from": "2200-01-01"}'),
    ('cost_by_month', '{}', '{"from": "2200-01-01"}'),
    ('budgets_in_use', '{"team": "Other team"}', '{"person": "t-mia"}'),
    ('cost_of_request', format('{"request": %s}', :overdue), format('{"request": %s}', :margin)),
    ('token_use', '{"person": "t-bot"}', '{"person": "t-noor"}'),
    ('failed_sign_ins', '{}', '{"from": "2200-01-01"}'),
    ('live_sessions', '{"person": "t-noor"}', '{"person": "t-anna"}'),
    ('rights_changes', '{"person": "t-anna"}', '{"from": "2200-01-01"}'),
    ('pauses', '{}', '{"person": "t-noor"}'),
    ('who_saw_what', format('{"request": %s}', :overdue), format('{"request": %s}', :stock)),
    ('who_saw_what', '{"person": "t-noor"}', '{"person": "t-eva"}'),
    ('audit_queries', '{}', '{"person": "t-noor"}'),
    ('dropped_audit', '{"person": "t-eva"}', '{"person": "t-noor"}'),
    ('request_story', format('{"request": %s}', :overdue), '{"request": 999999999}'))
    e (id, answers, empty);

select plan(2 * (select count(*)::int from expected) + 40);
select ok(t.asked(id, answers::jsonb) > 0, format('%s answers %s', id, answers)) from expected;
select is(t.asked(id, empty::jsonb), 0::bigint, format('%s: nothing for %s', id, empty))
from expected;
select set_eq('select id from audit.questions where not must_be_empty', 'select id from expected',
    'every question is tried');
select cmp_ok((select count(*) from audit.questions), '>=', 20::bigint, 'at least twenty');
select is(t.asked(id), 0::bigint, id || ' is empty') from audit.questions where must_be_empty;

-- What must be empty is not, when somebody meddles.
create function t.meddled(command text, question text) returns bigint language plpgsql as $$
declare
    seen bigint;
begin
    set local session_replication_role = replica;
    execute command;
    seen := t.asked(question);
    raise exception using errcode = 'CS009', message = seen::text;
exception when sqlstate 'CS009' then
    set local session_replication_role = origin;
    return sqlerrm::bigint;
end
$$;
select is(t.meddled(format('update revision set code = ''x'' where request_id = %s', :overdue),
    'runs_without_valid_approval'), 1::bigint, 'a run of changed code is seen');
select is(t.meddled(format('update audit_event set body = ''{}'' where entity = ''request''
    and entity_id = %s and event = ''attempt.finish''', :overdue), 'broken_chains'), 1::bigint,
    'a changed audit row is seen');

-- Each is one statement that PostgreSQL prepares, with just the parameters that it names.
create function t.parameters(question text) returns text language plpgsql as $$
declare
    types text;
begin
    execute 'prepare asked as ' || (select sql from audit.questions where id = question);
    types := (select parameter_types::text from pg_prepared_statements where name = 'asked');
    deallocate asked;
    return types;
end
$$;
select is_empty($$ select q.id from audit.questions q where t.parameters(q.id) <> array(
    select case p.type when 'time' then 'timestamp with time zone' when 'number' then 'bigint'
               else 'text' end
    from unnest(q.parameters) with ordinality n (name, i)
    join audit.question_parameters p on p.name = n.name order by n.i)::text $$,
    'each has the parameters that it names, in their order');
select is_empty($$ select id from audit.questions q, unnest(q.required) r
    where r <> all (q.parameters) $$, 'what is required is a parameter');

-- Who may approve what, and by which rules, is a change of rights as well.
select operator_quorum_set('{"risk": "medium", "needed": 2}') as x \gset
select operator_group_set(jsonb_build_object('team', 'Test team', 'name', 'Finance',
    'people', '["t-anna"]'::jsonb)) as x \gset
select operator_break_glass('{"on": true}') as x \gset
select operator_break_glass('{"on": false}') as x \gset
select operator_policy_set('{"rule": "sql.drop", "level": "high", "note": "x"}') as x \gset
create function t.rights() returns setof text language plpgsql as $$
begin
    return query execute 'select q.event from (' || (select sql from audit.questions
        where id = 'rights_changes') || ') q' using null::timestamptz, null::timestamptz,
        null::text;
end
$$;
select is_empty($$ select e from unnest(array['quorum.set', 'approvers.set', 'break_glass.on',
    'break_glass.off', 'policy.set', 'policy.shipped']) e except select t.rights() $$,
    'who set how many must approve, who, and the rules is told');

-- A wrong parameter is named and nothing is recorded.
select count(*) as recorded from audit_event \gset
create function t.refused(item text) returns text language plpgsql as $$
declare
    code text;
    field text;
begin
    perform audit_query(t.actor('eva'), item::jsonb);
    return 'ok';
exception when sqlstate 'CS001' then
    get stacked diagnostics code = pg_exception_detail, field = pg_exception_hint;
    return code || ' ' || field;
end
$$;
select is(t.refused(i.item), i.answer, i.item) from (values
    ('{"question": "nope"}', 'not_found question'),
    ('{"question": "request_story"}', 'missing_field parameters.request'),
    ('{"question": "request_story", "parameters": {"request": ""}}',
        'missing_field parameters.request'),
    ('{"question": "request_story", "parameters": {"request": "x"}}',
        'invalid_field parameters.request'),
    ('{"question": "request_story", "parameters": {"request": 1.5}}',
        'invalid_field parameters.request'),
    ('{"question": "request_story", "parameters": {"request": [1]}}',
        'invalid_field parameters.request'),
    ('{"question": "token_use", "parameters": {"request": 1}}', 'unknown_field parameters.request'),
    ('{"question": "token_use", "parameters": {"person": "nobody"}}',
        'invalid_field parameters.person'),
    ('{"question": "cost_by_team", "parameters": {"team": "nobody"}}',
        'invalid_field parameters.team'),
    ('{"question": "lost_runs", "parameters": {"from": "yesterday"}}',
        'invalid_field parameters.from'),
    ('{"question": "lost_runs", "parameters": {"to": "2026-13-01"}}',
        'invalid_field parameters.to')) i (item, answer);
select is((select count(*) from audit_event), :recorded::bigint, 'nothing of it is recorded');

-- Each query is recorded before it runs, by whom, with its digest and its beginning.
select is(audit_query(t.actor('eva'), jsonb_build_object('sql', repeat('ä', 3000))) ->> 'sql',
    repeat('ä', 3000), 'free SQL is handed on as it is');
select is((select row(person, question, sql, sql_sha256)::text from audit.audit_queries
    where person = 't-eva'), row('t-eva', null, repeat('ä', 2000),
    encode(sha256(convert_to(repeat('ä', 3000), 'UTF8')), 'hex'))::text,
    'who, the first 2,000 characters, the digest of all of them');
select is(audit_query(t.actor('eva'), '{"question": "pauses", "parameters":
    {"to": "2026-01-02T03:04:05Z"}}') -> 'values' ->> 1, '2026-01-02T03:04:05Z'::timestamptz::text,
    'values come in the order of the parameters');
select is((select parameters::text from audit.audit_queries where question = 'pauses'),
    '{"to": "2026-01-02T03:04:05Z"}', 'with what it was narrowed by');
select throws_ok($$ select audit_query(t.actor('noor'), '{"sql": "select 1"}') $$, 'CS001',
    'Only admins do this', 'who is no admin asks nothing');

-- Who saw what: once for each person and version, and nothing of one's own.
create function t.seen_by(login text, request_id bigint, revision int default 1) returns bool
    language sql return request_seen(t.actor(login), request_id, revision);
select is(t.seen_by('noor', :stock), true, 'a reviewer opens the code');
select is(t.seen_by('noor', :stock), false, 'once more is no news');
select is(t.seen_by('eva', :stock), true, 'an admin opens it');
select is(t.seen_by('bot', :stock), false, 'the author has it already');
select is(t.seen_by('mia', :stock), false, 'who may not see it has not seen it');
select is(t.seen_by('noor', :margin, 1), true, 'an earlier version');
select is(t.seen_by('noor', :margin, 2), true, 'and the newest one are two');
select is(request_unseen(:margin, null, t.id('both')), 2, 'without a number it is the newest');
select is(t.seen_by('noor', :margin, 9), false, 'one that is not there is none');
select is((select row(revision, author, bundle_sha256)::text from audit.code_readings
    where request_id = :stock and person = 't-noor'),
    row(1, 't-bot', t.digest(:stock))::text, 'it says which bytes');
select is_empty(format('select * from audit_chain_broken(''reading'', %s)', :stock),
    'in a chain of its own');

-- The contract: everything is explained.
select is_empty('select view, column_name from audit.contract where about is null',
    'each column has a comment');
select is_empty('select view from audit.contract where view_about is null', 'and each view');
select is((select jsonb_array_length(audit_questions() -> 'questions')::bigint),
    (select count(*) from audit.questions), 'people are offered all questions');
select * from finish();
rollback;
