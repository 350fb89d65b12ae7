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
