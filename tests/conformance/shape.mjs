// Whether what a run gave is what its program must give on every backend. What a program does not
// name must not be there.
import assert from 'node:assert/strict';

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');

const bytesOf = ({ text, base64 }) =>
    base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64');

function stream(got, name) {
    const base64 = got[`${name}_base64`];
    return base64 === undefined ? got[name] : Buffer.from(base64, 'base64');
}

function matches(got, expected, what) {
    if (expected instanceof RegExp) assert.match(String(got), expected, what);
    else if (typeof expected === 'function') assert.ok(expected(got), `${what}: ${brief(got)}`);
    else if (typeof got === 'string' && typeof expected === 'string' && got.length > 2000)
        assert.ok(got === expected, `${what} has ${got.length} letters: ${brief(got)}`);
    else assert.deepEqual(got, expected, what);
}

const brief = (value) => JSON.stringify(value)?.slice(0, 300);

function checkEnd(got, expected) {
    const { outcome = 'succeeded', reason = '', exit_code = 0, truncated = false } = expected;
    const [name = '', value = ''] = expected.error ?? [];
    assert.deepEqual(
        [got.outcome, got.reason, got.exit_code, got.output_truncated, got.error_name],
        [outcome, reason, exit_code, truncated, name],
        `ended as ${got.outcome} ${got.reason} ${got.exit_code} ${got.error_name}: ` +
            `${brief(got.create_error ?? got.error_value)} ${brief(got.stderr)}`);
    matches(got.error_value, value, 'text of the error');
}

function checkOne(items, expected, kind, see) {
    const found = items.filter((item) => item.kind === kind);
    const wanted = expected[kind] === undefined ? 0 : 1;
    assert.equal(found.length, wanted, `${kind}: ${brief(found)}`);
    if (wanted) see(found[0]);
}

function checkCharts(items, { charts = 0 }) {
    const found = items.filter((item) => item.kind === 'chart');
    assert.equal(found.length, charts, `charts: ${found.map((item) => item.name)}`);
    for (const item of found) {
        assert.equal(item.mime, 'image/png');
        const bytes = bytesOf(item);
        assert.deepEqual(bytes.subarray(0, 8), PNG);
        assert.ok(bytes.length > 1000 && bytes.includes('IEND'), 'a whole picture');
    }
}

function checkFiles(items, { files = {} }) {
    const found = items.filter((item) => item.kind === 'file');
    assert.deepEqual(found.map((item) => item.name).sort(), Object.keys(files).sort(), 'files');
    for (const item of found)
        assert.deepEqual(bytesOf(item), Buffer.from(files[item.name]), item.name);
}

export function checkShape(got, expected) {
    checkEnd(got, expected);
    matches(stream(got, 'stdout'), expected.stdout ?? '', 'stdout');
    matches(stream(got, 'stderr'), expected.stderr ?? '', 'stderr');
    checkOne(got.items, expected, 'result', (item) =>
        matches(item.text, expected.result, 'value'));
    checkOne(got.items, expected, 'table', (item) =>
        matches(JSON.parse(item.text), expected.table, 'table'));
    checkOne(got.items, expected, 'traceback', (item) => {
        assert.doesNotMatch(item.text, /\x1b/, 'a traceback has no colours');
        for (const line of expected.traceback) assert.match(item.text, line);
    });
    checkCharts(got.items, expected);
    checkFiles(got.items, expected);
    assert.equal(got.started, 1, 'the code left once');
}
