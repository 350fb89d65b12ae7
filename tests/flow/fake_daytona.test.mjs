// The Daytona that we play satisfies Daytona's own npm client, unchanged, and its traps are there.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { startDaytona } from '../fake/daytona.mjs';
import { partsOf } from '../fake/multipart.mjs';
import { root, until } from './stack.mjs';

// Its module form loads some of its parts by a call that Node.js 18 does not have.
const { Daytona } = createRequire(import.meta.url)('@daytona/sdk');
let fake;
let client;

function connect(to, more = {}) {
    return new Daytona({ apiKey: to.key, apiUrl: to.url, target: 'us',
        useDeprecatedPolling: true, ...more });
}

before(async () => {
    fake = await startDaytona();
    client = connect(fake);
});
after(async () => {
    await client[Symbol.asyncDispose]();
    await fake.stop();
});

async function use(params, act) {
    const sandbox = await client.create({ language: 'python', ...params });
    try {
        await act(sandbox);
    } finally {
        const mine = fake.sandboxes.get(sandbox.id);
        mine?.vanish();
        await mine?.doomed;
    }
}

/** {status, headers, text, json()}. */
async function ask(method, url, { body, headers = {}, key = fake.key } = {}) {
    const json = body !== undefined && !(body instanceof FormData) && typeof body !== 'string';
    const answer = await fetch(url, { method, redirect: 'manual',
        headers: { authorization: `Bearer ${key}`,
            ...(json ? { 'content-type': 'application/json' } : {}), ...headers },
        body: json ? JSON.stringify(body) : body });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) };
}

const api = (method, way, more) => ask(method, fake.url + way, more);
const inside = (sandbox, method, way, more) => ask(method,
    `${fake.toolboxUrl}/${sandbox.id}${way}`, more);

async function collect(list) {
    const found = [];
    for await (const sandbox of list) found.push(sandbox);
    return found;
}

/* ---- the client ---------------------------------------------------------------------------- */

test('create, look, label and list', () => use({ name: 'first', labels: { team: 'a' } },
    async (sandbox) => {
        assert.equal(sandbox.state, 'started');
        assert.deepEqual([sandbox.cpu, sandbox.memory, sandbox.disk], [1, 1, 3]);
        assert.equal((await client.get('first')).id, sandbox.id);
        assert.equal((await client.get(sandbox.id)).name, 'first');
        const listed = await collect(client.list({ labels: { team: 'a' } }));
        assert.deepEqual(listed.map((one) => one.id), [sandbox.id]);
        assert.equal((await collect(client.list({ labels: { team: 'b' } }))).length, 0);
        await sandbox.setLabels({ team: 'b' });
        assert.equal((await collect(client.list({ labels: { team: 'b' } }))).length, 1);
        await sandbox.setAutostopInterval(3);
        assert.equal((await client.get('first')).autoStopInterval, 3);
        assert.deepEqual(fake.surprises, []);
    }));

test('code runs, both streams come together, and its exit code is told', () => use({},
    async (sandbox) => {
        const ran = await sandbox.process.codeRun(
            'import sys, os\nprint(6 * 7)\nprint("oops", os.environ["A"], file=sys.stderr)\n'
            + 'sys.exit(3)', { env: { A: 'b c' } });
        assert.equal(ran.exitCode, 3);
        assert.equal(ran.result, '42\noops b c\n');
        const failed = await sandbox.process.codeRun('1/0');
        assert.equal(failed.exitCode, 1);
        assert.match(failed.result, /ZeroDivisionError/);
        await assert.rejects(sandbox.process.codeRun('print("some", flush=True)\nwhile True: pass',
            undefined, 1), (error) => error.statusCode === 408 && !/some/.test(error.message));
    }));

test('a shell command runs in its folder', () => use({}, async (sandbox) => {
    const ran = await sandbox.process.executeCommand('pwd | tr a-z A-Z; echo "$A" >&2; exit 4',
        '/tmp', { A: 'x' }, 10);
    assert.deepEqual([ran.exitCode, ran.result], [4, '/TMP\nx\n']);
}));

