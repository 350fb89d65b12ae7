// People and teams by admins, and that nobody decides on what counts as their own, on any path.
// Proves: V7.4.2
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from './stack.mjs';

let stack;
let who;
let id;

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], ros: ['reviewer'],
                         boss: ['analyst', 'reviewer', 'admin'] });
    await stack.operator('person', 'add', 'bot', '--team', 'data', '--agent-of', 'boss');
    who = {};
    for (const login of ['ana', 'rob', 'ros', 'boss']) who[login] = await stack.signIn(login);
    const rows = await stack.psql('superuser', 'select id, login from cs.person');
    id = Object.fromEntries(rows.map((row) => [row.login, row.id]));
});
after(() => stack?.stop());

const submit = async (client, more = {}) => {
    const answer = await client.post('/api/requests',
                                     { language: 'python', code: 'print(1)', ...more });
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
};
const decide = (client, request, verdict = 'approve', more = {}) => (
    client.post(`/api/requests/${request.id}/decisions`, {
        verdict, revision: request.revision, bundle_sha256: request.bundle_sha256, note: 'because',
        ...more }));
const code = (answer) => [answer.status, answer.body?.error?.code];
const token = async (login, scopes) => (
    (await stack.operator('token', 'create', login, '--scope', scopes)).split(/\s+/).at(-1));

// No verdict of this person is taken, and they are told beforehand.
async function isOwn(client, request) {
    for (const verdict of ['approve', 'reject', 'request_changes'])
        assert.deepEqual(code(await decide(client, request, verdict)), [403, 'own_request'],
                         verdict);
    const seen = await client.get(`/api/requests/${request.id}`);
    assert.equal(seen.body.can.decide, false);
    assert.equal(seen.body.cannot_decide_because, 'own_request');
    assert.equal(seen.body.state, 'pending');
    const [{ n }] = await stack.psql('superuser',
        `select count(*)::int as n from cs.decision where request_id = ${request.id}`);
    assert.equal(n, 0);
}

test('the author does not decide, not by session and not by token', async () => {
    const request = await submit(who.boss);
    await isOwn(who.boss, request);
    await isOwn(stack.client(await token('boss', 'read,decide')), request);
    assert.equal((await decide(who.rob, request)).status, 200);
});

test('who edited a revision does not decide on any', async () => {
    const request = await submit(who.ana);
    const edited = await who.boss.post(`/api/requests/${request.id}/revisions`,
                                       { revision: 1, code: 'print(2)' });
    assert.equal(edited.status, 201, edited.text);
    await isOwn(who.boss, edited.body);
    const again = await who.ana.post(`/api/requests/${request.id}/revisions`,
                                     { revision: 2, code: 'print(3)' });
    await isOwn(who.boss, again.body);
    assert.equal((await decide(who.rob, again.body)).status, 200);
});

test('the owner of an agent does not decide on its work', async () => {
    const bot = stack.client(await token('bot', 'read,submit'));
    const request = await submit(bot);
    assert.equal((await bot.get(`/api/requests/${request.id}`)).body.author.owner.id, id.boss);
    await isOwn(who.boss, request);
    assert.deepEqual(code(await decide(bot, request)), [403, 'forbidden']);
    assert.equal((await decide(who.rob, request)).status, 200);
});

test('nor does who made the token, nor whose token the author made', async () => {
    const made = await who.boss.post('/api/tokens',
                                     { name: 'for ana', scopes: ['submit'], person_id: id.ana });
    assert.equal(made.status, 201, made.text);
    await isOwn(who.boss, await submit(stack.client(made.body.token)));
    const other = await who.boss.post('/api/tokens',
                                      { name: 'for ros', scopes: ['read'], person_id: id.ros });
    assert.equal(other.status, 201, other.text);
    await isOwn(who.ros, await submit(who.boss));
    assert.equal((await decide(who.ros, await submit(who.ana))).status, 200);
});

test('nor does somebody whom the author made', async () => {
    const { teams } = (await who.boss.get('/api/teams')).body;
    const made = await who.boss.post('/api/people', {
        login: 'pat', name: 'Pat', roles: ['reviewer'], team_ids: [teams[0].id] });
    assert.equal(made.status, 201, made.text);
    const pat = await stack.signIn('pat');
    await isOwn(pat, await submit(who.boss));
    assert.equal((await decide(pat, await submit(who.ana))).status, 200);
});

