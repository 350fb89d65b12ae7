// `make demo` as people run it: its own stack, two people, two questions, nothing left behind.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from './stack.mjs';
import { returns, revenue } from './demo_answers.mjs';

const run = promisify(execFile);
const script = path.join(root, 'tools/demo/run');
const folder = mkdtempSync(path.join(os.tmpdir(), 'countersign-demo-'));
const out = path.join(folder, 'out');
const data = path.join(folder, 'data');
const env = { ...process.env, API_PORT: '0', DATA_DIR: data, COUNTERSIGN_DEMO_OUT: out };

let printed;
let outcome;

test.before(async () => {
    ({ stdout: printed } = await run(script, { env, maxBuffer: 1 << 24 }));
    outcome = JSON.parse(readFileSync(path.join(out, 'outcome.json')));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const EVENTS = ['request.submit', 'decision.refused', 'decision.approve', 'attempt.ready',
    'attempt.claim', 'attempt.start', 'attempt.running', 'request.running', 'attempt.finish',
    'request.finish'];

test('both requests succeed and the author can not approve her own', () => {
    assert.deepEqual(outcome.requests.map((one) => one.state), ['succeeded', 'succeeded']);
    assert.deepEqual(outcome.requests.map((one) => one.refused), ['own_request', 'own_request']);
});

test('the revenue table equals a second computation', () => {
    const { columns, rows, total_rows: total } = outcome.requests[0].answer;
    const { months } = revenue();
    assert.equal(total, months.size);
    assert.equal(rows.length, 24);
    const names = columns.map((column) => column.name);
    assert.deepEqual(names, ['month', 'North', 'East', 'South', 'West', 'Unknown', 'Total']);
    for (const [month, ...values] of rows) {
        const sums = months.get(month);
        const expected = names.slice(1, -1).map((region) => sums[region] ?? 0);
        expected.push(expected.reduce((all, one) => all + one, 0));
        // The shown value is rounded to cents, the total is the sum of rounded values.
        expected.forEach((value, i) =>
            assert.ok(Math.abs(value - values[i]) < 0.03, `${month} ${names[i + 1]}`));
    }
});

test('the reconciliation names every row that was read', () => {
    const { rows, used } = revenue();
    assert.match(printed, new RegExp(`rows read ${rows}, used ${used}, dropped ${rows - used}:`));
});

test('the table of returns equals a second computation', () => {
    const { rows } = outcome.requests[1].answer;
    const products = returns();
    assert.equal(rows.length, products.size);
    for (const [product, orders, sold, returned, percent] of rows) {
        assert.deepEqual({ orders, sold, returned }, products.get(product), product);
        assert.ok(Math.abs(percent - 100 * returned / sold) < 0.051, product);
    }
});

test('chart and files are saved', () => {
    const [{ saved }] = outcome.requests;
    const chart = readFileSync(saved.find((item) => item.mime === 'image/png').path);
    assert.equal(chart.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
    assert.ok(chart.length > 10000 && chart.includes('IEND'));
    const answer = readFileSync(saved.find((item) => item.kind === 'table').path, 'utf8');
    assert.match(answer, /^2024-11,3342\.54,6521\.93,5207\.05,11152\.7,770\.58,26994\.8\r$/m);
    const file = saved.find((item) => item.path.endsWith('revenue_by_month_and_region.csv'));
    const lines = readFileSync(file.path, 'utf8').trimEnd().split('\n');
    assert.equal(lines.length, 25);
    assert.equal(lines[0], 'month,North,East,South,West,Unknown,Total');
});

test('the audit trail has every step in its order, and a cost span', () => {
    for (const request of outcome.requests) {
        assert.deepEqual(request.events, EVENTS);
        assert.equal(request.costs.length, 1);
        const [[kind, provider, , nanoUsd]] = request.costs;
        assert.deepEqual([kind, provider, nanoUsd], ['sandbox', 'local', '0']);
    }
});

test('what is printed fits a terminal, without colours, and shows code and digest', () => {
    assert.doesNotMatch(printed, /\x1b/);
    const lines = printed.replaceAll(out, 'build/demo').split('\n');
    const longest = lines.reduce((a, b) => ([...a].length > [...b].length ? a : b));
    assert.ok([...longest].length <= 100, longest);
    for (const request of outcome.requests) assert.ok(printed.includes(request.bundle_sha256));
    assert.match(printed, / 1 \| # Revenue per month and region/);
});

test('nothing is left: no process, no data', () => {
    assert.match(printed, /Stopped: .*postgres.*Nothing is left running/);
    for (const line of readFileSync(path.join(out, 'children'), 'utf8').trim().split('\n')) {
        const pid = line.split(':')[1];
        assert.ok(!existsSync(`/proc/${pid}`), line);
    }
    assert.deepEqual(existsSync(data) ? readdirSync(data) : [], []);
});

test('an unknown sandbox is refused before anything starts', async () => {
    const refused = await run(script, { env: { ...env, SANDBOX: 'moon' } })
        .then(() => assert.fail('it ran'), (error) => error);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /SANDBOX=moon /);
    assert.equal(refused.stdout, '');
});
