-- Lists of requests. Each finds its ids by an index and a LIMIT first, and joins then.

set search_path = cs, pg_temp;

create or replace function cs.person_json(person_id bigint) returns jsonb
    language plpgsql stable as $$
begin
    return (select jsonb_build_object('id', p.id, 'name', p.name, 'kind', p.kind)
                || case when o.id is null then '{}' else jsonb_build_object('owner',
                       jsonb_build_object('id', o.id, 'name', o.name)) end
            from cs.person p left join cs.person o on o.id = p.owner_id where p.id = $1);
end
$$;
comment on function cs.person_json is '{id, name, kind, owner?: {id, name}}.';

create or replace function cs.team_json(team_id bigint) returns jsonb
    language plpgsql stable as $$
begin
    return (select jsonb_build_object('id', t.id, 'name', t.name) from cs.team t where t.id = $1);
end
$$;
comment on function cs.team_json is '{id, name}.';

create or replace function cs.has_decided(person_id bigint, r cs.request) returns bool
    language plpgsql stable as $$
begin
    return exists (select from cs.decision d where d.request_id = r.id
                   and d.revision = r.revision and d.round = r.round and d.reviewer_id = $1);
end
$$;
comment on function cs.has_decided is 'Whether this person decided in the present round.';

create or replace function cs.can_decide(who cs.person, r cs.request) returns bool
    language plpgsql stable as $$
begin
    return r.state = 'pending' and cs.is_reviewer(who.id, r.team_id)
        and not cs.own_request(r.id, who.id) and not cs.has_decided(who.id, r);
end
$$;
comment on function cs.can_decide is 'Whether a decision of this person would be taken now.';

create or replace function cs.request_summary(r cs.request, who cs.person) returns jsonb
    language plpgsql stable as $$
begin
    return (select jsonb_build_object('id', r.id, 'title', v.title, 'state', r.state,
            'language', v.language, 'revision', r.revision, 'author', cs.person_json(r.author_id),
            'team', cs.team_json(r.team_id), 'files', v.file_count,
            'created_at', cs.iso(r.created_at), 'state_at', cs.iso(r.state_at),
            'can_decide', cs.can_decide(who, r), 'code_lines', v.code_lines,
            'code_bytes', v.code_bytes, 'retry_safe', r.retry_safe,
            'risk', v.risk, 'reason', cs.worst_finding(nullif(v.verdict, '')::jsonb) -> 'title',
            'sandbox', r.backend, 'waiting', cs.request_waiting(r), 'clock', cs.clock_json(r),
            'cost_nano_usd', (select coalesce(sum(c.nano_usd), 0) from cs.cost_span c
                              where c.request_id = r.id and cs.cost_counts(c)))
        || case when r.decided_by is null then '{}' else jsonb_build_object('decided_by',
               (select jsonb_build_object('id', p.id, 'name', p.name) from cs.person p
                where p.id = r.decided_by), 'break_glass', exists (
                select from cs.decision d where d.request_id = r.id and d.revision = r.revision
                and d.round = r.round and d.verdict = 'break_glass')) end
        || case when btrim(v.title) <> '' then '{}' else jsonb_build_object('question',
               (select left(split_part(btrim(t.question, E' \t\n'), E'\n', 1), 200)
                from cs.request_text t where t.request_id = r.id)) end
        from cs.revision v where v.request_id = r.id and v.revision = r.revision);
end
$$;
comment on function cs.request_summary is 'One row of a list of requests.';

create or replace function cs.ids_for_review(
    who cs.person, q text, after_key bigint, most int) returns setof bigint
    language plpgsql stable as $$
begin
    return query select i.id from team_member m
    cross join lateral (
        select r.id, r.review_key from request r
        where r.state = 'pending' and r.team_id = m.team_id and r.review_key > after_key
          and (q is null or request_has(r.id, q)) and not has_decided(who.id, r)
        order by r.review_key limit most) i
    where m.person_id = who.id and 'reviewer' = any (who.roles)
    order by i.review_key limit most;
end
$$;
comment on function cs.ids_for_review is
    'What waits in the teams somebody reviews for, and not for others alone; by risk, the highest
first, then the oldest first. after_key: as cs.review_key has it.';

create or replace function cs.request_has(request_id bigint, q text) returns bool
    language plpgsql stable as $$
begin
    return $1::text = ltrim(q, '#') or exists (
        select from request_text t where t.request_id = $1
          and (position(lower(q) in lower(t.title)) > 0
               or position(lower(q) in lower(t.question)) > 0));
end
$$;
comment on function cs.request_has is
    'Whether these words are in the title or the question, or are the number of the request.';

create or replace function cs.ids_of_author(
    who cs.person, states text[], q text, before_id bigint, most int) returns setof bigint
    language plpgsql stable as $$
begin
    return query select i.id from person a
    cross join lateral (
        select r.id from request r
        where r.author_id = a.id and r.id < before_id
          and (states is null or r.state = any (states)) and (q is null or request_has(r.id, q))
        order by r.id desc limit most) i
    where a.id = who.id or a.owner_id = who.id
    order by i.id desc limit most;
end
$$;
comment on function cs.ids_of_author is
    'What somebody, or an agent of theirs, asked; newest first.';

create or replace function cs.ids_of_teams(
    who cs.person, states text[], q text, before_id bigint, most int) returns setof bigint
    language plpgsql stable as $$
