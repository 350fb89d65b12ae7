// Input made of docs/openapi.yaml: for every route and every field all that its schema does not
// allow, then as much again at random. INPUTS=100000 makes the random part longer, SEED=n
// repeats one.
import test from 'node:test';
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { openWorld, checkRefusal, checkLog, fill } from './rows.mjs';
import { makeWorld, people } from './world.mjs';
import { operations, bodiesOf, checkAnswer, resolve } from './openapi.mjs';
import { wrongFields, wrongQueries, write } from './mutate.mjs';
import { Random, junk } from './random.mjs';

const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));
const INPUTS = Number(process.env.INPUTS ?? 3000);
const AT_ONCE = 20; // inputs between two looks at the database

const world = openWorld({
    people: { ...people, pam: ['analyst'] },
    env: { BREAK_GLASS: '1' },
    prepare: async (made) => {
        await makeWorld(made);
        await made.who.pam.post('/api/password', { password: 'correct horse' });
    },
});

// Who may call an operation, so that it is the input that is refused.
function callerOf({ name, operation }) {
    if (operation.security?.length === 0) return 'nobody';
    if (name === 'POST /api/password') return 'pam';
    const roles = operation['x-roles'] ?? ['analyst'];
    return roles.includes('analyst') ? 'ana' : roles.includes('reviewer') ? 'rob' : 'adm';
}

// Something that is there; but nothing that could be cancelled or ended.
function targetOf({ path, name }) {
    const id = /cancel/.test(name) ? '{cancelled}' : /requests/.test(path) ? '{pending}'
        : /people/.test(path) ? '{person}' : /files/.test(path) ? '{file}' : '999999';
    return path.replace('{scope}', 'team:*').replace('{id}', id)
        .replace(/\{\w+\}(?=$)/, (last) => (last === id ? id : '1'));
}

const cases = [];
for (const one of operations) {
    const own = { who: callerOf(one), method: one.method, target: targetOf(one) };
    const bodies = bodiesOf(one);
    for (const { schema, example } of bodies)
        for (const [field, what, over, code] of wrongFields(schema)) {
            // Of several bodies that it could be, which one it is not quite is anybody's guess.
            const guess = bodies.length > 1 && code === 'missing_field';
            cases.push({ ...own, example, what, over, code, field: guess ? undefined : field });
        }
    for (const [query, field, code] of wrongQueries(one.parameters))
        cases.push({ ...own, query, field, what: query.slice(0, 30), code,
                     example: bodies[0]?.example });
}
const withBody = cases.filter((one) => one.over);

async function send({ who, method, target, query, example, over }, text) {
    const filled = fill(target, world.names) + (query ? `?${query}` : '');
    const json = example ? write({ ...example, ...over }) : undefined;
    const body = text ?? json ?? (method === 'POST' ? 'x' : undefined);
    const type = json ? 'application/json' : 'text/csv';
    const answer = await world.who[who].send(method, filled, {
        body, headers: body === undefined ? {} : { 'content-type': type } });
    checkAnswer(method, filled, answer);
    if (answer.status >= 400) checkRefusal(answer);
    assert.ok(answer.status < 500, answer.text);
    return { answer, body };
}

// What names the list names what is in it.
const isAbout = (said, field) => !field || said === field || field.startsWith(`${said}.`);
const brief = (body) => String(body).slice(0, 300);

async function tryCase(one) {
    const { answer, body } = await send(one);
    const { code, field } = answer.body?.error ?? {};
    const say = `${one.what}: ${brief(body)} got ${answer.text}`;
    if (answer.status === 413) assert.ok(body.length > 16384, say);
    else assert.equal(code, one.code, say);
    if (code === one.code && code !== 'invalid_json' && one.field)
        assert.ok(field && isAbout(field, one.field), say);
}

// A look after each lot: nothing may have changed, unless one of them was taken.
async function inLots(all, run) {
    for (let i = 0; i < all.length; i += AT_ONCE) {
        const lot = all.slice(i, i + AT_ONCE);
        await world.state.forgetTries();
        const taken = await Promise.all(lot.map(run));
        const changed = await world.state.changes();
        if (!taken.some((one) => one === 'taken'))
            assert.deepEqual(changed, [], `by one of ${lot.map((one) => one.what).join('; ')}`);
    }
}

for (const one of operations) {
    const own = cases.filter((row) => row.method === one.method && row.target === targetOf(one));
    test(`${one.name}: ${own.length} inputs that its schema does not allow`,
         () => inLots(own, tryCase));
}

// Several wrong fields at once: one of them is named.
async function tryMany({ rows }) {
    const over = Object.assign({}, ...rows.map((row) => row.over));
    const { answer, body } = await send({ ...rows[0], over });
    const say = `seed ${SEED}: ${brief(body)} got ${answer.text}`;
    const { code, field } = answer.body?.error ?? {};
    if (answer.status === 413 || code === 'invalid_json') return;
    assert.equal(answer.status, 400, say);
    assert.ok(rows.some((row) => isAbout(field, row.field)), say);
}

// Bytes turned over in a body that is wrong in any case.
async function tryTorn({ row, tear }) {
    const text = write({ 'wrong in any case': 1, ...row.example });
    const { answer } = await send(row, tear(Buffer.from(text)));
    assert.ok([400, 413].includes(answer.status), `seed ${SEED}: ${answer.text}`);
}

// Any JSON at all in one field. What fits by chance is taken.
async function tryJunk({ row, name, value }) {
    const { answer } = await send({ ...row, over: { [name]: value } });
    return answer.status < 400 ? 'taken' : undefined;
}

const schemas = operations.flatMap((one) => bodiesOf(one).map(({ schema, example }) => ({
    who: callerOf(one), method: one.method, target: targetOf(one), example, schema })))
    .filter(({ schema }) => Object.keys(schema.properties ?? {}).length);

function make(random) {
    const kind = random.below(3);
    const row = random.pick(withBody);
    if (kind === 0) {
        const like = withBody.filter((other) => other.target === row.target
            && other.method === row.method && other.example === row.example);
        const rows = [row, ...Array.from({ length: random.below(4) }, () => random.pick(like))];
        return { run: tryMany, what: 'many', rows };
    }
    if (kind === 1) return { run: tryTorn, what: 'torn', row, tear: random.tearer() };
    const target = random.pick(schemas);
    const name = random.pick(Object.keys(target.schema.properties));
    return { run: tryJunk, what: `junk in ${target.target} ${name}`, row: target, name,
             value: junk(random, 3) };
}

test(`${INPUTS} random inputs with seed ${SEED}`, async () => {
    const random = new Random(SEED);
    const all = Array.from({ length: INPUTS }, () => make(random));
    await inLots(all, (one) => one.run(one));
    console.log(`# ${cases.length} inputs of the schema and ${INPUTS} random ones, seed ${SEED}`);
});

test('every route and every field is among them', () => {
    assert.deepEqual([...new Set(cases.map((one) => `${one.method} ${one.target}`))].length,
                     operations.length);
    for (const { schema, target, method } of schemas)
        for (const [name, property] of Object.entries(schema.properties))
            assert.ok(withBody.some((row) => row.target === target && row.method === method
                && name in row.over), `${target} ${name} ${resolve(property).type}`);
});

checkLog(world);
