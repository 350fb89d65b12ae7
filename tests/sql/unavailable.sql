-- Services that are away: what waits says why, what would rather fail does, nothing is run twice.
\ir setup.psql
select plan(64);

-- A live worker that says this of its backends.
-- As workers do, they say how far they keep code apart.
create function t.apart(backends jsonb) returns jsonb language sql stable as $$
    select jsonb_object_agg(b.key, jsonb_build_object('isolation', cs.isolation_of(b.key))
        || b.value) from jsonb_each(backends) b $$;
create function t.report(worker bigint, backends jsonb) returns bool language sql
    return cs.worker_report(worker, t.apart(backends));
create function t.says(backends jsonb) returns bigint language sql as $$
    select (cs.worker_hello(jsonb_build_object('name', 'w', 'version', '1', 'slots', 4,
        'backends', t.apart(backends))) ->> 'worker_id')::bigint $$;
create function t.quiet() returns void language sql
    begin atomic
    update cs.worker set stopped_at = clock_timestamp() where stopped_at is null;
    end;
create function t.finds(worker_id bigint, request_id bigint, unavailable jsonb default '{}')
    returns bool language sql as $$
    select exists (select from jsonb_array_elements(cs.sweep($1, 10000, $3) -> 'ready') h
                   where (h ->> 'id')::bigint = t.attempt(request_id)) $$;
create function t.waits(request_id bigint) returns jsonb language sql stable
    return cs.request_get(request_id, t.id('mia')) -> 'waiting';
create function t.due(request_id bigint, by interval) returns void language sql
    begin atomic
    update cs.attempt a set not_before = a.not_before - by where a.id = t.attempt(request_id);
    end;
-- Approved; what would rather fail is so marked afterwards, for it may be refused at once.
create function t.remote(when_unavailable text default 'wait') returns bigint language plpgsql as $$
declare
    r bigint := t.approved('{"backend": "e2b", "image": "tpl"}');
begin
    update cs.request q set when_unavailable = $1 where q.id = r;
    return r;
end
$$;
select t.quiet() \g /dev/null

-- Hints.
select t.says('{"local": {"ready": true}}') as l \gset
select t.says('{"local": {"ready": true}, "e2b": {"ready": true}}') as w \gset
select t.remote() as r \gset
select ok(not t.finds(:l, :r), 'a worker is not told of what it does not serve');
select ok(t.finds(:w, :r), 'a worker that does is');
select ok(not t.finds(:w, :r, '{"e2b": "breaker"}'), 'unless it knows that the service is away');
select ok(t.finds(t.worker(), :r), 'a worker that says nothing of itself is told of all');
select is(t.waits(:r), 'null', 'a request that can start waits for nothing');
select is(cs.request_list(t.id('mia'), '{}') -> 'requests' -> 0 -> 'waiting', 'null',
    'in lists neither');

-- Why it waits.
select t.quiet() \g /dev/null
select is(t.waits(:r) - 'since', '{"reason": "no_worker"}', 'without a worker');
select t.says('{"local": {"ready": true}}') as l \gset
select is(t.waits(:r) ->> 'reason', 'no_worker', 'or without one that serves it');
select t.says('{"e2b": {"ready": false, "why_not": "key refused"}}') as w \gset
select is(t.waits(:r) - 'since', '{"reason": "not_ready", "message": "key refused"}',
    'when nobody is ready, and why not');
select t.report(:w, '{"e2b": {"ready": true, "breaker": "open",
    "until": "2100-01-01T00:00:00.000Z", "why_not": "timeouts"}}') as x \gset
select is(t.waits(:r) - 'since', '{"reason": "breaker_open", "message": "timeouts",
    "until": "2100-01-01T00:00:00.000Z"}', 'while the service is left alone, and until when');
select is(cs.request_list(t.id('mia'), '{}') -> 'requests' -> 0 -> 'waiting' ->> 'reason',
    'breaker_open', 'in lists, too');
