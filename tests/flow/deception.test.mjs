// What could lead a reviewer astray: every file of tests/deception through the running api, refused
// at the place that is told, or kept with just the findings that are told.
// Proves: T10 T11 T12
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from './stack.mjs';
import { bodyOf, chunks, corpus, isPostable } from '../deception/corpus.mjs';

const BATCH = 25;

let stack;
let ana;

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ ana: ['analyst'] });
    await stack.restart('api', { MAX_WAITING_PER_PERSON: '1000', MAX_BODY_BYTES: '8388608' });
    ana = await stack.signIn('ana');
});
after(() => stack?.stop());

const placeOf = (message) => {
    const found = /line (\d+), column (\d+)/.exec(message);
    return found ? `${found[1]}:${found[2]}` : '-';
};

// The rules of the policy have findings of their own.
const isDeception = ({ rule }) => rule.startsWith('deception.');

// In the words of expected.tsv.
async function outcome({ status, body }, words) {
    if (status === 422 || status === 400) {
        const { field, message } = body.error;
        const said = message.includes(words) ? words : message;
        return [`refused\t${field.replace(/^requests\.\d+\./, '')}\t${placeOf(message)}\t${said}`];
    }
    assert.equal(status, 201, JSON.stringify(body));
    const { body: kept } = await ana.get(`/api/requests/${body.id}`);
    const found = kept.findings.filter(isDeception).map(
        ({ level, line, column, end_column: end, rule }) =>
            `found\t${level}\t${line}:${column}-${end}\t${rule}`,
    );
    return found.length ? found : ['clean'];
}

test('every file is refused or marked as it should be', async () => {
    const files = corpus();
    assert.ok(files.length >= 300, `${files.length} files`);
    for (const some of chunks(files.filter(isPostable), BATCH)) {
        const answer = await ana.post('/api/requests:batch', { requests: some.map(bodyOf) });
        assert.equal(answer.status, 200, answer.text);
        for (const [n, row] of answer.body.results.entries())
            assert.deepEqual(
                await outcome(row, some[n].expected[0].split('\t')[3]),
                some[n].expected,
                some[n].path,
            );
    }
});

test('bytes that are no text of JSON are refused before anything is read', async () => {
    const files = corpus().filter((file) => !isPostable(file));
    assert.ok(files.length >= 10);
    for (const { path, bytes, language } of files) {
        const quoted = bytes.toString('latin1').replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n');
        const answer = await ana.send('POST', '/api/requests', {
            body: Buffer.from(`{"language":"${language}","code":"${quoted}"}`, 'latin1'),
            headers: { 'content-type': 'application/json' },
        });
        assert.equal(answer.status, 400, `${path}: ${answer.text}`);
        assert.equal(answer.body.error.code, 'invalid_json', path);
    }
});

test('a revision is held to the same, also in the language it keeps', async () => {
    const asked = { language: 'sql', code: 'select 1' };
    const { body: made } = await ana.post('/api/requests', asked);
    const revise = (body) => ana.post(`/api/requests/${made.id}/revisions`, body);
    for (const [code, message] of [
        ['select us\u0435r', /line 1, column 10: .*\(U\+0435, looks like "e"\)/],
        ['select 1\r', /line 1, column 9: carriage return.*\(U\+000D\)/],
        ["x = f'{us\u0435r}' -- not Python\n\u00e4", /line 2, column 1: /],
    ])
        for (const language of [undefined, 'sql']) {
            const answer = await revise({ revision: 1, code, language });
            assert.equal(answer.status, 422, answer.text);
            assert.equal(answer.body.error.field, 'code');
            assert.match(answer.body.error.message, message);
        }
    const answer = await revise({ revision: 1, code: "select '\u00e4', f'{us\u0435r}'" });
    assert.equal(answer.status, 201, answer.text);
    const python = await revise({ revision: 2, code: 'x = 1 -- \u00e4', language: 'python' });
    assert.equal(python.status, 422, python.text);
    const { body: kept } = await ana.get(`/api/requests/${made.id}`);
    assert.deepEqual(kept.findings.filter(isDeception).map(({ title }) => title),
                     ['U+0435 looks like "e" in this word']);
});
