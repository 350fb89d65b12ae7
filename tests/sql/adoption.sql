-- A run that its worker lost is picked up by another one: one at a time, for evidence alone.
-- Proves: I11
\ir setup.psql
select plan(114);
select t.worker() as w \gset
select t.worker() as v \gset

-- A run at a service, which a worker started and lost.
create function t.lost(more jsonb default '{}') returns bigint language plpgsql as $$
declare
    r bigint := t.approved('{"backend": "daytona", "image": "snap"}' || more);
begin
    perform t.claim(t.worker(), r);
    perform t.call('start_attempts', t.held(r, '{"remote": {"sandbox": "sb-1",
        "usage": {"cpu": 1, "memory_mib": 1024, "disk_gib": 3}}}'));
    perform t.running(r);
    perform t.lease_ends(r);
    perform cs.sweep(0, 10000);
    return r;
end
$$;
create function t.adopts(worker_id bigint, request_id bigint, backends text default '{daytona,e2b}')
    returns bool language sql as $$
    select coalesce(bool_or(a.request_id = $2), false) from cs.adopt_attempts($1, $3, 30000, 50) a
$$;
create function t.ends(request_id bigint, final bool, why text default 'gone') returns bool
    language sql as $$
    select cs.adoption_end(a.worker_id, a.id, a.fence, why, final)
    from cs.attempt a where a.id = t.attempt($1) $$;
create function t.time_passes(request_id bigint, by interval) returns void language sql
    begin atomic
    update cs.attempt a set adopt_until = a.adopt_until - by, lease_until = a.lease_until - by,
        not_before = a.not_before - by where a.id = t.attempt($1);
    end;

-- The reference becomes durable with the start.
select t.at('claimed', '{"backend": "daytona"}') as r \gset
select is(t.code(t.call('start_attempts', t.held(:r, '{"remote": "sb-1"}'))), 'invalid_field',
    'a reference is an object');
select is(t.code(t.call('start_attempts', t.held(:r, jsonb_build_object('remote',
    jsonb_build_object('x', repeat('y', 9000)))))), 'invalid_field', 'of at most 8 KiB');
select is(t.attempt_state(:r), 'claimed', 'and nothing has started');
select is(t.call('start_attempts', t.held(:r, '{"remote": {"sandbox": "sb-1"}}')) ->> 'ok', 'true',
    'with a good one it starts');
select is((select remote from attempt where id = t.attempt(:r)), '{"sandbox": "sb-1"}'::jsonb,
    'and is kept');
select t.call('release_attempts', t.held(:r, '{"not_started": true}')) ->> 'state' as s \gset
select is((select remote from attempt where id = t.attempt(:r)), null,
    'what was given back belongs to no sandbox');

-- A reference for the price and for people: nobody can take that run up again.
select t.approved('{"backend": "e2b", "image": "i"}') as r \gset
select t.claim(:w, :r) as x \gset
select t.call('start_attempts', t.held(:r, '{"remote": {"sandbox_id": "i9", "adoptable": false,
    "usage": {"cpu": 2, "memory_mib": 512, "disk_gib": 10}}}')) as x \gset
select t.running(:r) as x \gset
select t.lease_ends(:r) as x \gset
select sweep(0, 10000) as x \gset
select is(t.attempt_state(:r) || ' ' || t.state(:r), 'unknown outcome_unknown',
    'a lost run that nobody can find again is unknown');
select is((select adopt_until from attempt where id = t.attempt(:r)), null, 'it is not offered');
select ok(not t.adopts(:w, :r), 'and not adopted');
select is(request_get(:r, t.id('mia')) #>> '{attempts,0,sandbox_id}', 'i9',
    'whoever settles it sees which sandbox it was');
select is((select can_be_found_again from audit.attempts where id = t.attempt(:r)), false,
    'auditors see that it can not be found again');
select t.approved('{"backend": "e2b", "image": "i"}') as r \gset
select t.claim(:w, :r) as x \gset
select t.call('start_attempts', t.held(:r, '{"remote": {"sandbox_id": "i9", "adoptable": false}}'))
    as x \gset
select t.finish(:r, 'unknown', '{"cost": {"provider": "e2b", "cpu": 2, "memory_mib": 512,
    "seconds": 2}}') as x \gset
select is((select row(adopt_until is null, (select array_agg(c.estimated order by c.id)
    from cost_span c where c.request_id = :r))::text from attempt where id = t.attempt(:r)),
    '(t,"{f,t}")', 'nor is one that its own worker lost, whose cost is known');

