-- Budgets: what is reserved, settled and given back, and that no limit is passed.
-- Proves: T26 I7
\ir setup.psql
\ir budget.psql
select plan(99);

-- Nobody is held where no budget is set.
select t.e2b('mia') ->> 'id' as first \gset
select is((select count(*) from budget_hold), 0::bigint, 'without a budget nothing is reserved');
select t.decide('noor', :first, 'approve') as x \gset
select t.claim(t.worker(), :first) as x \gset
select is(t.code(t.start_sized(:first)), 'ok', 'and all may start');
select t.finish(:first, 'succeeded', t.cost(10)) as x \gset
select is((select count(*) from budget_account), 0::bigint, 'nor is anything counted');

select is(t.set(t.test_team(), 10000000) - array['set_at', 'holders'], jsonb_build_object(
    'scope', t.test_team(), 'name', 'team Test team', 'period', 'month', 'soft_percent', 80,
    'limit_nano_usd', 10000000, 'set_by', jsonb_build_object('id', t.id('eva'), 'name', 't-eva')),
    'an admin sets a budget');
select is(t.used(t.test_team()), '302500/0', 'it begins with what this month has cost already');

-- A hold: at the submission, for as long as the request may run.
select t.e2b('mia') ->> 'id' as r \gset
select is(t.used(t.test_team()), '302500/' || :bound, 'a request reserves the most it may cost');
select is(t.used(t.user('mia')), null, 'in the budgets that there are');
select is((select row(attempt_id, granted, reserved, posted_reserved)::text from budget_hold
    where request_id = :r), format('(0,%s,%s,%s)', :bound, :bound, :bound), 'by a hold of its own');
select t.decide('noor', :r, 'reject') as x \gset
select is(t.used(t.test_team()), '302500/0', 'a reject gives it back');
select t.e2b('mia', '{"limits": {"wall_ms": 10000}}') ->> 'id' as r \gset
select is(t.used(t.test_team()), '302500/2117500', 'a shorter run reserves less');
select t.call('revise_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :r,
    'revision', 1, 'limits', '{"wall_ms": 20000}'::jsonb, 'max_limits', '{"wall_ms": 30000}'::jsonb,
    'verdict', t.verdict())) as x \gset
select is(t.used(t.test_team()), '302500/2420000', 'a revision that runs longer reserves more');
select t.call('revise_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :r,
    'revision', 2, 'limits', '{"wall_ms": 1000}'::jsonb, 'max_limits', '{"wall_ms": 30000}'::jsonb,
    'verdict', t.verdict())) as x \gset
