// The rules: what they block never waits for anybody, what they find raises how many must approve,
// and new rules, set or shipped, reach what waits and what is approved before it starts.
// Proves: T5 T16 I18
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { audit } from './retention.mjs';
import { build, root, startStack, until } from './stack.mjs';

const run = promisify(execFile);

let stack;
let ana;
let rob;
let sue;

before(async () => {
    stack = await startStack({ env: { UNDO_SECONDS: '0' } });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], sue: ['reviewer'] });
    ana = await stack.signIn('ana');
    rob = await stack.signIn('rob');
    sue = await stack.signIn('sue');
});
after(() => stack?.stop());

const submit = async (code, language = 'python') => {
    const { status, body } = await ana.post('/api/requests', { language, code });
    assert.equal(status, 201, JSON.stringify(body));
    return body;
};
const get = async (id, who = ana) => (await who.get(`/api/requests/${id}`)).body;
const graveOf = (findings) => findings.filter(({ level }) => level !== 'note').map(({ id }) => id);
const approve = async (who, id, more = {}) => {
    const { revision, bundle, findings } = await get(id, who);
    return who.post(`/api/requests/${id}/decisions`, { verdict: 'approve', revision,
        bundle_sha256: bundle.sha256, acknowledged: graveOf(findings), ...more });
};
const state = (id, wanted) => until(async () => {
    const request = await get(id);
    return request.state === wanted && request;
}, `request ${id} ${wanted}`);

const rule = (level, note) => (
    stack.operator('policy', 'set', 'sql.recursive', '--level', level, '--note', note));

test('what is harmless is said to be so, with what it does', async () => {
    const { id, risk } = await submit(
        'import pandas as pd\nprint(pd.DataFrame({"a": [1]}).a.sum())\n');
    const request = await get(id);
    assert.deepEqual([risk, request.risk, request.policy.level === 'high', request.findings],
        ['low', 'low', false, []]);
    assert.deepEqual(request.policy.capabilities.changes, []);
    assert.equal(request.bundle.policy_version, request.policy.version);
    assert.match(request.bundle.verdict_sha256, /^[0-9a-f]{64}$/);
});

test('what the rules block is kept as blocked, with line and reason, for everybody', async () => {
    const made = await submit('x = 1\nimport subprocess\nsubprocess.run(["id"])\n');
    assert.equal(made.state, 'blocked');
    assert.deepEqual([made.blocked_by.code, made.blocked_by.line], ['policy_blocked', 3]);
    const request = await get(made.id, rob);
    assert.equal(request.state, 'blocked');
    assert.ok(request.findings.some(({ level, line }) => level === 'block' && line === 3));
    const { body: list } = await rob.get('/api/requests?view=review');
    assert.ok(!list.requests.some(({ id }) => id === made.id), 'it waits for nobody');
    const tried = await approve(rob, made.id);
    assert.deepEqual([tried.status, tried.body.error.code], [409, 'wrong_state']);
    const again = await ana.post(`/api/requests/${made.id}/run-again`, {});
    assert.deepEqual([again.status, again.body.state], [201, 'blocked']);
});

test('an edit into what is blocked is refused, and what waits stays', async () => {
    const made = await submit('print(1)\n');
    const { status, body } = await ana.post(`/api/requests/${made.id}/revisions`,
        { revision: 1, code: 'drop table sales', language: 'sql' });
    assert.deepEqual([status, body.error.code, body.error.field], [422, 'policy_blocked', 'code']);
    assert.match(body.error.message, /line 1, rule sql\.drop/);
    assert.deepEqual([(await get(made.id)).state, (await get(made.id)).revision], ['pending', 1]);
    const better = await ana.post(`/api/requests/${made.id}/revisions`,
        { revision: 1, code: 'import socket\nsocket.create_connection(("a", 1))\n' });
    assert.equal(better.status, 201);
    assert.equal((await get(made.id)).risk, 'high', 'each version has a verdict of its own');
});

test('each of a batch is judged', async () => {
    const { body } = await ana.post('/api/requests:batch', { requests: [
        { language: 'sql', code: 'select 1' }, { language: 'sql', code: 'drop table a' },
        { language: 'python', code: 'eval(input())' }] });
    assert.deepEqual(body.results.map((one) => one.body.state).slice(0, 2), ['pending', 'blocked']);
    assert.notEqual(body.results[2].body.risk, 'low');
});

