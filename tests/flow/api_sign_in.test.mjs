// Signing in and out: links, passwords, throttles, sessions and tokens.
// Proves: T9 T22 V6.2.2 V6.2.3 V6.3.1 V7.2.1 V7.2.4 V7.3.1 V7.3.2 V7.4.5 V7.5.1 V7.5.2 V7.5.3
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from './stack.mjs';

const PASSWORD = 'correct horse battery';

let stack;

before(async () => {
    stack = await startStack({ workers: 0, env: { PASSWORD_WORDS: 'Blue Falcon, acme' } });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], adm: ['admin'], tom: ['analyst'],
                         kim: ['analyst'], bea: ['analyst'], leo: ['analyst'] });
});
after(() => stack?.stop());

async function linkFor(login) {
    const link = await stack.operator('link', login);
    return link.slice(link.indexOf('#') + 1);
}

const code = (answer) => [answer.status, answer.body?.error?.code];
const forget = () => stack.psql('superuser', 'delete from cs.login_throttle');

test('a link signs in once', async () => {
    const token = await linkFor('ana');
    const client = stack.client();
    const answer = await client.signIn(token);
    assert.deepEqual(answer.body.person.roles, ['analyst']);
    assert.equal(answer.body.has_password, false);
    const cookie = answer.headers.get('set-cookie');
    const instance = (await client.get('/api/instance')).body.instance;
    assert.match(cookie, new RegExp(`^cs_session_${instance.slice(0, 8)}=css_[\\w-]{43}; `));
    for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/', 'Max-Age=43200'])
        assert.ok(cookie.includes(`; ${part}`), part);
    assert.ok(!cookie.includes('Secure'));
    assert.equal((await client.get('/api/me')).status, 200);
    assert.deepEqual(code(await stack.client().post('/api/login', { link_token: token })),
                     [401, 'wrong_credentials']);
});

test('a second link ends the first, and an old one is no good', async () => {
    const [first, second] = [await linkFor('ana'), await linkFor('ana')];
    assert.equal((await stack.client().post('/api/login', { link_token: first })).status, 401);
    await stack.psql('superuser', "update cs.login_link set expires_at = now() - interval '1 s'");
    assert.equal((await stack.client().post('/api/login', { link_token: second })).status, 401);
    await forget();
});

