// What a run prints is seen while it runs, by those who may see the request; watching never costs
// the run anything.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { startStack, until } from './stack.mjs';
import { makeGate } from './sandboxes.mjs';

let stack;
let ana;
let rob;

before(async () => {
    stack = await startStack({ env: { MAX_STREAMS_PER_PERSON: '8', WORKER_SLOTS: '2',
                                     SANDBOX_OUTPUT_BYTES: '33554432',
                                     SANDBOX_TIMEOUT_MS: '300000' } });
    await stack.people({ ana: ['analyst'], bea: ['analyst'], rob: ['reviewer'], adm: ['admin'] });
    await stack.operator('team', 'add', 'other');
    await stack.operator('person', 'add', 'oto', '--team', 'other', '--role', 'reviewer');
    [ana, rob] = [await stack.signIn('ana'), await stack.signIn('rob')];
});
after(() => stack?.stop());

async function approve(code) {
    const sent = (await ana.post('/api/requests', { language: 'python', code })).body;
    const answer = await rob.post(`/api/requests/${sent.id}/decisions`, {
        verdict: 'approve', revision: 1, bundle_sha256: sent.bundle_sha256 });
    assert.equal(answer.status, 200, answer.text);
    return sent.id;
}

const watch = (id, who = ana, options = {}) => who.events(`/api/requests/${id}/output`, options);
const done = async (id) => (await ana.get(`/api/requests/${id}?wait=60&until=done`)).body;
const isOutput = (one) => one.event === 'output';

// The texts up to the one that holds `last`, put together.
async function read(stream, last) {
    let text = '';
    while (!text.includes(last)) text += (await stream.until(isOutput)).data.text;
    return text;
}

async function stored(id, kind = 'stdout') {
    const attempt = (await done(id)).attempts.at(-1);
    const { n } = attempt.items.find((item) => item.kind === kind);
    return (await ana.get(`/api/requests/${id}/results/${n}?attempt=${attempt.id}`)).text;
}

test('who opens it late sees what was printed, then what comes, then the end', async () => {
    const [gate, last] = [makeGate(), makeGate()]; // what comes with the end may come behind it
    const id = await approve(`import sys
print('first', flush=True)
${gate.wait}
print('wärning', file=sys.stderr, flush=True)
print('second', flush=True)
${last.wait}`);
    await gate.reached();
    const early = await watch(id);
    const one = await early.until(isOutput);
    assert.deepEqual([one.data.stream, one.data.text, one.data.dropped], ['stdout', 'first\n', 0]);
    assert.match(one.id, /^\d+-\d+$/);
    assert.ok(one.data.attempt_id > 0 && one.data.seq > 0);
    const late = await watch(id);
    assert.deepEqual(await late.next(), one);
    await gate.open();
    const rest = [await early.until(isOutput), await early.until(isOutput)];
    assert.deepEqual(rest.map(({ data }) => [data.stream, data.text]).sort(),
                     [['stderr', 'wärning\n'], ['stdout', 'second\n']]);
    await last.open();
    for (const stream of [early, late]) {
        const end = await stream.until((event) => event.event === 'end');
        assert.deepEqual(end.data, { state: 'succeeded' });
        assert.equal(await stream.next(), undefined, 'and it is closed');
    }
    assert.equal(await stored(id), 'first\nsecond\n');
});

test('a stream that was cut goes on behind its last event', async () => {
    const gates = [makeGate(), makeGate()];
    const id = await approve(`print('one', flush=True)
${gates[0].wait}
print('two', flush=True)
${gates[1].wait}`);
    const cut = await watch(id);
    const first = await cut.until(isOutput);
    cut.close();
    await gates[0].open();
    await gates[1].reached();
    const resumed = await watch(id, ana, { lastId: first.id });
    assert.equal((await resumed.next()).data.text, 'two\n');
    const odd = await watch(id, ana, { lastId: 'no such id' });
    assert.equal(await read(odd, 'two'), 'one\ntwo\n');
    await gates[1].open();
    assert.equal((await resumed.next()).event, 'end');
    odd.close();
});

test('only who may see the request sees what it prints', async () => {
    const gate = makeGate();
    const id = await approve(`print('secret', flush=True)\n${gate.wait}`);
    for (const login of ['bea', 'oto'])
        await assert.rejects(watch(id, await stack.signIn(login)), /404/);
    await assert.rejects(watch(id, stack.client(null)), /401/);
    await assert.rejects(watch(999999), /404/);
    for (const who of [rob, await stack.signIn('adm')]) {
        const stream = await watch(id, who);
        assert.equal((await stream.until(isOutput)).data.text, 'secret\n');
        stream.close();
    }
    // Signed out, a stream that is open ends.
    const again = await stack.signIn('ana');
    const stream = await watch(id, again);
    await stream.until(isOutput);
    await again.post('/api/logout');
    assert.equal(await stream.next(), undefined);
    await gate.open();
    await done(id);
});

