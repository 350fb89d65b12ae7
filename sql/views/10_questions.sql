-- Ready-made questions of auditors. docs/audit-queries.md shows each with an answer.

create or replace view audit.who_approved_what as
select d.decided_at, d.reviewer, r.id as request_id, d.revision, r.title, r.author, r.team,
       d.note, d.bundle_sha256, d.counts,
       (select min(a.started_at) from audit.attempts a where d.id = any (a.decision_ids))
           as first_run_at, d.verdict = 'break_glass' as break_glass
from audit.decisions d
join audit.approval_requests r on r.id = d.request_id
where d.verdict in ('approve', 'break_glass');
comment on view audit.who_approved_what is
    '1. Who approved what, for whom, and when it ran.';

create or replace view audit.self_approval_attempts as
select l.ts, l.actor as person, l.entity_id as request_id, r.author, l.body ->> 'verdict' as
    verdict,
       l.address
from audit.audit_logs l
join audit.approval_requests r on r.id = l.entity_id
where l.event = 'decision.refused' and l.body ->> 'code' = 'own_request';
comment on view audit.self_approval_attempts is
    '2. Who tried to decide on something they had a part in. All were refused.';

create or replace view audit.runs_without_valid_approval as
select u.attempt_id, u.request_id, u.started_at, u.why from cs.unapproved_runs() u;
comment on view audit.runs_without_valid_approval is
    '3. Runs that can not be proved to have been approved. Must be empty.';

create or replace view audit.cost_by_team as
select date_trunc('month', c.started_at at time zone 'UTC')::date as month, c.team, c.kind,
       c.provider, count(*) as spans, count(distinct c.request_id) as requests,
       sum(c.seconds) as seconds, sum(c.nano_usd) as nano_usd,
       (sum(c.nano_usd) / 1000000000.0)::numeric(20, 9) as usd,
       count(*) filter (where c.nano_usd is null) as price_unknown,
       count(*) filter (where c.estimated) as estimated
from audit.cost_spans c
where c.counts
group by 1, 2, 3, 4;
comment on view audit.cost_by_team is '4. What each team spent per month, by kind and provider.';

create or replace view audit.quick_decisions as
select d.id as decision_id, d.request_id, d.reviewer, d.verdict, d.dwell_ms, r.code_lines,
       d.decided_at
from audit.decisions d
join audit.approval_requests r on r.id = d.request_id
where d.dwell_ms < 5000;
comment on view audit.quick_decisions is
    '5. Decisions under five seconds, with the length of the code.';

create or replace view audit.refused_starts as
select l.ts, l.entity_id as request_id, (l.body ->> 'attempt_id')::bigint as attempt_id,
       l.body ->> 'code' as code, l.body ->> 'reason' as reason, l.body ->> 'message' as message
from audit.audit_logs l
where l.event = 'attempt.refused';
comment on view audit.refused_starts is
    '6. Runs that the last check before the start refused, and why.';

create or replace view audit.unknown_outcomes as
select a.request_id, a.id as attempt_id, r.state as request_state, a.worker, a.started_at,
       a.finished_at as lost_at, s.actor as settled_by, s.ts as settled_at, s.body ->> 'note' as
           note
from audit.attempts a
join audit.approval_requests r on r.id = a.request_id
join audit.audit_logs u on u.entity = 'request' and u.entity_id = a.request_id
    and u.subject = 'attempt' and u.to_state = 'unknown'
    and (u.body ->> 'attempt_id')::bigint = a.id
left join audit.audit_logs s on s.entity = 'request' and s.entity_id = a.request_id
    and s.event = 'request.settle';
comment on view audit.unknown_outcomes is
    '7. Runs whose outcome was lost, and who settled it.';

create or replace view audit.token_use as
select t.id as token_id, t.name, t.prefix, p.login as person, p.kind, c.login as created_by,
       t.scopes, t.created_at, t.used_at, t.expires_at, t.revoked_at,
       count(e.id) as actions, count(e.id) filter (where e.event = 'request.submit') as submissions
from cs.api_token t
join cs.person p on p.id = t.person_id
left join cs.person c on c.id = t.created_by
left join cs.audit_event e on e.token_id = t.id
group by t.id, p.id, c.id;
comment on view audit.token_use is '8. API tokens: whose, what they may do, what they did.';
comment on column audit.token_use.prefix is 'the first characters, by which people know it';

create or replace view audit.failed_sign_ins as
select l.ts, l.body ->> 'login' as login, l.body ->> 'reason' as reason, l.address,
       l.entity_id <> 0 as login_exists,
       count(*) over (partition by l.address order by l.ts
                      range between interval '15 minutes' preceding and current row)
           as same_address_15_min
from audit.audit_logs l
where l.event = 'sign_in.failed';
comment on view audit.failed_sign_ins is
    '9. Failed sign-ins, and how many came from the same address within 15 minutes.';

create or replace view audit.revision_changes as
select v.request_id, v.revision, e.login as editor, v.created_at,
       array_remove(array[
           case when v.code_sha256 <> b.code_sha256 then 'code' end,
           case when v.title <> b.title then 'title' end,
           case when v.language <> b.language then 'language' end,
           case when f.now is distinct from f.before then 'files' end,
           case when (v.wall_ms, v.memory_bytes, v.pids, v.output_bytes, v.files, v.file_bytes,
                      v.cpu_ms, v.tmp_bytes)
               is distinct from (b.wall_ms, b.memory_bytes, b.pids, b.output_bytes, b.files,
                      b.file_bytes, coalesce(b.cpu_ms, v.cpu_ms), coalesce(b.tmp_bytes,
                      v.tmp_bytes))
               then 'limits' end,
           case when v.code_sha256 = b.code_sha256 and v.language = b.language
               and v.verdict <> b.verdict then 'verdict' end], null) as changed,
       c.lines_added, c.lines_removed, v.code_lines,
       encode(b.bundle_sha256, 'hex') as bundle_before,
       encode(v.bundle_sha256, 'hex') as bundle_after
