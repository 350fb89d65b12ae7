-- Taking approvals back: by who gave them, or because they ended.

set search_path = cs, pg_temp;

create or replace function cs.decision_undo(item jsonb) returns jsonb
    language plpgsql as $$
declare
    who person := actor_of(item, 'decide');
    r request := request_for(who, (item ->> 'id')::bigint);
    a attempt;
begin
    if not exists (select from decision_of(who, r) d where d.verdict = 'approve')
            and not has_role(who, 'admin') then
        perform fail('wrong_role', 'Only who approved it, and admins, take an approval back');
    elsif not (r.state = 'approved' or r.state = 'pending' and has_approvals(r)) then
        perform fail('wrong_state', format('The request is %s', r.state));
    end if;
    select * into a from attempt where request_id = r.id
        and state in ('ready', 'claimed', 'starting', 'running') for no key update;
    if a.state in ('starting', 'running') then
        perform fail('wrong_state', 'It has started');
    end if;
    perform attempt_drop(a, actor_json(item, who), 'undone');
    perform back_to_review(r, actor_json(item, who), 'decision.undo', '{}');
    return jsonb_build_object('id', r.id, 'state', 'pending',
        'event', event_json(r, 'pending', 'decision.undo'),
        'push', push_json('queue:review', r.id));
end
$$;
comment on function cs.decision_undo is
    '{actor, id} → {id, state}: back to pending with all decisions void, also of what waits for
more approvals; not_found, wrong_role, wrong_state once it has started.';

create or replace function cs.has_approvals(r cs.request) returns bool
    language sql stable
    return exists (select from cs.decision d where d.request_id = r.id
        and d.revision = r.revision and d.round = r.round and d.verdict = 'approve');
comment on function cs.has_approvals is 'Whether somebody has approved in the present round.';

create or replace function cs.back_to_review(r cs.request, actor jsonb, event text, body jsonb)
    returns void language plpgsql as $$
begin
    update request set state = 'pending', round = round + 1, decided_by = null,
            expires_at = greatest(expires_at, clock_timestamp() + interval '7 days')
        where id = r.id;
    if r.state = 'pending' then
        perform audit_put('request', r.id, actor, event, body);
    else
        perform audit_move(r.id, actor, event, 'request', r.state, 'pending', body);
    end if;
end
$$;
comment on function cs.back_to_review is
    'From approved, or from pending with approvals, to pending in a new round of review.';
