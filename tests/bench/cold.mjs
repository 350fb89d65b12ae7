// Jobs a second in cold local sandboxes, beside a bare loop of the same command line.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { root } from '../flow/stack.mjs';
import { prepare } from './prepare.mjs';
import { jobsRound, TRIVIAL } from './start.mjs';

const SLOTS = 4;
const JOBS = 200; // per round

/** Sandboxes a second, so many at once, each with that code; nobody reads what comes out. */
async function bareRound(code) {
    const child = spawn(path.join(root, 'build/bench/bare'), [String(SLOTS), String(JOBS)],
        { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(code);
    let out = '';
    for await (const part of child.stdout) out += part;
    return JSON.parse(out).per_second;
}

export async function measureCold(found, { closeRounds, say }) {
    const bench = await prepare({ LOCAL_WARM: '0', WORKER_SLOTS: String(SLOTS) });
    found.cold = [];
    try {
        for (let round = 1; round <= closeRounds; round++) {
            say(`round ${round} of ${closeRounds}: cold sandboxes`);
            const jobs = await jobsRound(bench, { jobs: JOBS });
            // Its worker waits for work meanwhile, and does next to nothing.
            found.cold.push({ jobs: jobs.perSecond, bare: await bareRound(TRIVIAL) });
        }
    } finally {
        await bench.stack.stop();
    }
}

export function coldTally(tally, { cold }) {
    tally.add('cold.jobs', `jobs in cold local sandboxes, ${SLOTS} at once`, 'per s',
        cold.map((round) => round.jobs));
    tally.add('cold.bare', 'a bare loop of the same command line', 'per s',
        cold.map((round) => round.bare));
    tally.add('cold.ratio', 'jobs ÷ the bare loop', 'ratio',
        cold.map((round) => round.jobs / round.bare), { least: 0.95 });
}
