// The worker's main path: approved code runs in the local sandbox and its result is stored.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from './stack.mjs';
import { openJobs } from './jobs.mjs';

let stack;
let jobs;

before(async () => {
    stack = await startStack({ api: false, env: { HEARTBEAT_MS: '2000', LEASE_MS: '10000' } });
    jobs = await openJobs(stack);
});
after(() => stack?.stop());

test('python: stdout, stderr, the last expression and a file come back', async () => {
    const file = await jobs.upload('orders.csv', 'item,amount\nespresso,3\nfilter,4\n');
    const run = await jobs.run([
        'import sys',
        "print('rows', len(open('orders.csv').read().splitlines()))",
        "print('careful', file=sys.stderr)",
        "open('out.txt', 'w').write('made here')",
        '6 * 7',
    ].join('\n'), { files: [file] });
    const attempt = await jobs.over(run.attempt_id);
    assert.equal(attempt.state, 'succeeded', JSON.stringify(attempt));
    assert.equal(attempt.request_state, 'succeeded');
    const items = Object.fromEntries((await jobs.items(run.attempt_id)).map((i) => [i.kind, i]));
    assert.equal(items.stdout.text, 'rows 3\n');
    assert.equal(items.stderr.text, 'careful\n');
    assert.match(items.result.text, /42/);
    assert.equal(items.file.name, 'out.txt');
    assert.equal(items.file.text, 'made here');
    const [cost] = await stack.psql('superuser',
        `select * from cs.cost_span where attempt_id = ${run.attempt_id}`);
    assert.equal(cost.provider, 'local');
    assert.equal(Number(cost.nano_usd), 0);
    assert.ok(Number(cost.seconds) > 0);
    const moves = (await jobs.events(run.id)).map((e) => e.event);
    for (const event of ['attempt.claim', 'attempt.start', 'attempt.running', 'attempt.finish'])
        assert.equal(moves.filter((move) => move === event).length, 1, event);
    assert.equal((await jobs.starts()).get(run.attempt_id), 1);
});

test('sql: the answer is a table over the uploaded file', async () => {
    const file = await jobs.upload('orders.csv', 'item,amount\nespresso,3\nfilter,4\n');
    const run = await jobs.run('select sum(amount) as total from orders', {
        language: 'sql', files: [file],
    });
    const attempt = await jobs.over(run.attempt_id);
    assert.equal(attempt.state, 'succeeded', JSON.stringify(attempt));
    const table = (await jobs.items(run.attempt_id)).find((item) => item.kind === 'table');
    assert.deepEqual(JSON.parse(table.text).rows, [[7]]);
});

test('an input of several chunks arrives whole', async () => {
    const content = Buffer.alloc(2.5 * 1048576, 'abcdefghijklmnop\n');
    const file = await jobs.upload('big.csv', content);
    const run = await jobs.run("import hashlib\nprint(hashlib.sha256(open('big.csv','rb').read())"
        + '.hexdigest())', { files: [file] });
    assert.equal((await jobs.over(run.attempt_id)).state, 'succeeded');
    assert.equal(await jobs.stdout(run.attempt_id), `${file.sha256}\n`);
});

test('an error of the code is a failure with its name', async () => {
    const run = await jobs.run('1 / 0');
    const attempt = await jobs.over(run.attempt_id);
    assert.equal(attempt.state, 'failed');
    assert.equal(attempt.request_state, 'failed');
    assert.equal(attempt.error_name, 'ZeroDivisionError');
});

test('code that runs for too long is timed out', async () => {
    const run = await jobs.run('import time\ntime.sleep(600)', { limits: { wall_ms: 300 } });
    const attempt = await jobs.over(run.attempt_id);
    assert.equal(attempt.state, 'timed_out', JSON.stringify(attempt));
    assert.equal(attempt.request_state, 'failed');
});

test('a person cancels a run: it is killed and recorded as cancelled', async () => {
    const run = await jobs.run("print('begun', flush=True)\nimport time\ntime.sleep(600)");
    await jobs.inState(run.attempt_id, 'running');
    const answer = await jobs.call('cancel_requests', { actor: jobs.actor('ana'), id: run.id });
    assert.equal(answer.cancelling, true);
    const attempt = await jobs.over(run.attempt_id);
    assert.equal(attempt.state, 'cancelled', JSON.stringify(attempt));
    assert.equal(attempt.request_state, 'cancelled');
    assert.equal(await jobs.stdout(run.attempt_id), 'begun\n');
});

test('output beyond its limit is cut, and what came before is kept', async () => {
    const run = await jobs.run("while True: print('x' * 1000)", {
        limits: { output_bytes: 20000 },
    });
    const attempt = await jobs.over(run.attempt_id);
    assert.equal(attempt.output_truncated, true, JSON.stringify(attempt));
    const stdout = await jobs.stdout(run.attempt_id);
    assert.ok(stdout.length > 0 && stdout.length <= 20000, String(stdout.length));
});

test('nothing runs before the undo window ends, and it runs right after', async () => {
    const request = await jobs.submit("print('late')");
    const decided = await jobs.approve(request, 1);
    await jobs.ring(decided.attempt_id);
    const attempt = await jobs.over(decided.attempt_id);
    assert.equal(attempt.state, 'succeeded');
    assert.ok(Date.parse(attempt.claimed_at) >= Date.parse(attempt.not_before));
});

test('twenty runs at once share the slots and all end', async () => {
    const runs = await Promise.all(Array.from({ length: 20 }, (_, i) => (
        jobs.run(`print(${i} * ${i})`, { ring: i % 2 === 0 }))));
    for (const [i, run] of runs.entries()) {
        assert.equal((await jobs.over(run.attempt_id)).state, 'succeeded');
        assert.equal(await jobs.stdout(run.attempt_id), `${i * i}\n`);
    }
    const starts = await jobs.starts();
    for (const run of runs) assert.equal(starts.get(run.attempt_id), 1);
});

test('the worker shows itself, its backend and its version', async () => {
    const [row] = await stack.psql('superuser', 'select * from cs.worker');
    assert.equal(row.slots, 4);
    assert.equal(row.backends.local.ready, true);
    assert.match(row.version, /^\d+\.\d+\.\d+$/);
    assert.match(await stack.log('worker'), /"worker.ready"/);
});
