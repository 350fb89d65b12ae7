-- The policy: by which rules code is judged. `countersign-policy` matches them.

set search_path = cs, pg_temp;

insert into cs.policy_version (version, note) values (1, 'the rules of the first release')
on conflict do nothing;

create or replace function cs.policy_words(match text, words text) returns text[]
    language sql immutable
    return regexp_split_to_array(btrim(words, E' \n'),
                                 case match when 'string' then '\s*\n\s*' else '\s+' end);
comment on function cs.policy_words is
    'The patterns of a rule: words, or lines where they are parts of texts.';

create or replace function cs.policy_rules() returns jsonb
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
declare
    newest int := (select max(version) from policy_version);
    rules jsonb;
begin
    select jsonb_agg(jsonb_build_object('id', id, 'match', match, 'patterns', patterns,
        'level', level, 'title', title, 'explanation', explanation, 'capability', capability)
        order by id collate "C") into rules from policy_rule where version = newest;
    return jsonb_build_object('version', newest, 'rules', rules,
        'sha256', encode(sha256(convert_to(rules::text, 'UTF8')), 'hex'));
end
$$;
comment on function cs.policy_rules is
    '{version, sha256, rules: [{id, match, patterns, level, title, explanation, capability}]} of the
newest version; the digest is of the rules.';

create or replace function cs.policy_newest() returns int
    language plpgsql stable as $$
begin
    return (select max(version) from policy_version);
end
$$;
comment on function cs.policy_newest is 'The version that judges.';

create or replace function cs.policy_rules_version() returns int
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
begin
    return policy_newest();
end
$$;
comment on function cs.policy_rules_version is 'The version of the rules that policy_rules gives.';

create or replace function cs.worst_finding(verdict jsonb) returns jsonb
    language plpgsql immutable parallel safe as $$
begin
    return (select f.finding from jsonb_array_elements(verdict -> 'findings')
                with ordinality f (finding, n)
            where f.finding ->> 'level' in ('block', 'high', 'medium')
            order by array_position(array['block', 'high', 'medium'], f.finding ->> 'level'), f.n
            limit 1);
end
$$;
comment on function cs.worst_finding is
    'The first finding of the highest level above note; null when there is none.';

create or replace function cs.policy_refusal(verdict jsonb) returns jsonb
    language plpgsql immutable parallel safe as $$
declare
    worst jsonb := worst_finding(verdict);
begin
    return jsonb_build_object('code', 'policy_blocked', 'policy_version',
        verdict -> 'policy_version', 'reason', worst ->> 'rule', 'line', worst -> 'line',
        'message', coalesce(worst ->> 'title', 'The rules do not allow this code'));
end
$$;
comment on function cs.policy_refusal is
    '{code, policy_version, reason (the rule), line, message}: why code may never run.';

create or replace function cs.policy_error(verdict jsonb) returns jsonb
    language plpgsql immutable parallel safe as $$
declare
    why jsonb := policy_refusal(verdict);
begin
    return error_result('policy_blocked', format(
        '%s (line %s, rule %s): code like this may never run',
        why ->> 'message', coalesce(why ->> 'line', '?'), why ->> 'reason'), 'code');
end
$$;
comment on function cs.policy_error is 'policy_blocked, naming line and rule.';

-- What the operator's command sets.
create or replace function cs.operator_policy_versions() returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select coalesce(jsonb_agg(jsonb_build_object('version', v.version,
        'created_at', iso(v.created_at), 'note', v.note, 'changes', (
            select coalesce(jsonb_agg(format('%s: %s to %s', r.id, o.level, r.level)
                                      order by r.id), '[]')
            from policy_rule r join policy_rule o on o.id = r.id and o.version = v.version - 1
            where r.version = v.version and r.level <> o.level)) order by v.version desc), '[]')
    from policy_version v
$$;
comment on function cs.operator_policy_versions is
    '[{version, created_at, note, changes: [text]}], newest first.';

create or replace function cs.operator_policy_set(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    wanted text := item ->> 'level';
    was policy_rule;
    next_version int;
begin
    lock table policy_version in share row exclusive mode;
    next_version := policy_newest() + 1;
    select * into was from policy_rule
        where version = next_version - 1 and id = item ->> 'rule';
    if not found then
        perform fail('not_found', format('There is no rule "%s"', item ->> 'rule'), 'rule');
    elsif coalesce(wanted, '') not in ('none', 'note', 'medium', 'high', 'block') then
        perform fail('invalid_field', 'level must be none, note, medium, high or block', 'level');
    elsif was.level = wanted then
        perform fail('conflict', format('%s is %s already', was.id, wanted), 'level');
    elsif length(coalesce(item ->> 'note', '')) not between 1 and 1000 then
        perform fail('missing_field', 'Say why, in 1,000 characters at most', 'note');
    end if;
    insert into policy_version (version, note) values (next_version, item ->> 'note');
    insert into policy_rule
        select next_version, r.id, r.language, r.match, r.patterns,
               case r.id when was.id then wanted else r.level end, r.title, r.explanation,
               r.capability
        from policy_rule r where r.version = next_version - 1;
    perform audit_put('instance', 1, '{"kind": "operator"}', 'policy.set', jsonb_build_object(
        'version', next_version, 'rule', was.id, 'level', wanted, 'before', was.level,
        'note', item ->> 'note'));
    return jsonb_build_object('version', next_version, 'rule', was.id, 'level', wanted,
        'before', was.level);
end
$$;
comment on function cs.operator_policy_set is
    '{rule, level, note} → {version, rule, level, before}: a new version of the rules, by which what
waits or is approved is judged again; not_found rule, invalid_field level, conflict, missing_field
note.';
