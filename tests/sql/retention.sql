-- Two admins agree to drop a part of the audit trail: who may, when, and what never changes then.
-- Proves: I13
\ir setup.psql
\ir glass.psql
\ir retention.psql
select plan(64);

select t.submit('mia') as first \gset
select is(t.propose('eva', 365), 'invalid_field before', 'nothing was sealed yet');
select t.seal(500) as one \gset
select t.submit('mia') as second \gset
select t.seal(400) as two \gset
select t.submit('mia') as third \gset
select t.seal(364) as three \gset

-- Who, and what.
select is(t.propose('noor', 400), 'wrong_role', 'only admins propose');
select is(t.told('retention_propose', t.actor('eva'), jsonb_build_object('before', t.days(400),
    'reason', 'x', 'reauth_seconds', 900)), 'reauthentication_required', 'in a session');
select is(t.propose('eva', 400, ago => 901), 'reauthentication_required', 'that is fresh');
select is(t.propose('eva', 400, '{"reauth_seconds": null}'), 'reauthentication_required',
    'no age is no way around');
select is(t.propose('eva', 364), 'invalid_field before', 'not of what is too young');
select is(t.propose('eva', 29, '{"min_days": 1}'), 'invalid_field before',
    'and 30 days stay, whatever is set');
select is(array_agg(t.propose('eva', 400, jsonb_build_object('before', b)) order by n),
    array_fill('invalid_field before'::text, '{5}') || '{missing_field before}', 'before is a day')
from unnest(array['x', '2020-13-01', '2020-02-30', '2020-1-1', 'infinity', null])
    with ordinality d (b, n);
select is(t.propose('eva', 600), 'invalid_field before', 'nothing was sealed before that');
select is(t.propose('eva', 400, '{"reason": " "}'), 'missing_field reason', 'a reason is needed');
select is(t.propose('eva', 400, jsonb_build_object('reason', repeat('x', 501))),
    'invalid_field reason', 'a short one');
select is(array_agg(t.propose('eva', 400, m)), array_fill('unavailable'::text, '{5}'),
    'what is not signed goes nowhere')
from unnest(array['{"signature": null}', '{"signature": "00"}', '{"key_id": "x"}', '{"at_ms": 1}',
                  '{"at_ms": null}']::jsonb[]) m;
select is(t.propose('eva', 399, jsonb_build_object('seal', :one)), 'stale',
    'nor what was signed for another seal');
select is(t.propose('eva', 399, '{"seal_hash": "00"}'), 'stale', 'or another hash of it');
select is((select count(*) from retention), 0::bigint, 'none of these left anything');

select is(t.propose('eva', 399), 'proposed', 'an admin proposes');
select is((select row(first_seal, seal, seal_hash = sha256('2'), events, reason,
        proposed_by = t.id('eva'), agreed_by)::text from retention),
    (select row(1, :two, true, sum(events), 'Kept for a year.', true, null)::text
     from audit_seal where n <= :two), 'all up to the newest seal before that day');
select is((select row(event, actor_id = t.id('eva'), body ->> 'seal', body ->> 'reason',
        row_digests = jsonb_build_object('retention:' || r.id, retention_digest(r)))::text
    from audit_event e join retention r on r.id = e.entity_id where entity = 'retention'),
    '(retention.proposed,t,2,"Kept for a year.",t)', 'which is audited with the digest of its row');
select is(t.propose('root', 499), 'conflict', 'one at a time');

-- Two persons, who are not one.
select is(t.agree('noor'), 'wrong_role', 'only admins agree');
select is(t.agree('eva'), 'own_request', 'never who proposed it');
select is((select row(actor_id = t.id('eva'), body ->> 'code', row_digests
        = jsonb_build_object('retention:' || r.id, retention_digest(r)))::text
    from audit_event e join retention r on r.id = e.entity_id where event = 'retention.refused'),
    '(t,own_request,t)', 'and that it was tried is audited');
select is(t.agree('root', ago => 901), 'reauthentication_required', 'a stale session does not');
select is(t.agree('root', '{"signature": "x"}'), 'unavailable', 'nor what is not signed');
select is(t.agree('root', jsonb_build_object('seal', :one)), 'stale', 'or for another seal');
select operator_person_add('{"login": "t-ida", "name": "Ida", "roles": ["admin"], "teams": []}')
    as x \gset
update person set created_by = t.id('eva') where login = 't-ida';
select is(t.agree('ida'), 'own_request', 'nor whose account was made by who proposed it');
update person set created_by = null where login = 't-ida';
insert into credential_event (person_id, by_id, kind) values (t.id('eva'), t.id('ida'), 'link');
select is(t.agree('ida'), 'own_request', 'nor who could have come in as that person');
update person set disabled_at = now() where login = 't-eva';
select is(t.agree('root'), 'conflict', 'nor when who proposed is disabled');
update person set disabled_at = null, roles = '{reviewer}' where login = 't-eva';
select is(t.agree('root'), 'conflict', 'or no admin any more');
update person set roles = '{admin,reviewer}' where login = 't-eva';
set local session_replication_role = replica;
update audit_seal set hash = sha256('other') where n = :two;
select is(t.agree('root'), 'stale', 'nor when the seal is another one');
update audit_seal set hash = sha256(n::text::bytea) where n = :two;
set local session_replication_role = origin;
select is((select row(state, agreed_by)::text from retention), '(proposed,)',
    'none of these changed anything');
