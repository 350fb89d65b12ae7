-- Two at once, each over a connection of its own. What they commit stays, under names that no
-- other test and no other run uses.
-- Proves: T2
-- People of this transaction would keep the others from starting anything.
\set without_people
\ir setup.psql
-- The server connects to itself, and can not read the file that our own password is in.
\set password `sed -n 's/^.*:postgres://p' "$COUNTERSIGN_DATA/secrets/passfile" 2>/dev/null; true`
\set url `echo "$COUNTERSIGN_DB_SUPERUSER"`
select :'url' = '' as alone, :'url' || ' password=' || :'password' as url \gset
\if :alone
\set url 'host=' :HOST ' port=' :PORT ' user=' :USER ' dbname=' :DBNAME
\endif
select plan(47);
create extension dblink schema t;
select dblink_connect('a', :'url') as a, dblink_connect('b', :'url') as b,
       dblink_connect('c', :'url') as c \gset

create function t.login(name text) returns text language sql stable
    return 'race-' || pg_backend_pid() || '-' || name;
create function t.make(name text, role text) returns void language sql as $$
    select * from dblink('c', format('select cs.operator_person_add(%L)', jsonb_build_object(
        'login', 't-' || t.login(name), 'name', name, 'roles', array[role],
        'teams', array['Race team']))) x (person jsonb) $$;
select * from dblink('c', 'select cs.operator_team_add(''{"name": "Race team"}'')') x (team
    jsonb) \g /dev/null
select t.make('ann', 'analyst'), t.make('one', 'reviewer'), t.make('two', 'reviewer') \g /dev/null

-- A batched call on a connection: at once, or sent and answered later.
create function t.words(batch text, item jsonb) returns text language sql immutable
    return format('select result from cs.%I(%L)', batch, jsonb_build_array(item));
create function t.on(conn text, batch text, item jsonb) returns jsonb language sql as $$
    select result from dblink(conn, t.words(batch, item)) x (result jsonb) $$;
create function t.send(conn text, batch text, item jsonb) returns int language sql as $$
    select dblink_send_query(conn, t.words(batch, item)) $$;
create function t.answer(conn text) returns jsonb language plpgsql as $$
declare
    answer jsonb;
begin
    select result into answer from dblink_get_result(conn) x (result jsonb);
    perform * from dblink_get_result(conn) x (result jsonb);
    return answer;
end
$$;
-- Returns once a connection waits for a lock of another transaction.
create function t.waits(conn text) returns bool language plpgsql as $$
declare
    since timestamptz := clock_timestamp();
begin
    while clock_timestamp() < since + interval '30 seconds' loop
        perform pg_stat_clear_snapshot();
        if exists (select from pg_locks where not granted and pid <> pg_backend_pid()
                   and pid = (select s.pid from pg_stat_activity s
                              where s.application_name = 'race ' || pg_backend_pid() || conn)) then
            return true;
        end if;
        perform pg_sleep(0.005);
    end loop;
    return false;
end
$$;
select dblink_exec(k, format('set application_name = %L', 'race ' || pg_backend_pid() || k))
    from unnest(array['a', 'b']) k \g /dev/null

create function t.new_request() returns bigint language sql
    return (t.on('c', 'submit_requests', t.submission(t.login('ann'))) ->> 'id')::bigint;
create function t.decision(name text, request_id bigint, verdict text) returns jsonb
    language sql return t.signed(request_id) || jsonb_build_object('actor', t.actor(t.login(name)),
    'id', request_id, 'revision', 1, 'bundle_sha256', t.digest(request_id), 'verdict', verdict,
    'note', 'n');
create function t.new_approved() returns bigint language plpgsql as $$
declare
    of_request bigint := t.new_request();
begin
    perform t.on('c', 'decide_requests', t.decision('one', of_request, 'approve'));
    return of_request;
end
$$;
create function t.claims(conn text, request_id bigint) returns text language sql stable
    return format('select to_jsonb(count(*)) from cs.claim_attempts(%s, ''{%s}'', 30000)',
                  (select max(id) from cs.worker where name = t.login('w')), t.attempt(request_id));
select * from dblink('c', format('select cs.worker_hello(%L)', jsonb_build_object('name',
    t.login('w'), 'version', '1', 'slots', 1, 'backends',
    '{"local": {"isolation": "namespaces"}, "daytona": {"isolation": "container"}}'::jsonb)))
    x (worker jsonb) \g /dev/null

