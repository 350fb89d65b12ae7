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
select d.id, 'countersign-decision-row-v1', d.id, d.request_id, d.revision, d.round,
       d.reviewer_id, d.verdict, d.bundle_sha256, d.note, d.acknowledged, d.dwell_ms,
       d.session_id, d.token_id, d.decided_at, d.valid_until, d.signature, d.key_id, d.needed
from cs.decision d where d.id > $1 order by d.id limit $2;

-- Behind the digest: what must follow from the code, then the bundle, with the parts of its files
-- as they are encoded in it between the sixth column and the others.
-- name: verify_revisions(request_id int8, revision int4, most int4) binary
select v.request_id, v.revision, 'countersign-revision-v1', v.request_id, v.revision,
       v.editor_id, v.session_id, v.token_id, v.title, v.code_sha256, v.bundle_sha256,
       v.created_at, v.risk, v.verdict, v.code,
       v.code_bytes = octet_length(v.code) and v.code_lines = octet_length(v.code)
           - octet_length(replace(v.code, e'\n', ''))
           + case when right(v.code, 1) = e'\n' then 0 else 1 end,
       'countersign-bundle-v1', v.request_id, v.revision, v.language, v.code, v.file_count,
       (select substr(array_send(array_agg(p.part order by f.n, p.place)), 21)
        from cs.revision_file f cross join lateral
            (values (1, f.sha256), (2, convert_to(f.name, 'UTF8'))) p (place, part)
        where f.request_id = v.request_id and f.revision = v.revision),
       v.target, v.sandbox, v.image, v.network, v.wall_ms, v.memory_bytes, v.pids,
       v.output_bytes, v.files, v.file_bytes, case when v.retry_safe then '1' else '0' end,
       v.policy_version, v.verdict_sha256, v.approval_ms
from cs.revision v where (v.request_id, v.revision) > ($1, $2)
order by v.request_id, v.revision limit $3;

-- name: verify_attempts(after int8, most int4) copied
select a.id, a.state, 'countersign-attempt-v1', a.id, a.request_id, a.revision, a.round,
       a.backend, a.valid_until, a.created_at, a.started_at
from cs.attempt a where a.id > $1 order by a.id limit $2;

-- name: verify_requests(after int8, most int4) copied
select r.id, r.state from cs.request r where r.id > $1 order by r.id limit $2;

-- Runs, and of those that no approval allowed, why: of other bytes, too late, by too few, by who
-- had a part in it, or twice. How many were needed is signed with each decision.
-- name: verify_runs(after int8, most int4) binary
select a.id, case
    when d.count = 0 then 'started without a decision'
    when d.of_else then 'rests on a decision about something else'
    when d.untimely then 'started outside the time of its approval'
    when d.too_few then 'rests on fewer approvals than were needed'
    when d.own then 'was approved by who wrote it'
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
        bool_or(d.reviewer_id = r.author_id or exists (
            select from cs.revision w
            where w.request_id = a.request_id and w.editor_id = d.reviewer_id)) as own
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
