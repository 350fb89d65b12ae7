// What runs hand back (d.8), through the whole stack: it ends as it must, is served as nothing but
// text, pictures and attachments, and everything else works as before.
// Proves: T14
import test from 'node:test';
import assert from 'node:assert/strict';
import { openWorld } from './rows.mjs';
import { outputs } from './outputs.mjs';

const TEXT = 'text/plain; charset=utf-8';
const TYPES = { stdout: TEXT, stderr: TEXT, result: TEXT, traceback: TEXT, chart: 'image/png',
                table: 'application/json' };
const world = openWorld({ people: { ana: ['analyst'], rob: ['reviewer'] }, workers: 1,
    prepare: ({ stack }) => stack.rulesOff() }); // the sandbox alone holds these

async function run(code, { language = 'python', input } = {}) {
    const { ana, rob } = world.who;
    const files = input === undefined ? []
        : [{ id: (await ana.upload('data.csv', input)).body.id }];
    const sent = await ana.post('/api/requests', { language, code, files,
                                                   limits: { wall_ms: 10000 } });
    assert.equal(sent.status, 201, sent.text);
    const decided = await rob.post(`/api/requests/${sent.body.id}/decisions`, {
        verdict: 'approve', revision: 1, bundle_sha256: sent.body.bundle_sha256 });
    assert.equal(decided.status, 200, decided.text);
    const done = await ana.get(`/api/requests/${sent.body.id}?wait=120&until=done`);
    assert.equal(done.status, 200, done.text);
    return done.body;
}

// Whatever it is: never a page, never what the program calls it.
async function checkItem(request, item) {
    const answer = await world.who.ana.get(`/api/requests/${request.id}/results/${item.n}`);
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers.get('content-security-policy'), /^sandbox; default-src 'none'/);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const type = TYPES[item.kind] ?? 'application/octet-stream';
    assert.equal(answer.headers.get('content-type'), type);
    if (!TYPES[item.kind])
        assert.match(answer.headers.get('content-disposition'), /^attachment; filename="[ -~]+"/);
    assert.equal(answer.bytes.length, item.bytes);
    return answer;
}

for (const [name, code, expected, { stdout, kinds, files }, options] of outputs)
    test(`output: ${name}: ${expected}`, async () => {
        const request = await run(code, options);
        const [attempt] = request.attempts;
        const end = [request.state, attempt.reason].filter(Boolean).join(' ');
        assert.equal(end, expected, JSON.stringify(attempt));
        const { items } = attempt;
        const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
        assert.ok(items.length <= 16 && bytes <= 2097152 + 65536, `${items.length} of ${bytes}`);
        const answers = new Map();
        for (const item of items) answers.set(item.kind, await checkItem(request, item));
        if (stdout !== undefined) assert.equal(answers.get('stdout')?.text ?? '', stdout);
        if (kinds) assert.deepEqual(items.map((item) => item.kind), kinds);
        if (files) assert.deepEqual(items.filter((item) => item.kind === 'file')
            .map((item) => item.name), files);
    });

test('the worker and the api run as before', async () => {
    assert.equal((await run('print("fine")')).state, 'succeeded');
    const lines = (await world.stack.log('api')).trim().split('\n').map(JSON.parse);
    assert.deepEqual(lines.filter((line) => line.level === 'error'), []);
});
