// The service that benchmarks are measured with answers at once and runs nothing, and still the
// services' own npm clients and our worker use it unchanged.
import test, { after, before, describe } from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { playInstant } from '../bench/play.mjs';
import { npmClient } from '../fake/npm_client.mjs';
import { sendRaw } from './raw.mjs';
import { startStack, until } from './stack.mjs';

// Bundled, it would not find what it uploads with.
const { Daytona } = createRequire(import.meta.url)('@daytona/sdk');
const CODE = 'print(6 * 7)\n';
const SHORT = { requestTimeoutMs: 5000 };

/** Runs act(played service) with its environment as ours. */
async function withService(name, act, options) {
    const service = await playInstant(name, options);
    Object.assign(process.env, service.env);
    try {
        await act(service);
    } finally {
        service.stop();
    }
}

async function ask(url, { method = 'GET', headers = {}, body } = {}) {
    const answer = await fetch(url, { method, headers, body });
    const text = await answer.text();
    return { status: answer.status, text, headers: answer.headers };
}

describe('e2b', () => {
    const api = (service, way, more = {}) => ask(service.env.E2B_API_URL + way, { ...more,
        headers: { 'x-api-key': service.env.E2B_API_KEY, ...more.headers } });

    test('its npm client makes, runs, lists and kills', () => withService('e2b', async () => {
        const { Sandbox } = await npmClient('@e2b/code-interpreter');
        const made = await Sandbox.create({ metadata: { job: '42', team: 'a b&c=%' }, ...SHORT });
        const other = await Sandbox.create({ metadata: { job: '43' }, ...SHORT });
        const run = await made.runCode(CODE, SHORT);
        assert.deepEqual(run.logs, { stdout: ['42\n'], stderr: [] });
        assert.equal(run.error, undefined);
        assert.equal(await made.isRunning(), true);
        const listed = async (metadata) => {
            const pages = Sandbox.list({ query: { metadata }, limit: 1 });
            const ids = [];
            while (pages.hasNext) ids.push(...(await pages.nextItems()).map((s) => s.sandboxId));
            return ids;
        };
        assert.deepEqual(await listed({ team: 'a b&c=%' }), [made.sandboxId]);
        assert.deepEqual(await listed({ team: 'a b&c' }), []);
        assert.deepEqual(await listed({}), [other.sandboxId, made.sandboxId]);
        const info = await made.getInfo();
        assert.deepEqual([info.state, info.metadata.job, info.cpuCount], ['running', '42', 2]);
        assert.equal(await made.kill(), true);
        assert.equal(await made.kill(), false);
        assert.deepEqual(await listed({}), [other.sandboxId]);
        await assert.rejects(made.runCode(CODE, SHORT));
    }));

    test('the client without an interpreter finds one that was made', () =>
        withService('e2b', async () => {
            const { Sandbox } = await npmClient('e2b');
            const made = await Sandbox.create(SHORT);
            const same = await Sandbox.connect(made.sandboxId, SHORT);
            assert.equal((await same.getInfo()).templateId, 'base');
            await same.setTimeout(1000);
            assert.equal(await Sandbox.kill(made.sandboxId), true);
        }));

    test('what makes no sense is refused', () => withService('e2b', async (service) => {
        const create = (body, more) => api(service, '/v2/sandboxes', { method: 'POST',
            body: JSON.stringify(body), ...more });
        const statuses = async (answers) => (await Promise.all(answers)).map((a) => a.status);
        const fine = { templateID: 'code-interpreter-v1' };
        assert.deepEqual(await statuses([create(fine), create({}), create({ templateID: 'x' }),
            create({ ...fine, metadata: { n: 1 } }),
            create(fine, { headers: { 'x-api-key': 'no' } }),
            api(service, '/v2/sandboxes?limit=0'), api(service, '/sandboxes/nothere'),
            api(service, '/elsewhere'), api(service, '/v2/sandboxes?metadata=%25zz'),
        ]), [201, 400, 404, 400, 401, 400, 404, 404, 400]);
        const made = JSON.parse((await create({ ...fine, network: { allowPublicTraffic: false } }))
            .text);
        const inside = (port, more, way = '/execute') => ask(service.env.E2B_SANDBOX_URL + way,
            { method: 'POST', body: JSON.stringify({ code: CODE }), ...more, headers: {
                'e2b-sandbox-id': made.sandboxID, 'e2b-sandbox-port': port, ...more?.headers } });
        const token = { 'e2b-traffic-access-token': made.trafficAccessToken };
        assert.deepEqual(await statuses([inside(49999), inside(49999, { headers: token }),
            inside(49999, { headers: token, body: '{}' }), inside(49983, {}, '/files?path=/a'),
            inside(80), ask(service.env.E2B_SANDBOX_URL),
        ]), [403, 200, 422, 401, 502, 400]);
    }));

    test('what is held goes on until it is released or its sandbox is gone', () =>
        withService('e2b', async (service) => {
            const { Sandbox } = await npmClient('@e2b/code-interpreter');
            const [one, two] = await Promise.all([1, 2].map(() => Sandbox.create(SHORT)));
            let printed = () => {};
            const seen = Promise.all([one, two].map(() => new Promise((done) => {
                const before = printed;
                printed = () => { printed = before; done(); };
            })));
            const runs = [one, two].map((sandbox) =>
                sandbox.runCode(CODE, { onStdout: () => printed() }));
            runs[1].catch(() => {});
            await seen;
            await two.kill();
            await assert.rejects(runs[1]);
            await service.release();
            assert.deepEqual((await runs[0]).logs.stdout, ['42\n']);
        }, { hold: true }));
});