test('reviewers of another team neither see nor decide', async () => {
    await stack.operator('team', 'add', 'other');
    await stack.operator('person', 'add', 'oto', '--team', 'other', '--role', 'reviewer');
    const oto = await stack.signIn('oto');
    const request = await submit(who.ana);
    assert.deepEqual(code(await decide(oto, request)), [404, 'not_found']);
    assert.equal((await oto.get('/api/requests?view=all')).body.requests.length, 0);
    await who.boss.post('/api/teams', { name: 'third' });
});

test('somebody who lost the role can not decide any more', async () => {
    const request = await submit(who.ana);
    assert.equal((await who.boss.json('PATCH', `/api/people/${id.ros}`,
                                      { roles: ['analyst'] })).status, 204);
    assert.equal((await who.ros.get('/api/me')).status, 401, 'new roles end old sessions');
    const ros = await stack.signIn('ros');
    assert.deepEqual(code(await decide(ros, request)), [403, 'wrong_role']);
});

test('who may not decide at all is known to have tried', async () => {
    await stack.operator('person', 'add', 'ula', '--team', 'data', '--role', 'analyst');
    const request = await submit(who.ana);
    const at = `/api/requests/${request.id}`;
    const glass = { revision: 1, bundle_sha256: request.bundle_sha256,
                    reason: 'Nobody else is awake, and it must run now' };
    const byToken = async (login, scopes) => stack.client(await token(login, scopes));
    const bot = await byToken('bot', 'read,submit');
    const made = await submit(bot);
    const forms = { 'content-type': 'text/plain' };
    for (const [answer, expected] of [
        [await decide(who.ana, request), 'wrong_role'],
        [await decide(await byToken('ana', 'read,submit'), request, 'reject'), 'forbidden'],
        [await decide(await byToken('rob', 'read'), request), 'forbidden'],
        [await who.ana.post(`${at}/decisions`, { verdict: 'make it so' }, forms), 'wrong_role'],
        [await who.ana.post(`${at}/break-glass`, glass), 'wrong_role'],
        [await decide(await stack.signIn('ula'), request), 'wrong_role'],
        [await decide(bot, made), 'forbidden'],
    ]) assert.deepEqual(code(answer), [403, expected]);
    const kept = await stack.psql('superuser', `
        select l.entity_id::int = ${made.id} as bots, l.actor, l.body ->> 'code' as code,
               l.body ->> 'verdict' as verdict, l.token_id is not null as token
        from audit.audit_logs l where l.event = 'decision.refused'
          and l.entity_id in (${request.id}, ${made.id}) order by l.id`);
    assert.deepEqual(kept.map(Object.values), [
        [false, 'ana', 'own_request', 'approve', false],
        [false, 'ana', 'own_request', 'reject', true],
        [false, 'rob', 'forbidden', 'approve', true],
        [false, 'ana', 'own_request', null, false],
        [false, 'ana', 'own_request', 'break_glass', false],
        [true, 'bot', 'own_request', 'approve', true],
    ], 'and who does not see the request leaves no trace in it');
    const asked = await stack.psql('superuser', `select person from audit.self_approval_attempts
        where request_id = ${request.id}`);
    assert.deepEqual(asked.map(({ person }) => person), ['ana', 'ana', 'ana', 'ana'],
                     'the question of auditors finds them');
});

// Proves: I14
test('a page of another site makes nobody one who tried', async () => {
    const request = await submit(who.ana);
    const answer = await who.ana.post(`/api/requests/${request.id}/decisions`,
                                      { verdict: 'approve' }, { 'x-csrf-token': '0'.repeat(64) });
    assert.deepEqual(code(answer), [403, 'csrf']);
    assert.deepEqual(await stack.psql('superuser', `select from cs.audit_event
        where event = 'decision.refused' and entity_id = ${request.id}`), []);
});

