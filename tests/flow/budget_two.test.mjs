// Budgets where two are at once, each in a transaction that ends when the test says so: the last
// room goes to one of them, what is spent while a budget is set is counted, nobody deadlocks.
// Proves: T26 I7
import test, { after, afterEach, before, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root, startStack, until } from './stack.mjs';
import { Session } from './session.mjs';

const NAMES = ['ana', 'ben', 'cia', 'dan'];
const BOUND = 2722500; // 30 seconds and a minute
let stack;
let sql;
let judge;
let team;
let ids; // of people, by name
let a;
let b;

before(async () => {
    stack = await startStack({ api: false, workers: 0 });
    sql = (text) => stack.psql('superuser', text);
    await stack.operator('team', 'add', 'data');
    for (const [login, role] of [...NAMES.map((name) => [name, 'analyst']), ['judge', 'reviewer']])
        await stack.operator('person', 'add', login, '--role', role, '--team', 'data');
    ids = Object.fromEntries((await sql('select login, id from cs.person'))
        .map(({ login, id }) => [login, id]));
    judge = ids.judge;
    [{ id: team }] = await sql(`select id from cs.team where name = 'data'`);
    await sql(readFileSync(path.join(root, 'tests/flow/budget_race.sql'), 'utf8'));
    // The size by which the first of them are reserved.
    await sql(`insert into cs.cost_span (request_id, kind, provider, model, team_id, person_id,
        cpu, memory_mib, started_at, ended_at) values (0, 'sandbox', 'e2b', 'race', 0, 0, 2, 512,
        now(), now())`);
});
beforeEach(async () => {
    [a, b] = [new Session(stack), new Session(stack)];
    for (const session of [a, b]) {
        [session.pid] = await session.run('set search_path = cs; select pg_backend_pid()');
        session.call = (text) => session.run(text).then((lines) => lines.map(JSON.parse));
    }
});
afterEach(() => Promise.all([a.end(), b.end()]));
after(() => stack?.stop());

/** Elements by people, as an expression of SQL; a person who is odd sends what is no number. */
const elements = (...names) => `jsonb_build_array(${names.map((name) => (name === 'odd'
    ? `race.element(${ids.ana}, ${team}) || '{"limits": {"wall_ms": 1e99}}'`
    : `race.element(${ids[name]}, ${team}) || '{"limits": {"wall_ms": 30000}}'`)).join(', ')})`;
const submit = (session, ...names) => session.call(
    `select result from submit_requests(${elements(...names)}) order by n`);
const codes = (results) => results.map(({ id, error }) => (id ? 'ok' : error.code));

const waits = (session) => until(async () => (await sql(`select from pg_stat_activity
    where pid = ${session.pid} and wait_event_type = 'Lock'`)).length > 0, 'a lock');
/** Once it waits for another transaction, or has its answer without. */
async function begun(session, answer) {
    let isOver = false;
    answer.finally(() => { isOver = true; }).catch(() => {});
    await until(async () => isOver || (await sql(`select from pg_stat_activity
        where pid = ${session.pid} and wait_event_type = 'Lock'`)).length > 0, 'what it does');
}
const account = async (name) => (await sql(`select settled::int, reserved::int, opening::int
    from cs.budget_account where kind = 'user' and scope_id = ${ids[name]}`))[0];
const set = (scope, nanoUsd) => stack.operator('budgets', 'set', scope, '--limit',
                                               (nanoUsd / 1e9).toFixed(9));

test('the last room goes to one of two at once', async () => {
    await set('user:ana', BOUND);
    await a.run('begin');
    assert.deepEqual(codes(await submit(a, 'ana')), ['ok']);
    const second = submit(b, 'ana');
    await begun(b, second);
    await a.run('commit');
    assert.deepEqual(codes(await second), ['budget_exceeded']);
    assert.deepEqual(await account('ana'), { settled: 0, reserved: BOUND, opening: 0 });
});

test('and to the second when the first is rolled back', async () => {
    await set('user:ana', 2 * BOUND);
    await a.run('begin');
    assert.deepEqual(codes(await submit(a, 'ana')), ['ok']);
    const second = submit(b, 'ana');
    await waits(b);
    await a.run('rollback');
    assert.deepEqual(codes(await second), ['ok']);
    assert.deepEqual(await account('ana'), { settled: 0, reserved: 2 * BOUND, opening: 0 });
});

test('what is spent while a budget is set is counted', async () => {
    await stack.operator('budgets', 'end', 'user:ana');
    const [{ id }] = await submit(a, 'ben');
    const run = `array[${id}]::bigint[]`;
    await a.run(`select worker_hello('{"name": "w", "version": "1", "slots": 9,
        "backends": {"e2b": {"isolation": "vm"}}}')`);
    await a.run(`select race.call('decide_requests', race.decisions(${run}, ${judge}))`);
    await a.run(`select count(*) from claim_attempts((select max(id) from worker), array(
        select id from attempt where request_id = ${id})::text, 60000)`);
    await a.run(`select race.call('start_attempts', race.held(${run}))`);
    await a.run('begin');
    await a.run(`select race.call('finish_attempts', race.held(${run}))`);
    const setting = b.run(`select operator_budget_set('{"scope": "user:ben",
        "limit_nano_usd": 1000000000}')`);
    await begun(b, setting);
    await a.run('commit');
    await setting;
    const [{ cost }] = await sql(`select nano_usd::int as cost from cs.cost_span
        where request_id = ${id}`);
    assert.ok(cost > 0);
    assert.deepEqual(await account('ben'), { settled: cost, reserved: 0, opening: cost });
});

// Each of both has the account of one person and comes to that of the other.
test('batches that are run one by one do not wait for each other in a circle', async () => {
    await set('user:*', 1000 * BOUND);
    const c = new Session(stack);
    try {
        await submit(a, 'cia', 'dan'); // so that they have accounts
        await c.run(`begin; select from cs.budget_account where kind = 'user'
            and scope_id in (${ids.cia}, ${ids.dan}) for update`);
        const first = submit(a, 'ana', 'cia', 'ben', 'odd');
        const second = submit(b, 'ben', 'dan', 'ana', 'odd');
        await Promise.all([waits(a), waits(b)]);
        await c.run('commit');
        const all = ['ok', 'ok', 'ok', 'invalid_field'];
        assert.deepEqual(await Promise.all([first, second].map((one) => one.then(codes,
            (error) => error.message))), [all, all]);
    } finally {
        await c.end();
    }
});
