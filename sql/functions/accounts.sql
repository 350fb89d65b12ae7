-- Accounts that may be the same person's: whoever makes an account, or resets its credentials, can
-- come in as it. One person is one vote, and none on what is their own.

set search_path = cs, pg_temp;

create or replace function cs.behind(people bigint[])
    returns table (person_id bigint, by_id bigint) language sql stable as $$
    with recursive b (person_id, by_id) as (
        select p, p from unnest(people) p
        union
        select b.person_id, m.by_id from b cross join lateral (
            select p.created_by from cs.person p where p.id = b.by_id
            union all
            select e.by_id from cs.credential_event e where e.person_id = b.by_id
            offset 0) m (by_id)
        where m.by_id is not null)
    select b.person_id, b.by_id from b
$$;
comment on function cs.behind is
    'Of each person: oneself, who made the account or reset its credentials, who did that to those,
and so on: whoever could have come in as that person.';

create or replace function cs.are_tied(one bigint, other bigint) returns bool
    language plpgsql stable as $$
begin
    return exists (select from behind(array[one]) b where b.by_id = other)
        or exists (select from behind(array[other]) b where b.by_id = one);
end
$$;
comment on function cs.are_tied is
    'Whether one of two accounts is behind the other: they may be the same person.';

create or replace function cs.apart(people bigint[], chosen bigint[]) returns bigint[]
    language plpgsql stable as $$
declare
    p record;
begin
    for p in
        with ties as (
            select b.person_id, b.by_id from behind(people || chosen) b
            where b.by_id = any (people || chosen) and b.by_id <> b.person_id)
        select i.id, array(select t.by_id from ties t where t.person_id = i.id
                           union select t.person_id from ties t where t.by_id = i.id) as tied
        from unnest(people) i (id) order by cardinality(array(
            select t.by_id from ties t where t.person_id = i.id
            union select t.person_id from ties t where t.by_id = i.id)), i.id
    loop
        if not chosen @> array[p.id] and not chosen && p.tied then
            chosen := chosen || p.id;
        end if;
    end loop;
    return chosen;
end
$$;
comment on function cs.apart is
    'Those who are chosen, and as many of these people beside them as are tied to nobody of them nor
to one another, those with the fewest ties first.';

create or replace function cs.tied_has_approved(person_id bigint, r cs.request, before_id bigint)
    returns bool language plpgsql stable as $$
begin
    return exists (
        select from (
            select d.id, d.reviewer_id, d.verdict, d.valid_until from decision d
            where d.request_id = r.id and d.revision = r.revision and d.round = r.round offset 0) d
        where d.verdict = 'approve' and d.valid_until > clock_timestamp()
          and d.reviewer_id <> $1 and coalesce(d.id < before_id, true)
          and is_reviewer(d.reviewer_id, r.team_id) and are_tied(d.reviewer_id, $1));
end
$$;
comment on function cs.tied_has_approved is
    'Whether an account that may be the same person''s has approved in the present round; before
that decision, or at all for null.';
