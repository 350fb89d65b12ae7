-- What runs reserve of budgets before they may cost anything: taken from the accounts at once,
-- under the condition that it fits.

set search_path = cs, pg_temp;

create or replace function cs.budget_want_of(n int, v cs.revision, team_id bigint)
    returns cs.budget_want language sql immutable parallel safe
    return row(n, v.request_id, 0, v.editor_id, team_id, v.sandbox, v.image, v.wall_ms,
               null)::cs.budget_want;
comment on function cs.budget_want_of is 'What a new request is to reserve.';

create or replace function cs.budget_needs(wants cs.budget_want[]) returns setof cs.budget_need
    language sql stable as $$
    select w.n, w.request_id, w.attempt_id, b.id, s.kind, s.id, b.period,
           coalesce(h.starts_at, cs.period_start(b.period, now())), b.limit_nano_usd,
           coalesce(h.has, 0), coalesce(m.most, 0)
    from unnest(wants) w
    cross join lateral cs.run_bound(w.backend, w.image, w.size, w.wall_ms) m (most)
    cross join lateral (values ('team', w.team_id), ('user', w.person_id)) s (kind, id)
    cross join lateral cs.budget_of(s.kind, s.id) b
    left join lateral (
        select x.starts_at, sum(x.reserved)::bigint as has from cs.budget_hold x
        where x.request_id = w.request_id and x.attempt_id in (0, w.attempt_id)
          and x.kind = s.kind and x.period = b.period and x.reserved > 0
        group by x.starts_at order by x.starts_at desc limit 1) h on true
    where m.most > 0 or h.has > 0
$$;
comment on function cs.budget_needs is
    'What must be reserved of which account: of the period in which the request has reserved
something before, else of today''s. Nothing for what costs nothing, or nobody knows what.';

create or replace function cs.budget_accounts_lock(keys cs.budget_account[]) returns void
    language plpgsql as $$
begin
    insert into budget_account (kind, scope_id, period, starts_at)
        select k.kind, k.scope_id, k.period, k.starts_at from unnest(keys) k
        where not exists (
            select from budget_account a where (a.kind, a.scope_id, a.period, a.starts_at)
                                             = (k.kind, k.scope_id, k.period, k.starts_at))
        order by k.kind, k.scope_id, k.period, k.starts_at
        on conflict do nothing;
    perform from unnest(keys) k
        join budget_account a on (a.kind, a.scope_id, a.period, a.starts_at)
                               = (k.kind, k.scope_id, k.period, k.starts_at)
        order by a.kind, a.scope_id, a.period, a.starts_at for no key update of a;
end
$$;
comment on function cs.budget_accounts_lock is
    'Makes those accounts that are not there yet and locks all, in one order for everybody.';

create or replace function cs.budget_take(needs cs.budget_need[]) returns cs.budget_need
    language plpgsql as $$
declare
    taken budget_need[] := '{}';
    k budget_need;
begin
    foreach k in array needs loop
        -- What was held before stays good when the limit has been lowered since.
        update budget_account a set reserved = a.reserved + greatest(k.wanted - k.has, 0)
            where (a.kind, a.scope_id, a.period, a.starts_at)
                = (k.kind, k.scope_id, k.period, k.starts_at)
              and (k.wanted <= k.has
                   or a.settled + a.reserved + k.wanted - k.has <= k.limit_nano_usd);
        if not found then
            update budget_account a set reserved = a.reserved - greatest(t.wanted - t.has, 0)
                from unnest(taken) t where (a.kind, a.scope_id, a.period, a.starts_at)
                                         = (t.kind, t.scope_id, t.period, t.starts_at);
            return k;
        end if;
        taken := taken || k;
    end loop;
    return null;
end
$$;
comment on function cs.budget_take is
    'Reserves in all of these locked accounts or in none; the first in which it does not fit, else
null.';

create or replace function cs.budget_holds_put(needs cs.budget_need[]) returns void
    language plpgsql as $$
begin
    -- What the request held is from now on its run's.
    update budget_hold h set reserved = 0, posted_reserved = 0
        from unnest(needs) k
        where h.request_id = k.request_id and h.attempt_id = 0 and k.attempt_id > 0
          and (h.kind, h.period, h.starts_at) = (k.kind, k.period, k.starts_at);
    insert into budget_hold as h (request_id, attempt_id, kind, scope_id, period, starts_at,
                                  granted, reserved, posted_reserved)
        select k.request_id, k.attempt_id, k.kind, k.scope_id, k.period, k.starts_at, m.most,
               m.most, m.most
        from unnest(needs) k cross join lateral (select greatest(k.has, k.wanted)) m (most)
        on conflict (request_id, attempt_id, kind, period, starts_at) do update
            set reserved = excluded.reserved, posted_reserved = excluded.reserved, wanted = 0,
                granted = greatest(h.granted, h.settled + excluded.reserved);
end
$$;
comment on function cs.budget_holds_put is 'Writes down what was taken for a request or a run.';

create or replace function cs.budget_hold_wants(k cs.budget_need) returns void
    language plpgsql as $$
begin
    insert into budget_hold (request_id, attempt_id, kind, scope_id, period, starts_at, wanted)
        values (k.request_id, k.attempt_id, k.kind, k.scope_id, k.period, k.starts_at, k.wanted)
        on conflict (request_id, attempt_id, kind, period, starts_at) do update
            set wanted = excluded.wanted;
end
$$;
comment on function cs.budget_hold_wants is 'Writes down what did not fit when a run was to start.';

create or replace function cs.budget_reserve(wants cs.budget_want[])
    returns table (n int, error jsonb) language plpgsql as $$
