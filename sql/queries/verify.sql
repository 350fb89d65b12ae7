-- What `countersign audit verify` reads, in the verifier's role. Only raw columns: no function of
-- ours, which whoever changed a row could have changed, too. Where rows are digested, the columns
-- stand in the order of the digest.

-- name: verify_begin() binary
select (extract(epoch from clock_timestamp()) * 1000000)::int8, i.id::text from cs.instance i;

-- name: verify_moves() binary
select entity, from_state, to_state, actor_kind from cs.legal_move;

-- name: verify_epochs() binary
select epoch::int8, min(epoch_from) from cs.audit_seal group by epoch order by epoch;

-- name: verify_seals(first int8, most int4) binary
select i.id::text, s.n, s.epoch, s.epoch_from, s.xid_from, s.xid_to, s.events, s.last_id,
       s.prev_hash, (extract(epoch from s.sealed_at) * 1000000)::int8, s.root, s.hash, s.key_id,
       s.signature
from cs.audit_seal s, cs.instance i where s.n >= $1 order by s.n limit $2;

-- After a transaction and id, of one epoch.
-- name: verify_events(xid text, id int8, id_from int8, id_to int8, most int4) copied
select e.format::int4, e.id, e.ts, e.xid, e.entity, e.entity_id, e.entity_seq, e.actor_id,
       e.actor_kind, e.session_id, e.token_id, e.address, e.event, e.subject, e.from_state,
       e.to_state, e.body, e.row_digests, e.prev_hash, e.hash
from cs.audit_event e
where (e.xid, e.id) > ($1::xid8, $2) and e.id >= $3 and e.id < $4
order by e.xid, e.id limit $5;

-- name: verify_decisions(after int8, most int4) copied
select d.id, 'countersign-decision-row-v' || case when d.seen_bytes is null then 1 else 2 end,
       d.id, d.request_id, d.revision, d.round, d.reviewer_id, d.verdict, d.bundle_sha256,
       d.note, d.acknowledged, d.dwell_ms, d.session_id, d.token_id, d.decided_at, d.valid_until,
       d.signature, d.key_id, d.needed, d.seen_bytes, d.form, d.acknowledged::text
from cs.decision d where d.id > $1 order by d.id limit $2;

-- Behind the digest: what must follow from the code, then the bundle, with the parts of its files
-- as they are encoded in it between the sixth column and the others; what only its second form has
-- comes last.
-- name: verify_revisions(request_id int8, revision int4, most int4) binary
select v.request_id, v.revision, 'countersign-revision-v1', v.request_id, v.revision,
       v.editor_id, v.session_id, v.token_id, v.title, v.code_sha256, v.bundle_sha256,
       v.created_at, v.risk, v.verdict, v.code,
       v.code_bytes = octet_length(v.code) and v.code_lines = octet_length(v.code)
           - octet_length(replace(v.code, e'\n', ''))
           + case when right(v.code, 1) = e'\n' then 0 else 1 end,
       'countersign-bundle-v' || case when v.team_id is null then 1 else 2 end, v.request_id,
       v.revision, v.language, v.code, v.file_count,
       (select substr(array_send(array_agg(p.part order by f.n, p.place)), 21)
        from cs.revision_file f cross join lateral
            (values (1, f.sha256), (2, convert_to(f.name, 'UTF8'))) p (place, part)
        where f.request_id = v.request_id and f.revision = v.revision),
       v.target, v.sandbox, v.image, v.network, v.wall_ms, v.memory_bytes, v.pids,
       v.output_bytes, v.files, v.file_bytes, case when v.retry_safe then '1' else '0' end,
       v.policy_version, v.verdict_sha256, v.approval_ms, v.team_id, v.isolation, v.image_digest,
       v.cpu_ms, v.tmp_bytes, v.max_attempts
from cs.revision v where (v.request_id, v.revision) > ($1, $2)
order by v.request_id, v.revision limit $3;

-- The digest of what never changes, then of what came of it; whether it has ended, whether it says
-- what came of it, and whether there is what it says that it handed back.
-- name: verify_attempts(after int8, most int4) copied
select a.id, a.state, 'countersign-attempt-v1', a.id, a.request_id, a.revision, a.round,
       a.backend, a.valid_until, a.created_at,
       'countersign-attempt-end-v1', a.fence, a.started_at, a.running_at, a.finished_at,
       a.exit_code, a.term_signal, a.reason, a.error_name, a.error_value, a.duration_ms, a.cpu_ms,
       a.memory_peak_bytes, a.output_truncated, a.results_sha256,
       a.state not in ('ready', 'claimed', 'starting', 'running'),
       num_nonnulls(a.finished_at, a.exit_code, a.term_signal, a.duration_ms, a.cpu_ms,
           a.memory_peak_bytes, nullif(a.reason, ''), nullif(a.error_name, ''),
           nullif(a.error_value, ''), nullif(a.output_truncated, false)) > 0,
       a.results_sha256 is null or exists (
           select from cs.output_item o where o.attempt_id = a.id)
