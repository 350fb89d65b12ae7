-- The documented views for auditors: a stable contract. Columns are only ever added. No view
-- shows a password, a token, a digest of one, or the code itself.

create or replace view audit.people as
select p.id, p.login, p.name, p.kind, p.roles, o.login as owner, c.login as created_by,
       p.created_at, p.disabled_at,
       array(select t.name from cs.team_member m join cs.team t on t.id = m.team_id
             where m.person_id = p.id order by t.name) as teams, f.since as second_factor_since
from cs.person p
left join cs.person o on o.id = p.owner_id
left join cs.person c on c.id = p.created_by
left join cs.second_factor f on f.person_id = p.id;
comment on view audit.people is 'Everybody who can act: people and the agents they own.';
comment on column audit.people.kind is 'human or agent; an agent never decides';
comment on column audit.people.owner is 'login of the person who answers for an agent';
comment on column audit.people.created_by is 'login of the admin; null for the operator''s command';
comment on column audit.people.second_factor_since is
    'since when their password and links want a code, too; null: they do not';

create or replace view audit.approval_requests as
select r.id, t.name as team, a.login as author, a.kind as author_kind, o.login as owner,
       v.title, v.language, r.state, r.revision, r.created_at, r.state_at, r.expires_at,
       r.token_id, encode(v.code_sha256, 'hex') as code_sha256, v.code_bytes, v.code_lines,
       encode(v.bundle_sha256, 'hex') as bundle_sha256, v.file_count as files, r.backend,
       r.retry_safe, d.login as decided_by, r.again_of, r.when_unavailable, k.waits_since,
       k.remind_at, k.escalate_at, k.overdue
from cs.request r
cross join lateral cs.request_clock(r) k
join cs.revision v on v.request_id = r.id and v.revision = r.revision
join cs.team t on t.id = r.team_id
join cs.person a on a.id = r.author_id
left join cs.person o on o.id = a.owner_id
left join cs.person d on d.id = r.decided_by;
comment on view audit.approval_requests is 'Each request for approval as it stands now.';
comment on column audit.approval_requests.state is 'pending, changes_requested, approved, rejected,
running, succeeded, failed, outcome_unknown, cancelled, expired, …';
comment on column audit.approval_requests.revision is 'the newest version of the code';
comment on column audit.approval_requests.token_id is 'the API token that submitted it, if any';
comment on column audit.approval_requests.bundle_sha256 is
    'what an approval of this revision binds: code, files, sandbox, limits and more';
comment on column audit.approval_requests.decided_by is 'login of the last reviewer who decided';
comment on column audit.approval_requests.again_of is 'the request that this one repeats';
comment on column audit.approval_requests.when_unavailable is
    'wait, or fail when the sandbox service is away';

create or replace view audit.decisions as
select d.id, d.request_id, d.revision, p.login as reviewer, d.verdict, d.note, d.decided_at,
       d.dwell_ms, d.valid_until, encode(d.bundle_sha256, 'hex') as bundle_sha256,
       d.session_id, d.token_id, d.acknowledged,
       (d.revision, d.round) = (r.revision, r.round) as counts,
       d.signature is not null as signed, d.key_id, d.seen_bytes, v.code_bytes
from cs.decision d
join cs.request r on r.id = d.request_id
join cs.revision v on v.request_id = d.request_id and v.revision = d.revision
join cs.person p on p.id = d.reviewer_id;
comment on view audit.decisions is 'Each decision of a reviewer; rows are never changed.';
comment on column audit.decisions.verdict is 'approve, reject, request_changes, or
break_glass: an approval by one admin alone';
comment on column audit.decisions.dwell_ms is
    'milliseconds between opening the request and deciding, as the page measured them';
comment on column audit.decisions.seen_bytes is
    'bytes of the code that were in view at some time, as the page counted them; null: not said';
comment on column audit.decisions.code_bytes is 'bytes of the code of this version';
comment on column audit.decisions.valid_until is 'when an approval is too old to start a run';
comment on column audit.decisions.counts is
    'false once a new revision, an undo or a revocation has made the decision void';

create or replace view audit.attempts as
select a.id, a.request_id, a.revision, a.state, a.backend, w.name as worker, a.fence,
       a.not_before, a.valid_until, a.created_at, a.claimed_at, a.started_at, a.running_at,
       a.finished_at, a.exit_code, a.term_signal, a.reason, a.error_name, a.duration_ms, a.cpu_ms,
       a.memory_peak_bytes, a.output_truncated, c.login as cancelled_by,
       array(select l.decision_id from cs.attempt_decision l where l.attempt_id = a.id
             order by l.decision_id) as decision_ids,
       a.remote is not null and a.remote -> 'adoptable' is distinct from 'false'
           as can_be_found_again, a.adoptions, a.adopt_until, a.release_reason