declare
    needs budget_need[];
    refused budget_need[] := '{}';
    mine budget_need[];
    short budget_need;
begin
    if not has_budgets() then
        return;
    end if;
    needs := array(select k from budget_needs(wants) k order by k.n, k.kind);
    perform budget_accounts_lock(array(
        select distinct row(k.kind, k.scope_id, k.period, k.starts_at, 0, 0, 0,
                            '{}')::budget_account
        from unnest(needs) k));
    for n in select distinct k.n from unnest(needs) k order by 1 loop
        mine := array(select k from unnest(needs) k where k.n = budget_reserve.n order by k.kind);
        short := budget_take(mine);
        if short.n is null then
            perform budget_holds_put(mine);
        else
            refused := refused || short;
            if short.attempt_id > 0 then
                perform budget_hold_wants(short);
            end if;
            error := budget_error(short);
            return next;
        end if;
    end loop;
    perform budget_tell(needs, refused);
end
$$;
comment on function cs.budget_reserve is
    'Reserves for each want the most that it may cost, in the budgets of its person and its team; a
row for each that does not fit, which has reserved nothing. Nothing is asked where no budget is
set.';

create or replace function cs.budget_revise(r cs.request, v cs.revision) returns void
    language plpgsql as $$
declare
    w budget_want := budget_want_of(0, v, r.team_id);
    refusal jsonb;
begin
    w.person_id := r.author_id;
    select b.error into refusal from budget_reserve(array[w]) b;
    if found then
        perform error_fail(refusal);
    end if;
    update budget_hold h set reserved = least(h.reserved, k.wanted)
        from budget_needs(array[w]) k
        where h.request_id = r.id and h.attempt_id = 0 and k.wanted > 0
          and (h.kind, h.period, h.starts_at) = (k.kind, k.period, k.starts_at);
end
$$;
comment on function cs.budget_revise is
    'Reserves for a revision what it may cost now; gives back what that is less; budget_exceeded.';

create or replace function cs.budget_lacks(attempt_id bigint) returns bool
    language plpgsql stable as $$
declare
    a attempt;
    r request;
    v revision;
begin
    select * into a from attempt t where t.id = $1 and t.state = 'starting';
    select * into r from request q where q.id = a.request_id;
    select * into v from revision x where x.request_id = a.request_id and x.revision = a.revision;
    return exists (
        select from budget_needs(array[row(0, r.id, a.id, r.author_id, r.team_id, a.backend,
            v.image, v.wall_ms, a.remote -> 'usage')::budget_want]) k
        where k.has < k.wanted);
end
$$;
comment on function cs.budget_lacks is
    'Whether less is reserved for a run that starts than it may cost, in any budget for it.';

create or replace function cs.budget_shorts(attempt_id bigint) returns setof cs.budget_need
    language sql stable as $$
    select 0, h.request_id, h.attempt_id, b.id, h.kind, h.scope_id, h.period, h.starts_at,
           b.limit_nano_usd, h.reserved + coalesce(w.reserved, 0), h.wanted
    from cs.attempt t
    join cs.budget_hold h on h.request_id = t.request_id and h.attempt_id = t.id
    cross join lateral cs.budget_of(h.kind, h.scope_id) b
    join cs.budget_account a on (a.kind, a.scope_id, a.period, a.starts_at)
                              = (h.kind, h.scope_id, h.period, h.starts_at)
    left join cs.budget_hold w on w.request_id = h.request_id and w.attempt_id = 0
        and (w.kind, w.period, w.starts_at) = (h.kind, h.period, h.starts_at)
    where t.id = $1 and h.wanted > 0 and b.period = h.period
      and (h.starts_at = cs.period_start(b.period, now()) or h.reserved + w.reserved > 0)
      and a.settled + a.reserved + h.wanted - h.reserved - coalesce(w.reserved, 0)
          > b.limit_nano_usd
$$;
comment on function cs.budget_shorts is
    'Which budgets have no room, still, for a run that they had none for when it was to start.';

create or replace function cs.budget_has_room(attempt_id bigint) returns bool
    language plpgsql stable as $$
begin
    return not exists (select from budget_shorts($1));
end
$$;
comment on function cs.budget_has_room is
    'Whether a run that no budget had room for may try again: it has now, or its period is over.';

create or replace function cs.budget_short(attempt_id bigint) returns text
    language plpgsql stable as $$
begin
    return (select budget_error(k) #>> '{error,message}' from budget_shorts($1) k
            order by k.kind limit 1);
end
$$;
comment on function cs.budget_short is
    'Which budget a run waits for, in words; null: none any more.';

create or replace function cs.budget_error(k cs.budget_need) returns jsonb
    language plpgsql stable as $$
declare
    a budget_account;
    until timestamptz := period_end(k.period, k.starts_at);
begin
    select * into a from budget_account x where (x.kind, x.scope_id, x.period, x.starts_at)
        = (k.kind, k.scope_id, k.period, k.starts_at);
    return jsonb_set(error_result('budget_exceeded', format(
        'The budget of %s has no room for this%s: of $%s, $%s are spent and $%s reserved, and this'
        || ' may cost $%s', budget_scope_name(k.kind, k.scope_id),
        ' until ' || to_char(until at time zone 'UTC', 'FMDD Mon YYYY'),
        usd_text(k.limit_nano_usd), usd_text(a.settled), usd_text(a.reserved),
        usd_text(k.wanted)), ''), '{error,retry_after}',
        to_jsonb(coalesce(ceil(extract(epoch from until - clock_timestamp()))::bigint, 3600)));
end
$$;
comment on function cs.budget_error is
    'budget_exceeded, in words with scope, limit, spent, reserved and the end of the period, which
is retry_after, too.';