describe('daytona', () => {
    let service;
    let client;
    before(async () => {
        service = await playInstant('daytona');
        client = new Daytona({ apiKey: service.env.DAYTONA_API_KEY,
            apiUrl: service.env.DAYTONA_API_URL });
    });
    after(async () => {
        await client?.[Symbol.asyncDispose]();
        service?.stop();
    });
    const listed = async (query) => {
        const found = [];
        for await (const sandbox of client.list(query)) found.push(sandbox.name);
        return found;
    };

    test('its npm client makes, runs, lists and deletes', async () => {
        const one = await client.create({ language: 'python', name: 'one',
            labels: { team: 'a b' } });
        const two = await client.create({ language: 'python', name: 'two' });
        assert.equal(one.state, 'started');
        const run = await one.process.codeRun(CODE);
        assert.deepEqual([run.exitCode, run.result], [0, '42\n']);
        assert.deepEqual(await listed({ labels: { team: 'a b' } }), ['one']);
        assert.deepEqual(await listed({ limit: 1 }), ['one', 'two']);
        assert.equal((await client.get('one')).id, one.id);
        await assert.rejects(client.create({ name: 'one' }), /already exists/);
        await one.delete();
        await assert.rejects(client.get('one'), /not found/);
        await (await client.create({ name: 'one' })).delete();
        await two.delete();
        assert.deepEqual(await listed({}), []);
    });

    test('sessions and uploads', async () => {
        const made = await client.create({ language: 'python' });
        await made.process.createSession('s');
        await assert.rejects(made.process.createSession('s'), /exists/);
        const { cmdId, stdout } = await made.process.executeSessionCommand('s', { command: 'x' });
        assert.equal(stdout, '42\n');
        assert.equal((await made.process.getSessionCommand('s', cmdId)).exitCode, 0);
        assert.equal((await made.process.getSessionCommandLogs('s', cmdId)).stdout, '42\n');
        assert.equal((await made.process.getSession('s')).commands.length, 1);
        await made.process.deleteSession('s');
        await assert.rejects(made.process.getSession('s'), /not found/);
        await made.fs.uploadFiles([{ source: Buffer.from('a'), destination: 'a.txt' },
            { source: Buffer.alloc(0), destination: 'b.txt' }]);
        await made.delete();
        await assert.rejects(made.process.codeRun(CODE));
    });

    test('what makes no sense is refused', async () => {
        const api = async (way, { key = service.env.DAYTONA_API_KEY, ...more } = {}) =>
            (await ask(service.env.DAYTONA_API_URL + way, { ...more,
                headers: { authorization: `Bearer ${key}` } })).status;
        const create = (body) => api('/sandbox', { method: 'POST', body });
        assert.deepEqual(await Promise.all([api('/sandbox', { key: 'no' }), create('[]'),
            create('{"snapshot":"x"}'), create('{"name":"a b"}'), api('/sandbox?limit=201'),
            api('/sandbox?states=destroyed'), api('/sandbox/none'), api('/elsewhere'),
        ]), [401, 400, 400, 400, 400, 400, 404, 404]);
    });
});