test('sessions: shell state, streams apart, input, exit code', () => use({}, async (sandbox) => {
    const { process: inner } = sandbox;
    await inner.createSession('s');
    await assert.rejects(inner.createSession('s'), (error) => error.statusCode === 409);
    const first = await inner.executeSessionCommand('s',
        { command: 'cd /tmp; X=7; echo out; echo err >&2; printf end' });
    assert.deepEqual([first.exitCode, first.stdout, first.stderr], [0, 'out\nend\n', 'err\n']);
    const { cmdId } = await inner.executeSessionCommand('s',
        { command: 'pwd; read line; echo "$X $line"; (exit 5)', runAsync: true });
    assert.ok(!('exitCode' in await inner.getSessionCommand('s', cmdId)));
    await inner.sendSessionCommandInput('s', cmdId, 'hello\n');
    await until(async () => (
        await inner.getSessionCommand('s', cmdId)).exitCode === 5, 'the command has ended');
    assert.equal((await inner.getSessionCommandLogs('s', cmdId)).stdout, '/tmp\n7 hello\n');
    assert.deepEqual((await inner.getSession('s')).commands.map((one) => one.exitCode), [0, 5]);
    assert.deepEqual((await inner.listSessions()).map((one) => one.sessionId), ['s']);
    await assert.rejects(inner.sendSessionCommandInput('s', cmdId, 'late\n'),
        (error) => error.statusCode === 410);
    await inner.deleteSession('s');
    await assert.rejects(inner.getSession('s'), (error) => error.statusCode === 404);
}));

test('files go in and come out', () => use({}, async ({ fs, process: inner }) => {
    const bytes = Buffer.from(Array.from({ length: 70000 }, (_, at) => at % 256));
    await fs.uploadFile(bytes, 'in/"odd" name.bin');
    await fs.uploadFiles([{ source: Buffer.from('1'), destination: '/home/daytona/in/1' },
        { source: path.join(root, 'package.json'), destination: '/tmp/package.json' }]);
    assert.ok(bytes.equals(await fs.downloadFile('in/"odd" name.bin')));
    assert.deepEqual((await fs.listFiles('in')).map((file) => [file.name, file.size]),
        [['"odd" name.bin', 70000], ['1', 1]]);
    const sum = await inner.executeCommand('wc -c < /tmp/package.json');
    assert.equal(Number(sum.result), (await fs.getFileDetails('/tmp/package.json')).size);
    await fs.createFolder('made', '755');
    assert.equal((await fs.getFileDetails('made')).isDir, true);
    await fs.deleteFile('in/1');
    await assert.rejects(fs.downloadFile('in/1'), (error) => error.statusCode === 404);
    await assert.rejects(fs.deleteFile('in'), (error) => error.statusCode === 400);
    await fs.deleteFile('in', true);
    await assert.rejects(fs.listFiles('in'), (error) => error.statusCode === 404);
    await assert.rejects(fs.downloadFile('/etc/passwd'));
}));

test('stop and start: files stay, sessions do not', () => use({}, async (sandbox) => {
    await sandbox.fs.uploadFile(Buffer.from('kept'), 'a');
    await sandbox.process.createSession('s');
    await sandbox.stop();
    assert.equal(sandbox.state, 'stopped');
    await assert.rejects(sandbox.process.executeCommand('true'), (error) => (
        error.statusCode === 400 && /Is the Sandbox started\?/.test(error.message)));
    await sandbox.start();
    assert.equal(`${await sandbox.fs.downloadFile('a')}`, 'kept');
    await assert.rejects(sandbox.process.getSession('s'), (error) => error.statusCode === 404);
}));

test('delete ends what runs and removes the files', async () => {
    const sandbox = await client.create({ language: 'python' });
    await sandbox.process.createSession('s');
    await sandbox.process.executeSessionCommand('s', { command: 'sleep 1000', runAsync: true });
    const { box } = fake.sandboxes.get(sandbox.id);
    const { program } = fake.sandboxes.get(sandbox.id).sessions.get('s');
    await sandbox.delete();
    await program.ended;
    await until(async () => (await api('GET', `/sandbox/${sandbox.id}`)).status === 404, 'its end');
    assert.ok(!existsSync(box.root));
    assert.equal((await api('DELETE', `/sandbox/${sandbox.id}`)).status, 404);
    assert.deepEqual(fake.left(), []);
});

test('one that is deleted when it stops is destroyed by stopping', () => use({ ephemeral: true },
    async (sandbox) => {
        await sandbox.stop();
        await until(() => !fake.sandboxes.has(sandbox.id), 'it is gone');
    }));