select is(t.used(t.test_team()), '302500/1845250', 'and one that does not, less');
select t.call('cancel_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :r)) as x \gset
select is(t.used(t.test_team()), '302500/0', 'a cancel gives it back');
select t.e2b('mia', '{"pending_seconds": 0}') as x \gset
select sweep(0, 1000) as x \gset
select is(t.used(t.test_team()), '302500/0', 'so does the end of its time');
select t.e2b('mia') ->> 'id' as r \gset
update request set state = 'blocked' where id = :r;
select is(t.used(t.test_team()), '302500/0', 'and new rules that block it, by whatever hand');
select t.e2b('mia', jsonb_build_object('verdict', t.verdict('block'))) as x \gset
select is(t.used(t.test_team()), '302500/0', 'what is blocked at once reserves nothing');
select t.submit('mia') as r \gset
select is(t.used(t.test_team()), '302500/0', 'nor does what runs on this machine');
select t.e2b('other') ->> 'id' as r \gset
select is(t.used(t.test_team()), '302500/0', 'nor another team');

-- From the hold to the cost.
select t.e2b('mia') ->> 'id' as r \gset
select t.decide('noor', :r, 'approve') as x \gset
select t.claim(t.worker(), :r) as x \gset
select t.start_sized(:r) as x \gset
select is((select array_agg(row(attempt_id = t.attempt(:r), reserved)::text order by attempt_id)
    from budget_hold where request_id = :r), array['(f,0)', format('(t,%s)', :bound)],
    'the hold goes with the run that starts');
select is(t.used(t.test_team()), '302500/' || :bound, 'and stays the same');
select t.running(:r) as x \gset
select t.finish(:r, 'succeeded', t.cost(20)) as x \gset
select is(t.used(t.test_team()), '907500/0',
    'the end settles what it cost, and gives back the rest');
select t.finish(:r, 'succeeded', t.cost(20)) as x \gset
select is(t.used(t.test_team()), '907500/0', 'told twice, it is settled once');
select is(t.code(t.finish(:r, 'failed', t.cost(25))), 'wrong_state',
    'told otherwise, it is refused');
select t.call('finish_attempts', t.held(:r, jsonb_build_object('fence', 99, 'outcome', 'failed')
    || t.cost(25))) as x \gset
select is(t.used(t.test_team()), '907500/0', 'with another fence, too');
select ok(t.ledger_whole(), 'accounts are the sum of their holds');

-- A bigger sandbox than the last one asks for more when it starts, a smaller one for no more.
select t.e2b('mia') ->> 'id' as r \gset
select t.decide('noor', :r, 'approve') as x \gset
select t.claim(t.worker(), :r) as x \gset
select t.start_sized(:r, '{"cpu": 4, "memory_mib": 1024}') as x \gset
select is(t.used(t.test_team()), '907500/5445000',
    'a bigger sandbox has more reserved when it starts');
select t.finish(:r, 'succeeded', t.cost(0)) as x \gset
select is(t.used(t.test_team()), '907500/0', 'one that was billed for no time gives all back');

-- The limit.
select t.set(t.test_team(), 907500 + 2 * :bound) as x \gset
select t.e2b('mia') ->> 'id' as r \gset
select is(t.code(t.e2b('max')), 'ok', 'what just fits is taken');
select t.e2b('max') as refused \gset
select is(:'refused'::jsonb #>> '{error,code}', 'budget_exceeded', 'and nothing more');
select matches(:'refused'::jsonb #>> '{error,message}', '^The budget of team Test team has no room '
    || 'for this until 1 \w+ 20\d\d: of \$0\.0063525, \$0\.0009075 are spent and \$0\.005445 '
    || 'reserved, and this may cost \$0\.0027225$', 'in words');
select ok((:'refused'::jsonb #>> '{error,retry_after}')::bigint - extract(epoch from period_end(
        'month', period_start('month', now())) - clock_timestamp()) between 0 and 60,
    'until the period is over');
select is(t.events('budget.refused'), 1::bigint, 'the audit trail has it');
select t.e2b('max') as x \gset
select is(t.events('budget.refused'), 1::bigint, 'once a period');
select is((select array_agg(e.event order by e.id) from audit_event e where e.entity = 'budget'
    and e.entity_id = (budget_live('team', t.team())).id),
    '{budget.set,budget.warned,budget.stopped,budget.refused}', 'after the warning and the end');
select ok(not exists (select from audit_chain_broken('budget', (budget_live('team', t.team())).id)),
    'in a chain that is whole');
select is(t.code(t.call('submit_requests', t.submission('max'))), 'ok',
    'what is free is never refused');
select is(t.code(t.e2b('max', '{"image": "never seen"}')), 'ok',
    'nor what nobody knows the price of');
select is(t.code(t.e2b('other')), 'ok', 'nor another team');
select is(t.code(t.call('revise_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :r,
    'revision', 1, 'limits', '{"wall_ms": 40000}'::jsonb, 'max_limits', '{"wall_ms": 60000}'::jsonb,
    'verdict', t.verdict()))), 'budget_exceeded', 'a revision that does not fit is refused');
