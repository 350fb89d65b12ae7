-- Claims, leases, fences, the last check before the start, and how runs end.
-- Proves: T3 I1 I3 I8 I9
\ir setup.psql
select plan(130);
select t.worker() as w \gset
select t.worker() as v \gset

-- Claiming.
select t.approved() as r \gset
select is(t.claim(:w, :r), 1::bigint, 'a ready attempt is claimed with fence 1');
select is(t.claim(:v, :r), null, 'and by nobody else');
select is((select (c.manifest - 'limits')::text || c.code::text from claim_attempts(:w, '{}', 1) c),
    null, 'no ids, no rows');
select t.approved() as r \gset
create temp table claimed on commit drop as
    select * from claim_attempts(:w, '{' || t.attempt(:r) || ',-1,999999999}', 30000);
select is((select array[attempt_id, request_id, revision] from claimed),
    array[t.attempt(:r), :r, 1], 'the claim says what it is');
select is((select convert_from(code, 'UTF8') || language from claimed), E'print(1)\npython',
    'with the bytes of the code');
select is((select encode(bundle_sha256, 'hex') from claimed), t.digest(:r), 'and the digest');
select is((select manifest - array['now_ms', 'sha256', 'format', 'decisions'] from claimed),
    jsonb_build_object('files', '[]'::jsonb, 'target', '', 'sandbox', 'local', 'image',
        'system-python3', 'network', 'none', 'language', 'python', 'revision', 1, 'request_id', :r,
        'retry_safe', false, 'policy_version', policy_newest(), 'verdict_sha256',
        encode(sha256(t.verdict()::bytea), 'hex'), 'approval_ms', 86400000,
        'limits', '{"wall_ms": 30000, "memory_bytes": 1073741824, "pids": 64, "output_bytes":
1048576,
            "files": 8, "file_bytes": 8388608, "cpu_ms": 120000, "tmp_bytes": 67108864}'::jsonb,
        'team_id', (select team_id from request where id = :r), 'isolation', 'namespaces',
        'image_digest', '', 'max_attempts', 1), 'and all parts of the bundle');
select is((select manifest -> 'decisions' from claimed),
    (select jsonb_build_array(jsonb_build_object('id', d.id, 'reviewer_id', t.id('noor'),
        'round', 1, 'verdict', 'approve', 'needed', 1, 'decided_ms', millis(d.decided_at),
        'valid_ms', millis(d.decided_at) + 86400000, 'form', 2, 'acknowledged', '[]'::jsonb,
        'key_id', repeat('0', 16), 'signature', repeat('0', 128)))
     from decision d where d.request_id = :r),
    'and the decisions with all that is signed');
select is((select e.body ->> 'code' from audit_event e where e.entity = 'worker'
    and e.entity_id = :w and e.event = 'worker.forged_ids'), 'W-FORGED', 'forged ids are recorded');
select is((select e.body -> 'ids' from audit_event e where e.entity = 'worker'
    and e.entity_id = :w and e.event = 'worker.forged_ids'), '[-1, 999999999]', 'by number');
select count(*) from generate_series(1, 70) n,
    lateral (select c.fence from claim_attempts(:v, '{' || 900000000 + n || '}', 1) c) c \gset
select is((select count(*) from audit_event where entity = 'worker' and entity_id = :v
    and event = 'worker.forged_ids'), 59::bigint, 'but a flood of them fills nothing');
set session_replication_role = replica;
update audit_event set ts = ts - interval '1 minute' where entity = 'worker' and entity_id = :v;
set session_replication_role = origin;
select count(*) from claim_attempts(:v, '{900000000}', 1) \gset
select is((select count(*) from audit_event where entity = 'worker' and entity_id = :v
    and event = 'worker.forged_ids'), 60::bigint, 'and a minute later they are recorded again');
select ok((select lease_until between clock_timestamp() + interval '20 seconds'
    and clock_timestamp() + interval '40 seconds'
    from attempt where id = t.attempt(:r)), 'the lease is on the clock of the database');

