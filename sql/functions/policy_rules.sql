-- The rules that this release ships: policy_rules_*.sql write them anew at each migration.

set search_path = cs, pg_temp;

delete from cs.shipped_rule;

create or replace function cs.policy_words(match text, words text) returns text[]
    language sql immutable
    return regexp_split_to_array(btrim(words, E' \n'),
                                 case match when 'string' then '\s*\n\s*' else '\s+' end);
comment on function cs.policy_words is
    'The patterns of a rule: words, or lines where they are parts of texts.';
