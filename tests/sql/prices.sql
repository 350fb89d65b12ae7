-- What runs at services cost: exact, of their day, never 0 for what is not known.
-- Proves: I7
\ir setup.psql
select plan(42);

-- The price of a run of 10 seconds by what it had.
create function t.price(cost jsonb) returns text language plpgsql as $$
declare
    r bigint := t.at('running', '{"backend": "e2b", "image": "tpl"}');
begin
    perform t.finish(r, 'succeeded', jsonb_build_object('cost', '{"provider": "e2b", "model": "tpl",
        "kind": "sandbox", "seconds": 10}' || cost));
    return (select coalesce(c.nano_usd::text,
    'unknown') from cs.cost_span c where c.request_id = r);
end
$$;
select is(t.price('{"cpu": 2, "memory_mib": 512}'), '302500', 'E2B asks for processors and memory');
select is(t.price('{"cpu": 2, "memory_mib": 512, "disk_gib": 10}'), '302500',
    'its disk is included');
select is(t.price('{"cpu": 2, "memory_mib": 512, "seconds": 0.001}'), '31',
    'fractions of a billionth are rounded up');
select is(t.price('{"cpu": 0.5, "memory_mib": 1024}'), '115000', 'half a processor is half');
select is(t.price('{"provider": "daytona", "cpu": 1, "memory_mib": 1024, "disk_gib": 3}'),
    '185900', 'Daytona asks for disk, too');
select is(t.price('{"provider": "daytona", "cpu": 1, "memory_mib": 1024}'), 'unknown',
    'which must be known then');
select is(t.price('{"cpu": 0, "memory_mib": 512}'), 'unknown', '0 processors are not known ones');
select is(t.price('{"memory_mib": 512}'), 'unknown', 'nor are missing ones');
select is(t.price('{"cpu": 2}'), 'unknown', 'nor is missing memory');
select is(t.price('{"cpu": 2, "memory_mib": 512, "seconds": null}'), 'unknown', 'nor missing time');
select is(t.price('{"cpu": 2, "memory_mib": 512, "seconds": 0}'), '0',
    'no time at all costs nothing');
select is(t.price('{"provider": "moon", "cpu": 2, "memory_mib": 512}'), 'unknown',
    'a provider without a price is not for free');
select is(t.price('{"cpu": -2, "memory_mib": 512}'), 'unknown', 'a negative amount makes no sense');
select is(t.price('{"cpu": 1e30, "memory_mib": 512}'), 'unknown', 'nor does a huge one');
select is(t.price('{"cpu": "2", "memory_mib": 512}'), 'unknown', 'nor text');
select is(t.price('{"cpu": 2, "memory_mib": 512, "seconds": 1e99}'), 'unknown', 'nor eternity');
select is(t.price('{"cpu": 2, "memory_mib": 512, "nano_usd": 7}'), '7',
    'a cost that is told is kept');
select is(t.price('{"provider": "local", "nano_usd": 0}'), '0', 'local runs cost nothing');
select is((select price_version from cost_span order by id limit 1), 'e2b 2026-08-01',
    'the price that was used is named');
select is((select distinct price_version from cost_span where nano_usd is null), '',
    'none is where there is none');

-- A new price counts from its day on, and changes nothing before it.
insert into price (provider, resource, nano_usd_per_unit_second, valid_from, source) values
    ('e2b', 'cpu', 28000, clock_timestamp() + interval '1 day', 'test');
select is(t.price('{"cpu": 2, "memory_mib": 512}'), '302500', 'a price of tomorrow does not count');
insert into price (provider, resource, nano_usd_per_unit_second, valid_from, source) values
    ('e2b', 'cpu', 28000, date_trunc('day', clock_timestamp(), 'UTC'), 'test');
select is(t.price('{"cpu": 2, "memory_mib": 512}'), '582500', 'that of today does');
select is((select price_version from cost_span order by id desc limit 1),
    'e2b ' || (clock_timestamp() at time zone 'UTC')::date, 'and is named');
select is((select nano_usd from cost_span order by id limit 1), 302500::bigint,
    'what was settled stays');
insert into price (provider, resource, nano_usd_per_unit_second, valid_from, source) values
    ('late', 'cpu', 1, clock_timestamp() + interval '1 day', 'test');
select is(t.price('{"provider": "late", "cpu": 2, "memory_mib": 512}'), 'unknown',
    'before its first price a provider has none');
select throws_ok('update price set nano_usd_per_unit_second = 0', '42501', null,
    'a price is never changed');
select throws_ok('delete from price', '42501', null, 'nor deleted');

-- Lost runs.
create function t.lose(backend text, remote jsonb) returns bigint language plpgsql as $$
declare
    r bigint := t.approved(jsonb_build_object('backend', backend, 'image', 'img'));
begin
    perform t.claim(t.worker(), r);
    perform t.call('start_attempts', t.held(r, jsonb_build_object('remote', remote)));
    perform t.lease_ends(r);
    update cs.attempt set started_at = clock_timestamp() - interval '10 seconds'
        where id = t.attempt(r);
    perform cs.sweep(0, 10000);
    return r;
end
$$;
select t.lose('e2b', null) as r \gset
select is((select row(provider, model, nano_usd is null, estimated, round(seconds))::text
    from cost_span where request_id = :r), '(e2b,img,t,t,10)',
    'a lost run leaves an estimate, without a price when its size is not known');
select t.lose('daytona', '{"usage": {"cpu": 1, "memory_mib": 1024, "disk_gib": 3}}') as r \gset
select ok((select estimated and nano_usd between 185900 and 250000 from cost_span
    where request_id = :r), 'with one when the reference says what it has');
select is(request_get(:r, t.id('mia')) #> '{costs,0,estimated}', 'true',
    'people see that it is one');
select t.lose('e2b', '{"sandbox_id": "i1", "adoptable": false,
    "usage": {"cpu": 2, "memory_mib": 512, "disk_gib": 10}}') as r \gset
select ok((select estimated and nano_usd between 582500 and 700000 from cost_span
    where request_id = :r), 'also where the run can not be found again');
select t.lose('local', null) as r \gset
select is((select count(*) from cost_span where request_id = :r), 0::bigint,
    'a lost local run costs nothing');
select t.approved('{"backend": "daytona", "image": "img"}') as r \gset
select t.claim(t.worker(), :r) as x \gset
select t.call('start_attempts', t.held(:r, '{"remote": {"usage": {"cpu": 1, "memory_mib": 1024,
    "disk_gib": 3}}}')) as x \gset
