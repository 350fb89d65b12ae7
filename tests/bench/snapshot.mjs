// The rate of claims while somebody's long query holds a snapshot: what was changed since can not
// be cleaned away, and whoever looks for work by scanning wades through it.
import { spawn } from 'node:child_process';
import { copyRequests } from '../flow/copies.mjs';
import { until } from '../flow/stack.mjs';
import { prepareHot } from './many.mjs';
import { pgbench } from './reference.mjs';
import { approveAll, submitBatches, TRIVIAL } from './start.mjs';

const HOLD_SECONDS = Number(process.env.HOLD_SECONDS ?? 30);
const CLIENTS = 4;
const APPROVED = 100; // which are copied
const PER_SECOND = Number(process.env.CLAIMS ?? 4000); // more than any machine claims, one by one

/** Approved requests that wait for a worker, as many as are claimed in a round. */
async function makeReady(bench, from) {
    const count = PER_SECOND * (HOLD_SECONDS + bench.seconds);
    const made = await copyRequests(bench.stack, { ...from, copies: Math.ceil(count / APPROVED) });
    await bench.stack.psql('superuser', `drop table if exists bench.ready;
        create table bench.ready as select row_number() over (order by id desc) - 1 as n,
            id as attempt_id from cs.attempt where state = 'ready' and id < 0;
        alter table bench.ready add primary key (n);
        vacuum analyze`);
    return { ...from, step: made.step, first: made.next };
}

/** Claims a second, for so long; they begin with number `first` of those which are ready. */
async function claims(bench, seconds, first) {
    const rate = await pgbench(bench, 'superuser', 'claim.sql',
        { turn: -1, clients: CLIENTS, first, worker: bench.worker, seconds }, CLIENTS);
    const [{ next, left }] = await bench.stack.psql('superuser', `select
            max(r.n) filter (where a.state = 'claimed') + 1 as next,
            count(*) filter (where a.state = 'ready')::int as left
        from bench.ready r join cs.attempt a on a.id = r.attempt_id`);
    if (left < CLIENTS) throw new Error('there was nothing left to claim');
    return { rate, next };
}

/** Holds a snapshot as a report in the making does; resolves with what ends it. */
async function holdSnapshot(bench) {
    const child = spawn('psql', ['-X', '-q', '-d', bench.stack.database.superuser],
        { stdio: ['pipe', 'ignore', 'inherit'] });
    child.stdin.write(`set application_name = 'snapshot';
        begin isolation level repeatable read; select count(*) from cs.worker;\n`);
    await until(async () => (await bench.stack.psql('superuser', `select pid from pg_stat_activity
        where application_name = 'snapshot' and backend_xmin is not null`)).length, 'a snapshot');
    return () => new Promise((done) => {
        child.once('exit', done);
        child.stdin.end();
    });
}

async function snapshotRound(bench) {
    const without = await claims(bench, bench.seconds, 0);
    const release = await holdSnapshot(bench);
    const before = await claims(bench, HOLD_SECONDS - bench.seconds, without.next);
    const late = await claims(bench, bench.seconds, before.next);
    await release();
    return { without: without.rate, late: late.rate };
}

export async function measureSnapshot(found, { closeRounds, say }) {
    const bench = await prepareHot();
    found.snapshot = [];
    try {
        await approveAll(bench, await submitBatches(bench, TRIVIAL, APPROVED));
        const [{ id }] = await bench.stack.psql('superuser', `select (cs.worker_hello(
            '{"name": "bench", "version": "1", "slots": 4,
            "backends": {"local": {"isolation": "namespaces"}}}') ->> 'worker_id')::bigint as id`);
        bench.worker = id;
        let from = { where: `select id from cs.request where state = 'approved'` };
        for (let round = 1; round <= closeRounds; round++) {
            say(`round ${round} of ${closeRounds}: claims while a snapshot is held`);
            from = await makeReady(bench, from);
            found.snapshot.push(await snapshotRound(bench));
        }
    } finally {
        await bench.stack.stop();
    }
}

export function snapshotTally(tally, { snapshot: rounds }) {
    tally.add('snapshot.without', `claims, one at a time, ${CLIENTS} clients`, 'per s',
        rounds.map((round) => round.without));
    tally.add('snapshot.held', `the same at the end of ${HOLD_SECONDS} s with a snapshot held`,
        'per s', rounds.map((round) => round.late));
    tally.add('snapshot.ratio', 'claims while a snapshot is held ÷ without', 'ratio',
        rounds.map((round) => round.late / round.without), { least: 0.95 });
}