begin
    return query select i.id from team_member m
    cross join lateral (
        select r.id from request r
        where r.team_id = m.team_id and r.id < before_id
          and (states is null or r.state = any (states)) and (q is null or request_has(r.id, q))
        order by r.id desc limit most) i
    where m.person_id = who.id
    order by i.id desc limit most;
end
$$;
comment on function cs.ids_of_teams is 'What was asked in somebody''s teams; newest first.';

create or replace function cs.ids_visible(
    who cs.person, states text[], q text, before_id bigint, most int) returns setof bigint
    language plpgsql stable as $$
begin
    if has_role(who, 'admin') then
        return query select r.id from request r
            where r.id < before_id
              and (states is null or r.state = any (states)) and (q is null or request_has(r.id, q))
            order by r.id desc limit most;
    elsif has_role(who, 'reviewer') then
        return query select u.id from (
            select ids_of_teams(who, states, q, before_id, most)
            union select ids_of_author(who, states, q, before_id, most)) u (id)
            order by u.id desc limit most;
    else
        return query select ids_of_author(who, states, q, before_id, most);
    end if;
end
$$;
comment on function cs.ids_visible is 'All that somebody may see, newest first.';

create or replace function cs.ids_overdue(
    who cs.person, q text, after_id bigint, most int) returns setof bigint
    language plpgsql stable as $$
begin
    return query select r.id from request r cross join lateral request_clock(r) k
        where r.state = 'pending' and k.overdue and r.id > after_id
          and (q is null or request_has(r.id, q)) and can_see(who, r)
        order by r.id limit most;
end
$$;
comment on function cs.ids_overdue is
    'What waits longer than it should and somebody may see, all teams'' for admins; oldest first.';

create or replace function cs.ids_by_glass(
    who cs.person, q text, before_id bigint, most int) returns setof bigint
    language plpgsql stable as $$
begin
    return query select distinct r.id from decision d join request r on r.id = d.request_id
        where d.verdict = 'break_glass' and r.id < before_id
          and (q is null or request_has(r.id, q)) and can_see(who, r)
        order by r.id desc limit most;
end
$$;
comment on function cs.ids_by_glass is
    'What somebody approved alone and this person may see; newest first.';

create or replace function cs.glass_count(who cs.person) returns bigint
    language plpgsql stable as $$
begin
    return case when has_role(who, 'admin') then (
        select count(*) from decision d where d.verdict = 'break_glass'
        and d.decided_at > clock_timestamp() - interval '7 days') else 0 end;
end
$$;
comment on function cs.glass_count is
    'For admins how often the glass was broken within seven days; for others 0.';

create or replace function cs.waiting_for_review(who cs.person) returns bigint
    language plpgsql stable as $$
begin
    return (select count(*) from (select cs.ids_for_review(who, null, 0, 1000)) w);
end
$$;
comment on function cs.waiting_for_review is 'How many wait for this reviewer; counted up to
1,000.';

create or replace function cs.request_list(person_id bigint, filter jsonb) returns jsonb
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
declare
    who person;
    view text := coalesce(filter ->> 'view', 'all');
    states text[] := string_to_array(nullif(filter ->> 'state', ''), ',');
    q text := nullif(btrim(filter ->> 'q'), '');
    most int := least(greatest(coalesce((filter ->> 'limit')::int, 50), 1), 100);
    cursor bigint := (filter ->> 'cursor')::bigint;
    ids bigint[];
begin
    select * into who from person p where p.id = person_id;
    ids := case view
        when 'review' then array(select ids_for_review(who, q, coalesce(cursor, 0), most + 1))
        when 'overdue' then array(select ids_overdue(who, q, coalesce(cursor, 0), most + 1))
        when 'break_glass' then array(select ids_by_glass(who, q,
                                   coalesce(cursor, 9223372036854775807), most + 1))
        when 'mine' then array(select ids_of_author(who, states, q,
                                   coalesce(cursor, 9223372036854775807), most + 1))
        else array(select ids_visible(who, states, q,
                       coalesce(cursor, 9223372036854775807), most + 1)) end;
    return jsonb_build_object(
        'requests', (select coalesce(jsonb_agg(request_summary(r, who) || same_as_json(s.same_as)
                                               order by i.n), '[]')
                     from unnest(ids[:most]) with ordinality i (id, n)
                     join request r on r.id = i.id
                     left join twins(ids[:most]) s on s.id = i.id),
        'next_cursor', case when cardinality(ids) > most then case view when 'review'
            then (select r.review_key from request r where r.id = ids[most])
            else ids[most] end::text end,
        'counts', jsonb_build_object('break_glass', glass_count(who), 'review',
            -- A whole list that fits a page has counted them already.
            case when view = 'review' and q is null and cursor is null and cardinality(ids) <= most
                 then cardinality(ids) else waiting_for_review(who) end, 'mine_open', (
            select count(*) from (select ids_of_author(who, array['drafting', 'needs_answer',
                'pending', 'changes_requested', 'approved', 'running', 'outcome_unknown'], null,
                9223372036854775807, 1000)) m)));
exception when data_exception then
    return error_result('invalid_field', 'cursor and limit are numbers', 'cursor');
end
$$;
comment on function cs.request_list is
    'filter {view: review | mine | all | overdue | break_glass, state: "a,b", q, cursor, limit} →
{requests, next_cursor, counts: {review, mine_open, break_glass}}.';
