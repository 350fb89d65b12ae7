-- Every call of the hot path, one element at a time, timed inside PostgreSQL from before the call
-- until after its commit: a procedure that commits, for a session of the superuser.
drop schema if exists bench cascade;
create schema bench;
create unlogged table bench.taken (call text not null, us double precision not null);

create function bench.one(batch text, item jsonb) returns jsonb language plpgsql as $$
declare
    answer jsonb;
begin
    execute format('select result from cs.%I($1)', batch) into answer using jsonb_build_array(item);
    if answer ? 'error' then
        raise 'bench: % gave %', batch, answer;
    end if;
    return answer;
end
$$;

-- `submission` is what the api hands on; `author` and `reviewer` are ids of people.
create procedure bench.hot_calls(lives int, submission jsonb, author bigint, reviewer bigint)
    language plpgsql as $$
declare
    began timestamptz;
    worker bigint := cs.worker_hello('{"name": "bench", "version": "1", "slots": 4,
        "backends": {"local": {"isolation": "namespaces"}}}')
        ->> 'worker_id';
    made jsonb;
    held jsonb;
    attempt bigint;
begin
    for i in 1 .. lives loop
        commit;
        began := clock_timestamp();
        made := bench.one('submit_requests', submission);
        commit;
        insert into bench.taken values ('submit', bench.us_since(began));

        began := clock_timestamp();
        perform cs.request_list(reviewer, '{"view": "review"}');
        insert into bench.taken values ('inbox', bench.us_since(began));

        began := clock_timestamp();
        perform bench.one('decide_requests', cs.decision_terms((made ->> 'id')::bigint)
            || jsonb_build_object('form', 2, 'signature', repeat('0', 128),
            'key_id', repeat('0', 16),
            'actor', jsonb_build_object('person_id', reviewer, 'address', '127.0.0.1'),
            'id', made -> 'id',
            'revision', made -> 'revision', 'bundle_sha256', made -> 'bundle_sha256',
            'verdict', 'approve'));
        commit;
        insert into bench.taken values ('decide', bench.us_since(began));

        attempt := (select a.id from cs.attempt a where a.request_id = (made ->> 'id')::bigint);
        began := clock_timestamp();
        held := (select jsonb_build_object('worker_id', worker, 'id', c.attempt_id, 'fence',
                     c.fence, 'bundle_sha256', made -> 'bundle_sha256',
                     'decision_ids', jsonb_path_query_array(c.manifest, '$.decisions.id'))
                 from cs.claim_attempts(worker, format('{%s}', attempt), 30000) c);
        commit;
        insert into bench.taken values ('claim', bench.us_since(began));

        began := clock_timestamp();
        perform bench.one('start_attempts', held);
        commit;
        insert into bench.taken values ('start', bench.us_since(began));

        began := clock_timestamp();
        perform cs.heartbeat(worker, jsonb_build_array(held), 30000, 1);
        commit;
        insert into bench.taken values ('heartbeat', bench.us_since(began));

        began := clock_timestamp();
        perform bench.one('finish_attempts', held || '{"outcome": "succeeded", "exit_code": 0,
            "term_signal": 0, "cost": {"kind": "sandbox", "provider": "local", "seconds": 1,
            "nano_usd": 0}}');
        commit;
        insert into bench.taken values ('finish', bench.us_since(began));

        began := clock_timestamp();
        perform cs.request_get((made ->> 'id')::bigint, author);
        insert into bench.taken values ('detail', bench.us_since(began));
    end loop;
    perform cs.worker_bye(worker);
end
$$;

create function bench.us_since(began timestamptz) returns double precision language sql
    return 1e6 * extract(epoch from clock_timestamp() - began);
