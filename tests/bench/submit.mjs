// Submissions per second: ours over HTTP, ours called by pgbench, and the reference.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from '../flow/stack.mjs';
import { processorTime } from './processor.mjs';
import { pgbench } from './reference.mjs';

const run = promisify(execFile);
const CLIENTS = 32;
const BULK_CLIENTS = 4;
const BULK = 50;

/** 2 KiB of Python that does not compress: comments of random letters. */
export function freshCode() {
    const line = () => `# ${randomBytes(46).toString('base64').slice(0, 61)}\n`;
    return Array.from({ length: 32 }, line).join('');
}

/** One run of the load generator: {done, failed, seconds, per_second, p50_ms, p99_ms}. */
export async function load(bench, token, what, { clients = CLIENTS, seconds } = {}) {
    const { stdout } = await run(path.join(root, 'build/bench/load'),
        [new URL(bench.stack.url).port, `Bearer ${token}`, String(clients),
         String(seconds ?? bench.seconds), what]);
    return JSON.parse(stdout);
}

/** The element that the api hands to cs.submit_requests for such a submission. */
export function item(bench) {
    return {
        actor: { person_id: bench.agent.id, session_id: null, token_id: bench.agent.token_id,
                 address: '127.0.0.1' },
        title: 'bench', language: 'python', code: freshCode(), files: [],
        max_limits: bench.limits, retry_safe: false, backend: 'local',
        image: 'debian-python3', network: 'none', approval_seconds: 86400,
        pending_seconds: 604800, max_waiting: 1000000,
        verdict: '{"level": "none", "policy_version": 1}',
    };
}

/** One round of every kind, in turn. */
export async function submitRound(bench) {
    const code = freshCode();
    const sha = createHash('sha256').update(code).digest('hex');
    const one = JSON.stringify([item(bench)]);
    const many = JSON.stringify(Array.from({ length: BULK }, () => item(bench)));
    const token = bench.agent.token;
    const round = {};
    round.httpTime = await processorTime(bench.stack, async () => {
        const http = await load(bench, token, 'submit');
        round.http = http.per_second;
        round.httpP99 = http.p99_ms;
        return http.done;
    });
    round.ours = await pgbench(bench, 'api', 'submit.sql', { items: one });
    round.referenceTime = await processorTime(bench.stack, async () => {
        const variables = { code, sha };
        round.reference = await pgbench(bench, 'superuser', 'reference_submit.sql', variables);
        return round.reference * bench.seconds;
    });
    const few = BULK_CLIENTS;
    const bulk = await load(bench, token, 'batch', { clients: few });
    round.bulkHttp = BULK * bulk.per_second;
    round.bulkOurs = BULK * await pgbench(bench, 'api', 'submit.sql', { items: many }, few);
    round.bulkReference =
        BULK * await pgbench(bench, 'superuser', 'reference_bulk.sql', { code, sha }, few);
    return round;
}

export function submitTally(tally, { submits: rounds }) {
    const each = (pick) => rounds.map(pick);
    tally.add('submit.http', 'submissions over HTTP, 32 clients', 'per s', each((r) => r.http));
    tally.add('submit.http_p99', 'submission over HTTP, p99', 'ms', each((r) => r.httpP99));
    tally.add('submit.pgbench', 'the same function called by pgbench, 32 clients', 'per s',
        each((r) => r.ours));
    tally.add('submit.reference', 'the reference, pgbench, 32 clients', 'per s',
        each((r) => r.reference));
    tally.add('submit.http_of_pgbench', 'over HTTP ÷ the same function by pgbench', 'ratio',
        each((r) => r.http / r.ours));
    tally.add('submit.http_of_reference', 'over HTTP ÷ the reference', 'ratio',
        each((r) => r.http / r.reference), { least: 0.8 });
    tally.add('submit.pgbench_of_reference', 'our function by pgbench ÷ the reference', 'ratio',
        each((r) => r.ours / r.reference), { least: 0.6 });
    tally.add('submit.time_api', 'processor time of a submission over HTTP: api', 'us',
        each((r) => r.httpTime.api));
    tally.add('submit.time_database', 'processor time of a submission over HTTP: PostgreSQL', 'us',
        each((r) => r.httpTime.database));
    tally.add('submit.time_reference', 'processor time of the reference: PostgreSQL', 'us',
        each((r) => r.referenceTime.database));
    tally.add('submit.bulk_http', 'rows in batches of 50 over HTTP, 4 clients', 'per s',
        each((r) => r.bulkHttp));
    tally.add('submit.bulk_pgbench', 'rows in batches of 50, our function by pgbench', 'per s',
        each((r) => r.bulkOurs));
    tally.add('submit.bulk_reference', 'rows in batches of 50, the reference', 'per s',
        each((r) => r.bulkReference));
    tally.add('submit.bulk_of_reference', 'batches over HTTP ÷ the reference', 'ratio',
        each((r) => r.bulkHttp / r.bulkReference), { least: 0.7 });
}
