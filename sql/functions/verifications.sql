-- What `countersign audit verify --record` found: a row of the trail like any other. Only the
-- operator writes one; the role that verifies reads.

set search_path = cs, pg_temp;

create or replace function cs.audit_verified() returns jsonb
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
begin
    return (select jsonb_build_object('outcome', e.body -> 'outcome', 'at', iso(e.ts),
                'seal', e.body -> 'seal', 'rows', e.body -> 'rows', 'heads', e.body -> 'heads',
                'duration_ms', e.body -> 'duration_ms', 'why', e.body -> 'why')
            from audit_event e where e.event = 'audit.verified' order by e.id desc limit 1);
end
$$;
comment on function cs.audit_verified is
    '{outcome, at, seal, rows, heads, duration_ms, why} of the newest audit.verified; null: never.';

create or replace function cs.operator_audit_verified(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    -- A seal of a moment before may not have been there yet.
    read_at timestamptz := to_timestamp((item ->> 'read_us')::numeric / 1000000)
                           - interval '5 seconds';
begin
    if (item ->> 'outcome' in ('whole', 'unsealed', 'broken')) is not true then
        perform fail('invalid_field', 'outcome must be whole, unsealed or broken', 'outcome');
    elsif item ->> 'outcome' <> 'broken' and (
            (item ? 'seal' or exists (select from audit_seal))
            and not exists (select from audit_seal s where s.n = (item ->> 'seal')::bigint
                            and hex(s.hash) = item ->> 'hash')
            or exists (select from audit_seal s where s.n > coalesce((item ->> 'seal')::bigint, 0)
                       and (s.sealed_at < read_at) is not false)) then
        perform fail('conflict', 'This is not the database that was verified', 'seal');
    end if;
    perform audit_put('system', 1, '{"kind": "operator"}', 'audit.verified',
        jsonb_strip_nulls(jsonb_build_object('outcome', item -> 'outcome', 'why', item -> 'why',
            'seal', item -> 'seal', 'hash', item -> 'hash', 'rows', item -> 'rows',
            'heads', item -> 'heads', 'duration_ms', item -> 'duration_ms')));
    return audit_verified();
end
$$;
comment on function cs.operator_audit_verified is
    'Records what verify found: {outcome: whole, unsealed or broken, why?, seal?, hash?, rows,
heads, duration_ms, read_us: when, of the clock of what was read} → audit_verified(). conflict: the
seal that it came to is none of this database, or was not its newest then; invalid_field outcome.';
