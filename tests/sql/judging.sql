-- Code is judged before it enters; what the rules block never runs; new rules judge again.
\ir setup.psql
select plan(57);

create function t.events(request_id bigint) returns text[] language sql stable
    return (select array_agg(event || coalesce(' ' || from_state || '>' || to_state, '')
                             order by entity_seq)
            from audit_event where entity = 'request' and entity_id = $1);
create function t.tighten() returns int language sql
    return (cs.operator_policy_set(jsonb_build_object('rule', 'sql.recursive', 'note', 'for a test',
        'level', (select case r.level when 'medium' then 'note' else 'medium' end
                  from cs.policy_rule r
                  where r.id = 'sql.recursive' and r.version = cs.policy_newest())))
            ->> 'version')::int;
create function t.judge(request_id bigint, level text, more jsonb default '{}') returns jsonb
    language sql return t.call('judge_requests', jsonb_build_object('id', request_id, 'revision',
        (select r.revision from cs.request r where r.id = request_id), 'verdict', t.verdict(level),
        'pending_seconds', 600) || more);

-- Nothing comes in without a verdict, and what it says is bound.
select is(t.code(t.call('submit_requests', t.submission('mia', '{"verdict": ""}'))), 'unavailable',
    'an empty verdict is none');
select is(t.code(t.call('submit_requests', t.submission('mia', '{"verdict": "high"}'))),
    'invalid_field', 'nor is what is no JSON');
select is(risk_of('{"level": "odd"}'), 'high', 'a level that nobody knows is high');
select is(risk_of('{}'), 'high', 'so is none');
select t.submit('mia') as r \gset
select is(t.code(t.call('revise_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :r,
    'revision', 1, 'code', 'print(9)'))), 'unavailable', 'other code needs a verdict of its own');
select is(t.state(:r), 'pending', 'and what there was waits on');

-- What is blocked is kept, and goes nowhere.
select t.call('submit_requests', t.submission('mia', jsonb_build_object('verdict',
    t.verdict('block')))) as answer \gset
select (:'answer'::jsonb) ->> 'id' as b \gset
select is((:'answer'::jsonb) ->> 'state', 'blocked', 'it is answered as blocked');
select is((:'answer'::jsonb) -> 'blocked_by' ->> 'message', 'Does what is block', 'and why');
select ok(not (:'answer'::jsonb) ? 'push', 'nobody is asked to review it');
select is((:'answer'::jsonb) -> 'event' ->> 'state', 'blocked', 'lists hear of it');
select is((select row(r.state, r.expires_at is null)::text from request r where r.id = :b),
    '(blocked,t)', 'it waits for nothing');
select is((select body ->> 'code' || ' ' || (body ->> 'reason') || ' ' || to_state
    from audit_event where entity = 'request' and entity_id = :b),
    'policy_blocked test.block blocked',
    'the trail says by which rule');
select is(t.code(t.decide('noor', :b, 'approve')), 'wrong_state', 'nobody approves it');
select throws_ok(format('update request set state = ''approved'' where id = %s', :b), 'CS002', null,
    'nor does SQL by hand');
select ok(not quorum_met(:b, array[t.id('noor'), t.id('anna')]), 'no number of people is enough');
select is(t.code(t.call('run_again', jsonb_build_object('actor', t.actor('mia'), 'id', :b))), 'ok',
    'it may be asked again');
select is((select state from request where again_of = :b), 'blocked', 'with the same answer');

-- An edit that would be blocked changes nothing, but leaves a trace.
select t.call('revise_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :r,
    'revision', 1, 'code', E'drop\n', 'verdict', t.verdict('block'))) as answer \gset
select is(t.code(:'answer') || ' ' || ((:'answer'::jsonb) -> 'error' ->> 'field'),
    'policy_blocked code', 'it is refused');
select is((:'answer'::jsonb) -> 'error' ->> 'message',
    'Does what is block (line 3, rule test.block): code like this may never run',
    'with the reason');
select is((select array_agg(revision) from revision where request_id = :r), '{1}',
    'there is no second revision');
select is((t.events(:r))[2], 'revision.refused', 'the trail has it');

-- New rules: nothing starts before it is judged by them.
select t.approved() as a \gset
select t.worker() as w \gset
select t.claim(:w, :a) as fence \gset
select t.approved() as c \gset
select t.submit('mia') as p \gset
select count(*) as before from policy_rule where version = 1 \gset
select is(t.tighten(), 2, 'a change is a new version');
select is((select count(*) from policy_rule where version = 2), :before::bigint, 'of all rules');
select is((select level from policy_rule where version = 1 and id = 'sql.recursive'), 'note',
    'the old one stays as it was');
