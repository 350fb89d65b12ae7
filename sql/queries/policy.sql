-- The rules for countersign-policy; api, worker and operator may ask.

-- → {version, sha256, rules: [{id, match, patterns, level, title, explanation, capability}]}
-- name: policy_rules()
select cs.policy_rules();

-- Of who judges by them, the engine.
-- name: policy_rules_for(engine int4)
select cs.policy_rules_for($1);

-- name: policy_version_for(engine int4)
select cs.policy_version_for($1);
