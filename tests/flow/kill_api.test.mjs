// kill -9 of the api around the commits of a submission and of a decision. Who got no answer asks
// again with the same Idempotency-Key, and it is the same request, once.
// Proves: I4 I5
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack, until } from './stack.mjs';

let stack;
let ana;
let rob;

before(async () => {
    stack = await startStack({ variant: 'fault', env: { LOCAL_WARM: '0', SWEEP_MS: '300' } });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'] });
    [ana, rob] = [await stack.signIn('ana'), await stack.signIn('rob')];
});
after(() => stack?.stop());

// Restarts the api with that fault, asks, sees no answer, and starts the api again.
async function diesAt(point, ask) {
    await stack.restart('api', { COUNTERSIGN_FAULT: `${point}:kill` });
    await assert.rejects(ask(), 'an answer came');
    assert.equal((await stack.end('api')).signal, 9, point);
    await stack.start('api', { COUNTERSIGN_FAULT: '' });
}

const count = async (what, where) => (await stack.psql('superuser',
    `select count(*)::int as n from cs.${what} where ${where}`))[0].n;

const audits = (request, event) => count('audit_event',
    `entity = 'request' and entity_id = ${request} and event = '${event}'`);

function submit(title, key) {
    return ana.post('/api/requests', { language: 'python', code: "print('ran')", title },
        { 'idempotency-key': `"${key}"` });
}

async function submitted(title) {
    const answer = await submit(title, title);
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
}

const decide = (request, key) => rob.post(`/api/requests/${request.id}/decisions`, {
    verdict: 'approve', revision: request.revision, bundle_sha256: request.bundle_sha256,
}, key ? { 'idempotency-key': `"${key}"` } : {});

async function ranOnce(request) {
    const done = await until(async () => {
        const answer = await ana.get(`/api/requests/${request.id}?wait=20&until=done`);
        return !['approved', 'running'].includes(answer.body.state) && answer;
    }, 'the end');
    assert.equal(done.body.state, 'succeeded', done.text);
    assert.equal(await count('attempt', `request_id = ${request.id}`), 1);
    assert.equal(await count('decision', `request_id = ${request.id}`), 1);
    assert.equal(await audits(request.id, 'attempt.start'), 1);
    assert.equal(await audits(request.id, 'decision.approve'), 1);
}

for (const [point, rows] of [['api.body.half', 0], ['api.submit.validated', 0],
    ['api.submit.after_commit', 1], ['api.push.before', 1]])
    test(`submit, killed at ${point}`, async () => {
        const title = `submit at ${point}`;
        await diesAt(point, () => submit(title, title));
        const there = () => count('request_text', `title = '${title}'`);
        assert.equal(await there(), rows, 'what the kill left');
        const again = await submit(title, title);
        assert.equal(again.status, 201, again.text);
        assert.equal(await there(), 1);
        assert.equal(again.body.state, 'pending');
        assert.equal(await audits(again.body.id, 'request.submit'), 1);
        assert.equal((await decide(again.body)).status, 200);
        await ranOnce(again.body);
    });

for (const [point, rows] of [['api.body.half', 0], ['api.decide.after_commit', 1],
    ['api.push.before', 1]])
    test(`approve, killed at ${point}`, async () => {
        const request = await submitted(`approve at ${point}`);
        await diesAt(point, () => decide(request));
        assert.equal(await count('decision', `request_id = ${request.id}`), rows);
        const again = await decide(request);
        assert.equal(again.status, 200, again.text);
        await ranOnce(request);
    });

test('a cancel that got no answer has happened', async () => {
    const request = await submitted('cancel');
    await diesAt('api.cancel.after_commit', () => ana.post(`/api/requests/${request.id}/cancel`));
    assert.equal((await ana.get(`/api/requests/${request.id}`)).body.state, 'cancelled');
    assert.equal(await audits(request.id, 'request.cancel'), 1);
});

test('sessions outlive the api', async () => {
    await stack.kill('api');
    await stack.start('api');
    assert.equal((await ana.get('/api/me')).body.person.login, 'ana');
});
