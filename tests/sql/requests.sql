-- Submitting, revising, cancelling, running again, and what people see of it.
-- Proves: V8.2.1 V8.2.2 T28
\ir setup.psql
select plan(93);

-- Submitting.
select t.call('submit_requests', t.submission('mia')) as answer \gset
select (:'answer'::jsonb) ->> 'id' as r \gset
select is((:'answer'::jsonb) - array['id', 'created_at', 'event', 'push'], jsonb_build_object(
    'revision', 1, 'state', 'pending', 'risk', 'low', 'bundle_sha256', t.digest(:r), 'code_sha256',
    encode(sha256(E'print(1)\n'::bytea), 'hex')), 'a submission is answered with its digests');
select is((:'answer'::jsonb) -> 'push', jsonb_build_array(jsonb_build_object('id', :r,
    'queue', 'queue:review')), 'and pushed to the reviewers'' feed');
select is(((:'answer'::jsonb) -> 'event') - 'at', jsonb_build_object('id', :r, 'state', 'pending',
    'revision', 1, 'team_id', (select team_id from request where id = :r), 'author_id', t.id('mia'),
    'owner_id', null, 'what', 'request.submit'), 'and announced');
select is(t.call('submit_requests', t.submission('bot')) -> 'event' ->> 'owner_id',
    t.id('both')::text, 'an agent''s owner is named');

-- What is wrong is named, and changes nothing.
create function t.wrong(login text, more jsonb) returns text language sql
    return (select concat_ws(' ', e -> 'error' ->> 'code', e -> 'error' ->> 'field')
            from t.call('submit_requests', t.submission(login, more)) e);
select count(*) as before from request \gset
select is(t.wrong('noor', '{}'), 'wrong_role', 'a reviewer asks nothing');
select is(t.wrong('mia', '{"code": ""}'), 'missing_field code', 'code is required');
select is(t.wrong('mia', '{"code": null}'), 'missing_field code', 'null is no code');
select is(t.wrong('mia', '{"language": "perl"}'), 'invalid_field language', 'two languages');
select is(t.wrong('mia', '{"language": null}'), 'invalid_field language', 'one of them');
select is(t.wrong('mia', jsonb_build_object('title', repeat('x', 201))), 'invalid_field title',
    'a title has 200 characters');
select is(t.wrong('mia', '{"files": {"id": 1}}'), 'invalid_field files', 'files are a list');
select is(t.wrong('mia', '{"files": [{"id": 999999999}]}'), 'invalid_field files.0.id',
    'of files that are there');
select is(t.wrong('mia', '{"files": [{"id": "x"}]}'), 'invalid_field', 'by number');
select is(t.wrong('mia', '{"team_id": 999999}'), 'invalid_field team_id', 'of one''s own teams');
select is(t.wrong('mia', '{"limits": {"wall_ms": 30001}}'), 'invalid_field limits.wall_ms',
    'no more than there is');
select is(t.wrong('mia', '{"limits": {"wall_ms": 0}}'), 'invalid_field limits.wall_ms', 'nor less');
select is(t.wrong('mia', '{"limits": {"memory_bytes": 1e30}}'), 'invalid_field', 'nor beyond');
select is(t.wrong('mia', '{"limits": {"files": -1}}'), 'invalid_field limits.files',
    'nor negative');
select is(t.wrong('mia', '{"max_waiting": 1}'), 'throttled', 'not too many at once');
select is(t.wrong('mia', '{"actor": {"person_id": 999999}}'), 'unauthenticated',
    'nobody is nobody');
select is((select count(*) from request), :before::bigint, 'none of these left a request');
delete from team_member where person_id = t.id('max');
select is(t.wrong('max', '{}'), 'missing_field team_id', 'who is in no team, too, names none');
insert into team_member select t.id('max'), m.team_id from team_member m
    where m.person_id = t.id('mia');
insert into team_member select t.id('max'), m.team_id from team_member m
    where m.person_id = t.id('other');
select is(t.wrong('max', '{}'), 'missing_field team_id', 'with two teams one must be named');
select is(t.wrong('max', jsonb_build_object('team_id', (select m.team_id from team_member m
    where m.person_id = t.id('other')))), '', 'and then it goes there');

-- Batches.
select is((select array_agg(n || ' ' || t.code(result) order by n) from submit_requests(
    jsonb_build_array(t.submission('mia'), t.submission('mia', '{"code": ""}'),
                      t.submission('noor'), t.submission('mia')))),
    '{0 ok,1 missing_field,2 wrong_role,3 ok}', 'a bad element fails alone');
