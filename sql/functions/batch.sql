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
    return stored.result || '{"replayed": true}';
end
$$;
comment on function cs.replay_find is
    'The stored result of an element that was run before with the same key, else null;
idempotency_in_flight, idempotency_key_reused.';

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

create or replace function cs.batch_check(items jsonb) returns int
    language plpgsql immutable as $$
begin
    if jsonb_array_length(items) > 50 then
        raise exception 'A batch holds at most 50 elements'
            using errcode = 'program_limit_exceeded';
    end if;
    return jsonb_array_length(items);
end
$$;
comment on function cs.batch_check is 'How many elements; more than 50 fail the whole batch.';

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

-- The batched functions are all made from one pattern: the name, the function of one
-- element, and what is locked first.
do $$
declare
    made record;
begin
    for made in select * from (values
        ('submit_requests', 'request_submit', ''),
        ('run_again', 'request_run_again', 'lock_requests'),
        ('revise_requests', 'request_revise', 'lock_requests'),
        ('decide_requests', 'request_decide', 'lock_requests'),
        ('undo_decisions', 'decision_undo', 'lock_requests'),
        ('cancel_requests', 'request_cancel', 'lock_requests'),
        ('settle_requests', 'request_settle', 'lock_requests'),
        ('start_attempts', 'attempt_start', 'lock_requests_of_attempts'),
        ('mark_attempts_running', 'attempt_mark_running', 'lock_requests_of_attempts'),
        ('release_attempts', 'attempt_release', 'lock_requests_of_attempts'),
        ('finish_attempts', 'attempt_finish', 'lock_requests_of_attempts'))
        m (batch, element, locks)
    loop
        execute format($pattern$
create or replace function cs.%1$I(items jsonb) returns table (n int, result jsonb)
    language plpgsql security definer set search_path = cs, pg_temp as $f$
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
$f$;
comment on function cs.%1$I is
    'Batched: array in, one row (n, result) per element, from 0; see cs.%2$s.'
            $pattern$, made.batch, made.element,
            case when made.locks <> '' then format('perform %I(items);', made.locks) end);
    end loop;
end
$$;