from cs.attempt a
left join cs.worker w on w.id = a.worker_id
left join cs.person c on c.id = a.cancel_requested_by;
comment on view audit.attempts is 'Each run of approved code, from ready to its end.';
comment on column audit.attempts.fence is
    'grows with each claim; what another fence writes is refused';
comment on column audit.attempts.started_at is
    'the moment, all checks passed, from which on code may leave for the sandbox';
comment on column audit.attempts.decision_ids is 'the decisions that the run rests on';
comment on column audit.attempts.can_be_found_again is
    'whether another worker could find the run at its service, were its own lost';
comment on column audit.attempts.adoptions is
    'how often another worker picked the lost run up, to learn how it ended';
comment on column audit.attempts.adopt_until is 'until when one may; null: not, or not any more';
comment on column audit.attempts.release_reason is
    'why a worker last gave it back before it started; empty once it started';

create or replace view audit.results as
select o.attempt_id, a.request_id, o.n, o.kind, o.name, o.mime, o.bytes,
       encode(o.sha256, 'hex') as sha256
from cs.output_item o join cs.attempt a on a.id = o.attempt_id;
comment on view audit.results is 'What each run handed back: stdout, tables, charts, files.';

create or replace view audit.cost_spans as
select c.id, c.request_id, c.attempt_id, c.kind, c.provider, c.model, t.name as team,
       p.login as person, c.feature, c.tokens_in, c.tokens_out, c.tokens_cached, c.seconds,
       c.nano_usd, (c.nano_usd / 1000000000.0)::numeric(20, 9) as usd, c.price_version,
       c.trace_id, c.span_id, c.started_at, c.ended_at, c.cpu, c.memory_mib, c.disk_gib,
       c.estimated, not c.estimated or not exists (
           select from cs.cost_span o where o.attempt_id = c.attempt_id and o.fence = c.fence
           and o.kind = c.kind and not o.estimated) as counts
from cs.cost_span c
join cs.team t on t.id = c.team_id
join cs.person p on p.id = c.person_id;
comment on view audit.cost_spans is 'What each call of a model, sandbox or target cost.';
comment on column audit.cost_spans.kind is 'llm, embedding, sandbox or target';
comment on column audit.cost_spans.nano_usd is
    'billionths of a US dollar, so that sums are exact; null: the price is not known';
comment on column audit.cost_spans.price_version is
    'the newest price of the provider that was used: see audit.prices';
comment on column audit.cost_spans.cpu is 'virtual processors of the sandbox; null: not known';
comment on column audit.cost_spans.estimated is
    'the run was lost: the time until its loss was noticed, at most its limit and a minute';
comment on column audit.cost_spans.counts is
    'false for an estimate once the true cost of the same run is there: leave it out of sums';

create or replace view audit.prices as
select p.provider, p.resource, p.nano_usd_per_unit_second, p.valid_from,
       lead(p.valid_from) over (partition by p.provider, p.resource order by p.valid_from)
           as valid_until, p.source
from cs.price p;
comment on view audit.prices is 'What the sandbox services ask for, and from when on.';
comment on column audit.prices.nano_usd_per_unit_second is
    'billionths of a US dollar for one processor, or one GiB, for one second';

create or replace view audit.sessions as
select s.id, p.login as person, s.how, s.address, s.agent, s.created_at, s.seen_at, s.expires_at,
       s.revoked_at,
       s.revoked_at is null and s.expires_at > clock_timestamp() as live, s.factor_at
from cs.session s join cs.person p on p.id = s.person_id;
comment on view audit.sessions is 'Who was signed in, from where, and until when.';
comment on column audit.sessions.how is
    'password, link (a one-time sign-in link), proxy, or oidc (an OpenID provider)';
comment on column audit.sessions.agent is 'what the browser says it is';
comment on column audit.sessions.factor_at is
    'when a code of the second factor was last shown in it, or a provider asked in its stead';

create or replace view audit.audit_logs as
select e.id, e.ts, e.entity, e.entity_id, e.entity_seq,
       coalesce(p.login, e.actor_kind) as actor, e.actor_kind, e.event,
       case when e.to_state is not null then e.subject end as subject,
       nullif(e.from_state, '') as from_state, e.to_state, e.body, e.session_id, e.token_id,
       e.address, e.row_digests, e.xid::text as xid, encode(e.prev_hash, 'hex') as prev_hash,
       encode(e.hash, 'hex') as hash
from cs.audit_event e left join cs.person p on p.id = e.actor_id;
comment on view audit.audit_logs is
    'Every action, in a hash chain per entity; written in the transaction of the action itself.';
