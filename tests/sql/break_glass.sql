-- One admin approves alone what is of high risk: off by default, never one's own work, and never
-- quiet.
\ir setup.psql
select plan(56);

\ir glass.psql
create function t.says(answer jsonb) returns text language sql immutable
    return concat_ws(' ', answer -> 'error' ->> 'code', nullif(answer -> 'error' ->> 'field', ''));
create function t.can_break(login text, request_id bigint) returns bool language sql stable
    return (request_get(request_id, t.id(login)) -> 'can' ->> 'break_glass')::bool;
create function t.switch(wanted bool) returns text language sql
    return operator_break_glass(jsonb_build_object('on', wanted)) -> 0 ->> 'break_glass';
select t.worker() as w \gset

-- Off unless the operator says so.
select t.risky() as r \gset
select is(operator_break_glass('{}') -> 0 ->> 'break_glass', 'off', 'it is off by default');
select is(t.says(t.breaks('eva', :r)), 'forbidden', 'and then nobody breaks the glass');
select ok(not t.can_break('eva', :r), 'nor is it offered');
select is(t.state(:r), 'pending', 'nothing has changed');
select is((select body ->> 'code' from audit_event where entity = 'request' and entity_id = :r
    and event = 'decision.refused'), 'off', 'but who tried is recorded');
select is(t.switch(true), 'on', 'the operator switches it on');
select is(t.switch(true), 'on', 'once more is no change');
select is((select count(*) from audit_event where event = 'break_glass.on'), 1::bigint,
    'which is recorded once');

-- Who, and how.
select ok(t.can_break('eva', :r), 'now it is offered to an admin of the team');
select ok(not t.can_break('root', :r), 'not to one of another team');
select ok(not t.can_break('noor', :r), 'nor to a reviewer');
select is(t.says(t.breaks('root', :r)), 'wrong_role', 'an admin of another team may not');
select is(t.says(t.breaks('noor', :r)), 'wrong_role', 'a reviewer may not');
select is(t.says(t.breaks('mia', :r)), 'own_request', 'nor the author');
update person set roles = '{analyst,admin}' where id = t.id('max');
select t.risky('max') as own \gset
select is(t.says(t.breaks('max', :own)), 'own_request', 'nor an admin who asked for it');
select t.call('revise_requests', jsonb_build_object('actor', t.actor('eva'), 'id', :own,
    'revision', 1, 'code', E'print(2)\n', 'verdict', t.verdict('high'))) as x \gset
select is(t.says(t.breaks('eva', :own)), 'own_request', 'nor one who edited it');
select is((select count(*) from audit_event where event = 'decision.refused'
    and body ->> 'code' = 'own_request'), 3::bigint, 'each of these is recorded');
select is((select array_agg(t.says(t.breaks('eva', :r, x.more)) order by x.n) from (values
    (1, '{"reason": "too short"}'::jsonb), (2, '{"reason": null}'),
    (3, '{"reason": "          x                         "}')) x (n, more)),
    array_fill('invalid_field reason'::text, array[3]),
    'a reason needs 20 characters, blanks around it not counted');
select is(t.says(t.breaks('eva', :r, ago => 901)), 'reauthentication_required',
    'the session must be fresh');
select is(t.says(t.breaks('eva', :r, jsonb_build_object('actor', t.actor('eva')))), 'forbidden',
    'and there must be one');
select is(t.says(t.breaks('eva', :r, '{"reauth_seconds": null}')), 'reauthentication_required',
    'no age is no way around');
select is(t.says(t.breaks('eva', :r, '{"revision": 2}')), 'stale revision', 'another revision');
select is(t.says(t.breaks('eva', :r, jsonb_build_object('bundle_sha256', repeat('a', 64)))),
    'stale bundle_sha256', 'or other bytes are refused');
select is(t.says(t.breaks('eva', :r, '{"signature": null}')), 'unavailable',
    'and what is not signed');
select is(t.says(t.breaks('eva', :r, '{"needed": 1}')), 'stale', 'or signed for another quorum');
select t.risky('mia', 'medium') as m \gset
select is(t.says(t.breaks('eva', :m)), 'conflict', 'what one person may approve needs no glass');
select is(t.code(t.decide('eva', :r, 'break_glass')), 'invalid_field',
    'it is no verdict of an ordinary decision');
select is(t.state(:r), 'pending', 'none of these changed anything');

-- Broken.
select t.breaks('eva', :r) as broken \gset
select is((:'broken'::jsonb) - 'event' - 'push' - 'not_before' - 'decision_id' - 'attempt_id',
    jsonb_build_object('id', :r, 'state', 'approved', 'break_glass', true), 'one admin approves');
select is((select row(verdict, note, needed, reviewer_id = t.id('eva'),
        session_id is not null)::text
    from decision where request_id = :r),
    '(break_glass,"The ledger must be mended tonight.",2,t,t)', 'the decision says how');
