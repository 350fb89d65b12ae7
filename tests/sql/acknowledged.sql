-- Nobody approves what they have not read: each finding above note is named by its id.
-- Proves: T5
\ir setup.psql
\ir glass.psql
select plan(33);

create function t.found(level text, line int, at int default 1) returns jsonb
    language sql return jsonb_build_object('rule', 'test.' || level, 'level', level, 'line', line,
        'column', at, 'end_column', 2, 'title', 'Does what is ' || level, 'explanation', '');
create function t.mixed(level text default 'medium') returns jsonb
    language sql return jsonb_build_object('verdict', t.verdict(level)::jsonb || jsonb_build_object(
        'findings', jsonb_build_array(t.found('note', 1), t.found('medium', 2), t.found('note', 3),
            t.found('medium', 2), t.found('medium', 9, 5))
            || case level when 'high' then jsonb_build_array(t.found('high', 9)) else '[]' end));
create function t.ticks(login text, request_id bigint, ids text[], verdict text default 'approve')
    returns jsonb language sql return t.decide(login, request_id, verdict,
        jsonb_build_object('actor', t.fresh_actor(login), 'acknowledged', to_jsonb(ids)));
create function t.element(request_id bigint, more jsonb default '{}') returns jsonb
    language sql return t.signed(request_id) || jsonb_build_object('actor', t.actor('noor'),
        'id', request_id, 'revision', 1, 'bundle_sha256', t.digest(request_id),
        'verdict', 'approve') || more;
create function t.decided(request_id bigint) returns bigint language sql stable
    return (select count(*) from cs.decision d where d.request_id = $1);

select t.submit('mia', t.mixed()) as r \gset
select is(array(select finding_ids(v.verdict, true) from revision v where v.request_id = :r),
    '{test.note:1:1,test.medium:2:1,test.note:3:1,test.medium:9:5}',
    'each finding has an id, two of a rule at one place the same');

-- Nothing, too little, or of something else.
select is(t.ticks('noor', :r, null) -> 'error', jsonb_build_object('code', 'missing_field',
    'field', 'acknowledged', 'message', 'acknowledged must name each finding that is more than a '
    || 'note; missing: test.medium:2:1, test.medium:9:5'), 'an approval names what was read');
select is(t.code(t.ticks('noor', :r, '{}')), 'missing_field', 'an empty list is none');
select alike(t.ticks('noor', :r, '{test.medium:9:5}') -> 'error' ->> 'message',
    '%missing: test.medium:2:1', 'what is missing is named');
select is(t.code(t.ticks('noor', :r, '{test.medium:2,test.medium:9:5}')), 'invalid_field',
    'a part of an id is none');
select alike(t.ticks('noor', :r, '{test.medium:2:1,test.medium:9:5,network}') -> 'error' ->>
    'message', '%no finding of this version: network', 'nor is what nobody found');
select is(t.code(t.ticks('noor', :r, '{network}', 'reject')), 'invalid_field',
    'whatever the verdict');
select is(t.decided(:r), 0::bigint, 'what was refused left no decision');
select is(t.state(:r), 'pending', 'and changed nothing');
select is((select array_agg(e.body ->> 'code' order by e.id) from audit_event e
           where e.entity = 'request' and e.entity_id = :r and e.event = 'decision.refused'),
    '{unread,unread,unread}', 'but that somebody tried is in the trail');

-- All of it, and a note.
select is(t.ticks('noor', :r, '{test.medium:9:5,test.note:1:1,test.medium:2:1}') ->> 'state',
    'approved', 'with each of them it is approved');
select is((select d.acknowledged from decision d where d.request_id = :r),
    '["test.medium:9:5", "test.note:1:1", "test.medium:2:1"]', 'and they are kept as sent');
select is((select e.body -> 'acknowledged' from audit_event e where e.entity = 'request'
           and e.entity_id = :r and e.event = 'decision.approve'),
    '["test.medium:9:5", "test.note:1:1", "test.medium:2:1"]', 'in the trail, too');
