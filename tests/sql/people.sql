-- People and teams: by the operator's command and by admins.
\ir setup.psql
select plan(38);

create function t.try(command text) returns text language plpgsql as $$
declare
    code text;
    field text;
begin
    execute command;
    return 'ok';
exception when sqlstate 'CS001' then
    get stacked diagnostics code = pg_exception_detail, field = pg_exception_hint;
    return btrim(code || ' ' || field);
end
$$;
create function t.add(item jsonb) returns text language sql return t.try(format(
    'select cs.operator_person_add(%L)',
    '{"login": "t-new", "name": "New", "roles": ["analyst"], "teams": ["Test team"]}'::jsonb ||
        item));

-- The operator.
select is(operator_team_add('{"name": "test TEAM"}') ->> 'name', 'Test team',
    'a team that is there is returned');
select is(t.try($$ select cs.operator_team_add('{"name": ""}') $$), 'invalid_field name',
    'a team has a name');
select is(t.add('{"login": "t-mia"}'), 'conflict login', 'a login is taken once');
select is(t.add('{"login": "T-MIA"}'), 'conflict login', 'whatever its case');
select is(t.add('{"login": "a b"}'), 'invalid_field login', 'a login has no blank');
select is(t.add('{"login": "tést"}'), 'invalid_field login', 'nor letters that have twins');
select is(t.add('{"login": ""}'), 'invalid_field login', 'nor is it empty');
select is(t.add('{"login": null}'), 'missing_field login', 'or missing');
select is(t.add('{"name": ""}'), 'invalid_field name', 'a name is not empty');
select is(t.add(jsonb_build_object('name', E'a\nb')), 'invalid_field name', 'nor two lines');
select is(t.add('{"roles": ["king"]}'), 'invalid_field roles', 'there are four roles');
select is(t.add('{"roles": null}'), 'missing_field roles', 'roles are required');
select is(t.add('{"teams": ["No team"]}'), 'not_found teams', 'teams must be there');
select is(t.add('{"roles": ["agent"]}'), 'invalid_field roles', 'an agent has an owner');
select is(t.add('{"roles": ["agent", "reviewer"], "owner": "t-mia"}'), 'invalid_field roles',
    'an agent is nothing else');
select is(t.add('{"owner": "t-mia"}'), 'invalid_field roles', 'who is no agent has no owner');
select is(t.add('{"roles": ["agent"], "owner": "t-none"}'), 'not_found login', 'owners are there');
select is(t.add('{"roles": ["agent"], "owner": "t-mia"}'), 'ok', 'so this is an agent');
select is(operator_person_update('{"login": "t-new", "disabled": true}') ->> 'disabled', 'true',
    'who can be disabled');
select is(t.try($$ select cs.operator_person_update('{"login": "t-x", "disabled": true}') $$),
    'not_found login', 'if there');
select is(operator_person_update('{"login": "t-max", "roles": ["reviewer"],
    "teams": ["Other team"]}') -> 'teams', '["Other team"]', 'roles and teams change');
select ok(operator_people() @> '[{"login": "t-max", "roles": ["reviewer"], "has_password": false}]',
    'and are listed');
select ok(operator_teams() @> '[{"name": "Test team"}]', 'teams too');
select is((select row(actor_kind, actor_id)::text from audit_event where entity = 'person'
    and entity_id = t.id('max') and event = 'person.change'), '(operator,)',
    'the audit trail says that the operator did it');

-- Admins.
create function t.admin_add(login text, item jsonb default '{}') returns text language sql
    return t.try(format('select cs.person_create(t.actor(%L), %L)', login,
    '{"login": "t-hired", "name": "Hired", "roles": ["analyst"]}'::jsonb || item));
select is(t.admin_add('mia'), 'wrong_role', 'an analyst hires nobody');
select is(t.admin_add('noor'), 'wrong_role', 'nor does a reviewer');
select is(t.admin_add('root', '{"team_ids": [999999]}'), 'invalid_field team_ids',
    'teams must be there');
select is(t.admin_add('root'), 'ok', 'an admin does');
select is((select created_by from person where login = 't-hired'), t.id('root'), 'who is kept');
select is(t.try('select cs.team_create(t.actor(''mia''), ''New team'')'), 'wrong_role',
    'teams are made by admins');
select is(t.try('select cs.team_create(t.actor(''root''), ''Test TEAM'')'), 'conflict name',
    'under a new name');
select is(t.try('select cs.people_list(t.id(''mia''))'), 'wrong_role',
    'admins alone see everybody');
select ok(people_list(t.id('root')) @> '[{"login": "t-hired"}]', 'and they do');
select is(jsonb_array_length(teams_list(t.id('mia'))), 1, 'others see their own teams');
select operator_link_add('{"login": "t-anna", "seconds": 60}', sha256('L')) as x \gset
select link_consume(sha256('L'), t.opening('S', '10.9.9.9'), '{}') as x \gset
select is(t.try(format('select cs.person_change(t.actor(''root''), %s, ''{"roles": ["admin"]}'')',
    t.id('anna'))), 'ok', 'roles change');
select is((select count(*) from session_check(sha256('S'), 1800)), 0::bigint,
    'which ends the sessions');
select throws_ok('delete from person where login = ''t-hired''', '42501', null,
    'people are never deleted');
select is((me(t.id('noor')) -> 'person') - 'teams', jsonb_build_object('id', t.id('noor'),
    'login', 't-noor', 'name', 't-noor', 'kind', 'human', 'roles', '["reviewer"]'::jsonb),
    'everybody knows who they are');

select * from finish();
rollback;
