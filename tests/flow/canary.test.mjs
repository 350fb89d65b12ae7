// No secret is anywhere but where it belongs: each kind goes through every path that takes it, the
// ones that fail as well, and then logs, database, Redis and core files are searched for it.
// Proves: T22 I12 V10.1.1 V14.2.1 V16.2.5
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { constants } from 'node:os';
import path from 'node:path';
import { Provider } from '../fake/oidc.mjs';
import { Authenticator } from './authenticator.mjs';
import { startStack, until } from './stack.mjs';

const canary = (name) => `canary-${name}-${randomBytes(12).toString('hex')}`;
const secrets = {
    password: canary('password'), wrong: canary('wrong-password'), proxy: canary('proxy'),
    client: canary('client'), key: canary('e2b-key'), bearer: canary('bearer'),
    code: canary('code'), link: canary('link'), redis: canary('redis'),
    recovery: canary('recovery'),
};

let stack;
let provider;

before(async () => {
    // Else the limit of whoever runs the tests would keep core files away.
    execFileSync('prlimit', ['--pid', process.pid, '--core=unlimited:unlimited']);
    provider = await Provider.start();
    provider.secret = secrets.client;
    stack = await startStack({ workers: 1, env: {
        ...provider.env, LOG_LEVEL: 'debug',
        PROXY_ADDRESSES: '127.0.0.1', PROXY_SECRET: secrets.proxy, OIDC_LINK_BY_EMAIL: '1',
        E2B_API_KEY: secrets.key, E2B_API_URL: 'http://127.0.0.1:1', SANDBOX: 'local',
        LOCAL_OFF: '0',
    } });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], adm: ['admin'], eve: ['reviewer'] });
    await stack.workersReady();
    const passfile = await fs.readFile(path.join(stack.data, 'secrets/passfile'), 'utf8');
    for (const line of passfile.trim().split('\n'))
        secrets[`password of ${line.split(':')[3]}`] = line.split(':')[4];
});
after(async () => {
    await stack?.stop();
    await provider?.stop();
});

// A session with all that belongs to it, whose secrets are kept to be searched for.
async function signIn(login) {
    const client = await stack.signIn(login);
    secrets[`cookie of ${login}`] = client.cookie.split('=')[1];
    secrets[`csrf of ${login}`] = client.csrf;
    return client;
}

async function passwords() {
    const ana = await signIn('ana');
    await ana.post('/api/password', { password: secrets.password });
    await ana.post('/api/password', { current: secrets.wrong, password: secrets.password });
    await ana.post('/api/reauthenticate', { password: secrets.wrong });
    await ana.confirm(secrets.password);
    secrets['cookie of ana, confirmed'] = ana.cookie.split('=')[1];
    secrets['csrf of ana, confirmed'] = ana.csrf;
    const login = (body) => stack.client().send('POST', '/api/login', {
        body, headers: { 'content-type': 'application/json' } });
    for (const password of [secrets.password, secrets.wrong]) {
        await login(JSON.stringify({ login: 'ana', password }));
        await login(JSON.stringify({ login: 'nobody', password }));
        await login(JSON.stringify({ login: 'ana', password, [password]: 1 }));
        await login(JSON.stringify({ login: { password } }));
        await login(`{"login": "ana", "password": "${password}"`);
    }
    await login(JSON.stringify({ link_token: secrets.link }));
    return ana;
}

// Of six digits nothing can be said: they are found anywhere.
async function factors() {
    const eve = await signIn('eve');
    await eve.post('/api/password', { password: secrets.password });
    const key = (await eve.post('/api/second-factor')).body.secret;
    const app = new Authenticator(key);
    Object.assign(secrets, { 'factor key': key, 'factor key in hex': app.secret.toString('hex') });
    await eve.post('/api/second-factor/confirm', { code: secrets.recovery });
    const on = await eve.post('/api/second-factor/confirm', { code: app.code() });
    on.body.recovery_codes.forEach((code, n) => {
        secrets[`recovery code ${n}`] = code;
        secrets[`letters of recovery code ${n}`] = code.replaceAll('-', '');
    });
    const codes = [...on.body.recovery_codes, secrets.recovery, app.code()];
    const login = (code) => stack.client().post('/api/login', {
        login: 'eve', password: secrets.password, code });
    await login(codes[0]);
    for (const code of codes) await login(code);
    await eve.post('/api/reauthenticate', { password: secrets.password, code: codes[1] });
    await eve.post('/api/second-factor/confirm', { code: codes[2], [codes[3]]: 1 });
    await eve.del('/api/second-factor', { code: secrets.recovery });
    const keys = `/proc/${stack.pid('api')}/environ`;
    const [, file] = /\0FACTOR_KEY_FILE=([^\0]+)/.exec(await fs.readFile(keys, 'latin1'));
    secrets['the key of factors'] = (await fs.readFile(file, 'utf8')).trim().split(' ').at(-1);
}

async function tokens(ana) {
    const { body } = await ana.post('/api/tokens', { name: 'ci', scopes: ['read', 'submit'] });
    secrets.token = body.token;
    const agent = stack.client(body.token);
    await agent.get('/api/me');
    await agent.post('/api/teams', { name: 'x' });
    await ana.get('/api/me', { authorization: `Bearer ${body.token}` });
    await ana.del(`/api/tokens/${body.id}`);
    await agent.get('/api/me');
    for (const scheme of ['Bearer', 'Basic', 'Bearer x'])
        await stack.client().get('/api/me', { authorization: `${scheme} ${secrets.bearer}` });
    await stack.client().get('/api/me', { cookie: `${ana.cookie}; ${ana.cookie}` });
    await ana.get('/api/me', { 'x-csrf-token': ana.csrf });
}

