-- The legal moves of a request and an attempt, and the triggers that hold everybody to them.

set search_path = cs, pg_temp;

insert into cs.legal_move (entity, from_state, to_state, actor_kind)
select m.entity, m.from_state, m.to_state, unnest(string_to_array(m.actors, ' '))
from (values
    ('request', '', 'drafting', 'human agent'),
    ('request', '', 'pending', 'human agent'),
    ('request', '', 'blocked', 'human agent'),
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
    ('request', 'pending', 'blocked', 'system'),
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

-- Made from the table: to look a move up there takes ten times as long, and each step asks.
do $make$
begin
    execute format($pattern$
create or replace function cs.move_is_legal(
    entity text, was text, state text, actor_kind text default '')
    returns bool language plpgsql immutable parallel safe as $f$
begin
    return entity || ':' || was || ':' || state || ':' || actor_kind = any (%L::text[]);
end
$f$
$pattern$, (select array_agg(distinct x.move order by x.move) from cs.legal_move m
            cross join lateral (values (m.actor_kind), ('')) k (actor_kind)
            cross join lateral (select m.entity || ':' || m.from_state || ':' || m.to_state || ':'
                                       || k.actor_kind) x (move)));
end
$make$;
comment on function cs.move_is_legal is
    'Whether the table of legal moves has a move, for this kind of actor or, without one, for any.';

create or replace function cs.refuse_move(entity text, was text, state text) returns void
    language plpgsql as $$
begin
    raise exception 'A % can not go from "%" to "%"', entity, was, state using errcode = 'CS002';
end
$$;
comment on function cs.refuse_move is 'Raises SQLSTATE CS002, an illegal move.';

create or replace function cs.request_enters() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    if not move_is_legal('request', '', new.state) then
        perform refuse_move('request', '', new.state);
    end if;
    return new;
end
$$;
comment on function cs.request_enters is 'Lets a request begin only as the legal moves say.';

-- Like audit_chain, this and attempt_moves set no search path: they run for every row.
create or replace function cs.request_moves() returns trigger
    language plpgsql as $$
begin
    if (new.id, new.team_id, new.author_id, new.token_id, new.created_at, new.again_of)
            is distinct from
       (old.id, old.team_id, old.author_id, old.token_id, old.created_at, old.again_of) then
        raise exception 'Who asked for a request, when and for which team never changes'
            using errcode = 'CS002';
    elsif (new.revision, new.round) <> (old.revision, old.round)
            and (new.state <> 'pending' or new.revision < old.revision or new.round < old.round)
    then
        raise exception 'Revision and round only grow, and only into review'
            using errcode = 'CS002';
    elsif new.state <> old.state then
        if not cs.move_is_legal('request', old.state, new.state) then
            perform cs.refuse_move('request', old.state, new.state);
        elsif old.state = 'outcome_unknown' and new.state = 'running' and not new.retry_safe then
            raise exception 'Only a request marked retry_safe runs again by itself'
                using errcode = 'CS002';
        end if;
        new.state_at := clock_timestamp();
    end if;
    if new.state = 'pending' and (new.round, new.state) <> (old.round, old.state) then
        new.waits_since := clock_timestamp();
        new.clock_at := (select least(k.remind_at, k.escalate_at) from cs.request_clock(new) k);
    end if;
    return new;
end
$$;
comment on function cs.request_moves is
    'Holds requests to their legal moves, says since when one is in its state, and starts the clock
of each round of review.';

create or replace trigger request_enters before insert on cs.request
    for each row when (new.state <> 'pending') execute function cs.request_enters();
create or replace trigger request_moves before update on cs.request
    for each row execute function cs.request_moves();
