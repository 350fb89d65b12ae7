// How a worker starts, and when it had better not.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { build, root, startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';

const program = path.join(build, 'countersign-worker');
let stack;

const run = (words, env = {}) => spawnSync(program, words, {
    encoding: 'utf8', timeout: 60000,
    env: { PATH: process.env.PATH, DATABASE_URL: 'host=/nowhere', REDIS_URL: '', ...env },
});

before(async () => {
    stack = await startStack({ api: false, env: { LOCAL_WARM: '0', SWEEP_MS: '200' } });
});
after(() => stack?.stop());

test('--help names every setting, --version the version, a wrong option is refused', () => {
    const help = run(['--help']);
    assert.equal(help.status, 0);
    for (const name of ['DATABASE_URL', 'WORKER_SLOTS', 'LEASE_MS', 'DRAIN_SECONDS'])
        assert.ok(help.stdout.includes(name), name);
    assert.match(run(['--version']).stdout, /^countersign-worker \d+\.\d+\.\d+\n$/);
    assert.equal(run(['--wrong']).status, 2);
    assert.equal(run(['--help', 'more']).status, 2);
});

test('--check probes the sandbox without a database', () => {
    const check = run(['--check']);
    assert.equal(check.status, 0, check.stderr);
    assert.equal(JSON.parse(check.stdout).local.ready, true);
});

test('wrong settings are all named at once', () => {
    const wrong = run([], { WORKER_SLOTS: 'many', LEASE_MS: '1', DRAIN_SECONDS: '-1' });
    assert.equal(wrong.status, 1);
    for (const name of ['WORKER_SLOTS', 'LEASE_MS', 'DRAIN_SECONDS'])
        assert.match(wrong.stderr, new RegExp(name));
});

test('heartbeats that can not hold a lease are refused', () => {
    const wrong = run([], { HEARTBEAT_MS: '1000', LEASE_MS: '3000' });
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /"field":"HEARTBEAT_MS"/);
});

test('root never runs jobs itself', { skip: process.getuid() !== 0 && 'not root' }, () => {
    const asRoot = run(['--check'], { WORKER_USER: 'root' });
    assert.equal(asRoot.status, 1);
    assert.match(asRoot.stderr, /never works as user id 0/);
    const nobody = run(['--check'], { WORKER_USER: 'no-such-user' });
    assert.equal(nobody.status, 1);
    assert.match(nobody.stderr, /no user no-such-user/);
});

test('it waits for a database that is not there yet, and works when it comes', async () => {
    await stack.halt('worker');
    await stack.halt('postgres');
    await stack.start('worker');
    await until(async () => (await stack.log('worker')).includes('"worker.start"'),
        'the complaint');
    await stack.start('postgres');
    const jobs = await openJobs(stack);
    const job = await jobs.run("print('ran')");
    assert.equal((await jobs.over(job.attempt_id)).state, 'succeeded');
});

test('SIGTERM ends it while it waits for the database', async () => {
    await stack.halt('worker');
    await stack.halt('postgres');
    const before = (await stack.log('worker')).split('"worker.start"').length;
    await stack.start('worker');
    await until(async () => (
        (await stack.log('worker')).split('"worker.start"').length > before), 'the complaint');
    await stack.kill('worker', 'SIGTERM');
    assert.equal((await stack.end('worker')).code, 0);
    await stack.start('postgres');
});

test('it refuses a database that may forget what it has answered', async () => {
    await stack.psql('superuser', 'alter role countersign_worker set synchronous_commit = off');
    await stack.start('worker');
    assert.equal((await stack.end('worker')).code, 1);
    assert.match(await stack.log('worker'), /synchronous_commit off/);
    await stack.psql('superuser', 'alter role countersign_worker set synchronous_commit = on');
    await stack.start('worker');
    await stack.workersReady();
});
