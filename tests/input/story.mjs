// One story that calls every route of the interface and gets the good answer of each, as people,
// a page and an agent would. Every answer is handed to `seen(method, path, answer, body)`.
import assert from 'node:assert/strict';
import { Authenticator } from '../flow/authenticator.mjs';
import { until } from '../flow/stack.mjs';

const CODE = `import pandas as pd
import matplotlib.pyplot as plt
d = pd.read_csv("orders.csv")
plt.plot(d["n"])
plt.show()
print("rows", len(d))
open("out.txt", "w").write("x")
d`;

/** Clients that report what they get. */
class Seen {
    constructor(client, seen) {
        Object.assign(this, { client, seen });
    }

    async send(method, path, body, expected, headers = {}) {
        const answer = await (body === undefined ? this.client.send(method, path, { headers })
            : this.client.json(method, path, body, headers));
        this.seen(method, path, answer, body);
        assert.equal(answer.status, expected, `${method} ${path} ${answer.text}`);
        return answer.body;
    }

    get(path, expected = 200) { return this.send('GET', path, undefined, expected); }
    post(path, body, expected = 200, headers = {}) {
        return this.send('POST', path, body, expected, headers);
    }
    del(path, body, expected = 204) { return this.send('DELETE', path, body, expected); }
}

async function firstEvent(client, path) {
    const stream = await client.events(path);
    const event = await stream.next();
    stream.close();
    return event;
}

const graveOf = ({ findings }) => findings.filter(({ level }) => level !== 'note')
    .map(({ id }) => id);

async function runOne({ ana, rob, stack }) {
    const file = await ana.client.upload('orders.csv', 'city,n\nRome,3\nOslo,4\n');
    ana.seen('POST', '/api/files?name=orders.csv', file);
    const sent = await ana.post('/api/requests', {
        language: 'python', code: CODE, title: 'Orders', question: 'How many?', state: 'mine',
        files: [{ id: file.body.id }], limits: { wall_ms: 20000 }, retry_safe: true,
        sandbox: 'local', when_unavailable: 'wait' }, 201, { 'idempotency-key': '"story"' });
    const at = `/api/requests/${sent.id}`;
    const read = await rob.get(at);
    await rob.post(`${at}/decisions`, {
        verdict: 'approve', revision: 1, bundle_sha256: sent.bundle_sha256, note: 'fine',
        acknowledged: graveOf(read), dwell_ms: 1000, seen_bytes: 10,
        undo_seconds: 0 });
    const events = await firstEvent(ana.client, `${at}/events`);
    assert.ok(events, 'an event');
    const done = await ana.get(`${at}?wait=60&until=done`);
    assert.equal(done.state, 'succeeded', JSON.stringify(done.attempts));
    const { items } = done.attempts[0];
    const kinds = new Set(items.map((item) => item.kind));
    for (const kind of ['stdout', 'table', 'chart', 'file']) assert.ok(kinds.has(kind), kind);
    for (const item of items) await ana.get(`${at}/results/${item.n}`);
    const table = items.find((item) => item.kind === 'table');
    await ana.get(`${at}/results/${table.n}?format=csv&attempt=${done.attempts[0].id}`);
    const end = await firstEvent(ana.client, `${at}/output`);
    assert.equal(end.event, 'end');
    await ana.get(`/api/files/${file.body.id}`);
    await rob.get(`/api/audit?request_id=${sent.id}`);
    await rob.get('/api/workers');
    await ana.post(`${at}/run-again`, {}, 201);
    return stack;
}

