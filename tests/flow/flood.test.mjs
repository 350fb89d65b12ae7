// Somebody floods the queue, from everywhere at once, with all the keys they have.
// Proves: T28
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from './stack.mjs';

const MOST = 70; // that may wait of one person: not a whole number of batches
const SUBMITS = 10000;
const BATCH = 50; // of one call, as docs/api.md says
const AT_ONCE = 16;

let stack;
const who = {};

before(async () => {
    stack = await startStack({ workers: 0, env: { MAX_WAITING_PER_PERSON: `${MOST}` } });
    await stack.people({ ana: ['analyst'], bea: ['analyst'], rob: ['reviewer'] });
    for (const login of ['ana', 'bea', 'rob']) who[login] = await stack.signIn(login);
});
after(() => stack?.stop());

const plain = (title) => ({ language: 'python', code: `print('${title}')`, title });

test('of 10,000 submits of one person so many wait as may, and others come through', async () => {
    const found = {};
    let sent = 0;
    const flood = async () => {
        while (sent < SUBMITS) {
            const requests = Array.from({ length: BATCH }, () => plain(`flood ${sent++}`));
            const { body, text } = await who.ana.post('/api/requests:batch', { requests });
            assert.ok(body.results, text);
            for (const { status } of body.results) found[status] = (found[status] ?? 0) + 1;
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, flood));
    assert.deepEqual(found, { 201: MOST, 429: SUBMITS - MOST });
    const more = await who.ana.post('/api/requests', plain('once more'));
    assert.equal(more.status, 429, more.text);
    assert.ok(Number(more.headers.get('retry-after')) > 0);
    const queue = async () => {
        const { body } = await who.rob.get('/api/requests?view=review&limit=100');
        return body.requests.map(({ title }) => title);
    };
    for (const [title, code] of [['of another', '1'],
                                 ['risky', 'import socket\nsocket.socket()']]) {
        const taken = await who.bea.post('/api/requests', { language: 'python', code, title });
        assert.equal(taken.status, 201, taken.text);
    }
    const titles = await queue();
    assert.equal(titles.length, MOST + 2);
    assert.equal(titles[0], 'risky', 'what is dangerous comes before the flood');
    assert.equal(titles.at(-1), 'of another');
});
