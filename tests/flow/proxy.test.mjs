// Sign-in by the header of a trusted proxy: whose word counts, and what it is worth.
// Proves: T9 T27 V6.3.4 V6.3.1
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from './stack.mjs';

const SECRET = 'a secret that only the proxy knows';
const env = { PROXY_ADDRESSES: '10.0.0.0/8, 127.0.0.0/30, ::1', PROXY_SECRET: SECRET,
              PROXY_USER_HEADER: 'X-Auth-User' };

let stack;

before(async () => {
    stack = await startStack({ workers: 0, env });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], tom: ['analyst'] });
    await stack.operator('person', 'disable', 'tom');
    await stack.operator('person', 'add', 'bot', '--team', 'data', '--agent-of', 'ana');
});
after(() => stack?.stop());

const says = (login, secret = SECRET) => ({ 'x-auth-user': login, 'x-proxy-secret': secret });
const enter = (headers) => stack.client().post('/api/login', { proxy: true }, headers);
const code = (answer) => [answer.status, answer.body?.error?.code];
const audit = (event) => stack.psql('superuser', `select body, address, actor_id
    from cs.audit_event where event = '${event}' order by id`);

test('whom the proxy names is signed in, and it is written down', async () => {
    const { sign_in: ways } = (await stack.client().get('/api/instance')).body;
    assert.deepEqual(ways, ['password', 'proxy']);
    const client = stack.client();
    const answer = await client.post('/api/login', { proxy: true }, says('Ana'));
    assert.equal(answer.status, 200, answer.text);
    client.remember(answer);
    const me = (await client.get('/api/me', says('ana'))).body;
    assert.equal(me.person.login, 'ana');
    assert.equal(me.session.authenticated_at, null, 'to us nobody showed anything');
    const last = (await audit('session.open')).at(-1);
    assert.deepEqual([last.body, last.actor_id], [{ how: 'proxy' }, me.person.id]);
});

test('a header without the right secret is refused, on every route', async () => {
    for (const secret of ['', 'wrong', SECRET.slice(1), `${SECRET}x`, SECRET.toUpperCase()])
        assert.deepEqual(code(await enter(says('ana', secret))), [401, 'unauthenticated'], secret);
    assert.deepEqual(code(await enter({ 'x-auth-user': 'ana' })), [401, 'unauthenticated']);
    assert.deepEqual(code(await enter({ 'x-proxy-secret': SECRET })), [401, 'unauthenticated']);
    assert.deepEqual(code(await enter({ 'x-remote-user': 'ana', 'x-proxy-secret': SECRET })),
                     [401, 'unauthenticated'], 'another header says nothing');
    assert.deepEqual(code(await enter(says(''))), [401, 'unauthenticated']);
    assert.deepEqual(code(await enter(says('x'.repeat(101)))), [401, 'unauthenticated']);
    const ana = await stack.signIn('ana');
    assert.deepEqual(code(await ana.get('/api/me', says('ana', 'wrong'))),
                     [401, 'unauthenticated'], 'not even beside a good session');
    assert.equal((await ana.get('/api/me')).status, 200);
});

test('a session ends for whom the proxy no longer names', async () => {
    const ana = await stack.signIn('ana');
    assert.equal((await ana.get('/api/me', says('ANA'))).status, 200);
    assert.deepEqual(code(await ana.get('/api/me', says('rob'))), [401, 'unauthenticated']);
    const rob = stack.client();
    rob.cookie = ana.cookie;
    const answer = await rob.post('/api/login', { proxy: true }, says('rob'));
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.person.login, 'rob');
    assert.equal((await ana.get('/api/me')).status, 401, 'the last one is over');
});

test('nobody unknown, disabled or an agent comes in', async () => {
    for (const login of ['nobody', 'tom', 'bot'])
        assert.deepEqual(code(await enter(says(login))), [401, 'wrong_credentials'], login);
    const failed = (await audit('sign_in.failed')).slice(-3);
    assert.deepEqual(failed.map((row) => row.body.login), ['nobody', 'tom', 'bot']);
    assert.ok(failed.every((row) => row.body.reason === 'proxy' && row.address === '127.0.0.1'));
    assert.deepEqual(await stack.psql('superuser',
                                      "select 1 from cs.person where login = 'nobody'"), []);
});

