-- How many people must approve, and of which groups: rows of quorum_rule, by risk and team.

set search_path = cs, pg_temp;

create or replace function cs.request_rules(request_id bigint)
    returns table (group_id bigint, needed int) language plpgsql stable as $$
declare
    team bigint;
    of_risk text;
begin
    select r.team_id, v.risk into team, of_risk from request r
        join revision v on v.request_id = r.id and v.revision = r.revision where r.id = $1;
    return query
        select q.group_id, q.needed from quorum_rule q
        where q.risk = of_risk and coalesce(q.team_id, team) = team
          and (q.team_id is not null or not exists (
              select from quorum_rule o
              where o.risk = of_risk and o.team_id = team and o.group_id is null));
end
$$;
comment on function cs.request_rules is
    'The rules for a request as its team and risk are today: so many distinct people of this group,
or, without a group, of all who may decide. A team''s own rule stands for the one of all teams.';

create or replace function cs.quorum(request_id bigint) returns int
    language plpgsql stable as $$
begin
    return coalesce((select max(q.needed) from request_rules($1) q), 1);
end
$$;
comment on function cs.quorum is 'How many distinct people must approve a request, at least.';

create or replace function cs.quorum_met(request_id bigint, people bigint[]) returns bool
    language plpgsql stable as $$
begin
    return cardinality(people) > 0 and exists (select from request_rules($1)) and not exists (
        select from request_rules($1) q
        where (select count(*) from unnest(people) p (id)
               where q.group_id is null or exists (
                   select from approver m where m.group_id = q.group_id and m.person_id = p.id))
              < q.needed);
end
$$;
comment on function cs.quorum_met is
    'Whether approvals by these distinct people are enough; never without any, nor for what no rule
speaks of: what is blocked.';

create or replace function cs.eligible_people(request_id bigint) returns bigint[]
    language plpgsql stable as $$
declare
    own bigint[] := array(select o.person_id from own_people(array[$1]) o);
    asked bigint[] := array(
        select w.person_id from request r join reviewers() w on w.team_id = r.team_id
        where r.id = $1);
    barred bigint[] := array(
        select b.by_id from behind(own) b
        union select b.person_id from behind(asked) b where b.by_id = any (own));
begin
    return array(select a.id from unnest(asked) a (id) where a.id <> all (barred) order by a.id);
end
$$;
comment on function cs.eligible_people is 'Whose approval of a request would count today.';

create or replace function cs.quorum_json(r cs.request) returns jsonb
    language plpgsql stable as $$
declare
    approved bigint[] := array(select d.reviewer_id from counted_approvals(array[r.id]) k
                               join decision d on d.id = k.decision_id order by d.id);
    eligible bigint[] := eligible_people(r.id);
begin
    return jsonb_build_object('needed', quorum(r.id), 'approved', cardinality(approved),
        'eligible', cardinality(eligible),
        'possible', quorum_met(r.id, apart(eligible, approved)),
        'groups', (
            select coalesce(jsonb_agg(jsonb_build_object('name', g.name, 'needed', q.needed,
                'approved', (select count(*) from approver m
                             where m.group_id = g.id and m.person_id = any (approved)),
                'eligible', (select count(*) from approver m
                             where m.group_id = g.id and m.person_id = any (eligible)))
                order by g.name), '[]')
            from request_rules(r.id) q join approver_group g on g.id = q.group_id));
end
$$;
comment on function cs.quorum_json is
    '{needed, approved, eligible, possible, groups: [{name, needed, approved, eligible}]}: how far
a request is, and whether there are people enough at all.';

create or replace function cs.quorum_warning(request_id bigint) returns jsonb
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
declare
    has jsonb := (select quorum_json(r) from request r where r.id = $1 and r.state = 'pending');
    eligible int := (has ->> 'eligible')::int;
begin
    return case when not (has ->> 'possible')::bool then jsonb_build_object('code', 'no_quorum',
        'message', case eligible when 0 then 'Nobody may approve this' when 1
            then 'Only 1 person may approve this, which is not enough' else format(
            'Only %s people may approve this, which is not enough', eligible) end
            || ': an admin must add reviewers to the team') end;
end
$$;
comment on function cs.quorum_warning is
    '{code: no_quorum, message} of a pending request that too few people may approve; else null.';

-- What the operator's command sets.
create or replace function cs.risk_word(item jsonb) returns text
    language plpgsql immutable as $$
begin
    if coalesce(item ->> 'risk', '') not in ('low', 'medium', 'high') then
        perform fail('invalid_field', 'risk must be low, medium or high', 'risk');
    end if;
    return item ->> 'risk';
end
$$;
comment on function cs.risk_word is 'The risk that an element names; invalid_field.';

create or replace function cs.team_id_named(name text) returns bigint
    language plpgsql stable as $$
begin
    return case when name is not null
        then (team_ids_named(jsonb_build_array(name)) ->> 0)::bigint end;
end
$$;
comment on function cs.team_id_named is 'Id of a team by its name; null for null; not_found teams.';

create or replace function cs.group_named(team_id bigint, name text) returns bigint
    language plpgsql stable as $$
declare
    found_id bigint;
begin
    if name is null then
        return null;
    end if;
    select g.id into found_id from approver_group g
        where g.team_id = $1 and lower(g.name) = lower($2);
    if found_id is null then
        perform fail('not_found', format('This team has no group "%s"', name), 'group');
    end if;
    return found_id;
