// Jobs in sandboxes of a service, played here and answering at once: what is added to it, how many
// jobs a worker gets through beside the service's own client, and what 500 at once cost.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { makeCertificates } from '../fake/authority.mjs';
import { root, until } from '../flow/stack.mjs';
import { memoryNow } from './memory.mjs';
import { playFake, playInstant } from './play.mjs';
import { prepare } from './prepare.mjs';
import { approveAll, approval, good, jobsRound, submit, submitBatches, TRIVIAL } from './start.mjs';
import { median, quantile } from './tally.mjs';

const run = promisify(execFile);
const HELD = 500;
const AT_ONCE = 32;
const JOBS = 400; // per round
const STARTS = 200; // per round, once every connection has its plans
const FIRST_STARTS = 20;
const HEARTBEAT_MS = 1000;
const SERVICES = ['e2b', 'daytona'];
const EXECUTE = { e2b: /\/execute$/, daytona: /\/exec$/ };

/** By the wall clock that the played service takes, to a few microseconds: just when its
 *  millisecond begins. The process's own clock goes its own way from its start on. */
function nowMs() {
    const before = Date.now();
    let now = before;
    while (now === before) now = Date.now();
    return now;
}

export async function prepareRemote(service, fake, env) {
    const bench = await prepare({ ...fake.env, SANDBOX: service, SANDBOXES: service,
        LOCAL_OFF: '1', HEARTBEAT_MS: String(HEARTBEAT_MS), ...env }, service);
    return { ...bench, fake, service, async stop() {
        await bench.stack.stop();
        fake.stop();
    } };
}

/** Milliseconds from just before the approve call until /execute is there, less what the service
 *  itself took for the calls before. */
async function addedOnce(bench) {
    const made = await submit(bench, 'print(6 * 7)\n');
    const began = nowMs();
    await good(bench.reviewer.client.post(`/api/requests/${made.id}/decisions`, approval(made)));
    const done = await good(bench.agent.client.get(
        `/api/requests/${made.id}?wait=30&until=done`));
    if (done.state !== 'succeeded') throw new Error(`request ${made.id} ended as ${done.state}`);
    const calls = await bench.fake.calls(began);
    const execute = calls.find((call) => EXECUTE[bench.service].test(call.path));
    const before = calls.filter((call) => call.beganMs + call.tookMs <= execute.beganMs);
    const own = before.reduce((all, call) => all + call.tookMs, 0);
    return execute.beganMs - began - own;
}

export async function addedRound(bench) {
    const times = [];
    for (let i = 0; i < FIRST_STARTS; i++) await addedOnce(bench);
    for (let i = 0; i < STARTS; i++) times.push(await addedOnce(bench));
    return { p50: median(times), p99: quantile(times, 0.99) };
}

export const ours = async (bench) => (await jobsRound(bench, { jobs: JOBS })).perSecond;

export async function theirs(bench) {
    const { stdout } = await run('node', [path.join(root, 'tests/bench/npm_loop.mjs'),
        bench.service, String(AT_ONCE), String(JOBS)],
    { env: { ...process.env, ...bench.fake.env } });
    return JSON.parse(stdout).perSecond;
}

/** Jobs per second: of one worker, and of the npm client in a loop of equal concurrency. */
export async function throughputRound(bench) {
    const round = { ours: await ours(bench), theirs: await theirs(bench) };
    return { ...round, ratio: round.ours / round.theirs };
}

/** The longest time between two heartbeats over what it should be, in ms, for ten of them. */
async function lateness({ stack }) {
    const seen = new Set();
    await until(async () => {
        const [row] = await stack.psql('superuser', `select extract(epoch from seen_at) * 1000
            as at from cs.worker where stopped_at is null`);
        seen.add(row.at);
        return seen.size > 10;
    }, 'heartbeats');
    const times = [...seen].sort((a, b) => a - b);
    return Math.max(...times.slice(1).map((time, i) => time - times[i])) - HEARTBEAT_MS;
}

async function connectionsOf({ stack }) {
    const [row] = await stack.psql('superuser', `select count(*)::int as n from pg_stat_activity
        where usename = 'countersign_worker'`);
    return row.n;
}

/** What one worker costs while 500 jobs run at the service, which are approved in such groups: with
 *  TLS the played service, one thread, has work with each connection. */