select t.report(:w, '{"e2b": {"ready": true, "breaker": "open", "refused": true,
    "until": "2100-01-01T00:00:00.000Z", "why_not": "401"}}') as x \gset
select is(t.waits(:r) - 'since', '{"reason": "breaker_open", "message": "401", "refused": true,
    "until": "2100-01-01T00:00:00.000Z"}', 'a key that is refused is no silence');
select t.report(:w, '{"e2b": {"ready": true, "breaker": "open", "refused": true,
    "why_not": "401"}}') as x \gset
select is(t.call('submit_requests', t.submission('mia', '{"backend": "e2b", "image": "tpl",
    "when_unavailable": "fail"}')) #>> '{error,message}',
    'e2b refuses our key at the moment: 401', 'nor is it at the submission');
select t.report(:w, '{"e2b": {"ready": true, "breaker": "half_open"}}') as x \gset
select is(t.waits(:r), 'null', 'not while a few may try');
select t.report(:w, '{"e2b": {"ready": true, "breaker": "open"}}') as x \gset
select t.says('{"e2b": {"ready": true, "breaker": "closed"}}') as v \gset
select is(t.waits(:r), 'null', 'nor while one worker can reach it');
select is(fleet(t.id('mia')) -> 'backends' -> 'e2b', '{"state": "ready", "workers": 2,
    "ready_attempts": 1}', 'which the fleet says');
select worker_bye(:w), worker_bye(:v) \g /dev/null
select t.says('{"e2b": {"ready": true}}') as w \gset
update worker set running = 4 where id = :w;
select is(t.waits(:r) ->> 'reason', 'no_free_slot', 'when all slots are taken');
update worker set running = 0 where id = :w;
update worker set seen_at = clock_timestamp() - interval '30 seconds' where id = :w;
select is(t.waits(:r) ->> 'reason', 'no_worker', 'a silent worker is none');
update worker set seen_at = clock_timestamp() where id = :w;
select t.submit('mia') as p \gset
select is(t.waits(:p), 'null', 'what is not approved waits for people');
select (t.decide('noor', t.submit('mia'), 'approve', '{"undo_seconds": 40}') ->> 'id')::bigint
    as p \gset
select is(t.waits(:p), 'null', 'what can be undone waits for nothing');

-- Given back with a reason.
select t.claim(:w, :r) as x \gset
select is(t.waits(:r), 'null', 'what is claimed does not wait');
select t.call('release_attempts', t.held(:r, '{"reason": "throttled", "retry_after_ms": 45000}'))
    as x \gset
select is(t.waits(:r) - 'since' - 'until', '{"reason": "given_back", "message": "throttled"}',
    'the reason is shown');
select is(request_get(:r, t.id('mia')) #> '{attempts,0,release_reason}', '"throttled"',
    'with the attempt, too');
select ok((t.waits(:r) ->> 'until')::timestamptz between clock_timestamp() + interval '40 seconds'
    and clock_timestamp() + interval '46 seconds', 'and until when the service wants it');
select release_since as since from attempt where id = t.attempt(:r) \gset
select t.due(:r, '1 minute') as x \gset
select t.claim(:w, :r) as x \gset
select t.call('release_attempts', t.held(:r, '{"reason": "throttled"}')) as x \gset
select is((select release_since from attempt where id = t.attempt(:r)), :'since'::timestamptz,
    'the same reason again has lasted since the first time');
select ok((select not_before < clock_timestamp() + interval '3 seconds' from attempt
    where id = t.attempt(:r)), 'what was not asked for is a short pause');
select t.due(:r, '1 minute') as x \gset
select t.claim(:w, :r) as x \gset
select t.call('release_attempts', t.held(:r, '{"reason": "full", "retry_after_ms": 99999999999}'))
    as x \gset
select isnt((select release_since from attempt where id = t.attempt(:r)), :'since'::timestamptz,
    'another reason begins anew');
select ok((select not_before < clock_timestamp() + interval '601 seconds' from attempt
    where id = t.attempt(:r)), 'an absurd wish is ten minutes');
select t.due(:r, '11 minutes') as x \gset
select t.claim(:w, :r) as x \gset
select t.start(:r) as x \gset
select is((select release_reason from attempt where id = t.attempt(:r)), '',
    'once it starts there is no reason left');

-- Pauses of a backend.
select t.remote() as r \gset
select operator_pause('backend:e2b', true, 'invoice') as x \gset
select ok(not t.finds(:w, :r), 'nothing of a paused backend is handed out');
select is(t.claim(:w, :r), null, 'nor claimed');
select is(t.waits(:r) - 'since', '{"reason": "paused", "scope": "backend:e2b",
    "message": "invoice"}', 'it says so');
select ok(t.finds(:l, t.approved()), 'other backends go on');
select operator_pause('backend:e2b', false, '') as x \gset
select is(t.claim(:w, :r), 1::bigint, 'afterwards it is claimed');
select operator_pause('backend:e2b', true, '') as x \gset
select is(t.start(:r) -> 'error' ->> 'field', 'paused', 'a pause after the claim stops the start');
select is(t.attempt_state(:r), 'ready', 'and it waits');
select operator_pause('backend:e2b', false, '') as x \gset

-- What would rather fail.
create function t.fails(request_id bigint, worker_id bigint, unavailable jsonb default '{}')
    returns text language plpgsql as $$
begin
    perform cs.sweep(worker_id, 10000, unavailable);
    return t.state(request_id) || ' ' || t.attempt_state(request_id);
end
$$;
select t.report(:w, '{"e2b": {"ready": true, "breaker": "open"}}') as x \gset
select t.remote() as r \gset
select t.remote('fail') as f \gset
select sweep(:w, 10000, '{"e2b": "5 timeouts"}') -> 'events' as events \gset
select is(t.state(:f) || ' ' || t.attempt_state(:f), 'failed failed', 'it fails at once');
select is(t.state(:r) || ' ' || t.attempt_state(:r), 'approved ready', 'the other one waits');
select ok(exists (select from jsonb_array_elements(:'events'::jsonb) e
    where (e ->> 'id')::bigint = :f and e ->> 'state' = 'failed'), 'which is announced');
select is((select row(reason, error_value, fence, started_at)::text from attempt
    where id = t.attempt(:f)), '(backend_unavailable,"5 timeouts",0,)', 'with the reason');
select is((select array_agg(row(subject, from_state, to_state, actor_kind)::text
                            order by entity_seq) from audit_event
    where entity = 'request' and entity_id = :f and event like '%give_up'),
    '{"(attempt,ready,failed,system)","(request,approved,failed,system)"}', 'in the trail');
select ok(t.whole(:f), 'whose chain is whole');
select is_empty(format('select from cs.unapproved_runs() where request_id = %s', :f),
    'it is no run without an approval');
select is(t.fails(t.remote('fail'), :l), 'approved ready',
    'another worker''s word is needed');
select is(t.fails(t.approved('{"when_unavailable": "fail"}'), :w, '{"e2b": "x"}'),
    'approved ready', 'about its own backend');
select t.remote('fail') as f \gset
select t.says('{"e2b": {"ready": true}}') as v \gset
select is(t.fails(:f, :w, '{"e2b": "x"}'), 'approved ready',
    'while another worker reaches the service it waits for that');
select worker_bye(:v) as x \gset
select is(t.fails(:f, :w, '{"e2b": "x"}'), 'failed failed', 'and fails when that is gone');
select t.remote('fail') as f \gset
update attempt set not_before = clock_timestamp() + interval '40 seconds' where id = t.attempt(:f);
select is(t.fails(:f, :w, '{"e2b": "x"}'), 'approved ready', 'not while it can be undone');
select t.quiet() \g /dev/null
select t.says('{"local": {"ready": true}}') as l \gset
select t.remote('fail') as f \gset
select is(t.fails(:f, :l), 'approved ready', 'when no worker serves it, it waits a minute');
select t.due(:f, '61 seconds') as x \gset
select is(t.fails(:f, :l), 'failed failed', 'and fails then');
select t.says('{"e2b": {"ready": true, "breaker": "open"}}') as w \gset
select t.remote('fail') as f \gset
select t.claim(:w, :f) as x \gset
select is(t.fails(:f, :w, '{"e2b": "x"}'), 'approved claimed', 'what is claimed goes on');
select t.call('release_attempts', t.held(:f, '{"reason": "away", "retry_after_ms": 60000}')) as x
    \gset
select is(t.fails(:f, :w, '{"e2b": "x"}'), 'failed failed',
    'what was given back fails, however long the pause');

-- Its second attempt can not start: the first may still have done something.
select t.at('unknown', '{"backend": "e2b", "image": "tpl", "retry_safe": true}') as f \gset
update request set when_unavailable = 'fail' where id = :f;
select t.due(:f, '1 minute') as x \gset
select is(t.fails(:f, :w, '{"e2b": "x"}'), 'outcome_unknown failed',
    'a second try fails, but the outcome of the first is still unknown');

-- What no worker can ever start.
select t.at('claimed', '{"backend": "e2b", "image": "gone"}') as f \gset
select is(t.call('release_attempts', t.held(:f, '{"reason": "sandbox_refused", "fail": true,
    "error_name": "NotFound", "error_value": "no such template"}')) ->> 'state', 'failed',
    'a worker ends what its service refuses');
select is(t.state(:f), 'failed', 'and so the request');
select is((select row(reason, error_name, error_value)::text from attempt
    where id = t.attempt(:f)), '(sandbox_refused,NotFound,"no such template")', 'with its words');
select ok(t.whole(:f), 'in a whole chain');
select t.at('running') as f \gset
select is(t.code(t.call('release_attempts', t.held(:f, '{"reason": "x", "fail": true,
    "not_started": true}'))), 'wrong_state', 'not once it runs');

-- At the submission, of one worker alone.
select t.quiet() \g /dev/null
update worker set stopped_at = null where id = :w;
select is(t.code(t.call('submit_requests', t.submission('mia', '{"backend": "e2b",
    "image": "tpl", "when_unavailable": "fail"}'))), 'breaker_open',
    'what would rather fail is refused while the service is left alone');
select t.report(:w, jsonb_build_object('e2b', jsonb_build_object('ready', true, 'breaker',
    'open', 'until', iso(clock_timestamp() + interval '20 seconds')))) as x \gset
select ok((t.call('submit_requests', t.submission('mia', '{"backend": "e2b", "image": "tpl",
    "when_unavailable": "fail"}')) #>> '{error,retry_after}')::int between 15 and 20,
    'with the seconds until it is tried again');
select is(t.code(t.call('submit_requests', t.submission('mia', '{"backend": "e2b",
    "image": "tpl"}'))), 'ok', 'what would rather wait is taken');
select is(t.code(t.call('submit_requests', t.submission('mia', '{"when_unavailable": "fail"}'))),
    'ok', 'so is what does not need it');
select worker_bye(:w) as x \gset
select is(t.code(t.call('submit_requests', t.submission('mia', '{"backend": "e2b",
    "image": "tpl", "when_unavailable": "fail"}'))), 'ok', 'nobody knows of it without a worker');
select t.remote('fail') as f \gset
select t.call('cancel_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :f)) as x \gset
select t.call('run_again', jsonb_build_object('actor', t.actor('mia'), 'id', :f,
    'max_waiting', 1000000)) ->> 'id' as r \gset
select is((select row(when_unavailable, backend)::text from request where id = :r), '(fail,e2b)',
    'running again keeps sandbox and wish');

select * from finish();
rollback;
