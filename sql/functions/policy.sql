-- The policy: by which rules code is judged. `countersign-policy` matches them.

set search_path = cs, pg_temp;

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

-- An api of the release before still runs when a migration brings an engine that finds more: what
-- it judged by the newest rules would never be judged by that engine.
create or replace function cs.policy_version_for(engine int) returns int
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
begin
    if engine < policy_engine() then
        perform fail('conflict', format('The rules are for engine %s, and this is %s: start the '
            'release that was migrated to', policy_engine(), engine));
    end if;
    return policy_newest();
end
$$;
comment on function cs.policy_version_for is
    'The version of the rules that policy_rules_for gives to that engine; conflict: a later one must
judge.';

create or replace function cs.policy_rules_for(engine int) returns jsonb
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
begin
    perform policy_version_for(engine);
    return policy_rules();
end
$$;
comment on function cs.policy_rules_for is
    'policy_rules, for the engine that judges by them; conflict.';

create or replace function cs.policy_rules_version() returns int
    language plpgsql stable security definer set search_path = cs, pg_temp as $$
begin
    return policy_version_for(1);
end
$$;
comment on function cs.policy_rules_version is 'As apis ask that do not say their engine.';

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