test('what a page needs to know is in /api/me', async () => {
    const ana = await stack.signIn('ana');
    const me = (await ana.get('/api/me')).body;
    assert.equal(me.person.login, 'ana');
    assert.equal(me.csrf_token, ana.csrf, 'a reload finds the same token again');
    assert.match(me.session.expires_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(me.settings.languages, ['python', 'sql']);
    assert.equal(me.settings.limits.wall_ms, 30000);
    assert.equal(me.settings.max_code_bytes, 262144);
    assert.equal(me.waiting_for_review, 0);
});

test('a password: set, used, changed only by who knows it', async () => {
    const ana = await stack.signIn('ana');
    const other = await stack.signIn('ana');
    assert.equal((await ana.post('/api/password', { password: PASSWORD })).status, 204);
    assert.equal((await other.get('/api/me')).status, 401, 'other sessions end');
    assert.equal((await ana.get('/api/me')).body.has_password, true);
    const fresh = stack.client();
    assert.equal((await fresh.signInWithPassword('ana', PASSWORD)).status, 200);
    assert.equal((await fresh.get('/api/me')).status, 200);
    assert.equal((await stack.client().signInWithPassword('ANA', PASSWORD)).status, 200);
    for (const [body, status, name, field] of [
        [{ password: 'new password' }, 400, 'missing_field', 'current'],
        [{ current: 'wrong', password: 'new password' }, 403, 'forbidden', 'current'],
        [{ current: '', password: 'new password' }, 403, 'forbidden', 'current'],
        [{ current: PASSWORD, password: 'short' }, 400, 'invalid_field', 'password'],
        [{ current: PASSWORD, password: '' }, 400, 'invalid_field', 'password'],
        [{ current: PASSWORD, password: 'x'.repeat(1025) }, 400, 'invalid_field', 'password'],
        [{ current: PASSWORD }, 400, 'missing_field', 'password'],
    ]) {
        const answer = await ana.post('/api/password', body);
        assert.deepEqual([...code(answer), answer.body.error.field], [status, name, field]);
        await forget();
    }
    const [row] = await stack.psql('superuser', 'select hash from cs.password');
    assert.match(row.hash, /^\$argon2id\$/);
});

// Proves: V6.2.11
test('a password of words of the place is refused', async () => {
    const leo = await stack.signIn('leo');
    for (const password of ['countersign2026', 'Acme-1234', 'blue.fa1con!', 'leo leo leo leo',
                            'Reviewer2026'])
        for (const more of [{}, { current: 'wrong' }]) {
            const answer = await leo.post('/api/password', { password, ...more });
            assert.deepEqual([...code(answer), answer.body?.error.field],
                             [400, 'invalid_field', 'password'], password);
        }
    assert.deepEqual(await stack.psql('superuser', `select w.* from cs.password w
        join cs.person p on p.id = w.person_id where p.login = 'leo'`), []);
    assert.equal((await leo.post('/api/password', { password: 'acme, and a horse' })).status, 204);
});

// Proves: V6.2.8 V6.2.9 V6.2.10
test('a password may be long, is taken to the last byte, and never grows old', async () => {
    const bea = await stack.signIn('bea');
    const password = `${'\u00e9 '.repeat(341)}x`;
    assert.equal(Buffer.byteLength(password), 1024);
    assert.equal((await bea.post('/api/password', { password })).status, 204);
    await stack.psql('superuser', `update cs.password set set_at = now() - interval '10 years'`);
    await forget();
    const enter = async (text) => (await stack.client().signInWithPassword('bea', text)).status;
    const short = password.slice(0, -1);
    for (const other of [short, password.toUpperCase(), `${short} `])
        assert.equal(await enter(other), 401);
    await forget();
    assert.equal(await enter(password), 200);
});

test('who is not known gets the same answer as who is wrong', async () => {
    await forget();
    const wrong = await stack.client().post('/api/login', { login: 'ana', password: 'wrong' });
    const unknown = await stack.client().post('/api/login', { login: 'no-one', password: 'wrong' });
    const without = await stack.client().post('/api/login', { login: 'rob', password: 'wrong' });
    assert.deepEqual(code(wrong), [401, 'wrong_credentials']);
    for (const answer of [unknown, without]) {
        assert.equal(answer.status, wrong.status);
        assert.equal(answer.text, wrong.text);
        assert.equal(answer.headers.get('set-cookie'), null);
    }
    await forget();
});

test('five wrong passwords, then a pause; open sessions live on', async () => {
    await forget();
    const tom = await stack.signIn('tom');
    await tom.post('/api/password', { password: PASSWORD });
    for (let i = 0; i < 5; i++)
        assert.equal((await stack.client().signInWithPassword('tom', `wrong ${i}`)).status, 401);
    const stopped = await stack.client().signInWithPassword('tom', PASSWORD);
    assert.deepEqual(code(stopped), [429, 'throttled']);
    assert.ok(Number(stopped.headers.get('retry-after')) >= 1);
    assert.equal((await tom.get('/api/me')).status, 200);
    assert.equal((await stack.client().signInWithPassword('ana', PASSWORD)).status, 200,
                 'somebody else is not stopped');
    await stack.redis('flushall');
    assert.equal((await stack.client().signInWithPassword('tom', PASSWORD)).status, 429);
    await forget();
    assert.equal((await stack.client().signInWithPassword('tom', PASSWORD)).status, 200);
});

test('guessing from one address stops at twenty, for links too', async () => {
    await forget();
    const answers = [];
    for (let i = 0; i < 22; i++)
        answers.push((await stack.client().post('/api/login', { link_token: `guess${i}` })).status);
    assert.deepEqual([...new Set(answers.slice(0, 19))], [401]);
    assert.equal(answers.at(-1), 429);
    await forget();
});

test('three passwords at once: one has to come again', async () => {
    await forget();
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => (
        stack.client().post('/api/login', { login: `nobody${i}`, password: 'x' }))));
    for (const answer of answers) {
        assert.ok([401, 429].includes(answer.status), answer.text);
        if (answer.status === 429) assert.ok(answer.headers.get('retry-after'));
    }
    await forget();
});

