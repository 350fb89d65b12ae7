// Takes one named defence away after the other, in a copy of the tree, and requires that the named
// test notices: by an assertion of its own, not because something no longer builds or crashes.
// tests/sabotage/run starts it. ONLY=id takes one, or several with commas between.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { faults, root, table } from './table.mjs';

const tree = path.join(root, 'build/sabotage/tree');
const HANGS_S = 300;
const only = process.env.ONLY?.split(',');
const env = { ...process.env };
delete env.ONLY;

function run(words, environment = env) {
    const { status, stdout, stderr } = spawnSync('timeout', ['-k', '20', HANGS_S, ...words], {
        cwd: tree, env: environment, encoding: 'utf8', maxBuffer: 1 << 28,
        stdio: ['ignore', 'pipe', 'pipe'], // a shell reads its start files when it has a socket
    });
    return { status, out: stdout, said: stderr };
}

// Stories start stacks of their own, which the addresses of ours would mislead.
function storyEnv() {
    const ours = /^COUNTERSIGN_|^(DATABASE|REDIS|PUBLIC)_URL$|^DATA_DIR$/;
    return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.test(name)));
}

function nodeWords(file, names) {
    const plain = names.map((name) => name.replace(/[^\w ]/g, '\\$&')).join('|');
    return ['node', `--test-name-pattern=^(${plain})$`, '--test-reporter=./tools/tap.mjs',
            '--test-reporter-destination=stdout', `tests/${file}`];
}

const psql = (address, words) => run(['psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1',
                                      '-d', address, ...words]);

// A database as the binary makes it, and the one file once more: quicker than a new binary.
function loadSql(file) {
    const address = `${env.COUNTERSIGN_DB_SUPERUSER} dbname=sabotage`;
    const owner = file === 'sql/roles.sql' ? [] : ['-c', 'set role countersign_owner'];
    for (const [where, words] of [
        [env.COUNTERSIGN_DB_SUPERUSER.concat(' dbname=postgres'), [
            '-c', 'drop database if exists sabotage with (force)',
            '-c', 'create database sabotage template countersign']],
        [address, file === 'sql/roles.sql' ? [] : ['-f', 'sql/roles.sql']],
        [address, file ? [...owner, '-f', file] : []],
    ]) {
        const { status, said } = words.length ? psql(where, words) : { status: 0 };
        if (status !== 0) return said.trim().slice(-300);
    }
    return '';
}

function make(targets) {
    const made = run(['make', '-s', '--no-print-directory', `-j${os.cpus().length}`, ...targets]);
    return made.status === 0 ? '' : made.said.trim().split('\n').slice(-3).join(' | ');
}

const program = (test) => test.replace(/^unit\/(.*)\.c$/, 'build/unit/$1');

// Of one test, no more is run than up to it.
function runSql(test, names) {
    const end = `psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$0" -f "$1" |
        awk '{ print } ENVIRON["NAME"] == substr($0, index($0, " - ") + 3) { exit }'`;
    const address = `${env.COUNTERSIGN_DB_SUPERUSER} dbname=sabotage`;
    return run(['sh', '-c', end, address, `tests/${test}`], {
        ...env, COUNTERSIGN_DB_SUPERUSER: address, NAME: names.length === 1 ? names[0] : '-' });
}

// For each kind of test: what is built for it, and how it is run. `file` is what was changed.
const kinds = {
    unit: {
        build: (file, test) => make([program(test)]),
        run: (test, names) => run([program(test)],
                                  names.length === 1 ? { ...env, ONLY_TEST: names[0] } : env),
    },
    sql: { build: loadSql, run: runSql },
    flow: {
        build: () => make(['programs', 'build/verify_lines', 'build/run_job',
                           'build/fault/preload.so']),
        run: (test, names) => run(nodeWords(test, names), storyEnv()),
    },
};
kinds.browser = kinds.input = kinds.flow;
const kindOf = (test) => kinds[test.split('/')[0]];

// What TAP says of a test: ok, and what stands below it.
function read(out, name) {
    const lines = out.split('\n');
    const at = lines.findIndex((line) => line.replace(/^(not )?ok \d+ - /, '').trim() === name
                                         && /^(not )?ok /.test(line));
    if (at < 0) return null;
    let end = at + 1;
    while (end < lines.length && lines[end].startsWith('#')) end++;
    return { ok: lines[at].startsWith('ok'), why: lines.slice(at + 1, end).join('\n') };
}

// Whether it failed by what it asserts: a crash and a hook that broke are failures of another kind.
function isAssertion(file, why) {
    if (/^(flow|browser|input)/.test(file)) return /AssertionError/.test(why);
    return !/exception|unexpected signal/i.test(why);
}

function judge(changed, file, name) {
    const kind = kindOf(file);
    const broken = kind.build(changed, file);
    if (broken) return `does not build: ${broken}`;
    const { status, out, said } = kind.run(file, [name]);
    const result = read(out, name);
    if (status === 124 || status === 137) return 'hung';
    if (!result) return `the test was not reached: ${said.trim().slice(-300)}`;
    if (result.ok) return 'SURVIVED';
    if (isAssertion(file, result.why)) return 'red';
    return `no assertion failed: ${result.why.slice(0, 300)}`;
}

function sabotage({ file, was, becomes, test: [testFile, name] }) {
    const place = path.join(tree, file);
    const whole = readFileSync(place, 'utf8');
    writeFileSync(place, whole.replace(was, () => becomes));
    try {
        return judge(file, testFile, name);
    } finally {
        writeFileSync(place, whole);
    }
}

const sum = { passed: 0, failed: 0, skipped: 0 };
function tell(good, text) {
    sum[good ? 'passed' : 'failed']++;
    console.log(text);
}

// The named tests of a file as things are: one that is red already would notice anything.
function runUnchanged(file, names) {
    const begin = performance.now();
    const broken = kindOf(file).build('', file);
    const { out, said } = broken ? { out: '', said: broken } : kindOf(file).run(file, names);
    const bad = names.filter((name) => !read(out, name)?.ok);
    const seconds = Math.round((performance.now() - begin) / 1000);
    const result = bad.length ? `NOT GREEN: ${bad.join('; ')} ${said.trim().slice(-300)}` : 'green';
    const what = `unchanged | ${names.length} named tests | ${file}`;
    tell(!bad.length, `${what} | ${seconds} s | ${result}`);
}

function runChanged(entry) {
    const begin = performance.now();
    const result = sabotage(entry);
    const seconds = Math.round((performance.now() - begin) / 1000);
    tell(result === 'red', `${entry.id} | ${entry.defence} | ${entry.test.join(': ')} | ${
        seconds} s | ${result}`);
}

const found = faults();
for (const line of found) tell(false, `tests/sabotage: ${line}`);
const entries = table.filter(({ id }) => !only || only.includes(id));
if (!entries.length) throw new Error(`there is no entry ${process.env.ONLY}`);
const files = found.length ? [] : [...new Set(entries.map(({ test: [file] }) => file))];
for (const file of files) {
    const these = entries.filter(({ test }) => test[0] === file);
    runUnchanged(file, [...new Set(these.map(({ test }) => test[1]))]);
    these.forEach(runChanged);
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exit(sum.failed ? 1 : 0);
