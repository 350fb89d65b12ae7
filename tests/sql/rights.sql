-- Who may, before the audit trail covered it: it is taken as it is found, once.
-- Proves: T3 I13
\ir setup.psql
select plan(4);
show search_path \gset
select operator_group_set('{"team": "Test team", "name": "top", "people": ["t-noor"]}') as x \gset

create view t.uncovered as select d.key from rights_of_all() r
    cross join lateral jsonb_each(r.row_digest) d
    where not exists (select from audit_event e where e.entity = r.entity
        and e.entity_id = r.entity_id and e.row_digests -> d.key = d.value);
select is_empty('select * from t.uncovered', 'what the product makes is covered as it is made');

set local session_replication_role = replica;
delete from audit_event where event = 'rights.baseline';
update audit_event set row_digests = null;
set local session_replication_role = origin;
select set_eq('select * from t.uncovered',
    'select d.key from rights_of_all() r, jsonb_object_keys(r.row_digest) d (key)',
    'as it was before, nothing is');
\ir ../../sql/functions/rights.sql
set search_path = :search_path;
select is_empty('select * from t.uncovered', 'then all is as it is found');

update quorum_rule set needed = 1 where risk = 'high';
\ir ../../sql/functions/rights.sql
set search_path = :search_path;
select is((select array_agg(u.key) from t.uncovered u),
    (select array_agg('quorum_rule:' || q.id) from quorum_rule q where q.risk = 'high'),
    'and what is changed later is not');
select * from finish();
rollback;
