-- A second factor at sign-in: codes of an app, and codes that are kept for when it is not there.

create table cs.second_factor (
    person_id bigint primary key references cs.person,
    sealed bytea not null check (octet_length(sealed) = 60),
    last_step bigint not null,
    since timestamptz not null default clock_timestamp()
) with (fillfactor = 70);
comment on table cs.second_factor is 'Whose sign-in by password or link wants a code, too.';
comment on column cs.second_factor.sealed is
    'The secret that the app has, sealed by the key of FACTOR_KEY_FILE for this person.';
comment on column cs.second_factor.last_step is
    'The half minute since 1970 whose code was taken last; only a later one is taken.';
comment on column cs.second_factor.since is
    'Since when, without a gap: it stays when another app takes the place of the first.';

-- What a session was given to put into an app, until a code shows that it is there.
create table cs.factor_offer (
    person_id bigint primary key references cs.person,
    session_id bigint not null references cs.session,
    sealed bytea not null check (octet_length(sealed) = 60),
    created_at timestamptz not null default clock_timestamp()
);

create table cs.recovery_code (
    person_id bigint not null references cs.second_factor on delete cascade,
    code_sha256 bytea not null check (octet_length(code_sha256) = 32),
    used_at timestamptz,
    primary key (person_id, code_sha256)
);

alter table cs.session add column factor_at timestamptz;
comment on column cs.session.factor_at is
    'When a code of the second factor was last shown in it, or a provider asked in its stead; null:
never, or that factor is no more.';

alter table cs.credential_event drop constraint credential_event_kind_check;
alter table cs.credential_event add constraint credential_event_kind_check
    check (kind in ('link', 'password', 'token', 'identity', 'factor'));

-- Their results or arguments changed.
drop function if exists cs.session_check(bytea, bigint), cs.token_check(bytea),
    cs.session_open(bigint, text, text, text, bytea, bytea, bigint),
    cs.session_begin(bigint, text, jsonb), cs.reauthenticate(jsonb, text, jsonb),
    cs.login_success(bigint, text, text, text, bytea, bytea, bigint),
    cs.link_consume(bytea, text, text, bytea, bytea, bigint);

insert into cs.schema_migration (version, name) values (22, 'second factor');
