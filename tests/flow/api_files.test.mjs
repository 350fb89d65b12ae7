// Uploads: streamed, kept whole or not at all. What is refused is in tests/input/files.mjs.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import { startStack, until } from './stack.mjs';
import { sendRaw, head, censusOf } from './raw.mjs';
import { form, file } from '../input/files.mjs';

const MIB = 1048576;
let stack;
let ana;

before(async () => {
    stack = await startStack({ workers: 0, env: { MAX_UPLOAD_BYTES: String(4 * MIB) } });
    await stack.people({ ana: ['analyst'] });
    ana = await stack.signIn('ana');
});
after(() => stack?.stop());

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
function sendForm(body) {
    return ana.send('POST', '/api/files', {
        body, headers: { 'content-type': 'multipart/form-data; boundary=xYzZy' } });
}

test('bytes of every size come back as they were', async () => {
    for (const size of [1, 2, 65535, MIB - 1, MIB, MIB + 1, 2 * MIB, 3.5 * MIB, 4 * MIB]) {
        const bytes = randomBytes(size);
        const answer = await ana.upload(`${size}.bin`, bytes);
        assert.equal(answer.status, 201, answer.text);
        assert.deepEqual([answer.body.bytes, answer.body.sha256], [size, sha256(bytes)]);
        const back = await ana.get(`/api/files/${answer.body.id}`);
        assert.equal(back.headers.get('content-length'), String(size));
        assert.equal(sha256(back.bytes), sha256(bytes));
        assert.equal(back.headers.get('etag'), `"${sha256(bytes)}"`);
    }
});

test('a form with one file does the same', async () => {
    for (const size of [1, 4096, MIB, MIB + 77, 3 * MIB]) {
        const bytes = randomBytes(size);
        const answer = await sendForm(form([file('f\u00fcr alle.csv', bytes)]));
        assert.equal(answer.status, 201, answer.text);
        assert.deepEqual([answer.body.name, answer.body.bytes, answer.body.sha256],
                         ['f\u00fcr alle.csv', size, sha256(bytes)]);
    }
    const real = new FormData();
    real.set('file', new Blob(['a\n1\n']), 'real.csv');
    const answer = await ana.send('POST', '/api/files', { body: real });
    assert.equal(answer.status, 201, answer.text);
});

test('the kind of a file is told by its name', async () => {
    for (const [name, content, type] of [
        ['a.csv', 'x', 'text/csv'], ['A.CSV', 'x', 'text/csv'],
        ['a.json', '{}', 'application/json'],
        ['a.tsv', 'x', 'text/tab-separated-values'], ['a.html', '<b>', 'application/octet-stream'],
        ['a', 'x', 'application/octet-stream'], ['a.svg', '<svg/>', 'application/octet-stream'],
        ['a.xlsx', 'PK\x03\x04x',
         'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
    ]) {
        const answer = await ana.upload(name, content);
        assert.equal(answer.body.media_type, type, name);
        const back = await ana.get(`/api/files/${answer.body.id}`);
        assert.equal(back.headers.get('content-type'), 'application/octet-stream');
        assert.match(back.headers.get('content-disposition'), /^attachment; /);
        assert.match(back.headers.get('content-security-policy'), /^sandbox;/);
    }
});

test('an upload of unknown length is refused before its body', async () => {
    const answer = await sendRaw(stack.url, head('POST /api/files?name=a.csv HTTP/1.1', [
        'Host: x', 'Transfer-Encoding: chunked', 'Content-Type: text/csv', `Cookie: ${ana.cookie}`,
        `X-CSRF-Token: ${ana.csrf}`]));
    assert.deepEqual([answer.status, answer.json.error.code], [411, 'length_required']);
});

test('who is not signed in is refused before the body is read', async () => {
    for (const more of [[], ['Expect: 100-continue']]) {
        const answer = await sendRaw(stack.url, head('POST /api/files?name=a.csv HTTP/1.1', [
            'Host: x', `Content-Length: ${3 * MIB}`, 'Content-Type: text/csv', ...more]));
        assert.deepEqual([answer.status, answer.json.error.code], [401, 'unauthenticated']);
    }
});

test('an upload that is cut leaves nothing behind', async () => {
    const before_ = await censusOf(stack);
    for (const part of [10, MIB + 10, 2 * MIB + 10]) {
        const { hostname, port } = new URL(stack.url);
        const socket = net.connect(port, hostname);
        socket.write(head('POST /api/files?name=cut.csv HTTP/1.1', [
            'Host: x', `Content-Length: ${3 * MIB}`, 'Content-Type: text/csv',
            `Cookie: ${ana.cookie}`, `X-CSRF-Token: ${ana.csrf}`]));
        socket.write(Buffer.alloc(part, 'x'));
        await until(async () => {
            const [{ n }] = await stack.psql('superuser',
                                             'select count(*)::int as n from cs.upload');
            return n === 1;
        }, 'the upload to begin');
        if (part > MIB)
            await until(async () => {
                const [{ n }] = await stack.psql('superuser',
                                                 'select count(*)::int as n from cs.upload_chunk');
                return n >= 1;
            }, 'its chunks');
        socket.destroy();
        await until(async () => {
            const [row] = await stack.psql('superuser', `select (select count(*) from cs.upload)
                + (select count(*) from cs.upload_chunk) = 0 as gone`);
            return row.gone;
        }, 'nothing to be left');
    }
    assert.deepEqual(await censusOf(stack), before_);
});

test('an upload that fails on the way leaves nothing behind', async () => {
    const before_ = await censusOf(stack);
    const answer = await sendForm(form([file('a.bin', Buffer.alloc(2.5 * MIB))], 'cut'));
    assert.equal(answer.status, 400);
    await until(async () => {
        const [row] = await stack.psql('superuser', `select (select count(*) from cs.upload)
            + (select count(*) from cs.upload_chunk) = 0 as gone`);
        return row.gone;
    }, 'nothing to be left');
    assert.deepEqual(await censusOf(stack), before_);
});

test('the same bytes are kept once', async () => {
    const bytes = randomBytes(1000);
    const [one, two] = [await ana.upload('one.bin', bytes), await ana.upload('two.bin', bytes)];
    assert.notEqual(one.body.id, two.body.id);
    const [{ n }] = await stack.psql('superuser',
        `select count(*)::int as n from cs.blob where sha256 = '\\x${sha256(bytes)}'`);
    assert.equal(n, 1);
});