select is((select array_agg(event || coalesce(' ' || to_state, '') order by entity_seq desc)
    from (select * from audit_event where entity = 'request' and entity_id = :r
          order by entity_seq desc limit 2) e),
    '{attempt.ready ready,decision.break_glass approved}', 'with an event of its own');
select is((select row_digests ->> ('decision:' || d.id) = decision_digest(d)
    from audit_event e join decision d on d.request_id = e.entity_id where e.entity = 'request'
    and e.entity_id = :r and e.event = 'decision.break_glass'), true, 'that covers the decision');
select ok(t.whole(:r), 'in a whole chain');
select is((request_get(:r, t.id('mia')) ->> 'break_glass'), 'true', 'the request is marked');
select is((request_list(t.id('root'), '{"view": "break_glass"}') -> 'requests' -> 0 ->> 'id'),
    :'r', 'admins find it');
select is((request_list(t.id('root'), '{}') -> 'counts' ->> 'break_glass'), '1', 'and its number');
select is((request_list(t.id('mia'), '{}') -> 'counts' ->> 'break_glass'), '0', 'others do not');
select is((metrics() ->> 'break_glass_total'), '1', 'it is counted');
select is((select reviewer || ': ' || reason from audit.break_glass_approvals
    where request_id = :r), 't-eva: The ledger must be mended tonight.', 'auditors read why');
select is(t.says(t.breaks('eva', :r)), 'already_decided', 'once is enough');
select t.claim(:w, :r) as x \gset
select is(t.start(:r) ->> 'ok', 'true', 'it starts');
select is_empty('select * from unapproved_runs()', 'as a run that was approved');

-- Taken away between the approval and the start.
create function t.broken() returns bigint language plpgsql as $$
declare
    id bigint := t.risky();
begin
    perform t.breaks('eva', id);
    perform t.claim(t.worker(), id);
    return id;
end
$$;
select t.broken() as s \gset
select is(t.switch(false), 'off', 'switched off before the start');
select is(t.code(t.start(:s)), 'conflict', 'it does not start');
select is(t.state(:s), 'pending', 'and goes back to its reviewers');
select is(t.switch(true), 'on', 'on again');
select t.broken() as s \gset
update person set roles = '{reviewer}' where id = t.id('eva');
select is(t.code(t.start(:s)), 'conflict', 'who is no admin any more let nothing start');
update person set roles = '{admin,reviewer}' where id = t.id('eva');
select t.broken() as s \gset
delete from team_member where person_id = t.id('eva');
select is(t.code(t.start(:s)), 'conflict', 'nor who left the team');
insert into team_member (person_id, team_id) select t.id('eva'), team_id from request
    where id = :s;
-- A run that rests on a broken glass needs it, whatever else would be enough.
select t.risky() as s \gset
select t.decide('noor', :s, 'approve') as x \gset
select t.breaks('eva', :s) as x \gset
select t.claim(:w, :s) as x \gset
update quorum_rule set needed = 1 where risk = 'high';
select is(t.switch(false), 'off', 'off, while a rule was eased');
select is(t.code(t.start(:s)), 'conflict', 'another''s approval is not what the run rests on');
update quorum_rule set needed = 2 where risk = 'high';

-- By hand, past the functions.
create function t.forge(request_id bigint, verdict text, note text) returns text
    language plpgsql as $$
declare
    r request;
    d bigint;
begin
    select * into r from request where id = request_id;
    insert into decision (request_id, revision, round, reviewer_id, verdict, bundle_sha256, note,
                          valid_until, needed, signature, key_id)
        values (r.id, r.revision, r.round, t.id('eva'), verdict, decode(t.digest(r.id), 'hex'),
                note, now() + interval '1 hour', 1, '\x00', 'forged') returning id into d;
    update request set state = 'approved' where id = r.id;
    perform attempt_put((select q from request q where q.id = r.id), now() + interval '1 hour', 0,
                        array[d]);
    return 'ok';
exception when others then
    return sqlstate;
end
$$;
select t.risky() as f \gset
select is(t.forge(:f, 'break_glass', 'no reason'), '23514', 'a row without a reason can not be');
select is(t.forge(:f, 'break_glass', repeat('x', 20)), 'CS001', 'nor a run of it while it is off');
select is(t.switch(true), 'on', 'on');
select is(t.forge(:f, 'approve', ''), 'CS001', 'one approval is not two');
select t.risky('mia', 'none') as l \gset
select is(t.forge(:l, 'break_glass', repeat('x', 20)), 'CS001', 'nor a glass for what is no risk');
select is(operator_break_glass('{}') -> 0 ->> 'decisions', (select count(*)::text from decision
    where verdict = 'break_glass'), 'the operator sees how often');

select * from finish();
rollback;
