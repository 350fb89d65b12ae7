-- Moves and audit rows are held row by row again, by triggers that are as cheap for one row as for
-- many: what a step costs by itself is what everybody waits for.

drop trigger if exists audit_event_hash on cs.audit_event;
drop trigger if exists audit_event_check on cs.audit_event;
drop trigger if exists request_stamp on cs.request;
drop trigger if exists request_moves on cs.request;
drop trigger if exists attempt_moves on cs.attempt;
drop function if exists cs.audit_hash(), cs.audit_check(), cs.request_stamp(), cs.request_moves(),
    cs.attempt_moves(), cs.moves_check(text, text[]), cs.move_is_legal(text, text, text),
    cs.bundle_intact(bigint, int);

insert into cs.schema_migration (version, name) values (9, 'row_triggers');
