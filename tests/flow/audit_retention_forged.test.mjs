// Who owns the database, and no key, drops what nobody agreed to, or changes what was left: all of
// it is found by audit verify.
// Proves: T25 I13
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { numbers, OTHERS } from '../audit/mutations.mjs';
import { openJobs } from './jobs.mjs';
import { admins, ageSeals, agree, allSealed, drop } from './retention.mjs';
import { decisionKey, signRetention } from './signing.mjs';
import { startStack } from './stack.mjs';
import { openVerifier } from './verifier.mjs';

const n = numbers(1);
let stack;
let verifier;
let people;
let ids; // of proposals: dropped, withdrawn, agreed
let facts; // what statements are signed over

const rows = (sql) => stack.psql('superuser', sql);
const one = async (sql) => (await rows(sql))[0].n;

// Whoever changes what a drop left can make the numbers and hashes of the newest one anew, as long
// as no seal is over them.
const COVER = `create function pg_temp.cover(r bigint) returns void language plpgsql as $f$ declare
    t cs.retention; e cs.audit_event; kept record; begin
    select * into kept from cs.retention_kept(cs.retention_reach((select seal from cs.retention
        where id = r)));
    update cs.retention x set dropped_events = x.dropped_events + x.kept_events - kept.events,
        kept_events = kept.events where x.id = r returning * into t;
    select * into e from cs.audit_event a where a.entity = 'retention' and a.entity_id = r
        and a.event = 'retention.dropped';
    e.body := e.body || cs.retention_told(t, kept.root);
    e.row_digests := jsonb_build_object('retention:' || r, cs.retention_digest(t));
    e.hash := cs.audit_leaf(e);
    update cs.audit_event a set body = e.body, row_digests = e.row_digests, hash = e.hash
        where a.id = e.id; end $f$`;
const HAND = 'set local session_replication_role = replica';
const NORMAL = 'set local session_replication_role = origin';

before(async () => {
    stack = await startStack({ workers: 1 });
    await ageSeals(stack);
    const jobs = await openJobs(stack);
    people = await admins(stack);
    await jobs.over((await jobs.run('print(1)')).attempt_id);
    await jobs.decide(await jobs.submit('print(2)'), { verdict: 'reject', note: 'No.' });
    await jobs.submit('print(3)');
    ids = { dropped: (await drop(stack, people, `${stack.data}/first`)).id };
    await jobs.over((await jobs.run('print(4)')).attempt_id);
    await jobs.submit('print(5)');
    await allSealed(stack);
    ids.withdrawn = (await agree(people)).id;
    await people.eva.post(`/api/audit/retention/${ids.withdrawn}/withdraw`, {});
    await allSealed(stack);
    ids.agreed = (await agree(people)).id;
    await allSealed(stack);
    await stack.halt('api');
    const [{ instance, ...rest }] = await rows(`select cs.instance_get() as instance, s.n as seal,
        encode(s.hash, 'hex') as seal_hash from cs.audit_seal s order by s.n desc limit 1`);
    const who = await rows("select id from cs.person where login in ('eva', 'ida') order by login");
    facts = { instance, ...rest, people: who.map(({ id }) => id) };
    const bare = await rows(`select string_agg(format('drop constraint %I', conname), ', ') as drops
        from pg_constraint where conrelid = 'cs.retention'::regclass and contype in ('c', 'f')`);
    await stack.psql('superuser', `alter table cs.retention ${bare[0].drops},
        alter column id drop identity`);
    verifier = openVerifier(stack);
    assert.equal(await say(`commit; begin; ${COVER};
        set local search_path = cs, pg_temp; savepoint s`), 'whole');
});
after(async () => {
    await verifier?.end();
    await stack?.stop();
});

const say = (sql) => verifier.ask(sql.replace(/\s+/g, ' '));
const attack = (...steps) => say(`rollback to s; ${steps.join('; ')}`);
const byHand = (sql) => attack(HAND, `do $$ begin ${sql};
    if not found then raise 'nothing changed'; end if; end $$`);

/** Another value in each column of the rows, and none where that may be. */
async function changeAll(table, where) {
    const columns = await rows(`select column_name as name, data_type as type,
        is_nullable = 'YES' as nullable from information_schema.columns
        where table_schema = 'cs' and table_name = '${table}' order by ordinal_position`);
    const found = await rows(`select id from cs.${table} where ${where} order by id`);
    let count = 0;
    for (const { id } of found)
        for (const { name, type, nullable } of columns)
            for (const value of [OTHERS[type](name, n), ...nullable ? ['null'] : []]) {
                const answer = await byHand(`update cs.${table} set ${name} = ${value}
                    where id = ${id} and ${name} is distinct from ${value}`);
                // There was none, or the database itself has no place for it.
                if (answer.startsWith('refused') && (value === 'null' || table === 'audit_event'))
                    continue;
                assert.match(answer, /^broken /, `${table} ${id}: ${name} = ${value}: ${answer}`);
                count++;
            }
    return count;
}

