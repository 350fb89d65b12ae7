// What is of high risk is approved only by who showed a moment ago who they are, however they
// signed in; and nobody is fresh by the word of somebody else alone.
// Proves: V6.3.4 V6.8.4 V7.5.1 V7.5.3
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Provider } from '../fake/oidc.mjs';
import { Jobs } from './jobs.mjs';
import { startStack } from './stack.mjs';

const PASSWORD = 'correct horse battery';
const PROXY = 'a secret that only the proxy knows';

let stack;
let provider;
let jobs;

before(async () => {
    provider = await Provider.start();
    stack = await startStack({ workers: 0, env: { ...provider.env, PROXY_SECRET: PROXY,
        PROXY_ADDRESSES: '127.0.0.1', PROXY_USER_HEADER: 'X-Auth-User', REAUTH_SECONDS: '600' } });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], eve: ['reviewer'],
                         adm: ['admin'] });
    const rows = await stack.psql('superuser', 'select id, login from cs.person');
    jobs = new Jobs(stack, Object.fromEntries(rows.map(({ login, id }) => [login, id])));
    const adm = await stack.signIn('adm');
    const linked = await adm.post(`/api/people/${jobs.people.rob}/identities`,
                                  { subject: 'rob-1' });
    assert.equal(linked.status, 204, linked.text);
});
after(async () => {
    await stack?.stop();
    await provider?.stop();
});

const code = (answer) => [answer.status, answer.body?.error?.code];
const REFUSED = [403, 'reauthentication_required'];
const age = (span) => stack.psql('superuser',
    `update cs.session set authenticated_at = now() - interval '${span}'`);

const judged = (level) => JSON.stringify({ level, policy_version: 1 });
const ask = (level = 'high') => jobs.submit('print(1)\n', { verdict: judged(level) });

const decide = (person, request, more = {}) => person.post(
    `/api/requests/${request.id}/decisions`, { verdict: 'approve', revision: request.revision,
        bundle_sha256: request.bundle_sha256, ...more });

const decisions = async ({ id }) => (await stack.psql('superuser',
    `select verdict, note from cs.decision where request_id = ${id} order by id`));

async function byProvider(client, claims, body = {}) {
    const sent = await client.post('/api/oidc/start', body);
    assert.equal(sent.status, 200, sent.text);
    const flow = sent.headers.get('set-cookie').split(';')[0];
    const cookie = [client.cookie, flow].filter(Boolean).join('; ');
    const back = provider.signIn(sent.body.url, { sub: 'rob-1', ...claims });
    const answer = await client.post('/api/oidc/finish', back, { cookie });
    assert.equal(answer.status, 200, answer.text);
    client.renew(answer);
    return client;
}

test('an old proof approves no high risk, and says so', async () => {
    const rob = await stack.signIn('rob');
    const request = await ask();
    await age('11 minutes');
    const refused = await decide(rob, request, { note: 'fine' });
    assert.deepEqual(code(refused), REFUSED);
    assert.match(refused.body.error.message, /once more/);
    assert.deepEqual(await decisions(request), []);
    await age('9 minutes');
    assert.equal((await decide(rob, request, { note: 'fine' })).status, 200);
    assert.deepEqual(await decisions(request), [{ verdict: 'approve', note: 'fine' }]);
    await age('11 minutes');
    assert.equal((await decide(rob, request, { note: 'fine' })).status, 200, 'it is done already');
});

test('nothing in the body makes a proof younger', async () => {
    const rob = await stack.signIn('rob');
    const request = await ask();
    await age('11 minutes');
    for (const more of [{ reauth_seconds: 86400 }, { actor: { session_id: 1 } }])
        assert.deepEqual(code(await decide(rob, request, more)), [400, 'unknown_field']);
    assert.deepEqual(await decisions(request), []);
});

test('a lower risk, a rejection and a change need no proof', async () => {
    const rob = await stack.signIn('rob');
    await age('1 hour');
    assert.equal((await decide(rob, await ask('medium'))).status, 200);
    for (const verdict of ['reject', 'request_changes'])
        assert.equal((await decide(rob, await ask(), { verdict, note: 'no' })).status, 200);
});

test('the newest revision counts', async () => {
    const rob = await stack.signIn('rob');
    await age('1 hour');
    for (const [before, after, expected] of [['none', 'high', REFUSED],
                                             ['high', 'none', [200, undefined]]]) {
        const request = await ask(before);
        const newer = await jobs.call('revise_requests', { actor: jobs.actor('ana'),
            id: request.id, revision: 1, code: 'print(2)\n', verdict: judged(after) });
        assert.equal(newer.revision, 2);
        assert.deepEqual(code(await decide(rob, { ...request, ...newer })), expected);
    }
});

test('the password, shown once more, is enough; for the session that showed it alone', async () => {
    const rob = await stack.signIn('rob');
    assert.equal((await rob.post('/api/password', { password: PASSWORD })).status, 204);
    const phone = await stack.signIn('rob');
    await age('1 hour');
    const request = await ask();
    assert.deepEqual(code(await decide(rob, request)), REFUSED);
    assert.equal((await rob.confirm(PASSWORD)).status, 200);
    assert.deepEqual(code(await decide(phone, request)), REFUSED);
    assert.equal((await decide(rob, request)).status, 200);
});

