// The second factor: set up, asked for at every way in, each code once, taken away; and required.
// Proves: T9 V6.3.3 V6.4.3 V6.5.1 V6.5.6
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { Authenticator, setUpFactor } from './authenticator.mjs';
import { Jobs } from './jobs.mjs';
import { startStack } from './stack.mjs';

const PASSWORD = 'correct horse battery';
const PATH = '/api/second-factor';
const NEEDED = [401, 'second_factor_required', 'code'];
const WRONG = [401, 'wrong_code', 'code'];

const PLUS = 'zoe+sales@example.org';
const REVIEWERS = ['rob', 'eve', 'kim', 'tom', 'lea', 'ida', 'jon', 'liv', 'max', 'noa', 'ove',
                   'pia', 'uma', PLUS];

let stack;
let jobs;

// Each test has people of its own, so that each can run alone.
before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ ana: ['analyst'], adm: ['admin'], boss: ['admin'],
                         ...Object.fromEntries(REVIEWERS.map((name) => [name, ['reviewer']])) });
    const rows = await stack.psql('superuser', 'select id, login from cs.person');
    jobs = new Jobs(stack, Object.fromEntries(rows.map(({ login, id }) => [login, id])));
});
after(() => stack?.stop());

const code = (answer) => [answer.status, answer.body?.error?.code, answer.body?.error?.field]
    .filter((part) => part !== undefined && part !== '');
const forget = () => stack.psql('superuser', 'delete from cs.login_throttle');
// As if the codes that were used were long ago: no test waits half a minute.
const later = () => stack.psql('superuser', 'update cs.second_factor set last_step = 0');
const login = (name, more = {}, password = PASSWORD) =>
    stack.client().post('/api/login', { login: name, password, ...more });
const events = async (name) => (await stack.psql('superuser',
    `select e.event, e.body from cs.audit_event e where e.entity = 'person' and e.entity_id =
        (select id from cs.person where login = :'name') order by e.id`, { name }));
const linkFor = async (name) => (await stack.operator('link', name)).split('#')[1];

async function withPassword(name) {
    const client = await stack.signIn(name);
    assert.equal((await client.post('/api/password', { password: PASSWORD })).status, 204);
    return client;
}

// Somebody with a password and a second factor: {client, app, codes}.
async function enrolled(name) {
    const client = await withPassword(name);
    const made = { client, ...await setUpFactor(client) };
    await later();
    return made;
}

