// A service that fails again and again is left alone by all workers: its jobs wait with a visible
// reason, or fail at once where that was asked for, and go on when it is well again.
import test, { before, after, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import { startE2b } from '../fake/e2b.mjs';
import { startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';

const RECOVERY_MS = 4000;
const CREATE = 'POST /v2/sandboxes';
let fake;
let stack;
let jobs;

before(async () => {
    fake = await startE2b({ instant: true });
    stack = await startStack({
        workers: 2,
        env: { ...fake.env, LOCAL_OFF: '1', HEARTBEAT_MS: '500', LEASE_MS: '4000',
               SWEEP_MS: '100', BREAKER_FAILURES: '3', BREAKER_RECOVERY_MS: String(RECOVERY_MS) },
    });
    jobs = await openJobs(stack);
});
after(async () => {
    await stack?.stop();
    await fake?.stop();
});
beforeEach(async () => {
    fake.behave();
    await breakerIs('closed');
});

const submitAndRun = (options = {}) => jobs.run('print(1)',
    { backend: 'e2b', image: 'code-interpreter-v1', ...options });

// What the rows of both workers say.
const reports = () => stack.psql('superuser', `select backends -> 'e2b' as e2b from cs.worker
    where stopped_at is null`);

function breakerIs(...states) {
    return until(async () => {
        const rows = await reports();
        return rows.every(({ e2b }) => states.includes(e2b.breaker)) && rows;
    }, `breakers that are ${states}`);
}

const createsNow = () => fake.callsTo(CREATE).length;

const succeeds = async (job) => {
    const attempt = await jobs.over(job.attempt_id);
    assert.equal(attempt.state, 'succeeded', JSON.stringify(attempt));
};

// Breaks it by a job that goes on failing; the job runs once the service behaves.
async function breakIt(rule = { do: 'status', status: 502 }) {
    fake.fail({ match: CREATE, times: Infinity, ...rule });
    const job = await submitAndRun();
    return { job, open: await breakerIs('open') };
}

test('three failures open it for both workers; its job waits, and runs in the end', async () => {
    const { job, open } = await breakIt();
    for (const { e2b } of open) {
        assert.equal(e2b.ready, false);
        assert.match(e2b.why_not, /502/);
        assert.match(e2b.until, /^\d{4}-/);
    }
    const row = await jobs.attempt(job.attempt_id);
    assert.equal(row.request_state, 'approved');
    assert.match(row.release_reason, /502|is being tried by others/);
    assert.doesNotMatch(row.release_reason, /breaker_open/);
    fake.behave();
    await succeeds(job);
    await breakerIs('closed');
});

test('a run that was taken up closes it long before its end', async () => {
    const { job } = await breakIt();
    fake.behave();
    const rule = await new Promise((done) => {
        const held = fake.fail({ match: 'POST /execute', do: 'hold', onHeld: () => done(held) });
    });
    await breakerIs('closed');
    await jobs.inState(job.attempt_id, 'running');
    await succeeds(await submitAndRun());
    rule.release();
    await succeeds(job);
});

test('while it is open nobody calls the service', async () => {
    const { job } = await breakIt();
    const more = await submitAndRun();
    const ana = await stack.signIn('ana');
    const waiting = await until(async () => {
        const answer = await ana.get(`/api/requests/${more.id}`);
        return answer.body.waiting?.reason === 'breaker_open' && answer.body.waiting;
    }, 'a reason to wait');
    assert.ok(waiting.since);
    assert.equal(fake.callsTo(CREATE).filter((call) => call.body?.metadata?.attempt
        === String(more.attempt_id)).length, 0);
    fake.behave();
    await succeeds(job);
    await succeeds(more);
});

test('who asked to fail rather than wait fails, with the reason', async () => {
    const options = { backend: 'e2b', image: 'code-interpreter-v1', when_unavailable: 'fail' };
    const request = await jobs.submit('print(1)', options);
    const { job } = await breakIt();
    await assert.rejects(jobs.submit('print(1)', options), { code: 'breaker_open' });
    const hasty = await jobs.approve(request);
    const attempt = await jobs.over(hasty.attempt_id);
    assert.equal(attempt.state, 'failed', JSON.stringify(attempt));
    assert.equal(attempt.request_state, 'failed');
    assert.match(attempt.reason, /backend_unavailable/);
    fake.behave();
    await succeeds(job);
});

test('a key that is refused opens it at the first answer', async () => {
    const creates = createsNow();
    const { job } = await breakIt({ do: 'status', status: 401 });
    assert.ok(createsNow() - creates <= 2, 'each worker learned it once at most');
    fake.behave();
    await succeeds(job);
});

test('a limit on calls is no failure, and is waited out', async () => {
    fake.fail({ match: CREATE, times: 6, do: 'status', status: 429,
        headers: { 'retry-after': '0' } });
    const job = await submitAndRun();
    await succeeds(job);
    assert.ok((await reports()).every(({ e2b }) => e2b.breaker === 'closed'
        && e2b.failures === 0));
});

test('what no service will ever give ends the request, and opens nothing', async () => {
    fake.fail({ match: CREATE, times: 1, do: 'status', status: 400,
        body: { code: 400, message: "template 'x' is broken" } });
    const job = await submitAndRun();
    const attempt = await jobs.over(job.attempt_id);
    assert.equal(attempt.state, 'failed', JSON.stringify(attempt));
    assert.equal(attempt.request_state, 'failed');
    assert.match(`${attempt.reason} ${attempt.release_reason}`, /400|template/i);
    assert.ok((await reports()).every(({ e2b }) => e2b.breaker === 'closed'));
});

test('without Redis each worker has its own, and jobs run still', async () => {
    await stack.halt('redis');
    const job = await submitAndRun({ ring: false });
    await succeeds(job);
    fake.fail({ match: CREATE, times: Infinity, do: 'status', status: 503 });
    const others = [];
    for (let i = 0; i < 6; i++) others.push(await submitAndRun({ ring: false }));
    await until(async () => (await reports()).some(({ e2b }) => e2b.breaker === 'open'),
        'a breaker that is open');
    fake.behave();
    for (const other of others) await succeeds(other);
    await stack.start('redis');
});
