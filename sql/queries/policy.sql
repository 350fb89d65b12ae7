-- The rules for countersign-policy; api, worker and operator may ask.

-- → {version, sha256, rules: [{id, match, patterns, level, title, explanation, capability}]}
-- name: policy_rules()
select cs.policy_rules();

-- name: policy_rules_version()
select cs.policy_rules_version();
