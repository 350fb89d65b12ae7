// Framing (d.1) over one stack, byte by byte, and what becomes of a connection behind a refusal.
// Proves: T24
import test from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { sendRaw, head } from '../flow/raw.mjs';
import { openWorld, runRaw, checkLog } from './rows.mjs';
import { raw } from './framing.mjs';

const GET = 'GET /healthz HTTP/1.1';
const POST = 'POST /api/login HTTP/1.1';

const world = openWorld({
    people: { ana: ['analyst'] }, env: { HEADER_SECONDS: '2', BODY_SECONDS: '2' },
    prepare: ({ who, names }) => Object.assign(names, { cookie: who.ana.cookie,
                                                        csrf: who.ana.csrf }),
});

runRaw(world, 'framing', raw);

// Proves: T8
test('nobody frames what the library refuses by itself', async () => {
    for (const bytes of [head(`GET /${'a'.repeat(20480)} HTTP/1.1`),
        head(GET, ['Host: x', `Cookie: a=${'b'.repeat(40960)}`]), head('GET /healthz HTTP/9.9'),
        head(GET, ['Host: x', 'hello'])]) {
        const { status, headers, json } = await sendRaw(world.stack.url, bytes);
        assert.ok(status >= 400 && !json, `${status}`);
        assert.match(headers['content-security-policy'] ?? 'none', /frame-ancestors 'none'/);
        assert.equal(headers['x-content-type-options'], 'nosniff');
    }
});

test('other methods of a known path: 405 with what it knows', async () => {
    for (const [method, path, allow] of [
        ['PUT', '/api/me', 'GET, HEAD'], ['DELETE', '/api/login', 'POST'],
        ['GET', '/api/login', 'POST'], ['PATCH', '/api/requests', 'GET, HEAD, POST'],
        ['OPTIONS', '/api/people', 'GET, HEAD, POST'], ['POST', '/healthz', 'GET, HEAD'],
        ['GET', '/api/requests/1/decisions', 'POST'], ['GET', '/api/requests/1/undo', 'POST'],
        ['GET', '/api/requests/1/cancel', 'POST'], ['DELETE', '/', 'GET, HEAD'],
    ]) {
        const answer = await sendRaw(world.stack.url, head(`${method} ${path} HTTP/1.1`));
        assert.equal(answer.status, 405, `${method} ${path}`);
        assert.equal(answer.headers.allow, allow);
        assert.equal(answer.json.error.code, 'method_not_allowed');
    }
});

test('bytes that are no HTTP end the connection', async () => {
    for (const bytes of ['GET /healthz\r\n\r\n',
        '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 'hello\r\n\r\n']) {
        const answer = await sendRaw(world.stack.url, Buffer.from(bytes, 'latin1'))
            .catch(() => null);
        assert.ok(!answer || [0, 400, 505].includes(answer.status), answer?.text);
    }
});

test('a refused framing closes the connection, so that nothing rides along', async () => {
    const smuggled = `${head(POST, ['Host: x', 'Content-Length: 4', 'Transfer-Encoding: chunked'])}`
        + `0\r\n\r\n${head('GET /api/instance HTTP/1.1')}`;
    const answer = await sendRaw(world.stack.url, smuggled);
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.connection, 'close');
    assert.equal(answer.rest.length, 0);
});

const refused = async (bytes) => {
    const answer = await sendRaw(world.stack.url, bytes);
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.headers.connection, 'close');
    assert.equal(answer.rest.length, 0);
};

test('no header is made of two lines', async () => {
    await refused(head(GET, ['Host: x', 'Coo: a=b', ' kie', 'X: y']));
    await refused(`${head(POST, ['Host: x', 'Content-Length: 31', ' x', 'X: y'])}`
        + 'GET /nope HTTP/1.1\r\nHost: x\r\n\r\n');
});

test('nothing hides behind the last header', async () => {
    await refused(head(GET, ['Host: x', 'X: a\0b']));
    await refused('GET /healthz HTTP/1.1\r\nHost: x\n\n');
});

test('nothing is read behind a body of chunks, whose end others may see elsewhere', async () => {
    const chunked = head(POST, ['Host: x', 'Content-Type: application/json',
                                'Transfer-Encoding: chunked']);
    for (const body of ['2\r\n{}\r\n0\r\n\r\n', '2\n{}\n0\n\n', '2;a\r\n{}\r\n0\r\nX: y\r\n\r\n']) {
        const answer = await sendRaw(world.stack.url, chunked + body + head(GET));
        assert.equal(answer.json?.error.code, 'missing_field', answer.text);
        assert.equal(answer.headers.connection, 'close');
        const { socket } = await sendRaw(world.stack.url, chunked + body + head(GET),
                                         { keepOpen: true });
        let more = '';
        socket.on('data', (part) => { more += part; });
        await new Promise((done) => (socket.destroyed ? done() : socket.on('close', done)));
        assert.equal(more, '');
    }
});

test('a head that comes byte by byte is read like one that comes at once', async () => {
    const bytes = head(GET, ['Host: x', 'Cookie: a=b; c=d', `X-Y: ${'y'.repeat(9000)}`, 'X-Z: z']);
    const parts = [...bytes.slice(0, 120)].concat(bytes.slice(120).match(/[^]{1,500}/g));
    const { hostname, port } = new URL(world.stack.url);
    const socket = net.connect({ host: hostname, port, noDelay: true });
    const got = [];
    socket.on('data', (part) => got.push(part));
    const answered = new Promise((done) => socket.once('data', done).once('close', done));
    for (const part of parts) {
        socket.write(part);
        await new Promise((done) => setImmediate(done));
    }
    await answered; // which can be before the last turn of the loop
    socket.destroy();
    assert.match(Buffer.concat(got).toString(), /^HTTP\/1.1 200 OK\r\n/);
});

test('who stops sending still gets the answer', async () => {
    const { hostname, port } = new URL(world.stack.url);
    const socket = net.connect({ host: hostname, port, allowHalfOpen: true });
    const parts = [];
    socket.on('data', (part) => parts.push(part));
    socket.end(head('GET /api/instance HTTP/1.1'));
    await new Promise((done) => socket.on('close', done));
    assert.match(Buffer.concat(parts).toString(), /^HTTP\/1.1 200 OK\r\n[^]*"name":"Countersign"/);
});

test('two requests in one packet get their own answers in order', async () => {
    const answer = await sendRaw(world.stack.url, head(GET) + head('GET /api/instance HTTP/1.1',
        ['Host: x', 'Connection: close']));
    assert.equal(answer.text, '{"ok":true}');
});

checkLog(world);