-- A pause.
select t.approved() as r \gset
select operator_pause('all', true, 'test') as p \gset
select is(t.claim(:w, :r), null, 'nothing is claimed while all is paused');
select is(heartbeat(:w, '[]', 1000, 0), '{"attempts": []}', 'no heartbeat is asked for it');
select operator_pause('all', false, '') as p \gset
select is(t.claim(:w, :r), 1::bigint, 'and then it is');
select operator_pause('team:' || (select team_id from request where id = :r), true, '') as p \gset
select t.start(:r) as answer \gset
select is(:'answer'::jsonb -> 'error' ->> 'field', 'paused', 'nor does what was claimed start');
select is(t.attempt_state(:r), 'ready', 'it waits');
select is(t.state(:r), 'approved', 'and stays approved');
delete from pause;

-- The start.
select t.at('claimed') as r \gset
select is(t.start(:r), jsonb_build_object('id', t.attempt(:r), 'ok', true), 'what holds starts');
select is(t.attempt_state(:r) || ' ' || t.state(:r), 'starting approved', 'and is starting');
select is(t.code(t.start(:r)), 'wrong_state', 'it starts once');
select is(t.running(:r) ->> 'state', 'running', 'once all was sent it runs');
select is(t.state(:r), 'running', 'and so does the request');
select is(t.running(:r) ->> 'ok', 'true', 'saying so again changes nothing');
select is(t.code(t.call('release_attempts', t.held(:r, '{"not_started": true}'))), 'wrong_state',
    'what runs is not given back');

create function t.start_with(request_id bigint, more jsonb) returns text language sql
    return t.code(t.call('start_attempts', t.held(request_id, more)));
select t.at('claimed') as r \gset
select is(t.start_with(:r, '{"fence": 2}'), 'stale', 'another fence starts nothing');
select is(t.start_with(:r, jsonb_build_object('worker_id', :v)), 'stale', 'nor another worker');
select is(t.attempt_state(:r), 'claimed', 'and changes nothing');
select is(t.start_with(:r, '{"decision_ids": []}'), 'conflict',
    'the worker must have verified the decisions');
select is(t.state(:r), 'pending', 'a refused start goes back to the reviewers');
select t.at('claimed') as s \gset
select is(t.start_with(:s, '{"refused": "a signature does not hold"}'), 'conflict',
    'a worker that could not verify a signature starts nothing');
select is(t.state(:s), 'pending', 'which goes back to the reviewers, too');
select is((select body ->> 'message' from audit_event where entity = 'request' and entity_id = :s
    and event = 'attempt.refused' and body ->> 'reason' = 'signature'),
    'a signature does not hold', 'with the reason in the audit trail');
select is(t.attempt_state(:r), 'cancelled', 'and the attempt ends');
select is((select body ->> 'reason' from audit_event where entity = 'request' and entity_id = :r
    and event = 'attempt.refused'), 'quorum', 'the refusal is in the audit trail');
select ok(t.whole(:r), 'in a whole chain');
select t.at('claimed') as r \gset
select is(t.start_with(:r, jsonb_build_object('bundle_sha256', repeat('a', 64))), 'stale',
    'other bytes are refused');
select is(t.state(:r), 'pending', 'and looked at again');
select t.at('claimed') as r \gset
select t.lease_ends(:r) as x \gset
select is(t.code(t.start(:r)), 'stale', 'a lease that ended starts nothing');
select is(t.attempt_state(:r), 'claimed', 'that is for the sweep to see');

-- Authority that went away between claim and start.
create function t.loses(change text) returns text language plpgsql as $$
declare
    of_request bigint := t.at('claimed');
    answer jsonb;
begin
    set local session_replication_role = replica;
    execute format(change, of_request, t.attempt(of_request));
    set local session_replication_role = origin;
    answer := t.start(of_request);
    return (answer -> 'error' ->> 'field') || ' ' || t.state(of_request) || ' '
        || t.attempt_state(of_request);
end
$$;
select is(t.loses('update person set disabled_at = now() where login = ''t-noor'''),
    'quorum pending cancelled', 'the reviewer was disabled');
update person set disabled_at = null where id = t.id('noor');
select is(t.loses('update person set roles = ''{analyst}'' where login = ''t-noor'''),
    'quorum pending cancelled', 'the reviewer lost the role');
update person set roles = '{reviewer}' where id = t.id('noor');
select is(t.loses('delete from team_member where person_id = t.id(''noor'')'),
    'quorum pending cancelled', 'the reviewer left the team');
