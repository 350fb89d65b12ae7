// Who may use which route: the whole table against nobody, each role and each token, and for
// each change by cookie every check against foreign pages.
// Proves: I14 V8.2.1 V8.2.2 V8.3.1
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from '../flow/stack.mjs';
import { routes } from './api.mjs';
import { State } from './state.mjs';

// One letter for each of:
//   nobody, analyst, reviewer, admin, agent's token (read, submit), and tokens of somebody who is
//   everything: with scope read, submit, decide, admin
// + may   u 401 unauthenticated   r 403 wrong_role   f 403 forbidden
const rights = {
    'GET /healthz': '+++++++++', 'GET /readyz': '+++++++++', 'GET /metrics': '+++++++++',
    'GET /api/instance': '+++++++++',
    'POST /api/login': '+++++++++',
    'POST /api/logout': 'u+++fffff',
    'POST /api/password': 'u+++fffff',
    'POST /api/oidc/start': '+++++++++',
    'POST /api/oidc/finish': '+++++++++',
    'POST /api/people/{id}/identities': 'urr+fffff',
    'POST /api/reauthenticate': 'u+++fffff',
    'GET /api/second-factor': 'u+++fffff',
    'POST /api/second-factor': 'u+++fffff',
    'POST /api/second-factor/confirm': 'u+++fffff',
    'DELETE /api/second-factor': 'u+++fffff',
    'GET /api/me': 'u+++++fff',
    'POST /api/requests': 'u+rr+f+ff',
    'POST /api/requests:batch': 'u+rr+f+ff',
    'GET /api/requests': 'u+++++fff',
    'GET /api/requests/{id}': 'u+++++fff',
    'GET /api/requests/{id}/revisions/{id}': 'u+++++fff',
    'POST /api/requests/{id}/revisions': 'u++++f+ff',
    'POST /api/requests/{id}/decisions': 'ur+rfff+f',
    'POST /api/requests/{id}/break-glass': 'urr+fffff',
    'POST /api/requests/{id}/undo': 'ur++fff+f',
    'POST /api/requests/{id}/cancel': 'u++++f+ff',
    'POST /api/requests/{id}/settle': 'ur++fff+f',
    'POST /api/requests/{id}/run-again': 'u+rr+f+ff',
    'GET /api/requests/{id}/events': 'u+++++fff',
    'GET /api/requests/{id}/output': 'u+++++fff',
    'GET /api/events': 'u+++++fff',
    'GET /api/requests/{id}/results/{id}': 'u+++++fff',
    'POST /api/files': 'u++++f+ff',
    'GET /api/files/{id}': 'u+++++fff',
    'GET /api/workers': 'u+++++fff',
    'POST /api/pauses': 'urr+ffff+',
    'DELETE /api/pauses': 'urr+ffff+',
    'GET /api/budgets': 'u+++++fff',
    'PUT /api/budgets/{scope}': 'urr+ffff+',
    'DELETE /api/budgets/{scope}': 'urr+ffff+',
    'GET /api/audit': 'ur++r+fff',
    'GET /api/audit/questions': 'urr+ffff+',
    'GET /api/audit/head': 'urr+ffff+',
    'GET /api/audit/retention': 'urr+ffff+',
    'POST /api/audit/retention': 'urr+fffff',
    'POST /api/audit/retention/{id}/agree': 'urr+fffff',
    'POST /api/audit/retention/{id}/withdraw': 'urr+fffff',
    'POST /api/audit/query': 'urr+ffff+',
    'GET /api/people': 'urr+ffff+',
    'POST /api/people': 'urr+fffff',
    'PATCH /api/people/{id}': 'urr+ffff+',
    'GET /api/teams': 'u+++++fff',
    'POST /api/teams': 'urr+ffff+',
    'GET /api/tokens': 'u+++fffff',
    'POST /api/tokens': 'u+++fffff',
    'DELETE /api/tokens/{id}': 'u+++fffff',
    'GET /api/sessions': 'u+++fffff',
    'DELETE /api/sessions': 'u+++fffff',
    'DELETE /api/sessions/{id}': 'u+++fffff',
};

