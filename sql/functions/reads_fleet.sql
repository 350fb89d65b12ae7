-- Reads of workers and backends, and why an approved request does not start.

set search_path = cs, pg_temp;

create or replace function cs.worker_is_live(w cs.worker) returns bool
    language sql stable
    return w.stopped_at is null and w.seen_at > clock_timestamp() - interval '20 seconds';
comment on function cs.worker_is_live is 'Whether a worker was heard of within 20 seconds.';

create or replace function cs.backend_reports(backend text)
    returns table (ready bool, breaker text, until text, why_not text)
    language plpgsql stable as $$
begin
    return query select coalesce(b.report ->> 'ready', '') = 'true',
            coalesce(b.report ->> 'breaker', 'closed'), b.report ->> 'until',
            coalesce(b.report ->> 'why_not', '')
        from cs.worker w cross join lateral (select w.backends -> $1) b (report)
        where cs.worker_is_live(w) and jsonb_typeof(b.report) = 'object';
end
$$;
comment on function cs.backend_reports is 'What each live worker says of a backend that it serves.';

create or replace function cs.key_is_refused(backend text) returns bool
    language plpgsql stable as $$
begin
    return exists (select from cs.worker w where cs.worker_is_live(w)
                   and w.backends -> $1 ->> 'refused' = 'true');
end
$$;
comment on function cs.key_is_refused is
    'Whether a live worker says that a service refuses our key.';

create or replace function cs.backend_state(backend text) returns jsonb
    language plpgsql stable as $$
begin
    return (select jsonb_strip_nulls(jsonb_build_object('state', s.state, 'workers', s.workers,
            'until', case s.state when 'breaker_open' then s.until end,
            'refused', case s.state when 'breaker_open' then nullif(cs.key_is_refused($1), false)
                end,
            'message', case when s.state not in ('ready', 'no_worker') then s.why_not end))
        from (select count(*) as workers, max(until) as until, max(nullif(why_not, '')) as why_not,
                case when count(*) = 0 then 'no_worker'
                     when bool_or(ready and breaker = 'closed') then 'ready'
                     when bool_or(ready and breaker = 'half_open') then 'half_open'
                     when bool_and(breaker = 'open') then 'breaker_open'
                     else 'not_ready' end as state
              from cs.backend_reports(backend)) s);
end
$$;
comment on function cs.backend_state is
    '{state: ready | half_open | breaker_open | not_ready | no_worker, workers: how many live ones
serve it, until?, refused?, message?}: what all live workers together say of a backend; refused: it
is left alone because it refuses our key.';

create or replace function cs.attempt_waiting(r cs.request, a cs.attempt) returns jsonb
    language plpgsql stable as $$
declare
    p pause;
    state jsonb;
begin
    select * into p from cs.pause x
        where x.scope in ('all', 'team:' || r.team_id, 'backend:' || a.backend)
        order by x.at limit 1;
    if p.scope is not null then
        return jsonb_build_object('reason', 'paused', 'scope', p.scope, 'message', p.reason,
                                  'since', cs.iso(greatest(p.at, a.created_at)));
    end if;
    if r.judged_version < cs.policy_newest() then
        return jsonb_build_object('reason', 'unjudged', 'since', cs.iso((
            select v.created_at from cs.policy_version v where v.version = cs.policy_newest())));
    end if;
    state := cs.backend_state(a.backend);
    if state ->> 'state' not in ('ready', 'half_open') then
        return (state - 'workers' - 'state') || jsonb_build_object('reason', state -> 'state',
            'since', cs.iso(coalesce(a.release_since, greatest(a.created_at, a.not_before))));
    elsif a.release_reason = 'budget' then
        return jsonb_strip_nulls(jsonb_build_object('reason', 'budget', 'message',
            budget_short(a.id), 'since', cs.iso(a.release_since)));
    elsif a.release_reason <> '' then
        return jsonb_strip_nulls(jsonb_build_object('reason', 'given_back',
            'message', a.release_reason, 'since', cs.iso(a.release_since),
            'until', case when a.not_before > clock_timestamp() then cs.iso(a.not_before) end));
    elsif not exists (select from cs.worker w where cs.worker_is_live(w)
                      and w.backends ? a.backend and not cs.sandbox_differs(a, w.id)) then
        return jsonb_build_object('reason', 'other_sandbox', 'since', cs.iso(a.not_before));
    elsif not exists (select from cs.worker w where cs.worker_is_live(w)
                      and w.backends ? a.backend and w.running < w.slots) then
        return jsonb_build_object('reason', 'no_free_slot', 'since', cs.iso(a.not_before));
    end if;
    return null;
