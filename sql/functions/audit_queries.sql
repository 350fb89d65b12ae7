-- What people ask of the audit trail: the ready-made questions, the record of each query before it
-- runs, and the record of who was sent which code. The queries themselves run as the auditor.

set search_path = cs, pg_temp;

create or replace function cs.audit_questions() returns jsonb
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
begin
    return jsonb_build_object(
        'questions', (select jsonb_agg(jsonb_build_object('id', q.id, 'title', q.title,
            'about', q.about, 'must_be_empty', q.must_be_empty, 'sql', q.sql,
            'parameters', (
                select coalesce(jsonb_agg(jsonb_build_object('name', p.name, 'type', p.type,
                    'title', p.title, 'about', p.about, 'required', p.name = any (q.required))
                    order by array_position(q.parameters, p.name)), '[]')
                from audit.question_parameters p where p.name = any (q.parameters))))
            from audit.questions q),
        'views', (select jsonb_agg(jsonb_build_object('name', v.view, 'about', v.about,
                      'columns', v.columns) order by v.view)
                  from (select c.view, c.view_about as about,
                               jsonb_agg(c.column_name order by c.n) as columns
                        from audit.contract c group by 1, 2) v));
end
$$;
comment on function cs.audit_questions is
    '{questions: [{id, title, about, must_be_empty, sql, parameters: [{name, type, title, about,
required}]}], views: [{name, about, columns}]}.';

create or replace function cs.audit_value(name text, value jsonb, required bool) returns text
    language plpgsql stable as $$
declare
    text_value text := nullif(btrim(value #>> '{}'), '');
    kind text := (select p.type from audit.question_parameters p where p.name = $1);
    field text := 'parameters.' || name;
begin
    if jsonb_typeof(value) in ('object', 'array', 'boolean') then
        perform fail('invalid_field', format('%s must be a text or a number', field), field);
    elsif text_value is null and required then
        perform fail('missing_field', format('%s is missing', field), field);
    elsif kind = 'person' and not exists (select from person p where p.login = text_value) then
        perform fail('invalid_field', 'Nobody has this login', field) where text_value is not null;
    elsif kind = 'team' and not exists (select from team t where t.name = text_value) then
        perform fail('invalid_field', 'There is no team of this name', field)
            where text_value is not null;
    elsif kind = 'number' and text_value !~ '^[1-9][0-9]{0,17}$' then
        perform fail('invalid_field', format('%s must be a whole number', field), field);
    elsif kind = 'time' and text_value !~ '^[0-9]{4}-[01][0-9]-[0-3][0-9]' then
        perform fail('invalid_field', format('%s must be a time such as 2026-11-27T09:30Z', field),
                     field);
    end if;
    return case kind when 'time' then text_value::timestamptz::text else text_value end;
exception when data_exception then
    perform fail('invalid_field', format('%s must be a time such as 2026-11-27T09:30Z', field),
                 field);
end
$$;
comment on function cs.audit_value is
    'What a parameter of a question becomes, null when it is left out; invalid_field or
missing_field.';

create or replace function cs.audit_statement(item jsonb) returns jsonb
    language plpgsql stable as $$
declare
    asked record;
    given jsonb := coalesce(item -> 'parameters', '{}');
    unknown text;
begin
    if item ? 'sql' then
        return jsonb_build_object('sql', item ->> 'sql', 'values', '[]'::jsonb);
    end if;
    select * into asked from audit.questions q where q.id = item ->> 'question';
    if not found then
        perform fail('not_found', 'There is no such question', 'question');
    end if;
    select k into unknown from jsonb_object_keys(given) k where k <> all (asked.parameters)
        order by k limit 1;
    if found then
        unknown := left(unknown, 40);
        perform fail('unknown_field', format('This question has no parameter "%s"', unknown),
                     'parameters.' || unknown);
    end if;
    return jsonb_build_object('sql', asked.sql, 'values', (
        select coalesce(jsonb_agg(audit_value(p.name, given -> p.name,
                                              p.name = any (asked.required)) order by p.n), '[]')
        from unnest(asked.parameters) with ordinality p (name, n)));
end
$$;
comment on function cs.audit_statement is
    '{question, parameters?} or {sql} → {sql, values}, to be run by the auditor; not_found question,
unknown_field, missing_field or invalid_field parameters.<name>.';

create or replace function cs.audit_query_put(entity text, entity_id bigint, actor jsonb,
    item jsonb) returns jsonb language plpgsql as $$
declare
    statement jsonb := audit_statement(item);
    text_sent text := statement ->> 'sql';
begin
    perform audit_put(entity, entity_id, actor, 'audit.query', jsonb_strip_nulls(
        jsonb_build_object('question', item -> 'question', 'parameters', item -> 'parameters',
            'sql_sha256', hex(sha256(convert_to(text_sent, 'UTF8'))),
            'sql', left(text_sent, 2000))));
    return statement;
end
$$;
comment on function cs.audit_query_put is 'Records a query before it runs; see audit_statement.';

create or replace function cs.audit_query(actor jsonb, item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person := admin_of(actor);
begin
    return audit_query_put('person', who.id, actor_with_kind(actor, who), item);
end
$$;
comment on function cs.audit_query is
    'Records an admin''s query and says what the auditor is to run: {sql, values}; wrong_role, and
what audit_statement refuses.';

create or replace function cs.operator_audit_query(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
begin
    return audit_query_put('system', 1, '{"kind": "operator"}', item);
end
$$;
comment on function cs.operator_audit_query is 'audit_query of the operator''s command.';

create or replace function cs.request_unseen(of_request bigint, of_revision int, person_id bigint)
    returns int language sql stable security definer set search_path = cs, pg_temp as $$
    select v.revision from request r
    join revision v on v.request_id = r.id and v.revision = coalesce(of_revision, r.revision)
    join person p on p.id = $3
    where r.id = of_request and r.author_id <> p.id and can_see(p, r)
      and shown_at(r.id, v.revision, p.id) is null
$$;
comment on function cs.request_unseen is
    'The version (null: the newest one) of which it is to be recorded that somebody is sent its
code; null when it is recorded, or is their own.';

create or replace function cs.request_seen(actor jsonb, of_request bigint, of_revision int)
    returns bool language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    who person;
begin
    -- Two windows of one person may come here together: the lock is audit_put's.
    perform pg_advisory_xact_lock(hashtextextended('reading' || of_request, 1));
    select p.* into who from person p where p.id = (actor ->> 'person_id')::bigint;
    if request_unseen(of_request, of_revision, who.id) is null then
        return false;
    end if;
    perform audit_put('reading', of_request, actor_with_kind(actor, who), 'request.seen',
        jsonb_build_object('revision', of_revision, 'bundle_sha256', (
            select hex(v.bundle_sha256) from revision v
            where v.request_id = of_request and v.revision = of_revision)));
    return true;
end
$$;
comment on function cs.request_seen is
    'Records, once per person and version, that somebody who is not the author is sent its code.
False: there was nothing to record.';