select is((select count(*) from submit_requests('[]')), 0::bigint, 'none is none');
select throws_ok($$ select * from submit_requests((select jsonb_agg('{}'::jsonb)
    from generate_series(1, 51))) $$, '54000', null, 'more than 50 are refused');

-- Revising.
create function t.revise(login text, request_id bigint, revision int, more jsonb)
    returns jsonb language sql return t.call('revise_requests', jsonb_build_object(
    'actor', t.actor(login), 'id', request_id, 'revision', revision,
    'verdict', t.verdict()) || more);
select t.submit('mia', '{"title": "First", "limits": {"pids": 9}}') as r \gset
select t.digest(:r) as first \gset
select is(t.revise('mia', :r, 1, '{"code": "print(2)\n"}') ->> 'revision', '2',
    'an author revises');
select isnt(t.digest(:r), :'first', 'the bundle is another');
select is((select title || pids from revision where request_id = :r and revision = 2), 'First9',
    'what was not said stays');
select is((select encode(bundle_sha256, 'hex') from revision where request_id = :r and revision
    = 1),
    :'first', 'the first revision stays as it was');
select is(t.code(t.revise('mia', :r, 1, '{"code": "print(3)\n"}')), 'stale', 'only the newest');
select is(t.code(t.revise('max', :r, 2, '{"code": "x"}')), 'not_found', 'only who may see it');
select is(t.code(t.revise('root', :r, 2, '{"code": "x"}')), 'wrong_role', 'not any admin');
select is(t.code(t.revise('mia', :r, 2, '{"limits": {"pids": 100}, "max_limits": {"pids": 64}}')),
    'invalid_field', 'limits hold here too');
select t.revise('mia', :r, 2, '{"limits": {"pids": 64}, "max_limits": {"pids": 64}}') as x \gset
select is((select pids from revision where request_id = :r and revision = 3), 64::bigint,
    'a revision may ask for the most there is');
select t.approved() as done \gset
select is(t.code(t.revise('mia', :done, 1, '{"code": "x"}')), 'wrong_state',
    'what is approved takes no revision');
select is((select row_digests ->> 'revision:2' from audit_event where entity = 'request'
    and entity_id = :r and event = 'request.revise' and body ->> 'revision' = '2'), (
    select revision_digest(v) from revision v
    where v.request_id = :r and v.revision = 2), 'the audit row covers the revision');

-- Files.
create function t.upload(login text, name text, content bytea) returns jsonb language plpgsql as $$
declare
    upload_id bigint := upload_begin(t.actor(login));
begin
    perform upload_chunk_put(upload_id, 0, content);
    return upload_finish(upload_id, t.actor(login), jsonb_build_object('name', name,
        'media_type', 'text/csv', 'sha256', encode(sha256(content), 'hex')));
end
$$;
select t.upload('mia', 'a.csv', 'a,b') ->> 'id' as f \gset
select t.submit('mia', jsonb_build_object('files', jsonb_build_array(jsonb_build_object('id', :f))))
    as r \gset
select is((select row(n, name, bytes, file_id)::text from revision_file where request_id = :r),
    format('(1,a.csv,3,%s)', :f), 'a file is bound');
select is(t.wrong('max', jsonb_build_object('team_id', (select team_id from request where id = :r),
    'files', jsonb_build_array(jsonb_build_object('id', :f)))), 'invalid_field files.0.id',
    'another person''s file is not there');
select t.upload('mia', 'a.csv', 'c,d') ->> 'id' as g \gset
select is(t.wrong('mia', jsonb_build_object('files', jsonb_build_array(
    jsonb_build_object('id', :f), jsonb_build_object('id', :g)))), 'invalid_field files.1.id',
    'two files of one name are refused');
select is(t.revise('anna', :r, 1, '{"code": "print(4)\n"}') ->> 'revision', '2',
    'a reviewer edits the code');
select is((select count(*) from revision_file where request_id = :r and revision = 2), 1::bigint,
    'and the author''s file stays bound');
select is(t.revise('anna', :r, 2, jsonb_build_object('code', E'print(5)\n', 'files',
    jsonb_build_array(jsonb_build_object('id', :f)))) ->> 'revision', '3',
    'who edits may name the files that are bound already');
select is(t.code(t.revise('anna', :r, 3, jsonb_build_object('files',
    jsonb_build_array(jsonb_build_object('id', :g))))), 'invalid_field',
    'but no other file of the author''s');
