-- One of many clients that reserve at once: what flow/budget_race runs, a procedure since each
-- batch is a transaction of its own.
create schema race;
create table race.tally (reserved bigint, refused bigint, settled bigint, other text);

create function race.element(person bigint, team bigint) returns jsonb language sql
    return jsonb_build_object('actor', jsonb_build_object('person_id', person), 'team_id', team,
        'title', 'race', 'question', '', 'language', 'python', 'code', 'print(1)', 'verdict',
        jsonb_build_object('level', 'none', 'engine', 'ok', 'policy_version', cs.policy_newest(),
            'findings', '[]'::jsonb)::text,
        'files', '[]'::jsonb, 'max_limits', jsonb_build_object('wall_ms', 30000, 'memory_bytes',
            1073741824, 'pids', 64, 'output_bytes', 1048576, 'files', 8, 'file_bytes', 8388608,
            'cpu_ms', 1000, 'tmp_bytes', 1048576),
        'limits', jsonb_build_object('wall_ms', 1000 * (1 + random() * 29)::int),
        'retry_safe', false, 'backend', 'e2b', 'image', 'race', 'network', 'none',
        'approval_seconds', 86400, 'pending_seconds', 604800, 'max_waiting', 1000000);

-- What becomes of requests, by a batched function; raises what is no answer.
create function race.call(name text, items jsonb) returns bigint language plpgsql as $$
declare
    n bigint;
    wrong text;
begin
    execute format('select count(*), max(s.result ->> ''error'') from cs.%I($1) s', name)
        into n, wrong using items;
    if wrong is not null then
        raise exception '%: %', name, wrong;
    end if;
    return n;
end
$$;

-- Requests up to their end: approved, claimed, started, with a cost small enough that the accounts
-- stay fought for until the last batch.
create function race.decisions(ids bigint[], reviewer bigint) returns jsonb language sql
    return (select jsonb_agg(cs.decision_terms(r.id) || jsonb_build_object('actor',
        jsonb_build_object('person_id', reviewer), 'id', r.id, 'revision', 1, 'bundle_sha256',
        encode(v.bundle_sha256, 'hex'), 'verdict', 'approve', 'form', 2,
        'signature', repeat('0', 128), 'key_id', repeat('0', 16)) order by r.id)
        from cs.request r join cs.revision v on v.request_id = r.id where r.id = any (ids));
create function race.held(ids bigint[], more jsonb default '{}') returns jsonb language sql
    return (select jsonb_agg(jsonb_build_object('worker_id', a.worker_id, 'id', a.id,
        'fence', a.fence, 'bundle_sha256', encode(v.bundle_sha256, 'hex'), 'decision_ids', (
            select jsonb_agg(l.decision_id) from cs.attempt_decision l where l.attempt_id = a.id),
        'remote', jsonb_build_object('usage', '{"cpu": 2, "memory_mib": 512}'::jsonb),
        'outcome', 'succeeded', 'exit_code', 0, 'term_signal', 0, 'cost', jsonb_build_object(
            'kind', 'sandbox', 'provider', 'e2b', 'model', 'race', 'cpu', 2, 'memory_mib', 512,
            'seconds', round((random() * 0.1)::numeric, 3))) || more order by a.id)
        from cs.attempt a join cs.revision v on v.request_id = a.request_id
        where a.request_id = any (ids));

create procedure race.client(people bigint[], teams bigint[], reviewer bigint, worker bigint,
                             batches int, size int) language plpgsql as $$
declare
    ids bigint[];
    runs bigint[];
    refused bigint;
    wrong text;
begin
    for i in 1 .. batches loop
        select array_agg((s.result ->> 'id')::bigint) filter (where s.result ? 'id'),
               count(*) filter (where s.result #>> '{error,code}' = 'budget_exceeded'),
               max(s.result ->> 'error') filter (
                   where s.result #>> '{error,code}' <> 'budget_exceeded')
            into ids, refused, wrong
            from cs.submit_requests((
                select jsonb_agg(race.element(
                    people[1 + (random() * 999)::int % cardinality(people)],
                    teams[1 + (random() * 999)::int % cardinality(teams)]))
                from generate_series(1, size))) s;
        if wrong is not null then
            raise exception 'submit: %', wrong;
        end if;
        insert into race.tally values (coalesce(cardinality(ids), 0), refused, 0, null);
        commit;
        continue when ids is null;
        runs := case i % 8 when 0 then ids[:5] else '{}' end;
        if runs <> '{}' then
            perform race.call('decide_requests', race.decisions(runs, reviewer));
            commit;
            perform from cs.claim_attempts(worker, array(
                select a.id from cs.attempt a where a.request_id = any (runs))::text, 60000);
            commit;
            perform race.call('start_attempts', race.held(runs));
            commit;
            perform race.call('finish_attempts', race.held(runs));
            insert into race.tally values (0, 0, cardinality(runs), null);
            commit;
        end if;
        perform race.call('cancel_requests', (
            select jsonb_agg(jsonb_build_object('id', k, 'actor', jsonb_build_object('person_id',
                (select r.author_id from cs.request r where r.id = k))))
            from unnest(ids) k where k <> all (runs)))
            where cardinality(ids) > cardinality(runs);
        commit;
    end loop;
end
$$;
