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

create or replace function cs.move_check(entity text, from_state text, to_state text)
    returns void language plpgsql as $$
begin
    if not exists (select from legal_move m where m.entity = $1 and m.from_state = $2
                   and m.to_state = $3) then
        raise exception 'A % can not go from "%" to "%"', entity, from_state, to_state
            using errcode = 'CS002';
    end if;
end
$$;
comment on function cs.move_check is 'SQLSTATE CS002 unless the table of legal moves has it.';

create or replace function cs.request_move() returns trigger
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        perform move_check('request', '', new.state);
        return new;
    end if;
    if (new.id, new.team_id, new.author_id, new.token_id, new.created_at, new.again_of)
            is distinct from
            (old.id, old.team_id, old.author_id, old.token_id, old.created_at, old.again_of) then
        raise exception 'Who asked for a request, when and for which team never changes'
            using errcode = 'CS002';
    end if;
    if new.state <> old.state then
        perform move_check('request', old.state, new.state);
        if old.state = 'outcome_unknown' and new.state = 'running' and not new.retry_safe then
            raise exception 'Only a request marked retry_safe runs again by itself'
                using errcode = 'CS002';
        end if;
        new.state_at := clock_timestamp();
    end if;
    if (new.revision, new.round) <> (old.revision, old.round)
            and (new.state <> 'pending' or new.revision < old.revision or new.round < old.round)
    then
        raise exception 'Revision and round only grow, and only into review'
            using errcode = 'CS002';
    end if;
    return new;
end
$$;
comment on function cs.request_move is 'Holds a request to its legal moves; stamps state_at.';

create or replace trigger request_move_insert before insert on cs.request
    for each row when (new.state <> 'pending') execute function cs.request_move();
create or replace trigger request_move before update on cs.request
    for each row execute function cs.request_move();