-- Offered, adopted, held.
select t.lost() as r \gset
select is(t.attempt_state(:r) || ' ' || t.state(:r), 'unknown outcome_unknown',
    'a lost run is unknown, where its service might tell, too');
select is(sweep(:w, 10) -> 'adoptable', 'true', 'the sweep says that there is one to adopt');
select is(request_get(:r, t.id('mia')) -> 'waiting' ->> 'reason', 'reattaching',
    'people see that it may be found again');
select ok(not t.adopts(:w, :r, '{e2b,local}'), 'not by a worker without that backend');
select ok(t.adopts(:w, :r), 'a worker with that backend adopts it');
select ok(not t.adopts(:v, :r), 'another one does not');
select ok(not t.adopts(:w, :r), 'nor the same one again');
select is((select row(worker_id, fence, adoptions, state)::text from attempt
    where id = t.attempt(:r)), format('(%s,1,1,unknown)', :w), 'it keeps its fence and its state');
select is(heartbeat(:w, jsonb_build_array(t.held(:r)), 30000, 1) -> 'attempts' -> 0 -> 'ok',
    'true', 'its lease is renewed');
select is(heartbeat(:v, jsonb_build_array(t.held(:r)), 30000, 1) -> 'attempts' -> 0 -> 'ok',
    'false', 'by nobody else');
select is(t.claim(:v, :r), null, 'nobody claims it');
select is(t.code(t.start(:r)), 'wrong_state', 'its holder does not start it again');
select is(t.code(t.running(:r)), 'wrong_state', 'nor mark it running');
select is(t.code(t.call('release_attempts', t.held(:r, '{"not_started": true}'))), 'wrong_state',
    'nor give it back to be run');
select is((select a - 'claimed_at' - 'started_at'
    from jsonb_array_elements(fleet(t.id('eva')) -> 'workers') x
    cross join jsonb_array_elements(x -> 'attempts') a where x -> 'id' = to_jsonb(:w)),
    jsonb_build_object('id', t.attempt(:r), 'request_id', :r, 'state', 'unknown',
        'backend', 'daytona', 'fence', 1, 'adopted', true), 'the fleet shows it');

-- Evidence: output under other numbers, then the end.
select ok(output_chunk_put(t.attempt(:r), 1, 101, 0, 'hi'), 'its holder stores output');
select is(t.finish(:r, 'succeeded', jsonb_build_object('duration_ms', 5, 'cost', '{"provider":
    "daytona", "model": "snap", "cpu": 1, "memory_mib": 1024, "disk_gib": 3, "seconds": 10}'::jsonb,
    'items', jsonb_build_array(jsonb_build_object('n', 101, 'kind', 'stdout', 'name', '', 'mime',
    'text/plain', 'bytes', 2, 'sha256', encode(sha256('hi'), 'hex'))))) ->> 'request_state',
    'succeeded', 'and its evidence settles the run');
select is((select count(*) from attempt where request_id = :r), 1::bigint, 'which ran once');
select is((select array_agg(e.event order by e.entity_seq) from audit_event e
    where e.entity = 'request' and e.entity_id = :r and e.event like 'attempt.%'),
    '{attempt.ready,attempt.claim,attempt.start,attempt.running,attempt.lost,attempt.cost,'
    'attempt.adopt,attempt.finish}',
    'each step is in the trail');
select ok(t.whole(:r), 'whose chain is whole');
select ok(not t.ends(:r, true), 'no adoption is left to end');
select ok(not t.adopts(:v, :r), 'or to make');
select is((select array_agg(estimated order by id) from cost_span where request_id = :r), '{t,f}',
    'estimate and true cost are both kept');