test('a token never approves a high risk, whatever its scopes', async () => {
    const rob = await stack.signIn('rob');
    const made = await rob.post('/api/tokens', { name: 'x', scopes: ['read', 'decide'] });
    const held = stack.client(made.body.token);
    const request = await ask();
    const refused = await decide(held, request);
    assert.deepEqual(code(refused), REFUSED);
    assert.match(refused.body.error.message, /token/);
    assert.equal((await decide(held, await ask('none'))).status, 200);
});

test('an open page alone makes nothing that outlives it or lets somebody else in', async () => {
    const adm = await stack.signIn('adm');
    const link = (client, subject) => client.post(`/api/people/${jobs.people.eve}/identities`,
                                                  { subject });
    const make = (scopes) => adm.post('/api/tokens', { name: 'x', scopes });
    const early = await make(['admin']);
    await age('1 hour');
    assert.deepEqual(code(await link(adm, 'evil')), REFUSED);
    for (const scopes of [['decide'], ['read', 'admin']])
        assert.deepEqual(code(await make(scopes)), REFUSED);
    assert.equal((await make(['read', 'submit'])).status, 201);
    const by = stack.client(early.body.token);
    assert.deepEqual(code(await link(by, 'evil')), [403, 'forbidden'], 'nor does a token');
    assert.equal((await link(await stack.signIn('adm'), 'eve-1')).status, 204);
});

// Proves: V7.5.3
test('an open page or a token alone gives nobody a role, a team or a way in', async () => {
    const adm = await stack.signIn('adm');
    const made = await adm.post('/api/tokens', { name: 'x', scopes: ['admin'] });
    const held = stack.client(made.body.token);
    const at = `/api/people/${jobs.people.eve}`;
    const change = async (client, body) => code(await client.json('PATCH', at, body));
    const newcomer = { login: 'vic', name: 'Vic', roles: ['reviewer'], team_ids: [1] };
    const people = () => stack.psql('superuser', `select p.*, array(select m.team_id
        from cs.team_member m where m.person_id = p.id) from cs.person p order by id`);
    const before = await people();
    await age('11 minutes');
    assert.deepEqual(code(await adm.post('/api/people', newcomer)), REFUSED);
    assert.deepEqual(code(await held.post('/api/people', newcomer)), [403, 'forbidden']);
    for (const body of [{ roles: ['reviewer', 'admin'] }, { team_ids: [] }, { name: 'Rob' }, {},
                        { disabled: false }, { disabled: true, roles: ['admin'] }])
        for (const client of [adm, held])
            assert.deepEqual(await change(client, body), REFUSED, JSON.stringify(body));
    assert.match((await held.json('PATCH', at, {})).body.error.message, /token/);
    assert.deepEqual(await people(), before, 'nothing has changed');
    for (const client of [adm, held])
        assert.deepEqual(await change(client, { disabled: true }), [204, undefined],
                         'to shut somebody out is never too late');
    await age('9 minutes');
    assert.deepEqual(await change(adm, { disabled: false }), [204, undefined]);
    assert.equal((await adm.post('/api/people', newcomer)).status, 201);
});

const says = (login) => ({ 'x-auth-user': login, 'x-proxy-secret': PROXY });

test('the word of a proxy is no proof: a password or a link is', async () => {
    await stack.psql('superuser', 'delete from cs.password');
    const rob = stack.client();
    rob.remember(await rob.post('/api/login', { proxy: true }, says('rob')));
    const request = await ask();
    assert.deepEqual(code(await decide(rob, request)), REFUSED);
    const none = await rob.post('/api/reauthenticate', { password: PASSWORD });
    assert.deepEqual([...code(none), none.body.error.field], [403, 'forbidden', 'password']);
    assert.deepEqual(code(await rob.post('/api/password', { password: PASSWORD })), REFUSED,
                     'nor does it set a first password');
    const link = (await stack.operator('link', 'rob')).replace(/^.*#/s, '');
    rob.remember(await rob.post('/api/login', { link_token: link }, says('rob')));
    assert.equal((await rob.post('/api/password', { password: PASSWORD })).status, 204);
    rob.remember(await rob.post('/api/login', { proxy: true }, says('rob')));
    assert.deepEqual(code(await decide(rob, request)), REFUSED);
    assert.equal((await rob.confirm(PASSWORD)).status, 200);
    assert.equal((await decide(rob, request)).status, 200);
});

const now = () => Math.floor(Date.now() / 1000);

test('a sign-in at the provider is as fresh as the provider says', async () => {
    for (const [claims, expected] of [
        [{ auth_time: now() - 3600 }, REFUSED], [{ auth_time: undefined }, REFUSED],
        [{ auth_time: String(now()) }, REFUSED], [{ auth_time: -1 }, REFUSED],
        [{ auth_time: 1e300 }, REFUSED], [{ auth_time: now() }, [200, undefined]],
    ]) {
        const rob = await byProvider(stack.client(), claims);
        assert.deepEqual(code(await decide(rob, await ask())), expected, JSON.stringify(claims));
    }
    const rob = await byProvider(stack.client(), { auth_time: now() + 86400 });
    const { session } = (await rob.get('/api/me')).body;
    assert.ok(Date.parse(session.authenticated_at) <= Date.now(), 'never in the future');
});

test('signing in at the provider once more is enough', async () => {
    const rob = await byProvider(stack.client(), { auth_time: now() - 3600 });
    const request = await ask();
    assert.deepEqual(code(await decide(rob, request)), REFUSED);
    await byProvider(rob, {}, { reauthenticate: true });
    assert.equal((await decide(rob, request)).status, 200);
});