select is(file_get(:f, t.id('noor')) ->> 'name', 'a.csv', 'reviewers read it');
select is(file_chunk(:f, t.id('noor'), 0), 'a,b'::bytea, 'byte by byte');
select is(file_chunk(:f, t.id('noor'), 1), null, 'to its end');
select throws_ok(format('select file_get(%s, %s)', :f, t.id('stranger')), 'CS001', null,
    'another team does not');
select is((select count(*) from blob where sha256 = sha256('a,b')), 1::bigint,
    'bytes are kept once');
select throws_ok(format('select t.upload(''mia'', %L, ''x'')', n), 'CS001', null,
    'no file is called ' || translate(n, E'\n', '~')) from unnest(array['../x', '.hidden',
        'a/b', E'a\nb', '', 'a\b']) n;
select upload_begin(t.actor('mia')) as u \gset
select upload_chunk_put(:u, 0, 'a') as x \gset
select throws_ok(format('select upload_finish(%s, t.actor(''max''), ''{"name": "x", "media_type":
    "x", "sha256": "%s"}'')', :u, encode(sha256('a'), 'hex')), 'CS001', null,
    'nobody ends another''s upload');
select throws_ok(format('select upload_finish(%s, t.actor(''mia''), ''{"name": "x", "media_type":
    "x", "sha256": "%s"}'')', :u, repeat('0', 64)), 'CS001', null, 'bytes must be what was sent');
select upload_drop(:u) as x \gset
select throws_ok(format('select upload_chunk_put(%s, 0, ''x'')', :u), 'CS001', null,
    'a dropped upload takes nothing');

-- Cancelling.
create function t.cancel(login text, request_id bigint) returns jsonb language sql
    return t.call('cancel_requests', jsonb_build_object('actor', t.actor(login), 'id', request_id));
select is(t.cancel('mia', t.submit('mia')) ->> 'state', 'cancelled', 'an author cancels');
select is(t.cancel('both', t.submit('bot')) ->> 'state', 'cancelled', 'so does an agent''s owner');
select is(t.cancel('root', t.submit('mia')) ->> 'state', 'cancelled', 'and an admin');
select is(t.code(t.cancel('noor', t.submit('mia'))), 'wrong_role', 'a reviewer rejects instead');
select t.at('claimed') as r \gset
select is(t.cancel('mia', :r) ->> 'state', 'cancelled', 'before the start it ends at once');
select is(t.attempt_state(:r), 'cancelled', 'with its attempt');
select is(t.code(t.start(:r)), 'wrong_state', 'which can not start any more');
select is(t.code(t.cancel('mia', :r)), 'wrong_state', 'what has ended is not cancelled');
select is(t.cancel('mia', t.at('starting')) -> 'cancelling', 'true',
    'what has started is told to stop');

-- Again.
select t.at('running', '{"title": "Again", "state_echo": {"a": 1}}') as r \gset
select t.finish(:r, 'failed') as x \gset
select t.call('run_again', jsonb_build_object('actor', t.actor('mia'), 'id', :r)) as answer \gset
select is((select again_of::text || state from request where id = (:'answer'::jsonb ->>
    'id')::bigint),
    :'r' || 'pending', 'run again makes a new request that waits for review');
select is((select title || code from revision where request_id = (:'answer'::jsonb ->>
    'id')::bigint),
    E'Againprint(1)\n', 'with the same code');
select is(t.code(t.call('run_again', jsonb_build_object('actor', t.actor('mia'), 'id',
    t.submit('mia')))), 'wrong_state', 'what waits still is not run again');

-- Seeing.
select throws_ok(format('select request_get(%s, %s)', :r, t.id('stranger')), 'CS001', null,
    'another team''s request is not found');
select throws_ok(format('select request_get(999999999, %s)', t.id('mia')), 'CS001', null,
    'like one that is not there');
select is(request_get(:r, t.id('mia')) -> 'state_echo', '{"a": 1}', 'an agent''s state comes back');

-- Lists.
create function t.waiting(filter jsonb) returns text language sql
    return cs.request_list(t.id('noor'), filter) -> 'counts' ->> 'review';
select is((select array_agg(distinct t.waiting(filter::jsonb)) from (values
    ('{"view": "review"}'), ('{"view": "review", "limit": "1"}'), ('{"view": "all"}'),
    ('{"view": "review", "q": "nothing has these words"}'),
    (format('{"view": "review", "cursor": "%s"}', (select max(id) from request)))) v (filter)),
    array[(select count(*)::text from request r join team_member m using (team_id)
           where m.person_id = t.id('noor') and r.state = 'pending')],
    'what waits is counted whole, whatever part of it is listed');