test('it is set up by a code of the app, and nothing is on before', async () => {
    const rob = await withPassword('rob');
    const other = await stack.signIn('rob');
    assert.deepEqual((await rob.get(PATH)).body, { set: false, since: null, recovery_left: 0 });
    assert.deepEqual((await rob.get('/api/me')).body.second_factor,
                     { set: false, required: false, missing: false });
    assert.deepEqual(code(await rob.post(`${PATH}/confirm`, { code: '123456' })),
                     [409, 'wrong_state'], 'nothing was begun');
    const begun = await rob.post(PATH);
    assert.equal(begun.status, 200, begun.text);
    assert.match(begun.body.secret, /^[A-Z2-7]{32}$/);
    assert.equal(begun.body.uri, `otpauth://totp/Countersign:rob?secret=${begun.body.secret}` +
                                 '&issuer=Countersign');
    const app = new Authenticator(begun.body.secret);
    assert.deepEqual(code(await rob.post(`${PATH}/confirm`, { code: app.wrong() })), WRONG);
    assert.deepEqual(code(await other.post(`${PATH}/confirm`, { code: app.code() })),
                     [409, 'wrong_state'], 'another session was given nothing');
    assert.equal((await rob.get(PATH)).body.set, false);
    assert.equal((await login('rob')).status, 200);
    const used = app.code();
    const on = await rob.post(`${PATH}/confirm`, { code: used });
    assert.equal(on.status, 200, on.text);
    assert.equal(new Set(on.body.recovery_codes).size, 10);
    for (const one of on.body.recovery_codes) assert.match(one, /^([A-Z2-7]{4}-){5}[A-Z2-7]{4}$/);
    const { set, since, recovery_left: left } = (await rob.get(PATH)).body;
    assert.deepEqual([set, left], [true, 10]);
    assert.match(since, /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.equal((await other.get('/api/me')).status, 401, 'the other sessions end');
    assert.deepEqual((await rob.get('/api/me')).body.second_factor,
                     { set: true, required: false, missing: false });
    assert.deepEqual(code(await login('rob', { code: used })), WRONG, 'that code was used');
    const [kept] = await stack.psql('superuser', `select encode(f.sealed, 'escape') as sealed,
        (select count(*)::int from cs.recovery_code c where c.person_id = f.person_id) as n
        from cs.second_factor f join cs.person p on p.id = f.person_id where p.login = 'rob'`);
    assert.equal(kept.n, 10);
    assert.ok(!kept.sealed.includes(begun.body.secret));
    await forget();
});

test('an app takes in whose it is, whatever a login may be made of', async () => {
    const zoe = await withPassword(PLUS);
    const { secret, uri } = (await zoe.post(PATH)).body;
    assert.equal(uri, `otpauth://totp/Countersign:${encodeURIComponent(PLUS)}?secret=${secret}` +
                      '&issuer=Countersign');
    assert.ok(uri.includes('zoe%2Bsales%40example.org'));
    const { app } = await setUpFactor(zoe);
    await later();
    assert.equal((await login(PLUS, { code: app.code() })).status, 200);
});

test('then the password opens nothing without a code, and each code counts once', async () => {
    const { app, codes } = await enrolled('eve');
    assert.deepEqual(code(await login('eve')), NEEDED);
    assert.deepEqual(code(await login('eve', { code: app.wrong() })), WRONG);
    const shown = app.code();
    const entered = await login('eve', { code: shown });
    assert.equal(entered.status, 200, entered.text);
    assert.deepEqual(code(await login('eve', { code: shown })), WRONG);
    assert.equal((await login('eve', { code: app.code(1) })).status, 200, 'the next one does');
    const typed = codes[4].toLowerCase().replaceAll('-', ' ');
    assert.equal((await login('eve', { code: typed })).status, 200);
    assert.deepEqual(code(await login('eve', { code: typed })), WRONG);
    assert.deepEqual(code(await login('eve', { code: codes[4] })), WRONG);
    const eve = stack.client();
    eve.remember(await login('eve', { code: codes[5] }));
    assert.equal((await eve.get(PATH)).body.recovery_left, 8);
    const written = await events('eve');
    assert.deepEqual(written.filter(({ event }) => event === 'person.recovery_code')
        .map(({ body }) => body.left), [9, 8]);
    assert.equal(written.at(-1).event, 'session.open');
    assert.deepEqual(written.at(-1).body, { how: 'password', second_factor: 'recovery' });
    await forget();
});

test('who does not know the password learns nothing of it, and uses nothing up', async () => {
    const { app, codes } = await enrolled('kim');
    for (const name of ['kim', 'ana', 'nobody'])
        for (const more of [{}, { code: app.code() }, { code: codes[0] }, { code: '000000' }])
            assert.deepEqual(code(await login(name, more, 'not the password')),
                             [401, 'wrong_credentials'], name);
    await forget();
    assert.equal((await login('kim', { code: app.code() })).status, 200);
    assert.equal((await login('kim', { code: codes[0] })).status, 200);
    await forget();
});

// Few passwords are hashed at once: who is told to come again does, until there is an answer.
async function insist(name, more) {
    for (;;) {
        const answer = await login(name, more);
        if (answer.status !== 429) return answer;
        await forget();
    }
}

test('of two who bring one code at the same time, one gets in', async () => {
    const { app, codes } = await enrolled('tom');
    for (const shown of [app.code(), codes[0], codes[1], codes[2], codes[3]]) {
        await forget();
        const answers = await Promise.all([1, 2].map(() => insist('tom', { code: shown })));
        assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401]);
    }
    await forget();
});

test('five wrong codes, then a pause: also for who has the right one', async () => {
    const { app } = await enrolled('lea');
    for (let i = 0; i < 3; i++) assert.deepEqual(code(await login('lea')), NEEDED);
    for (let i = 0; i < 5; i++)
        assert.deepEqual(code(await login('lea', { code: app.wrong() })), WRONG);
    assert.deepEqual(code(await login('lea', { code: app.code() })), [429, 'throttled']);
    assert.deepEqual(code(await login('lea')), [429, 'throttled'], 'nor is there another way');
    const [{ n }] = await stack.psql('superuser', `select count(*)::int as n from cs.audit_event
        where event = 'sign_in.failed' and body = '{"login": "lea", "reason": "code"}'`);
    assert.equal(n, 5, 'each is written down');
    await forget();
});

