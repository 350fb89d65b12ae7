// The connection to PostgreSQL breaks exactly at a commit. Before it, nothing happened; after it,
// everything did; the worker can not tell from the break, and asks.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { startStack, until } from './stack.mjs';
import { openJobs } from './jobs.mjs';
import { Cutter } from './cutter.mjs';

let stack;
let jobs;
let cutter;

before(async () => {
    stack = await startStack({
        api: false,
        env: { HEARTBEAT_MS: '800', LEASE_MS: '4000', SWEEP_MS: '200', LOCAL_WARM: '0' },
    });
    jobs = await openJobs(stack);
    const [, from] = /host=(\S+)/.exec(stack.database.worker);
    const secrets = await fs.readFile(path.join(stack.data, 'secrets/passfile'), 'utf8');
    const [, password] = /countersign_worker:(.*)/.exec(secrets);
    cutter = await Cutter.open(from);
    await stack.restart('worker', {
        DATABASE_URL: `host=${cutter.folder} dbname=countersign user=countersign_worker `
            + `password='${password}'`,
    });
    await stack.workersReady();
});
after(async () => {
    await stack?.stop();
    await cutter?.close();
});

const code = "print('ran')";
// What is over at once is marked as running by its end, and short output goes with that, too.
const lasting = "import time\ntime.sleep(2)\nprint('ran')";
const long = "print('ran' * 10000)";

async function ranOnce(run, starts = 1, output = 'ran\n') {
    const attempt = await jobs.over(run.attempt_id);
    await until(() => !cutter.armed, 'the cut'); // a heartbeat may come later than the end
    assert.equal(attempt.state, 'succeeded', JSON.stringify(attempt));
    assert.equal(attempt.request_state, 'succeeded');
    assert.equal(await jobs.stdout(run.attempt_id), output);
    assert.equal((await jobs.starts()).get(run.attempt_id), 1);
    const events = (await jobs.events(run.id)).map((row) => row.event);
    for (const [event, n] of [['attempt.start', starts], ['attempt.finish', 1]])
        assert.equal(events.filter((name) => name === event).length, n, event);
    return attempt;
}

for (const [statement, program, output] of [['start_attempts', code],
    ['mark_attempts_running', lasting], ['output_chunk_put', long, `${'ran'.repeat(10000)}\n`],
    ['finish_attempts', code], ['heartbeat', code], ['sweep', code]])
    for (const when of ['before', 'after'])
        test(`${statement}, cut ${when} it commits`, async () => {
            cutter.arm(statement, when);
            await ranOnce(await jobs.run(program), 1, output);
        });

test('claim_attempts, cut before it commits', async () => {
    cutter.arm('claim_attempts', 'before');
    await ranOnce(await jobs.run(code));
});

test('claim_attempts, cut after it commits: ready again when the lease ends', async () => {
    // A hint that came twice may take the cut: its claim finds nothing, and ours is whole.
    let attempt = { fence: 1 };
    for (let tries = 0; tries < 5 && attempt.fence === 1; tries++) {
        cutter.arm('claim_attempts', 'after');
        attempt = await ranOnce(await jobs.run(code));
    }
    assert.equal(attempt.fence, 2);
});

test('a file on its way, cut', async () => {
    const file = await jobs.upload('orders.csv', 'item,amount\nespresso,3\n');
    cutter.arm('attempt_file_chunk', 'after');
    await ranOnce(await jobs.run(code, { files: [file] }));
});
