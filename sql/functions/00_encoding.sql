-- Small functions that everything else is made of. Those with a `return` body are bound
-- at definition (no search path can change them) and are inlined by the planner.

set search_path = cs, pg_temp;

create or replace function cs.iso(at timestamptz) returns text
    language sql stable parallel safe
    return to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
comment on function cs.iso is 'ISO 8601 in UTC with milliseconds.';

create or replace function cs.fields(parts bytea[]) returns bytea
    language sql stable parallel safe
    return substr(array_send(parts), 21);
comment on function cs.fields is
    'Each part as its length in 4 bytes, big-endian, and its bytes; null as four bytes 0xff. This is
how array_send writes elements, after a head of 20 bytes.';

create or replace function cs.bytes(value text) returns bytea
    language sql stable parallel safe
    return convert_to(value, 'UTF8');
comment on function cs.bytes is 'Text as its bytes in UTF-8.';

create or replace function cs.micros(at timestamptz) returns text
    language sql stable parallel safe
    return (extract(epoch from at) * 1000000)::bigint::text;
comment on function cs.micros is 'Microseconds since 1970 UTC as decimal text, for digests.';

create or replace function cs.hex(value bytea) returns text
    language sql immutable parallel safe
    return encode(value, 'hex');
comment on function cs.hex is 'Lower-case hexadecimal.';

create or replace function cs.fail(code text, message text, field text default '')
    returns void language plpgsql as $$
begin
    raise exception using errcode = 'CS001', message = message, detail = code, hint = field;
end
$$;
comment on function cs.fail is
    'Raises SQLSTATE CS001: the message for people, the stable code as detail, the field as hint.';

create or replace function cs.error_result(code text, message text, field text) returns jsonb
    language sql stable parallel safe
    return jsonb_build_object('error', jsonb_build_object('code', code, 'message', message)
        || case when field <> '' then jsonb_build_object('field', field) else '{}' end);
comment on function cs.error_result is 'One error as an element of a batch: {error: {code, …}}.';

create or replace function cs.error_fail(result jsonb) returns void
    language plpgsql as $$
begin
    perform cs.fail(result -> 'error' ->> 'code', result -> 'error' ->> 'message',
                    coalesce(result -> 'error' ->> 'field', ''));
end
$$;
comment on function cs.error_fail is 'Raises what error_result says.';

create or replace function cs.digest_of(value text, field text) returns bytea
    language plpgsql immutable as $$
begin
    if value is null then
        perform cs.fail('missing_field', field || ' is required', field);
    elsif value !~ '^[0-9a-f]{64}$' then
        perform cs.fail('invalid_field', field || ' must be 64 lower-case hex digits', field);
    end if;
    return decode(value, 'hex');
end
$$;
comment on function cs.digest_of is
    'The 32 bytes of a SHA-256 in hex; missing_field or invalid_field otherwise.';

create or replace function cs.note_text(note text) returns text
    language sql immutable parallel safe
    return btrim(coalesce(note, ''), E' \t\r\n');
comment on function cs.note_text is 'A note without blanks around it.';

create or replace function cs.note_of(item jsonb, required bool) returns text
    language plpgsql immutable as $$
declare
    note text := cs.note_text(item ->> 'note');
begin
    if required and note = '' then
        perform cs.fail('missing_field', 'A note is required', 'note');
    elsif char_length(note) > 10000 then
        perform cs.fail('invalid_field', 'The note may have 10,000 characters at most', 'note');
    end if;
    return note;
end
$$;
comment on function cs.note_of is 'The trimmed note of an element; missing_field, invalid_field.';

create or replace function cs.millis(at timestamptz) returns bigint
    language sql immutable parallel safe
    return floor(extract(epoch from at) * 1000);
comment on function cs.millis is 'Milliseconds since 1970.';

create or replace function cs.at_millis(ms bigint) returns timestamptz
    language sql immutable parallel safe
    return timestamptz 'epoch' + ms * interval '1 millisecond';
comment on function cs.at_millis is 'The time that many milliseconds after 1970 began.';
