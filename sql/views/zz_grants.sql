-- Auditors read the views of this schema, and no table.
grant usage on schema audit to countersign_auditor;
grant select on all tables in schema audit to countersign_auditor;