const letters = {
    u: [401, 'unauthenticated'], r: [403, 'wrong_role'], f: [403, 'forbidden'],
};
const columns = ['nobody', 'ana', 'rob', 'adm', 'agent', 'read', 'submit', 'decide', 'admin'];
const roles = { ana: ['analyst'], rob: ['reviewer'], adm: ['admin'],
                all: ['analyst', 'reviewer', 'admin'] };

let stack;
let who;
let state;
const table = routes.map((route) => ({ ...route, name: `${route.method} ${route.path}`,
                                       open: route.access === 'anyone' }));

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people(roles);
    await stack.operator('person', 'add', 'bot', '--team', 'data', '--agent-of', 'ana');
    who = { nobody: stack.client() };
    for (const login of ['ana', 'rob', 'adm', 'all']) who[login] = await stack.signIn(login);
    who.agent = stack.client(await token('bot', 'read,submit'));
    for (const scope of ['read', 'submit', 'decide', 'admin'])
        who[scope] = stack.client(await token('all', scope));
    state = await State.open(stack);
});
after(async () => {
    await state?.close();
    await stack?.stop();
});

async function token(login, scopes) {
    const said = await stack.operator('token', 'create', login, '--scope', scopes);
    return /\bcst?_[\w-]{43}/.exec(said)?.[0] ?? said.split(/\s+/).at(-1);
}

function real(path) {
    return path.replaceAll('{id}', '999999').replace('{scope}', 'team:999999')
        .replace('*', 'x.js');
}

// For those that {} would make change something, or that want more of a token with it.
const bodies = { 'POST /api/second-factor': '{"x": 1}',
                 'PATCH /api/people/{id}': '{"disabled": true}' };

// Sends something that a route answers at once with anything but 401 or 403 when it lets one in.
async function knock(client, route, headers = {}, empty = bodies[route.name] ?? '{}') {
    const stop = new AbortController();
    const more = { ...client.headers({}), ...headers };
    if (route.body === 'json') more['content-type'] ??= 'application/json';
    if (route.body === 'upload') more['content-type'] ??= 'application/octet-stream';
    const answer = await fetch(stack.url + real(route.path), {
        method: route.method, headers: more, signal: stop.signal, redirect: 'manual',
        body: route.body !== 'none' ? empty : undefined,
    });
    const stream = answer.headers.get('content-type') === 'text/event-stream';
    const text = stream ? '' : await answer.text();
    stop.abort();
    const json = /json/.test(answer.headers.get('content-type') ?? '');
    return { status: answer.status, headers: answer.headers, text,
             code: json && text ? JSON.parse(text).error?.code : undefined };
}

// Signing out and setting a password would end what the next rows need.
const wouldEnd = new Set(['POST /api/logout']);

const isPage = /^\/($|sign-in|ask|review|requests|people|workers|audit|account|assets|fav)/;

test('the matrix names every route of the api, and no other', () => {
    const api = table.filter((route) => route.path.startsWith('/api/') || route.open)
        .filter((route) => !isPage.test(route.path)).map((route) => route.name);
    assert.deepEqual(api.sort(), Object.keys(rights).sort());
});

for (const [name, row] of Object.entries(rights)) {
    test(`${name}: ${row}`, async () => {
        const route = table.find((one) => one.name === name);
        for (const [i, column] of columns.entries()) {
            if (row[i] === '+' && wouldEnd.has(name)) continue;
            const answer = await knock(who[column], route);
            const say = `${column}: ${answer.status} ${answer.text}`;
            if (row[i] === '+') {
                assert.ok(![401, 403].includes(answer.status) || route.open, say);
                assert.ok(answer.status < 500, say);
            } else {
                assert.deepEqual([answer.status, answer.code], letters[row[i]], say);
            }
        }
        assert.deepEqual(await state.changes(), [], 'something was changed');
    });
}

