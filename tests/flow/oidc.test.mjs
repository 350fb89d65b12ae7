// Sign-in at an OpenID provider that lies: each claim wrong, each way of signing, each replay.
// Proves: T10 T27 V6.8.1 V6.8.2 V6.8.4 V7.2.4 V7.5.3 V9.1.1 V9.1.2 V9.1.3 V9.2.1 V9.2.2 V9.2.3
// Proves: V9.2.4 V10.1.2 V10.2.1 V10.2.2 V10.5.1 V10.5.2 V10.5.3 V10.5.4 V16.3.1
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Provider, makeToken } from '../fake/oidc.mjs';
import { startStack } from './stack.mjs';

let stack;
let provider;

before(async () => {
    provider = await Provider.start();
    stack = await startStack({ workers: 0, env: provider.env });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], adm: ['admin'], tom: ['analyst'],
                         'mia@example.com': ['reviewer'] });
    const adm = await stack.signIn('adm');
    for (const [login, subject] of [['ana', 'subject-1'], ['tom', 'subject-2']]) {
        const [{ id }] = await stack.psql('superuser',
                                          `select id from cs.person where login = '${login}'`);
        const linked = await adm.post(`/api/people/${id}/identities`, { subject });
        assert.equal(linked.status, 204, linked.text);
    }
    await stack.operator('person', 'disable', 'tom');
});
after(async () => {
    await stack?.stop();
    await provider?.stop();
});

const code = (answer) => [answer.status, answer.body?.error?.code];
const forget = () => stack.psql('superuser', 'delete from cs.login_throttle');

// A browser that was sent to the provider: its client, and where it was sent.
async function leave(client = stack.client(), body = {}) {
    await forget();
    const answer = await client.post('/api/oidc/start', body);
    assert.equal(answer.status, 200, answer.text);
    const flow = answer.headers.get('set-cookie');
    assert.match(flow,
                 /^cs_oidc_\w+=cso_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=600/);
    const cookie = [client.cookie, flow.split(';')[0]].filter(Boolean).join('; ');
    return { client, url: answer.body.url, headers: { cookie } };
}

const comeBack = ({ client, headers }, back) => client.post('/api/oidc/finish', back, headers);

async function signIn(claims, more) {
    const left = await leave();
    return comeBack(left, provider.signIn(left.url, claims, more));
}

async function isRefused(answer, field) {
    assert.deepEqual(code(answer), [401, 'wrong_credentials'], answer.text);
    if (field) assert.equal(answer.body.error.field, field);
    assert.ok(!/css_/.test(answer.headers.get('set-cookie') ?? ''), 'no session');
}

test('the address to go to says what the standard wants', async () => {
    const { url } = await leave();
    const { searchParams: asked, origin, pathname } = new URL(url);
    assert.equal(origin + pathname, `${provider.issuer}/auth`);
    assert.deepEqual([...asked.keys()], ['response_type', 'client_id', 'redirect_uri', 'scope',
        'state', 'nonce', 'code_challenge', 'code_challenge_method']);
    for (const name of ['state', 'nonce', 'code_challenge'])
        assert.match(asked.get(name), /^[\w-]{43}$/);
    const again = new URL((await leave()).url).searchParams;
    for (const name of ['state', 'nonce', 'code_challenge'])
        assert.notEqual(again.get(name), asked.get(name));
});

test('whom the provider names is signed in, and it is written down', async () => {
    for (const key of provider.keys) {
        const answer = await signIn({}, { key });
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.body.person.login, 'ana');
        const client = stack.client();
        client.cookie = answer.headers.getSetCookie().find((one) => one.startsWith('cs_session'))
            .split(';')[0];
        const me = (await client.get('/api/me')).body;
        assert.ok(me.session.authenticated_at);
    }
    const [row] = await stack.psql('superuser', `select body from cs.audit_event
        where event = 'session.open' order by id desc limit 1`);
    assert.deepEqual(row.body, { how: 'oidc' });
});

