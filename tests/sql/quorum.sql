-- How many people must approve, of which groups, and what is signed about it.
-- Proves: V7.5.3 T4 I2
\ir setup.psql
select plan(95);

create function t.risky(level text) returns bigint language sql
    return t.submit('mia', jsonb_build_object('verdict',
        t.verdict(level)));
create function t.quorum(request_id bigint) returns text language sql stable
    return (select concat_ws(' ', q ->> 'approved', 'of', q ->> 'needed', 'by', q ->> 'eligible',
                q ->> 'possible')
            from request r, quorum_json(r) q where r.id = $1);
create function t.fresh(login text, request_id bigint) returns jsonb language sql
    return t.decide(login, request_id, 'approve',
                    jsonb_build_object('actor', t.fresh_actor(login)));
create function t.waits_for(login text, request_id bigint) returns bool language sql stable
    return exists (select from jsonb_array_elements(
        request_list(t.id(login), '{"view": "review"}') -> 'requests') e
        where e ->> 'id' = $2::text);

-- Risk comes from what the policy said, and that is bound.
create temp table risky as select l.n, t.risky(l.level) as id from unnest(
    array['none', 'note', 'medium', 'high', 'block']) with ordinality l (level, n);
select is((select array_agg(v.risk order by r.n)
           from risky r join revision v on v.request_id = r.id),
    '{low,low,medium,high,blocked}', 'risk is what the verdict says');
select t.risky('high') as r \gset
select is((select row(policy_version, verdict_sha256 = encode(sha256(convert_to(verdict, 'UTF8')),
    'hex'), bundle_sha256 = bundle_digest(:r, 1))::text from revision where request_id = :r),
    '(1,t,t)', 'the digest of the verdict is part of the bundle');
select is(t.code(t.call('submit_requests', t.submission('mia', '{"verdict": null}'))),
    'unavailable', 'what was not judged does not come in');

-- Two people for a high risk.
select is(t.quorum(:r), '0 of 2 by 4 true', 'nobody of two so far');
select is(t.fresh('noor', :r) ->> 'state', 'pending', 'one approval is not enough');
select is(t.quorum(:r), '1 of 2 by 4 true', 'but counted');
select is((select count(*) from attempt where request_id = :r), 0::bigint, 'nothing is to run');
select is((select event || coalesce(to_state, '-') from audit_event where entity = 'request'
    and entity_id = :r order by entity_seq desc limit 1), 'decision.approve-',
    'it is recorded as no move');
select ok(not t.waits_for('noor', :r), 'it waits for noor no more');
select ok(t.waits_for('anna', :r), 'but for anna');
select is(cannot_decide_because((select p from person p where id = t.id('noor')),
    (select q from request q where id = :r)), 'already_decided', 'and tells noor why');
select is(t.code(t.decide('noor', :r, 'reject')), 'already_decided', 'noor has no second voice');
select is(t.fresh('noor', :r) ->> 'state', 'pending', 'nor counts twice');
select is(t.quorum(:r), '1 of 2 by 4 true', 'whatever is sent');
select is(t.fresh('anna', :r) ->> 'state', 'approved', 'the second approval is enough');
select is((select array_agg(d.reviewer_id order by d.id) from attempt_decision l
    join decision d on d.id = l.decision_id where l.attempt_id = t.attempt(:r)),
    array[t.id('noor'), t.id('anna')], 'the run rests on both');
select is((select array_agg(distinct needed) from decision where request_id = :r), '{2}',
    'and both say that two are needed');

-- Each approval ends by itself, not with the last.
create function t.approval_ends(login text, request_id bigint, after interval) returns void
    language plpgsql as $$
begin
    set local session_replication_role = replica;
    update decision d set valid_until = clock_timestamp() + after
        where d.request_id = $2 and d.reviewer_id = t.id(login);
    set local session_replication_role = origin;
