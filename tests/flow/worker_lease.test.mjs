// A worker that is paused past its lease: its sandbox dies without it, others see the run as
// unknown, and what it writes late changes nothing.
// Proves: I9
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';
import { markedAs, pidsCalled } from './processes.mjs';

const SLEEP = 'import time\ntime.sleep(600)';
let stack;
let jobs;

before(async () => {
    stack = await startStack({
        api: false, workers: 1,
        env: { HEARTBEAT_MS: '600', LEASE_MS: '3000', SWEEP_MS: '200', LOCAL_WARM: '0' },
    });
    jobs = await openJobs(stack);
});
after(() => stack?.stop());

const logged = (name, words) => until(async () => {
    const log = await stack.log(name);
    return words.some((word) => log.includes(word));
}, words.join(' or '));

async function auditOf(request) {
    return (await jobs.events(request)).map((row) => row.event);
}

test('paused while its job runs', async () => {
    const mark = `cs-lease-${process.pid % 10000}`;
    const run = await jobs.run(markedAs(mark) + SLEEP);
    await jobs.inState(run.attempt_id, 'running');
    await until(() => pidsCalled(mark).length === 1, 'the sandbox');
    const paused = stack.pid('worker-1');
    process.kill(paused, 'SIGSTOP');
    await until(() => pidsCalled(mark).length === 0, 'the sandbox to be killed by its launcher');
    // The lease ends on the database's clock; another worker's sweep is what sees it.
    await until(async () => {
        const [found] = await stack.psql('worker', 'select cs.sweep(0, 10) as found');
        return found && (await jobs.attempt(run.attempt_id)).state === 'unknown';
    }, 'the sweep');
    const before = await auditOf(run.id);
    process.kill(paused, 'SIGCONT');
    // Whether it first sees that its sandbox is gone or that its lease is, nothing is written.
    await logged('worker-1', ['"attempt.lease_lost"', '"attempt.finish_refused"',
        '"attempt.finished"']);
    const attempt = await jobs.attempt(run.attempt_id);
    assert.equal(attempt.state, 'unknown');
    assert.equal(attempt.request_state, 'outcome_unknown');
    assert.deepEqual(await auditOf(run.id), before);
    const next = await jobs.run("print('still at work')");
    assert.equal((await jobs.over(next.attempt_id)).state, 'succeeded');
});

test('the database goes away for longer than the lease: the worker kills its own run', async () => {
    const mark = `cs-away-${process.pid % 10000}`;
    const run = await jobs.run(markedAs(mark) + SLEEP);
    await jobs.inState(run.attempt_id, 'running');
    await until(() => pidsCalled(mark).length === 1, 'the sandbox');
    await stack.kill('postgres');
    await until(() => pidsCalled(mark).length === 0, 'the sandbox to be killed');
    await logged('worker-1', ['"lease.given_up"']);
    await stack.start('postgres');
    const attempt = await jobs.over(run.attempt_id);
    assert.equal(attempt.state, 'unknown', JSON.stringify(attempt));
    const next = await jobs.run("print('still at work')");
    assert.equal((await jobs.over(next.attempt_id)).state, 'succeeded');
});

test('the database hangs for longer than the lease: the worker kills its own run', async () => {
    const mark = `cs-hung-${process.pid % 10000}`;
    const run = await jobs.run(markedAs(mark) + SLEEP);
    await jobs.inState(run.attempt_id, 'running');
    await until(() => pidsCalled(mark).length === 1, 'the sandbox');
    const rows = await stack.psql('superuser', `select pid from pg_stat_activity
        where application_name = 'countersign-worker'`);
    for (const { pid } of rows) process.kill(pid, 'SIGSTOP');
    try {
        await until(() => pidsCalled(mark).length === 0, 'the sandbox to be killed');
    } finally {
        for (const { pid } of rows) process.kill(pid, 'SIGCONT');
    }
    const attempt = await jobs.over(run.attempt_id);
    assert.equal(attempt.state, 'unknown', JSON.stringify(attempt));
    assert.equal((await jobs.starts()).get(run.attempt_id), 1);
    const next = await jobs.run("print('still at work')");
    assert.equal((await jobs.over(next.attempt_id)).state, 'succeeded');
});

test('launcher and sandboxes die with a worker that is killed', async () => {
    const mark = `cs-dead-${process.pid % 10000}`;
    const run = await jobs.run(markedAs(mark) + SLEEP);
    await jobs.inState(run.attempt_id, 'running');
    await until(() => pidsCalled(mark).length === 1, 'the sandbox');
    await stack.kill('worker-1');
    await until(() => pidsCalled(mark).length === 0, 'the sandbox to die');
    await stack.start('worker-1');
    const attempt = await jobs.over(run.attempt_id);
    assert.equal(attempt.state, 'unknown');
    assert.equal((await jobs.starts()).get(run.attempt_id), 1);
});
