-- What the trail keeps of decisions that were refused, at the door and behind it.
-- Proves: T4 I14
\ir setup.psql
select plan(28);

create function t.refusals(request_id bigint) returns text language sql stable
    return (select string_agg(concat_ws(' ', p.login, e.body ->> 'code', e.body ->> 'verdict'),
                              ', ' order by e.id)
            from cs.audit_event e join cs.person p on p.id = e.actor_id
            where e.entity = 'request' and e.entity_id = $1 and e.event = 'decision.refused');
create function t.barred(actor jsonb, request_id bigint, code text default 'wrong_role',
                         verdict text default 'approve') returns text language plpgsql as $$
begin
    perform cs.decision_barred(actor, request_id, verdict, code);
    return 'kept, if it is to be';
exception when sqlstate 'CS001' then
    return sqlerrm;
end
$$;

-- At the door: the api asks for it before it says no.
select t.submit('mia') as r \gset
select is(t.barred(t.actor('mia'), :r), 'kept, if it is to be', 'an analyst is turned away');
select is(t.refusals(:r), 't-mia own_request approve', 'the author is known to have tried');
select is(t.barred(t.actor('root'), :r, verdict => null), 'kept, if it is to be',
    'an admin who is no reviewer, too');
select is(t.refusals(:r), 't-mia own_request approve, t-root wrong_role',
    'with the code that was told, and no verdict where none was said');
select t.submit('bot') as b \gset
select t.barred(t.actor('bot'), :b) as x \gset
select t.barred(t.actor('both'), :b, 'forbidden', 'reject') as x \gset
select is(t.refusals(:b), 't-bot own_request approve, t-both own_request reject',
    'an agent and its owner, whatever barred them');
select is((select array_agg(x.n order by x.n) from (values (1, t.barred(t.actor('max'), :r)),
    (2, t.barred(t.actor('stranger'), :r)), (3, t.barred(t.actor('mia'), -1))) x (n, said)
    where x.said = 'kept, if it is to be'), '{1,2,3}',
    'who may not see a request is told the same as of one that is not there');
select is(t.refusals(:r), 't-mia own_request approve, t-root wrong_role',
    'and nothing is kept of it');
select is(t.state(:r), 'pending', 'nothing else has changed');
select ok(t.whole(:r), 'and the chain holds');
update person set disabled_at = now() where id = t.id('mia');
select isnt(t.barred(t.actor('mia'), :r), 'kept, if it is to be', 'who is out keeps nothing');
update person set disabled_at = null where id = t.id('mia');

-- Behind it: the same order of questions, and every code that is a try of what one may not.
select t.submit('mia') as r \gset
select is(t.code(t.decide('mia', :r, 'approve')), 'own_request', 'own before the role');
select is(t.code(t.decide('root', :r, 'approve')), 'wrong_role', 'the role of others');
select is(t.code(t.decide('max', :r, 'approve')), 'not_found', 'nothing to who does not see it');
select is(t.refusals(:r), 't-mia own_request approve, t-root wrong_role approve',
    'both that saw it are kept');
select is(cannot_decide_because((select p from person p where id = t.id('mia')),
    (select q from request q where id = :r)), 'own_request', 'the author is told beforehand');
select t.submit('mia') as r \gset
select is(t.code(t.decide('noor', :r, 'approve',
    jsonb_build_object('bundle_sha256', repeat('0', 64)))), 'stale', 'other bytes are refused');
select is(t.refusals(:r), 't-noor stale_digest approve', 'and kept: they are not what waits');
select t.submit('mia') as r \gset
select is(t.code(t.decide('noor', :r, 'approve', '{"signature": null}')), 'unavailable',
    'what nobody signed is refused');
select is(t.refusals(:r), 't-noor unsigned approve', 'and kept: it came past the api');
select t.submit('mia', jsonb_build_object('verdict', t.verdict('high'))) as h \gset
select is(t.code(t.decide('noor', :h, 'approve')), 'reauthentication_required',
    'an old proof is refused');
select is(t.refusals(:h), 't-noor not_fresh approve', 'and kept: it proves too little');
insert into second_factor (person_id, sealed, last_step)
    values (t.id('anna'), decode(repeat('00', 60), 'hex'), 0);
select t.submit('mia') as r \gset
select is(t.code(t.decide('anna', :r, 'approve')), 'reauthentication_required',
    'without the second factor it is refused');
select is(t.refusals(:r), 't-anna no_factor approve', 'and kept: it may be another person');
select t.submit('mia') as r \gset
select is(t.code(t.decide('noor', :r, 'approve', '{"revision": 2}')), 'stale', 'a late reader');
select is(t.refusals(:r), null, 'tried nothing that they may not');

-- Not without end, whichever request it is about and whichever way it came.
select t.submit('max') as f \gset
select t.submit('max') as g \gset
select count(t.decide('max', :f, 'approve')) from generate_series(1, 35) \gset
select count(t.barred(t.actor('max'), :g)) from generate_series(1, 35) \gset
create function t.kept(login text) returns bigint language sql stable
    return (select count(*) from cs.audit_event
            where event = 'decision.refused' and actor_id = t.id(login));
select is(t.kept('max'), 60::bigint, 'sixty within a minute are kept of one person');
select t.submit('max') as f \gset
select count(t.decide('root', :f, 'approve')) \gset
select is(t.refusals(:f), 't-root wrong_role approve', 'which hides nobody else');
set session_replication_role = replica;
update audit_event set ts = ts - interval '1 minute' where event = 'decision.refused';
set session_replication_role = origin;
select t.decide('max', :f, 'approve') as x \gset
select t.barred(t.actor('max'), :f) as x \gset
select is(t.kept('max'), 62::bigint, 'a minute later they are kept again');

select * from finish();
rollback;
