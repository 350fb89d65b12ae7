// Who may: `countersign audit verify` finds who was given rights, a credential, a lower quorum or
// milder rules by hand, and takes what was done by the product as it is.
// Proves: T3 T25 I13
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openJobs } from './jobs.mjs';
import { allSealed, audit } from './retention.mjs';
import { makeRights } from './rights.mjs';
import { startStack } from './stack.mjs';
import { sayAfterEach } from './verifier.mjs';

let stack;
let ids;
before(async () => {
    stack = await startStack({ workers: 0 });
    await openJobs(stack);
    ids = await makeRights(stack);
    await allSealed(stack);
});
after(() => stack?.stop());

const each = (...words) => sayAfterEach(stack, ...words);
const CHANGED = 'is not as the audit trail has it';
const broken = (table, why = CHANGED, id = '\\d+') => new RegExp(`^broken ${table} ${id}: ${why}$`);

test('what the product itself changed is whole, to the role that verifies, too', async () => {
    const { code, out, said } = await audit(stack, ['verify']);
    assert.equal(code, 0, out + said);
});

test('a person is as the audit trail has them, with their teams', () => each([
    ...[`roles = '{reviewer}'`, `login = 'eve'`, `name = 'Eve'`, `created_by = ${ids.sol}`,
        'disabled_at = now()', `created_at = created_at + interval '1 microsecond'`].map((set) => [
        `update cs.person set ${set} where id = ${ids.ana}`,
        broken('person', CHANGED, ids.ana)]),
    [`update cs.person set disabled_at = null where id = ${ids.max}`, broken('person')],
    [`insert into cs.team_member select ${ids.ana}, id from cs.team where name = 'other'`,
     broken('person', CHANGED, ids.ana)],
    [`delete from cs.team_member where person_id = ${ids.rob}`, broken('person')],
    [`insert into cs.person (login, name, roles) values ('eve', 'Eve', '{reviewer}')`,
     broken('person')],
    [`delete from cs.person where id = ${ids.ana}`, broken('person', 'is missing', ids.ana)],
    [`insert into cs.team_member values (${ids.max + 5}, 1)`,
     broken('person', 'is in a team and is nobody')],
    [`update cs.team set name = 'x' where name = 'other'`, broken('team')],
]));

test('how many must approve, and who, is as the audit trail has it', () => each([
    [`update cs.quorum_rule set needed = 1 where risk = 'high' and team_id is null`,
     broken('quorum_rule')],
    [`update cs.quorum_rule set needed = 2 where team_id is not null`, broken('quorum_rule')],
    [`delete from cs.quorum_rule where team_id is not null`, broken('quorum_rule', 'is missing')],
    [`insert into cs.quorum_rule (team_id, risk, needed)
          select id, 'high', 1 from cs.team where name = 'other'`, broken('quorum_rule')],
    // The one that was taken away, with its id.
    [`insert into cs.quorum_rule (id, team_id, risk, needed) overriding system value
          select e.key::bigint, t.id, 'low', 2 from cs.team t, (
              select split_part(d.key, ':', 2) as key from cs.audit_event a,
                  jsonb_each(a.row_digests) d where d.key like 'quorum_rule:%'
                  and d.value = 'null') e where t.name = 'data'`, broken('quorum_rule')],
    [`insert into cs.approver select id, ${ids.ana} from cs.approver_group`,
     broken('approver_group')],
    [`delete from cs.approver where true`, broken('approver_group')],
    [`insert into cs.approver values (99, ${ids.ana})`,
     broken('approver_group', 'has somebody and is none', 99)],
    [`update cs.break_glass set is_on = true where not is_on`, broken('break_glass')],
    [`delete from cs.break_glass where true`, broken('break_glass', 'is missing')],
]));

test('by what somebody comes in is as the audit trail has it', () => each([
    ...[`scopes = '{read,decide}'`, `expires_at = expires_at + interval '1 year'`,
        `token_sha256 = sha256('mine')`, `person_id = ${ids.sol}`, 'created_by = null'].map(
        (set) => [`update cs.api_token set ${set} where name = 'script'`, broken('api_token')]),
    [`update cs.api_token set revoked_at = null where name = 'ended'`, broken('api_token')],
    [`insert into cs.api_token (person_id, name, prefix, token_sha256, scopes)
          values (${ids.sol}, 'mine', '', sha256('mine'), '{admin}')`, broken('api_token')],
    [`delete from cs.credential_event where by_id is null`,
     broken('credential_event', 'is missing')],
    [`update cs.credential_event set by_id = ${ids.max} where by_id is null`,
     broken('credential_event')],
    [`insert into cs.external_identity (issuer, subject, person_id)
          values ('https://id.example.org', 'mine', ${ids.sol})`, broken('external_identity')],
    [`update cs.external_identity set person_id = ${ids.sol} where subject = 'rob'`,
     broken('external_identity')],
    [`delete from cs.second_factor where person_id = ${ids.sol}`,
     broken('second_factor', 'is missing', ids.sol)],
    [`update cs.second_factor set since = since + interval '1 day' where true`,
     broken('second_factor')],
    [`insert into cs.recovery_code values (${ids.sol}, sha256('mine'))`, broken('second_factor')],
    [`insert into cs.recovery_code values (${ids.rob}, sha256('mine'))`,
     broken('second_factor', 'has recovery codes and is none', ids.rob)],
    [`insert into cs.second_factor (person_id, sealed, last_step)
          select ${ids.rob}, sealed, 0 from cs.second_factor`, broken('second_factor')],
]));

