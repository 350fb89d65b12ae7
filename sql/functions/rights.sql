-- Who may: people, teams, by what somebody comes in, how many must approve, and by which rules. The
-- audit row of each change carries the digests of the rows that it left, in the chain of whom or
-- what they are of: the newest holds, and null says that the row is gone. What changes without an
-- audit row, such as when a token was used, is in no digest.

set search_path = cs, pg_temp;

create or replace function cs.right_digest(of_table text, id bigint, parts bytea[]) returns jsonb
    language sql stable parallel safe
    return jsonb_build_object(of_table || ':' || id, cs.hex(sha256('\x00'::bytea || cs.fields(
        array[cs.bytes('countersign-' || of_table || '-v1'), cs.bytes(id::text)] || parts))));
comment on function cs.right_digest is
    '{"table:id": digest}, the row_digests of an audit row that leaves a row of rights so.';

create or replace function cs.right_gone(of_table text, id bigint) returns jsonb
    language sql stable parallel safe
    return jsonb_build_object(of_table || ':' || id, null);
comment on function cs.right_gone is 'The row_digests of an audit row that takes such a row away.';

-- Both are read in one snapshot: what changes meanwhile is in neither, or in both.
create or replace function cs.right_differs(of_entity text, of_id bigint, row_digest jsonb)
    returns text language plpgsql stable as $$
begin
    return (select d.key from jsonb_each(row_digest) d
            where d.value <> coalesce((
                select e.row_digests -> d.key from audit_event e
                where e.entity = of_entity and e.entity_id = of_id and e.row_digests ? d.key
                order by e.entity_seq desc limit 1), 'null'));
end
$$;
comment on function cs.right_differs is
    'The key of a row of rights that is not as the newest audit row left it; null: it is.';

create or replace function cs.right_watch(of_entity text, of_id bigint, differs text)
    returns void language plpgsql as $$
begin
    if differs is not null then
        perform audit_put(of_entity, of_id, '{"kind": "system"}', 'rights.differ',
                          jsonb_build_object('row', differs));
    end if;
end
$$;
comment on function cs.right_watch is
    'Called before a row of rights is changed, with what right_differs says: the change leaves
another digest, so that what was done to it by hand would be found no more.';

create or replace function cs.person_digest(p cs.person) returns jsonb
    language sql stable parallel safe
    return cs.right_digest('person', p.id, array[
        cs.bytes(p.login), cs.bytes(p.name), cs.bytes(p.kind), cs.bytes(p.roles::text),
        cs.bytes(p.owner_id::text), cs.bytes(p.created_by::text), cs.bytes(cs.micros(p.created_at)),
        cs.bytes(cs.micros(p.disabled_at)), cs.bytes((
            select array_agg(m.team_id order by m.team_id)::text
            from cs.team_member m where m.person_id = p.id))]);
comment on function cs.person_digest is
    'The row_digests of a person with their teams, whose row is locked.';

create or replace function cs.team_digest(t cs.team) returns jsonb
    language sql stable parallel safe
    return cs.right_digest('team', t.id, array[
        cs.bytes(t.name), cs.bytes(cs.micros(t.created_at))]);
comment on function cs.team_digest is 'The row_digests of a team.';

create or replace function cs.token_digest(t cs.api_token) returns jsonb
    language sql stable parallel safe
    return cs.right_digest('api_token', t.id, array[
        cs.bytes(t.person_id::text), cs.bytes(t.created_by::text), cs.bytes(t.name),
        cs.bytes(t.prefix), t.token_sha256, cs.bytes(t.scopes::text),
        cs.bytes(cs.micros(t.created_at)), cs.bytes(cs.micros(t.expires_at)),
        cs.bytes(cs.micros(t.revoked_at))]);
comment on function cs.token_digest is
    'The row_digests of a token, in the chain of its person; not when it was used.';

create or replace function cs.credential_digest(c cs.credential_event) returns jsonb
    language sql stable parallel safe
    return cs.right_digest('credential_event', c.id, array[
        cs.bytes(c.person_id::text), cs.bytes(c.by_id::text), cs.bytes(c.kind),
        cs.bytes(cs.micros(c.at))]);
comment on function cs.credential_digest is
    'The row_digests of who held the means to sign in, in the chain of as whom.';

create or replace function cs.credential_put(person_id bigint, by_id bigint, kind text)
    returns jsonb language plpgsql as $$
declare
    c credential_event;
begin
    insert into credential_event (person_id, by_id, kind) values ($1, $2, $3) returning * into c;
    return credential_digest(c);
end
$$;
comment on function cs.credential_put is
    'Notes who held the means to sign in as whom; the row_digests of that.';

create or replace function cs.identity_digest(i cs.external_identity) returns jsonb
    language sql stable parallel safe
    return cs.right_digest('external_identity', i.id, array[
        cs.bytes(i.person_id::text), cs.bytes(i.issuer), cs.bytes(i.subject),
        cs.bytes(i.created_by::text), cs.bytes(cs.micros(i.created_at))]);
