-- Transitions of a whole batch take the same few statements as one of a single element.

-- An element of a batch about an attempt, with the rows it is about as they were when locked.
-- error: why nothing is done for it, as the caller is told; null otherwise.
create type cs.held as (n int, item jsonb, a cs.attempt, r cs.request, error jsonb);

-- What held each row by itself before; what holds all rows of a statement is in sql/functions/.
drop trigger if exists attempt_move on cs.attempt;
drop trigger if exists request_move on cs.request;
drop trigger if exists request_move_insert on cs.request;
drop trigger if exists audit_event_chain on cs.audit_event;
drop function if exists cs.attempt_move(), cs.request_move(), cs.audit_chain(),
    cs.move_check(text, text, text), cs.attempt_authority(cs.attempt), cs.pause_check(cs.attempt),
    cs.own_people(bigint), cs.attempt_start(jsonb), cs.attempt_mark_running(jsonb),
    cs.attempt_runs(cs.attempt, jsonb), cs.attempt_finish(jsonb),
    cs.attempt_outcome_put(cs.attempt, jsonb, text), cs.output_items_put(cs.attempt, jsonb),
    cs.cost_price(cs.cost_span), cs.price_of(text, text, timestamptz),
    cs.remote_of(jsonb), cs.is_paused(bigint, text),
    cs.attempt_manifest(cs.attempt, cs.revision), cs.attempt_held(jsonb, text[]),
    cs.attempt_refused(cs.attempt, text, text, text),
    cs.output_digest(bigint, bigint, int);

-- Who writes these rows holds the lock of the attempt that they name, and no attempt, request or
-- worker is ever deleted: checking each row once more costs as much as writing it.
alter table cs.output_chunk drop constraint output_chunk_attempt_id_fkey;
alter table cs.output_item drop constraint output_item_attempt_id_fkey;
alter table cs.cost_span drop constraint cost_span_request_id_fkey,
    drop constraint cost_span_attempt_id_fkey;
alter table cs.attempt drop constraint attempt_worker_id_fkey;

insert into cs.schema_migration (version, name) values (7, 'sets');
