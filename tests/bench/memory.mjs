// Resident memory of processes: private pages, and their share of what they share (Pss).
import { readFileSync, readdirSync } from 'node:fs';
import { until } from '../flow/stack.mjs';

const WARM_BYTES = 60 << 20;

function parents() {
    const found = new Map();
    for (const name of readdirSync('/proc')) {
        if (!/^\d+$/.test(name)) continue;
        try {
            const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
            found.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
        } catch {
            // It ended meanwhile.
        }
    }
    return found;
}

/** The process ids below one, children before grandchildren. */
function below(pid) {
    const all = [...parents()];
    const found = [pid];
    for (const one of found)
        found.push(...all.filter(([, parent]) => parent === one).map(([child]) => child));
    return found.slice(1);
}

function pssMiB(pid) {
    try {
        const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
        return Number(/^Pss: +(\d+) kB/m.exec(text)[1]) / 1024;
    } catch {
        return 0; // It ended meanwhile.
    }
}

const programOf = (pid) => {
    try {
        return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    } catch {
        return '';
    }
};

/** Ticks of the worker's big sandboxes: those that have pandas and matplotlib. */
function warmTicks(stack) {
    const ticks = [];
    for (const pid of below(stack.pid('worker'))) {
        try {
            const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
            const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
            if (fields[21] * 4096 > WARM_BYTES) ticks.push(`${pid}:${fields[11] + fields[12]}`);
        } catch {
            // It ended meanwhile.
        }
    }
    return ticks.join(' ');
}

/** Waits until the warm sandboxes are all there and have nothing left to do. */
export function warmedUp(stack, count) {
    let before = '';
    return until(async () => {
        const ticks = warmTicks(stack);
        const calm = ticks === before && ticks.split(' ').length === count;
        before = ticks;
        if (!calm) await new Promise((done) => setTimeout(done, 150));
        return calm;
    }, 'warm sandboxes');
}

/** MiB: of the api, of the worker with its launcher, and of its warm sandboxes. */
export function memoryNow(stack) {
    const worker = stack.pid('worker');
    const name = programOf(worker);
    const parts = below(worker);
    const launchers = parts.filter((pid) => programOf(pid) === name);
    const sandboxes = parts.filter((pid) => programOf(pid) !== name);
    const sum = (pids) => pids.reduce((all, pid) => all + pssMiB(pid), 0);
    return { api: pssMiB(stack.pid('api')), worker: pssMiB(worker) + sum(launchers),
             sandboxes: sum(sandboxes) };
}

export function memoryTally(tally, rounds) {
    tally.add('memory.api', 'api, idle', 'MiB', rounds.map((round) => round.api), { most: 16 });
    tally.add('memory.worker', 'worker with its launcher, idle, without warm sandboxes', 'MiB',
        rounds.map((round) => round.worker), { most: 16 });
    tally.add('memory.sandboxes', 'its 2 warm sandboxes', 'MiB',
        rounds.map((round) => round.sandboxes));
}