async function changeMind({ ana, rob }) {
    const base = { language: 'sql', code: 'select 1' };
    const { results } = await ana.post('/api/requests:batch', {
        requests: [base, { ...base, code: 1 }] });
    const { id, bundle_sha256 } = results[0].body;
    const at = `/api/requests/${id}`;
    await rob.post(`${at}/decisions`, { verdict: 'request_changes', revision: 1, bundle_sha256,
                                        note: 'Say why' });
    const revised = await ana.post(`${at}/revisions`, {
        revision: 1, code: 'select 2', title: 'Two', language: 'sql', files: [], retry_safe: false,
        limits: { pids: 8 } }, 201);
    await rob.get(`${at}/revisions/2`);
    await rob.post(`${at}/decisions`, { verdict: 'approve', revision: 2, undo_seconds: 60,
                                        bundle_sha256: revised.bundle_sha256 });
    await ana.get(at);
    await rob.post(`${at}/undo`, {});
    await rob.post(`${at}/decisions`, { verdict: 'reject', revision: 2, note: 'no',
                                        bundle_sha256: revised.bundle_sha256 });
    const other = await ana.post('/api/requests', base, 201);
    await ana.post(`/api/requests/${other.id}/cancel`, { note: 'never mind' });
    await ana.get('/api/requests?view=mine&state=cancelled,rejected&q=Two&limit=1');
    await ana.get('/api/requests?limit=1');
}

// What became of a run is not known, and somebody says it.
async function settleOne({ ana, rob, stack }) {
    const sent = await ana.post('/api/requests', { language: 'sql', code: 'select 3' }, 201);
    await stack.psql('superuser', `set session_replication_role = replica;
        update cs.request set state = 'outcome_unknown' where id = ${sent.id}`);
    await rob.post(`/api/requests/${sent.id}/settle`, { outcome: 'succeeded', note: 'seen' });
}

// What is of high risk is approved by one admin alone, while the operator lets them.
async function breakGlass({ adm, ana, stack }) {
    const sent = await ana.post('/api/requests', { language: 'python',
        code: 'import socket\nsocket.create_connection(("h", 1))\n' }, 201);
    await stack.operator('break-glass', 'on');
    const read = await adm.get(`/api/requests/${sent.id}`);
    await adm.post(`/api/requests/${sent.id}/break-glass`, { revision: 1, undo_seconds: 60,
        bundle_sha256: sent.bundle_sha256, reason: 'It can not wait until tomorrow.',
        acknowledged: graveOf(read) });
    await adm.get('/api/requests?view=break_glass');
    await adm.get(`/api/requests/${sent.id}`);
    await stack.operator('break-glass', 'off');
    await adm.post(`/api/requests/${sent.id}/undo`, {});
}

// Two admins agree that what is old is dropped; one thinks better of it.
async function retain({ adm, stack }) {
    await stack.people({ zoe: ['admin'] });
    const zoe = new Seen(await stack.signIn('zoe'), adm.seen);
    await until(async () => (await adm.get('/api/audit/head')).head, 'a seal');
    await stack.psql('superuser', `set session_replication_role = replica;
        update cs.audit_seal set sealed_at = sealed_at - interval '400 days'`);
    const { earliest } = await adm.get('/api/audit/retention');
    const made = await adm.post('/api/audit/retention',
                                { before: earliest, reason: 'Kept for a year.' }, 201);
    await zoe.post(`/api/audit/retention/${made.id}/agree`, {});
    await zoe.post(`/api/audit/retention/${made.id}/withdraw`, {});
    await zoe.get('/api/audit/retention');
}

