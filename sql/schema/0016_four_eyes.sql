-- Since when a request waits in its round of review, when somebody is to be told, and how an admin
-- may approve alone.

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

-- One row, which the operator's command alone switches.
create table cs.break_glass (
    one bool primary key default true check (one),
    is_on bool not null default false,
    changed_at timestamptz not null default clock_timestamp()
);
comment on table cs.break_glass is
    'Whether an admin may approve alone what is of high risk; off unless the operator says so.';
insert into cs.break_glass default values;
alter table cs.decision drop constraint decision_verdict_check,
    add constraint decision_verdict_check check (
        verdict in ('approve', 'reject', 'request_changes', 'break_glass')),
    add constraint decision_reason_check check (
        verdict <> 'break_glass' or char_length(btrim(note)) >= 20);
create index decision_break_glass on cs.decision (id) where verdict = 'break_glass';

insert into cs.schema_migration (version, name) values (16, 'four eyes');
