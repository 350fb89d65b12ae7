// Plants each bug of the table in a copy of its file, and sees it found within 10 s.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { BUILD, atOnce, fuzz, names } from "./harness.mjs";
import { planted } from "./planted_bugs.mjs";

const SECONDS = 10;
const run = promisify(execFile);

// The harness, linked with the changed file in place of the product's.
async function build(bug, folder) {
    const text = readFileSync(bug.file, "utf8");
    if (text.split(bug.was).length !== 2)
        throw new Error(`${bug.file} does not have this text once: ${bug.was}`);
    const copy = `${folder}/${bug.file}`;
    mkdirSync(dirname(copy), { recursive: true });
    writeFileSync(copy, text.replace(bug.was, () => bug.now));
    const changed = copy.replace(/\.c$/, ".o");
    await run("make", ["-s", "--no-print-directory", "fuzz-planted-one",
        `HARNESS=${bug.harness}`, `CHANGED=${changed}`, `OUT=${folder}/${bug.harness}`]);
}

async function find(bug, folder) {
    await build(bug, folder);
    const program = `${folder}/${bug.harness}`;
    const how = { program, corpus: `${folder}/corpus`, seconds: SECONDS };
    const outcome = await fuzz(bug.harness, how);
    if (outcome.input) {
        cpSync(outcome.input, `${folder}/input`);
        rmSync(outcome.input);
    }
    return outcome;
}

let passed = 0;
let failed = 0;
const wanted = names();
const bare = wanted.filter((name) => !planted.some((bug) => bug.harness === name));
for (const name of bare) console.log(`FAILED  ${name} has no planted bug`);
failed += bare.length;
rmSync(`${BUILD}/planted`, { recursive: true, force: true });
const bugs = planted.filter((bug) => wanted.includes(bug.harness));
await atOnce(bugs, async (bug) => {
    const folder = `${BUILD}/planted/${planted.indexOf(bug) + 1}`;
    const outcome = await find(bug, folder).catch((error) => ({ fine: true, broken: error }));
    const found = !outcome.fine && outcome.input !== "";
    if (found) passed++;
    else failed++;
    const time = outcome.broken ? "" : `${outcome.seconds.toFixed(1)} s`;
    console.log(`${found ? "found   " : "FAILED  "}${bug.harness.padEnd(18)}` +
        `${time.padStart(7)}  ${bug.file}: ${bug.says}`);
    if (outcome.broken) console.log(`        ${outcome.broken.message}`);
});
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed || passed === 0 ? 1 : 0);
