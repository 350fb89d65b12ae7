-- What was lost is found: hints, leases, deadlines, workers.
-- Proves: I8 I10
\ir setup.psql
select plan(38);
select t.worker() as w \gset

-- Hints. Other people's rows may be there: look for ours only.
create function t.finds(request_id bigint) returns bool language sql
    return exists (select from jsonb_array_elements(cs.sweep(0, 10000) -> 'ready') h
                   where (h ->> 'id')::bigint = t.attempt(request_id) and h ->> 'backend' =
                       'local');
select t.approved() as r \gset
select ok(t.finds(:r), 'a ready attempt is found');
select t.claim(:w, :r) as x \gset
select ok(not t.finds(:r), 'a claimed one is not');
select (t.decide('noor', t.submit('mia'), 'approve', '{"undo_seconds": 40}') ->> 'id')::bigint
    as r \gset
select ok(not t.finds(:r), 'nor one that can still be undone');
select ok((sweep(:w, 10) ->> 'next_due_ms')::bigint between 1 and 40000, 'when it is due is said');
select operator_pause('all', true, '') as x \gset
select t.approved() as p \gset
select ok(not t.finds(:p), 'nothing is handed out in a pause');
delete from pause;
select operator_pause('team:' || (select team_id from request where id = :p), true, '') as x \gset
select ok(not t.finds(:p), 'nor the runs of a team that pauses, which would hide the others');
delete from pause;

-- Leases.
select t.at('claimed') as r \gset
select t.lease_ends(:r) as x \gset
select (sweep(:w, 10000) ->> 'lost')::int as lost \gset
select ok(:lost >= 1, 'a lost lease is counted');
select is(t.attempt_state(:r), 'ready', 'before any code left it is ready again');
select is(t.state(:r), 'approved', 'and the request approved as before');
select is(t.claim(:w, :r), 2::bigint, 'with the next fence for the next holder');
select t.at('starting') as r \gset
select t.held(:r) as held \gset
select t.lease_ends(:r) as x \gset
select sweep(:w, 10000) as found \gset
select is(t.attempt_state(:r), 'unknown', 'after the start its outcome is unknown');
select is(t.state(:r), 'outcome_unknown', 'and so is the request''s');
select ok(exists (select from jsonb_array_elements(:'found'::jsonb -> 'events') e
    where (e ->> 'id')::bigint = :r and e ->> 'state' = 'outcome_unknown'), 'which is announced');
select is((select array_agg(e.to_state order by e.entity_seq) from audit_event e
    where e.entity = 'request' and e.entity_id = :r and e.subject = 'request'),
    '{pending,approved,running,outcome_unknown}', 'by legal moves alone');
select ok(t.whole(:r), 'in a whole chain');
select ok(not t.finds(:r), 'it is not run again silently');
select is(t.code(t.call('mark_attempts_running', :'held')), 'wrong_state',
    'the old holder learns it');
select t.at('running') as r \gset
select t.lease_ends(:r) as x \gset
select sweep(:w, 10000) as x \gset
select is(t.attempt_state(:r) || ' ' || t.state(:r), 'unknown outcome_unknown',
    'running is the same');

-- retry_safe.
select t.at('running', '{"retry_safe": true}') as r \gset
select t.attempt(:r) as first \gset
select t.lease_ends(:r) as x \gset
select sweep(:w, 10000) as x \gset
select is((select state from attempt where id = :first), 'unknown',
    'the lost attempt stays unknown');
select isnt(t.attempt(:r), :first::bigint, 'retry_safe is tried again');
select is(t.attempt_state(:r), 'ready', 'by a new attempt');
select is(t.code(t.call('settle_requests', jsonb_build_object('actor', t.actor('noor'), 'id', :r,
    'outcome', 'failed', 'note', ''))), 'missing_field', 'settling needs a note');
update attempt set not_before = now() where id = t.attempt(:r);
select t.claim(:w, :r) as x \gset
select is(t.start(:r) ->> 'ok', 'true', 'which starts by the same approval');
select is(t.running(:r) ->> 'state', 'running', 'and runs');
select is(t.state(:r), 'running', 'the request too');
select is(t.code(t.call('settle_requests', jsonb_build_object('actor', t.actor('noor'), 'id', :r,
    'outcome', 'failed', 'note', 'x'))), 'wrong_state', 'what runs is not settled');
select t.lease_ends(:r) as x \gset
select sweep(:w, 10000) as x \gset
update attempt set not_before = now() where id = t.attempt(:r);
select t.claim(:w, :r) as x \gset
select t.start(:r) as x \gset
select t.running(:r) as x \gset
select t.lease_ends(:r) as x \gset
select sweep(:w, 10000) as x \gset
select is((select count(*) from attempt where request_id = :r), 3::bigint, 'three times at most');

-- Settling by a named person.
select t.at('unknown') as r \gset
create function t.settle(login text, request_id bigint, outcome text) returns text language sql
    return t.code(t.call('settle_requests', jsonb_build_object('actor', t.actor(login),
        'id', request_id, 'outcome', outcome, 'note', 'looked it up')));
select is(t.settle('mia', :r, 'succeeded'), 'wrong_role', 'not by the author');
select is(t.settle('noor', :r, 'running'), 'invalid_field', 'there are two outcomes');
select is(t.settle('noor', :r, 'succeeded'), 'ok', 'a reviewer settles it');
select is(t.attempt_state(:r) || ' ' || t.state(:r), 'succeeded succeeded', 'for good');

-- Deadlines.
create function t.late(request_id bigint) returns text language plpgsql as $$
begin
    update request set expires_at = clock_timestamp() - interval '1 second' where id = request_id;
    perform sweep(0, 10000);
    return t.state(request_id);
end
$$;
select is(t.late(t.submit('mia')), 'expired', 'what waits too long expires');
select t.approved() as r \gset
select is(t.late(:r), 'expired', 'so does an approval that never ran');
select is(t.attempt_state(:r), 'cancelled', 'with its attempt');
select is(t.late(t.at('starting')), 'approved', 'but not what has started');
select t.at('running', '{"retry_safe": true}') as r \gset
select t.lease_ends(:r) as x \gset
select sweep(:w, 10000) as x \gset
set local session_replication_role = replica;
update attempt set valid_until = clock_timestamp() - interval '1 second' where id = t.attempt(:r);
set local session_replication_role = origin;
select sweep(:w, 10000) as x \gset
select is(t.attempt_state(:r) || ' ' || t.state(:r), 'cancelled outcome_unknown',
    'a second try whose approval is too old is dropped, and a person must settle it');

-- Workers.
select t.worker() as silent \gset
update worker set seen_at = clock_timestamp() - interval '5 minutes' where id = :silent;
select sweep(:w, 10) as x \gset
select ok((select stopped_at is not null from worker where id = :silent),
    'a silent worker is noted');
select heartbeat(:silent, '[]', 1000, 0) as x \gset
select ok((select stopped_at is null from worker where id = :silent), 'until it speaks again');

select * from finish();
rollback;