const now = () => Math.floor(Date.now() / 1000);
const WRONG = [
    ['a token with no issuer is refused', { iss: undefined }, 'iss'],
    ['a token with another issuer is refused', { iss: 'https://evil.test' }, 'iss'],
    ['a token with an issuer with a slash is refused',
     () => ({ iss: `${provider.issuer}/` }), 'iss'],
    ['a token with no audience is refused', { aud: undefined }, 'aud'],
    ['a token with another audience is refused', { aud: 'somebody' }, 'aud'],
    ['a token with an audience in capitals is refused', { aud: 'Countersign' }, 'aud'],
    ['a token with a list without us is refused', { aud: ['a', 'b'] }, 'aud'],
    ['a token with several and no party is refused', { aud: ['countersign', 'b'] }, 'azp'],
    ['a token with another party is refused', { azp: 'b' }, 'azp'],
    ['a token with several and another party is refused',
     { aud: ['countersign', 'b'], azp: 'b' }, 'azp'],
    ['a token with no nonce is refused', { nonce: undefined }, 'nonce'],
    ['a token with another nonce is refused', { nonce: 'x'.repeat(43) }, 'nonce'],
    ['a token with no subject is refused', { sub: undefined }, 'sub'],
    ['a token with an empty subject is refused', { sub: '' }, 'sub'],
    ['a token with a subject that is a number is refused', { sub: 1 }, 'sub'],
    ['a token with no end is refused', { exp: undefined }, 'exp'],
    ['an ended token is refused', () => ({ exp: now() - 60 }), 'exp'],
    ['a token with an end that is a text is refused', () => ({ exp: String(now() + 60) }), 'exp'],
    ['a token with no begin is refused', { iat: undefined }, 'iat'],
    ['a token issued tomorrow is refused', () => ({ iat: now() + 86400 }), 'iat'],
    ['a token issued yesterday is refused', () => ({ iat: now() - 86400 }), 'iat'],
    ['a token that is not valid yet is refused', () => ({ nbf: now() + 300 }), 'nbf'],
];
for (const [name, claims, field] of WRONG)
    test(name, async () => {
        await isRefused(await signIn(typeof claims === 'function' ? claims() : claims), field);
    });

// Proves: V7.6.1 V10.5.5
test('nobody is signed out by what the provider, or who says so, sends', async () => {
    await signIn();
    const live = () => stack.psql('superuser', `select count(*)::int as n from cs.session
        where revoked_at is null`);
    const before = await live();
    const token = makeToken(provider.keys[0], {
        iss: provider.issuer, aud: 'countersign', sub: 'subject-1', iat: now(), exp: now() + 60,
        jti: 'x', events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    }, { typ: 'logout+jwt' });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const path of ['/api/oidc/logout', '/api/oidc/backchannel-logout', '/api/logout'])
        assert.ok([401, 404].includes((await stack.client().send('POST', path, {
            body: `logout_token=${token}`, headers: form })).status), path);
    assert.deepEqual(await live(), before);
});

// Proves: V10.1.1
test('what the provider handed out is not handed on', async () => {
    const left = await leave();
    const answer = await comeBack(left, provider.signIn(left.url));
    const [access, id] = provider.tokens.slice(-2);
    const told = answer.text + JSON.stringify([...answer.headers]);
    assert.equal(answer.status, 200);
    assert.ok(!told.includes(access) && !told.includes(id));
});

test('a list with us and our name as the party is fine', async () => {
    const answer = await signIn({ aud: ['b', 'countersign'], azp: 'countersign' });
    assert.equal(answer.status, 200, answer.text);
});

const SIGNED = [
    ['a token signed by another key of the same name is refused',
     () => ({ key: provider.stranger })],
    ['a token signed by a key that is not in the set is refused',
     () => ({ key: { ...provider.stranger, kid: 'new' } })],
    ['a token signed by nothing is refused', () => ({ header: { alg: 'none' } })],
    ['a token signed by HMAC with the public key is refused', () => ({ header: { alg: 'HS256' } })],
    ['a token signed by HMAC with the client secret is refused', () => ({
        key: { ...provider.keys[0], secret: provider.env.OIDC_CLIENT_SECRET },
        header: { alg: 'HS256' } })],
    ['a token signed by the right key under another algorithm is refused',
     () => ({ header: { alg: 'RS512' } })],
    ['a token signed by the right key with an extension that is critical is refused', () => ({
        header: { crit: ['b64'], b64: false } })],
    ['an access token is refused', () => ({ header: { typ: 'at+jwt' } })],
    ['a token that ends sessions is refused', () => ({ header: { typ: 'logout+jwt' } })],
    ['a token signed by a key of its own inside is refused', () => ({ key: provider.stranger,
                                         header: { jwk: provider.stranger.jwk } })],
    ['a token signed by an EC algorithm under an RSA key is refused',
     () => ({ key: { ...provider.keys[1], kid: 'rsa' } })],
];
for (const [name, more] of SIGNED)
    test(name, async () => isRefused(await signIn({}, more())));