select is((policy_rules() ->> 'version')::int, 2, 'the newest judges');
select is(t.call('start_attempts', t.held(:a)) -> 'error' ->> 'field', 'unjudged',
    'who holds an approved request may not start it');
select is(t.attempt_state(:a) || ' ' || t.state(:a), 'ready approved', 'it waits, still approved');
select is((select count(*) from claim_attempts(:w, '{' || t.attempt(:c) || '}', 30000)), 0::bigint,
    'nobody may even claim it');
select throws_ok(format($$ update attempt set state = 'claimed', fence = fence + 1,
    worker_id = %s, lease_until = now() + interval '1 minute' where id = %s;
    update attempt set state = 'starting' where id = %2$s $$, :w, t.attempt(:c)), 'CS001',
    'The rules changed, and the code waits to be judged by them', 'not by SQL by hand either');
select ok(array[:a, :c, :p]::bigint[] <@ (select array_agg(j.request_id)
    from requests_to_judge(1000) j), 'all that waits or is approved is to be judged');
select is((select count(*) from requests_to_judge(1)), 1::bigint, 'so many at once as one asks');

-- Judged the same: it goes on as if nothing had been.
select is(t.judge(:c, 'note') ->> 'state', 'approved', 'a verdict that is no harder');
select is((select row(revision, round, judged_version)::text from request where id = :c), '(1,1,2)',
    'changes neither revision nor round');
select isnt(t.claim(:w, :c), null, 'and it may be claimed');
select is(t.call('start_attempts', t.held(:c)) ->> 'ok', 'true', 'and started');
select is(t.judge(:c, 'block') ->> 'judged', 'false', 'what was judged is not judged twice');

-- Judged harder: the approval is gone.
select t.digest(:a) as digest \gset
select is(t.judge(:a, 'high') ->> 'state', 'pending', 'a harder verdict asks people again');
select is((t.events(:a))[array_length(t.events(:a), 1)], 'policy.raise approved>pending',
    'the trail says so');
select is((select row(revision, risk, code, editor_id = t.id('mia'))::text from revision
    where request_id = :a order by revision desc limit 1), E'(2,high,"print(1)\n",t)',
    'with a revision of the same code by the same person');
select isnt(t.digest(:a), :'digest', 'that nobody has approved');
select is((select c.changed from audit.revision_changes c where c.request_id = :a), '{verdict}',
    'and auditors see that the rules alone made it');
select is(t.attempt_state(:a), 'cancelled', 'what was ready is not');
select is(quorum(:a), 2, 'and it needs two people now');
select is(t.code(t.judge(:a, 'block', '{"revision": 1}')), 'ok', 'a verdict on an older revision');
select is(t.state(:a), 'pending', 'changes nothing');

-- What was lost and may run again is judged as well: else nobody could claim it ever.
create function t.lost() returns bigint language plpgsql as $$
declare
    of_request bigint := t.at('running', '{"retry_safe": true}');
begin
    perform t.lease_ends(of_request), cs.sweep(t.worker(), 10000);
    update cs.attempt set not_before = now() where id = t.attempt(of_request);
    return of_request;
end
$$;
select t.lost() as e, t.lost() as d \gset
select t.tighten() as x \gset
select is(request_get(:e, t.id('mia')) -> 'waiting' ->> 'reason', 'unjudged', 'the page says so');
select ok(array[:e, :d]::bigint[] <@ (select array_agg(j.request_id)
    from requests_to_judge(1000) j), 'both are to be judged');
select is(t.judge(:e, 'note') ->> 'state', 'outcome_unknown', 'no harder, it is what it was');
select isnt(t.claim(t.worker(), :e), null, 'and runs once more');
select is(t.judge(:d, 'high') ->> 'state', 'outcome_unknown', 'harder, too');
select is(t.attempt_state(:d), 'cancelled', 'but does not run again');

-- Judged as never to run.
select is(t.judge(:p, 'block') ->> 'state', 'blocked', 'what waited is blocked');
select is((t.events(:p))[2:], '{policy.raise,"policy.block pending>blocked"}', 'in two steps');
select is((select count(*) from broken_chains()), 0::bigint, 'all chains hold');
select throws_ok($$ select operator_policy_set('{"rule": "no.such", "level": "high", "note": "x"}')
    $$, 'CS001', 'There is no rule "no.such"', 'rules are named');
select throws_ok($$ select operator_policy_set('{"rule": "sql.drop", "level": "odd", "note": "x"}')
    $$, 'CS001', 'level must be none, note, medium, high or block', 'levels are known');
select throws_ok($$ select operator_policy_set('{"rule": "sql.drop", "level": "high"}') $$,
    'CS001', 'Say why, in 1,000 characters at most', 'changes have a reason');

select * from finish();
rollback;
