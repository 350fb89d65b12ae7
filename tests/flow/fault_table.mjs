// A table of troubles with a service: each row says what the service does, and what must become of
// a job. Rows run through build/run_job; what holds for every row is checked here.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { runJob } from '../conformance/run_job.mjs';
import { gzipBomb } from '../fake/faults.mjs';
import { LARGER, until } from './stack.mjs';

const BOMB_MIB = 256;
gzipBomb(BOMB_MIB); // now: it takes a while in which no service would answer
const MEMORY_MOST_KIB = 65536 * LARGER;
const JSON_TYPE = { 'content-type': 'application/json' };

/** What may happen to any answer: [name, rule, kind]. Kinds: 'lost' (none that is whole), 'fault'
 *  (a status of 5xx), 'busy' (429), 'refused' (401, 403), 'odd' (200 or a redirect, and nothing
 *  that makes sense). `elsewhere` is where redirects lead. */
export const troubles = (elsewhere) => [
    ['resets the connection', { do: 'reset' }, 'lost'],
    ['closes the connection', { do: 'close' }, 'lost'],
    ['says nothing', { do: 'hang' }, 'lost'],
    ['says a byte each 10 s', { do: 'slow', ms: 10000 }, 'lost'],
    ['says one byte of a head', { do: 'raw', bytes: 'H' }, 'lost'],
    ['speaks no HTTP', { do: 'raw', bytes: 'SSH-2.0-OpenSSH_9.2\r\n\r\n' }, 'lost'],
    ['has a head without end', { do: 'raw', bytes: `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(9e4)}` },
        'lost'],
    ['hides a second head in a header', { do: 'raw',
        bytes: 'HTTP/1.1 200 OK\r\nX: a\0b\rc\r\nContent-Length: 2\r\n\r\n{}' }, 'odd'],
    ['ends before its length', { do: 'wrong_length', by: 10 }, 'lost'],
    ['ends at once', { do: 'cut', at: 0 }, 'lost'],
    ['ends after a byte', { do: 'cut', at: 1 }, 'lost'],
    ...[502, 503, 504].map((status) => [`answers ${status} without a body`,
        { do: 'status', status }, 'fault']),
    ['answers 500 with HTML', { do: 'status', status: 500, body: '<h1>oops</h1>' }, 'fault'],
    ['answers 429 without a time', { do: 'status', status: 429 }, 'busy'],
    ['answers 429 with an absurd time', { do: 'status', status: 429,
        headers: { 'retry-after': '99999999999999999999' } }, 'busy'],
    ...[401, 403].map((status) => [`answers ${status}`, { do: 'status', status,
        headers: JSON_TYPE, body: { message: 'no' } }, 'refused']),
    ['answers 200 with HTML', { do: 'garbage' }, 'odd'],
    ['answers 200 with nothing', { do: 'empty' }, 'odd'],
    ['answers 200 with half a JSON', { do: 'status', status: 200, headers: JSON_TYPE,
        body: '{"id":"a' }, 'odd'],
    ['answers 200 with JSON of another kind', { do: 'status', status: 200, headers: JSON_TYPE,
        body: '[1,"2",null]' }, 'odd'],
    ['answers 200 with JSON of great depth', { do: 'status', status: 200, headers: JSON_TYPE,
        body: '[{"a":'.repeat(30000) }, 'odd'],
    ['answers 200 with a gzip bomb', { do: 'gzip_bomb', mib: BOMB_MIB }, 'odd'],
    ['answers 200 with broken gzip', { do: 'status', status: 200, body: 'no gzip',
        headers: { 'content-encoding': 'gzip' } }, 'odd'],
    ...[302, 307].map((status) => [`redirects by ${status}`,
        { do: 'redirect', status, to: elsewhere }, 'odd']),
];

/** Does the handler still do its work under this rule? */
export const hasEffect = (rule) => Boolean(rule.effect)
    || ['slow', 'wrong_length', 'cut', 'duplicate', 'function', 'tiny'].includes(rule.do);

