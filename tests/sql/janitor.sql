-- Sandboxes that nobody owns; pauses by admins; what each may see of the fleet.
\ir setup.psql
select plan(48);
select t.worker() as w \gset

-- Whether a sandbox with the label of this attempt and fence would be taken away.
create function t.orphaned(attempt_id bigint, fence bigint, grace_ms bigint default 0)
    returns bool language sql as $$
    select cs.orphans(jsonb_build_array(jsonb_build_object('attempt', $1, 'fence', $2,
        'remote_id', 'sb-x', 'age_ms', 5)), grace_ms) ? 'sb-x' $$;
create function t.orphaned_at(state text) returns bool language plpgsql as $$
declare
    r bigint := t.at(state, '{"backend": "daytona", "image": "i"}');
begin
    return t.orphaned(t.attempt(r), 1);
end
$$;
create function t.lost(more jsonb default '{}') returns bigint language plpgsql as $$
declare
    r bigint := t.approved('{"backend": "daytona", "image": "i"}' || more);
begin
    perform t.claim(t.worker(), r);
    perform t.call('start_attempts', t.held(r, '{"remote": {"sandbox": "sb-x"}}'));
    perform t.lease_ends(r);
    perform cs.sweep(0, 10000);
    return r;
end
$$;
select ok(not t.orphaned_at('claimed'), 'what a claim made is needed');
select ok(not t.orphaned_at('starting'), 'so it is at the start');
select ok(not t.orphaned_at('running'), 'and while it runs');
select ok(t.orphaned_at('unknown'), 'a lost run that nobody can find again needs none');
select ok(t.orphaned_at('ready'), 'nor does a run before its claim');
select ok(t.orphaned(4611686018427387904, 1), 'nor an attempt that there never was');
select t.at('running') as r \gset
select ok(t.orphaned(t.attempt(:r), 2), 'nor a fence that there never was');
select t.at('claimed') as r \gset
select t.call('release_attempts', t.held(:r, '{"reason": "x"}')) as x \gset
select ok(t.orphaned(t.attempt(:r), 1), 'what was given back left its sandbox');
update attempt set not_before = now() where id = t.attempt(:r);
select t.claim(:w, :r) as x \gset
select ok(t.orphaned(t.attempt(:r), 1), 'so did the fence before');
select ok(not t.orphaned(t.attempt(:r), 2), 'not the fence of now');
select t.at('running') as r \gset
select t.finish(:r, 'succeeded') as x \gset
select ok(not t.orphaned(t.attempt(:r), 1, 10000),
    'what has just ended is left to its own worker');
select ok(t.orphaned(t.attempt(:r), 1, 0), 'but not for ever');
select t.lost() as r \gset
select ok(not t.orphaned(t.attempt(:r), 1), 'a lost run that may be found again needs its sandbox');
select * from adopt_attempts(:w, '{daytona}', 30000, 50) \g /dev/null
select ok(not t.orphaned(t.attempt(:r), 1), 'while it is adopted, too');
update attempt set adopt_until = clock_timestamp() - interval '1 second' where id = t.attempt(:r);
select ok(not t.orphaned(t.attempt(:r), 1), 'as long as somebody watches');
select t.lease_ends(:r) as x \gset
select ok(t.orphaned(t.attempt(:r), 1), 'not when nobody does and its time is over');
select t.lost() as r \gset
select t.call('settle_requests', jsonb_build_object('actor', t.actor('noor'), 'id', :r,
    'outcome', 'failed', 'note', 'n')) as x \gset
select ok(t.orphaned(t.attempt(:r), 1), 'what a person settled needs none');
select t.lost('{"retry_safe": true}') as r \gset
select t.attempt(:r) as first \gset
update attempt set adopt_until = clock_timestamp() - interval '1 second' where id = :first;
select sweep(0, 10000) as x \gset
select ok(t.orphaned(:first, 1), 'nor does a run that is tried again');
select is(orphans('[]', 0), '[]', 'no sandboxes, no orphans');
select is(orphans('[{"attempt": 999999999, "fence": 1}, {"remote_id": "a"}, {"attempt": null,
    "fence": 2, "remote_id": "b"}]', 0), '["a", "b"]', 'labels that name no attempt own nothing');
select is(jsonb_array_length(orphans((select jsonb_agg(jsonb_build_object('attempt', 900000000 + i,
    'fence', 1, 'remote_id', i::text)) from generate_series(1, 2000) i), 0)), 2000,
    'thousands at once');

