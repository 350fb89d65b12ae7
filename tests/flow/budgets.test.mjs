// Budgets over HTTP, with runs at a service that cost money: what does not fit is refused, what was
// reserved comes back, a killed worker keeps it, and what is short of it waits.
// Proves: T26
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startE2b } from '../fake/e2b.mjs';
import { startStack, until } from './stack.mjs';

const ENDLESS = 'import time\ntime.sleep(600)';

let fake;
let stack;
let ana;
let rob;
let adm;
let scope;

before(async () => {
    fake = await startE2b();
    stack = await startStack({ env: { ...fake.env, LOCAL_OFF: '1', HEARTBEAT_MS: '500',
        LEASE_MS: '2000', SWEEP_MS: '200', JANITOR_SECONDS: '1' } });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], adm: ['admin'] });
    await stack.rulesOff();
    [ana, rob, adm] = [await stack.signIn('ana'), await stack.signIn('rob'),
                       await stack.signIn('adm')];
    scope = `user:${(await ana.get('/api/me')).body.person.id}`;
});
after(async () => {
    await stack?.stop();
    await fake?.stop();
});

const submit = (code = 'print(1)') => ana.post('/api/requests', { language: 'python', code });

async function decide({ body }, verdict) {
    const answer = await rob.post(`/api/requests/${body.id}/decisions`, { verdict,
        revision: body.revision, bundle_sha256: body.bundle_sha256, note: 'because',
        ...verdict === 'approve' && { undo_seconds: 0 } });
    assert.equal(answer.status, 200, answer.text);
}

const get = async ({ body }) => (await rob.get(`/api/requests/${body.id}`)).body;

async function isOver(sent, state) {
    const { body } = await ana.get(`/api/requests/${sent.body.id}?wait=60&until=done`);
    assert.equal(body.state, state, JSON.stringify(body.attempts));
    return body;
}

async function run(code) {
    const sent = await submit(code);
    await decide(sent, 'approve');
    return isOver(sent, 'succeeded');
}

const set = async (limit) => {
    const answer = await adm.put(`/api/budgets/${scope}`, { limit_nano_usd: limit });
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
};

async function used() {
    const { body } = await ana.get('/api/budgets');
    const [{ settled_nano_usd: settled, reserved_nano_usd: reserved, state }]
        = body.budgets[0].holders;
    return { settled, reserved, state };
}

let spent; // nano-USD, by what has run
let bound; // what one more may cost

test('a budget begins with what was spent', async () => {
    assert.deepEqual((await run()).budgets, []);
    const { costs } = await run();
    assert.ok(costs[0].nano_usd > 0, JSON.stringify(costs));
    await set(9000000000000000);
    const { settled, reserved, state } = await used();
    assert.ok(settled >= costs[0].nano_usd);
    assert.deepEqual([reserved, state], [0, 'active']);
    spent = settled;
});

test('it stops the second run, and what a reject gives back lets it in', async () => {
    const first = await submit();
    [{ bound_nano_usd: bound }] = (await get(first)).budgets;
    assert.deepEqual(await used(), { settled: spent, reserved: bound, state: 'active' });
    await set(spent + bound);
    assert.equal((await used()).state, 'stopped');
    const second = await submit();
    assert.deepEqual([second.status, second.body.error.code], [429, 'budget_exceeded']);
    assert.match(second.body.error.message, /^The budget of ana has no room for this until /);
    assert.ok(Number(second.headers.get('retry-after')) > 0);
    assert.ok(Number(second.headers.get('retry-after')) <= 31 * 86400);
    const batch = await ana.post('/api/requests:batch', { requests: [
        { language: 'python', code: 'print(1)' }, { language: 'python', code: 'print(2)' }] });
    assert.deepEqual(batch.body.results.map((one) => one.status), [429, 429]);
    await decide(first, 'reject');
    assert.deepEqual(await used(), { settled: spent, reserved: 0,
                                     state: spent >= 0.8 * (spent + bound) ? 'warned' : 'active' });
    const third = await submit();
    assert.equal(third.status, 201, third.text);
    await decide(third, 'approve');
    const { costs } = await isOver(third, 'succeeded');
    spent += costs[0].nano_usd;
    const { settled, reserved } = await used();
    assert.deepEqual([settled, reserved], [spent, 0]);
});

test('kill -9 of a worker keeps what is reserved, until a person settles it', async () => {
    await set(spent + 2 * bound);
    const sent = await submit(ENDLESS);
    await decide(sent, 'approve');
    await until(async () => (await get(sent)).state === 'running', 'the run');
    await stack.kill('worker');
    await stack.end('worker');
    assert.equal((await used()).reserved, bound);
    await stack.start('worker');
    await until(async () => (await get(sent)).state === 'outcome_unknown', 'the end of its lease');
    assert.deepEqual(await used().then(({ settled, reserved }) => [settled, reserved]),
                     [spent, bound]);
    const answer = await rob.post(`/api/requests/${sent.body.id}/settle`,
                                  { outcome: 'failed', note: 'the worker was killed' });
    assert.equal(answer.status, 200, answer.text);
    const { costs } = await get(sent);
    spent += costs[0].nano_usd;
    const { settled, reserved } = await used();
    assert.deepEqual([settled, reserved], [spent, 0]);
});

test('what was approved before a budget waits until there is room', async () => {
    assert.equal((await adm.del(`/api/budgets/${scope}`)).status, 204);
    await stack.halt('worker');
    const sent = await submit();
    await decide(sent, 'approve');
    await set(1);
    await stack.start('worker');
    const { waiting } = await until(async () => {
        const body = await get(sent);
        return body.waiting?.reason === 'budget' && body;
    }, 'a start that is refused');
    assert.match(waiting.message, /^The budget of ana has no room/);
    const { executions } = fake;
    const before = executions.length;
    assert.equal((await get(sent)).state, 'approved');
    await set(spent + 2 * bound);
    await isOver(sent, 'succeeded');
    assert.equal(executions.length, before + 1);
    const made = await stack.psql('superuser', `select count(*)::int as n from cs.audit_event
        where entity_id = ${sent.body.id} and event = 'attempt.refused'`);
    assert.deepEqual(made, [{ n: 1 }]); // it was not tried again while there was no room
});

test('the operator sets, sees and ends them', async () => {
    const line = await stack.operator('budgets', 'set', 'team:data', '--limit', '12.5', '--period',
                                      'day', '--soft', '50');
    assert.match(line, /team data +day +12\.50 +50 /);
    assert.match(await stack.operator('budgets'), /user:\d+ +ana +month/);
    assert.doesNotMatch(await stack.operator('budgets', 'end', 'team:data'), /team data/);
    for (const words of [['set', 'team:data'], ['set', 'team:data', '--limit', '1e3'],
                         ['set', 'team:data', '--limit', '0.0000000001'],
                         ['set', 'team:data', '--limit', '-1'],
                         ['set', 'team:data', '--limit', '.'],
                         ['set', 'team:data', '--limit', '1', '--soft', '0.8'],
                         ['set', 'team:data', '--limit', '1', '--period', 'year'],
                         ['set', 'team:nobody', '--limit', '1'], ['end', 'team:data'], ['up']])
        await assert.rejects(stack.operator('budgets', ...words), words.join(' '));
    assert.match(await stack.operator('budgets', 'set', 'team:data', '--limit', '0.000000001'),
                 / 0\.000000001 /);
});