test('signing in anew ends the old session, signing out ends this one', async () => {
    const ana = await stack.signIn('ana');
    const old = ana.cookie;
    await ana.signIn(await linkFor('ana'));
    assert.notEqual(ana.cookie, old);
    assert.equal((await stack.client().get('/api/me', { cookie: old })).status, 401);
    const out = await ana.post('/api/logout');
    assert.equal(out.status, 204);
    assert.match(out.headers.get('set-cookie'), /^cs_session_\w+=; .*Max-Age=0/);
    assert.equal((await ana.get('/api/me')).status, 401);
});

test('sessions end by idleness, by age, and with their person', async () => {
    for (const [what, sql] of [
        ['idle', "update cs.session set seen_at = now() - interval '31 minutes'"],
        ['old', 'update cs.session set expires_at = now()'],
        ['revoked', 'update cs.session set revoked_at = now()'],
    ]) {
        const ana = await stack.signIn('ana');
        assert.equal((await ana.get('/api/me')).status, 200);
        await stack.psql('superuser', sql);
        assert.equal((await ana.get('/api/me')).status, 401, what);
    }
    const tom = await stack.signIn('tom');
    const held = stack.client(await makeToken('tom'));
    assert.equal((await held.get('/api/me')).status, 200);
    await stack.operator('person', 'disable', 'tom');
    assert.equal((await tom.get('/api/me')).status, 401);
    assert.equal((await held.get('/api/me')).status, 401);
    assert.equal((await stack.client().signInWithPassword('tom', PASSWORD)).status, 401);
    await forget();
});

async function makeToken(login, scopes = 'read') {
    return (await stack.operator('token', 'create', login, '--scope', scopes)).split(/\s+/).at(-1);
}

test('sessions are listed and ended one by one', async () => {
    const [ana, phone] = [await stack.signIn('ana'), await stack.signIn('ana')];
    const { sessions } = (await ana.get('/api/sessions')).body;
    assert.ok(sessions.length >= 2);
    assert.ok(sessions.every((session) => !JSON.stringify(session).includes('css_')));
    const rob = await stack.signIn('rob');
    assert.equal((await rob.del(`/api/sessions/${sessions[0].id}`)).status, 404);
    assert.equal((await ana.del(`/api/sessions/${sessions[0].id}`)).status, 204);
    assert.equal((await phone.get('/api/me')).status, 401);
    assert.equal((await ana.get('/api/me')).status, 200);
    const adm = await stack.signIn('adm');
    assert.equal((await adm.del(`/api/sessions/${sessions[1].id}`)).status, 204);
    assert.equal((await ana.get('/api/me')).status, 401);
});

test('all other sessions end at once, and an admin ends those of anybody', async () => {
    const [ana, phone, tablet] = [await stack.signIn('ana'), await stack.signIn('ana'),
                                  await stack.signIn('ana')];
    const { sessions } = (await ana.get('/api/sessions')).body;
    assert.equal(sessions.filter((session) => session.this).length, 1);
    const stream = await phone.events();
    const ended = await ana.del('/api/sessions');
    assert.deepEqual([ended.status, ended.body.ended], [200, sessions.length - 1]);
    assert.equal((await ana.get('/api/me')).status, 200);
    for (const gone of [phone, tablet]) assert.equal((await gone.get('/api/me')).status, 401);
    for (; await stream.next(););
    const adm = await stack.signIn('adm');
    const { id } = ana.person;
    assert.equal((await adm.get(`/api/sessions?person_id=${id}`)).body.sessions.length, 1);
    assert.equal((await adm.del(`/api/sessions?person_id=${id}`)).body.ended, 1);
    assert.equal((await ana.get('/api/me')).status, 401);
    assert.equal((await adm.get('/api/me')).status, 200);
});