select is((select acknowledged from audit.decisions where request_id = :r),
    '["test.medium:9:5", "test.note:1:1", "test.medium:2:1"]', 'where auditors see them');
select ok(t.whole(:r), 'and the chain holds');
select is((select d.form from decision d where d.request_id = :r), 2, 'it says how it was signed');
select is(t.code(t.decide('noor', t.submit('mia', t.mixed()), 'approve', '{"form": 1}')),
    'unavailable', 'who does not sign what was read signs nothing');

-- Who rejects or asks need not have read all; notes ask for nothing.
select is(t.ticks('noor', t.submit('mia', t.mixed()), null, 'reject') ->> 'state', 'rejected',
    'a rejection needs nothing');
select is(t.ticks('noor', t.submit('mia', t.mixed()), '{test.medium:2:1}', 'request_changes')
    ->> 'state', 'changes_requested', 'nor does asking for a change');
select is(t.ticks('noor', t.submit('mia', jsonb_build_object('verdict', t.verdict('note'))), null)
    ->> 'state', 'approved', 'and notes are there to be read by who wants');

-- Each of two who approve; each revision for itself.
select t.submit('mia', t.mixed('high')) as h \gset
select is(t.code(t.ticks('noor', :h, '{test.medium:2:1,test.medium:9:5}')), 'missing_field',
    'the high one is missing');
select is(t.ticks('noor', :h, '{test.medium:2:1,test.medium:9:5,test.high:9:1}') ->> 'state',
    'pending', 'the first of two');
select is(t.code(t.ticks('anna', :h, '{test.high:9:1}')), 'missing_field',
    'what the first has read the second has not');
select is(t.ticks('anna', :h, '{test.medium:2:1,test.medium:9:5,test.high:9:1}') ->> 'state',
    'approved', 'the second');
select t.submit('mia') as n \gset
select t.call('revise_requests', t.submission('mia', t.mixed())
    || jsonb_build_object('id', :n, 'revision', 1)) as x \gset
select is(t.code(t.ticks('noor', :n, null)), 'missing_field', 'the new revision has findings');

-- Several at once: each for itself.
select t.submit('mia') as a \gset
select t.submit('mia', t.mixed()) as b \gset
select is((select array_agg(coalesce(s.result ->> 'state', s.result -> 'error' ->> 'field')
                            order by s.n)
           from decide_requests(jsonb_build_array(t.element(:a), t.element(:b),
               t.element(:b, '{"acknowledged": ["test.medium:2:1", "test.medium:9:5"]}'))) s),
    '{approved,acknowledged,approved}', 'in a batch, too');

-- Many are named in part.
select alike(t.ticks('noor', t.submit('mia', jsonb_build_object('verdict',
    t.verdict('medium')::jsonb || jsonb_build_object('findings', (
        select jsonb_agg(t.found('medium', i)) from generate_series(1, 300) i)))), null)
    -> 'error' ->> 'message',
    '%test.medium:5:1 and 295 more', 'of many the first are named');

-- Who decides alone reads as much.
select operator_break_glass('{"on": true}') as x \gset
select t.risky() as g \gset
select is(t.breaks('eva', :g, '{"acknowledged": []}') -> 'error' ->> 'message',
    'acknowledged must name each finding that is more than a note; missing: test.high:3:1',
    'who breaks the glass has read it, too');
select is(t.breaks('eva', :g, '{"acknowledged": ["x"]}') -> 'error' ->> 'code', 'invalid_field',
    'and nothing else');
select is(t.decided(:g), 0::bigint, 'refused, it leaves no decision');
select is(t.breaks('eva', :g) ->> 'state', 'approved', 'who did approves alone');
select is((select array_agg(e.body ->> 'code') from audit_event e where e.entity = 'request'
           and e.entity_id = :g and e.event = 'decision.refused'), '{unread}', 'the try is known');
select is((select d.acknowledged from decision d where d.request_id = :g), '["test.high:3:1"]',
    'and what was read is kept');

select * from finish();