from cs.attempt a where a.id > $1 order by a.id limit $2;

-- name: verify_requests(after int8, most int4) copied
select r.id, r.state, 'countersign-request-v1', r.id, r.team_id, r.author_id, r.token_id,
       r.created_at, r.again_of, t.title, t.question, t.state_echo
from cs.request r left join cs.request_text t on t.request_id = r.id
where r.id > $1 order by r.id limit $2;

-- What attempts handed back, and the digest over it that their row has; whether there is any
-- content just when there should be.
-- name: verify_items(attempt_id int8, n int4, most int4) copied
select o.attempt_id, o.n, 'countersign-result-v1', o.attempt_id, o.fence, o.n, o.kind, o.name,
       o.mime, o.bytes, o.sha256, o.meta, a.request_id, a.results_sha256,
       exists (select from cs.output_chunk c where c.attempt_id = o.attempt_id
           and c.fence = o.fence and c.item = o.n and c.n = 0) = (o.bytes > 0)
from cs.output_item o left join cs.attempt a on a.id = o.attempt_id
where (o.attempt_id, o.n) > ($1, $2) order by o.attempt_id, o.n limit $3;

-- The content of each, behind what it should be; no more than 16 MiB at once, but for one of them.
-- name: verify_chunks(attempt_id int8, fence int8, item int4, n int4, most int4) copied
with page as (
    select c.*, sum(octet_length(c.data)) over (order by c.attempt_id, c.fence, c.item, c.n) as sum
    from (select * from cs.output_chunk c where (c.attempt_id, c.fence, c.item, c.n)
              > ($1, $2, $3, $4)
          order by c.attempt_id, c.fence, c.item, c.n limit $5) c)
select p.attempt_id, p.fence, p.item, p.n, o.bytes, o.sha256, p.data
from page p left join cs.output_item o
    on (o.attempt_id, o.n, o.fence) = (p.attempt_id, p.item, p.fence)
where p.sum - octet_length(p.data) < 16777216
order by p.attempt_id, p.fence, p.item, p.n;

-- What the rows of the audit trail tell of runs that ended before it had the digest of that. Later
-- moves give another reason.
-- name: verify_told(after int8, most int4) copied
select a.id, case
    when (e.body ->> 'exit_code', e.body ->> 'term_signal', e.body ->> 'duration_ms')
        is distinct from (a.exit_code::text, a.term_signal::text, a.duration_ms::text)
        then 'ended otherwise than the audit trail tells'
    when a.state = e.to_state and a.state <> 'unknown'
        and a.reason <> left(coalesce(e.body ->> 'reason', ''), 200)
        then 'ended for another reason than the audit trail tells'
    when e.body -> 'items' is distinct from (
        select jsonb_agg(jsonb_build_object('n', o.n, 'kind', o.kind, 'bytes', o.bytes, 'sha256',
                             encode(o.sha256, 'hex')) order by o.n)
        from cs.output_item o where o.attempt_id = a.id)
        then 'handed back something else than the audit trail tells' end
from cs.attempt a cross join lateral (
    select f.* from cs.audit_event f
    where f.entity = 'request' and f.entity_id = a.request_id and f.event = 'attempt.finish'
      and f.body ->> 'attempt_id' = a.id::text
    order by f.entity_seq desc limit 1) e
where a.id > $1 and not coalesce(e.row_digests ? ('attempt:' || a.id), false)
order by a.id limit $2;

-- The same of who asked: who wrote the first version.
-- name: verify_askers(after int8, most int4) copied
select r.id, case when (r.author_id, r.token_id) is distinct from (v.editor_id, v.token_id)
    then 'is of somebody else than who wrote its first version' end
from cs.request r join cs.revision v on v.request_id = r.id and v.revision = 1
where r.id > $1 order by r.id limit $2;

-- Words that nobody asked, and requests in another revision or round than their history led to. A
-- history whose beginning was dropped does not tell the round.
-- name: verify_strays(after int8, most int4) copied
with opened as materialized (
    select e.entity_id, count(*) as rounds from cs.audit_event e
    where e.entity = 'request'
      and (e.event in ('decision.undo', 'decision.expire', 'request.revise', 'policy.raise')
           or (e.event, e.to_state) = ('request.set_aside', 'pending'))
    group by e.entity_id
), newest as materialized (
    select v.request_id, max(v.revision) as revision from cs.revision v group by v.request_id)