test('a high risk needs two people', async () => {
    const { id, risk } = await submit(
        'import socket\nprint(socket.gethostname())\nsocket.create_connection(("h", 1))\n');
    assert.equal(risk, 'high');
    assert.equal((await approve(rob, id)).body.state, 'pending');
    const { quorum } = await get(id, sue);
    assert.deepEqual([quorum.needed, quorum.approved], [2, 1]);
    assert.equal((await approve(sue, id)).body.state, 'approved');
    await state(id, 'failed'); // it ran, and the sandbox has no network
});

test('an approval over the api names each finding above note, which is signed', async () => {
    const { id } = await submit('import socket\nimport pandas as pd\n'
        + 'print(pd.read_csv("a.csv"))\nsocket.create_connection(("h", 1))\n');
    const { findings } = await get(id, rob);
    const all = graveOf(findings);
    assert.ok(all.length > 0 && all.every((one) => /^[a-z0-9_.]+:\d+:\d+$/.test(one)), `${all}`);
    const before = await stack.psql('superuser', 'select count(*)::int as n from cs.decision');
    for (const acknowledged of [undefined, [], all.slice(1)]) {
        const { status, body: { error } } = await approve(rob, id, { acknowledged });
        assert.deepEqual([status, error.code, error.field],
            [400, 'missing_field', 'acknowledged'], JSON.stringify(acknowledged));
        assert.match(error.message, new RegExp(`missing: ${all[0]}`));
    }
    const other = await approve(rob, id, { acknowledged: [...all, 'sql.drop:1:1'] });
    assert.deepEqual([other.status, other.body.error.code, other.body.error.field],
        [400, 'invalid_field', 'acknowledged']);
    assert.match(other.body.error.message, /: sql\.drop:1:1$/);
    assert.deepEqual(await stack.psql('superuser', 'select count(*)::int as n from cs.decision'),
        before);
    assert.equal((await approve(rob, id)).status, 200);
    assert.deepEqual((await get(id, rob)).decisions.at(-1).acknowledged, all);
    assert.equal((await approve(sue, id, { acknowledged: [] })).status, 400, 'each for themselves');
    assert.equal((await approve(sue, id)).body.state, 'approved');
    await state(id, 'failed'); // the worker found the signatures to hold over what was read
});

test('code that nobody can read needs a person, and does not stop the api', async () => {
    const { risk, state: now } = await submit(`${'('.repeat(2000)}1${')'.repeat(2000)}\n`);
    assert.equal(now, 'pending');
    assert.ok(['low', 'high'].includes(risk));
    const broken = await submit('select select from from\n', 'sql');
    assert.equal(broken.risk, 'medium');
});

test('new rules judge again what waits and what is approved', async () => {
    await stack.operator('pause', 'rules change');
    const recursive =
        'with recursive t(n) as (select 1 union all select n + 1 from t where n < 3) table t';
    const waits = await submit(recursive, 'sql');
    const approved = await submit(recursive, 'sql');
    const other = await submit('print("same")\n');
    assert.deepEqual([waits.risk, approved.risk], ['low', 'low']);
    await approve(rob, approved.id);
    await approve(rob, other.id);
    assert.equal((await get(approved.id)).state, 'approved');
    const stream = await rob.events();
    await rule('high', 'it took hours');
    const event = await stream.until((one) => one.event === 'request' &&
        one.data.id === approved.id && one.data.what === 'policy.raise');
    assert.equal(event.data.state, 'pending');
    stream.close();
    const again = await get(approved.id, rob);
    assert.deepEqual([again.state, again.revision, again.risk, again.code],
        ['pending', 2, 'high', recursive]);
    assert.equal(again.quorum.needed, 2);
    assert.equal((await until(async () => {
        const one = await get(waits.id);
        return one.revision === 2 && one;
    }, 'what waited is judged')).risk, 'high');
    await stack.operator('resume');
    const same = await state(other.id, 'succeeded');
    assert.deepEqual([same.revision, same.risk], [1, 'low'], 'what is no worse runs as approved');
    const { body: stale } = await rob.post(`/api/requests/${approved.id}/decisions`, {
        verdict: 'approve', revision: 1, bundle_sha256: approved.bundle_sha256 });
    assert.equal(stale.error.code, 'stale');
    await rule('block', 'and again');
    assert.deepEqual((await state(approved.id, 'blocked')).findings.map(({ level }) => level),
        ['block']);
});

