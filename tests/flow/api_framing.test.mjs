// Requests whose framing is wrong or means two things: each row is refused before any route.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { startStack } from './stack.mjs';
import { sendRaw, head, censusOf } from './raw.mjs';

let stack;
let census;

before(async () => {
    stack = await startStack({ workers: 0, env: { HEADER_SECONDS: '2' } });
    census = await censusOf(stack);
});
after(() => stack?.stop());

const GET = 'GET /healthz HTTP/1.1';
const POST = 'POST /api/login HTTP/1.1';
const JSON_TYPE = 'Content-Type: application/json';
const many = (n, make) => Array.from({ length: n }, (_, i) => make(i));

// [what, bytes, status, code]; code null: the library answers by itself, without a body of ours
const rows = [
    ['no Host', head(GET, ['X: y']), 400, 'bad_request'],
    ['no header at all', head(GET, []), 400, 'bad_request'],
    ['two Hosts', head(GET, ['Host: a', 'Host: b']), 400, 'bad_request'],
    ['two equal Hosts', head(GET, ['Host: a', 'host: a']), 400, 'bad_request'],
    ['empty Host', head(GET, ['Host:']), 400, 'bad_request'],
    ['Host with a path', head(GET, ['Host: a/b']), 400, 'bad_request'],
    ['Host with a user', head(GET, ['Host: u@a']), 400, 'bad_request'],
    ['Host with a blank', head(GET, ['Host: a b']), 400, 'bad_request'],
    ['Content-Length with Transfer-Encoding',
        `${head(POST, ['Host: x', 'Content-Length: 3', 'Transfer-Encoding: chunked'])}0\r\n\r\n`,
        400, 'bad_request'],
    ['Transfer-Encoding with Content-Length',
        `${head(POST, ['Host: x', 'Transfer-Encoding: chunked', 'Content-Length: 5'])}0\r\n\r\n`,
        400, 'bad_request'],
    ['two different Content-Lengths',
        `${head(POST, ['Host: x', 'Content-Length: 2', 'Content-Length: 3'])}{} `,
        400, 'bad_request'],
    ['two equal Content-Lengths',
        `${head(POST, ['Host: x', 'Content-Length: 2', 'Content-Length: 2'])}{}`,
        400, 'bad_request'],
    ['a list as Content-Length', `${head(POST, ['Host: x', 'Content-Length: 2, 2'])}{}`, 400, null],
    ['negative Content-Length', head(POST, ['Host: x', 'Content-Length: -5']), 400, null],
    ['signed Content-Length', head(POST, ['Host: x', 'Content-Length: +5']), 400, null],
    ['hexadecimal Content-Length', head(POST, ['Host: x', 'Content-Length: 0x5']), 400, null],
    ['Content-Length of 30 digits', head(POST, ['Host: x', `Content-Length: ${'9'.repeat(30)}`]),
        413, null],
    ['Content-Length 2^63-1', head(POST, ['Host: x', 'Content-Length: 9223372036854775807']),
        413, 'too_large'],
    ['Content-Length 2^53', head(POST, ['Host: x', 'Content-Length: 9007199254740992']),
        413, 'too_large'],
    ['Transfer-Encoding: gzip', head(POST, ['Host: x', 'Transfer-Encoding: gzip']), 501,
        'not_implemented'],
    ['Transfer-Encoding: gzip, chunked',
        `${head(POST, ['Host: x', 'Transfer-Encoding: gzip, chunked'])}0\r\n\r\n`, 501,
        'not_implemented'],
    ['Transfer-Encoding: chunked, chunked',
        `${head(POST, ['Host: x', 'Transfer-Encoding: chunked, chunked'])}0\r\n\r\n`, 501,
        'not_implemented'],
    ['Transfer-Encoding twice',
        `${head(POST, ['Host: x', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'])}`
        + '0\r\n\r\n', 400, 'bad_request'],
    ['Transfer-Encoding: identity', head(POST, ['Host: x', 'Transfer-Encoding: identity']), 501,
        'not_implemented'],
    ['Transfer-Encoding in HTTP/1.0',
        `${head('POST /api/login HTTP/1.0', ['Host: x', 'Transfer-Encoding: chunked'])}0\r\n\r\n`,
        400, 'bad_request'],
    ['bad chunk size', `${head(POST, ['Host: x', 'Transfer-Encoding: chunked'])}zz\r\n`, 400, null],
    ['a negative chunk size', `${head(POST, ['Host: x', 'Transfer-Encoding: chunked'])}-1\r\n`,
        400, null],
    ['a chunk size of 72 bits',
        `${head(POST, ['Host: x', 'Transfer-Encoding: chunked'])}${'f'.repeat(18)}\r\n`, 413, null],
    ['Content-Encoding', `${head(POST, ['Host: x', JSON_TYPE, 'Content-Encoding: gzip',
        'Content-Length: 2'])}{}`, 415, 'unsupported_media_type'],
    ['blank before a colon', head(GET, ['Host: x', 'X-Y : z']), 400, 'bad_request'],
    ['control byte in a value', head(GET, ['Host: x', 'X-Y: a\x01b']), 400, 'bad_request'],
    ['ESC in a value', head(GET, ['Host: x', 'X-Y: a\x1b[31mb']), 400, 'bad_request'],
    ['DEL in a value', head(GET, ['Host: x', 'X-Y: a\x7fb']), 400, 'bad_request'],
    ['NUL in a name', head(GET, ['Host: x', 'X\0Y: b']), 400, null],
    ['bytes beyond ASCII in a name', head(GET, ['Host: x', 'X-\u00e9: b']), 400, 'bad_request'],
    ['parentheses in a name', head(GET, ['Host: x', 'X(y): b']), 400, 'bad_request'],
    ['a header of 40 KB', head(GET, ['Host: x', `X-Y: ${'a'.repeat(40960)}`]), 431, null],
    ['2000 headers', head(GET, ['Host: x', ...many(2000, (i) => `X-${i}: y`)]), 431, null],
    ['101 headers', head(GET, ['Host: x', ...many(101, (i) => `X-${i}: y`)]), 431,
        'headers_too_large'],
    ['a target of 20 KB', head(`GET /${'a'.repeat(20480)} HTTP/1.1`), 414, null],
    ['unknown method', head('BREW /healthz HTTP/1.1'), 501, 'not_implemented'],
    ['method in small letters', head('get /healthz HTTP/1.1'), 501, 'not_implemented'],
    ['TRACE', head('TRACE /healthz HTTP/1.1'), 501, 'not_implemented'],
    ['CONNECT', head('CONNECT example.com:443 HTTP/1.1'), 501, 'not_implemented'],
    ['PROPFIND', head('PROPFIND / HTTP/1.1'), 501, 'not_implemented'],
    ['OPTIONS *', head('OPTIONS * HTTP/1.1'), 400, 'bad_request'],
    ['absolute form', head('GET http://x/healthz HTTP/1.1'), 400, 'bad_request'],
    ['absolute form of another site', head('GET https://evil.test/ HTTP/1.1'), 400, 'bad_request'],
    ['no leading slash', head('GET healthz HTTP/1.1'), 400, 'bad_request'],
    ['/..', head('GET /.. HTTP/1.1'), 400, 'bad_request'],
    ['/../..', head('GET /../../etc/passwd HTTP/1.1'), 400, 'bad_request'],
    ['dot segment in the middle', head('GET /api/../healthz HTTP/1.1'), 400, 'bad_request'],
    ['single dot segment', head('GET /./healthz HTTP/1.1'), 400, 'bad_request'],
    ['double slash', head('GET //healthz HTTP/1.1'), 400, 'bad_request'],
    ['double slash inside', head('GET /api//me HTTP/1.1'), 400, 'bad_request'],
    ['%2e%2e', head('GET /%2e%2e/healthz HTTP/1.1'), 400, 'bad_request'],
    ['%2E', head('GET /api/%2E/me HTTP/1.1'), 400, 'bad_request'],
    ['%2f', head('GET /api%2fme HTTP/1.1'), 400, 'bad_request'],
    ['%5c', head('GET /api%5cme HTTP/1.1'), 400, 'bad_request'],
    ['a backslash', head('GET /api\\me HTTP/1.1'), 400, 'bad_request'],
    ['%00', head('GET /healthz%00 HTTP/1.1'), 400, 'bad_request'],
    ['%00 in the query', head('GET /api/requests?q=a%00b HTTP/1.1'), 400, 'bad_request'],
    ['%0a', head('GET /healthz%0a HTTP/1.1'), 400, 'bad_request'],
    ['%7f', head('GET /healthz%7f HTTP/1.1'), 400, 'bad_request'],
    ['%zz', head('GET /healthz%zz HTTP/1.1'), 400, 'bad_request'],
    ['a lone %', head('GET /healthz% HTTP/1.1'), 400, 'bad_request'],
    ['%4', head('GET /healthz%4 HTTP/1.1'), 400, 'bad_request'],
    ['%zz in the query', head('GET /healthz?a=%zz HTTP/1.1'), 400, 'bad_request'],
    ['escaped bytes that are not UTF-8', head('GET /%ff%fe HTTP/1.1'), 400, 'bad_request'],
    ['overlong UTF-8', head('GET /%c0%af HTTP/1.1'), 400, 'bad_request'],
    ['an escaped surrogate', head('GET /%ed%a0%80 HTTP/1.1'), 400, 'bad_request'],
    ['bytes beyond ASCII in the path', Buffer.from(head('GET /\u00ff HTTP/1.1'), 'latin1'), 400,
        'bad_request'],
    ['not UTF-8 in the query', head('GET /api/requests?q=%ff HTTP/1.1'), 400, 'bad_request'],
    ['a NUL byte in the target', head('GET /healthz\0x HTTP/1.1'), 400, null],
    ['a fragment', head('GET /healthz#x HTTP/1.1'), 400, 'bad_request'],
    ['a blank in the target', head('GET /healthz x HTTP/1.1'), 400, null],
    ['a tab in the target', head('GET /healthz\tx HTTP/1.1'), 400, null],
    ['HTTP/9.9', head('GET /healthz HTTP/9.9'), 505, null],
    ['HTTP/2.0', head('GET /healthz HTTP/2.0'), 505, null],
    ['Expect: something', head(GET, ['Host: x', 'Expect: 200-ok']), 417, 'expectation_failed'],
    ['Expect with too large a body', head(POST, ['Host: x', JSON_TYPE, 'Expect: 100-continue',
        'Content-Length: 99999999']), 413, 'too_large'],
    ['a body with GET', `${head(GET, ['Host: x', 'Content-Length: 2'])}{}`, 400, 'bad_request'],
    ['a chunked body with GET', `${head(GET, ['Host: x', 'Transfer-Encoding: chunked'])}`
        + '2\r\n{}\r\n0\r\n\r\n', 400, 'bad_request'],
    ['the same query parameter twice', head('GET /api/requests?limit=1&limit=2 HTTP/1.1'), 400,
        'bad_request'],
    ['a query parameter without a name', head('GET /api/requests?=1 HTTP/1.1'), 400,
        'bad_request'],
    ['17 query parameters',
        head(`GET /api/requests?${many(17, (i) => `a${i}=1`).join('&')} HTTP/1.1`),
        400, 'bad_request'],
    ['an unknown query parameter', head('GET /api/requests?nope=1 HTTP/1.1'), 400, 'unknown_field'],
    ['a query where none is known', head('GET /healthz?x=1 HTTP/1.1'), 400, 'unknown_field'],
    ['an unknown path', head('GET /nope HTTP/1.1'), 404, 'not_found'],
    ['a number that is none', head('GET /api/requests/abc HTTP/1.1'), 404, 'not_found'],
    ['number 0', head('GET /api/requests/0 HTTP/1.1'), 404, 'not_found'],
    ['a number with a zero in front', head('GET /api/requests/01 HTTP/1.1'), 404, 'not_found'],
    ['a negative number', head('GET /api/requests/-1 HTTP/1.1'), 404, 'not_found'],
    ['2^64', head('GET /api/requests/18446744073709551616 HTTP/1.1'), 404, 'not_found'],
    ['a trailing slash', head('GET /api/requests/1/ HTTP/1.1'), 404, 'not_found'],
    ['capital letters', head('GET /API/me HTTP/1.1'), 404, 'not_found'],
];

