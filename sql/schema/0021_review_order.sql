-- The inbox is by risk, then by age: one number to order, to index and to go on from.

alter table cs.request add column review_key bigint not null default 0;
comment on column cs.request.review_key is
    'Its place among what waits for review, see cs.review_key: the lower, the earlier.';
update cs.request r set review_key = r.id + ((4 - array_position(
        array['low', 'medium', 'high', 'blocked'], v.risk))::bigint << 52)
    from cs.revision v where v.request_id = r.id and v.revision = r.revision;

create index request_review on cs.request (team_id, review_key) where state = 'pending';
drop index cs.request_pending;
-- An argument has another name.
drop function if exists cs.ids_for_review(cs.person, text, bigint, int);

insert into cs.schema_migration (version, name) values (21, 'review order');