test('each column of each proposal', async () => {
    const count = await changeAll('retention', 'true');
    console.log(`# ${count} changes`);
    assert.ok(count > 3 * 23);
});

test('each column of what carries a chain on, and of what was said of proposals', async () => {
    const count = await changeAll('audit_event',
        "event = 'request.carried' or entity = 'retention'");
    console.log(`# ${count} changes`);
    assert.ok(count > 9 * 19);
});

test('any row that stayed, or was made since, is missing', async () => {
    const found = await rows('select id, event from cs.audit_event order by id');
    for (const { id, event } of found)
        assert.match(await byHand(`delete from cs.audit_event where id = ${id}`), /^broken /,
                     `${event} ${id}`);
    for (const id of Object.values(ids))
        assert.match(await byHand(`delete from cs.retention where id = ${id}`),
                     new RegExp(`^broken retention ${id}: is missing`));
    console.log(`# ${found.length} rows`);
});

test('a row that stayed says something else, and its hash fits', async () => {
    const last = `select a.id from cs.audit_event a where a.entity = 'team' and not exists (
        select from cs.audit_event b where b.entity = a.entity and b.entity_id = a.entity_id
        and b.entity_seq > a.entity_seq)`;
    assert.equal(await byHand(`update cs.audit_event e set body = '{}', hash = cs.audit_leaf(
        jsonb_populate_record(e, '{"body": {}}')) where e.id = (${last})`),
                 `broken retention ${ids.dropped}: other rows stayed than it says`);
});

// The functions of the database take what is not signed by the api: they have no key.
const fake = (more = {}) => ({ key_id: '0'.repeat(16), signature: '5'.repeat(128), ...more });
const real = (id, role, who, more = {}) => signRetention(decisionKey(stack),
    { ...facts, id, role, person_id: facts.people[who], at_ms: 1800000000000, ...more });
const dropIt = (id) => `select cs.operator_retention_drop(jsonb_build_object('id', id,
    'min_days', 365, 'events', events, 'manifest_sha256', repeat('ab', 32)))
    from cs.retention where id = ${id}`;

/** SQL of a proposal with these statements, which goes the way of all. */
function propose(id, statements, who = facts.people) {
    const [one_, two] = statements;
    const at = "timestamptz 'epoch' + 1800000000000 * interval '1 millisecond'";
    return [`select cs.retention_audit(r, '{"kind": "operator"}', '{}') from cs.retention r
            where r.id = ${ids.agreed}`,
        `update cs.retention set state = 'withdrawn', withdrawn_by = ${who[0]},
            withdrawn_at = now() where id = ${ids.agreed}`,
        `select cs.retention_audit(r, '{"kind": "operator"}', '{}') from cs.retention r
            where r.id = ${ids.agreed}`,
        `insert into cs.retention (id, first_seal, seal, seal_hash, events, reason, proposed_by,
                proposed_at, propose_signature, propose_key_id) overriding system value
            select ${id}, first_seal, ${facts.seal}, '\\x${facts.seal_hash}', (select sum(s.events)
                from cs.audit_seal s where s.n between first_seal and ${facts.seal}), 'Mine.',
                ${who[0]}, ${at}, '\\x${one_.signature}', '${one_.key_id}'
            from cs.retention where id = ${ids.agreed}`,
        `update cs.retention set state = 'agreed', agreed_by = ${who[1]}, agreed_at = ${at},
            agree_signature = '\\x${two.signature}', agree_key_id = '${two.key_id}'
            where id = ${id}`,
        dropIt(id)];
}

test('a drop that both signed is whole, and so is one after it', async () => {
    assert.equal(await attack(dropIt(ids.agreed)), 'whole');
    assert.equal(await attack(...propose(900, [real(900, 'propose', 0), real(900, 'agree', 1)])),
                 'whole');
});

for (const [what, statements, says] of [
    ['nobody signed the proposal', () => [fake(), real(900, 'agree', 1)], /signed by no key/],
    ['nobody signed the agreement', () => [real(900, 'propose', 0), fake()], /signed by no key/],
    ['a signature with the right key in its name is made up', () => [real(900, 'propose', 0),
        fake({ key_id: real(900, 'agree', 1).key_id })], /says what its signature does not/],
    ['the proposal stands for the agreement', () => [real(900, 'propose', 0),
        real(900, 'propose', 1)], /says what its signature does not/],
    ['somebody else agreed', () => [real(900, 'propose', 0), real(900, 'agree', 0)],
        /says what its signature does not/],
    ['it was agreed at another time', () => [real(900, 'propose', 0),
        real(900, 'agree', 1, { at_ms: 1 })], /says what its signature does not/],
    ['another proposal was agreed to', () => [real(900, 'propose', 0), real(901, 'agree', 1)],
        /says what its signature does not/],
    ['it was agreed to for another seal', () => [real(900, 'propose', 0),
        real(900, 'agree', 1, { seal: 1 })], /says what its signature does not/],
    ['it was agreed to in another database', () => [real(900, 'propose', 0),
        real(900, 'agree', 1, { instance: 'other' })], /says what its signature does not/]])
    test(what, async () => {
        assert.match(await attack(...propose(900, statements())),
                     new RegExp(`^broken retention 900: .*${says.source}`));
    });