-- The same Idempotency-Key twice at the same time, and afterwards.
select t.submission(t.login('ann'), '{"idempotency": {"key": "k1", "body_sha256": "aa"}}') as
    item \gset
select dblink_exec('a', 'begin') as x \gset
select t.on('a', 'submit_requests', :'item') as first \gset
select is(t.code(t.on('b', 'submit_requests', :'item')), 'idempotency_in_flight',
    'while the first is under way the second is told so');
select dblink_exec('a', 'commit') as x \gset
select t.on('b', 'submit_requests', :'item') as second \gset
select is(:'second'::jsonb ->> 'id', :'first'::jsonb ->> 'id',
    'afterwards it gets the same answer');
select is(:'second'::jsonb -> 'replayed', 'true', 'marked as such');
select ok(not :'second'::jsonb ? 'push', 'nothing is pushed again');
select is(t.code(t.on('b', 'submit_requests', :'item'::jsonb
    || '{"idempotency": {"key": "k1", "body_sha256": "bb"}}')), 'idempotency_key_reused',
    'the key with another body is refused');
select is((select count(*) from request where author_id = t.id(t.login('ann'))), 1::bigint,
    'there is one request');
select is(t.code(t.on('b', 'submit_requests', :'item'::jsonb || '{"code": "",
    "idempotency": {"key": "k2", "body_sha256": "aa"}}')), 'missing_field',
    'an error is no answer');
select is(t.code(t.on('b', 'submit_requests', :'item'::jsonb
    || '{"idempotency": {"key": "k2", "body_sha256": "aa"}}')), 'ok', 'that is kept');
select t.submission(t.login('ann'), '{"idempotency": {"key": "k3", "body_sha256": "aa"}}') as
    item \gset
select dblink_exec('a', 'begin') as x \gset
select t.on('a', 'submit_requests', :'item') as first \gset
select dblink_exec('a', 'rollback') as x \gset
select t.on('b', 'submit_requests', :'item') as second \gset
select isnt(:'second'::jsonb ->> 'id', :'first'::jsonb ->> 'id', 'what was rolled back never was');
select ok(not :'second'::jsonb ? 'replayed', 'so this is the first');

-- Approve and reject.
select t.new_request() as r \gset
select dblink_exec('a', 'begin') as x \gset
select t.on('a', 'decide_requests', t.decision('one', :r, 'approve')) ->> 'state' as s \gset
select t.send('b', 'decide_requests', t.decision('two', :r, 'reject')) as x \gset
select ok(t.waits('b'), 'the second decision waits for the first');
select dblink_exec('a', 'commit') as x \gset
select is(t.code(t.answer('b')), 'already_decided', 'and loses');
select is((select count(*) from decision where request_id = :r), 1::bigint, 'one decision');
select is(t.state(:r), 'approved', 'it is the winner''s');
select ok(t.whole(:r), 'the chain holds');
select t.new_request() as r \gset
select dblink_exec('a', 'begin') as x \gset
select t.on('a', 'decide_requests', t.decision('one', :r, 'approve')) as x \gset
select t.send('b', 'decide_requests', t.decision('two', :r, 'reject')) as x \gset
select t.waits('b') as x \gset
select dblink_exec('a', 'rollback') as x \gset
select is(t.answer('b') ->> 'state', 'rejected', 'when the first is lost the second wins');

-- A revision while somebody approves the one before.
select t.new_request() as r \gset
select dblink_exec('a', 'begin') as x \gset
select t.on('a', 'revise_requests', jsonb_build_object('actor', t.actor(t.login('ann')), 'id', :r,
    'revision', 1, 'verdict', t.verdict(), 'code', 'print(2)')) ->> 'revision' as x \gset
select t.send('b', 'decide_requests', t.decision('one', :r, 'approve')) as x \gset
select ok(t.waits('b'), 'the approval waits for the revision');
select dblink_exec('a', 'commit') as x \gset
select is(t.code(t.answer('b')), 'stale', 'and is stale');

-- Two claims of one attempt.
select t.new_approved() as r \gset
select dblink_exec('a', 'begin') as x \gset
select is((select n from dblink('a', t.claims('a', :r)) x (n jsonb)), '1', 'one claims');
select dblink_send_query('b', t.claims('b', :r)) as x \gset
select ok(t.waits('b'), 'the other waits');
select dblink_exec('a', 'commit') as x \gset
select is(t.answer('b'), '0', 'and gets nothing');

-- Cancelling while it starts, and starting while it is undone.
select dblink_exec('a', 'begin') as x \gset
select t.on('a', 'start_attempts', t.held(:r)) as started \gset
select is(:'started'::jsonb ->> 'ok', 'true', 'it starts');
select t.send('b', 'cancel_requests', jsonb_build_object('actor', t.actor(t.login('ann')),
    'id', :r)) as x \gset
select t.waits('b') as x \gset
select dblink_exec('a', 'commit') as x \gset
select is(t.answer('b') -> 'cancelling', 'true', 'a cancel that comes later only asks it to stop');
select t.new_approved() as r \gset
select n from dblink('c', t.claims('c', :r)) x (n jsonb) \g /dev/null
select t.held(:r) as item \gset
select dblink_exec('a', 'begin') as x \gset
select t.on('a', 'undo_decisions', jsonb_build_object('actor', t.actor(t.login('one')), 'id', :r))
    ->> 'state' as x \gset
select t.send('b', 'start_attempts', :'item') as x \gset
select ok(t.waits('b'), 'a start waits for the undo');
select dblink_exec('a', 'commit') as x \gset
select is(t.code(t.answer('b')), 'wrong_state', 'and is refused');
select is(t.state(:r), 'pending', 'the request waits for review again');
select ok(t.whole(:r), 'and its chain holds');

-- A start while somebody loses the right to approve, or while runs are paused, waits for that; and
-- who changes such things waits for a start.
create function t.new_claimed() returns bigint language plpgsql as $$
declare
    of_request bigint := t.new_approved();
begin
    perform n from dblink('c', t.claims('c', of_request)) x (n jsonb);
    return of_request;
end
$$;
create function t.roles(conn text, roles text) returns void language sql as $$
    select * from dblink(conn, format('select cs.operator_person_update(%L)', jsonb_build_object(
        'login', 't-' || t.login('one'), 'roles', array[roles]))) x (person jsonb) $$;
select t.new_claimed() as r \gset
select t.held(:r) as item \gset
select dblink_exec('a', 'begin') as x \gset
select t.roles('a', 'analyst') \g /dev/null
select t.send('b', 'start_attempts', :'item') as x \gset
select ok(t.waits('b'), 'a start waits for who takes the right to approve away');
select dblink_exec('a', 'commit') as x \gset
select is(t.answer('b') -> 'error' ->> 'field', 'quorum', 'and is refused');
select t.roles('c', 'reviewer') \g /dev/null
select t.new_claimed() as r \gset
select t.held(:r) as item \gset
select dblink_exec('a', 'begin') as x \gset
select dblink_exec('a', format('insert into cs.policy_version (version, note)
    select max(version) + 1, %L from cs.policy_version', 'race')) as x \gset
select t.send('b', 'start_attempts', :'item') as x \gset
select ok(t.waits('b'), 'a start waits for new rules');
select dblink_exec('a', 'rollback') as x \gset
select is(t.answer('b') ->> 'ok', 'true', 'and goes on when there are none');
select t.new_claimed() as r \gset
select dblink_exec('a', 'begin') as x \gset
select t.on('a', 'start_attempts', t.held(:r)) ->> 'ok' as x \gset
select dblink_send_query('b', format('select cs.operator_person_update(%L)', jsonb_build_object(
    'login', 't-' || t.login('one'), 'roles', array['analyst']))) as x \gset
select ok(t.waits('b'), 'who takes a right away waits for a start');
select dblink_exec('a', 'commit') as x \gset
select is(t.answer('b') ->> 'login', 't-' || t.login('one'), 'and is done then');
select t.roles('c', 'reviewer') \g /dev/null

-- Two workers adopt one lost run; a person settles it, a worker brings evidence.
create function t.new_lost(more jsonb) returns bigint language plpgsql as $$
declare
    of_request bigint;
begin
    of_request := (t.on('c', 'submit_requests', t.submission(t.login('ann'), more || '{"backend":
        "daytona", "image": "i"}')) ->> 'id')::bigint;
    perform t.on('c', 'decide_requests', t.decision('one', of_request, 'approve'));
    perform n from dblink('c', t.claims('c', of_request)) x (n jsonb);
    perform t.on('c', 'start_attempts', t.held(of_request, '{"remote": {"sandbox": "sb"}}'));
    perform t.on('c', 'finish_attempts', t.held(of_request, '{"outcome": "unknown",
        "reason": "lost"}'));
    return of_request;
end
$$;
create function t.adopts(request_id bigint) returns text language sql stable
    return format('select to_jsonb(count(*)) from cs.adopt_attempts(%s, %L, 30000, 50)
        where request_id = %s', (select max(id) from cs.worker where name = t.login('w')),
        '{daytona}', request_id);
select t.new_lost('{}') as r \gset
select dblink_exec('a', 'begin') as x \gset
select is((select n from dblink('a', t.adopts(:r)) x (n jsonb)), '1', 'one worker adopts');
select is((select n from dblink('b', t.adopts(:r)) x (n jsonb)), '0',
    'another one that comes at the same time does not, nor wait');
select dblink_exec('a', 'commit') as x \gset
select is((select n from dblink('b', t.adopts(:r)) x (n jsonb)), '0', 'nor afterwards');
select dblink_exec('a', 'begin') as x \gset
select t.on('a', 'settle_requests', jsonb_build_object('actor', t.actor(t.login('one')), 'id', :r,
    'outcome', 'failed', 'note', 'n')) ->> 'state' as x \gset
select t.send('b', 'finish_attempts', t.held(:r, '{"outcome": "succeeded"}')) as x \gset
select ok(t.waits('b'), 'evidence waits for a person who settles');
select dblink_exec('a', 'commit') as x \gset
select is(t.code(t.answer('b')), 'wrong_state', 'and comes too late');
select is(t.state(:r), 'failed', 'the person''s word stands');

-- While a worker adopts it, another one ends the offer and tries again: never both.
select t.new_lost('{"retry_safe": true}') as r \gset
select dblink_exec('a', 'begin') as x \gset
select n from dblink('a', t.adopts(:r)) x (n jsonb) \g /dev/null
select dblink_exec('b', 'begin') as x \gset
select n from dblink('b', 'select cs.sweep(0, 10000)') x (n jsonb) \g /dev/null
select dblink_exec('b', 'commit') as x \gset
select dblink_exec('a', 'commit') as x \gset
select is((select count(*) from attempt where request_id = :r), 1::bigint,
    'what is being adopted is not tried again');
select is((select n from dblink('c', format('select to_jsonb(cs.adoption_end(worker_id, id, fence,
    %L, true)) from cs.attempt where id = %s', 'gone', t.attempt(:r))) x (n jsonb)), 'true',
    'once its worker gives up');
select is((select count(*) from attempt where request_id = :r), 2::bigint, 'it is, once');

-- An event whose id was drawn first commits last: it is told all the same, and each once.
create function t.now_seen() returns text language sql as $$
    select s from dblink('c', 'select ret_seen from cs.events_now()') x (s text) $$;
create function t.told(since text, until text, after_id bigint default 0, most int default 500)
    returns bigint[] language sql as $$
    select array_agg((e ->> 'id')::bigint order by n) from dblink('c', format(
        'select row_number() over (), event::jsonb from cs.events_between(%s, %L, %L, %s)',
        after_id, since, until, most)) x (n bigint, e jsonb)
    where e ->> 'what' = 'request.submit' $$;
select t.now_seen() as s0 \gset
select dblink_exec('a', 'begin') as x \gset
select t.on('a', 'submit_requests', t.submission(t.login('ann'))) ->> 'id' as late \gset
select t.new_request() as early \gset
select t.now_seen() as s1 \gset
select is(t.told(:'s0', :'s1'), array[:early]::bigint[], 'what is not committed is not told');
select dblink_exec('a', 'commit') as x \gset
select t.new_request() as last \gset
select t.now_seen() as s2 \gset
select is(t.told(:'s1', :'s2'), array[:late, :last]::bigint[], 'it is, as soon as it is');
select is(t.told(:'s0', :'s2'), array[:late, :early, :last]::bigint[], 'everything is told once');
select is(t.told(:'s2', t.now_seen()), null, 'and nothing twice');
select is(t.told(:'s0', :'s2', most => 1), array[:late]::bigint[],
    'page by page when there is much');

select dblink_disconnect(k) from unnest(array['a', 'b', 'c']) k \g /dev/null
select * from finish();
rollback;
