-- What came of a run is covered by the audit trail, as its approval is.

alter table cs.attempt add column results_sha256 bytea
    check (octet_length(results_sha256) = 32);
comment on column cs.attempt.results_sha256 is
    'SHA-256 over its rows of output_item, see cs.results_digest; null: it handed back none, or it
ended before this was kept.';

insert into cs.schema_migration (version, name) values (25, 'bound results');
