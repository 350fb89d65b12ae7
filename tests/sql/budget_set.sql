-- Who sets budgets and for how long, who sees them, and that a limit may be lowered.
-- Proves: T26
\ir setup.psql
\ir budget.psql
select plan(58);
select t.worker() as w \gset
select t.at('claimed', t.remote()) as r \gset
select t.start_sized(:r) as x \gset
select t.finish(:r, 'succeeded', t.cost(10)) as x \gset
select t.set(t.user('max'), 10 * :bound) as x \gset

select throws_ok($$ select budget_set(t.actor('noor'), '{"scope": "team:*", "limit_nano_usd": 1}')
    $$, 'CS001', 'Only admins do this', 'others do not');
select throws_ok($$ select budget_end(t.actor('mia'), 'team:*') $$, 'CS001', 'Only admins do this',
    'nor end one');
create function t.refusal(scope text, nano_usd text, more jsonb) returns text language plpgsql as $$
declare
    field text;
begin
    perform budget_set(t.actor('eva'), jsonb_build_object('scope', scope, 'limit_nano_usd',
        nano_usd::jsonb) || more);
    return 'set';
exception when sqlstate 'CS001' then
    get stacked diagnostics field = pg_exception_hint;
    return field;
end
$$;
select is(t.refusal(s.scope, s.nano_usd, s.more::jsonb), s.field, format('%s %s %s is refused',
    s.scope, s.nano_usd, s.more))
from (values
    ('team:0', '1', '{}', 'scope'), ('team:987654321', '1', '{}', 'scope'),
    ('user:987654321', '1', '{}', 'scope'), ('moon:*', '1', '{}', 'scope'),
    ('', '1', '{}', 'scope'), (null, '1', '{}', 'scope'), ('team:1 ', '1', '{}', 'scope'),
    ('team:*', 'null', '{}', 'limit_nano_usd'), ('team:*', '0', '{}', 'limit_nano_usd'),
    ('team:*', '-1', '{}', 'limit_nano_usd'), ('team:*', '1.5', '{}', 'limit_nano_usd'),
    ('team:*', '9000000000000001', '{}', 'limit_nano_usd'),
    ('team:*', '"1e3"', '{}', 'limit_nano_usd'), ('team:*', '1e99', '{}', 'limit_nano_usd'),
    ('team:*', '1', '{"soft_percent": 0}', 'soft_percent'),
    ('team:*', '1', '{"soft_percent": 101}', 'soft_percent'),
    ('team:*', '1', '{"soft_percent": -1}', 'soft_percent'),
    ('team:*', '1', '{"soft_percent": 0.8}', 'soft_percent'),
    ('team:*', '1', '{"period": "year"}', 'period')) s (scope, nano_usd, more, field);
select is((select count(*) from budget where ended_at is null), 1::bigint, 'and changed nothing');
select t.set(t.user('mia'), 100 * :bound) as x \gset

-- Lowering, periods.
select t.e2b('mia') ->> 'id' as r \gset
select t.decide('noor', :r, 'approve') as x \gset
select t.set(t.user('mia'), 1) as x \gset
select is(budget_today(budget_live('user', t.id('mia')), t.id('mia')) ->> 'state', 'stopped',
    'a limit below what is spent stops');
select is(t.code(t.e2b('mia')), 'budget_exceeded', 'what is new');
select t.claim(:w, :r) as x \gset
select is(t.code(t.start_sized(:r)), 'ok', 'what was reserved before may run');
select t.finish(:r, 'succeeded', t.cost(1)) as x \gset
select t.set(t.user('mia'), 3 * :bound, '{"period": "day"}') as x \gset
select is(t.code(t.e2b('mia')), 'ok', 'another period has an account of its own');
select is((select array_agg(distinct h.period order by h.period) from budget_hold h
    where h.kind = 'user' and h.scope_id = t.id('mia')), '{day,month}', 'beside the other one');
create function t.ends(at text, period text) returns text language sql
    return cs.iso(cs.period_start(period, at::timestamptz)) || ' '
        || cs.iso(cs.period_end(period, cs.period_start(period, at::timestamptz)));
select is(t.ends('2026-02-28T23:59:59.999Z', 'day'),
    '2026-02-28T00:00:00.000Z 2026-03-01T00:00:00.000Z', 'a day is one of UTC');
select is(t.ends('2026-03-29T03:00:00+02', 'day'),
    '2026-03-29T00:00:00.000Z 2026-03-30T00:00:00.000Z', 'of 24 hours');
