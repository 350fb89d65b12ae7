// Break-glass over HTTP and with a real worker: off by default, loud, and only by who may.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { build, startStack, until } from './stack.mjs';

const run = promisify(execFile);

const GRAVE = 'import socket\nif False:\n    socket.create_connection(("h", 1))\nprint(1)\n';
const REASON = 'The ledger must be mended before the bank opens.';
let stack;
let ana;
let rob;
let eva; // an admin of the team
let max; // an admin of the team who asks, too
let zoe; // an admin of another team
const people = {};

before(async () => {
    stack = await startStack({ env: { SWEEP_MS: '200' } });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], rod: ['reviewer'], eva: ['admin'],
                         max: ['analyst', 'admin'] });
    await stack.people({ zoe: ['admin'] }, 'others');
    for (const login of ['ana', 'rob', 'eva', 'max', 'zoe'])
        people[login] = await stack.signIn(login);
    ({ ana, rob, eva, max, zoe } = people);
});
after(() => stack?.stop());

/** A request of high risk, unless other code is given. */
async function submit(who = ana, code = GRAVE, risk = 'high') {
    const { status, body } = await who.post('/api/requests', { language: 'python', code });
    assert.deepEqual([status, body.risk], [201, risk], JSON.stringify(body));
    const { findings } = await detail(body.id, who);
    return { ...body, grave: findings.filter(({ level }) => level !== 'note').map(({ id }) => id) };
}

const bodyOf = ({ revision, bundle_sha256, grave }, more) =>
    ({ revision, bundle_sha256, reason: REASON, acknowledged: grave, undo_seconds: 0, ...more });
const breakGlass = (who, request, more = {}) =>
    who.post(`/api/requests/${request.id}/break-glass`, bodyOf(request, more));
const detail = async (id, who = eva) => (await who.get(`/api/requests/${id}`)).body;
const said = ({ status, body: { error } }) =>
    [status, error?.code, error?.field].filter(Boolean).join(' ');
const total = async () => Number(/^countersign_break_glass_total (.*)$/m.exec(
    (await stack.client().get('/metrics')).text)[1]);

test('without the setting there is no such thing, whatever the operator says', async () => {
    const request = await submit();
    assert.match(await stack.operator('break-glass', 'on'), /\bon\b/);
    assert.equal(said(await breakGlass(eva, request)), '404 not_found');
    assert.deepEqual(await stack.psql('superuser', `select actor, body ->> 'code' as code
        from audit.audit_logs where event = 'decision.refused' and entity_id = ${request.id}`),
                     [{ actor: 'eva', code: 'off' }], 'that she tried is kept');
    assert.equal((await eva.get('/api/me')).body.settings.break_glass, false);
    await stack.operator('break-glass', 'off');
    await stack.restart('api', { BREAK_GLASS: '1' });
});

test('with the setting alone it is forbidden, and nothing changes', async () => {
    const request = await submit();
    assert.match(await stack.operator('break-glass', 'status'), /\boff\b/);
    assert.equal(said(await breakGlass(eva, request)), '403 forbidden');
    const { state, can } = await detail(request.id);
    assert.deepEqual([state, can.break_glass], ['pending', false]);
    await assert.rejects(stack.operator('break-glass'), /one of on, off and status/);
    await stack.operator('break-glass', 'on');
    assert.equal((await detail(request.id)).can.break_glass, true);
});

test('who may not, one\'s own, a short reason and an old session are refused', async () => {
    const request = await submit();
    assert.equal(said(await breakGlass(rob, request)), '403 wrong_role');
    assert.equal(said(await breakGlass(zoe, request)), '403 wrong_role');
    assert.equal(said(await breakGlass(max, await submit(max))), '403 own_request');
    assert.equal(said(await breakGlass(eva, request, { reason: 'too short' })),
        '400 invalid_field reason');
    assert.equal(said(await breakGlass(eva, request, { reason: `x${' '.repeat(30)}` })),
        '400 invalid_field reason');
    assert.equal(said(await breakGlass(eva, request, { acknowledged: [] })),
        '400 missing_field acknowledged');
    assert.equal(said(await breakGlass(eva, request, { reason: undefined })),
        '400 missing_field reason');
    assert.equal(said(await breakGlass(eva, request, { revision: 2 })), '409 stale revision');
    assert.equal(said(await breakGlass(eva, await submit(ana, '1\n', 'low'))), '409 conflict');
    const token = /\bcst?_[\w-]{43}/.exec(
        await stack.operator('token', 'create', 'eva', '--scope', 'decide'))[0];
    assert.equal(said(await breakGlass(stack.client(token), request)), '403 forbidden');
    await stack.psql('superuser', `update cs.session set authenticated_at =
        clock_timestamp() - interval '901 seconds' where person_id =
        (select id from cs.person where login = 'eva')`);
    assert.equal(said(await breakGlass(eva, request)), '403 reauthentication_required');
    eva = await stack.signIn('eva');
    assert.equal((await detail(request.id)).state, 'pending');
    assert.equal(await total(), 0);
});

