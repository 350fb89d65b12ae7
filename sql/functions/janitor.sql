-- Sandboxes at services that nobody owns any more.

set search_path = cs, pg_temp;

create or replace function cs.sandbox_is_owned(attempt_id bigint, fence bigint, grace_ms bigint)
    returns bool language plpgsql stable as $$
declare
    a attempt;
begin
    select * into a from cs.attempt t where t.id = $1 and t.fence = $2;
    return case when not found then false
        when a.state in ('claimed', 'starting', 'running') then true
        when adoption_is_open(a) then true
        else coalesce(a.finished_at > clock_timestamp() - $3 * interval '1 millisecond', false) end;
end
$$;
comment on function cs.sandbox_is_owned is
    'Whether the attempt of this fence goes on, may still be adopted, or ended within the grace.';

create or replace function cs.orphans(found jsonb, grace_ms bigint) returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select coalesce(jsonb_agg(f.remote_id order by f.remote_id), '[]')
    from jsonb_to_recordset(found) f (attempt bigint, fence bigint, remote_id text)
    where f.remote_id is not null and not sandbox_is_owned(f.attempt, f.fence, grace_ms)
$$;
comment on function cs.orphans is
    '[{attempt, fence, remote_id, age_ms}] as a service lists ours → the remote_ids that no attempt
owns; those of an attempt that ended less than grace_ms ago are left to its own worker.';

create or replace function cs.janitor_deleted(worker_id bigint, backend text, deleted int)
    returns bool language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    if deleted <= 0 then
        return false;
    end if;
    insert into janitor as j values ($2, $3)
        on conflict on constraint janitor_pkey do update set deleted = j.deleted + excluded.deleted;
    perform audit_put('worker', worker_id, '{"kind": "worker"}', 'janitor.deleted',
                      jsonb_build_object('backend', $2, 'deleted', $3));
    return true;
end
$$;
comment on function cs.janitor_deleted is 'Counts sandboxes without an owner that were deleted.';
