// Another queue's own client and worker, with jobs that do nothing. Prints {submits, jobs, bulk,
// bulkJobs}, each per second: added one by one by 32 callers and worked off as its defaults are;
// then added 50 at a time by 4 callers and worked off as it batches.
//
//     node tests/bench/peer_loop.mjs graphile|bullmq CONNECTION SECONDS
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freshCode } from './submit.mjs';

const peers = fileURLToPath(new URL('../../build/peers/', import.meta.url));
const require = createRequire(path.join(peers, 'index.js'));
const AT_ONCE = 100; // jobs, as many as our worker's slots
const [kind, connection, seconds] = process.argv.slice(2);

/** How many a second `add` gets through, called by so many at once. */
async function rate(add, { callers, size }) {
    const began = performance.now();
    const ends = began + 1000 * seconds;
    let done = 0;
    const loop = async () => {
        while (performance.now() < ends) {
            await add();
            done += size;
        }
    };
    await Promise.all(Array.from({ length: callers }, loop));
    return { done, perSecond: (1000 * done) / (performance.now() - began) };
}

/** Counts down; `over` is resolved at zero with how many a second that were. */
function counter(count) {
    const began = performance.now();
    let left = count;
    let tell;
    const over = new Promise((done) => { tell = done; });
    const one = async () => {
        if (--left === 0) tell((1000 * count) / (performance.now() - began));
    };
    return { one, over };
}

/** What libpq makes of such a text, for a client that does not use libpq. */
function poolOf(conninfo) {
    const { Pool } = require('pg');
    const part = (name) => new RegExp(`${name}='?([^' ]+)`).exec(conninfo)[1];
    const user = part('user');
    const line = readFileSync(part('passfile'), 'utf8').split('\n')
        .find((one) => one.split(':')[3] === user);
    return new Pool({ host: part('host'), database: part('dbname'), user, max: 32,
        password: line.split(':')[4] });
}

const quiet = { error() {}, warning() {}, info() {}, debug() {} };

async function graphile() {
    const { makeWorkerUtils, run, Logger } = require('graphile-worker');
    const logger = new Logger(() => (level, text) => quiet[level]?.(text));
    const pgPool = poolOf(connection);
    const utils = await makeWorkerUtils({ pgPool, logger });
    await utils.migrate();
    return {
        add: () => utils.addJob('noop', { code: freshCode() }),
        addBulk: (size) => utils.addJobs(Array.from({ length: size },
            () => ({ identifier: 'noop', payload: { code: freshCode() } }))),
        async work(count, batched) {
            const { one, over } = counter(count);
            const worker = { concurrentJobs: AT_ONCE, logger, ...batched && {
                localQueue: { size: 5 * AT_ONCE }, completeJobBatchDelay: 0,
                failJobBatchDelay: 0 } };
            const runner = await run({ pgPool, preset: { worker }, noHandleSignals: true,
                taskList: { noop: one } });
            const perSecond = await over;
            await runner.stop();
            return perSecond;
        },
    };
}

async function bullmq() {
    const { Queue, Worker } = require('bullmq');
    const redis = { path: connection, maxRetriesPerRequest: null };
    // Else what is done stays in Redis, whose memory ends.
    const queue = new Queue('bench',
        { connection: redis, defaultJobOptions: { removeOnComplete: true } });
    return {
        add: () => queue.add('noop', { code: freshCode() }),
        addBulk: (size) => queue.addBulk(Array.from({ length: size },
            () => ({ name: 'noop', data: { code: freshCode() } }))),
        async work(count) {
            const { one, over } = counter(count);
            const worker = new Worker('bench', async () => {},
                { connection: redis, concurrency: AT_ONCE });
            worker.on('completed', one);
            const perSecond = await over;
            await worker.close();
            return perSecond;
        },
    };
}

const peer = await { graphile, bullmq }[kind]();
const submits = await rate(peer.add, { callers: 32, size: 1 });
const jobs = await peer.work(submits.done, false);
const bulk = await rate(() => peer.addBulk(50), { callers: 4, size: 50 });
const bulkJobs = await peer.work(bulk.done, true);
process.stdout.write(`${JSON.stringify({
    submits: submits.perSecond, jobs, bulk: bulk.perSecond, bulkJobs })}\n`);
process.exit(0);
