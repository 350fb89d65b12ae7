-- The invariants as queries: after this file was run, select * from invariant.violations.
-- Each view invariant.iN_… returns what breaks it as (entity, id, request_id, what), and is empty
-- while it holds. They ask the tables alone: digests and chains are computed here by themselves,
-- and what happened is read from the audit trail. For one request: where request_id = any ($1).
--
-- What SQL can not see is checked elsewhere:
--   I1 the bytes in the sandbox   the worker hashes what it sends; the backend's own log
--   I4 I5 what was acknowledged   invariant.lost(…), asked with the client's own log
--   I6 in the same transaction    the trigger audit_event_chain; a kill between the two
--   I9 the sandbox is dead        by process id: tests/flow/worker_lease, the fault runner
--   I12 logs and core files       searched for the canary by the fault runner
--   I14 each route and role       tests/input/rights, tests/sql/catalogue
--   I15 threads, I16, I18         the fault runner; tests/flow/kill_redis, kill_postgres
--
-- Settings: invariant.grace (60 s) is how long a lost lease may stay unswept, and how far apart one
-- thing may be dated in two places; invariant.slack (5 s) by how much the dates of two things that
-- race may seem to be in the wrong order; invariant.canary is a secret to search for.

\ir facts.sql

create view invariant.i1_unapproved_start as
select 'attempt' as entity, s.attempt_id as id, s.request_id,
       format('started with fence %s and %s of %s valid approvals of its bytes', s.fence, k.people,
           k.needed) as what
from invariant.start s
join cs.revision v on v.request_id = s.request_id and v.revision = s.revision
cross join lateral (
    select count(distinct d.reviewer_id) as people, bool_or(d.verdict = 'break_glass') as by_glass,
           coalesce(max(d.needed), 1) as needed
    from cs.decision d
    join cs.attempt_decision l on l.decision_id = d.id and l.attempt_id = s.attempt_id
    where d.request_id = s.request_id and d.revision = s.revision and d.round = s.round
      and invariant.lets_run(d.verdict, v.risk) and d.bundle_sha256 = invariant.bundle(v)
      and d.decided_at < s.ts and d.valid_until > s.ts - invariant.slack()
      and invariant.could_decide(d.reviewer_id, s.team_id, d.verdict, s.ts - invariant.slack())
      and d.reviewer_id not in (select invariant.own(s.request_id, s.ts - invariant.slack()))) k
where not (k.people >= k.needed or (k.by_glass and k.people = 1))
union all
select 'attempt', o.attempt_id, a.request_id, 'handed something back without a start'
from cs.output_item o join cs.attempt a on a.id = o.attempt_id
where not exists (select from cs.audit_event e where e.entity = 'request'
        and e.entity_id = a.request_id and e.event = 'attempt.start'
        and (e.body ->> 'attempt_id')::bigint = a.id);

create view invariant.i2_own_decision as
select 'decision' as entity, d.id, d.request_id,
       format('person %s decided on their own request', d.reviewer_id) as what
from cs.decision d
where d.reviewer_id in (select invariant.own(d.request_id, d.decided_at))
union all
select 'decision', d.id, d.request_id,
       format('person %s may not %s here', d.reviewer_id, d.verdict)
from cs.decision d join cs.request r on r.id = d.request_id
where not invariant.could_decide(d.reviewer_id, r.team_id, d.verdict, d.decided_at)
union all
select 'decision', d.id, d.request_id, 'broke the glass for what is of no high risk'
from cs.decision d
join cs.revision v on v.request_id = d.request_id and v.revision = d.revision
where d.verdict = 'break_glass' and v.risk <> 'high'
union all
select 'request', e.entity_id, e.entity_id, format('person %s settled their own run', e.actor_id)
from cs.audit_event e
where e.entity = 'request' and e.event = 'request.settle'
  and e.actor_id in (select invariant.own(e.entity_id, e.ts));

-- A start counts unless the worker gave the attempt back since it had sent nothing.
create view invariant.i3_second_start as
select 'request' as entity, c.request_id as id, c.request_id,
       format('started %s times, attempt %s %s of them', c.starts, c.attempt_id, c.own) as what
