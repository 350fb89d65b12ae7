// `make bench`: what it costs. ROUNDS (3) and SECONDS (5) of each measurement are settings, and
// PARTS (submits starts remote).
// Nothing here passes or fails by a figure; docs/benchmarks.md says how to read them.
import { startStack, until } from '../flow/stack.mjs';
import { memoryNow, memoryTally, warmedUp } from './memory.mjs';
import { measureRemote, remoteTally } from './remote.mjs';
import { jobsRound, startRound, startTally } from './start.mjs';
import { prepareSubmit, submitRound, submitTally } from './submit.mjs';
import { Tally } from './tally.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 3);
const SECONDS = Number(process.env.SECONDS ?? 5);

const PARTS = (process.env.PARTS ?? 'submits starts remote').split(' ');
const wanted = (part) => PARTS.includes(part);
const say = (text) => console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);

async function tokenOf(stack, login, scopes) {
    const client = await stack.signIn(login);
    const { status, body, text } = await client.post('/api/tokens', { name: 'bench', scopes });
    if (status !== 201) throw new Error(`token: ${status} ${text}`);
    return { id: client.person.id, token_id: body.id, token: body.token,
             client: stack.client(body.token) };
}

async function prepare(env, sandbox = 'local') {
    const stack = await startStack({ env: { MAX_WAITING_PER_PERSON: '1000000', ...env } });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'] });
    const bench = { stack, seconds: SECONDS, warmed: () => warmedUp(stack, 2) };
    bench.agent = await tokenOf(stack, 'ana', ['read', 'submit']);
    bench.reviewer = await tokenOf(stack, 'rob', ['read', 'decide']);
    bench.limits = (await bench.agent.client.get('/api/me')).body.settings.limits;
    await until(async () => {
        const { body } = await bench.agent.client.get('/api/workers');
        return body?.workers?.some((worker) => worker.backends?.[sandbox]?.ready);
    }, `the sandbox ${sandbox}`);
    return bench;
}

async function measureStarts(found) {
    const warm = await prepare({});
    const cold = await prepare({ LOCAL_WARM: '0' });
    cold.warmed = async () => {};
    try {
        for (let round = 1; round <= ROUNDS; round++) {
            say(`round ${round} of ${ROUNDS}: memory, starts, jobs`);
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

async function measureSubmits(found) {
    const bench = await prepare({});
    try {
        await prepareSubmit(bench);
        for (let round = 1; round <= ROUNDS; round++) {
            say(`round ${round} of ${ROUNDS}: submissions, ${SECONDS} s each`);
            found.submits.push(await submitRound(bench));
        }
    } finally {
        await bench.stack.stop();
    }
}

async function main() {
    const found = { memory: [], warm: [], cold: [], jobs: [], submits: [], remote: {} };
    const tally = new Tally();
    if (wanted('submits')) {
        await measureSubmits(found);
        submitTally(tally, found.submits);
    }
    if (wanted('starts')) {
        await measureStarts(found);
        startTally(tally, found);
        memoryTally(tally, found.memory);
    }
    if (wanted('remote')) {
        await measureRemote(found, prepare, { rounds: ROUNDS, say });
        remoteTally(tally, found);
    }
    tally.print();
    tally.write();
}

await main();
