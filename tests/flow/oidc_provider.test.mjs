// Sign-in at a real OpenID provider, oidc-provider of npm, as a browser would do it.
// Proves: T27 V10.2.2
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { Provider } from 'oidc-provider';
import { startStack } from './stack.mjs';

const REDIRECT = 'http://127.0.0.1:1/sign-in';
const SECRET = 'a secret of this client: + %/';
const PEOPLE = { 'ana-1': { email: 'ana@example.com', email_verified: true, name: 'Ana' },
                 'rob-1': { email: 'rob@example.com', email_verified: true, name: 'Rob' },
                 'eve-1': { email: 'ana@example.com', email_verified: false, name: 'Eve' } };

let stack;
let server;
let issuer;

const configuration = {
    clients: [{ client_id: 'countersign', client_secret: SECRET, redirect_uris: [REDIRECT] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ['a key of cookies'] },
    findAccount: (context, id) => ({
        accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }),
    }),
};

before(async () => {
    server = http.createServer();
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    issuer = `http://127.0.0.1:${server.address().port}`;
    server.on('request', new Provider(issuer, configuration).callback());
    stack = await startStack({ workers: 0, env: {
        OIDC_ISSUER: issuer, OIDC_CLIENT_ID: 'countersign', OIDC_CLIENT_SECRET: SECRET,
        OIDC_REDIRECT_URL: REDIRECT, OIDC_LINK_BY_EMAIL: '1',
    } });
    await stack.people({ 'ana@example.com': ['reviewer'], 'rob@example.com': ['analyst'] });
});
after(async () => {
    await stack?.stop();
    server?.closeAllConnections();
    await new Promise((done) => server.close(done));
});

// A browser at the provider: keeps its cookies, follows its redirects, fills in its forms.
class Browser {
    cookies = new Map();

    async go(url, form) {
        const answer = await fetch(url, {
            method: form ? 'POST' : 'GET', body: form && new URLSearchParams(form),
            redirect: 'manual', headers: {
                cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
        });
        for (const one of answer.headers.getSetCookie()) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(one);
            this.cookies.set(name, value);
        }
        const to = answer.headers.get('location');
        if (!to) return { url, page: await answer.text(), status: answer.status };
        const next = new URL(to, url).href;
        return next.startsWith(REDIRECT) ? new URL(next).searchParams : this.go(next);
    }

    /** What it comes back with, as a person of this account. */
    async signIn(url, account) {
        let seen = await this.go(url);
        while (!(seen instanceof URLSearchParams)) {
            const [, prompt] = /name="prompt" value="(\w+)"/.exec(seen.page)
                ?? assert.fail(`${seen.status} ${seen.page}`);
            const action = /action="([^"]+)"/.exec(seen.page)[1];
            seen = await this.go(new URL(action, seen.url).href,
                                 { prompt, ...(prompt === 'login' && { login: account,
                                                                       password: 'x' }) });
        }
        return Object.fromEntries(seen);
    }
}

async function leave(client, body = {}) {
    const answer = await client.post('/api/oidc/start', body);
    assert.equal(answer.status, 200, answer.text);
    const flow = answer.headers.get('set-cookie').split(';')[0];
    return [answer.body.url, { cookie: [client.cookie, flow].filter(Boolean).join('; ') }];
}

async function signIn(account, browser = new Browser()) {
    const client = stack.client();
    const [url, headers] = await leave(client);
    const { code, state, iss } = await browser.signIn(url, account);
    const answer = await client.post('/api/oidc/finish', { code, state, iss }, headers);
    if (answer.status === 200) {
        client.csrf = answer.body.csrf_token;
        client.cookie = answer.headers.getSetCookie()
            .find((one) => one.startsWith('cs_session')).split(';')[0];
    }
    return { answer, client, browser, headers, back: { code, state, iss } };
}

test('somebody signs in, and comes in again as the same person', async () => {
    for (let i = 0; i < 2; i++) {
        const { answer, client } = await signIn('ana-1');
        assert.equal(answer.status, 200, answer.text);
        assert.equal((await client.get('/api/me')).body.person.login, 'ana@example.com');
    }
    const links = await stack.psql('superuser', 'select issuer, subject from cs.external_identity');
    assert.deepEqual(links, [{ issuer, subject: 'ana-1' }]);
});

test('an address that the provider did not check opens nothing', async () => {
    const { answer } = await signIn('eve-1');
    assert.deepEqual([answer.status, answer.body.error.code], [401, 'wrong_credentials']);
});

test('the same answer does not come in twice', async () => {
    const { client, headers, back } = await signIn('ana-1');
    const again = await client.post('/api/oidc/finish', back, headers);
    assert.deepEqual([again.status, again.body.error.code], [401, 'wrong_credentials']);
});

test('an answer without the name that this provider gives itself is refused', async () => {
    const client = stack.client();
    const [url, headers] = await leave(client);
    const { code, state, iss } = await new Browser().signIn(url, 'ana-1');
    assert.equal(iss, issuer);
    const answer = await client.post('/api/oidc/finish', { code, state }, headers);
    assert.deepEqual([answer.status, answer.body.error.field], [401, 'iss']);
});

test('a session is confirmed by signing in there once more', async () => {
    const { client, browser } = await signIn('ana-1');
    await stack.psql('superuser',
                     "update cs.session set authenticated_at = now() - interval '1 hour'");
    const [url, headers] = await leave(client, { reauthenticate: true });
    const { code, state, iss } = await browser.signIn(url, 'ana-1');
    const answer = await client.post('/api/oidc/finish', { code, state, iss }, headers);
    assert.equal(answer.status, 200, answer.text);
    client.renew(answer);
    const me = (await client.get('/api/me')).body;
    assert.equal(me.session.authenticated_at, answer.body.authenticated_at);
});
