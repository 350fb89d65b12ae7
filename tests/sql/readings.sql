-- What is known of the reading before a decision: how much was in view is kept, and when the code
-- was first sent is held against a minimum.
-- Proves: T5
\ir setup.psql
\ir glass.psql
select plan(39);

create function t.opens(login text, request_id bigint, revision int default 1) returns bool
    language sql return cs.request_seen(t.actor(login), request_id, revision);
-- So long ago the code was sent, as somebody has it whom no trigger stops.
create function t.opened_ago(request_id bigint, ago interval) returns void language plpgsql as $$
begin
    set local session_replication_role = replica;
    update cs.audit_event e set ts = clock_timestamp() - ago
        where e.entity = 'reading' and e.entity_id = $1;
    set local session_replication_role = origin;
end
$$;
create function t.waits(login text, request_id bigint, seconds int default 60,
                        verdict text default 'approve') returns jsonb
    language sql return t.decide(login, request_id, verdict, jsonb_build_object(
        'actor', t.fresh_actor(login), 'review_min_seconds', seconds));
create function t.told(answer jsonb) returns text
    language sql return answer -> 'error' ->> 'message';
create function t.decided(request_id bigint) returns bigint language sql stable
    return (select count(*) from cs.decision d where d.request_id = $1);
create function t.refusals(request_id bigint) returns text[] language sql stable
    return (select array_agg(e.body ->> 'code' order by e.id) from cs.audit_event e
            where e.entity = 'request' and e.entity_id = $1 and e.event = 'decision.refused'
              and e.body ->> 'code' = 'too_soon');
-- The digest that the trail has of its one decision, and the one of the row now.
create function t.covered(request_id bigint) returns bool language sql stable
    return (select exists (select from cs.audit_event e where e.entity = 'request'
                and e.entity_id = $1
                and e.row_digests ->> ('decision:' || d.id) = cs.decision_digest(d))
            from cs.decision d where d.request_id = $1);

-- What was in view is kept as it was said, in the row, in the trail and for auditors.
select t.submit('mia') as r \gset
select is(t.decide('noor', :r, 'approve', '{"seen_bytes": 10}') -> 'error', jsonb_build_object(
    'code', 'invalid_field', 'message', 'seen_bytes is more than this version has',
    'field', 'seen_bytes'), 'nobody sees more than there is');
select is(t.decided(:r), 0::bigint, 'which leaves no decision');
select is(t.decide('noor', :r, 'approve', '{"seen_bytes": 8, "dwell_ms": 4000}') ->> 'state',
    'approved', 'less is allowed: it is a claim, and no proof');
select is((select d.seen_bytes from decision d where d.request_id = :r), 8::bigint, 'it is kept');
select is((select row(e.body ->> 'seen_bytes', e.body ->> 'dwell_ms',
                      e.body ->> 'seen_digest' = t.digest(:r))::text
           from audit_event e where e.entity = 'request' and e.entity_id = :r
             and e.event = 'decision.approve'), '(8,4000,t)', 'and told in the trail');
select is((select row(d.seen_bytes, d.code_bytes)::text from audit.decisions d
           where d.request_id = :r), '(8,9)', 'auditors see it beside the length of the code');
select ok(t.covered(:r), 'the trail covers it');
set local session_replication_role = replica;
update decision d set seen_bytes = 9 where d.request_id = :r;
select ok(not t.covered(:r), 'another number is found');
update decision d set seen_bytes = null where d.request_id = :r;
select ok(not t.covered(:r), 'and none at all');
set local session_replication_role = origin;
select t.approved() as o \gset
select ok(t.covered(:o), 'a decision that says nothing is covered as those before it were');
set local session_replication_role = replica;
update decision d set seen_bytes = 9 where d.request_id = :o;
select ok(not t.covered(:o), 'so that nobody says it later');
set local session_replication_role = origin;
select throws_ok(format('update decision set seen_bytes = -1 where request_id = %s', :o), null,
    null, 'less than nothing is no number');
select is(t.decide('noor', t.submit('mia'), 'reject', '{"seen_bytes": 0}') ->> 'state', 'rejected',
    'who rejects need not have seen anything');
select is(t.code(t.decide('noor', t.submit('mia'), 'reject', '{"seen_bytes": 10}')),
    'invalid_field', 'nor say more than there is');

