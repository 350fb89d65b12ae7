// A worker that stands still for longer than its lease while its job runs at a service, and then
// goes on as if nothing had been: where the service still tells how the run ended, that is said
// once; where it does not, nobody guesses, and the sandbox is ended.
// Proves: I9
import test, { before, after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { services } from '../fake/services.mjs';
import { startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';

const SLOW = "import time\ntime.sleep(2)\nprint('ran')";
const LONG = 'import time\ntime.sleep(600)'; // its end can not lie there when the worker goes on

for (const service of services) describe(service.name, () => {
    let fake;
    let stack;
    let jobs;

    before(async () => {
        fake = await service.start();
        stack = await startStack({
            api: false, workers: 2,
            env: { ...fake.env, LOCAL_OFF: '1', HEARTBEAT_MS: '500', LEASE_MS: '2000',
                   SWEEP_MS: '200', JANITOR_SECONDS: '5' },
        });
        jobs = await openJobs(stack);
    });
    after(async () => {
        await stack?.stop();
        await fake?.stop();
    });

    async function stopped(code = SLOW) {
        const job = await jobs.run(code, { backend: service.name, image: service.image });
        const { worker_id: id } = await jobs.inState(job.attempt_id, 'running');
        const [{ name }] = await stack.psql('superuser',
            `select name from cs.worker where id = ${id}`);
        process.kill(stack.pid(name), 'SIGSTOP');
        const goOn = () => process.kill(stack.pid(name), 'SIGCONT');
        return { job, goOn };
    }

    const stateOf = async (job) => (await jobs.attempt(job.attempt_id)).state;

    async function endedOnce(job, starts) {
        await until(async () => await stateOf(job) === 'succeeded', 'the evidence');
        await until(() => service.left(fake) === 0, 'the sandbox to be gone');
        assert.equal(await stateOf(job), 'succeeded');
        assert.equal(await jobs.stdout(job.attempt_id), 'ran\n');
        assert.equal(service.starts(fake) - starts, 1);
        const items = await jobs.items(job.attempt_id);
        assert.equal(items.filter((item) => item.kind === 'stdout').length, 1);
        const ends = (await jobs.events(job.id)).filter((row) => row.event === 'attempt.finish');
        assert.equal(ends.length, 1);
    }

    if (service.name === 'e2b') test('nobody can tell: its sandbox is ended', async () => {
        const starts = service.starts(fake);
        const { job, goOn } = await stopped(LONG);
        await until(async () => await stateOf(job) === 'unknown', 'the end of the lease');
        goOn();
        await until(() => service.left(fake) === 0, 'the sandbox to be gone');
        assert.equal(await stateOf(job), 'unknown');
        assert.equal(service.starts(fake) - starts, 1);
    });

    if (service.name === 'daytona') test('it and others take it up, and one tells', async () => {
        const starts = service.starts(fake);
        const { job, goOn } = await stopped();
        await until(async () => ['unknown', 'succeeded'].includes(await stateOf(job)),
            'the end of the lease');
        goOn();
        await endedOnce(job, starts);
    });

    if (service.name === 'daytona') test('another worker was first', async () => {
        const starts = service.starts(fake);
        const { job, goOn } = await stopped();
        await until(async () => await stateOf(job) === 'succeeded', 'the evidence of another');
        goOn();
        await endedOnce(job, starts);
    });
});
