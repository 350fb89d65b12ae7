// kill -9 of PostgreSQL around the commits of a run. The worker is held at the moment by a fault
// point that stops it, so that the database is gone exactly then.
// Proves: I4 I16
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';
import { makeGate } from './sandboxes.mjs';

let stack;
let jobs;

before(async () => {
    stack = await startStack({
        api: false, variant: 'fault',
        env: { HEARTBEAT_MS: '2000', LEASE_MS: '20000', SWEEP_MS: '200', LOCAL_WARM: '0' },
    });
    jobs = await openJobs(stack);
});
after(() => stack?.stop());

const isStopped = (pid) => /^\d+ \(.*\) T/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

// Kills and restarts PostgreSQL while the worker stands still at that point of its next job.
async function databaseKilledAt(point) {
    await stack.restart('worker', { COUNTERSIGN_FAULT: `${point}:stop` });
    await stack.workersReady();
    const run = await jobs.run("print('ran')");
    const worker = stack.pid('worker');
    await until(() => isStopped(worker), point);
    await stack.kill('postgres');
    process.kill(worker, 'SIGCONT');
    await stack.start('postgres');
    const attempt = await jobs.over(run.attempt_id);
    return { run, attempt };
}

async function ranOnce({ run, attempt }) {
    assert.equal(attempt.state, 'succeeded', JSON.stringify(attempt));
    assert.equal(await jobs.stdout(run.attempt_id), 'ran\n');
    assert.equal((await jobs.starts()).get(run.attempt_id), 1);
    for (const event of ['attempt.finish', 'request.finish'])
        assert.equal((await jobs.events(run.id)).filter((row) => row.event === event).length, 1);
}

for (const point of ['worker.claim.before', 'worker.start.in_tx'])
    test(`before the commit, at ${point}`, async () => {
        await ranOnce(await databaseKilledAt(point));
    });

for (const point of ['worker.start.after_commit', 'worker.finish.before',
    'worker.finish.after_commit'])
    test(`after the commit, at ${point}`, async () => {
        await ranOnce(await databaseKilledAt(point));
    });

test('while output comes: all of it is kept until it can be stored', async () => {
    await stack.restart('worker', { COUNTERSIGN_FAULT: '' });
    const gate = makeGate();
    const run = await jobs.run(['import sys', 'def say(parts):', '    for i in parts:',
        '        sys.stdout.write(str(i) * 120000)', '        sys.stdout.flush()',
        'say(range(4))', `${gate.wait}say(range(4, 8))`,
        "open('made.txt', 'w').write('y' * 700000)"].join('\n'));
    await jobs.inState(run.attempt_id, 'running');
    await gate.reached();
    await stack.kill('postgres');
    await gate.open();
    await stack.start('postgres');
    const attempt = await jobs.over(run.attempt_id);
    assert.equal(attempt.state, 'succeeded', JSON.stringify(attempt));
    const items = Object.fromEntries((await jobs.items(run.attempt_id)).map((i) => [i.kind, i]));
    const printed = [...Array(8).keys()].map((i) => `${i}`.repeat(120000)).join('');
    assert.equal(items.stdout.text, printed);
    assert.equal(items.file.text, 'y'.repeat(700000));
    assert.equal((await jobs.starts()).get(run.attempt_id), 1);
});

test('what was acknowledged before a kill is there after it', async () => {
    const requests = [];
    for (let i = 0; i < 5; i++) requests.push(await jobs.submit(`print(${i})`));
    const decided = [];
    for (const request of requests.slice(0, 3)) decided.push(await jobs.approve(request, 60));
    await stack.kill('postgres');
    await stack.start('postgres');
    const states = await stack.psql('superuser', `select id, state from cs.request
        where id = any ('{${requests.map((r) => r.id)}}') order by id`);
    assert.deepEqual(states.map((row) => row.state),
        ['approved', 'approved', 'approved', 'pending', 'pending']);
    for (const run of decided) assert.equal((await jobs.attempt(run.attempt_id)).state, 'ready');
});
