-- The rules of a release become a version of their own, with what operators chose, and each version
-- is covered by the audit trail.
-- Proves: T16 I13
\ir setup.psql
select plan(32);

create function t.ship() returns int language plpgsql as 'begin return cs.policy_ship(); end';
create function t.level(rule text) returns text language sql stable
    return (select r.level || coalesce(' for ' || r.instead_of, '') from policy_rule r
            where r.version = policy_newest() and r.id = rule);
create function t.set(rule text, level text) returns text language plpgsql as $$
begin
    return operator_policy_set(jsonb_build_object('rule', rule, 'level', level, 'note', 'x'))
        ->> 'version';
end
$$;
create function t.changes() returns text[] language plpgsql stable as $$
begin
    return array(select jsonb_array_elements_text(operator_policy_versions() -> 0 -> 'changes'));
end
$$;
create view t.shipped as
    select e.* from audit_event e where e.event = 'policy.shipped' order by e.entity_seq;
create view t.uncovered as select d.key from rights_of_all() r
    cross join lateral jsonb_each(r.row_digest) d
    where not exists (select from audit_event e where e.entity = r.entity
        and e.entity_id = r.entity_id and e.row_digests -> d.key = d.value);

-- A new database.
select is((select array_agg(version) from policy_version), '{1}', 'there is one version at first');
select set_eq($$ select id, language, match, patterns, level, title, explanation, capability
    from policy_rule $$, $$ select id, language, match, patterns, level, title, explanation,
    capability from shipped_rule $$, 'with the rules of the release');
select is((select row(shipped_sha256 = shipped_digest(), note)::text from policy_version),
    '(t,"the rules of this release, read by engine 2")', 'which knows what it was made from');
select is((select array_agg(body - 'note') from t.shipped), array[jsonb_build_object('version', 1,
    'before', null, 'engine', 2, 'shipped_sha256', hex(shipped_digest()))],
    'the audit trail has it');
select is(t.ship(), null, 'the same release makes no other');
select is((select count(*) from policy_version), 1::bigint, 'however often it comes');

-- What operators choose, and take back.
select is(t.set('sql.drop', 'high'), '2', 'an operator makes a version');
select is(t.level('sql.drop'), 'high for block', 'which knows what ships');
select is((select v.shipped_sha256 from policy_version v where v.version = 2), shipped_digest(),
    'and what it was made from');
select is(t.ship(), null, 'so that the same release makes no other then');
select t.set('sql.recursive', 'high'), t.set('sql.recursive', 'note') \g /dev/null
select is(t.level('sql.recursive'), 'note', 'the level that ships is nobody''s choice');

-- Another release.
select t.approved() as a \gset
select t.claim(t.worker(), :a) as fence \gset
select t.submit('mia') as p \gset
update shipped_rule set level = 'high' where id = 'sql.recursive';
update shipped_rule set level = 'none' where id = 'sql.drop';
update shipped_rule set patterns = patterns || '{t.more}', title = 'Other' where id = 'py.amount';
delete from shipped_rule where id = 'py.endless';
insert into shipped_rule (id, language, match, patterns, level, title, explanation)
    values ('py.new', 'python', 'import', '{t.new}', 'block', 'New', '');
select is(t.ship(), 5, 'another release makes a version');
select is(t.level('sql.recursive'), 'high', 'what it tightens is tighter');
select is(t.level('sql.drop'), 'high for none', 'what an operator chose stays');
select is(t.level('py.new'), 'block', 'what is new judges');
select is(t.level('py.endless'), null, 'what is gone does not');
select is((select 't.more' = any (patterns) from policy_rule where version = 5
    and id = 'py.amount'), true, 'and patterns are as they ship');
select is(t.changes(), array['py.amount: fits otherwise, in other words',
    'py.endless: gone, was medium', 'py.new: new, block',
    'sql.drop: high as chosen, ships as none', 'sql.recursive: note to high'],
    'operators see what it changed');
select ok(array[:a, :p]::bigint[] <@ (select array_agg(j.request_id)
    from requests_to_judge(1000) j), 'what waits or is approved is judged by it');
select is(t.call('start_attempts', t.held(:a)) -> 'error' ->> 'field', 'unjudged',
    'before any of it starts');
select t.set('sql.drop', 'none') as x \gset
select is(t.changes(), '{"sql.drop: high to none"}', 'and what operators change');
select is(t.level('sql.drop'), 'none', 'as it ships now');
select is_empty('select * from t.uncovered', 'each version is covered as it is made');

-- A reader that finds more.
create or replace function cs.policy_engine() returns int language sql stable parallel safe
    return 3;
alter function cs.shipped_digest() cost 100; -- forgets what it planned in this transaction
select is(t.ship(), 7, 'the same rules with another reader make a version, too');
select is((select body ->> 'engine' from t.shipped offset 2), '3', 'the audit trail says which');
select is(policy_version_for(3) || ' ' || (policy_rules_for(3) ->> 'version'),
    '7 7', 'it has them');
select throws_ok('select policy_version_for(2)', 'CS001', 'The rules are for engine 3, and this '
    'is 2: start the release that was migrated to', 'a reader that finds less does not');
select throws_ok('select policy_rules_for(2)', 'CS001', null, 'nor by the way of the rules');
select throws_ok('select policy_rules_version()', 'CS001', null, 'nor one that does not say');

-- By hand.
set local session_replication_role = replica;
insert into policy_version (version, note, shipped_sha256)
    select 8, note, shipped_sha256 from policy_version where version = 7;
insert into policy_rule select 8, id, language, match, patterns, 'none', title, explanation,
    capability, instead_of from policy_rule where version = 7;
insert into policy_rule (version, id, language, match, patterns, level, title, explanation)
    values (9, 'py.mine', 'python', 'import', '{*}', 'none', 'Mine', '');
set local session_replication_role = origin;
select is(t.set('sql.drop', 'block'), '10', 'a version is behind all that there is');
select is(t.level('py.mine'), null, 'what stood ready for the next version is in none');
update shipped_rule set level = 'note' where id = 'py.new';
select t.ship() as x \gset
select set_eq('select * from t.uncovered', $$ values ('policy_version:8') $$,
    'no later one covers what was made by hand');
select * from finish();
rollback;
