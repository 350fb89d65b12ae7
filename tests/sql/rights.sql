-- Who may, before the audit trail covered it: it is taken as it is found, once.
-- Proves: T3 I13
\ir setup.psql
select plan(8);
show search_path \gset
select operator_group_set('{"team": "Test team", "name": "top", "people": ["t-noor"]}') as x \gset

create view t.uncovered as select d.key from rights_of_all() r
    cross join lateral jsonb_each(r.row_digest) d
    where not exists (select from audit_event e where e.entity = r.entity
        and e.entity_id = r.entity_id and e.row_digests -> d.key = d.value);
select is_empty('select * from t.uncovered', 'what the product makes is covered as it is made');

-- What was done by hand would be found no more once the product has changed the same row.
create view t.differing as
    select e.body ->> 'row' as of_row from audit_event e where e.event = 'rights.differ';
select operator_person_update('{"login": "t-mia", "name": "Mia"}') as x \gset
select operator_quorum_set('{"risk": "low", "needed": 1}') as x \gset
select is_empty('select * from t.differing', 'nothing differs where nothing was done by hand');
update person set roles = roles || '{reviewer}' where id = t.id('mia');
update quorum_rule set needed = 3 where risk = 'low';
update break_glass set is_on = true;
delete from approver;
insert into second_factor (person_id, sealed, last_step)
    values (t.id('noor'), decode(repeat('00', 60), 'hex'), 0);
select operator_person_update('{"login": "t-mia", "name": "Mia M."}') as x \gset
select operator_quorum_set('{"risk": "low", "needed": 1}') as x \gset
select operator_break_glass('{"on": false}') as x \gset
select operator_group_set('{"team": "Test team", "name": "top", "people": ["t-noor"]}') as x \gset
select operator_factor_reset('{"login": "t-noor"}') as x \gset
select set_eq('select * from t.differing', $$ values ('person:' || t.id('mia')), ('break_glass:1'),
    ('second_factor:' || t.id('noor')),
    ((select 'quorum_rule:' || id from quorum_rule where risk = 'low')),
    ((select 'approver_group:' || id from approver_group)) $$,
    'a change says that its row was not as it had been left');
select is_empty('select * from t.uncovered', 'and leaves it covered again');
select operator_person_update('{"login": "t-mia", "name": "Mia"}') as x \gset
select is((select count(*) from t.differing), 5::bigint, 'once');

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
