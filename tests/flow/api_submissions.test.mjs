// Submissions that are taken in part or not yet: batches, and people with too much waiting. What is
// refused for what it says is in tests/input.
// Proves: T28
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from './stack.mjs';

const BASE = { language: 'python', code: 'print(1)' };

let stack;
let ana;

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ ana: ['analyst'] });
    ana = await stack.signIn('ana');
});
after(() => stack?.stop());

test('a batch answers each element by itself', async () => {
    const answer = await ana.post('/api/requests:batch', {
        requests: [{ ...BASE, title: 'one' }, { ...BASE, code: 'a\rb' }, 7,
                   { ...BASE, language: 'x' }, { ...BASE, title: 'two' }],
    });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.results.map((row) => [row.status, row.body.error?.field]),
        [[201, undefined], [422, 'requests.1.code'], [400, 'requests.2'],
         [400, 'requests.3.language'], [201, undefined]]);
});

test('somebody with too much waiting has to wait', async () => {
    const old = (await ana.post('/api/requests', BASE)).body;
    await ana.post(`/api/requests/${old.id}/cancel`);
    await stack.restart('api', { MAX_WAITING_PER_PERSON: '5' });
    const answers = [];
    for (let i = 0; i < 6; i++) answers.push(await ana.post('/api/requests', BASE));
    const last = answers.at(-1);
    assert.deepEqual([last.status, last.body.error?.code], [429, 'throttled'], last.text);
    assert.ok(Number(last.headers.get('retry-after')) > 0);
    const again = await ana.post(`/api/requests/${old.id}/run-again`);
    assert.deepEqual([again.status, again.body.error?.code], [429, 'throttled'], again.text);
});