comment on column audit.audit_logs.entity is
    'request, reading (of its code), result (of a run), file (an input), person, team, worker,
retention, sign_in (entity_id 0: nobody known) or system';
comment on column audit.audit_logs.actor is
    'login of who did it; worker, operator or system when it was no person';
comment on column audit.audit_logs.subject is
    'what from_state and to_state are states of: request or attempt';
comment on column audit.audit_logs.row_digests is
    'SHA-256 of each row that this event covers, by "table:id"; null: it took the row away';
comment on column audit.audit_logs.hash is
    'SHA-256 over all columns of the row and the hash of the row before';

create or replace view audit.request_trail as
select l.entity_id as request_id, l.entity_seq, l.ts, l.event, l.actor, l.actor_kind, l.subject,
       l.from_state, l.to_state, l.body, l.address, l.prev_hash, l.hash
from audit.audit_logs l
where l.entity = 'request';
comment on view audit.request_trail is
    'The story of a request in order: select … where request_id = 12 order by entity_seq.';
comment on column audit.request_trail.entity_seq is
    'counts 1, 2, 3 … without gaps; begins later, with request.carried, where rows were dropped';

create or replace view audit.budgets as
select b.id, cs.budget_scope(b.kind, b.scope_id) as scope, b.kind,
       coalesce(t.name, u.login) as name, b.period, b.soft_percent, b.limit_nano_usd,
       (b.limit_nano_usd / 1000000000.0)::numeric(20, 9) as limit_usd, p.login as set_by, b.set_at,
       e.login as ended_by, b.ended_at
from cs.budget b
left join cs.team t on b.kind = 'team' and t.id = b.scope_id
left join cs.person u on b.kind = 'user' and u.id = b.scope_id
left join cs.person p on p.id = b.set_by
left join cs.person e on e.id = b.ended_by;
comment on view audit.budgets is
    'What people and teams may spend, also what was set before: those without ended_at hold now.';
comment on column audit.budgets.scope is
    'user:ID or team:ID; user:* and team:* are for all that have none of their own';
comment on column audit.budgets.kind is 'user or team';
comment on column audit.budgets.name is 'login of the person or name of the team; null for *';
comment on column audit.budgets.period is 'day, month or total, in UTC';
comment on column audit.budgets.soft_percent is 'from this share of the limit on it is warned';
comment on column audit.budgets.limit_nano_usd is 'the limit in billionths of a US dollar';
comment on column audit.budgets.limit_usd is 'the same in dollars';
comment on column audit.budgets.set_by is 'login of the admin; null for the operator''s command';
comment on column audit.budgets.set_at is 'since when it holds';
comment on column audit.budgets.ended_by is
    'login of who set another or took it away; null for the operator''s command, or while it holds';
comment on column audit.budgets.ended_at is 'until when it held';

create or replace view audit.budget_use as
select b.id as budget_id, cs.budget_scope(a.kind, a.scope_id) as scope, a.kind,
       coalesce(t.name, u.login) as name, a.period,
       case when a.period <> 'total' then a.starts_at end as starts_at, x.ends_at,
       b.limit_nano_usd, a.settled as settled_nano_usd, a.reserved as reserved_nano_usd,
       (a.settled / 1000000000.0)::numeric(20, 9) as settled_usd,
       (a.reserved / 1000000000.0)::numeric(20, 9) as reserved_usd,
       (b.limit_nano_usd / 1000000000.0)::numeric(20, 9) as limit_usd,
       round(100.0 * (a.settled + a.reserved) / b.limit_nano_usd, 1) as used_percent,
       case when b.id is not null
            then cs.budget_state(a.settled + a.reserved, b.limit_nano_usd, b.soft_percent)
            end as state,
       a.opening as opening_nano_usd, coalesce(x.ends_at > now(), true) as present
from cs.budget_account a
cross join lateral (select cs.period_end(a.period, a.starts_at) as ends_at) x
left join lateral (
    select l.* from cs.budget l
    where l.kind = a.kind and l.ended_at is null and l.period = a.period
      and coalesce(l.scope_id, a.scope_id) = a.scope_id
    order by l.scope_id nulls last limit 1) b on true
left join cs.team t on a.kind = 'team' and t.id = a.scope_id
left join cs.person u on a.kind = 'user' and u.id = a.scope_id;
comment on view audit.budget_use is
    'What each person and team has spent and reserved of a budget in each period.';
comment on column audit.budget_use.budget_id is
    'the budget that holds it now: audit.budgets.id; null: none does any more';
