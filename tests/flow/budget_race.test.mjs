// Many clients reserve, settle and give back at once, through the functions that the api and the
// workers call: no limit is ever passed, at no commit, and the accounts are the sum of what they
// are made of. RESERVATIONS=200000 is what a release is tried with.
// Proves: T26 I7
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root, startStack } from './stack.mjs';
import { Session } from './session.mjs';

const RESERVATIONS = Number(process.env.RESERVATIONS ?? 10000);
const CLIENTS = Number(process.env.CLIENTS ?? 8);
const SIZE = 25; // elements of a batch
const PEOPLE = 6;
// A run of 30 seconds may cost 2,722,500 nano-USD: room for a few of them.
const LIMITS = { 'user:*': 21000000, 'team:*': 44444444 };

const read = (name) => readFileSync(path.join(root, name), 'utf8');
const list = (ids) => `array[${ids.join(',')}]::bigint[]`;

let stack;
let sql;
const sessions = [];

before(async () => {
    stack = await startStack({ api: false, workers: 0 });
    sql = (text, vars) => stack.psql('superuser', text, vars);
    for (const name of ['North', 'South']) await stack.operator('team', 'add', name);
    const names = Array.from({ length: PEOPLE }, (_, i) => `racer-${i}`);
    for (const [login, role] of [...names.map((name) => [name, 'analyst']), ['judge', 'reviewer']])
        await stack.operator('person', 'add', login, '--role', role, '--team', 'North,South');
    await sql(read('tests/flow/budget_race.sql'));
    // The size by which the first of them are reserved.
    await sql(`insert into cs.cost_span (request_id, kind, provider, model, team_id, person_id,
        cpu, memory_mib, started_at, ended_at) values (0, 'sandbox', 'e2b', 'race', 0, 0, 2, 512,
        now(), now())`);
    for (const [scope, limit] of Object.entries(LIMITS))
        await stack.operator('budgets', 'set', scope, '--limit', (limit / 1e9).toFixed(9));
    // What a commit would break, it can not: an update beyond the limit fails with an error.
    await sql(`alter table cs.budget_account add constraint never_over check (settled + reserved
        <= case kind when 'user' then ${LIMITS['user:*']} else ${LIMITS['team:*']} end)`);
});
after(async () => {
    for (const session of sessions) await session.end();
    await stack?.stop();
});

const ids = async (where) => (await sql(`select id from cs.${where}`)).map((row) => row.id);

async function tally() {
    const [row] = await sql(`select coalesce(sum(reserved), 0)::int as reserved,
        coalesce(sum(refused), 0)::int as refused, coalesce(sum(settled), 0)::int as settled
        from race.tally`);
    return row;
}

test(`${RESERVATIONS} reservations by ${CLIENTS} clients at once: overspend 0`, async (t) => {
    const people = await ids(`person where login like 'racer-%'`);
    const teams = await ids(`team where name in ('North', 'South')`);
    const [judge] = await ids(`person where login = 'judge'`);
    const [{ worker }] = await sql(`select cs.worker_hello('{"name": "racer", "version": "1",
        "slots": 99, "backends": {"e2b": {"isolation": "vm"}}}') ->> 'worker_id' as worker`);
    const batches = Math.ceil(RESERVATIONS / CLIENTS / SIZE);
    const from = Date.now();
    for (let i = 0; i < CLIENTS; i++) sessions.push(new Session(stack));
    await Promise.all(sessions.map((session) => session.run(`set search_path = cs;
        call race.client(${list(people)},
        ${list(teams)}, ${judge}, ${worker}, ${batches}, ${SIZE})`)));
    const seen = await tally();
    t.diagnostic(`${JSON.stringify(seen)} in ${Date.now() - from} ms`);
    assert.equal(seen.reserved + seen.refused, batches * CLIENTS * SIZE);
    assert.ok(seen.reserved > 10 * batches, 'some were reserved');
    assert.ok(seen.refused > 10 * batches, 'there was not room for all');
    assert.ok(seen.settled > 0, 'some ran');
});

test('the accounts are the sum of their parts, and nobody holds what is over', async () => {
    const broken = new Session(stack);
    sessions.push(broken);
    await broken.run(`\\i ${path.join(root, 'tests/fault/invariants.sql')}`);
    const lines = await broken.run('select * from invariant.i7_budget union all '
        + 'select * from invariant.i7_cost where request_id > 0');
    assert.deepEqual(lines, []);
    const [{ reserved, settled, spent }] = await sql(`select sum(reserved)::bigint as reserved,
        sum(settled)::bigint as settled, (select 2 * sum(nano_usd)::bigint from cs.cost_span
        where nano_usd is not null) as spent from cs.budget_account`);
    assert.deepEqual([Number(reserved), Number(settled)], [0, Number(spent)]);
});