update attempt set started_at = clock_timestamp() - interval '1 day' where id = t.attempt(:r);
select t.lease_ends(:r) as x \gset
select sweep(0, 10000) as x \gset
select is((select seconds from cost_span where request_id = :r), 90.000,
    'no longer than its limit and a minute');
select t.finish(:r, 'failed', '{"cost": {"provider": "daytona", "model": "img", "cpu": 1,
    "memory_mib": 1024, "disk_gib": 3, "seconds": 4}}') as x \gset
select is((select array_agg(row(seconds, estimated)::text order by id) from cost_span
    where request_id = :r), '{"(90.000,t)","(4.000,f)"}',
    'evidence brings the true cost beside it');
select is(request_get(:r, t.id('mia')) -> 'cost_nano_usd', '74360', 'which alone is summed up');
select is((select sum(nano_usd) from audit.cost_spans where request_id = :r and counts)::bigint,
    74360::bigint,
    'in the view for auditors, too');
select throws_ok(format('update cost_span set nano_usd = 0 where request_id = %s', :r), '42501',
    null, 'a cost is never changed');

-- A sandbox that was made and not used costs, too.
select t.at('claimed', '{"backend": "e2b", "image": "img"}') as r \gset
select t.call('release_attempts', t.held(:r, '{"reason": "drain", "cost": {"provider": "e2b",
    "cpu": 2, "memory_mib": 512, "seconds": 1}}')) ->> 'state' as x \gset
select is((select row(fence, nano_usd is not null, estimated)::text from cost_span
    where request_id = :r), '(1,t,f)', 'what was given back is paid for');
update attempt set not_before = now() where id = t.attempt(:r);
select t.claim(t.worker(), :r) as x \gset
select t.start(:r) as x \gset
select t.finish(:r, 'succeeded', '{"cost": {"provider": "e2b", "cpu": 2, "memory_mib": 512,
    "seconds": 2}}') as x \gset
select is((select array_agg(fence order by id) from cost_span where request_id = :r), '{1,2}',
    'and so is the run after it');

-- Sums.
select is((select array_agg(distinct provider order by provider) from audit.cost_by_provider
    where model = 'img'), '{daytona,e2b}', 'each provider has its sum');
select is((select estimated from audit.cost_by_provider where provider = 'e2b' and model = 'img'),
    2::bigint, 'with its estimates counted');
select is((select price_unknown from audit.cost_by_provider where provider = 'e2b'
    and model = 'img'), 1::bigint, 'and what has no price');

select * from finish();
rollback;
