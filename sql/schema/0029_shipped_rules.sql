-- The rules that come with a release have a place of their own: what a version was made from is
-- known, and a release with other rules makes another version.

create table cs.shipped_rule (like cs.policy_rule including constraints including defaults);
alter table cs.shipped_rule drop column version, add primary key (id);
comment on table cs.shipped_rule is
    'The rules of the release that was migrated to last, written anew each time; policy_ship makes a
version of them. What judges is policy_rule.';

alter table cs.policy_version add column shipped_sha256 bytea
    check (octet_length(shipped_sha256) = 32);
comment on column cs.policy_version.shipped_sha256 is
    'shipped_digest of the release whose rules these are; null: made before that was kept.';
alter table cs.policy_rule add column instead_of text
    check (instead_of in ('none', 'note', 'medium', 'high', 'block'));
comment on column cs.policy_rule.instead_of is
    'The level that the release gives it, where an operator chose another; null: nobody did.';

-- Before this, versions behind the first were that one with what operators chose.
alter table cs.policy_rule disable trigger user;
update cs.policy_rule r set instead_of = first.level from cs.policy_rule first
where first.version = 1 and first.id = r.id and first.level <> r.level;
alter table cs.policy_rule enable trigger user;

insert into cs.schema_migration (version, name) values (29, 'shipped rules');
