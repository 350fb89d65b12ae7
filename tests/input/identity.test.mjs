// Sign-ins, rights and keys (d.5) over one stack.
// Proves: V6.3.8
import test from 'node:test';
import assert from 'node:assert/strict';
import { openWorld, runRows, checkLog } from './rows.mjs';
import { makeWorld, people } from './world.mjs';
import { identity } from './identity.mjs';

const MORE = { rod: ['reviewer'], tom: ['analyst'], pam: ['analyst'],
               all: ['analyst', 'reviewer', 'admin'] };
const BODY = { language: 'python', code: 'print(1)' };

async function makeTokens({ stack, who, names }) {
    const token = async (login, scope = 'read') => (
        await stack.operator('token', 'create', login, '--scope', scope)).split(/\s+/).at(-1);
    for (const [name, login] of [['read', 'rob'], ['expired', 'ana'], ['revoked', 'ana'],
                                 ['disabled', 'tom']]) names[name] = await token(login);
    const [{ id }] = await stack.psql('superuser', `select max(id) as id from cs.api_token
        where person_id = (select id from cs.person where login = 'ana')`);
    names.token = id;
    await who.ana.del(`/api/tokens/${id}`);
    await stack.psql('superuser', `update cs.api_token set expires_at = now()
        where id = ${id} - 1`);
    await stack.operator('person', 'add', 'bot', '--team', 'data', '--agent-of', 'ana');
    const [bot] = await stack.psql('superuser', "select id from cs.person where login = 'bot'");
    names.agent = bot.id;
}

async function makeSessions({ stack, who, names }) {
    const { cookie, csrf } = who.ana;
    const link = await stack.operator('link', 'bob');
    names.used_link = link.slice(link.indexOf('#') + 1);
    await stack.client().signIn(names.used_link);
    const gone = await stack.signIn('bob');
    names.ended = gone.cookie;
    assert.equal((await gone.post('/api/logout')).status, 204);
    await who.pam.post('/api/password', { password: 'correct horse' });
    names.disabled_cookie = who.tom.cookie;
    await stack.operator('person', 'disable', 'tom');
    names.session = (await who.ana.get('/api/sessions')).body.sessions[0].id;
    Object.assign(names, { cookie, csrf, wrong_csrf: 'f'.repeat(64), other_csrf: who.rob.csrf,
                           cookie_name: cookie.split('=')[0], cookie_value: cookie.split('=')[1],
                           host: new URL(stack.url).host });
}

async function makeRequests({ who, names }) {
    const own = (await who.all.post('/api/requests', BODY)).body;
    const sent = (await who.ana.post('/api/requests', BODY, { 'idempotency-key': '"used"' })).body;
    await who.rob.post(`/api/requests/${sent.id}/decisions`, {
        verdict: 'approve', revision: 1, bundle_sha256: sent.bundle_sha256, undo_seconds: 60 });
    Object.assign(names, { own: own.id, own_digest: own.bundle_sha256, approved: sent.id,
                           approved_digest: sent.bundle_sha256 });
}

const world = openWorld({
    people: { ...people, ...MORE },
    prepare: async (made) => {
        await makeWorld(made);
        await makeTokens(made);
        await makeSessions(made);
        await makeRequests(made);
    },
});

runRows(world, 'identity', identity);

test('what was taken of these changed nothing either', async () => {
    assert.deepEqual(await world.state.changes(), []);
});

checkLog(world);
