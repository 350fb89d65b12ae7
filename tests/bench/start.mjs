// From the approve call to the program's first line, and jobs per second through one worker.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { until } from '../flow/stack.mjs';
import { load } from './submit.mjs';
import { median, quantile } from './tally.mjs';

const STARTS = 30; // per round
const JOBS = 200; // per round
const BATCH = 50;
const CLOCK = 'import time\nprint(time.time_ns())\n';
export const TRIVIAL = 'print(6 * 7)\n';

const nowMs = () => performance.timeOrigin + performance.now();

export async function good(answer) {
    const { status, body, text } = await answer;
    if (status >= 300) throw new Error(`${status} ${text}`);
    return body;
}

export const submit = (bench, code) =>
    good(bench.agent.client.post('/api/requests', { language: 'python', title: 'bench', code }));

export const approval = (made) =>
    ({ verdict: 'approve', revision: made.revision, bundle_sha256: made.bundle_sha256,
       undo_seconds: 0 });

/** Milliseconds from just before the approve call is sent until the code runs. */
async function startOnce(bench) {
    const made = await submit(bench, CLOCK);
    await bench.warmed();
    const began = nowMs();
    await good(bench.reviewer.client.post(`/api/requests/${made.id}/decisions`, approval(made)));
    const path = `/api/requests/${made.id}`;
    const done = await good(bench.agent.client.get(`${path}?wait=30&until=done`));
    if (done.state !== 'succeeded') throw new Error(`request ${made.id} ended as ${done.state}`);
    const item = done.attempts.at(-1).items.find((one) => one.kind === 'stdout');
    const { text } = await bench.agent.client.get(`${path}/results/${item.n}`);
    return Number(BigInt(text.trim()) / 1000n) / 1000 - began;
}

export async function startRound(bench) {
    const times = [];
    for (let i = 0; i < STARTS; i++) times.push(await startOnce(bench));
    return { p50: median(times), p99: quantile(times, 0.99) };
}

/** Approves all of them, so many at once; resolves with what the load generator says. */
export async function approveAll(bench, made, clients = 8) {
    const lines = made.map((one) =>
        `/api/requests/${one.id}/decisions\t${JSON.stringify(approval(one))}\n`);
    const folder = mkdtempSync(path.join(os.tmpdir(), 'countersign-bench-'));
    const file = path.join(folder, 'approvals');
    writeFileSync(file, lines.join(''));
    const approved = await load(bench, bench.reviewer.token, file, { clients, seconds: 300 });
    rmSync(folder, { recursive: true });
    if (approved.done !== made.length)
        throw new Error(`only ${approved.done} of ${made.length} approved`);
    return approved;
}

/** Submits that many in batches; resolves with what the api answered for each. */
export async function submitBatches(bench, code, count) {
    const made = [];
    while (made.length < count) {
        const requests = Array.from({ length: Math.min(BATCH, count - made.length) },
            () => ({ language: 'python', title: 'bench', code }));
        const { results } =
            await good(bench.agent.client.post('/api/requests:batch', { requests }));
        const failed = results.find((one) => one.status !== 201);
        if (failed) throw new Error(JSON.stringify(failed));
        made.push(...results.map((one) => one.body));
    }
    return made;
}

const LOOK_MS = 250; // to look more often would take a share of what is measured

/** Waits until all of them have succeeded; seconds from the first claim to the last end. */
export async function workedOff(bench, made) {
    const [first, last] = [made[0].id, made.at(-1).id];
    const row = await until(async () => {
        const [one] = await bench.stack.psql('superuser', `select count(*)::int as n,
            extract(epoch from max(finished_at) - min(claimed_at))::float8 as seconds
            from cs.attempt where request_id between ${first} and ${last}
              and state = 'succeeded'`);
        return one.n === made.length && one;
    }, 'all jobs', LOOK_MS);
    return row.seconds;
}

/** Approves jobs while the worker is away, then lets it work them off. */
export async function jobsRound(bench, { jobs = JOBS, code = TRIVIAL, clients = 8 } = {}) {
    await bench.stack.halt('worker');
    const made = await submitBatches(bench, code, jobs);
    const approved = await approveAll(bench, made, clients);
    await bench.stack.start('worker');
    return { perSecond: jobs / await workedOff(bench, made), approvals: approved.per_second };
}

export function startTally(tally, { warm, cold, jobs }) {
    tally.add('start.warm_p50', 'approve call to first line, warm sandbox, p50', 'ms',
        warm.map((round) => round.p50), { most: 15 });
    tally.add('start.warm_p99', 'approve call to first line, warm sandbox, p99', 'ms',
        warm.map((round) => round.p99));
    tally.add('start.cold_p50', 'approve call to first line, cold sandbox, p50', 'ms',
        cold.map((round) => round.p50));
    tally.add('start.cold_p99', 'approve call to first line, cold sandbox, p99', 'ms',
        cold.map((round) => round.p99));
    tally.add('jobs', 'jobs through one worker, local sandbox, print(6 * 7)', 'per s',
        jobs.map((round) => round.perSecond));
    tally.add('approvals', 'approvals over HTTP, 8 clients', 'per s',
        jobs.map((round) => round.approvals));
}
