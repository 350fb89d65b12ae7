-- Each reading of a result or a file asks whether it was recorded a while ago; who may read a file,
-- and of what it was a part, is asked by the file; and each Audit page what verify found last.

create index audit_event_read on cs.audit_event (entity_id, actor_id, ts)
    where event in ('result.read', 'file.read', 'output.followed');
create index revision_file_file on cs.revision_file (file_id);
create index audit_event_verified on cs.audit_event (id) where event = 'audit.verified';

insert into cs.schema_migration (version, name) values (32, 'readings');