test('a one-time link wants the code, and lives until it was right', async () => {
    const { app } = await enrolled('adm');
    const link = await linkFor('adm');
    const follow = (more) => stack.client().post('/api/login', { link_token: link, ...more });
    assert.deepEqual(code(await follow({})), NEEDED);
    assert.deepEqual(code(await follow({ code: app.wrong() })), WRONG);
    assert.deepEqual(code(await follow({ code: app.code(), login: 'adm' })),
                     [400, 'invalid_field', 'link_token']);
    assert.equal((await follow({ code: app.code() })).status, 200);
    assert.deepEqual(code(await follow({ code: app.code(1) })), [401, 'wrong_credentials']);
    assert.deepEqual(code(await stack.client().post('/api/login', { link_token: 'none',
                                                                    code: app.code(1) })),
                     [401, 'wrong_credentials']);
    await forget();
});

test('who they are is shown once more by password and code', async () => {
    const { client: ida, app, codes } = await enrolled('ida');
    const prove = (more) => ida.post('/api/reauthenticate', { password: PASSWORD, ...more });
    await stack.psql('superuser',
                     "update cs.session set authenticated_at = now() - interval '1 hour'");
    assert.deepEqual(code(await ida.post(PATH)), [403, 'reauthentication_required']);
    assert.deepEqual(code(await prove({})), NEEDED);
    assert.deepEqual(code(await prove({ code: app.wrong() })), WRONG);
    assert.deepEqual(code(await ida.post('/api/reauthenticate', { password: 'wrong',
                                                                  code: app.code() })),
                     [403, 'forbidden', 'password']);
    assert.deepEqual(code(await ida.post(PATH)), [403, 'reauthentication_required']);
    ida.renew(await prove({ code: app.code() }));
    assert.equal((await ida.post(PATH)).status, 200);
    assert.deepEqual(code(await prove({ code: app.code() })), WRONG);
    ida.renew(await prove({ code: codes[0] }));
    for (let i = 0; i < 5; i++) await prove({ code: app.wrong() });
    assert.deepEqual(code(await prove({ code: codes[1] })), [429, 'throttled']);
    await forget();
});

test('an approval counts from a session that showed it alone', async () => {
    const { client: jon, app } = await enrolled('jon');
    const approve = async (who, risk) => {
        const request = await jobs.submit('print(1)\n', {
            verdict: JSON.stringify({ level: risk, policy_version: 1 }) });
        return who.post(`/api/requests/${request.id}/decisions`, {
            verdict: 'approve', revision: 1, bundle_sha256: request.bundle_sha256 });
    };
    assert.equal((await approve(jon, 'low')).status, 200);
    await stack.psql('superuser', 'update cs.session set factor_at = null');
    for (const risk of ['low', 'medium', 'high'])
        assert.deepEqual(code(await approve(jon, risk)), [403, 'reauthentication_required']);
    jon.renew(await jon.post('/api/reauthenticate', { password: PASSWORD, code: app.code() }));
    for (const risk of ['low', 'medium', 'high'])
        assert.equal((await approve(jon, risk)).status, 200);
});

test('it is turned off by a code, soon after who they are was shown', async () => {
    const { client: liv, app, codes } = await enrolled('liv');
    const turnOff = (body) => liv.del(PATH, body);
    assert.deepEqual(code(await turnOff({})), [400, 'missing_field', 'code']);
    assert.deepEqual(code(await turnOff({ code: app.wrong() })), WRONG);
    await stack.psql('superuser',
                     "update cs.session set authenticated_at = now() - interval '1 hour'");
    assert.deepEqual(code(await turnOff({ code: app.code() })), [403, 'reauthentication_required']);
    liv.renew(await liv.post('/api/reauthenticate', { password: PASSWORD, code: codes[0] }));
    assert.equal((await liv.get(PATH)).body.set, true);
    const off = await turnOff({ code: app.code() });
    assert.equal(off.status, 204, off.text);
    assert.deepEqual((await liv.get(PATH)).body, { set: false, since: null, recovery_left: 0 });
    assert.equal((await login('liv')).status, 200);
    assert.deepEqual(code(await turnOff({ code: app.code(1) })), [409, 'wrong_state']);
    await forget();
});