select s.id, s.why from (
    select t.request_id, 'has words and is no request' from cs.request_text t
    where not exists (select from cs.request r where r.id = t.request_id)
    union all
    select r.id, 'is not at its newest revision'
    from cs.request r join newest n on n.request_id = r.id where r.revision <> n.revision
    union all
    select r.id, 'is in another round than the audit trail tells'
    from cs.request r left join opened o on o.entity_id = r.id
    where r.round <> 1 + coalesce(o.rounds, 0) and exists (
        select from cs.audit_event e
        where e.entity = 'request' and e.entity_id = r.id and e.entity_seq = 1))
    s (id, why)
where s.id > $1 order by s.id limit $2;

-- Runs, and of those that no approval allowed, why: of other bytes, too late, by too few, by who
-- had a part in it, taken back before it was made, or twice. How many were needed is signed with
-- each decision.
-- name: verify_runs(after int8, most int4) binary
select a.id, case
    when d.count = 0 then 'started without a decision'
    when d.of_else then 'rests on a decision about something else'
    when d.untimely then 'started outside the time of its approval'
    when d.too_few then 'rests on fewer approvals than were needed'
    when d.own then 'was approved by who had a part in it'
    when d.taken_back then 'rests on an approval that was taken back'
    when r.retry_safe <> v.retry_safe
        then 'is to run again otherwise than was approved'
    when not v.retry_safe and exists (
        select from cs.attempt o where o.request_id = a.request_id and o.id < a.id
          and o.started_at is not null)
        then 'is a second run of what may run once' end as why
from cs.attempt a
left join cs.revision v on v.request_id = a.request_id and v.revision = a.revision
left join cs.request r on r.id = a.request_id
cross join lateral (
    select count(*) as count,
        bool_or((d.request_id, d.revision, d.round, d.verdict, d.bundle_sha256) is distinct from
            (a.request_id, a.revision, a.round, case d.verdict when 'break_glass' then d.verdict
                else 'approve' end, v.bundle_sha256)) as of_else,
        bool_or(d.decided_at > a.started_at or d.valid_until <= a.started_at) as untimely,
        count(distinct d.reviewer_id) < max(d.needed) and
            not bool_or(d.verdict = 'break_glass') as too_few,
        bool_or(exists (
            with recursive c (id, again_of) as (
                select r.id, r.again_of
                union all
                select b.id, b.again_of
                from c join cs.request b on b.id = c.again_of and b.id < c.id)
            select from c
            cross join lateral (
                select x.author_id, x.token_id from cs.request x where x.id = c.id
                union all
                select w.editor_id, w.token_id from cs.revision w where w.request_id = c.id)
                m (maker, token_id)
            left join lateral (
                select t.person_id, t.created_by from cs.api_token t
                where t.id = m.token_id offset 0) t on true
            cross join lateral (values (m.maker), (t.person_id), (t.created_by)) p (id)
            left join lateral (
                select o.owner_id from cs.person o where o.id = p.id offset 0) o on true
            where d.reviewer_id in (p.id, o.owner_id))) as own,
        bool_or(exists (
            select from cs.audit_event e, cs.audit_event o, cs.audit_event b
            where (e.entity, e.entity_id) = ('request', a.request_id)
              and e.row_digests ? ('decision:' || d.id)
              and (o.entity, o.entity_id) = ('request', a.request_id)
              and o.entity_seq > e.entity_seq and (
                  o.event in ('decision.undo', 'decision.expire', 'request.revise', 'policy.raise')
                  or (o.event, o.to_state) = ('request.set_aside', 'pending'))
              and (b.entity, b.entity_id) = ('request', a.request_id)
              and b.entity_seq > o.entity_seq and b.event = 'attempt.ready'
              and b.body ->> 'attempt_id' = a.id::text)) as taken_back
    from cs.attempt_decision l left join cs.decision d on d.id = l.decision_id
    where l.attempt_id = a.id) d
where a.started_at is not null and a.id > $1 order by a.id limit $2;

-- What was dropped, as the audit trail has it, in the order in which it was; and whether that had
-- been withdrawn.
-- name: verify_drops() binary
with d as materialized (
    select e.id, e.xid, e.entity_id, e.body
    from cs.audit_event e where e.entity = 'retention' and e.event = 'retention.dropped')
select d.id, d.xid, d.entity_id, d.body, exists (
    select from cs.audit_event w where w.entity = 'retention' and w.entity_id = d.entity_id
    and w.event = 'retention.withdrawn')
from d order by d.id;

-- name: verify_dropped() binary
select coalesce(max(t.seal), 0) from cs.retention t where t.state = 'dropped';

-- name: verify_retentions(after int8, most int4) binary
select t.id, 'countersign-retention-row-v1', t.id, t.state, t.first_seal, t.seal, t.seal_hash,
       t.events, t.reason, t.proposed_by, t.proposed_at, t.propose_signature, t.propose_key_id,
       t.agreed_by, t.agreed_at, t.agree_signature, t.agree_key_id, t.withdrawn_by,
       t.withdrawn_at, t.dropped_at, t.dropped_xid, t.manifest_sha256, t.dropped_events,
       t.kept_events