end
$$;
select t.risky('high') as s \gset
select t.fresh('noor', :s) as x \gset
select t.approval_ends('noor', :s, '2 hours') as x \gset
select is(t.fresh('anna', :s) ->> 'state', 'approved', 'while the first is good');
select is((select (a.valid_until, r.expires_at) from attempt a join request r
    on r.id = a.request_id where r.id = :s), (select (min(valid_until), min(valid_until))
    from decision where request_id = :s), 'the run and the request end with the first of both');
select t.worker() as w \gset
select t.claim(:w, :s) as x \gset
select t.approval_ends('noor', :s, '-1 second') as x \gset
select is(t.code(t.start(:s)), 'conflict', 'what rests on an approval that ended does not start');
select t.risky('high') as s \gset
select t.fresh('noor', :s) as x \gset
select t.approval_ends('noor', :s, '-1 second') as x \gset
select is(t.quorum(:s), '0 of 2 by 4 true', 'an approval that ended counts no more');
select is(t.fresh('anna', :s) ->> 'state', 'pending', 'so a second one is the first');
select sweep(:w, 10000) as x \gset
select is((select event || coalesce(to_state, '-') from audit_event where entity = 'request'
    and entity_id = :s order by entity_seq desc limit 1), 'decision.expire-',
    'review begins again');
select ok(t.waits_for('noor', :s), 'and who had approved is asked again');
select is(t.fresh('noor', :s) ->> 'state', 'pending', 'and may');
select is(t.fresh('anna', :s) ->> 'state', 'approved', 'with another person as before');
select is((select round from request where id = :s), 2, 'in a round of its own');

-- The first of two takes an approval back while the second is awaited.
create function t.undo(login text, request_id bigint) returns jsonb language sql
    return t.call('undo_decisions', jsonb_build_object('actor', t.actor(login), 'id', $2));
create function t.can_undo(login text, request_id bigint) returns bool language sql stable
    return (select (can_json(p, r) ->> 'undo')::bool from person p, request r
            where p.id = t.id($1) and r.id = $2);
select t.risky('high') as s \gset
select t.fresh('noor', :s) as x \gset
select ok(t.can_undo('noor', :s), 'who approved first is shown that they may take it back');
select ok(not t.can_undo('anna', :s) and not t.can_undo('eva', :s), 'nobody else is');
select is(t.code(t.undo('anna', :s)), 'wrong_role', 'nor may');
select is(t.undo('noor', :s) ->> 'state', 'pending', 'the first of two takes an approval back');
select is(t.quorum(:s), '0 of 2 by 4 true', 'which counts no more');
select is((select event || coalesce(to_state, '-') from audit_event where entity = 'request'
    and entity_id = :s order by entity_seq desc limit 1), 'decision.undo-', 'and is recorded');
select is(t.code(t.undo('noor', :s)), 'wrong_role', 'once');
select is(t.fresh('anna', :s) ->> 'state', 'pending', 'the second alone is not enough');
select is(t.decide('noor', :s, 'reject') ->> 'state', 'rejected', 'and the first may say no');

-- A rejection by the second ends it; a change voids the first.
select t.risky('high') as s \gset
select t.fresh('noor', :s) as x \gset
select is(t.decide('anna', :s, 'reject') ->> 'state', 'rejected', 'one rejection is enough');
select t.risky('high') as s \gset
select t.fresh('noor', :s) as x \gset
select t.call('revise_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :s,
    'revision', 1, 'code', E'print(2)\n', 'verdict', t.verdict('high'))) as x \gset
select is(t.quorum(:s), '0 of 2 by 4 true', 'an approval of other bytes counts for nothing');
select ok(t.waits_for('noor', :s), 'and it waits for noor again');
select t.call('revise_requests', jsonb_build_object('actor', t.actor('anna'), 'id', :s,
    'revision', 2, 'code', E'print(3)\n', 'verdict', t.verdict('high'))) as x \gset
