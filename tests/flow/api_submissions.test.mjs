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

test('the answer warns when too few people may approve what is so risky', async () => {
    const RISKY = { ...BASE,
                    code: 'import socket\nsocket.create_connection(("a", 1))\n' };
    const warned = (answer) => {
        assert.ok(answer.status < 300, answer.text);
        assert.equal(answer.body.warning?.code ?? 'no_quorum', 'no_quorum');
        return answer.body.warning?.message.split(/[,:]/)[0];
    };
    const ask = async (body) => warned(await ana.post('/api/requests', body));
    const NOBODY = 'Nobody may approve this', ONE = 'Only 1 person may approve this';
    assert.equal(await ask(BASE), NOBODY);
    await stack.people({ rob: ['reviewer'] });
    await stack.restart('api'); // which forgets what it said a moment ago
    assert.deepEqual([await ask(BASE), await ask(RISKY), await ask(BASE), await ask(RISKY)],
                     [undefined, ONE, undefined, ONE]);
    const batch = await ana.post('/api/requests:batch', { requests: [BASE, RISKY] });
    assert.deepEqual(batch.body.results.map(({ body }) => warned({ status: 201, body })),
                     [undefined, ONE]);
    const mild = (await ana.post('/api/requests', BASE)).body;
    assert.equal(warned(await ana.post(`/api/requests/${mild.id}/revisions`,
                                       { revision: 1, code: RISKY.code })), ONE);
    await ana.post(`/api/requests/${mild.id}/cancel`);
    assert.equal(warned(await ana.post(`/api/requests/${mild.id}/run-again`)), ONE);
    await stack.people({ kim: ['reviewer'] });
    await stack.restart('api');
    assert.equal(await ask(RISKY), undefined, 'two are enough');
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