insert into team_member select t.id('noor'), m.team_id from team_member m
    where m.person_id = t.id('mia');
select is(t.loses('update revision set code = ''print(666)'' where request_id = %1$s'),
    'digest pending cancelled', 'the stored code was changed');
select is(t.loses('update revision set wall_ms = 31000 where request_id = %1$s'),
    'digest pending cancelled', 'a stored limit was changed');
select is(t.loses('update revision set image = ''other'' where request_id = %1$s'),
    'digest pending cancelled', 'the image was changed');
select is(t.loses('update revision set retry_safe = true where request_id = %1$s'),
    'digest pending cancelled', 'retry_safe was changed');
select is(t.loses('update decision set verdict = ''reject'' where request_id = %1$s'),
    'quorum pending cancelled', 'the decision was changed');
select is(t.loses('update decision set bundle_sha256 = sha256(''x'') where request_id = %1$s'),
    'quorum pending cancelled', 'the decision is about other bytes');
select is(t.loses('update decision set reviewer_id = t.id(''mia'') where request_id = %1$s'),
    'quorum pending cancelled', 'the decision is the author''s');
select is(t.loses('update request set author_id = t.id(''noor'') where id = %1$s'),
    'quorum pending cancelled', 'the reviewer turned out to be the author');
select is(t.loses('update attempt set valid_until = now() - interval ''1 s'' where id = %2$s'),
    'expired expired cancelled', 'the approval is too old');
select is(t.loses('update attempt set cancel_requested_at = now() where id = %2$s'),
    'cancelled cancelled cancelled', 'it was cancelled');
select is(t.loses('update request set round = 2 where id = %1$s'),
    'revision pending cancelled', 'another round of review has begun');

-- SQL by hand can not get past it either.
select t.submit('mia') as r \gset
select throws_ok(format($$ insert into attempt (request_id, revision, round, backend, not_before,
    valid_until) values (%s, 1, 1, 'local', now(), now() + interval '1 day') $$, :r), 'CS001', null,
    'no attempt without an approval');
select t.at('claimed') as r \gset
update person set disabled_at = now() where id = t.id('noor');
select throws_ok(format($$ update attempt set state = 'starting' where id = %s $$, t.attempt(:r)),
    'CS001', null, 'no start without a valid approval');
update person set disabled_at = null where id = t.id('noor');
select throws_ok(format($$ update attempt set fence = fence + 1 where id = %s $$, t.attempt(:r)),
    'CS002', null, 'no other fence without a claim');
select t.at('unknown') as r \gset
select throws_ok(format($$ update request set state = 'running' where id = %s $$, :r), 'CS002',
    null, 'no second run of what is not safe to repeat');

-- Giving back.
select t.at('claimed') as r \gset
select is(t.call('release_attempts', t.held(:r, '{"reason": "drain"}')) ->> 'state', 'ready',
    'a claim can be given back');
select is(release_pause_ms('{}', 1), 500::bigint, 'what was given back waits for half a second');
select is(release_pause_ms('{"retry_after_ms": 0}', 9), 15000::bigint, 'later for 15 at most');
select is(release_pause_ms('{"retry_after_ms": 1e12}', 1), 600000::bigint,
    'and for ten minutes at most when it was asked for');
select is((select worker_id from attempt where id = t.attempt(:r)), null, 'it is nobody''s then');
select is((select count(*) from cost_span where request_id = :r), 0::bigint,
    'and what made no sandbox has no cost');
select t.at('starting') as r \gset
select is(t.code(t.call('release_attempts', t.held(:r, '{"not_started": false}'))), 'wrong_state',
    'once code may have left it can not');
select t.held(:r) as old \gset
select is(t.call('release_attempts', t.held(:r, '{"not_started": true}')) ->> 'state', 'ready',
    'unless the worker itself wrote too little');
update attempt set not_before = now() where id = t.attempt(:r);
select is(t.claim(:v, :r), 2::bigint, 'the next claim has the next fence');
select is(t.code(t.call('start_attempts', :'old')), 'stale', 'the old holder is out');
select is(t.code(t.call('finish_attempts', :'old'::jsonb || '{"outcome": "succeeded"}')), 'stale',
    'and can not finish');
