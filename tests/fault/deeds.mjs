// What is done to a stack in a trial. A deed is {name, points, act(trial)}; it calls
// trial.fired(point or its own name) at the moment at which it strikes.
import { readFileSync, readdirSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pidsCalled } from '../flow/processes.mjs';
import { Session } from '../flow/session.mjs';
import { until } from '../flow/stack.mjs';
import { LEASE_MS, descendants, parentOf, signal, stateOf } from './stage.mjs';

const run = promisify(execFile);
const A_WHILE_MS = 1200; // that something is away: longer than the wait for it anywhere
const LONG_MS = 2 * LEASE_MS;
const DAY_MS = 86400000;
const LOOK_MS = 100; // between two looks that cost something

export const rest = (ms) => new Promise((done) => setTimeout(done, ms));

/* ---- which processes ------------------------------------------------------------------------ */

const family = (stage, name) => [stage.pid(name), ...descendants(stage.pid(name))];

/** SIGKILL of it and of all that it has started, at once. */
async function killAll(stage, name) {
    const all = family(stage, name);
    for (const pid of all) signal(pid, 'SIGSTOP'); // so that none cleans up after another
    for (const pid of all) signal(pid, 'SIGKILL');
    await stage.stack.end(name);
}

async function frozen(stage, name, ms) {
    const all = family(stage, name);
    for (const pid of all) signal(pid, 'SIGSTOP');
    await rest(ms);
    for (const pid of all) signal(pid, 'SIGCONT');
}

/** One of them that runs; all of them when there is but one kind. */
const victim = ({ stage, random }, program) =>
    (program === 'worker' ? random.pick(stage.alive()) : program);

/* ---- at a point ----------------------------------------------------------------------------- */

const programOf = (point) => point.split('.')[0];

function membersOf(stage, point) {
    return programOf(point) === 'worker' ? stage.alive() : ['api'];
}

// What follows once a process stands still or has died at a point.
const after = {
    async kill({ stage }, point) {
        await until(() => ['api', ...stage.workers().slice(0, stage.wanted)]
            .some((name) => stage.isOver(name)), `the end at ${point}`);
    },
    async stop() {
        await rest(LONG_MS);
    },
    postgres: ({ stage }) => killAll(stage, 'postgres'),
    redis: ({ stage }) => stage.kill('redis'),
};

/** The n-th process that comes there dies, or stands still while `what` happens. */
export function atPoint(point, what) {
    const action = what === 'kill' ? 'kill' : 'stop';
    return {
        name: `${point} ${what}`, points: [point],
        async act(trial) {
            const { stage } = trial;
            const before = stage.points.times(point);
            await stage.points.arm(point, action, trial.random.between(1, trial.most(point)));
            if (!await stage.points.fires(point, before, trial.over)) return;
            trial.fired(point);
            if (action === 'stop')
                await until(() => membersOf(stage, point).some((name) =>
                    stateOf(stage.pid(name)) === 'T'), `the halt at ${point}`);
            await after[what](trial, point);
            for (const name of membersOf(stage, point)) stage.resume(name);
            await stage.revive();
        },
    };
}

/* ---- inside a transaction ------------------------------------------------------------------- */

const WAITS = `select count(*)::int as n from pg_stat_activity where usename = 'countersign_api'
    and wait_event_type = 'Lock' and query ~ `;

// Its first rows are written, and a lock on the table of the next ones holds it there.
export function inTransaction({ point, statement, table }, strike) {
    return {
        name: `${point} ${strike}`, points: [point],
        async act(trial) {
            const { stage } = trial;
            await trial.moment();
            const session = new Session(stage.stack);
            await session.run("begin; set local lock_timeout = '5s'");
            await session.run(`lock table cs.${table} in share mode`);
            const held = await until(async () => {
                const [row] = await stage.stack.psql('superuser', `${WAITS} '${statement}'`);
                return row.n > 0 ? 'held' : trial.over() && 'over';
            }, statement, LOOK_MS);
            if (held === 'held') {
                trial.fired(point);
                if (strike === 'kill') await stage.kill('api');
                else if (strike === 'stop') await frozen(stage, 'api', LONG_MS);
                else await killAll(stage, 'postgres');
            }
            if (strike !== 'postgres') await session.run('rollback');
            await session.end().catch(() => {});
            await stage.revive();
        },
    };
}

/* ---- connections ---------------------------------------------------------------------------- */

/** The connection breaks at that statement: before the server has it, or after its commit. */
export function cut(statement, when) {
    return {
        name: `cut ${when} ${statement}`, points: [],
        async act(trial) {
            const { cutter } = trial.stage;
            await trial.moment();
            const before = cutter.cuts;
            cutter.arm(statement, when);
            if (await until(() => cutter.cuts > before || trial.over(), statement)
                && cutter.cuts > before) trial.fired();
        },
    };
}

/* ---- whole processes ------------------------------------------------------------------------ */

const one = (name, strike) => ({ name, points: [], async act(trial) {
    await trial.moment();
    trial.fired();
    await strike(trial);
    await trial.stage.revive();
} });

// For our programs there is no place any more, and those that they had are taken away.
async function noConnections({ stage }) {
    const roles = ['countersign_api', 'countersign_worker'];
    const limit = (most) => stage.stack.psql('superuser', roles.map((role) =>
        `alter role ${role} connection limit ${most}`).join(';'));
    await limit(0);
    await stage.stack.psql('superuser', `select count(pg_terminate_backend(pid)) as n
        from pg_stat_activity where usename in ('${roles.join("', '")}')`);
    await rest(A_WHILE_MS);
    await limit(-1);
}