select is(t.quorum(:s), '0 of 2 by 3 true', 'who edits is no longer among those who may');
select is((select v.risk || v.verdict from revision v where v.request_id = :s and v.revision = 3),
    'high' || t.verdict('high'), 'each revision has its own verdict');
select t.call('revise_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :s,
    'revision', 3, 'title', 'Other')) as x \gset
select is((select v.risk from revision v where v.request_id = :s and v.revision = 4), 'high',
    'that of the same code stays');

-- Only who showed a moment ago who they are approves a high risk.
select t.risky('high') as s \gset
select t.fresh_actor('noor') as actor \gset
create function t.approves(login text, request_id bigint, actor jsonb, more jsonb default '{}')
    returns text language sql
    return t.code(t.decide(login, request_id, 'approve',
                           jsonb_build_object('actor', actor) || more));
create function t.last_seen(actor jsonb, at timestamptz) returns void language sql
    begin atomic
    update cs.session s set authenticated_at = at where s.id = (actor ->> 'session_id')::bigint;
    end;
select t.last_seen(:'actor', now() - interval '15 minutes 1 second');
select is(t.approves('noor', :s, :'actor'), 'reauthentication_required',
    'nobody approves a high risk with an old proof');
select is((select count(*) from decision where request_id = :s), 0::bigint, 'which makes no row');
select is(t.approves('noor', :s, :'actor', '{"reauth_seconds": 3600}'), 'ok',
    'how old it may be is a setting');
select is(t.approves('noor', :s, :'actor'), 'ok', 'the same again has the same answer');
select t.last_seen(:'actor', null);
select t.risky('high') as q \gset
select is(t.approves('noor', :q, :'actor'), 'reauthentication_required',
    'nor with the word of a proxy alone');
select is(t.approves('noor', :q, t.actor('noor')), 'reauthentication_required',
    'nor without a session');
select t.last_seen(:'actor', now());
select is(t.approves('noor', :q, :'actor', '{"reauth_seconds": null}'),
    'reauthentication_required', 'nor when nobody says how old it may be');
select operator_token_add(jsonb_build_object('login', (select login from person
    where id = t.id('noor')), 'name', 'n', 'prefix', 'cs_Zk3vQx1b',
    'scopes', jsonb_build_array('decide'), 'seconds', 3600), sha256('high')) ->> 'id' as token \gset
select is(t.decide('noor', :q, 'approve', jsonb_build_object('actor',
    t.actor('noor', jsonb_build_object('token_id', :token::bigint)))) -> 'error' ->> 'message',
    'A token does not approve what is of high risk: sign in', 'nor by a token');
select is(t.approves('noor', t.risky('medium'), t.actor('noor')), 'ok', 'a medium risk needs none');
select is(t.decide('noor', t.risky('high'), 'reject') ->> 'state', 'rejected',
    'nor does a rejection');
select is(t.approves('noor', :q, :'actor'), 'ok', 'with a new proof it is approved');

-- Rights are asked when it starts.
select t.claim(:w, :r) as x \gset
update person set disabled_at = now() where id = t.id('anna');
select is(t.code(t.start(:r)), 'conflict', 'without the second person nothing starts');
select is(t.state(:r), 'pending', 'it goes back to review');
update person set disabled_at = null where id = t.id('anna');

-- Rules by team, and groups.
create function t.rule(item jsonb) returns text language sql
    return (select string_agg(concat_ws(' ', coalesce(e ->> 'team', 'all'), e ->> 'risk',
                e ->> 'group', e ->> 'needed'), ', ' order by n)
            from jsonb_array_elements(operator_quorum_set(item)) with ordinality q (e, n));
select name as team from team where id = (select team_id from request where id = :r) \gset
select is(t.rule(jsonb_build_object('risk', 'low', 'team', :'team', 'needed', 2)),
    'all low 1, all medium 1, all high 2, ' || :'team' || ' low 2', 'a team may ask for more');
