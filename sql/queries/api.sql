-- What the api asks of the database. `actor`, also inside an item, is
-- {person_id, session_id|null, token_id|null, address}. Digests are SHA-256 of the whole token.

-- Writes, batched: one jsonb array in, one row (n, result) per element out.

-- name: submit_requests(items jsonb)
select n, result from cs.submit_requests($1);

-- name: revise_requests(items jsonb)
select n, result from cs.revise_requests($1);

-- name: decision_terms(request_id int8)
-- What is signed beside what a reviewer sends: {round, needed, decided_ms, valid_ms} or null.
select cs.decision_terms($1);

-- name: quorum_warning(request_id int8)
-- {code, message} when too few people may approve it, else null.
select cs.quorum_warning($1);

-- name: decide_requests(items jsonb)
select n, result from cs.decide_requests($1);

-- Who is refused before their decision is looked at: kept before they are told.
-- name: decision_barred(actor jsonb, request_id int8, verdict text, code text)
select cs.decision_barred($1, $2, $3, $4);

-- name: break_glass_requests(items jsonb)
select n, result from cs.break_glass_requests($1);

-- name: undo_decisions(items jsonb)
select n, result from cs.undo_decisions($1);

-- name: cancel_requests(items jsonb)
select n, result from cs.cancel_requests($1);

-- name: settle_requests(items jsonb)
select n, result from cs.settle_requests($1);

-- name: run_again(items jsonb)
select n, result from cs.run_again($1);

-- What the newest rules have not judged: first read, then judged.
-- name: requests_to_judge(most int4)
select request_id, revision, language, code from cs.requests_to_judge($1);

-- name: judge_requests(items jsonb)
select n, result from cs.judge_requests($1);

-- Reads of requests, each one value of JSON. filter: {view, state, q, cursor, limit}.

-- name: request_list(person_id int8, filter jsonb)
select cs.request_list($1, $2);

-- name: request_get(request_id int8, person_id int8)
select cs.request_get($1, $2) as request, cs.request_unseen($1, null, $2) as unseen;

-- name: request_state(request_id int8, person_id int8)
select cs.request_state($1, $2);

-- name: revision_get(request_id int8, revision int4, person_id int8)
select cs.revision_get($1, $2, $3) as revision, cs.request_unseen($1, $2, $3) as unseen;

-- Where `unseen` of the two is not null: records it before the code is sent.
-- name: request_seen(actor jsonb, request_id int8, revision int4)
select cs.request_seen($1, $2, $3);

-- name: request_audit(request_id int8, person_id int8)
select cs.request_audit($1, $2);

-- asked: [[number, person_id, session_id|0, token_id|0, "roles", ",teams,"], …].
-- name: streams_over(asked jsonb)
select cs.streams_over($1);

-- Two snapshots as events_now gives them; all pages of what lies between have the same two.
-- name: events_between(after_id int8, since text, until text, most int4)
select audit_id, event from cs.events_between($1, $2, $3, $4);

-- name: events_now()
select ret_id as audit_id, ret_seen as seen from cs.events_now();

-- Signing in, sessions and tokens.

-- name: login_lookup(login text, address text)
select ret_person_id as person_id, ret_hash as hash, ret_throttled_seconds as throttled_seconds
from cs.login_lookup($1, $2);

-- `session` is {address, agent, token_sha256, csrf_sha256, seconds}, digests in hex; `proof` what a
-- code proves: {step}, {recovery}, {wrong} or {}.
-- name: login_success(person_id int8, login text, session jsonb, proof jsonb)
select ret_session_id as session_id, ret_fault as fault from cs.login_success($1, $2, $3, $4);

-- name: login_failure(login text, address text, reason text)
select cs.login_failure($1, $2, $3);

-- name: link_consume(link_sha256 bytea, session jsonb, proof jsonb)
select ret_person_id as person_id, ret_throttled_seconds as throttled_seconds, ret_fault as fault
from cs.link_consume($1, $2, $3);

-- name: factor_of_link(link_sha256 bytea)
select cs.factor_of_link($1) as person_id;

-- name: factor_state(person_id int8)
select ret_since as since, ret_recovery_left as recovery_left,
       encode(ret_sealed, 'hex') as sealed
from cs.factor_state($1);

-- name: factor_offer(actor jsonb, sealed bytea)
select cs.factor_offer($1, $2);

-- name: factor_offered(session_id int8)
select encode(cs.factor_offered($1), 'hex') as sealed;

-- codes: SHA-256 of each recovery code, in hex.
-- name: factor_confirm(actor jsonb, offered bytea, step int8, codes jsonb)
select cs.factor_confirm($1, $2, $3, $4);

-- name: factor_remove(actor jsonb, proof jsonb)
select cs.factor_remove($1, $2);

-- name: proxy_sign_in(login text, session jsonb, creates int8)
select cs.proxy_sign_in($1, $2, $3::int8 <> 0) as person_id;

-- session_id 0 is none.
-- name: oidc_begin(flow_sha256 bytea, session_id int8, address text, seconds int8)
select cs.oidc_begin($1, nullif($2::int8, 0), $3, $4) as throttled_seconds;

-- name: oidc_take(flow_sha256 bytea)
select ret_begun as begun, ret_session_id as session_id from cs.oidc_take($1);

-- name: names_beside(claims jsonb)
select cs.names_beside($1);

-- name: oidc_sign_in(claims jsonb, session jsonb, options jsonb)
select cs.oidc_sign_in($1, $2, $3) as person_id;

