-- Who there is: teams, people (agents too), and how they prove who they are.

create table cs.schema_migration (
    version int primary key,
    name text not null,
    applied_at timestamptz not null default clock_timestamp()
);

create table cs.instance (
    id uuid not null default gen_random_uuid(),
    only_one bool primary key default true check (only_one),
    created_at timestamptz not null default clock_timestamp()
);
insert into cs.instance default values;

create table cs.team (
    id bigint generated always as identity primary key,
    name text not null check (char_length(name) between 1 and 100 and name !~ '[[:cntrl:]]'),
    created_at timestamptz not null default clock_timestamp()
);
create unique index team_name on cs.team (lower(name));

create table cs.person (
    id bigint generated always as identity primary key,
    login text not null check (login ~ '^[a-z0-9][a-z0-9._@+-]{0,99}$'),
    name text not null check (char_length(name) between 1 and 100 and name !~ '[[:cntrl:]]'),
    kind text not null default 'human' check (kind in ('human', 'agent')),
    roles text[] not null check (roles <@ array['analyst', 'reviewer', 'admin', 'agent']),
    owner_id bigint references cs.person,
    created_by bigint references cs.person,
    created_at timestamptz not null default clock_timestamp(),
    disabled_at timestamptz,
    constraint person_agent check (
        case kind when 'agent' then roles = array['agent'] and owner_id is not null
                  else not 'agent' = any (roles) and owner_id is null end)
);
create unique index person_login on cs.person (lower(login));
create index person_owner on cs.person (owner_id) where owner_id is not null;
create index person_creator on cs.person (created_by) where created_by is not null;

create table cs.team_member (
    person_id bigint not null references cs.person,
    team_id bigint not null references cs.team,
    primary key (person_id, team_id)
);
create index team_member_team on cs.team_member (team_id);

-- Who has ever held the means to sign in as whom; by_id is null for the operator's command.
create table cs.credential_event (
    id bigint generated always as identity primary key,
    person_id bigint not null references cs.person,
    by_id bigint references cs.person,
    kind text not null check (kind in ('link', 'password', 'token')),
    at timestamptz not null default clock_timestamp()
);
create index credential_event_person on cs.credential_event (person_id, by_id);
create index credential_event_by on cs.credential_event (by_id) where by_id is not null;

create table cs.password (
    person_id bigint primary key references cs.person,
    hash text not null check (octet_length(hash) between 20 and 200),
    set_at timestamptz not null default clock_timestamp()
);

create table cs.login_link (
    token_sha256 bytea primary key check (octet_length(token_sha256) = 32),
    person_id bigint not null references cs.person,
    created_by bigint references cs.person,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    used_at timestamptz
);
create index login_link_person on cs.login_link (person_id);

create table cs.session (
    id bigint generated always as identity primary key,
    person_id bigint not null references cs.person,
    token_sha256 bytea not null unique check (octet_length(token_sha256) = 32),
    csrf_sha256 bytea not null check (octet_length(csrf_sha256) = 32),
    how text not null check (how in ('password', 'link')),
    address text not null,
    agent text not null,
    created_at timestamptz not null default clock_timestamp(),
    seen_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    revoked_at timestamptz
) with (fillfactor = 70);
create index session_person on cs.session (person_id) where revoked_at is null;

create table cs.api_token (
    id bigint generated always as identity primary key,
    person_id bigint not null references cs.person,
    created_by bigint references cs.person,
    name text not null check (char_length(name) between 1 and 100 and name !~ '[[:cntrl:]]'),
    prefix text not null,
    token_sha256 bytea not null unique check (octet_length(token_sha256) = 32),
    scopes text[] not null check (scopes <@ array['read', 'submit', 'decide', 'admin']
                                  and cardinality(scopes) > 0),
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz,
    used_at timestamptz,
    revoked_at timestamptz
) with (fillfactor = 70);
create index api_token_person on cs.api_token (person_id);

-- Failures of one account ('login:…') or one address ('address:…') in the running window.
create table cs.login_throttle (
    key text primary key,
    failures int not null,
    since timestamptz not null,
    blocked_until timestamptz not null
) with (fillfactor = 70);

insert into cs.schema_migration (version, name) values (1, 'people');
