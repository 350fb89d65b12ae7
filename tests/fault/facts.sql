-- What the invariants ask: digests made anew, and what the audit trail says happened.

drop schema if exists invariant cascade;
create schema invariant;

create function invariant.setting(name text, standard text) returns text language sql stable
    return coalesce(nullif(current_setting('invariant.' || name, true), ''), standard);
create function invariant.grace() returns interval language sql stable
    return invariant.setting('grace', '60 seconds')::interval;
create function invariant.slack() returns interval language sql stable
    return invariant.setting('slack', '5 seconds')::interval;

-- Digests, from the words of docs/security.md and not by the functions of the product: each part is
-- its length in 4 bytes and its bytes, null is four bytes 0xff. PL/pgSQL keeps its plans.
create function invariant.part(value bytea) returns bytea language sql immutable
    return coalesce(int4send(octet_length(value)) || value, '\xffffffff');
create function invariant.parts(variadic list text[]) returns bytea language plpgsql immutable as $$
declare
    value text;
    written bytea := '';
begin
    foreach value in array list loop
        written := written || coalesce(int4send(octet_length(value)) || convert_to(value, 'UTF8'),
                                       '\xffffffff');
    end loop;
    return written;
end
$$;
create function invariant.utf(value text) returns bytea language sql immutable
    return convert_to(value, 'UTF8');
create function invariant.time(at timestamptz) returns text language sql immutable
    return (extract(epoch from at) * 1000000)::bigint::text;
create function invariant.leaf(written bytea) returns bytea language sql immutable
    return sha256('\x00'::bytea || written);
create function invariant.bundle(v cs.revision) returns bytea language plpgsql stable as $$
begin
    return sha256(invariant.parts('countersign-bundle-v'
            || case when v.team_id is null then 1 else 2 end, v.request_id::text,
            v.revision::text, v.language, v.code, v.file_count::text)
        || (select coalesce(string_agg(invariant.part(f.sha256) || invariant.parts(f.name), ''
                                       order by f.n), '') from cs.revision_file f
            where f.request_id = v.request_id and f.revision = v.revision)
        || invariant.parts(v.target, v.sandbox, v.image, v.network, v.wall_ms::text,
            v.memory_bytes::text, v.pids::text, v.output_bytes::text, v.files::text,
            v.file_bytes::text, v.retry_safe::int::text, v.policy_version::text, v.verdict_sha256,
            v.approval_ms::text)
        || case when v.team_id is null then '' else invariant.parts(v.team_id::text, v.isolation,
            v.image_digest, v.cpu_ms::text, v.tmp_bytes::text, v.max_attempts::text) end);
end
$$;
create function invariant.event_hash(e cs.audit_event) returns bytea language sql immutable
    return invariant.leaf(invariant.parts('countersign-audit-v' || e.format, e.id::text,
        invariant.time(e.ts), e.xid::text, e.entity, e.entity_id::text, e.entity_seq::text,
        e.actor_id::text, e.actor_kind, e.session_id::text, e.token_id::text, e.address, e.event,
        e.subject, e.from_state, e.to_state, e.body::text, e.row_digests::text)
        || invariant.part(e.prev_hash));

create function invariant.ending(a cs.attempt) returns bytea language plpgsql stable as $$
begin
    return invariant.parts('countersign-attempt-end-v1', a.fence::text,
        invariant.time(a.started_at), invariant.time(a.running_at), invariant.time(a.finished_at),
        a.exit_code::text, a.term_signal::text, a.reason, a.error_name, a.error_value,
        a.duration_ms::text, a.cpu_ms::text, a.memory_peak_bytes::text, a.output_truncated::text)
        || invariant.part((select invariant.leaf(string_agg(invariant.parts(
                'countersign-result-v1', o.attempt_id::text, o.fence::text, o.n::text, o.kind,
                o.name, o.mime, o.bytes::text) || invariant.part(o.sha256)
                || invariant.parts(o.meta::text), ''::bytea order by o.n))
            from cs.output_item o where o.attempt_id = a.id));
end
$$;

-- Each row that an audit row must cover, and its digest: of what ends, the newest counts.
create view invariant.covered as
select v.request_id, 'revision:' || v.revision as key, invariant.leaf(invariant.parts(
           'countersign-revision-v1', v.request_id::text, v.revision::text, v.editor_id::text,
           v.session_id::text, v.token_id::text, v.title)
           || invariant.part(sha256(invariant.utf(v.code)))
           || invariant.part(invariant.bundle(v))
           || invariant.parts(invariant.time(v.created_at), v.risk, v.verdict)) as digest
from cs.revision v
union all
select d.request_id, 'decision:' || d.id, invariant.leaf(invariant.parts(
           'countersign-decision-row-v' || case when d.seen_bytes is null then 1 else 2 end,
           d.id::text, d.request_id::text, d.revision::text,
           d.round::text, d.reviewer_id::text, d.verdict) || invariant.part(d.bundle_sha256)
           || invariant.parts(d.note, d.acknowledged::text, d.dwell_ms::text, d.session_id::text,
               d.token_id::text, invariant.time(d.decided_at), invariant.time(d.valid_until))
           || invariant.part(d.signature) || invariant.parts(d.key_id, d.needed::text)
           || case when d.seen_bytes is null then '' else invariant.parts(d.seen_bytes::text) end)
