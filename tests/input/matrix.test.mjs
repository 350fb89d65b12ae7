// The full matrix of roles, parts in a request, states and routes. Every cell is sent to a running
// stack, and its answer must be what matrix_rules.mjs says in words; what is refused changes
// nothing, and what is not shown is like what is not there. The functions behind the decision
// routes answer the same without the api before them.
// Proves: T4 I2 I14 V8.4.1
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { Session } from '../flow/session.mjs';
import { startStack } from '../flow/stack.mjs';
import { routes } from './api.mjs';
import { aboutRequests, aboutTheRest, holds, open, refusedAtTheDoor } from './matrix_rules.mjs';
import { askers, bodyOf, Cast, cells, describe, letIn, MISSING, outcome, Sender, target,
         wantedRequests } from './matrix.mjs';
import { signed } from './matrix_cast.mjs';
import { prepareAll, runDone, runRefused } from './matrix_rest.mjs';
import { State } from './state.mjs';

const all = cells();
const counts = { sent: 0, sql: 0 };
let stack;
let cast;
let sender;
let state;
let rest; // the cells of the routes that are not about one request

before(async () => {
    stack = await startStack({ workers: 0, env: { BREAK_GLASS: '1' } });
    await stack.operator('break-glass', 'on');
    cast = await Cast.make(stack, wantedRequests(all));
    await letIn(cast);
    cast.session = new Session(stack);
    sender = new Sender(stack.url);
    state = await State.open(stack);
});
after(async () => {
    sender?.stop();
    await cast?.session?.end();
    await state?.close();
    await stack?.stop();
    console.log(`# matrix: ${counts.sent} cells sent to the api, ${counts.sql} to SQL`);
});

const requestOf = ({ asker, state: of, copy }) => cast.requests.get(
    `${asker.of.login} ${of} ${copy}`);

function ask(cell, request) {
    const [method, path] = target(cell.route, request);
    counts.sent++;
    return sender.send(method, path, cell.asker.headers, bodyOf(cell.route, request, cell.verdict));
}

