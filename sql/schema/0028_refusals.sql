-- How many decisions of somebody were refused lately is asked with each that is.

create index audit_event_refused on cs.audit_event (actor_id, id)
    where event = 'decision.refused';

insert into cs.schema_migration (version, name) values (28, 'refusals');