test('the client waits through all states that come before started', async () => {
    for (const states of [['pending_build', 'building_snapshot'], ['pulling_snapshot'],
        ['unknown', 'from_the_future']]) {
        fake.fail({ match: 'POST /api/sandbox', do: 'plan', states });
        await use({}, async (sandbox) => assert.equal(sandbox.state, 'started'));
    }
});

test('a start that fails leaves a sandbox behind', async () => {
    fake.fail({ match: 'POST /api/sandbox', do: 'plan', then: 'error', held: true,
        reason: 'no room' });
    await assert.rejects(client.create({ name: 'broken' }),
        (error) => error.statusCode === 400 && /failed to start: no room/.test(error.message));
    const broken = (await api('GET', '/sandbox/broken')).json();
    assert.deepEqual([broken.state, broken.errorReason], ['error', 'no room']);
    assert.equal((await api('DELETE', '/sandbox/broken')).status, 200);
});

test('an archived one comes back by start', () => use({}, async (sandbox) => {
    fake.sandboxes.get(sandbox.id).come(['archived']);
    assert.equal((await api('GET', `/sandbox/${sandbox.id}`)).json().state, 'archived');
    const begun = (await api('POST', `/sandbox/${sandbox.id}/start`)).json();
    await sandbox.refreshData();
    await sandbox.waitUntilStarted();
    assert.deepEqual([begun.state, sandbox.state], ['restoring', 'started']);
}));

test('the toolbox address comes from the sandbox, or from a call of its own', async () => {
    assert.notEqual(new URL(fake.url).port, new URL(fake.toolboxUrl).port);
    fake.hidesProxy = true;
    try {
        await use({}, async (sandbox) => {
            assert.equal((await sandbox.process.codeRun('print(1)')).result, '1\n');
            assert.ok(fake.callsTo('GET */toolbox-proxy-url').length >= 1);
        });
    } finally {
        fake.hidesProxy = false;
    }
});

test('nothing of this machine and no network is inside', () => use({}, async (sandbox) => {
    const ran = await sandbox.process.codeRun('import os, socket\n'
        + 'print(os.path.exists("/root"), os.path.exists("/work"), os.getcwd())\n'
        + 's = socket.socket()\ns.settimeout(1)\n'
        + `print(s.connect_ex(("127.0.0.1", ${new URL(fake.url).port})) != 0)\n`);
    assert.equal(ran.result, 'False False /home/daytona\nTrue\n');
}));

/* ---- what a client must be ready for ------------------------------------------------------- */

test('refusals of the control plane', async () => {
    const create = (body, more) => api('POST', '/sandbox', { body, ...more });
    assert.match((await create({ cpu: 2 })).json().message, /when using a snapshot/);
    assert.match((await create({ snapshot: 'none' })).json().message, /not found/);
    assert.equal((await create({ name: null })).status, 400);
    assert.equal((await create({ labels: { a: 1 } })).status, 400);
    assert.equal((await create({ target: 'moon' })).status, 400);
    assert.equal((await create({}, { key: 'wrong' })).status, 401);
    assert.equal((await create({ autoStopInterval: 1.5 })).status, 400);
    const one = await create({ name: 'taken' });
    assert.equal(one.status, 200);
    const again = await create({ name: 'taken' });
    assert.deepEqual([again.status, Object.keys(again.json())],
        [409, ['path', 'timestamp', 'statusCode', 'error', 'message']]);
    fake.quota.cpu = 1;
    const full = await create({});
    delete fake.quota.cpu;
    assert.deepEqual([full.status, full.json().message],
        [400, 'Total CPU limit exceeded. Maximum allowed: 1.']);
    assert.equal((await api('DELETE', '/sandbox/taken')).status, 200);
    const next = await create({ name: 'taken', buildInfo: { dockerfileContent: 'FROM x\n' },
        cpu: 2 });
    assert.deepEqual([next.json().state, next.json().cpu], ['pending_build', 2]);
    const early = await api('DELETE', '/sandbox/taken');
    assert.deepEqual([early.status, early.json().message],
        [409, 'Sandbox state change in progress']);
    await until(async () => (
        await api('DELETE', '/sandbox/taken')).status === 200, 'it can be deleted');
    assert.equal((await create({ image: 'x', name: 'odd' })).status, 200);
    assert.deepEqual(fake.surprises.splice(0), ['POST /sandbox ignores image']);
    assert.equal((await api('DELETE', '/sandbox/odd')).status, 200);
});

