-- Who read what: code, results and files that were sent to people, and queries on the audit trail
-- itself.

create or replace view audit.code_readings as
select l.ts, l.actor as person, l.entity_id as request_id, (l.body ->> 'revision')::int as revision,
       r.team, r.author, r.title, l.body ->> 'bundle_sha256' as bundle_sha256, l.session_id,
       l.token_id, l.address
from audit.audit_logs l join audit.approval_requests r on r.id = l.entity_id
where l.entity = 'reading' and l.event = 'request.seen';
comment on view audit.code_readings is
    'The first time that each version of the code was sent to each person who is not its author.';

create or replace view audit.who_saw_what as
select l.ts, l.actor as person, q.request_id,
       case l.event when 'request.seen' then 'code' when 'result.read' then 'result'
                    when 'file.read' then 'file' else 'live output' end as what,
       (l.body ->> 'revision')::int as revision,
       case l.entity when 'result' then l.entity_id end as attempt_id,
       (l.body ->> 'n')::int as item, l.body ->> 'kind' as kind,
       case l.entity when 'file' then l.entity_id end as file_id, l.body ->> 'name' as name,
       coalesce(l.body ->> 'sha256', l.body ->> 'bundle_sha256') as sha256,
       q.request_ids, r.team, r.author, r.title, l.session_id, l.token_id, l.address
from audit.audit_logs l
cross join lateral (
    select i.request_ids, case cardinality(i.request_ids) when 1 then i.request_ids[1] end
    from (select case l.entity when 'reading' then array[l.entity_id]
                 when 'result' then array[(l.body ->> 'request_id')::bigint]
                 else array(select distinct f.request_id from cs.revision_file f
                            where f.file_id = l.entity_id order by 1) end) i (request_ids)
    ) q (request_ids, request_id)
left join audit.approval_requests r on r.id = q.request_id
where l.event in ('request.seen', 'result.read', 'file.read', 'output.followed');
comment on view audit.who_saw_what is
    'Code, results and files that were sent to people. Code is recorded the first time, and not of
its author; a result or a file, of everybody, once an hour for each session or token; output that
was followed while it was printed, likewise.';
comment on column audit.who_saw_what.request_id is
    'the request: audit.approval_requests.id; null: a file of none, or of several: see request_ids';
comment on column audit.who_saw_what.what is 'code, result, file (an input), or live output';
comment on column audit.who_saw_what.revision is 'version of the code; null: it was no code';
comment on column audit.who_saw_what.attempt_id is
    'the run that it is of: audit.attempts.id; null: code, or an input';
comment on column audit.who_saw_what.item is 'of a result: n of audit.results';
comment on column audit.who_saw_what.kind is
    'of a result: stdout, stderr, result, table, chart, file or traceback';
comment on column audit.who_saw_what.file_id is 'of an input: which one';
comment on column audit.who_saw_what.name is 'of a result or an input: its name';
comment on column audit.who_saw_what.sha256 is
    'digest of the bytes; of code, of all that was shown and bound; null: live output';
comment on column audit.who_saw_what.request_ids is
    'the request, or all that a file was given to, in any version';

create or replace view audit.audit_queries as
select l.ts, l.actor as person, l.body ->> 'question' as question,
       l.body -> 'parameters' as parameters, l.body ->> 'sql' as sql,
       l.body ->> 'sql_sha256' as sql_sha256, l.session_id, l.token_id, l.address
from audit.audit_logs l
where l.event = 'audit.query';
comment on view audit.audit_queries is
    'Each query that was asked on the page, over the api or by the operator''s command.';
comment on column audit.audit_queries.question is 'the ready-made question; null: free SQL';
comment on column audit.audit_queries.sql is 'the first 2,000 characters of the statement';
comment on column audit.audit_queries.sql_sha256 is 'SHA-256 of the whole statement, UTF-8';
comment on column audit.audit_queries.person is 'login, or operator for the operator''s command';
