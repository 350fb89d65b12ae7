-- The accounts that batches lock where their elements are run one by one: each element alone would
-- lock its own, in another order than the next batch. What runs on this machine reserves nothing.

set search_path = cs, pg_temp;

create or replace function cs.budgets_lock(people bigint[], teams bigint[], requests bigint[])
    returns void language plpgsql as $$
begin
    perform budget_accounts_lock(array(
        select row(b.kind, s.id, b.period, period_start(b.period, now()), 0, 0, 0,
                   '{}')::budget_account
        from (select 'team', unnest(teams) union select 'user', unnest(people)) s (kind, id)
        cross join lateral budget_of(s.kind, s.id) b
        union
        select row(h.kind, h.scope_id, h.period, h.starts_at, 0, 0, 0, '{}')::budget_account
        from budget_hold h where h.request_id = any (requests)));
end
$$;
comment on function cs.budgets_lock is
    'Locks the accounts of these people and teams, and those that these requests reserve in.';

create or replace function cs.budgets_lock_of(requests bigint[]) returns void
    language plpgsql as $$
declare
    people bigint[];
    teams bigint[];
begin
    if has_budgets() then
        select array_agg(r.author_id), array_agg(r.team_id) into people, teams
            from request r where r.id = any (requests) and r.backend <> 'local';
        perform budgets_lock(people, teams, requests);
    end if;
end
$$;
comment on function cs.budgets_lock_of is 'Locks the accounts that these requests may reserve in.';

create or replace function cs.ids_of(items jsonb) returns bigint[]
    language plpgsql stable as $$
begin
    return array(select (i ->> 'id')::bigint from jsonb_array_elements(items) i);
end
$$;
comment on function cs.ids_of is 'What the elements of a batch are about.';

create or replace function cs.lock_submissions(items jsonb) returns void
    language plpgsql as $$
declare
    people bigint[] := array(
        select distinct (i -> 'actor' ->> 'person_id')::bigint
        from jsonb_array_elements(items) i where i ->> 'backend' <> 'local');
begin
    if has_budgets() then
        perform budgets_lock(people, array(
            select m.team_id from team_member m where m.person_id = any (people)), '{}');
    end if;
end
$$;
comment on function cs.lock_submissions is
    'Locks the accounts of who submits and of all their teams.';

create or replace function cs.lock_runs_again(items jsonb) returns void
    language plpgsql as $$
declare
    elsewhere bigint[];
begin
    perform lock_requests(items);
    if has_budgets() then
        elsewhere := array(select r.team_id from request r
                           where r.id = any (ids_of(items)) and r.backend <> 'local');
        perform budgets_lock(array(
            select (i -> 'actor' ->> 'person_id')::bigint from jsonb_array_elements(items) i
            where cardinality(elsewhere) > 0), elsewhere, '{}');
    end if;
end
$$;
comment on function cs.lock_runs_again is
    'Locks requests that are to run again, and the accounts of who wants that.';

create or replace function cs.lock_revised(items jsonb) returns void
    language plpgsql as $$
begin
    perform lock_requests(items);
    perform budgets_lock_of(ids_of(items));
end
$$;
comment on function cs.lock_revised is 'Locks requests and the accounts that they reserve in.';

create or replace function cs.lock_starts(items jsonb) returns void
    language plpgsql as $$
begin
    perform authority_hold(); -- first: who changes it may go on to lock requests
    perform lock_requests_of_attempts(items);
    perform budgets_lock_of(array(
        select a.request_id from attempt a where a.id = any (ids_of(items))));
end
$$;
comment on function cs.lock_starts is
    'The same for attempts that are to start, and who may let them.';