select is(t.ends('2026-12-01T00:30:00+01', 'month'),
    '2026-11-01T00:00:00.000Z 2026-12-01T00:00:00.000Z', 'a month, too');
select is(period_end('total', period_start('total', now())), null, 'all time never ends');
-- Reserved yesterday, run today: it stays with yesterday.
select t.e2b('mia') ->> 'id' as r \gset
update budget_account set starts_at = starts_at - interval '1 day'
    where kind = 'user' and scope_id = t.id('mia') and period = 'day';
update budget_hold set starts_at = starts_at - interval '1 day'
    where kind = 'user' and scope_id = t.id('mia') and period = 'day';
select t.decide('noor', :r, 'approve') as x \gset
select t.claim(:w, :r) as x \gset
select t.start_sized(:r, '{"cpu": 2, "memory_mib": 1024}') as x \gset
select t.finish(:r, 'succeeded', t.cost(4)) as x \gset
select is((select array_agg(a.settled - a.opening || '/' || a.reserved) from budget_account a
    where a.kind = 'user' and a.scope_id = t.id('mia') and a.period = 'day'),
    array['121000/' || :bound], 'what was reserved in a period is settled in it');
select is(t.code(t.e2b('mia')), 'ok', 'and the next has its whole limit');
select ok(t.ledger_whole(), 'accounts are the sum of their holds');

-- What a period does without an end, and a soft share.
select t.set('team:*', 10 * :bound, '{"period": "total", "soft_percent": 50}') as x \gset
select budget_end(t.actor('eva'), t.user('mia')) as x \gset
select is(budget_error(k) #>> '{error,retry_after}', '3600', 'all time is asked again in an hour')
from (select row(1, 0, 0, b.id, 'team', t.team(), 'total', period_start('total', now()), 5, 0,
             1)::budget_need as k from budget b where b.kind = 'team' and b.ended_at is null) x;
select is(budget_state(used, 100, 50), state, format('%s of 100 is %s', used, state))
from (values (0, 'active'), (49, 'active'), (50, 'warned'), (99, 'warned'), (100, 'stopped'),
             (101, 'stopped')) s (used, state);

-- What is said to whom.
select is(jsonb_path_query_array(budgets_list(t.id('mia')), '$.budgets[*].holders[*].scope'),
    jsonb_build_array(t.test_team()), 'an analyst sees the budgets that hold them');
select ok(not budgets_list(t.id('mia')) @> jsonb_build_object('budgets', jsonb_build_array(
    jsonb_build_object('scope', t.user('max')))), 'and no other');
select ok(jsonb_array_length(budgets_list(t.id('eva')) -> 'budgets') = 2, 'an admin sees all');
select is(jsonb_typeof(budgets_list(t.id('eva')) #> '{budgets,0,holders,0,settled_nano_usd}'),
    'number', 'with what is used');
select t.e2b('mia') ->> 'id' as r \gset
select is(request_get(:r, t.id('noor')) #> '{budgets,0}' @> jsonb_build_object('scope',
    t.test_team(), 'this_nano_usd', :bound, 'bound_nano_usd', :bound), true,
    'a reviewer sees what a request costs of which budget');
select is(jsonb_path_query_array(operator_budgets(), '$[*].scope')::text,
    (select jsonb_agg(budget_scope(b.kind, b.scope_id)
                      order by b.kind, b.scope_id nulls first)::text
     from budget b where b.ended_at is null), 'the operator sees them');
select is(operator_budget_set('{"scope": "user:t-mia", "limit_nano_usd": 5000000000}') @>
    jsonb_build_array(jsonb_build_object('scope', t.user('mia'), 'limit_usd', '5.00')), true,
    'and sets them by login');
select is((select set_by from budget where kind = 'user' and scope_id = t.id('mia')
    and ended_at is null), null, 'as nobody in particular');
select is(operator_budget_end('{"scope": "user:t-mia"}') @> jsonb_build_array(jsonb_build_object(
    'scope', t.user('mia'))), false, 'and ends them');
select throws_ok($$ select operator_budget_set('{"scope": "team:Nobody", "limit_nano_usd": 1}') $$,
    'CS001', 'There is no team "Nobody"', 'of those there are');
select is(usd_text(n), text, 'as dollars: ' || text) from (values (0::bigint, '0.00'), (1,
    '0.000000001'), (5000000000, '5.00'), (82500000, '0.0825'), (1234500000000, '1234.50'),
    (9000000000000000, '9000000.00')) s (n, text);

select throws_ok('delete from budget', '42501', null, 'a budget is never deleted');

select * from finish();
rollback;