-- name: oidc_confirm(actor jsonb, claims jsonb, session jsonb)
select cs.oidc_confirm($1, $2, $3);

-- name: identity_link(actor jsonb, person_id int8, issuer text, subject text)
select cs.identity_link($1, $2, $3, $4);

-- name: session_check(token_sha256 bytea, idle_seconds int8)
select session_id, person_id, login, name, kind, owner_id, roles, team_ids,
       encode(csrf_sha256, 'hex') as csrf_sha256, expires_at, has_password, authenticated_at,
       has_factor, shows_factor
from cs.session_check($1, $2);

-- name: token_check(token_sha256 bytea)
select token_id, person_id, login, name, kind, owner_id, roles, team_ids, scopes, has_factor,
       shows_factor
from cs.token_check($1);

-- name: session_close(session_id int8, actor jsonb)
select cs.session_close($1, $2);

-- name: sessions_close(actor jsonb, of_person int8)
select cs.sessions_close($1, $2);

-- of_person 0 is oneself.
-- name: sessions_list(person_id int8, session_id int8, of_person int8)
select cs.sessions_list($1, $2, nullif($3::int8, 0));

-- name: session_is_fresh(session_id int8, seconds int8)
select cs.session_is_fresh($1, $2);

-- name: confirm_count(session_id int8)
select cs.confirm_count($1);

-- name: reauthenticate(actor jsonb, how text, session jsonb, proof jsonb)
select cs.reauthenticate($1, $2, $3, $4);

-- name: password_get(person_id int8)
select cs.password_get($1);

-- name: password_set(actor jsonb, hash text)
select cs.password_set($1, $2);

-- People, teams, tokens.

-- name: me(person_id int8)
select cs.me($1);

-- name: instance_get()
select cs.instance_get();

-- name: people_list(person_id int8)
select cs.people_list($1);

-- name: person_create(actor jsonb, item jsonb)
select cs.person_create($1, $2);

-- name: person_change(actor jsonb, person_id int8, item jsonb)
select cs.person_change($1, $2, $3);

-- name: teams_list(person_id int8)
select cs.teams_list($1);

-- name: team_create(actor jsonb, name text)
select cs.team_create($1, $2);

-- name: login_link_create(actor jsonb, login text, token_sha256 bytea, seconds int8)
select cs.login_link_create($1, $2, $3, $4);

-- name: tokens_list(person_id int8)
select cs.tokens_list($1);

-- name: token_create(actor jsonb, item jsonb, token_sha256 bytea)
select cs.token_create($1, $2, $3);

-- name: token_revoke(actor jsonb, token_id int8)
select cs.token_revoke($1, $2);

-- Input files and results, in chunks of at most 1 MiB; chunks count from 0.

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

-- attempt_id 0 takes the newest attempt.
-- name: output_item_get(request_id int8, person_id int8, n int4, attempt_id int8)
select cs.output_item_get($1, $2, $3, nullif($4, 0));

-- The first chunk, and the record of who reads it: actor instead of a person.
-- name: output_begin(request int8, actor jsonb, n int4, attempt int8) binary
select cs.output_begin($1, $2, $3, nullif($4, 0));

-- name: file_begin(file_id int8, actor jsonb) binary
select cs.file_begin($1, $2);

-- name: output_follow(request_id int8, actor jsonb)
select cs.output_follow($1, $2);

-- name: output_chunk_get(request int8, person int8, n int4, attempt int8, chunk int4) binary
select cs.output_chunk_get($1, $2, $3, nullif($4, 0), $5);

-- Health and metrics.

-- name: ready_check(version int4)
select cs.ready_check($1);

-- name: fleet(person_id int8)
select cs.fleet($1);

-- name: pause_set(actor jsonb, item jsonb)
select cs.pause_set($1, $2);

-- name: pause_clear(actor jsonb, scope text)
select cs.pause_clear($1, $2);

-- name: budgets_list(person_id int8)
select cs.budgets_list($1);

-- item: {scope, limit_nano_usd, soft_percent?, period?}
-- name: budget_set(actor jsonb, item jsonb)
select cs.budget_set($1, $2);

-- name: budget_end(actor jsonb, scope text)
select cs.budget_end($1, $2);

-- name: metrics()
select cs.metrics();

-- Queries on the audit trail: what is offered, and the record of one before it runs, which answers
-- {sql, values} for the auditor. item: {question, parameters?} or {sql}.

-- name: audit_questions()
select cs.audit_questions();

-- name: audit_query(actor jsonb, item jsonb)
select cs.audit_query($1, $2);

-- The columns of seals_from, then what is not sealed yet.
-- name: audit_head() binary
select instance, n, epoch, epoch_from, xid_from, xid_to, events, last_id, prev_hash, sealed_us,
       root, hash, key_id, signature, sealed_at, unsealed, unsealed_since, late
from cs.audit_head();

-- name: audit_verified()
select cs.audit_verified();

-- Retention of the audit trail: retention_terms gives what is signed.

-- name: retention_list(actor jsonb, min_days int4)
select cs.retention_list($1, $2);

-- name: retention_terms(actor jsonb, item jsonb)
select cs.retention_terms($1, $2);

-- name: retention_propose(actor jsonb, item jsonb)
select cs.retention_propose($1, $2);

-- name: retention_agree(actor jsonb, item jsonb)
select cs.retention_agree($1, $2);

-- name: retention_withdraw(actor jsonb, item jsonb)
select cs.retention_withdraw($1, $2);
