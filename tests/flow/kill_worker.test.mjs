// kill -9 of the worker, at each moment that matters: before the commit of a step nothing has
// happened and it happens once more; after it nothing happens twice.
// Proves: I3 I4
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';

let stack;
let jobs;
let points; // a file to which the worker appends the name of each moment that it passes

before(async () => {
    points = path.join(await mkdtemp(path.join(os.tmpdir(), 'cs-points-')), 'points');
    await writeFile(points, '');
    await chmod(path.dirname(points), 0o755);
    await chmod(points, 0o666); // the worker has become another user
    stack = await startStack({
        api: false, variant: 'fault',
        env: { HEARTBEAT_MS: '500', LEASE_MS: '2000', SWEEP_MS: '200', LOCAL_WARM: '0',
               COUNTERSIGN_FAULT_LOG: points },
    });
    jobs = await openJobs(stack);
});
after(async () => {
    await stack?.stop();
    await rm(path.dirname(points), { recursive: true });
});

const passed = async () => (await readFile(points, 'utf8')).split('\n');

// How often a worker passes that point while it probes its sandbox, before its first job.
async function passedByProbes(point) {
    await writeFile(points, '');
    await stack.start('worker', { COUNTERSIGN_FAULT: '' });
    await until(async () => (await passed()).includes('worker.heartbeat'), 'the worker');
    await stack.halt('worker');
    return (await passed()).filter((name) => name === point).length;
}

// Starts the worker anew with this fault, meant for its first job.
async function restart(point, action) {
    await stack.halt('worker');
    const probes = point.startsWith('worker.run.') ? await passedByProbes(point) : 0;
    await stack.start('worker', { COUNTERSIGN_FAULT: `${point}:${action}:${probes + 1}` });
}

// Lets the worker die at that point of its next job, and starts it again.
async function killedAt(point, options = {}) {
    await restart(point, 'kill');
    const run = await jobs.run("print('ran')", options);
    assert.equal((await stack.end('worker')).signal, 9, point);
    await stack.start('worker', { COUNTERSIGN_FAULT: '' });
    const attempt = await jobs.over(run.attempt_id);
    const starts = (await jobs.starts()).get(run.attempt_id) ?? 0;
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

const started = ['worker.start.after_commit', 'worker.run.half_frame', 'worker.run.running',
    'worker.run.exit_seen',
    'worker.finish.before', 'worker.finish.in_tx'];
for (const point of started)
    test(`${point}: code may have left, so it is unknown and is not run again`, async () => {
        const { run, attempt, starts } = await killedAt(point);
        assert.equal(attempt.state, 'unknown', JSON.stringify(attempt));
        assert.equal(attempt.request_state, 'outcome_unknown');
        assert.equal(starts, started.indexOf(point) < 2 ? 0 : 1);
        assert.equal(await auditCount(run, 'attempt.start'), 1);
        const settled = await jobs.call('settle_requests', {
            actor: jobs.actor('rob'), id: run.id, outcome: 'failed', note: 'the worker died',
        });
        assert.equal(settled.state, 'failed');
    });

test('worker.run.output_cap: unknown, and what came before the kill is no result', async () => {
    await restart('worker.run.output_cap', 'kill');
    const run = await jobs.run("while True: print('x' * 1000)");
    assert.equal((await stack.end('worker')).signal, 9);
    await stack.start('worker', { COUNTERSIGN_FAULT: '' });
    assert.equal((await jobs.over(run.attempt_id)).state, 'unknown');
    assert.deepEqual(await jobs.items(run.attempt_id), []);
});

test('worker.cancel.seen: a cancel that was seen and not obeyed', async () => {
    await restart('worker.cancel.seen', 'kill');
    const run = await jobs.run('import time\ntime.sleep(600)');
    await jobs.inState(run.attempt_id, 'running');
    await jobs.call('cancel_requests', { actor: jobs.actor('ana'), id: run.id });
    assert.equal((await stack.end('worker')).signal, 9);
    await stack.start('worker', { COUNTERSIGN_FAULT: '' });
    assert.equal((await jobs.over(run.attempt_id)).state, 'unknown');
    assert.equal((await jobs.starts()).get(run.attempt_id), 1);
});

test('worker.finish.after_commit: the result is durable', async () => {
    const { run, attempt, starts } = await killedAt('worker.finish.after_commit');
    assert.equal(attempt.state, 'succeeded');
    assert.equal(await jobs.stdout(run.attempt_id), 'ran\n');
    assert.equal(starts, 1);
    assert.equal(await auditCount(run, 'attempt.finish'), 1);
});

test('a result that comes after the lease, with the same fence, is evidence', async () => {
    await restart('worker.finish.before', 'stop');
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

test('every named moment of the worker is passed by plain work', async () => {
    await stack.restart('worker', { COUNTERSIGN_FAULT: '' });
    await writeFile(points, '');
    const flood = await jobs.run("while True: print('x' * 1000)");
    const endless = await jobs.run('import time\ntime.sleep(600)');
    await jobs.inState(endless.attempt_id, 'running');
    await jobs.call('cancel_requests', { actor: jobs.actor('ana'), id: endless.id });
    for (const run of [flood, endless]) await jobs.over(run.attempt_id);
    const there = await passed();
    assert.deepEqual([...notStartedYet, ...started, 'worker.run.output_cap', 'worker.heartbeat',
        'worker.cancel.seen', 'worker.finish.after_commit'].filter((p) => !there.includes(p)), []);
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
