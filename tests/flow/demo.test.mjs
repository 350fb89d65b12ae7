// `make demo` as people run it: its own stack, two people, two questions, nothing left behind.
import test, { after, before, describe } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from './stack.mjs';
import { startE2b } from '../fake/e2b.mjs';
import { returns, revenue } from './demo_answers.mjs';

const run = promisify(execFile);
const script = path.join(root, 'tools/demo/run');
const folder = mkdtempSync(path.join(os.tmpdir(), 'countersign-demo-'));
const env = { ...process.env, API_PORT: '0' };
for (const name of ['E2B_API_KEY', 'DAYTONA_API_KEY']) delete env[name]; // the real ones cost

after(() => rmSync(folder, { recursive: true, force: true }));

const EVENTS = ['request.submit', 'decision.refused', 'decision.approve', 'attempt.ready',
    'attempt.claim', 'attempt.start', 'attempt.running', 'request.running', 'attempt.finish',
    'request.finish'];

// [what a run of the demo must call, in this order, calls between them left out]
const CALLS = {
    local: [],
    e2b: ['POST /v2/sandboxes 201', 'POST /execute 200', /^DELETE \/sandboxes\/\S+ 204$/],
    daytona: ['POST /api/sandbox 200', /^POST \S+\/files\/bulk-upload 200$/,
              /^POST \S+\/exec 202$/, /^GET \S+\/files\/download 200$/,
              /^DELETE \/api\/sandbox\/\S+ 200$/],
};
const WHOSE = { local: /^$/, e2b: /^E2B, with the key in E2B_API_KEY\.$/,
                daytona: /^a server that plays Daytona \(no DAYTONA_API_KEY\): http:/ };
const hasWords = (line, words) =>
    (words instanceof RegExp ? words.test(line) : line === words);

function tellStory(sandbox) {
    const out = path.join(folder, sandbox, 'out');
    const data = path.join(folder, sandbox, 'data');
    let printed;
    let outcome;
    let service; // one that the demo takes for the real one, since there is a key

    before(async () => {
        if (sandbox === 'e2b') service = await startE2b();
        ({ stdout: printed } = await run(script, { maxBuffer: 1 << 24,
            env: { ...env, ...service?.env, SANDBOX: sandbox, DATA_DIR: data,
                   COUNTERSIGN_DEMO_OUT: out } }));
        outcome = JSON.parse(readFileSync(path.join(out, 'outcome.json')));
    });
    after(() => service?.stop());

    test('both requests succeed and the author can not approve her own', () => {
        assert.deepEqual(outcome.requests.map((one) => one.state), ['succeeded', 'succeeded']);
        assert.deepEqual(outcome.requests.map((one) => one.refused),
            ['own_request', 'own_request']);
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
        const line = `rows read ${rows}, used ${used}, dropped ${rows - used}:`;
        assert.ok(printed.includes(line), line);
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
            assert.deepEqual([kind, provider, request.sandbox], ['sandbox', sandbox, sandbox]);
            assert.equal(Number(nanoUsd) > 0, sandbox !== 'local', nanoUsd);
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

    test('each call to a service is told', () => {
        for (const { calls } of outcome.requests) {
            const lines = calls.map(({ method, path: name, status }) =>
                `${method} ${name} ${status}`);
            let at = -1;
            for (const words of CALLS[sandbox]) {
                at = lines.findIndex((line, place) => place > at && hasWords(line, words));
                assert.ok(at >= 0, `${words} in ${lines.join('\n')}`);
            }
            assert.equal(lines.length > 0, sandbox !== 'local');
            for (const { method, path: name } of calls)
                assert.ok(printed.includes(`${method.padEnd(6)} ${name}`), name);
        }
    });

    test('it says whose sandboxes these are, and no key', () => {
        const [, whose = ''] = /Sandboxes come from (.*)\n/.exec(printed) ?? [];
        assert.match(whose, WHOSE[sandbox]);
        for (const key of Object.values(service?.env ?? {}).filter((one) => /^e2b_/.test(one)))
            assert.ok(!printed.includes(key));
        if (service) assert.deepEqual([...service.sandboxes.keys()], []);
    });
}

for (const sandbox of ['local', 'e2b', 'daytona'])
    describe(`demo with ${sandbox}`, () => tellStory(sandbox));

test('an unknown sandbox is refused before anything starts', async () => {
    const refused = await run(script, { env: { ...env, SANDBOX: 'moon' } })
        .then(() => assert.fail('it ran'), (error) => error);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /SANDBOX=moon /);
    assert.equal(refused.stdout, '');
});
