-- Who decides on what, and what a decision does.
-- Proves: T4 I2
\ir setup.psql
select plan(88);

-- Approve, and what follows.
select t.submit('mia') as r \gset
select t.decide('noor', :r, 'approve', '{"dwell_ms": 7000}') as answer \gset
select is((:'answer'::jsonb) ->> 'state', 'approved', 'one approval is the quorum');
select is((:'answer'::jsonb) -> 'push',
    jsonb_build_array(jsonb_build_object('queue', 'queue:run:local', 'id', t.attempt(:r))),
    'the attempt is pushed to the queue of its backend');
select is((:'answer'::jsonb) -> 'event' ->> 'what', 'decision.approve', 'it is announced');
select is(t.attempt_state(:r), 'ready', 'an attempt is ready');
select is((select array_agg(l.decision_id) from attempt_decision l where l.attempt_id =
    t.attempt(:r)),
    (select array_agg(d.id) from decision d where d.request_id = :r),
    'the attempt names its decisions');
select is((select row_digests from audit_event where entity = 'request' and entity_id = :r
           and event = 'decision.approve'),
    (select jsonb_build_object('decision:' || d.id, decision_digest(d)) from decision d
     where d.request_id = :r), 'the audit row has the digest of the decision');
select ok(t.whole(:r), 'and the chain holds');

-- Repeating, and coming too late.
select is(t.decide('noor', :r, 'approve') - 'event', ((:'answer'::jsonb) - 'push' - 'event'),
    'the same decision again has the same answer');
select is((select count(*) from decision where request_id = :r), 1::bigint, 'and makes no row');
select is(t.code(t.decide('noor', :r, 'reject')), 'already_decided', 'another verdict is too late');
select is(t.decide('anna', :r, 'reject') -> 'error' ->> 'message', 'Approved by t-noor already',
    'the loser learns who decided');
select is(t.code(t.call('undo_decisions', jsonb_build_object('actor', t.actor('anna'), 'id', :r))),
    'wrong_role', 'somebody else can not take the approval back');

-- Digest and revision.
select t.submit('mia') as r \gset
select is(t.code(t.decide('noor', :r, 'approve',
    jsonb_build_object('bundle_sha256', repeat('0', 64)))), 'stale', 'another digest is stale');
select is(t.decide('noor', :r, 'approve', jsonb_build_object('bundle_sha256', repeat('0', 64)))
    -> 'error' ->> 'field', 'bundle_sha256', 'and the field is named');
select is(t.code(t.decide('noor', :r, 'approve', '{"bundle_sha256": "xyz"}')), 'invalid_field',
    'a digest is 64 hex digits');
select is(t.code(t.decide('noor', :r, 'approve', '{"bundle_sha256": null}')), 'missing_field',
    'a digest is required');
select is(t.code(t.decide('noor', :r, 'approve', '{"revision": 2}')), 'stale',
    'another revision is stale');
select is(t.code(t.decide('noor', :r, 'approve', '{"revision": null}')), 'missing_field',
    'a revision is required');
select is(t.code(t.decide('noor', :r, 'maybe')), 'invalid_field', 'there is no such verdict');
select is(t.code(t.decide('noor', :r, 'reject', '{"note": ""}')), 'missing_field',
    'who rejects says why');
select is(t.decide('noor', :r, 'request_changes', '{"note": "  "}') -> 'error' ->> 'field', 'note',
    'who asks for a change says which');
select is((select count(*) from decision where request_id = :r), 0::bigint,
    'what was refused left no decision');
select is(t.state(:r), 'pending', 'and changed nothing');
select is(t.decide('noor', :r, 'reject') ->> 'state', 'rejected', 'reject is final');
select is(t.attempt(:r), null, 'and nothing runs');

-- Asking for a change, a new revision, deciding anew.
select t.submit('mia') as r \gset
select t.digest(:r) as first_digest \gset
select is(t.decide('noor', :r, 'request_changes') ->> 'state', 'changes_requested',
    'a change can be asked for');
select is(t.call('revise_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :r,
    'revision', 1, 'verdict', t.verdict(), 'code', E'print(2)\n')) ->> 'state',
    'pending', 'a revision waits for review');
select is(t.code(t.decide('noor', :r, 'approve', jsonb_build_object('revision', 1,
    'bundle_sha256', :'first_digest'))), 'stale', 'the old revision can not be approved');
