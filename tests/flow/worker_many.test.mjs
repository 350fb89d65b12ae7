// Several workers on one queue: each job is claimed and started by one of them.
// Proves: I3
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from './stack.mjs';
import { openJobs } from './jobs.mjs';

const names = ['worker-1', 'worker-2', 'worker-3'];
let stack;
let jobs;

before(async () => {
    stack = await startStack({
        api: false, workers: 3,
        env: { LOCAL_WARM: '0', SWEEP_MS: '100', HEARTBEAT_MS: '2000', LEASE_MS: '10000' },
    });
    jobs = await openJobs(stack);
});
after(() => stack?.stop());

test('forty jobs, each hinted at three times and swept by all: one start each', async () => {
    const runs = [];
    for (let i = 0; i < 40; i++)
        runs.push(await jobs.run(`print(${i})`, { ring: false }));
    const ids = runs.map((run) => run.attempt_id);
    await jobs.ring(...ids, ...[...ids].reverse(), ...ids);
    for (const [i, run] of runs.entries()) {
        const attempt = await jobs.over(run.attempt_id);
        assert.equal(attempt.state, 'succeeded', JSON.stringify(attempt));
        assert.equal(attempt.fence, 1);
        assert.equal(await jobs.stdout(run.attempt_id), `${i}\n`);
    }
    const starts = await jobs.starts(...names);
    for (const id of ids) assert.equal(starts.get(id), 1);
    const rows = await stack.psql('superuser', `select entity_id, count(*)::int as n
        from cs.audit_event where event in ('attempt.start', 'attempt.claim')
        group by entity_id, event having count(*) <> 1`);
    assert.deepEqual(rows, []);
    const used = await stack.psql('superuser', 'select distinct worker_id from cs.attempt');
    assert.ok(used.length > 1, 'more than one worker had a share');
});

test('the jobs of a worker that is killed before they start run on another', async () => {
    const [{ id }] = await stack.psql('superuser',
        'select id from cs.worker order by id limit 1');
    assert.ok(id > 0);
    await stack.kill('worker-1');
    const run = await jobs.run("print('still')");
    assert.equal((await jobs.over(run.attempt_id)).state, 'succeeded');
});