select is(t.agree('root'), 'agreed', 'another admin agrees');
select is(t.agree('root'), 'wrong_state', 'once');
select is((select row(actor_id = t.id('root'), row_digests ->> ('retention:' || r.id)
        = retention_digest(r))::text from audit_event e join retention r on r.id = e.entity_id
    where event = 'retention.agreed'), '(t,t)', 'which is audited with the digest of its row');

-- Read, and withdrawn.
select is(retention_list(t.actor('root'), 365) ->> 'earliest', t.days(365),
    'the newest day that may be given');
select is((select array_agg(k order by k) from jsonb_object_keys(
        retention_list(t.actor('root'), 365) -> 'retentions' -> 0) k),
    '{agreed_at,agreed_by,dropped_at,dropped_events,events,id,kept_events,manifest_sha256,'
    'proposed_at,proposed_by,reason,seal,sealed_at,state,withdrawn_at,withdrawn_by}',
    'what is shown of each');
select is(t.told('retention_withdraw', t.actor('noor'), jsonb_build_object('id', t.newest())),
    'wrong_role', 'only admins withdraw');
select is(t.told('retention_withdraw', t.actor('ida'), '{"id": 999999}'), 'not_found',
    'what is there');
select throws_ok($$ select retention_list(t.actor('noor'), 365) $$, 'CS001', null,
    'and only admins read');
select is(t.withdraw('ida'), 'withdrawn', 'any admin does');
select is(t.withdraw('ida'), 'wrong_state', 'once');
select is(t.agree('root'), 'wrong_state', 'and then nobody agrees any more');
select is((select count(*) from audit_event where event = 'retention.withdrawn'), 1::bigint,
    'which is audited');

-- The table holds everybody to it, SQL by hand too.
select is(t.propose('root', 499), 'proposed', 'another one');
select is(t.tries(format('update retention set %s where state = ''proposed''', change)),
    'CS002', 'SQL by hand changes nothing of it: ' || split_part(change, ',', 1))
from unnest(array['seal = 2', 'first_seal = 2', $$seal_hash = sha256('x')$$, 'events = 1',
    $$reason = 'other'$$, $$proposed_by = t.id('eva')$$, 'proposed_at = now()',
    $$propose_signature = sha512('x')$$, $$propose_key_id = 'x'$$, 'reason = reason']) change;
select is(t.tries($$update retention set state = 'dropped', agreed_by = t.id('eva'),
    agreed_at = now(), agree_key_id = 'k', agree_signature = sha512('x'), dropped_at = now(),
    dropped_xid = pg_current_xact_id(), manifest_sha256 = sha256('x'), dropped_events = 0,
    kept_events = 0 where state = 'proposed'$$), 'CS002', 'nor does it go its way at once');
select is(t.tries(format($$update retention set state = 'agreed', agreed_by = %s,
    agreed_at = now(), agree_signature = sha512('x'), agree_key_id = 'k'
    where state = 'proposed'$$, who)), '23514', 'one person can not be both: ' || who)
from unnest(array['proposed_by', 'null']) who;
select is(t.tries($$insert into retention (state, first_seal, seal, seal_hash, events, reason,
        proposed_by, proposed_at, propose_signature, propose_key_id, agreed_by, agreed_at,
        agree_signature, agree_key_id)
    values ('agreed', 1, 1, sha256('1'), 1, 'x', t.id('eva'), now(), sha512('x'), 'k',
        t.id('ida'), now(), sha512('x'), 'k')$$), 'CS002', 'nor does it begin at its end');
select is(t.tries('delete from retention'), '42501', 'no row of it is ever deleted');
select is(t.tries('truncate retention'), '42501', 'nor all of them');
select is(t.agree('eva'), 'agreed', 'agreed');
select is(t.tries($$update retention set state = 'withdrawn', withdrawn_by = t.id('eva'),
    withdrawn_at = now(), agreed_by = t.id('ida') where state = 'agreed'$$), 'CS002',
    'who agreed never changes');
select is(t.tries($$update retention set state = 'withdrawn', withdrawn_by = t.id('eva'),
    withdrawn_at = now(), reason = 'other' where state = 'agreed'$$), 'CS002',
    'nor what was proposed, as it goes its way');
select is(t.tries($$update retention set state = 'dropped', dropped_at = now(), dropped_xid = '3',
    manifest_sha256 = sha256('x'), dropped_events = 0, kept_events = 0 where state = 'agreed'$$),
    'CS002', 'nothing was dropped in another transaction');

select * from finish();
rollback;
