// What Daytona may do to us, a row each: what becomes of the job, how often a sandbox is made and
// code is started at most, and that nothing is left behind.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { startDaytona } from '../fake/daytona.mjs';
import { hasEffect, runTable, troubles } from '../fake/fault_table.mjs';
import { Service } from '../fake/service.mjs';
import { jobOf } from '../conformance/run_job.mjs';

const FAST = { DAYTONA_CALL_MS: '4000' };
const CREATE = 'POST /api/sandbox';
const LOOK = 'GET /api/sandbox/*';
const UPLOAD = '*/files/bulk-upload';
const SESSION = 'POST */process/session';
const EXEC = '*/exec';
const STATUS = /^GET .*\/command\/[^/]+$/;
const LOGS = 'GET */logs';
const RESULTS = 'GET */files/download';
const DELETE = 'DELETE /api/sandbox/*';

const trap = new Service((call, reply) => reply.text(200, 'hello'));
const elsewhere = `${await trap.listen('trap')}/api/sandbox`;
after(() => trap.stop());

const job = jobOf({ code: 'import sys\nprint("out", flush=True)\n'
    + 'print("err", file=sys.stderr)\n6 * 7\n' });
const harness = { backend: 'daytona', start: startDaytona, job,
    counts: { creates: (fake) => fake.creates, executions: (fake) => fake.executions,
        left: (fake) => fake.left() },
    proof: (result) => {
        assert.deepEqual([result.stdout, result.stderr], ['out\n', 'err\n']);
        assert.deepEqual(result.items.map((item) => item.text), ['42']);
    } };

/* ---- any trouble, once, at any step -------------------------------------------------------- */

const SUCCEEDED = { outcome: 'succeeded', started: 1 };
const UNAVAILABLE = { outcome: 'not_created', reason: 'unavailable' };
const THROTTLED = { outcome: 'not_created', reason: 'throttled' };
const FORBIDDEN = { outcome: 'not_created', reason: 'forbidden' };
const NOT_STARTED = { outcome: 'not_started', started: 0, service_fault: true };
const LOST = { outcome: 'unknown', reason: 'lost', started: 1, service_fault: true };

/** What a step comes to, by the kind of trouble and whether the request had its effect. */
const STEPS = [
    ['create', CREATE, (kind, effect) => (effect ? SUCCEEDED
        : { busy: THROTTLED, refused: FORBIDDEN }[kind] ?? UNAVAILABLE)],
    ['the first look', LOOK, () => SUCCEEDED],
    ['the upload', UPLOAD, (kind) => (kind === 'refused' ? UNAVAILABLE : SUCCEEDED)],
    ['the session', SESSION, (kind) => (kind === 'refused' ? UNAVAILABLE : SUCCEEDED)],
    ['the upload of the code', UPLOAD, (kind) => (kind === 'refused' ? NOT_STARTED : SUCCEEDED), 1],
    ['the start', EXEC, (kind, effect) => (effect ? SUCCEEDED : LOST)],
    ['a poll', STATUS, () => SUCCEEDED],
    ['the log', LOGS, () => SUCCEEDED],
    ['the results', RESULTS, () => SUCCEEDED],
    ['delete', DELETE, () => SUCCEEDED],
];

function matrix() {
    const rows = [];
    for (const [step, match, want, skip = 0] of STEPS) {
        for (const [name, rule, kind] of troubles(elsewhere)) {
            const effects = hasEffect(rule) || kind === 'busy' || kind === 'refused'
                || rule.do === 'redirect' ? [hasEffect(rule)]
                : match === CREATE || match === EXEC ? [false, true] : [false];
            for (const effect of effects)
                rows.push({ name: `${step}: it ${name}${effect ? ', all the same it was done' : ''}`,
                    rules: [{ ...rule, match, skip, effect }], env: FAST,
                    want: want(kind, effect),
                    left: match === DELETE && (kind === 'refused' || rule.headers?.['retry-after'])
                        ? 1 : 0 });
        }
    }
    return rows;
}

runTable('any trouble at any step', matrix(), harness);