// Proves: V6.4.4
test('the operator takes it from who lost it, which is written down', async () => {
    const listed = async (name) => JSON.parse(await stack.operator('person', 'list', '--json'))
        .find((person) => person.login === name).second_factor;
    const { client: max } = await enrolled('max');
    assert.equal(await listed('max'), true);
    await stack.operator('person', 'reset-factor', 'max');
    assert.equal(await listed('max'), false);
    assert.equal((await max.get('/api/me')).status, 401, 'their sessions end');
    assert.equal((await login('max')).status, 200);
    assert.deepEqual((await events('max')).map(({ event }) => event)
        .filter((event) => event.startsWith('person.factor')),
                     ['person.factor_on', 'person.factor_reset']);
    for (const [name, text] of [['max', /max has no second factor/], ['nobody', /nobody/]])
        await assert.rejects(stack.operator('person', 'reset-factor', name),
                             ({ stderr }) => text.test(stderr));
});

test('an admin sees who has one', async () => {
    await enrolled('noa');
    const boss = await stack.signIn('boss');
    const { people } = (await boss.get('/api/people')).body;
    const has = (name) => people.find((one) => one.login === name).second_factor;
    assert.deepEqual([has('noa'), has('ove')], [true, false]);
});

test('where it is required, who has none does nothing but set it up', async (t) => {
    const before = await withPassword('pia');
    const token = async (scope) => stack.client((await before.post('/api/tokens', {
        name: scope, scopes: [scope] })).body.token);
    const [deciding, reading] = [await token('decide'), await token('read')];
    t.after(() => stack.restart('api', { SECOND_FACTOR: 'offered' }));
    await stack.restart('api', { SECOND_FACTOR: 'required' });
    const pia = stack.client();
    pia.remember(await login('pia'));
    const MISSING = [403, 'second_factor_missing'];
    for (const one of [before, pia]) {
        assert.deepEqual((await one.get('/api/me')).body.second_factor,
                         { set: false, required: true, missing: true });
        for (const where of ['/api/requests', '/api/people', '/api/tokens', '/api/events'])
            assert.deepEqual(code(await one.get(where)), MISSING, where);
    }
    assert.deepEqual(code(await pia.post('/api/requests', { language: 'sql', code: 'select 1' })),
                     MISSING);
    assert.equal((await pia.get('/api/sessions')).status, 200);
    assert.equal((await reading.get('/api/requests')).status, 200);
    const decided = await deciding.post('/api/requests/1/decisions', {
        verdict: 'approve', revision: 1, bundle_sha256: '0'.repeat(64) });
    assert.deepEqual(code(decided), MISSING);
    const ana = await stack.signIn('ana');
    assert.deepEqual((await ana.get('/api/me')).body.second_factor,
                     { set: false, required: false, missing: false });
    assert.equal((await ana.get('/api/requests')).status, 200, 'it is required of others');
    await setUpFactor(pia);
    assert.deepEqual((await pia.get('/api/me')).body.second_factor,
                     { set: true, required: true, missing: false });
    assert.equal((await pia.get('/api/requests')).status, 200);
    assert.equal((await before.get('/api/me')).status, 401);
});

test('with another key no app is known, but recovery codes are', async (t) => {
    const { app, codes } = await enrolled('uma');
    const environ = await fs.readFile(`/proc/${stack.pid('api')}/environ`, 'latin1');
    const [, own] = /\0FACTOR_KEY_FILE=([^\0]+)/.exec(environ);
    const other = path.join(path.dirname(own), 'other.key');
    assert.equal(await stack.operator('key', 'create', 'factor', '--out', other), '');
    const { uid, gid } = await fs.stat(own);
    await fs.chown(other, uid, gid);
    t.after(() => stack.restart('api', { FACTOR_KEY_FILE: own }));
    await stack.restart('api', { FACTOR_KEY_FILE: other });
    assert.equal((await login('uma', { code: app.code() })).status, 500);
    assert.equal((await login('uma', { code: codes[0] })).status, 200);
    await stack.restart('api', { FACTOR_KEY_FILE: '' });
    assert.deepEqual(code(await login('uma', { code: app.code() })), [501, 'not_implemented']);
    const uma = stack.client();
    uma.remember(await login('uma', { code: codes[1] }));
    assert.deepEqual((await uma.get('/api/me')).body.second_factor,
                     { set: true, required: false, missing: false });
    assert.deepEqual(code(await uma.post(PATH)), [403, 'forbidden']);
    assert.equal((await uma.del(PATH, { code: codes[2] })).status, 204);
    assert.equal((await uma.get('/api/me')).body.second_factor, undefined, 'there is none to have');
});