async function administer({ adm, ana, rob, stack }) {
    const team = await adm.post('/api/teams', { name: 'Third' }, 201);
    await adm.get('/api/teams');
    const made = await adm.post('/api/people', {
        login: 'pat', name: 'Pat', kind: 'human', roles: ['reviewer'], team_ids: [team.id] }, 201);
    await adm.post('/api/people', { login: 'robot', name: 'Robot', kind: 'agent', roles: ['agent'],
                                    owner_id: made.id, team_ids: [team.id] }, 201);
    await adm.send('PATCH', `/api/people/${made.id}`, {
        name: 'Patricia', roles: ['analyst'], team_ids: [], disabled: true }, 204);
    await adm.get('/api/people');
    await adm.post('/api/pauses', { scope: `team:${team.id}`, reason: 'audit' }, 201);
    await adm.get('/api/workers');
    await adm.del('/api/pauses', { scope: `team:${team.id}` });
    const limit = { limit_nano_usd: 5000000000, soft_percent: 90, period: 'day' };
    await adm.send('PUT', `/api/budgets/team:${team.id}`, limit, 200);
    await adm.send('PUT', '/api/budgets/user:*', { limit_nano_usd: 10000000000 }, 200);
    await adm.get('/api/budgets');
    await ana.get('/api/budgets');
    await ana.get('/api/requests/1');
    await adm.send('DELETE', `/api/budgets/team:${team.id}`, undefined, 204);
    await adm.get('/api/audit/questions');
    await adm.get('/api/audit/head');
    await adm.post('/api/audit/query', { question: 'pauses', parameters: { person: 'adm' } });
    await adm.post('/api/audit/query?format=csv', { sql: 'select 1 as one, null as none' });
    const token = await ana.post('/api/tokens', { name: 'ci', scopes: ['read'], days: 1 }, 201);
    await ana.get('/api/tokens');
    const agent = new Seen(stack.client(token.token), ana.seen);
    await agent.get('/api/me');
    await ana.del(`/api/tokens/${token.id}`);
    await rob.get('/api/audit?request_id=1');
}

async function haveFactor(client) {
    await client.get('/api/second-factor');
    const { secret } = await client.post('/api/second-factor', {});
    const code = new Authenticator(secret).code();
    const on = await client.post('/api/second-factor/confirm', { code });
    await client.del('/api/second-factor', { code: on.recovery_codes[0] });
}

async function comeAndGo({ stack, seen, open }) {
    const link = (await stack.operator('link', 'ana')).replace(/^.*#/s, '');
    const client = new Seen(stack.client(), seen);
    const answer = await client.client.post('/api/login', { link_token: link });
    seen('POST', '/api/login', answer, { link_token: link });
    client.client.remember(answer);
    await client.get('/api/me');
    const { sessions } = await client.get('/api/sessions');
    await client.del(`/api/sessions/${sessions.at(-1).id}`, undefined);
    await client.del('/api/sessions', undefined, 200);
    await client.post('/api/password', { password: 'correct horse' }, 204);
    const again = { password: 'correct horse' };
    seen('POST', '/api/reauthenticate', await client.client.confirm(again.password), again);
    await haveFactor(client);
    await client.post('/api/logout', {}, 204);
    const by = { login: 'ana', password: 'correct horse' };
    seen('POST', '/api/login', await client.client.post('/api/login', by), by);
    for (const path of ['/healthz', '/readyz', '/metrics', '/api/instance']) await open.get(path);
}

async function comeFromProvider({ stack, seen, adm, provider }) {
    const { person } = await adm.get('/api/me');
    await adm.post(`/api/people/${person.id}/identities`, { subject: 'subject-1' }, 204);
    const client = stack.client();
    const sent = await client.post('/api/oidc/start');
    seen('POST', '/api/oidc/start', sent, {});
    const cookie = sent.headers.get('set-cookie').split(';')[0];
    const back = provider.signIn(sent.body.url);
    seen('POST', '/api/oidc/finish', await client.post('/api/oidc/finish', back, { cookie }), back);
}

/** Needs people ana, rob and adm, one worker, and an OpenID provider. */
export async function tell({ stack, who }, provider, seen) {
    const people = { stack, seen, provider, open: new Seen(stack.client(), seen) };
    for (const name of ['ana', 'rob', 'adm']) people[name] = new Seen(who[name], seen);
    await runOne(people);
    await changeMind(people);
    await settleOne(people);
    await breakGlass(people);
    await administer(people);
    await retain(people);
    await comeFromProvider(people);
    await comeAndGo(people);
}
