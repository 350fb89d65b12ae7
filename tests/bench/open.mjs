// What ten thousand open event streams and long polls cost: the api's memory, its submissions, and
// how soon one poll among them wakes.
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { root, until } from '../flow/stack.mjs';
import { memoryNow } from './memory.mjs';
import { openPaced } from './paced.mjs';
import { prepareNoop } from './prepare.mjs';
import { good, submit, TRIVIAL } from './start.mjs';
import { load } from './submit.mjs';
import { median } from './tally.mjs';

const MANY = Number(process.env.OPEN ?? 10000);
const FEW = 10;
const WAKES = 30; // per round

/** What the api itself counts as open now. */
async function openNow(bench) {
    const text = await (await fetch(`${bench.stack.url}/metrics`)).text();
    const gauge = (name) => Number(new RegExp(`${name} (\\d+)`).exec(text)[1]);
    return gauge('polls_parked') + gauge('event_streams');
}

/** Opens that many, half of them streams; resolves with what closes them. */
async function holdOpen(bench, count) {
    const made = await submit(bench, TRIVIAL); // which nobody decides
    const child = spawn(path.join(root, 'build/bench/hold'), [new URL(bench.stack.url).port,
        `Bearer ${bench.agent.token}`, String(count), String(made.id)],
    { stdio: ['pipe', 'pipe', 'inherit'] });
    let ended = 0;
    const ready = new Promise((done, failed) => {
        child.once('exit', () => failed(new Error('hold has ended')));
        readline.createInterface(child.stdout).on('line', (line) => {
            if (JSON.parse(line).open) done();
            else ended++;
        });
    });
    await ready;
    await until(async () => await openNow(bench) >= count, `${count} open ones`);
    return async () => {
        child.removeAllListeners('exit');
        child.stdin.end();
        await new Promise((done) => child.once('close', done));
        if (ended) throw new Error(`${ended} of ${count} ended while they were measured`);
    };
}

/** Milliseconds from a decision's own time, just before its commit, until a poll of its request is
 *  answered; by the wall clock, which the database shows in microseconds. */
async function wakeOnce(bench, poller) {
    const made = await submit(bench, TRIVIAL);
    const parked = await openNow(bench);
    const answer = poller.call(`GET /api/requests/${made.id}?wait=60&until=decision\t`);
    await until(async () => await openNow(bench) > parked, 'the poll');
    await bench.decider.approve(made);
    const { answered_wall_us: answered } = await answer;
    const [{ at }] = await bench.stack.psql('superuser', `select
        extract(epoch from decided_at) * 1e6 as at from cs.decision where request_id = ${made.id}`);
    return (answered - at) / 1000;
}

async function wakes(bench) {
    const times = [];
    const poller = openPaced(bench, bench.agent.token);
    bench.decider = openPaced(bench, bench.reviewer.token);
    for (let i = 0; i < WAKES; i++) times.push(await wakeOnce(bench, poller));
    poller.stop();
    bench.decider.stop();
    return median(times);
}

async function withOpen(bench, count) {
    const release = await holdOpen(bench, count);
    const taken = { memory: memoryNow(bench.stack).api, wake: await wakes(bench),
                    submits: (await load(bench, bench.agent.token, 'submit')).per_second };
    await release();
    await until(async () => await openNow(bench) < FEW, 'their end');
    return taken;
}

export async function measureOpen(found, { closeRounds, say }) {
    found.open = [];
    for (let round = 1; round <= closeRounds; round++) {
        say(`round ${round} of ${closeRounds}: ${MANY} open streams and polls`);
        // A stack of its own each time: the api notices only later that clients have left.
        const bench = await prepareNoop({ MAX_STREAMS_PER_PERSON: '100000' });
        try {
            const without = (await load(bench, bench.agent.token, 'submit')).per_second;
            const few = await withOpen(bench, FEW);
            found.open.push({ without, few, many: await withOpen(bench, MANY) });
        } finally {
            await bench.stack.stop();
        }
    }
}

export function openTally(tally, { open }) {
    const text = MANY.toLocaleString('en-US');
    const each = (pick) => open.map(pick);
    tally.add('open.memory', `api with ${text} open streams and polls`, 'MiB',
        each((r) => r.many.memory), { most: 80 });
    tally.add('open.submits', 'submissions meanwhile, 32 clients', 'per s',
        each((r) => r.many.submits));
    tally.add('open.submits_ratio', `submissions with ${text} open ÷ without`, 'ratio',
        each((r) => r.many.submits / r.without), { least: 0.95 });
    tally.add('open.wake', `a poll's answer after its decision, ${text} open, p50`, 'ms',
        each((r) => r.many.wake));
    tally.add('open.wake_ratio', `the same ÷ with ${FEW} open`, 'ratio',
        each((r) => r.many.wake / r.few.wake), { most: 2 });
}