from (select m.request_id, m.id as attempt_id, r.retry_safe,
             sum(case when m.to_state = 'starting' then 1 else -1 end) as own,
             sum(sum(case when m.to_state = 'starting' then 1 else -1 end))
                 over (partition by m.request_id) as starts
      from invariant.move m join cs.request r on r.id = m.request_id
      where m.subject = 'attempt'
        and (m.to_state = 'starting' or (m.from_state = 'starting' and m.to_state = 'ready'))
      group by m.request_id, m.id, r.retry_safe) c
where c.own > 1 or (c.starts > 1 and not c.retry_safe)
union all
select 'attempt', m.id, m.request_id, format('started twice with fence %s', m.fence)
from invariant.move m
where m.subject = 'attempt' and m.to_state = 'starting'
group by m.request_id, m.id, m.fence having count(*) > 1;

create view invariant.i4_lost as
select 'request' as entity, r.id, r.id as request_id,
       'its text or a revision of it is missing' as what
from cs.request r
where not exists (select from cs.request_text t where t.request_id = r.id)
   or r.revision <> (select count(*) from cs.revision v where v.request_id = r.id)
   or r.revision <> (select max(v.revision) from cs.revision v where v.request_id = r.id)
union all
select 'attempt', a.id, a.request_id, format('item %s is not whole', o.n)
from cs.output_item o join cs.attempt a on a.id = o.attempt_id
where o.sha256 <> (select sha256(coalesce(string_agg(c.data, '' order by c.n), ''))
                   from cs.output_chunk c where c.attempt_id = o.attempt_id
                     and c.fence = o.fence and c.item = o.n)
union all
select 'attempt', a.id, a.request_id, 'rests on no decision'
from cs.attempt a
where not exists (select from cs.attempt_decision l where l.attempt_id = a.id);

-- acknowledged: [{request_id, event, body?}], as a client was told: what the trail does not have.
-- event may be several words with | between them, one of which is to be there.
create function invariant.lost(acknowledged jsonb) returns table (n bigint, request_id bigint,
    event text) language sql stable as $$
    select l.n, (l.item ->> 'request_id')::bigint, l.item ->> 'event'
    from jsonb_array_elements(acknowledged) with ordinality l (item, n)
    where not exists (select from cs.audit_event e where e.entity = 'request'
            and e.entity_id = (l.item ->> 'request_id')::bigint
            and e.event = any (string_to_array(l.item ->> 'event', '|'))
            and e.body @> coalesce(l.item -> 'body', '{}'))
$$;

create view invariant.i5_repeated as
select 'request' as entity, (i.result ->> 'id')::bigint as id,
       (i.result ->> 'id')::bigint as request_id,
       format('key %s of person %s names no request of theirs', i.key, i.person_id) as what
from cs.idempotency i
where i.route in ('submit_requests', 'run_again') and not exists (
    select from cs.request r where r.id = (i.result ->> 'id')::bigint and r.author_id = i.person_id)
union all
select 'request', min((i.result ->> 'id')::bigint), min((i.result ->> 'id')::bigint),
       format('%s keys stand for it', count(*))
from cs.idempotency i where i.route in ('submit_requests', 'run_again')
group by i.result ->> 'id' having count(*) > 1;

create view invariant.i6_move as
select m.subject as entity, m.id, m.request_id, format('%s from "%s" to "%s" by %s: %s', m.event,
           m.from_state, m.to_state, m.actor_kind,
           case when m.from_state <> m.before then format('it was "%s"', m.before)
                else 'not a legal move' end) as what
from invariant.move m
where m.from_state <> m.before or not exists (
    select from cs.legal_move l where l.entity = m.subject and l.from_state = m.from_state
      and l.to_state = m.to_state and l.actor_kind = m.actor_kind)
union all
select 'request', r.id, r.id, format('is %s, not as its trail says', r.state)
from cs.request r
where r.state is distinct from (select e.to_state from cs.audit_event e where e.entity = 'request'
    and e.entity_id = r.id and e.subject = 'request' and e.to_state is not null
    order by e.entity_seq desc limit 1)