test('a request that does not run ends its stream at once', async () => {
    const waiting = (await ana.post('/api/requests', { language: 'python', code: '1' })).body;
    assert.deepEqual((await (await watch(waiting.id)).next()).data, { state: 'pending' });
    await ana.post(`/api/requests/${waiting.id}/cancel`);
    assert.deepEqual((await (await watch(waiting.id)).next()).data, { state: 'cancelled' });
    const head = await ana.send('HEAD', `/api/requests/${waiting.id}/output`);
    assert.deepEqual([head.status, head.headers.get('content-type')], [200, 'text/event-stream']);
});

test('an event that comes late ends no stream', async () => {
    const gate = makeGate();
    const id = await approve(`${gate.wait}\n`);
    await gate.reached();
    const stream = await watch(id);
    const all = await ana.events(`/api/requests/${id}/events`);
    const { team, author } = (await ana.get(`/api/requests/${id}`)).body;
    const late = { id, state: 'pending', revision: 1, what: 'request.submit', team_id: team.id,
                   author_id: author.id, owner_id: null, at: new Date().toISOString() };
    await stack.redis('xadd', 'events', '*', 'event', JSON.stringify(late));
    await all.until((one) => one.data.state === 'pending'); // the api has read it
    await gate.open();
    assert.equal((await stream.until((one) => one.event === 'end')).data.state, 'succeeded');
    all.close();
});

test('cancelled, it ends with that', async () => {
    const gate = makeGate();
    const id = await approve(`print('started', flush=True)\n${gate.wait}`);
    const stream = await watch(id);
    await stream.until(isOutput);
    await ana.post(`/api/requests/${id}/cancel`);
    const end = await stream.until((event) => event.event === 'end');
    assert.equal(end.data.state, 'cancelled');
});

// Proves: I8
test('who approved it takes that back while it runs: it is told to stop, and says so', async () => {
    const gate = makeGate();
    const id = await approve(`print('started', flush=True)\n${gate.wait}`);
    const stream = await watch(id);
    await stream.until(isOutput);
    assert.equal((await rob.get(`/api/requests/${id}`)).body.can.undo, true);
    const other = await stack.signIn('adm');
    assert.equal((await other.post(`/api/requests/${id}/undo`)).body.error.code, 'wrong_state');
    const { status, body } = await rob.post(`/api/requests/${id}/undo`);
    assert.deepEqual([status, body.state, body.cancelling], [200, 'running', true]);
    assert.equal((await rob.get(`/api/requests/${id}`)).body.can.undo, false, 'once');
    const end = await stream.until((event) => event.event === 'end');
    assert.equal(end.data.state, 'cancelled');
    const [told] = await stack.psql('superuser', `select actor, body ->> 'revoked' as revoked
        from audit.audit_logs where event = 'attempt.cancel' and entity_id = ${id}`);
    assert.deepEqual(told, { actor: 'rob', revoked: 'true' });
});

// Reads until that many bytes were told of, shown or dropped; what was told last.
async function readBytes(stream, whole) {
    let [bytes, last] = [0, null];
    while (bytes < whole) {
        last = (await stream.until(isOutput)).data;
        const size = Buffer.byteLength(last.text);
        assert.ok(size <= 4096);
        bytes += size + last.dropped;
    }
    assert.equal(bytes, whole);
    return last;
}

test('a flood is bounded, says how much is missing, and is stored whole', async () => {
    const gate = makeGate();
    const lines = 100000;
    const id = await approve(`for i in range(${lines}):
    print(i)
print('over', flush=True)
${gate.wait}`);
    const stream = await watch(id);
    const whole = Array.from({ length: lines }, (_, i) => `${i}\n`).join('') + 'over\n';
    const last = await readBytes(stream, whole.length);
    // Who reads too slowly may miss the very end, and is told that as well.
    assert.ok(last.text.endsWith('over\n') || (last.text === '' && last.dropped > 0), last.text);
    // Who comes now gets the end of it, and how much went before.
    const late = await watch(id);
    const head = (await late.next()).data;
    assert.ok(head.dropped > 0 && head.text === '');
    assert.match((await readBytes(late, whole.length - head.dropped)).text, /over\n$/);
    const kept = Number(await stack.redis('xlen', 'output'));
    assert.ok(kept > 10 && kept < 5000, String(kept));
    await gate.open();
    assert.equal(await stored(id), whole);
    stream.close();
    late.close();
});

// A client with small buffers that reads nothing before its input ends, and then all there is.
const deaf = `
import socket, sys
host, port, head = sys.argv[1:]
reader = socket.socket()
reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
reader.connect((host, int(port)))
reader.sendall(head.encode())
sys.stdin.read()
while part := reader.recv(65536):
    sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()
`;