select is(attempt_standing(t.attempt(:r), 1), null, 'its standing is gone');
select is(attempt_standing(t.attempt(:r), 2) - 'lease_left_ms',
    jsonb_build_object('state', 'claimed', 'worker_id', :v), 'the new holder''s is there');
select throws_ok(format('select output_chunk_put(%s, 1, 1, 0, ''x'')', t.attempt(:r)), 'CS001',
    null,
    'nor store output');

-- Heartbeats.
select t.at('running') as r \gset
select worker_id as h from attempt where id = t.attempt(:r) \gset
update attempt set lease_until = clock_timestamp() + interval '5 seconds' where id = t.attempt(:r);
select heartbeat(:h, jsonb_build_array(t.held(:r), '{"id": 1, "fence": 77}'::jsonb), 30000, 3)
    as beat \gset
select is(:'beat'::jsonb -> 'attempts' -> 0, jsonb_build_object('id', t.attempt(:r), 'ok', true,
    'cancel', false), 'a heartbeat renews');
select is(:'beat'::jsonb -> 'attempts' -> 1 -> 'ok', 'false', 'and says what is not ours');
select ok((select lease_until > clock_timestamp() + interval '20 seconds' from attempt where id
    = t.attempt(:r)),
    'the lease is longer');
select is((select running from worker where id = :h), 3, 'the worker says how much it does');
select is(t.call('cancel_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :r))
    - 'event', jsonb_build_object('id', :r, 'state', 'running', 'cancelling', true),
    'what runs is told to stop');
select is(heartbeat(:h, jsonb_build_array(t.held(:r)), 30000, 1) -> 'attempts' -> 0 -> 'cancel',
    'true', 'the next heartbeat brings it');
select is(sweep(:h, 10) -> 'cancel', 'true', 'and the sweep too');
select t.lease_ends(:r) as x \gset
select is(heartbeat(:h, jsonb_build_array(t.held(:r)), 30000, 1) -> 'attempts' -> 0 -> 'ok',
    'false', 'a lease that ended is not renewed');
select is(t.finish(:r, 'cancelled') ->> 'request_state', 'cancelled', 'it ends as cancelled');

-- Told to stop after the start, and then the code did not leave after all.
select t.at('starting') as r \gset
select t.call('cancel_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :r)) as x \gset
select is(t.call('release_attempts', t.held(:r, '{"not_started": true, "reason": "refused"}'))
    ->> 'state', 'cancelled', 'what was cancelled is not tried again');
select is(array[t.state(:r), t.attempt_state(:r)], '{cancelled,cancelled}',
    'request and attempt are cancelled');
select ok(t.whole(:r), 'and the chain is whole');

-- Many at once: each element for itself.
select t.at('claimed') as a \gset
select t.at('claimed') as b \gset
select t.at('running') as c \gset
create function t.codes(batch text, items jsonb) returns text[] language plpgsql as $$
declare
    codes text[];
begin
    execute format('select array_agg(t.code(s.result) order by s.n) from cs.%I($1) s', batch)
        into codes using items;
    return codes;
end
$$;
select is(t.codes('start_attempts', jsonb_build_array(t.held(:a), t.held(:a), t.held(:c),
    t.held(:b, '{"fence": 9}'), t.held(:b))), '{ok,conflict,wrong_state,stale,ok}',
    'one that may not start holds up no other, and none starts twice');
select is((select array_agg(t.attempt_state(r) order by r) from unnest(array[:a, :b]::bigint[]) r),
    '{starting,starting}', 'both have started');
select is((select count(*) from audit_event e where e.entity_id in (:a, :b)
    and e.event = 'attempt.start'), 2::bigint, 'with a row each');
select is(t.codes('mark_attempts_running', jsonb_build_array(t.held(:a), t.held(:a), t.held(:c))),
    '{ok,conflict,ok}', 'nor does any run twice');
select is(t.codes('finish_attempts', jsonb_build_array(
    t.held(:a, '{"outcome": "succeeded", "exit_code": "none"}'), t.held(:b,
    '{"outcome": "succeeded", "exit_code": 0}'), t.held(:c, '{"outcome": "gone"}'))),
    '{invalid_field,ok,invalid_field}', 'an end that makes no sense spoils no other');
select is(array[t.attempt_state(:a), t.attempt_state(:b), t.attempt_state(:c)],
    '{running,succeeded,running}', 'nothing of it was written');
select is(t.codes('finish_attempts', jsonb_build_array(t.held(:a, '{"outcome": "failed"}'),
    t.held(:a, '{"outcome": "succeeded"}'), t.held(:c, '{"outcome": "unknown"}'))),
    '{ok,conflict,ok}', 'the first end counts');
select ok(t.whole(:a) and t.whole(:b) and t.whole(:c), 'and all chains are whole');
select throws_ok($$ select * from start_attempts((select jsonb_agg('{}'::jsonb)
    from generate_series(1, 51))) $$, '54000', null, 'a batch has 50 elements at most');

-- Short output comes with the end.
create function t.with_data(n int, chunk int, data text, whole text) returns jsonb language sql
    return jsonb_build_object('n', n, 'kind', 'stdout', 'name', '', 'mime', 'text/plain',
        'chunk', chunk, 'data', encode(data::bytea, 'base64'), 'bytes', length(whole),
        'sha256', encode(sha256(whole::bytea), 'hex'));
select t.at('running') as r \gset
select output_chunk_put(t.attempt(:r), 1, 2, 0, 'ab') as x \gset
select is(t.code(t.finish(:r, 'succeeded', jsonb_build_object('items', jsonb_build_array(
    t.with_data(1, 0, 'xy', 'xz'))))), 'conflict', 'its digest must match as well');
select is(t.code(t.finish(:r, 'succeeded', jsonb_build_object('items', jsonb_build_array(
    t.with_data(1, 1, 'xy', 'xy'))))), 'conflict', 'and no chunk may be missing before it');
select is(t.code(t.finish(:r, 'succeeded', jsonb_build_object('items', jsonb_build_array(
    t.with_data(2, 0, 'cd', 'cd'))))), 'conflict', 'nor does it take the place of one');
select is((select count(*) from output_chunk c where c.attempt_id = t.attempt(:r)), 1::bigint,
    'nothing of it stays');
select is(t.code(t.finish(:r, 'succeeded', jsonb_build_object('items', jsonb_build_array(
    t.with_data(1, 0, 'xy', 'xy'), t.with_data(2, 1, 'cd', 'abcd'))))), 'ok', 'then it is stored');
select is((select string_agg(convert_from(c.data, 'UTF8'), ',' order by c.item, c.n)
    from output_chunk c where c.attempt_id = t.attempt(:r)), 'xy,ab,cd', 'in its place');
select is((select sum(bytes) from output_item where attempt_id = t.attempt(:r)), 6::numeric,
    'with the size of all of it');

-- What can not be read is not allowed: a revision that somebody took away.
select t.at('claimed') as r \gset
select t.held(:r, '{"bundle_sha256": null}') as item \gset
set local session_replication_role = replica;
delete from revision where request_id = :r;
set local session_replication_role = origin;
select is((select f.why from attempt_faults(array[t.attempt(:r)], true) f), 'digest',
    'nothing says that it may run');
select is((select f.error -> 'error' ->> 'field' || f.refused from start_faults(array(
    select h from attempts_held(jsonb_build_array(:'item'::jsonb), '{claimed}') h)) f),
    'digesttrue', 'so its start is refused');
select ok(t.call('start_attempts', :'item'::jsonb) ? 'error', 'and does not happen');

-- A second run that is cancelled before anybody said that it runs.
select t.at('starting', '{"retry_safe": true}') as r \gset
select t.finish(:r, 'unknown') as x \gset
select is(t.attempt_state(:r), 'ready', 'what is safe to run twice is tried again');
update attempt set not_before = clock_timestamp() where id = t.attempt(:r);
select t.claim(:w, :r) as x \gset
select t.start(:r) as x \gset
select t.finish(:r, 'cancelled') ->> 'request_state' as answer \gset
select is(t.state(:r), 'cancelled', 'it ran, and was cancelled');
select is(:'answer', t.state(:r), 'what is answered is what is stored');

-- Outputs and the end.
select t.at('running') as r \gset
select output_chunk_put(t.attempt(:r), 1, 1, 0, 'ab') as x \gset
select output_chunk_put(t.attempt(:r), 1, 1, 1, 'cd') as x \gset
select ok(output_chunk_put(t.attempt(:r), 1, 1, 1, 'cd'), 'the same chunk may come twice');
select throws_ok(format('select output_chunk_put(%s, 1, 1, 1, ''xx'')', t.attempt(:r)), 'CS001',
    null, 'but not with other bytes');
select throws_ok(format('select output_chunk_put(%s, 7, 1, 2, ''x'')', t.attempt(:r)), 'CS001',
    null, 'nor under another fence');
select throws_ok(format('select output_chunk_put(%s, 1, 1, 2, '''')', t.attempt(:r)), 'CS001',
    null, 'nor empty');
create function t.item(text, bigint) returns jsonb language sql return jsonb_build_object('items',
    jsonb_build_array(jsonb_build_object('n', 1, 'kind', 'stdout', 'name', '', 'mime', 'text/plain',
    'bytes', $2, 'sha256', encode(sha256($1::bytea), 'hex'))));
select is(t.code(t.finish(:r, 'succeeded', t.item('abce', 4))), 'conflict', 'a digest must match');
select is(t.code(t.finish(:r, 'succeeded', t.item('abcd', 5))), 'conflict', 'and the size');
select is(t.attempt_state(:r), 'running', 'until then it runs');
select is(t.code(t.finish(:r, 'exploded')), 'invalid_field', 'there are five outcomes');
select t.finish(:r, 'succeeded', t.item('abcd', 4) || '{"duration_ms": 12, "cost":
    {"kind": "sandbox", "provider": "local", "seconds": 0.012, "nano_usd": 0}}') as done \gset
select is(:'done'::jsonb - 'event', jsonb_build_object('id', t.attempt(:r), 'state', 'succeeded',
    'request_state', 'succeeded'), 'then it has succeeded');
select is(t.finish(:r, 'succeeded') - 'event', :'done'::jsonb - 'event',
    'the same end may come twice');
select is(t.code(t.finish(:r, 'failed')), 'wrong_state', 'another end may not');
select is((select row(provider, seconds, nano_usd)::text from cost_span where request_id = :r),
    '(local,0.012,0)', 'the cost is there');
select is((select count(*) from output_item where attempt_id = t.attempt(:r)), 1::bigint,
    'and what it handed back');
select is(output_chunk_get(:r, t.id('mia'), 1, null, 1), 'cd'::bytea, 'the author reads it');
select throws_ok(format('select output_chunk_get(%s, %s, 1, null, 0)', :r, t.id('max')), 'CS001',
    null, 'another analyst does not');
select t.at('starting') as r \gset
select is(t.finish(:r, 'failed', '{"error_name": "ZeroDivisionError"}') ->> 'request_state',
    'failed', 'a run may end before anybody said that it runs');
select is((select array_agg(e.to_state order by e.entity_seq) from audit_event e
    where e.entity = 'request' and e.entity_id = :r and e.subject = 'attempt'),
    '{ready,claimed,starting,running,failed}', 'it passed every state all the same');
select t.at('running') as r \gset
select is(t.finish(:r, 'timed_out') ->> 'request_state', 'failed', 'out of time is failed');
select ok(t.whole(:r), 'the chain holds to the end');

-- Lost, and evidence that comes late.
select t.at('unknown') as r \gset
select is(t.state(:r), 'outcome_unknown', 'a lost outcome is shown as such');
select is(t.finish(:r, 'unknown') ->> 'request_state', 'outcome_unknown', 'again, too');
select is(t.finish(:r, 'succeeded') ->> 'request_state', 'succeeded',
    'evidence of the same fence settles it');
select t.submit('both') as r \gset
select t.decide('noor', :r, 'approve') as x \gset
select t.claim(:w, :r) as x \gset
select t.start(:r) as x \gset
select t.finish(:r, 'unknown') as x \gset
select is(t.code(t.call('settle_requests', jsonb_build_object('actor', t.actor('both'), 'id', :r,
    'outcome', 'failed', 'note', 'n'))), 'own_request', 'nobody settles an own request');

select * from finish();
rollback;
