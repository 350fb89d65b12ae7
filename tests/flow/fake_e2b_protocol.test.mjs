// The played E2B keeps to what is written down of the real one, also where no client of its own
// goes: what it refuses, how its stream looks, and what its sandboxes may not do.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startE2b } from '../fake/e2b.mjs';

let service;

before(async () => { service = await startE2b({ longest: 600 }); });
after(() => service?.stop());

async function api(method, path, body, { key = service.options.key, on = service } = {}) {
    const headers = { ...(key && { 'x-api-key': key }) };
    const answer = await fetch(on.url + path, { method, headers,
        body: body === undefined ? undefined : typeof body === 'string' ? body
            : JSON.stringify(body) });
    const text = await answer.text();
    let json = null;
    try { json = JSON.parse(text); } catch { /* not all is JSON */ }
    return { status: answer.status, headers: answer.headers, text, json };
}

const create = async (fields = {}, options) => (await api('POST', '/v2/sandboxes',
    { templateID: 'code-interpreter-v1', ...fields }, options)).json;

function inside(box, port, method, path, body, headers = {}) {
    return fetch(service.sandboxUrl + path, { method, body, headers: { 'e2b-sandbox-id':
        box.sandboxID, 'e2b-sandbox-port': `${port}`, ...(box.envdAccessToken
        && { 'x-access-token': box.envdAccessToken }), 'content-type': 'application/json',
    ...headers } });
}

async function execute(box, body) {
    const answer = await inside(box, 49999, 'POST', '/execute', JSON.stringify(body));
    const text = await answer.text();
    return { answer, text, lines: answer.status === 200 ? text.trim().split('\n').map(JSON.parse)
        : [] };
}

