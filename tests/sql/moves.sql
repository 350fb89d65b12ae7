-- Every legal move is possible and every other one is refused, for the owner's SQL by hand too.
-- Proves: T3 I6 I11
\ir setup.psql

-- All pairs of states, from '' on; a state may always stay as it is.
create temp table pair on commit drop as
with states (entity, state) as (
    select distinct entity, unnest(array[from_state, to_state]) from legal_move
)
select a.entity, a.state as from_state, b.state as to_state,
       exists (select from legal_move m where m.entity = a.entity and m.from_state = a.state
               and m.to_state = b.state) as legal
from states a join states b on b.entity = a.entity
where b.state <> '' and a.state <> b.state;

-- The moves of ARCHITECTURE, once more by hand, so that a row added by mistake is seen.
create temp table expected on commit drop as
select e.entity, e.from_state, unnest(string_to_array(e.to_states, ' ')) as to_state
from (values
    ('request', '', 'drafting pending blocked'),
    ('request', 'drafting', 'pending blocked draft_failed needs_answer cancelled'),
    ('request', 'needs_answer', 'drafting cancelled expired'),
    ('request', 'pending', 'approved rejected changes_requested cancelled expired blocked'),
    ('request', 'changes_requested', 'pending cancelled expired'),
    ('request', 'approved', 'pending running cancelled expired failed'),
    ('request', 'running', 'succeeded failed cancelled outcome_unknown'),
    ('request', 'outcome_unknown', 'succeeded failed running'),
    ('attempt', '', 'ready'),
    ('attempt', 'ready', 'claimed cancelled failed'),
    ('attempt', 'claimed', 'ready starting cancelled'),
    ('attempt', 'starting', 'ready running unknown'),
    ('attempt', 'running', 'succeeded failed timed_out cancelled unknown'),
    ('attempt', 'unknown', 'succeeded failed timed_out cancelled'))
    e (entity, from_state, to_states);

select plan((select count(*)::int from pair) + 17);

select set_eq('select distinct entity, from_state, to_state from legal_move',
    'select * from expected', 'the table holds the moves of the design and no others');

-- What ends does not go on.
select is_empty($$ select from legal_move where from_state in ('blocked', 'draft_failed',
    'rejected', 'cancelled', 'expired', 'succeeded', 'failed', 'timed_out') $$,
    'final states are final');
select is_empty($$ select from legal_move where actor_kind = 'agent'
    and to_state in ('approved', 'rejected', 'changes_requested') $$, 'an agent decides nothing');
select is_empty($$ select from legal_move where actor_kind = 'worker'
    and to_state in ('approved', 'rejected', 'changes_requested') $$, 'nor does a worker');

-- A row in any state, put there past the triggers as only a superuser can: mostly the same one,
-- since the story of each takes long to make.
create function t.put(entity text, row_id bigint, state text) returns void language plpgsql as $$
begin
    set local session_replication_role = replica;
    execute format('update %I set state = $1 where id = $2', entity) using state, row_id;
    set local session_replication_role = origin;
end
$$;
select t.submit('mia', '{"retry_safe": true}') as request, t.at('claimed') as claimed,
    t.approved() as approved \gset
alter table pair add row_id bigint; -- what is moved; for a new attempt, the one before it
update pair set row_id = case when entity = 'attempt' then
    t.attempt(case when from_state = '' then :approved else :claimed end)
    when from_state <> '' then :request end;
create function t.try(p pair) returns text language plpgsql as $$
begin
    if p.row_id is not null then
        perform t.put(p.entity, p.row_id, coalesce(nullif(p.from_state, ''), 'cancelled'));
    end if;
    if p.entity = 'request' and p.from_state = '' then
        insert into request (team_id, author_id, state, backend, retry_safe)
            values (1, t.id('mia'), p.to_state, 'local', false);
    elsif p.entity = 'request' then
        update request set state = p.to_state where id = p.row_id;
    elsif p.from_state = '' then
        insert into attempt (request_id, revision, round, state, backend, not_before, valid_until,
                             fence)
            select r.id, r.revision, r.round, p.to_state, 'local', now(),
                   now() + interval '1 hour', (p.to_state not in ('ready', 'cancelled'))::int
            from request r join attempt a on a.request_id = r.id where a.id = p.row_id;
    else
        update attempt set state = p.to_state,
                fence = fence + (p.from_state = 'ready' and p.to_state = 'claimed')::int
            where id = p.row_id;
    end if;
    raise exception using errcode = 'CS009'; -- takes it back
exception
    when sqlstate 'CS002' then return 'refused';
    when sqlstate 'CS009' then return 'moved';
end
$$;

select is(t.try(p), case when p.legal then 'moved' else 'refused' end,
          format('%s "%s" to "%s" is %s', p.entity, p.from_state, p.to_state,
                 case when p.legal then 'legal' else 'refused' end))
from pair p order by p.entity, p.from_state, p.to_state;

-- What else the triggers hold.
select t.put('request', :request, 'outcome_unknown') as x \gset
\set r :request
update request set retry_safe = false where id = :r;
select throws_ok(format('update request set state = ''running'' where id = %s', :r), 'CS002', null,
    'a lost run is tried again only when retry_safe');
select throws_ok(format('update request set author_id = author_id + 1 where id = %s', :r),
    'CS002', null, 'the author never changes');
select throws_ok(format('update request set team_id = 99 where id = %s', :r), 'CS002', null,
    'nor does the team');
select throws_ok(format('update request set created_at = now() - interval ''1 day'' where id = %s',
    :r), 'CS002', null, 'nor does the time');
select throws_ok(format('update request set revision = 2 where id = %s', :r), 'CS002', null,
    'a revision is not swapped outside review');
select t.submit('mia') as r \gset
select throws_ok(format('update request set round = 0 where id = %s', :r), 'CS002', null,
    'a round does not go back');
select t.at('claimed') as r \gset
select throws_ok(format('update attempt set state = ''running'' where id = %s', t.attempt(:r)),
    'CS002', null, 'what was claimed does not run without a start');
select throws_ok(format('update attempt set round = 2 where id = %s', t.attempt(:r)), 'CS002',
    null, 'what an attempt runs never changes');
select throws_ok(format('update attempt set fence = fence + 1 where id = %s', t.attempt(:r)),
    'CS002', null, 'a fence changes with a claim only');
select throws_ok(format('update attempt set valid_until = valid_until + interval ''1 day''
    where id = %s', t.attempt(:r)), 'CS002', null, 'an approval is not prolonged');
select throws_ok(format('delete from attempt where id = %s', t.attempt(:r)), '42501', null,
    'an attempt is never deleted');
select throws_ok(format('delete from request where id = %s', :r), '42501', null,
    'a request is never deleted');
select throws_ok($$ truncate request $$, null, null, 'nor are all of them');

select * from finish();
rollback;