export async function heldRound(bench, { group = HELD, code = TRIVIAL } = {}) {
    const { stack } = bench;
    await stack.restart('worker');
    const idle = memoryNow(stack).worker;
    const made = await submitBatches(bench, code, HELD);
    const began = nowMs();
    const ids = made.map((one) => one.id).join(',');
    const count = async () => (await stack.psql('superuser', `select count(*)::int as n
        from cs.attempt where request_id in (${ids}) and state = 'running'`))[0].n;
    for (let done = 0; done < HELD; done += group) {
        await approveAll(bench, made.slice(done, done + group));
        await until(async () => await count() >= done + group, `${done + group} running jobs`);
    }
    const round = { seconds: (nowMs() - began) / 1000,
                    kib: 1024 * (memoryNow(stack).worker - idle) / HELD,
                    connections: await connectionsOf(bench), late: await lateness(bench) };
    if (await count() !== HELD) throw new Error('some jobs ended while they were measured');
    await stack.kill('worker');
    return round;
}

/** As text, since it is handed over on a command line. */
const pem = ({ key, cert }) => ({ key: `${key}`, cert: `${cert}` });

export async function held(fake, env, group) {
    const bench = await prepareRemote('e2b', fake,
        { WORKER_SLOTS: String(HELD + 12), WORKER_CONNECTIONS: '8',
            SANDBOX_TIMEOUT_MS: '600000', ...env }); // all of them must run at the same time
    const round = await heldRound(bench, { group });
    await bench.stop();
    return round;
}

export async function measureRemote(found, { rounds, say }) {
    found.remote = {};
    for (const service of SERVICES) {
        const into = (found.remote[service] = { added: [], throughput: [] });
        const bench = await prepareRemote(service, await playInstant(service),
            { WORKER_SLOTS: String(AT_ONCE) });
        for (let round = 1; round <= rounds; round++) {
            say(`round ${round} of ${rounds}: ${service}, added time and jobs`);
            into.added.push(await addedRound(bench));
            into.throughput.push(await throughputRound(bench));
        }
        await bench.stop();
    }
    const { caFile, servers, remove } = makeCertificates();
    found.remote.held = [];
    found.remote.tls = [];
    for (let round = 1; round <= rounds; round++) {
        say(`round ${round} of ${rounds}: ${HELD} jobs at once, plain and with TLS`);
        found.remote.held.push(await held(await playInstant('e2b', { hold: true }), {}));
        const fake = await playFake('e2b',
            { instant: { delayMs: 600000 }, tls: pem(servers.good) });
        found.remote.tls.push(await held(fake, { CA_FILE: caFile }, 20));
    }
    remove();
}

export function remoteTally(tally, { remote }) {
    for (const service of SERVICES) {
        const { added, throughput } = remote[service];
        const goals = service === 'e2b' ? [{ most: 5 }, { most: 20 }, { least: 10 }] : [];
        tally.add(`remote.${service}_added_p50`, `added to a run at ${service}, p50`, 'ms',
            added.map((round) => round.p50), goals[0]);
        tally.add(`remote.${service}_added_p99`, `added to a run at ${service}, p99`, 'ms',
            added.map((round) => round.p99), goals[1]);
        tally.add(`remote.${service}_jobs`, `jobs at ${service}, ${AT_ONCE} at once`, 'per s',
            throughput.map((round) => round.ours));
        tally.add(`remote.${service}_npm`, `its npm client in a loop, ${AT_ONCE} at once`,
            'per s', throughput.map((round) => round.theirs));
        tally.add(`remote.${service}_jobs_of_npm`, 'jobs ÷ its npm client', 'ratio',
            throughput.map((round) => round.ratio), goals[2]);
    }
    const each = (pick) => remote.held.map(pick);
    tally.add('remote.held_kib', `worker, for each of ${HELD} running jobs`, 'KiB',
        each((round) => round.kib), { most: 64 });
    tally.add('remote.held_tls_kib', 'the same where calls go over TLS', 'KiB',
        remote.tls.map((round) => round.kib));
    tally.add('remote.held_connections', 'its database connections meanwhile', 'count',
        each((round) => round.connections), { most: 16 });
    tally.add('remote.held_late', 'its latest heartbeat meanwhile, late by', 'ms',
        each((round) => round.late));
    tally.add('remote.held_seconds', `approving and starting ${HELD} jobs`, 's',
        each((round) => round.seconds));
}
