-- Who was given results, inputs and output: recorded by what gives the first bytes away.
-- Proves: T20a
\ir setup.psql
select plan(33);

create function t.upload(login text, content bytea) returns bigint language plpgsql as $$
declare
    upload_id bigint := upload_begin(t.actor(login));
begin
    perform upload_chunk_put(upload_id, 0, content);
    return upload_finish(upload_id, t.actor(login), jsonb_build_object('name', 'a.csv',
        'media_type', 'text/csv', 'sha256', encode(sha256(content), 'hex'))) ->> 'id';
end
$$;
create function t.reads(login text, request_id bigint, n int, session bigint default null)
    returns bytea language sql
    return cs.output_begin($2, t.actor($1, jsonb_build_object('session_id', $4)), $3, null);
create function t.loads(login text, file_id bigint, session bigint default null)
    returns bytea language sql
    return cs.file_begin($2, t.actor($1, jsonb_build_object('session_id', $3)));
create function t.saw(request_id bigint) returns text[] language sql stable
    return (select array_agg(format('%s %s %s', substr(w.person, 3), w.what, w.item) order by w.ts)
            from audit.who_saw_what w where $1 = any (w.request_ids));
-- So long ago it was read, as somebody has it whom no trigger stops.
create function t.read_ago(entity text, entity_id bigint, ago interval) returns void
    language plpgsql as $$
begin
    set local session_replication_role = replica;
    update cs.audit_event e set ts = clock_timestamp() - ago
        where e.entity = $1 and e.entity_id = $2;
    set local session_replication_role = origin;
end
$$;

select t.upload('mia', 'a,b') as f \gset
select t.approved(jsonb_build_object('files', jsonb_build_array(jsonb_build_object('id', :f))))
    as r \gset
select t.worker() as w \gset
select t.attempt(:r) as a \gset

-- Output while it is printed.
select ok(output_follow(:r, t.actor('mia')), 'the author follows what the run will print');
select ok(output_follow(:r, t.actor('mia')), 'and once more, as the page does by itself');
select is(t.saw(:r), '{"mia live output "}', 'which is recorded once');
select throws_ok(format('select output_follow(%s, t.actor(''stranger''))', :r), 'CS001', null,
    'another team follows nothing');
select is(output_follow(t.submit('mia'), t.actor('noor')), false, 'without a run there is none');

select t.claim(:w, :r) as x \gset
select t.start(:r) as x \gset
select t.running(:r) as x \gset
select output_chunk_put(:a, 1, 1, 0, 'ab') as x, output_chunk_put(:a, 1, 1, 1, 'cd') as y,
       output_chunk_put(:a, 1, 2, 0, 'x') as z \gset
select t.finish(:r, 'succeeded', jsonb_build_object('items', jsonb_agg(jsonb_build_object(
    'n', i.n, 'kind', i.kind, 'name', i.name, 'mime', 'text/plain', 'bytes', length(i.bytes),
    'sha256', encode(sha256(i.bytes::bytea), 'hex'))))) ->> 'state' as state
from (values (1, 'stdout', '', 'abcd'), (2, 'file', 'sums.txt', 'x')) i (n, kind, name, bytes) \gset
select is(:'state'::text, 'succeeded', 'the run is over');
select is(output_follow(:r, t.actor('anna')), false, 'and has no more to follow');

-- Results: of everybody, once an hour for each item and each session or token.
select is(t.reads('noor', :r, 1, 7), 'ab'::bytea, 'a reviewer reads a result');
select is(t.reads('noor', :r, 1, 7), 'ab'::bytea, 'and loads the page again');
select is(t.saw(:r), '{"mia live output ","noor result 1"}', 'that is one row');
select is(t.reads('noor', :r, 2, 7), 'x'::bytea, 'another result');
select is(t.reads('noor', :r, 1, 8), 'ab'::bytea, 'another session');
select is(t.reads('noor', :r, 1), 'ab'::bytea, 'none at all');
select is(t.reads('eva', :r, 1, 7), 'ab'::bytea, 'another person');
select is(t.reads('mia', :r, 2, 9), 'x'::bytea, 'and the author');
select is(t.saw(:r), '{"mia live output ","noor result 1","noor result 2","noor result 1",
    "noor result 1","eva result 1","mia result 2"}', 'are one row each');
select is((select count(*) from audit_event e where e.entity = 'result' and e.entity_id = :a
    and e.actor_kind = 'human' and e.body -> 'request_id' = to_jsonb(:r)), 7::bigint,
    'in the chain of the run');
select is_empty(format('select * from audit_chain_broken(''result'', %s)', :a), 'which holds');
select t.read_ago('result', :a, '59 minutes') as x \gset
select t.reads('noor', :r, 1, 7) as x \gset
select is(cardinality(t.saw(:r)), 7, 'within the hour it is known');
select t.read_ago('result', :a, '61 minutes') as x \gset
select t.reads('noor', :r, 1, 7) as x \gset
select is(cardinality(t.saw(:r)), 8, 'after an hour it is told again');
select throws_ok(format('select t.reads(''max'', %s, 1)', :r), 'CS001', null,
    'another analyst reads nothing');
select throws_ok(format('select t.reads(''noor'', %s, 3)', :r), 'CS001', null,
    'nor anybody what is not there');
select is(cardinality(t.saw(:r)), 8, 'which leaves nothing in the trail');
select is((select row(w.request_id, w.attempt_id, w.kind, w.name, w.sha256, w.author, w.session_id)
               ::text from audit.who_saw_what w where w.item = 2 and w.person = 't-noor'),
    row(:r, :a, 'file', 'sums.txt', encode(sha256('x'), 'hex'), 't-mia', 7)::text,
    'it says which bytes, of what and by which session');

-- Inputs: a file is of one request, or of several.
select is(t.loads('noor', :f, 7), 'a,b'::bytea, 'a reviewer reads an input');
select is(t.loads('noor', :f, 7), 'a,b'::bytea, 'and reads it again');
select is((select array_agg(row(w.request_id, w.file_id, w.name, w.title)::text)
           from audit.who_saw_what w where w.what = 'file'),
    array[row(:r, :f, 'a.csv', 'Sums')::text], 'one row, of its request');
select is((select count(*) from audit_event e where e.event = 'file.read' and e.entity_id = :f
    and e.body ->> 'sha256' = encode(sha256('a,b'), 'hex')), 1::bigint, 'and of its bytes');
select throws_ok(format('select t.loads(''stranger'', %s)', :f), 'CS001', null,
    'another team does not');
select t.submit('mia', jsonb_build_object('files', jsonb_build_array(
    jsonb_build_object('id', :f)))) as s \gset
select is((select row(w.request_id, w.request_ids)::text from audit.who_saw_what w
           where w.what = 'file'), row(null::bigint, array[:r, :s]::bigint[])::text,
    'of two, no one is guessed');
select ok(t.saw(:s) = '{"noor file "}' and 'noor file ' = any (t.saw(:r)), 'both are found by it');
select is_empty(format('select * from audit_chain_broken(''file'', %s)', :f),
    'in a chain of its own');
select t.read_ago('file', :f, '61 minutes') as x \gset
select t.loads('noor', :f, 7) as x \gset
select is(cardinality(t.saw(:s)), 2, 'a file is, too');

select * from finish();
rollback;
