// What tables of troubles with Daytona share: its calls, the usual job, what becomes of it.
import assert from 'node:assert/strict';
import { jobOf } from '../conformance/run_job.mjs';
import { startDaytona } from '../fake/daytona.mjs';
import { Service } from '../fake/service.mjs';

export const CREATE = 'POST /api/sandbox';
export const LOOK = 'GET /api/sandbox/*';
export const UPLOAD = '*/files/bulk-upload';
export const SESSION = 'POST */process/session';
export const EXEC = '*/exec';
export const STATUS = /^GET .*\/command\/[^/]+$/;
export const LOGS = 'GET */logs';
export const RESULTS = 'GET */files/download';
export const DELETE = 'DELETE /api/sandbox/*';

export const SUCCEEDED = { outcome: 'succeeded', started: 1 };
export const UNAVAILABLE = { outcome: 'not_created', reason: 'unavailable' };
export const THROTTLED = { outcome: 'not_created', reason: 'throttled' };
export const FORBIDDEN = { outcome: 'not_created', reason: 'forbidden' };
export const BAD_REQUEST = { outcome: 'not_created', reason: 'bad_request' };
export const NOT_STARTED = { outcome: 'not_started', started: 0, service_fault: true };
export const LOST = { outcome: 'unknown', reason: 'service_lost', started: 1, service_fault: true };
export const REFUSED_START = { outcome: 'failed', reason: 'refused', started: 1,
    service_fault: true, error_name: 'Daytona' };
export const DIED = { ...LOST, reason: 'sandbox_lost' };
export const BAD_RESULTS = { outcome: 'failed', reason: 'bad_results', started: 1 };

export const job = jobOf({ code: 'import sys\nprint("out", flush=True)\n'
    + 'print("err", file=sys.stderr)\n6 * 7\n' });

export const harness = { backend: 'daytona', start: startDaytona, job,
    counts: { creates: (fake) => fake.creates, executions: (fake) => fake.executions,
        left: (fake) => fake.left(), asked: { create: CREATE, start: EXEC } },
    proof: (result) => {
        assert.deepEqual([result.stdout, result.stderr], ['out\n', 'err\n']);
        assert.deepEqual(result.items.map((item) => item.text), ['42']);
    } };

/** Where redirects lead: {url, checkUntouched(), stop()}. */
export async function openTrap() {
    const trap = new Service((call, reply) => reply.text(200, 'hello'));
    const url = `${await trap.listen('trap')}/api/sandbox`;
    return { url, stop: () => trap.stop(),
        checkUntouched: () => assert.deepEqual(trap.calls, [], 'somebody followed a redirect') };
}

/** Changes the JSON of an answer. */
export const editJson = (change) => ({ do: 'function', edit: (lines) => {
    const value = JSON.parse(Buffer.concat(lines).toString());
    const changed = change(value) ?? value;
    return [Buffer.isBuffer(changed) ? changed : Buffer.from(JSON.stringify(changed))];
} });
