-- What an approval binds: the bytes of common/domain/bundle.c, made by SQL.
-- Proves: T6
\ir setup.psql
select plan(38);

-- By hand, field by field.
create function t.part(value text) returns bytea language sql immutable
    return int4send(octet_length(value::bytea)) || value::bytea;
select (upload_begin(t.actor('mia'))) as u \gset
select upload_chunk_put(:u, 0, 'a,b') as x \gset
select upload_finish(:u, t.actor('mia'), jsonb_build_object('name', 'data.csv', 'media_type',
    'text/csv', 'sha256', encode(sha256('a,b'), 'hex'))) ->> 'id' as f \gset
select t.submit('mia', jsonb_build_object('code', E'print("ä")\n', 'retry_safe', true, 'language',
    'python', 'files', jsonb_build_array(jsonb_build_object('id', :f)),
    'limits', '{"wall_ms": 5000, "pids": 7, "cpu_ms": 900}'::jsonb)) as r \gset
select team_id as team from request where id = :r \gset
select is((select bundle_encode(v) from revision v where v.request_id = :r),
    t.part('countersign-bundle-v2') || t.part(:'r') || t.part('1') || t.part('python')
    || t.part(E'print("ä")\n') || t.part('1') || '\x00000020'::bytea || sha256('a,b')
    || t.part('data.csv') || t.part('') || t.part('local') || t.part('system-python3')
    || t.part('none') || t.part('5000') || t.part('1073741824') || t.part('7')
    || t.part('1048576') || t.part('8') || t.part('8388608') || t.part('1') || t.part('1')
    || t.part(encode(sha256(t.verdict()::bytea), 'hex')) || t.part('86400000')
    || t.part(:'team') || t.part('namespaces') || t.part('') || t.part('900') || t.part('67108864')
    || t.part('3'), 'the bytes of a bundle');
select is(t.digest(:r), (select encode(sha256(bundle_encode(v)), 'hex') from revision v
    where v.request_id = :r), 'the digest is their SHA-256');
select is(bundle_digest(:r, 1), decode(t.digest(:r), 'hex'), 'the same from the stored rows');
select is((select code_sha256 from revision where request_id = :r),
    sha256(convert_to(E'print("ä")\n', 'UTF8')), 'the code has a digest of its own');
select is((select row(code_bytes, code_lines, file_count)::text from revision where request_id =
    :r),
    '(12,1,1)', 'bytes, lines and files are counted');

-- The bundle of tests/unit/test_bundle.c has the digest that C makes of it.
select is(encode(sha256(bundle_bytes(jsonb_populate_record(null::revision, '{"request_id": 1287,
    "revision": 2, "language": "python", "code": "print(1)\n", "file_count": 2, "target": "",
    "sandbox": "local", "image": "system-python3", "network": "none", "wall_ms": 30000,
    "memory_bytes": 1073741824, "pids": 64, "output_bytes": 1048576, "files": 8,
    "file_bytes": 8388608, "retry_safe": false, "policy_version": 0, "verdict_sha256": "",
    "approval_ms": 86400000, "team_id": 7, "isolation": "namespaces", "image_digest": "a1",
    "cpu_ms": 120000, "tmp_bytes": 67108864, "max_attempts": 1}'),
    array['\x010203'::bytea || decode(repeat('00', 29), 'hex'), 'a.csv',
    '\x040506'::bytea || decode(repeat('00', 29), 'hex'), 'b.csv'])), 'hex'),
    '3fe799b7fb73853f5b70eb461941a37ab0f1e5eb341f6c8d74705a744e6b6d6e', 'C and SQL agree');