// Proves: T7
test('every change by cookie wants our header, our origin and our content type', async () => {
    let checked = 0;
    for (const route of table.filter((one) => one.method !== 'GET' && !one.open)) {
        const { cookie, csrf } = who.all;
        const own = new URL(stack.url);
        const rows = [
            [{ cookie }, 403, 'csrf'],
            [{ cookie, 'x-csrf-token': '' }, 403, 'csrf'],
            [{ cookie, 'x-csrf-token': 'f'.repeat(64) }, 403, 'csrf'],
            [{ cookie, 'x-csrf-token': `${csrf}0` }, 403, 'csrf'],
            [{ cookie, 'x-csrf-token': who.ana.csrf }, 403, 'csrf'],
            [{ origin: 'https://evil.test' }, 403, 'bad_origin'],
            [{ origin: 'null' }, 403, 'bad_origin'],
            [{ origin: `https://${own.host}` }, 403, 'bad_origin'],
            [{ origin: `http://${own.hostname}:1` }, 403, 'bad_origin'],
            [{ origin: `http://${own.host}.evil.test` }, 403, 'bad_origin'],
            [{ 'sec-fetch-site': 'cross-site' }, 403, 'bad_origin'],
            [{ 'sec-fetch-site': 'same-site' }, 403, 'bad_origin'],
        ];
        if (route.body === 'json')
            for (const type of ['text/plain', 'application/x-www-form-urlencoded',
                                'multipart/form-data; boundary=x', 'application/jsonx',
                                'application/json; charset=utf-16'])
                rows.push([{ 'content-type': type }, 415, 'unsupported_media_type']);
        for (const [headers, status, code] of rows) {
            const client = headers.cookie ? who.nobody : who.all;
            const answer = await knock(client, route, headers);
            assert.deepEqual([answer.status, answer.code], [status, code],
                             `${route.name} ${JSON.stringify(headers)} ${answer.text}`);
            checked++;
        }
        if (wouldEnd.has(route.name)) continue;
        const fine = await knock(who.all, route, { origin: own.origin,
                                                   'sec-fetch-site': 'same-origin' });
        assert.ok(![401, 403, 415].includes(fine.status), `${route.name} ${fine.text}`);
    }
    assert.ok(checked >= 250, `${checked} rows`);
    assert.deepEqual(await state.changes(), [], 'something was changed');
});

// Proves: T8
test('every answer of every route carries the headers that browsers obey', async () => {
    const wanted = {
        'content-security-policy': /default-src 'none'.*frame-ancestors 'none'/,
        'x-content-type-options': /^nosniff$/, 'referrer-policy': /^no-referrer$/,
        'cross-origin-opener-policy': /^same-origin$/, 'x-frame-options': /^DENY$/,
        'cross-origin-resource-policy': /^same-origin$/, 'x-request-id': /^[0-9a-f]{16}$/,
        'cache-control': /no-store|no-cache|immutable/,
    };
    for (const route of table)
        for (const client of [who.nobody, who.all]) {
            if (wouldEnd.has(route.name)) continue;
            const answer = await knock(client, route);
            for (const [name, value] of Object.entries(wanted))
                assert.match(answer.headers.get(name) ?? 'none', value,
                             `${route.name} ${answer.status} ${name}`);
            if (route.path.startsWith('/api/'))
                assert.equal(answer.headers.get('cache-control'), 'no-store', route.name);
            assert.equal(answer.headers.get('access-control-allow-origin'), null);
            assert.equal(answer.headers.get('strict-transport-security'), null);
        }
});

test('an agent never decides, whatever its token says', async () => {
    const said = await stack.operator('token', 'create', 'bot', '--scope', 'decide')
        .catch((error) => `refused ${error.stderr}`);
    assert.match(said, /refused/);
    const sent = await who.ana.post('/api/requests', { language: 'python', code: 'print(1)' });
    const agent = stack.client(await token('bot', 'read')); // which the api has not seen lately
    await stack.psql('superuser', `update cs.api_token set scopes = array['read', 'decide']
        where person_id = (select id from cs.person where login = 'bot')`);
    const answer = await agent.post(`/api/requests/${sent.body.id}/decisions`, {
        verdict: 'approve', revision: 1, bundle_sha256: sent.body.bundle_sha256,
    });
    assert.deepEqual([answer.status, answer.body.error.code], [403, 'wrong_role']);
});
