// Thousands of single changes to the history: each must be found, when an old head is given.
// MUTATIONS=100000 makes it longer; it prints its seed, and SEED=n repeats it.
// Proves: T25 I13
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { COVER, forgery, look, mutation, numbers } from '../audit/mutations.mjs';
import { openJobs } from './jobs.mjs';
import { admins, ageSeals, agree, audit, drop } from './retention.mjs';
import { makeRights } from './rights.mjs';
import { startStack, until } from './stack.mjs';
import { openVerifier } from './verifier.mjs';

const COUNT = Number(process.env.MUTATIONS ?? 5000);
const SEED = Number(process.env.SEED ?? Date.now() % 1e6);
let stack;
let verifier;
let tables;
let jobs;

before(async () => {
    stack = await startStack({ workers: 1 });
    await ageSeals(stack);
    await fill();
});
after(async () => {
    await verifier?.end();
    await stack?.stop();
});

const one = async (sql) => (await stack.psql('superuser', sql))[0].n;
const allSealed = () => until(async () => (await one(`select count(*)::int as n
    from cs.audit_event where xid >= (select max(xid_to) from cs.audit_seal)`)) === 0, 'seals');

/** Whether it is whole; what was checked stays in that file. */
async function check(file) {
    const { code, out, said } = await audit(stack, ['verify', '--checked', file]);
    assert.equal(code, 0, out + said);
    return file;
}
const file = (name) => `${stack.data}/${name}`;

/** Rights, budgets, three runs with files and a refusal, all of it sealed; what was checked before
 *  the last of them. */
async function fill() {
    jobs = await openJobs(stack);
    await makeRights(stack);
    for (const [scope, limit] of [['user:*', '5'], ['team:data', '6'], ['team:data', '7']])
        await stack.operator('budgets', 'set', scope, '--limit', limit);
    const files = [await jobs.upload('one.csv', '1,2\n'), await jobs.upload('two.csv', '1,2,3\n')];
    await jobs.decide(await jobs.submit('print(0)'), { verdict: 'reject', note: 'No.' });
    for (const code of ['print(1)', 'raise 1', 'print(2)\n']) {
        if (code === 'print(2)\n') await check(file('checked'));
        await jobs.approve(await jobs.submit(code, { files }));
        await allSealed();
    }
    await until(async () => (await one(`select count(*)::int as n from cs.attempt
        where state in ('succeeded', 'failed')`)) === 3, 'three runs');
    await allSealed();
}

/** So many changes, each taken back, of each kind. */
async function changeAll(count, what, checked) {
    const n = numbers(SEED);
    console.log(`SEED=${SEED}`);
    tables = await look(stack);
    await verifier?.end();
    verifier = openVerifier(stack, {}, checked);
    assert.equal(await verifier.ask(
        'commit; begin; set local session_replication_role = replica; savepoint s'), 'whole');
    const counts = { broken: 0, refused: 0 };
    while (counts.broken < count) {
        const change = mutation(tables, n);
        const answer = await verifier.ask(`rollback to s; do $$ begin ${change.sql};
            if not found then raise 'nothing changed'; end if; end $$`.replace(/\s+/g, ' '));
        const word = answer.split(' ')[0];
        assert.ok(word in counts, `${answer}: ${change.kind} ${change.table}: ${change.sql}`);
        counts[word]++;
        counts[change.kind] = (counts[change.kind] ?? 0) + (word === 'broken');
        counts[change.table] = (counts[change.table] ?? 0) + (word === 'broken');
    }
    assert.equal(await verifier.ask('rollback to s'), 'whole');
    await verifier.end();
    console.log(`found ${what} ${JSON.stringify(counts)}`);
    for (const kind of ['change', 'swap', 'remove', 'add', 'shorten', 'empty',
                        ...tables.map(({ name }) => name)])
        assert.ok(counts[kind] > 0, kind);
    return counts;
}

test('every single change is found', () => changeAll(COUNT, 'in all of it'));

test('every single change is found by who checks no signature twice', () =>
    changeAll(Math.ceil(COUNT / 5), 'behind what was checked', file('checked')));

// Whoever owns the database and every seal still can not sign.
test('a decision that was not signed so is found by its signature alone', async () => {
    const n = numbers(SEED);
    tables = await look(stack);
    await verifier?.end();
    verifier = openVerifier(stack, { SEAL_HEADS_FILE: '/nonexistent' });
    assert.equal(await verifier.ask(`commit; begin; ${COVER};
        set local session_replication_role = replica; savepoint s`.replace(/\s+/g, ' ')), 'whole');
    assert.equal(await verifier.ask('do $$ begin perform pg_temp.cover(1); end $$'), 'whole');
    const found = {};
    for (let count = 0; count < Math.max(300, COUNT / 10);) {
        const change = forgery(tables, n);
        const answer = await verifier.ask(`rollback to s; ${change.sql}`);
        if (answer.startsWith('refused')) continue;
        assert.match(answer, /^broken decision \d+: (is not signed|is signed by no key|says what)/,
                     `${answer}: ${change.sql}`);
        found[change.column] = (found[change.column] ?? 0) + 1;
        count++;
    }
    console.log(`found ${JSON.stringify(found)}`);
    assert.equal(Object.keys(found).length, 12, JSON.stringify(found));
});

test('every single change is found once a part was dropped', async () => {
    await verifier?.end();
    const people = await admins(stack);
    await jobs.submit('print(4)');
    await allSealed();
    await check(file('before'));
    const { id } = await agree(people);
    await people.eva.post(`/api/audit/retention/${id}/withdraw`, {});
    await drop(stack, people, `${stack.data}/first`);
    await jobs.decide(await jobs.submit('print(5)'), { verdict: 'reject', note: 'No.' });
    await drop(stack, people, `${stack.data}/second`);
    const { attempt_id } = await jobs.approve(await jobs.submit('print(6)'));
    await jobs.over(attempt_id);
    await allSealed();
    const counts = await changeAll(Math.ceil(COUNT / 2), 'behind what was dropped');
    assert.ok(counts.retention > 0);
    await changeAll(Math.ceil(COUNT / 5), 'dropped since it was checked', file('before'));
});
