// Runs every fuzz harness: its corpus first, then FUZZ_SECONDS of new inputs.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { BUILD, atOnce, fuzz, names } from "./harness.mjs";

const seconds = Number(process.env.FUZZ_SECONDS || 10);
const executions = `${BUILD}/executions`; // "name runs" for each run there was

function count(name, runs) {
    appendFileSync(executions, `${name} ${runs}\n`);
    return runs;
}

function total() {
    const lines = existsSync(executions) ? readFileSync(executions, "utf8").split("\n") : [];
    return lines.reduce((sum, line) => sum + Number(line.split(" ")[1] ?? 0), 0);
}

function tell(name, outcome) {
    const word = outcome.fine ? "ok     " : "FAILED ";
    console.log(
        `${word} ${name.padEnd(18)} ${String(outcome.runs).padStart(10)} runs ` +
            `${String(outcome.perSecond).padStart(7)}/s  corpus ${outcome.corpus}`,
    );
    if (outcome.fine) return;
    for (const line of outcome.why) console.log(`        ${line.trim()}`);
    if (outcome.input) console.log(`        input: ${outcome.input}`);
}

let passed = 0;
let failed = 0;
let runs = 0;
await atOnce(names(), async (name) => {
    const how = { program: `${BUILD}/${name}`, corpus: `${BUILD}/corpus/${name}` };
    let outcome = await fuzz(name, { ...how, seconds: 0 });
    runs += count(name, outcome.runs);
    if (outcome.fine && seconds > 0) {
        outcome = await fuzz(name, { ...how, seconds });
        runs += count(name, outcome.runs);
    }
    tell(name, outcome);
    if (outcome.fine) passed++;
    else failed++;
});
console.log(`${runs} executions; ${total()} so far in this tree's build/`);
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed || passed === 0 ? 1 : 0);