end
$$;
comment on function cs.attempt_waiting is
    'Why a ready attempt that is due does not start; null when nothing stands in its way.';

create or replace function cs.request_waiting(r cs.request) returns jsonb
    language plpgsql stable as $$
declare
    a attempt;
begin
    if r.state not in ('approved', 'outcome_unknown') then
        return null;
    end if;
    select * into a from cs.attempt t where t.request_id = r.id
        order by t.id desc limit 1;
    if a.state = 'unknown' and cs.adoption_is_open(a) then
        return jsonb_build_object('reason', 'reattaching', 'since', cs.iso(a.finished_at),
                                  'until', cs.iso(a.adopt_until),
                                  'held', cs.adoption_is_held(a));
    elsif a.state is distinct from 'ready'
            or (a.fence = 0 and a.not_before > clock_timestamp()) then
        return null;
    end if;
    return cs.attempt_waiting(r, a);
end
$$;
comment on function cs.request_waiting is
    '{reason, since, until?, refused?, message?, scope?, held?} of a request that is to run and
does not: paused, no_worker, breaker_open, not_ready, other_sandbox when no worker has the
packages that were approved, no_free_slot, budget with whose has no room,
given_back with what the worker said as message, or reattaching for a lost run that may still be
found, held while a worker watches it; null otherwise.';

create or replace function cs.worker_attempts(who cs.person, of_worker bigint) returns jsonb
    language plpgsql stable as $$
begin
    return (select jsonb_build_object(
            'attempts', coalesce(jsonb_agg(jsonb_build_object('id', a.id,
                'request_id', a.request_id, 'state', a.state, 'backend', a.backend,
                'fence', a.fence, 'claimed_at', cs.iso(a.claimed_at),
                'started_at', cs.iso(a.started_at), 'adopted', a.state = 'unknown')
                order by a.id) filter (where cs.can_see(who, r)), '[]'),
            'attempts_hidden', count(*) filter (where not cs.can_see(who, r)))
        from (select t.* from cs.attempt t where t.worker_id = of_worker
                  and t.state in ('claimed', 'starting', 'running')
              union all
              select t.* from cs.attempt t where t.worker_id = of_worker
                  and t.state = 'unknown' and t.adopt_until is not null
                  and cs.adoption_is_held(t)) a
        join cs.request r on r.id = a.request_id);
end
$$;
comment on function cs.worker_attempts is
    '{attempts: those that somebody may see, attempts_hidden: how many others} of a worker.';

create or replace function cs.fleet(person_id bigint) returns jsonb
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
declare
    who person;
begin
    select * into who from person p where p.id = $1;
    return jsonb_build_object(
        'workers', (
            select coalesce(jsonb_agg(worker_json(w) || worker_attempts(who, w.id) order by w.id),
                            '[]')
            from worker w
            where w.stopped_at is null or w.stopped_at > clock_timestamp() - interval '1 hour'),
        'backends', (
            select coalesce(jsonb_object_agg(n.name, backend_state(n.name)
                || jsonb_build_object('ready_attempts', (
                    select count(*) from attempt a where a.state = 'ready'
                    and a.backend = n.name))), '{}')
            from unnest(backend_names()) n (name)),
        'pauses', (
            select coalesce(jsonb_agg(pause_json(p) order by p.at), '[]') from pause p
            where p.scope not like 'team:%' or has_role(who, 'admin') or exists (
                select from team_member m where m.person_id = who.id
                and p.scope = 'team:' || m.team_id)));
