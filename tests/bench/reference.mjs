// The reference by pgbench (reference*.sql), and the minimal program on the same tables.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from '../flow/stack.mjs';

const run = promisify(execFile);
const here = path.join(root, 'tests/bench');
// Jobs that are laid ready for each second: more than any machine gets through.
const READY = { one: 20000, bulk: 100000 };
const MINIMAL_GAP_US = 5000; // idle in between, as on our side

const text = (name) => readFileSync(path.join(here, name), 'utf8');

/** Transactions per second of a script in this folder. */
export async function pgbench(bench, role, script, variables, clients = 32) {
    const words = ['--no-vacuum', '--protocol=prepared', `--client=${clients}`, '--jobs=2',
        `--time=${variables.seconds ?? bench.seconds}`, `--file=${path.join(here, script)}`];
    for (const [name, value] of Object.entries(variables)) words.push('-D', `${name}=${value}`);
    const { stdout } = await run('pgbench', [...words, bench.stack.database[role]]);
    const rate = /tps = ([\d.]+)/.exec(stdout);
    if (!rate || !/number of failed transactions: 0 /.test(stdout)) throw new Error(stdout);
    return Number(rate[1]);
}

/** Makes the reference's tables anew. */
export const makeReference = (bench) => bench.stack.psql('superuser', text('reference.sql'));

async function fill(bench, status, count) {
    const script = text('reference_fill.sql').replaceAll(':status', status)
        .replaceAll(':count', count);
    await bench.stack.psql('superuser', script);
}

/** Moves jobs from one status on, `size` in each transaction; how many a second. */
async function moves(bench, script, { from, to, ready, clients, size = 1 }) {
    await fill(bench, from, ready * bench.seconds);
    const rate = await pgbench(bench, 'superuser', script, { turn: -1, clients }, clients);
    const [{ n }] = await bench.stack.psql('superuser',
        `select count(*)::int as n from reference.job where status = ${to}`);
    if (n === ready * bench.seconds) throw new Error(`${script} ran out of jobs`);
    return rate * size;
}

export const referenceApprovals = (bench, clients = 32) =>
    moves(bench, 'reference_approve.sql', { from: 0, to: 1, ready: READY.one, clients });

/** Claim and complete by id, one by one. */
export const referenceWork = (bench, clients = 4) =>
    moves(bench, 'reference_work.sql', { from: 1, to: 3, ready: READY.one, clients });

/** The same, 50 in each statement. */
export const referenceBulkWork = (bench, clients = 4) =>
    moves(bench, 'reference_work_bulk.sql', { from: 1, to: 3, ready: READY.bulk,
        clients, size: 50 });

/** Milliseconds {p50, p99} from before the approval's commit until after the claim's. */
export async function minimalStarts(bench, count) {
    await fill(bench, 0, count);
    const { stdout } = await run(path.join(root, 'build/bench/minimal'),
        [bench.stack.database.superuser, bench.stack.redisUrl.slice('unix://'.length),
         String(count), String(MINIMAL_GAP_US)]);
    const { p50_us, p99_us } = JSON.parse(stdout);
    return { p50: p50_us / 1000, p99: p99_us / 1000 };
}
