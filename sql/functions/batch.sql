-- Batches: each element in an exception block of its own, and at most once per key.

set search_path = cs, pg_temp;

create or replace function cs.replay_lock(person_id bigint, op text, key text) returns void
    language plpgsql as $$
begin
    if not pg_try_advisory_xact_lock(hashtextextended(person_id || ':' || op || ':' || key, 2))
    then
        perform fail('idempotency_in_flight', 'A request with this Idempotency-Key is under way');
    end if;
end
$$;
comment on function cs.replay_lock is 'One at a time per person, function and key;
idempotency_in_flight when another transaction is at it.';

create or replace function cs.replay_find(op text, item jsonb) returns jsonb
    language plpgsql as $$
declare
    sent jsonb := item -> 'idempotency';
    person bigint := (item -> 'actor' ->> 'person_id')::bigint;
    stored record;
begin
    if sent is null or sent = 'null' then
        return null;
    end if;
    perform replay_lock(person, op, sent ->> 'key');
    select i.body_sha256, i.result into stored from idempotency i
        where i.person_id = person and i.route = op and i.key = sent ->> 'key';
    if not found then
        return null;
    elsif stored.body_sha256 is distinct from sent ->> 'body_sha256' then
        perform fail('idempotency_key_reused', 'This Idempotency-Key was used with another body',
                     'Idempotency-Key');
    end if;
    perform actor_of(item, null); -- an old answer, too, is for who may be here now
    return stored.result || '{"replayed": true}';
end
$$;
comment on function cs.replay_find is
    'The stored result of an element that was run before with the same key, else null;
idempotency_in_flight, idempotency_key_reused, unauthenticated.';

create or replace function cs.replay_keep(op text, item jsonb, result jsonb) returns void
    language plpgsql as $$
declare
    sent jsonb := item -> 'idempotency';
begin
    if sent is null or sent = 'null' or result ? 'error' then
        return;
    end if;
    insert into idempotency (person_id, route, key, body_sha256, result)
        values ((item -> 'actor' ->> 'person_id')::bigint, op, sent ->> 'key',
                sent ->> 'body_sha256', result - 'event' - 'push');
end
$$;
comment on function cs.replay_keep is 'Keeps the result of an element that came with a key.';

create or replace function cs.replays_found(op text, items jsonb) returns jsonb
    language plpgsql as $$
begin
    if not jsonb_path_exists(items, '$[*].idempotency') then
        return null;
    elsif exists (select from jsonb_array_elements(items) i where i ? 'idempotency'
                  group by i -> 'actor' -> 'person_id', i -> 'idempotency' -> 'key'
                  having count(*) > 1) then
        -- The second must be told what becomes of the first: one by one, then.
        perform fail('idempotency_in_flight', 'This Idempotency-Key is in the batch twice');
    end if;
    return (select coalesce(jsonb_object_agg(r.n, r.result) filter (where r.result is not null),
                            '{}')
            from (select e.n - 1 as n, replay_find(op, e.item) as result
                  from jsonb_array_elements(items) with ordinality e (item, n)) r);
end
$$;
comment on function cs.replays_found is
    'The stored results of elements that were run before, by n; null when no element has a key.';

create or replace function cs.batch_check(items jsonb) returns int
    language plpgsql stable as $$
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception 'What holds now is asked: begin a transaction that is read committed'
            using errcode = 'active_sql_transaction';
    elsif jsonb_array_length(items) > 50 then
        raise exception 'A batch holds at most 50 elements'
            using errcode = 'program_limit_exceeded';
    end if;
    return jsonb_array_length(items);
end
$$;
comment on function cs.batch_check is
    'How many elements; more than 50 fail the whole batch, and so does a transaction that would
weigh them by what held when it began.';

create or replace function cs.lock_requests(items jsonb) returns void
    language plpgsql as $$
declare
    ids bigint[] := array(select (i ->> 'id')::bigint from jsonb_array_elements(items) i);
begin
    perform from request where id = any (ids) order by id for no key update;
end
$$;
comment on function cs.lock_requests is
    'Locks the requests of a batch in the order of their ids, so that batches never deadlock.';

create or replace function cs.lock_requests_of_attempts(items jsonb) returns void
    language plpgsql as $$
declare
    ids bigint[] := array(select (i ->> 'id')::bigint from jsonb_array_elements(items) i);
begin
    ids := array(select a.request_id from attempt a where a.id = any (ids));
    perform from request where id = any (ids) order by id for no key update;
end
$$;
comment on function cs.lock_requests_of_attempts is
    'The same for a batch of attempts: a request is always locked before its attempts.';

