-- Runs the elements of a batch, each in an exception block of its own.

create or replace function cs.run_element(op text, item jsonb) returns jsonb
    language plpgsql set search_path = cs, pg_temp as $$
begin
    case op
        when 'submit_requests' then return request_submit(item);
        when 'revise_requests' then return request_revise(item);
        when 'decide_requests' then return request_decide(item);
        when 'undo_decisions' then return decision_undo(item);
        when 'cancel_requests' then return request_cancel(item);
        when 'settle_requests' then return request_settle(item);
        when 'run_again' then return request_run_again(item);
        when 'start_attempts' then return attempt_start(item);
        when 'mark_attempts_running' then return attempt_mark_running(item);
        when 'release_attempts' then return attempt_release(item);
        when 'finish_attempts' then return attempt_finish(item);
    end case;
end
$$;
comment on function cs.run_element is 'One element of the batched function of that name.';

create or replace function cs.run_once(op text, item jsonb) returns jsonb
    language plpgsql set search_path = cs, pg_temp as $$
declare
    person bigint := (item -> 'actor' ->> 'person_id')::bigint;
    sent record;
    stored record;
    result jsonb;
begin
    select item -> 'idempotency' ->> 'key' as key,
           item -> 'idempotency' ->> 'body_sha256' as body into sent;
    if not pg_try_advisory_xact_lock(hashtextextended(person || ':' || op || ':' || sent.key, 2))
    then
        perform fail('idempotency_in_flight', 'A request with this Idempotency-Key is under way');
    end if;
    select i.body_sha256, i.result into stored from idempotency i
        where i.person_id = person and i.route = op and i.key = sent.key;
    if found then
        if stored.body_sha256 is distinct from sent.body then
            perform fail('idempotency_key_reused',
                         'This Idempotency-Key was used with another body', 'Idempotency-Key');
        end if;
        return stored.result || '{"replayed": true}';
    end if;
    result := run_element(op, item);
    if not result ? 'error' then
        insert into idempotency (person_id, route, key, body_sha256, result)
            values (person, op, sent.key, sent.body, result - 'event' - 'push');
    end if;
    return result;
end
$$;
comment on function cs.run_once is
    'Runs an element once per person, function and key; idempotency_in_flight or
idempotency_key_reused otherwise.';

create or replace function cs.lock_requests(op text, items jsonb) returns void
    language plpgsql set search_path = cs, pg_temp as $$
begin
    if op = 'submit_requests' or op = 'run_again' then
        return;
    elsif op like '%attempts%' then
        perform from request where id in (
            select a.request_id from jsonb_array_elements(items) i
            join attempt a on a.id = (i ->> 'id')::bigint) order by id for no key update;
    else
        perform from request where id in (
            select (i ->> 'id')::bigint from jsonb_array_elements(items) i)
            order by id for no key update;
    end if;
end
$$;
comment on function cs.lock_requests is
    'Locks the requests of a batch in the order of their ids, so that batches never deadlock.';

create or replace function cs.run_batch(op text, items jsonb)
    returns table (n int, result jsonb) language plpgsql set search_path = cs, pg_temp as $$
declare
    item jsonb;
    code text;
    field text;
    message text;
begin
    if jsonb_array_length(items) > 50 then
        raise exception 'A batch holds at most 50 elements' using errcode = 'program_limit_exceeded';
    end if;
    perform lock_requests(op, items);
    for i in 0 .. jsonb_array_length(items) - 1 loop
        n := i;
        item := items -> i;
        begin
            if item ? 'idempotency' then
                result := run_once(op, item);
            else
                result := run_element(op, item);
            end if;
        exception
            when sqlstate 'CS001' then
                get stacked diagnostics code = pg_exception_detail, message = message_text,
                    field = pg_exception_hint;
                result := error_result(code, message, field);
            when data_exception then
                result := error_result('invalid_field', 'A value is out of range', '');
            when integrity_constraint_violation then
                get stacked diagnostics field = constraint_name;
                result := error_result('invalid_field', 'A value is not allowed', field);
        end;
        return next;
    end loop;
end
$$;
comment on function cs.run_batch is
    'One row per element, from 0: its result, or {error} for our own errors and bad data.';

do $$
declare
    name text;
begin
    foreach name in array array['submit_requests', 'revise_requests', 'decide_requests',
            'undo_decisions', 'cancel_requests', 'settle_requests', 'run_again',
            'start_attempts', 'mark_attempts_running', 'release_attempts', 'finish_attempts'] loop
        execute format('create or replace function cs.%1$I(items jsonb)
            returns table (n int, result jsonb) language plpgsql security definer
            set search_path = cs, pg_temp
            as $f$ begin return query select * from cs.run_batch(%1$L, items); end $f$', name);
        execute format('comment on function cs.%I is %L', name,
            'Batched: array in, one row (n, result) per element; see the function of one element.');
    end loop;
end
$$;
