-- How what runs hold of budgets is settled by their cost spans and given back, with the commit that
-- ends them. It is written into the holds, which belong to one locked request each, and posted to
-- the accounts at the commit, all accounts in order: no two transactions wait for each other in a
-- circle, and a busy account is locked only while one commits.

set search_path = cs, pg_temp;

create or replace function cs.budget_post() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    due budget_account[] := array(
        select row(h.kind, h.scope_id, h.period, h.starts_at, 0,
                   sum(h.settled - h.posted_settled), sum(h.reserved - h.posted_reserved),
                   '{}')::budget_account
        from budget_hold h
        where h.reserved <> h.posted_reserved or h.settled <> h.posted_settled
        group by h.kind, h.scope_id, h.period, h.starts_at);
begin
    if cardinality(due) = 0 then
        return null;
    end if;
    perform budget_accounts_lock(due);
    update budget_account a set settled = a.settled + d.settled, reserved = a.reserved + d.reserved
        from unnest(due) d where (a.kind, a.scope_id, a.period, a.starts_at)
                               = (d.kind, d.scope_id, d.period, d.starts_at);
    update budget_hold h set posted_reserved = h.reserved, posted_settled = h.settled
        where h.reserved <> h.posted_reserved or h.settled <> h.posted_settled;
    perform budget_tell(array(
        select row(0, 0, 0, b.id, d.kind, d.scope_id, d.period, d.starts_at, b.limit_nano_usd, 0,
                   0)::budget_need
        from unnest(due) d cross join lateral budget_of(d.kind, d.scope_id) b
        where b.period = d.period), '{}');
    return null;
end
$$;
comment on function cs.budget_post is
    'At the commit: brings the accounts to what the holds say. Others'' holds that are not posted
nobody sees.';

create or replace function cs.budget_hold_of_run(a cs.attempt, r cs.request, spent bigint)
    returns void language plpgsql as $$
begin
    insert into budget_hold (request_id, attempt_id, kind, scope_id, period, starts_at)
        select r.id, a.id, s.kind, s.id, coalesce(h.period, b.period),
               coalesce(h.starts_at, period_start(b.period, now()))
        from (values ('team', r.team_id), ('user', r.author_id)) s (kind, id)
        left join lateral budget_of(s.kind, s.id) b on true
        left join lateral (
            select x.period, x.starts_at from budget_hold x
            where x.request_id = r.id and x.attempt_id = 0 and x.kind = s.kind
            order by x.reserved > 0 desc, x.starts_at desc limit 1) h on true
        where (h.period is not null or (b.id is not null and spent > 0)) and not exists (
            select from budget_hold x
            where x.request_id = r.id and x.attempt_id = a.id and x.kind = s.kind)
        on conflict do nothing;
end
$$;
comment on function cs.budget_hold_of_run is
    'Gives a run its holds: where its request has one, or, once it has cost something, in each
budget that is for it today.';

create or replace function cs.budget_settle(attempt_id bigint) returns void
    language plpgsql as $$
declare
    a attempt;
    r request;
    spent bigint;
    is_known bool;
    is_over bool;
begin
    perform pg_advisory_xact_lock_shared(7026, 23); -- budget_set waits for who saw no budget
    select * into a from attempt t where t.id = $1;
    select * into r from request q where q.id = a.request_id;
    if not has_budgets() and not exists (select from budget_hold h where h.request_id = r.id) then
        return;
    end if;
    is_over := run_is_over(a, r);
    select coalesce(sum(c.nano_usd), 0), coalesce(bool_or(c.fence = a.fence), false)
        into spent, is_known from cost_span c
        where c.attempt_id = a.id and c.nano_usd is not null and cost_counts(c)
          and (is_over or a.state <> 'unknown' or c.fence < a.fence);
    perform budget_hold_of_run(a, r, spent);
    perform budget_settle_holds(a, r, spent, case
        when a.started_at is null then 'waits'
        when is_over and is_known then 'done'
        else 'stays' end);
end
$$;
comment on function cs.budget_settle is
    'Brings the holds of a run to what its cost spans say, however often it is asked: what it has
spent is settled, and what is left of the hold goes back once its last cost is known.';

create or replace function cs.run_is_over(a cs.attempt, r cs.request) returns bool
    language sql immutable parallel safe
    return a.state in ('succeeded', 'failed', 'timed_out', 'cancelled')
        or (a.state = 'unknown' and r.state in ('succeeded', 'failed', 'cancelled'));
comment on function cs.run_is_over is
    'Whether nothing more will be known of a run: it ended, or its request did without it.';

create or replace function cs.budget_settle_holds(
    a cs.attempt, r cs.request, spent bigint, way text) returns void
    language plpgsql as $$
