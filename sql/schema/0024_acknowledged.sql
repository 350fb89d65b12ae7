-- What a reviewer acknowledged is signed with the decision.

alter table cs.decision add column form int not null default 1 check (form in (1, 2));
comment on column cs.decision.form is
    'How it was signed; 2: with the findings that were acknowledged.';

alter type cs.deciding add attribute form int cascade;

-- Its arguments changed.
drop function if exists cs.glass_error(text, cs.request);

insert into cs.schema_migration (version, name) values (24, 'acknowledged');