union all
select 'attempt', a.id, a.request_id, format('is %s, not as its trail says', a.state)
from cs.attempt a
where a.state is distinct from (select e.to_state from cs.audit_event e where e.entity = 'request'
    and e.entity_id = a.request_id and e.subject = 'attempt' and e.to_state is not null
    and (e.body ->> 'attempt_id')::bigint = a.id order by e.entity_seq desc limit 1);

\ir spending.sql

create view invariant.i8_stale_start as
select 'attempt' as entity, s.attempt_id as id, s.request_id, format(
           'started revision %s round %s while the request was %s, revision %s round %s',
           s.revision, s.round, s.state_then, s.revision_then, s.round_then) as what
from invariant.start s
where (s.revision, s.round) is distinct from (s.revision_then, s.round_then::int)
   or not (s.state_then = 'approved' or (s.state_then = 'outcome_unknown' and s.retry_safe))
   or s.valid_until < s.ts - invariant.slack()
union all
select 'attempt', s.attempt_id, s.request_id, 'started after it was told to stop'
from invariant.start s
where exists (select from cs.audit_event e where e.entity = 'request' and e.entity_id = s.request_id
    and e.event = 'attempt.cancel' and (e.body ->> 'attempt_id')::bigint = s.attempt_id
    and e.entity_seq < s.entity_seq)
union all
select 'attempt', a.id, a.request_id, 'being told to stop is not in its trail'
from cs.attempt a
where a.cancel_requested_at is not null and not exists (
    select from cs.audit_event e where e.entity = 'request' and e.entity_id = a.request_id
      and e.event = 'attempt.cancel' and (e.body ->> 'attempt_id')::bigint = a.id)
union all
select 'attempt', a.id, a.request_id, format('is %s while its request is %s', a.state, r.state)
from cs.attempt a join cs.request r on r.id = a.request_id
where (a.state in ('ready', 'claimed', 'starting')
       and not (r.state = 'approved' or (r.state = 'outcome_unknown' and r.retry_safe)))
   or (a.state = 'running' and r.state <> 'running')
   or (a.state in ('ready', 'claimed') and (a.revision, a.round) <> (r.revision, r.round));

create view invariant.i9_fence as
select 'attempt' as entity, m.id, m.request_id,
       format('%s with fence %s after %s claims', m.event, m.fence, c.claims) as what
from invariant.move m
cross join lateral (select count(*) as claims from cs.audit_event e where e.entity = 'request'
    and e.entity_id = m.request_id and e.event = 'attempt.claim'
    and (e.body ->> 'attempt_id')::bigint = m.id and e.entity_seq <= m.entity_seq) c
where m.subject = 'attempt' and m.fence is not null and m.fence <> c.claims
union all
select 'attempt', a.id, a.request_id, format('its fence %s is not one for each claim', a.fence)
from cs.attempt a
where a.fence <> (select count(*) from cs.audit_event e where e.entity = 'request'
    and e.entity_id = a.request_id and e.event = 'attempt.claim'
    and (e.body ->> 'attempt_id')::bigint = a.id)
union all
select 'attempt', a.id, a.request_id, 'was handed something by another fence'
from cs.attempt a
where exists (select from cs.output_chunk c where c.attempt_id = a.id and c.fence > a.fence)
   or exists (select from cs.output_item o where o.attempt_id = a.id and o.fence <> a.fence)
union all
select 'attempt', a.id, a.request_id, format('is %s %s a lease', a.state,
           case when a.lease_until is null then 'without' else 'with' end)
from cs.attempt a
where case when a.state in ('claimed', 'starting', 'running')
               then a.lease_until is null or a.worker_id is null
           when a.state = 'unknown' then a.lease_until is not null and a.adopt_until is null
           else a.lease_until is not null end;

create view invariant.i10_stuck as
select 'attempt' as entity, a.id, a.request_id,
       format('is %s long after its lease has ended', a.state) as what
from cs.attempt a
where a.state in ('claimed', 'starting', 'running')
  and a.lease_until < clock_timestamp() - invariant.grace()
