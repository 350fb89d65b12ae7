-- How recently somebody must have shown who they are, where they approve what is of high risk.

alter type cs.deciding add attribute reauth_seconds bigint cascade;

-- Their arguments changed.
drop function if exists
    cs.decision_fault(cs.deciding, cs.person, cs.request, bytea, cs.decision),
    cs.reauthenticate(jsonb, text), cs.oidc_confirm(jsonb, jsonb);

insert into cs.schema_migration (version, name) values (18, 'fresh approvals');