const RULE = `cs.policy_rule (version, id, language, match, patterns, level, title, explanation)`;
const mine = (version) =>
    `values (${version}, 'py.mine', 'python', 'import', '{*}', 'none', 'x', '')`;

test('the rules of each version are as the audit trail has them', () => each([
    ...[`level = 'none'`, `instead_of = 'high'`, `patterns = '{x}'`, `language = 'python'`,
        `match = 'name'`, `title = 'Fine'`, `explanation = 'Fine'`, `capability = 'saves'`,
        `id = 'sql.mine'`].map((set) => [
        `update cs.policy_rule set ${set} where version = 2 and id = 'sql.drop'`,
        broken('policy_version', CHANGED, 2)]),
    [`update cs.policy_rule set level = 'none' where version = 1 and id = 'sql.drop'`,
     broken('policy_version', CHANGED, 1)],
    [`delete from cs.policy_rule where version = 2 and id = 'sql.drop'`,
     broken('policy_version', CHANGED, 2)],
    ['delete from cs.policy_rule where version = 2', broken('policy_version', CHANGED, 2)],
    [`insert into ${RULE} ${mine(2)}`, broken('policy_version', CHANGED, 2)],
    [`insert into ${RULE} ${mine(3)}`, broken('policy_version', 'has rules and is none', 3)],
    [`insert into cs.policy_version (version) values (3)`, broken('policy_version', CHANGED, 3)],
    [`delete from cs.policy_rule where version = 2;
      delete from cs.policy_version where version = 2`,
     broken('policy_version', 'is missing', 2)],
    ...[`note = 'x'`, 'shipped_sha256 = null', 'shipped_sha256 = sha256(shipped_sha256)',
        `created_at = created_at + interval '1 microsecond'`].map((set) => [
        `update cs.policy_version set ${set} where version = 2`,
        broken('policy_version', CHANGED, 2)]),
]));

test('what is noted of every visit is no change', () => each([
    ['update cs.api_token set used_at = now() where true', /^whole$/],
    ['update cs.second_factor set last_step = last_step + 1 where true', /^whole$/],
    ['update cs.recovery_code set used_at = now() where true', /^whole$/],
]));

/** SQL that adds an audit row of those to whatever chain; no seal would know it. */
const adds = (entity, id, key, digest) => `perform cs.audit_put('${entity}', ${id},
    '{"kind": "operator"}', 'test.added', '{}', jsonb_build_object(${key}, ${digest}))`;

test('an audit row speaks of what is of its own chain', () => each([
    [`${adds('team', 1, `'person:${ids.ana}'`, `repeat('0', 64)`)}; perform 1`,
     /^broken audit row \d+ .*covers a row that is none/],
    [`${adds('person', ids.sol, `'person:${ids.ana}'`, `repeat('0', 64)`)}; perform 1`,
     broken('person', 'is missing', ids.ana)],
    [`${adds('instance', 1, `'decision:1'`, 'null')}; perform 1`,
     /^broken audit row \d+ .*covers a row that is none/],
], 'set local session_replication_role = origin; set local search_path = cs, pg_temp'));

test('what changes while it reads is whole', async () => {
    let over = false;
    const changes = (async () => {
        for (let i = 0; i < 20; i++) {
            await stack.operator('person', 'role', 'max', ['analyst', 'reviewer'][i % 2]);
            await stack.operator('quorum', 'set', '--risk', 'low', '--team', 'other',
                                 '--needed', String(i % 3));
        }
        over = true;
    })();
    for (let last = false; !last;) {
        last = over;
        const { code, out, said } = await audit(stack, ['verify']);
        assert.ok([0, 2].includes(code), out + said);
    }
    await changes;
});

test('what was there before is taken as it is found, once', async () => {
    const count = async () => (await stack.psql('superuser', `select count(*)::int as n
        from cs.audit_event where event = 'rights.baseline'`))[0].n;
    assert.equal(await count(), 1, 'the rules that every database begins with');
    const before = await stack.psql('superuser', `select d.key from cs.audit_event e,
        jsonb_object_keys(e.row_digests) d (key) where e.event = 'rights.baseline' order by 1`);
    assert.deepEqual(before.map(({ key }) => key),
                     ['break_glass:1', 'quorum_rule:1', 'quorum_rule:2', 'quorum_rule:3']);
});
