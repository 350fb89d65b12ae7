// kill -9 of Redis around the push of a hint: before it, and after it with the hint inside. The
// commit is in PostgreSQL either way, so the job runs, once.
// Proves: T23 I4 I16
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';

let stack;
let jobs;

before(async () => {
    stack = await startStack({
        api: false, variant: 'fault',
        env: { HEARTBEAT_MS: '1000', LEASE_MS: '5000', SWEEP_MS: '500', LOCAL_WARM: '0' },
    });
    jobs = await openJobs(stack);
});
after(() => stack?.stop());

async function ranOnce(run) {
    const attempt = await jobs.over(run.attempt_id);
    assert.equal(attempt.state, 'succeeded', JSON.stringify(attempt));
    assert.equal(await jobs.stdout(run.attempt_id), 'ran\n');
    assert.equal((await jobs.starts()).get(run.attempt_id), 1);
    const starts = (await jobs.events(run.id)).filter((row) => row.event === 'attempt.start');
    assert.equal(starts.length, 1);
}

test('before the push: the hint was never sent', async () => {
    await stack.kill('redis');
    await ranOnce(await jobs.run("print('ran')", { ring: false }));
    await stack.start('redis');
});

test('after the push: the hint died in the list', async () => {
    process.kill(stack.pid('worker'), 'SIGSTOP'); // so that nobody takes it first
    const run = await jobs.run("print('ran')");
    await stack.kill('redis');
    process.kill(stack.pid('worker'), 'SIGCONT');
    await ranOnce(run);
    await stack.start('redis');
});

test('after the hint was taken and before the claim', async () => {
    await stack.restart('worker', { COUNTERSIGN_FAULT: 'worker.claim.before:stop' });
    await stack.workersReady();
    const run = await jobs.run("print('ran')");
    const worker = stack.pid('worker');
    await until(() => readFileSync(`/proc/${worker}/stat`, 'utf8')
        .includes(') T '), 'the fault point');
    await stack.kill('redis');
    process.kill(worker, 'SIGCONT');
    await ranOnce(run);
    await stack.start('redis');
    await ranOnce(await jobs.run("print('ran')"));
});