select is((select revision from request where id = :r), 1, 'and is not there');
select is(t.used(t.test_team()), '907500/5445000', 'and changes no account');
select t.decide('noor', :r, 'reject') as x \gset
select is(t.code(t.e2b('max')), 'ok', 'what came back may be reserved again');
select is((select jsonb_agg(t.code(s.result) order by s.n) from submit_requests(jsonb_build_array(
    t.submission('mia', t.remote()), t.submission('other', t.remote()),
    t.submission('mia'), t.submission('mia', '{"code": ""}'))) s),
    '["budget_exceeded", "ok", "ok", "missing_field"]', 'in a batch each is told by itself');

-- Several budgets: all or none; one's own instead of the default.
select t.set(t.test_team(), 100 * :bound) as x \gset
select t.set('user:*', :bound) as x \gset
select is(t.used(t.user('mia')), '907500/0', 'a default begins with what each has spent');
select t.set('user:*', 907500 + :bound) as x \gset
select t.used(t.test_team()) as before \gset
select is(t.code(t.e2b('mia')), 'ok', 'each has the default');
select is(t.code(t.e2b('mia')), 'budget_exceeded', 'for themselves alone');
select is(t.used(t.user('mia')), '907500/' || :bound, 'what does not fit in one');
select is(split_part(t.used(t.test_team()), '/', 2)::bigint,
    split_part(:'before', '/', 2)::bigint + :bound, 'is reserved in none');
select is(t.code(t.e2b('anna')), 'wrong_role', 'and what is wrong otherwise, too');
select is(t.code(t.e2b('both')), 'ok', 'another person has as much');
select t.set(t.user('mia'), 907500 + 2 * :bound) as x \gset
select is(t.code(t.e2b('mia')), 'ok', 'who has a budget of their own has that');
select budget_end(t.actor('eva'), t.user('mia')) as x \gset
select is(t.code(t.e2b('mia')), 'budget_exceeded', 'and without it the default again');
select throws_ok(format('select budget_end(t.actor(''eva''), %L)', t.user('mia')), 'CS001',
    'This scope has no budget of its own', 'what is not there does not end');
select is((select count(*) from budget b where b.ended_at is not null and b.ended_by = t.id('eva')),
    4::bigint, 'what has ended is still there');
select ok(t.ledger_whole(), 'accounts are the sum of their holds');

-- The check at the start.
select budget_end(t.actor('eva'), 'user:*'), budget_end(t.actor('eva'), t.test_team()) \g /dev/null
select t.e2b('max') ->> 'id' as r \gset
select is((select count(*) from budget_hold where request_id = :r), 0::bigint,
    'before the budget was set nothing was reserved');
select t.decide('noor', :r, 'approve') as x \gset
select t.set(t.user('max'), :bound - 1) as x \gset
select t.worker() as w \gset
select t.claim(:w, :r) as x \gset
select t.start_sized(:r) as answer \gset
select is(:'answer'::jsonb #>> '{error,code}', 'budget_exceeded',
    'what has no room does not start');
select is(t.state(:r), 'approved', 'the request stays approved');
select is(t.attempt_state(:r), 'ready', 'and its run waits');
select is((select e.body ->> 'reason' from audit_event e where e.entity = 'request'
    and e.entity_id = :r and e.event = 'attempt.refused'), 'budget', 'the trail says why');
select is(request_get(:r, t.id('max')) #>> '{waiting,message}', null,
    'the page says first that no worker serves it');
select is((select array_agg(row(estimated, nano_usd between 1 and 30250)::text) from cost_span
    where request_id = :r), '{"(t,t)"}', 'the sandbox that was made for it is paid for');
select is(t.used(t.user('max')), (select sum(nano_usd) from cost_span where request_id = :r)
    || '/0', 'and counted');
select split_part(t.used(t.user('max')), '/', 1)::bigint as tried \gset
update attempt set not_before = now() where id = t.attempt(:r);
select is(t.claim(:w, :r), null, 'it is not claimed while there is no room');
select ok(not (sweep(:w, 1000) -> 'ready') @> jsonb_build_array(jsonb_build_object('id',
    t.attempt(:r))), 'nor hinted at');
