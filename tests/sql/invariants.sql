-- Each invariant is broken by hand, as only a superuser can, and its view alone tells.
\ir setup.psql
\ir story.psql
\ir glass.psql
\ir ../fault/invariants.sql
select plan(57);
-- What chains new audit rows shall do so here, too; what refuses them shall not.
alter table cs.audit_event enable always trigger audit_event_chain;
create or replace function cs.move_is_legal(
    entity text, was text, state text, actor_kind text default '')
    returns bool language sql immutable return true;

create function t.broken() returns text[] language sql
    return (select coalesce(array_agg(distinct split_part(v.invariant, '_', 1)), '{}')
            from invariant.violations v);
-- What is reported after this was done, which is then taken back.
create function t.after(doing text) returns text[] language plpgsql as $$
declare
    broken text[];
begin
    set local session_replication_role = replica;
    execute doing;
    broken := t.broken();
    raise exception using errcode = 'ZZ001', message = broken::text;
exception when sqlstate 'ZZ001' then
    return sqlerrm::text[];
end
$$;
create function t.breaks(invariants text, doing text, what text) returns text language sql
    return tap.is(t.after(doing), (select array_agg(i order by i)
                                   from string_to_table(invariants, ' ') i), what);

select operator_person_add('{"login": "t-vera", "name": "vera", "roles": ["reviewer"],
    "teams": ["Test team"]}') as x \gset
select t.submit('mia', '{"idempotency": {"key": "k", "body_sha256": "aa"}}') as seen \gset
select t.decide('vera', :seen, 'approve') as x \gset
select t.claim(t.worker(), :seen) as x \gset
select t.start(:seen) as x \gset
select t.running(:seen) as x \gset
select t.attempt(:seen) as run \gset
select operator_break_glass('{"on": true}') as x \gset
select t.risky() as grave \gset
select t.breaks('eva', :grave) as x \gset
select t.claim(t.worker(), :grave) as x \gset
select t.start(:grave) as x \gset
select t.submit('max') as refused \gset
select t.decide('noor', :refused, 'reject') as x \gset
select t.submit('max') as waiting \gset
select t.at('claimed') as claimed \gset
select t.at('unknown') as lost \gset
select t.at('unknown', '{"retry_safe": true}') as again \gset
select case r.state when 'outcome_unknown' then (select count(*) from attempt a
    where a.request_id = r.id) end as tries from request r where r.id = :again \gset
update attempt set not_before = clock_timestamp() where id = t.attempt(:again);
select t.claim(t.worker(), :again) as x \gset
select t.start(:again) as x \gset
-- One that costs is held by a budget, and one that ran has been settled in it.
set constraints all immediate;
select operator_budget_set('{"scope": "user:t-both", "limit_nano_usd": 5000000}') as x \gset
select t.decide('noor', t.submit('both', '{"backend": "e2b", "image": "code-interpreter-v1"}'),
    'approve') ->> 'id' as paid \gset
select t.claim(t.worker(), :paid) as x \gset
select t.start(:paid) as x \gset
select t.finish(:paid, 'succeeded', t.cost('e2b', 'code-interpreter-v1', 4)) as x \gset
select t.submit('both', '{"backend": "e2b", "image": "code-interpreter-v1"}') as holding \gset
set local invariant.slack = '0';
select is(t.broken(), '{}', 'a story of some days breaks none');
select is(:tries::int, 2, 'one of its runs was tried again');

-- I1
select t.breaks('i1 i13', format('update person set disabled_at = (select decided_at from decision
    where request_id = %s) + interval ''1 microsecond'' where login = ''t-vera''', :seen),
    'a reviewer who was disabled before the start');
select t.breaks('i1', format('insert into output_item values (t.attempt(%s), 1, 1, ''stdout'', '''',
    '''', 0, sha256(''''))', :claimed), 'a result of what did not start');
