-- The ready-made questions, as data: the page, the operator's command and psql ask the same ones.
-- A parameter that is left out (null) filters nothing.

create or replace view audit.question_parameters as
select * from (values
    ('from', 'time', 'From', 'the earliest moment'),
    ('to', 'time', 'To', 'the first moment after the last'),
    ('person', 'person', 'Person', 'login of somebody'),
    ('team', 'team', 'Team', 'name of a team'),
    ('request', 'number', 'Request', 'number of a request'))
    p (name, type, title, about);
comment on view audit.question_parameters is 'What the ready-made questions may be narrowed by.';
comment on column audit.question_parameters.name is 'as it is called in a question';
comment on column audit.question_parameters.type is 'time, person, team or number';
comment on column audit.question_parameters.title is 'what its field is called';
comment on column audit.question_parameters.about is 'what it means';

create or replace view audit.questions as
select q.id, q.title, q.about, string_to_array(q.parameters, ' ') as parameters,
       string_to_array(q.required, ' ') as required, q.must_be_empty,
       btrim(q.sql, E'\n') as sql
from (values
    ('who_approved_what', 'Who approved what',
     'Each approval: who, for whom, which version, and when it ran first. counts is false once '
     'it was made void.',
     'from to person team', '', false, $q$
select * from audit.who_approved_what
where decided_at >= coalesce($1::timestamptz, '-infinity')
  and decided_at < coalesce($2::timestamptz, 'infinity')
  and reviewer = coalesce($3::text, reviewer) and team = coalesce($4::text, team)
order by decided_at desc
$q$),
    ('self_approval_attempts', 'Attempts to approve one''s own work',
     'Who tried to decide on something they had a part in. All were refused.',
     'from to person', '', false, $q$
select * from audit.self_approval_attempts
where ts >= coalesce($1::timestamptz, '-infinity')
  and ts < coalesce($2::timestamptz, 'infinity')
  and person = coalesce($3::text, person)
order by ts desc
$q$),
    ('break_glass_approvals', 'Break-glass approvals',
     'What one admin approved alone in the place of several people, and the reason given.',
     'from to person', '', false, $q$
select * from audit.break_glass_approvals
where decided_at >= coalesce($1::timestamptz, '-infinity')
  and decided_at < coalesce($2::timestamptz, 'infinity')
  and reviewer = coalesce($3::text, reviewer)
order by decided_at desc
$q$),
    ('quick_approvals', 'Approvals under five seconds',
     'Approvals that came less than five seconds after the request was opened, with the length '
     'of the code.',
     'from to person', '', false, $q$
select * from audit.quick_decisions
where verdict = 'approve' and decided_at >= coalesce($1::timestamptz, '-infinity')
  and decided_at < coalesce($2::timestamptz, 'infinity')
  and reviewer = coalesce($3::text, reviewer)
order by dwell_ms
$q$),
    ('unread_approvals', 'Approvals of code that was not opened',
     'Approvals by somebody to whom, as far as is recorded, the code of this version was not '
     'sent before.',
     'from to person', '', false, $q$
select d.decided_at, d.reviewer, d.request_id, d.revision, d.dwell_ms, d.token_id
from audit.decisions d
where d.verdict = 'approve' and d.decided_at >= coalesce($1::timestamptz, '-infinity')
  and d.decided_at < coalesce($2::timestamptz, 'infinity')
  and d.reviewer = coalesce($3::text, d.reviewer)
  and not exists (select from audit.code_readings c where c.person = d.reviewer
      and c.request_id = d.request_id and c.revision = d.revision and c.ts <= d.decided_at)
order by d.decided_at desc
$q$),
    ('unseen_approvals', 'Approvals without all of the code in view',
     'Approvals whose reader, as the page counted, did not have every line of the code on the '
     'screen at some time; seen_bytes is null where nothing was said.',
     'from to person', '', false, $q$
select d.decided_at, d.reviewer, d.request_id, d.revision, d.verdict, d.seen_bytes, d.code_bytes,
       d.dwell_ms, d.token_id
from audit.decisions d
where d.verdict in ('approve', 'break_glass') and coalesce(d.seen_bytes, 0) < d.code_bytes
  and d.decided_at >= coalesce($1::timestamptz, '-infinity')
  and d.decided_at < coalesce($2::timestamptz, 'infinity')
  and d.reviewer = coalesce($3::text, d.reviewer)
order by d.decided_at desc
$q$),
    ('void_approvals', 'Approvals that were made void',
     'By a new version, an undo, or a right that was lost before the start.',
     'from to team', '', false, $q$
select * from audit.who_approved_what
where not counts and decided_at >= coalesce($1::timestamptz, '-infinity')
  and decided_at < coalesce($2::timestamptz, 'infinity')
  and team = coalesce($3::text, team)
order by decided_at desc
$q$),
    ('revision_changes', 'What changed between versions',
     'Each version after the first: who edited, which parts, lines in and out, and the digests '
     'before and after.',
     'from to request', '', false, $q$
select * from audit.revision_changes
where created_at >= coalesce($1::timestamptz, '-infinity')
  and created_at < coalesce($2::timestamptz, 'infinity')
  and request_id = coalesce($3::bigint, request_id)
order by request_id, revision
$q$),
    ('reviewer_measures', 'How reviewers decide',
     'How often, how fast, and how the approved runs ended. For a conversation, not for a ranking.',
     'person', '', false, $q$
select * from audit.reviewer_measures
where reviewer = coalesce($1::text, reviewer)
order by decisions desc
$q$),
    ('waiting_requests', 'What waits for a reviewer',
     'Requests that are pending now, those that wait longest first.',
     'team', '', false, $q$
select id as request_id, team, author, title, revision, created_at, waits_since, overdue, expires_at
from audit.approval_requests
where state = 'pending' and team = coalesce($1::text, team)
order by waits_since
$q$),
    ('runs_without_valid_approval', 'Runs without a valid approval',
     'Each run is held against its approvals once more: digest, quorum, who, when.',
     '', '', true, $q$
select * from audit.runs_without_valid_approval order by attempt_id
$q$),
    ('refused_starts', 'Refused starts',
     'Runs that the last check before the start refused, and why.',
     'from to request', '', false, $q$
select * from audit.refused_starts
where ts >= coalesce($1::timestamptz, '-infinity')
  and ts < coalesce($2::timestamptz, 'infinity')
  and request_id = coalesce($3::bigint, request_id)
order by ts desc
$q$),
    ('denied_by_policy', 'Denied by policy',
     'Whatever a rule of the policy refused: a submission, a decision or a start.',
     'from to person', '', false, $q$
select ts, event, entity, entity_id, actor, body ->> 'code' as code, body ->> 'reason' as reason,
       body ->> 'message' as message
from audit.audit_logs
where (event like 'policy.%' or body ->> 'code' like 'policy%' or body ->> 'reason' like 'policy%')
  and ts >= coalesce($1::timestamptz, '-infinity')
  and ts < coalesce($2::timestamptz, 'infinity')
  and actor = coalesce($3::text, actor)
order by ts desc
$q$),
    ('unknown_outcomes', 'Unknown outcomes',
     'Runs whose outcome was lost, and who settled it.',
     'from to', '', false, $q$
select * from audit.unknown_outcomes
where started_at >= coalesce($1::timestamptz, '-infinity')
  and started_at < coalesce($2::timestamptz, 'infinity')
order by started_at desc
$q$),
    ('lost_runs', 'Lost runs',
     'Runs that were lost, whether another worker found them again, and how they ended.',
     'from to', '', false, $q$
select * from audit.lost_runs
where started_at >= coalesce($1::timestamptz, '-infinity')
  and started_at < coalesce($2::timestamptz, 'infinity')
order by started_at desc
$q$),
    ('failed_runs', 'Failed runs',
     'Runs that ended badly, with the error that they ended by.',
     'from to team', '', false, $q$
select a.request_id, a.id as attempt_id, r.team, r.author, r.title, a.state, a.reason,
       a.error_name, a.exit_code, a.started_at, a.duration_ms
from audit.attempts a join audit.approval_requests r on r.id = a.request_id
where a.state in ('failed', 'timed_out') and a.created_at >= coalesce($1::timestamptz, '-infinity')
  and a.created_at < coalesce($2::timestamptz, 'infinity')
  and r.team = coalesce($3::text, r.team)
order by a.created_at desc
$q$),
    ('deleted_sandboxes', 'Deleted sandboxes',
     'Sandboxes that nobody owned any more, and that were deleted at their service.',
     'from to', '', false, $q$
select * from audit.deleted_sandboxes
where ts >= coalesce($1::timestamptz, '-infinity')
  and ts < coalesce($2::timestamptz, 'infinity')
order by ts desc
$q$),
    ('cost_by_team', 'Cost by team',
     'What each team cost. price_unknown counts calls without a known price instead of calling '
     'them free.',
     'from to team', '', false, $q$
select team, kind, count(*) as spans, count(distinct request_id) as requests,
       sum(seconds) as seconds, sum(tokens_in) as tokens_in, sum(tokens_out) as tokens_out,
       sum(nano_usd) as nano_usd, (sum(nano_usd) / 1000000000.0)::numeric(20, 9) as usd,
       count(*) filter (where nano_usd is null) as price_unknown
from audit.cost_spans
where counts and started_at >= coalesce($1::timestamptz, '-infinity')
  and started_at < coalesce($2::timestamptz, 'infinity')
  and team = coalesce($3::text, team)
group by team, kind
order by sum(nano_usd) desc nulls last, team
$q$),
    ('cost_by_person', 'Cost by person',
     'What each person, and agent cost. price_unknown counts calls without a known price instead '
     'of calling them free.',
     'from to team', '', false, $q$
select person, kind, count(*) as spans, count(distinct request_id) as requests,
       sum(seconds) as seconds, sum(tokens_in) as tokens_in, sum(tokens_out) as tokens_out,
       sum(nano_usd) as nano_usd, (sum(nano_usd) / 1000000000.0)::numeric(20, 9) as usd,
       count(*) filter (where nano_usd is null) as price_unknown
from audit.cost_spans
where counts and started_at >= coalesce($1::timestamptz, '-infinity')
  and started_at < coalesce($2::timestamptz, 'infinity')
  and team = coalesce($3::text, team)
group by person, kind
order by sum(nano_usd) desc nulls last, person
$q$),
    ('cost_by_model', 'Cost by model',
     'What each provider and model, template or snapshot cost. price_unknown counts calls '
     'without a known price instead of calling them free.',
     'from to team', '', false, $q$
select provider, model, kind, count(*) as spans, count(distinct request_id) as requests,
       sum(seconds) as seconds, sum(tokens_in) as tokens_in, sum(tokens_out) as tokens_out,
       sum(nano_usd) as nano_usd, (sum(nano_usd) / 1000000000.0)::numeric(20, 9) as usd,
       count(*) filter (where nano_usd is null) as price_unknown
from audit.cost_spans
where counts and started_at >= coalesce($1::timestamptz, '-infinity')
  and started_at < coalesce($2::timestamptz, 'infinity')
  and team = coalesce($3::text, team)
group by provider, model, kind
order by sum(nano_usd) desc nulls last, provider, model
$q$),
    ('cost_by_month', 'Cost by month and provider',
     'What each service and image cost per month, to hold against the invoice.',
     'from to', '', false, $q$
select * from audit.cost_by_provider
where month::timestamptz >= coalesce($1::timestamptz, '-infinity')
  and month::timestamptz < coalesce($2::timestamptz, 'infinity')
order by month desc, provider, model
$q$),
    ('budgets_in_use', 'Budgets near or over their limit',
     'Who has used how much of a budget in the present period, the fullest first. Reserved is what '
     'waits, runs or was lost, and may cost yet.',
     'person team', '', false, $q$
select scope, name, period, state, used_percent, limit_usd, settled_usd, reserved_usd, ends_at
from audit.budget_use
where present and budget_id is not null
  and ($1::text is null or (kind = 'user' and name = $1::text))
  and ($2::text is null or (kind = 'team' and name = $2::text))
order by used_percent desc, scope
$q$),
    ('cost_of_request', 'Cost of one request',
     'Each call that it paid for, also an estimate that a true cost has replaced.',
     'request', 'request', false, $q$
select id as span_id, attempt_id, kind, provider, model, seconds, tokens_in, tokens_out, nano_usd,
       usd, estimated, counts, price_version, started_at
from audit.cost_spans
where request_id = $1::bigint
order by id
$q$),
    ('token_use', 'Use of API tokens',
     'Whose they are, what they may do, and what they did.',
     'person', '', false, $q$
select * from audit.token_use
where person = coalesce($1::text, person)
order by token_id
$q$),
    ('failed_sign_ins', 'Failed sign-ins',
     'Wrong passwords and links, and how many came from the same address within 15 minutes.',
     'from to', '', false, $q$
select * from audit.failed_sign_ins
where ts >= coalesce($1::timestamptz, '-infinity')
  and ts < coalesce($2::timestamptz, 'infinity')
order by ts desc
$q$),
    ('live_sessions', 'Who is signed in',
     'Sessions that are open now.',
     'person', '', false, $q$
select id as session_id, person, how, address, agent, created_at, seen_at, expires_at
from audit.sessions
where live and person = coalesce($1::text, person)
order by seen_at desc
$q$),
    ('rights_changes', 'Changes of people and their rights',
     'Who made or changed people, teams, sign-in links, passwords, second factors and tokens; how '
     'many and who must approve, whether an admin may alone, and the rules that judge.',
     'from to person', '', false, $q$
select l.ts, l.actor, l.event, coalesce(p.login, l.body ->> 'name') as whom, l.body, l.address
from audit.audit_logs l
left join audit.people p on l.entity = 'person' and p.id = l.entity_id
where l.event in ('person.create', 'person.change', 'person.link', 'person.password',
                  'person.identity', 'person.factor_on', 'person.factor_off',
                  'person.factor_reset', 'team.create', 'token.create', 'token.revoke',
                  'quorum.set', 'approvers.set', 'break_glass.on', 'break_glass.off',
                  'policy.set', 'policy.shipped', 'rights.differ')
  and l.ts >= coalesce($1::timestamptz, '-infinity')
  and l.ts < coalesce($2::timestamptz, 'infinity')
  and ($3::text is null or $3 in (l.actor, p.login))
order by l.ts desc
$q$),
    ('pauses', 'Pauses',
     'Who stopped what from starting, and who let it start again.',
     'from to person', '', false, $q$
select ts, actor, event, body ->> 'scope' as scope, body ->> 'reason' as reason
from audit.audit_logs
where event in ('pause.set', 'pause.clear') and ts >= coalesce($1::timestamptz, '-infinity')
  and ts < coalesce($2::timestamptz, 'infinity')
  and actor = coalesce($3::text, actor)
order by ts desc
$q$),
    ('who_saw_what', 'Who saw what',
     'Code, results, output and files that were sent to people: code the first time, and not to '
     'its author; the rest to everybody, once an hour for each session or token.',
     'from to person request', '', false, $q$
select ts, person, request_id, what, revision, attempt_id, kind, name, title, author, team, sha256,
       request_ids, file_id, item, session_id, token_id, address
from audit.who_saw_what
where ts >= coalesce($1::timestamptz, '-infinity')
  and ts < coalesce($2::timestamptz, 'infinity')
  and person = coalesce($3::text, person) and ($4::bigint is null or $4 = any (request_ids))
order by ts desc
$q$),
    ('audit_queries', 'Who asked the audit trail what',
     'Each query on the page, over the api, or by the operators command, before it ran.',
     'from to person', '', false, $q$
select * from audit.audit_queries
where ts >= coalesce($1::timestamptz, '-infinity')
  and ts < coalesce($2::timestamptz, 'infinity')
  and person = coalesce($3::text, person)
order by ts desc
$q$),
    ('dropped_audit', 'What was dropped from the audit trail, and who agreed',
     'Each part that two admins agreed to drop, or one proposed, and the digest of the files that '
     'have the rows. person is who proposed, agreed or withdrew.',
     'from to person', '', false, $q$
select id, state, seal, sealed_at, events, reason, proposed_by, proposed_at, agreed_by, agreed_at,
       withdrawn_by, withdrawn_at, dropped_at, dropped_events, kept_events, manifest_sha256
from audit.audit_retention
where proposed_at >= coalesce($1::timestamptz, '-infinity')
  and proposed_at < coalesce($2::timestamptz, 'infinity')
  and ($3::text is null or $3 in (proposed_by, agreed_by, withdrawn_by))
order by proposed_at desc
$q$),
    ('request_story', 'The story of one request',
     'Everything that happened to it, in order.',
     'request', 'request', false, $q$
select entity_seq, ts, event, actor, actor_kind, subject, from_state, to_state, body, address, hash
from audit.request_trail
where request_id = $1::bigint
order by entity_seq
$q$),
    ('broken_chains', 'Broken chains',
     'Audit rows that were changed or removed behind the product''s back.',
     '', '', true, $q$
select * from audit.broken_chains order by entity, entity_id, entity_seq
$q$)
) q (id, title, about, parameters, required, must_be_empty, sql);
comment on view audit.questions is
    'The ready-made questions: each is one statement over the other views.';
comment on column audit.questions.id is 'its name, which never changes';
comment on column audit.questions.title is 'the question in a few words';
comment on column audit.questions.about is 'what a row of the answer is';
comment on column audit.questions.parameters is
    'names of its parameters $1, $2, …: see audit.question_parameters';
comment on column audit.questions.required is 'those that must be given';
comment on column audit.questions.must_be_empty is 'any row means that something is wrong';
comment on column audit.questions.sql is 'the statement';