test('limits tell their names', async () => {
    fake.limits['sandbox-create'] = 0;
    const full = await api('POST', '/sandbox', { body: {} });
    fake.limits['sandbox-create'] = 1e9;
    assert.equal(full.status, 429);
    assert.ok(Number(full.headers.get('retry-after-sandbox-create')) > 0);
    assert.equal(full.headers.get('retry-after'), null);
    const list = await api('GET', '/sandbox');
    assert.equal(list.headers.get('x-ratelimit-limit-authenticated'), `${1e9}`);
});

test('lists come in pages, filtered, and late', async () => {
    const names = ['l1', 'l2', 'l3'];
    for (const name of names)
        assert.equal((await api('POST', '/sandbox', { body: { name, labels: { l: '1' } } })).status,
            200);
    const wanted = `/sandbox?labels=${encodeURIComponent('{"l":"1"}')}&limit=2`;
    const page = (await api('GET', wanted)).json();
    assert.deepEqual(page.items.map((one) => one.name), ['l1', 'l2']);
    assert.ok(!('env' in page.items[0]));
    const last = (await api('GET', `${wanted}&cursor=${page.nextCursor}`)).json();
    assert.deepEqual([last.items.map((one) => one.name), last.nextCursor], [['l3'], null]);
    const others = await api('GET', `${wanted}&states=stopped&states=error`);
    assert.equal(others.json().items.length, 0);
    assert.equal((await api('GET', '/sandbox?states=destroyed')).status, 400);
    fake.freezeList();
    for (const name of names) assert.equal((await api('DELETE', `/sandbox/${name}`)).status, 200);
    assert.equal((await api('GET', wanted)).json().items.length, 2);
    fake.thawList();
    assert.equal((await api('GET', wanted)).json().items.length, 0);
});

test('logs have three forms, and can be followed', () => use({}, async (sandbox) => {
    const session = '/process/session';
    assert.deepEqual(await inside(sandbox, 'POST', session, { body: { sessionId: 's' } })
        .then(({ status, text }) => [status, text]), [201, '']);
    const { status, json } = await inside(sandbox, 'POST', `${session}/s/exec`,
        { body: { command: 'echo a; echo b >&2; printf \'\\377c\'', runAsync: true } });
    assert.equal(status, 202);
    const logs = (headers, more = '') => inside(sandbox, 'GET',
        `${session}/s/command/${json().cmdId}/logs${more}`, { headers });
    const followed = await logs({}, '?follow=true');
    assert.deepEqual(followed.text.split('\n').sort(), ['', 'a', 'b', '\ufffdc']);
    assert.equal(followed.headers.get('transfer-encoding'), 'chunked');
    const whole = (await logs({ 'x-daytona-sdk-version': '0.205.1' })).json();
    assert.deepEqual([whole.stdout, whole.stderr], ['a\n\ufffdc\n', 'b\n']);
    assert.ok(whole.output.includes('\x01\x01\x01a\n') && whole.output.includes('\x02\x02\x02b\n'));
    for (const headers of [{}, { 'x-daytona-sdk-version': '0.166.9' }])
        assert.deepEqual((await logs(headers)).text.split('\n').sort(), ['', 'a', 'b', '\ufffdc']);
    assert.ok((await logs({ 'x-daytona-split-output': 'true' })).text
        .includes('\x02\x02\x02b\n'));
}));

test('a bare exit ends the session and has no exit code', () => use({}, async (sandbox) => {
    await sandbox.process.createSession('s');
    const { cmdId } = await sandbox.process.executeSessionCommand('s',
        { command: 'exit 3', runAsync: true });
    await fake.sandboxes.get(sandbox.id).sessions.get('s').program.ended;
    assert.ok(!('exitCode' in await sandbox.process.getSessionCommand('s', cmdId)));
}));

