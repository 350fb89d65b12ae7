// Sandboxes to choose from, workers and what they run, pauses, and why something waits.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { build, startStack } from './stack.mjs';

const run = promisify(execFile);

const KEYS = { E2B_API_KEY: 'e2b_test', DAYTONA_API_KEY: 'dtn_test', E2B_TEMPLATE: 'my-template',
               DAYTONA_SNAPSHOT: 'my-snapshot' };
const NONE = { E2B_API_KEY: '', DAYTONA_API_KEY: '', SANDBOX: '', SANDBOXES: '' };

let stack;
let who;

before(async () => {
    stack = await startStack({ workers: 0, env: { ...NONE, ...KEYS } });
    await stack.people({ ana: ['analyst'], ann: ['analyst'], rob: ['reviewer'], adm: ['admin'] });
    await stack.operator('team', 'add', 'Elsewhere');
    await stack.operator('person', 'add', 'otto', '--team', 'Elsewhere', '--role', 'analyst');
    who = {};
    for (const login of ['ana', 'ann', 'rob', 'adm', 'otto'])
        who[login] = await stack.signIn(login);
});
after(() => stack?.stop());

const submit = (more = {}) => who.ana.post('/api/requests', { language: 'python', code: 'print(1)',
                                                              ...more });
const see = async (request) => (await who.ana.get(`/api/requests/${request.id}`)).body;
const refusal = ({ status, body }) => [status, body?.error?.code, body?.error?.field];

// A worker as the database knows it, alive for as long as the test lasts.
async function worker(backends) {
    const [{ hello }] = await stack.psql('superuser', `select cs.worker_hello(jsonb_build_object(
        'name', 'made', 'version', '9', 'slots', 2, 'backends', :'backends'::jsonb)) as hello`,
    { backends: JSON.stringify(backends) });
    await stack.psql('superuser', `update cs.worker set seen_at = now() + interval '1 hour'
        where id = ${hello.worker_id}`);
    return hello.worker_id;
}
const says = (id, backends) => stack.psql('superuser',
    `select cs.worker_report(${id}, :'backends'::jsonb)`, { backends: JSON.stringify(backends) });
const gone = (id) => stack.psql('superuser', `select cs.worker_bye(${id})`);

async function approved(more) {
    const { body } = await submit(more);
    const answer = await who.rob.post(`/api/requests/${body.id}/decisions`, {
        verdict: 'approve', revision: 1, bundle_sha256: body.bundle_sha256 });
    assert.equal(answer.status, 200, answer.text);
    return { ...body, attempt: answer.body.attempt_id };
}

test('a request runs where it asks for, with the image that was approved', async () => {
    for (const [sandbox, image] of [['local', 'system-python3'], ['e2b', 'my-template'],
                                    ['daytona', 'my-snapshot']]) {
        const made = await submit({ sandbox });
        assert.equal(made.status, 201, made.text);
        const request = await see(made.body);
        assert.deepEqual([request.sandbox, request.bundle.sandbox, request.bundle.image],
                         [sandbox, sandbox, image]);
        assert.equal(request.when_unavailable, 'wait');
    }
});

test('a batch names the element whose sandbox is wrong', async () => {
    const { body } = await who.ana.post('/api/requests:batch', { requests: [
        { language: 'python', code: 'x', sandbox: 'moon' },
        { language: 'python', code: 'x', sandbox: 'e2b', when_unavailable: 'fail' },
        { language: 'python', code: 'x', when_unavailable: 'no' }] });
    assert.deepEqual(body.results.map((row) => [row.status, row.body.error?.field]),
        [[400, 'requests.0.sandbox'], [201, undefined], [400, 'requests.2.when_unavailable']]);
});

test('another image is another approval', async () => {
    const [one, two] = [(await submit({ sandbox: 'local' })).body,
                        (await submit({ sandbox: 'e2b' })).body];
    const answer = await who.rob.post(`/api/requests/${one.id}/decisions`, {
        verdict: 'approve', revision: 1, bundle_sha256: two.bundle_sha256 });
    assert.deepEqual(refusal(answer), [409, 'stale', 'bundle_sha256']);
});

