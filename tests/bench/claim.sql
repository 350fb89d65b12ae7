\set turn :turn + 1
\set n :first + :turn * :clients + :client_id
select attempt_id from cs.claim_attempts(:worker,
    (select '{' || r.attempt_id || '}' from bench.ready r where r.n = :n), 600000);
