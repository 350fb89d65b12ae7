// Tries the images: the services of docker-compose.yml, with the options they have there, run
// by podman against a real PostgreSQL and Redis. One job goes all the way; then the worker
// loses each option that bubblewrap needs, and must say so and leave the job alone.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Session } from '../demo/http.mjs';
import { compose, Podman } from './podman.mjs';
import { startServices } from './services.mjs';

const url = 'http://127.0.0.1:8080';
const code = `import os, pandas as pd, matplotlib.pyplot as plt
print(os.path.exists('/run/secrets'), len(os.environ.get('DATABASE_URL_FILE', '')))
print(sorted(os.listdir('/sys/class/net')) if os.path.exists('/sys') else 'no /sys')
plt.plot([1, 2, 3])
pd.DataFrame({'answer': [6 * 7]})
`;
const full = compose.services.worker;
const without = (pattern) => full.security_opt.filter((option) => !pattern.test(option));
const handicaps = [
    ['the usual system call filter', { security_opt: without(/^seccomp/) }],
    ['a masked /proc', { security_opt: without(/^systempaths/) }],
];

let count = 0;
async function check(what, run) {
    count += 1;
    const said = await run();
    console.log(`ok ${count} - ${what}${said ? `: ${said}` : ''}`);
}

const pause = () => new Promise((done) => setTimeout(done, 100));

/** Asks until it is so. A hang is for a person to interrupt. */
async function until(ask) {
    for (;;) {
        const answer = await ask().catch(() => null);
        if (answer) return answer;
        await pause();
    }
}

async function person(podman, login, role) {
    await podman.once('operator', ['person', 'add', login, '--role', role, '--team', 'Team']);
    const link = (await podman.once('operator', ['link', login])).stdout;
    return Session.fromLink(url, link);
}

async function submitApproved(people) {
    const made = await people.analyst.post('/api/requests',
        { title: 'A trial', language: 'python', code });
    await people.reviewer.post(`/api/requests/${made.id}/decisions`, { verdict: 'approve',
        revision: made.revision, bundle_sha256: made.bundle_sha256, undo_seconds: 0 });
    return made.id;
}

const finished = (people, id) => until(async () => {
    const detail = await people.analyst.get(`/api/requests/${id}?wait=20&until=done`);
    return /succeeded|failed|unknown/.test(detail.state) && detail;
});

/** What the newest living worker says about its local sandbox. */
const localBackend = (people) => until(async () => {
    const { workers } = await people.admin.get('/api/workers');
    return workers.filter((worker) => worker.alive).at(-1)?.backends?.local;
});

async function tryApi(podman) {
    await check('migrate brings an empty database up to date, and again changes nothing',
        async () => {
            await podman.once('migrate');
            assert.doesNotMatch((await podman.once('migrate')).stdout, /applied/);
        });
    await check('the api gets healthy', async () => {
        await podman.start('api');
        await until(() => podman.healthy('api'));
    });
    await check('the api is no root, has no capabilities, and can write nowhere', async () => {
        const status = await podman.inside('api', 'cat', '/proc/1/status');
        assert.match(status, /^Uid:\s10001\s10001\s10001\s10001$/m);
        assert.match(status, /^CapEff:\s0+$/m);
        assert.match(status, /^CapBnd:\s0+$/m);
        assert.match(status, /^NoNewPrivs:\s1$/m);
        await assert.rejects(podman.inside('api', 'touch', '/tmp/a', '/usr/bin/a'));
    });
}

const everyStatus = 'cat /proc/[0-9]*/status 2>/dev/null; true';

/** Program → the user ids its processes have, out of many /proc/PID/status. */
function usersOf(statuses) {
    const users = {};
    for (const [, name, user] of statuses.matchAll(/^Name:\s(\S+)[^]*?^Uid:\s(\d+)/gm))
        users[name] = [...new Set([...users[name] ?? [], user])].sort();
    return users;
}

