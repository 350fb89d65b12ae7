// Slow, stuck, leaving and too many clients; a database that is away; an orderly end.
// Proves: T24 I15
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { startStack, until } from './stack.mjs';
import { sendRaw, parseAnswer, head } from './raw.mjs';

let stack;
let ana;

const QUICK = { HEADER_SECONDS: '1', BODY_SECONDS: '1', IDLE_SECONDS: '1' };

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'] });
    ana = await stack.signIn('ana');
});
after(() => stack?.stop());

// Opens a socket and writes; `ended` resolves with what came back once the server hung up.
function dial(bytes) {
    const { hostname, port } = new URL(stack.url);
    const socket = net.connect(port, hostname);
    const parts = [];
    socket.on('data', (part) => parts.push(part));
    socket.on('error', () => {});
    if (bytes) socket.write(bytes);
    const ended = new Promise((done) => socket.on('close', () => done(Buffer.concat(parts))));
    return { socket, ended };
}

// One byte after another until the server hangs up.
async function drip(first, text) {
    const { socket, ended } = dial(first);
    let over = false;
    ended.then(() => { over = true; });
    for (let i = 0; !over; i++) {
        socket.write(text[i % text.length]);
        await new Promise((done) => setTimeout(done, 100));
        assert.ok(i < 600, 'dripping was allowed for a minute');
    }
    return ended;
}

test('who sends nothing, half a head, or a head drop by drop is cut off', async () => {
    await stack.restart('api', QUICK);
    assert.equal((await dial('').ended).length, 0);
    assert.equal((await dial('GET /healthz HT').ended).length, 0);
    await drip('GET /healthz HTTP/1.1\r\nX-Y: ', 'y');
});

test('who sends a body drop by drop, or never, is cut off', async () => {
    await drip(head('POST /api/login HTTP/1.1', ['Host: x', 'Content-Length: 10000']), ' ');
    await drip(head('POST /api/login HTTP/1.1', ['Host: x', 'Transfer-Encoding: chunked']),
               '1\r\n \r\n');
    const never = head('POST /api/login HTTP/1.1', ['Host: x', 'Content-Length: 10']);
    assert.equal((await dial(never).ended).length, 0);
    await drip(head('POST /api/files?name=a.csv HTTP/1.1', ['Host: x', 'Content-Length: 10000',
        'Content-Type: text/csv', `Cookie: ${ana.cookie}`, `X-CSRF-Token: ${ana.csrf}`]), 'x');
});

test('a second request on a connection has the same deadlines', async () => {
    const got = await drip(`${head('GET /healthz HTTP/1.1')}GET /healthz HTTP/1.1\r\nX-Y: `, 'y');
    assert.equal(parseAnswer(got).status, 200);
    assert.equal(parseAnswer(got).rest.length, 0);
});

test('who never reads a long answer is cut off', async () => {
    const file = await ana.upload('big.bin', Buffer.alloc(24 * 1048576));
    assert.equal(file.status, 201, file.text);
    const { socket } = dial(head(`GET /api/files/${file.body.id} HTTP/1.1`,
                                 ['Host: x', `Cookie: ${ana.cookie}`]));
    socket.pause();
    const connections = async () => Number(/^countersign_http_requests_under_way (\d+)/m.exec(
        await (await fetch(`${stack.url}/metrics`)).text())[1]);
    await until(async () => await connections() >= 2, 'the download to begin');
    await until(async () => await connections() === 1, 'the reader to be cut off');
    socket.destroy();
    await stack.restart('api', { HEADER_SECONDS: '10', BODY_SECONDS: '30', IDLE_SECONDS: '15' });
});

