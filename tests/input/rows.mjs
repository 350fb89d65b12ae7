// Runs tables of bad input on one stack. A row is
//     [name, 'who METHOD /path', body, expected, headers?]
// `who` is somebody of the world, or nobody. `body` is bytes or text as they are, or else JSON; a
// function makes it of the world's names. In paths and headers {name} stands for one of them.
// `expected` is 'status code field', where code and field may be missing. What is refused has
// changed nothing, says nothing of our insides, carries the headers that browsers obey, and is an
// answer that docs/openapi.yaml promises.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from '../flow/stack.mjs';
import { sendRaw } from '../flow/raw.mjs';
import { operationOf, checkAnswer } from './openapi.mjs';
import { State } from './state.mjs';

const HEADERS = {
    'content-security-policy': /default-src 'none'.*frame-ancestors 'none'/,
    'x-content-type-options': /^nosniff$/, 'x-frame-options': /^DENY$/,
    'referrer-policy': /^no-referrer$/, 'cross-origin-opener-policy': /^same-origin$/,
    'cross-origin-resource-policy': /^same-origin$/, 'cache-control': /^no-store$/,
};
const OURS = { 'x-request-id': /^[0-9a-f]{16}$/ };
const INSIDES = /\bselect |\binsert |pg_|plpgsql|SQLSTATE|violates|libpq|\.c:\d|0x[0-9a-f]{8,}/i;

/** Starts a stack before the tests of a file: {stack, who, names, state}. `prepare(world)` makes
 *  what the rows are about and puts its ids into `names`. */
export function openWorld({ people, env = {}, workers = 0, prepare = () => {} }) {
    const world = { who: {}, names: {} };
    before(async () => {
        world.stack = await startStack({ workers, env });
        await world.stack.people(people);
        for (const login of Object.keys(people)) world.who[login] = await world.stack.signIn(login);
        world.who.nobody = world.stack.client();
        await prepare(world);
        world.state = await State.open(world.stack);
    });
    after(async () => {
        await world.state?.close();
        await world.stack?.stop();
    });
    return world;
}

export const fill = (text, names) => text.replace(/\{(\w+)\}/g,
                                                  (whole, name) => names[name] ?? whole);

const isBytes = (body) => typeof body === 'string' || Buffer.isBuffer(body);

function send(world, request, body, headers) {
    const [who, method, path] = fill(request, world.names).split(' ');
    const made = typeof body === 'function' ? body(world.names) : body;
    const sent = made === undefined || isBytes(made) ? made : JSON.stringify(made);
    const type = made === undefined ? {} : { 'content-type': 'application/json' };
    const filled = Object.fromEntries(Object.entries({ ...type, ...headers })
        .filter(([, value]) => value !== null)
        .map(([name, value]) => [name, fill(value, world.names)]));
    return world.who[who].send(method, path, { body: sent, headers: filled });
}

function checkHeaders(answer, headers) {
    for (const [name, value] of Object.entries(headers))
        assert.match(answer.headers.get(name) ?? 'none', value, `${name} of ${answer.text}`);
}

/** What every refusal of ours is like, whatever was sent. */
export function checkRefusal(answer) {
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/, answer.text);
    checkHeaders(answer, { ...HEADERS, ...OURS });
    assert.deepEqual(Object.keys(answer.body), ['error']);
    assert.doesNotMatch(answer.text, INSIDES);
    if (answer.status === 429) assert.ok(Number(answer.headers.get('retry-after')) > 0);
}

const outcome = (answer) => [answer.status, answer.body?.error?.code, answer.body?.error?.field]
    .filter((part) => part !== undefined).join(' ');

async function runRow(world, [, request, body, expected, headers]) {
    await world.state.forgetTries();
    const answer = await send(world, request, body, headers);
    const [, method, target] = request.split(' ');
    if (operationOf(method, target)) checkAnswer(method, target, answer);
    assert.equal(outcome(answer), expected, answer.text.slice(0, 400));
    const changed = await world.state.changes();
    if (answer.status < 400) return answer;
    checkRefusal(answer);
    assert.deepEqual(changed, [], 'something was changed');
    return answer;
}

/** Registers one test for each row; `more(answer, row)` looks at what else it must be. */
export function runRows(world, title, rows, more = () => {}) {
    for (const row of rows)
        test(`${title}: ${row[0]}: ${row[3]}`, async () => {
            await more(await runRow(world, row), row);
        });
}

const library = ({ status }) => (status ? `${status} library` : 'closed');

/** The same for bytes: rows are [name, bytes, expected]. 'status library' is the answer of the
 *  library, with our headers; 'closed' is none at all. */
export function runRaw(world, title, rows) {
    for (const [name, bytes, expected] of rows)
        test(`${title}: ${name}: ${expected}`, async () => {
            const sent = typeof bytes === 'string' ? fill(bytes, world.names) : bytes;
            const got = await sendRaw(world.stack.url, sent);
            const answer = { ...got, headers: new Headers(got.headers), body: got.json };
            const ours = answer.headers.has('x-request-id');
            assert.equal(ours ? outcome(answer) : library(got), expected, got.text);
            assert.deepEqual(await world.state.changes(), [], 'something was changed');
            if (ours && got.status >= 400) checkRefusal(answer);
            else if (got.status) checkHeaders(answer, HEADERS);
        });
}

/** Nothing of it was more than a refusal to the api either. */
export function checkLog(world) {
    test('the api logged no error and runs as before', async () => {
        const lines = (await world.stack.log('api')).trim().split('\n').map(JSON.parse);
        assert.deepEqual(lines.filter((line) => ['error', 'warn'].includes(line.level)), []);
        assert.equal((await fetch(`${world.stack.url}/healthz`)).status, 200);
    });
}
