-- Decisions are signed by the api; what is signed beside the columns of a decision stands here.

alter table cs.decision add column needed int check (needed >= 1);
comment on column cs.decision.needed is
    'The quorum when it was signed: so many distinct people must approve.';

alter type cs.deciding add attribute round int cascade, add attribute needed int cascade,
    add attribute decided_ms bigint cascade, add attribute valid_ms bigint cascade;

-- How many people must approve what is how risky. A row without a team is for all teams that have
-- none of their own; one with a group asks for so many people of that group beside the others.
alter table cs.revision add column risk text not null default 'low';
alter table cs.revision add column verdict text not null default '';
comment on column cs.revision.verdict is
    'What the policy said of the code, as the JSON whose digest is bound; empty: it was not asked.';
alter type cs.submission add attribute verdict text cascade;
comment on column cs.revision.risk is 'low, medium or high: what the policy made of it.';
create table cs.approver_group (
    id bigint generated always as identity primary key,
    team_id bigint not null references cs.team,
    name text not null check (char_length(name) between 1 and 64)
);
create unique index approver_group_name on cs.approver_group (team_id, lower(name));
create table cs.approver (
    group_id bigint not null references cs.approver_group,
    person_id bigint not null references cs.person,
    primary key (group_id, person_id)
);
create table cs.quorum_rule (
    id bigint generated always as identity primary key,
    team_id bigint references cs.team,
    risk text not null check (risk in ('low', 'medium', 'high')),
    group_id bigint references cs.approver_group,
    needed int not null check (needed between 1 and 20),
    check (group_id is null or team_id is not null),
    unique nulls not distinct (team_id, risk, group_id)
);
insert into cs.quorum_rule (risk, needed) values ('low', 1), ('medium', 1), ('high', 2);

drop function if exists cs.quorum(bigint), cs.counted_approvals(bigint[]);

insert into cs.schema_migration (version, name) values (14, 'signed decisions');
