-- Approvals that were taken back, or ended: a new round of review.

set search_path = cs, pg_temp;

create or replace function cs.decision_undo(item jsonb) returns jsonb
    language plpgsql as $$
declare
    who person := actor_of(item, 'decide');
    r request := request_for(who, (item ->> 'id')::bigint);
    actor jsonb := actor_json(item, who);
    approved_it bool := exists (select from decision_of(who, r) d where d.verdict = 'approve');
    a attempt;
begin
    if not approved_it and not has_role(who, 'admin') then
        perform fail('wrong_role', 'Only who approved it, and admins, take an approval back');
    end if;
    select * into a from attempt where request_id = r.id
        and state in ('ready', 'claimed', 'starting', 'running') for no key update;
    if a.state in ('starting', 'running') then
        if not approved_it then
            perform fail('wrong_state', 'It has started'); -- admins cancel it
        end if;
        return cancel_running(item || '{"revoked": true}', who, r, a);
    elsif r.state = 'approved' then
        perform attempt_drop(a, actor, 'undone');
        perform back_to_review(r, actor, 'decision.undo', '{}');
    elsif r.state = 'pending' and approved_it then
        perform review_again(r, actor, 'decision.undo');
    else
        perform fail('wrong_state', format('The request is %s', r.state));
    end if;
    return jsonb_build_object('id', r.id, 'state', 'pending',
        'event', event_json(r, 'pending', 'decision.undo'),
        'push', push_json('queue:review', r.id));
end
$$;
comment on function cs.decision_undo is
    '{actor, id} → {id, state, cancelling?}: pending with all decisions void, also when it waits for
another approval; a run that has started is told to stop by who approved it; not_found, wrong_role,
wrong_state.';

create or replace function cs.back_to_review(r cs.request, actor jsonb, event text, body jsonb)
    returns void language plpgsql as $$
begin
    update request set state = 'pending', round = round + 1, decided_by = null,
            expires_at = greatest(expires_at, clock_timestamp() + interval '7 days')
        where id = r.id;
    perform audit_move(r.id, actor, event, 'request', 'approved', 'pending', body);
end
$$;
comment on function cs.back_to_review is 'From approved to pending in a new round of review.';

create or replace function cs.review_again(r cs.request, actor jsonb, event text) returns void
    language plpgsql as $$
begin
    update request set round = round + 1,
            expires_at = greatest(expires_at, clock_timestamp() + interval '7 days')
        where id = r.id;
    perform audit_move(r.id, actor, event, 'request', null, null);
end
$$;
comment on function cs.review_again is
    'A new round of review of what is pending: the approvals that it had are void.';
