// kill -9 of a worker whose jobs run at a service, at each moment that matters: what had not
// started runs once; what had is taken up again where the service can tell, and is unknown where it
// can not; nothing runs twice, and no sandbox that costs money stays behind.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';

const QUICK = "print('ran')";
const SLOW = "import time\nprint('ran', flush=True)\ntime.sleep(2)";
const ENDLESS = 'import time\ntime.sleep(600)';
const FLOOD = "import time\nfor _ in range(2000): print('x' * 1000)\ntime.sleep(600)";

// What the kill of a worker leaves behind: `runs`: it had not started, and runs now; `tells`: the
// service still tells how it ends, `output` and `cancelled` likewise; `unknown`: nobody can say;
// `done`: the result was durable. [the moment, what E2B leaves, what Daytona leaves, code]
const moments = [
    ['worker.claim.before', 'runs', 'runs', QUICK],
    ['worker.claim.after_commit', 'runs', 'runs', QUICK],
    ['worker.remote.create_sent', 'runs', 'runs', QUICK],
    ['worker.remote.created', 'runs', 'runs', QUICK],
    ['worker.spawn.before_code', 'runs', 'runs', QUICK],
    ['worker.start.in_tx', 'runs', 'runs', QUICK],
    ['worker.start.after_commit', 'unknown', 'unknown', QUICK],
    ['worker.run.half_frame', 'unknown', 'unknown', QUICK],
    ['worker.run.running', 'unknown', 'tells', QUICK],
    ['worker.remote.poll', 'unknown', 'tells', SLOW],
    ['worker.run.output_cap', 'unknown', 'output', FLOOD],
    ['worker.run.exit_seen', 'unknown', 'tells', QUICK],
    ['worker.finish.before', 'unknown', 'tells', QUICK],
    ['worker.finish.in_tx', 'unknown', 'tells', QUICK],
    ['worker.finish.after_commit', 'done', 'done', QUICK],
    ['worker.remote.delete', 'done', 'done', QUICK],
    ['worker.heartbeat', 'unknown', 'tells', SLOW],
    ['worker.cancel.seen', 'unknown', 'cancelled', ENDLESS],
];

/** Declares the tests of one service: {name, column, start(), image} and counts: {left(fake),
 *  made(fake), starts(fake), sweeps(calls)}. */