select t.breaks('i1 i13', format('update revision v set code = ''other'', code_sha256 =
    sha256(''other''), bundle_sha256 = sha256(cs.bundle_encode(row(v.request_id, v.revision,
    v.editor_id, v.session_id, v.token_id, v.title, v.language, ''other'', v.code_sha256,
    v.code_bytes, v.code_lines, v.file_count, v.target, v.sandbox, v.image, v.network, v.wall_ms,
    v.memory_bytes, v.pids, v.output_bytes, v.files, v.file_bytes, v.retry_safe, v.policy_version,
    v.verdict_sha256, v.approval_ms, v.bundle_sha256, v.created_at, v.risk, v.verdict,
    v.team_id, v.isolation, v.image_digest, v.cpu_ms, v.tmp_bytes, v.max_attempts)::revision))
    where request_id = %s', :seen), 'other code under a digest of its own');
select t.breaks('i1 i4', format('delete from attempt_decision where attempt_id = %s', :run),
    'a run that rests on nothing');
select t.breaks('i1 i13', format('update decision set needed = 2 where request_id = %s', :seen),
    'one approval where two are needed');
select t.breaks('i1 i2 i13', format('update revision set risk = ''medium'' where request_id = %s',
    :grave), 'a glass that was broken for what is of no high risk');
-- I2
select t.breaks('i2 i13', format('update request set author_id = t.id(''noor'') where id = %s',
    :refused), 'a decision of the author');
select t.breaks('i2 i13', format('insert into credential_event (person_id, by_id, kind, at) values
    (t.id(''max''), t.id(''noor''), ''link'', now() - interval ''1 day'')'),
    'a decision of who could sign in as the author');
select t.breaks('i2 i13', format('update request set team_id = 0 where id = %s', :refused),
    'a decision for another team');
select t.breaks('i1 i2 i13', 'update person set roles = ''{reviewer}'' where login = ''t-eva''',
    'a glass that no admin broke');
-- I3
select t.breaks('i3 i8', format('update request set retry_safe = false where id = %s', :again),
    'two starts of what may run once');
select t.breaks('i3 i6 i8 i9', format('select audit_move(%s, ''{"kind": "worker"}'',
    ''attempt.start'', ''attempt'', ''claimed'', ''starting'',
    ''{"attempt_id": %s, "fence": 2}'')', :seen, :run),
    'a second start of one run');
-- I4
select t.breaks('i4 i13', format('delete from request_text where request_id = %s', :waiting),
    'a text that is lost');
select t.breaks('i4 i13', format('delete from revision where request_id = %s', :waiting),
    'a revision that is lost');
select t.breaks('i4', 'update output_chunk set data = ''x'' where n = 0',
    'other bytes of a result');
select is((select array_agg(l.n) from invariant.lost(jsonb_build_array(
    jsonb_build_object('request_id', :seen, 'event', 'decision.approve', 'body',
        jsonb_build_object('decision_id', d.id)),
    jsonb_build_object('request_id', :seen, 'event', 'decision.approve', 'body',
        jsonb_build_object('decision_id', -1)),
    jsonb_build_object('request_id', :waiting, 'event', 'request.submit'),
    jsonb_build_object('request_id', :waiting, 'event', 'request.cancel'))) l), '{2,4}',
    'what was acknowledged and is not there') from decision d where d.request_id = :seen;
-- I5
select t.breaks('i5', 'update idempotency set result = ''{"id": 0}''', 'a key for no request');
select t.breaks('i5', 'insert into idempotency select person_id, route, ''k2'', body_sha256, result
    from idempotency', 'two keys for one request');
-- I6
select t.breaks('i6', format('update request set state = ''cancelled'' where id = %s', :waiting),
    'a state that is in no trail');
select t.breaks('i6', format('update request set state = ''rejected'' where id = %1$s;
    select audit_move(%1$s, ''{"kind": "worker"}'', ''x'', ''request'', ''pending'', ''rejected'')',
    :waiting), 'a worker that rejects');
select t.breaks('i6', format('update request set state = ''expired'' where id = %1$s;
    select audit_move(%1$s, ''{"kind": "system"}'', ''x'', ''request'', ''changes_requested'',
    ''expired'')', :waiting), 'a move from a state that it is not in');
-- I7
select t.breaks('i7 i13', 'update cost_span set team_id = team_id + 1', 'a cost of another team');
select t.breaks('i7 i13', 'do $$ begin execute (
    select format(''alter table cs.cost_span drop constraint %I'', conname) from pg_constraint
    where conrelid = ''cs.cost_span''::regclass and contype = ''u''); end $$;
    update cost_span set estimated = false', 'two costs of one run');
select t.breaks('i7', 'update budget_account set reserved = reserved - 1 where reserved > 0',
    'an account that is not the sum of its holds');
select t.breaks('i7', 'update budget_account set settled = settled + 1', 'nor what was spent');
select t.breaks('i7', format('update budget_hold set reserved = 1, posted_reserved = 1
    where request_id = %s and attempt_id > 0; update budget_account set reserved = reserved + 1',
    :paid), 'a run that is over and holds something');
select t.breaks('i7 i13', 'update cost_span set nano_usd = nano_usd + 1 where nano_usd > 0',
    'a cost that no budget has settled');
select t.breaks('i7', 'update budget set limit_nano_usd = 100', 'more than the limit');
select t.breaks('i6 i7', format('update request set state = ''rejected'' where id = %s', :holding),
    'what was rejected and holds something');
-- I8
select t.breaks('i8', format('update attempt set cancel_requested_at = clock_timestamp()
    where id = %s', :run), 'a stop that nobody asked for');
select t.breaks('i6 i8 i10', format('update request set state = ''rejected'' where id = %1$s;
    select audit_move(%1$s, ''{"kind": "human", "person_id": 1}'', ''x'', ''request'', ''approved'',
    ''rejected'')', :claimed) || format(';update request set state = ''running'' where id = %s',
    :waiting), 'a live run of what was rejected');
-- I9
select t.breaks('i9', format('update attempt set fence = 7 where id = %s', :run),
    'a fence that nobody claimed');
select t.breaks('i9', format('update attempt set lease_until = null where id = %s', :run),
    'a run without a lease');
select t.breaks('i9', format('insert into output_chunk values (%s, 2, 1, 0, ''x'')', :run),
    'output of another fence');
-- I10
select t.breaks('i10', format('update attempt set lease_until = now() - interval ''61 seconds''
    where id = %s', :run), 'a lost run that no sweep finds');
select t.breaks('i10', format('update request set expires_at = null where id = %s', :waiting),
    'a request that waits for ever');
-- I11
select t.breaks('i11 i13', format('update attempt set finished_at = null where id = t.attempt(%s)',
    :lost), 'an end at no time');
select t.breaks('i6 i11', format('update request set state = ''pending'',
    expires_at = ''infinity'' where id = %1$s;
    select audit_move(%1$s, ''{"kind": "human", "person_id": 1}'', ''x'', ''request'', ''rejected'',
    ''pending'')', :refused), 'a rejected request that comes back');
select t.breaks('i9 i11', format('update attempt set state = ''failed'' where id = t.attempt(%1$s);
    select audit_move(%1$s, ''{"kind": "worker"}'', ''attempt.finish'', ''attempt'', ''unknown'',
    ''failed'', jsonb_build_object(''attempt_id'', t.attempt(%1$s), ''fence'', 9))', :lost),
    'evidence with another fence');
-- I12
set local invariant.canary = 'xyzzy';
select t.breaks('i12', format('update attempt set error_value = ''a xyzzy b'' where id = %s', :run),
    'a secret in an error');
-- I13
select t.breaks('i13', format('update audit_event set address = ''10.0.0.1''
    where entity = ''request'' and entity_id = %s and entity_seq = 1', :seen),
    'a changed audit row');
select t.breaks('i13', 'delete from audit_event where entity = ''sign_in'' and entity_seq = 1',
    'an audit row that is gone');
select t.breaks('i13', format('update decision set note = ''x'' where request_id = %s', :seen),
    'a changed decision');
select t.breaks('i13', format('update attempt set exit_code = 3 where id = t.attempt(%s)', :lost),
    'another end of a run');
select t.breaks('i13', 'update output_item set mime = ''text/html''', 'another kind of result');
select t.breaks('i13', 'update quorum_rule set needed = 1 where risk = ''high''',
    'a quorum that was lowered by hand');
select t.breaks('i13', 'insert into approver_group (team_id, name) select min(id), ''x'' from team',
    'a group that nobody made');
select t.breaks('i13', 'delete from break_glass', 'a switch that is gone');
-- I14
select t.breaks('i14', 'grant execute on function cs.sweep to public', 'a function for everybody');
select t.breaks('i14', 'grant insert on cs.request to countersign_worker', 'a table for a worker');
-- I15: a worker's session that does nothing in a transaction.
\set password `sed -n 's/^.*:countersign_worker://p' "$COUNTERSIGN_DATA/secrets/passfile"`

\set place `echo "$COUNTERSIGN_DB_SUPERUSER" | sed 's/ .*//'`
create extension dblink schema t;
select dblink_connect('w', :'place' || ' dbname=' || :'DBNAME'
    || ' user=countersign_worker'
    || ' password=' || :'password') as x \gset
select dblink_exec('w', 'begin') as x \gset
set local invariant.grace = '0';
select pg_stat_clear_snapshot() as x \gset
select is((select array_agg(v.invariant) from invariant.violations v where v.entity = 'session'),
    '{i15_unbounded}', 'a transaction that does not end');
select dblink_disconnect('w') as x \gset
set local invariant.grace = '60 seconds';
-- I17
select t.breaks('i17', format('update attempt set running_at = running_at - interval ''1 day''
    where id = %s', :run), 'a run by another clock');
-- I18
select t.breaks('i18', 'insert into pause values (''all'', '''', now() - interval ''1 day'')',
    'a start in a pause');
select t.breaks('i6 i18', format('update request set state = ''odd'' where id = %s', :waiting),
    'a state that there is not');

select is((select count(distinct split_part(c.relname, '_', 1)) from pg_class c
    where c.relnamespace = 'invariant'::regnamespace and c.relname ~ '^i[0-9]+_'), 17::bigint,
    'there is a view for all but one of them: I16');
select * from finish();
rollback;