// As the user that the process has become: even root may not without a capability of its own.
async function limitDescriptors(pid, most) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const [uid, gid] = ['Uid', 'Gid'].map((what) =>
        Number(new RegExp(`^${what}:\\t(\\d+)`, 'm').exec(status)[1]));
    await run('prlimit', ['--pid', String(pid), `--nofile=${most}:`],
        uid === process.getuid() ? {} : { uid, gid });
}

async function noDescriptors({ stage }, name) {
    const pid = stage.pid(name);
    await limitDescriptors(pid, readdirSync(`/proc/${pid}/fd`).length);
    await rest(A_WHILE_MS);
    if (!stage.isOver(name)) await limitDescriptors(pid, 1024);
}

async function sabotageHints({ stage, random }, junk) {
    const live = await stage.stack.psql('superuser', `select id from cs.attempt
        order by id desc limit 50`);
    const forged = ['-1', '0', '9223372036854775807', '99999999999999999999', 'x', '1;2', '',
        ...live.map(({ id }) => String(id)), ...live.map(({ id }) => String(id))];
    await stage.stack.redis('lpush', 'queue:run:e2b', ...random.shuffled(junk ? forged
        : forged.slice(7)));
}

async function reorderHints({ stage, random }) {
    const all = (await stage.stack.redis('lrange', 'queue:run:e2b', 0, -1)).split('\n');
    await stage.stack.redis('del', 'queue:run:e2b');
    await stage.stack.redis('lpush', 'queue:run:e2b', ...random.shuffled(all));
}

async function fullRedis({ stage }) {
    await stage.stack.redis('config', 'set', 'maxmemory', '1');
    await rest(A_WHILE_MS);
    await stage.stack.redis('config', 'set', 'maxmemory', '64mb');
}

async function whileSet({ stage }, program, field, value) {
    await stage.set(program, field, value);
    await rest(A_WHILE_MS);
    await stage.set(program, field, 0);
}

async function drainAll({ stage }) {
    const names = stage.alive();
    await Promise.all(names.map((name) => stage.stack.halt(name)));
}

export const processes = [
    ...['api', 'worker'].flatMap((program) => [
        one(`${program} killed`, (trial) => trial.stage.kill(victim(trial, program))),
        one(`${program} stopped`, (trial) => frozen(trial.stage, victim(trial, program), LONG_MS)),
        one(`${program} drained`, (trial) => trial.stage.stack.halt(victim(trial, program))),
        one(`${program} without descriptors`, (trial) =>
            noDescriptors(trial, victim(trial, program))),
        one(`${program} a day ahead`, (trial) => whileSet(trial, program, 'clock', DAY_MS)),
        one(`${program} a day behind`, (trial) => whileSet(trial, program, 'clock', -DAY_MS)),
        one(`${program} ten minutes back`, (trial) => whileSet(trial, program, 'clock', -600000)),
        one(`${program} disk full`, (trial) => whileSet(trial, program, 'full', 1)),
    ]),
    one('all workers drained', drainAll),
    one('postgres killed', ({ stage }) => killAll(stage, 'postgres')),
    one('postgres away', async ({ stage }) => {
        await killAll(stage, 'postgres');
        await rest(A_WHILE_MS);
    }),
    one('postgres hangs', ({ stage }) => frozen(stage, 'postgres', A_WHILE_MS)),
    one('postgres hangs for 5 s', ({ stage }) => frozen(stage, 'postgres', 5000)),
    one('postgres shut down', ({ stage }) => stage.stack.halt('postgres')),
    one('postgres without connections', noConnections),
    one('postgres disk full', (trial) => whileSet(trial, 'postgres', 'full', 1)),
    one('postgres disk broken', (trial) => whileSet(trial, 'postgres', 'broken', 1)),
    one('redis killed', ({ stage }) => stage.kill('redis')),
    one('redis away', async (trial) => {
        await trial.stage.kill('redis');
        await until(trial.over, 'the stories without Redis');
    }),
    one('redis flushed', ({ stage }) => stage.stack.redis('flushall')),
    one('redis full', fullRedis),
    one('redis hangs', ({ stage }) => frozen(stage, 'redis', A_WHILE_MS)),
    one('hints forged', (trial) => sabotageHints(trial, true)),
    one('hints twice', (trial) => sabotageHints(trial, false)),
    one('hints reordered', reorderHints),
];

/* ---- local sandboxes ------------------------------------------------------------------------ */

// From the inside out: the interpreter, the first process of its namespace, bubblewrap.
function sandboxProcess(mark, level) {
    let [pid] = pidsCalled(mark);
    for (let i = 0; pid && i < level; i++) pid = parentOf(pid);
    return pid;
}

export const sandboxes = ['interpreter', 'init', 'bubblewrap'].map((name, level) => ({
    name: `${name} of a sandbox killed`, points: [],
    async act(trial) {
        const { stage, cast } = trial;
        const mark = `cs-${trial.seed % 1e9}`;
        await stage.stack.restart('worker-1', { LOCAL_OFF: '0' });
        const request = await cast.submit({ sandbox: 'local', code:
            `open('/proc/self/comm', 'w').write('${mark}')\nimport time\ntime.sleep(600)\n` });
        await cast.decide(request);
        const pid = await until(() => sandboxProcess(mark, level), 'the sandbox');
        trial.fired();
        signal(pid, 'SIGKILL');
        const state = await cast.end(request);
        if (!['failed', 'outcome_unknown'].includes(state))
            trial.journal.wrong.push(`a sandbox was killed, and its run ${state}`);
        if (pidsCalled(mark).length > 0) trial.journal.wrong.push('I9: its code runs on');
        await stage.stack.restart('worker-1', { LOCAL_OFF: '1' });
    },
}));