test('a session is confirmed by the password, and by nothing else', async () => {
    const first = await stack.signIn('kim');
    const age = "update cs.session set authenticated_at = now() - interval '20 minutes'";
    await stack.psql('superuser', age);
    assert.deepEqual(code(await first.post('/api/password', { password: PASSWORD })),
                     [403, 'reauthentication_required'], 'an open page sets no first password');
    const kim = await stack.signIn('kim');
    assert.equal((await kim.post('/api/password', { password: PASSWORD })).status, 204);
    await stack.psql('superuser', age);
    const old = (await kim.get('/api/me')).body.session.authenticated_at;
    const wrong = await kim.post('/api/reauthenticate', { password: 'not it' });
    assert.equal(wrong.status, 403, wrong.text);
    assert.deepEqual([wrong.body.error.code, wrong.body.error.field], ['forbidden', 'password']);
    assert.equal((await kim.get('/api/me')).body.session.authenticated_at, old);
    const [thief, stream] = [kim.cookie, await kim.events()];
    const right = await kim.confirm(PASSWORD);
    assert.equal(right.status, 200, right.text);
    assert.match(right.headers.get('set-cookie'),
                 /^cs_session_\w+=css_[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=/);
    assert.equal((await stack.client().get('/api/me', { cookie: thief })).status, 401,
                 'who has taken the cookie before has not shown anything');
    const asked = await kim.post('/api/requests', { language: 'sql', code: 'select 1' });
    assert.equal(asked.status, 201, asked.text);
    assert.equal(await stream.next(), undefined, 'nor is anything told to them');
    const now = (await kim.get('/api/me')).body.session.authenticated_at;
    assert.equal(now, right.body.authenticated_at);
    assert.ok(now > old);
    for (let i = 0; i < 5; i++) await kim.post('/api/reauthenticate', { password: 'not it' });
    assert.deepEqual(code(await kim.post('/api/reauthenticate', { password: PASSWORD })),
                     [429, 'throttled'], 'it is no way to guess');
    await forget();
    for (let i = 0; i < 25; i++) await stack.client().signInWithPassword('kim', `wrong ${i % 4}`);
    assert.equal((await stack.client().signInWithPassword('kim', PASSWORD)).status, 429);
    assert.equal((await kim.confirm(PASSWORD)).status, 200, 'who is outside keeps nobody from it');
    assert.equal((await stack.client().signInWithPassword('kim', PASSWORD)).status, 429,
                 'and it is no way to guess on there');
    await forget();
});

test('tokens: made, shown once, limited, revoked', async () => {
    const ana = await stack.signIn('ana');
    const made = await ana.post('/api/tokens', { name: 'ci', scopes: ['read'], days: 1 });
    assert.equal(made.status, 201, made.text);
    assert.match(made.body.token, /^cst_[\w-]{43}$/);
    const listed = await ana.get('/api/tokens');
    assert.ok(!listed.text.includes(made.body.token));
    assert.equal(listed.body.tokens.at(-1).prefix, made.body.token.slice(0, 8));
    const held = stack.client(made.body.token);
    assert.equal((await held.get('/api/me')).body.csrf_token, null);
    assert.deepEqual(code(await held.post('/api/requests', { language: 'sql', code: 'x' })),
                     [403, 'forbidden']);
    const rob = await stack.signIn('rob');
    assert.equal((await rob.del(`/api/tokens/${made.body.id}`)).status >= 403, true);
    assert.equal((await held.get('/api/me')).status, 200);
    assert.equal((await ana.del(`/api/tokens/${made.body.id}`)).status, 204);
    assert.deepEqual(code(await held.get('/api/me')), [401, 'unauthenticated']);
    const short = await ana.post('/api/tokens', { name: 'short', scopes: ['read', 'submit'] });
    await stack.psql('superuser', 'update cs.api_token set expires_at = now()');
    assert.equal((await stack.client(short.body.token).get('/api/me')).status, 401);
    const other = await stack.psql('superuser', "select id from cs.person where login = 'rob'");
    const foreign = await ana.post('/api/tokens',
                                   { name: 'x', scopes: ['read'], person_id: other[0].id });
    assert.deepEqual(code(foreign), [403, 'wrong_role']);
});

test('the agents of who is disabled do nothing more', async () => {
    await stack.operator('person', 'add', 'kim-bot', '--team', 'data', '--agent-of', 'kim');
    const bot = stack.client(await makeToken('kim-bot', 'read,submit'));
    const ask = () => bot.post('/api/requests', { language: 'sql', code: 'select 1' });
    assert.equal((await ask()).status, 201);
    await stack.operator('person', 'disable', 'kim');
    for (const answer of [await ask(), await bot.get('/api/me')])
        assert.deepEqual(code(answer), [401, 'unauthenticated']);
});

// The api asks for a token once a second at most; what it changes asks again.
// Proves: V8.3.2
test('a token that was used a moment ago does nothing once it has ended', async () => {
    const ana = await stack.signIn('ana');
    const ask = (token, headers) => stack.client(token).post('/api/requests',
        { language: 'sql', code: 'x' }, headers);
    const all = ['read', 'submit'];
    const count = async () => (await stack.psql('superuser',
                                                'select count(*)::int as n from cs.request'))[0].n;
    for (const [what, change, undo, expected] of [
        ['revoked', 'update cs.api_token set revoked_at = now()', null, [401, 'unauthenticated']],
        ['expired', 'update cs.api_token set expires_at = now()', null, [401, 'unauthenticated']],
        ['narrowed', "update cs.api_token set scopes = '{read}'", null, [403, 'forbidden']],
        ['disabled', "update cs.person set disabled_at = now() where login = 'ana'",
         'update cs.person set disabled_at = null', [401, 'unauthenticated']],
        ['demoted', "update cs.person set roles = '{reviewer}' where login = 'ana'",
         "update cs.person set roles = '{analyst}' where login = 'ana'", [403, 'wrong_role']],
    ]) {
        const { body: { token } } = await ana.post('/api/tokens', { name: what, scopes: all });
        const key = { 'idempotency-key': what };
        assert.equal((await ask(token)).status, 201, what);
        assert.equal((await ask(token, key)).status, 201, what);
        const before = await count();
        await stack.psql('superuser', change);
        assert.deepEqual(code(await ask(token)), expected, what);
        if (expected[0] === 401)
            assert.deepEqual(code(await ask(token, key)), expected, `${what}, an old answer`);
        assert.equal(await count(), before, what);
        if (undo) await stack.psql('superuser', undo);
    }
});

test('no secret is ever written to the log', async () => {
    const ana = await stack.signIn('ana');
    const made = await ana.post('/api/tokens', { name: 'x', scopes: ['read'] });
    await ana.get('/api/requests?q=canary-in-a-search');
    await ana.post('/api/login', { login: 'ana', password: 'canary-password' });
    const log = await stack.log('api');
    for (const secret of [made.body.token, ana.cookie.split('=')[1], ana.csrf, 'canary', PASSWORD])
        assert.ok(!log.includes(secret), secret);
    for (const line of log.trim().split('\n')) assert.ok(JSON.parse(line).event, line);
    await forget();
});

test('behind https the cookie is locked to it', async () => {
    await stack.restart('api', { PUBLIC_URL: 'https://countersign.example.com' });
    const answer = await stack.client().post('/api/login', { link_token: await linkFor('ana') },
                                             { origin: 'https://countersign.example.com' });
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers.get('set-cookie'), /^__Host-cs_session_\w+=.*; Secure/);
    assert.equal(answer.headers.get('strict-transport-security'), 'max-age=31536000');
    const plain = await stack.client().post('/api/login', { link_token: 'x' },
                                            { origin: stack.url });
    assert.deepEqual(code(plain), [403, 'bad_origin']);
});