for (const [what, bytes, status, code] of rows) {
    test(`${what}: ${status}`, async () => {
        const answer = await sendRaw(stack.url, bytes);
        assert.equal(answer.status, status, answer.text);
        if (code === null) return;
        assert.equal(answer.json?.error?.code, code, answer.text);
        assert.match(answer.headers['content-security-policy'] ?? '', /frame-ancestors 'none'/);
        assert.equal(answer.headers['x-content-type-options'], 'nosniff');
        assert.doesNotMatch(answer.text, /select |pg_|\.c:|libpq/i);
    });
}

test('other methods of a known path: 405 with what it knows', async () => {
    for (const [method, path, allow] of [
        ['PUT', '/api/me', 'GET, HEAD'], ['DELETE', '/api/login', 'POST'],
        ['GET', '/api/login', 'POST'], ['PATCH', '/api/requests', 'GET, HEAD, POST'],
        ['OPTIONS', '/api/people', 'GET, HEAD, POST'], ['POST', '/healthz', 'GET, HEAD'],
        ['GET', '/api/requests/1/decisions', 'POST'], ['GET', '/api/requests/1/undo', 'POST'],
        ['GET', '/api/requests/1/cancel', 'POST'], ['DELETE', '/', 'GET, HEAD'],
    ]) {
        const answer = await sendRaw(stack.url, head(`${method} ${path} HTTP/1.1`));
        assert.equal(answer.status, 405, `${method} ${path}`);
        assert.equal(answer.headers.allow, allow);
        assert.equal(answer.json.error.code, 'method_not_allowed');
    }
});

