// `countersign audit verify --record`: what was found is kept in the trail, by the operator.
// Proves: T25
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { build, startStack, until } from './stack.mjs';

let stack;
let eva;
before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ ana: ['analyst'], eva: ['admin'] });
    eva = await stack.signIn('eva');
    const ana = await stack.signIn('ana');
    await ana.post('/api/requests', { language: 'sql', code: 'select 1' });
});
after(() => stack?.stop());

const rows = (sql) => stack.psql('superuser', sql);
const told = async () => (await eva.get('/api/audit/head')).body.verified;
const kept = () => rows(`select actor_kind, actor_id, body from cs.audit_event
    where event = 'audit.verified' order by id`);
const sealed = () => until(async () => (await eva.get('/api/audit/head')).body.unsealed.rows === 0,
                           'seals');

function verify(words = ['--record'], env = {}) {
    const settings = { PATH: process.env.PATH, DATA_DIR: '/nonexistent', ...stack.state.files,
                       VERIFIER_DATABASE_URL: stack.database.verifier,
                       DATABASE_URL: stack.database.operator, ...env };
    return new Promise((done) => {
        execFile(path.join(build, 'countersign'), ['audit', 'verify', ...words],
            { env: settings }, (error, out, said) => done({ code: error?.code ?? 0, out, said }));
    });
}

/** Runs `work` while the newest audit row of a request is not what it was. */
async function broken(work) {
    const [{ id, body }] = await rows(`select id, body::text from cs.audit_event
        where entity = 'request' order by id desc limit 1`);
    const change = (to) => rows(`set session_replication_role = replica;
        update cs.audit_event set body = '${to}' where id = ${id};
        set session_replication_role = origin`);
    await change('{}');
    try {
        await work();
    } finally {
        await change(body.replaceAll("'", "''"));
    }
}

test('verifying keeps nothing unless it is told to', async () => {
    await sealed();
    assert.equal((await verify([])).code, 0);
    assert.deepEqual([await kept(), await told()], [[], null]);
});

test('a whole trail is told with its newest seal, what it was held against, and when', async () => {
    await sealed();
    const [{ n, hash }] = await rows(`select n::int, encode(hash, 'hex') as hash
        from cs.audit_seal order by n desc limit 1`);
    const { code, out, said } = await verify();
    assert.equal(code, 0, said);
    assert.match(out, /^whole\nkept in the audit trail$/m);
    const [one, ...others] = await kept();
    assert.deepEqual([one.actor_kind, one.actor_id, others.length], ['operator', null, 0]);
    assert.deepEqual([one.body.outcome, one.body.seal, one.body.hash, one.body.heads],
                     ['whole', n, hash, n]);
    const { at, ...answer } = await told();
    assert.deepEqual(answer, { outcome: 'whole', seal: n, rows: one.body.rows, heads: n,
                               duration_ms: one.body.duration_ms, why: null });
    assert.equal(one.body.rows, Number(out.match(/^(\d+) audit rows/m)[1]));
    assert.ok(Date.now() - Date.parse(at) < 60000, at);
    await sealed();
    assert.equal((await verify([])).code, 0, 'the row is one like any other');
});

test('a broken trail is told with what is broken', async () => {
    await broken(async () => {
        const { code, out } = await verify();
        assert.equal(code, 1, out);
        const { outcome, seal, why } = await told();
        assert.deepEqual([outcome, seal], ['broken', null]);
        assert.ok(out.includes(`broken: ${why}\n`), out);
    });
    await sealed();
    assert.equal((await verify()).code, 0);
    assert.equal((await told()).outcome, 'whole', 'the newest is told');
});

test('who may not write it is told so, and what is broken stays so', async () => {
    const before = await kept();
    const verifier = { DATABASE_URL: stack.database.verifier };
    const denied = await verify(['--record'], verifier);
    assert.equal(denied.code, 3, denied.out);
    assert.match(denied.said, /permission denied/);
    await broken(async () => {
        const answer = await verify(['--record'], verifier);
        assert.equal(answer.code, 1, answer.said);
        assert.match(answer.said, /not kept in the audit trail: .*permission denied/);
    });
    const nobody = await verify(['--record'], { DATABASE_URL: '' });
    assert.deepEqual([nobody.code, nobody.out], [3, ''], 'before anything is read');
    assert.match(nobody.said, /DATABASE_URL is not set/);
    const offline = await verify(['--record', '--offline', stack.data]);
    assert.equal(offline.code, 64);
    assert.match(offline.said, /give no --record/);
    assert.deepEqual(await kept(), before);
});

test('rows that wait too long for their seal are told, too', async () => {
    await sealed();
    await stack.halt('api');
    await stack.operator('pause', 'now');
    const newest = 'id = (select max(id) from cs.audit_event)';
    await rows(`set session_replication_role = replica;
        update cs.audit_event set ts = ts - interval '11 seconds' where ${newest};
        update cs.audit_event e set hash = cs.audit_leaf(e) where ${newest};
        set session_replication_role = origin`);
    assert.equal((await verify()).code, 2);
    assert.equal((await kept()).at(-1).body.outcome, 'unsealed');
});