// [settings, the default, all that may be asked for]
const choices = [
    [{}, 'e2b', ['local', 'e2b', 'daytona']],
    [{ E2B_API_KEY: '' }, 'daytona', ['local', 'daytona']],
    [{ E2B_API_KEY: '', DAYTONA_API_KEY: '' }, 'local', ['local']],
    [{ SANDBOX: 'local' }, 'local', ['local', 'e2b', 'daytona']],
    [{ SANDBOX: 'daytona', DAYTONA_API_KEY: '' }, 'daytona', ['local', 'e2b', 'daytona']],
    [{ SANDBOXES: 'e2b' }, 'e2b', ['e2b']],
    [{ SANDBOX: 'local', SANDBOXES: 'daytona, e2b' }, 'local', ['local', 'e2b', 'daytona']],
    [{ SANDBOX: 'local', SANDBOXES: 'local' }, 'local', ['local']],
];
for (const [env, standard, offered] of choices)
    test(`with ${JSON.stringify(env)} a request runs in ${standard}`, async () => {
        await stack.restart('api', { ...NONE, ...KEYS, ...env });
        const { settings } = (await who.ana.get('/api/me')).body;
        assert.deepEqual([settings.sandbox, settings.sandboxes], [standard, offered]);
        assert.equal((await see((await submit()).body)).sandbox, standard);
        for (const sandbox of ['local', 'e2b', 'daytona']) {
            const answer = await submit({ sandbox });
            if (offered.includes(sandbox)) assert.equal(answer.status, 201, answer.text);
            else assert.deepEqual(refusal(answer), [400, 'invalid_field', 'sandbox']);
        }
    });

test('an api with a sandbox that there is not does not start', async () => {
    for (const env of [{ SANDBOX: 'moon' }, { SANDBOXES: 'local,moon' }, { SANDBOX: 'LOCAL' }])
        await assert.rejects(run(path.join(build, 'countersign-api'), [], {
            env: { ...env, DATABASE_URL: stack.database.api, API_PORT: '0' } }),
        ({ code, stderr }) => code === 1 && /SANDBOX(ES)? m/.test(stderr));
    await stack.restart('api', { ...NONE, ...KEYS });
});

test('what would rather fail is refused while its service is left alone', async () => {
    const until = new Date(Date.now() + 17000).toISOString();
    const id = await worker({ e2b: { ready: false, breaker: 'open', until, why_not: 'timeouts' } });
    const wish = { sandbox: 'e2b', when_unavailable: 'fail' };
    const answer = await submit(wish);
    assert.deepEqual(refusal(answer), [503, 'breaker_open', 'sandbox']);
    assert.match(answer.body.error.message, /timeouts/);
    const after = Number(answer.headers.get('retry-after'));
    assert.ok(after >= 1 && after <= 17, `Retry-After: ${after}`);
    assert.equal((await submit({ sandbox: 'e2b' })).status, 201);
    assert.equal((await submit({ ...wish, sandbox: 'local' })).status, 201);
    const key = { 'idempotency-key': 'breaker' };
    const first = await who.ana.post('/api/requests',
        { language: 'python', code: 'x', ...wish }, key);
    assert.equal(first.status, 503);
    await says(id, { e2b: { ready: true, breaker: 'half_open' } });
    const second = await who.ana.post('/api/requests',
        { language: 'python', code: 'x', ...wish }, key);
    assert.equal(second.status, 201, 'a refused request does not use its key up');
    assert.equal((await see(second.body)).when_unavailable, 'fail');
    await gone(id);
});

test('a request that does not start says why', async () => {
    const made = await approved({ sandbox: 'e2b' });
    const why = async () => (await see(made)).waiting;
    const { reason, since } = await why();
    assert.equal(reason, 'no_worker');
    assert.ok(Math.abs(Date.parse(since) - Date.now()) < 60000, since);
    const id = await worker({ e2b: { ready: false, why_not: 'the key was refused' } });
    assert.deepEqual({ ...await why(), since: 0 },
        { reason: 'not_ready', message: 'the key was refused', since: 0 });
    const until = '2100-01-01T00:00:00.000Z';
    await says(id, { e2b: { ready: false, breaker: 'open', until, why_not: 'five timeouts' } });
    assert.deepEqual({ ...await why(), since: 0 },
        { reason: 'breaker_open', message: 'five timeouts', until, since: 0 });
    const { body } = await who.ana.get('/api/requests?view=mine');
    assert.equal(body.requests.find((row) => row.id === made.id).waiting.reason, 'breaker_open');
    assert.ok(body.requests.every((row) => 'sandbox' in row));
    await says(id, { e2b: { ready: true, breaker: 'closed', isolation: 'vm' } });
    assert.equal(await why(), null);
    await gone(id);
});

test('the fleet: who runs what, as far as one may see it', async () => {
    const made = await approved({ sandbox: 'daytona' });
    const id = await worker({ daytona: { ready: true, breaker: 'closed', failures: 0,
        isolation: 'container' } });
    await stack.psql('superuser',
        `select from cs.claim_attempts(${id}, '{${made.attempt}}', 60000)`);
    const sees = async (login) => {
        const { status, body } = await who[login].get('/api/workers');
        assert.equal(status, 200);
        return { ...body, one: body.workers.find((w) => w.id === id) };
    };
    for (const login of ['ana', 'rob', 'adm']) {
        const { one } = await sees(login);
        assert.deepEqual([one.name, one.version, one.slots, one.alive], ['made', '9', 2, true]);
        assert.deepEqual(one.attempts.map((a) => [a.request_id, a.id, a.state, a.backend]),
            [[made.id, made.attempt, 'claimed', 'daytona']], login);
        assert.equal(one.attempts_hidden, 0);
    }
    for (const login of ['ann', 'otto']) {
        const { one } = await sees(login);
        assert.deepEqual([one.attempts, one.attempts_hidden], [[], 1], login);
    }
    const { backends } = await sees('ana');
    assert.deepEqual(Object.keys(backends).sort(), ['daytona', 'e2b', 'local']);
    assert.deepEqual(backends.daytona, { state: 'ready', workers: 1, ready_attempts: 0 });
    assert.equal(backends.e2b.state, 'no_worker');
    await gone(id);
});

