with request as (
    insert into reference.request (author, team, state, revision, code, code_sha)
    select 1, 1, 0, 1, :code || n, decode(:sha, 'hex') from generate_series(1, 50) n
    returning id
), job as (
    insert into reference.job (id, status, attempt, at) select id, 0, 0, now() from request
)
insert into reference.audit (request_id, actor, action, at, body)
select id, 1, 'submit', now(), '{"revision": 1, "state": "pending"}' from request;