test('admins list people and change them; nobody else does', async () => {
    const { people } = (await who.boss.get('/api/people')).body;
    assert.ok(people.find((one) => one.login === 'pat'));
    assert.ok(!JSON.stringify(people).includes('argon2'));
    const pat = people.find((one) => one.login === 'pat');
    const named = await who.boss.json('PATCH', `/api/people/${pat.id}`, { name: 'Patricia' });
    assert.equal(named.status, 204, named.text);
    const session = await stack.signIn('pat');
    assert.equal(session.person.name, 'Patricia');
    await who.boss.json('PATCH', `/api/people/${pat.id}`, { disabled: true });
    assert.equal((await session.get('/api/me')).status, 401);
    assert.deepEqual(code(await who.boss.json('PATCH', '/api/people/999999', { name: 'x' })),
                     [404, 'not_found']);
    for (const body of [{ login: 'x' }, { roles: ['root'] }, { disabled: 'yes' }, { name: '' },
                        { roles: ['agent'] }, { team_ids: [999999] }])
        assert.equal((await who.boss.json('PATCH', `/api/people/${pat.id}`, body)).status, 400,
                     JSON.stringify(body));
    const audit = await stack.psql('superuser', `select event from cs.audit_event
        where entity = 'person' and entity_id = ${pat.id} order by id`);
    assert.ok(audit.filter((row) => row.event === 'person.change').length >= 2);
});

test('an agent made over HTTP belongs to its owner and has no more than its scopes', async () => {
    const made = await who.boss.post('/api/people', {
        login: 'robot', name: 'Robot', kind: 'agent', roles: ['agent'], owner_id: id.ana,
        team_ids: [(await who.boss.get('/api/teams')).body.teams[0].id] });
    assert.equal(made.status, 201, made.text);
    const own = await who.ana.post('/api/tokens', {
        name: 'robot', scopes: ['read', 'submit'], person_id: made.body.id });
    assert.equal(own.status, 201, own.text);
    const request = await submit(stack.client(own.body.token));
    assert.equal((await who.ana.get(`/api/requests/${request.id}`)).body.author.kind, 'agent');
    const never = await who.ana.post('/api/tokens', {
        name: 'robot', scopes: ['decide'], person_id: made.body.id });
    assert.deepEqual([...code(never), never.body.error.field], [400, 'invalid_field', 'scopes']);
});

// Proves: T11
test('no team is made whose name can be taken for that of another', async () => {
    assert.equal((await who.boss.post('/api/teams', { name: 'Cost Centre' })).status, 201);
    for (const name of ['C\u043est Centre', 'C\u03bfst Centre', 'C\u041eST CENTR\u0415',
        'Cost  Centre', ' Cost Centre ', 'Cost\u00a0Centre', 'CostCentre',
        '\uff23ost Centre', 'Cost Centr\u212e', 'c0st centre', '\u0421\u043est \u0421entre']) {
        const made = await who.boss.post('/api/teams', { name });
        assert.deepEqual([...code(made), made.body.error?.field], [409, 'conflict', 'name'], name);
    }
    for (const name of ['Cost Center', 'Kost Centre', '\u0446\u0435\u043d\u0442\u0440'])
        assert.equal((await who.boss.post('/api/teams', { name })).status, 201, name);
});

// Proves: T11
test('nobody gets a name that looks like that of another', async () => {
    const add = (login, name) => who.boss.post('/api/people', { login, name,
        roles: ['reviewer'], team_ids: [] });
    assert.equal((await add('real', 'Irene Paul')).status, 201);
    for (const name of ['Irene \u0420aul', 'lrene Paul', '\u0406rene Paul', 'Irene  Paul',
                        'Irene P\u0430u\u217c', 'IRENE \u0420AUL'])
        assert.deepEqual(code(await add('fake', name)), [409, 'conflict'], name);
    const twin = await add('twin', 'Irene Paul');
    assert.equal(twin.status, 201, 'people have names in common');
    const at = `/api/people/${twin.body.id}`;
    const change = async (name) => code(await who.boss.json('PATCH', at, { name }));
    assert.deepEqual(await change('Irene Pau1'), [409, 'conflict']);
    assert.deepEqual((await change('Irene Paula'))[0], 204);
    assert.deepEqual((await change('Irene P\u0430ula'))[0], 204, 'it is like the own one alone');
});

test('a name in which nobody sees anything is none', async () => {
    for (const name of [' ', '\u00a0', '\u3164', '\u200b\u200d'])
        for (const [path, more] of [['people', { login: 'unseen', roles: ['reviewer'] }],
                                    ['teams', {}], ['tokens', { scopes: ['read'] }]]) {
            const made = await who.boss.post(`/api/${path}`, { name, ...more });
            assert.deepEqual([...code(made), made.body.error?.field],
                             [400, 'invalid_field', 'name'], `${path} ${JSON.stringify(name)}`);
        }
    // What joins letters of some scripts is fine between them.
    const joined = await who.boss.post('/api/teams', { name: '\u0646\u200c\u0645' });
    assert.equal(joined.status, 201, joined.text);
});