/** Fails with the first of them and how many there are. */
function none(wrong, what) {
    assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} ${what}`);
}

async function sendAll(list, more = () => null) {
    const wrong = [];
    await sender.all(list, async (cell) => {
        const answer = await ask(cell, requestOf(cell));
        const said = outcome(answer);
        const problem = said === cell.expected ? more(cell, answer)
            : `${said} in the place of ${cell.expected}: ${answer.text.slice(0, 200)}`;
        if (problem) wrong.push(`${describe(cell)}: ${problem}`);
    });
    none(wrong, 'cells are wrong');
}

test('it names every route of the api, and no other', () => {
    const named = [...Object.keys(aboutRequests), ...Object.keys(aboutTheRest), ...open];
    const api = routes.filter(({ method, path }) => path.startsWith('/api/')
        || open.includes(`${method} ${path}`)).map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(named.sort(), api.sort());
});

const hidden = (cell) => cell.door || holds('unless they see it', cell.asker);
const isRefused = ({ expected }) => Number(expected.slice(0, 3)) >= 400;

// What is answered about a request that is not there, by asker and verdict.
async function askMissing(list) {
    const answers = new Map();
    const first = new Map(list.map((cell) => [`${askers.indexOf(cell.asker)} ${cell.verdict}`,
                                              cell]));
    await sender.all([...first], async ([key, cell]) => {
        const request = { id: MISSING, revision: 1, digest: 'a'.repeat(64) };
        answers.set(key, await ask(cell, request));
    });
    return answers;
}

for (const route of Object.keys(aboutRequests)) {
    const list = all.filter((cell) => cell.route === route);
    test(`${route}: refused to whom it must be, and nothing is changed`, async () => {
        const refused = list.filter(isRefused);
        const missing = await askMissing(refused);
        await sendAll(refused, (cell, answer) => {
            const other = missing.get(`${askers.indexOf(cell.asker)} ${cell.verdict}`);
            return hidden(cell) && (other.status !== answer.status || other.text !== answer.text)
                ? `differs from what is not there: ${other.status} ${other.text}` : null;
        });
        assert.deepEqual(await state.changes(), [], 'something was changed');
    });
}

// As the api calls them; nothing of it stays.
const functions = {
    'POST /api/requests/{id}/decisions': ['decide_requests', 'SQL alone knows who decides'],
    'POST /api/requests/{id}/break-glass': ['break_glass_requests',
                                            'SQL alone knows who breaks the glass'],
    'POST /api/requests/{id}/undo': ['undo_decisions', 'SQL alone knows who takes approvals back'],
    'POST /api/requests/{id}/settle': ['settle_requests', 'SQL alone knows who settles'],
    'POST /api/requests/{id}/cancel': ['cancel_requests', 'SQL alone knows who cancels'],
    'POST /api/requests/{id}/revisions': ['revise_requests', 'SQL alone knows who revises'],
    'POST /api/requests/{id}/run-again': ['run_again', 'SQL alone knows who runs again'],
};

// Those of one batch are about different requests.
function byCredential(list) {
    const groups = new Map();
    for (const cell of list) {
        const { asker, verdict } = cell;
        const key = `${asker.credential} ${asker.name.endsWith('.bot')} ${verdict}`;
        groups.set(key, [...groups.get(key) ?? [], cell]);
    }
    return [...groups.values()];
}

// What the api adds to what was sent.
const more = {
    revise_requests: () => ({ verdict: cast.verdict('none') }),
    break_glass_requests: () => ({ verdict: 'break_glass', reauth_seconds: 86400 }),
};

async function callAll(session, name, list) {
    const items = JSON.stringify(list.map((cell) => {
        const request = requestOf(cell);
        return { actor: cell.asker.actor, id: request.id, max_waiting: 1000000,
                 ...more[name]?.(),
                 ...bodyOf(cell.route, request, cell.verdict) };
    })).replaceAll("'", "''");
    const element = /^(decide|break_glass)_/.test(name) ? signed : 'e';
    const [, line] = await session.run(`begin;
        select ''; select json_agg(q.code order by q.place) from (
            select c.at + s.n as place, coalesce(s.result -> 'error' ->> 'code', 'done') as code
            from generate_series(0, ${list.length - 1}, 50) c (at)
            cross join lateral cs.${name}((select jsonb_agg(${element} order by i)
                from jsonb_array_elements('${items}'::jsonb) with ordinality x (e, i)
                where i > c.at and i <= c.at + 50)) s) q; rollback`);
    return JSON.parse(line);
}

// Who is not known and the scope of a token are asked in SQL as well; the roles of a route are not.
function inSql(cell) {
    const rule = { ...aboutRequests[cell.route], roles: undefined };
    const door = refusedAtTheDoor(rule, cell.asker);
    return (door ?? cell.answer).split(' ')[1] ?? 'done';
}

for (const [route, [name, title]] of Object.entries(functions))
    test(title, async () => {
        const list = all.filter((cell) => cell.route === route
            && (cell.asker.credential === 'session'
                || (cell.asker.credential !== 'none' && aboutRequests[route].scope)));
        const session = new Session(stack, 'api');
        const wrong = [];
        for (const some of byCredential(list)) {
            const codes = await callAll(session, name, some);
            some.forEach((cell, n) => {
                if (codes[n] !== inSql(cell))
                    wrong.push(`${describe(cell)}: ${codes[n]} in the place of ${inSql(cell)}`);
            });
            counts.sql += some.length;
        }
        await session.end();
        none(wrong, 'cells are wrong');
        assert.deepEqual(await state.changes(), [], 'something was changed');
    });

test('no decision is refused by the route alone', () => {
    const deciding = Object.keys(functions).slice(0, 4);
    none(all.filter((cell) => deciding.includes(cell.route) && isRefused(cell)
        && inSql(cell) === 'done').map(describe), 'cells');
});

test('what nobody has to refuse is done', async () => {
    await sendAll(all.filter((cell) => !isRefused(cell)));
});

for (const route of Object.keys(aboutTheRest))
    test(`${route}: refused to whom it must be, and nothing is changed`, async () => {
        if (!rest) {
            rest = await prepareAll(cast);
            await state.changes();
        }
        counts.sent += rest.get(route).length;
        none(await runRefused({ cast, sender, state }, rest.get(route)), 'cells are wrong');
    });

test('what nobody has to refuse of them is done', async () => {
    rest ??= await prepareAll(cast);
    for (const cells of rest.values()) none(await runDone({ cast, sender }, cells), 'are wrong');
});
