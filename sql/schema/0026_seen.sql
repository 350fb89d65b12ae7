-- How much of the code a reviewer had in view, and how long they must have had it.

alter table cs.decision add column seen_bytes bigint check (seen_bytes >= 0);
comment on column cs.decision.seen_bytes is
    'Bytes of the code that were in the reader''s view at some time, as the page counted; null: it
was not said. A claim, and no proof.';

alter type cs.deciding add attribute seen_bytes bigint cascade,
    add attribute review_min_seconds bigint cascade;

insert into cs.schema_migration (version, name) values (26, 'seen');