async function others() {
    const by = (login, secret) => stack.client().post('/api/login', { proxy: true }, {
        'x-remote-user': login, 'x-proxy-secret': secret });
    await by('rob', secrets.proxy);
    await by('nobody', secrets.proxy);
    await by('rob', `${secrets.proxy}x`);
    const rob = { email: 'rob', email_verified: true };
    for (const [claims, status, more] of [[rob, 401, { code: secrets.code }], [rob, 200],
                                          [{ aud: 'x' }, 401], [{}, 200]]) {
        const client = stack.client();
        const left = await client.post('/api/oidc/start');
        const flow = left.headers.get('set-cookie').split(';')[0];
        secrets[`flow ${Object.keys(secrets).length}`] = flow.split('=')[1];
        const back = provider.signIn(left.body.url, claims);
        secrets[`code ${back.code}`] = back.code;
        const answer = await client.post('/api/oidc/finish', { ...back, ...more },
                                         { cookie: flow });
        assert.equal(answer.status, status, answer.text);
    }
    assert.equal(provider.tokens.length, 6);
    for (const token of provider.tokens) secrets[`token ${token.slice(-8)}`] = token;
}

async function runOne(ana) {
    const rob = await signIn('rob');
    const sent = (await ana.post('/api/requests', { language: 'python', code: 'print(1)' })).body;
    await rob.post(`/api/requests/${sent.id}/decisions`, {
        verdict: 'approve', revision: 1, bundle_sha256: sent.bundle_sha256 });
    await until(async () => (await ana.get(`/api/requests/${sent.id}`)).body.state === 'succeeded',
                'the run');
}

function search(where, text) {
    for (const [name, secret] of Object.entries(secrets))
        assert.ok(!text.includes(secret), `${where} has ${name}`);
}

const readAll = async (file) => (await fs.readFile(file)).toString('latin1');

const filesBelow = async (folder) => (await fs.readdir(folder, { recursive: true,
                                                                 withFileTypes: true }))
    .filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath ?? entry.path,
                                                                entry.name));

async function useAll() {
    const ana = await passwords();
    await factors();
    await tokens(ana);
    await others();
    await runOne(ana);
    await stack.kill('postgres', 'SIGQUIT');
    await ana.get('/api/me');
    await stack.client().post('/api/login', { login: 'ana', password: secrets.password });
    await stack.start('postgres');
    await stack.kill('redis', 'SIGTERM');
    await ana.get('/api/requests');
    await stack.start('redis');
    await stack.restart('api', { REDIS_URL: `redis://:${secrets.redis}@127.0.0.1:1` });
    return ana;
}

// Each search needs it, also when it is run alone.
let used;
const allUsed = () => (used ??= useAll());

test('every secret is used, rightly and wrongly, also while the database is away', async () => {
    const ana = await allUsed();
    assert.equal((await ana.get('/api/me')).status, 200);
    assert.ok(Object.keys(secrets).length >= 22, Object.keys(secrets).join());
});

test('no log has any of them', async () => {
    await allUsed();
    const files = await filesBelow(path.join(stack.data, 'log'));
    for (const part of ['api', 'worker', 'postgres'])
        assert.ok(files.some((file) => path.basename(file).startsWith(part)), files.join());
    for (const file of files) search(file, await readAll(file));
});

test('no row of the database has any of them, and the audit trail least of all', async () => {
    await allUsed();
    const tables = await stack.psql('superuser', `select table_schema || '.' || table_name as name
        from information_schema.tables where table_schema in ('cs', 'audit')`);
    assert.ok(tables.some(({ name }) => name === 'cs.audit_event'));
    for (const { name } of tables) {
        const rows = await stack.psql('superuser', `select t::text as line from ${name} t`);
        search(name, rows.map((row) => row.line).join('\n'));
    }
});

test('what Redis keeps has none of them', async () => {
    await allUsed();
    await stack.redis('save');
    const [, folder] = (await stack.redis('config', 'get', 'dir')).split('\n');
    const [, name] = (await stack.redis('config', 'get', 'dbfilename')).split('\n');
    search(name, await readAll(path.join(folder, name)));
});

test('metrics and answers of errors have none of them', async () => {
    await allUsed();
    for (const where of ['/metrics', '/api/instance', '/readyz'])
        search(where, (await stack.client().get(where)).text);
});

// Core files would have all of them.
for (const [title, name] of [['api leaves no core file when it is aborted', 'api'],
                             ['worker leaves no core file when it is aborted', 'worker-1']])
    test(title, async () => {
        const pid = stack.pid(name);
        const limits = await fs.readFile(`/proc/${pid}/limits`, 'utf8');
        assert.match(limits, /Max core file size +0 +0 /);
        const folder = await fs.readlink(`/proc/${pid}/cwd`);
        const cores = async () => (await fs.readdir(folder)).filter((one) => /^core/.test(one));
        const before = await cores();
        process.kill(pid, 'SIGABRT');
        const end = await stack.end(name);
        assert.equal(end.signal, constants.signals.SIGABRT);
        assert.deepEqual(await cores(), before);
        assert.deepEqual((await filesBelow(stack.data)).filter((file) => (
            /^core(\.\d+)?$/.test(path.basename(file)))), []);
    });