test('a token whose content was changed afterwards is refused', async () => {
    const left = await leave();
    const back = provider.signIn(left.url);
    const found = provider.codes.get(back.code);
    const [head, , signature] = makeToken(provider.keys[0], provider.claimsOf(found)).split('.');
    const claims = Buffer.from(JSON.stringify({ ...provider.claimsOf(found), sub: 'subject-3' }));
    found.more.token = [head, claims.toString('base64url'), signature].join('.');
    await isRefused(await comeBack(left, back));
    for (const token of ['', 'x', 'a.b', 'a.b.c', '..', 'x'.repeat(20000),
                         `${Buffer.from('['.repeat(700)).toString('base64url')}.e30.x`])
        await isRefused(await signIn({}, { token }));
});

test('a state, a code and a cookie are good once, and only together', async () => {
    const left = await leave();
    const back = provider.signIn(left.url);
    await isRefused(await comeBack(left, { ...back, state: 'x'.repeat(43) }), 'state');
    await isRefused(await comeBack({ ...left, headers: {} }, back), 'state');
    await isRefused(await comeBack(await leave(), back), 'state');
    assert.equal((await comeBack(left, back)).status, 200);
    await isRefused(await comeBack(left, back), 'state');
    const first = await leave();
    const used = provider.signIn(first.url);
    provider.codes.delete(used.code);
    await isRefused(await comeBack(first, used));
    const late = await leave();
    await stack.psql('superuser', 'update cs.oidc_flow set expires_at = now()');
    await isRefused(await comeBack(late, provider.signIn(late.url)), 'state');
});

test('a code of another browser does not fit our verifier', async () => {
    const [mine, other] = [await leave(), await leave()];
    const stolen = provider.signIn(other.url);
    await isRefused(await comeBack(mine, { ...provider.signIn(mine.url), code: stolen.code }));
});

test('an answer of another provider is refused before its code is redeemed', async () => {
    const left = await leave();
    const back = provider.signIn(left.url);
    const before = provider.asked.length;
    await isRefused(await comeBack(left, { ...back, iss: 'https://evil.test' }), 'iss');
    assert.equal(provider.asked.length, before);
    assert.equal((await comeBack(left, { ...back, iss: provider.issuer })).status, 200);
});

test('nobody unknown comes in, and no address links unless a setting says so', async () => {
    await isRefused(await signIn({ sub: 'subject-2' }));
    const mail = { sub: 'mia', email: 'mia@example.com', email_verified: true };
    await isRefused(await signIn(mail));
    await stack.restart('api', { OIDC_LINK_BY_EMAIL: '1' });
    await isRefused(await signIn({ ...mail, email_verified: false }));
    await isRefused(await signIn({ ...mail, email_verified: 'true' }));
    await isRefused(await signIn({ ...mail, email: 'nobody@example.com' }));
    const answer = await signIn(mail);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.person.login, 'mia@example.com');
    const renamed = await signIn({ sub: 'mia', email: 'rob', email_verified: true });
    assert.equal(renamed.body.person.login, 'mia@example.com', 'the subject counts from then on');
    await stack.restart('api', { SIGN_IN_CREATES: '1' });
    const made = await signIn({ sub: 'new', email: 'New@example.com', email_verified: true,
                                name: 'New' });
    assert.deepEqual([made.body.person.login, made.body.person.name, made.body.person.roles],
                     ['new@example.com', 'New', ['analyst']]);
    const names = ['Noor\u202eneerg', 'No\u200bor', 'Noor\n(admin)', '\u{e0041}'];
    for (const [n, name] of names.entries()) {
        const odd = await signIn({ sub: `odd-${n}`, email: `odd${n}@example.com`,
                                   email_verified: true, name });
        assert.deepEqual([odd.status, odd.body.person?.name], [200, `odd${n}@example.com`],
                         'a name that hides letters or moves them is none');
    }
});

// Proves: T11
test('nobody new is called what looks like somebody else', async () => {
    await stack.restart('api', { SIGN_IN_CREATES: '1' });
    const come = async (sub, email, name) => {
        const answer = await signIn({ sub, email, email_verified: true, name });
        return [answer.status, answer.body.person?.name];
    };
    assert.deepEqual(await come('irene', 'irene@example.com', 'Irene Paul'), [200, 'Irene Paul']);
    for (const [n, name] of ['Irene \u0420aul', 'lrene  Paul', 'Irene Pa\u200du1',
                             `Irene Paul${' '.repeat(100)}x`, '   '].entries())
        assert.deepEqual(await come(`fake-${n}`, `fake${n}@example.com`, name),
                         [200, `fake${n}@example.com`]);
    assert.deepEqual(await come('twin', 'twin@example.com', 'Irene Paul'),
                     [200, 'twin@example.com'],
                     'people have names in common, but nobody takes the name of another');
    assert.deepEqual(await come('irene', 'irene@example.com', 'Irene \u0420aul'),
                     [200, 'Irene Paul'], 'who is known comes in, whatever is said there');
    const claims = { sub: 'evil', email: 'fake@examp1e.com', email_verified: true };
    await stack.operator('person', 'add', 'fake@example.com');
    const evil = await signIn(claims);
    await isRefused(evil, 'name');
    assert.deepEqual(await stack.psql('superuser', `select p.login from cs.person p
        where p.login = '${claims.email}'`), []);
    const [failed] = await stack.psql('superuser', `select body ->> 'reason' as reason
        from cs.audit_event where event = 'sign_in.failed' order by id desc limit 1`);
    assert.equal(failed.reason, 'oidc name');
});