-- The inbox: the riskiest first, of the same risk the oldest, page by page.
create temp table asked as select l.n, t.submit('mia', jsonb_build_object('title', 'inbox',
    'verdict', t.verdict(l.level))) as id
    from unnest(array['none', 'high', 'medium', 'none', 'high']) with ordinality l (level, n);
create function t.page(cursor text, most int) returns jsonb language sql
    return cs.request_list(t.id('noor'), jsonb_build_object('view', 'review', 'q', 'inbox',
                           'cursor', cursor, 'limit', most));
create function t.places(page jsonb) returns text language sql
    return (select string_agg(a.n::text, ' ' order by e.place)
            from jsonb_array_elements(page -> 'requests') with ordinality e (r, place)
            join asked a on a.id = (e.r ->> 'id')::bigint);
select is(t.places(t.page(null, 50)), '2 5 3 1 4', 'the riskiest first, then the oldest');
select t.page(null, 2) as page \gset
select is(t.places(:'page'), '2 5', 'a page of two');
select t.call('cancel_requests', jsonb_build_object('actor', t.actor('mia'), 'id', id)) as x
    from asked where n = 5 \gset
select t.submit('mia', jsonb_build_object('title', 'inbox', 'verdict', t.verdict('high'))) as late
    \gset
insert into asked values (6, :late);
select t.page(:'page'::jsonb ->> 'next_cursor', 2) as page \gset
select is(t.places(:'page'), '6 3', 'goes on where it was, whatever has left or come meanwhile');
select t.page(:'page'::jsonb ->> 'next_cursor', 2) as page \gset
select is(t.places(:'page'), '1 4', 'to the last page');
select is(:'page'::jsonb -> 'next_cursor', 'null', 'which says that it is the last');
select is((select array_agg(requests_ahead(r) - (select min(requests_ahead(q)) from request q
    join asked b using (id)) order by a.n) from request r join asked a using (id)
    where a.n in (2, 3, 6)), '{0,2,1}'::bigint[], 'the same order says how many are ahead');
select t.revise('mia', id, 1, jsonb_build_object('code', E'print(9)\n', 'verdict',
    t.verdict('high'))) as x from asked where n = 4 \gset
select is(t.places(t.page(null, 50)), '2 4 6 3 1', 'a revision has the place of its own risk');
select is((select count(*) from request r join revision v on v.request_id = r.id
    and v.revision = r.revision where r.review_key <> review_key(v.risk, r.id)), 0::bigint,
    'every request has its place');

-- The same twice: both wait, and the later says so.
create function t.same(request_id bigint) returns text language sql
    return cs.request_get(request_id, t.id('noor')) ->> 'same_as';
create function t.twin(login text, more jsonb default '{}') returns bigint language sql
    return t.submit(login, '{"title": "twin", "code": "twin"}' || more);
select t.twin('mia') as first, t.twin('mia') as second, t.twin('mia', '{"title": "twin, again",
    "question": "Why?"}') as third \gset
select is(t.same(:first), null, 'what came first is the same as nothing');
select is(t.same(:second), :'first', 'what is sent again says as which it is the same');
select is(t.same(:third), :'first', 'whatever it is called');
select is((select array_agg(e ->> 'same_as' order by e -> 'id') from jsonb_array_elements(
    cs.request_list(t.id('noor'), '{"view": "review", "q": "twin"}') -> 'requests') e),
    array[null, :'first', :'first'], 'so does the queue');
select is((select array_agg(distinct t.state(i)) from unnest(array[:first, :second, :third]) i),
    '{pending}', 'each waits for its own approval');
select t.twin('both') as other, format('{"files": [{"id": %s}]}', :f) as file \gset
select is((select s.same_as from twins(array[:first, :other]) s where s.id = :other), null,
    'that of somebody else is another');
create temp table unlike as select t.twin('mia', w::jsonb) as id from unnest(array[
    '{"code": "twin "}', '{"language": "sql"}', '{"retry_safe": true}', '{"backend": "e2b"}',
    '{"limits": {"wall_ms": 29999}}', '{"image": "other"}', :'file']) w;
select is((select array_agg(distinct t.same(id)) from unlike), array[null::text],
    'so is what differs in anything that is approved');
select t.twin('mia', :'file') as filed \gset
select is(t.same(:filed), (select max(id) from unlike)::text, 'with its files, too');
select t.call('cancel_requests', jsonb_build_object('actor', t.actor('mia'), 'id', :first)) as x
    \gset
select is(t.same(:third), :'second', 'only what still waits counts');
select t.revise('mia', :third, 1, '{"code": "other"}') as x \gset
select is(t.same(:third), null, 'and only while it is the same');

select * from finish();
rollback;