select t.submit('mia') as r \gset
select is(t.quorum(:r), '0 of 2 by 4 true', 'its rule stands for that of all');
select is((t.decide('noor', :r, 'approve', jsonb_build_object('needed', 1)) -> 'error' ->> 'code'),
    'stale', 'who signed for another quorum must look again');
select is(t.rule(jsonb_build_object('risk', 'low', 'team', :'team', 'needed', 0)),
    'all low 1, all medium 1, all high 2', 'and takes it back');
select operator_group_set(jsonb_build_object('team', :'team', 'name', 'Finance', 'people',
    jsonb_build_array((select login from person where id = t.id('anna'))))) as x \gset
select is(t.rule(jsonb_build_object('risk', 'low', 'team', :'team', 'group', 'finance',
    'needed', 1)), 'all low 1, all medium 1, all high 2, ' || :'team' || ' low Finance 1',
    'or asks for somebody of a group');
select is(t.decide('noor', :r, 'approve') ->> 'state', 'pending', 'noor is not of the group');
select is((select quorum_json(q) -> 'groups' from request q where id = :r),
    '[{"name": "Finance", "needed": 1, "approved": 0, "eligible": 1}]', 'it says what is missing');
select is(t.decide('anna', :r, 'approve') ->> 'state', 'approved', 'anna is');
select t.submit('mia') as s \gset
update person set disabled_at = now() where id = t.id('anna');
select is(t.quorum(:s), '0 of 1 by 3 false', 'without anna there is no quorum at all');
update person set disabled_at = null where id = t.id('anna');
select is((select q -> 'too_few' from jsonb_array_elements(operator_quorum()) q
    where q ->> 'group' = 'Finance'), 'null', 'whom a rule asks for is there');
update person set disabled_at = now() where id = t.id('anna');
select is((select q ->> 'too_few' from jsonb_array_elements(operator_quorum()) q
    where q ->> 'group' = 'Finance'), 'Test team has 0', 'or the list says where nobody is');
update person set disabled_at = null where id = t.id('anna');
select alike((select q ->> 'too_few' from jsonb_array_elements(operator_quorum()) q
    where q ->> 'team' is null and q ->> 'risk' = 'high'), '%Other team has 1%',
    'and which teams have too few for a rule of all');
select is((select count(*) from audit_event where event in ('quorum.set', 'approvers.set')
    and actor_kind = 'operator'), 4::bigint, 'every change of a rule is recorded');

-- What is wrong with a rule is said, and changes nothing.
create function t.wrong(item jsonb) returns text language plpgsql as $$
begin
    perform operator_quorum_set(item);
    return 'ok';
exception when sqlstate 'CS001' then
    return sqlerrm;
end
$$;
select alike(t.wrong('{"risk": "big", "needed": 1}'), '%low, medium or high%', 'three risks');
select alike(t.wrong('{"risk": "low", "needed": 21}'), '%from 0 to 20%', 'up to 20');
select alike(t.wrong('{"risk": "low"}'), '%from 0 to 20%', 'one number');
select alike(t.wrong('{"risk": "low", "needed": 0}'), '%at least 1%', 'somebody always');
select alike(t.wrong('{"risk": "low", "needed": 1, "team": "x"}'), '%no team%', 'a team there is');
select alike(t.wrong(jsonb_build_object('risk', 'low', 'needed', 1, 'team', :'team', 'group',
    'x')), '%no group%', 'and a group');

-- Who could come in as somebody else is not a second person beside them.
update person set roles = '{admin,reviewer}' where id = t.id('eva');
select person_create(t.actor('eva'), jsonb_build_object('login', 't-twin', 'name', 'Twin',
    'roles', '["reviewer"]'::jsonb,
    'team_ids', (select jsonb_agg(m.team_id) from team_member m where m.person_id = t.id('eva'))))
    as twin \gset
