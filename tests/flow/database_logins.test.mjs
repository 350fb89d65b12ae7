// What a session as one of the processes' own logins could bring about, or leave behind.
// Proves: T3 I4 I8
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openJobs } from './jobs.mjs';
import { Session } from './session.mjs';
import { startStack, until } from './stack.mjs';

let stack;
let jobs;
before(async () => {
    stack = await startStack({ workers: 0 });
    jobs = await openJobs(stack);
});
after(() => stack?.stop());

const state = async (id) => (await jobs.attempt(id)).state;

// A worker that reads an old snapshot would not see that runs were paused, the rules changed, or a
// reviewer left.
test('no step of a run is weighed by what held when a transaction began', async (t) => {
    const { attempt_id } = await jobs.approve(await jobs.submit('print(1)'));
    const [{ hello }] = await stack.psql('worker', `select cs.worker_hello(
        '{"name": "old", "version": "1", "slots": 1,
        "backends": {"local": {"isolation": "namespaces"}}}') as hello`);
    const [claimed] = await stack.psql('worker', `select fence, bundle_sha256, manifest
        from cs.claim_attempts(${hello.worker_id}, '{${attempt_id}}', 600000)`);
    const item = JSON.stringify([{ worker_id: hello.worker_id, id: attempt_id,
        fence: claimed.fence, bundle_sha256: claimed.manifest.sha256,
        decision_ids: claimed.manifest.decisions.map(({ id }) => id) }]);
    const start = `select result from cs.start_attempts('${item}')`;
    const old = new Session(stack, 'worker');
    t.after(() => old.end());
    await old.run('begin isolation level repeatable read; select 1');
    await stack.psql('operator', `select cs.operator_pause('all', true, 'stop')`);
    await assert.rejects(old.run(start), /begin a transaction that is read committed/);
    assert.equal(await state(attempt_id), 'claimed');
    await stack.psql('operator', `select cs.operator_pause('all', false, '')`);
    const [{ result }] = await stack.psql('worker', start);
    assert.equal(result.ok, true, 'what sees what is now goes on');
});

// A login may change its own settings, so one that was stolen leaves this behind.
test('a database that may forget what it said is done is not answered for', async () => {
    await stack.halt('api');
    await stack.psql('api', 'alter role countersign_api set synchronous_commit = off');
    stack.order({ do: 'start', name: 'api', env: {} });
    const says = /the database has synchronous_commit off/;
    await until(async () => says.test(await stack.log('api'))
        || await fetch(`${stack.url}/readyz`).then((answer) => answer.ok, () => false), 'either');
    assert.match(await stack.log('api'), says);
    await stack.end('api');
    await stack.psql('superuser', 'alter role countersign_api set synchronous_commit = on');
    await stack.start('api');
});
