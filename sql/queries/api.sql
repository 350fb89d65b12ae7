-- What the api asks of the database. `actor` and the actor inside an item are
-- {person_id, session_id|null, token_id|null, address}.

-- name: submit_requests(items jsonb)
select n, result from cs.submit_requests($1);

-- name: revise_requests(items jsonb)
select n, result from cs.revise_requests($1);

-- name: decide_requests(items jsonb)
select n, result from cs.decide_requests($1);

-- name: undo_decisions(items jsonb)
select n, result from cs.undo_decisions($1);

-- name: cancel_requests(items jsonb)
select n, result from cs.cancel_requests($1);

-- name: settle_requests(items jsonb)
select n, result from cs.settle_requests($1);

-- name: run_again(items jsonb)
select n, result from cs.run_again($1);

-- name: instance_get()
-- {id, schema}: the instance's uuid and the newest migration
select cs.instance_get();

-- name: login_lookup(login text, address text)
-- {person_id|null, hash|null, throttled_seconds}; null hash: unknown, disabled or no password yet
select cs.login_lookup($1, $2);

-- name: login_failure(login text, address text)
-- counts one failure for the account and one for the address
select cs.login_failure($1, $2);

-- name: link_consume(token_sha256 bytea, address text)
-- {person_id|null, throttled_seconds}; a link works once, and a wrong one counts for the address
select cs.link_consume($1, $2);

-- name: session_open(item jsonb, token_sha256 bytea, csrf_sha256 bytea)
-- item {person_id, how: "password"|"link", login, address, agent, seconds, replaces: session id|null};
-- clears the account's failures. {id, expires_at}
select cs.session_open($1, $2, $3);

-- name: session_check(token_sha256 bytea, idle_seconds int8)
-- null, or {session_id, person_id, login, name, kind, roles, team_ids, owner_id, expires_at}
select cs.session_check($1, $2);

-- name: token_check(token_sha256 bytea)
-- null, or the same with token_id and scopes instead of session_id
select cs.token_check($1);

-- name: session_close(session_id int8, person_id int8)
select cs.session_close($1, $2);

-- name: me(person_id int8)
-- {person: {id, login, name, kind, roles, teams: [{id, name}]}, has_password, waiting_for_review}
select cs.me($1);

-- name: password_hash_of(person_id int8)
-- the stored hash, or null
select cs.password_hash_of($1);

-- name: password_set(actor jsonb, hash text)
-- of the actor; ends the actor's other sessions
select cs.password_set($1, $2);

-- name: upload_begin(actor jsonb)
select cs.upload_begin($1);

-- name: upload_chunk_put(upload_id int8, n int4, data bytea)
select cs.upload_chunk_put($1, $2, $3);

-- name: upload_finish(upload_id int8, actor jsonb, item jsonb)
select cs.upload_finish($1, $2, $3);

-- name: upload_drop(upload_id int8)
select cs.upload_drop($1);

-- name: file_get(file_id int8, person_id int8)
select cs.file_get($1, $2);

-- name: file_chunk(file_id int8, person_id int8, n int4) binary
select cs.file_chunk($1, $2, $3);

-- name: request_list(person_id int8, filter jsonb)
-- filter {view, state?, q?, cursor?, limit} → {requests, next_cursor, counts}
select cs.request_list($1, $2);

-- name: request_get(request_id int8, person_id int8)
-- the whole request, or null when it does not exist or is not shared with that person
select cs.request_get($1, $2);

-- name: request_state(request_id int8, person_id int8)
-- only its state, or null: what a long poll asks again and again
select cs.request_state($1, $2);

-- name: revision_get(request_id int8, revision int8, person_id int8)
select cs.revision_get($1, $2, $3);

-- name: result_get(request_id int8, n int8, attempt_id int8, person_id int8)
-- {attempt_id, n, kind, name, mime, bytes, sha256, chunks}; attempt_id 0 takes the newest; null
select cs.result_get($1, $2, $3, $4);

-- name: result_chunk(attempt_id int8, item int8, n int4, person_id int8) binary
-- chunk n, from 0, of an item of the attempt's last fence; null past the end
select cs.result_chunk($1, $2, $3, $4);

-- name: events_after(audit_id int8, most int4)
-- {last: newest audit id that is safe to go on from, events: [event objects as on the feed]};
-- audit_id -1 only asks for `last`
select cs.events_after($1, $2);

-- name: people_list(actor jsonb)
select cs.people_list($1);

-- name: person_create(item jsonb)
-- {actor, login, name, roles, team_ids, owner_id?} → {id, login, name}
select cs.person_create($1);

-- name: person_update(item jsonb)
-- {actor, id, name?, roles?, team_ids?, disabled?} → {id}
select cs.person_update($1);

-- name: teams_list(actor jsonb)
select cs.teams_list($1);

-- name: team_create(item jsonb)
-- {actor, name} → {id, name}
select cs.team_create($1);

-- name: tokens_list(actor jsonb)
select cs.tokens_list($1);

-- name: token_create(item jsonb, token_sha256 bytea)
-- {actor, name, scopes, days?, person_id?, prefix} → {id, name, prefix, scopes, expires_at}
select cs.token_create($1, $2);

-- name: token_revoke(actor jsonb, token_id int8)
select cs.token_revoke($1, $2);

-- name: sessions_list(actor jsonb)
select cs.sessions_list($1);

-- name: session_revoke(actor jsonb, session_id int8)
select cs.session_revoke($1, $2);

-- name: workers_list()
select cs.workers_list();

-- name: audit_list(actor jsonb, request_id int8)
select cs.audit_list($1, $2);

-- name: state_counts()
-- {pending: N, …}: requests by state, for /metrics
select cs.state_counts();
