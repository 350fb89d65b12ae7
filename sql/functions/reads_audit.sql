-- What auditors' views ask beyond plain rows. Granted to the auditor, who sees no table.

set search_path = cs, pg_temp;

create or replace function cs.unapproved_runs()
    returns table (attempt_id bigint, request_id bigint, started_at timestamptz, why text)
    language sql stable security definer set search_path = cs, pg_temp as $$
    with runs as (
        select a.*, v.bundle_sha256, v.verdict from attempt a
        join revision v on v.request_id = a.request_id and v.revision = a.revision
        where a.started_at is not null or a.running_at is not null
           or a.state not in ('ready', 'claimed', 'cancelled', 'failed')
    ), checked as (
        select r.id, r.request_id, r.started_at, case
            when bundle_digest(r.request_id, r.revision) is distinct from r.bundle_sha256
                then 'the stored bytes are not what the digest says'
            when not exists (select from attempt_decision l join decision d on d.id = l.decision_id
                    where l.attempt_id = r.id and d.request_id = r.request_id
                      and d.revision = r.revision and d.round = r.round
                      and d.verdict = 'break_glass' and d.bundle_sha256 = r.bundle_sha256
                      and d.decided_at <= r.started_at and d.valid_until > r.started_at)
                and (select count(distinct d.reviewer_id) from attempt_decision l
                  join decision d on d.id = l.decision_id
                  where l.attempt_id = r.id and d.request_id = r.request_id
                    and d.revision = r.revision and d.round = r.round and d.verdict = 'approve'
                    and d.bundle_sha256 = r.bundle_sha256 and d.decided_at <= r.started_at
                    and (d.valid_until is null or d.valid_until > r.started_at))
                 < greatest(1, (select max(d.needed) from attempt_decision l
                                join decision d on d.id = l.decision_id
                                where l.attempt_id = r.id))
                then 'not enough approvals of these bytes'
            when exists (select from attempt_decision l join decision d on d.id = l.decision_id
                         where l.attempt_id = r.id
                           and d.reviewer_id in (
                               select o.person_id from own_people(array[r.request_id]) o))
                then 'approved by somebody who had a part in it'
            when exists (
                    select from attempt_decision l, audit_event e, audit_event o, audit_event b
                    where l.attempt_id = r.id
                      and (e.entity, e.entity_id) = ('request', r.request_id)
                      and e.row_digests ? ('decision:' || l.decision_id)
                      and (o.entity, o.entity_id) = ('request', r.request_id)
                      and o.entity_seq > e.entity_seq
                      and (o.event in ('decision.undo', 'decision.expire', 'request.revise',
                                       'policy.raise')
                           or (o.event, o.to_state) = ('request.set_aside', 'pending'))
                      and (b.entity, b.entity_id) = ('request', r.request_id)
                      and b.entity_seq > o.entity_seq and b.event = 'attempt.ready'
                      and b.body ->> 'attempt_id' = r.id::text)
                then 'rests on an approval that was taken back'
            when exists (select from attempt_decision l join decision d on d.id = l.decision_id
                         where l.attempt_id = r.id and not exists (
                             select from audit_event e where e.entity = 'request'
                               and e.entity_id = r.request_id
                               and e.row_digests ->> ('decision:' || d.id) = decision_digest(d)))
                then 'an approval is not as it was recorded'
            when exists (select from attempt_decision l join decision d on d.id = l.decision_id
                         where l.attempt_id = r.id and d.form = 2
                           and unread_findings(r.verdict, d.acknowledged) <> '{}')
                then 'an approval does not name each finding' end as why
        from runs r
    )
    select c.id, c.request_id, c.started_at, c.why from checked c where c.why is not null
$$;
comment on function cs.unapproved_runs is
    'Runs that can not be proved to have been approved, and why; must be empty.';

create or replace function cs.broken_chains()
    returns table (entity text, entity_id bigint, entity_seq bigint, why text)
    language sql stable security definer set search_path = cs, pg_temp as $$
    select e.entity, e.entity_id, b.entity_seq, b.why
    from (select distinct entity, entity_id from audit_event) e
    cross join lateral audit_chain_broken(e.entity, e.entity_id) b
$$;
comment on function cs.broken_chains is 'Audit rows whose hash chain does not hold; must be empty.';
