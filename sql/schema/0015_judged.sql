-- Code is judged before it enters, and again when the rules change. What is not judged by the
-- newest rules does not start.

alter table cs.request add column judged_version int not null default 0;
comment on column cs.request.judged_version is
    'The rules by which the newest revision was judged last; that verdict stands in the revision
unless it was milder or the same.';
comment on column cs.revision.risk is
    'low, medium, high or blocked: what the verdict made of it.';
update cs.revision set risk = 'blocked'
    where verdict <> '' and verdict::jsonb ->> 'level' = 'block' and risk <> 'blocked';

insert into cs.schema_migration (version, name) values (15, 'judged');
