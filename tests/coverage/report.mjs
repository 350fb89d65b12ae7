// Prints what gcovr counted: lines of all C, and every branch of the modules that decide.
// `node tests/coverage/report.mjs build/coverage/coverage.json`
import { readFileSync } from 'node:fs';

const LINES_WANTED = 90;

// Their other half is SQL, which gcovr does not see: `make sabotage` holds that.
const modules = {
    bundle: ['common/domain/bundle.c'],
    'start check': ['worker/attempt.c', 'worker/inputs.c', 'worker/run.c', 'worker/transition.c'],
    'sign-in': ['api/routes/login.c', 'api/sign_in/identity.c', 'api/sign_in/known_tokens.c',
                'api/http/cookie.c', 'common/base/crypto.c'],
    lease: ['worker/heartbeat.c', 'worker/slots.c', 'worker/slot_control.c'],
};

// What a test can not bring about is shown apart, and is not left out.
const apart = {
    'what only a bug can cause': /\bassert\(|\babort\(\)/,
    'the machine out of threads, or of memory': /pthread_create|fork_thread|no memory/,
};

const { files } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const byName = new Map(files.map((file) => [file.file, file.lines]));
const percent = (part, whole) => (whole ? ((100 * part) / whole).toFixed(1) : '100.0');

function linesOf(lines) {
    const code = lines.filter((line) => !line['gcovr/noncode']);
    return [code.filter((line) => line.count > 0).length, code.length];
}

function kindOf(source) {
    return Object.keys(apart).find((kind) => apart[kind].test(source));
}

// Each branch that no test took: where, how many of that line, and the line.
function untaken(name) {
    const source = readFileSync(name, 'utf8').split('\n');
    return (byName.get(name) ?? []).flatMap(({ line_number: at, branches }) => {
        const missed = branches.filter((branch) => branch.count === 0).length;
        const text = source[at - 1].trim();
        return missed ? [{ name, at, missed, of: branches.length, text, kind: kindOf(text) }] : [];
    });
}

function printUntaken(found, kind) {
    const these = found.filter((one) => one.kind === kind);
    if (these.length && kind) console.log(`  apart: ${kind}`);
    for (const { name, at, missed, of, text } of these)
        console.log(`  ${name}:${at}: ${missed} of ${of} branches not taken: ${text}`);
}

function printModule(module, names) {
    const missing = names.filter((name) => !byName.has(name));
    if (missing.length) throw new Error(`not counted: ${missing}`);
    const branches = names.flatMap((name) => byName.get(name).flatMap((line) => line.branches));
    const taken = branches.filter((branch) => branch.count > 0).length;
    const found = names.flatMap(untaken);
    const aside = found.filter(({ kind }) => kind).reduce((sum, one) => sum + one.missed, 0);
    console.log(`${module}: ${taken} of ${branches.length} branches (${
        percent(taken, branches.length)} %), ${aside} of the rest apart`);
    for (const kind of [undefined, ...Object.keys(apart)]) printUntaken(found, kind);
}

const sums = files.map(({ lines }) => linesOf(lines));
const [reached, all] = [0, 1].map((i) => sums.reduce((sum, pair) => sum + pair[i], 0));
const worst = files.map(({ file, lines }) => ({ file, pair: linesOf(lines) }))
    .sort((a, b) => b.pair[1] - b.pair[0] - (a.pair[1] - a.pair[0])).slice(0, 10);
for (const [module, names] of Object.entries(modules)) printModule(module, names);
console.log('most lines not reached:');
for (const { file, pair: [done, whole] } of worst)
    console.log(`  ${file}: ${whole - done} of ${whole}`);
console.log(`lines: ${reached} of ${all} (${percent(reached, all)} %), wanted ${LINES_WANTED} %`);
process.exit((100 * reached) / all >= LINES_WANTED ? 0 : 1);