from cs.decision d
union all
select c.request_id, 'cost_span:' || c.id, invariant.leaf(invariant.parts(
           'countersign-cost_span-v1', c.id::text, c.request_id::text, c.attempt_id::text,
           c.fence::text, c.kind, c.provider, c.model, c.team_id::text, c.person_id::text,
           c.feature, c.tokens_in::text, c.tokens_out::text, c.tokens_cached::text,
           c.seconds::text, c.nano_usd::text, c.price_version, c.trace_id, c.span_id,
           invariant.time(c.started_at), invariant.time(c.ended_at), c.estimated::text,
           c.cpu::text, c.memory_mib::text, c.disk_gib::text))
from cs.cost_span c
union all
select a.request_id, 'attempt:' || a.id, invariant.leaf(invariant.parts('countersign-attempt-v1',
           a.id::text, a.request_id::text, a.revision::text, a.round::text, a.backend,
           invariant.time(a.valid_until), invariant.time(a.created_at))
           || case when a.state in ('ready', 'claimed', 'starting', 'running') then ''
                   else invariant.ending(a) end)
from cs.attempt a
union all
select r.id, 'request:' || r.id, invariant.leaf(invariant.parts('countersign-request-v1',
           r.id::text, r.team_id::text, r.author_id::text, r.token_id::text,
           invariant.time(r.created_at), r.again_of::text, t.title, t.question,
           t.state_echo::text))
from cs.request r left join cs.request_text t on t.request_id = r.id;

-- Who may: each row, its digest and the chain whose newest row with that key must have it.
create view invariant.rights as
select 'person' as entity, p.id as entity_id, 'person:' || p.id as key,
       invariant.leaf(invariant.parts('countersign-person-v1', p.id::text, p.login, p.name, p.kind,
           p.roles::text, p.owner_id::text, p.created_by::text, invariant.time(p.created_at),
           invariant.time(p.disabled_at), (select array_agg(m.team_id order by m.team_id)::text
               from cs.team_member m where m.person_id = p.id))) as digest
from cs.person p
union all
select 'team', t.id, 'team:' || t.id, invariant.leaf(invariant.parts('countersign-team-v1',
           t.id::text, t.name, invariant.time(t.created_at)))
from cs.team t
union all
select 'person', t.person_id, 'api_token:' || t.id, invariant.leaf(invariant.parts(
           'countersign-api_token-v1', t.id::text, t.person_id::text, t.created_by::text, t.name,
           t.prefix) || invariant.part(t.token_sha256) || invariant.parts(t.scopes::text,
           invariant.time(t.created_at), invariant.time(t.expires_at),
           invariant.time(t.revoked_at)))
from cs.api_token t
union all
select 'person', c.person_id, 'credential_event:' || c.id, invariant.leaf(invariant.parts(
           'countersign-credential_event-v1', c.id::text, c.person_id::text, c.by_id::text, c.kind,
           invariant.time(c.at)))
from cs.credential_event c
union all
select 'person', i.person_id, 'external_identity:' || i.id, invariant.leaf(invariant.parts(
           'countersign-external_identity-v1', i.id::text, i.person_id::text, i.issuer, i.subject,
           i.created_by::text, invariant.time(i.created_at)))
from cs.external_identity i
union all
select 'person', f.person_id, 'second_factor:' || f.person_id, invariant.leaf(invariant.parts(
           'countersign-second_factor-v1', f.person_id::text, invariant.time(f.since))
           || invariant.part((select string_agg(c.code_sha256, ''::bytea order by c.code_sha256)
               from cs.recovery_code c where c.person_id = f.person_id)))
from cs.second_factor f
union all
select 'instance', 1, 'quorum_rule:' || q.id, invariant.leaf(invariant.parts(
           'countersign-quorum_rule-v1', q.id::text, q.team_id::text, q.risk, q.group_id::text,
           q.needed::text))
from cs.quorum_rule q
union all
select 'instance', 1, 'approver_group:' || g.id, invariant.leaf(invariant.parts(
           'countersign-approver_group-v1', g.id::text, g.team_id::text, g.name, (
               select array_agg(m.person_id order by m.person_id)::text
               from cs.approver m where m.group_id = g.id)))
from cs.approver_group g
union all
select 'instance', 1, 'break_glass:1', invariant.leaf(invariant.parts(
           'countersign-break_glass-v1', '1', g.is_on::text, invariant.time(g.changed_at)))
