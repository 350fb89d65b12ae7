-- Runs that a worker lost while their service goes on with them: another worker picks them up and
-- brings evidence with the same fence. It only reads what the run says: no code is sent again.

set search_path = cs, pg_temp;

create or replace function cs.can_be_found(a cs.attempt) returns bool
    language sql stable
    return a.remote is not null and a.remote -> 'adoptable' is distinct from 'false';
comment on function cs.can_be_found is
    'Whether another worker can find the run by its reference, which may be there for its price
alone.';

create or replace function cs.adoption_offer(a cs.attempt) returns void
    language plpgsql as $$
declare
    r request;
    wall_ms bigint;
begin
    select * into r from request where id = a.request_id;
    select v.wall_ms into wall_ms from revision v
        where v.request_id = a.request_id and v.revision = a.revision;
    update attempt set not_before = clock_timestamp(), adopt_until = case
            when r.retry_safe then clock_timestamp() + interval '60 seconds'
            else greatest(clock_timestamp(), a.started_at + wall_ms * interval '1 millisecond')
                 + interval '5 minutes' end
        where id = a.id;
end
$$;
comment on function cs.adoption_offer is
    'From now on a lost run may be adopted: for five minutes after it
must have ended, or for one minute when it may run again anyhow.';

create or replace function cs.adoption_is_held(a cs.attempt) returns bool
    language sql stable
    return a.state = 'unknown' and a.adopt_until is not null
        and coalesce(a.lease_until > clock_timestamp(), false);
comment on function cs.adoption_is_held is 'Whether a worker is watching a lost run just now.';

create or replace function cs.run_is_held(request_id bigint) returns bool
    language plpgsql stable as $$
begin
    return exists (select from cs.attempt a where a.request_id = $1 and a.state = 'unknown'
                   and cs.adoption_is_held(a));
end
$$;
comment on function cs.run_is_held is
    'Whether a worker is watching the lost run of a request just now: it runs on.';

create or replace function cs.adoption_is_open(a cs.attempt) returns bool
    language plpgsql stable as $$
begin
    return a.state = 'unknown' and a.adopt_until is not null
        and (adoption_is_held(a)
             or (a.adopt_until > clock_timestamp() and a.adoptions < 5))
        and evidence_counts(a, (select r from cs.request r where r.id = a.request_id));
end
$$;
comment on function cs.adoption_is_open is
    'Whether evidence about a lost run may still come from its service: its sandbox is needed.';

create or replace function cs.adopt_attempts(
    worker_id bigint, backends text, lease_ms bigint, most int)
    returns table (attempt_id bigint, fence bigint, request_id bigint, revision int,
                   language text, code bytea, title text, manifest jsonb, bundle_sha256 bytea,
                   remote jsonb, adoptions int, started_ms bigint)
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    taken bigint[];
begin
    taken := array(select a.id from attempt a join request r on r.id = a.request_id
        where a.state = 'unknown' and a.adopt_until is not null and a.backend = any ($2::text[])
          and a.not_before <= clock_timestamp() and not adoption_is_held(a) and adoption_is_open(a)
        order by a.id limit least(most, 50) for no key update of r, a skip locked);
    update attempt a set worker_id = $1, adoptions = a.adoptions + 1,
            lease_until = clock_timestamp() + lease_ms * interval '1 millisecond'
        where a.id = any (taken);
    perform audit_add(array(
        select audit_row('request', a.request_id, '{"kind": "worker"}', 'attempt.adopt',
            jsonb_build_object('attempt_id', a.id, 'worker_id', a.worker_id, 'fence', a.fence,
                               'try', a.adoptions))
        from attempt a where a.id = any (taken) order by a.id));
    return query
        select m.attempt_id, m.fence, m.request_id, m.revision, m.language, m.code, m.title,
               m.manifest || jsonb_build_object('event', event_json(r, r.state, 'attempt.adopt')),
               m.bundle_sha256, a.remote, a.adoptions,
               (extract(epoch from clock_timestamp() - a.started_at) * 1000)::bigint
        from attempt_manifests(taken) m
        join attempt a on a.id = m.attempt_id
        join request r on r.id = m.request_id
        order by a.id;
end
$$;
comment on function cs.adopt_attempts is
    'Lost runs of these backends that are now this worker''s to watch, with the fence they have:
one row each as a claim gives it, with an event to announce, and by what to find the run. Nobody
settled them, none came after them, no other worker holds them, and each is tried five times at
most.';

create or replace function cs.adoption_close(a cs.attempt, actor jsonb, why text) returns void
    language plpgsql as $$
begin
    update attempt t set adopt_until = null, lease_until = null, reason = why,
            results_sha256 = results_digest(t.id)
        where t.id = a.id returning * into a;
    perform audit_add(array[audit_row('request', a.request_id, actor, 'attempt.adopt_end',
        jsonb_build_object('attempt_id', a.id, 'fence', a.fence, 'reason', why),
        row_digests => attempt_ends(a))]);
    if evidence_counts(a, (select r from cs.request r where r.id = a.request_id)) then
        perform attempt_retry(a.request_id, a);
    end if;
end
$$;
comment on function cs.adoption_close is
    'The service can not say: it runs again when that is safe, else a person settles.';

create or replace function cs.adoption_end(
    worker_id bigint, attempt_id bigint, fence bigint, reason text, final bool) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    a attempt;
begin
    perform from request r join attempt t on t.request_id = r.id where t.id = $2
        for no key update of r;
    select * into a from attempt t where t.id = $2 and t.fence = $3 and t.worker_id = $1
        for no key update;
    if not found or a.state <> 'unknown' or a.adopt_until is null or a.lease_until is null then
        return false;
    elsif final then
        perform adoption_close(a, '{"kind": "worker"}', left(reason, 200));
    else
        update attempt t set lease_until = null,
                not_before = clock_timestamp() + a.adoptions * interval '2 seconds',
                adoptions = a.adoptions - (not exists (select from output_chunk c
                    where c.attempt_id = a.id and c.fence = a.fence
                      and c.item > 100 * a.adoptions))::int
            where t.id = a.id;
    end if;
    return true;
end
$$;
comment on function cs.adoption_end is
    'The holder of an adoption gives up: for good, or until the service answers again, and then it
was no try unless it stored output (from item 100 * try on); false when it is not its holder any
more.';

create or replace function cs.sweep_adoptions(most int) returns jsonb
    language plpgsql as $$
declare
    a attempt;
    r request;
    events jsonb := '[]';
begin
    for r in select q.* from request q where q.id in (
                select t.request_id from attempt t
                where t.state = 'unknown' and t.adopt_until is not null
                  and not adoption_is_open(t) order by t.not_before limit most)
             order by q.id for no key update skip locked loop
        for a in select * from attempt t where t.request_id = r.id and t.state = 'unknown'
                 and t.adopt_until is not null and not adoption_is_open(t)
                 for no key update skip locked loop
            perform adoption_close(a, '{"kind": "system"}', a.reason);
            events := events || event_json(r, r.state, 'attempt.adopt_end');
        end loop;
    end loop;
    return events;
end
$$;
comment on function cs.sweep_adoptions is 'Ends the offers whose time is over; the events.';
