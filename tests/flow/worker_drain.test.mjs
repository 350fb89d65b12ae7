// A worker that is told to go finishes what runs, gives back what has not started, and says bye.
import test, { before, after, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';
import { markedAs, pidsCalled } from './processes.mjs';

const BRIEF = "import time\nprint('begun', flush=True)\ntime.sleep(1.5)\nprint('ended')";
const mark = `cs-drain-${process.pid % 10000}`;
const ENDLESS = `print('begun', flush=True)\n${markedAs(mark)}import time\ntime.sleep(600)`;
let stack;
let jobs;

before(async () => {
    stack = await startStack({
        api: false,
        env: { HEARTBEAT_MS: '1000', LEASE_MS: '5000', SWEEP_MS: '200', WORKER_SLOTS: '2' },
    });
    jobs = await openJobs(stack);
});
after(() => stack?.stop());

let env = {};
beforeEach(async () => {
    await stack.restart('worker', env);
    await stack.workersReady();
});

const signal = (name = 'SIGTERM') => process.kill(stack.pid('worker'), name);
const draining = () => until(async () => (
    (await stack.log('worker')).split('\n').filter((line) => line.includes('"worker.draining"'))
        .length > drained), 'the drain');
let drained = 0;
beforeEach(async () => {
    drained = (await stack.log('worker')).split('"worker.draining"').length - 1;
});

async function saidBye() {
    const [row] = await stack.psql('superuser',
        'select stopped_at from cs.worker order by id desc limit 1');
    assert.notEqual(row.stopped_at, null);
}

// One that has begun and would not end.
async function endless() {
    const run = await jobs.run(ENDLESS);
    await jobs.inState(run.attempt_id, 'running');
    await until(() => pidsCalled(mark).length === 1, 'the code');
    return run;
}

test('SIGTERM: what runs ends well, what is ready is left for others', async () => {
    const run = await jobs.run(BRIEF);
    await jobs.inState(run.attempt_id, 'running');
    signal();
    await draining();
    const later = await jobs.run("print('later')");
    assert.equal((await stack.end('worker')).code, 0);
    assert.equal((await jobs.attempt(run.attempt_id)).state, 'succeeded');
    assert.equal(await jobs.stdout(run.attempt_id), 'begun\nended\n');
    assert.equal((await jobs.attempt(later.attempt_id)).state, 'ready');
    await saidBye();
    await stack.start('worker');
    assert.equal((await jobs.over(later.attempt_id)).state, 'succeeded');
});

test('a second SIGTERM: what runs is killed and becomes unknown', async () => {
    const run = await endless();
    signal();
    await draining();
    signal();
    assert.equal((await stack.end('worker')).code, 0);
    const attempt = await jobs.attempt(run.attempt_id);
    assert.equal(attempt.state, 'unknown', JSON.stringify(attempt));
    assert.equal(attempt.reason, 'worker_stopped');
    assert.equal(attempt.request_state, 'outcome_unknown');
    assert.equal(await jobs.stdout(run.attempt_id), 'begun\n');
    await saidBye();
    env = { DRAIN_SECONDS: '1' };
});

test('the drain has an end', async () => {
    const run = await endless();
    signal('SIGINT');
    assert.equal((await stack.end('worker')).code, 0);
    assert.equal((await jobs.attempt(run.attempt_id)).state, 'unknown');
    await saidBye();
    env = {};
});

test('an unknown run is not run again by the next worker', async () => {
    const run = await endless();
    signal();
    await draining();
    signal();
    await stack.end('worker');
    await stack.start('worker');
    await jobs.ring(run.attempt_id);
    const next = await jobs.run("print('next')");
    assert.equal((await jobs.over(next.attempt_id)).state, 'succeeded');
    assert.equal((await jobs.attempt(run.attempt_id)).state, 'unknown');
    assert.equal((await jobs.starts()).get(run.attempt_id), 1);
    const [{ n }] = await stack.psql('superuser',
        `select count(*)::int as n from cs.attempt where request_id = ${run.id}`);
    assert.equal(n, 1);
});
