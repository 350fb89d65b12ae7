// A worker finds out by itself, before any job does, that a service refuses its key or does not
// answer at its address: no job is tried there, all see why, and it goes on when all is well.
import test, { before, after, afterEach, describe } from 'node:test';
import assert from 'node:assert/strict';
import { services } from '../fake/services.mjs';
import { startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';

const CREATE = /^POST .*\/sandbox(es)?$/;
const isPreflight = (call) => call.method === 'GET' && /preflight/.test(`${call.query}`);

const fakes = {};
let stack;
let jobs;
let ana;

before(async () => {
    for (const { name, start } of services) fakes[name] = await start({ instant: true });
    stack = await startStack({ env: { ...fakes.e2b.env, ...fakes.daytona.env, LOCAL_OFF: '1',
        HEARTBEAT_MS: '500', LEASE_MS: '4000', SWEEP_MS: '100', PREFLIGHT_SECONDS: '1' } });
    jobs = await openJobs(stack);
    ana = await stack.signIn('ana');
});
after(async () => {
    await stack?.stop();
    for (const fake of Object.values(fakes)) await fake.stop();
});

for (const service of services) describe(service.name, () => {
    const { name, image } = service;
    const setting = (what) => `${name.toUpperCase()}_${what}`;
    const run = (more = {}) => jobs.run('print(1)', { backend: name, image, ...more });
    const misbehave = (rule) => fakes[name].fail({ match: isPreflight, times: Infinity, ...rule });
    let creates;

    afterEach(async () => {
        fakes[name].behave();
        await readyIs(true);
    });

    const fleet = async () => {
        const { body } = await ana.get('/api/workers');
        const worker = body.workers.find((row) => row.alive && !row.stopped_at);
        return { report: worker?.backends[name], state: body.backends[name] };
    };
    const readyIs = (ready) => until(async () => {
        const now = await fleet();
        return now.report?.ready === ready && now;
    }, `${name} to be ${ready ? '' : 'not '}ready`);

    const succeeds = async (job) => {
        const attempt = await jobs.over(job.attempt_id);
        assert.equal(attempt.state, 'succeeded', JSON.stringify(attempt));
    };

    async function waitsBecause(why) {
        const { report, state } = await readyIs(false);
        assert.match(report.why_not, why);
        assert.deepEqual([report.breaker, state.state], ['closed', 'not_ready']);
        assert.match(state.message, why);
        creates = fakes[name].callsTo(CREATE).length;
        const job = await run();
        // A pop that was under way already may take it, and gives it back.
        const waiting = await until(async () => (
            (await ana.get(`/api/requests/${job.id}`)).body.waiting), 'it to wait');
        assert.equal(waiting.reason, 'not_ready');
        assert.match(waiting.message, why);
        return job;
    }

    async function goesOn(job) {
        assert.equal(fakes[name].callsTo(CREATE).length, creates, 'no job was tried');
        assert.equal((await fleet()).report.breaker, 'closed');
        fakes[name].behave();
        await readyIs(true);
        await succeeds(job);
    }

    for (const status of [401, 403]) test(`the key is refused by ${status}`, async () => {
        misbehave({ do: 'status', status, body: { message: 'no such key' } });
        const said = new RegExp(`refuses ${setting('API_KEY')}: status ${status}: no such key`);
        await goesOn(await waitsBecause(said));
    });

    for (const [what, rule] of [['resets connections', { do: 'reset' }],
        ['answers with another page', { do: 'garbage' }], ['is not there', { do: 'status',
            status: 404 }], ['redirects', { do: 'redirect', to: 'https://example.com/' }]])
        test(`the address ${what}`, async () => {
            misbehave(rule);
            await goesOn(await waitsBecause(new RegExp(`^${setting('API_URL')} \\(127.0.0.1:`)));
        });

    test('who asked to fail rather than wait fails', async () => {
        misbehave({ do: 'status', status: 401 });
        await readyIs(false);
        const attempt = await jobs.over((await run({ when_unavailable: 'fail' })).attempt_id);
        assert.deepEqual([attempt.state, attempt.reason], ['failed', 'backend_unavailable']);
        assert.match(attempt.error_value, new RegExp(setting('API_KEY')));
    });

    test('a service that can not do it now is the breaker\'s matter', async () => {
        const rule = misbehave({ do: 'status', status: 503 });
        await until(() => rule.used > 1, 'two preflights');
        assert.equal((await fleet()).report.ready, true);
        await succeeds(await run());
    });

    test('a key that a job finds refused is asked about at once', async () => {
        await stack.restart('worker', { PREFLIGHT_SECONDS: '3600' });
        await readyIs(true);
        fakes[name].fail({ match: CREATE, do: 'status', status: 401 });
        const rule = misbehave({ do: 'status', status: 401 });
        await run({ when_unavailable: 'fail' });
        await until(() => rule.used > 0, 'the preflight');
        const key = new RegExp(setting('API_KEY'));
        await until(async () => key.test((await fleet()).report.why_not), 'the setting by name');
        fakes[name].behave();
        await stack.redis('flushall'); // its breaker is open for all
        await stack.restart('worker', { PREFLIGHT_SECONDS: '1' });
    });

    test('a preflight that hangs holds up nothing else', async () => {
        const held = misbehave({ do: 'hang' });
        await stack.restart('worker');
        const other = services.find((one) => one.name !== name);
        await succeeds(await jobs.run('print(1)', { backend: other.name, image: other.image }));
        assert.ok(held.used > 0);
        assert.equal((await fleet()).report.ready, false);
        await stack.halt('worker'); // and ends with it
        fakes[name].behave();
        await stack.start('worker');
    });
});

test('an address where nobody listens is named', async () => {
    await stack.restart('worker', { E2B_API_URL: 'http://127.0.0.1:1',
        DAYTONA_API_URL: 'http://user.invalid:1/api' });
    const backends = await until(async () => {
        const { body } = await ana.get('/api/workers');
        const found = body.workers.find((row) => row.alive && !row.stopped_at)?.backends ?? {};
        return found.e2b?.why_not && found.daytona?.why_not.includes('URL') && found;
    }, 'both to be named');
    assert.match(backends.e2b.why_not, /^E2B_API_URL \(127\.0\.0\.1:1\) does not answer: /);
    assert.match(backends.daytona.why_not, /^DAYTONA_API_URL \(user\.invalid:1\) does not answer/);
});
