-- What the operator's command asks. The functions run as role countersign_operator; their audit
-- rows carry actor_kind 'operator'. Each takes and returns one jsonb object.

-- item: login, name, kind (human | agent), roles [text], teams [name], owner (login, for agents)
-- → id, login, name, roles, teams
-- name: operator_person_add(item jsonb)
select cs.operator_person_add($1);

-- → [{id, login, name, kind, roles, teams, owner, disabled, has_password, created_at}]
-- name: operator_people()
select cs.operator_people();

-- item: login → the person, without a second factor
-- name: operator_factor_reset(item jsonb)
select cs.operator_factor_reset($1);

-- item: login, disabled (bool), roles [text]?, teams [name]? (what is absent stays)
-- name: operator_person_update(item jsonb)
select cs.operator_person_update($1);

-- item: name → id, name; a team of that name is returned as it is
-- name: operator_team_add(item jsonb)
select cs.operator_team_add($1);

-- → [{id, name, people}]
-- name: operator_teams()
select cs.operator_teams();

-- item: login, seconds (until it expires), forget_password (bool) → person_id, expires_at
-- name: operator_link_add(item jsonb, token_sha256 bytea)
select cs.operator_link_add($1, $2);

-- item: login, name, prefix, scopes [text], seconds → id, expires_at
-- name: operator_token_add(item jsonb, token_sha256 bytea)
select cs.operator_token_add($1, $2);

-- → [{id, login, name, prefix, scopes, created_at, expires_at, used_at, revoked_at}]
-- name: operator_tokens()
select cs.operator_tokens();

-- item: id
-- name: operator_token_revoke(item jsonb)
select cs.operator_token_revoke($1);

-- → [{risk, team, group, needed}]; team null: of all teams
-- name: operator_quorum()
select cs.operator_quorum();

-- item: risk, needed, team (name)?, group (name)? → all rules; needed 0 takes a team's own away
-- name: operator_quorum_set(item jsonb)
select cs.operator_quorum_set($1);

-- → [{team, name, people [login]}]
-- name: operator_groups()
select cs.operator_groups();

-- item: team (name), name, people [login] → all groups
-- name: operator_group_set(item jsonb)
select cs.operator_group_set($1);

-- → [{version, created_at, note, changes: [text]}], newest first
-- name: operator_policy_versions()
select cs.operator_policy_versions();

-- item: rule, level, note → {version, rule, level, before}: a new version of all rules
-- name: operator_policy_set(item jsonb)
select cs.operator_policy_set($1);

-- → [{scope, name, period, limit_usd, soft_percent, who, state, spent_usd, reserved_usd}]
-- name: operator_budgets()
select cs.operator_budgets();

-- item: scope (with a login or the name of a team), limit_nano_usd, soft_percent?, period? → all
-- name: operator_budget_set(item jsonb)
select cs.operator_budget_set($1);

-- item: scope → the other budgets
-- name: operator_budget_end(item jsonb)
select cs.operator_budget_end($1);

-- item: on (bool)? → [{break_glass, since, decisions}]
-- name: operator_break_glass(item jsonb)
select cs.operator_break_glass($1);

-- scope: all, team:<id> or backend:<name>; from then on nothing new of it starts, until it
-- is not paused again
-- name: operator_pause(scope text, paused bool, reason text)
select cs.operator_pause($1, $2, $3);

-- item: id, min_days → id, first_seal, seal, events of what may be dropped from the audit trail
-- name: operator_retention(item jsonb)
select cs.operator_retention($1);

-- item: id, min_days, events, manifest_sha256 → id, seal, requests, dropped_events, kept_events
-- name: operator_retention_drop(item jsonb)
select cs.operator_retention_drop($1);

-- item: {question, parameters?} or {sql} → {sql, values}, for the auditor to run
-- name: operator_audit_query(item jsonb)
select cs.operator_audit_query($1);

-- item: {outcome, why?, seal?, hash?, rows, heads, duration_ms}
-- name: operator_audit_verified(item jsonb)
select cs.operator_audit_verified($1);
