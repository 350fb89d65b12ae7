// `make fault`: trials of the whole product under faults, each from a seed, and what came of them.
//
//   TRIALS=N  how many (150)      SEED=N  the first seed (1); a trial alone: TRIALS=1 SEED=…
//   STAGES=N  stacks at once (2): much of a trial is waiting
// Proves: I4 I5 I12
import { named, unlike } from './points.mjs';
import { Stage } from './stage.mjs';
import { Trial } from './trial.mjs';

const TRIALS = Number(process.env.TRIALS || 150);
const SEED = Number(process.env.SEED || 1);
const STAGES = Number(process.env.STAGES || 2);
const TRIALS_PER_STAGE = 30; // then a fresh one: the database grows

const sum = { trials: 0, failed: 0, compared: 0, near: 0, lost: 0, starts: 0, double: 0,
              violations: 0 };
const fired = new Set();

function line(seed, result, ms) {
    const faults = result.deeds.map(({ name }) => name).join(' + ');
    const verdict = result.wrong.length === 0 ? 'ok' : 'NOT OK';
    const points = result.points.length > 0 ? `, at ${result.points.join(' ')}` : '';
    console.log(`${verdict} seed ${seed}: ${faults}: ${result.fired} fired${points}; `
        + `${result.compared} acknowledged (${result.near} near), ${result.starts} starts, `
        + `${(ms / 1000).toFixed(1)} s`);
    for (const text of result.wrong.slice(0, 10)) console.log(`    ${text}`);
    if (result.wrong.length > 0) console.log(`    again: TRIALS=1 SEED=${seed} make fault`);
}

function count(result) {
    sum.trials++;
    sum.failed += Number(result.wrong.length > 0);
    sum.violations += result.wrong.length;
    for (const name of ['compared', 'near', 'lost', 'starts', 'double'])
        sum[name] += result[name] ?? 0;
    for (const point of result.points) fired.add(point);
}

async function once(stage, seed, seen) {
    const began = performance.now();
    const trial = new Trial(stage, seed, seen);
    const result = await trial.run().catch((error) => ({ deeds: trial.deeds, points: [], fired: 0,
        compared: 0, near: 0, starts: 0, wrong: [...trial.journal.wrong, error.stack] }));
    count(result);
    line(seed, result, performance.now() - began);
    return result.wrong.length === 0;
}

// Until a trial has failed: a stage that is broken is of no use for the next.
async function some(seeds) {
    const stage = await Stage.open();
    try {
        const seen = new Map();
        let good = true;
        for (let n = 0; good && n < TRIALS_PER_STAGE && seeds.length > 0; n++)
            good = await once(stage, seeds.shift(), seen);
        const leaks = await stage.leaks();
        if (leaks.length > 0) {
            sum.violations++;
            sum.failed++;
            console.log(`NOT OK I12: a secret is in the log of ${leaks.join(' ')}`);
        }
    } finally {
        await stage.close();
    }
}

function conclude() {
    const missing = named.filter(({ name }) => !fired.has(name)).map(({ name }) => name);
    const whole = TRIALS >= 150; // fewer do not come to every point
    if (missing.length > 0) console.log(`never fired: ${missing.join(' ')}`);
    console.log(`trials ${sum.trials}, points fired ${fired.size} of ${named.length}, `
        + `acknowledgements compared ${sum.compared} (near a fault ${sum.near}), lost ${sum.lost}, `
        + `starts ${sum.starts}, double ${sum.double}, violations ${sum.violations}`);
    const bad = sum.failed + Number(whole && missing.length > 0);
    console.log(`${sum.trials - sum.failed + Number(whole && missing.length === 0)} passed, `
        + `${bad} failed, 0 skipped`);
    process.exitCode = bad > 0 ? 1 : 0;
}

if (unlike().length > 0)
    throw new Error(`fault_points.h and the code differ: ${unlike().join(' ')}`);
const seeds = Array.from({ length: TRIALS }, (_, n) => SEED + n);
const play = async () => {
    while (seeds.length > 0) await some(seeds);
};
await Promise.all(Array.from({ length: Math.min(STAGES, TRIALS) }, play));
conclude();
