// Whatever E2B does, a job ends in the right class, starts at most once, stays within its bounds of
// time and memory, and leaves nothing behind that costs money: the table of its faults.
// Proves: T19a T19b
import test, { after, describe } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import os from 'node:os';
import { startE2b } from '../fake/e2b.mjs';
import { runJob } from '../conformance/run_job.mjs';
import { controlRows } from './e2b_faults_control.mjs';
import { streamRows } from './e2b_faults_stream.mjs';
import { transport } from './e2b_faults_transport.mjs';
import { LARGER, SLOWER } from './stack.mjs';

const AT_ONCE = Math.max(2, os.availableParallelism());
const MEMORY_KIB = 96 * 1024;
const only = process.env.ROW ?? ''; // part of a name: just these rows
const counts = {};
let caught = 0;
let most = 0; // KiB resident of any row

// Where redirects lead: nobody may ever come.
const trap = http.createServer((request, response) => {
    caught++;
    response.end('{}');
});
await new Promise((done) => { trap.listen(0, '127.0.0.1', done); });
const to = `http://127.0.0.1:${trap.address().port}/`;
const wires = await transport();

/** The played service with what rows need beside. */
async function serve(row) {
    const service = await startE2b({ instant: true, ...row.service });
    const all = () => [...service.sandboxes.values()].map((one) => one.listed());
    return Object.assign(service, { listAll: all, leave: (metadata) => service.add({
        templateID: 'base', alias: 'base', secure: true, publicTraffic: true, timeout: 600,
        envVars: {}, metadata: { countersign: 'table', ...metadata } }) });
}

function check(row, service, got) {
    const { expect, creates = 1, executes = 1, left = 0, asks = 1 } = row;
    const all = JSON.stringify({ ...got, log: undefined });
    assert.equal(got.outcome, expect.outcome, all);
    for (const name of ['reason', 'stdout', 'stderr', 'exit_code', 'error_name',
        'error_value', 'service_fault'])
        if (expect[name] instanceof RegExp) assert.match(got[name], expect[name], all);
        else if (name in expect) assert.equal(got[name], expect[name], all);
    if (expect.code) assert.equal(got.create_error.code, expect.code, all);
    if (expect.retry) assert.ok(expect.retry(got.retry_after_ms), `retry ${got.retry_after_ms}`);
    if (expect.check) expect.check(got);
    assert.ok(service.created <= creates, `${service.created} sandboxes were made`);
    assert.ok(service.callsTo('POST *sandboxes').length <= asks, 'asked for a sandbox twice');
    assert.ok(service.executions.length <= executes, `${service.executions.length} runs`);
    assert.ok(service.callsTo('POST /execute').length <= executes, 'asked to run twice');
    if ('calls' in row) assert.equal(service.calls.length, row.calls, 'a request came through');
    assert.equal(service.sandboxes.size, left, 'sandboxes are left');
    assert.deepEqual(service.violations, []);
    const key = row.env?.E2B_API_KEY ?? service.options.key;
    assert.ok(!`${all}${got.log}`.includes(key), 'the key was told');
    assert.ok(got.resident_peak_kib < MEMORY_KIB * LARGER, `${got.resident_peak_kib} KiB`);
    most = Math.max(most, got.resident_peak_kib);
}

async function runRow(row) {
    const service = await serve(row);
    try {
        await row.before?.(service);
        const wanted = typeof row.rules === 'function' ? row.rules(service) : row.rules ?? [];
        const rules = wanted.map((rule) => service.fail(rule));
        const plain = { ...service.env, E2B_CALL_MS: row.slow ? '12000' : '60000', ...row.env };
        const env = row.after ? row.after(plain) : plain;
        if (row.env?.E2B_API_KEY === 'e2b_5ec4e7') service.options.key = 'e2b_0000';
        const got = await runJob('e2b', { language: 'python', code: '6 * 7', instance: 'table',
            attempt_id: 77, limits: { wall_ms: row.slow ? 2000 : 60000 * SLOWER, ...row.limits },
            ...row.job }, env, (child) => { service.worker = child; });
        for (const rule of rules) assert.ok(rule.used > 0, `${rule.do} never fired`);
        check(row, service, got);
    } finally {
        await service.stop();
    }
}

const tables = { transport: wires.rows, control: controlRows(to), stream: streamRows(to) };
const waiting = []; // rows that wait for a deadline: all at once
for (const [name, rows] of Object.entries(tables)) {
    const mine = rows.filter((row) => row.name.includes(only));
    waiting.push(...mine.filter((row) => row.slow));
    describe(name, { concurrency: AT_ONCE }, () => {
        for (const row of mine) if (!row.slow) test(row.name, () => runRow(row));
    });
    counts[name] = mine.length;
}
describe('slow', { concurrency: 40 }, () => {
    for (const row of waiting) test(row.name, () => runRow(row));
});

test('every row has a name of its own', () => {
    const names = Object.values(tables).flat().map((row) => row.name);
    assert.equal(new Set(names).size, names.length);
});

test('no redirect was followed, no wrong certificate taken', () => {
    assert.equal(caught, 0);
    assert.equal(wires.came(), 0);
});

after(() => {
    trap.close();
    wires.close();
    const sum = Object.values(counts).reduce((a, b) => a + b, 0);
    process.stdout.write(`# fault rows of E2B: ${sum} (${Object.entries(counts)
        .map(([name, count]) => `${name} ${count}`).join(', ')}), at most ${most} KiB each\n`);
});
