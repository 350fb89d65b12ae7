// Every hot call with a million finished requests in the database, beside a thousand.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { copyRequests } from '../flow/copies.mjs';
import { root } from '../flow/stack.mjs';
import { prepareNoop } from './prepare.mjs';
import { item } from './submit.mjs';

const FEW = 1000;
const MANY = Number(process.env.FINISHED ?? 1000000);
const MADE = 100; // that are copied
const LIVES = Number(process.env.LIVES ?? 100); // of each side in a round
const CALLS = ['submit', 'inbox', 'decide', 'claim', 'start', 'heartbeat', 'finish', 'detail'];
const code = Array.from({ length: 10 }, (_, i) => `print(${i})`).join('\n');

/** {call: median µs} of so many lives, one after another. */
export async function hotCalls(bench, lives) {
    const submission = JSON.stringify({ ...item(bench), code });
    await bench.stack.psql('superuser', `set jit = off; truncate bench.taken;
        call bench.hot_calls(${lives}, :'submission', ${bench.agent.id}, ${bench.reviewer.id})`,
    { submission });
    const rows = await bench.stack.psql('superuser', `select call,
        percentile_cont(0.5) within group (order by us) as us from bench.taken group by call`);
    return Object.fromEntries(rows.map(({ call, us }) => [call, us]));
}

/** A stack without a worker, and what hotCalls needs. */
export async function prepareHot() {
    const bench = await prepareNoop();
    await bench.stack.halt('worker');
    await bench.stack.psql('superuser',
        readFileSync(path.join(root, 'tests/bench/hot_calls.sql'), 'utf8'));
    return bench;
}

async function prepareFinished(count) {
    const bench = await prepareHot();
    const superuser = (sql) => bench.stack.psql('superuser', sql);
    await hotCalls(bench, MADE);
    await superuser(`alter system set max_wal_size = '16GB'`); // no checkpoints meanwhile
    await superuser('select pg_reload_conf()');
    await copyRequests(bench.stack, { where: `select id from cs.request where state = 'succeeded'`,
        copies: count / MADE - 1 });
    await superuser('alter system reset max_wal_size');
    await superuser('select pg_reload_conf()');
    await superuser('vacuum analyze');
    await superuser('checkpoint');
    return bench;
}

export async function measureMany(found, { closeRounds, say }) {
    found.many = [];
    say(`making ${MANY} finished requests`);
    const few = await prepareFinished(FEW);
    const many = await prepareFinished(MANY);
    try {
        await Promise.all([few, many].map((bench) => hotCalls(bench, LIVES))); // caches
        for (let round = 1; round <= closeRounds; round++) {
            say(`round ${round} of ${closeRounds}: hot calls with ${MANY} finished requests`);
            const order = round % 2 ? [few, many] : [many, few];
            const taken = new Map();
            for (const bench of order) taken.set(bench, await hotCalls(bench, LIVES));
            found.many.push({ few: taken.get(few), many: taken.get(many) });
        }
    } finally {
        await Promise.all([few.stack.stop(), many.stack.stop()]);
    }
}

export function manyTally(tally, { many: rounds }) {
    const text = MANY.toLocaleString('en-US');
    for (const call of CALLS)
        tally.add(`many.${call}`, `rate of ${call}, ${text} finished ÷ ${FEW}`, 'ratio',
            rounds.map((round) => round.few[call] / round.many[call]), { least: 0.95 });
    tally.add('many.inbox_ms', `the inbox page with ${text} finished requests`, 'ms',
        rounds.map((round) => round.many.inbox / 1000), { most: 1 });
}