end
$$;
comment on function cs.group_named is
    'Id of a team''s group by its name; null for null; not_found group.';

create or replace function cs.operator_quorum_set(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    wanted_risk text := risk_word(item);
    team bigint := team_id_named(item ->> 'team');
    of_group bigint := group_named(team, item ->> 'group');
    count_needed int := (item ->> 'needed')::int;
    q quorum_rule;
begin
    if count_needed is null or count_needed not between 0 and 20 then
        perform fail('invalid_field', 'needed must be a number from 0 to 20', 'needed');
    elsif count_needed = 0 and team is null then
        perform fail('invalid_field', 'The rules of all teams need at least 1', 'needed');
    end if;
    perform right_watch('instance', 1, right_differs('instance', 1, rule_digest(x)))
        from quorum_rule x where x.risk = wanted_risk and x.team_id is not distinct from team
            and x.group_id is not distinct from of_group;
    if count_needed = 0 then
        delete from quorum_rule x where x.risk = wanted_risk and x.team_id = team
            and x.group_id is not distinct from of_group returning * into q;
    else
        insert into quorum_rule (team_id, risk, group_id, needed)
            values (team, wanted_risk, of_group, count_needed)
            on conflict (team_id, risk, group_id) do update set needed = excluded.needed
            returning * into q;
    end if;
    perform audit_put('instance', 1, '{"kind": "operator"}', 'quorum.set',
        jsonb_build_object('risk', wanted_risk, 'team_id', team, 'group_id', of_group,
            'needed', count_needed),
        case when count_needed > 0 then rule_digest(q)
             when q.id is not null then right_gone('quorum_rule', q.id) end);
    return operator_quorum();
end
$$;
comment on function cs.operator_quorum_set is
    '{risk, needed, team?, group?} → all rules; needed 0 takes a team''s own rule away; not_found
teams or group, invalid_field risk or needed.';

create or replace function cs.quorum_short(q cs.quorum_rule) returns text
    language plpgsql stable as $$
begin
    return (select string_agg(format('%s has %s', t.name, c.n), ', ' order by t.name)
        from cs.team t cross join lateral (
            select cardinality(apart(array(
                select w.person_id from cs.reviewers() w where w.team_id = t.id
                and (q.group_id is null or exists (
                    select from cs.approver m where m.group_id = q.group_id
                    and m.person_id = w.person_id))), '{}')) as n) c
        where c.n < q.needed and (q.team_id = t.id or q.team_id is null and not exists (
            select from cs.quorum_rule o
            where o.risk = q.risk and o.team_id = t.id and o.group_id is null)));
end
$$;
comment on function cs.quorum_short is
    'The teams that have too few reviewers for a rule, and how many, tied accounts as one; null:
none. Whose request it is never counts, so a team may lack one more.';

create or replace function cs.operator_quorum() returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select coalesce(jsonb_agg(jsonb_build_object('risk', q.risk, 'team', t.name, 'group', g.name,
        'needed', q.needed, 'too_few', quorum_short(q)) order by t.name nulls first, array_position(
            array['low', 'medium', 'high'], q.risk), g.name nulls first), '[]')
    from quorum_rule q left join team t on t.id = q.team_id
    left join approver_group g on g.id = q.group_id
$$;
comment on function cs.operator_quorum is
    '[{risk, team, group, needed, too_few}]; team null: all; too_few: as quorum_short has it.';

create or replace function cs.operator_group_set(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    team bigint := team_id_named(item ->> 'team');
    title text := btrim(coalesce(item ->> 'name', ''));
    people bigint[] := array(select (person_named(l)).id from unnest(texts_of(item -> 'people')) l);
    g approver_group;
begin
    if team is null then
        perform fail('missing_field', 'team is required', 'team');
    elsif title !~ '^[[:alnum:]][[:alnum:] ._-]{0,63}$' then
        perform fail('invalid_field', 'A group''s name has 1 to 64 letters, digits, ._- or spaces',
                     'name');
    end if;
    perform right_watch('instance', 1, right_differs('instance', 1, group_digest(x)))
        from approver_group x where x.team_id = team and lower(x.name) = lower(title);
    insert into approver_group (team_id, name) values (team, title)
        on conflict (team_id, lower(name)) do update set name = excluded.name
        returning * into g;
    delete from approver m where m.group_id = g.id and m.person_id <> all (people);
    insert into approver (group_id, person_id) select g.id, unnest(people)
        on conflict do nothing;
    perform audit_put('instance', 1, '{"kind": "operator"}', 'approvers.set',
        jsonb_build_object('group_id', g.id, 'team_id', team, 'name', title,
            'people', to_jsonb(people)), group_digest(g));
    return operator_groups();
end
$$;
comment on function cs.operator_group_set is
    '{team, name, people: [login]} → all groups: makes a group or gives it these people, and no
others; not_found teams or login, missing_field team, invalid_field name.';

create or replace function cs.operator_groups() returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select coalesce(jsonb_agg(jsonb_build_object('team', t.name, 'name', g.name, 'people', (
        select coalesce(jsonb_agg(p.login order by p.login), '[]')
        from approver m join person p on p.id = m.person_id where m.group_id = g.id))
        order by t.name, g.name), '[]')
    from approver_group g join team t on t.id = g.team_id
$$;
comment on function cs.operator_groups is '[{team, name, people: [login]}].';