select is(t.code(t.decide('noor', :r, 'approve',
    jsonb_build_object('bundle_sha256', :'first_digest'))), 'stale', 'nor its digest');
select is(t.decide('noor', :r, 'approve') ->> 'state', 'approved', 'the new one can');

-- Undo.
select t.submit('mia') as r \gset
select t.decide('noor', :r, 'approve', '{"undo_seconds": 30}') as answer \gset
select ok(not (:'answer'::jsonb) ? 'push', 'nothing is pushed while it can be undone');
select ok((:'answer'::jsonb ->> 'not_before')::timestamptz > clock_timestamp() + interval
    '20 seconds',
    'and it does not start before');
select is((select count(*) from claim_attempts(t.worker(), '{' || t.attempt(:r) || '}', 1000)),
    0::bigint, 'nobody can claim it');
select is(t.call('undo_decisions', jsonb_build_object('actor', t.actor('noor'), 'id', :r))
    ->> 'state', 'pending', 'who approved takes it back');
select is(t.attempt_state(:r), 'cancelled', 'its attempt never runs');
select is((select count(*) from counted_approvals(array[:r]::bigint[])), 0::bigint,
    'the decision is void');
select is(t.code(t.call('undo_decisions', jsonb_build_object('actor', t.actor('noor'), 'id', :r))),
    'wrong_role', 'there is nothing more to take back');
select is(t.decide('noor', :r, 'reject') ->> 'state', 'rejected',
    'the same reviewer may decide again');
select ok(t.whole(:r), 'the chain holds through all of it');
select t.at('starting') as r \gset
select ok((select (can_json(p, r) ->> 'undo')::bool from person p, request r
    where p.id = t.id('noor') and r.id = :r), 'which who approved is shown after the start, too');
select is(t.call('undo_decisions', jsonb_build_object('actor', t.actor('noor'), 'id', :r))
    ->> 'cancelling', 'true', 'who approved stops what has started');
select is((select cancel_requested_by from attempt where id = t.attempt(:r)), t.id('noor'),
    'its worker is told to');
select is((select body -> 'revoked' from audit_event where entity = 'request' and entity_id = :r
    and event = 'attempt.cancel'), 'true', 'and the trail says why');
select ok(not (select (can_json(p, r) ->> 'undo')::bool from person p, request r
    where p.id = t.id('noor') and r.id = :r), 'once');
select t.at('claimed') as r \gset
select is(t.call('undo_decisions', jsonb_build_object('actor', t.actor('eva'), 'id', :r))
    ->> 'state', 'pending', 'an admin revokes an approval before the start');
select is(t.code(t.start(:r)), 'wrong_state', 'and the worker that had claimed it can not start');

-- Own requests, by anybody on any path.
create function t.own(author text, reviewer text) returns text language sql
    return t.code(t.decide(reviewer, t.submit(author), 'approve'));
select is(t.own('both', 'both'), 'own_request', 'not the author');
select is(t.own('bot', 'both'), 'own_request', 'not the owner of the agent that asked');
select is(t.own('mia', 'mia'), 'own_request', 'without the role it is no less one''s own');
select is(t.own('mia', 'root'), 'wrong_role', 'an admin is no reviewer');
select is(t.own('mia', 'stranger'), 'not_found', 'another team''s request is not even there');
select is(t.own('mia', 'eva'), 'ok', 'an admin who reviews for the team may');
update person set roles = '{analyst,reviewer,admin}' where id = t.id('eva');
select is(t.own('eva', 'eva'), 'own_request', 'admins are not exempt');
select is(t.own('bot', 'bot'), 'own_request', 'an agent never decides');
update person set roles = '{reviewer,analyst}' where id = t.id('anna');
select t.submit('mia') as r \gset
select is(t.call('revise_requests', jsonb_build_object('actor', t.actor('anna'), 'id', :r,
    'revision', 1, 'verdict', t.verdict(), 'code', E'print(3)\n')) ->> 'revision',
    '2', 'a reviewer edits');
