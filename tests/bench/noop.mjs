// The product's own part of a run, with a worker that runs nothing (noop/local.c): how soon it has
// the code in hand, how many jobs and whole lives a second, what a slot costs, Redis gone.
import { until } from '../flow/stack.mjs';
import { openPaced } from './paced.mjs';
import { prepareNoop } from './prepare.mjs';
import { makeReference, minimalStarts, referenceApprovals, referenceBulkWork, referenceWork }
    from './reference.mjs';
import { heldRound } from './remote.mjs';
import { approveAll, good, jobsRound, submit, submitBatches, TRIVIAL, workedOff }
    from './start.mjs';
import { load } from './submit.mjs';
import { median, quantile } from './tally.mjs';

const CLIENTS = 32;
const JOBS_PER_SECOND = 400; // laid ready for each second that a measurement takes
const STARTS = 200; // per round, once every connection has its plans
const FIRST_STARTS = 20;
const AWAY_JOBS = 90; // a third before Redis goes, a third while it is gone, a third after
const AWAY_GAP_MS = 20;
const HELD = 500;
const HOLD = '# hold\n';

/** {request: [µs]} of each time that the worker had a request's code in hand, by its own log. */
async function handed(bench) {
    const found = new Map();
    for (const line of (await bench.stack.log('worker')).split('\n')) {
        if (!line.includes('"noop.code_in_hand"')) continue;
        const { request, us } = JSON.parse(line);
        found.set(request, [...found.get(request) ?? [], us]);
    }
    return found;
}

async function ours(bench) {
    const paced = openPaced(bench, bench.reviewer.token);
    const sent = new Map();
    for (let i = 0; i < FIRST_STARTS + STARTS; i++) {
        const made = await submit(bench, TRIVIAL);
        sent.set(made.id, (await paced.approve(made)).sent_us);
        await good(bench.agent.client.get(`/api/requests/${made.id}?wait=30&until=done`));
    }
    paced.stop();
    const hands = await handed(bench);
    const times = [...sent].slice(FIRST_STARTS)
        .map(([id, us]) => (hands.get(id)[0] - us) / 1000);
    return { p50: median(times), p99: quantile(times, 0.99) };
}

const startsRound = async (bench) =>
    ({ ours: await ours(bench), minimal: await minimalStarts(bench, STARTS) });

/** From the first submission to the last end, by the database's clock. */
async function livesPerSecond(bench) {
    const { stack } = bench;
    const [{ before }] = await stack.psql('superuser',
        'select coalesce(max(id), 0) as before from cs.request');
    const made = await load(bench, bench.agent.token, `lives:Bearer ${bench.reviewer.token}`);
    const row = await until(async () => {
        const [one] = await stack.psql('superuser', `select count(*)::int as n,
            extract(epoch from max(a.finished_at) - min(r.created_at))::float8 as seconds
            from cs.request r join cs.attempt a on a.request_id = r.id
            where r.id > ${before} and a.state = 'succeeded'`);
        return one.n === made.done && one;
    }, 'all lives');
    return made.done / row.seconds;
}

/** Each ceiling by itself, then all at once; what the reference gets through in between. */
async function livesRound(bench) {
    const submits = (await load(bench, bench.agent.token, 'submit')).per_second;
    const bulkReference = await referenceBulkWork(bench);
    const work = await jobsRound(bench,
        { jobs: JOBS_PER_SECOND * bench.seconds, clients: CLIENTS });
    const reference = await referenceWork(bench);
    const lives = await livesPerSecond(bench);
    const approvals = await referenceApprovals(bench);
    return { submits, approvals: work.approvals, jobs: work.perSecond, lives,
             ceiling: 1 / (1 / submits + 1 / work.approvals + 1 / work.perSecond),
             reference: { work: reference, bulkWork: bulkReference, approvals } };
}