comment on column audit.budget_use.scope is 'user:ID or team:ID';
comment on column audit.budget_use.kind is 'user or team';
comment on column audit.budget_use.name is 'login of the person or name of the team';
comment on column audit.budget_use.period is 'day, month or total, in UTC';
comment on column audit.budget_use.starts_at is 'when the period began; null: of all time';
comment on column audit.budget_use.ends_at is 'when the next one begins; null: never';
comment on column audit.budget_use.limit_nano_usd is
    'the limit that holds now, in billionths of a US dollar';
comment on column audit.budget_use.settled_nano_usd is 'what runs that are over have cost';
comment on column audit.budget_use.reserved_nano_usd is
    'what those that wait, run or were lost may cost yet';
comment on column audit.budget_use.settled_usd is 'settled_nano_usd in dollars';
comment on column audit.budget_use.reserved_usd is 'reserved_nano_usd in dollars';
comment on column audit.budget_use.limit_usd is 'limit_nano_usd in dollars';
comment on column audit.budget_use.used_percent is 'spent and reserved, of the limit';
comment on column audit.budget_use.state is
    'active, warned from the soft share on, stopped when nothing is left';
comment on column audit.budget_use.opening_nano_usd is
    'what of settled was spent in the period before the budget was set';
comment on column audit.budget_use.present is 'whether the period is not over';

create or replace view audit.workers as
select w.id, w.name, w.version, w.slots, w.backends, w.started_at, w.seen_at, w.stopped_at
from cs.worker w;
comment on view audit.workers is 'The processes that run approved code.';

create or replace view audit.pauses as
select p.scope, p.reason, p.at, w.login as set_by
from cs.pause p left join cs.person w on w.id = p.by_id;
comment on view audit.pauses is 'What is paused now; pause.set and pause.clear are in audit_logs.';
comment on column audit.pauses.set_by is 'login of the admin; null for the operator''s command';

create or replace view audit.audit_retention as
select t.id, t.state, t.first_seal, t.seal, s.sealed_at, t.events, t.reason,
       p.login as proposed_by, t.proposed_at, a.login as agreed_by, t.agreed_at,
       w.login as withdrawn_by, t.withdrawn_at, t.dropped_at, t.dropped_events, t.kept_events,
       encode(t.manifest_sha256, 'hex') as manifest_sha256,
       encode(t.seal_hash, 'hex') as seal_hash,
       encode(t.propose_signature, 'hex') as propose_signature, t.propose_key_id,
       encode(t.agree_signature, 'hex') as agree_signature, t.agree_key_id
from cs.retention t
join cs.audit_seal s on s.n = t.seal
join cs.person p on p.id = t.proposed_by
left join cs.person a on a.id = t.agreed_by
left join cs.person w on w.id = t.withdrawn_by;
comment on view audit.audit_retention is
    'What two admins agreed to drop from the audit trail, or one proposed, and what became of it.';
comment on column audit.audit_retention.state is
    'proposed, agreed (by another admin), withdrawn, or dropped (by the operator)';
comment on column audit.audit_retention.first_seal is 'the first seal that was not dropped before';
comment on column audit.audit_retention.seal is 'the seal up to which it goes';
comment on column audit.audit_retention.sealed_at is 'when that seal was made';
comment on column audit.audit_retention.events is 'how many rows these seals cover';
comment on column audit.audit_retention.reason is 'why, in the words of who proposed it';
comment on column audit.audit_retention.proposed_by is 'login of the admin who proposed it';
comment on column audit.audit_retention.proposed_at is 'when it was proposed, as was signed';
comment on column audit.audit_retention.agreed_by is 'login of the other admin, who agreed';
comment on column audit.audit_retention.agreed_at is 'when that one agreed, as was signed';
comment on column audit.audit_retention.withdrawn_by is 'login of the admin who withdrew it';
comment on column audit.audit_retention.withdrawn_at is 'when it was withdrawn';
comment on column audit.audit_retention.dropped_at is 'when the rows were dropped';
comment on column audit.audit_retention.dropped_events is
    'how many rows went: of requests that were over';
comment on column audit.audit_retention.kept_events is
    'how many rows up to that seal stayed then; a later drop may have taken some';
comment on column audit.audit_retention.manifest_sha256 is
    'digest of manifest.json of the files that have the dropped rows';
comment on column audit.audit_retention.seal_hash is 'hash of that seal, which both signed';
comment on column audit.audit_retention.propose_signature is
    'signature over what was proposed, by the api''s key of decisions';
comment on column audit.audit_retention.propose_key_id is 'the key of that signature';
comment on column audit.audit_retention.agree_signature is 'signature over what was agreed to';
comment on column audit.audit_retention.agree_key_id is 'the key of that signature';