from cs.revision v
join cs.revision b on b.request_id = v.request_id and b.revision = v.revision - 1
join cs.person e on e.id = v.editor_id
cross join lateral (
    select (select array_agg(n.sha256 || n.name::bytea order by n.n) from cs.revision_file n
            where n.request_id = v.request_id and n.revision = v.revision) as now,
           (select array_agg(o.sha256 || o.name::bytea order by o.n) from cs.revision_file o
            where o.request_id = b.request_id and o.revision = b.revision) as before) f
cross join lateral (
    select (select count(*) from (select string_to_table(v.code, E'\n')
                except all select string_to_table(b.code, E'\n')) x) as lines_added,
           (select count(*) from (select string_to_table(b.code, E'\n')
                except all select string_to_table(v.code, E'\n')) x) as lines_removed) c;
comment on view audit.revision_changes is
    '10. What changed from one revision to the next, and who changed it.';

create or replace view audit.reviewer_measures as
select d.reviewer, count(*) as decisions,
       count(*) filter (where d.verdict = 'approve') as approved,
       count(*) filter (where d.verdict = 'reject') as rejected,
       count(*) filter (where d.verdict = 'request_changes') as changes_asked,
       count(*) filter (where d.dwell_ms < 5000) as under_5_s,
       percentile_disc(0.5) within group (order by d.dwell_ms) as median_dwell_ms,
       count(*) filter (where d.verdict = 'approve' and r.state = 'failed') as approved_then_failed
from audit.decisions d
join audit.approval_requests r on r.id = d.request_id
group by d.reviewer;
comment on view audit.reviewer_measures is
    '11. How each reviewer decides: how often, how fast, and how the approved runs ended.';

create or replace view audit.broken_chains as
select b.entity, b.entity_id, b.entity_seq, b.why from cs.broken_chains() b;
comment on view audit.broken_chains is
    '12. Audit rows that were changed or removed behind the product''s back. Must be empty.';

create or replace view audit.cost_by_provider as
select date_trunc('month', c.started_at at time zone 'UTC')::date as month, c.provider, c.model,
       count(*) as spans, sum(c.seconds) as seconds, sum(c.seconds * c.cpu) as cpu_seconds,
       sum(c.seconds * c.memory_mib / 1024)::numeric(20, 3) as memory_gib_seconds,
       sum(c.nano_usd) as nano_usd,
       (sum(c.nano_usd) / 1000000000.0)::numeric(20, 9) as usd,
       count(*) filter (where c.nano_usd is null) as price_unknown,
       count(*) filter (where c.estimated) as estimated
from audit.cost_spans c
where c.counts
group by 1, 2, 3;
comment on view audit.cost_by_provider is
    '13. What each service and image cost per month, to hold against the invoice.';
comment on column audit.cost_by_provider.model is 'template or snapshot, or the model';

create or replace view audit.lost_runs as
select a.request_id, a.id as attempt_id, a.backend, a.started_at, r.state as request_state,
       a.state as attempt_state, a.reason, a.adoptions,
       (select max(l.ts) from audit.audit_logs l
        where l.entity = 'request' and l.entity_id = a.request_id and l.event = 'attempt.adopt'
          and (l.body ->> 'attempt_id')::bigint = a.id) as last_adopted_at,
       (select min(l.ts) from audit.audit_logs l
        where l.entity = 'request' and l.entity_id = a.request_id and l.subject = 'attempt'
          and l.from_state = 'unknown' and (l.body ->> 'attempt_id')::bigint = a.id) as known_at,
       exists (select from audit.attempts n where n.request_id = a.request_id and n.id > a.id)
           as tried_again
from audit.attempts a
join audit.approval_requests r on r.id = a.request_id
where exists (select from audit.audit_logs l
              where l.entity = 'request' and l.entity_id = a.request_id
                and l.subject = 'attempt' and l.to_state = 'unknown'
                and (l.body ->> 'attempt_id')::bigint = a.id);
comment on view audit.lost_runs is
    '14. Runs that were lost, whether another worker found them again, and how they ended.';
comment on column audit.lost_runs.known_at is
    'when evidence or a person said how it ended; null: nobody has';

create or replace view audit.deleted_sandboxes as
select l.ts, w.name as worker, l.body ->> 'backend' as backend,
       (l.body ->> 'deleted')::int as deleted
from audit.audit_logs l join cs.worker w on w.id = l.entity_id
where l.entity = 'worker' and l.event = 'janitor.deleted';
comment on view audit.deleted_sandboxes is
    '15. Sandboxes that nobody owned any more, and that were deleted at their service.';

create or replace view audit.break_glass_approvals as
select d.decided_at, d.reviewer, r.id as request_id, d.revision, r.title, r.author, r.team,
       d.note as reason, d.counts, d.session_id,
       (select min(a.started_at) from audit.attempts a where d.id = any (a.decision_ids))
           as first_run_at, r.state as request_state
from audit.decisions d
join audit.approval_requests r on r.id = d.request_id
where d.verdict = 'break_glass';
comment on view audit.break_glass_approvals is
    '16. Who approved alone what needed more people, and why they said so.';
comment on column audit.break_glass_approvals.reason is 'why, in the words of who did it';
