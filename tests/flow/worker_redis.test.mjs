// Redis is a doorbell: stopped, killed, hung, flushed or lying, each job still runs, once.
// Proves: T23 I10 I16
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';

let stack;
let jobs;

before(async () => {
    stack = await startStack({ api: false, env: { HEARTBEAT_MS: '2000', LEASE_MS: '10000' } });
    jobs = await openJobs(stack);
});
after(() => stack?.stop());

async function ranOnce(run, text = 'ran\n') {
    const attempt = await jobs.over(run.attempt_id);
    assert.equal(attempt.state, 'succeeded', JSON.stringify(attempt));
    assert.equal(await jobs.stdout(run.attempt_id), text);
    assert.equal((await jobs.starts()).get(run.attempt_id), 1);
    const starts = (await jobs.events(run.id)).filter((e) => e.event === 'attempt.start');
    assert.equal(starts.length, 1);
}

const logs = (word, times = 1) => until(
    async () => (await stack.log('worker')).split(word).length > times, word);

test('a hint is enough: no sweep is waited for', async () => {
    await stack.restart('worker', { SWEEP_MS: '60000' });
    await stack.workersReady();
    for (let i = 0; i < 3; i++) await ranOnce(await jobs.run("print('ran')"));
    await stack.restart('worker', { SWEEP_MS: '500' });
    await stack.workersReady();
});

test('no hint at all: the sweep finds it', async () => {
    await ranOnce(await jobs.run("print('ran')", { ring: false }));
});

test('stopped before, and started again after', async () => {
    await stack.halt('redis');
    await logs('"redis.away"');
    await ranOnce(await jobs.run("print('ran')", { ring: false }));
    await stack.start('redis');
    await logs('"redis.back"');
    await ranOnce(await jobs.run("print('ran')"));
});

test('killed while a job runs', async () => {
    const run = await jobs.run("import time\nprint('ran', flush=True)\ntime.sleep(1)");
    await jobs.inState(run.attempt_id, 'running');
    await stack.kill('redis');
    await ranOnce(run);
    await ranOnce(await jobs.run("print('ran')", { ring: false }));
    await stack.start('redis');
});

test('hung without closing a connection', async () => {
    await ranOnce(await jobs.run("print('ran')"));
    process.kill(stack.pid('redis'), 'SIGSTOP');
    try {
        for (let i = 0; i < 3; i++)
            await ranOnce(await jobs.run("print('ran')", { ring: false }));
    } finally {
        process.kill(stack.pid('redis'), 'SIGCONT');
    }
    await ranOnce(await jobs.run("print('ran')"));
});

test('flushed with the hint in it', async () => {
    process.kill(stack.pid('worker'), 'SIGSTOP');
    const run = await jobs.run("print('ran')");
    await stack.redis('flushall');
    process.kill(stack.pid('worker'), 'SIGCONT');
    await ranOnce(run);
});

// Proves: T1
test('forged, garbage and duplicate ids', async () => {
    const waiting = await jobs.submit("print('not approved')");
    const past = await jobs.run("print('ran')");
    await ranOnce(past);
    await jobs.ring('abc', '-5', '0', '1.5', '1e3', ' 7', '', '9223372036854775807',
        '9223372036854775808', '4711', 'x'.repeat(5000), '{"id":1}', waiting.id + 1000000);
    await jobs.ring(...Array(60).fill(past.attempt_id));
    const run = await jobs.run("print('ran')", { ring: false });
    await jobs.ring(...Array(60).fill(run.attempt_id));
    await ranOnce(run);
    await until(async () => Number(await stack.redis('llen', 'queue:run:local')) === 0,
        'the queue to be empty');
    await ranOnce(past);
    const forged = await until(async () => {
        const rows = await stack.psql('superuser', `select body from cs.audit_event
            where body ->> 'code' = 'W-FORGED'`);
        return rows.some((row) => row.body.ids.includes(4711)) && rows;
    }, 'the audit rows');
    assert.ok(forged.length > 0);
    const [row] = await stack.psql('superuser',
        `select state from cs.request where id = ${waiting.id}`);
    assert.equal(row.state, 'pending');
    await logs('"queue.forged"');
});

test('a queue that is no list', async () => {
    process.kill(stack.pid('worker'), 'SIGSTOP');
    await stack.redis('del', 'queue:run:local');
    await stack.redis('set', 'queue:run:local', 'hello');
    process.kill(stack.pid('worker'), 'SIGCONT');
    await ranOnce(await jobs.run("print('ran')", { ring: false }));
    await stack.redis('del', 'queue:run:local');
    await ranOnce(await jobs.run("print('ran')"));
});

test('the events of a run are announced', async () => {
    // Long enough to be marked as running; of a shorter run only the end is announced.
    const run = await jobs.run("import time\nprint('ran')\ntime.sleep(0.5)");
    await ranOnce(run);
    await until(async () => {
        const events = await stack.redis('xrange', 'events', '-', '+');
        return ['running', 'succeeded'].every((state) => events.split('\n').some((line) => (
            line.includes(`"id":${run.id},`) && line.includes(`"state":"${state}"`))));
    }, 'both events');
});