from cs.break_glass g
union all
select 'instance', 1, 'policy_version:' || v.version, invariant.leaf(invariant.parts(
           'countersign-policy_version-v1', v.version::text, invariant.time(v.created_at), v.note)
           || invariant.part(v.shipped_sha256) || invariant.part((
               select sha256(convert_to(jsonb_agg(jsonb_build_array(r.id, r.language, r.match,
                          r.patterns, r.level, r.instead_of, r.title, r.explanation, r.capability)
                          order by r.id collate "C")::text, 'UTF8'))
               from cs.policy_rule r where r.version = v.version)))
from cs.policy_version v;

-- The audit trail as changes of state, each with the state that the change before it left.
create view invariant.move as
select e.entity_id as request_id, e.entity_seq, e.ts, e.actor_id, e.actor_kind, e.event, e.subject,
       case e.subject when 'request' then e.entity_id
                      else (e.body ->> 'attempt_id')::bigint end as id,
       e.from_state, e.to_state, (e.body ->> 'fence')::bigint as fence,
       lag(e.to_state, 1, '') over w as before, lead(e.entity_seq) over w is null as is_last
from cs.audit_event e
where e.entity = 'request' and e.from_state is not null
window w as (partition by e.entity_id, e.subject, case e.subject when 'attempt'
                 then e.body ->> 'attempt_id' end order by e.entity_seq);

-- Each start with what the trail says of the request just before it: its state, its revision, and
-- its round, which grows with each new revision, undo and setting aside.
create view invariant.start as
select m.request_id, m.entity_seq, m.ts, m.id as attempt_id, m.fence, a.revision, a.round,
       (select min(d.valid_until) from cs.attempt_decision l join cs.decision d
            on d.id = l.decision_id where l.attempt_id = a.id) as valid_until,
       a.backend, r.team_id, r.retry_safe,
       (select b.to_state from cs.audit_event b where b.entity = 'request' and b.subject = 'request'
            and b.entity_id = m.request_id and b.entity_seq < m.entity_seq
            and b.to_state is not null order by b.entity_seq desc limit 1) as state_then,
       (select max((b.body ->> 'revision')::int) from cs.audit_event b where b.entity = 'request'
            and b.entity_id = m.request_id and b.entity_seq < m.entity_seq
            and b.event in ('request.submit', 'request.revise')) as revision_then,
       (select 1 + count(*) from cs.audit_event b where b.entity = 'request'
            and b.entity_id = m.request_id and b.entity_seq < m.entity_seq
            and (b.event in ('request.revise', 'decision.undo', 'decision.expire')
                 or (b.event = 'request.set_aside' and b.to_state = 'pending'))) as round_then
from invariant.move m
join cs.attempt a on a.id = m.id
join cs.request r on r.id = m.request_id
where m.subject = 'attempt' and m.to_state = 'starting';

-- Whose own a request was at a time: who made it or what it repeats, who answers for those, and
-- who made or reset an account of these, or the other way round.
create function invariant.own(of_request bigint, at timestamptz) returns setof bigint
    language plpgsql stable as $$
begin
    return query
    with recursive again as (
        select of_request as id
        union select r.again_of from again g join cs.request r on r.id = g.id
        where r.again_of is not null
    ), maker as (
        select r.author_id as id, r.token_id from again g join cs.request r using (id)
        union all
        select v.editor_id, v.token_id from again g join cs.revision v on v.request_id = g.id
        where v.created_at < at
    ), first_hand as (
        select id from maker
        union all select t.person_id from maker m join cs.api_token t on t.id = m.token_id
        union all select t.created_by from maker m join cs.api_token t on t.id = m.token_id
    ), own as (
        select id from first_hand
        union select p.owner_id from first_hand f join cs.person p using (id)
    ), above as (
        select id from own
        union
        select m.id from above a cross join lateral (
            select p.created_by from cs.person p where p.id = a.id
            union all select e.by_id from cs.credential_event e
            where e.person_id = a.id and e.at < $2) m (id)
    ), below as (
        select id from own
        union
        select m.id from below b cross join lateral (
            select p.id from cs.person p where p.created_by = b.id
            union all select e.person_id from cs.credential_event e
            where e.by_id = b.id and e.at < $2) m (id)
    )
    select t.id from (
        select id from above union select id from below) t
    where t.id is not null;
end
$$;

-- Whether somebody could decide so for a team at a time: reviewers do, and admins break the glass;
-- what was changed since is not held against them.
create function invariant.could_decide(person_id bigint, team_id bigint, verdict text,
    at timestamptz) returns bool language plpgsql stable as $$
begin
    return exists (select from cs.person p where p.id = $1 and p.kind = 'human'
            and (p.disabled_at is null or p.disabled_at > $4)
            and (exists (select from cs.audit_event e where e.entity = 'person' and e.entity_id = $1
                         and e.event = 'person.change' and e.ts > $4)
                 or (case $3 when 'break_glass' then 'admin' else 'reviewer' end = any (p.roles)
                     and exists (select from cs.team_member m
                                 where m.person_id = p.id and m.team_id = $2))));
end
$$;

-- Whether a verdict lets code of that risk run.
create function invariant.lets_run(verdict text, risk text) returns bool language sql immutable
    return verdict = 'approve' or (verdict = 'break_glass' and risk = 'high');
