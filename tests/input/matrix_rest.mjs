// The routes that are not about one request: by roles and credentials, and by whose the thing is
// that they speak of.
import { describe, MISSING, outcome, plainAskers } from './matrix.mjs';
import { aboutTheRest, answerOfWhose, refusedAtTheDoor } from './matrix_rules.mjs';
import { sha256 } from './matrix_cast.mjs';

const WHOSE = ['mine', 'agents', 'others', 'nobody'];
const CSV = Buffer.from('a,b\n1,2\n');

// [{route, asker, whose, expected}]
function restCells(route) {
    const rule = aboutTheRest[route];
    return plainAskers.flatMap((asker) => (rule.whose ? WHOSE : ['mine']).map((whose) => {
        const cell = { route, asker, whose, roles: asker.roles, credential: asker.credential };
        return { ...cell, expected: refusedAtTheDoor(rule, asker) ?? answerOfWhose(rule, cell) };
    }));
}

// The login that a thing shall belong to. Who asks for nobody names none.
function holder({ asker, whose }) {
    if (whose === 'others') return 'spare';
    const name = asker.credential === 'none' ? 'ann' : asker.name;
    return whose === 'agents' && !name.endsWith('.bot') && name.startsWith('stranger')
        ? `${name}.bot` : name;
}

let made = 0;

// One more session, token or file of somebody, which the cell may end.
const things = {
    session: (cast, name) => insert(cast, `insert into cs.session (person_id, token_sha256,
        csrf_sha256, how, address, agent, expires_at)
        select id, sha256(:'salt'::bytea), sha256('x'), 'link', '127.0.0.1', 'x',
               clock_timestamp() + interval '1 hour' from cs.person where login = :'name'`, name),
    token: (cast, name) => insert(cast, `insert into cs.api_token (person_id, name, prefix,
        token_sha256, scopes) select id, 'x', 'x', sha256(:'salt'::bytea), '{read}'
        from cs.person where login = :'name'`, name),
    file: async (cast, name) => {
        await cast.session.run(`insert into cs.blob (sha256, bytes)
            values (decode('${sha256(CSV)}', 'hex'), ${CSV.length}) on conflict do nothing;
            insert into cs.blob_chunk (sha256, n, data) values (decode('${sha256(CSV)}', 'hex'), 0,
            '\\x${CSV.toString('hex')}') on conflict do nothing`);
        return insert(cast, `insert into cs.file (owner_id, sha256, name, media_type, bytes)
            select id, decode('${sha256(CSV)}', 'hex'), 'a.csv', 'text/csv', ${CSV.length}
            from cs.person where login = :'name'`, name);
    },
};

async function insert(cast, sql, name) {
    const text = `${sql} returning id`.replace(":'salt'", `'matrix ${made++}'`)
        .replace(":'name'", `'${name}'`);
    return Number((await cast.session.run(text))[0]);
}

const person = (cast, cell) => (cell.whose === 'nobody' ? MISSING : cast.ids.get(holder(cell)));
const CODE = { language: 'python', code: 'print(1)\n' };