test('bodies in chunks are read, and requests without a clear end refused', () =>
    withService('e2b', async (service) => {
        const head = ['POST /v2/sandboxes HTTP/1.1', 'Host: x', 'Connection: close',
            `X-API-Key: ${service.env.E2B_API_KEY}`];
        const status = async (lines, body) => (await sendRaw(service.url,
            `${[...lines, '', ''].join('\r\n')}${body}`)).status;
        const chunked = [...head, 'Transfer-Encoding: chunked'];
        assert.deepEqual([
            await status(chunked, 'e\r\n{"templateID":\r\n7\r\n"base"}\r\n0\r\n\r\n'),
            await status([...chunked, 'Content-Length: 2'],
                '15\r\n{"templateID":"base"}\r\n0\r\n\r\n'),
            await status(chunked, 'x\r\n'),
            await status([...head, 'Content-Length: -1'], ''),
            await status([...head, `X: ${'x'.repeat(9000)}`], ''),
            await status(['nonsense'], ''),
        ], [201, 400, 400, 400, 400, 400]);
    }));

test('each call is told, when it began and how long it took', () =>
    withService('e2b', async (service) => {
        const began = Date.now();
        await ask(`${service.url}/a`);
        await service.calls();
        const calls = await service.calls(began - 1);
        assert.equal(calls.length, 1);
        const [{ path, method, status, beganMs, tookMs }] = calls;
        assert.deepEqual([path, method, status], ['/a', 'GET', 401]);
        assert.ok(beganMs > began - 1 && beganMs < Date.now() + 1 && tookMs >= 0);
        assert.deepEqual(await service.calls(Date.now() + 1000), []);
    }));

for (const name of ['e2b', 'daytona'])
    test(`${name}: a job through a worker`, () => withService(name, async (service) => {
        const stack = await startStack({
            env: { ...service.env, SANDBOX: name, SANDBOXES: name, LOCAL_OFF: '1' } });
        try {
            await stack.people({ ana: ['analyst'], rob: ['reviewer'] });
            const [ana, rob] = [await stack.signIn('ana'), await stack.signIn('rob')];
            const sent = (await ana.post('/api/requests', { language: 'python', code: CODE })).body;
            await rob.post(`/api/requests/${sent.id}/decisions`, {
                verdict: 'approve', revision: 1, bundle_sha256: sent.bundle_sha256 });
            const { body } = await ana.get(`/api/requests/${sent.id}?wait=60&until=done`);
            assert.equal(body.state, 'succeeded');
            const { n } = body.attempts[0].items.find((item) => item.kind === 'stdout');
            const printed = await ana.get(`/api/requests/${sent.id}/results/${n}`);
            assert.equal(printed.text, '42\n');
            const gone = async () => (await service.calls()).some((one) => one.method === 'DELETE');
            await until(gone, 'the end of the sandbox');
        } finally {
            await stack.stop();
        }
    }));
