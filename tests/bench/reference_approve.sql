\set turn :turn + 1
\set id :turn * :clients + :client_id + 1
with job as (
    update reference.job set status = 1, at = now() where id = :id and status = 0 returning id
)
insert into reference.audit (request_id, actor, action, at, body)
select id, 2, 'approve', now(), '{"revision": 1, "state": "approved"}' from job;
