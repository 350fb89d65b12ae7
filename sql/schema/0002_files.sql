-- Input files: bytes are kept once per digest, in chunks of at most 1 MiB.

create table cs.blob (
    sha256 bytea primary key check (octet_length(sha256) = 32),
    bytes bigint not null check (bytes >= 0),
    created_at timestamptz not null default clock_timestamp()
);

create table cs.blob_chunk (
    sha256 bytea not null references cs.blob,
    n int not null check (n >= 0),
    data bytea not null check (octet_length(data) between 1 and 1048576),
    primary key (sha256, n)
);
alter table cs.blob_chunk alter data set storage external;

-- An upload on its way: its digest is known only at the end.
create table cs.upload (
    id bigint generated always as identity primary key,
    person_id bigint not null,
    created_at timestamptz not null default clock_timestamp()
);

create table cs.upload_chunk (
    upload_id bigint not null references cs.upload on delete cascade,
    n int not null check (n >= 0),
    data bytea not null check (octet_length(data) between 1 and 1048576),
    primary key (upload_id, n)
);
alter table cs.upload_chunk alter data set storage external;

create table cs.file (
    id bigint generated always as identity primary key,
    owner_id bigint not null references cs.person,
    team_id bigint references cs.team,
    sha256 bytea not null references cs.blob,
    name text not null check (octet_length(name) between 1 and 255 and name !~ '[[:cntrl:]/\\]'
                              and left(name, 1) <> '.'),
    media_type text not null,
    bytes bigint not null,
    created_at timestamptz not null default clock_timestamp()
);
create index file_owner on cs.file (owner_id, id);
create index file_sha256 on cs.file (sha256);

insert into cs.schema_migration (version, name) values (2, 'files');