select matches(budget_short(t.attempt(:r)), '^The budget of t-max has no room', 'it says why');
select t.set(t.user('max'), :bound + :tried) as x \gset
select ok(sweep(:w, 1000) -> 'ready' @> jsonb_build_array(jsonb_build_object('id',
    t.attempt(:r), 'backend', 'e2b')), 'with more room it is hinted at');
select is(t.claim(:w, :r), 2::bigint, 'and claimed');
select is(t.code(t.start_sized(:r)), 'ok', 'and starts');
select is(t.used(t.user('max')), :tried || '/' || :bound, 'with a hold');
select t.finish(:r, 'failed', t.cost(95)) as x \gset
select is(t.used(t.user('max')), (:tried + 2873750) || '/0',
    'what cost more than was reserved is counted whole');
select ok(t.ledger_whole(), 'accounts are the sum of their holds');

-- By hand, too.
select t.set(t.user('max'), 10 * :bound) as x \gset
select t.at('claimed', t.remote()) as r \gset
select is(t.code(t.start_sized(:r)), 'ok', 'in another budget it starts');
select t.e2b('max') ->> 'id' as r \gset
select t.decide('noor', :r, 'approve') as x \gset
select t.claim(:w, :r) as x \gset
update budget_hold set reserved = 0 where request_id = :r;
select throws_ok(format('update attempt set state = ''starting'', remote = ''{"usage": {"cpu": 2,
    "memory_mib": 512}}'' where id = %s', t.attempt(:r)), 'CS001',
    'No budget has room for what this may cost', 'no UPDATE starts what has nothing reserved');
select is(t.code(t.start_sized(:r)), 'ok', 'the worker reserves it again');
select t.running(:r) as x \gset

-- A lost run keeps its hold until somebody knows.
select t.used(t.user('max')) as before \gset
select t.lease_ends(:r) as x \gset
select sweep(0, 1000) as x \gset
select is(t.state(:r), 'outcome_unknown', 'a lost run');
select is((select count(*) from cost_span where request_id = :r and estimated), 1::bigint,
    'is estimated');
select is(t.used(t.user('max')), :'before', 'and keeps what it has reserved');
select t.call('settle_requests', jsonb_build_object('actor', t.actor('noor'), 'id', :r,
    'outcome', 'failed', 'note', 'gone')) as x \gset
select matches(t.used(t.user('max')), '^\d+/0$', 'a person settles it');
select is(split_part(t.used(t.user('max')), '/', 1)::bigint, :tried + 2873750
    + (select nano_usd from cost_span where request_id = :r), 'by the estimate');
-- Of a run whose size was lost with it nobody knows what it cost, whoever settles it.
select t.at('claimed', t.remote() || jsonb_build_object('actor', t.actor('max'))) as r \gset
select t.start_sized(:r) as x \gset
select t.running(:r) as x \gset
select t.used(t.user('max')) as before \gset
update attempt set remote = '{}' where id = t.attempt(:r);
select t.lease_ends(:r) as x \gset
select sweep(0, 1000) as x \gset
select t.call('settle_requests', jsonb_build_object('actor', t.actor('noor'), 'id', :r,
    'outcome', 'failed', 'note', 'gone')) as x \gset
select is(t.used(t.user('max')), :'before',
    'what a lost run has reserved stays where nobody can say what it cost');
select t.set(t.user('max'), 20 * :bound) as x \gset
select t.at('claimed', t.remote() || jsonb_build_object('actor', t.actor('max'))) as r \gset
select t.start_sized(:r) as x \gset
select t.running(:r) as x \gset
select split_part(t.used(t.user('max')), '/', 1)::bigint as spent,
       split_part(t.used(t.user('max')), '/', 2)::bigint - :bound as stays \gset
select t.finish(:r, 'unknown', t.cost(3)) as x \gset
select is(t.used(t.user('max')), :spent || '/' || :stays + :bound,
    'so does one whose worker cannot say');
select t.finish(:r, 'succeeded', t.cost(7)) as x \gset
select is(t.used(t.user('max')), (:spent + 7 * 30250) || '/' || :stays,
    'evidence settles what it cost');