test('bytes that are no HTTP end the connection', async () => {
    for (const bytes of ['GET /healthz\r\n\r\n',
        '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 'hello\r\n\r\n']) {
        const answer = await sendRaw(stack.url, Buffer.from(bytes, 'latin1')).catch(() => null);
        assert.ok(!answer || [0, 400, 505].includes(answer.status), answer?.text);
    }
});

test('a refused framing closes the connection, so that nothing rides along', async () => {
    const smuggled = `${head(POST, ['Host: x', 'Content-Length: 4', 'Transfer-Encoding: chunked'])}`
        + `0\r\n\r\n${head('GET /api/instance HTTP/1.1')}`;
    const answer = await sendRaw(stack.url, smuggled);
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.connection, 'close');
    assert.equal(answer.rest.length, 0);
});

test('who stops sending still gets the answer', async () => {
    const { hostname, port } = new URL(stack.url);
    const socket = net.connect({ host: hostname, port, allowHalfOpen: true });
    const parts = [];
    socket.on('data', (part) => parts.push(part));
    socket.end(head('GET /api/instance HTTP/1.1'));
    await new Promise((done) => socket.on('close', done));
    assert.match(Buffer.concat(parts).toString(), /^HTTP\/1.1 200 OK\r\n[^]*"name":"Countersign"/);
});

test('two requests in one packet get their own answers in order', async () => {
    const answer = await sendRaw(stack.url, head(GET) + head('GET /api/instance HTTP/1.1',
        ['Host: x', 'Connection: close']));
    assert.equal(answer.text, '{"ok":true}');
});

test('nothing of all this changed anything', async () => {
    assert.deepEqual(await censusOf(stack), census);
    assert.equal((await fetch(`${stack.url}/healthz`)).status, 200);
});