test('one person proposed and agreed', async () => {
    const one_ = [facts.people[0], facts.people[0]];
    const steps = propose(900, [real(900, 'propose', 0), real(900, 'agree', 0)], one_);
    assert.match(await attack(...steps), /^refused .*may be one person/);
    const free = `create or replace function cs.are_tied(one bigint, other bigint) returns bool
        language sql stable as 'select false'`;
    assert.equal(await attack(free, ...steps),
                 'broken retention 900: was agreed to by who proposed it');
});

test('what was withdrawn is dropped all the same', async () => {
    const answer = await attack(HAND, `update cs.retention set state = 'withdrawn',
        withdrawn_by = ${facts.people[0]}, withdrawn_at = now() where id = ${ids.agreed}`,
        `update cs.retention set state = 'agreed', withdrawn_by = null, withdrawn_at = null
            where id = ${ids.withdrawn}`, NORMAL, dropIt(ids.withdrawn));
    assert.equal(answer, `broken retention ${ids.withdrawn}: was withdrawn`);
});

// Whatever goes beside what the agreement allows, in the very transaction of it.
const beside = (...steps) => attack(dropIt(ids.agreed), ...steps);
const covered = (sql) => beside(HAND, sql, `select pg_temp.cover(${ids.agreed})`);

test('more goes than the agreement allows', async () => {
    const seal = await one(`select seal as n from cs.retention where id = ${ids.agreed}`);
    const person = `entity = 'person' and entity_id = ${facts.people[0]} and xid < (select xid_to
        from cs.audit_seal where n = ${seal})`;
    assert.match(await beside(HAND, `delete from cs.audit_event where ${person}`), /^broken /);
    assert.match(await covered(`delete from cs.audit_event where ${person}`), /^broken /);
    const worker = 'delete from cs.audit_event where entity = \'worker\'';
    assert.equal(await beside(HAND, worker),
                 `broken retention ${ids.agreed}: other rows stayed than it says`);
    assert.equal(await covered(worker),
                 `broken retention ${ids.agreed}: other rows went than are carried`);
});

test('what is not over is carried', async () => {
    const [{ id, rows: count }] = await rows(`select entity_id as id, count(*)::int as rows
        from cs.audit_event where entity = 'request' and entity_id = (select max(id)
        from cs.request where state = 'pending') group by 1`);
    const carry = (retention, state) => [NORMAL, `insert into cs.audit_event (entity, entity_id,
        actor_kind, event, body, row_digests) select 'request', ${id}, 'operator',
        'request.carried', jsonb_build_object('retention_id', ${retention}, 'rows', ${count},
        'request', '${state}', 'attempts', '{}'::jsonb), jsonb_object_agg(k, v)
        from cs.audit_event e, jsonb_each(e.row_digests) d (k, v) where e.entity = 'request'
        and e.entity_id = ${id}`, HAND, `delete from cs.audit_event where entity = 'request'
        and entity_id = ${id} and event <> 'request.carried'`];
    assert.match(await beside(...carry(ids.agreed, 'pending'),
                              `select pg_temp.cover(${ids.agreed})`),
                 /^broken audit row \d+ .*: carries a request that was not over$/);
    assert.match(await beside(...carry(ids.agreed, 'rejected'),
                              `select pg_temp.cover(${ids.agreed})`),
                 /^broken request \d+: is in a state that no move led to$/);
    for (const retention of [ids.dropped, ids.withdrawn, 'null'])
        assert.match(await beside(...carry(retention, 'rejected'),
                                  `select pg_temp.cover(${ids.agreed})`),
                     /^broken audit row \d+ .*: carries rows that nobody dropped$/);
    assert.match(await attack(...carry(ids.agreed, 'rejected')), /^broken seal /);
    assert.match(await beside(...carry(ids.agreed, 'rejected').slice(0, 2)),
                 /^broken audit row \d+ .*: carries rows that are still there$/);
});

test('what was carried says another end', async () => {
    const rewrite = (change) => `do $$ declare e cs.audit_event; begin select * into e
        from cs.audit_event a where a.event = 'request.carried' order by a.id desc limit 1;
        e.body := ${change}; e.hash := cs.audit_leaf(e); update cs.audit_event a
        set body = e.body, hash = e.hash where a.id = e.id; end $$`;
    assert.match(await beside(HAND, rewrite(`e.body || '{"request": "failed"}'`)),
                 /^broken request \d+: is in a state that no move led to$/);
    assert.match(await beside(HAND, rewrite(`e.body || '{"attempts": {}}'`)),
                 /^broken attempt \d+: is in a state that no move led to$/);
    assert.match(await beside(HAND, rewrite(`e.body || '{"rows": 1}'`)),
                 /^broken retention \d+: other rows went than are carried$/);
});
