-- What the second form of a bundle binds besides, and the first form of earlier releases.
-- Proves: T6 I1
\ir setup.psql
select plan(39);
create function t.bundle(request_id bigint) returns jsonb language sql stable
    return (select cs.bundle_json(v) from cs.request r join cs.revision v
            on v.request_id = r.id and v.revision = r.revision where r.id = $1);
create function t.terms(request_id bigint) returns text language sql stable
    return (select row(b ->> 'isolation', b ->> 'image_digest', b #>> '{limits,cpu_ms}',
                       b #>> '{limits,tmp_bytes}', b ->> 'max_attempts')::text
            from t.bundle($1) b);
create function t.submits(login text, more jsonb) returns text language plpgsql as $$
declare
    made bigint := t.submit(login, more);
begin
    return t.terms(made);
end
$$;
create function t.waits(request_id bigint) returns jsonb language sql stable
    return cs.request_get(request_id, t.id('mia')) -> 'waiting';

-- Asked for by nobody, bound all the same.
select t.submit('mia') as r \gset
select is(t.terms(:r), '(namespaces,"",120000,67108864,1)', 'a local run, measured by nobody yet');
select is(t.bundle(:r) -> 'team_id', (select to_jsonb(team_id) from request where id = :r),
    'of its team');
select is(t.submits('mia', '{"retry_safe": true, "limits": {"cpu_ms": 500,
    "tmp_bytes": 1048576}}'), '(namespaces,"",500,1048576,3)', 'limits that were asked for');
select is(t.submits('mia', '{"backend": "e2b", "image": "tpl"}'), '(vm,"",0,0,1)',
    'at a service its template says what there is');
select is(t.submits('mia', '{"backend": "daytona", "image": "snap"}'),
    '(container,"",0,0,1)', 'at the other, too');
select is(t.call('submit_requests', t.submission('mia', jsonb_build_object('backend', 'e2b',
    'image', 'tpl', 'limits', jsonb_build_object(l.name, 1048576)))) #>> '{error,field}',
    'limits.' || l.name, l.name || ' is nothing to ask of a service')
    from unnest(array['cpu_ms', 'tmp_bytes']) l (name);
select is(t.call('submit_requests', t.submission('mia', jsonb_build_object('limits',
    jsonb_build_object(l.name, l.value)))) #>> '{error,field}', 'limits.' || l.name,
    l.name || ' may not be ' || l.value)
    from (values ('cpu_ms', 99), ('cpu_ms', 120001), ('tmp_bytes', 1048575),
        ('tmp_bytes', 67108865)) l (name, value);
select is(t.submits('mia', jsonb_build_object('max_limits', t.submission('mia') -> 'max_limits'
    #- array[l.name])), '(,,,,)', 'an api that says no ' || l.name || ' knows the first form alone')
    from unnest(array['cpu_ms', 'tmp_bytes']) l (name);

-- As if these terms had been approved.
create function t.as_if(assignment text, of_request bigint) returns void language plpgsql as $$
begin
    set local session_replication_role = replica;
    execute format('update revision set %s where request_id = %s', assignment, of_request);
    update revision set bundle_sha256 = bundle_digest(request_id, revision)
        where request_id = of_request;
    update decision set bundle_sha256 = bundle_digest(request_id, revision)
        where request_id = of_request;
    set local session_replication_role = origin;
end
$$;
create function t.first() returns text language sql immutable return 'team_id = null,
    isolation = null, image_digest = null, cpu_ms = null, tmp_bytes = null, max_attempts = null';

-- The packages: what most workers measured.
create function t.measures(digest text) returns bigint language sql
    return (cs.worker_hello(jsonb_build_object('name', 'w', 'version', '1', 'slots', 4, 'backends',
        jsonb_build_object('local', jsonb_build_object('ready', true, 'isolation',
        'namespaces', 'image_digest', digest))))
        ->> 'worker_id')::bigint;
select t.measures('aa') as w, t.measures('aa') as u, t.measures('bb') as v \gset
select t.approved() as r \gset
select is(t.bundle(:r) ->> 'image_digest', 'aa', 'what most workers have');
select is(t.claim(:v, :r), null, 'a worker with other packages gets none of it');
select is(t.waits(:r), 'null', 'while others have them, nothing is in its way');
select worker_bye(:u), worker_report(:w, '{"local": {"ready": true,
    "isolation": "namespaces", "image_digest": "cc"}}')
    \g /dev/null
select is(t.claim(:w, :r), null, 'nor one that has others now');
select is(t.waits(:r) ->> 'reason', 'other_sandbox', 'and the page says why it waits');
update attempt set not_before = now() - interval '2 minutes' where id = t.attempt(:r);
select ok(not (select s.ret_ready @> jsonb_build_array(jsonb_build_object('id', t.attempt(:r)))
    from sweep_ready(:w, 1000, '{}') s), 'it takes no place among what such a worker could claim');
select ok((select backend_is_away(a, :w, '{}') from attempt a where a.id = t.attempt(:r)),
    'and what would rather fail than wait need not');
select worker_report(:v, '{"local": {"ready": true, "isolation": "vm", "image_digest": "aa"}}')
    as x \gset
select is(t.claim(:v, :r), null, 'nor one that keeps it apart in another way');
select worker_report(:v, '{"local": {"ready": true, "isolation": "namespaces", "image_digest":
    "aa"}}') as x \gset
select is(t.claim(:v, :r), 1::bigint, 'who has them takes it');
select worker_bye(:v), worker_bye(:w) \g /dev/null
select (worker_hello('{"name": "w", "version": "1", "slots": 4, "backends": {"local": {"ready":
    true}}}') ->> 'worker_id')::bigint as w \gset
select t.approved() as r \gset
select is(t.claim(:w, :r), null, 'a worker of an earlier release would not know what it reads');
select t.as_if(t.first(), :r) as x \gset
select is(t.claim(:w, :r), 1::bigint, 'but does what it always did');
select worker_bye(:w) \g /dev/null

-- The team: approvers of one team let nothing run for another.
select t.at('claimed') as r \gset
set local session_replication_role = replica;
update request set team_id = 0 where id = :r;
set local session_replication_role = origin;
select is((select f.why from attempt_faults(array[t.attempt(:r)], false) f), 'digest',
    'a request that was moved to another team');

-- How often it is tried.
create function t.lost(of_request bigint) returns int language plpgsql as $$
begin
    for n in 1 .. 4 loop
        exit when t.attempt_state(of_request) <> 'ready';
        update attempt set not_before = clock_timestamp() where id = t.attempt(of_request);
        perform t.claim(t.worker(), of_request);
        perform t.start(of_request);
        perform t.finish(of_request, 'unknown');
    end loop;
    return (select count(*) from attempt a where a.request_id = of_request);
end
$$;
select is(t.lost(t.approved()), 1, 'once');
select t.approved('{"retry_safe": true}') as r \gset
select is(t.lost(:r), 3, 'or three times, when that is safe');
select t.approved('{"retry_safe": true}') as r \gset
select t.as_if('max_attempts = 2', :r) as x \gset
select is(t.lost(:r), 2, 'as the approval says');

-- The first form: nothing of it changes.
select t.approved('{"retry_safe": true}') as r \gset
select t.as_if(t.first(), :r) as x \gset
select is(t.bundle(:r) ->> 'format', 'countersign-bundle-v1', 'it is shown as what it is');
select is(array(select jsonb_object_keys(t.bundle(:r)) intersect select unnest(array['team_id',
    'isolation', 'image_digest', 'max_attempts'])), '{}', 'with no words that nobody approved');
select is(array(select jsonb_object_keys(t.bundle(:r) -> 'limits') order by 1), array['file_bytes',
    'files', 'memory_bytes', 'output_bytes', 'pids', 'wall_ms'], 'and no limits');
select is(t.lost(:r), 3, 'it runs, as often as it did');
select t.approved() as r \gset
select t.as_if(t.first(), :r) as x \gset
select t.measures('aa') as w \gset
select is(t.claim(:w, :r), 1::bigint, 'whatever packages a worker has');
select worker_bye(:w) \g /dev/null
select is(t.code(t.start(:r)), 'ok', 'a worker of today starts it');
select t.finish(:r, 'succeeded') as x \gset
select t.call('run_again', jsonb_build_object('actor', t.actor('mia'), 'id', :r,
    'max_limits', t.submission('mia') -> 'max_limits')) ->> 'id' as r \gset
select is(t.terms(:r),
    '(namespaces,"",120000,67108864,1)', 'run again, it is bound whole');
select t.submit('mia') as r \gset
select t.as_if(t.first(), :r) as x \gset
select t.call('revise_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :r,
    'revision', 1, 'verdict', t.verdict(), 'code', 'print(2)', 'max_limits',
    t.submission('mia') -> 'max_limits')) as x \gset
select is(t.terms(:r) || (t.bundle(:r) ->> 'format'),
    '(namespaces,"",120000,67108864,1)countersign-bundle-v2', 'and so is its next version');

-- In the second form what is missing is not taken for the first.
select t.submit('mia') as r \gset
select isnt(sha256(bundle_encode(v)), sha256(bundle_encode(jsonb_populate_record(v,
    jsonb_build_object(c.name, null)))), c.name || ' can not be left out')
    from revision v, unnest(array['isolation', 'cpu_ms', 'max_attempts']) c (name)
    where v.request_id = :r;

select * from finish();
rollback;
