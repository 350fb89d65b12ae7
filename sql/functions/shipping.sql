-- Versions of the rules: those that an operator makes, and those that a release brings. Each leaves
-- its digest in the audit trail.

set search_path = cs, pg_temp;

create or replace function cs.policy_engine() returns int
    language sql stable parallel safe
    return 2;
comment on function cs.policy_engine is
    'Which reader of code this release ships: one more whenever policy/ finds more than it did, here
and in POLICY_ENGINE (common/io/policy_child.h) alike, so that what waits is judged anew.';

create or replace function cs.shipped_digest() returns bytea
    language sql stable parallel safe
    return (select sha256(cs.bytes(jsonb_build_array(cs.policy_engine(),
                jsonb_agg(to_jsonb(s) order by s.id collate "C"))::text))
            from cs.shipped_rule s);
comment on function cs.shipped_digest is 'SHA-256 over the rules of this release and its engine.';

-- Behind every rule, too: one that stood ready by hand for a version to come is in none.
create or replace function cs.policy_add(note text, shipped_sha256 bytea)
    returns cs.policy_version language plpgsql as $$
declare
    v policy_version;
begin
    insert into policy_version (version, note, shipped_sha256)
        select 1 + greatest(0, (select max(o.version) from policy_version o),
                            (select max(r.version) from policy_rule r)), $1, $2
        returning * into v;
    return v;
end
$$;
comment on function cs.policy_add is
    'The next version, without rules yet; policy_version must be locked.';

create or replace function cs.policy_ship() returns int
    language plpgsql as $$
declare
    was policy_version;
    v policy_version;
    covered jsonb;
begin
    lock table policy_version in share row exclusive mode;
    select * into was from policy_version o order by o.version desc limit 1;
    if was.shipped_sha256 = shipped_digest() then
        return null;
    end if;
    v := policy_add(format('the rules of this release, read by engine %s', policy_engine()),
                    shipped_digest());
    insert into policy_rule (version, id, language, match, patterns, level, title, explanation,
                             capability, instead_of)
        select v.version, s.id, s.language, s.match, s.patterns,
               case when o.instead_of is null then s.level else o.level end, s.title,
               s.explanation, s.capability, case when o.instead_of is not null then s.level end
        from shipped_rule s
        left join policy_rule o on o.version = was.version and o.id = s.id;
    covered := policy_digest(v);
    if not exists (select from audit_event e where e.entity = 'instance' and e.entity_id = 1
                   and e.event = 'policy.shipped') then
        select jsonb_object_agg(d.key, d.value) into covered
        from policy_version o cross join lateral jsonb_each(policy_digest(o)) d;
    end if;
    perform audit_put('instance', 1, '{"kind": "operator"}', 'policy.shipped',
        jsonb_build_object('version', v.version, 'before', was.version, 'engine', policy_engine(),
                           'shipped_sha256', hex(v.shipped_sha256), 'note', v.note), covered);
    return v.version;
end
$$;
comment on function cs.policy_ship is
    'Makes a version of the rules of this release, with the levels that operators chose, unless the
newest is made of them; null then. The first to do so covers versions of before as they are found.';

create or replace function cs.rule_change(was cs.policy_rule, r cs.policy_rule) returns text
    language sql immutable
    return case
        when was.id is null then format('%s: new, %s', r.id, r.level)
        when r.id is null then format('%s: gone, was %s', was.id, was.level)
        else r.id || ': ' || nullif(concat_ws(', ',
            case when r.level <> was.level then format('%s to %s', was.level, r.level) end,
            case when coalesce(r.instead_of, r.level) <> coalesce(was.instead_of, was.level)
                     and r.instead_of is not null
                then format('%s as chosen, ships as %s', r.level, r.instead_of) end,
            case when (r.language, r.match, r.patterns) <> (was.language, was.match, was.patterns)
                then 'fits otherwise' end,
            case when (r.title, r.explanation, r.capability)
                     <> (was.title, was.explanation, was.capability)
                then 'in other words' end), '') end;
comment on function cs.rule_change is
    'What is other about a rule than in the version before; null: nothing.';

create or replace function cs.operator_policy_versions() returns jsonb
    language sql stable security definer set search_path = cs, pg_temp as $$
    select coalesce(jsonb_agg(jsonb_build_object('version', v.version,
        'created_at', iso(v.created_at), 'note', v.note, 'changes', (
            select coalesce(jsonb_agg(c.change order by c.change), '[]')
            from (select o.id, o as rule from policy_rule o where o.version = v.before) o
            full join (select r.id, r as rule from policy_rule r where r.version = v.version) r
                on r.id = o.id
            cross join lateral rule_change(o.rule, r.rule) c (change)
            where v.before is not null and c.change is not null)) order by v.version desc), '[]')
    from (select w.*, lag(w.version) over (order by w.version) as before from policy_version w) v
$$;
comment on function cs.operator_policy_versions is
    '[{version, created_at, note, changes: [text]}], newest first.';

create or replace function cs.operator_policy_set(item jsonb) returns jsonb
    language plpgsql security definer set search_path = cs, pg_temp as $$
declare
    wanted text := item ->> 'level';
    was policy_rule;
    v policy_version;
begin
    lock table policy_version in share row exclusive mode;
    select * into was from policy_rule r
        where r.version = policy_newest() and r.id = item ->> 'rule';
    if not found then
        perform fail('not_found', format('There is no rule "%s"', item ->> 'rule'), 'rule');
    elsif coalesce(wanted, '') not in ('none', 'note', 'medium', 'high', 'block') then
        perform fail('invalid_field', 'level must be none, note, medium, high or block', 'level');
    elsif was.level = wanted then
        perform fail('conflict', format('%s is %s already', was.id, wanted), 'level');
    elsif length(coalesce(item ->> 'note', '')) not between 1 and 1000 then
        perform fail('missing_field', 'Say why, in 1,000 characters at most', 'note');
    end if;
    v := policy_add(item ->> 'note', (
        select o.shipped_sha256 from policy_version o where o.version = was.version));
    insert into policy_rule (version, id, language, match, patterns, level, title, explanation,
                             capability, instead_of)
        select v.version, r.id, r.language, r.match, r.patterns,
               case r.id when was.id then wanted else r.level end, r.title, r.explanation,
               r.capability,
               case r.id when was.id then nullif(coalesce(r.instead_of, r.level), wanted)
                         else r.instead_of end
        from policy_rule r where r.version = was.version;
    perform audit_put('instance', 1, '{"kind": "operator"}', 'policy.set', jsonb_build_object(
        'version', v.version, 'rule', was.id, 'level', wanted, 'before', was.level,
        'note', item ->> 'note'), policy_digest(v));
    return jsonb_build_object('version', v.version, 'rule', was.id, 'level', wanted,
        'before', was.level);
end
$$;
comment on function cs.operator_policy_set is
    '{rule, level, note} → {version, rule, level, before}: a new version of the rules, by which what
waits or is approved is judged again; the level that ships is no choice of the operator''s any more.
not_found rule, invalid_field level, conflict, missing_field note.';

do $$
begin
    perform cs.policy_ship();
end
$$;