test('a session is confirmed by a fresh sign-in of the same person', async () => {
    const ana = await stack.signIn('ana');
    await stack.psql('superuser',
                     "update cs.session set authenticated_at = now() - interval '1 hour'");
    const shown = async () => (await ana.get('/api/me')).body.session.authenticated_at;
    const old = await shown();
    assert.deepEqual(code(await stack.client().post('/api/oidc/start', { reauthenticate: true })),
                     [401, 'unauthenticated']);
    for (const claims of [{ auth_time: undefined }, { auth_time: now() - 3600 }]) {
        const left = await leave(ana, { reauthenticate: true });
        assert.match(left.url, /&prompt=login&max_age=0$/);
        await isRefused(await comeBack(left, provider.signIn(left.url, claims)), 'auth_time');
    }
    const other = await leave(ana, { reauthenticate: true });
    const wrong = await comeBack(other, provider.signIn(other.url, { sub: 'mia' }));
    assert.deepEqual(code(wrong), [403, 'forbidden']);
    assert.equal(await shown(), old);
    const moved = await leave(ana, { reauthenticate: true });
    await isRefused(await comeBack({ client: stack.client(), headers: {
        cookie: moved.headers.cookie.split('; ')[1] } }, provider.signIn(moved.url)), 'state');
    const left = await leave(ana, { reauthenticate: true });
    const answer = await comeBack(left, provider.signIn(left.url));
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await ana.get('/api/me')).status, 401, 'the token of before ends');
    ana.renew(answer);
    assert.equal(await shown(), answer.body.authenticated_at);
});

test('a new key is fetched when a token names it, but not for each that names none', async () => {
    const named = (kid) => ({ ...provider.stranger, kid, jwk: { ...provider.stranger.jwk, kid } });
    const asked = () => provider.asked.filter((url) => url === '/keys').length;
    await stack.restart('api');
    await leave();
    const before = asked();
    provider.keys.push(named('next'));
    assert.equal((await signIn({}, { key: named('next') })).status, 200);
    assert.equal(asked(), before + 1);
    for (let i = 0; i < 3; i++) await isRefused(await signIn({}, { key: named(`no-${i}`) }));
    assert.equal(asked(), before + 1);
    provider.keys.pop();
});

test('a provider that is away, or says that it is another, signs nobody in', async () => {
    provider.document = { issuer: 'https://evil.test' };
    await stack.restart('api');
    await forget();
    assert.deepEqual(code(await stack.client().post('/api/oidc/start')), [503, 'unavailable']);
    provider.document = { token_endpoint: 'ftp://evil.test' };
    await stack.restart('api');
    assert.deepEqual(code(await stack.client().post('/api/oidc/start')), [503, 'unavailable']);
    provider.document = {};
    await stack.restart('api');
    assert.equal((await stack.client().post('/api/oidc/start')).status, 200);
});

test('settings that can not work stop the start', async () => {
    for (const [wrong, said] of [
        [{ OIDC_ISSUER: 'http://provider.example.com' }, /OIDC_ISSUER must be an https address/],
        [{ OIDC_ISSUER: 'http://127.0.0.1.evil.test' }, /OIDC_ISSUER must be an https address/],
        [{ OIDC_CLIENT_ID: '' }, /OIDC_CLIENT_ID is empty/],
        [{ OIDC_REDIRECT_URL: '', PUBLIC_URL: '' }, /PUBLIC_URL or OIDC_REDIRECT_URL/],
    ]) {
        await stack.halt('api');
        stack.order({ do: 'start', name: 'api', env: { ...provider.env, ...wrong } });
        const { pid } = stack.children.get('api');
        await stack.when(() => stack.pid('api') !== pid && stack.children.get('api').ended,
                         'the api to give up');
        assert.match((await stack.log('api')).trim().split('\n').at(-1), said);
    }
});
