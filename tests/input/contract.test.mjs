// docs/openapi.yaml against the tables that the api works by, and against real answers.
// Proves: V8.2.3
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { Provider } from '../fake/oidc.mjs';
import { openWorld } from './rows.mjs';
import { routes, errors } from './api.mjs';
import { doc, operations, resolve, checkAnswer, bodiesOf } from './openapi.mjs';
import { tell } from './story.mjs';

const provider = await Provider.start();
const world = openWorld({
    env: { ...provider.env, BREAK_GLASS: '1' },
    people: { ana: ['analyst'], rob: ['reviewer'], adm: ['admin'] }, workers: 1,
});
after(() => provider.stop());

// The page and its files are no interface.
const isPage = ({ path }) => path.startsWith('/assets/') || path === '/favicon.ico'
    || (!path.startsWith('/api/') && !['/healthz', '/readyz', '/metrics'].includes(path));
const offered = new Map(routes.filter((route) => !isPage(route))
    .map((route) => [`${route.method} ${route.path}`, route]));

test('it describes every route, and no other', () => {
    assert.deepEqual(operations.map((one) => one.name).sort(), [...offered.keys()].sort());
});

const access = ({ operation }) => {
    const ways = (operation.security ?? doc.security).map((way) => Object.keys(way)[0]);
    return ways.includes('token') ? 'signed_in' : ways.includes('session') ? 'session' : 'anyone';
};
const bodyKind = ({ operation }) => {
    const types = Object.keys(resolve(operation.requestBody)?.content ?? {});
    if (!types.length) return 'none';
    return types.includes('application/json') ? 'json' : 'upload';
};
const queryNames = ({ parameters }) => parameters.filter((one) => one.in === 'query')
    .map((one) => one.name).sort().join(' ');

for (const one of operations)
    test(`${one.name}: who may, with what body and parameters`, () => {
        const { roles, scope, body, body_limit: limit, query = '', access: who }
            = offered.get(one.name) ?? {};
        const { operation } = one;
        assert.deepEqual({
            access: access(one), roles: [...(operation['x-roles'] ?? [])].sort(),
            scope: operation['x-scope'], body: bodyKind(one), limit: operation['x-max-bytes'],
            query: queryNames(one),
        }, {
            access: who, roles: [...roles].sort(), scope, body, limit,
            query: query.split(' ').sort().join(' '),
        });
        const inPath = [...one.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        assert.deepEqual(one.parameters.filter((p) => p.in === 'path').map((p) => p.name), inPath);
        for (const { schema, example } of bodiesOf(one))
            assert.deepEqual(Object.keys(example).filter((name) => !schema.properties?.[name]), []);
    });

test('it knows every error code with its status, and no other', () => {
    const known = doc.components.schemas.ErrorCode;
    assert.deepEqual(Object.entries(known['x-status']).sort(),
                     errors.map(({ code, status }) => [code, status]).sort());
    assert.deepEqual([...known.enum].sort(), errors.map(({ code }) => code).sort());
});

test('each code stands under its own status', () => {
    const status = doc.components.schemas.ErrorCode['x-status'];
    const used = new Set();
    for (const { name, operation } of operations)
        for (const [under, response] of Object.entries(operation.responses)) {
            const { content = {} } = resolve(response);
            for (const code of content['application/json']?.schema?.['x-codes'] ?? []) {
                used.add(code);
                assert.ok(under === 'default' || Number(under) === status[code],
                          `${name}: ${code} under ${under}`);
            }
        }
    assert.deepEqual([...used].sort(), Object.keys(status).sort());
});

test('real answers of every route are as it promises', async () => {
    const called = new Set();
    await tell(world, provider, (method, target, answer) => {
        if (answer.status < 300) called.add(checkAnswer(method, target, answer).name);
        else checkAnswer(method, target, answer);
    });
    // Streams are read by their events, in the story itself.
    const silent = operations.filter(({ operation }) => (
        resolve(operation.responses['200'])?.content?.['text/event-stream']));
    for (const { name } of silent) called.add(name);
    assert.deepEqual([...called].sort(), [...offered.keys()].sort());
});

test('it sees an answer that is not as promised', async () => {
    const answer = await world.who.rob.get('/api/teams');
    checkAnswer('GET', '/api/teams', answer);
    answer.body.teams[0].secret = 1;
    assert.throws(() => checkAnswer('GET', '/api/teams', answer), /additional properties/);
    answer.status = 418;
    assert.throws(() => checkAnswer('GET', '/api/teams', answer));
    assert.throws(() => checkAnswer('GET', '/api/nope', answer), /not described/);
});
