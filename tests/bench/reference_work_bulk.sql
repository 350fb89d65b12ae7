\set turn :turn + 1
\set first (:turn * :clients + :client_id) * 50 + 1
\set last :first + 49
with job as (
    update reference.job set status = 2, worker = :client_id, attempt = attempt + 1, at = now()
    where id between :first and :last and status = 1 returning id
)
insert into reference.audit (request_id, actor, action, at, body)
select id, 3, 'claim', now(), '{"worker": 1, "state": "running"}' from job;
with job as (
    update reference.job set status = 3, at = now()
    where id between :first and :last and status = 2 returning id
)
insert into reference.audit (request_id, actor, action, at, body)
select id, 3, 'complete', now(), '{"worker": 1, "state": "succeeded"}' from job;
