// A bundle binds team, isolation, packages, processor time, disk and attempts, and the worker gives
// just that; what an earlier release stored without them is verified, and runs, as it did.
// Proves: T6 I1
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { openJobs } from './jobs.mjs';
import { startStack, until } from './stack.mjs';
import { sayAfterEach } from './verifier.mjs';

const NEW = ['team_id', 'isolation', 'image_digest', 'cpu_ms', 'tmp_bytes', 'max_attempts'];
const OTHER = { team_id: 'team_id + 1', isolation: "'vm'", image_digest: "'00'",
    cpu_ms: 'cpu_ms + 1', tmp_bytes: 'tmp_bytes + 1', max_attempts: 'max_attempts + 1' };
const ELSEWHERE = 'f'.repeat(64); // packages that nobody has
let stack;
let jobs;

before(async () => {
    stack = await startStack({ api: false, env: { HEARTBEAT_MS: '1000', LEASE_MS: '10000' } });
    jobs = await openJobs(stack);
});
after(() => stack?.stop());

/** Runs `todo` while a function of the database is another one. */
async function withFunction(signature, head, body, todo) {
    const [{ was }] = await stack.psql('superuser',
        `select pg_get_functiondef('${signature}'::regprocedure) as was`);
    await stack.psql('superuser',
        `create or replace function ${head} language plpgsql as $$ begin ${body} end $$`);
    try {
        return await todo();
    } finally {
        await stack.psql('superuser', was);
    }
}

const binding = (body, todo) => withFunction('cs.revision_binds(cs.revision)',
    'cs.revision_binds(r cs.revision) returns cs.revision', `${body} return r;`, todo);
/** As an earlier release stored it. */
const submitFirst = (code) => binding(NEW.map((name) => `r.${name} := null;`).join(' '),
    () => jobs.submit(code));

async function output(run) {
    const [{ text }] = await stack.psql('superuser', `select coalesce(string_agg(convert_from(
        data, 'UTF8'), ''), '') as text from cs.output_chunk where attempt_id = ${run.attempt_id}`);
    return text;
}

const ROOM = `import os
work = os.statvfs('/work')
print(work.f_frsize * work.f_blocks >> 20)`;

test('the worker gives what was approved, not what it is set to', async () => {
    const request = await jobs.submit(ROOM, { limits: { tmp_bytes: 7 << 20 } });
    const run = await jobs.approve(request);
    await jobs.ring(run.attempt_id);
    assert.equal((await jobs.over(run.attempt_id)).state, 'succeeded');
    assert.match(await output(run), /^7\n/);
    const spins = await jobs.submit('while True: pass', { limits: { cpu_ms: 400 } });
    const spun = await jobs.approve(spins);
    await jobs.ring(spun.attempt_id);
    const ended = await jobs.over(spun.attempt_id);
    assert.equal(ended.state, 'failed');
    const [{ reason }] = await stack.psql('superuser',
        `select reason from cs.attempt where id = ${spun.attempt_id}`);
    assert.equal(reason, 'cpu_time');
});

test('the packages that the worker measured are bound', async () => {
    const request = await jobs.submit('1');
    const [row] = await stack.psql('superuser', `select v.image_digest, w.backends -> 'local'
        ->> 'image_digest' as measured from cs.revision v, cs.worker w
        where v.request_id = ${request.id}`);
    assert.match(row.image_digest, /^[0-9a-f]{64}$/);
    assert.equal(row.image_digest, row.measured);
});

test('what was approved for other packages waits, and the worker itself looks, too', async () => {
    const request = await binding(`r.isolation := 'namespaces'; r.max_attempts := 1;
        r.image_digest := '${ELSEWHERE}';`, () => jobs.submit("print('elsewhere')"));
    const run = await jobs.approve(request);
    await jobs.ring(run.attempt_id);
    const [{ reason }] = await stack.psql('api', `select cs.request_get(${request.id},
        ${jobs.people.ana}) -> 'waiting' ->> 'reason' as reason`);
    assert.equal(reason, 'other_sandbox');
    await withFunction('cs.sandbox_differs(cs.attempt, bigint)',
        'cs.sandbox_differs(a cs.attempt, worker_id bigint) returns bool', 'return false;',
        async () => {
            await jobs.ring(run.attempt_id);
            await until(async () => /not those that were approved/.test((await stack.psql(
                'superuser', `select release_reason from cs.attempt
                where id = ${run.attempt_id}`))[0].release_reason), 'the worker gives it back');
        });
    assert.equal((await jobs.starts()).has(run.attempt_id), false);
});

test('a bundle of the first form runs and is verified, and both forms are covered', async () => {
    const first = await submitFirst(ROOM);
    const run = await jobs.approve(first);
    await jobs.ring(run.attempt_id);
    assert.equal((await jobs.over(run.attempt_id)).state, 'succeeded');
    assert.match(await output(run), /^64\n/, 'the work folder is the worker\'s own');
    const [{ format }] = await stack.psql('superuser', `select cs.bundle_format(v) as format
        from cs.revision v where v.request_id = ${first.id}`);
    assert.equal(format, 'countersign-bundle-v1');
    const second = await jobs.submit('2');
    const broken = (id) => new RegExp(`revision 1 of request ${id}: is not as`);
    const set = (column, value, id) => (
        `update cs.revision set ${column} = ${value} where request_id = ${id}`);
    await sayAfterEach(stack, [
        ...NEW.map((column) => [set(column, OTHER[column], second.id), broken(second.id)]),
        [NEW.map((column) => set(column, 'null', second.id)).join('; '), broken(second.id)],
        [set('team_id', '1', first.id), broken(first.id)],
    ]);
});

test('an earlier bundle that was changed is refused', async () => {
    const first = await submitFirst("print('first')");
    const run = await jobs.approve(first, 60);
    await stack.psql('superuser', `set session_replication_role = replica; update cs.revision
        set pids = pids + 1 where request_id = ${first.id}; update cs.attempt
        set not_before = clock_timestamp() where id = ${run.attempt_id}`);
    await jobs.ring(run.attempt_id);
    assert.equal((await jobs.over(run.attempt_id)).state, 'cancelled');
    assert.equal((await jobs.starts()).has(run.attempt_id), false);
});
