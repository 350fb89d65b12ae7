-- The rules by which code is judged before people see it. A version is never changed: new rules
-- are a new version, so that a verdict says for good by which rules it was made.

create table cs.policy_version (
    version int primary key check (version > 0),
    created_at timestamptz not null default clock_timestamp(),
    note text not null default ''
);
comment on table cs.policy_version is 'The newest version is the one that judges.';

create table cs.policy_rule (
    version int not null references cs.policy_version,
    id text not null check (id ~ '^[a-z][a-z0-9_.]{0,79}$'),
    language text not null check (language in ('python', 'sql', 'any')),
    match text not null check (match in ('import', 'name', 'call', 'attribute', 'argument',
        'string', 'statement', 'table', 'column', 'function', 'clause')),
    patterns text[] not null check (cardinality(patterns) between 1 and 2000),
    level text not null check (level in ('none', 'note', 'medium', 'high', 'block')),
    title text not null check (length(title) between 1 and 200),
    explanation text not null check (length(explanation) <= 2000),
    capability text not null default ''
        check (capability in ('', 'reads', 'changes', 'calls', 'saves')),
    primary key (version, id)
);
comment on table cs.policy_rule is
    'A fact of kind `match` whose name fits a pattern (* is any text) is a finding of that level.
The most exact pattern decides, so level none makes an exception; of texts, the highest level.';

insert into cs.schema_migration (version, name) values (11, 'policy');
