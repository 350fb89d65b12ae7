-- The legal moves of a request and an attempt, and the triggers that hold everybody to them.

set search_path = cs, pg_temp;

insert into cs.legal_move (entity, from_state, to_state, actor_kind)
select m.entity, m.from_state, m.to_state, unnest(string_to_array(m.actors, ' '))
from (values
    ('request', '', 'drafting', 'human agent'),
    ('request', '', 'pending', 'human agent'),
    ('request', 'drafting', 'pending', 'worker'),
    ('request', 'drafting', 'blocked', 'worker'),
    ('request', 'drafting', 'draft_failed', 'worker system'),
    ('request', 'drafting', 'needs_answer', 'worker'),
    ('request', 'drafting', 'cancelled', 'human agent'),
    ('request', 'needs_answer', 'drafting', 'human agent'),
    ('request', 'needs_answer', 'cancelled', 'human agent'),
    ('request', 'needs_answer', 'expired', 'system'),
    ('request', 'pending', 'approved', 'human'),
    ('request', 'pending', 'rejected', 'human'),
    ('request', 'pending', 'changes_requested', 'human'),
    ('request', 'pending', 'cancelled', 'human agent'),
    ('request', 'pending', 'expired', 'system'),
    ('request', 'changes_requested', 'pending', 'human agent'),
    ('request', 'changes_requested', 'cancelled', 'human agent'),
    ('request', 'changes_requested', 'expired', 'system'),
    ('request', 'approved', 'pending', 'human worker system'),
    ('request', 'approved', 'running', 'worker system'),
    ('request', 'approved', 'cancelled', 'human agent worker'),
    ('request', 'approved', 'expired', 'worker system'),
    ('request', 'approved', 'failed', 'worker system'),
    ('request', 'running', 'succeeded', 'worker'),
    ('request', 'running', 'failed', 'worker'),
    ('request', 'running', 'cancelled', 'worker'),
    ('request', 'running', 'outcome_unknown', 'worker system'),
    ('request', 'outcome_unknown', 'succeeded', 'human worker'),
    ('request', 'outcome_unknown', 'failed', 'human worker'),
    ('request', 'outcome_unknown', 'running', 'worker system'),
    ('attempt', '', 'ready', 'human system'),
    ('attempt', 'ready', 'claimed', 'worker'),
    ('attempt', 'ready', 'cancelled', 'human agent system'),
    ('attempt', 'ready', 'failed', 'worker system'),
    ('attempt', 'claimed', 'ready', 'worker system'),
    ('attempt', 'claimed', 'starting', 'worker'),
    ('attempt', 'claimed', 'cancelled', 'human agent worker system'),
    ('attempt', 'starting', 'ready', 'worker'),
    ('attempt', 'starting', 'running', 'worker'),
    ('attempt', 'starting', 'unknown', 'worker system'),
    ('attempt', 'running', 'succeeded', 'worker'),
    ('attempt', 'running', 'failed', 'worker'),
    ('attempt', 'running', 'timed_out', 'worker'),
    ('attempt', 'running', 'cancelled', 'worker'),
    ('attempt', 'running', 'unknown', 'worker system'),
    ('attempt', 'unknown', 'succeeded', 'human worker'),
    ('attempt', 'unknown', 'failed', 'human worker'),
    ('attempt', 'unknown', 'timed_out', 'worker'),
    ('attempt', 'unknown', 'cancelled', 'worker')) m (entity, from_state, to_state, actors)
on conflict do nothing;

create or replace function cs.moves_check(entity text, moves text[]) returns void
    language plpgsql as $$
declare
    bad record;
begin
    select moves[i][1] as was, moves[i][2] as state into bad
        from generate_subscripts(moves, 1) i
        where not exists (select from legal_move m where m.entity = $1
                          and m.from_state = moves[i][1] and m.to_state = moves[i][2]) limit 1;
    if found then
        raise exception 'A % can not go from "%" to "%"', entity, bad.was, bad.state
            using errcode = 'CS002';
    end if;
end
$$;
comment on function cs.moves_check is
    'SQLSTATE CS002 unless the table of legal moves has each of {{from, to}, …}.';

create or replace function cs.request_enters() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    perform moves_check('request', array[array['', new.state]]);
    return new;
end
$$;
comment on function cs.request_enters is 'Lets a request begin only as the legal moves say.';

create or replace function cs.request_stamp() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    new.state_at := clock_timestamp();
    return new;
end
$$;
comment on function cs.request_stamp is 'Says since when a request is in its state.';

create or replace function cs.move_is_legal(entity text, was text, state text) returns bool
    language plpgsql stable as $$
begin
    return exists (select from legal_move m
                   where m.entity = $1 and m.from_state = was and m.to_state = state);
end
$$;
comment on function cs.move_is_legal is 'Whether the table of legal moves has a move.';

create or replace function cs.request_moves() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    why text;
begin
    select f.why into why
    from before o full join after n using (id)
    cross join lateral (select case
        when (n.team_id, n.author_id, n.token_id, n.created_at, n.again_of) is distinct from
             (o.team_id, o.author_id, o.token_id, o.created_at, o.again_of)
            then 'Who asked for a request, when and for which team never changes'
        when n.state <> o.state and not move_is_legal('request', o.state, n.state)
            then format('A request can not go from "%s" to "%s"', o.state, n.state)
        when o.state = 'outcome_unknown' and n.state = 'running' and not n.retry_safe
            then 'Only a request marked retry_safe runs again by itself'
        when (n.revision, n.round) <> (o.revision, o.round)
             and (n.state <> 'pending' or n.revision < o.revision or n.round < o.round)
            then 'Revision and round only grow, and only into review' end as why) f
    where f.why is not null limit 1;
    if found then
        raise exception '%', why using errcode = 'CS002';
    end if;
    return null;
end
$$;
comment on function cs.request_moves is 'Holds requests to their legal moves.';

create or replace trigger request_enters before insert on cs.request
    for each row when (new.state <> 'pending') execute function cs.request_enters();
create or replace trigger request_stamp before update on cs.request
    for each row when (new.state <> old.state) execute function cs.request_stamp();
create or replace trigger request_moves after update on cs.request
    referencing old table as before new table as after
    for each statement execute function cs.request_moves();
