-- Since when a request waits in its round of review, and when somebody is to be told.

alter table cs.request add column waits_since timestamptz, add column remind_seconds int,
    add column escalate_seconds int, add column clock_at timestamptz;
comment on column cs.request.waits_since is
    'When the present round of review began; null for what was submitted before this was kept.';
comment on column cs.request.remind_seconds is
    'Reviewers are reminded when a round has waited so long; null or 0: never.';
comment on column cs.request.escalate_seconds is
    'A round is escalated when it has waited so long; null or 0: never.';
comment on column cs.request.clock_at is
    'The first reminder or escalation of this round that was not told yet; null: all were.';
create index request_clock on cs.request (clock_at)
    where state = 'pending' and clock_at is not null;

alter type cs.submission add attribute remind_seconds int cascade,
    add attribute escalate_seconds int cascade;

drop function if exists cs.files_found(cs.person, jsonb); -- it has one argument more

insert into cs.schema_migration (version, name) values (16, 'clocks');