union all
select 'request', r.id, r.id, format('is %s and nothing will end that', r.state)
from cs.request r
where (r.state = 'approved' and r.expires_at > clock_timestamp() and not exists (
           select from cs.attempt a where a.request_id = r.id
             and a.state in ('ready', 'claimed', 'starting')))
   or (r.state = 'running' and not exists (
           select from cs.attempt a where a.request_id = r.id and a.state = 'running'))
   or (r.state in ('pending', 'approved', 'changes_requested') and r.expires_at is null)
   or (r.state in ('pending', 'approved', 'changes_requested')
       and r.expires_at < clock_timestamp() - invariant.grace());

create view invariant.i11_final as
select m.subject as entity, m.id, m.request_id,
       format('left its end, %s, by %s', m.from_state, m.event) as what
from invariant.move m
where m.from_state in ('rejected', 'cancelled', 'expired', 'succeeded', 'failed', 'timed_out',
                       'blocked', 'draft_failed')
union all
select m.subject, m.id, m.request_id, format('%s by %s is no evidence', m.event, m.actor_kind)
from invariant.move m
join cs.attempt a on a.id = case m.subject when 'attempt' then m.id else (
    select max(t.id) from cs.attempt t where t.request_id = m.request_id) end
where m.from_state in ('unknown', 'outcome_unknown') and m.to_state <> 'running'
  and not (m.actor_kind = 'human' and m.actor_id is not null)
  and not (m.actor_kind = 'worker' and (m.subject = 'request' or m.fence = a.fence))
union all
select 'attempt', a.id, a.request_id, format('ended as %s at no time', a.state)
from cs.attempt a
where a.state in ('succeeded', 'failed', 'timed_out', 'cancelled', 'unknown')
  and a.finished_at is null;

create view invariant.i12_secret as
with canary as (select nullif(invariant.setting('canary', ''), '') as word)
select 'audit' as entity, e.id, e.entity_id as request_id, 'holds the canary' as what
from canary, cs.audit_event e where position(word in e.body::text) > 0
union all
select 'attempt', a.id, a.request_id, 'holds the canary' from canary, cs.attempt a
where position(word in a.reason || a.error_name || a.error_value || coalesce(a.remote::text, ''))
      > 0
union all
select 'attempt', c.attempt_id, null, 'holds the canary in its output'
from canary, cs.output_chunk c where position(invariant.utf(word) in c.data) > 0
union all
select 'worker', w.id, null, 'holds the canary' from canary, cs.worker w
where position(word in w.backends::text) > 0;

create view invariant.i13_audit as
select 'audit' as entity, c.id, case c.entity when 'request' then c.entity_id end as request_id,
       format('row %s of %s %s does not follow', c.entity_seq, c.entity, c.entity_id) as what
from (select e.id, e.entity, e.entity_id, e.entity_seq, e.prev_hash, e.hash,
             invariant.event_hash(e) as own, row_number() over w as place,
             lag(e.hash, 1, '') over w as before
      from cs.audit_event e window w as (partition by e.entity, e.entity_id
                                         order by e.entity_seq)) c
where c.entity_seq <> c.place or c.prev_hash <> c.before or c.hash <> c.own
union all
select 'request', c.request_id, c.request_id, format('%s is not as the trail has it', c.key)
from invariant.covered c
where (select coalesce(case when starts_with(c.key, 'attempt:')
                  then (array_agg(e.row_digests ->> c.key order by e.entity_seq desc))[1]
                  else string_agg(e.row_digests ->> c.key, ' ') end, '') from cs.audit_event e
       where e.entity = 'request' and e.entity_id = c.request_id and e.row_digests ? c.key)
      <> encode(c.digest, 'hex')
union all
select 'request', v.request_id, v.request_id,
       format('the digests of revision %s differ', v.revision)
from cs.revision v
where v.bundle_sha256 <> invariant.bundle(v) or v.code_sha256 <> sha256(invariant.utf(v.code))
union all
select 'request', e.entity_id, e.entity_id, format('%s of the trail is gone', k.key)
from cs.audit_event e cross join lateral jsonb_object_keys(e.row_digests) k (key)
where e.entity = 'request' and not exists (select from invariant.covered c
    where c.request_id = e.entity_id and c.key = k.key);

