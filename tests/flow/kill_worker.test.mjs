// kill -9 of the worker, at each moment that matters: before the commit of a step nothing has
// happened and it happens once more; after it nothing happens twice.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';

let stack;
let jobs;

before(async () => {
    stack = await startStack({
        api: false, variant: 'fault',
        env: { HEARTBEAT_MS: '150', LEASE_MS: '1500', SWEEP_MS: '200', LOCAL_WARM: '0' },
    });
    jobs = await openJobs(stack);
});
after(() => stack?.stop());

// Lets the worker die at that point of its next job, and starts it again.
async function killedAt(point, options = {}) {
    await stack.restart('worker', { COUNTERSIGN_FAULT: `${point}:kill` });
    await stack.workersReady();
    const before = (await jobs.starts());
    const run = await jobs.run("print('ran')", options);
    assert.equal((await stack.end('worker')).signal, 9, point);
    await stack.start('worker', { COUNTERSIGN_FAULT: '' });
    const attempt = await jobs.over(run.attempt_id);
    const starts = (await jobs.starts()).get(run.attempt_id) ?? 0;
    assert.equal(before.has(run.attempt_id), false);
    return { run, attempt, starts };
}

async function auditCount(run, event) {
    return (await jobs.events(run.id)).filter((row) => row.event === event).length;
}

const notStartedYet = ['worker.claim.before', 'worker.claim.after_commit',
    'worker.spawn.before_code', 'worker.start.in_tx'];
for (const point of notStartedYet)
    test(`${point}: no code had left, so it runs, once`, async () => {
        const { run, attempt, starts } = await killedAt(point);
        assert.equal(attempt.state, 'succeeded', JSON.stringify(attempt));
        assert.equal(await jobs.stdout(run.attempt_id), 'ran\n');
        assert.equal(starts, 1);
        assert.equal(await auditCount(run, 'attempt.start'), 1);
    });

for (const point of ['worker.start.after_commit', 'worker.run.running', 'worker.finish.before'])
    test(`${point}: code may have left, so it is unknown and is not run again`, async () => {
        const { run, attempt, starts } = await killedAt(point);
        assert.equal(attempt.state, 'unknown', JSON.stringify(attempt));
        assert.equal(attempt.request_state, 'outcome_unknown');
        assert.equal(starts, point === 'worker.start.after_commit' ? 0 : 1);
        assert.equal(await auditCount(run, 'attempt.start'), 1);
        const settled = await jobs.call('settle_requests', {
            actor: jobs.actor('rob'), id: run.id, outcome: 'failed', note: 'the worker died',
        });
        assert.equal(settled.state, 'failed');
    });

test('worker.finish.after_commit: the result is durable', async () => {
    const { run, attempt, starts } = await killedAt('worker.finish.after_commit');
    assert.equal(attempt.state, 'succeeded');
    assert.equal(await jobs.stdout(run.attempt_id), 'ran\n');
    assert.equal(starts, 1);
    assert.equal(await auditCount(run, 'attempt.finish'), 1);
});

test('a result that comes after the lease, with the same fence, is evidence', async () => {
    await stack.restart('worker', { COUNTERSIGN_FAULT: 'worker.finish.before:stop' });
    await stack.workersReady();
    const run = await jobs.run("print('ran')");
    const state = async () => (await jobs.attempt(run.attempt_id)).state;
    await until(async () => {
        await stack.psql('worker', 'select cs.sweep(0, 10) as found');
        return await state() === 'unknown';
    }, 'the end of the lease');
    process.kill(stack.pid('worker'), 'SIGCONT');
    await until(async () => await state() === 'succeeded', 'the evidence');
    assert.equal((await jobs.attempt(run.attempt_id)).request_state, 'succeeded');
    assert.equal(await jobs.stdout(run.attempt_id), 'ran\n');
    assert.equal((await jobs.starts()).get(run.attempt_id), 1);
});

test('a request that is safe to run twice is tried again after a lost run', async () => {
    const { run, attempt } = await killedAt('worker.start.after_commit', { retry_safe: true });
    assert.equal(attempt.state, 'unknown');
    const [{ id }] = await stack.psql('superuser',
        `select max(id) as id from cs.attempt where request_id = ${run.id}`);
    assert.notEqual(id, run.attempt_id);
    const second = await jobs.over(id);
    assert.equal(second.state, 'succeeded', JSON.stringify(second));
    assert.equal(second.request_state, 'succeeded');
});
