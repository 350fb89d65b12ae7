-- Pauses: nothing of their scope is claimed or started until they end; what runs goes on.

set search_path = cs, pg_temp;

create or replace function cs.backend_names() returns text[]
    language sql immutable parallel safe
    return array['local', 'e2b', 'daytona'];
comment on function cs.backend_names is 'The sandboxes there are.';

create or replace function cs.pause_scope_check(scope text) returns void
    language plpgsql stable as $$
begin
    if scope = 'all' or scope = any (select 'backend:' || b from unnest(cs.backend_names()) b)
            or (scope ~ '^team:[1-9][0-9]{0,17}$' and exists (
                select from cs.team t where t.id = substr(scope, 6)::bigint)) then
        return;
    end if;
    perform fail('invalid_field',
                 'scope must be all, team:<id> of a team there is, or backend:<name>', 'scope');
end
$$;
comment on function cs.pause_scope_check is 'invalid_field scope for what nothing could belong to.';

create or replace function cs.pause_put(actor jsonb, scope text, reason text) returns jsonb
    language plpgsql as $$
declare
    p pause;
begin
    perform pause_scope_check(scope);
    if char_length(reason) > 500 then
        perform fail('invalid_field', 'The reason may have 500 characters at most', 'reason');
    end if;
    insert into pause as x (scope, reason, by_id)
        values ($2, coalesce($3, ''), (actor ->> 'person_id')::bigint)
        on conflict on constraint pause_pkey
            do update set reason = excluded.reason, by_id = excluded.by_id
        returning * into p;
    perform audit_put('system', 1, actor, 'pause.set',
                      jsonb_build_object('scope', p.scope, 'reason', p.reason));
    return pause_json(p);
end
$$;
comment on function cs.pause_put is
    'Sets a pause, or its reason when it is there; invalid_field scope or reason.';

create or replace function cs.pause_drop(actor jsonb, scope text) returns bool
    language plpgsql as $$
begin
    perform pause_scope_check(scope);
    delete from pause p where p.scope = $2;
    if found then
        perform audit_put('system', 1, actor, 'pause.clear', jsonb_build_object('scope', $2));
    end if;
    return found;
end
$$;
comment on function cs.pause_drop is
    'Ends a pause; false when there was none; invalid_field scope.';

create or replace function cs.pause_json(p cs.pause) returns jsonb
    language sql stable
    return jsonb_build_object('scope', p.scope, 'reason', p.reason, 'at', cs.iso(p.at), 'by',
        (select jsonb_build_object('id', w.id, 'name', w.name) from cs.person w
         where w.id = p.by_id));
comment on function cs.pause_json is
    '{scope, reason, at, by: {id, name}}; by is null for the operator''s command.';

create or replace function cs.pause_set(actor jsonb, item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
begin
    return pause_put(actor_with_kind(actor, who), item ->> 'scope', item ->> 'reason');
end
$$;
comment on function cs.pause_set is
    '{scope, reason?} → {scope, reason, at, by}; wrong_role, invalid_field scope or reason.';

create or replace function cs.pause_clear(actor jsonb, scope text) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
begin
    if not pause_drop(actor_with_kind(actor, who), scope) then
        perform fail('not_found', 'There is no such pause', 'scope');
    end if;
    return true;
end
$$;
comment on function cs.pause_clear is 'Ends a pause; wrong_role, not_found, invalid_field scope.';

create or replace function cs.operator_pause(scope text, paused bool, reason text) returns bool
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    if paused then
        perform pause_put('{"kind": "operator"}', scope, reason);
    else
        perform pause_drop('{"kind": "operator"}', scope);
    end if;
    return true;
end
$$;
comment on function cs.operator_pause is
    'Stops or allows claims and starts; scope all, team:<id> or backend:<name>; invalid_field.';