test('somebody unknown is made only when a setting says so', async () => {
    await stack.restart('api', { SIGN_IN_CREATES: '1' });
    const answer = await enter(says('New@example.com'));
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([answer.body.person.login, answer.body.person.roles,
                      answer.body.person.teams], ['new@example.com', ['analyst'], []]);
    assert.deepEqual(code(await enter(says("x' or 1=1"))), [400, 'invalid_field']);
    await stack.operator('person', 'add', 'dora', '--name', 'Will');
    assert.deepEqual(code(await enter(says('wi11'))), [401, 'wrong_credentials'],
                     'nobody new is called what looks like somebody else');
    assert.equal((await enter(says('dora'))).status, 200, 'who is known comes in');
});

test('from another address the header is refused, whatever the secret', async () => {
    await stack.restart('api', { PROXY_ADDRESSES: '10.0.0.0/8,127.0.0.2,2001:db8::/32' });
    assert.deepEqual(code(await enter(says('ana'))), [401, 'unauthenticated']);
    const ana = await stack.signIn('ana');
    assert.deepEqual(code(await ana.get('/api/me', says('ana'))), [401, 'unauthenticated']);
});

test('behind a proxy tries are counted by who asks, as no asker chooses', async () => {
    const forget = () => stack.psql('superuser', 'delete from cs.login_throttle');
    const guess = async (forwarded, secret = SECRET) => (await stack.client().post('/api/login',
        { link_token: 'csl_no_such_link' },
        { 'x-forwarded-for': forwarded, 'x-proxy-secret': secret })).status;
    const guesses = async (n, ...how) => {
        const all = [];
        for (let i = 0; i < n; i++) all.push(await guess(...how));
        return [...new Set(all)];
    };
    await stack.restart('api', { PROXY_ADDRESSES: '127.0.0.1, 10.0.0.0/8' });
    await forget();
    assert.deepEqual(await guesses(20, '192.0.2.1'), [401]);
    assert.equal(await guess('192.0.2.2'), 429, 'without the setting the proxy is one address');
    await stack.restart('api', { PROXY_ADDRESS_HEADER: 'X-Forwarded-For',
                                 PROXY_USER_HEADER: '' });
    await forget();
    assert.deepEqual(await guesses(20, '192.0.2.1'), [401]);
    assert.equal(await guess('192.0.2.1'), 429, 'who guesses waits');
    assert.equal(await guess('192.0.2.2'), 401, 'but nobody else');
    for (const list of ['198.51.100.1, 192.0.2.1', '192.0.2.2, 192.0.2.1, 10.1.2.3',
                        '192.0.2.1:4711', '::ffff:192.0.2.1'])
        assert.equal(await guess(list), 429, `${list} is the same`);
    assert.equal(await guess('192.0.2.1', 'wrong'), 401, 'who is no proxy is counted as they are');
    assert.deepEqual((await audit('sign_in.failed')).slice(-2).map(({ address }) => address),
                     ['192.0.2.2', '127.0.0.1'], 'and so written down');
    assert.deepEqual((await stack.client().get('/api/instance')).body.sign_in, ['password'],
                     'without a header for it the proxy signs nobody in');
    assert.deepEqual(code(await enter(says('ana'))), [403, 'forbidden']);
    await stack.restart('api', { PROXY_ADDRESSES: env.PROXY_ADDRESSES, PROXY_ADDRESS_HEADER: '',
                                 PROXY_USER_HEADER: env.PROXY_USER_HEADER });
});

test('settings that trust nobody or everybody by mistake stop the start', async () => {
    for (const [wrong, said] of [
        [{ PROXY_ADDRESSES: '' }, /PROXY_ADDRESSES is empty/],
        [{ PROXY_ADDRESSES: '127.0.0.1/33' }, /PROXY_ADDRESSES: 127\.0\.0\.1\/33/],
        [{ PROXY_ADDRESSES: '127.0.0.1/' }, /PROXY_ADDRESSES: 127/],
        [{ PROXY_ADDRESSES: 'localhost' }, /PROXY_ADDRESSES: localhost/],
        [{ PROXY_SECRET: 'short' }, /PROXY_SECRET must have 16/],
        [{ PROXY_SECRET: '' }, /PROXY_SECRET must have 16/],
        [{ PROXY_USER_HEADER: '' }, /PROXY_USER_HEADER is empty/],
    ]) {
        await stack.halt('api');
        stack.order({ do: 'start', name: 'api', env: { ...env, ...wrong } });
        const { pid } = stack.children.get('api');
        await stack.when(() => stack.pid('api') !== pid && stack.children.get('api').ended,
                         'the api to give up');
        assert.match((await stack.log('api')).trim().split('\n').at(-1), said);
    }
});