async function tryWorker(podman, people) {
    await check('the worker gets healthy', async () => {
        await podman.start('worker');
        await until(() => podman.healthy('worker'));
    });
    await check('the worker is no root, its launcher alone is, sandboxes have ids of their own',
        async () => {
            const users = await until(async () => {
                const found = usersOf(await podman.inside('worker', 'sh', '-c', everyStatus));
                return found.python3 && found;
            });
            const roots = Object.keys(users)
                .filter((name) => users[name].includes('0') && name !== 'sh' && name !== 'cat');
            assert.deepEqual(users['countersign-wor'], ['10001']);
            assert.deepEqual(roots, ['cs-launcher']);
            assert.ok(users.python3.every((user) => user >= 64100), users.python3.join());
            return `sandboxes run as ${users.python3.join(' and ')}`;
        });
    await check('its local sandbox is ready', async () => {
        const local = await localBackend(people);
        assert.equal(local.ready, true, local.why_not);
        return local.weaker ? `weaker: ${local.weaker_because ?? local.weaker}` : '';
    });
    await check('an approved job runs in it, with a user id of its own', async () => {
        const detail = await finished(people, await submitApproved(people));
        assert.equal(detail.state, 'succeeded');
        const items = detail.attempts.at(-1).items;
        assert.ok(items.some((item) => item.mime === 'image/png'), 'a chart');
        const out = items.find((item) => item.kind === 'stdout');
        const text = await people.analyst.bytes(`/api/requests/${detail.id}/results/${out.n}`);
        assert.equal(text.toString(), 'False 0\nno /sys\n');
    });
    await check('both reached Redis, which refused nothing', async () => {
        const logs = await podman.logs('api') + await podman.logs('worker');
        assert.doesNotMatch(logs, /redis|NOPERM|NOAUTH/i);
    });
    await check('SIGTERM ends the worker cleanly', async () =>
        assert.equal(await podman.stop('worker'), 0));
}

async function tryHandicap(podman, people, what, changes) {
    const id = await submitApproved(people);
    await check(`with ${what} the worker says why it takes no jobs`, async () => {
        await podman.start('worker', changes);
        const local = await localBackend(people);
        assert.equal(local.ready, false);
        return local.why_not;
    });
    await check('the approved job waits', async () => {
        const { state, attempts } = await people.analyst.get(`/api/requests/${id}`);
        assert.equal(state, 'approved');
        assert.deepEqual(attempts.map((attempt) => attempt.state), ['ready']);
        await podman.stop('worker');
    });
    await check('and runs once a proper worker is there', async () => {
        await podman.start('worker');
        const detail = await finished(people, id);
        assert.equal(detail.state, 'succeeded');
        assert.equal(detail.attempts.length, 1);
        await podman.stop('worker');
    });
}

async function tryUsers(podman, people) {
    await check('without the right to become another user it does not start, and says why',
        async () => {
            await podman.start('worker', { cap_add: ['KILL'] });
            await until(async () => !(await podman.isRunning('worker')));
            const said = /can not become countersign/.exec(await podman.logs('worker'));
            assert.notEqual(await podman.stop('worker'), 0);
            return said[0];
        });
    await check('started as a plain user it needs no capability at all', async () => {
        await podman.start('worker', { cap_add: [], user: '10001:10001' });
        const detail = await finished(people, await submitApproved(people));
        assert.equal(detail.state, 'succeeded');
        await podman.stop('worker');
    });
}

async function tryAll(podman) {
    await tryApi(podman);
    await podman.once('operator', ['team', 'add', 'Team']);
    const people = {};
    for (const role of ['analyst', 'reviewer', 'admin'])
        people[role] = await person(podman, role, role);
    await tryWorker(podman, people);
    for (const [what, changes] of handicaps) await tryHandicap(podman, people, what, changes);
    await tryUsers(podman, people);
    await check('SIGTERM ends the api cleanly', async () =>
        assert.equal(await podman.stop('api'), 0));
}

const scratch = mkdtempSync(path.join(tmpdir(), 'countersign-secrets-'));
execFileSync('tools/compose-secrets', [scratch], { stdio: 'ignore' });
const secrets = path.join(scratch, 'secrets');
const podman = new Podman(path.resolve(process.argv[2]), secrets);
const services = await startServices(secrets);

async function leave(status) {
    await podman.removeAll();
    await services.stop();
    rmSync(scratch, { recursive: true });
    process.exit(status);
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => leave(130));
try {
    await tryAll(podman);
    console.log(`1..${count}`);
    await leave(0);
} catch (error) {
    console.log(`not ok ${count} - ${error.stack}`);
    for (const name of ['api', 'worker'])
        console.log(await podman.logs(name).then((text) => text.split('\n').slice(-15).join('\n'),
            () => ''));
    await leave(1);
}