-- Counted.
select is(janitor_deleted(:w, 'daytona', 3), true, 'what was deleted is counted');
select is(janitor_deleted(:w, 'daytona', 2), true, 'and added up');
select is(janitor_deleted(:w, 'e2b', 0), false, 'nothing is not');
select is((select j.deleted from janitor j where j.backend = 'daytona'), 5::bigint, 'in one sum');
select is((select m -> 'value' from jsonb_array_elements(metrics() -> 'janitor_deleted_total') m
    where m ->> 'backend' = 'daytona'), '5', 'that the metrics tell');
select is((select array_agg(deleted order by ts) from audit.deleted_sandboxes where backend =
    'daytona'), '{3,2}', 'and auditors see each');
select is((select m -> 'value' from jsonb_array_elements(metrics() -> 'backend_attempts') m
    where m ->> 'backend' = 'daytona' and m ->> 'state' = 'starting'), '1',
    'attempts are counted by backend');

-- Pauses over the api.
create function t.pauses(login text, item jsonb) returns text language plpgsql as $$
begin
    perform cs.pause_set(t.actor(login), item);
    return 'ok';
exception when sqlstate 'CS001' then
    return substring(sqlerrm, '^\S+');
end
$$;
create function t.resumes(login text, scope text) returns text language plpgsql as $$
declare
    code text;
begin
    perform cs.pause_clear(t.actor(login), scope);
    return 'ok';
exception when sqlstate 'CS001' then
    get stacked diagnostics code = pg_exception_detail;
    return code;
end
$$;
create function t.team(name text) returns text language sql stable
    return (select 'team:' || x.id from cs.team x where x.name = $1);
select isnt(t.pauses('mia', '{"scope": "all"}'), 'ok', 'an analyst does not pause');
select isnt(t.pauses('noor', '{"scope": "all"}'), 'ok', 'nor a reviewer');
select is(t.pauses('eva', '{"scope": "all", "reason": "audit"}'), 'ok', 'an admin does');
select is((select row(reason, set_by)::text from audit.pauses where scope = 'all'), '(audit,t-eva)',
    'by name, with the reason');
select is(t.pauses('root', '{"scope": "all", "reason": "still"}'), 'ok', 'another one may go on');
select is((select count(*) from pause), 1::bigint, 'it is one pause');
select is(t.pauses('eva', '{"scope": "backend:e2b"}'), 'ok', 'a backend');
select is(t.pauses('eva', jsonb_build_object('scope', t.team('Other team'))), 'ok', 'a team');
select is(array_agg(t.pauses('eva', jsonb_build_object('scope', s)) <> 'ok'),
    array_fill(true, '{10}'),
    'nothing else is paused')
from unnest(array['', 'ALL', 'team:', 'team:999999999', 'team:1x', 'team:-1', 'backend:moon',
    'backend:', 'all ', 'backend:local; drop']) s;
select isnt(t.pauses('eva', jsonb_build_object('scope', 'all', 'reason', repeat('x', 501))), 'ok',
    'nor for reasons without an end');
select isnt(t.pauses('eva', '{}'), 'ok', 'a scope is needed');
select is((select jsonb_agg(p -> 'scope' order by p -> 'scope')
    from jsonb_array_elements(fleet(t.id('mia')) -> 'pauses') p), '["all", "backend:e2b"]',
    'everybody sees the pauses, but not those of other teams');
select is(jsonb_array_length(fleet(t.id('root')) -> 'pauses'), 3, 'admins see all');
select is(t.resumes('mia', 'all'), 'wrong_role', 'an analyst ends none');
select is(t.resumes('eva', 'all'), 'ok', 'an admin does');
select is(t.resumes('eva', 'all'), 'not_found', 'once');
select is(t.resumes('eva', 'moon'), 'invalid_field', 'of what there is');
select is((select array_agg(actor || ' ' || event order by id) from audit.audit_logs
    where entity = 'system' and body ->> 'scope' = 'all'),
    '{"t-eva pause.set","t-root pause.set","t-eva pause.clear"}', 'each is in the trail');

-- The fleet.
select t.approved() as r \gset
select t.worker() as v \gset
select t.claim(:v, :r) as x \gset
create function t.sees(login text, of_worker bigint) returns text language sql stable return (
    select (w -> 'attempts' #>> '{0,request_id}') || ' ' || (w ->> 'attempts_hidden')
    from jsonb_array_elements(cs.fleet(t.id(login)) -> 'workers') w
    where (w ->> 'id')::bigint = of_worker);
select is(array[t.sees('mia', :v), t.sees('noor', :v), t.sees('root', :v), t.sees('max', :v),
    t.sees('stranger', :v)], array[:r || ' 0', :r || ' 0', :r || ' 0', null, null],
    'who may see a request sees where it runs');
select is((select w -> 'attempts_hidden'
    from jsonb_array_elements(fleet(t.id('max')) -> 'workers') w
    where (w ->> 'id')::bigint = :v), '1', 'the others see that something does');

select * from finish();
rollback;
