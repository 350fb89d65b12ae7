-- An approval binds for whom code runs, how far it is kept apart, on which packages, how much
-- processor and disk it gets, and how often it may be tried. Null in revisions of earlier
-- releases: those have bundles of the first form.

alter table cs.revision
    add column team_id bigint, add column isolation text, add column image_digest text,
    add column cpu_ms bigint, add column tmp_bytes bigint, add column max_attempts int;
comment on column cs.revision.team_id is
    'The team of its request, as it is bound; null: its bundle has the first form, without this and
the columns behind it.';
comment on column cs.revision.isolation is
    'What stands between its code and all else: namespaces, vm or container.';
comment on column cs.revision.image_digest is
    'What the workers measured of the interpreter and its packages; empty where nobody can know.';
comment on column cs.revision.cpu_ms is
    'Processor time of all its processes; 0: as much as the template of a service gives.';
comment on column cs.revision.tmp_bytes is
    'Size of its work folder; 0: as much as the template of a service gives.';
comment on column cs.revision.max_attempts is
    'How often one round of approvals lets it start, where runs are lost.';

alter type cs.run_limits add attribute cpu_ms bigint, add attribute tmp_bytes bigint;

insert into cs.schema_migration (version, name) values (31, 'full_bundle');
