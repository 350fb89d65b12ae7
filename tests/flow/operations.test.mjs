// What an operator looks at and turns: readiness, health checks, metrics, pause.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { build, startStack, until } from './stack.mjs';

const command = path.join(build, 'countersign');
let stack;
let ana;
let rob;

before(async () => {
    stack = await startStack({ env: { SWEEP_MS: '200' } });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'] });
    ana = await stack.signIn('ana');
    rob = await stack.signIn('rob');
});
after(() => stack?.stop());

/** {name or name{label}: number} of /metrics. */
async function metrics() {
    const answer = await stack.client().get('/metrics');
    assert.equal(answer.status, 200);
    const lines = answer.text.split('\n').filter((line) => line && !line.startsWith('#'));
    return Object.fromEntries(lines.map((line) => /^(.*) (\S+)$/.exec(line).slice(1)));
}

async function submit(code) {
    const made = await ana.post('/api/requests', { title: 'Sum', language: 'python', code });
    assert.equal(made.status, 201, made.text);
    return made.body;
}

async function approve({ id, revision, bundle_sha256 }) {
    const answer = await rob.post(`/api/requests/${id}/decisions`,
        { verdict: 'approve', revision, bundle_sha256, undo_seconds: 0 });
    assert.equal(answer.status, 200, answer.text);
}

const stateOf = async (id) => (await ana.get(`/api/requests/${id}`)).body.state;

/** The health check's exit status. */
const health = (what, env) => promisify(execFile)(command, ['health', what],
    { env: { ...process.env, ...env } }).then(() => 0, (error) => error.code);

test('metrics count what waits and what works', async () => {
    const made = await submit('print(1)');
    const counted = await metrics();
    assert.equal(counted['countersign_requests{state="pending"}'], '1');
    assert.equal(counted['countersign_attempts{state="running"}'], '0');
    assert.equal(counted.countersign_workers, '1');
    assert.equal(counted.countersign_slots, '4');
    assert.equal(counted.countersign_database_up, '1');
    await approve(made);
    await until(async () => await stateOf(made.id) === 'succeeded', 'the end');
    assert.equal((await metrics())['countersign_requests{state="pending"}'], undefined);
});

test('every metric has a type and a number', async () => {
    const { text } = await stack.client().get('/metrics');
    const typed = new Set([...text.matchAll(/^# TYPE (\S+) (?:counter|gauge|histogram)$/gm)]
        .map((found) => found[1]));
    const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
    for (const line of lines) {
        const name = /^[a-z_]+/.exec(line)[0].replace(/_(bucket|sum|count)$/, '');
        assert.ok(typed.has(name), line);
        assert.match(line, /^[a-z_]+(\{([a-z]+="[^"\n]*",?)+\})? [0-9.e+-]+$/);
    }
});

test('a pause lets nothing start, and what waits starts after it', async () => {
    assert.match(await stack.operator('pause', 'the disk is full'), /all: paused/);
    const made = await submit('print(2)');
    await approve(made);
    // A worker that is asked, and a sweep that looks, start nothing.
    await stack.redis('lpush', 'queue:run:local', (await ana.get(`/api/requests/${made.id}`))
        .body.attempts[0].id);
    const [{ at }] = await stack.psql('superuser', 'select clock_timestamp() as at');
    await until(async () => (await stack.psql('superuser',
        `select 1 from cs.worker where seen_at > '${at}' and stopped_at is null`)).length,
        'a heartbeat');
    assert.equal(await stateOf(made.id), 'approved');
    assert.match(await stack.operator('resume'), /all: runs/);
    await until(async () => await stateOf(made.id) === 'succeeded', 'the end');
    const rows = await stack.psql('auditor',
        "select event from audit.audit_logs where event like 'pause.%' order by id");
    assert.deepEqual(rows.map((row) => row.event), ['pause.set', 'pause.clear']);
});

test('a pause of one team leaves the others alone', async () => {
    await stack.operator('team', 'add', 'Elsewhere');
    const [{ id }] = await stack.psql('superuser',
        "select id from cs.team where name = 'Elsewhere'");
    await stack.operator('pause', '--team', String(id));
    const made = await submit('print(3)');
    await approve(made);
    await until(async () => await stateOf(made.id) === 'succeeded', 'the end');
    await stack.operator('resume', '--team', String(id));
    await assert.rejects(stack.operator('pause', '--team', 'x'), /scope/);
    await assert.rejects(stack.operator('pause', '--team', '999'), /of a team there is/);
});

test('a pause of one backend stops it and leaves the others alone', async () => {
    assert.match(await stack.operator('pause', '--backend', 'e2b'), /backend:e2b: paused/);
    const free = await submit('print(4)');
    await approve(free);
    await until(async () => await stateOf(free.id) === 'succeeded', 'the end');
    await stack.operator('pause', '--backend', 'local', 'disk is full');
    const held = await submit('print(5)');
    await approve(held);
    const waiting = await until(async () => (
        await ana.get(`/api/requests/${held.id}`)).body.waiting, 'the reason');
    assert.equal(waiting.reason, 'paused');
    assert.equal(waiting.scope, 'backend:local');
    assert.equal(waiting.message, 'disk is full');
    for (const backend of ['local', 'e2b']) await stack.operator('resume', '--backend', backend);
    await until(async () => await stateOf(held.id) === 'succeeded', 'the end');
    assert.equal((await ana.get(`/api/requests/${held.id}`)).body.waiting, null);
    await assert.rejects(stack.operator('pause', '--backend', 'moon'), /scope/);
    await assert.rejects(stack.operator('pause', '--backend', 'e2b', '--team', '1'), /two pauses/);
});

test('a forgotten password is made void by the operator, and only when asked', async () => {
    const token = async (...words) => (await stack.operator('link', 'ana', ...words)).split('#')[1];
    const [first, second] = ['the first password', 'the second password'];
    assert.equal((await ana.post('/api/password', { password: first })).status, 204);
    const plain = stack.client();
    await plain.signIn(await token());
    assert.equal((await plain.post('/api/password', { password: second })).status, 400);
    assert.equal((await stack.client().signInWithPassword('ana', first)).status, 200);
    const fresh = stack.client();
    await fresh.signIn(await token('--forget-password'));
    assert.equal((await stack.client().signInWithPassword('ana', first)).status, 401);
    assert.equal((await fresh.post('/api/password', { password: second })).status, 204);
    assert.equal((await stack.client().signInWithPassword('ana', second)).status, 200);
});

test('health says by its exit status whether api and worker are well', async () => {
    const api = { API_PORT: new URL(stack.url).port, DATABASE_URL: stack.database.api };
    const worker = { WORKER_NAME: 'worker-1', DATABASE_URL: stack.database.worker };
    assert.equal(await health('api', api), 0);
    assert.equal(await health('worker', worker), 0);
    assert.equal(await health('worker', { ...worker, WORKER_NAME: 'worker-2' }), 1);
    assert.equal(await health('worker', { ...worker, DATABASE_URL: 'host=/nonexistent' }), 1);
    assert.equal(await health('something', worker), 64);
    await stack.halt('worker');
    assert.equal(await health('worker', worker), 1);
    await stack.halt('api');
    assert.equal(await health('api', api), 1);
});