select is(t.code(t.decide('anna', :r, 'approve')), 'own_request', 'and is an author from then on');
select is(t.code(t.decide('noor', :r, 'approve')), 'ok', 'another reviewer is not');
select t.call('cancel_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :r)) as x \gset
select t.call('run_again', jsonb_build_object('actor', t.actor('mia'), 'id', :r)) ->> 'id' as r
\gset
select is(t.code(t.decide('anna', :r, 'approve')), 'own_request',
    'nor does an editor decide when the same code is to run again');
select is(t.code(t.decide('noor', :r, 'approve')), 'ok', 'who only approved it may');
select ok(not exists (select from request_list(t.id('both'), '{"view": "review"}') l,
        jsonb_array_elements(l -> 'requests') q
    where (q -> 'author' ->> 'id')::bigint in (t.id('both'), t.id('bot'))
      and (q ->> 'can_decide')::bool), 'the list does not offer own requests');

select t.submit('both') as r \gset
select is(t.code(t.decide('both', :r, 'approve',
    '{"idempotency": {"key": "k", "body_sha256": "x"}}')), 'own_request',
    'a refusal that came with a key');
select is_empty('select from idempotency where person_id = t.id(''both'')',
    'is not kept as an answer');

-- Accounts made or reset by one another.
select person_create(t.actor('eva'), jsonb_build_object('login', 't-made', 'name', 'Made',
    'roles', '["analyst", "reviewer"]'::jsonb,
    'team_ids', (select jsonb_agg(m.team_id) from team_member m where m.person_id = t.id('eva'))))
    as made \gset
select is(t.own('eva', 'made'), 'own_request', 'not somebody whom the author made');
select is(t.own('made', 'eva'), 'own_request', 'not who made the author');
select is(t.own('mia', 'made'), 'ok', 'a made account may decide on others');
select is(t.own('mia', 'anna'), 'ok', 'two reviewers without ties may');
update person set roles = '{analyst,reviewer,admin}' where id = t.id('made');
select person_create(t.actor('made'), jsonb_build_object('login', 't-far', 'name', 'Far',
    'roles', '["analyst", "reviewer"]'::jsonb,
    'team_ids', (select jsonb_agg(m.team_id) from team_member m where m.person_id = t.id('eva'))))
    as far \gset
select is(t.own('eva', 'far'), 'own_request', 'not an account that was made by one they made');
select is(t.own('far', 'eva'), 'own_request', 'nor who made the one that made the author');
select is(t.own('mia', 'far'), 'ok', 'on others it may decide');
select t.submit('eva') as r \gset
select ok(eligible_people(:r) && array[t.id('noor')]
    and not eligible_people(:r) && array[t.id('eva'), t.id('made'), t.id('far')],
    'and none of them counts among those whose approval would');
select login_link_create(t.actor('root'), 't-anna', sha256('reset'), 60) as reset \gset
update person set roles = '{analyst,reviewer,admin}' where id = t.id('root');
insert into team_member select t.id('root'), m.team_id from team_member m
    where m.person_id = t.id('mia') on conflict do nothing;
select is(t.code(t.decide('anna', t.submit('root', jsonb_build_object('team_id',
    (select m.team_id from team_member m where m.person_id = t.id('mia')))), 'approve')),
    'own_request', 'not somebody whose credentials the author reset');
select is(t.own('anna', 'root'), 'own_request', 'not who reset the author''s credentials');
select identity_link(t.actor('root'), t.id('max'), 'https://issuer.test', 'max') as x \gset
select is(t.own('max', 'root'), 'own_request',
    'not who said which account of a provider is theirs');
select token_create(t.actor('eva'), jsonb_build_object('person_id', t.id('max'), 'name', 'x',
    'scopes', '["submit"]'::jsonb), sha256('tok')) as token \gset
select t.submit('max', jsonb_build_object('actor', t.actor('max',
    jsonb_build_object('token_id', :token)))) as r \gset
select is(t.code(t.decide('eva', :r, 'approve')), 'own_request',
    'not who made the token that submitted');
select is((select l.body ->> 'code' from audit_event l where l.entity = 'request'
    and l.entity_id = :r and l.event = 'decision.refused'), 'own_request',
    'the attempt is in the audit trail');

-- Whose own a request is: all who had a part in it, and those behind their agents and tokens.
insert into person (login, name, kind, roles, owner_id) select 't-bot2', 'Bot 2', 'agent',
    '{agent}', t.id('anna');
create function t.token(of_login text, by_login text) returns bigint language sql as $$
    insert into api_token (person_id, created_by, name, prefix, token_sha256, scopes)
        values (t.id(of_login), t.id(by_login), 'own', 'own', sha256(random()::text::bytea),
                '{read,submit}') returning id $$;
create function t.owners(request_id bigint) returns text language sql return (
    select string_agg(distinct p.login, ' ' order by p.login)
    from own_people(array[request_id]) o join person p on p.id = o.person_id);
select is(t.owners((t.call('submit_requests', t.submission('bot', jsonb_build_object('actor',
    t.actor('bot', jsonb_build_object('token_id', t.token('bot', 'bot2')))))) ->> 'id')::bigint),
    't-anna t-bot t-bot2 t-both', 'the maker of its token, and who owns the agent that this is');
select t.submit('mia') as r \gset
select t.call('revise_requests', jsonb_build_object('actor', t.actor('mia', jsonb_build_object(
    'token_id', t.token('mia', 'root'))), 'id', :r, 'revision', 1, 'verdict', t.verdict(),
    'code', E'print(4)\n')) as x \gset
select is(t.owners(:r), 't-mia t-root', 'the maker of a token that revised it');

-- Tokens and sessions.
select token_create(t.actor('noor'), jsonb_build_object('name', 'x',
    'scopes', '["decide"]'::jsonb), sha256('tok2')) as token \gset
select t.submit('mia') as r \gset
select is(t.code(t.decide('noor', :r, 'approve', jsonb_build_object('actor', t.actor('noor',
    jsonb_build_object('token_id', (select id from api_token where token_sha256 =
        sha256('tok'))))))),
    'unauthenticated', 'another person''s token does not help');
select is(t.code(t.decide('noor', :r, 'approve', jsonb_build_object('actor', t.actor('noor',
    '{"session_id": 1}')))), 'unauthenticated', 'nor does a session that is not live');
update person set disabled_at = now() where id = t.id('noor');
select is(t.code(t.decide('noor', :r, 'approve')), 'unauthenticated',
    'a disabled reviewer decides nothing');
update person set disabled_at = null where id = t.id('noor');
select is(t.code(t.decide('noor', :r, 'approve', jsonb_build_object('actor', t.actor('noor',
    jsonb_build_object('token_id', :token))))), 'ok', 'a token with scope decide does');

-- A batch: each element is answered for itself, and of two on the same request the second sees the
-- first.
select t.submit('mia') as a \gset
select t.submit('mia') as b \gset
select t.submit('mia') as c \gset
create function t.element(login text, request_id bigint, verdict text, more jsonb default '{}')
    returns jsonb language sql return t.signed(request_id) || jsonb_build_object('actor',
    t.actor(login), 'id', request_id,
    'revision', 1, 'bundle_sha256', t.digest(request_id), 'verdict', verdict) || more;
select jsonb_agg(s.result order by s.n) as answers from decide_requests(jsonb_build_array(
    t.element('noor', :a, 'approve'), t.element('max', :b, 'approve'),
    t.element('both', :a, 'reject', '{"note": "no"}'), t.element('noor', :b, 'request_changes'),
    t.element('noor', :b, 'request_changes', '{"note": "why?"}'), t.element('noor', :c, 'approve'),
    t.element('noor', :a, 'approve'))) s \gset
select is((select array_agg(t.code(e) order by n)
           from jsonb_array_elements(:'answers') with ordinality e (e, n)),
    '{ok,not_found,already_decided,missing_field,ok,ok,ok}', 'each has its own answer');
select is(:'answers'::jsonb -> 6 -> 'decision_id', :'answers'::jsonb -> 0 -> 'decision_id',
    'one that says the same again is told the same');
select is((select array_agg(state order by id) from request where id in (:a, :b, :c)),
    '{approved,changes_requested,approved}', 'and each request its state');
select is((select count(*) from attempt where request_id in (:a, :b, :c)), 2::bigint,
    'with one attempt for each that was approved');
select is((select array_agg(event order by entity_seq) from audit_event
           where entity = 'request' and entity_id = :a),
    '{request.submit,decision.approve,attempt.ready}', 'and its rows in the audit trail, in order');
select ok(not exists (select from audit_chain_broken('request', :a)), 'whose chain is whole');
select is((select array_agg(distinct l.decision_id) from attempt_decision l join attempt t
           on t.id = l.attempt_id where t.request_id = :c),
    array[(:'answers'::jsonb -> 5 ->> 'decision_id')::bigint],
    'an attempt rests on the decisions of its own request');

select * from finish();
rollback;