create view invariant.i13_rights as
select coalesce(r.entity, e.entity) as entity, coalesce(r.entity_id, e.entity_id) as id,
       null::bigint as request_id,
       format('%s is not as the trail has it', coalesce(r.key, e.key)) as what
from invariant.rights r
full join (
    select distinct on (a.entity, a.entity_id, d.key) a.entity, a.entity_id, d.key, d.value
    from cs.audit_event a cross join lateral jsonb_each_text(a.row_digests) d
    where a.entity in ('person', 'team', 'instance')
    order by a.entity, a.entity_id, d.key, a.entity_seq desc) e
    on (e.entity, e.entity_id, e.key) = (r.entity, r.entity_id, r.key)
where encode(r.digest, 'hex') is distinct from e.value;

create view invariant.i14_open as
select 'function' as entity, p.oid::bigint as id, null::bigint as request_id,
       format('cs.%s is open to everybody', p.proname) as what
from pg_proc p where p.pronamespace = 'cs'::regnamespace
  and has_function_privilege('public', p.oid, 'execute')
union all
select 'table', c.oid::bigint, null, format('%s may write cs.%s', o.rolname, c.relname)
from pg_class c cross join pg_roles o
where c.relnamespace = 'cs'::regnamespace and c.relkind = 'r' and starts_with(o.rolname,
          'countersign_') and not o.rolsuper and o.oid <> c.relowner
  and has_table_privilege(o.oid, c.oid, 'insert, update, delete, truncate');

create view invariant.i15_unbounded as
select 'session' as entity, s.pid::bigint as id, null::bigint as request_id,
       format('%s is %s since %s', s.usename, s.state, s.xact_start) as what
from pg_stat_activity s
where starts_with(s.usename, 'countersign_')
  and s.xact_start < clock_timestamp() - invariant.grace();

create view invariant.i17_clock as
select 'attempt' as entity, m.id, m.request_id, format('%s is dated otherwise', m.event) as what
from invariant.move m join cs.attempt a on a.id = m.id
where m.subject = 'attempt' and m.fence = a.fence and not case m.event
    when 'attempt.claim' then a.claimed_at between m.ts - invariant.grace() and m.ts
    when 'attempt.start' then a.started_at is null
        or a.started_at between m.ts - invariant.grace() and m.ts
    when 'attempt.running' then a.running_at between m.ts - invariant.grace() and m.ts
    else true end
union all
select 'decision', d.id, d.request_id, 'is dated otherwise'
from cs.decision d
where not exists (select from cs.audit_event e where e.entity = 'request'
    and e.entity_id = d.request_id and (e.body ->> 'decision_id')::bigint = d.id
    and e.event = 'decision.' || d.verdict
    and d.decided_at between e.ts - invariant.grace() and e.ts)
union all
select 'audit', e.id, e.entity_id, 'is older than the row before it'
from (select e.id, e.entity_id, e.ts, lag(e.ts) over (partition by e.entity_id
          order by e.entity_seq) as before
      from cs.audit_event e where e.entity = 'request') e
where e.ts < e.before;

create view invariant.i18_open_start as
select 'attempt' as entity, s.attempt_id as id, s.request_id,
       format('started while %s was paused', p.scope) as what
from invariant.start s join cs.pause p on p.at < s.ts - invariant.slack()
    and p.scope in ('all', 'team:' || s.team_id, 'backend:' || s.backend)
union all
select 'request', r.id, r.id, format('is in a state that is none: %s', r.state)
from cs.request r
where r.state not in (select l.to_state from cs.legal_move l where l.entity = 'request');

-- All of them: invariant, entity, id, request_id, what.
do $$
begin
    execute 'create view invariant.violations as ' || (
        select string_agg(format('select %L::text as invariant, entity, id, request_id, what
            from invariant.%I', c.relname, c.relname), ' union all '
            order by substr(c.relname, 2, position('_' in c.relname) - 2)::int)
        from pg_class c where c.relnamespace = 'invariant'::regnamespace and c.relname ~ '^i\d+_');
end
$$;