export function killMatrix(service) {
    let fake;
    let stack;
    let jobs;
    let killed = 0;
    let points; // a file to which the worker appends the name of each moment that it passes

    before(async () => {
        points = path.join(await mkdtemp(path.join(os.tmpdir(), 'cs-points-')), 'points');
        await writeFile(points, '');
        await chmod(path.dirname(points), 0o755);
        await chmod(points, 0o666); // the worker has become another user
        fake = await service.start();
        stack = await startStack({
            variant: 'fault',
            env: { ...fake.env, LOCAL_OFF: '1', HEARTBEAT_MS: '500', LEASE_MS: '2000',
                   SWEEP_MS: '200', JANITOR_SECONDS: '1', COUNTERSIGN_FAULT_LOG: points },
        });
        jobs = await openJobs(stack);
    });
    after(async () => {
        await stack?.stop();
        await fake?.stop();
        await rm(path.dirname(points), { recursive: true });
    });

    const passed = async () => (await readFile(points, 'utf8')).split('\n');
    const run = (code, options = {}) => jobs.run(code,
        { backend: service.name, image: service.image, ...options });

    // Lets the worker die at that point while this job is there. A heartbeat comes whether or not
    // there is a job: only one that comes while it runs counts.
    async function dieAt(point, code, options = {}) {
        await stack.halt('worker');
        const beats = point === 'worker.heartbeat';
        await stack.start('worker', { COUNTERSIGN_FAULT: beats ? '' : `${point}:kill:1` });
        const job = await run(code, { limits: { wall_ms: 20000 }, ...options });
        if (beats || point === 'worker.cancel.seen')
            await jobs.inState(job.attempt_id, 'running');
        if (point === 'worker.cancel.seen')
            await jobs.call('cancel_requests', { actor: jobs.actor('ana'), id: job.id });
        if (beats) {
            await writeFile(points, '');
            await until(async () => (await passed()).includes(point), 'a heartbeat');
            await stack.kill('worker');
        }
        assert.equal((await stack.end('worker')).signal, 9, point);
        killed++;
        return job;
    }

    // Nothing that costs money is there any more, soon after the end.
    async function nothingIsLeft() {
        const before = fake.calls.length;
        await until(() => service.left(fake) === 0, 'the last sandbox to be gone');
        const since = fake.calls.slice(before);
        const last = since.findLastIndex((call) => call.method === 'DELETE');
        const rounds = service.sweeps(since.slice(0, last + 1));
        assert.ok(rounds <= 2, `${rounds} rounds of the janitor, where two must do`);
    }

    // Whoever settles it sees which sandbox it was, and what it may have cost.
    async function told(job, attempt) {
        const rob = await stack.signIn('rob');
        const { body } = await rob.get(`/api/requests/${job.id}`);
        assert.equal(body.attempts[0].sandbox_id, attempt.remote.sandbox_id);
        assert.ok(attempt.remote.sandbox_id, JSON.stringify(attempt.remote));
        assert.equal(body.costs.length, 1, JSON.stringify(body.costs));
        assert.equal(body.costs[0].estimated, true);
        assert.ok(body.costs[0].nano_usd > 0, JSON.stringify(body.costs));
    }

    async function settled(job) {
        const rob = await stack.signIn('rob');
        const answer = await rob.post(`/api/requests/${job.id}/settle`,
            { outcome: 'failed', note: 'the worker died' });
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
        assert.equal((await jobs.attempt(job.attempt_id)).request_state, 'failed');
    }

    const ends = {
        async runs(job, starts) {
            const attempt = await jobs.over(job.attempt_id);
            assert.equal(attempt.state, 'succeeded', JSON.stringify(attempt));
            assert.equal(await jobs.stdout(job.attempt_id), 'ran\n');
            assert.equal(service.starts(fake) - starts, 1);
        },
        async done(job, starts) {
            await ends.runs(job, starts);
        },
        async tells(job, starts) {
            const attempt = await until(async () => {
                const row = await jobs.attempt(job.attempt_id);
                return row.state === 'succeeded' && row;
            }, 'the evidence');
            assert.equal(attempt.request_state, 'succeeded');
            assert.equal(Number(attempt.fence), 1);
            assert.equal(await jobs.stdout(job.attempt_id), 'ran\n');
            assert.equal(service.starts(fake) - starts, 1);
        },
        async output(job, starts) {
            const attempt = await until(async () => {
                const row = await jobs.attempt(job.attempt_id);
                return row.state === 'failed' && row;
            }, 'the evidence');
            assert.equal(attempt.reason, 'output');
            assert.equal(service.starts(fake) - starts, 1);
        },
        async cancelled(job, starts) {
            await until(async () => (await jobs.attempt(job.attempt_id)).state === 'cancelled',
                'the evidence');
            assert.equal(service.starts(fake) - starts, 1);
        },
        async unknown(job, starts) {
            const attempt = await jobs.over(job.attempt_id);
            assert.equal(attempt.state, 'unknown', JSON.stringify(attempt));
            assert.equal(attempt.request_state, 'outcome_unknown');
            await nothingIsLeft();
            await told(job, attempt);
            await settled(job);
            assert.ok(service.starts(fake) - starts <= 1);
        },
    };

    for (const [point, ...what] of moments) {
        const [end, code] = [what[service.column], what[2]];
        test(`${point}: ${end}`, async () => {
            const starts = service.starts(fake);
            const job = await dieAt(point, code);
            await stack.start('worker', { COUNTERSIGN_FAULT: '' });
            await ends[end](job, starts);
            await nothingIsLeft();
            const [{ n }] = await stack.psql('superuser',
                `select count(*)::int as n from cs.attempt where request_id = ${job.id}`);
            assert.equal(n, 1, 'nothing was tried a second time');
        });
    }

    test('what is safe to run twice is tried again', async () => {
        const job = await dieAt('worker.run.half_frame', QUICK, { retry_safe: true });
        await stack.start('worker', { COUNTERSIGN_FAULT: '' });
        const second = await until(async () => {
            const [row] = await stack.psql('superuser', `select max(id) as id from cs.attempt
                where request_id = ${job.id} and id > ${job.attempt_id}`);
            return row.id;
        }, 'another attempt');
        assert.equal((await jobs.over(second)).request_state, 'succeeded');
        await nothingIsLeft();
    });

    test('every job has ended, and what was made is gone', async () => {
        const [row] = await stack.psql('superuser', `select count(*)::int as n from cs.request
            where state not in ('succeeded', 'failed', 'cancelled')`);
        assert.equal(row.n, 0);
        const [{ deleted }] = await stack.psql('superuser',
            'select coalesce(sum(deleted), 0)::int as deleted from cs.janitor');
        assert.ok(deleted > 0, 'the janitor had something to do');
        assert.ok(service.sweeps(fake.calls) > 0, 'its rounds are seen');
        console.log(`# ${service.name}: ${killed} kills, none of ${killed} jobs lost or run twice;`
            + ` of ${service.made(fake)} sandboxes none left, ${deleted} deleted by the janitor`);
    });
}