test('no exit code while something still holds the output', () => use({}, async (sandbox) => {
    await sandbox.process.createSession('s');
    const { cmdId } = await sandbox.process.executeSessionCommand('s',
        { command: 'mkfifo gate; (cat gate; echo late) & echo soon', runAsync: true });
    const { stdout } = await until(async () => {
        const logs = await sandbox.process.getSessionCommandLogs('s', cmdId);
        return logs.stdout && logs;
    }, 'the first line');
    assert.equal(stdout, 'soon\n');
    assert.ok(!('exitCode' in await sandbox.process.getSessionCommand('s', cmdId)));
    await sandbox.process.executeCommand('echo open > gate');
    await until(async () => (
        await sandbox.process.getSessionCommand('s', cmdId)).exitCode === 0, 'the end');
    assert.equal((await sandbox.process.getSessionCommandLogs('s', cmdId)).stdout,
        'soon\nopen\nlate\n');
}));

test('a file before its path is refused, and what came before stays', () => use({},
    async (sandbox) => {
        const form = new FormData();
        form.append('files[0].path', 'good');
        form.append('files[0].file', new Blob(['1']), 'x');
        form.append('files[1].file', new Blob(['2']), 'x');
        form.append('files[1].path', 'bad');
        const answer = await inside(sandbox, 'POST', '/files/bulk-upload', { body: form });
        assert.equal(answer.status, 400);
        assert.deepEqual(answer.json().files, [{ path: 'good', bytes: 1 }]);
        assert.equal(answer.json().errors.length, 1);
        assert.equal((await inside(sandbox, 'GET', '/files/download?path=good')).text, '1');
        assert.equal((await inside(sandbox, 'GET', '/files/download?path=bad')).status, 404);
        const raw = await inside(sandbox, 'POST', '/files/upload-v2?path=raw', { body: 'bytes' });
        assert.equal(raw.status, 200);
        assert.equal((await inside(sandbox, 'GET', '/files/download?path=raw')).text, 'bytes');
    }));

test('the toolbox wants the key, and is gone in two ways', () => use({}, async (sandbox) => {
    const version = (more) => inside(sandbox, 'GET', '/version', more);
    assert.equal((await version()).status, 200);
    assert.equal((await version({ key: 'wrong' })).json().source, 'DAYTONA_PROXY');
    fake.fail({ match: 'GET /toolbox/*', do: 'status', status: 502 });
    assert.deepEqual(await version().then(({ status, text }) => [status, text]), [502, '']);
    fake.fail({ match: 'GET /toolbox/*', do: 'vanish' });
    assert.equal((await version()).status, 404);
}));

test('an idle sandbox stops, and ends with its time', async () => {
    const quick = await startDaytona({ minuteMs: 20 });
    try {
        const create = (body) => ask('POST', `${quick.url}/sandbox`, { body, key: quick.key });
        const idle = (await create({ autoStopInterval: 1, autoDeleteInterval: 0 })).json();
        const brief = (await create({ autoStopInterval: 0, ttlMinutes: 1 })).json();
        for (const { id } of [idle, brief])
            await until(() => !quick.sandboxes.has(id), 'it is gone');
    } finally {
        await quick.stop();
    }
});

test('as a program it says where it is, and ends with its input', async () => {
    const child = spawn(process.execPath, [path.join(root, 'tests/fake/daytona.mjs'),
        'instant=true', 'key=dtn_other'], { stdio: ['pipe', 'pipe', 'pipe'] });
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
    const told = JSON.parse(line);
    assert.equal(told.env.DAYTONA_API_KEY, 'dtn_other');
    const answer = await ask('POST', `${told.url}/sandbox`, { body: {}, key: 'dtn_other' });
    assert.equal(answer.status, 200);
    child.stdin.end();
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
});

test('parts of a body are told from bytes that look like them', () => {
    const body = Buffer.from('--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n--y\r\n--xy'
        + '\r\n--x\r\nContent-Disposition: form-data; name="b"; filename="f \\"q\\""\r\n\r\n\r\n'
        + '--x--\r\n');
    assert.equal(partsOf(body, 'text/plain'), null);
    assert.equal(partsOf(body.subarray(0, -10), 'multipart/form-data; boundary=x'), null);
    const parts = partsOf(body, 'multipart/form-data; boundary="x"');
    assert.deepEqual(parts.map((part) => [part.name, part.filename, `${part.data}`]),
        [['a', null, '--y\r\n--xy'], ['b', 'f "q"', '']]);
});