declare
    h record;
    paid bigint;
begin
    for h in select distinct on (x.kind) x.*, x.reserved + coalesce(w.reserved, 0) as in_all
             from budget_hold x
             left join budget_hold w on w.request_id = x.request_id and w.attempt_id = 0
                 and (w.kind, w.period, w.starts_at) = (x.kind, x.period, x.starts_at)
             where x.request_id = r.id and x.attempt_id = a.id
             order by x.kind, x.settled > 0 desc, x.reserved > 0 desc, x.starts_at desc loop
        -- A sandbox that ran nothing is paid out of what its request has reserved.
        paid := case way when 'waits' then least(greatest(spent - h.settled, 0), h.in_all)
                         else 0 end;
        update budget_hold x set settled = spent,
                wanted = case way when 'waits' then x.wanted else 0 end,
                reserved = case way when 'stays' then x.reserved else 0 end,
                granted = greatest(x.granted, x.settled + paid)
            where x.request_id = r.id and x.attempt_id = a.id
              and (x.kind, x.period, x.starts_at) = (h.kind, h.period, h.starts_at);
        if way = 'waits' and h.in_all > 0 then
            perform budget_hold_back(h.request_id, h.kind, h.scope_id, h.period, h.starts_at,
                                     h.in_all - paid);
        end if;
    end loop;
end
$$;
comment on function cs.budget_settle_holds is
    'done: what the hold has left goes back. stays: nobody knows the cost, so nothing does. waits:
it has not started, and what is left is its request''s.';

create or replace function cs.budget_hold_back(
    request_id bigint, kind text, scope_id bigint, period text, starts_at timestamptz,
    amount bigint) returns void language plpgsql as $$
begin
    insert into budget_hold as h (request_id, attempt_id, kind, scope_id, period, starts_at,
                                  granted, reserved)
        values ($1, 0, $2, $3, $4, $5, amount, amount)
        on conflict on constraint budget_hold_pkey do update
            set reserved = excluded.reserved, granted = greatest(h.granted, excluded.reserved);
end
$$;
comment on function cs.budget_hold_back is 'What of a run''s hold its request has again.';

create or replace function cs.budget_release(request_id bigint) returns void
    language plpgsql set search_path = cs, pg_temp as $$
declare
    lost bigint;
begin
    update budget_hold h set reserved = 0
        where h.request_id = $1 and h.attempt_id = 0 and h.reserved > 0;
    for lost in select a.id from budget_hold h join attempt a on a.id = h.attempt_id
                where h.request_id = $1 and h.reserved > 0 and a.state = 'unknown'
                group by a.id loop
        perform budget_settle(lost);
    end loop;
end
$$;
comment on function cs.budget_release is
    'What a request that is over gives back: what it held for a run that never came, and what lost
runs held of which no more will be known.';

-- Like request_moves it sets no path: it is asked for each request that ends.
create or replace function cs.request_over() returns trigger
    language plpgsql as $$
begin
    if exists (select from cs.budget_hold h where h.request_id = new.id and h.reserved > 0) then
        perform cs.budget_release(new.id);
    end if;
    return null;
end
$$;
comment on function cs.request_over is 'A request that is over holds nothing of a budget.';

create or replace function cs.run_over() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    perform budget_settle(new.id);
    return null;
end
$$;
comment on function cs.run_over is
    'A run that never started, or was lost and is settled, gives back what it holds.';

create or replace function cs.cost_known() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    perform budget_settle(new.attempt_id);
    return null;
end
$$;
comment on function cs.cost_known is 'What a run has cost is settled with its cost span.';

create or replace trigger request_over after update on cs.request
    for each row when (new.state <> old.state and new.state in (
        'rejected', 'cancelled', 'expired', 'blocked', 'draft_failed', 'succeeded', 'failed'))
    execute function cs.request_over();
create or replace trigger run_over after update on cs.attempt
    for each row when (new.state <> old.state and old.state in ('ready', 'claimed', 'unknown')
        and new.state in ('succeeded', 'failed', 'timed_out', 'cancelled'))
    execute function cs.run_over();
-- What runs on this machine is free, and holds nothing.
create or replace trigger cost_known after insert on cs.cost_span
    for each row when (new.attempt_id is not null
        and (new.nano_usd > 0 or (new.nano_usd = 0 and new.provider <> 'local')))
    execute function cs.cost_known();
drop trigger if exists budget_post on cs.budget_hold; -- a constraint trigger is not replaced
create constraint trigger budget_post after insert or update on cs.budget_hold
    deferrable initially deferred for each row
    when (new.reserved <> new.posted_reserved or new.settled <> new.posted_settled)
    execute function cs.budget_post();