select is(encode(sha256(bundle_bytes(jsonb_populate_record(null::revision, '{"request_id": 1287,
    "revision": 2, "language": "python", "code": "print(1)\n", "file_count": 2, "target": "",
    "sandbox": "local", "image": "system-python3", "network": "none", "wall_ms": 30000,
    "memory_bytes": 1073741824, "pids": 64, "output_bytes": 1048576, "files": 8,
    "file_bytes": 8388608, "retry_safe": false, "policy_version": 0, "verdict_sha256": "",
    "approval_ms": 86400000}'), array['\x010203'::bytea || decode(repeat('00', 29), 'hex'), 'a.csv',
    '\x040506'::bytea || decode(repeat('00', 29), 'hex'), 'b.csv'])), 'hex'),
    '638e8c675ed95de3b5021f87c6090042aac3d1d0b593de31a7aaf0b30f9cad1a',
    'and on the form of earlier releases');

-- Each part is bound: changing it alone changes the digest.
create function t.changed(assignment text, request_id bigint) returns bool language plpgsql as $$
declare
    before bytea := bundle_digest(request_id, 1);
    after bytea;
begin
    set local session_replication_role = replica;
    execute format('update revision set %s where request_id = %s', assignment, request_id);
    after := bundle_digest(request_id, 1);
    raise exception using errcode = 'CS009', message = (after is distinct from before)::text;
exception when sqlstate 'CS009' then
    set local session_replication_role = origin;
    return sqlerrm::bool;
end
$$;
select ok(t.changed(a, :r), a || ' is bound') from unnest(array[
    'language = ''sql''', 'code = code || ''#''', 'target = ''x''', 'sandbox = ''e2b''',
    'image = ''other''', 'network = ''open''', 'wall_ms = wall_ms + 1',
    'memory_bytes = memory_bytes + 1', 'pids = pids + 1', 'output_bytes = output_bytes + 1',
    'files = files + 1', 'file_bytes = file_bytes + 1', 'retry_safe = not retry_safe',
    'policy_version = 2', 'verdict_sha256 = ''00''', 'approval_ms = approval_ms + 1',
    'file_count = 0']) a;
select ok(t.changed(a.assignment, :r), a.title) from (values
    ('team_id = team_id + 1', 'the team is bound'),
    ('isolation = ''vm''', 'the isolation is bound'),
    ('image_digest = ''00''', 'the packages are bound'),
    ('cpu_ms = cpu_ms + 1', 'the processor time is bound'),
    ('tmp_bytes = tmp_bytes + 1', 'the size of the disk is bound'),
    ('max_attempts = max_attempts + 1', 'how often it is tried is bound'),
    ('team_id = null', 'the form is bound')) a (assignment, title);
create function t.file_changed(assignment text, request_id bigint) returns bool
    language plpgsql as $$
declare
    before bytea := bundle_digest(request_id, 1);
    after bytea;
begin
    set local session_replication_role = replica;
    execute format(assignment, request_id);
    after := bundle_digest(request_id, 1);
    raise exception using errcode = 'CS009', message = (after is distinct from before)::text;
exception when sqlstate 'CS009' then
    set local session_replication_role = origin;
    return sqlerrm::bool;
end
$$;
select ok(t.file_changed('update revision_file set name = ''b.csv'' where request_id = %s', :r),
    'the name of a file is bound');
select ok(t.file_changed('update revision_file set sha256 = sha256(''x'') where request_id = %s',
:r),
    'its digest is bound');
select ok(t.file_changed('delete from revision_file where request_id = %s', :r),
    'that it is there is bound');

-- Titles and words are not part of what runs.
select ok(not t.changed('title = ''another''', :r), 'a title is not bound');

-- The bytes of an input file are looked at when an attempt is made.
select ok(blob_intact(sha256('a,b')), 'the file is whole');
set local session_replication_role = replica;
update blob_chunk set data = 'x,b' where sha256 = sha256('a,b');
set local session_replication_role = origin;
select ok(not blob_intact(sha256('a,b')), 'a changed byte of a file is noticed');
select is(t.code(t.decide('noor', :r, 'approve')), 'stale', 'and stops the approval');

select * from finish();
rollback;