test('a release with tighter rules judges again what waits and what is approved', async () => {
    const env = { PATH: process.env.PATH, DATABASE_URL: stack.database.superuser };
    const migrate = () => run(path.join(build, 'countersign'), ['migrate'], { env });
    const newest = async () => (await stack.psql('superuser',
        'select max(version)::int as n from cs.policy_version'))[0].n;
    await stack.operator('pause', 'upgrade');
    await stack.operator('policy', 'set', 'sql.show', '--level', 'block', '--note', 'not here');
    const version = await stack.newRules(
        "case r.id when 'sql.into' then 'none' else r.level end", "sha256('an earlier release')");
    await stack.rulesKnown(version);
    const waits = await submit('select a into b from c', 'sql');
    const approved = await submit('select a into b from c', 'sql');
    assert.deepEqual([waits.risk, approved.risk], ['low', 'low']);
    assert.equal((await approve(rob, approved.id)).body.state, 'approved');
    await migrate();
    assert.equal(await newest(), version + 1);
    for (const { id } of [waits, approved]) {
        const raised = await until(async () => {
            const one = await get(id);
            return one.revision === 2 && one;
        }, 'it is judged by what ships');
        assert.deepEqual([raised.state, raised.risk, raised.policy.version],
                         ['pending', 'high', version + 1]);
    }
    await stack.operator('resume');
    assert.match(await stack.operator('policy', 'versions'), /sql\.into: none to high/);
    assert.match(await stack.operator('policy', 'rules', '--level', 'block'), /sql\.show /,
                 'what an operator chose stays');
    await migrate();
    assert.equal(await newest(), version + 1, 'the same release brings nothing new');
    const { code, out, said } = await audit(stack, ['verify']);
    assert.ok([0, 2].includes(code), out + said);
});

test('an api reads with the engine that the database knows', async () => {
    const header = await readFile(path.join(root, 'common/io/policy_child.h'), 'utf8');
    const [{ shipped }] = await stack.psql('superuser', 'select cs.policy_engine() as shipped');
    assert.equal(Number(/^#define POLICY_ENGINE (\d+)$/m.exec(header)[1]), shipped);
});

test('what an engine that finds less judged waits for the one that ships', async () => {
    const ships = (engine) => stack.psql('superuser', `set search_path = cs, pg_temp;
        create or replace function cs.policy_engine() returns int language sql stable
            return ${engine}; do $$ begin perform cs.policy_ship(); end $$`);
    const [{ version }] = await stack.psql('superuser',
        'select max(version) as version from cs.policy_version');
    await ships(3);
    await until(async () => (await stack.log('api')).includes('The rules are for engine 3'),
                'the api is told');
    const made = await submit('print("later")\n');
    assert.equal((await get(made.id)).policy.version, version, 'judged by the rules that it knows');
    await approve(rob, made.id);
    assert.equal((await get(made.id)).state, 'approved');
    await ships(2);
    await state(made.id, 'succeeded');
});

test('without the program that judges nothing is let through as harmless', async (t) => {
    const stopped = [];
    const stopAll = async () => {
        for (const child of await childrenOf(stack.pid('api'))) stopped.push(child);
        signal(stopped, 'SIGSTOP');
    };
    t.after(() => signal(stopped, 'SIGKILL'));
    // The next to be asked may be one that is yet to start: it is stopped before the time after.
    const levels = [];
    for (let round = 0; round < 3 && !levels.includes('high'); round++) {
        await stopAll();
        const made = await Promise.all(Array.from({ length: 4 }, () => submit('print(2)\n')));
        levels.push(...made.map(({ risk }) => risk));
    }
    assert.ok(levels.includes('high'), 'who was not answered is told so');
    signal(stopped, 'SIGCONT'); // those that were not asked
    assert.ok((await submit('print(3)\n')).risk === 'low', 'and another child takes its place');
});

async function childrenOf(pid) {
    const tasks = await readdir(`/proc/${pid}/task`);
    const lists = await Promise.all(tasks.map((task) => readFile(
        `/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')));
    return lists.join(' ').split(/\s+/).filter(Boolean).map(Number);
}

function signal(pids, name) {
    for (const pid of pids) {
        try {
            process.kill(pid, name);
        } catch {
            // it was ended
        }
    }
}