select t.risky('high') as s \gset
select is(t.quorum(:s), '0 of 2 by 5 true', 'an account that somebody made may approve, too');
select is(t.fresh('eva', :s) ->> 'state', 'pending', 'the one who made it approves');
select is(t.fresh('twin', :s) -> 'error' ->> 'code', 'own_request',
    'and is not a second person by the account they made');
select is(t.quorum(:s), '1 of 2 by 5 true', 'which changes nothing');
select is((select body ->> 'code' from audit_event where entity = 'request' and entity_id = :s
    and event = 'decision.refused'), 'same_hands', 'but is recorded');
select is(t.decide('twin', :s, 'reject') ->> 'state', 'rejected', 'to say no one voice is enough');
select t.risky('high') as s \gset
select t.fresh('twin', :s) as x \gset
select is(t.fresh('eva', :s) -> 'error' ->> 'code', 'own_request', 'nor the other way round');
select is(t.fresh('noor', :s) ->> 'state', 'approved', 'another person is');

select t.risky('high') as s \gset
select t.fresh('noor', :s) as x \gset
select t.fresh('anna', :s) as x \gset
select t.claim(:w, :s) as x \gset
select login_link_create(t.actor('root'), 't-anna', sha256('tie'), 60) as x \gset
select is((select count(*) from counted_approvals(array[:s]::bigint[])), 2::bigint,
    'an admin who resets one of two is no tie between them');
select login_link_create(t.actor('eva'), 't-anna', sha256('tie 2'), 60) as x \gset
update person set roles = '{admin,reviewer}' where id = t.id('noor');
select login_link_create(t.actor('noor'), 't-anna', sha256('tie 3'), 60) as x \gset
select is((select array_agg(reviewer_id) from counted_approvals(array[:s]::bigint[])),
    array[t.id('noor')], 'a reset between the approvals and the start ties them');
select is(t.code(t.start(:s)), 'conflict', 'and nothing starts');
select is(t.state(:s), 'pending', 'it goes back to review');

select is(apart(array[t.id('eva'), t.id('twin'), t.id('anna'), t.id('both')], '{}'),
    array[t.id('both'), t.id('anna'), t.id('twin')], 'as many as are tied to nobody');
select is(apart(array[t.id('twin'), t.id('anna'), t.id('both')], array[t.id('eva')]),
    array[t.id('eva'), t.id('both')], 'beside those who are chosen');
update person set disabled_at = now() where id in (t.id('both'), t.id('anna'));
select is(t.quorum(:s), '0 of 2 by 3 true', 'two of three are apart');
update person set disabled_at = now() where id = t.id('noor');
select is(t.quorum(:s), '0 of 2 by 2 false', 'two accounts in one hand are no quorum');
select alike((select q ->> 'too_few' from jsonb_array_elements(operator_quorum()) q
    where q ->> 'team' is null and q ->> 'risk' = 'high'), '%Test team has 1%',
    'which the operator sees');
update person set disabled_at = null where id in (t.id('both'), t.id('anna'), t.id('noor'));
update person set disabled_at = now() where id = t.id('twin');

-- Nothing unsigned is taken.
select t.submit('mia') as r \gset
select is(t.code(t.decide('noor', :r, 'approve', '{"signature": null}')), 'unavailable',
    'without a signature');
select is((select array_agg(t.code(t.decide('noor', :r, 'approve', x.more))) from (values
    ('{"signature": "00"}'::jsonb), ('{"key_id": "x"}'), ('{"key_id": null}'),
    ('{"decided_ms": 0}'), ('{"decided_ms": null}'), ('{"valid_ms": 9000000000000}'),
    ('{"valid_ms": null}'), ('{"round": null}'), ('{"needed": null}')) x (more)),
    array_fill('unavailable'::text, array[9]),
    'or with one of other terms');
select is(t.code(t.decide('noor', :r, 'approve', '{"round": 2}')), 'stale', 'or of another round');
select is(t.state(:r), 'pending', 'and it waits on');

select * from finish();
rollback;