comment on function cs.identity_digest is
    'The row_digests of whom a provider means, in the chain of that person.';

create or replace function cs.factor_digest(f cs.second_factor) returns jsonb
    language sql stable parallel safe
    return cs.right_digest('second_factor', f.person_id, array[
        cs.bytes(cs.micros(f.since)), (
            select string_agg(c.code_sha256, ''::bytea order by c.code_sha256)
            from cs.recovery_code c where c.person_id = f.person_id)]);
comment on function cs.factor_digest is
    'The row_digests of a second factor with its recovery codes, whose row is locked. Its secret is
sealed for its person: another one lets nobody in.';

create or replace function cs.factor_now(of_person bigint) returns jsonb
    language plpgsql stable as $$
begin
    return coalesce((select factor_digest(f) from second_factor f where f.person_id = of_person),
                    right_gone('second_factor', of_person));
end
$$;
comment on function cs.factor_now is 'The row_digests of somebody''s second factor, if any.';

create or replace function cs.rule_digest(q cs.quorum_rule) returns jsonb
    language sql stable parallel safe
    return cs.right_digest('quorum_rule', q.id, array[
        cs.bytes(q.team_id::text), cs.bytes(q.risk), cs.bytes(q.group_id::text),
        cs.bytes(q.needed::text)]);
comment on function cs.rule_digest is
    'The row_digests of how many must approve, in the chain of the instance.';

create or replace function cs.group_digest(g cs.approver_group) returns jsonb
    language sql stable parallel safe
    return cs.right_digest('approver_group', g.id, array[
        cs.bytes(g.team_id::text), cs.bytes(g.name), cs.bytes((
            select array_agg(m.person_id order by m.person_id)::text
            from cs.approver m where m.group_id = g.id))]);
comment on function cs.group_digest is
    'The row_digests of a group, whose row is locked, with its people; in the chain of the
instance.';

create or replace function cs.glass_digest(g cs.break_glass) returns jsonb
    language sql stable parallel safe
    return cs.right_digest('break_glass', 1, array[
        cs.bytes(g.is_on::text), cs.bytes(cs.micros(g.changed_at))]);
comment on function cs.glass_digest is
    'The row_digests of whether an admin may approve alone, in the chain of the instance.';

create or replace function cs.policy_digest(v cs.policy_version) returns jsonb
    language sql stable parallel safe
    return cs.right_digest('policy_version', v.version, array[
        cs.bytes(cs.micros(v.created_at)), cs.bytes(v.note), v.shipped_sha256, (
            select sha256(cs.bytes(jsonb_agg(jsonb_build_array(r.id, r.language, r.match,
                       r.patterns, r.level, r.instead_of, r.title, r.explanation, r.capability)
                       order by r.id collate "C")::text))
            from cs.policy_rule r where r.version = v.version)]);
comment on function cs.policy_digest is
    'The row_digests of a version of the rules with all of them, in the chain of the instance.';

create or replace function cs.rights_of_all()
    returns table (entity text, entity_id bigint, row_digest jsonb) language sql stable as $$
    select 'person', p.id, cs.person_digest(p) from cs.person p
    union all select 'team', t.id, cs.team_digest(t) from cs.team t
    union all select 'person', t.person_id, cs.token_digest(t) from cs.api_token t
    union all select 'person', c.person_id, cs.credential_digest(c) from cs.credential_event c
    union all select 'person', i.person_id, cs.identity_digest(i) from cs.external_identity i
    union all select 'person', f.person_id, cs.factor_digest(f) from cs.second_factor f
    union all select 'instance', 1, cs.rule_digest(q) from cs.quorum_rule q
    union all select 'instance', 1, cs.group_digest(g) from cs.approver_group g
    union all select 'instance', 1, cs.glass_digest(g) from cs.break_glass g
    union all select 'instance', 1, cs.policy_digest(v) from cs.policy_version v
$$;
comment on function cs.rights_of_all is
    'All rows of rights as they are now, each with the chain that it belongs to.';

-- Once in the life of a database: what was there before the audit trail covered it is taken as it
-- is found. Making the triggers anew has locked these tables by now.
do $$
declare
    chain record;
begin
    if exists (select from cs.audit_event e where e.entity = 'instance' and e.entity_id = 1
               and e.event = 'rights.baseline') then
        return;
    end if;
    for chain in
        select r.entity, r.entity_id, jsonb_object_agg(d.key, d.value) as row_digests
        from cs.rights_of_all() r cross join lateral jsonb_each(r.row_digest) d
        group by r.entity, r.entity_id order by r.entity, r.entity_id
    loop
        perform cs.audit_put(chain.entity, chain.entity_id, '{"kind": "operator"}',
                             'rights.baseline', '{}', chain.row_digests);
    end loop;
end
$$;
