// The clocks of api and worker, or of one alone, are off while PostgreSQL's is right: nobody
// is signed out, nothing ends early or late, and everything is dated by the database.
// Proves: I17
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { open, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { root, startStack } from './stack.mjs';

const DAY_MS = 86400000;
const MINUTE_MS = 60000;
const PROGRAMS = ['api', 'worker', 'postgres']; // as tests/fault/preload.c has them
const FIELDS = 3;
const control = path.join(os.tmpdir(), `countersign-clocks-${process.pid}`);

let stack;
let ana;
let rob;
// Of a sanitized program the sanitizer must be loaded first.
const skip = Boolean(process.env.VARIANT);

before(async () => {
    if (skip) return;
    await writeFile(control, Buffer.alloc(8 * FIELDS * PROGRAMS.length));
    stack = await startStack({ env: { COUNTERSIGN_PRELOAD: control,
                                      LD_PRELOAD: path.join(root, 'build/fault/preload.so') } });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'] });
    ana = await stack.signIn('ana');
    rob = await stack.signIn('rob');
});
after(async () => {
    await stack?.stop();
    await rm(control, { force: true });
});

async function set(clocks) {
    const file = await open(control, 'r+');
    for (const [name, ms] of Object.entries(clocks)) {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64LE(BigInt(ms));
        await file.write(bytes, 0, 8, 8 * FIELDS * PROGRAMS.indexOf(name));
    }
    await file.close();
}

// Each says what time it takes it for in each line of its log; the api writes one for this.
async function isOff(name, log, ms) {
    await ana.get('/api/nothing');
    const lines = (await stack.log(log)).trim().split('\n');
    const off = Date.parse(JSON.parse(lines.at(-1)).ts) - Date.now();
    assert.ok(Math.abs(off - ms) < MINUTE_MS * 5, `the clock of the ${name} is off by ${off} ms`);
}

async function runOne() {
    const sent = await ana.post('/api/requests', { language: 'python', code: '6 * 7' });
    assert.equal(sent.status, 201, sent.text);
    const at = `/api/requests/${sent.body.id}`;
    const decided = await rob.post(`${at}/decisions`, {
        verdict: 'approve', revision: 1, bundle_sha256: sent.body.bundle_sha256 });
    assert.equal(decided.status, 200, decided.text);
    return (await ana.get(`${at}?wait=60&until=done`)).body;
}

for (const [what, clocks] of [
    ['both a day ahead', { api: DAY_MS, worker: DAY_MS }],
    ['both a day behind', { api: -DAY_MS, worker: -DAY_MS }],
    ['the worker alone a day ahead', { api: 0, worker: DAY_MS }],
    ['the worker alone a day behind', { api: 0, worker: -DAY_MS }],
    ['the worker alone ten minutes behind', { api: 0, worker: -10 * MINUTE_MS }],
    ['the api alone a day ahead', { api: DAY_MS, worker: 0 }],
    ['api and worker two days apart', { api: -DAY_MS, worker: DAY_MS }],
])
    test(`${what}: people stay, code runs, all is dated`, { skip }, async () => {
        await set(clocks);
        const begin = Date.now();
        const done = await runOne();
        assert.equal(done.state, 'succeeded', JSON.stringify(done.attempts));
        for (const time of [done.created_at, done.attempts[0].started_at,
                            done.attempts[0].finished_at, done.decisions[0].decided_at])
            assert.ok(Date.parse(time) >= begin - 5000 && Date.parse(time) <= Date.now() + 5000,
                      `${time} is not the database's time`);
        const fresh = await stack.signIn('ana');
        assert.equal((await fresh.get('/api/me')).status, 200);
        assert.equal((await rob.get('/api/me')).status, 200);
        await isOff('api', 'api', clocks.api);
        await isOff('worker', 'worker', clocks.worker);
    });

// A request whose code has printed something when the clocks are set, and runs on for a while.
async function jumps(clocks) {
    const sent = await ana.post('/api/requests', {
        language: 'python', code: 'import time\nprint("on", flush=True)\ntime.sleep(2)\n6 * 7' });
    const at = `/api/requests/${sent.body.id}`;
    await rob.post(`${at}/decisions`, { verdict: 'approve', revision: 1,
                                        bundle_sha256: sent.body.bundle_sha256 });
    const events = await ana.events(`${at}/output`);
    await events.until(({ event }) => event === 'output');
    await set(clocks);
    events.close();
    return at;
}

test('a clock that jumps while code runs ends nothing', { skip }, async () => {
    await set({ api: 0, worker: 0 });
    const at = await jumps({ api: DAY_MS, worker: DAY_MS });
    const done = (await ana.get(`${at}?wait=60&until=done`)).body;
    assert.equal(done.state, 'succeeded', JSON.stringify(done.attempts));
    assert.ok(done.attempts[0].duration_ms < DAY_MS / 4);
});

test('a clock of the worker alone that jumps while code runs ends nothing', { skip }, async () => {
    for (const ms of [DAY_MS, -DAY_MS]) {
        await set({ api: 0, worker: 0 });
        const before = (await stack.log('worker')).length;
        const at = await jumps({ worker: ms });
        const done = (await ana.get(`${at}?wait=60&until=done`)).body;
        assert.equal(done.state, 'succeeded', JSON.stringify(done.attempts));
        assert.ok(done.attempts[0].duration_ms >= 0 && done.attempts[0].duration_ms < MINUTE_MS);
        assert.equal(done.attempts.length, 1);
        assert.doesNotMatch((await stack.log('worker')).slice(before), /lease/);
    }
});
