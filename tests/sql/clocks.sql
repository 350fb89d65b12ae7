-- Since when a request waits, when somebody is told, and that each is told once a round.
\ir setup.psql
select plan(44);

create function t.timed(more jsonb default '{}') returns bigint language sql
    return t.submit('mia', '{"remind_seconds": 600, "escalate_seconds": 1200}'::jsonb || more);
create function t.clock(request_id bigint) returns jsonb language sql stable
    return (select clock_json(r) from request r where r.id = request_id);
-- How many seconds after the start of the round something is due.
create function t.after(request_id bigint, what text) returns text language sql stable
    return (select round(extract(epoch from (c ->> what)::timestamptz
                - (c ->> 'waits_since')::timestamptz))::text from t.clock(request_id) c);
create function t.signs(request_id bigint) returns text language sql stable
    return (select concat_ws(' ', c ->> 'reminded', c ->> 'escalated', c ->> 'overdue')
            from t.clock(request_id) c);
-- As if the round had begun so many seconds earlier.
create function t.ages(request_id bigint, seconds int) returns void language sql
begin atomic
    update request r set waits_since = r.waits_since - make_interval(secs => seconds),
        clock_at = r.clock_at - make_interval(secs => seconds) where r.id = request_id;
end;
create function t.told(request_id bigint) returns text language sql stable
    return (select coalesce(string_agg(e.event, ' ' order by e.entity_seq), '')
            from audit_event e where e.entity = 'request' and e.entity_id = request_id
            and e.event in ('request.reminded', 'request.escalated'));
create function t.sweeps(request_id bigint) returns text language sql
    return (select coalesce(string_agg(e ->> 'what', ' '), '')
            from jsonb_array_elements(sweep(0, 10000) -> 'events') e
            where (e ->> 'id')::bigint = request_id);
create function t.listed(login text, view text, request_id bigint) returns bool
    language sql stable
    return exists (select from jsonb_array_elements(request_list(t.id(login),
        jsonb_build_object('view', view)) -> 'requests') e where e ->> 'id' = request_id::text);

-- What is due when.
select t.timed() as r \gset
select is(t.after(:r, 'remind_at') || ' ' || t.after(:r, 'escalate_at') || ' ' ||
    t.after(:r, 'expires_at'), '600 1200 604800', 'the clock runs from the submission');
select is(t.signs(:r), 'false false false', 'nothing is due yet');
select is(t.clock(:r) -> 'ages_out_at', null, 'there is no approval that could age');
select t.timed('{"remind_seconds": 0, "escalate_seconds": 0}') as off \gset
select is((select concat_ws(' ', c -> 'remind_at', c -> 'escalate_at', c ->> 'overdue')
    from t.clock(:off) c), 'false', '0 is never');
select ok(t.clock(:off) ? 'waits_since', 'it waits all the same');
select is(t.sweeps(:r), '', 'the sweep says nothing before it is due');

-- The reminder.
select t.ages(:r, 601) as x \gset
select is(t.signs(:r), 'false false false', 'due is not told: that is for the sweep');
select is(t.sweeps(:r), 'request.reminded', 'the sweep reminds');
select is(t.signs(:r), 'true false false', 'and that is shown');
select is(t.sweeps(:r), '', 'once');
select is(t.told(:r), 'request.reminded', 'with one audit row');
select is((select body ->> 'revision' from audit_event where entity = 'request'
    and entity_id = :r and event = 'request.reminded'), '1', 'that says of which revision');
select is((select actor_kind from audit_event where entity = 'request' and entity_id = :r
    and event = 'request.reminded'), 'system', 'by nobody in person');
select ok(not t.listed('noor', 'overdue', :r), 'it is not overdue yet');

-- The escalation: everything that shows it agrees.
select (metrics() ->> 'requests_overdue')::int as before \gset
select t.ages(:r, 600) as x \gset
select is(t.signs(:r), 'true false true', 'overdue is so by the clock alone');
select is((metrics() ->> 'requests_overdue')::int - :before, 1, 'the metric counts it');
select is((select overdue from audit.approval_requests where id = :r), true, 'the auditors'' view');
select ok((select c ->> 'escalate_at' = iso(v.escalate_at) and c ->> 'remind_at' = iso(v.remind_at)
        and c ->> 'waits_since' = iso(v.waits_since)
    from audit.approval_requests v, t.clock(:r) c where v.id = :r), 'has the same times');