// {path?, body?, thing?} of each route; without an entry it is asked as it is.
const asked = {
    'POST /api/requests': () => ({ body: CODE }),
    'POST /api/requests:batch': () => ({ body: { requests: [CODE] } }),
    'POST /api/files': () => ({ path: '/api/files?name=a.csv', body: CSV }),
    'GET /api/files/{id}': () => ({ thing: 'file' }),
    'POST /api/pauses': () => ({ body: { scope: 'backend:e2b', reason: 'x' } }),
    'DELETE /api/pauses': () => ({ body: { scope: 'backend:e2b' } }),
    'PUT /api/budgets/{scope}': () => ({ path: '/api/budgets/team:*',
                                         body: { limit_nano_usd: 1000000000 + made++ } }),
    'DELETE /api/budgets/{scope}': () => ({ path: '/api/budgets/user:*' }),
    'POST /api/audit/query': () => ({ body: { sql: 'select 1 as one' } }),
    'POST /api/audit/retention': () => ({ body: { before: '2020-01-01', reason: 'x' } }),
    'POST /api/audit/retention/{id}/agree': () => ({
        path: `/api/audit/retention/${MISSING}/agree`, body: {} }),
    'POST /api/audit/retention/{id}/withdraw': () => ({
        path: `/api/audit/retention/${MISSING}/withdraw`, body: {} }),
    'POST /api/people': () => ({ body: { login: `new-${made++}`, name: 'New',
                                         roles: ['analyst'], team_ids: [] } }),
    'PATCH /api/people/{id}': (cast, cell) => ({ path: `/api/people/${person(cast, cell)}`,
                                                 body: { name: `Named ${made++}` } }),
    'POST /api/people/{id}/identities': (cast) => ({
        path: `/api/people/${cast.ids.get('spare')}/identities`, body: { subject: 'x' } }),
    'POST /api/teams': () => ({ body: { name: `Team ${made++}` } }),
    'POST /api/tokens': (cast, cell) => ({ body: { name: 'x', scopes: ['read'],
                                                   person_id: person(cast, cell) } }),
    'DELETE /api/tokens/{id}': () => ({ thing: 'token' }),
    'GET /api/sessions': (cast, cell) => ({
        path: `/api/sessions?person_id=${person(cast, cell)}` }),
    'DELETE /api/sessions': (cast, cell) => ({
        path: `/api/sessions?person_id=${person(cast, cell)}` }),
    'DELETE /api/sessions/{id}': () => ({ thing: 'session' }),
    'POST /api/password': () => ({ body: {} }),
    'POST /api/reauthenticate': () => ({ body: {} }),
    'POST /api/second-factor': () => ({ body: { x: 1 } }),
    'POST /api/second-factor/confirm': () => ({ body: {} }),
    'DELETE /api/second-factor': () => ({ body: {} }),
    'POST /api/logout': () => ({ body: {} }),
};

const isRefused = ({ expected }) => Number(expected.slice(0, 3)) >= 400;

// What each cell sends, with the things that it speaks of.
async function prepare(cast, cell) {
    const [method, pattern] = cell.route.split(' ');
    const { path, body, thing } = asked[cell.route]?.(cast, cell) ?? {};
    const id = thing && (cell.whose === 'nobody' ? MISSING
        : await things[thing](cast, holder(cell)));
    return { ...cell, method, path: path ?? pattern.replace('{id}', id), body };
}

async function runCell({ cast, sender }, cell, wrong) {
    if (cell.route === 'DELETE /api/pauses' && !isRefused(cell))
        await cast.session.run(`insert into cs.pause (scope, reason)
            values ('backend:e2b', 'x') on conflict do nothing`);
    if (cell.route === 'DELETE /api/budgets/{scope}' && !isRefused(cell))
        await cast.session.run(`insert into cs.budget (kind, period, soft_percent, limit_nano_usd)
            values ('user', 'month', 80, 1) on conflict do nothing`);
    const answer = await sender.send(cell.method, cell.path, cell.asker.headers, cell.body);
    if (outcome(answer) !== cell.expected)
        wrong.push(`${describe(cell)}: ${cell.whose}: ${outcome(answer)} in the place of `
            + `${cell.expected}: ${answer.text.slice(0, 200)}`);
}

/** The cells of all routes, ready to be sent, by route. */
export async function prepareAll(cast) {
    const ready = new Map();
    for (const route of Object.keys(aboutTheRest)) {
        const cells = [];
        for (const cell of restCells(route)) cells.push(await prepare(cast, cell));
        ready.set(route, cells);
    }
    return ready;
}

/** What is refused, some at once, after which nothing is changed. Gives what was wrong. */
export async function runRefused({ cast, sender, state }, cells) {
    const wrong = [];
    await sender.all(cells.filter(isRefused), (cell) => runCell({ cast, sender }, cell, wrong));
    const changed = await state.changes();
    return changed.length ? [...wrong, `changed ${changed}`] : wrong;
}

/** What is done, one after the other. */
export async function runDone(world, cells) {
    const wrong = [];
    for (const cell of cells.filter((one) => !isRefused(one))) await runCell(world, cell, wrong);
    return wrong;
}
