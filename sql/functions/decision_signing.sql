-- What the api signs of a decision, and whether that is what holds now.

set search_path = cs, pg_temp;

create or replace function cs.decision_terms(request_id bigint) returns jsonb
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
declare
    now_ms bigint := millis(clock_timestamp());
begin
    return (select jsonb_build_object('round', r.round, 'needed', quorum(r.id),
                'decided_ms', now_ms, 'valid_ms', now_ms + v.approval_ms)
            from request r join revision v on v.request_id = r.id and v.revision = r.revision
            where r.id = $1);
end
$$;
comment on function cs.decision_terms is
    'What the api signs beside what a reviewer sends: {round, needed, decided_ms, valid_ms}, by the
clock of the database; null when there is no such request.';

create or replace function cs.signing_fault(d cs.deciding, r cs.request, approval_ms bigint)
    returns text language sql stable
    return case
        when not ((d.round, d.needed, d.decided_ms, d.valid_ms, d.signature, d.key_id) is not null)
            or d.form is distinct from 2
            or d.signature !~ '^[0-9a-f]{128}$' or d.key_id !~ '^[0-9a-f]{16}$'
            or d.valid_ms <> d.decided_ms + approval_ms
            or abs(d.decided_ms - cs.millis(clock_timestamp())) > 60000 then 'unsigned'
        when d.round <> r.round or d.needed <> cs.quorum(r.id) then 'stale_terms' end;
comment on function cs.signing_fault is
    'Why what was signed is not what holds now. Whether the signature is right is for the worker and
for audit verify to say: they have the public key.';