function openDeaf(id) {
    const { hostname, port } = new URL(stack.url);
    const headers = Object.entries(ana.headers()).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `GET /api/requests/${id}/output HTTP/1.1\r\nhost: x\r\n${headers.join('')}\r\n`;
    const child = spawn('python3', ['-c', deaf, hostname, port, head]);
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (part) => { said += part; });
    const ended = new Promise((tell) => child.on('close', tell));
    return { child, ended, said: () => said };
}

test('who does not read misses some, is told, and holds up nobody', async () => {
    const gates = [makeGate(), makeGate()];
    const id = await approve(`import os, time
open('/tmp/${gates[0].name}', 'w').close()
while os.path.exists('/tmp/${gates[0].name}'):
    print('x' * 999, flush=True)
    time.sleep(0.008)
${gates[1].wait}
print('over', flush=True)
`);
    const slow = openDeaf(id);
    const stream = await watch(id);
    for (let seen = 0; seen < 450000;) {
        const { text, dropped } = (await stream.until(isOutput)).data;
        seen += text.length + dropped;
    }
    await gates[0].open();
    await gates[1].reached();
    slow.child.stdin.end();
    await until(() => /"seq":0,"stream":"stdout","text":"","dropped":\d{4}/.test(slow.said()),
        'what the slow one missed');
    await gates[1].open();
    await stream.until((one) => one.event === 'end');
    assert.equal((await done(id)).state, 'succeeded');
    await slow.ended;
    assert.match(slow.said(), /over\\n/);
    assert.match(slow.said(), /event: end\n/);
});

test('Redis away in the middle: it is said, and the run goes on', async () => {
    const gates = [makeGate(), makeGate(), makeGate()];
    const id = await approve(`print('before', flush=True)
${gates[0].wait}
print('meanwhile', flush=True)
${gates[1].wait}
print('after', flush=True)
${gates[2].wait}`);
    const stream = await watch(id);
    assert.equal(await read(stream, 'before'), 'before\n');
    await stack.kill('redis');
    await stream.until((one) => one.event === 'away');
    const other = await watch(id);
    await other.until((one) => one.event === 'away');
    other.close();
    await gates[0].open();
    await gates[1].reached();
    await stack.start('redis');
    await stream.until((one) => one.event === 'back');
    await gates[1].open();
    assert.equal(await read(stream, 'after'), 'meanwhile\nafter\n');
    await gates[2].open();
    await stream.until((one) => one.event === 'end');
    assert.equal((await done(id)).state, 'succeeded');
    assert.equal(await stored(id), 'before\nmeanwhile\nafter\n');
});

test('a run without Redis at all succeeds', async () => {
    const gate = makeGate();
    const id = await approve(`print('quiet', flush=True)\n${gate.wait}`);
    await gate.reached();
    await stack.kill('redis');
    const stream = await watch(id);
    await stream.until((one) => one.event === 'away');
    await gate.open();
    assert.equal((await done(id)).state, 'succeeded');
    await stream.until((one) => one.event === 'end');
    await stack.start('redis');
});

test('what others write into the stream reaches nobody as it is', async () => {
    const gate = makeGate();
    const id = await approve(`print('true', flush=True)\n${gate.wait}`);
    const stream = await watch(id);
    const { data } = await stream.until(isOutput);
    const forged = ['no json', '{}', '[]', JSON.stringify({ request_id: id }),
        JSON.stringify({ request_id: id, attempt_id: 1, fence: 9, seq: 9, stream: 'stdout',
            text: 'older', dropped: 0 }),
        JSON.stringify({ request_id: id, attempt_id: data.attempt_id, fence: 99, stream: 'odd\n\n',
            seq: 9, text: 'x', dropped: 0 }),
        // Sent again by a worker that did not hear the answer.
        JSON.stringify({ request_id: id, attempt_id: data.attempt_id, fence: 1, stream: 'stdout',
            seq: data.seq, text: 'twice', dropped: 0 })];
    for (const text of forged) await stack.redis('xadd', 'output', '*', 'output', text);
    await stack.redis('xadd', 'output', '*', 'a', 'b', 'c', 'd');
    await gate.open();
    assert.equal((await stream.until((one) => one.event !== 'back')).event, 'end');
});

test('streams of output take places like all others', async () => {
    const gate = makeGate();
    const id = await approve(gate.wait);
    await gate.reached();
    const gauge = async () => Number(/^countersign_event_streams (\d+)$/m.exec(
        await (await fetch(`${stack.url}/metrics`)).text())[1]);
    await until(async () => await gauge() === 0, 'the places of earlier streams');
    const streams = [];
    for (let i = 0; i < 8; i++) streams.push(await watch(id));
    await assert.rejects(watch(id), /429/);
    for (const stream of streams) stream.close();
    await gate.open();
    await done(id);
});
