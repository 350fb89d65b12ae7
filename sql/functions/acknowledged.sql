-- What a reviewer has to have read before an approval: each finding above note, by its id.

set search_path = cs, pg_temp;

create or replace function cs.finding_id(finding jsonb) returns text
    language sql immutable parallel safe
    return (finding ->> 'rule') || ':' || (finding ->> 'line') || ':' || (finding ->> 'column');
comment on function cs.finding_id is
    'rule:line:column: names a finding among those of its revision. Two of the same rule at the same
place are one to who reads.';

create or replace function cs.finding_ids(verdict text, notes_too bool)
    returns setof text language plpgsql immutable parallel safe as $$
begin
    return query
        select finding_id(f.finding)
        from jsonb_array_elements(nullif(verdict, '')::jsonb -> 'findings')
            with ordinality f (finding, n)
        where notes_too or f.finding ->> 'level' is distinct from 'note'
        group by 1 order by min(f.n);
end
$$;
comment on function cs.finding_ids is
    'The ids of the findings of a verdict, in the order of the code, with or without notes: the
others must be read. A level that nobody knows must be read, too.';

create or replace function cs.unread_findings(verdict text, acknowledged jsonb) returns text[]
    language plpgsql immutable parallel safe as $$
declare
    read text[] := texts_of(coalesce(acknowledged, '[]'));
begin
    return array(select i from finding_ids(verdict, false) i where i <> all (read));
end
$$;
comment on function cs.unread_findings is
    'The ids of the findings above note that were not acknowledged.';

create or replace function cs.unknown_findings(verdict text, acknowledged jsonb) returns text[]
    language plpgsql immutable parallel safe as $$
declare
    known text[] := array(select finding_ids(verdict, true));
begin
    return array(select a from unnest(texts_of(acknowledged)) a where a <> all (known));
end
$$;
comment on function cs.unknown_findings is
    'What was acknowledged and is no finding of this verdict.';

create or replace function cs.acknowledged_fault(
    decision_verdict text, acknowledged jsonb, verdict text, risk text) returns text
    language plpgsql immutable parallel safe as $$
declare
    approves bool := decision_verdict in ('approve', 'break_glass');
begin
    return case
        when coalesce(acknowledged, '[]') <> '[]'
            and unknown_findings(verdict, acknowledged) <> '{}' then 'unknown_finding'
        when approves and risk <> 'low'
            and unread_findings(verdict, acknowledged) <> '{}' then 'unread' end;
end
$$;
comment on function cs.acknowledged_fault is
    'unknown_finding, or unread: an approval that does not name each finding above note. Of low risk
is what has none.';

create or replace function cs.some_of(ids text[]) returns text
    language sql immutable parallel safe
    return array_to_string(ids[1:5], ', ')
        || case when cardinality(ids) > 5 then format(' and %s more', cardinality(ids) - 5)
                else '' end;
comment on function cs.some_of is 'The first five of a list, and how many more there are.';

create or replace function cs.acknowledged_error(
    fault text, acknowledged jsonb, request_id bigint, revision int) returns jsonb
    language plpgsql stable as $$
declare
    said text := (select v.verdict from revision v
                  where v.request_id = $3 and v.revision = $4);
begin
    return case fault
        when 'unread' then error_result('missing_field', 'acknowledged must name each finding that '
            || 'is more than a note; missing: '
            || some_of(unread_findings(said, acknowledged)), 'acknowledged')
        when 'unknown_finding' then error_result('invalid_field',
            'acknowledged names what is no finding of this version: '
            || some_of(unknown_findings(said, acknowledged)), 'acknowledged') end;
end
$$;
comment on function cs.acknowledged_error is
    'What is answered to an acknowledged_fault, naming what is missing or not known; else null.';