test('broken, it runs, and everybody can see how it was approved', async () => {
    const request = await submit();
    const stream = await ana.events();
    const key = { 'idempotency-key': 'night-1' };
    const send = () => eva.post(`/api/requests/${request.id}/break-glass`, bodyOf(request), key);
    const answer = await send();
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([answer.body.state, answer.body.break_glass], ['approved', true]);
    const { data } = await stream.until((one) => one.data?.what === 'decision.break_glass');
    assert.equal(data.id, request.id);
    stream.close();
    assert.deepEqual((await send()).body, answer.body);
    await until(async () => (await detail(request.id)).state === 'succeeded', 'the run');
    const { break_glass, decisions, activity } = await detail(request.id, ana);
    assert.equal(break_glass, true);
    assert.deepEqual([decisions[0].verdict, decisions[0].note], ['break_glass', REASON]);
    assert.ok(activity.some((one) => one.event === 'decision.break_glass'));
    const line = (await stack.log('api')).split('\n').filter((one) => one.startsWith('{'))
        .map((one) => JSON.parse(one)).find((one) => one.event === 'decision.break_glass');
    assert.deepEqual([line.level, line.request_id], ['warn', request.id]);
    assert.equal(await total(), 1);
    const found = (await zoe.get('/api/requests?view=break_glass')).body;
    assert.deepEqual([found.requests.map((one) => one.id), found.counts.break_glass],
        [[request.id], 1]);
    const asked = await zoe.post('/api/audit/query', { question: 'break_glass_approvals' });
    assert.ok(asked.text.includes(REASON), asked.text);
    assert.deepEqual(await stack.psql('auditor',
        'select * from audit.runs_without_valid_approval'), []);
    await run(path.join(build, 'countersign'), ['audit', 'verify'], { env: {
        PATH: process.env.PATH, VERIFIER_DATABASE_URL: stack.database.verifier,
        ...stack.state.files } });
});

/** Lets the window to undo end now, and rings for the run. */
async function startNow(attempt) {
    await stack.psql('superuser', `set session_replication_role = replica;
        update cs.attempt set not_before = clock_timestamp() where id = ${attempt}`);
    await stack.redis('lpush', 'queue:run:local', attempt);
}

async function neverStarted(id, attempt, reason) {
    await until(async () => (await detail(id)).state === 'pending', 'the refusal');
    const [row] = await stack.psql('superuser',
        `select state, started_at from cs.attempt where id = ${attempt}`);
    assert.deepEqual(row, { state: 'cancelled', started_at: null });
    const [refused] = await stack.psql('auditor', `select body from audit.audit_logs
        where entity = 'request' and entity_id = ${id} and event = 'attempt.refused'`);
    assert.equal(refused.body.reason, reason);
}

test('switched off before the start, it does not start', async () => {
    const request = await submit();
    const { body } = await breakGlass(eva, request, { undo_seconds: 60 });
    await stack.operator('break-glass', 'off');
    await startNow(body.attempt_id);
    await neverStarted(request.id, body.attempt_id, 'quorum');
    await stack.operator('break-glass', 'on');
});

test('forged in the database, it does not start: it is not signed', async () => {
    const request = await submit();
    const signed = await breakGlass(eva, await submit(), { undo_seconds: 60 });
    assert.equal(signed.status, 200, signed.text);
    // All columns of a true one, signature and key as well, but about another request.
    await stack.psql('superuser', `set session_replication_role = replica;
        insert into cs.decision (request_id, revision, round, reviewer_id, verdict, bundle_sha256,
            note, session_id, decided_at, valid_until, needed, signature, key_id)
        select ${request.id}, o.revision, o.round, o.reviewer_id, o.verdict,
            decode('${request.bundle_sha256}', 'hex'), o.note, o.session_id, o.decided_at,
            o.valid_until, o.needed, o.signature, o.key_id
        from cs.decision o where o.id = ${signed.body.decision_id};
        update cs.request set state = 'approved', expires_at = clock_timestamp()
            + interval '1 hour' where id = ${request.id};
        insert into cs.attempt (request_id, revision, round, backend, not_before, valid_until)
        select d.request_id, d.revision, d.round, 'local', clock_timestamp(), d.valid_until
        from cs.decision d where d.request_id = ${request.id};
        insert into cs.attempt_decision select a.id, d.id
        from cs.attempt a join cs.decision d using (request_id) where request_id = ${request.id}`);
    const [{ id }] = await stack.psql('superuser',
        `select id from cs.attempt where request_id = ${request.id}`);
    await startNow(id);
    await neverStarted(request.id, id, 'signature');
});
