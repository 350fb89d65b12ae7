// Jobs at a service when somebody cancels them, or when their worker must go: a drain lets them
// finish; what must be cut is ended at the service too, or left for the next worker to take up.
import test, { before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { services } from '../fake/services.mjs';
import { startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';

const ENDLESS = 'import time\ntime.sleep(600)';
const SLOW = "import time\ntime.sleep(2)\nprint('ran')";

for (const service of services) describe(service.name, () => {
    let fake;
    let stack;
    let jobs;

    before(async () => {
        fake = await service.start();
        stack = await startStack({
            api: false,
            env: { ...fake.env, LOCAL_OFF: '1', HEARTBEAT_MS: '5000', LEASE_MS: '16000',
                   JANITOR_SECONDS: '3600', DRAIN_SECONDS: '1' },
        });
        jobs = await openJobs(stack);
    });
    after(async () => {
        await stack?.stop();
        await fake?.stop();
    });

    const run = (code, options = {}) => jobs.run(code,
        { backend: service.name, image: service.image, ...options });
    const gone = () => until(() => service.left(fake) === 0, 'the sandbox to be gone');

    // With the heartbeat at 5 s and no janitor, only a sweep that looks for it can be this quick.
    test('a cancel reaches the service', async () => {
        const job = await run(ENDLESS);
        await jobs.inState(job.attempt_id, 'running');
        const asked = Date.now();
        await jobs.call('cancel_requests', { actor: jobs.actor('ana'), id: job.id });
        const attempt = await jobs.over(job.attempt_id);
        console.log(`# ${service.name}: cancelled after ${Date.now() - asked} ms`);
        assert.equal(attempt.state, 'cancelled', JSON.stringify(attempt));
        assert.equal(attempt.request_state, 'cancelled');
        await gone();
    });

    test('a cancel while the sandbox is being made leaves none', async () => {
        const held = new Promise((done) => {
            const rule = fake.fail({ match: /^POST .*\/sandbox(es)?$/, do: 'hold',
                onHeld: () => done(rule) });
        });
        const job = await run(ENDLESS);
        const rule = await held;
        await jobs.call('cancel_requests', { actor: jobs.actor('ana'), id: job.id });
        rule.release();
        assert.equal((await jobs.over(job.attempt_id)).state, 'cancelled');
        await gone();
    });

    test('a drain lets a run finish', async () => {
        await stack.restart('worker', { DRAIN_SECONDS: '60' });
        const job = await run(SLOW);
        await jobs.inState(job.attempt_id, 'running');
        await stack.halt('worker');
        assert.equal((await jobs.attempt(job.attempt_id)).state, 'succeeded');
        assert.equal(await jobs.stdout(job.attempt_id), 'ran\n');
        assert.equal(service.left(fake), 0);
        await stack.start('worker');
    });

    test(service.tellsLater ? 'what a drain cuts goes on, and the next worker tells how it ended'
        : 'what a drain cuts is ended at the service, and unknown', async () => {
        const before = service.starts(fake);
        await stack.restart('worker', { DRAIN_SECONDS: '0' });
        const job = await run(service.tellsLater ? SLOW : ENDLESS);
        await jobs.inState(job.attempt_id, 'running');
        await stack.halt('worker');
        const attempt = await jobs.attempt(job.attempt_id);
        assert.equal(attempt.state, 'unknown');
        assert.equal(attempt.reason, 'worker_stopped');
        assert.equal(service.left(fake), service.tellsLater ? 1 : 0);
        await stack.start('worker');
        if (service.tellsLater) {
            await until(async () => (await jobs.attempt(job.attempt_id)).state === 'succeeded',
                'the evidence');
            assert.equal(await jobs.stdout(job.attempt_id), 'ran\n');
        }
        await gone();
        assert.equal(service.starts(fake) - before, 1);
    });
});