from cs.retention t where t.id > $1 order by t.id limit $2;

-- What is of rights: behind the id, that of the chain and the table. Then the columns.
-- name: verify_people(after int8, most int4) copied
select p.id, p.id, 'person', 'countersign-person-v1', p.id, p.login, p.name, p.kind,
       p.roles::text, p.owner_id, p.created_by, p.created_at, p.disabled_at,
       (select array_agg(m.team_id order by m.team_id)::text
        from cs.team_member m where m.person_id = p.id)
from cs.person p where p.id > $1 order by p.id limit $2;

-- name: verify_teams(after int8, most int4) copied
select t.id, t.id, 'team', 'countersign-team-v1', t.id, t.name, t.created_at
from cs.team t where t.id > $1 order by t.id limit $2;

-- name: verify_tokens(after int8, most int4) copied
select t.id, t.person_id, 'api_token', 'countersign-api_token-v1', t.id, t.person_id,
       t.created_by, t.name, t.prefix, t.token_sha256, t.scopes::text, t.created_at, t.expires_at,
       t.revoked_at
from cs.api_token t where t.id > $1 order by t.id limit $2;

-- name: verify_credentials(after int8, most int4) copied
select c.id, c.person_id, 'credential_event', 'countersign-credential_event-v1', c.id,
       c.person_id, c.by_id, c.kind, c.at
from cs.credential_event c where c.id > $1 order by c.id limit $2;

-- name: verify_identities(after int8, most int4) copied
select i.id, i.person_id, 'external_identity', 'countersign-external_identity-v1', i.id,
       i.person_id, i.issuer, i.subject, i.created_by, i.created_at
from cs.external_identity i where i.id > $1 order by i.id limit $2;

-- name: verify_factors(after int8, most int4) copied
select f.person_id, f.person_id, 'second_factor', 'countersign-second_factor-v1', f.person_id,
       f.since, (select string_agg(c.code_sha256, ''::bytea order by c.code_sha256)
                 from cs.recovery_code c where c.person_id = f.person_id)
from cs.second_factor f where f.person_id > $1 order by f.person_id limit $2;

-- name: verify_rules(after int8, most int4) copied
select q.id, 1::int8, 'quorum_rule', 'countersign-quorum_rule-v1', q.id, q.team_id, q.risk,
       q.group_id, q.needed
from cs.quorum_rule q where q.id > $1 order by q.id limit $2;

-- name: verify_groups(after int8, most int4) copied
select g.id, 1::int8, 'approver_group', 'countersign-approver_group-v1', g.id, g.team_id, g.name,
       (select array_agg(m.person_id order by m.person_id)::text
        from cs.approver m where m.group_id = g.id)
from cs.approver_group g where g.id > $1 order by g.id limit $2;

-- One row at most: there is no other place for it.
-- name: verify_break_glass(after int8, most int4) copied
select 1::int8, 1::int8, 'break_glass', 'countersign-break_glass-v1', 1::int8, g.is_on,
       g.changed_at
from cs.break_glass g where 1::int8 > $1 limit $2;

-- Each with all of its rules.
-- name: verify_policies(after int8, most int4) copied
select v.version::int8, 1::int8, 'policy_version', 'countersign-policy_version-v1', v.version,
       v.created_at, v.note, v.shipped_sha256, (
           select sha256(convert_to(jsonb_agg(jsonb_build_array(r.id, r.language, r.match,
                      r.patterns, r.level, r.instead_of, r.title, r.explanation, r.capability)
                      order by r.id collate "C")::text, 'UTF8'))
           from cs.policy_rule r where r.version = v.version)
from cs.policy_version v where v.version::int8 > $1 order by v.version limit $2;

-- What would be part of a right that is made one day.
-- name: verify_stray_rights(after int8, most int4) copied
select s.id, s.of_table, s.why from (
    select m.person_id, 'person', 'is in a team and is nobody' from cs.team_member m
    where not exists (select from cs.person p where p.id = m.person_id)
    union all
    select m.group_id, 'approver_group', 'has somebody and is none' from cs.approver m
    where not exists (select from cs.approver_group g where g.id = m.group_id)
    union all
    select c.person_id, 'second_factor', 'has recovery codes and is none' from cs.recovery_code c
    where not exists (select from cs.second_factor f where f.person_id = c.person_id)
    union all
    select r.version, 'policy_version', 'has rules and is none' from cs.policy_rule r
    where not exists (select from cs.policy_version v where v.version = r.version))
    s (id, of_table, why)
where s.id > $1 order by s.id limit $2;