function begin(row, fake) {
    return (child) => {
        if (!row.cancelAt) return;
        until(() => child.exitCode !== null || fake.callsTo(row.cancelAt).length > 0, row.cancelAt)
            .then(() => child.kill('SIGTERM'), () => {});
    };
}

/** What is so whatever the service did. */
function checkAlways(row, result, fake, counts) {
    const told = JSON.stringify(result);
    assert.ok(!told.includes(fake.key), 'the key is told');
    assert.ok(result.resident_peak_kib < MEMORY_MOST_KIB, `${result.resident_peak_kib} KiB`);
    assert.ok(counts.creates(fake) <= (row.creates ?? 1), `${counts.creates(fake)} creates`);
    const executions = counts.executions(fake);
    assert.ok(executions <= (row.executions ?? 1), `${executions} executions`);
    if (executions > 0)
        assert.ok(!['not_created', 'not_started'].includes(result.outcome),
            `${result.outcome}, but the code ran`);
    else assert.notEqual(result.outcome, 'succeeded');
    for (const [what, match] of Object.entries(counts.asked))
        assert.ok(fake.callsTo(match).length <= 1, `asked twice to ${what}`);
    const left = counts.left(fake).length;
    assert.ok(left <= (row.left ?? 0), `${left} sandboxes are left`);
    assert.deepEqual(fake.surprises, []);
}

function checkWanted(row, result) {
    const { outcome, ...rest } = row.want;
    const seen = JSON.stringify({ ...result, items: undefined, stdout: undefined });
    assert.ok([outcome].flat().includes(result.outcome), `${result.outcome}: ${seen}`);
    for (const [name, value] of Object.entries(rest)) {
        if (typeof value === 'function') assert.ok(value(result[name]), `${name}: ${seen}`);
        else assert.deepEqual(result[name], value, `${name}: ${seen}`);
    }
}

export async function runRow(row, { backend, start, counts, job, proof }) {
    const fake = await start(row.serve ?? {});
    try {
        const more = await row.prepare?.(fake);
        const rules = typeof row.rules === 'function' ? row.rules(fake) : row.rules ?? [];
        for (const rule of rules) fake.fail({ ...rule });
        const result = await runJob(backend, { ...job, ...row.job, ...more },
            { ...fake.env, ...row.env }, begin(row, fake));
        checkAlways(row, result, fake, counts);
        checkWanted(row, result);
        if (result.outcome === 'succeeded' && !row.job) proof(result);
        await row.check?.(result, fake);
    } finally {
        await fake.stop();
    }
}

const tally = [];
after(() => {
    if (!tally.length) return;
    const sum = tally.reduce((all, [, count]) => all + count, 0);
    const each = tally.map(([title, count]) => `${title} ${count}`).join(', ');
    process.stdout.write(`# cases with ${tally[0][2]}: ${sum} (${each})\n`);
});

/** Rows: {name, want: {outcome, and fields of run_job's answer}, rules: [...] or (fake) => [...],
 *  serve: options of the service, job, env, creates, executions and left: how many at most (1, 1,
 *  0), cancelAt: the call at which the job is cancelled, prepare(fake): before all; gives more
 *  fields of the job, check(result, fake)}. The harness:
 *  {backend, start(options), job, counts: {creates, executions, left,
 *  asked: {what: the call that is never sent twice}}, proof(result): that the
 *  usual job did what it should}. */
export function runTable(title, rows, harness) {
    const names = new Set(rows.map((row) => row.name));
    assert.equal(names.size, rows.length, 'two rows have one name');
    tally.push([title, rows.length, harness.backend]);
    test(`${title}: ${rows.length} cases`, { concurrency: 8 }, async (t) => {
        await Promise.all(rows.map((row) => t.test(row.name, () => runRow(row, harness))));
    });
}