/** Approves at a steady pace while Redis is killed and comes back. */
async function awayRound(bench) {
    const made = await submitBatches(bench, TRIVIAL, AWAY_JOBS);
    const paced = openPaced(bench, bench.reviewer.token);
    const sent = new Map();
    let back;
    for (const [i, one] of made.entries()) {
        if (i === AWAY_JOBS / 3) await bench.stack.kill('redis');
        if (i === 2 * AWAY_JOBS / 3) back = bench.stack.start('redis');
        sent.set(one.id, { us: (await paced.approve(one)).sent_us,
                           away: i >= AWAY_JOBS / 3 && i < 2 * AWAY_JOBS / 3 });
        await new Promise((done) => setTimeout(done, AWAY_GAP_MS));
    }
    paced.stop();
    await back;
    await workedOff(bench, made).catch(() => {}); // what is missing is counted below
    const hands = await handed(bench);
    const late = [...sent].filter(([, one]) => one.away)
        .map(([id, one]) => (hands.get(id)?.[0] ?? Infinity) - one.us);
    const times = made.map((one) => hands.get(one.id)?.length ?? 0);
    return { latest: Math.max(...late) / 1e6, lost: times.filter((n) => n === 0).length,
             twice: times.filter((n) => n > 1).length };
}

async function slotRound() {
    const bench = await prepareNoop({ WORKER_SLOTS: `${HELD + 12}`, LOCAL_SLOTS: `${HELD + 12}`,
        WORKER_CONNECTIONS: '8' });
    try {
        return (await heldRound(bench, { code: HOLD })).kib;
    } finally {
        await bench.stack.stop();
    }
}

export async function measureNoop(found, { rounds, say }) {
    const bench = await prepareNoop();
    Object.assign(found, { hands: [], lives: [], away: [], slots: [] });
    try {
        await makeReference(bench);
        await approveAll(bench, await submitBatches(bench, TRIVIAL, 500)); // plans, caches
        for (let round = 1; round <= rounds; round++) {
            say(`round ${round} of ${rounds}: code in hand, jobs, lives, Redis gone, slots`);
            found.hands.push(await startsRound(bench));
            found.lives.push(await livesRound(bench));
            found.away.push(await awayRound(bench));
            found.slots.push(await slotRound());
        }
    } finally {
        await bench.stack.stop();
    }
}

function handsTally(tally, hands) {
    for (const [part, most] of [['p50', 1.4], ['p99', 1.5]]) {
        tally.add(`hand.${part}`, `approve call to code in hand, idle, ${part}`, 'ms',
            hands.map((round) => round.ours[part]));
        tally.add(`hand.minimal_${part}`, `the minimal program, ${part}`, 'ms',
            hands.map((round) => round.minimal[part]));
        tally.add(`hand.${part}_of_minimal`, `code in hand ÷ the minimal program, ${part}`, 'ratio',
            hands.map((round) => round.ours[part] / round.minimal[part]), { most });
    }
}

function livesTally(tally, lives) {
    const each = (pick) => lives.map(pick);
    tally.add('noop.jobs', 'jobs through one worker that runs nothing', 'per s',
        each((r) => r.jobs));
    tally.add('noop.reference', 'the reference, claim 50 and complete 50, 4 clients', 'per s',
        each((r) => r.reference.bulkWork));
    tally.add('noop.jobs_of_reference', 'jobs ÷ the reference', 'ratio',
        each((r) => r.jobs / r.reference.bulkWork), { least: 0.4 });
    tally.add('reference.work', 'the reference, claim and complete by id, 4 clients', 'per s',
        each((r) => r.reference.work));
    tally.add('reference.approvals', 'the reference, approvals, 32 clients', 'per s',
        each((r) => r.reference.approvals));
    tally.add('lives', 'lives (submit, approve, claim, start, finish)', 'per s',
        each((r) => r.lives));
    tally.add('lives.submits', 'their ceilings: submissions alone', 'per s',
        each((r) => r.submits));
    tally.add('lives.approvals', 'approvals alone', 'per s', each((r) => r.approvals));
    tally.add('lives.of_ceilings', 'lives ÷ the ceilings one after another', 'ratio',
        each((r) => r.lives / r.ceiling), { least: 0.8 });
}

export function noopTally(tally, { hands, lives, away, slots }) {
    handsTally(tally, hands);
    livesTally(tally, lives);
    const sum = (pick) => [away.reduce((all, round) => all + pick(round), 0)];
    tally.add('away.latest', 'Redis gone: the latest start after its approve call', 's',
        [Math.max(...away.map((round) => round.latest))], { most: 1 });
    tally.add('away.lost', 'jobs lost meanwhile', 'count', sum((r) => r.lost), { most: 0 });
    tally.add('away.twice', 'jobs run twice meanwhile', 'count', sum((r) => r.twice), { most: 0 });
    tally.add('memory.slot', `worker, for each of ${HELD} jobs in flight`, 'KiB', slots,
        { most: 64 });
}