test('admins pause all, a team or a backend, and end it again', async () => {
    const id = await worker({ local: { ready: true, isolation: 'namespaces' },
        e2b: { ready: true, isolation: 'vm' } });
    const [{ team }] = await stack.psql('superuser',
        "select id as team from cs.team where name = 'Elsewhere'");
    for (const login of ['ana', 'rob'])
        for (const send of ['post', 'del'])
            assert.deepEqual(refusal(await who[login][send]('/api/pauses', { scope: 'all' })),
                [403, 'wrong_role', undefined]);
    const made = await approved({ sandbox: 'e2b' });
    for (const scope of ['all', 'backend:e2b', `team:${team}`]) {
        const answer = await who.adm.post('/api/pauses', { scope, reason: 'audit day' });
        assert.equal(answer.status, 201, answer.text);
        assert.deepEqual([answer.body.scope, answer.body.reason, answer.body.by.name],
                         [scope, 'audit day', 'adm']);
        const { waiting } = await see(made);
        assert.equal(waiting?.reason, scope.startsWith('team') ? undefined : 'paused', scope);
        const claimed = await stack.psql('superuser', `select attempt_id
            from cs.claim_attempts(${id}, '{${made.attempt}}', 60000)`);
        if (!scope.startsWith('team')) assert.deepEqual(claimed, [], scope);
        const seen = async (login) => (await who[login].get('/api/workers')).body.pauses.map(
            (pause) => pause.scope);
        assert.deepEqual(await seen('adm'), [scope]);
        assert.deepEqual(await seen('otto'), [scope]);
        assert.deepEqual(await seen('ana'), scope.startsWith('team') ? [] : [scope]);
        assert.equal((await who.adm.del('/api/pauses', { scope })).status, 204);
        assert.deepEqual(refusal(await who.adm.del('/api/pauses', { scope })),
            [404, 'not_found', 'scope']);
    }
    const rows = await stack.psql('auditor', `select actor, event, body ->> 'scope' as scope
        from audit.audit_logs where event like 'pause.%' order by id`);
    assert.deepEqual(rows.map((row) => Object.values(row).join(' ')),
        ['all', 'backend:e2b', `team:${team}`].flatMap(
            (scope) => [`adm pause.set ${scope}`, `adm pause.clear ${scope}`]));
    await gone(id);
});

test('what is wrong in the end of a pause is named', async () => {
    for (const [body, code, field] of [
        [{}, 'missing_field', 'scope'], [{ scope: 1 }, 'invalid_field', 'scope'],
        [{ scope: 'moon' }, 'invalid_field', 'scope'],
        [{ scope: 'x'.repeat(65) }, 'invalid_field', 'scope'],
        [{ scope: 'all', reason: 'x' }, 'unknown_field', 'reason']])
        assert.deepEqual(refusal(await who.adm.del('/api/pauses', body)), [400, code, field]);
});

test('metrics count by backend', async () => {
    const id = await worker({ e2b: { ready: false, breaker: 'open' } });
    await stack.psql('superuser', `select cs.janitor_deleted(${id}, 'e2b', 3)`);
    const text = await (await fetch(`${stack.url}/metrics`)).text();
    for (const line of text.trim().split('\n'))
        assert.match(line, /^(# TYPE \w+ (counter|gauge|histogram)|\w+(\{.*\})? [\d.e+-]+)$/);
    const value = (name, ...labels) => Number(text.split('\n').find((line) => (
        line.startsWith(`countersign_${name}{`) && labels.every((label) => line.includes(label))))
        ?.split(' ').at(-1));
    assert.equal(value('janitor_deleted_total', 'backend="e2b"'), 3);
    assert.equal(value('janitor_deleted_total', 'backend="local"'), 0);
    assert.equal(value('backend_state', 'backend="e2b"', 'state="breaker_open"'), 1);
    assert.equal(value('backend_state', 'backend="e2b"', 'state="ready"'), 0);
    assert.ok(value('backend_attempts', 'backend="e2b"', 'state="ready"') >= 1);
    assert.match(text, /^# TYPE countersign_janitor_deleted_total counter$/m);
    await gone(id);
});