end
$$;
comment on function cs.fleet is
    '{workers: [… with attempts], backends: {name: {state, workers, until?, message?,
ready_attempts}}, pauses: [{scope, reason, at, by}]}; attempts and teams'' pauses only where one may
see them.';

create or replace function cs.worker_json(w cs.worker) returns jsonb
    language sql stable
    return jsonb_build_object('id', w.id, 'name', w.name, 'version', w.version,
        'slots', w.slots, 'running', w.running, 'backends', w.backends,
        'started_at', cs.iso(w.started_at), 'seen_at', cs.iso(w.seen_at),
        'stopped_at', cs.iso(w.stopped_at), 'alive', cs.worker_is_live(w));
comment on function cs.worker_json is 'A worker as lists show it.';

create or replace function cs.workers_list() returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select coalesce(jsonb_agg(worker_json(w) order by w.id), '[]')
    from worker w where w.stopped_at is null or w.stopped_at > clock_timestamp() - interval '1 hour'
$$;
comment on function cs.workers_list is 'Workers that run, or stopped less than an hour ago.';

create or replace function cs.metrics() returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select jsonb_build_object(
        'requests', (select coalesce(jsonb_object_agg(c.state, c.n), '{}') from (
            select r.state, count(*) as n from request r
            where r.state in ('pending', 'changes_requested', 'needs_answer', 'approved')
            group by r.state
            union all select 'outcome_unknown', count(*) from request r
                      where r.state = 'outcome_unknown') c),
        'attempts', (select jsonb_build_object(
            'ready', (select count(*) from attempt a where a.state = 'ready'),
            'claimed', count(*) filter (where a.state = 'claimed'),
            'starting', count(*) filter (where a.state = 'starting'),
            'running', count(*) filter (where a.state = 'running'))
            from attempt a where a.state in ('claimed', 'starting', 'running')),
        'backend_attempts', (
            select jsonb_agg(jsonb_build_object('backend', b.name, 'state', s.state,
                                                'value', coalesce(n.count, 0)))
            from unnest(backend_names()) b (name)
            cross join unnest(array['ready', 'claimed', 'starting', 'running']) s (state)
            left join (
                select a.state, a.backend, count(*) from attempt a where a.state = 'ready'
                    group by a.state, a.backend
                union all
                select a.state, a.backend, count(*) from attempt a
                    where a.state in ('claimed', 'starting', 'running')
                    group by a.state, a.backend) n on n.state = s.state and n.backend = b.name),
        'backend_state', (
            select jsonb_agg(jsonb_build_object('backend', b.name, 'state', s.state,
                'value', (backend_state(b.name) ->> 'state' = s.state)::int))
            from unnest(backend_names()) b (name)
            cross join unnest(array['ready', 'half_open', 'breaker_open', 'not_ready',
                                    'no_worker']) s (state)),
        'janitor_deleted_total', (
            select jsonb_agg(jsonb_build_object('backend', b.name, 'value', coalesce((
                select j.deleted from janitor j where j.backend = b.name), 0)))
            from unnest(backend_names()) b (name)),
        'paused', (select count(*) from pause),
        'workers', (select count(*) from worker w where w.stopped_at is null),
        'slots', (select coalesce(sum(w.slots), 0) from worker w where w.stopped_at is null),
        'break_glass_total', (
            select count(*) from decision d where d.verdict = 'break_glass'),
        'requests_overdue', (select count(*) from request r cross join lateral request_clock(r) k
                             where r.state = 'pending' and k.overdue),
        'oldest_pending_seconds', (select coalesce(ceil(extract(epoch from
            clock_timestamp() - min(k.waits_since))), 0)
            from request r cross join lateral request_clock(r) k where r.state = 'pending'))
$$;
comment on function cs.metrics is
    'Numbers of what is live, {name: number}, {name: {state: number}} or {name: [{labels…, value}]}:
requests and attempts by state, attempts and state of each backend, deleted sandboxes, pauses,
workers, slots, break_glass_total, requests_overdue,
oldest_pending_seconds.';