test('a body is refused at its limit and one byte, chunked or not', async () => {
    const pad = (n) => `{"login":"x","password":"y"${' '.repeat(n - 28)}}`;
    const size = 16384;
    const post = (headers) => head('POST /api/login HTTP/1.1',
                                   ['Host: x', 'Content-Type: application/json', ...headers]);
    const fits = await sendRaw(stack.url, post([`Content-Length: ${size}`]) + pad(size));
    assert.equal(fits.status, 401, fits.text);
    const more = await sendRaw(stack.url, post([`Content-Length: ${size + 1}`]) + pad(size + 1));
    assert.equal(more.status, 413);
    const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`;
    const chunked = post(['Transfer-Encoding: chunked']);
    const fine = await sendRaw(stack.url, `${chunked}${chunk(pad(size))}0\r\n\r\n`);
    assert.equal(fine.status, 401, fine.text);
    // The answer comes before the end of the body does.
    const over = await sendRaw(stack.url, chunked + chunk(pad(size)) + chunk(' '));
    assert.equal(over.status, 413);
    assert.equal(over.json.error.code, 'too_large');
    assert.equal(over.headers.connection, 'close');
    const flood = await ana.send('POST', '/api/requests', {
        body: Buffer.alloc(10 * 1048576, ' '), headers: { 'content-type': 'application/json' } });
    assert.equal(flood.status, 413);
});

test('Expect: 100-continue is answered before the body, either way', async () => {
    const post = (length) => head('POST /api/login HTTP/1.1', ['Host: x', 'Expect: 100-continue',
        'Content-Type: application/json', `Content-Length: ${length}`]);
    const { socket, ended } = dial(post(28));
    await new Promise((done) => socket.once('data', (part) => {
        assert.match(part.toString(), /^HTTP\/1.1 100 /);
        done();
    }));
    socket.end('{"login":"x","password":"y"}');
    assert.match((await ended).toString(), /HTTP\/1.1 401 /);
    const refused = await sendRaw(stack.url, post(99999999));
    assert.equal(refused.status, 413);
});

test('clients that leave in the middle do no harm', async () => {
    for (let i = 0; i < 50; i++) {
        for (const bytes of ['GET', head('GET /metrics HTTP/1.1'), head('GET /api/me HTTP/1.1',
            ['Host: x', `Cookie: ${ana.cookie}`]), head('POST /api/login HTTP/1.1',
            ['Host: x', 'Content-Length: 100'])]) {
            const { socket, ended } = dial();
            await new Promise((done) => socket.write(bytes, done));
            socket.resetAndDestroy();
            await ended;
        }
    }
    await until(async () => (await fetch(`${stack.url}/healthz`)).status === 200, 'health');
    assert.equal((await ana.get('/api/me')).status, 200);
});

test('answers never cross between people', async () => {
    const rob = await stack.signIn('rob');
    const asks = Array.from({ length: 200 }, (_, i) => [ana, rob][i % 2]);
    const answers = await Promise.all(asks.map((who) => who.get('/api/me')));
    for (const [i, answer] of answers.entries())
        assert.equal(answer.body.person.login, asks[i].person.login);
});

test('with the database away: 503 and come again, nothing hangs, and it comes back', async () => {
    const census = await stack.psql('superuser', 'select count(*)::int as n from cs.request');
    await stack.kill('postgres');
    for (const [method, path, body] of [
        ['GET', '/api/me'], ['GET', '/api/requests'], ['GET', '/api/requests/1'],
        ['GET', '/readyz'], ['POST', '/api/requests', { language: 'sql', code: 'select 1' }],
        ['POST', '/api/requests/1/cancel', {}],
        ['POST', '/api/login', { login: 'a', password: 'b' }],
    ]) {
        const answer = body ? await ana.post(path, body) : await ana.get(path);
        assert.equal(answer.status, 503, `${method} ${path} ${answer.text}`);
        assert.ok(['unavailable', 'outcome_unknown'].includes(answer.body.error.code), answer.text);
        assert.ok(Number(answer.headers.get('retry-after')) > 0);
        assert.doesNotMatch(answer.text, /socket|libpq|\/tmp|server closed|FATAL/i);
    }
    const upload = await ana.upload('a.csv', 'x');
    assert.equal(upload.status, 503, upload.text);
    for (const path of ['/healthz', '/', '/api/instance', '/metrics'])
        assert.equal((await fetch(stack.url + path)).status, 200, path);
    await stack.start('postgres');
    await until(async () => (await ana.get('/api/me')).status === 200, 'the api to find it again');
    const sent = await ana.post('/api/requests', { language: 'sql', code: 'select 1' });
    assert.equal(sent.status, 201, sent.text);
    const [{ n }] = await stack.psql('superuser', 'select count(*)::int as n from cs.request');
    assert.equal(n, census[0].n + 1);
});

test('metrics tell what happened, as Prometheus reads it', async () => {
    const text = await (await fetch(`${stack.url}/metrics`)).text();
    for (const line of text.trim().split('\n'))
        assert.match(line, /^(# TYPE \w+ (counter|gauge|histogram)|\w+(\{.*\})? [\d.e+-]+)$/);
    assert.match(text, /http_requests_total\{method="GET",route="\/api\/me",status="200"\}/);
    assert.match(text, /countersign_http_request_seconds_bucket\{.*le="\+Inf"\} \d+/);
    assert.match(text, /countersign_database_errors_total [1-9]/);
    assert.match(text, /^countersign_requests\{state="pending"\} \d+$/m);
    assert.match(text, /^countersign_slots \d+$/m);
});

test('pages: one document for every view, assets for ever, nothing else', async () => {
    const page = await fetch(`${stack.url}/ask?request=12&revise=12`);
    assert.equal((await fetch(`${stack.url}/requests/12`)).status, 200);
    const html = await page.text();
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type'), /^text\/html/);
    assert.equal(page.headers.get('cache-control'), 'no-cache');
    const again = await fetch(`${stack.url}/`, {
        headers: { 'if-none-match': page.headers.get('etag') } });
    assert.equal(again.status, 304);
    const [, asset] = /src="(\/assets\/[^"]+)"/.exec(html);
    const script = await fetch(stack.url + asset);
    assert.equal(script.status, 200);
    assert.match(script.headers.get('content-type'), /javascript/);
    assert.match(script.headers.get('cache-control'), /immutable/);
    assert.equal((await fetch(`${stack.url}/assets/nope.js`)).status, 404);
    const bodyless = await fetch(stack.url + asset, { method: 'HEAD' });
    assert.equal(bodyless.headers.get('content-length'), String((await script.text()).length));
});

test('a disk that is nearly full takes nothing new, and what was taken is decided', async () => {
    const code = { language: 'python', code: 'print(1)' };
    await stack.restart('api', { DISK_PATHS: `/proc, ${stack.data}`, DISK_FLOOR_PERCENT: '0' });
    const waiting = (await ana.post('/api/requests', code)).body;
    await stack.restart('api', { DISK_FLOOR_PERCENT: '100' });
    const refused = [
        await ana.post('/api/requests', code),
        await ana.post('/api/requests:batch', { requests: [code] }),
        await ana.post(`/api/requests/${waiting.id}/revisions`, { revision: 1, ...code }),
        await ana.post(`/api/requests/${waiting.id}/run-again`, {}),
        await ana.upload('a.csv', Buffer.from('a\n1\n'))];
    for (const one of refused) {
        assert.deepEqual([one.status, one.body.error?.code], [503, 'no_room'], one.text);
        assert.equal(one.headers.get('retry-after'), '60');
    }
    const rob = await stack.signIn('rob');
    const decided = await rob.post(`/api/requests/${waiting.id}/decisions`, { verdict: 'reject',
        revision: 1, bundle_sha256: waiting.bundle_sha256, note: 'No.' });
    assert.equal(decided.body.state, 'rejected', decided.text);
    const metrics = await (await fetch(`${stack.url}/metrics`)).text();
    const free = metrics.match(/countersign_disk_free_percent\{path="[^"]+"\} \d+\.\d/g);
    assert.equal(free.length, 3, 'two folders that were named, and that of the heads');
    assert.match(await stack.log('api'), /"event":"request.failed","code":"no_room"/);
    await stack.restart('api', { DISK_FLOOR_PERCENT: '5' });
});

test('SIGTERM lets what is under way finish and takes nothing new', async () => {
    const uploads = Array.from({ length: 4 }, (_, i) => (
        ana.upload(`drain${i}.bin`, Buffer.alloc(8 * 1048576, i))));
    await until(async () => {
        const [{ n }] = await stack.psql('superuser', 'select count(*)::int as n from cs.upload');
        return n >= 1;
    }, 'an upload under way');
    process.kill(stack.pid('api'), 'SIGTERM');
    const answers = await Promise.allSettled(uploads);
    assert.ok(answers.some((one) => one.value?.status === 201));
    assert.equal((await stack.end('api')).code, 0);
    await assert.rejects(fetch(`${stack.url}/healthz`));
    const log = await stack.log('api');
    assert.match(log, /"event":"stopped"/);
});
