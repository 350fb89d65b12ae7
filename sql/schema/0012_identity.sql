-- When somebody last showed who they are, sign-in by a proxy or an OpenID provider.

-- Null: a proxy vouched for the person, who showed us nothing.
alter table cs.session add column if not exists authenticated_at timestamptz;
update cs.session set authenticated_at = created_at;
alter table cs.session drop constraint session_how_check;
alter table cs.session add constraint session_how_check
    check (how in ('password', 'link', 'proxy', 'oidc'));

-- Their results or arguments changed.
drop function if exists cs.session_check(bytea, bigint), cs.sessions_list(bigint),
    cs.session_open(bigint, text, text, text, bytea, bytea, bigint);

insert into cs.schema_migration (version, name) values (12, 'identity');
