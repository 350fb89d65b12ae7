-- A database of an earlier release: what operators chose there stays, what ships now judges, and
-- versions of before are taken as they are found, once.
-- Proves: T16 I13
\ir setup.psql
select plan(11);
show search_path \gset

create function t.uncovered() returns text[] language plpgsql stable as $$
begin
    return array(select d.key from cs.rights_of_all() r
        cross join lateral jsonb_each(r.row_digest) d
        where not exists (select from audit_event e where e.entity = r.entity
            and e.entity_id = r.entity_id and e.row_digests -> d.key = d.value) order by 1);
end
$$;

-- Its rules were laxer, in version 1, with one that later releases put there; an operator made
-- versions 2 and 3.
select operator_policy_set('{"rule": "sql.drop", "level": "high", "note": "x"}') as x \gset
select operator_policy_set('{"rule": "py.amount", "level": "block", "note": "x"}') as x \gset
select t.approved() as a \gset
set local session_replication_role = replica;
update policy_rule set level = 'none' where id = 'sql.recursive';
update policy_rule set patterns = '{old}' where id = 'py.define';
delete from policy_rule where id = 'py.endless';
delete from policy_rule where id = 'py.decode.text' and version > 1;
update audit_event set row_digests = null where event = 'policy.set';
delete from audit_event where event = 'policy.shipped';
delete from schema_migration where version = 29;
set local session_replication_role = origin;
drop table shipped_rule cascade;
alter table policy_version drop column shipped_sha256 cascade;
alter table policy_rule drop column instead_of cascade;

\ir ../../sql/schema/0029_shipped_rules.sql
\ir ../../sql/functions/policy_rules.sql
\ir ../../sql/functions/policy_rules_python.sql
\ir ../../sql/functions/policy_rules_python_libraries.sql
\ir ../../sql/functions/policy_rules_python_texts.sql
\ir ../../sql/functions/policy_rules_sql.sql
\ir ../../sql/functions/rights.sql
\ir ../../sql/functions/shipping.sql
set search_path = :search_path;

create function t.rule(of_version int, rule text) returns text language sql stable
    return (select r.level || coalesce(' for ' || r.instead_of, '') from policy_rule r
            where r.version = of_version and r.id = rule);
select is((select array_agg(version order by version) from policy_version), '{1,2,3,4}',
    'the release makes a version behind the others');
select is(t.rule(4, 'sql.recursive'), 'note', 'what it tightens is tighter');
select is((select patterns = '{old}' from policy_rule where version = 4 and id = 'py.define'),
    false, 'patterns are as they ship');
select is(t.rule(4, 'py.endless') || ' ' || t.rule(4, 'py.decode.text'), 'medium medium',
    'what was in no version, or in the first alone, judges');
select is(t.rule(4, 'sql.drop') || ', ' || t.rule(4, 'py.amount'),
    'high for block, block for medium', 'what operators chose stays');
select is((select count(*) from policy_rule where version = 4 and instead_of is not null),
    2::bigint, 'and nothing else is taken for their choice');
select is(t.rule(1, 'sql.recursive'), 'none', 'the first version is as it was');
select is((select array_agg(j.request_id) from requests_to_judge(1000) j), array[:a]::bigint[],
    'what is approved is judged again');
select is(t.uncovered(), '{}', 'versions of before are covered as they are found');

-- A later release covers its own alone.
set local session_replication_role = replica;
update policy_rule set level = 'none' where version = 1 and id = 'sql.drop';
set local session_replication_role = origin;
update shipped_rule set level = 'high' where id = 'py.amount';
select is(cs.policy_ship(), 5, 'a later release makes another');
select is(t.uncovered(), '{policy_version:1}', 'and does not hide what was changed by hand');
select * from finish();
rollback;