-- A minimum: from when the code was first sent to this person.
select t.submit('mia') as w \gset
select is(t.waits('noor', :w) -> 'error', jsonb_build_object('code', 'too_soon', 'message',
    'This version was not sent to you: open it, and read it'), 'who was never sent it waits');
select is(t.decide('noor', :w, 'reject', '{"review_min_seconds": 60, "bundle_sha256": null}')
    -> 'error' ->> 'field', 'bundle_sha256', 'what is wrong anyway is told first');
select ok(t.opens('noor', :w), 'it is sent');
select is(t.told(t.waits('noor', :w)), 'Read for 60 seconds more before you approve',
    'then it takes so long');
select t.opened_ago(:w, '58.5 seconds') as x \gset
select is(t.told(t.waits('noor', :w)), 'Read for 2 seconds more before you approve',
    'what is left is told');
select t.opened_ago(:w, '59.5 seconds') as x \gset
select is(t.told(t.waits('noor', :w)), 'Read for 1 second more before you approve',
    'to the last second');
select is(t.code(t.waits('anna', :w)), 'too_soon', 'what one was sent another was not');
select is(t.decided(:w), 0::bigint, 'what was refused left no decision');
select is(t.refusals(:w), '{too_soon,too_soon,too_soon,too_soon,too_soon}',
    'but that somebody tried is in the trail');
select ok(t.whole(:w), 'and the chain holds');
select t.opened_ago(:w, '61 seconds') as x \gset
select is(t.waits('noor', :w) ->> 'state', 'approved', 'after that it is approved');
select is(t.waits('noor', :w) ->> 'state', 'approved', 'and stays so');

-- Nobody else waits: without a minimum, and where nothing is to run.
select is(t.waits('noor', t.submit('mia'), 0) ->> 'state', 'approved', 'no minimum, no wait');
select is(t.waits('noor', t.submit('mia'), 60, 'reject') ->> 'state', 'rejected',
    'who rejects does not wait');
select is(t.waits('noor', t.submit('mia'), 60, 'request_changes') ->> 'state',
    'changes_requested', 'nor who asks for a change');

-- Each version is read anew.
select t.submit('mia') as v \gset
select t.opens('noor', :v) as x \gset
select t.opened_ago(:v, '1 hour') as x \gset
select t.call('revise_requests', t.submission('mia') || jsonb_build_object('id', :v, 'revision', 1))
    as x \gset
select is(t.code(t.waits('noor', :v)), 'too_soon', 'a new version was not sent yet');

-- Who decides alone reads as long.
select operator_break_glass('{"on": true}') as x \gset
select t.risky() as g \gset
select is(t.code(t.breaks('eva', :g, '{"review_min_seconds": 60}')), 'too_soon',
    'who breaks the glass is sent it first');
select t.opens('eva', :g) as x \gset
select t.opened_ago(:g, '61 seconds') as x \gset
select is(t.code(t.breaks('eva', :g, '{"seen_bytes": 10}')), 'invalid_field',
    'and sees no more than there is');
select is(t.decided(:g), 0::bigint, 'refused, it leaves no decision');
select is(t.breaks('eva', :g, '{"review_min_seconds": 60, "seen_bytes": 9, "dwell_ms": 61000}')
    ->> 'state', 'approved', 'who read it breaks it');
select is((select row(e.body ->> 'seen_bytes', e.body ->> 'dwell_ms',
                      e.body ->> 'seen_digest' = t.digest(:g))::text
           from audit_event e where e.entity = 'request' and e.entity_id = :g
             and e.event = 'decision.break_glass'), '(9,61000,t)', 'which the trail tells');
select is(t.refusals(:g), '{too_soon}', 'as it does the try');
select ok(t.covered(:g), 'and covers');

-- What the page is told: for how long this person has had it.
select t.submit('mia') as p \gset
select is(request_get(:p, t.id('noor')) -> 'shown_for_ms', '0', 'who opens it now has it now');
select t.opens('noor', :p) as x \gset
select t.opened_ago(:p, '10 seconds') as x \gset
select ok((request_get(:p, t.id('noor')) ->> 'shown_for_ms')::bigint between 10000 and 30000,
    'later, for as long');

select * from finish();
rollback;