select t.at('claimed', t.remote() || jsonb_build_object('actor', t.actor('max'))) as r \gset
select t.start_sized(:r) as x \gset
select t.finish(:r, 'succeeded', t.cost(7, '{"cpu": 0}')) as x \gset
select is(t.used(t.user('max')), (:spent + 7 * 30250) || '/' || :stays + :bound,
    'a cost that nobody knows leaves what was reserved');
select ok(t.ledger_whole(), 'accounts are the sum of their holds');

-- Given back, given up, tried again.
select t.set(t.user('mia'), 100 * :bound) as x \gset
select split_part(t.used(t.user('mia')), '/', 1)::bigint as spent,
       split_part(t.used(t.user('mia')), '/', 2)::bigint as held \gset
select t.at('claimed', t.remote()) as r \gset
select t.call('release_attempts', t.held(:r, '{"reason": "drain"}' || t.cost(2))) as x \gset
select is(t.used(t.user('mia')), (:spent + 60500) || '/' || (:held + :bound - 60500),
    'a sandbox that ran nothing is paid out of the hold');
update attempt set not_before = now() where id = t.attempt(:r);
select t.claim(:w, :r) as x \gset
select t.start_sized(:r) as x \gset
select is(t.used(t.user('mia')), (:spent + 60500) || '/' || (:held + :bound),
    'which is whole again when the run starts');
select t.call('release_attempts', t.held(:r, '{"reason": "cut", "not_started": true}')) as x \gset
select is(t.used(t.user('mia')), (:spent + 60500) || '/' || (:held + :bound),
    'what sent nothing keeps it');
select t.call('cancel_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :r)) as x \gset
select is(t.used(t.user('mia')), (:spent + 60500) || '/' || :held, 'until it is called off');
select t.at('claimed', t.remote()) as r \gset
select t.call('release_attempts', t.held(:r, '{"reason": "never", "fail": true}')) as x \gset
select is(t.used(t.user('mia')), (:spent + 60500) || '/' || :held, 'or given up');
select t.at('ready', t.remote()) as r \gset
select t.call('undo_decisions', jsonb_build_object('actor', t.actor('noor'), 'id', :r)) as x \gset
select is(t.used(t.user('mia')), (:spent + 60500) || '/' || (:held + :bound),
    'what is back in review still wants to run');
select t.decide('noor', :r, 'reject') as x \gset
select is(t.used(t.user('mia')), (:spent + 60500) || '/' || :held, 'until it may not');
select t.at('running', t.remote() || '{"retry_safe": true}') as r \gset
select t.attempt(:r) as lost \gset
update attempt set remote = jsonb_build_object('usage', :'size'::jsonb, 'adoptable', false),
    started_at = clock_timestamp() - interval '10 seconds' where id = :lost;
select t.lease_ends(:r) as x \gset
select sweep(0, 1000) as x \gset
select isnt(t.attempt(:r), :lost::bigint, 'a lost run that may be repeated is tried again');
update attempt set not_before = now() where id = t.attempt(:r);
select t.claim(:w, :r) as x \gset
select t.start_sized(:r) as x \gset
select is(split_part(t.used(t.user('mia')), '/', 2)::bigint, (:held + 2 * :bound)::bigint,
    'with a hold of its own beside that of the lost one');
select t.running(:r) as x \gset
select t.finish(:r, 'succeeded', t.cost(1)) as x \gset
select is(split_part(t.used(t.user('mia')), '/', 2)::bigint, :held::bigint,
    'once the request is over both have gone back');
select is(split_part(t.used(t.user('mia')), '/', 1)::bigint, (:spent + 60500)
    + (select sum(nano_usd) from cost_span where request_id = :r)::bigint,
    'and what was estimated of the lost one is settled');
select ok(t.ledger_whole(), 'accounts are the sum of their holds');

select throws_ok('delete from budget_hold', '42501', null, 'a hold is never deleted');
select throws_ok('update budget_account set reserved = -1', '23514', null, 'nothing is negative');

select * from finish();
rollback;