test('the key decides, and a refusal is JSON', async () => {
    for (const key of [null, 'e2b_00', 'E2B_ABC', 'secret', `${service.options.key}0`]) {
        const answer = await api('GET', '/v2/sandboxes', undefined, { key });
        assert.equal(answer.status, 401);
        assert.equal(answer.json.code, 401);
    }
    const fine = await api('GET', '/v2/sandboxes');
    assert.equal(fine.status, 200);
    for (const name of ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'])
        assert.match(fine.headers.get(name), /^\d+$/);
});

const refusals = [
    ['no JSON', '{', 400], ['no template', {}, 400], ['an empty one', { templateID: '' }, 400],
    ['an unknown one', { templateID: 'nowhere' }, 404],
    ['a timeout in words', { templateID: 'base', timeout: '5' }, 400],
    ['a timeout below nought', { templateID: 'base', timeout: -1 }, 400],
    ['a timeout beyond the plan', { templateID: 'base', timeout: 601 }, 400],
    ['numbers as metadata', { templateID: 'base', metadata: { a: 1 } }, 400],
    ['a list of variables', { templateID: 'base', envVars: ['a'] }, 400],
    ['internet as a word', { templateID: 'base', allow_internet_access: 'no' }, 400],
    ['a name to be denied', { templateID: 'base', network: { denyOut: ['a.example'] } }, 400],
];
for (const [what, body, status] of refusals) {
    test(`create refuses ${what}`, async () => {
        assert.equal((await api('POST', '/v2/sandboxes', body)).status, status);
        assert.equal(service.sandboxes.size, 0);
    });
}

test('the first generation of create is another one', async () => {
    const open = await api('POST', '/sandboxes', { templateID: 'base' });
    assert.equal(open.status, 201);
    assert.equal(open.json.envdAccessToken, undefined);
    const seen = await api('GET', `/sandboxes/${open.json.sandboxID}`);
    assert.ok(Date.parse(seen.json.endAt) - Date.parse(seen.json.startedAt) <= 15000);
    assert.equal((await api('POST', '/sandboxes', { templateID: 'base',
        network: { allowPublicTraffic: false } })).status, 400);
    const secure = await api('POST', '/sandboxes', { templateID: 'base:tag', secure: true });
    assert.match(secure.json.envdAccessToken, /^\w+$/);
    for (const one of [open, secure])
        assert.equal((await api('DELETE', `/sandboxes/${one.json.sandboxID}`)).status, 204);
    assert.equal((await api('DELETE', `/sandboxes/${open.json.sandboxID}`)).status, 404);
});

test('both kinds of 429, and an older server', async () => {
    const small = await startE2b({ instant: true, concurrent: 1, v2: false,
        rate: { limit: 4, seconds: 30 } });
    const ask = (path) => api('POST', path, { templateID: 'base' }, { on: small });
    assert.equal((await ask('/v2/sandboxes')).status, 404);
    assert.equal((await ask('/sandboxes')).status, 201);
    const full = await ask('/sandboxes');
    assert.deepEqual([full.status, full.headers.get('retry-after')], [429, null]);
    await ask('/sandboxes');
    const fast = await ask('/sandboxes');
    assert.equal(fast.status, 429);
    assert.ok(Number(fast.headers.get('retry-after')) >= 1);
    await small.stop();
});

test('list: pages, states, order and what can not be decoded', async () => {
    const boxes = [];
    for (const n of ['1', '2', '3']) boxes.push(await create({ metadata: { n, job: 'list' } }));
    const ids = boxes.map((box) => box.sandboxID);
    const first = await api('GET', '/v2/sandboxes?limit=2&metadata=job%3Dlist');
    assert.deepEqual(first.json.map((one) => one.sandboxID), [ids[2], ids[1]]);
    assert.equal(first.headers.get('x-total-running'), '3');
    const next = first.headers.get('x-next-token');
    const second = await api('GET', `/v2/sandboxes?limit=2&metadata=job%3Dlist&nextToken=${next}`);
    assert.deepEqual(second.json.map((one) => one.metadata.n), ['1']);
    assert.equal(second.headers.get('x-next-token'), null);
    await api('POST', `/sandboxes/${ids[0]}/pause`, {});
    assert.equal((await api('POST', `/sandboxes/${ids[0]}/pause`, {})).status, 409);
    const running = await api('GET', '/v2/sandboxes?state=running&order=asc');
    assert.deepEqual(running.json.map((one) => one.sandboxID), [ids[1], ids[2]]);
    assert.equal((await api('GET', '/sandboxes')).json.length, 2);
    assert.equal((await api('GET', '/v2/sandboxes?metadata=%25zz')).status, 400);
    assert.equal((await api('GET', '/v2/sandboxes?limit=101')).status, 400);
    for (const id of ids) await api('DELETE', `/sandboxes/${id}`);
});

test('a sandbox ends at its timeout, and its files with it', async () => {
    const box = await create({ timeout: 600 });
    const { root } = service.sandboxes.get(box.sandboxID).box;
    assert.ok(existsSync(root));
    assert.equal((await api('POST', `/sandboxes/${box.sandboxID}/timeout`, { timeout: 0 })).status,
        204);
    const gone = async () => (await inside(box, 49983, 'GET', '/health')).status;
    while (await gone() !== 502 || existsSync(root)) await new Promise(setImmediate);
    assert.equal(service.ended.at(-1).reason, 'timeout');
});

test('tokens: envd takes its own, other ports the one for traffic', async () => {
    const box = await create({ network: { allowPublicTraffic: false } });
    const list = (headers) => inside(box, 49983, 'POST', '/filesystem.Filesystem/ListDir',
        '{"path":"."}', headers).then((answer) => answer.status);
    assert.equal(await list(), 200);
    assert.equal(await list({ 'x-access-token': 'wrong' }), 401);
    assert.equal(await list({ authorization: `Basic ${btoa('nobody:')}` }), 401);
    const health = (headers) => inside(box, 49999, 'GET', '/health', undefined, headers)
        .then((answer) => answer.status);
    assert.equal(await health(), 403);
    assert.equal(await health({ 'e2b-traffic-access-token': box.trafficAccessToken }), 200);
    const sign = (text) => `v1_${crypto.createHash('sha256').update(text).digest('base64')
        .replace(/=+$/, '')}`;
    const query = new URLSearchParams({ path: 's.txt',
        signature: sign(`s.txt:write::${box.envdAccessToken}`) });
    const put = (path) => inside(box, 49983, 'POST', path, 'signed', { 'x-access-token': '',
        'content-type': 'application/octet-stream' }).then((answer) => answer.status);
    assert.equal(await put(`/files?${query}`), 200);
    assert.equal(await put('/files?path=s.txt&signature=v1_x'), 401);
    await api('DELETE', `/sandboxes/${box.sandboxID}`);
});

test('the stream is ASCII lines without a type, and ends in its own way', async () => {
    const box = await create();
    const { answer, text, lines } = await execute(box, { code: 'print("\u00e9\u20ac\\0")' });
    assert.equal(answer.headers.get('content-type'), null);
    assert.equal(answer.headers.get('transfer-encoding'), 'chunked');
    assert.match(text, /^[\n\x20-\x7e]+$/);
    assert.deepEqual(lines.map((line) => line.type), ['number_of_executions', 'stdout',
        'end_of_execution']);
    assert.equal(lines[1].text, '\u00e9\u20ac\0\n');
    assert.match(lines[1].timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
    const quoted = (await execute(box, { code: '1', env_vars: { A: "it's" } })).lines;
    assert.equal(quoted.find((line) => line.type === 'error').name, 'SyntaxError');
    for (const [body, status] of [[{}, 422], [{ code: 5 }, 422], [{ code: '1', context_id: 'x' },
        404], [{ code: '1', context_id: 'x', language: 'python' }, 400],
    [{ code: '1', language: 'cobol' }, 500]])
        assert.equal((await execute(box, body)).answer.status, status, JSON.stringify(body));
    const dead = (await execute(box, { code: 'import os; os._exit(3)' })).lines;
    assert.equal(dead.at(-2).name, 'ContextRestarting');
    await api('DELETE', `/sandboxes/${box.sandboxID}`);
});

test('keepalives come while nothing else does, and a disconnect interrupts', async () => {
    service.options.keepaliveMs = 20;
    const box = await create();
    const stop = new AbortController();
    const answer = await fetch(`${service.sandboxUrl}/execute`, { method: 'POST',
        signal: stop.signal, body: JSON.stringify({ code: ['import time', 'print("going")', 'try:',
            '    while True: time.sleep(1)', 'finally:', '    open("stopped", "w").write("x")']
            .join('\n') }), headers: { 'e2b-sandbox-id': box.sandboxID,
            'e2b-sandbox-port': '49999' } });
    const reader = answer.body.getReader();
    let text = '';
    while (!/going[^]*keepalive/.test(text)) text += Buffer.from((await reader.read()).value);
    stop.abort();
    const file = async () => (await inside(box, 49983, 'GET', '/files?path=stopped')).status;
    while (await file() !== 200) await new Promise(setImmediate);
    await api('DELETE', `/sandboxes/${box.sandboxID}`);
    service.options.keepaliveMs = 5000;
});

test('what runs sees neither network nor this machine', async () => {
    const box = await create();
    const { lines } = await execute(box, { code: [
        'import os, socket', 'found = []', 'for path in ["/root", "/work", "/etc/shadow", "/var"]:',
        '    found += [path] if os.path.exists(path) else []', 'try:',
        `    socket.create_connection(("127.0.0.1", ${new URL(service.url).port}), 1)`,
        '    found.append("network")', 'except OSError: pass',
        'os.symlink("/etc/passwd", "link"); os.symlink("../../../../etc/shadow", "up")',
        'found, os.getuid(), os.getcwd()'].join('\n') });
    assert.equal(lines.find((line) => line.type === 'result').text, "([], 1000, '/home/user')");
    for (const name of ['link', 'up', '/etc/passwd', '../../etc/shadow'])
        assert.equal((await inside(box, 49983, 'GET', `/files?path=${encodeURIComponent(name)}`))
            .status, 404, name);
    await api('DELETE', `/sandboxes/${box.sandboxID}`);
});

test('alone it says where it is, logs its calls and ends with its input', async () => {
    const program = fileURLToPath(new URL('../fake/e2b.mjs', import.meta.url));
    const child = spawn(process.execPath, [program, 'instant', 'key=e2b_ab']);
    const [line] = await once(child.stdout, 'data');
    const { url, env } = JSON.parse(line);
    const logged = once(child.stderr, 'data');
    assert.equal((await api('GET', '/v2/sandboxes', undefined, { key: 'e2b_ab', on: { url } }))
        .status, 200);
    assert.match(`${(await logged)[0]}`, /^api GET \/v2\/sandboxes -> 200 \(\d+ ms\)\n$/);
    assert.deepEqual(Object.keys(env), ['E2B_API_KEY', 'E2B_API_URL', 'E2B_SANDBOX_URL']);
    child.stdin.end();
    assert.deepEqual(await once(child, 'close'), [0, null]);
});
