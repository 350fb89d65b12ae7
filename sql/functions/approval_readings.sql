-- What is known of the reading before a decision. When the server first sent the code to somebody
-- it knows; how much of it they looked at is what their page says: nothing is allowed for that.

set search_path = cs, pg_temp;

create or replace function cs.shown_at(request_id bigint, revision int, person_id bigint)
    returns timestamptz language plpgsql stable as $$
begin
    return (select min(e.ts) from audit_event e
            where e.entity = 'reading' and e.entity_id = $1 and e.actor_id = $3
              and e.event = 'request.seen' and (e.body ->> 'revision')::int = $2);
end
$$;
comment on function cs.shown_at is
    'When somebody was first sent the code of a revision; null: never, as far as is recorded.';

create or replace function cs.reading_left(d cs.deciding, r cs.request) returns interval
    language plpgsql stable as $$
begin
    return shown_at(r.id, r.revision, (d.actor ->> 'person_id')::bigint)
        + make_interval(secs => d.review_min_seconds) - clock_timestamp();
end
$$;
comment on function cs.reading_left is
    'How long this person must still have the code before an approval; null: it was never sent.';

create or replace function cs.reading_fault(
    d cs.deciding, approves bool, r cs.request, code_bytes bigint) returns text
    language sql stable
    return case
        when d.seen_bytes > code_bytes then 'seen_bytes'
        when approves and d.review_min_seconds > 0
            and coalesce(cs.reading_left(d, r) > interval '0', true) then 'too_soon' end;
comment on function cs.reading_fault is
    'seen_bytes: more than there is; too_soon: an approval by who was sent the code less than
review_min_seconds ago, or never.';

create or replace function cs.reading_error(fault text, d cs.deciding, r cs.request) returns jsonb
    language plpgsql stable as $$
declare
    seconds int := ceil(extract(epoch from reading_left(d, r)));
begin
    return case fault
        when 'seen_bytes' then error_result('invalid_field',
            'seen_bytes is more than this version has', 'seen_bytes')
        when 'too_soon' then error_result('too_soon', case when seconds is null
            then 'This version was not sent to you: open it, and read it'
            else format('Read for %s more before you approve', case greatest(seconds, 1)
                when 1 then '1 second' else seconds || ' seconds' end) end, '') end;
end
$$;
comment on function cs.reading_error is 'What is answered to a reading_fault; else null.';
