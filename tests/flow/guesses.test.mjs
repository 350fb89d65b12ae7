// Ten thousand guesses at one password, many at once and each from an address of its own: a few are
// looked at, and whoever is signed in stays so.
// Proves: T9
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from './stack.mjs';

const SECRET = 'a secret that only the proxy knows';
const PASSWORD = 'correct horse battery';
const GUESSES = 10000;
const AT_ONCE = 24;
const MOST = 5; // wrong ones before the first pause
const PAUSE_S = 15; // and that is the shortest

let stack;
let tom;

before(async () => {
    stack = await startStack({ workers: 0, env: { PROXY_ADDRESSES: '127.0.0.1',
        PROXY_SECRET: SECRET, PROXY_ADDRESS_HEADER: 'X-Forwarded-For' } });
    await stack.people({ tom: ['analyst'] });
    tom = await stack.signIn('tom');
    assert.equal((await tom.post('/api/password', { password: PASSWORD })).status, 204);
});
after(() => stack?.stop());

const guess = (n) => stack.client().post('/api/login',
    { login: n % 2 ? 'tom' : 'TOM', password: `guess ${n}` },
    { 'x-forwarded-for': `203.0.${n >> 8}.${n & 255}`, 'x-proxy-secret': SECRET });

test('of 10,000 guesses a few are looked at, and no session ends', async () => {
    const begun = performance.now();
    const seen = {};
    let next = 0;
    const guessOn = async () => {
        while (next < GUESSES) {
            const { status, body } = await guess(next++);
            const what = `${status} ${body.error?.code}`;
            seen[what] = (seen[what] ?? 0) + 1;
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, guessOn));
    const pauses = Math.floor((performance.now() - begun) / 1000 / PAUSE_S);
    const looked = seen['401 wrong_credentials'];
    assert.deepEqual(Object.keys(seen).sort(), ['401 wrong_credentials', '429 throttled']);
    assert.equal(looked + seen['429 throttled'], GUESSES);
    assert.ok(looked >= 1 && looked <= MOST + pauses, `${looked} guesses, ${pauses} pauses`);
    assert.equal((await tom.get('/api/me')).status, 200);
});
