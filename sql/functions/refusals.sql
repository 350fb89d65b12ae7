-- What the audit trail keeps of decisions that were refused: who tried what they may not.

set search_path = cs, pg_temp;

create or replace function cs.refusals_enough(person_id bigint) returns bool
    language plpgsql stable as $$
begin
    return coalesce((select e.ts > clock_timestamp() - interval '1 minute' from audit_event e
        where e.event = 'decision.refused' and e.actor_id = $1
        order by e.id desc offset 59 limit 1), false);
end
$$;
comment on function cs.refusals_enough is
    'Whether the audit trail took 60 refusals of a person within a minute: who only tries must not
fill the disk with them.';

create or replace function cs.refusal_row(
    fault text, who cs.person, r cs.request, actor jsonb, verdict text) returns cs.audit_event
    language plpgsql stable as $$
begin
    if fault = any (array['own_request', 'same_hands', 'wrong_role', 'forbidden', 'off', 'session',
                          'second_factor_missing', 'no_factor', 'not_fresh', 'fresh', 'unread',
                          'too_soon', 'stale_digest', 'digest', 'unsigned'])
            and not refusals_enough(who.id) then
        return audit_row('request', r.id, actor, 'decision.refused',
                         jsonb_build_object('code', fault, 'verdict', verdict));
    end if;
    return null;
end
$$;
comment on function cs.refusal_row is
    'The audit row of a decision that was refused; null for what is no try of what one may not, such
as a missing field or coming second, and when there are enough of this person.';

create or replace function cs.refusal_put(
    fault text, who cs.person, r cs.request, actor jsonb, verdict text) returns void
    language plpgsql as $$
declare
    kept audit_event := refusal_row(fault, who, r, actor, verdict);
begin
    if kept.event is not null then
        perform audit_add(array[kept]);
    end if;
end
$$;
comment on function cs.refusal_put is 'Adds refusal_row, if there is one; the request is locked.';

create or replace function cs.decision_barred(
    actor jsonb, request_id bigint, verdict text, code text) returns void
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := actor_of(jsonb_build_object('actor', actor), null);
    r request;
begin
    select * into r from request q where q.id = request_id and can_see(who, q);
    -- Looked at before the lock: who floods does not hold up those who decide.
    if not found or refusals_enough(who.id) then
        return;
    end if;
    perform from request q where q.id = r.id for no key update;
    perform refusal_put(case when own_request(r.id, who.id) then 'own_request' else code end, who,
                        r, actor_with_kind(actor, who), verdict);
end
$$;
comment on function cs.decision_barred is
    'Keeps that somebody was refused before their decision was looked at, with the code they were
told; own_request when it is that, too. Nothing is kept of requests that they do not see.';