select is((select costs_json(:r) #> '{0,estimated}'), 'false', 'the true cost counts');
select is((select jsonb_array_length(costs_json(:r))), 1, 'alone');

-- Who lost it can not come back with its evidence, once it is another worker's.
select t.lost() as r \gset
select t.held(:r) as old \gset
select t.adopts(:w, :r) as x \gset
select is(t.code(t.call('finish_attempts', :'old'::jsonb || '{"outcome": "failed"}')), 'stale',
    'one worker at a time brings evidence');
select t.finish(:r, 'failed', '{"exit_code": 3}') ->> 'state' as x \gset
select is(t.state(:r), 'failed', 'and the other one''s counts');

-- As long as nobody adopted it, the evidence of its own worker does.
select t.lost() as r \gset
select is(t.finish(:r, 'succeeded') ->> 'request_state', 'succeeded',
    'late evidence of its own worker settles it');
select ok(not t.adopts(:w, :r), 'what is settled is not adopted');

-- Settled by a person while a worker watches.
select t.lost() as r \gset
select t.adopts(:w, :r) as x \gset
select t.held(:r) as held \gset
select is(t.code(t.call('settle_requests', jsonb_build_object('actor', t.actor('noor'), 'id', :r,
    'outcome', 'failed', 'note', 'saw it'))), 'ok', 'a person may be faster');
select is(heartbeat(:w, jsonb_build_array(:'held'::jsonb), 30000, 1) -> 'attempts' -> 0 -> 'ok',
    'false', 'the worker learns it');
select is(t.code(t.call('finish_attempts', :'held'::jsonb || '{"outcome": "succeeded"}')),
    'wrong_state', 'its evidence changes nothing');
select is(t.state(:r) || ' ' || t.attempt_state(:r), 'failed failed', 'the person''s word stands');

-- Cancelled while a worker watches.
select t.lost() as r \gset
create function t.cancel(request_id bigint) returns jsonb language sql return
    t.call('cancel_requests', jsonb_build_object('actor', t.actor('mia'), 'id', request_id));
create function t.can_cancel(request_id bigint) returns text language sql return
    request_get(request_id, t.id('mia')) -> 'can' ->> 'cancel';
select t.adopts(:w, :r) as x \gset
select is(t.can_cancel(:r), 'true', 'what somebody watches');
select is(t.cancel(:r) - 'id' #- '{event,at}', jsonb_build_object('state', 'outcome_unknown',
    'cancelling', true, 'event', jsonb_build_object('id', :r, 'state', 'outcome_unknown',
        'revision', 1, 'what', 'attempt.cancel', 'held', true, 'author_id', t.id('mia'),
        'owner_id', null, 'team_id', (select team_id from request where id = :r))),
    'can be stopped, and runs on until it has');
select is(heartbeat(:w, jsonb_build_array(t.held(:r)), 30000, 1) -> 'attempts' -> 0 -> 'cancel',
    'true', 'the heartbeat brings it');
select is(sweep(:w, 10) -> 'cancel', 'true', 'and the sweep');
select is(t.finish(:r, 'cancelled') ->> 'request_state', 'failed',
    'it ends as failed: it did run');

-- Cancelled while nobody watches: whoever finds it stops it, and it is not run again.
select t.lost() as r \gset
select is(t.can_cancel(:r), 'true', 'what may still be found');
select is(t.cancel(:r) -> 'cancelling', 'true', 'can be stopped, too');
select is(t.state(:r) || ' ' || t.attempt_state(:r), 'outcome_unknown unknown',
    'that says nothing of how it ended');
select ok(t.adopts(:w, :r), 'it is looked for still');
select is(heartbeat(:w, jsonb_build_array(t.held(:r)), 30000, 1) -> 'attempts' -> 0 -> 'cancel',
    'true', 'and who finds it is told at once');
select t.lost('{"retry_safe": true}') as r \gset
select t.cancel(:r) as x \gset
select t.time_passes(:r, '61 seconds') as x \gset
select sweep(0, 10000) as x \gset
select is((select count(*) from attempt where request_id = :r), 1::bigint,
    'what was cancelled is not run again');
select is(t.can_cancel(:r), 'false', 'once the offer has ended');
select is(t.code(t.cancel(:r)), 'wrong_state', 'there is nothing to stop');

-- Cancelled when it was to run again.
create function t.again() returns bigint language plpgsql as $$
declare
    r bigint := t.lost('{"retry_safe": true}');
begin
    perform t.adopts(t.worker(), r);
    perform t.ends(r, true);
    update cs.attempt set not_before = clock_timestamp() where id = t.attempt(r);
    return r;
end
$$;
select t.again() as r \gset
select is(t.can_cancel(:r), 'true', 'a second run that waits');
select is(t.cancel(:r) - 'event', jsonb_build_object('id', :r, 'state', 'outcome_unknown'),
    'can be taken away');
select is(t.attempt_state(:r), 'cancelled', 'it will not start');
select is(t.state(:r), 'outcome_unknown', 'how the first one ended is as unknown as before');
select is(t.can_cancel(:r), 'false', 'there is no other');
select is(t.code(t.cancel(:r)), 'wrong_state', 'so nothing to cancel');
select sweep(0, 10000) as x \gset
select is((select count(*) from attempt where request_id = :r), 2::bigint, 'nor does one come');
select is(t.code(t.call('settle_requests', jsonb_build_object('actor', t.actor('noor'), 'id', :r,
    'outcome', 'failed', 'note', 'saw it'))), 'ok', 'a person settles it');
select ok(t.whole(:r), 'in a whole chain');
select t.again() as r \gset
select t.claim(:w, :r) as x \gset
select is(t.code(t.cancel(:r)), 'ok', 'one that a worker has taken, too');
select is(t.code(t.start(:r)), 'wrong_state', 'which does not start it then');
select t.again() as r \gset
select t.claim(:w, :r) as x \gset
select t.start(:r) as x \gset
select is(t.cancel(:r) -> 'cancelling', 'true', 'one that has started is told to stop');

-- What people see of it.
select t.lost() as r \gset
create function t.watched(request_id bigint) returns text language sql return (
    select concat_ws(' ', d -> 'attempts' -> 0 ->> 'held', d -> 'waiting' ->> 'held',
                     request_state(request_id, t.id('mia')) ->> 'held')
    from request_get(request_id, t.id('mia')) d);
select is(t.watched(:r), 'false false', 'nobody watches what was just lost');
select is((select (manifest -> 'event') - 'at' from adopt_attempts(:w, '{daytona}', 30000, 50)
    where request_id = :r), jsonb_build_object('id', :r, 'state', 'outcome_unknown', 'revision', 1,
        'what', 'attempt.adopt', 'held', true, 'author_id', t.id('mia'), 'owner_id', null,
        'team_id', (select team_id from request where id = :r)),
    'who takes it up has an event to announce');
select is(t.watched(:r), 'true true true', 'and then it is watched');
select is((select bool_and((event::jsonb ->> 'held')::bool)
    from events_between(0, '1:1:', '4000000000:4000000000:', 1000000)
    where (event::jsonb ->> 'id')::bigint = :r), true, 'which events out of the trail say, too');
select t.lease_ends(:r) as x \gset
select is(t.watched(:r), 'false false', 'until its worker is lost in turn');

-- The service is away, or does not know it.
select t.lost() as r \gset
select t.adopts(:w, :r) as x \gset
select ok(t.ends(:r, false), 'a service that is away ends the try');
select ok(not t.adopts(:v, :r), 'the next one comes a little later');
update attempt set not_before = now() where id = t.attempt(:r);
select ok(t.adopts(:v, :r), 'by whoever is there');
select ok(not cs.adoption_end(:w, t.attempt(:r), 1, 'gone', true), 'the first has no say any more');
select ok(t.ends(:r, true), 'a service that does not know it ends all tries');
select is((select reason from attempt where id = t.attempt(:r)), 'gone', 'the reason is kept');
select ok(not t.adopts(:w, :r), 'nobody adopts it again');
select is(t.state(:r), 'outcome_unknown', 'a person must settle it');
select is((select count(*) from attempt where request_id = :r), 1::bigint, 'it is not run again');
select is(request_get(:r, t.id('mia')) -> 'waiting', 'null', 'nothing is waited for');

-- The holder is lost in turn.
select t.lost() as r \gset
select t.adopts(:w, :r) as x \gset
select t.held(:r) as held \gset
select t.lease_ends(:r) as x \gset
select ok(t.adopts(:v, :r), 'a second worker adopts what the first one lost');
select is(t.code(t.call('finish_attempts', :'held'::jsonb || '{"outcome": "succeeded"}')), 'stale',
    'whose evidence is refused');
select is(t.finish(:r, 'unknown', '{"reason": "vanished"}') ->> 'state', 'unknown',
    'the second one can not find out');
select is((select reason from attempt where id = t.attempt(:r)), 'vanished', 'and says why');
select ok(not t.adopts(:w, :r), 'which ends all tries');
select t.lost() as r \gset
do $$
begin
    for try in 1 .. 5 loop
        assert t.adopts(t.worker(), (select max(id) from cs.request)), 'try ' || try;
        perform t.lease_ends((select max(id) from cs.request));
    end loop;
end
$$;
select ok(not t.adopts(:w, :r), 'five tries at most');
select sweep(0, 10000) as x \gset
select is((select adopt_until from attempt where id = t.attempt(:r)), null, 'then the offer ends');

select t.lost() as r \gset
do $$
declare
    r bigint := (select max(id) from cs.request);
begin
    for try in 1 .. 7 loop
        assert t.adopts(t.worker(), r), 'try ' || try;
        assert t.ends(r, false, 'the worker is draining');
        update attempt set not_before = clock_timestamp() where id = t.attempt(r);
    end loop;
end
$$;
select is((select adoptions from attempt where id = t.attempt(:r)), 0,
    'what is given back before it told anything was no try');
select t.adopts(:w, :r) as x \gset
select cs.output_chunk_put(t.attempt(:r), 1, 101, 0, 'x') as x \gset
select t.ends(:r, false, 'the worker is draining') as x \gset
select is((select adoptions from attempt where id = t.attempt(:r)), 1,
    'with output stored it was one: the next numbers its items anew');

-- Time.
select t.lost() as r \gset
select t.time_passes(:r, '5 minutes 20 seconds') as x \gset
select ok(t.adopts(:w, :r), 'until five minutes after its limit it may be found');
select t.lost() as r \gset
select t.time_passes(:r, '6 minutes') as x \gset
select ok(not t.adopts(:w, :r), 'later not');
select sweep(0, 10000) as x \gset
select is((select array_agg(e.event order by e.entity_seq) from audit_event e
    where e.entity = 'request' and e.entity_id = :r and e.event like 'attempt.a%'),
    '{attempt.adopt_end}', 'which the trail says');

-- May it run twice, the run that may still be found comes first.
select t.lost('{"retry_safe": true}') as r \gset
select is((select count(*) from attempt where request_id = :r), 1::bigint,
    'a run that may run again is first looked for');
select ok(t.adopts(:w, :r), 'and adopted');
select t.time_passes(:r, '10 seconds') as x \gset
select sweep(0, 10000) as x \gset
select is((select count(*) from attempt where request_id = :r), 1::bigint,
    'while somebody watches it is not run again');
select t.ends(:r, true) as x \gset
select is(t.attempt_state(:r) || ' ' || (select count(*) from attempt where request_id = :r),
    'ready 2', 'it is, once the service does not know it');
select ok(not exists (select from adopt_attempts(:v, '{daytona}', 1000, 50) a
    where a.request_id = :r), 'a newer attempt ends what was before');
select t.lost('{"retry_safe": true}') as r \gset
select t.time_passes(:r, '61 seconds') as x \gset
select ok(not t.adopts(:w, :r), 'after a minute nobody adopts it');
select sweep(0, 10000) as x \gset
select is(t.attempt_state(:r), 'ready', 'and it runs again');

-- Whatever else went wrong: nothing is adopted that a newer attempt, or a settled request, follows.
select t.lost() as r \gset
set local session_replication_role = replica;
insert into attempt (request_id, revision, round, state, backend, fence, not_before, valid_until)
    values (:r, 1, 1, 'running', 'daytona', 1, now(), now() + interval '1 hour');
set local session_replication_role = origin;
select ok(not t.adopts(:w, :r), 'what has a newer attempt is not adopted');
select t.lost() as r \gset
set local session_replication_role = replica;
update request set state = 'succeeded' where id = :r;
set local session_replication_role = origin;
select ok(not t.adopts(:w, :r), 'nor what has ended');
select is(orphans(jsonb_build_array(jsonb_build_object('attempt', t.attempt(:r), 'fence', 1,
    'remote_id', 'sb')), 0), '["sb"]', 'its sandbox is taken away');

-- What the worker itself gives up.
create function t.left(more jsonb) returns bigint language plpgsql as $$
declare
    r bigint := t.approved('{"backend": "daytona", "image": "snap"}');
begin
    perform t.claim(t.worker(), r);
    perform t.call('start_attempts', t.held(r, '{"remote": {"sandbox": "sb-1"}}'));
    perform t.finish(r, 'unknown', more);
    return r;
end
$$;
select ok(t.adopts(:w, t.left('{"reason": "lost"}')), 'a run that a worker leaves is offered');
select ok(not t.adopts(:w, t.left('{"reason": "lost", "adopt": false}')),
    'not when it took the sandbox away');
select ok(not t.adopts(:w, t.at('unknown')), 'nor a run that no service could find');
select t.lost() as r \gset
select throws_ok(format('update attempt set state = %L where id = %s', to_state, t.attempt(:r)),
    'CS002', null, 'no way leads from lost to ' || to_state)
from unnest(array['ready', 'claimed', 'starting', 'running']) to_state;

select * from finish();
rollback;
