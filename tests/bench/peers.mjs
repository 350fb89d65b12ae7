// Two other queues beside ours, each with its own client, on the same PostgreSQL and Redis: only
// with PEERS=1, since they are installed from npm first.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from '../flow/stack.mjs';
import { prepareNoop } from './prepare.mjs';
import { makeReference, pgbench, referenceBulkWork } from './reference.mjs';
import { jobsRound } from './start.mjs';
import { freshCode, load } from './submit.mjs';

const run = promisify(execFile);
const folder = path.join(root, 'build/peers');
const PACKAGES = { 'graphile-worker': '0.18.0', bullmq: '6.7.0',
                   ioredis: '5.8.2' }; // BullMQ's client, which it no longer brings along
const JOBS_PER_SECOND = 200;

async function install() {
    mkdirSync(folder, { recursive: true });
    const names = Object.keys(PACKAGES);
    // All of them at once: npm takes away what it is not asked for.
    if (!names.every((name) => existsSync(path.join(folder, 'node_modules', name, 'package.json'))))
        await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--no-save',
            '--no-update-notifier', '--loglevel=error', '--prefix', folder,
            ...names.map((name) => `${name}@${PACKAGES[name]}`)]);
}

async function peer(bench, kind, connection) {
    const { stdout } = await run('node', [path.join(root, 'tests/bench/peer_loop.mjs'), kind,
        connection, String(bench.seconds)]);
    return JSON.parse(stdout.trim().split('\n').at(-1));
}

async function peersRound(bench) {
    const { stack, agent, seconds } = bench;
    const graphile = await peer(bench, 'graphile', stack.database.superuser);
    const submits = (await load(bench, agent.token, 'submit')).per_second;
    const bullmq = await peer(bench, 'bullmq', stack.redisUrl.slice('unix://'.length));
    const bulk = 50 * (await load(bench, agent.token, 'batch', { clients: 4 })).per_second;
    const { perSecond } = await jobsRound(bench, { jobs: JOBS_PER_SECOND * seconds, clients: 32 });
    await makeReference(bench); // else its keys meet those of the jobs laid ready before
    const reference = await pgbench(bench, 'superuser', 'reference_submit.sql',
        { code: freshCode(), sha: '00' });
    return { ours: { submits, bulk, jobs: perSecond }, graphile, bullmq,
             reference: { submits: reference, bulkJobs: await referenceBulkWork(bench) } };
}

export async function measurePeers(found, { rounds, say }) {
    await install();
    const bench = await prepareNoop();
    found.peers = [];
    try {
        for (let round = 1; round <= rounds; round++) {
            say(`round ${round} of ${rounds}: graphile-worker and BullMQ`);
            found.peers.push(await peersRound(bench));
        }
    } finally {
        await bench.stack.stop();
    }
}

const WHO = { ours: 'ours, over HTTP', graphile: 'graphile-worker', bullmq: 'BullMQ',
              reference: 'the reference' };
const WHAT = { submits: 'jobs added one by one, 32 callers', bulk: 'added 50 at a time, 4 callers',
               jobs: 'jobs that do nothing, 100 at once', bulkJobs: 'the same in batches' };

export function peersTally(tally, { peers }) {
    for (const [what, text] of Object.entries(WHAT))
        for (const [who, name] of Object.entries(WHO))
            if (peers[0][who][what] !== undefined)
                tally.add(`peers.${who}_${what.toLowerCase()}`, `${text}: ${name}`, 'per s',
                    peers.map((round) => round[who][what]));
}