select is((request_get(:r, t.id('noor')) -> 'clock'), t.clock(:r), 'so has its page');
select ok(t.listed('noor', 'overdue', :r), 'reviewers of the team find it among what is overdue');
select ok(t.listed('root', 'overdue', :r), 'so do admins of any team');
select ok(t.listed('mia', 'overdue', :r), 'and who asked');
select ok(not t.listed('stranger', 'overdue', :r), 'but no reviewers of others');
select ok(not t.listed('max', 'overdue', :r), 'nor other analysts');
select is(t.sweeps(:r), 'request.escalated', 'the sweep escalates');
select is(t.sweeps(:r), '', 'once, too');
select is(t.signs(:r), 'true true true', 'which is shown');
select is((select clock_at from request where id = :r), null, 'there is nothing more to tell');
select ok(t.whole(:r), 'in a whole chain');

-- Each round has its own.
select t.call('revise_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :r,
    'revision', 1, 'code', E'print(2)\n', 'verdict', t.verdict())) as x \gset
select is(t.signs(:r) || ' ' || t.after(:r, 'remind_at'), 'false false false 600',
    'a revision starts a clock of its own');
select ok(not t.listed('root', 'overdue', :r), 'so it is not overdue any more');
select t.ages(:r, 5000) as x \gset
select is(t.sweeps(:r), 'request.reminded request.escalated', 'what was missed is told in order');
select is(t.told(:r), 'request.reminded request.escalated request.reminded request.escalated',
    'once for each round');
select t.decide('noor', :r, 'approve') as x \gset
select ok(t.clock(:r) ? 'ages_out_at' and not t.clock(:r) ? 'waits_since'
    and not t.clock(:r) ? 'expires_at', 'an approval has its end instead');
select is((t.clock(:r) ->> 'ages_out_at'), (select iso(valid_until) from attempt
    where request_id = :r), 'which is when its attempt is too old');
select t.call('undo_decisions', jsonb_build_object('actor', t.actor('noor'), 'id', :r)) as x \gset
select is(t.after(:r, 'escalate_at'), '1200', 'taken back, it begins to wait anew');

-- Two approvals: the first is no new round.
select t.timed(jsonb_build_object('verdict', t.verdict('high'))) as h \gset
select t.ages(:h, 601) as x \gset
select t.decide('noor', :h, 'approve') as x \gset
select is(t.after(:h, 'remind_at'), '600', 'the clock of the second reviewer is that of the first');
select is(t.sweeps(:h), 'request.reminded', 'who is reminded');

-- The other way round, and only one of them.
select t.timed('{"remind_seconds": 900, "escalate_seconds": 300}') as e \gset
select t.ages(:e, 400) as x \gset
select is(t.sweeps(:e), 'request.escalated', 'an escalation may come first');
select is(t.signs(:e), 'false true true', 'the reminder is still to come');
select t.ages(:e, 600) as x \gset
select is(t.sweeps(:e), 'request.reminded', 'and comes');

-- What nobody waits for is not told.
select t.timed() as d \gset
select t.ages(:d, 5000) as x \gset
select t.decide('noor', :d, 'reject') as x \gset
select is(t.sweeps(:d), '', 'what was decided reminds nobody');
select is(t.signs(:d), 'false false false', 'and is not overdue');

-- Run again.
select t.call('run_again', jsonb_build_object('actor', t.actor('mia'), 'id', :d,
    'remind_seconds', 70, 'escalate_seconds', 80, 'max_waiting', 1000000,
    'verdict', t.verdict())) ->> 'id' as again \gset
select is(t.after(:again, 'remind_at') || ' ' || t.after(:again, 'escalate_at'), '70 80',
    'run again, it has the clock of today');

select * from finish();
rollback;
