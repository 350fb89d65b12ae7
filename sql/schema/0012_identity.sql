-- When somebody last showed who they are, sign-in by a proxy or an OpenID provider.

-- Null: a proxy vouched for the person, who showed us nothing.
alter table cs.session add column if not exists authenticated_at timestamptz;
update cs.session set authenticated_at = created_at;
alter table cs.session drop constraint session_how_check;
alter table cs.session add constraint session_how_check
    check (how in ('password', 'link', 'proxy', 'oidc'));

alter table cs.credential_event drop constraint credential_event_kind_check;
alter table cs.credential_event add constraint credential_event_kind_check
    check (kind in ('link', 'password', 'token', 'identity'));

-- Whom an OpenID provider means by a subject; created_by is null when its e-mail address said so.
create table cs.external_identity (
    issuer text not null check (char_length(issuer) between 1 and 500),
    subject text not null check (char_length(subject) between 1 and 255),
    person_id bigint not null references cs.person,
    created_by bigint references cs.person,
    created_at timestamptz not null default clock_timestamp(),
    primary key (issuer, subject)
);
create index external_identity_person on cs.external_identity (person_id);

-- Somebody is at the provider. State, nonce and code verifier are derived from the secret of a
-- cookie, of which only the digest is here; session_id is the one that is to be confirmed.
create table cs.oidc_flow (
    flow_sha256 bytea primary key check (octet_length(flow_sha256) = 32),
    session_id bigint references cs.session,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null
);
create index oidc_flow_expiry on cs.oidc_flow (expires_at);

-- Their results or arguments changed.
drop function if exists cs.session_check(bytea, bigint), cs.sessions_list(bigint),
    cs.session_open(bigint, text, text, text, bytea, bytea, bigint);

insert into cs.schema_migration (version, name) values (12, 'identity');
