// `make bench`: what it costs. ROUNDS (3) and SECONDS (5) of each measurement are settings,
// CLOSE_ROUNDS (7) where two sides are nearly the same, PARTS, by their names below, and PEERS=1.
// Nothing here passes or fails by a figure; docs/benchmarks.md says how to read them.
import { memoryNow, memoryTally } from './memory.mjs';
import { coldTally, measureCold } from './cold.mjs';
import { judgeTally, measureJudge } from './judge.mjs';
import { manyTally, measureMany } from './many.mjs';
import { measureNoop, noopTally } from './noop.mjs';
import { measureOpen, openTally } from './open.mjs';
import { measurePeers, peersTally } from './peers.mjs';
import { prepare, SECONDS } from './prepare.mjs';
import { makeReference } from './reference.mjs';
import { measureRemote, remoteTally } from './remote.mjs';
import { measureSnapshot, snapshotTally } from './snapshot.mjs';
import { jobsRound, startRound, startTally } from './start.mjs';
import { submitRound, submitTally } from './submit.mjs';
import { Tally } from './tally.mjs';
import { measureVerify, verifyTally } from './verify.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 3);
const CLOSE_ROUNDS = Number(process.env.CLOSE_ROUNDS ?? Math.max(7, ROUNDS));
const say = (text) => console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);

async function measureStarts(found, { rounds }) {
    const warm = await prepare({});
    const cold = await prepare({ LOCAL_WARM: '0' });
    Object.assign(found, { memory: [], warm: [], cold: [], jobs: [] });
    cold.warmed = async () => {};
    try {
        for (let round = 1; round <= rounds; round++) {
            say(`round ${round} of ${rounds}: memory, starts, jobs`);
            await warm.warmed();
            found.memory.push(memoryNow(warm.stack));
            found.warm.push(await startRound(warm));
            found.cold.push(await startRound(cold));
            found.jobs.push(await jobsRound(warm));
        }
    } finally {
        await Promise.all([warm.stack.stop(), cold.stack.stop()]);
    }
}

function startsTally(tally, found) {
    startTally(tally, found);
    memoryTally(tally, found.memory);
}

async function measureSubmits(found, { rounds }) {
    const bench = await prepare({});
    found.submits = [];
    try {
        await makeReference(bench);
        for (let round = 1; round <= rounds; round++) {
            say(`round ${round} of ${rounds}: submissions, ${SECONDS} s each`);
            found.submits.push(await submitRound(bench));
        }
    } finally {
        await bench.stack.stop();
    }
}

const parts = {
    submits: { measure: measureSubmits, tally: submitTally },
    starts: { measure: measureStarts, tally: startsTally },
    noop: { measure: measureNoop, tally: noopTally },
    cold: { measure: measureCold, tally: coldTally },
    open: { measure: measureOpen, tally: openTally },
    many: { measure: measureMany, tally: manyTally },
    snapshot: { measure: measureSnapshot, tally: snapshotTally },
    judge: { measure: measureJudge, tally: judgeTally },
    verify: { measure: measureVerify, tally: verifyTally },
    remote: { measure: measureRemote, tally: remoteTally },
    peers: { measure: measurePeers, tally: peersTally },
};
const usual = Object.keys(parts).filter((name) => name !== 'peers' || process.env.PEERS === '1');

/** What was measured is kept, also when a later part breaks. */
async function main() {
    const tally = new Tally();
    const names = process.env.PARTS?.split(' ') ?? usual;
    const unknown = names.find((name) => !parts[name]);
    if (unknown) throw new Error(`no part ${unknown}; there are ${Object.keys(parts)}`);
    for (const name of names) {
        const found = {};
        try {
            await parts[name].measure(found, { rounds: ROUNDS, closeRounds: CLOSE_ROUNDS, say });
            parts[name].tally(tally, found);
        } catch (error) {
            say(`the part ${name} broke: ${error.stack}`);
            process.exitCode = 1;
        }
    }
    tally.print();
    tally.write();
}

await main();