-- The batched functions are made from patterns: of one element at a time, each with what is
-- locked first; and of all elements together, which are run one by one only when one is wrong.
-- Of `once`, elements that come with a key are run at most once.
-- All that they ask is looked up by key, so one plan fits every call: planning anew costs more than
-- the call itself. A plan made while a table was small must not read the whole of it later.
do $$
declare
    made record;
    handlers constant text := $h$
            when sqlstate 'CS001' then
                get stacked diagnostics code = pg_exception_detail, message = message_text,
                    field = pg_exception_hint;
                result := error_result(code, message, field);
            when data_exception then
                result := error_result('invalid_field', 'A value is out of range', '');
            when integrity_constraint_violation then
                get stacked diagnostics field = constraint_name;
                result := error_result('invalid_field', 'A value is not allowed', field);$h$;
    alone constant text := $pattern$
create or replace function cs.%1$I(items jsonb) returns table (n int, result jsonb)
    language plpgsql security definer set search_path = cs, pg_temp
    set plan_cache_mode = force_generic_plan set enable_seqscan = off as $f$
declare
    item jsonb;
    code text;
    field text;
    message text;
begin
    %3$s
    for i in 0 .. batch_check(items) - 1 loop
        n := i;
        item := items -> i;
        begin
            if not item ? 'idempotency' then
                result := %2$I(item);
            else
                result := replay_find(%1$L, item);
                if result is null then
                    result := %2$I(item);
                    perform replay_keep(%1$L, item, result);
                end if;
            end if;
        exception %4$s
        end;
        return next;
    end loop;
end
$f$
$pattern$;
    once constant text := $pattern$
create or replace function cs.%1$I(items jsonb) returns table (n int, result jsonb)
    language plpgsql as $f$
declare
    replays jsonb := replays_found(%2$L, items);
    fresh int[];
begin
    if replays is null then
        return query select * from %3$I(items);
        return;
    end if;
    fresh := array(select i from generate_series(0, jsonb_array_length(items) - 1) i
                   where not replays ? i::text order by i);
    for n, result in
        select fresh[s.n + 1], s.result from %3$I(
            (select coalesce(jsonb_agg(items -> i order by i), '[]') from unnest(fresh) i)) s
    loop
        perform replay_keep(%2$L, items -> n, result);
        return next;
    end loop;
    return query select r.key::int, r.value from jsonb_each(replays) r;
end
$f$
$pattern$;
    together constant text := $pattern$
create or replace function cs.%1$I(items jsonb) returns table (n int, result jsonb)
    language plpgsql security definer set search_path = cs, pg_temp
    set plan_cache_mode = force_generic_plan set enable_seqscan = off as $f$
declare
    code text;
    field text;
    message text;
begin
    perform batch_check(items);
    begin
        return query select * from %2$I(items);
        return;
    exception when sqlstate 'CS001' or data_exception or integrity_constraint_violation then
        %3$s -- in order, as above: one by one they might deadlock with another batch
    end;
    for i in 0 .. jsonb_array_length(items) - 1 loop
        n := i;
        begin
            result := (select s.result from %2$I(jsonb_build_array(items -> i)) s);
        exception %4$s
        end;
        return next;
    end loop;
end
$f$
$pattern$;
begin
    for made in select * from (values
        ('requests_submit_once', 'submit_requests', 'requests_submit'),
        ('requests_decide_once', 'decide_requests', 'requests_decide')) m (name, batch, element)
    loop
        execute format(once, made.name, made.batch, made.element);
        execute format('comment on function cs.%I is %L', made.name, format(
            'cs.%s, of which elements with a key are run at most once.', made.element));
    end loop;
    for made in select * from (values
        ('submit_requests', 'requests_submit_once', together, 'lock_submissions'),
        ('run_again', 'request_run_again', alone, 'lock_runs_again'),
        ('revise_requests', 'request_revise', alone, 'lock_revised'),
        ('decide_requests', 'requests_decide_once', together, 'lock_requests'),
        ('break_glass_requests', 'request_break_glass', alone, 'lock_requests'),
        ('undo_decisions', 'decision_undo', alone, 'lock_requests'),
        ('cancel_requests', 'request_cancel', alone, 'lock_requests'),
        ('settle_requests', 'request_settle', alone, 'lock_requests'),
        ('judge_requests', 'request_judged', alone, 'lock_requests'),
        ('release_attempts', 'attempt_release', alone, 'lock_requests_of_attempts'),
        ('start_attempts', 'attempts_start', together, 'lock_starts'),
        ('mark_attempts_running', 'attempts_mark_running', together, 'lock_requests_of_attempts'),
        ('finish_attempts', 'attempts_finish', together, 'lock_requests_of_attempts'))
        m (batch, element, pattern, locks)
    loop
        execute format(made.pattern, made.batch, made.element,
            case when made.locks <> '' then format('perform %I(items);', made.locks) end,
            handlers);
        execute format('comment on function cs.%I is %L', made.batch, format(
            'Batched: array in, one row (n, result) per element, from 0; see cs.%s.',
            made.element));
    end loop;
end
$$;
