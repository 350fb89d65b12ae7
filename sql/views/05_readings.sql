-- Who read what: code that was sent to people, and queries on the audit trail itself.

create or replace view audit.code_readings as
select l.ts, l.actor as person, l.entity_id as request_id, (l.body ->> 'revision')::int as revision,
       r.team, r.author, r.title, l.body ->> 'bundle_sha256' as bundle_sha256, l.session_id,
       l.token_id, l.address
from audit.audit_logs l join audit.approval_requests r on r.id = l.entity_id
where l.entity = 'reading' and l.event = 'request.seen';
comment on view audit.code_readings is
    'The first time that each version of the code was sent to each person who is not its author.';

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
